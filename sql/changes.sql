-- What changed: between two versions, and since a moment. All of it runs with the caller's rights.

create or replace function rowtrail.changes(
  since timestamptz, of_table regclass default null, by_actor text default null, of_column text default null,
  until timestamptz default 'infinity', oldest_first boolean default false, most int default 100)
returns table (
  changed_at timestamptz, table_name text, row_key text, op text, actor text, login text, changes jsonb, data jsonb,
  old_key text, context jsonb, transaction text, id bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  wanted_table int;
begin
  if of_table is not null then
    wanted_table := (rowtrail.registered(of_table)).id;
  end if;
  if wanted_table is not null and of_column is not null and not exists (
    select
    from rowtrail.tables as t
    cross join lateral jsonb_array_elements(rowtrail.columns_after(t, null)) as c
    where t.id = wanted_table and c.value ->> 'name' = of_column)
  then
    raise exception '% has no column %', rowtrail.full_name(of_table), of_column using errcode = 'undefined_column';
  end if;
  return query
  -- What the column was called when a version was recorded.
  with former_names as materialized (
    select
      t.id as table_id, m.after_id, m.before_id,
      coalesce(
        (select n.key from jsonb_each_text(m.names) as n where n.value = of_column),
        case when not m.names ? of_column then of_column end) as name
    from rowtrail.tables as t
    cross join lateral rowtrail.image_maps(t.id) as m
    where of_column is not null and (wanted_table is null or t.id = wanted_table)
  ),
  page as materialized (
    select v.*, k.is_move
    from rowtrail.versions as v
    cross join lateral (select v.op = 'I' and v.old_key is not null as is_move) as k
    left join former_names as f on f.table_id = v.table_id and v.id > f.after_id and v.id < f.before_id
    where v.changed_at >= since
      and v.changed_at <= until
      and (wanted_table is null or v.table_id = wanted_table)
      and (by_actor is null or v.actor = by_actor)
      and (
        of_column is null
        or case
          when k.is_move then rowtrail.changed_by_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.data)
          when v.op = 'U' then v.old
        end ? case when f.table_id is null then of_column else f.name end)
      and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
    order by
      case when oldest_first then v.changed_at end, case when oldest_first then v.id end, v.changed_at desc, v.id desc
    limit most
  ),
  maps as materialized (
    select t.table_id, m.*
    from (select distinct p.table_id from page as p) as t
    cross join lateral rowtrail.image_maps(t.table_id) as m
  )
  select
    p.changed_at, coalesce(rowtrail.full_name(t.relid), format('%I.%I', t.schema_name, t.table_name)), p.row_key,
    rowtrail.op_name(case when p.is_move then 'U' else p.op end), p.actor, p.login,
    (
      select jsonb_object_agg(coalesce(m.names ->> o.key, o.key), jsonb_build_array(o.value, p.data -> o.key))
      from jsonb_each(
        case
          when p.is_move then rowtrail.changed_by_move(p.table_id, p.old_key, p.era, p.xid, p.id, p.data)
          when p.op = 'U' then p.old
        end) as o
    ),
    p.data, p.old_key, p.context, p.era || '-' || p.xid::text, p.id
  from page as p
  join rowtrail.tables as t on t.id = p.table_id
  left join maps as m on m.table_id = p.table_id and p.id > m.after_id and p.id < m.before_id
  order by
    case when oldest_first then p.changed_at end, case when oldest_first then p.id end, p.changed_at desc, p.id desc;
end
$$;
comment on function rowtrail.changes(timestamptz, regclass, text, text, timestamptz, boolean, int) is
  'What changed since a moment, in all tables or one, newest first: select * from rowtrail.changes(now() - interval ''1 hour''); select * from rowtrail.changes(''2026-11-01'', ''orders'', by_actor => ''alice'', of_column => ''status'', most => 20); changes holds {"column": [old, new]} of an update, by the columns'' names of today. A column leaves the updates that changed it. A change is seen when its transaction commits, which can be after later ones: for people, not for copying changes elsewhere.';

