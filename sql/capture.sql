-- Capture: the triggers' functions. They copy one row change into rowtrail.versions, in the
-- writer's own transaction. They are the only way in: they are owned by rowtrail_capture, which
-- may insert versions and read nothing of the rows in them.
--
-- Trigger arguments, written by rowtrail.attach() (see tracking.sql):
--   0  id of the table in rowtrail.tables
--   1  the key column, where the key is one column; else ''
--   2  the key columns, as an array literal
--   3  the columns that are left out (excluded, or virtual), as an array literal; '' for none
--   4  what a change without an actor meets: allow, warn or require
--   5.. the columns whose JSON type is fixed, for the comparison of an UPDATE
-- The arguments only make it faster, and may be out of date: a column that they do not name
-- (added, renamed, json) is compared by the slower way, a key that is no longer there under its
-- name is looked up in the catalogue by its number, and what is left out always is.
--
-- The order of changes. AFTER triggers run when their statement has ended, so a trigger or function
-- of the application that writes back can bring a later change of a row here before an earlier one.
-- The place (ctid) of a row chains its changes within a transaction exactly: each starts where the
-- one before it left the row. So a change whose predecessor is still to come is marked (early_in),
-- and what comes later, but happened before, takes one of the ids that the sequence leaves free
-- below it. The ids of one row's versions are in the order of what happened; docs/concepts.md names the limits.

create or replace function rowtrail.capture()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- Stored values must not depend on the session of the writer.
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
declare
  table_id constant int := tg_argv[0];
  key_column text := tg_argv[1];
  key_columns text[] := tg_argv[2];
  image jsonb;             -- the row after the change; for DELETE the row that went
  before jsonb;            -- the row before an UPDATE
  changed jsonb;           -- what `before` held in the columns that changed
  key text;
  key_before text;
  place_before tid;
  place_after tid;
  file oid := pg_relation_filenode(tg_relid);  -- a place is one in this file
  follows_own_change boolean := false;
  early_in oid;            -- the file, where the change before this one is not recorded yet
  call_stack text;
  left_out text[];
  compared text[];
  field text;
  actor text;
  context text;
  version_id bigint;
  moment timestamptz;
begin
  /* in capture_partition() stands here: is the partition one of the table's? */
  if tg_op = 'INSERT' then
    image := to_jsonb(new);
    place_after := new.ctid;
  elsif tg_op = 'UPDATE' then
    place_before := old.ctid;
    place_after := new.ctid;
    -- Not older than this transaction: it may have written the row before.
    follows_own_change := age(old.xmin) <= 0;
    -- Compares the bytes: 1.0 to 1.00 is a change.
    if old *= new and not follows_own_change then
      return null;
    end if;
    image := to_jsonb(new);
    before := to_jsonb(old);
  else
    image := to_jsonb(old);
    place_before := old.ctid;
    follows_own_change := age(old.xmin) <= 0;
  end if;

  key := image ->> key_column;
  if key is null then
    key := rowtrail.key_text(table_id, key_columns, image);
  end if;
  if octet_length(key) > 1000 then
    key := rowtrail.short_key(key);
  end if;
  if before is not null then
    key_before := before ->> key_column;
    if key_before is null then
      key_before := rowtrail.key_text(table_id, key_columns, before);
    end if;
    if octet_length(key_before) > 1000 then
      key_before := rowtrail.short_key(key_before);
    end if;
    if key_before = key then
      key_before := null;
    end if;
  end if;

  if follows_own_change then
    if not rowtrail.is_recorded(table_id, coalesce(key_before, key), file, place_before, clock_timestamp()) then
      -- The change before this one was a suppressed no-op, or is still to come: that can only be
      -- within another statement, by a function or a trigger, which is then on the stack.
      get diagnostics call_stack = pg_context;
      if position(chr(10) in call_stack) > 0 then
        early_in := file;
      end if;
    end if;
    -- A no-op is a link of the chain too, where the chain is needed.
    if tg_op = 'UPDATE' and early_in is null and old *= new
      and not rowtrail.has_early_versions(table_id, key, clock_timestamp())
    then
      return null;
    end if;
  end if;
  -- The row was written or locked again before this change is recorded.
  if place_after is not null and new.xmax <> '0'::xid then
    select b.id, b.changed_at
    into version_id, moment
    from rowtrail.id_before_what_followed(
      table_id, key, coalesce(key_before, key), file, place_before, place_after, early_in is not null,
      clock_timestamp()) as b;
  end if;

  if tg_argv[3] <> '' then
    -- By today's names, also where another column bears the old one: what was excluded is never
    -- stored.
    left_out := rowtrail.columns_named(table_id, 'left out');
    image := image - left_out;
    before := before - left_out;
  end if;

  if before is not null then
    changed := '{}';
    compared := tg_argv[5:];
    foreach field in array compared loop
      if (before ->> field) is distinct from (image ->> field) then
        changed := changed || jsonb_build_object(field, before -> field);
      end if;
    end loop;
    before := before - compared;
    if before <> '{}' then
      changed := changed || (
        select coalesce(jsonb_object_agg(b.key, b.value), '{}')
        from jsonb_each(before) as b
        where b.value::text is distinct from (image -> b.key)::text
      );
    end if;
  end if;

  actor := nullif(current_setting('rowtrail.actor', true), '');
  if actor !~ '^[ -~]{1,200}$' then
    actor := rowtrail.clean(actor, 200);
  elsif actor is null and tg_argv[4] <> 'allow' then
    perform rowtrail.miss_actor(table_id, tg_argv[4]);
  end if;
  context := nullif(current_setting('rowtrail.context', true), '');

  insert into rowtrail.versions (
    id, changed_at, xid, table_id, file, early_in, old_ctid, new_ctid, op, row_key, old_key,
    actor, login, data, old, context)
  values (
    coalesce(version_id, nextval('rowtrail.version_id')),
    coalesce(moment, clock_timestamp()),
    pg_current_xact_id(), table_id, file, early_in, place_before, place_after,
    left(tg_op, 1)::"char", key, key_before,
    actor, session_user, image, changed,
    case when context is not null then rowtrail.clean_context(context) end);
  return null;
