-- Tracking: which tables have a history. The owner of a table asks for it; track() runs with the
-- owner's rights. Only attach(), which runs as rowtrail_owner, can make a trigger of the capture
-- functions, and it decides itself what the trigger's arguments are. The owner lends it the TRIGGER
-- privilege for that moment.
--
-- The triggers' names begin with "!" so that they sort before those of the application and of
-- foreign keys: a change is recorded before what follows from it.

create or replace function rowtrail.track(
  target regclass, key_columns text[] default null, exclude text[] default null, baseline boolean default false,
  actor text default null)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  opened boolean;
  child regclass;
  was_tracked boolean;
  was_changed boolean;
begin
  perform rowtrail.require_owner(target, 'tracked');
  perform rowtrail.require_trackable(target);
  execute format('lock table only %s in share row exclusive mode', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  select a.was_tracked, a.was_changed
  into was_tracked, was_changed
  from rowtrail.attach(target, key_columns, exclude, actor) as a;
  -- ALWAYS: they fire under session_replication_role = replica too. Only the owner can say so.
  if exists (
    select from pg_trigger as t
    where (t.tgrelid = target or t.tgrelid in (select p.relid from pg_partition_tree(target) as p))
      and t.tgname in ('!rowtrail_capture', '!rowtrail_truncate') and t.tgenabled <> 'A'
  ) then
    execute format('alter table %s enable always trigger %I', full_name, '!rowtrail_capture');
    execute format('alter table %s enable always trigger %I', full_name, '!rowtrail_truncate');
    was_changed := true;
  end if;
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
  for child in select c.child from rowtrail.untracked_children(target) as c (child) loop
    raise warning '% inherits from % and is not tracked', rowtrail.full_name(child), full_name
      using hint = format('select rowtrail.track(%L);', rowtrail.full_name(child));
  end loop;
  while baseline loop
    baseline := not (select b.is_done from rowtrail.baseline_batch(target, 100000) as b);
  end loop;
  return (
    select format(
      '%s %s, key %s%s%s',
      full_name,
      case
        when not was_tracked then 'is tracked from now on'
        when was_changed then 'was tracked already; its triggers are brought up to date'
        else 'is tracked already'
      end,
      array_to_string(t.key_columns, ', '),
      ', without ' || nullif(array_to_string(t.excluded_columns, ', '), ''),
      case t.actor_policy when 'require' then ', an actor required' when 'warn' then ', with a warning where no actor is named' end)
    from rowtrail.tracking_of(target) as t);
end
$$;
comment on function rowtrail.track(regclass, text[], text[], boolean, text) is
  'Begins the history of a table, as its owner: select rowtrail.track(''orders''); or, with columns that are never stored, rowtrail.track(''users'', exclude => ''{password}''). The key is the primary key unless key_columns names a unique one. baseline => true records the rows that are there at once, while writers wait; for a large table call rowtrail.baseline() afterwards instead. actor => ''require'' refuses changes whose transaction names no actor, ''warn'' warns of them, ''allow'' takes them. Again is a no-op, or changes the options that are given, for what is recorded from then on.';

create or replace function rowtrail.untrack(target regclass)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  opened boolean;
begin
  perform rowtrail.require_owner(target, 'untracked');
  if not exists (select from rowtrail.tracking_of(target)) then
    return format('%s is not tracked', full_name);
  end if;
  execute format('drop trigger if exists %I on %s', '!rowtrail_capture', full_name);
  execute format('drop trigger if exists %I on %s', '!rowtrail_truncate', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  perform rowtrail.detach(target);
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
  return format('%s is not tracked any more; its history stays', full_name);
end
$$;
comment on function rowtrail.untrack(regclass) is
  'Ends the tracking of a table, as its owner. Its history stays: select rowtrail.untrack(''orders'');';

create or replace function rowtrail.untracked_children(target regclass)
returns setof regclass
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  -- A child by INHERITS has triggers of its own, unlike a partition.
  select i.inhrelid::regclass
  from pg_inherits as i
  join pg_class as c on c.oid = i.inhrelid
  where i.inhparent = target
    and not c.relispartition
    and not exists (select from rowtrail.tracking_of(i.inhrelid::regclass))
  order by 1
$$;
comment on function rowtrail.untracked_children(regclass) is
  'The tables that inherit from this one and are not tracked: what is written to them, also by way of this one, is not recorded.';

create or replace function rowtrail.require_owner(target regclass, wanted text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  owner oid;
begin
  select c.relowner into owner from pg_class as c where c.oid = target;
  if owner is null then
    raise exception 'no table can be %: none is named', wanted using errcode = 'undefined_table';
  end if;
  if not pg_has_role(current_user, owner, 'usage') then
    raise exception '% can be % only by its owner %, not by %', rowtrail.full_name(target), wanted, owner::regrole, current_user
      using errcode = 'insufficient_privilege',
        hint = format('Let %s do it, or a member of that role: grant %s to %I;', owner::regrole, owner::regrole, current_user);
  end if;
end
$$;
comment on function rowtrail.require_owner(regclass, text) is
  'Raises insufficient_privilege unless the caller has the rights of the table''s owner.';

create or replace function rowtrail.full_name(target regclass)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select format('%I.%I', n.nspname, c.relname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = target
$$;
comment on function rowtrail.full_name(regclass) is 'The table''s name with its schema, quoted where SQL needs it.';

create or replace function rowtrail.attach(
  target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, out was_tracked boolean, out was_changed boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  known rowtrail.tables;
  key_numbers int2[];
  excluded_numbers int2[];
  capture_arguments text[];
  capture_function text;
begin
  perform rowtrail.require_lent(target);
  perform rowtrail.require_trackable(target);
  -- One at a time: the row of a table that two sessions begin to track is made once.
  lock table rowtrail.tables in share row exclusive mode;

  select t.* into known from rowtrail.tracking_of(target) as t;
  was_tracked := known.id is not null;
  if not was_tracked then
    -- Its history goes on under the id that it had: tracked before, or restored from a dump,
    -- where tables have other numbers.
    select t.*
    into known
    from rowtrail.tables as t
    join pg_class as c on c.oid = target
    join pg_namespace as n on n.oid = c.relnamespace
    where t.relid = target
      or (
        t.schema_name = n.nspname
        and t.table_name = c.relname
        and not exists (select from pg_class as other where other.oid = t.relid)
      )
    order by t.relid = target desc, t.id desc
    limit 1;
  end if;

  if was_tracked and wanted_key is null then
    key_numbers := rowtrail.unique_key(target, known.key_attnums);
  end if;
  key_numbers := coalesce(key_numbers, rowtrail.key_of(target, wanted_key));
  if was_tracked and wanted_exclude is null then
    excluded_numbers := known.excluded_attnums;
  else
    excluded_numbers := rowtrail.attnums_of(target, coalesce(wanted_exclude, '{}'));
  end if;
  if wanted_policy not in ('allow', 'warn', 'require') then
    raise exception '% is no policy on actors', quote_literal(wanted_policy)
      using errcode = 'invalid_parameter_value', hint = 'It is allow, warn or require.';
  end if;
  if key_numbers && excluded_numbers then
    raise exception '% cannot exclude %: it is a column of the key', full_name, wanted_exclude
      using errcode = 'invalid_parameter_value', hint = 'The key tells whose history it is; choose other columns.';
  end if;

  if known.id is null then
    insert into rowtrail.tables (relid, schema_name, table_name, key_columns, key_attnums, excluded_columns, excluded_attnums, tracked_by)
    select target, n.nspname, c.relname, '{}', key_numbers, '{}', excluded_numbers, session_user
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = target
    returning * into known;
  end if;
  update rowtrail.tables as t
  set
    relid = target,
    schema_name = n.nspname,
    table_name = c.relname,
    key_attnums = key_numbers,
    key_columns = rowtrail.names_of(target, key_numbers),
    excluded_attnums = excluded_numbers,
    excluded_columns = rowtrail.names_of(target, excluded_numbers),
    actor_policy = coalesce(wanted_policy, case when was_tracked then t.actor_policy end, 'allow'),
    tracked_since = case when was_tracked then t.tracked_since else clock_timestamp() end,
    tracked_by = case when was_tracked then t.tracked_by else session_user end,
    untracked_at = null,
    baseline_at = case when was_tracked then t.baseline_at end,
    baseline_id = case when was_tracked then t.baseline_id end,
    baseline_after = case when was_tracked then t.baseline_after end,
    baseline_done_at = case when was_tracked then t.baseline_done_at end
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where t.id = known.id and c.oid = target
  returning t.* into known;

  capture_arguments := rowtrail.capture_arguments(known.id);
  capture_function := case
    when (select c.relkind from pg_class as c where c.oid = target) = 'p' then 'rowtrail.capture_partition'
    else 'rowtrail.capture'
  end;
  was_changed := false;
  if not exists (
    select from pg_trigger as t
    where t.tgrelid = target
      and t.tgname = '!rowtrail_capture'
      and t.tgfoid = (capture_function || '()')::regprocedure
      and t.tgtype = 29  -- after insert, update, delete, for each row
      and t.tgqual is null
      and t.tgattr = ''
      and t.tgargs = rowtrail.as_trigger_keeps(capture_arguments)
  ) then
    execute format(
      'create or replace trigger %I after insert or update or delete on %s for each row execute function %s(%s)',
      '!rowtrail_capture', full_name, capture_function,
      (select string_agg(quote_literal(a.argument), ', ' order by a.place) from unnest(capture_arguments) with ordinality as a (argument, place)));
    was_changed := true;
  end if;
  if not exists (
    select from pg_trigger as t
    where t.tgrelid = target
      and t.tgname = '!rowtrail_truncate'
      and t.tgfoid = 'rowtrail.capture_truncate()'::regprocedure
      and t.tgtype = 32
      and t.tgqual is null
      and t.tgargs = rowtrail.as_trigger_keeps(array[known.id::text, known.actor_policy])
  ) then
    execute format(
      'create or replace trigger %I after truncate on %s for each statement execute function rowtrail.capture_truncate(%L, %L)',
      '!rowtrail_truncate', full_name, known.id, known.actor_policy);
    was_changed := true;
  end if;
end
$$;
comment on function rowtrail.attach(regclass, text[], text[], text) is
  'The part of rowtrail.track() that makes the registry''s row and the triggers. It needs the TRIGGER privilege, which only the table''s owner can lend.';

create or replace function rowtrail.detach(target regclass)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform rowtrail.require_lent(target);
  if exists (
    select from pg_trigger as t
    join pg_proc as p on p.oid = t.tgfoid
    where t.tgrelid = target and p.pronamespace = 'rowtrail'::regnamespace
  ) then
    raise exception '% still has the triggers of rowtrail', rowtrail.full_name(target)
      using errcode = 'object_in_use', hint = 'Use rowtrail.untrack().';
  end if;
  update rowtrail.tables as t
  set untracked_at = clock_timestamp()
  where t.relid = target and t.untracked_at is null;
end
$$;
comment on function rowtrail.detach(regclass) is
  'The part of rowtrail.untrack() that notes the end in the registry; refused while the triggers are there.';

create or replace function rowtrail.lend(target regclass, privilege text, borrower regrole)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_schema constant regnamespace := (select c.relnamespace from pg_class as c where c.oid = target);
  is_closed constant boolean := not has_schema_privilege(borrower, of_schema, 'usage');
  part regclass;
begin
  if is_closed then
    if not has_schema_privilege(of_schema, 'usage with grant option') then
      raise exception '% cannot be tracked by %: % has no right on its schema', rowtrail.full_name(target), current_user, borrower
        using errcode = 'insufficient_privilege',
          hint = format('Let the owner of the schema run: grant usage on schema %s to %s;', of_schema, borrower);
    end if;
    execute format('grant usage on schema %s to %s', of_schema, borrower);
  end if;
  -- The trigger of a partitioned table needs the privilege on each partition too.
  for part in select target union select p.relid from pg_partition_tree(target) as p loop
    execute format('grant %s on table %s to %s', privilege, rowtrail.full_name(part), borrower);
  end loop;
  return is_closed;
end
$$;
comment on function rowtrail.lend(regclass, text, regrole) is
  'Lends a role of rowtrail''s a privilege on the table and its partitions, with the rights of the caller, and USAGE on the schema if need be; true if that was lent too.';

create or replace function rowtrail.take_back(target regclass, privilege text, borrower regrole, opened boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  part regclass;
begin
  for part in select target union select p.relid from pg_partition_tree(target) as p loop
    execute format('revoke %s on table %s from %s', privilege, rowtrail.full_name(part), borrower);
  end loop;
  if opened then
    execute format(
      'revoke usage on schema %s from %s',
      (select c.relnamespace::regnamespace from pg_class as c where c.oid = target), borrower);
  end if;
end
$$;
comment on function rowtrail.take_back(regclass, text, regrole, boolean) is
  'Takes back what rowtrail.lend() lent; opened is what it gave.';

create or replace function rowtrail.require_lent(target regclass)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- By the owner itself, to rowtrail_owner itself: what PUBLIC has shows nothing.
  if not exists (
    select from pg_class as c
    cross join aclexplode(c.relacl) as a
    where c.oid = target
      and a.grantor = c.relowner
      and a.grantee = 'rowtrail_owner'::regrole
      and a.privilege_type = 'TRIGGER'
  ) then
    raise exception '%: only its owner can do this, by rowtrail.track() or rowtrail.untrack()', rowtrail.full_name(target)
      using errcode = 'insufficient_privilege';
  end if;
end
$$;
comment on function rowtrail.require_lent(regclass) is
  'Raises insufficient_privilege unless rowtrail_owner has been lent the TRIGGER privilege, which shows that the table''s owner asks.';

create or replace function rowtrail.tracking_of(target regclass)
returns setof rowtrail.tables
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select t.* from rowtrail.tables as t where t.relid = target and t.untracked_at is null
$$;
comment on function rowtrail.tracking_of(regclass) is 'The registry''s row of a table that is tracked; no row for another.';

create or replace function rowtrail.require_trackable(target regclass)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  kind "char";
  persistence "char";
  schema_name name;
  problem text;
  mend text := 'Track the tables that hold its rows.';
begin
  select c.relkind, c.relpersistence, n.nspname
  into kind, persistence, schema_name
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = target;

  if schema_name = 'rowtrail' then
    problem := 'it is a table of rowtrail itself';
    mend := 'Its tables only ever grow; rowtrail.versions is their own history.';
  elsif schema_name in ('pg_catalog', 'information_schema') or schema_name like 'pg\_toast%' then
    problem := 'it is a table of the system';
    mend := 'PostgreSQL allows no trigger on its own tables.';
  elsif kind not in ('r', 'p') then
    problem := case kind
      when 'v' then 'it is a view'
      when 'm' then 'it is a materialized view'
      when 'f' then 'it is a foreign table'
      when 'S' then 'it is a sequence'
      when 'c' then 'it is a composite type'
      else 'it is no table'
    end;
  elsif persistence = 't' then
    problem := 'it is a temporary table';
    mend := 'Its rows end with the session; track the table that they go to.';
  elsif exists (select from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhrelid = target and c.relispartition) then
    problem := 'it is a partition';
    mend := format('Track the table that it belongs to: select rowtrail.track(%L);',
      (select rowtrail.full_name(pg_partition_root(target))));
  end if;

  if problem is not null then
    raise exception '% cannot be tracked: %', rowtrail.full_name(target), problem
      using errcode = 'wrong_object_type', hint = mend;
  end if;
end
$$;
comment on function rowtrail.require_trackable(regclass) is
  'Raises wrong_object_type, with the reason, for what can have no history: views, foreign, temporary and system tables, partitions, rowtrail''s own.';

create or replace function rowtrail.key_of(target regclass, wanted text[])
returns int2[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_key int2[];
begin
  if wanted is null then
    found_key := rowtrail.unique_key(target, null);
    if found_key is null then
      raise exception '% cannot be tracked: it has no primary key', rowtrail.full_name(target)
        using errcode = 'invalid_table_definition',
          hint = format(
            'Give it one, or name the columns of a unique key that are NOT NULL: select rowtrail.track(%L, key_columns => ''{a,b}'');',
            rowtrail.full_name(target));
    end if;
  else
    found_key := rowtrail.unique_key(target, rowtrail.attnums_of(target, wanted));
    if found_key is null then
      raise exception '% cannot be tracked by (%): that is no unique key of NOT NULL columns',
        rowtrail.full_name(target), array_to_string(wanted, ', ')
        using errcode = 'invalid_parameter_value',
          hint = 'Rows with one key would share one history. Make a unique index on these columns, and set them NOT NULL.';
    end if;
  end if;
  if cardinality(found_key) = 1 and exists (
    select from pg_attribute as a
    where a.attrelid = target
      and a.attnum = found_key[1]
      and 'jsonb'::regtype in (a.atttypid, (select y.typbasetype from pg_type as y where y.oid = a.atttypid))
  ) then
    raise exception '% cannot be tracked by a key of type jsonb', rowtrail.full_name(target)
      using errcode = 'invalid_table_definition',
        hint = 'As text "1" and 1 would be one key. Name another unique key: key_columns => ''{...}''.';
  end if;
  return found_key;
end
$$;
comment on function rowtrail.key_of(regclass, text[]) is
  'The numbers of the key''s columns: the wanted ones, or those of the primary key. Raises an error where they are no unique key.';

create or replace function rowtrail.unique_key(target regclass, wanted int2[])
returns int2[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- In the order that was asked for; else as the primary key has them.
  select coalesce(wanted, k.attnums)
  from pg_index as i
  cross join lateral (
    select array_agg(u.attnum order by u.place) as attnums
    from unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
    where u.place <= i.indnkeyatts
  ) as k
  where i.indrelid = target
    and i.indisunique
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
    and case
      when wanted is null then i.indisprimary
      else k.attnums @> wanted and k.attnums <@ wanted
    end
    and not exists (
      select from pg_attribute as a
      where a.attrelid = target and a.attnum = any (k.attnums) and not a.attnotnull
    )
  limit 1
$$;
comment on function rowtrail.unique_key(regclass, int2[]) is
  'The wanted columns, by number, if a unique index has just these and all are NOT NULL; for NULL those of the primary key; else NULL.';

create or replace function rowtrail.attnums_of(target regclass, names text[])
returns int2[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unknown text;
begin
  select n.name into unknown
  from unnest(names) as n (name)
  where not exists (
    select from pg_attribute as a
    where a.attrelid = target and a.attname = n.name and a.attnum > 0 and not a.attisdropped)
  limit 1;
  if found then
    raise exception '% has no column %', rowtrail.full_name(target), quote_ident(unknown) using errcode = 'undefined_column';
  end if;
  return (
    select coalesce(array_agg(a.attnum order by n.place), '{}')
    from unnest(names) with ordinality as n (name, place)
    join pg_attribute as a on a.attrelid = target and a.attname = n.name and not a.attisdropped);
end
$$;
comment on function rowtrail.attnums_of(regclass, text[]) is 'The numbers of the columns with these names; raises undefined_column for a name that the table has not.';

create or replace function rowtrail.names_of(target regclass, attnums int2[])
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by n.place), '{}')
  from unnest(attnums) with ordinality as n (attnum, place)
  join pg_attribute as a on a.attrelid = target and a.attnum = n.attnum and not a.attisdropped
$$;
comment on function rowtrail.names_of(regclass, int2[]) is 'The names of the columns with these numbers.';

create or replace function rowtrail.left_out_of(target regclass, excluded int2[])
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_attribute as a
  where a.attrelid = target
    and a.attnum > 0
    and not a.attisdropped
    and (a.attnum = any (excluded) or a.attgenerated = 'v')
$$;
comment on function rowtrail.left_out_of(regclass, int2[]) is
  'The names of the columns that are not stored: the excluded ones, by number, and virtual ones.';

create or replace function rowtrail.capture_arguments(of_table int)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select array[
    t.id::text,
    case when cardinality(k.names) = 1 then k.names[1] else '' end,
    k.names::text,
    coalesce(nullif(rowtrail.left_out_of(t.relid, t.excluded_attnums)::text, '{}'), ''),
    t.actor_policy
  ] || array(
    select a.attname::text
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = t.relid
      and a.attnum > 0
      and not a.attisdropped
      and a.attname::text <> all (rowtrail.left_out_of(t.relid, t.excluded_attnums))
      -- What is sometimes a JSON string and sometimes not cannot be compared as text.
      and y.typtype in ('b', 'e', 'r')
      and a.atttypid not in ('json'::regtype, 'jsonb'::regtype)
      and not exists (
        select from pg_cast as x
        where x.castsource = a.atttypid and x.casttarget in ('json'::regtype, 'jsonb'::regtype))
    order by a.attnum)
  from rowtrail.tables as t
  cross join lateral (select rowtrail.names_of(t.relid, t.key_attnums) as names) as k
  where t.id = of_table
$$;
comment on function rowtrail.capture_arguments(int) is
  'The arguments of the capture trigger of a table (see capture.sql).';

create or replace function rowtrail.as_trigger_keeps(arguments text[])
returns bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(convert_to(a.argument, getdatabaseencoding()) || '\x00'::bytea, ''::bytea order by a.place)
  from unnest(arguments) with ordinality as a (argument, place)
$$;
comment on function rowtrail.as_trigger_keeps(text[]) is
  'The arguments of a trigger as pg_trigger.tgargs keeps them.';

create or replace function rowtrail.status()
returns table (
  table_id int, table_name text, state text, key_columns text[], excluded_columns text[],
  tracked_since timestamptz, tracked_by text, mend text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    t.id,
    format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name)),
    s.state,
    t.key_columns,
    t.excluded_columns,
    t.tracked_since,
    t.tracked_by,
    case
      when s.state in ('trigger missing', 'trigger disabled', 'not always on', 'stale', 'replaced')
        then format('select rowtrail.track(%L);', format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name)))
      when s.state = 'children not tracked'
        then format('select rowtrail.track(%L);', (select rowtrail.full_name(x.child) from rowtrail.untracked_children(t.relid) as x (child) limit 1))
    end
  from rowtrail.tables as t
  left join pg_class as c on c.oid = t.relid
  left join pg_namespace as n on n.oid = c.relnamespace
  left join pg_trigger as r
    on r.tgrelid = t.relid and r.tgname = '!rowtrail_capture' and r.tgfoid in ('rowtrail.capture()'::regprocedure, 'rowtrail.capture_partition()'::regprocedure)
  left join pg_trigger as u
    on u.tgrelid = t.relid and u.tgname = '!rowtrail_truncate' and u.tgfoid = 'rowtrail.capture_truncate()'::regprocedure
  -- Partitions have triggers of their own.
  cross join lateral (
    select array_agg(x.tgenabled) as enabled
    from pg_trigger as x
    where x.tgfoid = r.tgfoid
      and (x.tgrelid = t.relid or x.tgrelid in (select p.relid from pg_partition_tree(t.relid) as p))
  ) as l
  cross join lateral (
    select case
      when t.untracked_at is not null then 'untracked'
      when c.oid is null and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is not null
        and not exists (
          select from rowtrail.tables as other
          where other.relid = to_regclass(format('%I.%I', t.schema_name, t.table_name)))
        then 'replaced'
      when c.oid is null then 'dropped'
      when r.oid is null or u.oid is null or (r.tgtype, u.tgtype) <> (29, 32) or r.tgattr <> ''
        or r.tgqual is not null or u.tgqual is not null
        then 'trigger missing'
      when 'D' = any (l.enabled) or 'D' in (r.tgenabled, u.tgenabled) then 'trigger disabled'
      when 'A' <> any (l.enabled) or 'A' <> u.tgenabled then 'not always on'
      -- Recorded all the same, only slower than need be.
      when r.tgargs <> rowtrail.as_trigger_keeps(rowtrail.capture_arguments(t.id)) then 'stale'
      when exists (select from rowtrail.untracked_children(t.relid)) then 'children not tracked'
      else 'tracked'
    end as state
  ) as s
  order by 2
$$;
comment on function rowtrail.status() is
  'What is tracked and whether its triggers are as they must be; for what is not, the statement that mends it: select * from rowtrail.status();';
