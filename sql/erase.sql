-- Erasing: values of a row are taken out of its history, and what is left still verifies. In the table they
-- have to be gone already: what is there would be recorded again.
--
-- An erased value is a JSON null in data, old or verbatim; an erased key is 'erased:N', N being the erasure.
-- rowtrail.versions.erased says which they are, by their places (commitments.sql). What happened is an event
-- of the table (events.sql), the version N, which the next seal closes. It holds in its data
--   "erased"  {"columns", "places": [all that were erased of one version or another], "versions": [ids],
--             "forced": [ids of those that were sealed without salts],
--             "elsewhere": {"<id>": [places]} of those that only the history database has}
-- Nobody may erase but whom a superuser or rowtrail_owner lets: docs/guides/erase.md.

create or replace function rowtrail.erase(
  of_table text, key text, columns text[] default null, reason text default null, force boolean default false,
  elsewhere jsonb default null,
  out erasure bigint, out versions bigint, out erased_values bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables;
  full_name text;
  last_seal rowtrail.seals;
  now_in constant int := rowtrail.current_era();
  wanted_key text;
  ids bigint[];
  version rowtrail.versions;
  places text[];
  there bigint[];
  only_there jsonb;
  shipping rowtrail.shipping;
  columns_erased text[] := '{}';
  unsalted bigint[] := '{}';
  changed bigint[] := '{}';
  all_places text[] := '{}';
  is_key_erased boolean := false;
  former_context constant text := nullif(current_setting('rowtrail.context', true), '');
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.erase() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'It has to see what was sealed until now.';
  end if;
  -- No seal is made meanwhile. Who writes and who reads is not in the way.
  lock table rowtrail.seals in exclusive mode;
  perform rowtrail.require_no_history_database('erasing');
  known := rowtrail.table_named(of_table);
  perform rowtrail.note_schema_change(known.id, null, 'rowtrail.erase()') where known.untracked_at is null;
  select t.* into known from rowtrail.tables as t where t.id = known.id;
  full_name := coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
  select s.* into last_seal from rowtrail.seals as s order by s.id desc limit 1;
  if last_seal.id is not null and rowtrail.is_new_life(last_seal) then
    raise exception 'the database was brought into another cluster after seal %, so that which versions are sealed is not known', last_seal.id
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal';
  end if;
  if known.key_attnums = '{}' then
    raise exception 'nothing of % can be erased: it has no key, so that whose values they are cannot be told', full_name
      using errcode = 'object_not_in_prerequisite_state', hint = 'Give the table a key and let its owner run rowtrail.track() again; what is recorded from then on can be erased.';
  elsif key is null then
    raise exception 'whose values are to be erased? The key of a row says it'
      using errcode = 'invalid_parameter_value', hint = format('For example: select * from rowtrail.erase(%L, ''42'');', full_name);
  elsif columns = '{}' then
    raise exception 'no column is named'
      using errcode = 'invalid_parameter_value', hint = 'Name some; or leave the argument out to erase all columns but the key.';
  end if;
  wanted_key := rowtrail.key_from(known.key_columns, key);
  -- The one to which it is shipped, or was last.
  select s.* into shipping from rowtrail.shipping as s order by s.id desc limit 1;
  if elsewhere is null and known.complete_from is not null and shipping.id is not null then
    raise exception 'what was of % before % is in the history database only, and would stay there', full_name, known.complete_from
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'Let rowtrail erase ask it: with HISTORY_DATABASE_URL; or give what rowtrail.erasable() says there: elsewhere => ... If it is no more: elsewhere => ''{}''.';
  elsif elsewhere <> '{}' and (elsewhere ->> 'history') is distinct from shipping.history_id::text then
    raise exception 'the history database that was asked is not that to which this history is shipped, which is %', coalesce(shipping.place, 'none')
      using errcode = 'invalid_parameter_value', hint = 'Name that one: HISTORY_DATABASE_URL.';
  elsif elsewhere -> 'versions' = 'null' and known.complete_from is not null then
    raise exception 'the history database does not know % by this name', full_name
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal; rowtrail ship; then again.';
  end if;
  elsewhere := coalesce(nullif(elsewhere -> 'versions', 'null'), '[]');
  if exists (select from jsonb_array_elements(elsewhere) as e where (e.value ->> 'table_id')::int <> known.id) then
    raise exception 'the history database knows another table as %, since it was renamed', full_name
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal; rowtrail ship; then again.';
  end if;
  there := array(select (e.value ->> 'id')::bigint from jsonb_array_elements(elsewhere) as e);

  loop
    ids := rowtrail.versions_of_row(known.id, wanted_key, there);
    if ids = '{}' and there = '{}' then
      raise exception '% has no version of a row %', full_name, wanted_key
        using errcode = 'no_data_found', hint = 'A key of several columns is a JSON array; a key that was erased is erased:N.';
    end if;
    perform rowtrail.require_not_live(known, ids, columns);
    -- What was committed meanwhile was not looked at.
    exit when ids = rowtrail.versions_of_row(known.id, wanted_key, there);
  end loop;
  perform rowtrail.require_in_history(known, full_name, ids, columns)
  where not exists (select from jsonb_array_elements(elsewhere) as e where e.value -> 'places' <> 'null');

  erasure := nextval('rowtrail.version_id');
  erased_values := 0;
  for version in select v.* from rowtrail.versions as v where v.table_id = known.id and v.id = any (ids) order by v.id loop
    select p.places, p.columns_named || columns_erased into places, columns_erased from rowtrail.places_meant(known, version, columns) as p;
    continue when places is null;
    -- What was imported is of era 0 and in no seal.
    if not rowtrail.erase_places(
      version, places, erasure,
      last_seal.id is not null and version.era > 0 and version.id <= last_seal.max_id
      and not rowtrail.is_unsealed(version.era, version.xid, last_seal, now_in))
    then
      unsalted := unsalted || version.id;
    end if;
    changed := changed || version.id;
    all_places := array(select unnest(all_places) union select unnest(places) order by 1);
    erased_values := erased_values + cardinality(places);
    is_key_erased := is_key_erased or places && '{row_key,old_key}';
  end loop;
  -- Of those that only the history database has: rowtrail ship erases them there, by the event.
  select
    coalesce(jsonb_object_agg(w.id, w.places), '{}'), unsalted || coalesce(array_agg(w.id order by w.id) filter (where not w.salted), '{}'),
    array(select unnest(all_places) union select jsonb_array_elements_text(e.value -> 'places') from jsonb_array_elements(elsewhere) as e where e.value -> 'places' <> 'null' order by 1),
    columns_erased || array(select jsonb_array_elements_text(e.value -> 'columns') from jsonb_array_elements(elsewhere) as e),
    erased_values + coalesce(sum(jsonb_array_length(w.places)), 0)
  into only_there, unsalted, all_places, columns_erased, erased_values
  from jsonb_to_recordset(elsewhere) as w (id bigint, places jsonb, salted boolean)
  where w.places <> 'null' and w.id <> all (ids);

  versions := cardinality(changed) + (select count(*) from jsonb_object_keys(only_there));
  if versions = 0 then
    erasure := null;
    return;
  elsif unsalted <> '{}' and not force then
    raise exception '% of the % versions were sealed while % was not erasable: what is left of them could not be verified',
      cardinality(unsalted), versions, full_name
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'To erase them all the same: force => true, or rowtrail erase --force. Then rowtrail verify says so of each. Let the owner of the table run: rowtrail track --erasable';
  end if;
  if is_key_erased then
    update rowtrail.tables as t set baseline_after = null
    where t.id = known.id and t.baseline_done_at is not null and t.baseline_after is not null;
  end if;
  -- Neither the statement nor the key, which may have to be erased later: the versions have it.
  insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, actor, login, data, old, context)
  values (
    erasure, clock_timestamp(), pg_current_xact_id(), known.id, 'S', '',
    rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200), session_user,
    jsonb_build_object(
      'command', 'rowtrail.erase()',
      'table', coalesce(known.shape -> 'table', to_jsonb(full_name)),
      'columns', coalesce(known.shape -> 'columns', '[]'),
      'erased', jsonb_build_object(
        'columns', to_jsonb(array(select distinct c from unnest(columns_erased) as c order by c)),
        'places', to_jsonb(all_places),
        'versions', to_jsonb(changed))
      || case when only_there <> '{}' then jsonb_build_object('elsewhere', only_there) else '{}' end
      || case when unsalted <> '{}' then jsonb_build_object('forced', to_jsonb(unsalted)) else '{}' end),
    '{"columns": {}}',
    nullif(
      case when former_context is not null then rowtrail.clean_context(former_context) else '{}' end
      || jsonb_strip_nulls(jsonb_build_object('reason', rowtrail.clean(reason, 1000))),
      '{}'));
