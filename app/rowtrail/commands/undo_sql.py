"""The command `rowtrail undo-sql`: the patch that puts something back, as the database has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rowtrail.commands.options import DONE, FOUND_WRONG, as_json, on_database, opened
from rowtrail.errors import RowtrailError

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: So many statements are fetched at a time.
BATCH = 500

ARGUMENTS = """
  of_table => cast(cast(:relid as oid) as regclass), key => cast(:key as text),
  to_version => cast(:to_version as bigint), to_moment => cast(:to_moment as timestamptz),
  version => cast(:version as bigint), transaction => cast(:transaction as text),
  actor => cast(:actor as text), since => cast(:since as timestamptz),
  until => cast(:until as timestamptz)
"""

PATCH = """
select p.line from rowtrail.undo_sql(arguments) as p (line)
""".replace("arguments", ARGUMENTS)

# The server's own text: a parser would make 1.5 of 1.50.
CONFLICTS_AS_JSON = """
select row_to_json(c)::text from rowtrail.undo_conflicts(arguments) as c
""".replace("arguments", ARGUMENTS)

CONFLICTS_FOR_PEOPLE = """
select
  c.table_name, c.row_key, c.column_name, c.problem, c.id, c.actor_since, c.login_since,
  c.changed_at
from rowtrail.undo_conflicts(arguments) as c
""".replace("arguments", ARGUMENTS)


@click.command("undo-sql")
@on_database
@click.option("--row", nargs=2, metavar="TABLE KEY", help="What happened to a row, with --to.")
@click.option(
    "--to", metavar="VERSION|MOMENT", help="The version or moment that the row goes back to."
)
@click.option(
    "--version", "version_id", type=click.IntRange(min=1), metavar="ID", help="One version."
)
@click.option("--transaction", metavar="ERA-XID", help="A transaction, as the pages name it.")
@click.option("--actor", metavar="NAME", help="What an actor did, with --since.")
@click.option("--since", metavar="MOMENT", help="From then on; UTC unless it names a zone.")
@click.option("--until", metavar="MOMENT", help="Before then; without it, until now.")
@click.option("--table", metavar="TABLE", help="Of this table only.")
@as_json
def undo_sql(
    database: str | None,
    data: Path | None,
    row: tuple[str, str] | None,
    to: str | None,
    version_id: int | None,
    transaction: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    table: str | None,
    json_wanted: bool,
) -> int:
    """Write the SQL that would put something back, to read and then to run.

    Nothing is changed: the patch goes to stdout. What it leaves as it is, since it was changed
    later or is not in the history, goes to stderr, and the exit status is then 1.

    \b
      rowtrail undo-sql --transaction 1-4711 > undo.sql
      rowtrail undo-sql --row orders 42 --to '2026-11-01 12:00Z'
      rowtrail undo-sql --version 1200
      rowtrail undo-sql --actor alice --since '2026-11-01' --table orders
    """
    if (row is None) != (to is None):
        raise click.UsageError("--row and --to go together: which row, and back to what")
    if row is not None and table is not None:
        raise click.UsageError("--row names the table; leave out --table")
    ways = (row, version_id, transaction, since or actor)
    if sum(way is not None for way in ways) != 1:
        raise click.UsageError(
            "give one of --row, --version, --transaction, or --actor and --since"
        )
    from simplejson import RawJSON, dumps

    with opened(database, data) as target:
        from rowtrail.commands.terminal import conflict_line

        undoing = Undoing(
            row[0] if row else table,
            *(row[1] if row else None, to, version_id, transaction, actor, since, until),
        )
        found = 0
        # One snapshot: the patch and what is said of it belong together.
        with target.engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection:
            if json_wanted:
                lines = conflicts_as_json(connection, undoing)
                rows = [RawJSON(line) for line in lines]
                found = len(rows)
                sql = "\n".join(patch(connection, undoing))
                click.echo(dumps({"sql": sql, "conflicts": rows}, ensure_ascii=False))
            else:
                for line in patch(connection, undoing):
                    click.echo(line)
                for conflict in conflicts(connection, undoing):
                    found += 1
                    click.echo(f"rowtrail: {conflict_line(conflict)}", err=True)
    return FOUND_WRONG if found else DONE


class Undoing(NamedTuple):
    """What is to be undone: a row's changes, a version, a transaction, or what an actor did.

    Attributes:
        table: its name as a person typed it; of a row, or to undo nothing of others.
        key: the row's.
        to: the version, or the moment, that the row is put back to.
        version: rowtrail.versions.id
        transaction: its era and number, such as `1-4711`.
        actor: as the application named it.
        since: a moment as PostgreSQL reads it; UTC where it names no zone.
        until: the moment before which the changes were; without it, now.
    """

    table: str | None = None
    key: str | None = None
    to: str | None = None
    version: int | None = None
    transaction: str | None = None
    actor: str | None = None
    since: str | None = None
    until: str | None = None

    def parameters(self, connection: "Connection") -> dict[str, Any]:
        """The arguments of rowtrail.undo_sql().

        Raises:
            RowtrailError: there is no such table, or it has no history.
        """
        from sqlalchemy import text

        from rowtrail.commands.names import find_history

        connection.execute(text("select set_config('timezone', 'UTC', true)"))
        relid = None
        if self.table is not None:
            of = find_history(connection, self.table)
            if of.state == "dropped":
                raise RowtrailError(
                    f"{of.name} was dropped: there is no table to put anything back into"
                )
            relid = connection.scalar(
                text("select relid from rowtrail.tables where id = :id"), {"id": of.table_id}
            )
        is_version = self.to is not None and self.to.isascii() and self.to.isdigit()
        return {
            "relid": relid,
            "key": self.key,
            "to_version": int(self.to) if self.to is not None and is_version else None,
            "to_moment": None if is_version else self.to,
            "version": self.version,
            "transaction": self.transaction,
            "actor": self.actor,
            "since": self.since,
            "until": self.until,
        }


def patch(connection: "Connection", undoing: Undoing) -> Iterator[str]:
    """The patch, a comment or a statement at a time.

    Raises:
        RowtrailError: there is nothing of the kind.
    """
    for (line,) in stream(connection, PATCH, undoing):
        yield line


def conflicts(connection: "Connection", undoing: Undoing) -> Iterator[Any]:
    """What the patch leaves as it is, and why, a row of CONFLICTS_FOR_PEOPLE at a time."""
    yield from stream(connection, CONFLICTS_FOR_PEOPLE, undoing)


def conflicts_as_json(connection: "Connection", undoing: Undoing) -> Iterator[str]:
    """The same with all that the database says of each, as JSON objects."""
    for (line,) in stream(connection, CONFLICTS_AS_JSON, undoing):
        yield line


def stream(connection: "Connection", query: str, undoing: Undoing) -> Iterator[Any]:
    """What the query gives, as it comes."""
    from sqlalchemy import text

    parameters = undoing.parameters(connection)
    options = connection.execution_options(stream_results=True, yield_per=BATCH)
    yield from options.execute(text(query), parameters)
