-- Shipping: `rowtrail ship` copies the history, seal by seal, to a history database, which is another
-- PostgreSQL with rowtrail in it. What is retired here is complete there.
--
-- Here, rowtrail.shipping says up to which seal all is there, verified. There, rowtrail.origin says whose
-- history it is: the one row of it is what makes a database a history database. It records nothing itself,
-- and seals nothing; what it has are the versions, seals, leaves and salts of its origin, as they were made.

create or replace function rowtrail.origin()
returns rowtrail.origin
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select o from rowtrail.origin as o
$$;
comment on function rowtrail.origin() is
  'In a history database, whose history it holds; NULL in another one: select (rowtrail.origin()).*;';

create or replace function rowtrail.is_history_database()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from rowtrail.origin)
$$;
comment on function rowtrail.is_history_database() is
  'Whether this database holds the history of another one, which rowtrail ship brings.';

create or replace function rowtrail.shipping_now()
returns rowtrail.shipping
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select s from rowtrail.shipping as s where s.ended_at is null
$$;
comment on function rowtrail.shipping_now() is
  'Where the history is shipped to, and how far that has come; NULL where it is not shipped.';

create or replace function rowtrail.require_no_history_database(what text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant rowtrail.origin := rowtrail.origin();
begin
  if origin.id is not null then
    raise exception '% is not for a history database; this one holds the history of the database %', what, origin.database
      using errcode = 'object_not_in_prerequisite_state', hint = format('Do it in the database %s; rowtrail ship brings what is sealed there.', origin.database);
  end if;
end
$$;
comment on function rowtrail.require_no_history_database(text) is
  'Raises object_not_in_prerequisite_state in a history database, where nothing is recorded or sealed but by its origin.';

-- Here: what is to be shipped, and how far that has come.

create or replace function rowtrail.unshipped(
  out place text, out seal_id bigint, out shipped_at timestamptz, out seals bigint, out versions bigint, out oldest timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select n.place, n.seal_id, n.shipped_at, s.seals, s.versions, s.oldest
  from rowtrail.shipping as n
  cross join lateral (
    select count(*) as seals, coalesce(sum(m.versions), 0)::bigint as versions, min(m.sealed_at) as oldest
    from rowtrail.seals as m
    where m.id > n.seal_id
  ) as s
  where n.ended_at is null
$$;
comment on function rowtrail.unshipped() is
  'How many seals, with how many versions, the history database has not got yet, and when the oldest of them was made; the last that it has, and since when that is known. NULL where the history is not shipped.';

create or replace function rowtrail.begin_shipping(history uuid, to_place text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.shipping;
begin
  perform rowtrail.require_no_history_database('shipping');
  lock table rowtrail.shipping in exclusive mode;
  known := rowtrail.shipping_now();
  if known.id is null then
    insert into rowtrail.shipping (history_id, place, begun_at, begun_by) values (history, to_place, clock_timestamp(), session_user);
  elsif known.history_id <> history then
    raise exception 'this history is shipped to another history database, at %', known.place
      using errcode = 'object_not_in_prerequisite_state', hint = 'End that first: rowtrail ship --stop --reason ...';
  elsif known.place <> to_place then
    update rowtrail.shipping as s set place = to_place where s.id = known.id;
  end if;
end
$$;
comment on function rowtrail.begin_shipping(uuid, text) is
  'The part of `rowtrail ship` that notes which history database gets the history: from then on only what is there is retired here.';

create or replace function rowtrail.note_shipped(history uuid, seal bigint, hash bytea, of_imports bigint[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Not while it is looked at what may be retired.
  lock table rowtrail.shipping in exclusive mode;
  if seal > 0 and not exists (select from rowtrail.seals as s where s.id = seal and s.hash = note_shipped.hash) then
    raise exception 'seal % with that hash is not here, so it was not shipped from here', seal using errcode = 'no_data_found';
  end if;
  update rowtrail.shipping as s
  set seal_id = seal, hash = note_shipped.hash, imports = of_imports, shipped_at = clock_timestamp()
  where s.ended_at is null and s.history_id = history;
  if not found then
    raise exception 'shipping to this history database was ended meanwhile' using errcode = 'object_not_in_prerequisite_state';
  end if;
end
$$;
comment on function rowtrail.note_shipped(uuid, bigint, bytea, bigint[]) is
  'The part of `rowtrail ship` that notes up to which seal all is in the history database, verified, and which imports.';

create or replace function rowtrail.stop_shipping(why text)
returns rowtrail.shipping
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ended rowtrail.shipping;
begin
  if coalesce(btrim(why), '') = '' then
    raise exception 'why is the history not shipped any more?' using errcode = 'invalid_parameter_value', hint = 'Give a reason.';
  end if;
  update rowtrail.shipping as s
  set ended_at = clock_timestamp(), ended_by = session_user, reason = rowtrail.clean(why, 1000)
  where s.ended_at is null
  returning s.* into ended;
  return ended;
end
$$;
comment on function rowtrail.stop_shipping(text) is
  'The part of `rowtrail ship --stop` that ends it: what is retired from then on need not be in the history database. Gives what was ended; NULL where nothing was shipped.';

create or replace function rowtrail.is_shipped(era int, id bigint, xid xid8, shipped rowtrail.seals)
returns boolean
language sql
stable
as $$
  select shipped.id is not null
    and (era < shipped.era
      or (era = shipped.era and (shipped.ends_era or (pg_visible_in_snapshot(xid, shipped.seen) and is_shipped.id <= shipped.max_id))))
$$;
comment on function rowtrail.is_shipped(int, bigint, xid8, rowtrail.seals) is
  'Whether a version of this era, id and transaction is in this seal, or in one before it.';

create or replace function rowtrail.shipped_tables()
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  -- What is kept how long is a matter of each database.
  -- Since when it is complete here is so there of a table of which nothing came before.
  select jsonb_agg(to_jsonb(t) - '{relid,retention,retired_until,baseline_after}'::text[] order by t.id)
  from rowtrail.tables as t
$$;
comment on function rowtrail.shipped_tables() is 'The registry, as a history database gets it.';

create or replace function rowtrail.shipped_seal(number bigint)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set bytea_output = 'hex'
as $$
declare
  made rowtrail.seals;
  lowest bigint;
  highest bigint;
begin
  select s.* into strict made from rowtrail.seals as s where s.id = number;
  select min(l.ids[1]), max(l.ids[cardinality(l.ids)]) into lowest, highest from rowtrail.seal_leaves as l where l.seal_id = number;
  return jsonb_build_object(
    'seal', to_jsonb(made),
    'eras', (select jsonb_agg(to_jsonb(e) order by e.era) from rowtrail.eras as e where e.era <= made.era + made.ends_era::int),
    'retired', (select coalesce(jsonb_agg(to_jsonb(r)), '[]') from rowtrail.retired_leaves as r where r.seal_id = number),
    -- What was retired before it could be shipped.
    'departures', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'number', d.retirement, 'versions', d.versions, 'until', e.until, 'tables', coalesce(e.tables, '[]'), 'table_ids', coalesce(e.table_ids, '[]'),
        'reason', e.reason, 'login', e.login, 'at', e.at)), '[]')
      from (
        select r.retirement, sum(r.versions)::bigint as versions from rowtrail.retired_leaves as r where r.seal_id = number group by 1
      ) as d
      cross join lateral (
        select
          min((v.data -> 'retired' ->> 'until')::timestamptz) as until, jsonb_agg(format('%I.%I', t.schema_name, t.table_name) order by t.id) as tables,
          jsonb_agg(t.id) as table_ids,
          min(v.context ->> 'reason') as reason, min(v.login) as login, min(v.changed_at) as at
        from rowtrail.tables as t
        join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S'
        where (v.data -> 'retired' ->> 'retirement')::bigint = d.retirement
      ) as e),
    -- The erasures that it closes.
    'erasures', (
      select coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'table_id', v.table_id, 'erased', v.data -> 'erased') order by v.id), '[]')
      from rowtrail.erasures_in(number) as v),
    -- Those of its versions of which values were erased, as an event says, of this seal or a later one.
    'erased', (
      select coalesce(jsonb_agg(distinct i.id), '[]')
      from rowtrail.tables as t
      join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S' and v.id >= lowest
      cross join lateral (select i.id::bigint as id from jsonb_array_elements_text(v.data -> 'erased' -> 'versions') as i (id)) as i
      where v.data ? 'erased'
        and i.id between lowest and highest
        and exists (select from rowtrail.seal_leaves as l where l.seal_id = number and i.id = any (l.ids))));
