-- Reading, for people in psql. All of it runs with the caller's rights: who may read the history
-- is decided by the grants and the policies on rowtrail.versions and rowtrail.tables (access.sql).

create or replace function rowtrail.history(of_table regclass, key text)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select h.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.row_history(t.id, rowtrail.key_from(t.key_columns, key)) as h
$$;
comment on function rowtrail.history(regclass, text) is
  'The versions of one row, newest first: select * from rowtrail.history(''orders'', 42); a composite key is a JSON array: rowtrail.history(''order_lines'', ''[42, 1]''). changes holds {"column": [old, new]}; moved the partitions from and to which an update moved the row, by their names of today; erased the places of values that were erased since, as data.email.';

create or replace function rowtrail.history(of_table regclass, key anyelement)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
as $$
  select h.* from rowtrail.history(of_table, to_jsonb(key) #>> '{}') as h
$$;
comment on function rowtrail.history(regclass, anyelement) is
  'The versions of one row, newest first, by a key of any type: a number, a uuid, a timestamp, a JSON array for a composite key.';

create or replace function rowtrail.registered(of_table regclass)
returns setof rowtrail.tables
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
begin
  return query select t.* from rowtrail.tables as t where t.relid = of_table;
  if not found and exists (select from rowtrail.tracking_of(of_table)) then
    raise exception 'the history of % is only for those who may read all of that table', rowtrail.full_name(of_table)
      using
        errcode = 'insufficient_privilege',
        hint = format('Let its owner run: grant select on %s to %I;', rowtrail.full_name(of_table), current_user);
  elsif not found then
    raise exception '% has no history: it was never tracked', rowtrail.full_name(of_table)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(of_table));
  end if;
end
$$;
comment on function rowtrail.registered(regclass) is
  'The registry''s row of a table that is or was tracked; raises undefined_object for another.';

create or replace function rowtrail.row_history(of_table int, key text)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  with maps as materialized (
    select m.* from rowtrail.image_maps(of_table) as m
  )
  select
    v.changed_at, rowtrail.op_name(case when k.is_move then 'U' else v.op end), v.actor, v.login,
    (
      -- By the columns' names of today; data stays as it was recorded.
      select jsonb_object_agg(coalesce(m.names ->> o.key, o.key), jsonb_build_array(o.value, v.data -> o.key))
      from jsonb_each(
        case when k.is_move then rowtrail.changed_by_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.data) else v.old end) as o
    ),
    v.data, v.row_key, v.old_key, v.context, v.xid, v.id,
    case when k.is_move then rowtrail.partitions_of_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.file) end,
    v.erased
  from rowtrail.versions as v
  cross join lateral (select v.op = 'I' and v.old_key is not null as is_move) as k
  left join maps as m on v.id > m.after_id and v.id < m.before_id
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.op not in ('T', 'S')
    and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
  order by v.id desc
$$;
comment on function rowtrail.row_history(int, text) is
  'What rowtrail.history() gives, by the table''s id in rowtrail.tables: also for a table that was dropped.';

-- An UPDATE that moves a row to another partition is two versions: D with the former key, and I with
-- the former key as its old_key. People read the I as the update, and not the D.

create or replace function rowtrail.is_moved_on(of_table int, key text, in_era int, in_xid xid8, version_id bigint)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from rowtrail.versions as v
    where v.table_id = of_table
      and v.old_key = key
      and v.id > version_id
      and v.op = 'I'
      and (v.era, v.xid) = (in_era, in_xid))
$$;
comment on function rowtrail.is_moved_on(int, text, int, xid8, bigint) is
  'Whether the delete of this key by this version is half of a move to another partition.';

create or replace function rowtrail.changed_by_move(
  of_table int, key_before text, in_era int, in_xid xid8, version_id bigint, data jsonb)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select rowtrail.changed_values(v.data, changed_by_move.data)
  from rowtrail.versions as v
  where v.table_id = of_table and v.row_key = key_before and v.id < version_id and v.op = 'D' and (v.era, v.xid) = (in_era, in_xid)
  order by v.id desc
  limit 1
