"""The one transaction in which the schema goes from a revision to another, functions and all.

So a database is never between two revisions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from rowtrail.db import installed_revision, newer_schema, no_database
from rowtrail.errors import RowtrailError, explain
from rowtrail.patience import LOCK_TIMEOUT, Watch
from rowtrail.schema.files import alembic_config, run_file, sql_folder
from rowtrail.schema.functions import CALLED, install

OLDEST_SERVER = 14

#: One upgrade at a time in a database: the key of a transaction's advisory lock, "rowtrail" in
#: ASCII. Before the first upgrade there is no row of ours that could be locked instead.
LOCK_KEY = int.from_bytes(b"rowtrail")

#: What an upgrade relies on, whatever the role or the database has set.
SESSION = (
    # Whoever waits for the lock sees what the one before did.
    "set transaction isolation level read committed, read write",
    "set local standard_conforming_strings = on",
    "set local quote_all_identifiers = off",
    # For another upgrade it waits; for nothing else.
    "set local lock_timeout = 0",
    "set local statement_timeout = 0",
)

MAKE_PARTITIONS = "select rowtrail.make_partitions()"

ROLES_HINT = (
    "let somebody who may create roles run sql/roles.sql once, and then: "
    "grant rowtrail_owner, rowtrail_capture, rowtrail_reader, rowtrail_limited_reader, "
    "rowtrail_auditor to <this login> with admin option"
)


@contextmanager
def migration(
    engine: Engine, watch: Watch | None = None, folder: Path | None = None
) -> Iterator[Connection]:
    """A transaction in which migrations may run; installs or removes the rest at its end.

    Args:
        engine: of the database.
        watch: is told the session.
        folder: of the SQL that is installed; without it, that of this release.
    """
    with engine.begin() as connection:
        if watch is not None:
            watch.of(connection)
        prepare(connection)
        is_new = installed_revision(connection) is None
        # Before there is a lock for which anybody would wait.
        called = set() if is_new else set(connection.scalars(text(CALLED)))
        yield connection
        if installed_revision(connection) is None:
            remove_schema(connection)
        else:
            install(connection, folder or sql_folder(), called)
            if is_new:
                # Else they come later: who upgrades keeps no lock for which writers would wait.
                connection.execute(text(MAKE_PARTITIONS))


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Says what went wrong in one line."""
    try:
        yield
    except OperationalError as error:
        if error.connection_invalidated or error.statement is None:
            raise no_database(error, engine.url) from None
        raise RowtrailError(explain(error)) from None
    except DBAPIError as error:
        raise RowtrailError(explain(error)) from None


def take_turn(connection: Connection) -> None:
    """Waits until nobody else upgrades; from then on for no lock longer than a moment."""
    for setting in SESSION:
        connection.execute(text(setting))
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    connection.execute(text(f"set local lock_timeout = {LOCK_TIMEOUT}"))


def prepare(connection: Connection) -> None:
    """Takes its turn, makes the roles and the schema, and goes on as rowtrail_owner."""
    take_turn(connection)
    version = connection.connection.dbapi_connection.server_version  # type: ignore[union-attr]
    if version < OLDEST_SERVER * 10_000:
        raise RowtrailError(
            f"this server is PostgreSQL {version // 10_000}; "
            f"rowtrail needs {OLDEST_SERVER} or newer"
        )
    revision = installed_revision(connection)
    if revision is not None:
        known = {
            script.revision
            for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
        }
        if revision not in known:
            raise newer_schema(revision)
    try:
        run_file(connection, sql_folder() / "roles.sql")
    except ProgrammingError as error:
        raise RowtrailError(
            f"the roles of rowtrail cannot be made: {explain(error)}; {ROLES_HINT}"
        ) from None
    owner = connection.scalar(
        text("select nspowner::regrole::text from pg_namespace where nspname = 'rowtrail'")
    )
    if owner is None:
        connection.execute(text("create schema rowtrail authorization rowtrail_owner"))
    elif owner != "rowtrail_owner":
        raise RowtrailError(
            f"the schema rowtrail is there already and belongs to {owner}, not to rowtrail; "
            "rename it first"
        )
    connection.execute(text("set local role rowtrail_owner"))


def remove_schema(connection: Connection) -> None:
    """Drops the empty schema, and the roles unless another database of the cluster uses them."""
    connection.execute(text("drop table rowtrail.alembic_version"))
    connection.execute(text("drop schema rowtrail"))
    connection.execute(text("reset role"))
    for role in (
        "rowtrail_auditor",
        "rowtrail_limited_reader",
        "rowtrail_reader",
        "rowtrail_owner",
        "rowtrail_capture",
    ):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"drop role {role}")
        except DBAPIError:
            # Used by another database, or not ours to drop.
            continue