end
$$;
comment on function rowtrail.shipped_seal(bigint) is
  'What a history database gets with the versions and leaves of a seal.';

create or replace function rowtrail.erasures_in(number bigint)
returns setof rowtrail.versions
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select v.*
  from (select min(l.ids[1]) as lowest, max(l.ids[cardinality(l.ids)]) as highest from rowtrail.seal_leaves as l where l.seal_id = number) as r
  cross join rowtrail.tables as t
  join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S' and v.id between r.lowest and r.highest
  where v.data ? 'erased' and exists (select from rowtrail.seal_leaves as l where l.seal_id = number and v.id = any (l.ids))
$$;
comment on function rowtrail.erasures_in(bigint) is 'The events of erasures that a seal closes.';

create or replace function rowtrail.erased_by_seal(number bigint)
returns setof rowtrail.versions
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select v.*
  from (
    select distinct e.table_id, i.id::bigint as id
    from rowtrail.erasures_in(number) as e
    cross join lateral jsonb_array_elements_text(e.data -> 'erased' -> 'versions') as i (id)
  ) as w
  join rowtrail.versions as v on v.table_id = w.table_id and v.id = w.id
$$;
comment on function rowtrail.erased_by_seal(bigint) is
  'The versions, as they are now, of which the erasures that a seal closes took values.';