end
$$;
comment on function rowtrail.capture() is
  'Row trigger of a tracked table that is not partitioned: records one change as one version. Attached by rowtrail.track(), never by hand.';

-- The owner of a partitioned table makes partitions later; PostgreSQL then clones the trigger with
-- the rights of that owner, who must have EXECUTE on its function. So it is another function, which
-- everybody may attach and which refuses what is not a partition of the table that it was told.
do $do$
begin
  execute replace(
    replace(
      pg_get_functiondef('rowtrail.capture()'::regprocedure), 'FUNCTION rowtrail.capture()', 'FUNCTION rowtrail.capture_partition()'),
    '/* in capture_partition() stands here: is the partition one of the table''s? */',
    $check$if tg_name <> '!rowtrail_capture' or tg_when <> 'AFTER' or tg_level <> 'ROW' then
    raise exception 'rowtrail cannot record this change: the trigger of table % was not made by rowtrail.track()', tg_relid::regclass::text
      using errcode = 'insufficient_privilege';
  end if;
  perform rowtrail.require_partition(table_id, tg_relid);
  key_columns := rowtrail.columns_named(table_id, 'key');
  key_column := case when cardinality(key_columns) = 1 then key_columns[1] else '' end;$check$);
end
$do$;
comment on function rowtrail.capture_partition() is
  'Row trigger of tracked partitioned tables: rowtrail.capture(), and the check that the partition is one of the table''s.';

create or replace function rowtrail.require_partition(of_table int, partition regclass)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select
    from rowtrail.tables as t
    where t.id = of_table and t.relid = pg_partition_root(partition)
  ) then
    raise exception 'rowtrail cannot record this change: the trigger of table % was not made by rowtrail.track()', partition::text
      using errcode = 'insufficient_privilege', hint = 'Let the owner of the table drop that trigger and run rowtrail.track().';
  end if;
end
$$;
comment on function rowtrail.require_partition(int, regclass) is
  'Raises insufficient_privilege unless the table is a partition of the tracked table with this id.';

create or replace function rowtrail.capture_truncate()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  actor text := nullif(current_setting('rowtrail.actor', true), '');
  context text := nullif(current_setting('rowtrail.context', true), '');
begin
  if actor is null and tg_argv[1] <> 'allow' then
    perform rowtrail.miss_actor(tg_argv[0]::int, tg_argv[1]);
  end if;
  insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, actor, login, context)
  values (
    clock_timestamp(), pg_current_xact_id(), tg_argv[0]::int, 'T', '',
    rowtrail.clean(actor, 200), session_user,
    case when context is not null then rowtrail.clean_context(context) end);
  return null;
end
$$;
comment on function rowtrail.capture_truncate() is
  'Statement trigger of every tracked table: records a TRUNCATE as one marker. Attached by rowtrail.track(), never by hand.';

