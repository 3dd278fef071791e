"""The commands `rowtrail as-of` and `rowtrail diff`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rowtrail.commands.options import as_json, on_database, opened, with_history

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

#: So many rows are shown to people unless they ask for more.
SHOWN = 20

#: Whole rows are fetched, so fewer at a time than versions of one.
BATCH = 500

#: Numbers are in their order, other keys in that of their bytes.
ROWS = """
from rowtrail.rows_as_of(
  :table_id, case when :key is not null then rowtrail.key_from(:key_columns, :key) end,
  cast(:moment as timestamptz), :transaction, cast(:snapshot as pg_snapshot)) as r
order by case when r.row_key ~ '^-?[0-9]{1,18}$' then cast(r.row_key as bigint) end,
  r.row_key collate "C"
limit :limit
"""

# The server's own text: a parser would make 1.5 of 1.50.
ROWS_AS_JSON = "select row_to_json(r)::text " + ROWS

FIELDS = """
select r.row_key, r.changed_at, r.id, (
  select json_agg(json_build_array(d.key, left(d.value::text, :fetched), length(d.value::text)))
  from jsonb_each(r.data) as d) as fields
"""
ROWS_FOR_PEOPLE = FIELDS + ROWS

DIFFERENCES_AS_JSON = "select row_to_json(d)::text from rowtrail.diff(:first, :second) as d"

DIFFERENCES_FOR_PEOPLE = """
select
  d.column_name, d.path, d.kind,
  left(d.before::text, :fetched) as before, length(d.before::text) as length_before,
  left(d.after::text, :fetched) as after, length(d.after::text) as length_after
from rowtrail.diff(:first, :second) as d
"""


class Boundary(NamedTuple):
    """When: one of the three.

    Attributes:
        moment: a timestamp with its offset, as text.
        transaction: its era and number.
        snapshot: as PostgreSQL writes it.
    """

    moment: str | None
    transaction: str | None
    snapshot: str | None


@click.command("as-of", context_settings={"ignore_unknown_options": True})
@on_database
@with_history
@click.argument("table")
@click.argument("words", metavar="[KEY] MOMENT", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many rows; without it {SHOWN} for people, all for --json.",
)
@as_json
def as_of(
    database: str | None,
    data: Path | None,
    older: str | None,
    table: str,
    words: tuple[str, ...],
    limit: int | None,
    json_wanted: bool,
) -> None:
    """Show TABLE as it was at MOMENT, or its row KEY.

    MOMENT is a time ('2026-11-01 12:00Z', yesterday; UTC unless it names its offset), a transaction
    ('1-4711': as it was after it), a snapshot ('4711:4720:4713', from pg_current_snapshot()) or a
    seal ('seal:17': as it saw it). A
    key of several columns is a JSON array, such as '[42, 1]'. The columns are those of that day.
    A table that was dropped can be read too. With --json each row is one line, exactly as the
    database has it.
    """
    if len(words) > 2:
        raise click.UsageError(f"TABLE [KEY] MOMENT are meant, not {len(words) + 1} words; quote")
    key = words[0] if len(words) == 2 else None
    with opened(database, data) as target:
        from rowtrail.commands.completing import completed
        from rowtrail.commands.names import find_history
        from rowtrail.commands.terminal import printable, show_rows

        with target.engine.connect() as connection, completed(connection, older) as session:
            of = find_history(connection, table)
            bound, source = source_of(
                session, connection, of.table_id, boundary(connection, words[-1])
            )
            parameters = {
                "table_id": of.table_id,
                "key_columns": of.key_columns,
                "key": key,
                **bound._asdict(),
            }
            most = limit or SHOWN
            if json_wanted:
                shown = 0
                lines = stream(source, ROWS_AS_JSON, {**parameters, "limit": limit})
                for shown, (line,) in enumerate(lines, 1):  # noqa: B007
                    click.echo(line)
            else:
                # One more than is shown tells whether there are more.
                rows = stream(source, ROWS_FOR_PEOPLE, {**parameters, "limit": most + 1})
                shown = show_rows(rows, most, one_a_line=key is None)
    if not shown:
        which = "no row" if key is None else f"no row {key}"
        click.echo(f"rowtrail: {printable(of.name)} had {printable(which)} then", err=True)
    elif not json_wanted and shown > most:
        click.echo(f"… and more: --limit {10 * most} shows more", err=True)


@click.command()
@on_database
@click.argument("first", metavar="A", type=click.IntRange(1, 2**63 - 1))
@click.argument("second", metavar="B", type=click.IntRange(1, 2**63 - 1))
@as_json
def diff(
    database: str | None, data: Path | None, first: int, second: int, json_wanted: bool
) -> None:
    """Show how the rows of two versions of one table differ.

    A and B are ids of versions, which `rowtrail history` shows after a #. Each line is a column, or
    a path within its JSON; what is not another value is said: scale (1.0 → 1.00), type, text
    (written in another way), added, removed. With --json each is a JSON object.
    """
    parameters = {"first": first, "second": second}
    with opened(database, data) as target:
        from rowtrail.commands.terminal import show_differences

        with target.engine.connect() as connection:
            if json_wanted:
                for (line,) in stream(connection, DIFFERENCES_AS_JSON, parameters):
                    click.echo(line)
                return
            shown = show_differences(stream(connection, DIFFERENCES_FOR_PEOPLE, parameters))
    if not shown:
        click.echo(f"rowtrail: the rows of versions {first} and {second} are the same", err=True)


def boundary(connection: "Connection", word: str) -> Boundary:
    """What a person means by the word for when.

    Raises:
        RowtrailError: nothing of these, or there is no such seal.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DataError

    from rowtrail.errors import RowtrailError

    if re.fullmatch(r"\d+-\d+", word, re.ASCII):
        return Boundary(None, word, None)
    if found := re.fullmatch(r"seal:([1-9]\d{0,17})", word, re.ASCII):
        return Boundary(None, None, snapshot_of_seal(connection, int(found[1])))
    is_snapshot = re.fullmatch(r"\d+:\d+:[\d,]*", word, re.ASCII)
    read = text(
        "select cast(cast(:word as pg_snapshot) as text)"
        if is_snapshot
        else "select cast(cast(:word as timestamptz) as text)"
    )
    connection.execute(text("select set_config('timezone', 'UTC', true)"))
    try:
        with connection.begin_nested():
            understood: str = connection.scalar(read, {"word": word})
    except (DataError, ValueError, UnicodeEncodeError):
        raise RowtrailError(
            f"not a moment: {word!r}; write one as '2026-11-01 12:00Z' (in quotes, for its space), "
            "a transaction as 1-4711, a snapshot as 4711:4720:4713, a seal as seal:17"
        ) from None
    return Boundary(None, None, understood) if is_snapshot else Boundary(understood, None, None)