create or replace function rowtrail.shipped_import(number bigint)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set bytea_output = 'hex'
as $$
  select jsonb_build_object(
    'import', to_jsonb(i),
    'import_tables', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from rowtrail.import_tables as t where t.import_id = i.id),
    'erased', (select coalesce(jsonb_agg(v.id), '[]') from rowtrail.imported_by(i.id) as v where v.erased is not null),
    -- What was retired before it could be shipped.
    'departures', (
      select coalesce(jsonb_agg(jsonb_build_object('until', r.complete_from, 'table_ids', jsonb_build_array(r.id))), '[]')
      from rowtrail.import_tables as t
      join rowtrail.tables as r on r.id = t.table_id
      where t.import_id = i.id and t.versions > (select count(*) from rowtrail.imported_by(i.id) as v where v.table_id = t.table_id)))
  from rowtrail.imports as i
  where i.id = number
$$;
comment on function rowtrail.shipped_import(bigint) is 'What a history database gets with the versions and leaves of an import.';

create or replace function rowtrail.imported_by(number bigint)
returns setof rowtrail.versions
language sql
stable
as $$
  select v.*
  from rowtrail.imports as i
  join rowtrail.import_tables as t on t.import_id = i.id
  join rowtrail.versions as v on v.table_id = t.table_id and v.id between i.first_id and i.first_id + i.rows - 1 and v.era = 0
  where i.id = number
$$;
comment on function rowtrail.imported_by(bigint) is 'The versions that an import brought, as they are now.';

-- There: what comes is taken in, by the owner of the schema, in one transaction for each seal and import.
-- rowtrail ship puts it into these temporary tables, beside what goes into the tables of the history as it is:
--   came (said jsonb)                         what rowtrail.shipped_seal() or rowtrail.shipped_import() said
--   came_versions, came_salts, came_erased    of versions of which values were erased since they came