end
$$;
comment on function rowtrail.erase(text, text, text[], text, boolean, jsonb) is
  'Erases values of a row from its history, and gives the erasure (the id of its event), the number of versions and that of values; NULL where there was nothing to erase. The columns that are named; without them all but those of the key. They must be gone from the table: select * from rowtrail.erase(''people'', ''42'', ''{email}'', reason => ''request 17''); Its seals still verify, but of versions that were sealed while the table was not erasable, which takes force => true. The table is named as in SQL, also one that was dropped. Where the history is shipped and some of the table was retired here, elsewhere is what rowtrail.erasable() says in the history database.';

create or replace function rowtrail.places_meant(
  known rowtrail.tables, version rowtrail.versions, columns text[], out places text[], out columns_named text[])
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    array_agg(p.place order by p.place),
    coalesce(array_agg(distinct p.now_named) filter (where p.now_named is not null), '{}')
  from rowtrail.named_places(version) as p
  where not p.place = any (coalesce(version.erased, '{}'))
    and case
      -- By which columns rows were told apart then is not known.
      when p.field is null then coalesce(columns && known.key_columns, false) or version.changed_at < known.keyed_since
      when p.value = 'null' then false
      when columns is null then p.now_named <> all (known.key_columns)
      else p.now_named = any (columns)
    end
