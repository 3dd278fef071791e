-- Tracking: which tables have a history. The owner of a table asks for it; track() runs with the
-- owner's rights. Only attach(), which runs as rowtrail_owner, can make a trigger of the capture
-- functions, and it decides itself what the trigger's arguments are. The owner lends it the TRIGGER
-- privilege for that moment.
--
-- The triggers' names begin with "!" so that they sort before those of the application and of
-- foreign keys: a change is recorded before what follows from it.

create or replace function rowtrail.track(
  target regclass, key_columns text[] default null, exclude text[] default null, baseline boolean default false,
  actor text default null, hash text[] default null, ignore text[] default null, keep text[] default null,
  truncate_rows boolean default null, erasable boolean default null)
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
  wants_rows boolean;
  always text;
begin
  perform rowtrail.require_owner(target, 'tracked');
  perform rowtrail.require_trackable(target);
  execute format('lock table only %s in share row exclusive mode', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  select a.was_tracked, a.was_changed, a.wants_rows
  into was_tracked, was_changed, wants_rows
  from rowtrail.attach(target, key_columns, exclude, actor, hash, ignore, keep, truncate_rows, erasable) as a;
  if wants_rows then
    -- Lent for as long as the option holds: a TRUNCATE can be by anybody.
    perform rowtrail.require_no_row_security(target, 'a TRUNCATE');
    perform rowtrail.lend(target, 'select', 'rowtrail_capture');
  elsif exists (select from pg_trigger as t where t.tgrelid = target and t.tgname = '!rowtrail_truncate_rows') then
    execute format('drop trigger %I on %s', '!rowtrail_truncate_rows', full_name);
    perform rowtrail.take_back(target, 'select', 'rowtrail_capture', false);
    was_changed := true;
  end if;
  -- ALWAYS: they fire under session_replication_role = replica too. Only the owner can say so.
  always := (
    select string_agg(format('enable always trigger %I', g.tgname), ', ')
    from (
      select distinct t.tgname
      from pg_trigger as t
      where (t.tgrelid = target or t.tgrelid in (select p.relid from pg_partition_tree(target) as p))
        and t.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows')
        and t.tgenabled <> 'A'
    ) as g);
  if always is not null then
    execute format('alter table %s %s', full_name, always);
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
      '%s %s, %s%s%s%s%s%s%s',
      full_name,
      case
        when not was_tracked then 'is tracked from now on'
        when was_changed then 'was tracked already; its triggers are brought up to date'
        else 'is tracked already'
      end,
      case
        when t.key_columns = '{}' then 'without a key: rows that hold the same cannot be told apart'
        else 'key ' || array_to_string(t.key_columns, ', ')
      end,
      ', without ' || nullif(array_to_string(t.excluded_columns, ', '), ''),
      ', hashed ' || nullif(array_to_string(t.hashed_columns, ', '), ''),
      ', no version for ' || nullif(array_to_string(t.ignored_columns, ', '), '') || ' alone',
      case when t.truncate_rows then ', each row of a TRUNCATE' end,
      case when t.is_erasable then ', erasable' end,
      case t.actor_policy when 'require' then ', an actor required' when 'warn' then ', with a warning where no actor is named' end)
    from rowtrail.tracking_of(target) as t);
end
$$;
comment on function rowtrail.track(regclass, text[], text[], boolean, text, text[], text[], text[], boolean, boolean) is
  'Begins the history of a table, as its owner: select rowtrail.track(''orders''); The key is the primary key, else the replica identity, unless key_columns names a unique one; a table without a key is tracked by what its rows hold. Of the columns named in exclude nothing is stored, of those in hash a salted SHA-256 (equality shows, the value does not); ignore makes no version when only such columns changed. A column named like a secret must be in one of exclude, hash and keep. truncate_rows => true records each row of a TRUNCATE. erasable => true seals what is not sealed yet so that rowtrail.erase() can erase values of it later, and its seals still verify. baseline => true records the rows that are there at once, while writers wait; for a large table call rowtrail.baseline() afterwards instead. actor => ''require'' refuses changes whose transaction names no actor, ''warn'' warns of them, ''allow'' takes them. Again is a no-op, or changes the options that are given, for what is recorded from then on.';