create or replace function rowtrail.miss_actor(of_table int, policy text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := (
    select format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name))
    from rowtrail.tables as t
    left join pg_class as c on c.oid = t.relid
    left join pg_namespace as n on n.oid = c.relnamespace
    where t.id = of_table);
  mend constant text := 'Name it in the transaction of the change: select set_config(''rowtrail.actor'', ''alice'', true);';
begin
  if policy = 'require' then
    raise exception 'no change of % is taken without an actor', full_name
      using errcode = 'check_violation', hint = mend;
  elsif coalesce(current_setting('rowtrail.warned', true), '') = '' then
    -- Once a transaction, however many rows it changes.
    perform set_config('rowtrail.warned', 'on', true);
    raise warning 'a change of % names no actor', full_name using hint = mend;
  end if;
end
$$;
comment on function rowtrail.miss_actor(int, text) is
  'Refuses a change that names no actor, or warns of it, by the policy of the table.';

create or replace function rowtrail.columns_named(of_table int, purpose text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A virtual column has no value where a trigger sees the row; its expression gives it.
  return (
    select coalesce(array_agg(a.attname::text order by array_position(t.key_attnums, a.attnum)), '{}')
    from rowtrail.tables as t
    join pg_attribute as a on a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped
    where t.id = of_table
      and case purpose
        when 'key' then a.attnum = any (t.key_attnums)
        when 'left out' then a.attnum = any (t.excluded_attnums) or a.attgenerated = 'v'
      end);
end
$$;
comment on function rowtrail.columns_named(int, text) is
  'Today''s names of a tracked table''s key (purpose ''key'') or of the columns that are not stored (''left out'': excluded or virtual). A column keeps its number when it is renamed.';

create or replace function rowtrail.key_text(of_table int, key_columns text[], image jsonb)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  names text[] := key_columns;
  key text;
begin
  if not image ?& names then
    names := rowtrail.columns_named(of_table, 'key');
  end if;
  if cardinality(names) = 1 then
    key := image ->> names[1];
  elsif cardinality(names) > 1 and image ?& names then
    key := (
      select jsonb_agg(image -> n.name order by n.place)::text
      from unnest(names) with ordinality as n (name, place));
  end if;
  if key is null then
    raise exception 'rowtrail cannot record this change: the row has no value in key column(s) % of table %',
      array_to_string(key_columns, ', '),
      (select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table)
      using
        errcode = 'not_null_violation',
        hint = 'Let the owner of the table run rowtrail.track() again, with the key that it has now.';
  end if;
  return key;
end
$$;
comment on function rowtrail.key_text(int, text[], jsonb) is
  'A row''s key as text: the value of a one-column key, a JSON array for a composite one.';

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

create or replace function rowtrail.is_recorded(
  of_table int, key text, in_file oid, place tid, today timestamptz)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  newest record;
begin
  -- The row is locked by this transaction, so the newest version of its key is of this
  -- transaction if any is. The bounds spare the other partitions: a change of this transaction
  -- is not older than it, give or take a clock that was set.
  select v.id, v.xid, v.file, v.new_ctid
  into newest
  from rowtrail.versions as v
  where v.table_id = of_table
    and v.row_key = key
    and v.changed_at between now() - interval '1 day' and today + interval '1 day'
  order by v.id desc
  limit 1;
  if newest.xid is distinct from pg_current_xact_id() then
    return false;
  elsif newest.file = in_file and newest.new_ctid = place then
    return newest.id > rowtrail.last_truncate(of_table, today);
  end if;
  return rowtrail.id_of_change_to(of_table, key, in_file, place, today) is not null;
end
$$;
comment on function rowtrail.is_recorded(int, text, oid, tid, timestamptz) is
  'Whether the change by which this transaction left the row at this place has its version.';

create or replace function rowtrail.id_of_change_to(
  of_table int, key text, in_file oid, place tid, today timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key = key
      and v.xid = pg_current_xact_id()
      and v.file = in_file
      and v.new_ctid = place
      and v.changed_at between now() - interval '1 day' and today + interval '1 day'
      and v.id > rowtrail.last_truncate(of_table, today)
    order by v.id desc
    limit 1);
end
$$;
comment on function rowtrail.id_of_change_to(int, text, oid, tid, timestamptz) is
  'The version of the change by which this transaction left the row at this place.';

create or replace function rowtrail.last_truncate(of_table int, today timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- It may give the places out anew.
  return coalesce((
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key = ''
      and v.xid = pg_current_xact_id()
      and v.op = 'T'
      and v.changed_at between now() - interval '1 day' and today + interval '1 day'
    order by v.id desc
    limit 1), 0);
end
$$;
comment on function rowtrail.last_truncate(int, timestamptz) is
  'The newest marker of a TRUNCATE by this transaction; 0 for none.';

create or replace function rowtrail.has_early_versions(of_table int, key text, today timestamptz)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key = key
      and v.xid = pg_current_xact_id()
      and v.early_in is not null
      and v.changed_at between now() - interval '1 day' and today + interval '1 day');
end
$$;
comment on function rowtrail.has_early_versions(int, text, timestamptz) is
  'Whether a change of this row was recorded, in this transaction, before the one that led to it.';

create or replace function rowtrail.id_before_what_followed(
  of_table int, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean,
  today timestamptz, out id bigint, out changed_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  former constant bigint := rowtrail.id_of_change_to(of_table, key_before, in_file, place_before, today);
  after_id constant bigint := coalesce(former, rowtrail.last_truncate(of_table, today));
  follower record;
  lowest bigint;
begin
  select v.id, v.changed_at, (v.file, v.old_ctid) = (in_file, place_after) as is_next
  into follower
  from rowtrail.versions as v
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.xid = pg_current_xact_id()
    and v.early_in is not null
    and v.changed_at between now() - interval '1 day' and today + interval '1 day'
    and v.id > after_id
    and (
      (v.file, v.old_ctid) = (in_file, place_after)
      -- Others are still to come between this change and that one.
      or (
        place_before is not null
        and not is_early
        and (
          former is not null
          or rowtrail.id_of_change_to(of_table, coalesce(v.old_key, v.row_key), v.file, v.old_ctid, today) is null
        )
      )
    )
  order by v.id
  limit 1;
  if follower.id is null then
    return;
  end if;

  -- The ids between two of the sequence are for the row whose early change took the upper one.
  select greatest(max(v.id), (follower.id - 1) / 100 * 100) + 1
  into lowest
  from rowtrail.versions as v
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.xid = pg_current_xact_id()
    and v.changed_at between now() - interval '1 day' and today + interval '1 day'
    and v.id < follower.id;
  -- An early change leaves room below it.
  id := case when is_early then follower.id - 1 else lowest end;
  changed_at := follower.changed_at;
  if id < lowest or id >= follower.id then
    raise exception 'rowtrail cannot record this change: more than 99 changes of row % of table number % came out of order',
      left(key, 80), of_table
      using
        errcode = 'program_limit_exceeded',
        hint = 'Triggers of the application write this row again and again within one statement.';
  end if;
end
$$;
comment on function rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz) is
  'A free id below that of a later change of the row that is already recorded, and its time; nothing where there is none.';

revoke all on function
  rowtrail.capture(),
  rowtrail.capture_truncate(),
  rowtrail.miss_actor(int, text),
  rowtrail.require_partition(int, regclass),
  rowtrail.columns_named(int, text),
  rowtrail.key_text(int, text[], jsonb),
  rowtrail.is_recorded(int, text, oid, tid, timestamptz),
  rowtrail.id_of_change_to(int, text, oid, tid, timestamptz),
  rowtrail.last_truncate(int, timestamptz),
  rowtrail.has_early_versions(int, text, timestamptz),
  rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz)
from public;
grant execute on function rowtrail.capture_partition() to public;
grant execute on function
  rowtrail.miss_actor(int, text),
  rowtrail.require_partition(int, regclass),
  rowtrail.columns_named(int, text),
  rowtrail.key_text(int, text[], jsonb)
to rowtrail_capture;

-- An owner of a function must be able to create one in its schema, so it is lent that right.
grant create on schema rowtrail to rowtrail_capture;
alter function rowtrail.capture() owner to rowtrail_capture;
alter function rowtrail.capture_partition() owner to rowtrail_capture;
alter function rowtrail.capture_truncate() owner to rowtrail_capture;
alter function rowtrail.is_recorded(int, text, oid, tid, timestamptz) owner to rowtrail_capture;
alter function rowtrail.id_of_change_to(int, text, oid, tid, timestamptz) owner to rowtrail_capture;
alter function rowtrail.last_truncate(int, timestamptz) owner to rowtrail_capture;
alter function rowtrail.has_early_versions(int, text, timestamptz) owner to rowtrail_capture;
alter function rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz)
  owner to rowtrail_capture;
revoke create on schema rowtrail from rowtrail_capture;