$$;
comment on function rowtrail.places_meant(rowtrail.tables, rowtrail.versions, text[]) is
  'The places of a version of a table in which there is a value of these columns, or without any of all but the key; NULL for none. With the names of those columns.';

create or replace function rowtrail.erase_places(version rowtrail.versions, places text[], erasure bigint, is_sealed boolean)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  salt bytea;
  kept rowtrail.erased_versions;
  is_salted boolean := true;
begin
  if is_sealed and version.era > 0 then
    select s.salt into salt from rowtrail.seal_salts as s where s.version_id = version.id;
    select e.* into kept from rowtrail.erased_versions as e where e.version_id = version.id;
    is_salted := salt is not null or kept.version_id is not null;
    if is_salted then
      insert into rowtrail.erased_versions (version_id, salts, commitments)
      select
        version.id,
        coalesce(jsonb_object_agg(w.place, encode(w.salt, 'hex')) filter (where w.place <> all (places)), '{}'),
        coalesce(kept.commitments, '{}')
        || jsonb_object_agg(w.place, encode(rowtrail.commitment(w.salt, w.value), 'hex')) filter (where w.place = any (places))
      from (
        select p.place, p.value, rowtrail.value_salt(p.place, salt, kept.salts) as salt
        from rowtrail.places(version) as p
        where not coalesce(kept.commitments ? p.place, false)
      ) as w
      on conflict (version_id) do update set salts = excluded.salts, commitments = excluded.commitments;
      delete from rowtrail.seal_salts as s where s.version_id = version.id;
    end if;
  end if;
  update rowtrail.versions as v
  set
    data = rowtrail.with_nulls(v.data, 'data.', places),
    old = rowtrail.with_nulls(v.old, 'old.', places),
    verbatim = rowtrail.with_nulls(v.verbatim, 'verbatim.', places),
    row_key = case when 'row_key' = any (places) then 'erased:' || erasure else v.row_key end,
    old_key = case when 'old_key' = any (places) then 'erased:' || erasure else v.old_key end,
    -- The statement, which an import can bring, may hold the values as well.
    context = case when v.era = 0 then v.context - 'client_query' else v.context end,
    erased = array(select unnest(coalesce(v.erased, '{}')) union select unnest(places) order by 1)
  where v.table_id = version.table_id and v.id = version.id and v.changed_at = version.changed_at;
  if version.era = 0 then
    perform rowtrail.renew_import_leaf(version.id);
  end if;
  return is_salted;
end
$$;
comment on function rowtrail.erase_places(rowtrail.versions, text[], bigint, boolean) is
  'The part of rowtrail.erase() that takes the values in these places out of a version; false where it was sealed without salts, so that what is left of it cannot be verified.';

create or replace function rowtrail.table_named(name text)
returns rowtrail.tables
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  parts text[];
  found_id int;
  found_names text[];
