"""The feed: every committed version once, a page at a time, as rowtrail.feed() gives it.

`feeds.py` is something else: the list of changes that people look at.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from simplejson import RawJSON, dumps
from sqlalchemy import Connection, Row, text

from rowtrail.history.filters import written_moment

#: So many versions a page, unless more or fewer are asked for.
MOST = 1000

#: What begins with what is committed from now on.
NOW = "now"

#: The last row is the mark. What is JSON is the server's own text: a parser would make 1.5 of 1.50.
PAGE = text("""
select
  f.cursor, f.is_whole, f.has_more, f.id, f.table_id, f.table_name, f.op, f.row_key, f.old_key,
  f.data::text as data, f.old::text as old, f.verbatim::text as verbatim, f.changed_at, f.actor,
  f.login, f.transaction, f.context::text as context, f.is_superseded, f.erased
from rowtrail.feed_of(:after, :most, cast(:tables as int[]), true, 10000) as f
""")


class Page(NamedTuple):
    """A page of the feed.

    Attributes:
        versions: as JSON, oldest first.
        cursor: where to go on.
        is_whole: whether no transaction has come in part.
        has_more: whether not all was looked at that is committed.
    """

    versions: list[str]
    cursor: str
    is_whole: bool
    has_more: bool


def page(
    connection: Connection, after: str | None, tables: Sequence[int] | None = None, most: int = MOST
) -> Page:
    """What was committed after a cursor.

    Args:
        connection: as somebody who may read history.
        after: the cursor; None for the very beginning, `NOW` for what comes from now on.
        tables: only of these, by their numbers in rowtrail.tables.
        most: so many versions at most.
    """
    asked = {"after": after, "most": most, "tables": None if tables is None else list(tables)}
    *found, mark = connection.execute(PAGE, asked).all()
    return Page([json_of(row) for row in found], mark.cursor, mark.is_whole, mark.has_more)


def json_of(row: Row[Any]) -> str:
    """A version as one line of JSON."""
    return dumps(
        {
            "cursor": row.cursor,
            "is_whole": row.is_whole,
            "id": row.id,
            "table_id": row.table_id,
            "table": row.table_name,
            "op": row.op,
            "row_key": row.row_key,
            "old_key": row.old_key,
            "data": raw(row.data),
            "old": raw(row.old),
            "verbatim": raw(row.verbatim),
            "changed_at": written_moment(row.changed_at),
            "actor": row.actor,
            "login": row.login,
            "transaction": row.transaction,
            "context": raw(row.context),
            "is_superseded": row.is_superseded,
            "erased": row.erased,
        },
        ensure_ascii=False,
    )


def raw(written: str | None) -> RawJSON | None:
    """JSON as it is."""
    return None if written is None else RawJSON(written)
