"""For the commands: a history that the database HISTORY_DATABASE_URL completes."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.orm import Session

from rowtrail.commands.reports import versions
from rowtrail.db import ENGINE_OPTIONS, parse_url
from rowtrail.history.looking import LOWEST_ID
from rowtrail.history.older import CONNECT_ARGS, HistoryDatabase, Older, older_of

#: The first statement of a transaction that only reads; all of it ends with it.
BEGIN = """
select
  set_config('transaction_read_only', 'on', true),
  set_config('timezone', 'UTC', true),
  set_config('search_path', 'pg_catalog, pg_temp', true),
  set_config('jit', 'off', true)
"""

#: Who reads all history reads its seals.
READS_ALL = "select has_table_privilege('rowtrail.seals', 'select')"


@contextmanager
def completed(connection: Connection, history: str | None) -> Iterator[Session]:
    """A session of the connection, of which the questions are answered out of both databases.

    Args:
        connection: to the application's database.
        history: the URL of the history database; None where there is none.
    """
    with Session(connection) as session:
        if history is None:
            yield session
            return
        engine = create_engine(
            parse_url(history), **{**ENGINE_OPTIONS, "connect_args": CONNECT_ARGS}
        )
        event.listen(engine, "begin", lambda begun: begun.execute(text(BEGIN)))
        # One moment of it for all that is asked.
        fixed = engine.execution_options(isolation_level="REPEATABLE READ")
        place = HistoryDatabase(engine.url, lambda: Session(fixed))

        def closed() -> str | None:
            return None if session.scalar(text(READS_ALL)) else "of which this login reads nothing"

        older = Older(session, place, closed=closed, tell=warn)
        session.info["older"] = older
        try:
            yield session
        finally:
            older.close()
            engine.dispose()


def warn(why: str) -> None:
    """Says that older history is missing, beside what is shown."""
    click.echo(f"rowtrail: {why}", err=True)


def row_versions(
    session: Session,
    query: str,
    table_id: int,
    key_columns: list[str],
    key: str,
    limit: int | None,
) -> Iterator[Any]:
    """The versions of a row, newest first, out of both databases; else as `reports.versions()`."""
    asked = (query, table_id, key_columns, key, limit)
    older = older_of(session)
    bound = LOWEST_ID if older is None else older.bound([table_id])
    found = versions(session.connection(), *asked)
    if older is None or bound == LOWEST_ID:
        yield from found
        return
    shown, kept = 0, []
    for row in found:
        if row.id < bound:
            kept.append(row)
        else:
            shown += 1
            yield row
    if shown == limit:
        return
    far = older.ask(lambda there: list(versions(there.connection(), *asked)))
    rows = {row.id: row for row in far or () if row.id < bound}
    erased = older.erased_here([(table_id, row.id) for row in kept])
    rows |= {row.id: row for row in kept if row.id in erased}
    lonely = [row for row in kept if row.id not in rows]
    hidden = older.are_there([(table_id, row.id) for row in lonely]) if far is not None else ()
    rows |= {row.id: row for row in lonely if row.id not in hidden}
    ordered = [rows[number] for number in sorted(rows, reverse=True)]
    yield from islice(ordered, None if limit is None else limit - shown)
