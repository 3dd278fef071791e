-- Eras: the lives of a database. The number of a transaction tells it within one cluster; a database
-- that is restored from a dump, or brought into another cluster, begins a new era, in which numbers may
-- come again. The era of what is recorded is the column default of rowtrail.versions.era, so capture
-- does not look for it. It is moved on by rowtrail.seal(), or by rowtrail.begin_era(), which
-- `rowtrail restore-check` calls.
--
-- Tables have other numbers (oids) in a database that was restored. Where one bears by chance the number
-- that another had, the registry must not take it for that: rowtrail.renumber().

create or replace function rowtrail.begin_era(
  out era int, out is_new boolean, out moved bigint, out had_low_ids boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  before rowtrail.seals;
  highest bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.begin_era() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'Call it on its own.';
  end if;
  perform rowtrail.require_no_history_database('beginning an era');
  -- As rowtrail.seal() does.
  lock table rowtrail.seals in exclusive mode;
  select s.* into before from rowtrail.seals as s order by s.id desc limit 1;
  perform rowtrail.renumber();
  is_new := rowtrail.is_new_life(before);
  if is_new then
    moved := rowtrail.move_era();
    -- A table that is not tracked any more is found by its name.
    update rowtrail.tables as t
    set relid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
    where t.untracked_at is not null
      and not exists (select from pg_class as c where c.oid = t.relid)
      and not exists (
        select from rowtrail.tables as other
        where other.relid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
          or ((other.schema_name, other.table_name) = (t.schema_name, t.table_name) and other.id > t.id))
      and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is not null;
  end if;
  had_low_ids := rowtrail.has_low_ids();
  if had_low_ids then
    lock table rowtrail.versions in share row exclusive mode;
    select max(v.id) into highest from rowtrail.versions as v;
    perform setval('rowtrail.version_id', (highest + 99) / 100 * 100);
  end if;
  era := rowtrail.current_era();
end
$$;
comment on function rowtrail.begin_era() is
  'After a restore: begins a new era if the database was restored or brought into another cluster, and lets ids go on beyond all that are there. moved is how many versions were recorded before it was called and belong to the new era. Again is a no-op.';

create or replace function rowtrail.move_era()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ended constant int := rowtrail.current_era();
  sealed constant bigint := coalesce((select max(s.max_id) from rowtrail.seals as s), 0);
  -- The transaction that wrote the era's row: where it is of a dump, the one that restored it.
  restored_by constant bigint := (select (e.xmin::text)::bigint from rowtrail.eras as e where e.era = ended);
  first_id bigint;
  moved bigint := 0;
begin
  -- Waits for who writes: after it nobody records in the era that ends here.
  lock table rowtrail.versions in access exclusive mode;
  execute format('alter table rowtrail.versions alter column era set default %s', ended + 1);
  insert into rowtrail.eras (era, began_at, system_identifier, first_xid, relid)
  values (ended + 1, clock_timestamp(), rowtrail.system_identifier(), pg_current_xact_id(), 'rowtrail.versions'::regclass);
  -- What was recorded since a restore is of the new era. The transaction that wrote such a row here is
  -- the one that it names. The rows of a dump were written by others than they name, many by one, or
  -- name one from before the restore; all of these have lower ids. Where no row is of a dump, the
  -- files came as they were, and the numbers of transactions go on.
  with retirements as (
    -- Wrote months anew, here: what it wrote is not of a dump.
    select (v.xmin::text)::bigint as wrote
    from rowtrail.versions as v
    where v.row_key = ''
      and v.op = 'S'
      and v.data ? 'retired'
      and v.era = ended
      and (v.xmin::text)::bigint = (v.xid::text)::bigint & 4294967295
  ), found as (
    select
      v.id, (v.xmin::text)::bigint as wrote, (v.xid::text)::bigint & 4294967295 as named,
      min((v.xid::text)::bigint) over by_writer <> max((v.xid::text)::bigint) over by_writer as is_mixed
    from rowtrail.versions as v
    where v.era = ended and (v.xmin::text)::bigint not in (select r.wrote from retirements as r)
    window by_writer as (partition by v.tableoid, (v.xmin::text)::bigint)
  ), last_of_dump as (
    select max(f.id) as id
    from found as f
    where f.is_mixed or f.wrote < f.named or f.named < restored_by
  )
  select min(f.id) into first_id
  from found as f
  join last_of_dump as l on f.id > greatest(l.id, sealed)
  where l.id is not null and f.wrote = f.named and not f.is_mixed;
  if first_id is not null then
    update rowtrail.versions as v set era = ended + 1 where v.era = ended and v.id >= first_id;
    get diagnostics moved = row_count;
  end if;
  return moved;
end
$$;
comment on function rowtrail.move_era() is
  'The part of rowtrail.begin_era() and rowtrail.seal() that moves the era on; gives how many versions, all unsealed, were recorded since the restore and are counted to the new one.';

create or replace function rowtrail.has_low_ids()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  -- In a history database nothing gets an id.
  select not exists (select from rowtrail.origin)
    and coalesce((select max(v.id) from rowtrail.versions as v) >= s.last_value + case when s.is_called then 100 else 0 end, false)
  from rowtrail.version_id as s
$$;
comment on function rowtrail.has_low_ids() is
  'Whether the next version would have an id that is not beyond all that are there.';

create or replace function rowtrail.renumber()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from rowtrail.eras as e
    where e.era = rowtrail.current_era()
      and e.relid = 'rowtrail.versions'::regclass
      and coalesce(e.system_identifier = rowtrail.system_identifier(), true))
  then
    return;
  end if;
  update rowtrail.tables as t
  -- No table has such a number; rowtrail.track() then finds the registry's row by the name.
  set relid = (4294967295 - t.id)::oid
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = t.relid
    and (n.nspname, c.relname) <> (t.schema_name, t.table_name)
    and not exists (
      select from pg_trigger as g
      where g.tgrelid = c.oid
        and g.tgname = '!rowtrail_capture'
        and position(rowtrail.as_trigger_keeps(array[t.id::text]) in g.tgargs) = 1);