create or replace function rowtrail.untrack(target regclass, reason text default null)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  opened boolean;
  trigger_name name;
begin
  perform rowtrail.require_owner(target, 'untracked');
  if not exists (select from rowtrail.tracking_of(target)) then
    return format('%s is not tracked', full_name);
  end if;
  execute format('lock table only %s in access exclusive mode', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  perform rowtrail.detach(target, reason);
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
  for trigger_name in
    select g.tgname
    from pg_trigger as g
    where g.tgrelid = target and g.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows')
  loop
    execute format('drop trigger %I on %s', trigger_name, full_name);
    if trigger_name = '!rowtrail_truncate_rows' then
      perform rowtrail.take_back(target, 'select', 'rowtrail_capture', false);
    end if;
  end loop;
  return format('%s is not tracked any more; its history stays', full_name);
end
$$;
comment on function rowtrail.untrack(regclass, text) is
  'Ends the tracking of a table, as its owner, and keeps the reason on its time line. Its history stays: select rowtrail.untrack(''orders'', reason => ''archived'');';

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

create or replace function rowtrail.require_no_row_security(target regclass, purpose text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if (select c.relrowsecurity from pg_class as c where c.oid = target limit 1)
    and not coalesce((
      select
        bool_or(p.polpermissive and 'rowtrail_capture'::regrole = any (p.polroles) and pg_get_expr(p.polqual, p.polrelid) = 'true')
        and not bool_or(not p.polpermissive and p.polroles && array[0, 'rowtrail_capture'::regrole::oid])
      from pg_policy as p
      where p.polrelid = target and p.polcmd in ('r', '*')), false)
  then
    raise exception 'row security would hide rows of % from %', rowtrail.full_name(target), purpose
      using errcode = 'insufficient_privilege',
        hint = format('create policy rowtrail_baseline on %s for select to rowtrail_capture using (true);', rowtrail.full_name(target));
  end if;
end
$$;
comment on function rowtrail.require_no_row_security(regclass, text) is
  'Raises insufficient_privilege, with the policy that mends it, where row security would hide rows from rowtrail_capture.';

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
  target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, wanted_hash text[],
  wanted_ignore text[], wanted_keep text[], wanted_rows boolean, wanted_erasable boolean,
  out was_tracked boolean, out was_changed boolean, out wants_rows boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  known rowtrail.tables;
  before rowtrail.tables;
  key_numbers int2[];
  is_keyed_anew boolean;
  capture_function text;
  truncate_arguments text[];
begin
  perform rowtrail.require_lent(target);
  -- Where this becomes a history database just now, one of the two waits for the other, and refuses.
  lock table rowtrail.origin in row share mode;
  perform rowtrail.require_no_history_database('tracking');
  perform rowtrail.require_trackable(target);
  perform rowtrail.renumber();
  -- Two sessions that begin to track one table come one after the other: rowtrail.track() has locked
  -- it. The registry as a whole is not locked, since a schema change of another table writes to it.
  select t.* into known from rowtrail.tables as t where t.relid = target and t.untracked_at is null;
  was_tracked := known.id is not null;
  before := known;
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
    before := known;
    if known.untracked_at is null and known.id is not null then
      -- Nobody ended it: it was restored from a dump or made anew. What was said of its columns holds
      -- by their names, so that nothing which was hidden is recorded in plain.
      known.excluded_attnums := rowtrail.attnums_there(target, known.excluded_columns);
      known.hashed_attnums := rowtrail.attnums_there(target, known.hashed_columns);
      known.ignored_attnums := rowtrail.attnums_there(target, known.ignored_columns);
      known.key_attnums := rowtrail.unique_key(target, nullif(rowtrail.attnums_there(target, known.key_columns), '{}'));
    else
      known.excluded_attnums := '{}';
      known.hashed_attnums := '{}';
      known.ignored_attnums := '{}';
      known.key_attnums := '{}';
      known.truncate_rows := false;
      known.is_erasable := false;
      known.actor_policy := 'allow';
    end if;
    known.kept_attnums := '{}';
  end if;

  if wanted_key is null and known.key_attnums <> '{}' then
    key_numbers := rowtrail.unique_key(target, known.key_attnums);
  end if;
  key_numbers := coalesce(key_numbers, rowtrail.key_of(target, wanted_key));
  known.excluded_attnums := coalesce(rowtrail.attnums_of(target, wanted_exclude), known.excluded_attnums);
  known.hashed_attnums := coalesce(rowtrail.attnums_of(target, wanted_hash), known.hashed_attnums);
  known.ignored_attnums := coalesce(rowtrail.attnums_of(target, wanted_ignore), known.ignored_attnums);
  known.kept_attnums := coalesce(rowtrail.attnums_of(target, wanted_keep), known.kept_attnums);
  known.truncate_rows := coalesce(wanted_rows, known.truncate_rows);
  known.is_erasable := coalesce(wanted_erasable, known.is_erasable);
  if wanted_erasable and key_numbers = '{}' then
    raise exception '% cannot be erasable: it has no key, so that whose values they are cannot be told', full_name
      using errcode = 'invalid_parameter_value', hint = 'Give the table a primary key, or name a unique one: key_columns => ''{...}''.';
  end if;
  if wanted_policy not in ('allow', 'warn', 'require') then
    raise exception '% is no policy on actors', quote_literal(wanted_policy)
      using errcode = 'invalid_parameter_value', hint = 'It is allow, warn or require.';
  end if;
  known.actor_policy := coalesce(wanted_policy, known.actor_policy);
  -- Without a key, what is stored of a row is what tells it from others.
  is_keyed_anew := before.id is not null
    and (
      -- In a table that was restored or made anew the same columns may have other numbers.
      (before.key_attnums <> key_numbers and before.key_columns <> rowtrail.names_of(target, key_numbers))
      or (
        key_numbers = '{}'
        and (
          before.untracked_at is not null
          or (
            (before.excluded_attnums, before.hashed_attnums, before.ignored_attnums)
              is distinct from (known.excluded_attnums, known.hashed_attnums, known.ignored_attnums)
            and (before.excluded_columns, before.hashed_columns, before.ignored_columns) is distinct from (
              rowtrail.names_of(target, known.excluded_attnums), rowtrail.names_of(target, known.hashed_attnums),
              rowtrail.names_of(target, known.ignored_attnums))
          )
        )
      )
    );
  perform rowtrail.require_treatable(
    target, key_numbers, known,
    -- What is tracked already goes on being tracked: an upgrade brings triggers up to date by itself.
    known.id is not null and known.untracked_at is null and coalesce(wanted_exclude, wanted_hash, wanted_keep) is null);

  if known.id is null then
    insert into rowtrail.tables (relid, schema_name, table_name, key_columns, key_attnums, tracked_by)
    select target, n.nspname, c.relname, '{}', key_numbers, session_user
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = target
    returning id into known.id;
  end if;
  if known.hashed_attnums <> '{}' then
    insert into rowtrail.salts (table_id, salt)
    values (known.id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    on conflict do nothing;
  end if;
  update rowtrail.tables as t
  set
    relid = target,
    schema_name = n.nspname,
    table_name = c.relname,
    key_attnums = key_numbers,
    key_columns = rowtrail.names_of(target, key_numbers),
    excluded_attnums = known.excluded_attnums,
    excluded_columns = rowtrail.names_of(target, known.excluded_attnums),
    hashed_attnums = known.hashed_attnums,
    hashed_columns = rowtrail.names_of(target, known.hashed_attnums),
    ignored_attnums = known.ignored_attnums,
    ignored_columns = rowtrail.names_of(target, known.ignored_attnums),
    kept_attnums = known.kept_attnums,
    truncate_rows = known.truncate_rows,
    is_erasable = known.is_erasable,
    erasable_since = coalesce(t.erasable_since, case when known.is_erasable then clock_timestamp() end),
    actor_policy = known.actor_policy,
    tracked_since = case when was_tracked then t.tracked_since else clock_timestamp() end,
    tracked_by = case when was_tracked then t.tracked_by else session_user end,
    keyed_since = case when is_keyed_anew then clock_timestamp() else t.keyed_since end,
    untracked_at = null,
    baseline_at = case when was_tracked and not is_keyed_anew then t.baseline_at end,
    baseline_id = case when was_tracked and not is_keyed_anew then t.baseline_id end,
    baseline_after = case when was_tracked and not is_keyed_anew then t.baseline_after end,
    baseline_done_at = case when was_tracked and not is_keyed_anew then t.baseline_done_at end
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where t.id = known.id and c.oid = target;
  update rowtrail.tables as t
  set capture_arguments = rowtrail.capture_arguments(t.id)
  where t.id = known.id
  returning t.* into known;
  perform rowtrail.note_schema_change(known.id, null, 'rowtrail.track()');
  perform rowtrail.note_schema_change(
    known.id, 'rowtrail.track()',
    unrecorded => case
      -- Of a column that was ignored until now, rows may hold values that came without a version.
      when was_tracked and key_numbers <> '{}'
        then array(select n from unnest(before.ignored_attnums) as n where n <> all (known.ignored_attnums))
      else '{}'
    end,
    remarks => case when before.untracked_at is not null then '{"tracking": "begun again"}' else '{}'::jsonb end
      || case when before.id is not null then rowtrail.options_changed(before, known) else '{}' end);

  capture_function := case
    when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then 'rowtrail.capture_partition'
    else 'rowtrail.capture'
  end;
  truncate_arguments := array[known.id::text, known.actor_policy];
  wants_rows := known.truncate_rows;
  was_changed := wants_rows and rowtrail.make_trigger(
      target, '!rowtrail_truncate_rows', 34, 'before truncate', 'statement', 'rowtrail.capture_truncated_rows',
      truncate_arguments);
  was_changed := rowtrail.make_trigger(
      target, '!rowtrail_truncate', 32, 'after truncate', 'statement', 'rowtrail.capture_truncate', truncate_arguments)
    or was_changed;
  was_changed := rowtrail.make_trigger(
      target, '!rowtrail_capture', 29, 'after insert or update or delete', 'row', capture_function, known.capture_arguments)
    or was_changed;
end
$$;
comment on function rowtrail.attach(regclass, text[], text[], text, text[], text[], text[], boolean, boolean) is
  'The part of rowtrail.track() that makes the registry''s row and the triggers. It needs the TRIGGER privilege, which only the table''s owner can lend.';

create or replace function rowtrail.options_changed(before rowtrail.tables, after rowtrail.tables)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when count(*) = 0 then '{}'
    else jsonb_build_object('options', jsonb_object_agg(o.name, jsonb_build_object('old', o.old, 'new', o.new)))
  end
  from (
    select l.name, to_jsonb(n.old), to_jsonb(n.new)
    from (values
      ('key_columns', before.key_attnums, before.key_columns, after.key_attnums),
      ('exclude', before.excluded_attnums, before.excluded_columns, after.excluded_attnums),
      ('hash', before.hashed_attnums, before.hashed_columns, after.hashed_attnums),
      ('ignore', before.ignored_attnums, before.ignored_columns, after.ignored_attnums)
    ) as l (name, before, last_names, after)
    -- By their numbers: a column that was renamed is the same. In a table made anew numbers say nothing.
    cross join lateral (
      select
        case when before.relid = after.relid then rowtrail.names_of(after.relid, l.before) else l.last_names end as old,
        rowtrail.names_of(after.relid, l.after) as new
    ) as n
    where n.old <> n.new
    union all
    select 'actor', to_jsonb(before.actor_policy), to_jsonb(after.actor_policy) where before.actor_policy <> after.actor_policy
    union all
    select 'truncate_rows', to_jsonb(before.truncate_rows), to_jsonb(after.truncate_rows)
    where before.truncate_rows <> after.truncate_rows
    union all
    select 'erasable', to_jsonb(before.is_erasable), to_jsonb(after.is_erasable)
    where before.is_erasable <> after.is_erasable
  ) as o (name, old, new)
$$;
comment on function rowtrail.options_changed(rowtrail.tables, rowtrail.tables) is
  'Which options of rowtrail.track() are others than before: {"options": {"<option>": {"old", "new"}}}; {} if none is.';

create or replace function rowtrail.make_trigger(
  target regclass, named name, kind int, event text, level text, function_name text, arguments text[])
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from pg_trigger as t
    where t.tgrelid = target
      and t.tgname = named
      and t.tgfoid = (function_name || '()')::regprocedure
      and t.tgtype = kind
      and t.tgqual is null
      and t.tgattr = ''
      and t.tgargs = rowtrail.as_trigger_keeps(arguments)
  ) then
    return false;
  end if;
  execute format(
    'create or replace trigger %I %s on %s for each %s execute function %s(%s)',
    named, event, rowtrail.full_name(target), level, function_name,
    (select string_agg(quote_literal(a.argument), ', ' order by a.place)
    from unnest(arguments) with ordinality as a (argument, place)));
  return true;
end
$$;
comment on function rowtrail.make_trigger(regclass, name, int, text, text, text, text[]) is
  'Makes a trigger of rowtrail''s, unless it is there as it must be (kind is pg_trigger.tgtype); true if it made one.';

create or replace function rowtrail.require_treatable(
  target regclass, key_numbers int2[], known rowtrail.tables, goes_on boolean)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := rowtrail.full_name(target);
  twice text[];
  secrets text[];
  mend text;
begin
  twice := rowtrail.names_of(target, array(
    select k from unnest(key_numbers) as k where k = any (known.excluded_attnums || known.hashed_attnums || known.ignored_attnums)));
  if twice <> '{}' then
    raise exception '% cannot exclude, hash or ignore %: it is of the key', full_name, array_to_string(twice, ', ')
      using errcode = 'invalid_parameter_value', hint = 'The key tells whose history it is; choose other columns.';
  end if;
  twice := rowtrail.names_of(target, array(
    select k from unnest(known.excluded_attnums || known.hashed_attnums || known.kept_attnums) as k
    group by k having count(*) > 1));
  if twice <> '{}' then
    raise exception '% of %: only one of exclude, hash and keep can be said of a column', array_to_string(twice, ', '), full_name
      using errcode = 'invalid_parameter_value', hint = 'Each list replaces the one of the same name before; ''{}'' empties it.';
  end if;
  secrets := array(
    select distinct a.attname::text
    from pg_attribute as a
    join pg_attrdef as f on (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
    join pg_depend as d
      -- Up to PostgreSQL 14 the column depends on the columns that it is made from, later its expression does.
      on (d.classid, d.objid) = ('pg_attrdef'::regclass, f.oid)
      or (d.classid, d.objid, d.objsubid) = ('pg_class'::regclass, a.attrelid, a.attnum)
    where a.attrelid = target
      and a.attgenerated = 's'
      and a.attnum <> all (known.excluded_attnums || known.hashed_attnums || known.kept_attnums)
      and (d.refclassid, d.refobjid) = ('pg_class'::regclass, target)
      and d.refobjsubid = any (known.excluded_attnums || known.hashed_attnums)
    order by 1);
  mend := format(
    'Say what the history may hold of them. Nothing: select rowtrail.track(%1$L, exclude => %2$L); a hash: hash => %2$L; all: keep => %2$L; each with the columns that are in the list already.',
    full_name, secrets::text);
  if secrets <> '{}' and goes_on then
    raise warning '% has columns generated from excluded or hashed ones, which are recorded: %', full_name, array_to_string(secrets, ', ')
      using hint = mend;
  elsif secrets <> '{}' then
    raise exception '% has columns generated from excluded or hashed ones: %', full_name, array_to_string(secrets, ', ')
      using errcode = 'invalid_parameter_value', hint = mend;
  end if;
  secrets := array(
    select a.attname::text
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = target
      and a.attnum > 0
      and not a.attisdropped
      and a.attnum <> all (known.excluded_attnums || known.hashed_attnums || known.kept_attnums || key_numbers)
      and y.typcategory not in ('B', 'D', 'T')
      and rowtrail.is_named_like_a_secret(a.attname)
    order by a.attnum);
  mend := format(
    'Say what the history may hold of them. Nothing: select rowtrail.track(%1$L, exclude => %2$L); a hash: hash => %2$L; all: keep => %2$L.',
    full_name, secrets::text);
  if secrets <> '{}' and goes_on then
    raise warning '% has columns named like secrets, which are recorded: %', full_name, array_to_string(secrets, ', ')
      using hint = mend;
  elsif secrets <> '{}' then
    raise exception '% has columns named like secrets: %', full_name, array_to_string(secrets, ', ')
      using errcode = 'invalid_parameter_value', hint = mend;
  end if;
end
$$;
comment on function rowtrail.require_treatable(regclass, int2[], rowtrail.tables, boolean) is
  'Raises invalid_parameter_value where what is to be done with the columns contradicts itself, or a column is named like a secret, or generated from one that is not stored as it is, and nothing was said of it (a warning where tracking only goes on).';

create or replace function rowtrail.is_named_like_a_secret(column_name text)
returns boolean
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- camelCase as snake_case
  select lower(regexp_replace(column_name, '([a-z0-9])([A-Z])', e'\\1_\\2', 'g'))
    ~ '(^|[^a-z])(password|passwd|passphrase|pwd|secret|token|api_?key|private_?key|access_?key|credentials?|ssn|cvv|cvc|pin|card_?number|salt|otp|totp)(_?(hash|hashed|digest|encrypted|enc|crypt|salt|value|secret|key|code|number))*([0-9]*)$'
$$;
comment on function rowtrail.is_named_like_a_secret(text) is
  'Whether a column has the name of a secret, as password or apiToken, so that track() asks what the history may hold of it.';

create or replace function rowtrail.detach(target regclass, reason text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  of_table constant int := (select t.id from rowtrail.tracking_of(target) as t);
begin
  perform rowtrail.require_lent(target);
  perform rowtrail.note_schema_change(of_table, null, 'rowtrail.untrack()');
  perform rowtrail.note_schema_change(
    of_table, 'rowtrail.untrack()', remarks => '{"tracking": "ended"}', reason => reason);
  update rowtrail.tables as t set untracked_at = clock_timestamp() where t.id = of_table;
end
$$;
comment on function rowtrail.detach(regclass, text) is
  'The part of rowtrail.untrack() that notes the end in the registry and on the table''s time line. Changes are recorded until the triggers are dropped.';

create or replace function rowtrail.lend(target regclass, privilege text, borrower regrole)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- In a transaction of a snapshot that is older than another's change of the table, the catalogue's row
  -- is there twice once it was changed here.
  of_schema constant regnamespace := (select c.relnamespace from pg_class as c where c.oid = target limit 1);
  is_closed boolean;
  part regclass;
begin
  -- Of two that change one object's privileges at once, PostgreSQL fails one.
  perform pg_advisory_xact_lock(hashtext('rowtrail.lend'), hashoid(target));
  is_closed := not has_schema_privilege(borrower, of_schema, 'usage');
  if is_closed then
    perform pg_advisory_xact_lock(hashtext('rowtrail.lend'), hashoid(of_schema));
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
      (select c.relnamespace::regnamespace from pg_class as c where c.oid = target limit 1), borrower);
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
  -- Anybody may ask this, so the key of a row is left out.
  select p.*
  from rowtrail.tables as t
  cross join lateral jsonb_populate_record(t, '{"baseline_after": null}') as p
  where t.relid = target and t.untracked_at is null
$$;
comment on function rowtrail.tracking_of(regclass) is
  'The registry''s row of a table that is tracked, but for baseline_after; no row for another.';

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
  elsif schema_name in ('pg_catalog', 'information_schema') or left(schema_name, 8) = 'pg_toast' then
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
    found_key := coalesce(rowtrail.unique_key(target, null), '{}');
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
  'The numbers of the key''s columns: the wanted ones, or those of the primary key or the replica identity; none where the table has no key. Raises an error where the wanted ones are no unique key.';

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
      when wanted is null then i.indisprimary or i.indisreplident
      else k.attnums @> wanted and k.attnums <@ wanted and cardinality(k.attnums) = cardinality(wanted)
    end
    and not exists (
      select from pg_attribute as a
      where a.attrelid = target and a.attnum = any (k.attnums) and not a.attnotnull
    )
  order by i.indisprimary desc
  limit 1
$$;
comment on function rowtrail.unique_key(regclass, int2[]) is
  'The wanted columns, by number, if a unique index has just these and all are NOT NULL; for NULL those of the primary key or else of the index that is the replica identity; else NULL.';

create or replace function rowtrail.attnums_of(target regclass, names text[])
returns int2[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unknown text;
begin
  if names is null then
    return null;
  end if;
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
comment on function rowtrail.attnums_of(regclass, text[]) is 'The numbers of the columns with these names, NULL for NULL; raises undefined_column for a name that the table has not.';

create or replace function rowtrail.attnums_there(target regclass, names text[])
returns int2[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(a.attnum order by n.place), '{}')
  from unnest(names) with ordinality as n (name, place)
  join pg_attribute as a on a.attrelid = target and a.attname = n.name and a.attnum > 0 and not a.attisdropped
$$;
comment on function rowtrail.attnums_there(regclass, text[]) is
  'The numbers of the columns with these names, of those that the table has.';

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
    t.actor_policy,
    coalesce(c.numbers::text, ''),
    coalesce(c.names::text, ''),
    case when c.treatments <@ '{exclude,virtual}' then 'left out' else coalesce(c.treatments::text, '') end
  ] || array(
    select a.attname::text
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = t.relid
      and a.attnum > 0
      and not a.attisdropped
      and a.attnum <> all (t.excluded_attnums)
      and a.attgenerated <> 'v'
      -- What is sometimes a JSON string and sometimes not cannot be compared as text.
      and y.typtype in ('b', 'e', 'r')
      and a.atttypid not in ('json'::regtype, 'jsonb'::regtype)
      and not exists (
        select from pg_cast as x
        where x.castsource = a.atttypid and x.casttarget in ('json'::regtype, 'jsonb'::regtype))
    order by a.attnum)
  from rowtrail.tables as t
  cross join lateral (select rowtrail.names_of(t.relid, t.key_attnums) as names) as k
  cross join lateral (
    select array_agg(c.number) as numbers, array_agg(c.name) as names, array_agg(c.treatment) as treatments
    from rowtrail.treatments(t) as c
  ) as c
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
  select string_agg(convert_to(a.argument, getdatabaseencoding()) || decode('00', 'hex'), ''::bytea order by a.place)
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
set row_security = on
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
      when s.state in (
        'trigger missing', 'trigger disabled', 'not always on', 'stale', 'replaced', 'schema change not recorded')
        then format('select rowtrail.track(%L);', format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name)))
      when s.state = 'children not tracked'
        then format('select rowtrail.track(%L);', (select rowtrail.full_name(x.child) from rowtrail.untracked_children(t.relid) as x (child) limit 1))
    end
  from rowtrail.tables as t
  left join pg_class as c on c.oid = t.relid
  left join pg_namespace as n on n.oid = c.relnamespace
  left join pg_trigger as r on r.tgrelid = t.relid and r.tgname = '!rowtrail_capture'
  cross join lateral (select case when t.untracked_at is null and c.oid is not null then rowtrail.capture_fault(t) end as fault) as f
  cross join lateral (
    select case
      when exists (select from rowtrail.origin) then 'shipped'
      when t.untracked_at is not null then 'untracked'
      -- Not by to_regclass(), which fails for who may not use the schema.
      when c.oid is null and exists (
          select from pg_class as o
          join pg_namespace as of_schema on of_schema.oid = o.relnamespace
          where of_schema.nspname = t.schema_name
            and o.relname = t.table_name
            and not exists (select from rowtrail.tables as other where other.relid = o.oid))
        then 'replaced'
      when c.oid is null then 'dropped'
      when f.fault is not null then f.fault
      -- Recorded all the same, only slower than need be.
      when r.tgargs <> rowtrail.as_trigger_keeps(rowtrail.capture_arguments(t.id)) then 'stale'
      when t.is_rewritten or t.shape <> rowtrail.shape_of(t.relid) then 'schema change not recorded'
      when c.relkind = 'p' and exists (
          select from rowtrail.partition_change(t) as p where p.attached is not null or p.detached is not null)
        then 'schema change not recorded'
      when exists (select from rowtrail.untracked_children(t.relid)) then 'children not tracked'
      else 'tracked'
    end as state
  ) as s
  order by 2
$$;
comment on function rowtrail.status() is
  'What is tracked and whether its triggers are as they must be; for what is not, the statement that mends it: select * from rowtrail.status(); In a history database each table is shipped.';
