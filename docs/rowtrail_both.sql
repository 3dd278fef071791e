-- rowtrail_both.history('orders', 42): the history of a row out of two databases, in psql.
--
-- For the application's database where older versions were retired, after they were shipped to a
-- history database (rowtrail ship). Whatever is here comes from here; what is not, from there, by
-- postgres_fdw. docs/guides/one-history.md says how to run this, once, and who may call it then.
--
-- It only reads, and makes nothing in the schema rowtrail: no writer, and nothing of rowtrail's,
-- depends on it. To be rid of it, or before it is run anew: drop schema rowtrail_both cascade;

begin;

create schema rowtrail_both;
comment on schema rowtrail_both is
  'Reads the history in this database and that in its history database, the server rowtrail_history, as one.';

-- What is asked there. A table has the same number in both, and a version the same id.

create foreign table rowtrail_both.versions (
  id bigint not null,
  changed_at timestamptz not null,
  xid xid8 not null,
  table_id int not null,
  era int not null,
  file oid,
  op "char" not null,
  row_key text not null,
  old_key text,
  actor text,
  login text not null,
  data jsonb,
  old jsonb,
  context jsonb,
  erased text[]
) server rowtrail_history options (schema_name 'rowtrail');
comment on foreign table rowtrail_both.versions is
  'rowtrail.versions in the history database; rowtrail_both.history() shows which of them count.';

create foreign table rowtrail_both.seals (
  id bigint not null,
  hash bytea not null
) server rowtrail_history options (schema_name 'rowtrail');
comment on foreign table rowtrail_both.seals is 'rowtrail.seals in the history database.';

create foreign table rowtrail_both.imports (
  id bigint not null
) server rowtrail_history options (schema_name 'rowtrail');
comment on foreign table rowtrail_both.imports is 'rowtrail.imports in the history database.';

create foreign table rowtrail_both.origin (
  id uuid not null
) server rowtrail_history options (schema_name 'rowtrail');
comment on foreign table rowtrail_both.origin is
  'rowtrail.origin in the history database, where it has one row; in another database it has none.';

-- Volatile, so that it sees all that was sealed here before the history database is asked. That one is
-- read as it was when the transaction first asked it, and what was retired here since is then missing.
create function rowtrail_both.require_one_history()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  last record;
begin
  if not exists (select from rowtrail_both.origin) then
    raise exception 'the server rowtrail_history is no history database: it holds no history of another database'
      using errcode = 'object_not_in_prerequisite_state', hint = 'Name the one to which rowtrail ship brings this history: alter server rowtrail_history options (set dbname ''...'');';
  end if;
  select s.id, s.hash into last from rowtrail_both.seals as s order by s.id desc limit 1;
  if not found then
    raise exception 'nothing was shipped to the history database yet'
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail ship';
  elsif not exists (select from rowtrail.seals as s where s.id = last.id and s.hash = last.hash) then
    raise exception 'the history database holds the history of another database: its seal % is not one of here', last.id
      using errcode = 'object_not_in_prerequisite_state', hint = 'Name the one to which rowtrail ship brings this history: alter server rowtrail_history options (set dbname ''...'');';
  elsif exists (select from rowtrail.retired_leaves as r where r.seal_id > last.id)
    or exists (
      select from unnest((select s.imports from rowtrail.shipping as s order by s.id desc limit 1)) as i (id)
      where i.id not in (select t.id from rowtrail_both.imports as t))
  then
    raise exception 'the history database lacks what was retired here: it has seal % as its last', last.id
      using errcode = 'object_not_in_prerequisite_state', hint = 'Ask again in another transaction; if it was set back to a backup, restore it to a later moment.';
  end if;
end
$$;
comment on function rowtrail_both.require_one_history() is
  'Raises object_not_in_prerequisite_state unless the server rowtrail_history is the history database of this history and has all that was retired here.';

create function rowtrail_both.versions_under(of_table int, keys text[], complete_from timestamptz)
returns setof rowtrail_both.versions
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set plan_cache_mode = force_custom_plan
-- Each that came from there is looked for here by index, however many they are.
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  -- A key that was erased: of these versions too, once it is erased there.
  listed constant bigint[] := array(
    select l.id::bigint
    from rowtrail.versions as e
    cross join lateral jsonb_object_keys(e.data -> 'erased' -> 'elsewhere') as l (id)
    where e.table_id = of_table and e.row_key = '' and e.op = 'S' and 'erased:' || e.id = any (keys));
  older rowtrail_both.versions[];
  erasure bigint;
