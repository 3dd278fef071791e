"""Installs and removes the schema `rowtrail`: its migrations, then the functions from `sql/`.

Both happen in one transaction, so a database is never between two revisions. Writers go on: what
they would wait for is asked for only for a moment, and tried again.
"""

import os
import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from itertools import product
from pathlib import Path

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg2.errors import (
    DeadlockDetected,
    DependentObjectsStillExist,
    InsufficientPrivilege,
    LockNotAvailable,
)
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from rowtrail.db import installed_revision, newer_schema, no_database
from rowtrail.errors import RowtrailError, explain
from rowtrail.patience import LOCK_TIMEOUT, PAUSE, Watch, patiently

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
    # For another upgrade it waits; for nothing else.
    "set local lock_timeout = 0",
    "set local statement_timeout = 0",
)

MAKE_PARTITIONS = "select rowtrail.make_partitions()"

#: Takes from rowtrail's roles what an earlier installation gave them; each gives it anew.
REVOKE = """
do $$
declare
  given record;
begin
  for given in
    select distinct p.oid::regprocedure as function, a.grantee::regrole as grantee
    from pg_proc as p
    cross join lateral aclexplode(p.proacl) as a
    where p.pronamespace = 'rowtrail'::regnamespace
      and p.proowner in ('rowtrail_owner'::regrole, 'rowtrail_capture'::regrole)
      and a.grantee in (
        'rowtrail_reader'::regrole, 'rowtrail_limited_reader'::regrole,
        'rowtrail_auditor'::regrole, 'rowtrail_capture'::regrole)
      and a.grantee <> p.proowner
  loop
    execute format('revoke all on routine %s from %s', given.function, given.grantee);
  end loop;
end
$$
"""

#: The functions that are ours, each with the place of its row, which is another one once it was
#: installed anew.
PLACES = """
select p.oid::bigint, p.ctid::text
from pg_proc as p
where p.pronamespace = 'rowtrail'::regnamespace
  and p.proowner in ('rowtrail_owner'::regrole, 'rowtrail_capture'::regrole)
"""

#: Those that the recording of the release that is installed calls, itself or by others.
CALLED = """
with recursive ours as materialized (
  select
    p.oid, 'rowtrail.' || p.proname || '(' as call,
    p.proowner = 'rowtrail_capture'::regrole as records,
    -- What a comment or a hint names is not called.
    regexp_replace(regexp_replace(p.prosrc, '--[^\\n]*', '', 'g'), '''[^'']*''', '', 'g') as body
  from pg_proc as p
  where p.pronamespace = 'rowtrail'::regnamespace
),
called as (
  select o.oid, o.body from ours as o where o.records
  union
  select o.oid, o.body from called as c join ours as o on strpos(c.body, o.call) > 0
)
select c.oid::bigint from called as c
"""

#: What is said of them while they are left. verify.sql knows it.
LEFT = "Of another release: left for what is under way; the next rowtrail upgrade drops it."

#: Those of them that were not installed anew, what has their names now, and to whom people gave
#: them.
FORMER = """
select
  p.oid::bigint as oid, p.oid::regprocedure::text as signature,
  array(
    select o.oid::regprocedure::text
    from pg_proc as o
    where o.pronamespace = p.pronamespace
      and o.proname = p.proname
      and o.oid <> all (cast(:former as oid[]))) as now,
  array(
    select quote_ident(r.rolname)
    from aclexplode(p.proacl) as a
    join pg_roles as r on r.oid = a.grantee
    where a.grantee <> p.proowner and r.rolname not like 'rowtrail\\_%'
  ) as grantees
from pg_proc as p
where p.oid = any (cast(:former as oid[]))
order by 1
"""

#: The columns of the tables; partitions have those of theirs.
COLUMNS = """
select c.relname::text, a.attname::text
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
"""

#: The functions of these names, and those that take or give rows of these tables.
FUNCTIONS = """
select p.oid::regprocedure::text
from pg_proc as p
where p.pronamespace = 'rowtrail'::regnamespace
  and (
    p.proname = any (:names)
    or exists (
      select from pg_type as t
      join pg_class as c on c.oid = t.typrelid
      where c.relnamespace = p.pronamespace
        and c.relname = any (:tables)
        and array[t.oid, t.typarray]
          && (array[p.prorettype] || p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}'))))
order by 1
"""

#: The tables whose triggers are of another release and that this login may renew.
STALE_AND_MINE = """
select t.relid::bigint
from rowtrail.status() as s
join rowtrail.tables as t on t.id = s.table_id
join pg_class as c on c.oid = t.relid
where s.state = 'stale' and pg_has_role(c.relowner, 'usage')
"""