$$;
comment on function rowtrail.changed_by_move(int, text, int, xid8, bigint, jsonb) is
  'What the columns that changed held before the move that ended in this version, as rowtrail.versions.old has it of an update.';

create or replace function rowtrail.partitions_of_move(
  of_table int, key_before text, in_era int, in_xid xid8, version_id bigint, file oid)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select array[
    (select rowtrail.full_name(c.oid::regclass) from pg_class as c where c.relfilenode = d.file and c.relispartition),
    (
      select rowtrail.full_name(c.oid::regclass)
      from pg_class as c
      where c.relfilenode = partitions_of_move.file and c.relispartition
    )
  ]
  from (
    select v.file
    from rowtrail.versions as v
    where v.table_id = of_table and v.row_key = key_before and v.id < version_id and v.op = 'D' and (v.era, v.xid) = (in_era, in_xid)
    order by v.id desc
    limit 1
  ) as d
$$;
comment on function rowtrail.partitions_of_move(int, text, int, xid8, bigint, oid) is
  'The partitions from and to which this version moved the row, by their names of today; NULL for one that is no partition any more, or was rewritten since.';

create or replace function rowtrail.op_name(op "char")
returns text
language sql
immutable
parallel safe
as $$
  select case op
    when 'I' then 'insert'
    when 'U' then 'update'
    when 'D' then 'delete'
    when 'T' then 'truncate'
    when 'B' then 'baseline'
    when 'S' then 'schema'
  end
$$;
comment on function rowtrail.op_name("char") is 'The word for the letter in rowtrail.versions.op.';

create or replace function rowtrail.key_from(key_columns text[], given text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(key_columns) > 1 and given !~ '^erased:[0-9]+$' then
    -- People write [42,1]; the key is kept as PostgreSQL writes it: [42, 1].
    return rowtrail.short_key(given::jsonb::text);
  end if;
  return rowtrail.short_key(given);
exception when invalid_text_representation then
  raise exception 'a row of this table is named by a JSON array of %, not by %', array_to_string(key_columns, ', '), given
    using errcode = 'invalid_parameter_value', hint = 'For example: ''[42, 1]''.';
end
$$;
comment on function rowtrail.key_from(text[], text) is
  'The key as rowtrail.versions.row_key has it, from what a person wrote.';

create or replace function rowtrail.replay(of_table int)
returns table (row_key text, data jsonb, verbatim jsonb)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select r.row_key, r.data, r.verbatim from rowtrail.replay_until(of_table, rowtrail.unbounded(), null) as r
$$;
comment on function rowtrail.replay(int) is
  'The rows that a table must have now by its versions alone, by the columns of today; a value that a schema change rewrote is left out until the row is recorded again. Compared with the table by rowtrail.differences().';

create or replace function rowtrail.unbounded()
returns rowtrail.boundary
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select row('infinity', null, null, null)::rowtrail.boundary
$$;
comment on function rowtrail.unbounded() is 'The boundary within which every version is: now.';

-- Pins no setting, so that it is inlined: it is asked of each version.
create or replace function rowtrail.is_within(bound rowtrail.boundary, era int, xid xid8, changed_at timestamptz)
returns boolean
language sql
immutable
parallel safe
as $$
  select changed_at <= bound.until
    and (bound.seen is null or era < bound.era or (era = bound.era and pg_visible_in_snapshot(xid, bound.seen)))
$$;
comment on function rowtrail.is_within(rowtrail.boundary, int, xid8, timestamptz) is
  'Whether what was recorded then, by this transaction, counts within the boundary.';

create or replace function rowtrail.is_reached(bound rowtrail.boundary, moment timestamptz)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select moment <= bound.until and (
    bound.until <> 'infinity'
    or bound.seen is null
    -- When a snapshot was taken shows in what it sees.
    or exists (
      select from rowtrail.versions as v
      where v.changed_at >= moment and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)))
$$;
comment on function rowtrail.is_reached(rowtrail.boundary, timestamptz) is
  'Whether the moment lies within the boundary.';

create or replace function rowtrail.replay_until(
  of_table int, bound rowtrail.boundary, shape_id bigint, of_key text default null, after_key text default null, until_key text default null)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  gone constant text := rowtrail.gone_with_partitions(of_table, bound, shape_id);
