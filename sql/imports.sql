-- Imports: what another tool had recorded becomes versions. `rowtrail import` reads the tool's tables and
-- calls these functions, in batches; nobody else may, but the owner of the schema and superusers, with whose
-- own rights they run: who could call them could write history.
--
-- Versions that were imported are told by their era, 0, which no seal takes in, and by ids below 0, so that
-- they come before all that was captured. They are as trustworthy as their source. That nothing was done to
-- them since is told by leaves, as of a seal (seals.sql), which are kept in rowtrail.import_leaves.
--
-- The tables of a source belong to others, whose code must not run with the rights of whoever imports:
-- rowtrail.bind_source() looks, and nothing is read but by it.
--
-- A source is queries, one after the other, each of which gives rows in the order of a, c:
--   a bigint, c text
--   source_id text   what names the row in the source
--   table_id int     the tracked table
--   op text          I, U, D, T; NULL for what is no change of a row
--   before, after    the row as JSON, before and after the change; of a source that keeps states (is_state)
--                    only after: what was before is what it kept last of the row
--   verbatim jsonb   as rowtrail.versions.verbatim
--   changed_at, xid bigint, actor, login, said jsonb
--   wrote bigint     the transaction that wrote the row of the source, as it was when it did: xmin

create or replace function rowtrail.begin_import(source text, place text, is_state boolean, tables jsonb, queries text[])
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  made bigint;
begin
  perform rowtrail.require_no_history_database('importing');
  lock table rowtrail.imports in exclusive mode;
  if exists (select from rowtrail.imports as i where i.finished_at is null) then
    raise exception 'an import is under way'
      using errcode = 'object_in_use', hint = 'Let it be finished first, or discarded.';
  end if;
  insert into rowtrail.imports (begun_at, source, place, login, first_id, rows, is_state, queries, added_to_xid)
  select
    clock_timestamp(), begin_import.source, begin_import.place, session_user, 0, 0, begin_import.is_state, begin_import.queries,
    -- Numbers of two sources do not meet; those of one are the same whenever it is imported.
    coalesce(
      (
        select i.added_to_xid from rowtrail.imports as i
        where (i.source, i.place) = (begin_import.source, begin_import.place)
        limit 1),
      (select max(i.added_to_xid) + 10000000000000000 from rowtrail.imports as i),
      0)
  returning id into made;
  insert into rowtrail.import_tables (import_id, table_id, source_table, until)
  select
    made, t.id, w.value ->> 'source_table',
    -- What is later is here already.
    least(
      t.tracked_since,
      (select v.changed_at from rowtrail.versions as v where v.table_id = t.id and v.id > 0 order by v.id limit 1),
      (select min(o.first_changed_at) from rowtrail.import_tables as o where o.table_id = t.id))
  from jsonb_array_elements(tables) as w
  join rowtrail.tables as t on t.id = (w.value ->> 'table_id')::int;
  update rowtrail.import_tables as t
  set rows_read = c.later, left_out = case when c.later > 0 then jsonb_build_object('is recorded here already', c.later) else '{}' end
  from rowtrail.count_import(made) as c
  where t.import_id = made and t.table_id = c.table_id;
  update rowtrail.imports as i
  set
    rows = c.rows,
    first_id = least((select min(o.first_id) from rowtrail.imports as o), 0) - c.rows
  from (select coalesce(sum(o.rows), 0) as rows from rowtrail.count_import(made) as o) as c
  where i.id = made;
  return made;
end
$$;
comment on function rowtrail.begin_import(text, text, boolean, jsonb, text[]) is
  'The part of `rowtrail import` that begins, and counts what is to be read from these queries, of these tables ([{"table_id", "source_table"}]). Gives the number of the import.';

create or replace function rowtrail.make_partition_before()
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  first_month constant timestamptz := (
    select min(to_date(substr(c.relname, 10), 'YYYY_MM'))
    from pg_partition_tree('rowtrail.versions') as p
    join pg_class as c on c.oid = p.relid
    where c.relname ~ '^versions_[0-9]{4}_[0-9]{2}$');
begin
  if first_month is null or to_regclass('rowtrail.versions_before') is not null
    or exists (select from rowtrail.versions_default as v where v.changed_at < first_month)
  then
    return false;
  end if;
  -- One for all years: whoever looks up a row looks into each partition.
  perform rowtrail.make_month('versions_before');
  perform rowtrail.attach_month('versions_before', '-infinity', first_month);
  return true;
