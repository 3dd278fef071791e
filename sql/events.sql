-- Changes of a tracked table's schema: each is an event on the time line of the table, a version `S`
-- in the transaction of the statement. An event trigger records it; where there is none, whoever
-- notices it later does: rowtrail.track(), a baseline, an upgrade, rowtrail.note_schema_changes().
--
-- rowtrail.tables.shape is what the last event left: {"relid", "table", "columns"}. An event holds
--   data  {"command", "statement", "table", "columns"} as after it; and where it is so
--         "added"       {"<number>": what the rows that were there have in a new column}
--         "rewritten"   [numbers of columns of which rows may hold values that no version says: the
--                       statement may have changed them, or they were ignored until now]
--         "dropped"     true: the table is gone
--         "tracking"    "ended" or "begun again", by whom and why the version says
--         "options"     {"<option of track()>": {"old", "new"}}: what is recorded has changed
--         "renumbered"  true: it is another table under the same name, or restored from a dump
--         "erased"      whose values were erased from the history, and where (see erase.sql)
--         "attached", "detached"  partitions that came and went (see leaves.sql)
--         "noticed_by"  who recorded it late: the statement is not known then
--   old   {"columns": {"<number>": as before, null where there was none}, "table": its name before}
-- A column keeps its number through all its names. How an older image reads by the columns of today
-- follows from that: rowtrail.image_now() in history.sql.

create or replace function rowtrail.note_schema_changes()
returns int
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  select rowtrail.renumber();
  select coalesce(sum(rowtrail.note_schema_change(t.id, null, 'rowtrail.note_schema_changes()')::int), 0)::int
  from rowtrail.tables as t
  where t.untracked_at is null
$$;
comment on function rowtrail.note_schema_changes() is
  'Records the schema changes of tracked tables that no event trigger has recorded, and gives their number. Where the installer could not create event triggers, run it after a migration.';

create or replace function rowtrail.records_schema_changes()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select count(*) = 3
  from pg_event_trigger as e
  where e.evtfoid = 'rowtrail.on_schema_change()'::regprocedure
    and e.evtevent in ('ddl_command_end', 'sql_drop', 'table_rewrite')
    and e.evtenabled = 'A'
$$;
comment on function rowtrail.records_schema_changes() is
  'Whether schema changes are recorded as they happen: the three event triggers are there, and ENABLE ALWAYS. Only a superuser can create them.';

create or replace function rowtrail.on_schema_change()
returns event_trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  of_table int;
begin
  perform rowtrail.renumber();
  if tg_event = 'table_rewrite' then
    -- 2: a default, 4: a type. SET LOGGED and SET ACCESS METHOD leave the values as they are.
    if pg_event_trigger_table_rewrite_reason() & 6 <> 0 then
      update rowtrail.tables as t
      set is_rewritten = true
      where t.untracked_at is null
        and t.relid in (
          pg_event_trigger_table_rewrite_oid(), pg_partition_root(pg_event_trigger_table_rewrite_oid()));
    end if;
  elsif tg_event = 'sql_drop' then
    for of_table in
      select distinct t.id
      from pg_event_trigger_dropped_objects() as d
      join rowtrail.tables as t
        on (t.untracked_at is null and (t.relid = d.objid or t.partitions ? d.objid::text))
        -- One that is tracked no more has a history still: its rows end, should another one come by its name.
        or (t.relid = d.objid and d.object_type = 'table')
      where d.classid = 'pg_class'::regclass and d.object_type in ('table', 'table column')
    loop
      perform rowtrail.note_schema_change(of_table, tg_tag);
    end loop;
  else
    for of_table in
      -- What changes with what was altered: tables that inherit from it, the row type of a table, and
      -- whatever has a type in its columns.
      with recursive touched as (
        select c.classid, c.objid from pg_event_trigger_ddl_commands() as c
        union
        select n.classid, n.objid
        from touched as p
        cross join lateral (
          select 'pg_class'::regclass::oid, i.inhrelid
          from pg_inherits as i
          where p.classid = 'pg_class'::regclass and i.inhparent = p.objid
          union all
          -- What a partition is made or changed as concerns its table.
          select 'pg_class'::regclass::oid, i.inhparent
          from pg_inherits as i
          join pg_class as c on c.oid = i.inhrelid and c.relispartition
          where p.classid = 'pg_class'::regclass and i.inhrelid = p.objid
          union all
          select 'pg_type'::regclass::oid, c.reltype
          from pg_class as c
          where p.classid = 'pg_class'::regclass and c.oid = p.objid and c.reltype <> 0
          union all
          select d.classid, d.objid
          from pg_depend as d
          where p.classid = 'pg_type'::regclass
            and d.refclassid = 'pg_type'::regclass
            and d.refobjid = p.objid
            and d.classid in ('pg_class'::regclass, 'pg_type'::regclass)
        ) as n (classid, objid)
      )
      select t.id
      from rowtrail.tables as t
      where t.untracked_at is null
        and (tg_tag = 'ALTER SCHEMA' or t.relid in (select p.objid from touched as p where p.classid = 'pg_class'::regclass))
    loop
      perform rowtrail.note_schema_change(of_table, tg_tag);
    end loop;
  end if;
