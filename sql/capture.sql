-- Capture: the triggers' functions. They copy one row change into rowtrail.versions, in the
-- writer's own transaction. They are the only way in: they are owned by rowtrail_capture, which
-- may insert versions and read nothing of the rows in them.
--
-- Trigger arguments, written by rowtrail.attach() (see tracking.sql):
--   0  id of the table in rowtrail.tables
--   1  the key column, where the key is one column; else ''
--   2  the key columns, as an array literal
--   3  the excluded columns, as an array literal; '' when there are none
--   4.. the columns whose JSON type is fixed, for the comparison of an UPDATE
-- The arguments only make it faster. A column that they do not name (added, renamed, json) is
-- compared by the slower way, and a key or an excluded column that is no longer there under its
-- name is looked up in the catalogue by its number, so they may be out of date.
--
-- The order of changes. AFTER triggers run when their statement has ended, so a trigger of the
-- application that writes back can bring the second change of a row here before the first. The
-- place (ctid) of a row chains its changes within a transaction exactly: each change starts where
-- the one before it left the row. So a change whose predecessor is not recorded yet leaves ids
-- free for it, and the ids of one row's versions are always in the order of what happened.

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
as $$
declare
  table_id constant int := tg_argv[0];
  image jsonb;             -- the row after the change; for DELETE the row that went
  before jsonb;            -- the row before an UPDATE
  changed jsonb;           -- what `before` held in the columns that changed
  key text;
  key_before text;
  place_before tid;
  place_after tid;
  follows_own_change boolean := false;
  compared text[];
  excluded text[];
  field text;
  actor text;
  context text;
  version_id bigint;
  moment timestamptz;
begin
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

  key := image ->> tg_argv[1];
  if key is null then
    key := rowtrail.key_text(table_id, tg_argv[2]::text[], image);
  end if;
  if before is not null then
    key_before := before ->> tg_argv[1];
    if key_before is null then
      key_before := rowtrail.key_text(table_id, tg_argv[2]::text[], before);
    end if;
    if key_before = key then
      key_before := null;
    end if;
  end if;

  if follows_own_change and not rowtrail.is_recorded(table_id, coalesce(key_before, key), place_before) then
    version_id := rowtrail.id_after_a_late_change();
  elsif old *= new and tg_op = 'UPDATE' then
    return null;
  end if;
  if place_after is not null and current_setting('rowtrail.late_change', true) = 'expected' then
    select f.id - 1, f.changed_at
    into version_id, moment
    from rowtrail.change_that_followed(table_id, key, place_after) as f
    where f.id is not null;
  end if;

  if tg_argv[3] <> '' then
    excluded := tg_argv[3];
    if not image ?& excluded then
      excluded := rowtrail.columns_named(table_id, 'excluded');
    end if;
    image := image - excluded;
    before := before - excluded;
  end if;

  if before is not null then
    changed := '{}';
    compared := tg_argv[4:];
    foreach field in array compared loop
      if (before ->> field) is distinct from (image ->> field) then
        changed := changed || jsonb_build_object(field, before -> field);
      end if;
    end loop;
    before := before - compared;
    if before::text is distinct from (image - compared)::text then
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
  end if;
  context := nullif(current_setting('rowtrail.context', true), '');

  insert into rowtrail.versions (
    id, changed_at, xid, table_id, old_ctid, new_ctid, op, row_key, old_key,
    actor, login, data, old, context)
  values (
    coalesce(version_id, nextval('rowtrail.version_id')),
    coalesce(moment, clock_timestamp()),
    pg_current_xact_id(), table_id, place_before, place_after,
    left(tg_op, 1)::"char", key, key_before,
    actor, session_user, image, changed,
    case when context is not null then rowtrail.clean_context(context) end);
  return null;
end
$$;
comment on function rowtrail.capture() is
  'Row trigger of every tracked table: records one change as one version. Attached by rowtrail.track(), never by hand.';

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

create or replace function rowtrail.columns_named(of_table int, purpose text)
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by n.place), '{}')
  from rowtrail.tables as t
  cross join unnest(case purpose when 'key' then t.key_attnums else t.excluded_attnums end)
    with ordinality as n (attnum, place)
  join pg_attribute as a on a.attrelid = t.relid and a.attnum = n.attnum and not a.attisdropped
  where t.id = of_table
$$;
comment on function rowtrail.columns_named(int, text) is
  'Today''s names of a tracked table''s key (purpose ''key'') or excluded columns (''excluded''): a column keeps its number when it is renamed.';

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

create or replace function rowtrail.is_recorded(of_table int, key text, place tid)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select v.new_ctid = place
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key = key
      and v.xid = pg_current_xact_id()
      -- Spares the older partitions: a change of this transaction is not older than it, give or
      -- take a clock that was set back.
      and v.changed_at >= now() - interval '1 day'
    order by v.id desc
    limit 1), false)
$$;
comment on function rowtrail.is_recorded(int, text, tid) is
  'Whether the change by which this transaction left the row at this place is its newest version.';

create or replace function rowtrail.id_after_a_late_change()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  version_id bigint;
begin
  perform set_config('rowtrail.late_change', 'expected', true);
  -- Room for one change of this row by each statement that is still under way.
  for level in 1 .. 4 + 2 * pg_trigger_depth() loop
    version_id := nextval('rowtrail.version_id');
  end loop;
  return version_id;
end
$$;
comment on function rowtrail.id_after_a_late_change() is
  'An id with free ids below it, for changes of the same row that happened before and are still to be recorded.';

create or replace function rowtrail.change_that_followed(
  of_table int, key text, place tid, out id bigint, out changed_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select v.id, v.changed_at
  from rowtrail.versions as v
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.xid = pg_current_xact_id()
    and v.old_ctid = place
    and v.changed_at >= now() - interval '1 day'
  order by v.id
  limit 1
$$;
comment on function rowtrail.change_that_followed(int, text, tid) is
  'The version, already recorded in this transaction, of the change that started from this place.';

revoke all on function
  rowtrail.capture(),
  rowtrail.capture_truncate(),
  rowtrail.columns_named(int, text),
  rowtrail.key_text(int, text[], jsonb),
  rowtrail.is_recorded(int, text, tid),
  rowtrail.id_after_a_late_change(),
  rowtrail.change_that_followed(int, text, tid)
from public;
grant execute on function
  rowtrail.columns_named(int, text),
  rowtrail.key_text(int, text[], jsonb)
to rowtrail_capture;

-- An owner of a function must be able to create one in its schema, so it is lent that right.
grant create on schema rowtrail to rowtrail_capture;
alter function rowtrail.capture() owner to rowtrail_capture;
alter function rowtrail.capture_truncate() owner to rowtrail_capture;
alter function rowtrail.is_recorded(int, text, tid) owner to rowtrail_capture;
alter function rowtrail.id_after_a_late_change() owner to rowtrail_capture;
alter function rowtrail.change_that_followed(int, text, tid) owner to rowtrail_capture;
revoke create on schema rowtrail from rowtrail_capture;