exception when lock_not_available then
  -- What is imported is as well in versions_default.
  return false;
end
$$;
comment on function rowtrail.make_partition_before() is
  'Makes the partition of rowtrail.versions for all that is older than its first month, for imports; false where it is there, or cannot be made just now.';

create or replace function rowtrail.bind_source(query text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  problem text;
begin
  if to_regclass('pg_temp.rowtrail_source') is not null then
    drop view pg_temp.rowtrail_source;
  end if;
  -- A view is bound to tables, functions and operators themselves, whatever their names come to mean.
  execute format('create temporary view rowtrail_source as %s', query);
  begin
    -- From here on nobody changes the tables, nor adds an index or a partition. Who writes is not in the way.
    lock table pg_temp.rowtrail_source in share update exclusive mode;
  exception when insufficient_privilege then
    -- Who may only read has what making the view took: nobody changes them.
    null;
  end;
  with recursive used as (
    select d.refclassid, d.refobjid
    from pg_rewrite as r
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = 'pg_temp.rowtrail_source'::regclass and d.refobjid <> r.ev_class
  ),
  parts (id) as (
    select u.refobjid from used as u where u.refclassid = 'pg_class'::regclass
    union
    select i.inhrelid from pg_inherits as i join parts as p on i.inhparent = p.id
  ),
  code (what, function_id, owner) as (
    -- PostgreSQL's own are in no dependency.
    select 'reading its columns', r.oid, o.rolname
    from used as u
    left join pg_operator as x on u.refclassid = 'pg_operator'::regclass and x.oid = u.refobjid
    join pg_proc as r on r.oid = case when u.refclassid = 'pg_proc'::regclass then u.refobjid else x.oprcode end
    join pg_roles as o on o.oid = r.proowner
    where u.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and not o.rolsuper
    union all
    select c.* from rowtrail.code_of_others(array(select p.id from parts as p)) as c
    union all
    -- By which a row becomes JSON, whatever a query names.
    select format('a cast to %s', format_type(c.casttarget, null)), r.oid, o.rolname
    from pg_cast as c
    join pg_proc as r on r.oid = c.castfunc
    join pg_roles as o on o.oid = r.proowner
    where c.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper
  )
  select w.problem into problem
  from (
    select 1, format('%s is no table; import from the table behind it', p.id::regclass)
    from parts as p
    join pg_class as c on c.oid = p.id
    where c.relkind not in ('r', 'p')
    union all
    select 2, format('%s has row security, whose policies would run, and hide rows', p.id::regclass)
    from parts as p
    where row_security_active(p.id)
    union all
    select 3, format('%s runs %s, a function of %s', c.what, c.function_id::regprocedure, c.owner)
    from code as c
  ) as w (place, problem)
  order by w.place, w.problem
  limit 1;
  if problem is not null then
    raise exception 'the source is not read, since its owner''s code could run as %: %', current_user, problem
      using errcode = 'insufficient_privilege',
        hint = 'Import from a copy: create table ... as select ... from it, made as its owner.';
  end if;
end
$$;
comment on function rowtrail.bind_source(text) is
  'Makes pg_temp.rowtrail_source of a query of a source, for this transaction; refuses where reading it would run what an owner likes.';

create or replace function rowtrail.count_import(import_id bigint)
returns table (table_id int, rows bigint, later bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  perform rowtrail.bind_source(
    (
      select string_agg(format('select q.table_id, q.changed_at from (%s) as q', q.query), ' union all ')
      from rowtrail.imports as i
      cross join unnest(i.queries) as q (query)
      where i.id = count_import.import_id));
  return query execute
    $query$
      select s.table_id, count(*) filter (where coalesce(s.changed_at, '-infinity') < k.until), count(*) filter (where s.changed_at >= k.until)
      from pg_temp.rowtrail_source as s
      join rowtrail.import_tables as k on k.import_id = $1 and k.table_id = s.table_id
      group by s.table_id
    $query$
  using import_id;
end
$$;
comment on function rowtrail.count_import(bigint) is
  'How many rows the source of an import has of each table: to be read, and of a time from which on all is recorded here already.';

create or replace function rowtrail.import_batch(
  import_id bigint, most int, out rows_read bigint, out is_done boolean)
language plpgsql
set search_path = pg_catalog, pg_temp
set row_security = on
-- As in rowtrail.capture().
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
set client_encoding = 'UTF8'
set jit = off
as $$
declare
  known rowtrail.imports;
  part int;
  last_place jsonb;
  counted jsonb;
begin
  -- Two that go on with one import read each row once.
  select i.* into known from rowtrail.imports as i where i.id = import_batch.import_id for update;
  if known.id is null then
    raise exception 'there is no import %', import_id using errcode = 'no_data_found';
  end if;
  -- The leaves are made of what is stored, whatever the client reads.
  perform set_config('client_encoding', getdatabaseencoding(), true);
  part := coalesce((known.reached ->> 0)::int, 1);
  if known.finished_at is not null or part > cardinality(known.queries) then
    rows_read := known.rows_read;
    is_done := true;
    return;
  end if;
  perform rowtrail.bind_source(known.queries[part]);
  execute format(
    $query$
      with source as materialized (
        select s.*, row_number() over (order by s.a, s.c collate "C") as n
        from (
          select q.*
          from pg_temp.rowtrail_source as q
          join rowtrail.import_tables as k on k.import_id = $3 and k.table_id = q.table_id
          where q.a >= %1$L::bigint
            and (q.a > %1$L::bigint or q.c collate "C" > %2$L)
            and coalesce(q.changed_at, '-infinity') < k.until
          order by q.a, q.c collate "C"
          limit $2
        ) as s
      ),
      images as materialized (
        select
          s.n, s.source_id, s.table_id, s.op, s.changed_at, s.actor, s.login, s.wrote, k.until, k.key_columns,
          s.verbatim - k.left_out - array(select jsonb_object_keys(k.hashed)) as verbatim,
          -- A source may hold anything; a number of a transaction is from 0 on.
          coalesce((s.xid %% 10000000000000000 + 10000000000000000) %% 10000000000000000, 0) as xid,
          -- The text of a statement may hold what is not to be kept.
          case when k.left_out <> '{}' or k.hashed is not null then s.said - 'client_query' else s.said end as said,
          rowtrail.imported_image(s.before, k) as before,
          rowtrail.imported_image(s.after, k) as after
        from source as s
        join rowtrail.import_kinds($3) as k on k.table_id = s.table_id
      ),
      keyed as materialized (
        select
          i.*,
          rowtrail.imported_key(i.table_id, i.key_columns, i.before) as key_before,
          rowtrail.imported_key(i.table_id, i.key_columns, i.after) as key_after
        from images as i
      ),
      sorted as materialized (
        select
          k.*, coalesce(k.key_after, k.key_before) as row_key,
          case
            when (
              case
                when k.op in ('I', 'U', 'B') then k.after is not null
                when k.op = 'D' then case when $4 then k.after else k.before end is not null
                else k.op = 'T'
              end) is not true then 'says nothing of a row'
            -- Before the year 1000 is a slip, and at its ends there are clients that cannot read it.
            when coalesce(k.changed_at, '-infinity') < '1000-01-01Z' then 'has no time'
            when k.op <> 'T' and coalesce(k.key_after, k.key_before) is null then 'has no value in the key'
            -- Begun before the table was tracked, written after that.
            when k.changed_at >= k.until - interval '1 day' and exists (
              select from rowtrail.versions as v
              where v.table_id = k.table_id
                and v.row_key in (k.key_after, k.key_before)
                and v.id > 0
                and v.op in ('I', 'U', 'D')
                and v.changed_at >= k.until
                and (v.xid::text)::bigint & 4294967295 = k.wrote)
              then 'is recorded here already'
          end as left_out
        from keyed as k
      ),
      chained as materialized (
        select
          s.*,
          case when $4 then
            case when lag(s.n) over of_row is not null then lag(s.after) over of_row else p.data end
          else s.before end as data_before,
          case when $4 then
            case when lag(s.n) over of_row is not null then lag(s.op) over of_row else p.op::text end
          end as op_before
        from sorted as s
        left join lateral (
          select v.data, v.op
          from rowtrail.versions as v
          where $4 and v.table_id = s.table_id and v.row_key = s.row_key and v.id between $5 and $5 + $6 - 1
          order by v.id desc
          limit 1
        ) as p on true
        where s.left_out is null
        window of_row as (partition by s.table_id, s.row_key order by s.n)
      ),
      told as (
        select
          c.*,
          case
            when c.op <> 'U' then c.op
            -- What it was before is not known: it is the row as it was first seen.
            when c.data_before is null or c.op_before = 'D' then 'B'
            else 'U'
          end as told_op
        from chained as c
      ),
      made as (
        insert into rowtrail.versions as v (
          id, changed_at, xid, table_id, era, op, row_key, old_key, actor, login, data, old, verbatim, context)
        select
          $5 + $6 + t.n - 1, t.changed_at, (t.xid + $7)::text::xid8, t.table_id, 0, t.told_op::"char",
          case when t.told_op = 'T' then '' when t.told_op = 'D' and not $4 then t.key_before else t.row_key end,
          case when t.told_op = 'U' and t.key_before <> t.key_after and not $4 then t.key_before end,
          rowtrail.clean(t.actor, 200), coalesce(nullif(rowtrail.clean(t.login, 200), ''), '(not recorded)'),
          case when t.told_op = 'T' then null when t.told_op = 'D' and not $4 then t.before else t.after end,
          case when t.told_op = 'U' then rowtrail.changed_values(t.data_before, t.after) end,
          case when t.told_op not in ('D', 'T') then nullif(t.verbatim, '{}') end,
          case when jsonb_strip_nulls(t.said) <> '{}' then rowtrail.clean_context(jsonb_strip_nulls(t.said)::text) else '{}' end
            || jsonb_build_object('imported', jsonb_build_object('from', $8::text, 'table', k.source_table, 'id', rowtrail.imported_id(t.source_id)))
        from told as t
        join rowtrail.import_tables as k on k.import_id = $3 and k.table_id = t.table_id
        returning v.id, v.table_id, v.changed_at, rowtrail.leaf(v) as leaf
      ),
      part as (
        insert into rowtrail.import_leaves (import_id, part, ids, leaves)
        select
          $3, coalesce((select max(l.part) + 1 from rowtrail.import_leaves as l where l.import_id = $3), 0),
          array_agg(m.id order by m.id), string_agg(m.leaf, '' order by m.id)
        from made as m
        having count(*) > 0
        returning 1
      )
      select
        (select count(*) from source), (select jsonb_build_array($1, s.a, s.c) from source as s order by s.n desc limit 1),
        (
          select jsonb_object_agg(c.table_id, to_jsonb(c))
          from (
            select
              s.table_id, count(*) as rows_read, count(*) filter (where s.left_out is null) as versions,
              min(s.changed_at) filter (where s.left_out is null) as first_changed_at,
              max(s.changed_at) filter (where s.left_out is null) as last_changed_at,
              (
                select jsonb_object_agg(o.left_out, o.rows)
                from (
                  select x.left_out, count(*) as rows
                  from sorted as x
                  where x.table_id = s.table_id and x.left_out is not null
                  group by x.left_out
                ) as o
              ) as left_out
            from sorted as s
            group by s.table_id
          ) as c
        )
      from (select count(*) from part) as p
    $query$, coalesce((known.reached ->> 1)::bigint, -9223372036854775807), coalesce(known.reached ->> 2, ''))
  into rows_read, last_place, counted
  using part, most, import_id, known.is_state, known.first_id, known.rows_read, known.added_to_xid, known.source;

  update rowtrail.import_tables as t
  set
    rows_read = t.rows_read + (c.value ->> 'rows_read')::bigint,
    versions = t.versions + (c.value ->> 'versions')::bigint,
    left_out = t.left_out || coalesce(
      (
        select jsonb_object_agg(o.key, o.value::bigint + coalesce((t.left_out ->> o.key)::bigint, 0))
        from jsonb_each_text(nullif(c.value -> 'left_out', 'null')) as o
      ),
      '{}'),
    first_changed_at = least(t.first_changed_at, (c.value ->> 'first_changed_at')::timestamptz),
    last_changed_at = greatest(t.last_changed_at, (c.value ->> 'last_changed_at')::timestamptz)
  from jsonb_each(counted) as c
  where t.import_id = import_batch.import_id and t.table_id = c.key::int;
  update rowtrail.tables as r
  set imported_until = greatest(r.imported_until, t.last_changed_at)
  from rowtrail.import_tables as t
  where t.import_id = import_batch.import_id and r.id = t.table_id and t.last_changed_at is not null;
  is_done := rows_read < most and part >= cardinality(known.queries);
  if rows_read < most then
    last_place := jsonb_build_array(part + 1);
  end if;
  update rowtrail.imports as i
  set rows_read = i.rows_read + import_batch.rows_read, reached = last_place
  where i.id = import_batch.import_id
  returning i.rows_read into rows_read;
end
$$;
comment on function rowtrail.import_batch(bigint, int) is
  'The part of `rowtrail import` that reads the next rows of the source, so many at most, and makes versions of them: how many were read in all, and whether there were none any more.';

create or replace function rowtrail.import_kinds(of_import bigint)
returns table (
  table_id int, until timestamptz, key_columns text[], left_out text[], hashed jsonb, zoned text[], columns text, documents text[])
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    t.id, i.until, rowtrail.names_of(t.relid, t.key_attnums),
    array(select c.name from rowtrail.treatments(t) as c where c.treatment in ('exclude', 'virtual')),
    (select jsonb_object_agg(c.name, c.number) from rowtrail.treatments(t) as c where c.treatment = 'hash'),
    array(
      select a.attname::text from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'timestamptz'::regtype),
    (
      -- Of PostgreSQL's own types only: another's could run what its owner likes.
      select string_agg(format('%I %s', a.attname, case when a.atttypid in ('json'::regtype, 'jsonb'::regtype) then 'text' else format_type(a.atttypid, null) end), ', ')
      from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid < 16384
    ),
    array(
      select a.attname::text from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid in ('json'::regtype, 'jsonb'::regtype))
  from rowtrail.import_tables as i
  join rowtrail.tables as t on t.id = i.table_id
  where i.import_id = of_import
$$;
comment on function rowtrail.import_kinds(bigint) is
  'For rowtrail.import_batch(): what is to be done with the columns of each table of the import.';

create or replace function rowtrail.imported_image(given jsonb, kind record)
returns jsonb
language plpgsql
stable
as $$
declare
  image jsonb := given;
  field text;
  typed jsonb;
begin
  if jsonb_typeof(given) is distinct from 'object' then
    return null;
  end if;
  if jsonb_typeof(given -> 'rowtrail.hstore') = 'array' then
    -- All values are texts there.
    image := '{}';
    for field in select h.value from jsonb_array_elements_text(given -> 'rowtrail.hstore') as h loop
      image := image || rowtrail.hstore_values(field);
    end loop;
    begin
      execute format('select to_jsonb(r) from jsonb_to_record($1) as r (%s)', kind.columns) into typed using image;
      foreach field in array kind.documents loop
        typed := typed || jsonb_build_object(field, (typed ->> field)::jsonb);
      end loop;
      image := image || coalesce((select jsonb_object_agg(f.key, f.value) from jsonb_each(typed) as f where image ? f.key), '{}');
    exception when data_exception or feature_not_supported or syntax_error_or_access_rule_violation or invalid_schema_name then
      -- The columns had other types then, or name what is gone: the values stay texts.
      null;
    end;
  end if;
  image := image - kind.left_out;
  foreach field in array kind.zoned loop
    -- As the session of the writer had it; capture always writes UTC.
    if (image ->> field) ~ '^[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+( BC)?$' and (image ->> field) not like '%+00:00' then
      begin
        image := image || jsonb_build_object(field, (image ->> field)::timestamptz);
      exception when data_exception then
        -- The column had another type then.
        null;
      end;
    end if;
  end loop;
  if kind.hashed is not null then
    image := image || coalesce(
      (
        select jsonb_object_agg(h.key, rowtrail.hash_of(kind.table_id, h.value::int2, image ->> h.key))
        from jsonb_each_text(kind.hashed) as h
        where image ? h.key
      ),
      '{}');
  end if;
  return image;
end
$$;
comment on function rowtrail.imported_image(jsonb, record) is
  'For rowtrail.import_batch(): a row of the source in the form that capture gives it. What is excluded is left out, what is hashed is hashed.';

create or replace function rowtrail.hstore_values(written text)
returns jsonb
language sql
immutable
as $$
  -- "a"=>"1", "b"=>NULL; a backslash stands before a quote or a backslash.
  select coalesce(
    jsonb_object_agg(
      regexp_replace(p.found[1], e'\\\\(.)', e'\\1', 'g'),
      case when p.found[3] is null then regexp_replace(p.found[2], e'\\\\(.)', e'\\1', 'g') end),
    '{}')
  from regexp_matches(written, e'"((?:[^"\\\\]|\\\\.)*)"=>(?:"((?:[^"\\\\]|\\\\.)*)"|(NULL))', 'g') as p (found)
$$;
comment on function rowtrail.hstore_values(text) is 'The pairs of an hstore, by its text, as JSON.';

create or replace function rowtrail.imported_id(source_id text)
returns jsonb
language sql
immutable
as $$
  select case when source_id ~ '^[0-9]{1,18}$' then to_jsonb(source_id::bigint) else to_jsonb(source_id) end
$$;
comment on function rowtrail.imported_id(text) is 'What names a row in its source: a number where it is one.';

create or replace function rowtrail.imported_key(of_table int, key_columns text[], image jsonb)
returns text
language sql
stable
as $$
  select case
    when image is null then null
    when key_columns <> '{}' and (
      not image ?& key_columns
      or exists (select from unnest(key_columns) as c (name) where image ->> c.name is null)) then null
    else rowtrail.key_text(of_table, key_columns, image, (select t.ignored_columns from rowtrail.tables as t where t.id = of_table))
  end
$$;
comment on function rowtrail.imported_key(int, text[], jsonb) is
  'For rowtrail.import_batch(): the key of a row as capture writes it; NULL where the source does not have it.';

create or replace function rowtrail.finish_import(import_id bigint)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.imports;
  problem text;
begin
  select i.* into known from rowtrail.imports as i where i.id = finish_import.import_id for update;
  if known.id is null then
    return 'it is not there any more';
  elsif known.finished_at is not null then
    return null;
  end if;
  select w.problem into problem
  from (
    select 1, format('%s rows were read, and %s were there when it was begun', known.rows_read, known.rows)
    where known.rows_read <> known.rows
    union all
    select 2, format('the source has %s rows, and had %s when it was begun', c.rows, known.rows)
    from (select coalesce(sum(o.rows), 0) as rows from rowtrail.count_import(finish_import.import_id) as o) as c
    where c.rows <> known.rows
    union all
    select 3, format('of %s %s rows were read, and %s are accounted for', t.source_table, t.rows_read, c.accounted)
    from rowtrail.import_tables as t
    cross join lateral (
      select t.versions + coalesce(sum(o.value::bigint), 0) as accounted from jsonb_each_text(t.left_out) as o
    ) as c
    where t.import_id = finish_import.import_id and t.rows_read <> c.accounted
    union all
    select 4, format('%s versions of %s were made, and %s are there', t.versions, t.source_table, c.versions)
    from rowtrail.import_tables as t
    cross join lateral (
      select count(*) as versions
      from rowtrail.versions as v
      where v.table_id = t.table_id and v.id between known.first_id and known.first_id + known.rows - 1 and v.era = 0
    ) as c
    where t.import_id = finish_import.import_id and t.versions <> c.versions
  ) as w (place, problem)
  order by w.place
  limit 1;
  if problem is not null then
    perform rowtrail.discard_import(import_id);
    return problem;
  end if;
  update rowtrail.imports as i
  set finished_at = clock_timestamp(), hash = rowtrail.import_hash(i.id)
  where i.id = finish_import.import_id;
  return null;
end
$$;
comment on function rowtrail.finish_import(bigint) is
  'The part of `rowtrail import` that reconciles: each row that was counted, then and now, was read, and is a version or was left out for a reason. Where that is not so, all of the import is removed, and what is wrong is given; else NULL.';

create or replace function rowtrail.discard_import(import_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.imports;
begin
  select i.* into known from rowtrail.imports as i where i.id = discard_import.import_id for update;
  if known.id is null or known.finished_at is not null then
    raise exception 'there is no unfinished import %', import_id
      using errcode = 'no_data_found', hint = 'One that is finished stays.';
  end if;
  delete from rowtrail.versions as v
  using rowtrail.import_tables as t
  where t.import_id = discard_import.import_id
    and v.table_id = t.table_id
    and v.id between known.first_id and known.first_id + known.rows - 1
    and v.era = 0;
  delete from rowtrail.import_leaves as l where l.import_id = discard_import.import_id;
  update rowtrail.tables as r
  set imported_until = (
    select max(o.last_changed_at)
    from rowtrail.import_tables as o
    where o.table_id = r.id and o.import_id <> discard_import.import_id)
  where r.id in (select t.table_id from rowtrail.import_tables as t where t.import_id = discard_import.import_id);
  delete from rowtrail.import_tables as t where t.import_id = discard_import.import_id;
  delete from rowtrail.imports as i where i.id = discard_import.import_id;
end
$$;
comment on function rowtrail.discard_import(bigint) is
  'Removes an import that is not finished, with the versions that it has made.';

create or replace function rowtrail.import_hash(of_import bigint)
returns bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(coalesce(string_agg(sha256(l.leaves || array_send(l.ids)), ''::bytea order by l.part), ''))
  from rowtrail.import_leaves as l
  where l.import_id = of_import
$$;
comment on function rowtrail.import_hash(bigint) is 'A hash of all leaves and ids that are kept of an import.';

create or replace function rowtrail.renew_import_leaf(version_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set client_encoding = 'UTF8'
as $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  update rowtrail.import_leaves as l
  set leaves = overlay(l.leaves placing rowtrail.leaf(v) from (32 * array_position(l.ids, version_id) - 31)::int for 32)
  from rowtrail.imports as i
  cross join (select r from rowtrail.versions as r where r.id = version_id and r.era = 0) as w (v)
  where i.id = l.import_id
    and version_id between i.first_id and i.first_id + i.rows - 1
    and version_id = any (l.ids);
  update rowtrail.imports as i
  set hash = rowtrail.import_hash(i.id)
  where i.finished_at is not null and version_id between i.first_id and i.first_id + i.rows - 1;
end
$$;
comment on function rowtrail.renew_import_leaf(bigint) is
  'The part of rowtrail.erase() that lets an imported version verify without the values that were erased.';

create or replace function rowtrail.verify_imports(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select
    format('import %s from %s', i.id, i.source),
    format('is not finished: %s of %s rows were read', i.rows_read, i.rows),
    format('run: rowtrail import --from %s; or remove it: rowtrail import --from %s --discard', i.source, i.source), false
  from rowtrail.imports as i
  where i.finished_at is null
  order by i.id
$$;
comment on function rowtrail.verify_imports() is
  'The part of rowtrail.verify() about imports that are not finished: what they brought is not all that the source has.';

create or replace function rowtrail.verify_imported(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set client_encoding = 'UTF8'
set work_mem = '64MB'
as $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  return query
    select
      format('import %s from %s', i.id, i.source), 'does not have the leaves that it was finished with',
      'only a superuser can do that: compare it with a backup', true
    from rowtrail.imports as i
    where i.finished_at is not null and i.hash is distinct from rowtrail.import_hash(i.id)
    order by i.id;
  return query
    with kept as (
      select l.import_id, k.id, k.leaf
      from rowtrail.import_leaves as l
      cross join lateral rowtrail.leaves_in(l.ids, l.leaves, null) as k
    ),
    live as (
      select v.id, rowtrail.leaf(v) as leaf, count(*) over (partition by v.id) as times
      from rowtrail.versions as v
      where v.era < 1 or v.id < 1
    )
    select
      rowtrail.version_name(coalesce(l.id, k.id)),
      case
        when k.id is null then 'is among those that were imported, and no import brought it'
        when l.id is null then format('is missing: import %s brought it', k.import_id)
        when l.times > 1 then format('is there %s times: import %s brought it once', l.times, k.import_id)
        else format('is not what import %s brought', k.import_id)
      end,
      'only a superuser can do that: find it in a backup, and ask who could', true
    from live as l
    full join kept as k on k.id = l.id
    where l.leaf is distinct from k.leaf or l.times > 1
    order by coalesce(l.id, k.id);
end
$$;
comment on function rowtrail.verify_imported() is
  'The versions of imports that are not what they were when they came, and those among them that no import brought.';

revoke all on function
  rowtrail.begin_import(text, text, boolean, jsonb, text[]),
  rowtrail.make_partition_before(),
  rowtrail.bind_source(text),
  rowtrail.count_import(bigint),
  rowtrail.import_batch(bigint, int),
  rowtrail.import_kinds(bigint),
  rowtrail.imported_image(jsonb, record),
  rowtrail.hstore_values(text),
  rowtrail.imported_key(int, text[], jsonb),
  rowtrail.imported_id(text),
  rowtrail.finish_import(bigint),
  rowtrail.discard_import(bigint),
  rowtrail.import_hash(bigint),
  rowtrail.renew_import_leaf(bigint),
  rowtrail.verify_imports(),
  rowtrail.verify_imported()
from public;
grant execute on function
  rowtrail.import_hash(bigint), rowtrail.verify_imports(), rowtrail.verify_imported()
to rowtrail_reader;
