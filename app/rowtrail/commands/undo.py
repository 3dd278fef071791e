"""The patch that puts something back, as the database writes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from rowtrail.commands.names import find_history
from rowtrail.errors import RowtrailError

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


@dataclass(frozen=True)
class Undoing:
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

    def parameters(self, connection: Connection) -> dict[str, Any]:
        """The arguments of rowtrail.undo_sql().

        Raises:
            RowtrailError: there is no such table, or it has no history.
        """
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


def patch(connection: Connection, undoing: Undoing) -> Iterator[str]:
    """The patch, a comment or a statement at a time.

    Raises:
        RowtrailError: there is nothing of the kind.
    """
    for (line,) in stream(connection, PATCH, undoing):
        yield line


def conflicts(connection: Connection, undoing: Undoing) -> Iterator[Any]:
    """What the patch leaves as it is, and why, a row of CONFLICTS_FOR_PEOPLE at a time."""
    yield from stream(connection, CONFLICTS_FOR_PEOPLE, undoing)


def conflicts_as_json(connection: Connection, undoing: Undoing) -> Iterator[str]:
    """The same with all that the database says of each, as JSON objects."""
    for (line,) in stream(connection, CONFLICTS_AS_JSON, undoing):
        yield line


def stream(connection: Connection, query: str, undoing: Undoing) -> Iterator[Any]:
    """What the query gives, as it comes."""
    parameters = undoing.parameters(connection)
    options = connection.execution_options(stream_results=True, yield_per=BATCH)
    yield from options.execute(text(query), parameters)
