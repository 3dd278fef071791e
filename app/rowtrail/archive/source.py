"""What rowtrail archive asks the database: months of the history with what proves them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, text

from rowtrail.proof.records import Version

#: The first statement of the transaction; all of it ends with it.
BEGIN = """
select
  set_config('transaction_read_only', 'on', true),
  set_config('timezone', 'UTC', true),
  set_config('search_path', 'pg_catalog, pg_temp', true),
  set_config('enable_nestloop', 'off', true),
  set_config('work_mem', '64MB', true),
  set_config('jit', 'off', true)
"""

ABOUT = """
select
  getdatabaseencoding() as encoding, current_database() as database,
  coalesce((select o.database from rowtrail.origin as o), current_database()) as origin,
  (date_trunc('month', now() at time zone 'UTC'))::date as this_month
"""

SEAL = """
select s.id as seal, rowtrail.seal_text(s) as text, encode(s.hash, 'hex') as hash
from rowtrail.seals as s
where s.id = coalesce(:seal, (select max(l.id) from rowtrail.seals as l))
"""

SEALS = """
select s.id, rowtrail.seal_text(s)
from rowtrail.seals as s
where s.id > :after and s.id <= :last
order by s.id
"""

LEAVES = """
select l.seal_id, l.part, l.ids, l.leaves
from rowtrail.seal_leaves as l
where l.seal_id = any (:seals)
order by l.seal_id, l.part
"""

TABLES = """
select
  t.id, t.schema_name::text as schema, t.table_name::text as table,
  format('%I.%I', t.schema_name, t.table_name) as name, t.key_columns as key,
  t.erasable_since is not null as is_erasable
from rowtrail.tables as t
order by t.id
"""

MONTHS = """
select distinct to_char(v.changed_at at time zone 'UTC', 'YYYY-MM')
from rowtrail.versions as v
where v.changed_at < cast(:before || '-01 00:00Z' as timestamptz) and isfinite(v.changed_at)
order by 1
"""

OF_MONTH = """
v.changed_at >= cast(:month || '-01 00:00Z' as timestamptz)
and v.changed_at < cast(:month || '-01 00:00Z' as timestamptz) + interval '1 month'
"""

#: Which versions there are.
THERE = f"""
select v.id
from rowtrail.versions as v
where v.table_id = :table and {OF_MONTH}
"""  # noqa: S608

FOUND = f"""
select
  v.table_id,
  count(*) filter (where v.era > 0) as versions, count(*) filter (where v.era = 0) as imported,
  min(v.id) filter (where v.era > 0) as first_id, max(v.id) filter (where v.era > 0) as last_id
from rowtrail.versions as v
where {OF_MONTH}
group by v.table_id
order by v.table_id
"""  # noqa: S608

#: Each part of the leaves that may hold some is taken out of its table once, not for each version.
KEPT = """
left join (
  select
    u.id, l.seal_id, l.part::bigint * 65536 + u.place - 1 as place,
    substring(l.leaves from (32 * u.place - 31)::int for 32) as leaf
  from (
    select s.seal_id, s.part, s.ids, s.leaves || ''::bytea as leaves
    from rowtrail.seal_leaves as s
    where s.ids[1] <= :last_id and s.ids[cardinality(s.ids)] >= :first_id
    offset 0
  ) as l
  cross join lateral unnest(l.ids) with ordinality as u (id, place)
  -- Else the whole part is carried through the join with each leaf: 2 MB a version.
  offset 0
) as k on k.id = v.id
"""

#: The columns are those of records.Version; the last is the leaf that the seal has.
VERSIONS = f"""
select
  v.id, (extract(epoch from v.changed_at) * 1000000)::bigint, (v.xid::text)::bigint,
  v.table_id, v.era, v.file::bigint, v.early_in::bigint, v.old_ctid::text, v.new_ctid::text,
  v.op::text, v.row_key, v.old_key, v.actor, v.login,
  v.data::text, v.old::text, v.verbatim::text, v.context::text, v.erased,
  k.seal_id, k.place, s.salt, e.salts::text, e.commitments::text,
  k.leaf
from rowtrail.versions as v
{KEPT}
left join rowtrail.seal_salts as s on s.version_id = v.id
left join rowtrail.erased_versions as e on e.version_id = v.id
where {OF_MONTH}
  and v.era > 0
  and v.table_id = any (:tables)
  and (v.table_id <> all (:known) or v.id = any (:wanted))
order by v.table_id, v.row_key collate "C", v.changed_at, v.id
"""  # noqa: S608

#: Of months that are in the archive already: what is to be compared, and what was erased of it.
IDS = f"""
select v.table_id, v.id, k.leaf, v.erased
from rowtrail.versions as v
{KEPT}
where {OF_MONTH}
  and v.era > 0
  and v.table_id = any (:tables)
order by v.table_id, v.id
"""  # noqa: S608

#: So many versions are fetched at a time.
BATCH = 500


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot of the database, from which is only read, with text in UTF-8."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.set_client_encoding("UTF8")
        connection.execute(text(BEGIN))
        yield connection
        connection.rollback()


def stream(connection: Connection, query: str, asked: dict[str, Any]) -> Iterator[Any]:
    """The rows that a query gives, as they come."""
    options = {"stream_results": True, "yield_per": BATCH}
    yield from connection.execute(text(query), asked, execution_options=options)


def versions_of_month(
    connection: Connection,
    month: str,
    found: dict[int, Any],
    wanted: dict[int, list[int] | None],
) -> Iterator[tuple[int, Iterator[tuple[Version, bytes]]]]:
    """The versions of tables in a month, by table, each in the order of the archive with its leaf.

    Args:
        connection: of a transaction of `reading`.
        month: as 2025-01.
        found: what there is of each table: rows of FOUND, by the table's number.
        wanted: the tables, each with the ids that are meant; None for all.
    """
    asked = span(found, list(wanted)) | {
        "month": month,
        "tables": list(wanted),
        "known": [table for table, ids in wanted.items() if ids is not None],
        "wanted": [id_ for ids in wanted.values() for id_ in ids or ()],
    }
    rows = stream(connection, VERSIONS, asked)
    for table, of_table in groupby(rows, key=lambda row: row[3]):
        yield table, ((made(row[:-1]), bytes(row[-1] or b"")) for row in of_table)


def made(columns: Sequence[Any]) -> Version:
    """A version of what the database gave."""
    v = Version._make(columns)
    return v if v.salt is None else v._replace(salt=bytes(v.salt))


def span(found: dict[int, Any], tables: Sequence[int]) -> dict[str, int]:
    """The lowest and the highest id that there is of the tables."""
    ids = [id_ for table in tables for id_ in (found[table].first_id, found[table].last_id)]
    return {"first_id": min(ids), "last_id": max(ids)}
