"""Installs and removes the schema `rowtrail`: its migrations, then the functions from `sql/`.

Everything happens in one transaction, so a database is never between two revisions.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from rowtrail.db import installed_revision, newer_schema, no_database
from rowtrail.errors import RowtrailError, explain

#: What is installed in the database, in this order. `roles.sql` comes before the migrations.
SQL_FILES = (
    "actor.sql",
    "images.sql",
    "capture.sql",
    "events.sql",
    "leaves.sql",
    "tracking.sql",
    "guard.sql",
    "baseline.sql",
    "history.sql",
    "as_of.sql",
    "as_of_page.sql",
    "differences.sql",
    "changes.sql",
    "undo_plan.sql",
    "undo_patch.sql",
    "undo.sql",
    "partitions.sql",
    "verify.sql",
    "shipping.sql",
    "seals.sql",
    "eras.sql",
    "feed.sql",
    "commitments.sql",
    "erase.sql",
    "imports.sql",
    "retention.sql",
    "integrity.sql",
    "access.sql",
)

#: The event triggers, each with its function: those that record schema changes, and those that
#: refuse what would stop the recording. Only a superuser can create them, or whom a managed service
#: lets. Only commands are waited for that can change a table's columns or triggers; what is dropped
#: can be one whatever the command was.
EVENT_TRIGGERS = {
    "rowtrail_ddl_command_end": (
        "ddl_command_end when tag in "
        "('CREATE TABLE', 'ALTER TABLE', 'ALTER INDEX', 'ALTER TYPE', 'ALTER DOMAIN', "
        "'ALTER SCHEMA')",
        "rowtrail.on_schema_change()",
    ),
    "rowtrail_sql_drop": ("sql_drop", "rowtrail.on_schema_change()"),
    "rowtrail_table_rewrite": ("table_rewrite", "rowtrail.on_schema_change()"),
    "rowtrail_guard_command": (
        "ddl_command_end when tag in "
        "('ALTER TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE TABLE', 'CREATE CAST')",
        "rowtrail.on_guarded_command()",
    ),
    "rowtrail_guard_drop": ("sql_drop", "rowtrail.on_guarded_command()"),
}

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
)

ROLES_HINT = (
    "let somebody who may create roles run sql/roles.sql once, and then: "
    "grant rowtrail_owner, rowtrail_capture, rowtrail_reader, rowtrail_limited_reader, "
    "rowtrail_auditor to <this login> with admin option"
)


def resource(in_package: str, in_checkout: str) -> Path:
    """A folder inside the package, in a wheel; beside the source root, in a checkout."""
    packaged = Path(str(files("rowtrail"))) / in_package
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / in_checkout


def sql_folder() -> Path:
    """The folder of the SQL that is installed in the database."""
    return resource("sql", "sql")


def alembic_config() -> Config:
    """Alembic's configuration for rowtrail's own migrations."""
    config = Config()
    # Alembic interpolates %(here)s in its options, so a percent sign in a path is doubled.
    folder = str(resource("migrations", "alembic")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config


def head() -> str:
    """The newest revision among the migrations."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if revision is None:
        raise RowtrailError("rowtrail's migrations are not installed; install rowtrail anew")
    return revision


