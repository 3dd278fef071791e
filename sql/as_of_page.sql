-- A page of a table as it was: its rows are asked for key by key, so that a page costs the same
-- however long the history. All of it runs with the caller's rights.

create or replace function rowtrail.page_as_of(
  of_table int, after_key text, most int, moment timestamptz, transaction text, snapshot pg_snapshot, looked_at int default 1000)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  a_time int := most;
  bound constant rowtrail.boundary := rowtrail.boundary_of(of_table, null, moment, transaction, snapshot);
  gone constant text := rowtrail.gone_with_partitions(of_table, bound, bound.event_id);
  keys text[];
  last_key text := after_key;
  looked int := 0;
  found_rows int := 0;
begin
  if (select t.key_attnums = '{}' from rowtrail.tables as t where t.id = of_table) then
    -- What names such a row is made of what it holds: no index finds it.
    return query
      select r.*
      from rowtrail.replay_until(of_table, bound, bound.event_id) as r
      where after_key is null or r.row_key > after_key
      order by r.row_key
      limit most;
    return;
  end if;
  loop
    keys := rowtrail.keys_after(of_table, last_key, a_time, bound.until);
    for row_key, data, verbatim, id, changed_at in execute
      'select r.* from rowtrail.replay_keys($1, $2, $3, $4) as r where ' || coalesce('not (' || gone || ')', 'true')
        || ' order by r.row_key'
      using of_table, bound, bound.event_id, keys
    loop
      return next;
      found_rows := found_rows + 1;
      if found_rows = most then
        return;
      end if;
    end loop;
    exit when cardinality(keys) < a_time;
    last_key := keys[a_time];
    looked := looked + a_time;
    -- Not all of them had a row: some more than are missing.
    a_time := greatest(2 * (most - found_rows), 16);
    if looked >= looked_at then
      row_key := last_key;
      data := null;
      verbatim := null;
      id := null;
      changed_at := null;
      return next;
      return;
    end if;
  end loop;
end
$$;
comment on function rowtrail.page_as_of(int, text, int, timestamptz, text, pg_snapshot, int) is
  'The next rows after a key, in the order of their keys, as rowtrail.rows_as_of() has them. About looked_at keys are looked at, at most: where they do not hold so many rows, the last line has only the key from which to go on. A table without a key is replayed as a whole.';

create or replace function rowtrail.keys_after(of_table int, after_key text, most int, until timestamptz)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set timezone = 'UTC'
-- Each step is one descent of the index by table and key, also while the planner knows no better.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  -- Partitions that began later hold nothing of what there was.
  before constant timestamptz := case
    when until < 'infinity' then date_trunc('month', until) + interval '1 month' else 'infinity' end;
begin
  return array(
    with recursive keys (key, place) as (
      (
        select v.row_key, 1
        from rowtrail.versions as v
        where v.table_id = of_table
          and (after_key is null or v.row_key > after_key)
          and v.changed_at < before
        order by v.row_key
        limit 1
      )
      union all
      select n.row_key, k.place + 1
      from keys as k
      cross join lateral (
        select v.row_key
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key > k.key and v.changed_at < before
        order by v.row_key
        limit 1
      ) as n
      where k.place < most
    )
    select k.key from keys as k order by k.place);
end
$$;
comment on function rowtrail.keys_after(int, text, int, timestamptz) is
  'The next keys after this one (NULL: from the first on), of rows of which something may have been recorded until then; also '''', the key of events.';

create or replace function rowtrail.replay_keys(of_table int, bound rowtrail.boundary, shape_id bigint, keys text[])
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
  looked_at constant int := 8;
  since constant timestamptz := (
    select coalesce(max(t.keyed_since), '-infinity')
    from rowtrail.tables as t where t.id = of_table and rowtrail.is_reached(bound, t.keyed_since));
  after_id constant bigint := greatest(
    -9223372036854775807,
    (
      select max(t.id)
      from rowtrail.versions as t
      where t.table_id = of_table
        and t.row_key = ''
        and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped'))
        and rowtrail.is_within(bound, t.era, t.xid, t.changed_at)
    ),
    rowtrail.after_imports(of_table, bound));
begin
  return query
  with told as (
    select k.key, l.*
    from unnest(keys) as k (key)
    -- The last transaction that mentions the key tells, where all that it did to it was to begin it or
    -- to change its row; or to end it.
    cross join lateral (
      select
        max(n.id) as id, (array_agg(n.changed_at order by n.id desc))[1] as changed_at,
        bool_and(n.step >= 0) as is_there,
        -- Also where nothing is known of it.
        coalesce(bool_and(n.step <= 0) and bool_or(n.step < 0), true) as is_gone
      from (
        select m.*, first_value(m.era) over newest as last_era, first_value(m.xid) over newest as last_xid
        from (
          (
            select
              v.id, v.changed_at, v.era, v.xid,
              case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
            from rowtrail.versions as v
            where v.table_id = of_table
              and v.row_key = k.key
              and v.op not in ('T', 'S')
              and v.changed_at >= since
              and v.id > after_id
              and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
            order by v.id desc
            limit looked_at
          )
          union all
          (
            select v.id, v.changed_at, v.era, v.xid, -1
            from rowtrail.versions as v
            where v.table_id = of_table
              and v.old_key = k.key
              and v.op = 'U'
              and v.changed_at >= since
              and v.id > after_id
              and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
            order by v.id desc
            limit looked_at
          )
          order by id desc
          limit looked_at
        ) as m
        window newest as (order by m.id desc)
      ) as n
      where (n.era, n.xid) = (n.last_era, n.last_xid)
      -- Where it fills what was looked at, it may have begun before.
      having count(*) < looked_at
    ) as l
  )
  select
    t.key,
    case
      when m.after_id is null then v.data
      else rowtrail.image_by(v.data, m.removed, m.filled, m.renamed)
    end,
    case when m.after_id is null then v.verbatim else nullif(rowtrail.image_by(v.verbatim, m.removed, '{}', m.renamed), '{}') end,
    v.id,
    v.changed_at
  from told as t
  cross join lateral (
    select v.id, v.changed_at, v.data, v.verbatim
    from rowtrail.versions as v
    where v.table_id = of_table and v.id = t.id and v.changed_at = t.changed_at
    limit 1
  ) as v
  left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on v.id > m.after_id and v.id < m.before_id
  where t.is_there
  union all
  select r.*
  from unnest(keys) as k (key)
  cross join lateral rowtrail.replay_by_key(of_table, bound, shape_id, k.key) as r
  where k.key not in (select t.key from told as t where t.is_there or t.is_gone);
end
$$;
comment on function rowtrail.replay_keys(int, rowtrail.boundary, bigint, text[]) is
  'What rowtrail.replay_by_key() gives for each of these keys, most of them by the last transaction that mentions the key alone.';

revoke all on function
  rowtrail.page_as_of(int, text, int, timestamptz, text, pg_snapshot, int),
  rowtrail.keys_after(int, text, int, timestamptz),
  rowtrail.replay_keys(int, rowtrail.boundary, bigint, text[])
from public;
grant execute on function
  rowtrail.page_as_of(int, text, int, timestamptz, text, pg_snapshot, int),
  rowtrail.keys_after(int, text, int, timestamptz),
  rowtrail.replay_keys(int, rowtrail.boundary, bigint, text[])
to rowtrail_reader;
