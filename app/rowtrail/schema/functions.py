"""The functions in the database: those of the release that is installed, and no others of ours."""

from collections.abc import Collection
from itertools import product
from pathlib import Path

from psycopg2.errors import DependentObjectsStillExist
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import RowtrailError
from rowtrail.schema.event_triggers import create_event_triggers
from rowtrail.schema.files import files_of, run_file

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
