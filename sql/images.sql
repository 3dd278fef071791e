-- Images: what is stored of a row, and the key by which its history is found. capture() does this
-- itself for the common table; here is what it does for the others, and what baselines do.

create or replace function rowtrail.stored_row(
  of_table int, given anyelement, with_hashes boolean default true, out row_key text, out data jsonb, out verbatim jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables;
  left_out text[];
  treated record;
begin
  select t.* into known from rowtrail.tables as t where t.id = of_table;
  left_out := array(
    select c.name from rowtrail.treatments(known) as c where c.treatment in ('exclude', 'virtual'));
  select i.image - left_out, i.verbatim
  into data, verbatim
  from rowtrail.image_of(
    of_table, given, left_out, rowtrail.names_of(known.relid, known.hashed_attnums),
    array(select c.name from rowtrail.treatments(known) as c where c.treatment = 'json')) as i;
  for treated in select c.* from rowtrail.treatments(known) as c where c.treatment = 'hash' loop
    if with_hashes then
      data := data || jsonb_build_object(
        treated.name, rowtrail.hash_of(of_table, treated.number, data ->> treated.name));
    else
      data := data - treated.name;
    end if;
  end loop;
  row_key := rowtrail.key_text(
    of_table, rowtrail.names_of(known.relid, known.key_attnums), data,
    rowtrail.names_of(known.relid, known.ignored_attnums));
end
$$;
comment on function rowtrail.stored_row(int, anyelement, boolean) is
  'What is stored of a row: its key, its image, and the text of the json columns that JSONB would not give back. Without with_hashes hashed columns are left out.';

create or replace function rowtrail.treatments(known rowtrail.tables)
returns table (number int2, name text, treatment text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select a.attnum, a.attname::text, t.treatment
  from pg_attribute as a
  cross join lateral (
    select case when a.attgenerated = 'v' then 'virtual' else 'exclude' end as treatment
    where a.attgenerated = 'v' or a.attnum = any (known.excluded_attnums)
    union all
    select 'hash' where a.attnum = any (known.hashed_attnums)
    union all
    select 'ignore' where a.attnum = any (known.ignored_attnums)
    union all
    select case
      when a.atttypid = 'json'::regtype and a.attnum <> all (known.excluded_attnums || known.hashed_attnums) then 'json'
      else 'nested'
    end
    -- PostgreSQL's own types, which most columns have, are spared the call.
    where a.attgenerated <> 'v'
      and (a.atttypid >= 16384 or a.atttypid in ('json'::regtype, 'json[]'::regtype))
      and rowtrail.holds_json(a.atttypid)
  ) as t
  where a.attrelid = known.relid and a.attnum > 0 and not a.attisdropped
  order by a.attnum, t.treatment
$$;
comment on function rowtrail.treatments(rowtrail.tables) is
  'What is done with the columns that are not stored as they are: exclude, virtual (has no value where a trigger sees it), hash, ignore (no version when only such changed), json (its text is kept where JSONB would not give it back), nested (may not fit into JSONB).';

create or replace function rowtrail.holds_json(of_type oid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  t pg_type;
begin
  if of_type < 16384 then
    -- PostgreSQL's own types, of which it looks for no cast.
    return of_type in ('json'::regtype, 'json[]'::regtype);
  end if;
  select y.* into t from pg_type as y where y.oid = of_type;
  return (t.typtype = 'd' and rowtrail.holds_json(t.typbasetype))
    or (t.typelem <> 0 and t.typlen = -1 and rowtrail.holds_json(t.typelem))
    or (t.typtype = 'c' and exists (
      select from pg_attribute as a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped and rowtrail.holds_json(a.atttypid)))
    or exists (select from pg_cast as c where c.castsource = of_type and c.casttarget = 'json'::regtype);
end
$$;
comment on function rowtrail.holds_json(oid) is
  'Whether values of the type are json, or hold it: a domain, an array, a composite, a type with a cast.';

create or replace function rowtrail.image_of(
  of_table int, given anyelement, left_out text[], hashed text[], verbatim_columns text[],
  out image jsonb, out verbatim jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  written json;
  as_text text;
  field text;
  cause text;
  state text;
  known record;
  key text;
begin
  begin
    image := to_jsonb(given);
    if verbatim_columns <> '{}' then
      written := row_to_json(given);
      foreach field in array verbatim_columns loop
        as_text := (written -> field)::text;
        if as_text <> (image -> field)::text then
          verbatim := coalesce(verbatim, '{}') || jsonb_build_object(field, as_text);
        end if;
      end loop;
    end if;
    return;
  exception when others then
    image := '{}';
  end;
  -- Which column is it? One that is not stored stands in nobody's way.
  select t.relid, t.key_attnums, coalesce(rowtrail.full_name(t.relid), format('%I.%I', t.schema_name, t.table_name)) as full_name
  into known
  from rowtrail.tables as t
  where t.id = of_table;
  if not exists (select from pg_class as c where c.oid = known.relid) then
    raise exception 'rowtrail cannot record this change of %: the table was restored or made anew since it was tracked', known.full_name
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = format('As the table''s owner: select rowtrail.track(%L);', known.full_name);
  end if;
  for field in
    select a.attname
    from pg_attribute as a
    where a.attrelid = known.relid and a.attnum > 0 and not a.attisdropped and a.attname <> all (left_out)
    order by a.attnum
  loop
    begin
      -- format() and not ::text, which would run a cast of whoever owns the type.
      execute format(
        'select $1 || jsonb_build_object(%1$L, ($2).%1$I), case when ($2).%1$I is not null then format(''%%s'', ($2).%1$I) end',
        field)
      into image, as_text
      using image, given;
      if field = any (verbatim_columns) and as_text <> (image -> field)::text then
        verbatim := coalesce(verbatim, '{}') || jsonb_build_object(field, as_text);
      end if;
    exception when others then
      get stacked diagnostics state = returned_sqlstate, cause = message_text;
      if field <> all (hashed) then
        execute format(
          'select left(concat_ws('', '', %s), 200)',
          (select string_agg(format('($1).%I', n.name), ', ' order by n.place)
          from unnest(rowtrail.names_of(known.relid, known.key_attnums)) with ordinality as n (name, place)))
        into key
        using given;
        raise exception 'rowtrail cannot record this change of %, key %: column % does not fit into JSONB: %',
          known.full_name, coalesce(key, 'none'), quote_ident(field), cause
          using
            errcode = state,
            hint = format(
              'Leave the column out or hash it, as the table''s owner: select rowtrail.track(%L, exclude => array[%L]);',
              known.full_name, field);
      end if;
      execute format('select $1 || jsonb_build_object(%1$L, format(''%%s'', ($2).%1$I))', field) into image using image, given;
    end;
  end loop;
end
$$;
comment on function rowtrail.image_of(int, anyelement, text[], text[], text[]) is
  'The row as JSONB, and the text of the json columns that JSONB would not give back. Raises what is wrong, with the names of table, key and column, where a column that is stored cannot be JSONB.';

create or replace function rowtrail.changed_values(before jsonb, after jsonb)
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(b.key, b.value), '{}')
  from jsonb_each(before) as b
  where b.value::text is distinct from (after -> b.key)::text
$$;
comment on function rowtrail.changed_values(jsonb, jsonb) is
  'The members of the first object that are others in the second, byte for byte: 1.0 is not 1.00.';

create or replace function rowtrail.hash_of(of_table int, number int2, value text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  salt bytea;
begin
  if value is null then
    return null;
  end if;
  select s.salt into salt from rowtrail.salts as s where s.table_id = of_table;
  if salt is null then
    perform rowtrail.require_new_snapshot((select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table));
    raise exception 'rowtrail cannot record this change: the salt of the hashed columns of table % is gone',
      (select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table)
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = 'Restore its row of rowtrail.salts from a backup; or let the owner of the table run rowtrail.track() again: it makes a new one, by which equal values of before and after do not show as equal.';
  end if;
  -- With the number of the column: equal values in two columns do not show as equal.
  return 'sha256:' || encode(sha256(salt || convert_to(number::text || ':' || value, getdatabaseencoding())), 'hex');
end
$$;
comment on function rowtrail.hash_of(int, int2, text) is
  'The SHA-256 of a value, with the salt of its table and the number of its column; NULL of NULL. Who may call it can try guesses, so it is granted to rowtrail_capture only.';

create or replace function rowtrail.require_new_snapshot(full_name text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'rowtrail cannot record this change: table % may have been tracked anew since this transaction began', full_name
      using errcode = 'serialization_failure', hint = 'Try the transaction again.';
  end if;
end
$$;
comment on function rowtrail.require_new_snapshot(text) is
  'Raises serialization_failure where the registry may have changed since the transaction''s snapshot: what the trigger says is newer then.';

create or replace function rowtrail.todays_names(of_table int, relation oid, numbers int2[], former text[])
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- The former name of a column that was dropped: one that is made anew under it is not let out. And
  -- after a restore from a dump, where the registry has another relation and columns other numbers.
  select array_agg(coalesce(a.attname::text, n.name) order by n.place)
  from unnest(numbers, former) with ordinality as n (number, name, place)
  left join rowtrail.tables as t on t.id = of_table and t.relid = coalesce(pg_partition_root(relation), relation)
  left join pg_attribute as a on a.attrelid = t.relid and a.attnum = n.number and not a.attisdropped
$$;
comment on function rowtrail.todays_names(int, oid, int2[], text[]) is
  'Today''s names of a tracked table''s columns, by number, which they keep when they are renamed; the former one of a column that is not there.';

create or replace function rowtrail.names_hold(relation oid, numbers text, names text, treatment text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  number int2;
  place int := 1;
begin
  if treatment <> 'left out' then
    return false;
  end if;
  foreach number in array numbers::int2[] loop
    if (pg_identify_object_as_address('pg_class'::regclass, coalesce(pg_partition_root(relation), relation), number)).object_names[3]
      is distinct from (names::text[])[place]
    then
      return false;
    end if;
    place := place + 1;
  end loop;
  return true;
end
$$;
comment on function rowtrail.names_hold(oid, text, text, text) is
  'Whether nothing but leaving out is to be done with the columns of these numbers, and they still bear these names (all as the capture trigger''s arguments have them).';

create or replace function rowtrail.key_text(of_table int, key_columns text[], image jsonb, ignored text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  names text[] := key_columns;
  key text;
begin
  if names = '{}' then
    -- No key: rows are told apart by what they hold.
    return encode(sha256(convert_to((image - ignored)::text, getdatabaseencoding())), 'hex');
  end if;
  if not image ?& names then
    names := (
      select rowtrail.todays_names(of_table, t.relid, t.key_attnums, key_text.key_columns) from rowtrail.tables as t where t.id = of_table);
  end if;
  if image ?& names then
    key := case cardinality(names)
      when 1 then image ->> names[1]
      when 2 then jsonb_build_array(image -> names[1], image -> names[2])::text
      else (
        select jsonb_agg(image -> n.name order by n.place)::text
        from unnest(names) with ordinality as n (name, place))
    end;
  end if;
  if key is null then
    raise exception 'rowtrail cannot record this change: the row has no value in key column(s) % of table %',
      array_to_string(key_columns, ', '),
      (select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table)
      using
        errcode = 'not_null_violation',
        hint = 'Let the owner of the table run rowtrail.track() again, with the key that it has now.';
  end if;
  return case when octet_length(key) > 1000 then rowtrail.short_key(key) else key end;
end
$$;
comment on function rowtrail.key_text(int, text[], jsonb, text[]) is
  'A row''s key as rowtrail.versions.row_key has it: the value of a one-column key, a JSON array for a composite one, the SHA-256 of the image (without what is ignored) where the table has no key.';

create or replace function rowtrail.code_of_others(of_tables oid[], out what text, out function_id oid, out owner name)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- To plan a query PostgreSQL evaluates what is constant in predicates and expressions of indexes, in
  -- constraints, statistics and the keys of partitions: with the rights of whoever reads the table.
  with parts as (
    select p.id from unnest(of_tables) as p (id)
  ),
  planned (classid, objid) as (
    select 'pg_class'::regclass, i.indexrelid from parts as p join pg_index as i on i.indrelid = p.id
    union all
    select 'pg_constraint'::regclass, c.oid from parts as p join pg_constraint as c on c.conrelid = p.id
    union all
    select 'pg_statistic_ext'::regclass, e.oid from parts as p join pg_statistic_ext as e on e.stxrelid = p.id
    union all
    select 'pg_class'::regclass, p.id from parts as p
  )
  select pg_describe_object(n.classid, n.objid, 0), r.oid, o.rolname
  from planned as n
  join pg_depend as d on d.classid = n.classid and d.objid = n.objid and d.objsubid = 0
  left join pg_operator as x on d.refclassid = 'pg_operator'::regclass and x.oid = d.refobjid
  join pg_proc as r on r.oid = case when d.refclassid = 'pg_proc'::regclass then d.refobjid else x.oprcode end
  join pg_roles as o on o.oid = r.proowner
  -- PostgreSQL's own are in no dependency.
  where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and not o.rolsuper
$$;
comment on function rowtrail.code_of_others(oid[]) is
  'What of these tables can run a function of somebody who is no superuser when a query of them is planned.';

create or replace function rowtrail.require_no_code(target regclass, purpose text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found record;
begin
  select c.* into found
  from rowtrail.code_of_others(
    array(select target::oid union select p.relid::oid from pg_partition_tree(target) as p)) as c
  -- Who may write history anyway needs no trick for it.
  where not pg_has_role(c.owner, 'rowtrail_owner', 'member')
  order by c.what
  limit 1;
  if found.what is not null then
    raise exception '% of % would run %, a function of %, with the rights of rowtrail', purpose, target, found.function_id::regprocedure, found.owner
      using errcode = 'insufficient_privilege',
        hint = format('%s calls it, and is looked at when the table is read. Let a superuser, or a member of rowtrail_owner, own it: alter function %s owner to ...; or do without it meanwhile.', found.what, found.function_id::regprocedure);
  end if;
end
$$;
comment on function rowtrail.require_no_code(regclass, text) is
  'Raises where reading the table could run what its owner likes, with the rights of whoever reads it.';

create or replace function rowtrail.short_key(key text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- The index on versions takes 2704 bytes a row, and JSON can be longer than the key itself.
  select case
    when octet_length(key) > 1000
      then left(key, 200) || '... sha256:' || encode(sha256(convert_to(key, getdatabaseencoding())), 'hex')
    else key
  end
$$;
comment on function rowtrail.short_key(text) is
  'The key as rowtrail.versions.row_key has it: itself up to 1000 bytes, else its beginning and its SHA-256.';

revoke all on function
  rowtrail.require_new_snapshot(text),
  rowtrail.stored_row(int, anyelement, boolean),
  rowtrail.image_of(int, anyelement, text[], text[], text[]),
  rowtrail.hash_of(int, int2, text),
  rowtrail.todays_names(int, oid, int2[], text[]),
  rowtrail.names_hold(oid, text, text, text),
  rowtrail.key_text(int, text[], jsonb, text[]),
  rowtrail.code_of_others(oid[]),
  rowtrail.require_no_code(regclass, text)
from public;
grant execute on function rowtrail.code_of_others(oid[]), rowtrail.require_no_code(regclass, text) to rowtrail_capture;
grant execute on function rowtrail.require_new_snapshot(text) to rowtrail_capture;
grant execute on function
  rowtrail.stored_row(int, anyelement, boolean),
  rowtrail.image_of(int, anyelement, text[], text[], text[]),
  rowtrail.todays_names(int, oid, int2[], text[]),
  rowtrail.names_hold(oid, text, text, text),
  rowtrail.key_text(int, text[], jsonb, text[])
to rowtrail_capture, rowtrail_reader;
grant execute on function rowtrail.hash_of(int, int2, text) to rowtrail_capture;