begin
  if (select t.key_attnums = '{}' from rowtrail.tables as t where t.id = of_table) then
    return query
      select r.* from rowtrail.replay_without_key(of_table, bound, shape_id) as r where of_key is null or r.row_key = of_key;
  elsif gone is null then
    return query select r.* from rowtrail.replay_by_key(of_table, bound, shape_id, of_key, after_key, until_key) as r;
  else
    return query execute format('select r.* from rowtrail.replay_by_key($1, $2, $3, $4, $5, $6) as r where not (%s)', gone)
    using of_table, bound, shape_id, of_key, after_key, until_key;
  end if;
end
$$;
comment on function rowtrail.replay_until(int, rowtrail.boundary, bigint, text, text, text) is
  'The rows that a table, or a key, or those after after_key until until_key, had by the versions within a boundary, by the columns that the event shape_id left (NULL: those of today); id and changed_at are those of each row''s newest version.';

create or replace function rowtrail.replay_by_key(
  of_table int, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text default null, until_key text default null)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
-- One key is found by index, all of them by a pass; and where a partition has no statistics yet, the
-- planner takes it for empty, and would compare each row with each.
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
  since timestamptz := (
    select t.keyed_since from rowtrail.tables as t where t.id = of_table and rowtrail.is_reached(bound, t.keyed_since));
  after_id constant bigint := greatest(
    (
      select max(t.id)
      from rowtrail.versions as t
      where t.table_id = of_table
        and t.row_key = ''
        and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped'))
        and rowtrail.is_within(bound, t.era, t.xid, t.changed_at)
    ),
    rowtrail.after_imports(of_table, bound));
  from_id constant bigint := case when of_key is not null then rowtrail.settled_at(of_table, bound, of_key) end;