exception when others then
  -- A schema change is never refused. What is not recorded now stays visible as a difference
  -- between the table and its shape in the registry, until somebody records it.
  raise warning 'rowtrail did not record this %: %', tg_tag, sqlerrm
    using hint = 'select rowtrail.note_schema_changes(); records it late.';
end
$$;
comment on function rowtrail.on_schema_change() is
  'Event trigger: records the schema changes of tracked tables as they happen, in their transaction. It never makes one fail.';

create or replace function rowtrail.note_schema_change(
  of_table int, command text, noticed_by text default null, unrecorded int2[] default '{}',
  remarks jsonb default '{}', reason text default null)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant int := 8192;
  known rowtrail.tables;
  is_gone boolean;
  statement constant text := case when noticed_by is null then current_query() end;
  context constant text := nullif(current_setting('rowtrail.context', true), '');
  data jsonb;
  old jsonb;
  moment timestamptz;
  partitions jsonb;
begin
  -- What is here by the name or number of a table of the origin is another one.
  if rowtrail.is_history_database() then
    return false;
  end if;
  select t.* into known from rowtrail.tables as t where t.id = of_table;
  is_gone := not exists (select from pg_class as c where c.oid = known.relid);
  partitions := (select jsonb_strip_nulls(to_jsonb(c)) from rowtrail.partition_change(known) as c);
  -- A partition that is created is empty.
  if command = 'CREATE TABLE' then
    partitions := partitions - 'attached';
  end if;
  if known.shape is null then
    update rowtrail.tables as t
    set shape = rowtrail.shape_of(t.relid), partitions = rowtrail.partitions_of(t, true)
    where t.id = of_table and not is_gone;
    return false;
  elsif not is_gone and not known.is_rewritten and known.shape = rowtrail.shape_of(known.relid)
    and partitions = '{}' and unrecorded = '{}' and remarks = '{}'
  then
    if command = 'CREATE TABLE' and known.partitions is not null then
      update rowtrail.tables as t set partitions = rowtrail.partitions_of(t, false) where t.id = of_table;
    end if;
    return false;
  end if;
  -- Two that notice the same change late record it once.
  select t.* into known from rowtrail.tables as t where t.id = of_table for update;
  if is_gone then
    if noticed_by is not null then
      return false;
    end if;
    data := jsonb_build_object('table', known.shape -> 'table', 'dropped', true);
    old := jsonb_build_object('columns', rowtrail.columns_changed(known.shape -> 'columns', '[]'));
  else
    select c.data, c.old into data, old from rowtrail.schema_change(known, noticed_by is not null) as c;
    partitions := (
      select jsonb_strip_nulls(to_jsonb(c)) - case when command = 'CREATE TABLE' then 'attached' else '' end
      from rowtrail.partition_change(known) as c);
    if data is null and partitions = '{}' and unrecorded = '{}' and remarks = '{}' then
      return false;
    end if;
    data := coalesce(data, jsonb_build_object('table', known.shape -> 'table', 'columns', known.shape -> 'columns')) || partitions;
    if unrecorded <> '{}' then
      data := data || jsonb_build_object('rewritten', (
        select jsonb_agg(n.number order by n.number)
        from (
          select unnest(unrecorded)::int as number
          union
          select value::int from jsonb_array_elements_text(data -> 'rewritten')
        ) as n));
    end if;
    old := coalesce(old, '{"columns": {}}');
    if data ? 'added' then
      data := jsonb_set(data, '{added}', (
        select jsonb_object_agg(
          a.key,
          case when a.value -> 'missing' = 'true' then rowtrail.missing_value(known.relid, (a.value ->> 'name')::name) end)
        from jsonb_each(data -> 'added') as a));
    end if;
  end if;
  data := jsonb_strip_nulls(jsonb_build_object(
    'command', command,
    'statement', left(statement, longest),
    'statement_length', nullif(greatest(length(statement), longest), longest),
    'noticed_by', noticed_by)) || data || remarks;

  moment := clock_timestamp();
  insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, actor, login, data, old, context)
  values (
    moment, pg_current_xact_id(), of_table, 'S', '',
    rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200), session_user, data, old,
    nullif(
      case when context is not null then rowtrail.clean_context(context) else '{}' end
      || jsonb_strip_nulls(jsonb_build_object('reason', rowtrail.clean(reason, 1000))),
      '{}'));
  update rowtrail.tables as t
  set
    shape = rowtrail.shape_of(t.relid),
    partitions = rowtrail.partitions_of(t, t.shape <> rowtrail.shape_of(t.relid)),
    is_rewritten = false,
    schema_name = n.nspname,
    table_name = c.relname,
    key_columns = rowtrail.names_of(t.relid, t.key_attnums),
    excluded_columns = rowtrail.names_of(t.relid, t.excluded_attnums),
    hashed_columns = rowtrail.names_of(t.relid, t.hashed_attnums),
    ignored_columns = rowtrail.names_of(t.relid, t.ignored_attnums)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where t.id = of_table and c.oid = t.relid;
  -- The ids that a baseline has reserved are below that of this event, and what it records from now
  -- on is not of the shape before: it begins anew. After a rewrite rows have other values than their
  -- versions say, and with a partition rows came without any, so one can be taken again.
  update rowtrail.tables as t
  set
    baseline_at = null,
    baseline_id = null,
    baseline_after = null,
    baseline_done_at = null,
    rewritten_at = case when data ? 'rewritten' then moment else t.rewritten_at end
  where t.id = of_table
    and (data ?| '{rewritten,attached}' or (t.baseline_at is not null and t.baseline_done_at is null));
  return true;