end
$$;
comment on function rowtrail.renumber() is
  'In a database that was restored and has not begun its new era: lets go of tables that bear by chance the number of another.';

create or replace function rowtrail.verify_restored(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select
    'rowtrail.version_id', 'gives ids that are there already', 'let a member of rowtrail_auditor run: rowtrail restore-check', true
  where rowtrail.has_low_ids()
  union all
  select
    format('versions %s', string_agg(d.id::text, ', ' order by d.id) filter (where d.place <= 10)),
    format('%s ids are there twice', count(*)),
    'restore the dump into an empty database: data alone was restored over a history', true
  from (
    select v.id, row_number() over (order by v.id) as place from rowtrail.versions as v group by v.id having count(*) > 1
  ) as d
  having count(*) > 0
  union all
  -- What was there already cannot come once more, unless it went while it was not tracked, or was told
  -- by other columns.
  select
    format('%I.%I, key %s', t.schema_name, t.table_name, (array_agg(d.key order by d.id))[1]),
    format('%s rows were recorded as inserted, though they were there by their versions', count(*)),
    'restore the dump into an empty database: data was restored past disabled triggers, or recorded once more', true
  from (
    select s.table_id, s.key, s.id, s.op, lag(s.op) over by_row as op_before, lag(s.id) over by_row as id_before
    from (
      select v.table_id, v.row_key as key, v.id, v.op, 1 as place from rowtrail.versions as v where v.row_key <> '' and v.op in ('I', 'U', 'B', 'D') and v.era > 0
      union all
      select v.table_id, v.old_key, v.id, 'D', 0 from rowtrail.versions as v where v.old_key is not null and v.era > 0
    ) as s
    window by_row as (partition by s.table_id, s.key order by s.id, s.place)
  ) as d
  join rowtrail.tables as t on t.id = d.table_id
  where d.op = 'I'
    and d.op_before in ('I', 'U', 'B')
    and t.key_attnums <> '{}'
    and not exists (
      select from rowtrail.versions as e
      where e.table_id = d.table_id
        and e.row_key = ''
        and e.id > d.id_before
        and e.id < d.id
        and (e.op = 'T' or e.data ?| '{tracking,options,attached,detached}'))
  group by t.id
  union all
  select
    format('%I.%I', t.schema_name, t.table_name), 'is tracked, but it is not here: only its history was restored',
    'restore it, and track it: its history goes on', false
  from rowtrail.tables as t
  where t.untracked_at is null
    and not exists (select from pg_class as c where c.oid = t.relid)
    and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is null
    and not coalesce(
      (
        select v.data ? 'dropped'
        from rowtrail.versions as v
        where v.table_id = t.id and v.row_key = '' and v.op = 'S'
        order by v.id desc
        limit 1),
      false)
$$;
comment on function rowtrail.verify_restored() is
  'What a restore can leave wrong in the history itself: ids that come again, versions that are there twice, rows recorded twice, tables that are missing.';

-- The first era is that in which rowtrail is installed.
insert into rowtrail.eras (era, began_at, system_identifier, first_xid, relid)
select rowtrail.current_era(), clock_timestamp(), rowtrail.system_identifier(), pg_current_xact_id(), 'rowtrail.versions'::regclass
where not exists (select from rowtrail.eras) and not exists (select from rowtrail.origin);

revoke all on function
  rowtrail.begin_era(),
  rowtrail.move_era(),
  rowtrail.has_low_ids(),
  rowtrail.renumber(),
  rowtrail.verify_restored()
from public;
grant execute on function rowtrail.begin_era() to rowtrail_auditor;
grant execute on function rowtrail.has_low_ids() to rowtrail_reader, rowtrail_limited_reader;
grant execute on function rowtrail.verify_restored() to rowtrail_reader;