create or replace function rowtrail.become_history_database(id uuid, system_identifier bigint, database text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  found_there text;
begin
  -- Whoever begins to track a table has it locked too.
  lock table rowtrail.origin in exclusive mode;
  select w.what into found_there
  from (
    select 1, 'it is one already' where exists (select from rowtrail.origin)
    union all
    select 2, format('tables are tracked in it: %s', string_agg(format('%I.%I', t.schema_name, t.table_name), ', ' order by t.id)) from rowtrail.tables as t having count(*) > 0
    union all
    select 3, 'it has versions of its own' where exists (select from rowtrail.versions)
    union all
    select 4, 'it has seals of its own' where exists (select from rowtrail.seals)
    union all
    select 5, 'it has imports of its own' where exists (select from rowtrail.imports)
  ) as w (place, what)
  order by w.place
  limit 1;
  if found_there is not null then
    raise exception 'the database % cannot become a history database: %', current_database(), found_there
      using errcode = 'object_not_in_prerequisite_state', hint = 'Make an empty one for it: create database history;';
  end if;
  insert into rowtrail.origin (id, system_identifier, database, since)
  values (become_history_database.id, become_history_database.system_identifier, become_history_database.database, clock_timestamp());
  delete from rowtrail.eras;
end
$$;
comment on function rowtrail.become_history_database(uuid, bigint, text) is
  'The part of `rowtrail ship` that makes an empty database the history database of another one.';

create or replace function rowtrail.move_origin(system_identifier bigint, database text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  update rowtrail.origin as o set system_identifier = move_origin.system_identifier, database = move_origin.database
$$;
comment on function rowtrail.move_origin(bigint, text) is
  'The part of `rowtrail ship --moved` that notes where the database is now whose history this is.';

create or replace function rowtrail.summarize_times()
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(brin_summarize_new_values(i.inhrelid)), 0)::bigint
  from pg_inherits as i
  where i.inhparent = 'rowtrail.versions_time'::regclass
$$;
comment on function rowtrail.summarize_times() is
  'Lets the index by time and transaction know of what has come, so that the versions of the next seal are found by it; autovacuum would do so later.';

create or replace function rowtrail.receive_tables(said jsonb)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  insert into rowtrail.tables as r
  overriding system value
  select w.*
  from jsonb_array_elements(said) as t
  cross join lateral jsonb_populate_record(
    null::rowtrail.tables,
    -- No table has such a number.
    t.value || jsonb_build_object('relid', 4294967295 - (t.value ->> 'id')::bigint)
    || coalesce(
      (
        select jsonb_build_object('retention', o.retention, 'retired_until', o.retired_until, 'complete_from', o.complete_from)
        from rowtrail.tables as o
        where o.id = (t.value ->> 'id')::int),
      '{}')) as w
  on conflict (id) do update set
    (schema_name, table_name, key_columns, key_attnums, excluded_columns, excluded_attnums, hashed_columns, hashed_attnums, ignored_columns,
      ignored_attnums, kept_attnums, truncate_rows, is_erasable, erasable_since, capture_arguments, keyed_since, actor_policy, tracked_since,
      tracked_by, untracked_at, baseline_at, baseline_id, baseline_done_at, shape, partitions, is_rewritten, rewritten_at, imported_until, known_since)
    = (excluded.schema_name, excluded.table_name, excluded.key_columns, excluded.key_attnums, excluded.excluded_columns, excluded.excluded_attnums,
      excluded.hashed_columns, excluded.hashed_attnums, excluded.ignored_columns, excluded.ignored_attnums, excluded.kept_attnums,
      excluded.truncate_rows, excluded.is_erasable, excluded.erasable_since, excluded.capture_arguments, excluded.keyed_since, excluded.actor_policy,
      excluded.tracked_since, excluded.tracked_by, excluded.untracked_at, excluded.baseline_at, excluded.baseline_id, excluded.baseline_done_at,
      excluded.shape, excluded.partitions, excluded.is_rewritten, excluded.rewritten_at, excluded.imported_until, excluded.known_since)
  where to_jsonb(r) is distinct from to_jsonb(excluded)
$$;
comment on function rowtrail.receive_tables(jsonb) is 'The part of `rowtrail ship` that takes the registry in.';

create or replace function rowtrail.receive_seal()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  said constant jsonb := (select c.said from pg_temp.came as c);
  made constant rowtrail.seals := jsonb_populate_record(null::rowtrail.seals, said -> 'seal');
  now_in constant int := made.era + made.ends_era::int;
  erasure jsonb;
begin
  insert into rowtrail.seals select made.*;
  insert into rowtrail.eras
  select e.* from jsonb_populate_recordset(null::rowtrail.eras, said -> 'eras') as e
  on conflict (era) do nothing;
  insert into rowtrail.retired_leaves
  select r.* from jsonb_populate_recordset(null::rowtrail.retired_leaves, said -> 'retired') as r;
  insert into rowtrail.departures as d (number, until, tables, versions, leaves_hash, reason, login, at)
  select
    w.number, w.until, array(select jsonb_array_elements_text(w.tables)), w.versions, rowtrail.retirement_hash(w.number), w.reason,
    coalesce(w.login, session_user), coalesce(w.at, clock_timestamp())
  from jsonb_to_recordset(said -> 'departures') as w (
    number bigint, until timestamptz, tables jsonb, versions bigint, reason text, login text, at timestamptz)
  on conflict (number) do update set versions = d.versions + excluded.versions, leaves_hash = excluded.leaves_hash;
  perform rowtrail.note_incomplete(said -> 'departures');
  for erasure in select e.value from jsonb_array_elements(said -> 'erasures') as e loop
    perform rowtrail.receive_erasure(erasure);
  end loop;
  perform rowtrail.note_received((said -> 'erased') || (
    -- They came as they are now: of what was erased of them since, the event is still to come.
    select coalesce(jsonb_agg(i.id), '[]')
    from jsonb_array_elements(said -> 'erasures') as e
    cross join lateral jsonb_array_elements(e.value -> 'erased' -> 'versions') as i (id)));
  update rowtrail.origin as o set seal_id = made.id;
  perform rowtrail.require_verified(format('seal %s', made.id), array(
    select concat_ws(' ', v.object, v.problem) from rowtrail.verify_seal(made.id) as v where v.is_fault));
  -- Last: it keeps out who reads, until the end of the transaction.
  if rowtrail.current_era() is distinct from now_in then
    execute format('alter table rowtrail.versions alter column era set default %s', now_in);
  end if;
end
$$;
comment on function rowtrail.receive_seal() is
  'The part of `rowtrail ship` that takes in a seal, after its versions and leaves, and verifies it.';

create or replace function rowtrail.receive_import()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  said constant jsonb := (select c.said from pg_temp.came as c);
  made constant rowtrail.imports := jsonb_populate_record(null::rowtrail.imports, said -> 'import');
begin
  insert into rowtrail.imports overriding system value select made.*;
  insert into rowtrail.import_tables
  select t.* from jsonb_populate_recordset(null::rowtrail.import_tables, said -> 'import_tables') as t;
  perform rowtrail.note_incomplete(said -> 'departures');
  perform rowtrail.note_received(said -> 'erased');
  perform rowtrail.require_verified(format('import %s', made.id), array(
    select concat_ws(' ', v.object, v.problem) from rowtrail.verify_imported() as v where v.is_fault));
end
$$;
comment on function rowtrail.receive_import() is
  'The part of `rowtrail ship` that takes in an import, after its versions and leaves, and verifies it.';

create or replace function rowtrail.note_incomplete(departures jsonb)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  update rowtrail.tables as t
  set complete_from = w.until
  from (
    select i.id::int as id, max(d.until) as until
    from jsonb_to_recordset(departures) as d (until timestamptz, table_ids jsonb)
    cross join lateral jsonb_array_elements_text(d.table_ids) as i (id)
    group by i.id
  ) as w
  where t.id = w.id and (w.until > t.complete_from or t.complete_from is null)
$$;
comment on function rowtrail.note_incomplete(jsonb) is
  'The part of `rowtrail ship` that notes of which tables some was retired in the origin before it could be shipped: what was before is not known here either.';

create or replace function rowtrail.receive_erasure(said jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_table constant int := (said ->> 'table_id')::int;
  elsewhere constant jsonb := coalesce(said -> 'erased' -> 'elsewhere', '{}');
  listed constant bigint[] := array(
    select i.id::bigint from jsonb_array_elements_text(said -> 'erased' -> 'versions') as i (id)
    union
    select k.id::bigint from jsonb_object_keys(elsewhere) as k (id));
  version rowtrail.versions;
  places text[];
begin
  -- As they are in the origin now.
  update rowtrail.versions as v
  set data = c.data, old = c.old, verbatim = c.verbatim, row_key = c.row_key, old_key = c.old_key, context = c.context, erased = c.erased
  from pg_temp.came_versions as c
  where c.id = any (listed) and v.table_id = of_table and v.id = c.id and v.changed_at = c.changed_at;
  delete from rowtrail.seal_salts as s using pg_temp.came_versions as c where c.id = any (listed) and s.version_id = c.id;
  insert into rowtrail.seal_salts select s.* from pg_temp.came_salts as s where s.version_id = any (listed)
  on conflict (version_id) do nothing;
  insert into rowtrail.erased_versions select e.* from pg_temp.came_erased as e where e.version_id = any (listed)
  on conflict (version_id) do update set salts = excluded.salts, commitments = excluded.commitments;
  perform rowtrail.renew_import_leaf(c.id) from pg_temp.came_versions as c where c.id = any (listed) and c.id < 0;
  -- Those that are here only.
  for version in
    select v.*
    from rowtrail.versions as v
    where v.table_id = of_table and v.id = any (listed) and v.op not in ('T', 'S')
      and not exists (select from pg_temp.came_versions as c where c.id = v.id)
    order by v.id
  loop
    -- What a place holds in one version it need not hold in another: columns may have changed their names between.
    places := rowtrail.places_to_erase(
      version, array(select jsonb_array_elements_text(coalesce(elsewhere -> version.id::text, said -> 'erased' -> 'places'))));
    continue when places is null;
    perform rowtrail.erase_places(version, places, (said ->> 'id')::bigint, true);
  end loop;
end
$$;
comment on function rowtrail.receive_erasure(jsonb) is
  'The part of `rowtrail ship` that erases here what was erased in the origin, by the event of the erasure.';

create or replace function rowtrail.places_to_erase(version rowtrail.versions, wanted text[])
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(p.place order by p.place)
  from rowtrail.places(version) as p
  where p.place = any (wanted)
    and not p.place = any (coalesce(version.erased, '{}'))
    and (p.field is null or p.value <> 'null')
$$;
comment on function rowtrail.places_to_erase(rowtrail.versions, text[]) is
  'Which of these places a version has a value in.';

create or replace function rowtrail.note_received(with_erased jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update rowtrail.origin as o set shipped_at = clock_timestamp();
  if with_erased <> '[]' or exists (select from rowtrail.origin as o where o.erased_before <> '{}') then
    update rowtrail.origin as o
    set erased_before = array(
      select v.id
      from rowtrail.tables as t
      join rowtrail.versions as v on v.table_id = t.id and v.id = any (o.erased_before || array(select i.id::bigint from jsonb_array_elements_text(with_erased) as i (id)))
      where exists (
        select
        from unnest(v.erased) as e (place)
        where not exists (
          select
          from rowtrail.versions as s
          where s.table_id = t.id
            and s.row_key = ''
            and s.op = 'S'
            and (s.data -> 'erased' -> 'versions' @> to_jsonb(v.id) or s.data -> 'erased' -> 'elsewhere' ? v.id::text)
            and s.data -> 'erased' -> 'places' ? e.place))
      order by v.id);
  end if;
end
$$;
comment on function rowtrail.note_received(jsonb) is
  'The part of `rowtrail ship` that notes when something came, and which of it has values erased of which the event is still to come.';

create or replace function rowtrail.require_verified(what text, faults text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if faults <> '{}' then
    raise exception '% does not verify in the history database: %', what,
      concat(faults[1], case when cardinality(faults) > 1 then format('; and %s more', cardinality(faults) - 1) end)
      using errcode = 'data_corrupted', hint = 'Nothing of it is kept there. Run: rowtrail verify, in the database that it comes from';
  end if;
end
$$;
comment on function rowtrail.require_verified(text, text[]) is 'Raises data_corrupted where something that came is not as it was made.';

create or replace function rowtrail.erasable(of_table text, key text, columns text[])
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  history constant uuid := (select o.id from rowtrail.origin as o);
  known rowtrail.tables;
begin
  begin
    known := rowtrail.table_named(of_table);
  exception when undefined_table then
    -- Nothing of it came yet, or not under this name.
    return jsonb_build_object('history', history, 'versions', null);
  end;
  return jsonb_build_object('history', history, 'versions', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'table_id', known.id, 'id', v.id, 'places', coalesce(to_jsonb(p.places), 'null'), 'columns', to_jsonb(p.columns_named),
      'salted', v.era = 0 or exists (select from rowtrail.seal_salts as s where s.version_id = v.id) or exists (select from rowtrail.erased_versions as e where e.version_id = v.id))
      order by v.id), '[]')
    from rowtrail.versions as v
    cross join lateral rowtrail.places_meant(known, v, columns) as p
    where v.table_id = known.id and v.id = any (rowtrail.versions_of_row(known.id, rowtrail.key_from(known.key_columns, key)))));