end
$$;
comment on function rowtrail.note_schema_change(int, text, text, int2[], jsonb, text) is
  'Records how the schema of a tracked table differs from what was last recorded, of which columns (unrecorded) rows may hold what no version says, and remarks for the event, with a reason; false if there is nothing to record. Late if noticed_by says who noticed it, else as part of the statement that changes it.';

create or replace function rowtrail.schema_change(known rowtrail.tables, is_late boolean, out data jsonb, out old jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  shape constant jsonb := rowtrail.shape_of(known.relid);
  is_renumbered constant boolean := shape -> 'relid' <> known.shape -> 'relid';
  before constant jsonb := known.shape -> 'columns';
  after constant jsonb := shape -> 'columns';
  added jsonb;
  rewritten jsonb;
begin
  if shape is null or known.shape is null or (shape = known.shape and not known.is_rewritten) then
    return;
  end if;
  -- Of a column that is new: what do the rows have that were there? A default that is kept in the
  -- catalogue gives it. After a rewrite it is not known; nor later, where a default may have filled it.
  select jsonb_object_agg(
    a.column_after ->> 'number',
    jsonb_build_object('name', a.column_after ->> 'name', 'missing', a.is_missing))
  into added
  from (
    select n.value as column_after, m.is_missing, c.*
    from jsonb_array_elements(after) as n
    join pg_attribute as c on c.attrelid = known.relid and c.attnum = (n.value ->> 'number')::int
    cross join lateral (
      select coalesce(bool_or(p.atthasmissing), false) as is_missing
      from pg_attribute as p
      where p.attname = c.attname
        and (p.attrelid = known.relid or p.attrelid in (select l.relid from pg_partition_tree(known.relid) as l))
    ) as m
    where not is_renumbered
      and not exists (select from jsonb_array_elements(before) as b where b.value -> 'number' = n.value -> 'number')
  ) as a
  where a.attgenerated = ''
    and not known.is_rewritten
    and (a.is_missing or not is_late or not (a.attnotnull or a.atthasdef or a.attidentity <> ''));

  -- Of a column that was there: have its values changed in the rows? The catalogue's row of a column
  -- is of this transaction if this transaction has altered it. Of one that is new: are they unknown?
  select jsonb_agg(n.value -> 'number' order by n.ordinality)
  into rewritten
  from jsonb_array_elements(after) with ordinality as n
  join pg_attribute as c on c.attrelid = known.relid and c.attnum = (n.value ->> 'number')::int
  left join lateral (
    select b.value
    from jsonb_array_elements(before) as b
    where b.value -> case when is_renumbered then 'name' else 'number' end
      = n.value -> case when is_renumbered then 'name' else 'number' end
  ) as b on true
  where case
    when b.value is null
      then not is_renumbered and c.attgenerated <> 'v' and not coalesce(added ? (n.value ->> 'number'), false)
    else (known.is_rewritten and (is_late or age(c.xmin) <= 0))
      or ((is_late or age(c.xmin) <= 0) and not rowtrail.shows_alike(b.value ->> 'type', n.value ->> 'type', is_late))
      or not rowtrail.holds_alike(b.value -> 'of', n.value -> 'of')
  end;

  data := jsonb_strip_nulls(jsonb_build_object(
    'table', shape -> 'table',
    'columns', after,
    'added', added,
    'rewritten', rewritten,
    'renumbered', nullif(is_renumbered, false)));
  old := jsonb_build_object(
    'columns', case when is_renumbered then rowtrail.columns_changed(before, '[]') else rowtrail.columns_changed(before, after) end);
  if shape -> 'table' <> known.shape -> 'table' then
    old := old || jsonb_build_object('table', known.shape -> 'table');
  end if;
end
$$;
comment on function rowtrail.schema_change(rowtrail.tables, boolean) is
  'How a tracked table differs from the shape that the registry knows, as an event has it (see the head of events.sql), but for the values of added columns; NULL if it does not.';

create or replace function rowtrail.shape_of(target regclass)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
  select jsonb_build_object(
    'relid', c.oid::bigint,
    'table', rowtrail.full_name(target),
    'columns', coalesce((
      select jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
          'number', a.attnum,
          'name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'of', case when y.typtype <> 'b' or y.typelem <> 0 then rowtrail.type_shape(a.atttypid) end))
        order by a.attnum)
      from pg_attribute as a
      join pg_type as y on y.oid = a.atttypid
      where a.attrelid = target and a.attnum > 0 and not a.attisdropped), '[]'))
  from pg_class as c
  where c.oid = target