begin
  begin
    parts := parse_ident(name);
  exception when invalid_parameter_value then
    -- It may be one as it stands.
    parts := null;
  end;
  select array_agg(distinct format('%I.%I', n.schema_name, n.table_name)), (array_agg(t.id order by c.oid is null, t.id desc))[1]
  into found_names, found_id
  from rowtrail.tables as t
  left join pg_class as c on c.oid = t.relid
  left join pg_namespace as s on s.oid = c.relnamespace
  cross join lateral (
    select coalesce(s.nspname, t.schema_name)::text, coalesce(c.relname, t.table_name)::text
  ) as n (schema_name, table_name)
  where parts in (array[n.table_name], array[n.schema_name, n.table_name])
    or name in (n.table_name, n.schema_name || '.' || n.table_name);
  if found_id is null then
    raise exception 'no table % has a history', name
      using errcode = 'undefined_table', hint = 'Name it as in SQL, with its schema if need be: rowtrail status lists those that have one.';
  elsif cardinality(found_names) > 1 then
    raise exception '% could be %', name, array_to_string(found_names, ' or ')
      using errcode = 'ambiguous_alias', hint = 'Name it with its schema.';
  end if;
  return (select t from rowtrail.tables as t where t.id = found_id);
end
$$;
comment on function rowtrail.table_named(text) is
  'The registry''s row of the table that is meant by a name, as SQL has it or as it stands; also of one that was dropped. Raises undefined_table or ambiguous_alias.';