def source_of(
    session: "Session", connection: "Connection", table_id: int, bound: Boundary
) -> "tuple[Boundary, Connection]":
    """The database that knows how a table was then, and when that was.

    Raises:
        Unreadable: it is the history database, which cannot be read or is not so far yet.
    """
    from sqlalchemy import text

    from rowtrail.history import moments, shares
    from rowtrail.history.older import older_of

    older = older_of(session)
    if older is None or not older.firsts:
        return bound, connection
    moment = None
    if (transaction := bound.transaction) is not None:
        moment = shares.moment_of(
            session, lambda one: moments.end_of(one, transaction), moments.BadBoundary
        )
        bound = Boundary(moment.isoformat(), None, None)
    elif bound.moment is not None:
        read = text("select cast(:moment as timestamptz)")
        moment = session.execute(read, {"moment": bound.moment}).scalar_one()
    if not shares.is_older_then(session, table_id, moment, bound.snapshot):
        return bound, connection
    there = older.there()
    older.require()
    return bound, connection if there is None else there.connection()


def snapshot_of_seal(connection: "Connection", number: int) -> str:
    """What a seal saw.

    Raises:
        RowtrailError: there is no such seal, or it is from before a restore.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from rowtrail.errors import RowtrailError, explain

    call = text("select cast(rowtrail.snapshot_of_seal(:number) as text)")
    try:
        with connection.begin_nested():
            return str(connection.scalar(call, {"number": number}))
    except DBAPIError as error:
        raise RowtrailError(explain(error)) from None


def stream(connection: "Connection", query: str, parameters: dict[str, Any]) -> Iterator[Any]:
    """The rows of the query as they come, so that memory stays the same for any number."""
    from sqlalchemy import text

    from rowtrail.commands.reports import FETCHED

    connection.execute(text("select set_config('timezone', 'UTC', true)"))
    cursor = connection.execution_options(stream_results=True, yield_per=BATCH)
    fetched = {"fetched": FETCHED} if ":fetched" in query else {}
    yield from cursor.execute(text(query), {**parameters, **fetched})