begin
  return query
  with changes as (
    select v.id, v.era, v.xid, v.changed_at, v.op, v.row_key, v.old_key, v.data, v.old, v.verbatim
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.op not in ('T', 'S')
      and v.changed_at >= coalesce(since, '-infinity')
      and v.id > coalesce(after_id, -9223372036854775807)
      and v.id >= coalesce(from_id, -9223372036854775807)
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
      and (of_key is null or v.row_key = of_key or v.old_key = of_key)
      and (
        (after_key is null and until_key is null)
        or ((after_key is null or v.row_key > after_key) and (until_key is null or v.row_key <= until_key))
        or ((after_key is null or v.old_key > after_key) and (until_key is null or v.old_key <= until_key)))
  ),
  -- Where a baseline saw the row, it was there, whatever was known of it before.
  baselines as (
    select c.row_key as key, max(c.id) as id from changes as c where c.op = 'B' group by c.row_key
  ),
  -- What each change did to a key: it began to stand for a row, or ceased to.
  events as (
    select s.*
    from (
      select
        c.row_key as key, c.id, c.era, c.xid,
        case when c.op = 'D' then -1 when c.op in ('I', 'B') or c.old_key is not null then 1 else 0 end as step
      from changes as c
      union all
      select c.old_key, c.id, c.era, c.xid, -1
      from changes as c
      -- Of a move between partitions the delete is a version of its own.
      where c.old_key is not null and c.op = 'U'
    ) as s
    left join baselines as b on b.key = s.key
    where b.id is null or s.id >= b.id
  ),
  -- Within a transaction a key may pass from one row to another (two rows swap theirs), and begin
  -- anew before the event that ends its former row. Only what the transaction as a whole did to
  -- it counts: the last one that began or ended it, or that only changed its row, which was there
  -- then; where none did, its first event tells.
  transactions as (
    select
      e.key, e.era, e.xid, max(e.id) as last_id, min(e.step) < 0 and max(e.step) > 0 as is_shared,
      case when sum(e.step) <> 0 then sum(e.step) when bool_and(e.step = 0) then 1 else 0 end as net
    from events as e
    group by e.key, e.era, e.xid
  ),
  outcomes as (
    select distinct on (t.key) t.key, t.net
    from transactions as t
    order by t.key, t.net <> 0 desc, t.last_id desc
  ),
  firsts as (
    select distinct on (e.key) e.key, e.step
    from events as e
    order by e.key, e.id
  ),
  -- Where a key stood for two rows in one transaction, its newest image may be that of the row which
  -- left. An image is left when as many changes start from it as lead to it.
  shared as materialized (
    select t.key, t.era, t.xid from transactions as t where t.is_shared
  ),
  steps as (
    select s.*, c.id, c.data::text as image, 1 as step
    from changes as c
    join shared as s on (s.key, s.era, s.xid) = (c.row_key, c.era, c.xid)
    where c.op <> 'D'
    union all
    select s.*, c.id, (c.data || coalesce(c.old, '{}'))::text, -1
    from changes as c
    join shared as s on (s.key, s.era, s.xid) = (coalesce(c.old_key, c.row_key), c.era, c.xid)
    where c.op in ('U', 'D')
  ),
  stays as (
    select s.id, s.step, sum(s.step) over (
      partition by s.key, s.era, s.xid, s.image
      order by s.id desc, s.step desc
      rows unbounded preceding) as net
    from steps as s
  ),
  latest as (
    select distinct on (c.row_key) c.row_key, c.id, c.changed_at, c.data, c.verbatim
    from changes as c
    left join stays as s on s.id = c.id and s.step > 0
    where c.op <> 'D'
    order by c.row_key, coalesce(s.net <= 0, false), c.id desc
  )
  select
    l.row_key,
    case
      when m.after_id is null then l.data
      -- rowtrail.image_by(), without a call for each row.
      when m.renamed = '{}' then m.filled || (l.data - m.removed)
      else rowtrail.image_by(l.data, m.removed, m.filled, m.renamed)
    end,
    case when m.after_id is null then l.verbatim else nullif(rowtrail.image_by(l.verbatim, m.removed, '{}', m.renamed), '{}') end,
    l.id,
    l.changed_at
  from latest as l
  left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on l.id > m.after_id and l.id < m.before_id
  join outcomes as o on o.key = l.row_key
  join firsts as f on f.key = l.row_key
  where (of_key is null or l.row_key = of_key)
    and (after_key is null or l.row_key > after_key)
    and (until_key is null or l.row_key <= until_key)
    and (o.net > 0 or (o.net = 0 and f.step <= 0));
end
$$;
comment on function rowtrail.replay_by_key(int, rowtrail.boundary, bigint, text, text, text) is
  'rowtrail.replay_until() for a table with a key, with the rows that went with a partition.';

create or replace function rowtrail.after_imports(of_table int, bound rowtrail.boundary)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- A row of which the baseline found nothing was gone by then, whether the source knew it or not.
  select 0
  from rowtrail.tables as t
  where t.id = of_table and t.imported_until is not null and rowtrail.is_reached(bound, t.known_since)
$$;
comment on function rowtrail.after_imports(int, rowtrail.boundary) is
  'The id after which the versions of a table with a key count: 0, above all that were imported, once all its rows were recorded here; else NULL.';

create or replace function rowtrail.settled_at(of_table int, bound rowtrail.boundary, of_key text)
returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  looked_at constant int := 64;
begin
  return (
    with newest as materialized (
      select n.*
      from (
        (
          select
            v.id, v.era, v.xid,
            case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
          from rowtrail.versions as v
          where v.table_id = of_table
            and v.row_key = of_key
            and v.op not in ('T', 'S')
            and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
          order by v.id desc
          limit looked_at
        )
        union all
        (
          select v.id, v.era, v.xid, -1
          from rowtrail.versions as v
          where v.table_id = of_table
            and v.old_key = of_key
            and v.op = 'U'
            and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
          order by v.id desc
          limit looked_at
        )
      ) as n
      order by n.id desc
      limit looked_at
    ),
    transactions as (
      select
        n.era, n.xid, min(n.id) as first_id, max(n.id) as last_id,
        sum(n.step) <> 0 or bool_and(n.step = 0) as tells
      from newest as n
      group by n.era, n.xid
    )
    select t.first_id
    from transactions as t
    where t.tells
      -- The oldest of them may have begun before.
      and (t.first_id > (select min(n.id) from newest as n) or (select count(*) from newest as n) < looked_at)
    order by t.last_id desc
    limit 1);