#: So often a lock on such a table is asked for.
TRIES = 20

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

    That is one transaction, while writers go on; then come partitions and the triggers, which are
    as good as before until they are renewed.

    Returns:
        The tables whose triggers are out of date, and that this login may not touch or that
        somebody kept locked: the owner of each has to run `rowtrail.track()` on it.

    Raises:
        RowtrailError: the server is too old, the schema too new, a right is missing, or somebody
            keeps a lock that it needs.
    """

    def once(watch: Watch) -> None:
        with migration(engine, watch) as connection:
            command.upgrade(config_of(connection), "head")

    with explained(engine):
        patiently(engine, once, "the upgrade")
        return bring_up_to_date(engine)


def downgrade(engine: Engine, revision: str, folder: Path, forget: bool) -> tuple[str, list[str]]:
    """Takes the schema and its functions back to an earlier revision, while writers go on.

    Args:
        engine: of the database.
        revision: to which.
        folder: the folder `sql` of the release of that revision, whose functions are installed.
        forget: whether what only later revisions keep may be lost.

    Returns:
        The revision that it had, and the tables whose triggers are of another release.

    Raises:
        RowtrailError: there is no such revision, something would be lost, a right is missing, or
            somebody keeps a lock that it needs.
    """
    before = ""

    def once(watch: Watch) -> None:
        nonlocal before
        with migration(engine, watch, folder) as connection:
            before = require_later(connection, revision)
            held = columns_with_rows(connection)
            command.downgrade(config_of(connection), revision)
            lost = sorted({table for table, _ in held - columns_with_rows(connection, held)})
            if lost and not forget:
                raise RowtrailError(
                    f"what is in {', '.join(f'rowtrail.{table}' for table in lost)} would be lost: "
                    f"revision {revision} has no place for it; to lose it: --forget"
                )

    files_of(folder)
    with explained(engine):
        patiently(engine, once, "the downgrade")
        return before, bring_up_to_date(engine)


def require_later(connection: Connection, revision: str) -> str:
    """The revision of the schema, which has to be later than this one.

    Raises:
        RowtrailError: it is not, or there is no such revision.
    """
    scripts = ScriptDirectory.from_config(alembic_config())
    known = [script.revision for script in scripts.walk_revisions()]
    if revision not in known:
        raise RowtrailError(f"there is no revision {revision}; there are {', '.join(known[::-1])}")
    installed = installed_revision(connection)
    if installed is None:
        raise RowtrailError("rowtrail is not installed in this database; there is nothing to undo")
    if known.index(installed) >= known.index(revision):
        raise RowtrailError(f"the schema rowtrail is at revision {installed} already")
    return installed


def columns_with_rows(
    connection: Connection, of: Collection[tuple[str, str]] | None = None
) -> set[tuple[str, str]]:
    """The columns of the tables that have rows; of these, if they are given, which are there."""
    columns = {(table, column) for table, column in connection.execute(text(COLUMNS))}
    if of is not None:
        return columns & set(of)
    filled = {
        table
        for table in {table for table, _ in columns}
        if connection.scalar(text(f'select exists (select from rowtrail."{table}")'))  # noqa: S608
    }
    return {(table, column) for table, column in columns if table in filled}


def drop_functions(connection: Connection, *names: str, of: Collection[str] = ()) -> None:
    """Drops functions that are others in the revision before; for what undoes a revision.

    Args:
        connection: of the migration.
        names: of functions that take or give something else there.
        of: tables that are not there; what takes or gives a row of one goes.
    """
    found = connection.scalars(text(FUNCTIONS), {"names": list(names), "tables": list(of)})
    for signature in found.all():
        connection.exec_driver_sql(f"drop routine {signature}")


def remove(engine: Engine) -> None:
    """Removes the schema with all history, the triggers, and the roles that nothing else needs.

    Raises:
        RowtrailError: something that is not rowtrail's depends on it (it is named), a right is
            missing, or somebody keeps a lock that it needs.
    """

    def once(watch: Watch) -> None:
        with migration(engine, watch) as connection:
            command.downgrade(config_of(connection), "base")

    with explained(engine):
        patiently(engine, once, "the removal")


def config_of(connection: Connection) -> Config:
    """Alembic's configuration, for migrations on this connection."""
    config = alembic_config()
    config.attributes["connection"] = connection
    return config


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


def migrate_with(run: Callable[[Connection], None]) -> None:
    """Runs migrations in the database that DATABASE_URL names, or the embedded one: `alembic …`."""
    from rowtrail.commands.target import open_database

    named = os.environ.get("DATABASE_URL")
    with open_database(named, None) as target, explained(target.engine):
        with migration(target.engine) as connection:
            run(connection)
        if is_installed(target.engine):
            bring_up_to_date(target.engine)


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


