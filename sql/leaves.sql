-- Leaves: the partitions in which the rows of a partitioned table lie. Which there are is part of its
-- history. With a DETACH or DROP its rows go, and no row trigger sees it; with an ATTACH rows come.
--
-- rowtrail.tables.partitions is what was last recorded: {"<number in pg_class>": {"name", "bound"}}; of a
-- partition by hash also its parent, "hash_of", without which its bound cannot be evaluated, and the
-- bound "above" it. An event (see events.sql) that finds others holds in its data
--   "attached"    {"<number>": name}
--   "detached"    {"<number>": {"name", "bound", "hash_of", "dropped"}}
-- "bound" is the condition that all rows of the partition, and no others of the table, fulfil. So replay
-- knows the rows that went with it: those whose newest version is older than the event, and fulfils it.
-- No row need be read for that, under the lock that DETACH takes. There is no bound where to
-- evaluate it could run code of whoever owns the table: of expressions, and of types that are not
-- PostgreSQL's own. There rowtrail.differences() names the rows.

create or replace function rowtrail.leaves_of(target regclass)
returns table (relid oid, is_default boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive below as (
    select target::oid as relid, false as is_default
    union all
    select i.inhrelid, b.is_default or i.inhrelid = p.partdefid
    from below as b
    join pg_partitioned_table as p on p.partrelid = b.relid
    join pg_inherits as i on i.inhparent = b.relid and not i.inhdetachpending
  )
  select b.relid, b.is_default
  from below as b
  join pg_class as c on c.oid = b.relid
  where c.relispartition and c.relkind <> 'p' and b.relid <> target
$$;
comment on function rowtrail.leaves_of(regclass) is
  'The partitions of a table that hold rows, at any depth; is_default: what lies in them depends on which others there are.';

create or replace function rowtrail.bound_of(leaf regclass)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
  select pg_get_partition_constraintdef(leaf)
  where not exists (
    select
    from pg_partition_ancestors(leaf) as above
    join pg_partitioned_table as p on p.partrelid = above.relid
    left join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
    left join pg_type as y on y.oid = a.atttypid
    where p.partexprs is not null or y.typnamespace <> 'pg_catalog'::regnamespace)
$$;
comment on function rowtrail.bound_of(regclass) is
  'The condition that the rows of a partition fulfil; NULL where it could run code of whoever owns the table.';

create or replace function rowtrail.partitions_of(known rowtrail.tables, is_anew boolean)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select jsonb_object_agg(
        l.relid,
        -- Each look at a bound locks the partition.
        case
          when is_anew or l.is_default or not coalesce(known.partitions ? l.relid::text, false)
            then jsonb_strip_nulls(jsonb_build_object(
              'bound', rowtrail.bound_of(l.relid::regclass),
              'hash_of', h.parent::bigint,
              'above', case when h.parent <> known.relid then rowtrail.bound_of(h.parent::regclass) end))
          else known.partitions -> l.relid::text
        end || jsonb_build_object('name', rowtrail.full_name(l.relid::regclass)))
      from rowtrail.leaves_of(known.relid) as l
      left join lateral (
        select i.inhparent as parent
        from pg_inherits as i
        join pg_partitioned_table as p on p.partrelid = i.inhparent and p.partstrat = 'h'
        where i.inhrelid = l.relid
      ) as h on true
    ),
    '{}')
  from pg_class as c
  where c.oid = known.relid and c.relkind = 'p'
$$;
comment on function rowtrail.partitions_of(rowtrail.tables, boolean) is
  'What rowtrail.tables.partitions is to hold of a table as it is; NULL for one that is not partitioned.';