begin
  if keys = '{}' then
    return;
  end if;
  -- Nothing else was retired here than what was recorded before that moment.
  older := array(
    select v
    from rowtrail_both.versions as v
    where v.table_id = of_table
      and v.changed_at < complete_from
      and (v.row_key = any (keys) or v.old_key = any (keys) or v.id = any (listed))
      and v.op not in ('T', 'S'));

  select e.id into erasure
  from rowtrail.versions as e
  cross join lateral jsonb_each(e.data -> 'erased' -> 'elsewhere') as l (id, places)
  join unnest(older) as o on o.id = l.id::bigint
  where e.table_id = of_table
    and e.row_key = ''
    and e.op = 'S'
    and e.data -> 'erased' ? 'elsewhere'
    and not coalesce(o.erased, '{}') @> array(select jsonb_array_elements_text(l.places))
  limit 1;
  if found then
    raise exception 'values of this row were erased, by event %, and the history database has them still', erasure
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal; rowtrail ship; then again, in another transaction.';
  end if;

  return query
  select
    v.id, v.changed_at, v.xid, v.table_id, v.era, v.file, v.op, v.row_key, v.old_key, v.actor, v.login, v.data, v.old, v.context, v.erased
  from rowtrail.versions as v
  where v.table_id = of_table and (v.row_key = any (keys) or v.old_key = any (keys)) and v.op not in ('T', 'S')
  union all
  select o.*
  from unnest(older) as o
  -- Of what both have that of here counts: it may have been erased since.
  where not exists (
    select from rowtrail.versions as v where v.table_id = of_table and v.id = o.id and v.changed_at = o.changed_at);
end
$$;
comment on function rowtrail_both.versions_under(int, text[], timestamptz) is
  'The versions of a table under any of these keys, or that ended one of them, out of both databases, each once. Raises object_not_in_prerequisite_state where values were erased here that are there still.';

create function rowtrail_both.row_history(of_table int, key text)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  complete_from constant timestamptz := (select t.complete_from from rowtrail.tables as t where t.id = of_table);
begin
  if complete_from is null then
    -- Nothing of it was retired: all is here.
    return query select h.* from rowtrail.row_history(of_table, key) as h;
    return;
  end if;
  perform rowtrail_both.require_one_history();
  return query
  -- From here on as rowtrail.row_history(), over the versions of both. The events of schema changes
  -- are never retired, so the names of today are those that are known here.
  with maps as materialized (
    select m.* from rowtrail.image_maps(of_table) as m
  ),
  own as materialized (
    select v.* from rowtrail_both.versions_under(of_table, array[key], complete_from) as v
  ),
  -- Of a move that also changed the key, the delete is under the former key.
  deletes as materialized (
    select v.* from own as v where v.op = 'D'
    union all
    select v.*
    from rowtrail_both.versions_under(
      of_table,
      array(select o.old_key from own as o where o.row_key = key and o.op = 'I' and o.old_key <> key),
      complete_from) as v
    where v.op = 'D' and v.row_key <> key
  )
  select
    v.changed_at, rowtrail.op_name(case when k.is_move then 'U' else v.op end), v.actor, v.login,
    (
      select jsonb_object_agg(coalesce(m.names ->> o.key, o.key), jsonb_build_array(o.value, v.data -> o.key))
      from jsonb_each(case when k.is_move then rowtrail.changed_values(d.data, v.data) else v.old end) as o
    ),
    v.data, v.row_key, v.old_key, v.context, v.xid, v.id,
    case when k.is_move and d.id is not null then array[
      (select rowtrail.full_name(c.oid::regclass) from pg_class as c where c.relfilenode = d.file and c.relispartition),
      (select rowtrail.full_name(c.oid::regclass) from pg_class as c where c.relfilenode = v.file and c.relispartition)
    ] end,
    v.erased
  from own as v
  cross join lateral (select v.op = 'I' and v.old_key is not null as is_move) as k
  left join lateral (
    select h.id, h.file, h.data
    from deletes as h
    where k.is_move and h.row_key = v.old_key and h.id < v.id and (h.era, h.xid) = (v.era, v.xid)
    order by h.id desc
    limit 1
  ) as d on true
  left join maps as m on v.id > m.after_id and v.id < m.before_id
  where (v.row_key = key or v.old_key = key)
    and not (v.op = 'D' and exists (
      select from own as i
      where i.old_key = v.row_key and i.id > v.id and i.op = 'I' and (i.era, i.xid) = (v.era, v.xid)))
  order by v.id desc;
end
$$;
comment on function rowtrail_both.row_history(int, text) is
  'What rowtrail_both.history() gives, by the table''s id in rowtrail.tables: also for a table that was dropped.';

create function rowtrail_both.history(of_table regclass, key text)
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
  cross join lateral rowtrail_both.row_history(t.id, rowtrail.key_from(t.key_columns, key)) as h
$$;
comment on function rowtrail_both.history(regclass, text) is
  'What rowtrail.history() would give if nothing had been retired here: the versions of one row, newest first, those that are not here out of the history database.';

create function rowtrail_both.history(of_table regclass, key anyelement)
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
  select h.* from rowtrail_both.history(of_table, to_jsonb(key) #>> '{}') as h
$$;
comment on function rowtrail_both.history(regclass, anyelement) is
  'The same by a key of any type, as rowtrail.history() takes it: select * from rowtrail_both.history(''orders'', 42);';

grant usage on schema rowtrail_both to rowtrail_reader;
grant select on all tables in schema rowtrail_both to rowtrail_reader;

commit;
