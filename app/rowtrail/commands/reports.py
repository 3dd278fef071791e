"""What `rowtrail status` and `rowtrail history` ask the database."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

#: Versions are counted up to here: beyond it a count would be slow, and nobody needs it exactly.
COUNTED = 100_000

#: So many versions are fetched at a time.
BATCH = 200

#: Values are cut by the server: people see no more than their beginning.
FETCHED = 200  # characters

STATUS = """
select
  s.table_name, s.state, s.key_columns, s.excluded_columns, s.tracked_since, s.tracked_by, s.mend,
  v.counted, l.changed_at, t.retention::text as retention, t.complete_from
from rowtrail.status() as s
join rowtrail.tables as t on t.id = s.table_id
cross join lateral (
  select count(*) as counted
  from (select from rowtrail.versions as v where v.table_id = s.table_id limit :counted + 1) as v
) as v
left join lateral (
  select v.changed_at from rowtrail.versions as v
  where v.table_id = s.table_id order by v.id desc limit 1
) as l on true
order by s.table_name
"""

#: Partitions are recorded with their table, and so are the children by inheritance that are tracked
#: with their parent; what an extension made is its own.
NOT_TRACKED = """
select format('%I.%I', n.nspname, c.relname)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and not c.relispartition
  and c.relpersistence <> 't'
  and n.nspname not in ('rowtrail', 'information_schema')
  and n.nspname not like 'pg\\_%'
  and c.relname <> 'alembic_version'
  and not exists (
    select from pg_depend as d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and not exists (
    select from rowtrail.tables as t where t.relid = c.oid and t.untracked_at is null)
order by 1
"""

# The columns that people see; for an insert or a delete the row itself.
VERSIONS_FOR_PEOPLE = """
select
  h.changed_at, h.op, h.actor, h.login, h.old_key, h.row_key, h.moved, h.id, h.erased,
  concat_ws('  ', h.context ->> 'reason', nullif(h.context - 'reason', '{}')::text) as said,
  coalesce((
    select json_agg(json_build_array(
      f.name,
      left(f.before, :fetched), length(f.before),
      left(e.after, :fetched), length(e.after)))
    from (
      select
        c.key as name,
        case
          when 'old.' || c.key = any (h.erased) then 'erased' else (c.value -> 0)::text
        end as before,
        (c.value -> 1)::text as after
      from jsonb_each(h.changes) as c
      union all
      select d.key, null, d.value::text from jsonb_each(h.data) as d where h.changes is null
    ) as f
    cross join lateral (
      select case when 'data.' || f.name = any (h.erased) then 'erased' else f.after end as after
    ) as e
  ), '[]') as fields
from rowtrail.row_history(:table_id, rowtrail.key_from(:key_columns, :key)) as h
limit :limit
"""

# The server's own text: a parser would make 1.5 of 1.50.
VERSIONS_AS_JSON = """
select row_to_json(h)::text as line, h.id
from rowtrail.row_history(:table_id, rowtrail.key_from(:key_columns, :key)) as h
limit :limit
"""


def status(connection: Connection) -> list[dict[str, Any]]:
    """Each table that is or was tracked, and whether it is tracked as it must be.

    Returns:
        A dict per table: `table` (its full name), `state`, `key`, `excluded`, `tracked_since`,
        `tracked_by`, `versions` (counted up to COUNTED), `more_versions` (there are more),
        `last_change`, `kept` (for how long; None for ever), `complete_from` (what was not needed
        since then was retired; None where nothing was), `mend` (the statement that mends it, or
        None).
    """
    return [
        {
            "table": found.table_name,
            "state": found.state,
            "key": found.key_columns,
            "excluded": found.excluded_columns,
            "tracked_since": found.tracked_since,
            "tracked_by": found.tracked_by,
            "versions": min(found.counted, COUNTED),
            "more_versions": found.counted > COUNTED,
            "last_change": found.changed_at,
            "kept": found.retention,
            "complete_from": found.complete_from,
            "mend": found.mend,
        }
        for found in connection.execute(text(STATUS), {"counted": COUNTED})
    ]


def not_tracked(connection: Connection) -> list[str]:
    """The full names of the tables that have no history, or no more."""
    return list(connection.scalars(text(NOT_TRACKED)))


def records_schema_changes(connection: Connection) -> bool:
    """Whether event triggers record schema changes as they happen."""
    return bool(connection.scalar(text("select rowtrail.records_schema_changes()")))


def unfinished_imports(connection: Connection) -> list[dict[str, Any]]:
    """The imports that have not brought all yet; for who may not read of them, none."""
    allowed = connection.scalar(text("select has_table_privilege('rowtrail.imports', 'select')"))
    if not allowed:
        return []
    found = connection.execute(
        text(
            "select i.source, i.place, i.rows_read, i.rows from rowtrail.imports as i "
            "where i.finished_at is null order by i.id"
        )
    )
    return [row._asdict() for row in found]


def history_of(connection: Connection) -> dict[str, Any] | None:
    """Whose history this database holds; None where it is no history database."""
    found = connection.execute(
        text(
            "select o.database, o.system_identifier, o.since, o.seal_id as seal, o.shipped_at "
            "from rowtrail.origin as o"
        )
    ).one_or_none()
    return None if found is None else found._asdict()


def history_database(connection: Connection) -> dict[str, Any] | None:
    """Where the history is shipped to, and what is not there yet.

    None where it is not shipped; or for who may not read of it.
    """
    if not connection.scalar(text("select has_table_privilege('rowtrail.shipping', 'select')")):
        return None
    found = connection.execute(
        text(
            "select u.place, u.seal_id as seal, u.shipped_at, u.seals as unshipped_seals, "
            "u.versions as unshipped_versions, u.oldest as oldest_unshipped, "
            "extract(epoch from clock_timestamp() - u.oldest)::bigint as seconds_behind "
            "from rowtrail.unshipped() as u where u.place is not null"
        )
    ).one_or_none()
    return None if found is None else found._asdict()


def is_guarded(connection: Connection) -> bool:
    """Whether event triggers refuse what would stop the recording."""
    return bool(connection.scalar(text("select rowtrail.is_guarded()")))


def versions(
    connection: Connection,
    query: str,
    table_id: int,
    key_columns: list[str],
    key: str,
    limit: int | None,
) -> Iterator[Any]:
    """The versions of a row, newest first, as they come.

    Args:
        connection: to the database.
        query: VERSIONS_FOR_PEOPLE or VERSIONS_AS_JSON.
        table_id: rowtrail.tables.id
        key_columns: of the table.
        key: the row's, as a person wrote it.
        limit: of versions; None for all.
    """
    connection.execute(text("select set_config('timezone', 'UTC', true)"))
    stream = connection.execution_options(stream_results=True, yield_per=BATCH)
    yield from stream.execute(
        text(query),
        {
            "table_id": table_id,
            "key_columns": key_columns,
            "key": key,
            "limit": limit,
            **({"fetched": FETCHED} if ":fetched" in query else {}),
        },
    )