create or replace function rowtrail.versions_of_row(of_table int, key text, also bigint[] default '{}')
returns bigint[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  found_ids bigint[];
  way record;
  step rowtrail.versions;
  next_id bigint;
  is_back boolean;
begin
  found_ids := array(
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table and (v.row_key = key or v.old_key = key) and v.op not in ('T', 'S')
    union
    -- Whoever says so: what happened to a table is no row of it.
    select v.id from rowtrail.versions as v where v.table_id = of_table and v.id = any (also) and v.op not in ('T', 'S'));
  for way in
    select v as start, b.is_back
    from rowtrail.versions as v
    cross join (values (true), (false)) as b (is_back)
    where v.table_id = of_table and v.id = any (found_ids) and case when b.is_back then v.old_key else v.row_key end <> key
    order by v.id
  loop
    step := way.start;
    is_back := way.is_back;
    loop
      -- Of a move to another partition the delete is a version of its own.
      if step.op = 'I' and step.old_key is not null then
        found_ids := found_ids || array(
          select max(d.id)
          from rowtrail.versions as d
          where d.table_id = of_table and d.row_key = step.old_key and d.op = 'D' and d.id < step.id
            and (d.era, d.xid) = (step.era, step.xid)
          having max(d.id) is not null);
      end if;
      exit when case when is_back then step.op = 'I' and step.old_key is null else step.op = 'D' end;
      next_id := case when is_back then rowtrail.version_before(step) else rowtrail.version_after(step) end;
      exit when next_id is null or next_id = any (found_ids);
      found_ids := found_ids || next_id;
      select v.* into step from rowtrail.versions as v where v.table_id = of_table and v.id = next_id;
    end loop;
  end loop;
  return array(select distinct i from unnest(found_ids) as i order by i);
end
$$;
comment on function rowtrail.versions_of_row(int, text, bigint[]) is
  'The ids of all versions of the rows that ever had this key, under the keys too that these rows had before and have had since; and of those to which also versions belong that are known otherwise.';

create or replace function rowtrail.version_before(next rowtrail.versions)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select p.id
  from (select rowtrail.undo_led_from(next) as id) as p
  -- Where another row had the key before, nothing led here: it came unrecorded.
  where not exists (
    select from rowtrail.versions as d
    where d.table_id = next.table_id
      and d.row_key = coalesce(next.old_key, next.row_key)
      and d.op = 'D'
      and d.id > p.id
      and d.id < next.id
      and not rowtrail.is_moved_on(d.table_id, d.row_key, d.era, d.xid, d.id))
$$;
comment on function rowtrail.version_before(rowtrail.versions) is
  'The version that led to this one of its row, if there is one; of a move to another partition the one before it.';

create or replace function rowtrail.version_after(former rowtrail.versions)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select min(n.id)
  from (
    (
      select v.id
      from rowtrail.versions as v
      where v.table_id = former.table_id
        and v.row_key = former.row_key
        and v.id > former.id
        and v.old_key is null
        and v.op in ('U', 'D', 'B')
        and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
        and rowtrail.undo_leads_to(former.id, v)
      order by v.id
      limit 1
    )
    union all
    (
      select v.id
      from rowtrail.versions as v
      where v.table_id = former.table_id
        and v.old_key = former.row_key
        and v.id > former.id
        and rowtrail.undo_leads_to(former.id, v)
      order by v.id
      limit 1
    )
  ) as n
$$;
comment on function rowtrail.version_after(rowtrail.versions) is
  'The next version of the row as this one left it, if there is one; of a move to another partition the second half.';

create or replace function rowtrail.require_not_live(known rowtrail.tables, ids bigint[], columns text[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted text[];
  held record;
begin
  if known.untracked_at is not null or not exists (select from pg_class as c where c.oid = known.relid) then
    return;
  end if;
  wanted := array(
    select a.attname::text
    from pg_attribute as a
    where a.attrelid = known.relid
      and a.attnum > 0
      and not a.attisdropped
      and case when columns is null then a.attnum <> all (known.key_attnums) else a.attname = any (columns) end
      -- Of these the history does not say what the row holds.
      and not exists (
        select from rowtrail.treatments(known) as c
        where c.number = a.attnum and c.treatment in ('exclude', 'virtual', 'ignore')));
  select r.row_key, n.name, r.data ? n.name as is_known
  into held
  from (
    select distinct v.row_key from rowtrail.versions as v where v.table_id = known.id and v.id = any (ids)
  ) as k
  cross join lateral rowtrail.replay_until(known.id, rowtrail.unbounded(), null, k.row_key) as r
  cross join unnest(wanted) as n (name)
  where r.id = any (ids) and (r.data -> n.name) is distinct from 'null'
  order by r.data ? n.name desc
  limit 1;
  if held.is_known then
    raise exception 'row % of % still holds a value in %', held.row_key, rowtrail.full_name(known.relid), held.name
      using errcode = 'object_in_use', hint = 'Change it in the table first, or delete the row: what is there would be recorded again.';
  elsif held.row_key is not null then
    raise exception 'row % of % is there, and since a schema change it is not known what it holds in %', held.row_key, rowtrail.full_name(known.relid), held.name
      using errcode = 'object_in_use', hint = 'Change it in the table first, or delete the row; or let the owner of the table run: rowtrail baseline';
  end if;
end
$$;
comment on function rowtrail.require_not_live(rowtrail.tables, bigint[], text[]) is
  'Raises object_in_use where a row is still there, by its history, that holds a value in one of the columns.';

create or replace function rowtrail.require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unknown text;
begin
  select c.name into unknown
  from unnest(columns) as c (name)
  where not exists (
      select from pg_attribute as a
      where a.attrelid = known.relid and a.attname = c.name and a.attnum > 0 and not a.attisdropped)
    and not exists (
      select
      from rowtrail.versions as v
      cross join lateral rowtrail.named_places(v) as p
      where v.table_id = known.id and v.id = any (ids) and p.now_named = c.name)
  limit 1;
  if found then
    raise exception '% has no column %, and the history of this row has none', full_name, quote_ident(unknown)
      using errcode = 'undefined_column', hint = 'Columns go by their names of today; one that is gone, by the name under which rowtrail.history() shows it.';
  end if;
end
$$;
comment on function rowtrail.require_in_history(rowtrail.tables, text, bigint[], text[]) is
  'Raises undefined_column for a column that neither the table has nor one of the versions.';

create or replace function rowtrail.named_places(v rowtrail.versions)
returns table (place text, field text, value text, now_named text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select p.place, p.field, p.value, coalesce(m.names ->> p.field, p.field)
  from rowtrail.places(v) as p
  left join rowtrail.image_maps(v.table_id) as m on v.id > m.after_id and v.id < m.before_id
$$;
comment on function rowtrail.named_places(rowtrail.versions) is
  'What rowtrail.places() gives, with the name that each column has today.';

create or replace function rowtrail.with_nulls(image jsonb, prefix text, places text[])
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select image || coalesce(
    (
      select jsonb_object_agg(substring(p from length(prefix) + 1), null)
      from unnest(places) as p
      where starts_with(p, prefix)),
    '{}')
$$;
comment on function rowtrail.with_nulls(jsonb, text, text[]) is
  'The image with a null in each of its places of which the name begins with the prefix.';

create or replace function rowtrail.verify_erased(out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  with named as (
    select
      i.id::bigint as id, min(e.id) as event_id, array_agg('erased:' || e.id) as keys,
      jsonb_agg(e.data -> 'erased' -> 'places') as places
    from rowtrail.tables as t
    join rowtrail.versions as e on e.table_id = t.id and e.row_key = '' and e.op = 'S'
    cross join lateral jsonb_array_elements_text(
      case
        -- Those that the origin has no more are here.
        when exists (select from rowtrail.origin) then (e.data -> 'erased' -> 'versions')
          || coalesce((select jsonb_agg(k) from jsonb_object_keys(e.data -> 'erased' -> 'elsewhere') as k), '[]')
        else e.data -> 'erased' -> 'versions'
      end) as i (id)
    group by i.id
  ),
  marked as (
    select v.id, v as version from rowtrail.versions as v where v.erased is not null
  )
  select rowtrail.version_name(f.id), f.problem, 'only a superuser can do that: find it in a backup, and ask who could', true
  from (
    select
      coalesce(n.id, m.id, k.version_id) as id,
      case
        when n.id is null and m.id is null then 'is kept as one of which values were erased, and is none'
        when n.id is null then 'is marked as erased, and no event says so'
        when m.id is null then format('is not as event %s left it: values of it were erased', n.event_id)
        when not coalesce((m.version).erased @> array(select jsonb_object_keys(k.commitments)), true)
          then format('is not marked with all that was erased of it, by event %s or later', n.event_id)
        when s.version_id is not null then format('has a salt again, which event %s took from it', n.event_id)
        when a.unnamed is not null then format('has erased what no event says: %s', a.unnamed)
        when a.places is not null then format('does not have erased, as event %s left it: %s', n.event_id, a.places)
      end as problem
    from named as n
    full join marked as m on m.id = n.id
    full join rowtrail.erased_versions as k on k.version_id = coalesce(n.id, m.id)
    left join rowtrail.seal_salts as s on s.version_id = k.version_id
    left join lateral (
      select
        string_agg(e.place, ', ' order by e.place) filter (
          where case when e.place in ('row_key', 'old_key') then p.value = any (n.keys) else p.value = 'null' end is not true) as places,
        string_agg(e.place, ', ' order by e.place) filter (
          where not exists (select from jsonb_array_elements(n.places) as s (said) where s.said ? e.place)) as unnamed
      from unnest((m.version).erased) as e (place)
      left join rowtrail.places(m.version) as p on p.place = e.place
    ) as a on true
  ) as f
  where f.problem is not null
    -- What came erased, of which the event has not come yet.
    and not exists (select from rowtrail.origin as o where f.id = any (o.erased_before))
  order by f.id
$$;
comment on function rowtrail.verify_erased() is
  'The versions of which values were erased that are not as rowtrail.erase() leaves them: each is marked, named by an event, and holds none of what was erased.';

revoke all on function
  rowtrail.erase(text, text, text[], text, boolean, jsonb),
  rowtrail.places_meant(rowtrail.tables, rowtrail.versions, text[]),
  rowtrail.erase_places(rowtrail.versions, text[], bigint, boolean),
  rowtrail.table_named(text),
  rowtrail.versions_of_row(int, text, bigint[]),
  rowtrail.version_before(rowtrail.versions),
  rowtrail.version_after(rowtrail.versions),
  rowtrail.require_not_live(rowtrail.tables, bigint[], text[]),
  rowtrail.require_in_history(rowtrail.tables, text, bigint[], text[]),
  rowtrail.named_places(rowtrail.versions),
  rowtrail.with_nulls(jsonb, text, text[]),
  rowtrail.verify_erased()
from public;
grant execute on function rowtrail.verify_erased() to rowtrail_reader;
-- For rowtrail.erasable().
grant execute on function
  rowtrail.places_meant(rowtrail.tables, rowtrail.versions, text[]),
  rowtrail.table_named(text),
  rowtrail.versions_of_row(int, text, bigint[]),
  rowtrail.version_before(rowtrail.versions),
  rowtrail.version_after(rowtrail.versions),
  rowtrail.named_places(rowtrail.versions)
to rowtrail_reader;