$$;
comment on function rowtrail.shape_of(regclass) is
  'A table''s name and columns as they are: {"relid", "table", "columns": [{"number", "name", "type", "of"}]}; "of" is what rowtrail.type_shape() says of the type.';

create or replace function rowtrail.type_shape(of_type oid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
  known record;
begin
  select t.typtype, t.typcategory, t.typbasetype, t.typelem, t.typrelid into known from pg_type as t where t.oid = of_type;
  return case
    when known.typtype = 'e' then (
      select jsonb_build_object('labels', jsonb_agg(e.enumlabel order by e.enumsortorder))
      from pg_enum as e where e.enumtypid = of_type)
    when known.typtype = 'c' then (
      select jsonb_build_object('fields', jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'of', rowtrail.type_shape(a.atttypid)))
        order by a.attnum))
      from pg_attribute as a where a.attrelid = known.typrelid and a.attnum > 0 and not a.attisdropped)
    when known.typtype = 'd' then rowtrail.type_shape(known.typbasetype)
    when known.typtype = 'r' then (select rowtrail.type_shape(r.rngsubtype) from pg_range as r where r.rngtypid = of_type)
    when known.typtype = 'm' then (select rowtrail.type_shape(r.rngsubtype) from pg_range as r where r.rngmultitypid = of_type)
    when known.typcategory = 'A' then rowtrail.type_shape(known.typelem)
  end;