def install(connection: Connection, folder: Path, called: set[int]) -> None:
    """Installs the functions of this folder, and no others of ours; then the event triggers.

    Args:
        connection: of the migration.
        folder: of the SQL.
        called: the functions that what recorded until now calls.
    """
    # The files begin with what people call; what that calls comes below.
    connection.execute(text("set local check_function_bodies = off"))
    *files, access = files_of(folder)
    connection.execute(text(REVOKE))
    before = places(connection)
    for file in files:
        run_file(connection, file)
    remove_former(connection, before & places(connection), called)
    run_file(connection, access)
    # To all who may use the schema: each command looks first whether it knows this revision.
    connection.execute(text("grant select on rowtrail.alembic_version to public"))
    connection.execute(text("select rowtrail.note_schema_changes()"))
    connection.execute(text("reset role"))
    create_event_triggers(connection)


def files_of(folder: Path) -> list[Path]:
    """The SQL that a release installs in the database, in order: this one, or an earlier one."""
    there = {file.name: file for file in sorted(folder.glob("*.sql")) if file.name != "roles.sql"}
    *first, last = SQL_FILES
    if last not in there:
        raise RowtrailError(
            f"{folder} has no {last}: it is not the folder sql of a release of rowtrail"
        )
    known = [there[name] for name in first if name in there]
    others = [file for name, file in there.items() if name not in SQL_FILES]
    return [*known, *others, there[last]]


def places(connection: Connection) -> set[tuple[int, str]]:
    """Where in the catalogue the functions are that are ours."""
    return {(oid, place) for oid, place in connection.execute(text(PLACES))}


def remove_former(connection: Connection, former: set[tuple[int, str]], called: set[int]) -> None:
    """Drops functions of ours that were not installed just now: another release has them.

    Who was let run one of them may run what has its name now. Those that were called by what
    records are left once: a writer may be amid the recording of that release. Nothing calls them
    when this runs again.
    """
    found = connection.execute(text(FORMER), {"former": [oid for oid, _ in former]}).all()
    for function in found:
        for grantee, now in product(function.grantees, function.now):
            connection.exec_driver_sql(f"grant execute on routine {now} to {grantee}")
        if function.oid in called:
            for statement in (
                f"grant execute on routine {function.signature} to rowtrail_capture",
                f"comment on routine {function.signature} is '{LEFT}'",
            ):
                connection.exec_driver_sql(statement)
            continue
        try:
            connection.exec_driver_sql(f"drop routine {function.signature}")
        except DBAPIError as error:
            if not isinstance(error.orig, DependentObjectsStillExist):
                raise
            raise RowtrailError(
                f"{error.orig.diag.message_detail}, which the other release does not have so; "
                "drop what depends on it, and run it again"
            ) from None


def bring_up_to_date(engine: Engine) -> list[str]:
    """Makes partitions, and renews triggers of an earlier release, a table at a time.

    Returns:
        The tables whose triggers are still out of date.
    """

    def partitions(watch: Watch) -> None:
        with engine.begin() as connection:
            watch.of(connection)
            take_turn(connection)
            connection.execute(text("set local role rowtrail_owner"))
            connection.execute(text(MAKE_PARTITIONS))

    def track(oid: int) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = {LOCK_TIMEOUT}"))
            connection.execute(text("select rowtrail.track(cast(:oid as oid))"), {"oid": oid})

    patiently(engine, partitions, "making partitions")
    with engine.connect() as connection:
        mine = connection.scalars(text(STALE_AND_MINE)).all()
    for oid in mine:
        for _ in range(TRIES):
            try:
                track(oid)
                break
            except DBAPIError as error:
                if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                    # rowtrail.track() tells its owner.
                    break
                time.sleep(random.uniform(*PAUSE))  # noqa: S311
    with engine.connect() as connection:
        out_of_date = text("select table_name from rowtrail.status() where state = 'stale'")
        return list(connection.scalars(out_of_date))


def is_installed(engine: Engine) -> bool:
    """Whether the schema is there."""
    with engine.connect() as connection:
        return installed_revision(connection) is not None


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


def run_file(connection: Connection, file: Path) -> None:
    """Runs a file of SQL as it is."""
    statements = file.read_text(encoding="utf-8")
    with closing(connection.connection.cursor()) as cursor:
        try:
            # Not by way of SQLAlchemy, which would read percent signs and colons as parameters.
            cursor.execute(statements)
        except psycopg2.Error as error:
            raise DBAPIError.instance(statements, None, error, psycopg2.Error) from error