end
$$;
comment on function rowtrail.erasable(text, text, text[]) is
  'In a history database: the versions of a row, with what rowtrail.erase() with the same arguments is to erase of each, and which history database says so. It takes that as elsewhere.';

revoke all on function
  rowtrail.origin(),
  rowtrail.is_history_database(),
  rowtrail.shipping_now(),
  rowtrail.require_no_history_database(text),
  rowtrail.unshipped(),
  rowtrail.begin_shipping(uuid, text),
  rowtrail.note_shipped(uuid, bigint, bytea, bigint[]),
  rowtrail.stop_shipping(text),
  rowtrail.is_shipped(int, bigint, xid8, rowtrail.seals),
  rowtrail.shipped_tables(),
  rowtrail.shipped_seal(bigint),
  rowtrail.erasures_in(bigint),
  rowtrail.erased_by_seal(bigint),
  rowtrail.shipped_import(bigint),
  rowtrail.imported_by(bigint),
  rowtrail.become_history_database(uuid, bigint, text),
  rowtrail.move_origin(bigint, text),
  rowtrail.summarize_times(),
  rowtrail.receive_tables(jsonb),
  rowtrail.receive_seal(),
  rowtrail.receive_import(),
  rowtrail.note_incomplete(jsonb),
  rowtrail.receive_erasure(jsonb),
  rowtrail.places_to_erase(rowtrail.versions, text[]),
  rowtrail.note_received(jsonb),
  rowtrail.require_verified(text, text[]),
  rowtrail.erasable(text, text, text[])
from public;
grant execute on function
  rowtrail.origin(),
  rowtrail.is_history_database(),
  -- Who asks for the feed there is told where it is.
  rowtrail.require_no_history_database(text),
  rowtrail.shipping_now(),
  rowtrail.unshipped(),
  rowtrail.is_shipped(int, bigint, xid8, rowtrail.seals),
  rowtrail.shipped_tables(),
  rowtrail.shipped_seal(bigint),
  rowtrail.erasures_in(bigint),
  rowtrail.erased_by_seal(bigint),
  rowtrail.shipped_import(bigint),
  rowtrail.imported_by(bigint),
  rowtrail.erasable(text, text, text[])
to rowtrail_reader;
grant execute on function
  rowtrail.begin_shipping(uuid, text),
  rowtrail.note_shipped(uuid, bigint, bytea, bigint[]),
  rowtrail.stop_shipping(text)
to rowtrail_auditor;