end
$$;
comment on function rowtrail.type_shape(oid) is
  'What lies in a type and can change under a table: the labels of an enum, the fields of a composite type, also within arrays, ranges and domains; NULL for other types.';

create or replace function rowtrail.columns_changed(before jsonb, after jsonb)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(coalesce(b.value -> 'number', a.value -> 'number')::text, b.value), '{}')
  from jsonb_array_elements(before) as b
  full join jsonb_array_elements(after) as a on a.value -> 'number' = b.value -> 'number'
  where b.value is distinct from a.value
$$;
comment on function rowtrail.columns_changed(jsonb, jsonb) is
  'The columns that differ, by number, as they were before; null for one that was not there.';

create or replace function rowtrail.shows_alike(before text, after text, is_late boolean)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when before = after then true
    when regexp_replace(before, e'\\(.*\\)', '') = any (array['text', 'character varying'])
      then regexp_replace(after, e'\\(.*\\)', '') = any (array['text', 'character varying'])
    -- Another length or precision: where it matters, the table is rewritten, which is known at once.
    else not is_late and regexp_replace(before, e'\\(.*\\)', '') = regexp_replace(after, e'\\(.*\\)', '')
  end
$$;
comment on function rowtrail.shows_alike(text, text, boolean) is
  'Whether a change between these types leaves each value as it shows, where it did not rewrite the table.';

create or replace function rowtrail.holds_alike(before jsonb, after jsonb)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  -- A label of an enum can only be added or renamed.
  select before is null or after is null or before = after or coalesce(after -> 'labels' @> (before -> 'labels'), false)
$$;
comment on function rowtrail.holds_alike(jsonb, jsonb) is
  'The same for what rowtrail.type_shape() says of the types.';

create or replace function rowtrail.missing_value(target regclass, of_column name)
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
-- As in rowtrail.capture().
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
  select to_jsonb(a.attmissingval) -> 0
  from pg_attribute as a
  where a.attname = of_column
    and a.atthasmissing
    and (a.attrelid = target or a.attrelid in (select p.relid from pg_partition_tree(target) as p))
  limit 1
$$;
comment on function rowtrail.missing_value(regclass, name) is
  'What the rows from before a column was added have in it, where its default was a constant.';

revoke all on function
  rowtrail.note_schema_changes(),
  rowtrail.on_schema_change(),
  rowtrail.note_schema_change(int, text, text, int2[], jsonb, text),
  rowtrail.missing_value(regclass, name)
from public;

grant create on schema rowtrail to rowtrail_capture;
-- It turns a value of a type of the users' into JSON, by which their code may run (see docs/security.md).
alter function rowtrail.missing_value(regclass, name) owner to rowtrail_capture;
revoke create on schema rowtrail from rowtrail_capture;