create or replace function rowtrail.partition_change(known rowtrail.tables, out attached jsonb, out detached jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  leaves oid[];
begin
  if known.partitions is null or (known.shape ->> 'relid')::oid <> known.relid then
    return;
  end if;
  leaves := array(select l.relid from rowtrail.leaves_of(known.relid) as l);
  attached := (
    select jsonb_object_agg(l.relid, rowtrail.full_name(l.relid::regclass))
    from unnest(leaves) as l (relid)
    where not known.partitions ? l.relid::text);
  detached := (
    select jsonb_object_agg(
      p.key,
      -- All of a hash are gone: its own bound tells their rows.
      case
        when p.value ? 'above'
          and not exists (select from pg_partition_ancestors((p.value ->> 'hash_of')::oid::regclass) as a where a.relid = known.relid)
          then jsonb_build_object(
            'bound', case when p.value ->> 'above' not like '%satisfies_hash_partition%' then p.value -> 'above' end)
        else p.value - 'above'
      end
      || jsonb_build_object('name', coalesce(rowtrail.full_name(p.key::oid::regclass), p.value ->> 'name'))
      || case when exists (select from pg_class as c where c.oid = p.key::oid) then '{}' else '{"dropped": true}'::jsonb end)
    from jsonb_each(known.partitions) as p
    where p.key::oid <> all (leaves));
end
$$;
comment on function rowtrail.partition_change(rowtrail.tables) is
  'The partitions that a table has got or lost since what was last recorded, as an event has them; NULL for none.';

create or replace function rowtrail.gone_with_partitions(of_table int, bound rowtrail.boundary, shape_id bigint)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(
    format(
      'coalesce((r.id < %1$s and ((select %2$s from (select %3$s) as b)%4$s)), false)',
      v.id, d.value ->> 'bound',
      (
        -- A column as it was called then, from the image by the names of the shape that is asked for.
        select string_agg(
          format('(r.data ->> %L)::%s as %I', c.value ->> 'name', c.value ->> 'type', n.value ->> 'name'), ', ')
        from jsonb_array_elements(v.data -> 'columns') as n
        join jsonb_array_elements(rowtrail.columns_after(t, shape_id)) as c on c.value -> 'number' = n.value -> 'number'
        join pg_type as y on y.oid = to_regtype(c.value ->> 'type')
        where y.typnamespace = 'pg_catalog'::regnamespace
      ),
      e.or_erased),
    ' or ')
  from rowtrail.tables as t
  cross join lateral (
    select case
      when exists (select from rowtrail.versions as v where v.table_id = t.id and v.row_key = '' and v.op = 'S' and v.data ? 'erased')
        then format(' or rowtrail.ends_erased(%s, r.id, r.row_key)', t.id)
    end as or_erased
  ) as e
  join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S'
  cross join lateral jsonb_each(v.data -> 'detached') as d
  where t.id = of_table
    and d.value ->> 'bound' is not null
    and (not d.value ? 'hash_of' or rowtrail.full_name((d.value ->> 'hash_of')::oid::regclass) is not null)
    and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
$$;
comment on function rowtrail.gone_with_partitions(int, rowtrail.boundary, bigint) is
  'The condition, on rows r of rowtrail.replay_by_key() by the columns that the event shape_id left, under which a row went with a partition that was detached or dropped within the boundary; NULL where none was.';

create or replace function rowtrail.ends_erased(of_table int, version_id bigint, key text)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Nothing is erased of a row that is there. What ended it without a version went with its partition.
  select exists (
      select from rowtrail.versions as v
      cross join unnest(v.erased) as e (place)
      where v.table_id = of_table and v.id = version_id and starts_with(e.place, 'data.'))
    and coalesce(
      (
        select v.op in ('I', 'B') and v.old_key is null
        from rowtrail.versions as v
        where v.table_id = of_table and (v.row_key = key or v.old_key = key) and v.id > version_id and v.op not in ('T', 'S')
        order by v.id
        limit 1),
      true)
$$;
comment on function rowtrail.ends_erased(int, bigint, text) is
  'Whether the row ended with this version and no other, of which values were erased: the bound of the partition that it went with may not tell it any more.';

revoke all on function
  rowtrail.gone_with_partitions(int, rowtrail.boundary, bigint),
  rowtrail.ends_erased(int, bigint, text)
from public;
grant execute on function
  rowtrail.gone_with_partitions(int, rowtrail.boundary, bigint),
  rowtrail.ends_erased(int, bigint, text)
to rowtrail_reader;