def upgrade(engine: Engine) -> list[str]:
    """Brings the schema and its functions up to date; safe to run again, and twice at once.

    Returns:
        The tables whose triggers are out of date and that this login may not touch: the owner of
        each has to run `rowtrail.track()` on it.

    Raises:
        RowtrailError: the server is too old, the schema too new, or a right is missing.
    """
    with migration(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with engine.connect() as connection:
        out_of_date = text("select table_name from rowtrail.status() where state = 'stale'")
        return list(connection.scalars(out_of_date))


def remove(engine: Engine) -> None:
    """Removes the schema with all history, the triggers, and the roles that nothing else needs.

    Raises:
        RowtrailError: something that is not rowtrail's depends on it (it is named), or a right is
            missing.
    """
    with migration(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


@contextmanager
def migration(engine: Engine) -> Iterator[Connection]:
    """A transaction in which migrations may run; installs or removes the rest at its end."""
    try:
        with engine.begin() as connection:
            prepare(connection)
            yield connection
            if installed_revision(connection) is None:
                remove_schema(connection)
            else:
                install(connection)
    except OperationalError as error:
        if error.connection_invalidated or error.statement is None:
            raise no_database(error, engine.url) from None
        raise RowtrailError(explain(error)) from None
    except DBAPIError as error:
        raise RowtrailError(explain(error)) from None


def prepare(connection: Connection) -> None:
    """Takes the lock, makes the roles and the schema, and goes on as rowtrail_owner."""
    for setting in SESSION:
        connection.execute(text(setting))
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
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
        run_file(connection, "roles.sql")
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


def install(connection: Connection) -> None:
    """Installs the functions, makes the partitions, and brings the triggers up to date."""
    # The files begin with what people call; what that calls comes below.
    connection.execute(text("set local check_function_bodies = off"))
    for name in SQL_FILES:
        run_file(connection, name)
    # To all who may use the schema: each command looks first whether it knows this revision.
    connection.execute(text("grant select on rowtrail.alembic_version to public"))
    connection.execute(text("select rowtrail.make_partitions()"))
    connection.execute(text("select rowtrail.note_schema_changes()"))
    connection.execute(text("reset role"))
    create_event_triggers(connection)
    mine = text(
        "select rowtrail.track(t.relid) from rowtrail.status() as s "
        "join rowtrail.tables as t on t.id = s.table_id join pg_class as c on c.oid = t.relid "
        "where s.state = 'stale' and pg_has_role(c.relowner, 'usage')"
    )
    connection.execute(mine)


def create_event_triggers(connection: Connection) -> None:
    """Creates the event triggers, if this login may.

    Without them schema changes are noted late, and what stops the recording is shown, not refused.
    """
    for name, (event, function) in EVENT_TRIGGERS.items():
        enabled = connection.scalar(
            text("select evtenabled from pg_event_trigger where evtname = :name"), {"name": name}
        )
        if enabled == "A":
            continue
        try:
            with connection.begin_nested():
                if enabled is None:
                    connection.exec_driver_sql(
                        f"create event trigger {name} on {event} execute function {function}"
                    )
                # They fire under session_replication_role = replica too.
                connection.exec_driver_sql(f"alter event trigger {name} enable always")
        except ProgrammingError as error:
            if not isinstance(error.orig, InsufficientPrivilege):
                raise


def remove_functions(connection: Connection) -> None:
    """Drops the functions of the schema, with the view and the triggers that call them."""
    connection.exec_driver_sql("drop view if exists rowtrail.recent_changes")
    names = connection.execute(
        text(
            "select p.oid::regprocedure::text as name, "
            "p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as of_triggers "
            "from pg_proc as p where p.pronamespace = 'rowtrail'::regnamespace "
            # The event triggers go before what they call.
            "order by p.prorettype <> 'event_trigger'::regtype, 1"
        )
    )
    for name, of_triggers in list(names):
        # Only triggers can depend on a trigger function, and they lie on other people's tables.
        cascade = " cascade" if of_triggers else ""
        connection.exec_driver_sql(f"drop routine {name}{cascade}")


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


def run_file(connection: Connection, name: str) -> None:
    """Runs one file of `sql/` as it is."""
    statements = (sql_folder() / name).read_text(encoding="utf-8")
    with closing(connection.connection.cursor()) as cursor:
        try:
            # Not by way of SQLAlchemy, which would read percent signs and colons as parameters.
            cursor.execute(statements)
        except psycopg2.Error as error:
            raise DBAPIError.instance(statements, None, error, psycopg2.Error) from error