create or replace function rowtrail.recent(most int default 100)
returns table (
  changed_at timestamptz, table_name text, row_key text, op text, actor text, login text, changes jsonb, data jsonb,
  old_key text, context jsonb, transaction text, id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- The index by id finds from when they are; nothing finds the newest of all time by time.
  select c.*
  from rowtrail.changes(
    (select min(n.changed_at) from (select v.changed_at from rowtrail.versions as v order by v.id desc limit most) as n),
    most => most) as c
$$;
comment on function rowtrail.recent(int) is
  'The last changes of all tables, newest first, as rowtrail.changes() has them: select * from rowtrail.recent(20); A move between partitions counts twice, so it can be fewer.';

-- A view has its owner's rights on tables, and a function in it the caller's: so it reads none but by
-- such a function, and shows what its reader may read. (security_invoker is of PostgreSQL 15.)
create or replace view rowtrail.recent_changes as
select
  c.changed_at, c.table_name, c.row_key, c.op, c.changes, c.actor, c.login, c.context ->> 'reason' as reason, c.transaction, c.id
from rowtrail.recent(1000) as c;
comment on view rowtrail.recent_changes is
  'The last 1000 changes, of the tables that you may read, newest first: table rowtrail.recent_changes; A WHERE looks among these only; rowtrail.changes() looks further back.';

create or replace function rowtrail.diff(a bigint, b bigint)
returns table (column_name text, path text[], before jsonb, after jsonb, kind text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  first_version record;
  second_version record;
begin
  select v.* into first_version from rowtrail.version_of(a) as v;
  select v.* into second_version from rowtrail.version_of(b) as v;
  if first_version.table_id <> second_version.table_id then
    raise exception 'versions % and % are of two tables', a, b
      using errcode = 'invalid_parameter_value', hint = 'Two versions of one table can be compared.';
  end if;
  return query
    select d.*
    from rowtrail.image_differences(
      first_version.data, first_version.verbatim, second_version.data, second_version.verbatim) as d;
end
$$;
comment on function rowtrail.diff(bigint, bigint) is
  'How the rows of two versions of one table, by their ids, differ: select * from rowtrail.diff(1200, 4700); one line for each column, or for each path within its JSON. kind is value; scale, where the number is the same (1.0, 1.00); type, where it is JSON of another type; text, where a json column only was written in another way; added or removed, where one of the two has no such thing. By the columns of today.';

create or replace function rowtrail.diff(of_table regclass, key text, since timestamptz, until timestamptz default 'infinity')
returns table (column_name text, path text[], before jsonb, after jsonb, kind text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select d.*
  from (select) as one
  left join rowtrail.as_of_row(of_table, key, since) as a on true
  left join rowtrail.as_of_row(of_table, key, until) as b on true
  left join rowtrail.version_of(a.id) as v on true
  left join rowtrail.version_of(b.id) as w on true
  cross join lateral rowtrail.image_differences(v.data, v.verbatim, w.data, w.verbatim) as d
$$;
comment on function rowtrail.diff(regclass, text, timestamptz, timestamptz) is
  'How a row differs between two moments, or since one: select * from rowtrail.diff(''orders'', ''42'', ''2026-11-01'', ''2026-11-08''); all is added or removed where there was no row at one of them.';

create or replace function rowtrail.version_of(
  version_id bigint, out table_id int, out data jsonb, out verbatim jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  recorded record;
begin
  if version_id is null then
    return;
  end if;
  select v.* into recorded
  from rowtrail.tables as t
  cross join lateral (
    select w.table_id, w.data, w.verbatim, w.op from rowtrail.versions as w where w.table_id = t.id and w.id = version_id
  ) as v;
  if recorded.table_id is null then
    raise exception 'there is no version %', version_id
      using errcode = 'no_data_found', hint = 'rowtrail.history() and rowtrail.changes() give the ids of versions.';
  elsif recorded.op in ('T', 'S') then
    raise exception 'version % is of no row: it is a %', version_id,
      case recorded.op when 'T' then 'TRUNCATE' else 'schema change' end
      using errcode = 'invalid_parameter_value', hint = 'Name a version of a row; schema changes are in rowtrail.schema_history().';
  end if;
  table_id := recorded.table_id;
  select
    coalesce(rowtrail.image_by(recorded.data, m.removed, m.filled, m.renamed), recorded.data),
    nullif(coalesce(rowtrail.image_by(recorded.verbatim, m.removed, '{}', m.renamed), recorded.verbatim), '{}')
  into data, verbatim
  from (select) as one
  -- What the version says is known, whatever was rewritten since.
  left join rowtrail.image_maps(recorded.table_id, null, 0) as m on version_id > m.after_id and version_id < m.before_id;
end
$$;
comment on function rowtrail.version_of(bigint) is
  'The row that a version has, by the columns of today, and its table; raises no_data_found where there is no such version.';

create or replace function rowtrail.image_differences(
  image_before jsonb, verbatim_before jsonb, image_after jsonb, verbatim_after jsonb)
returns table (column_name text, path text[], before jsonb, after jsonb, kind text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  with recursive pairs as (
    select n.name, '{}'::text[] as path, '{}'::text[] as sort_path, image_before -> n.name as before, image_after -> n.name as after
    from (
      select k.name from jsonb_object_keys(image_before) as k (name)
      union
      select k.name from jsonb_object_keys(image_after) as k (name)
    ) as n
    union all
    select
      p.name, p.path || s.key, p.sort_path || coalesce(lpad(s.place::text, 10, '0'), s.key),
      case when s.place is null then p.before -> s.key else p.before -> s.place end,
      case when s.place is null then p.after -> s.key else p.after -> s.place end
    from pairs as p
    cross join lateral (
      select k.key, null::int as place
      from (
        select o.key from jsonb_object_keys(case jsonb_typeof(p.before) when 'object' then p.before end) as o (key)
        union
        select o.key from jsonb_object_keys(case jsonb_typeof(p.after) when 'object' then p.after end) as o (key)
      ) as k
      where jsonb_typeof(p.before) = 'object'
      union all
      select i.place::text, i.place
      from generate_series(
        0,
        greatest(
          jsonb_array_length(case jsonb_typeof(p.before) when 'array' then p.before end),
          jsonb_array_length(case jsonb_typeof(p.after) when 'array' then p.after end)) - 1) as i (place)
      where jsonb_typeof(p.before) = 'array'
    ) as s
    where jsonb_typeof(p.before) = jsonb_typeof(p.after) and p.before::text <> p.after::text
  ),
  leaves as (
    select p.*
    from pairs as p
    where p.before::text is distinct from p.after::text
      and (jsonb_typeof(p.before) is distinct from jsonb_typeof(p.after) or jsonb_typeof(p.before) not in ('object', 'array'))
    union all
    select t.name, '{}', '{}', to_jsonb(t.before), to_jsonb(t.after)
    from (
      select
        k.name, coalesce(verbatim_before ->> k.name, (image_before -> k.name)::text) as before, coalesce(verbatim_after ->> k.name, (image_after -> k.name)::text) as after
      from (
        select v.name from jsonb_object_keys(verbatim_before) as v (name)
        union
        select v.name from jsonb_object_keys(verbatim_after) as v (name)
      ) as k
      where (image_before -> k.name)::text = (image_after -> k.name)::text
    ) as t
    where t.before <> t.after
  )
  select
    l.name, l.path, l.before, l.after,
    case
      when l.before is null then 'added'
      when l.after is null then 'removed'
      when (image_before #> (l.name || l.path))::text = (image_after #> (l.name || l.path))::text then 'text'
      when l.before = l.after then 'scale'
      when 'null' in (jsonb_typeof(l.before), jsonb_typeof(l.after)) or jsonb_typeof(l.before) = jsonb_typeof(l.after) then 'value'
      else 'type'
    end
  from leaves as l
  order by l.name, l.sort_path
$$;
comment on function rowtrail.image_differences(jsonb, jsonb, jsonb, jsonb) is
  'The lines of rowtrail.diff(), of two images and the texts of their json columns.';

revoke all on function
  rowtrail.changes(timestamptz, regclass, text, text, timestamptz, boolean, int),
  rowtrail.recent(int),
  rowtrail.diff(bigint, bigint),
  rowtrail.diff(regclass, text, timestamptz, timestamptz),
  rowtrail.version_of(bigint)
from public;
grant execute on function
  rowtrail.changes(timestamptz, regclass, text, text, timestamptz, boolean, int),
  rowtrail.recent(int),
  rowtrail.diff(bigint, bigint),
  rowtrail.diff(regclass, text, timestamptz, timestamptz),
  rowtrail.version_of(bigint)
to rowtrail_reader;
grant select on rowtrail.recent_changes to rowtrail_reader, rowtrail_limited_reader;