end
$$;
comment on function rowtrail.settled_at(int, rowtrail.boundary, text) is
  'The first version of the last transaction that tells by itself whether there is a row of this key after it, so that nothing before it need be read; NULL where the newest versions do not tell.';

create or replace function rowtrail.replay_without_key(of_table int, bound rowtrail.boundary, shape_id bigint)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select h.row_key, h.data, h.verbatim, h.id, h.changed_at
  from rowtrail.held_without_key(of_table, bound, shape_id) as h
  cross join generate_series(1, h.copies)
$$;
comment on function rowtrail.replay_without_key(int, rowtrail.boundary, bigint) is
  'rowtrail.replay_until() for a table without a key: rows that hold the same come as often as there must be of them, without the columns that are ignored.';

create or replace function rowtrail.held_without_key(of_table int, bound rowtrail.boundary, shape_id bigint)
returns table (row_key text, data jsonb, verbatim jsonb, copies bigint, id bigint, changed_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Each version takes away a row that held what was before, and adds one that holds what is after.
  with known as (
    select
      t.ignored_columns, coalesce(max(v.id), -9223372036854775807) as after_id,
      case when rowtrail.is_reached(bound, t.keyed_since) then t.keyed_since end as keyed_since
    from rowtrail.tables as t
    left join rowtrail.versions as v
      on v.table_id = t.id
      and v.row_key = ''
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
      and (
        v.op = 'T'
        or (v.op = 'S' and (
          v.data ? 'dropped'
          or (v.data ? 'rewritten' and v.changed_at < t.baseline_at and rowtrail.is_reached(bound, t.baseline_at))))
      )
    where t.id = of_table
    group by t.id
  ),
  changes as (
    select
      v.id, v.changed_at, v.op,
      case when m.after_id is null then v.data else rowtrail.image_by(v.data, m.removed, m.filled, m.renamed) end as data,
      case when m.after_id is null then v.data || v.old
        else rowtrail.image_by(v.data || v.old, m.removed, m.filled, m.renamed) end as before,
      case when m.after_id is null then v.verbatim else nullif(rowtrail.image_by(v.verbatim, m.removed, '{}', m.renamed), '{}') end as verbatim,
      k.ignored_columns
    from known as k
    join rowtrail.versions as v on v.table_id = of_table and v.id > k.after_id and v.op not in ('T', 'S')
    left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on v.id > m.after_id and v.id < m.before_id
    where (k.keyed_since is null or v.changed_at >= k.keyed_since)
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
  ),
  steps as (
    select
      c.id, c.changed_at, c.data - c.ignored_columns as image, c.verbatim, case when c.op = 'D' then -1 else 1 end as step
    from changes as c
    union all
    select c.id, c.changed_at, c.before - c.ignored_columns, null, -1
    from changes as c
    where c.op = 'U'
  )
  -- Two rows that differ only in how their json columns were written have one key, as in capture().
  select
    encode(sha256(convert_to(s.image::text, getdatabaseencoding())), 'hex'), s.image::text::jsonb,
    (array_agg(s.verbatim order by s.id desc) filter (where s.step > 0))[1], sum(s.step),
    max(s.id) filter (where s.step > 0), max(s.changed_at) filter (where s.step > 0)
  from steps as s
  group by s.image::text
$$;
comment on function rowtrail.held_without_key(int, rowtrail.boundary, bigint) is
  'How many rows that hold the same there must be more than before tracking began, for a table without a key; less than none, where such were there before and went. id and changed_at are those of the newest version that left such a row.';

create or replace function rowtrail.copies_without_key(of_table int)
returns table (row_key text, copies bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select h.row_key, h.copies from rowtrail.held_without_key(of_table, rowtrail.unbounded(), null) as h
$$;
comment on function rowtrail.copies_without_key(int) is
  'What a baseline may know of rowtrail.held_without_key(): no values. Granted to rowtrail_capture only.';

create or replace function rowtrail.schema_history(of_table regclass)
returns table (
  changed_at timestamptz, actor text, login text, command text, statement text, changes jsonb,
  noticed_by text, context jsonb, xid xid8, id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    v.changed_at, v.actor, v.login, v.data ->> 'command', v.data ->> 'statement',
    (
      select jsonb_agg(jsonb_build_array(c.before, c.after) order by c.place)
      from rowtrail.schema_differences(v.data, v.old) with ordinality as c (what, name, before, after, place)
    ),
    v.data ->> 'noticed_by', v.context, v.xid, v.id
  from rowtrail.registered(of_table) as t
  join rowtrail.versions as v on v.table_id = t.id
  where v.row_key = '' and v.op = 'S'
  order by v.id desc
$$;
comment on function rowtrail.schema_history(regclass) is
  'The schema changes of a tracked table, newest first: select * from rowtrail.schema_history(''orders''); changes holds [before, after] for the table''s name and each column that differs.';

create or replace function rowtrail.schema_differences(data jsonb, old jsonb)
returns table (what text, name text, before text, after text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select
    'table', null, coalesce(old ->> 'table', data ->> 'table'), case when not data ? 'dropped' then data ->> 'table' end
  where old ? 'table' or data ? 'dropped'
  union all
  (
    select 'column', coalesce(a.name, b.name), b.described, a.described
    from (
      select o.value ->> 'name' as name, c.*
      from jsonb_each(old -> 'columns') as o
      cross join lateral rowtrail.column_described(o.value, data ? 'renumbered') as c
      where o.value <> 'null'
    ) as b
    full join (
      select n.value ->> 'name' as name, c.*
      from jsonb_array_elements(data -> 'columns') as n
      cross join lateral rowtrail.column_described(n.value, data ? 'renumbered') as c
      where data ? 'renumbered' or old -> 'columns' ? (n.value ->> 'number')
    ) as a on a.identity = b.identity
    where a.described is distinct from b.described
    order by coalesce(a.number, b.number)
  )
$$;
comment on function rowtrail.schema_differences(jsonb, jsonb) is
  'What an event, by its data and old, changed: the table''s name or a column, as it was before and after; NULL where there was none.';

create or replace function rowtrail.column_described(
  of_column jsonb, by_name boolean, out identity text, out number int, out described text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select
    of_column ->> case when by_name then 'name' else 'number' end,
    (of_column ->> 'number')::int,
    concat_ws(' ', of_column ->> 'name', of_column ->> 'type', (
      select '(' || string_agg(l.label, ', ' order by l.place) || ')'
      from jsonb_array_elements_text(of_column -> 'of' -> 'labels') with ordinality as l (label, place)))
$$;
comment on function rowtrail.column_described(jsonb, boolean) is
  'A column of an event as people read it: its name and type, and the labels of an enum.';

create or replace function rowtrail.image_now(of_table int, version_id bigint, data jsonb)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select rowtrail.image_by(data, m.removed, m.filled, m.renamed)
      from rowtrail.image_maps(of_table) as m
      where version_id > m.after_id and version_id < m.before_id
    ),
    data)
$$;
comment on function rowtrail.image_now(int, bigint, jsonb) is
  'The image of a row that this version has, by the columns of today: renamed ones under their names of today, without dropped ones, with what an added one gave the row. Left out is what is not known: a column that was excluded then, or whose values a schema change rewrote. Images from before the table was dropped stay as they are.';

create or replace function rowtrail.image_by(data jsonb, removed text[], filled jsonb, renamed jsonb)
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select filled || (data - removed) || coalesce(
    (select jsonb_object_agg(r.value #>> '{}', data -> r.key) from jsonb_each(renamed) as r where data ? r.key), '{}')
$$;
comment on function rowtrail.image_by(jsonb, text[], jsonb, jsonb) is 'An image by one of the rows of rowtrail.image_maps().';

create or replace function rowtrail.image_maps(of_table int, shape_id bigint default null, known_until bigint default null)
returns table (after_id bigint, before_id bigint, removed text[], filled jsonb, renamed jsonb, names jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  columns jsonb;  -- of that day: {"now", "was", "number"}; {"fill"} or {"is_unknown"} before there was one
  before jsonb;   -- the columns before the event
  event record;
begin
  select jsonb_agg(jsonb_build_object('now', n.value -> 'name', 'was', n.value -> 'name', 'number', n.value -> 'number'))
  into columns
  from rowtrail.tables as t
  cross join lateral jsonb_array_elements(rowtrail.columns_after(t, shape_id)) as n
  where t.id = of_table;

  -- Back through the events, newest first, that which nobody has recorded yet before all.
  for event in
    select e.id, e.data, e.old, coalesce(lead(e.id) over (order by e.id desc), -9223372036854775807) as former
    from (
      select v.id, v.data, v.old
      from rowtrail.versions as v
      -- An erasure, of which there may be many, changes no column.
      where v.table_id = of_table and v.row_key = '' and v.op = 'S' and v.id <= coalesce(shape_id, v.id) and not v.data ? 'erased'
      union all
      select
        9223372036854775807,
        case
          when c.data ? 'added' then jsonb_set(c.data, '{added}', (
            select coalesce(jsonb_object_agg(a.key, null), '{}')
            from jsonb_each(c.data -> 'added') as a where a.value -> 'missing' = 'false'))
          else c.data
        end,
        c.old
      from rowtrail.tables as t
      cross join lateral rowtrail.schema_change(t, true) as c
      where t.id = of_table and t.untracked_at is null and c.data is not null and shape_id is null
    ) as e
    order by e.id desc
  loop
    -- What was before a table was dropped has nothing to do with one that is there now.
    exit when event.data ? 'dropped';
    before := (
      select coalesce(jsonb_agg(b.value), '[]')
      from (
        select n.value
        from jsonb_array_elements(event.data -> 'columns') as n
        where not event.data ? 'renumbered' and not event.old -> 'columns' ? (n.value ->> 'number')
        union all
        select o.value from jsonb_each(event.old -> 'columns') as o where o.value <> 'null'
      ) as b);
    columns := (
      select jsonb_agg(
        case
          when c.value -> 'number' is null then c.value
          when b.value is not null then
            c.value
            || jsonb_build_object('was', b.value -> 'name', 'number', b.value -> 'number')
            || case when u.is_unknown then '{"is_unknown": true}' else '{}'::jsonb end
          when u.is_unknown or not coalesce(event.data -> 'added' ? (c.value ->> 'number'), false)
            then jsonb_build_object('now', c.value -> 'now', 'is_unknown', true)
          else jsonb_build_object('now', c.value -> 'now', 'fill', event.data -> 'added' -> (c.value ->> 'number'))
        end)
      from jsonb_array_elements(columns) as c
      cross join lateral (
        select
          c.value ? 'is_unknown'
          or (event.id <= coalesce(known_until, event.id) and coalesce(event.data -> 'rewritten' @> (c.value -> 'number'), false))
            as is_unknown
      ) as u
      left join lateral (
        select p.value
        from jsonb_array_elements(before) as p
        where case
          when event.data ? 'renumbered' then p.value -> 'name' = c.value -> 'was'
          else p.value -> 'number' = c.value -> 'number'
        end
      ) as b on true);

    after_id := event.former;
    before_id := event.id;
    select
      array(
        select p.value ->> 'name' from jsonb_array_elements(before) as p
        where not exists (
          select from jsonb_array_elements(columns) as c
          where c.value -> 'number' = p.value -> 'number'
            and c.value -> 'now' = c.value -> 'was'
            and not c.value ? 'is_unknown')),
      coalesce(jsonb_object_agg(c.value ->> 'now', c.value -> 'fill') filter (where c.value ? 'fill'), '{}'),
      coalesce(
        jsonb_object_agg(c.value ->> 'was', c.value -> 'now')
          filter (where c.value ? 'number' and c.value -> 'was' <> c.value -> 'now' and not c.value ? 'is_unknown'),
        '{}'),
      coalesce(
        jsonb_object_agg(c.value ->> 'was', c.value -> 'now')
          filter (where c.value ? 'number' and c.value -> 'was' <> c.value -> 'now'),
        '{}')
    into removed, filled, renamed, names
    from jsonb_array_elements(columns) as c;
    -- A column that is gone, while another one bears its name.
    names := names || (
      select coalesce(jsonb_object_agg(p.value ->> 'name', (p.value ->> 'name') || ' (dropped)'), '{}')
      from jsonb_array_elements(before) as p
      where exists (select from jsonb_array_elements(columns) as c where c.value -> 'now' = p.value -> 'name')
        and not exists (select from jsonb_array_elements(columns) as c where c.value -> 'number' = p.value -> 'number'));
    return next;
  end loop;
end
$$;
comment on function rowtrail.image_maps(int, bigint, bigint) is
  'How the images of a table''s versions with ids between after_id and before_id read by the columns of today, or by those that the event shape_id left: without the removed fields, with the filled ones unless they have them, and the renamed ones under their new names. names has the new name of each field that had another. What an event later than known_until rewrote is still known. No row for versions since the last schema change.';

create or replace function rowtrail.columns_after(known rowtrail.tables, shape_id bigint)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when shape_id is null then coalesce(rowtrail.shape_of(known.relid), known.shape) -> 'columns'
    else (
      select v.data -> 'columns'
      from rowtrail.versions as v
      where v.table_id = known.id and v.row_key = '' and v.op = 'S' and v.id = shape_id)
  end
$$;
comment on function rowtrail.columns_after(rowtrail.tables, bigint) is
  'The columns that this event of the table left, as rowtrail.shape_of() has them; with NULL those of today.';

revoke all on function
  rowtrail.copies_without_key(int),
  rowtrail.history(regclass, anyelement),
  rowtrail.history(regclass, text),
  rowtrail.row_history(int, text),
  rowtrail.is_moved_on(int, text, int, xid8, bigint),
  rowtrail.changed_by_move(int, text, int, xid8, bigint, jsonb),
  rowtrail.partitions_of_move(int, text, int, xid8, bigint, oid),
  rowtrail.schema_history(regclass),
  rowtrail.image_now(int, bigint, jsonb),
  rowtrail.image_maps(int, bigint, bigint),
  rowtrail.columns_after(rowtrail.tables, bigint),
  rowtrail.replay(int),
  rowtrail.replay_until(int, rowtrail.boundary, bigint, text, text, text),
  rowtrail.is_reached(rowtrail.boundary, timestamptz),
  rowtrail.replay_by_key(int, rowtrail.boundary, bigint, text, text, text),
  rowtrail.settled_at(int, rowtrail.boundary, text),
  rowtrail.after_imports(int, rowtrail.boundary),
  rowtrail.replay_without_key(int, rowtrail.boundary, bigint),
  rowtrail.held_without_key(int, rowtrail.boundary, bigint)
from public;
grant execute on function
  rowtrail.history(regclass, anyelement),
  rowtrail.history(regclass, text),
  rowtrail.row_history(int, text),
  rowtrail.is_moved_on(int, text, int, xid8, bigint),
  rowtrail.changed_by_move(int, text, int, xid8, bigint, jsonb),
  rowtrail.partitions_of_move(int, text, int, xid8, bigint, oid),
  rowtrail.schema_history(regclass),
  rowtrail.image_now(int, bigint, jsonb),
  rowtrail.image_maps(int, bigint, bigint),
  rowtrail.columns_after(rowtrail.tables, bigint),
  rowtrail.replay(int),
  rowtrail.replay_until(int, rowtrail.boundary, bigint, text, text, text),
  rowtrail.is_reached(rowtrail.boundary, timestamptz),
  rowtrail.replay_by_key(int, rowtrail.boundary, bigint, text, text, text),
  rowtrail.settled_at(int, rowtrail.boundary, text),
  rowtrail.after_imports(int, rowtrail.boundary),
  rowtrail.replay_without_key(int, rowtrail.boundary, bigint),
  rowtrail.held_without_key(int, rowtrail.boundary, bigint)
to rowtrail_reader;
grant execute on function rowtrail.copies_without_key(int) to rowtrail_capture;
