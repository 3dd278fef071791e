-- Baseline: the rows that were there when tracking began get a version too, `B`. It runs online, in
-- batches by key, and can be interrupted and gone on with.
--
-- No row is locked. What makes it exact: when the baseline begins, the table is locked for an
-- instant, so that no change is under way, and ids are reserved for it. Every change from then on
-- has an id above them. A batch records the rows that have no version in its snapshot: one that was
-- changed before has its version there; one that is changed after has one with a greater id. So no
-- row is recorded twice, none is missed, and the versions of each row are in order.

create or replace procedure rowtrail.baseline(target regclass, batch int default 10000)
language plpgsql
as $$
-- A procedure that commits may pin no setting, so everything is named in full.
declare
  progress record;
begin
  loop
    select b.* into progress from rowtrail.baseline_batch(target, batch) as b;
    commit;
    exit when progress.is_done;
  end loop;
end
$$;
comment on procedure rowtrail.baseline(regclass, int) is
  'Records the rows of a tracked table that have no version yet, as its owner, a commit per batch of rows: call rowtrail.baseline(''orders''); Writers go on meanwhile. Again is a no-op, or goes on where it was interrupted.';

create or replace function rowtrail.baseline_batch(
  target regclass, batch int, out seen bigint, out recorded bigint, out is_done boolean)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables;
  opened boolean;
  opened_for_capture boolean;
begin
  perform rowtrail.require_owner(target, 'recorded');
  if batch is null or batch < 1 then
    raise exception 'a batch is of one row at least, not of %', batch
      using errcode = 'invalid_parameter_value', hint = 'Leave it out for 10000 rows.';
  end if;
  -- Before the registry, as a schema change does: neither then waits for the other for ever.
  execute format('lock table only %s in access share mode', rowtrail.full_name(target));
  select t.* into known from rowtrail.tracking_of(target) as t;
  if known.id is null then
    raise exception '% is not tracked', rowtrail.full_name(target)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(target));
  end if;
  perform rowtrail.require_no_row_security(target, 'the baseline');
  if known.baseline_at is null then
    -- Waits for the writers that are in the table, and lets none in until the ids are reserved.
    execute format(
      'lock table %s %s in share row exclusive mode',
      case when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then '' else 'only' end,
      rowtrail.full_name(target));
  end if;
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  opened_for_capture := rowtrail.lend(target, 'select', 'rowtrail_capture');
  select s.seen, s.recorded, s.is_done
  into seen, recorded, is_done
  from rowtrail.baseline_step(target, batch) as s;
  -- With truncate_rows it is lent for good.
  if not known.truncate_rows then
    perform rowtrail.take_back(target, 'select', 'rowtrail_capture', opened_for_capture);
  end if;
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
end
$$;
comment on function rowtrail.baseline_batch(regclass, int) is
  'One batch of rowtrail.baseline(): how many rows it has looked at, how many had no version and have one now, and whether it was the last. The first call only begins.';

create or replace function rowtrail.baseline_step(
  target regclass, batch int, out seen bigint, out recorded bigint, out is_done boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reserved constant bigint := 10000000000;
  known rowtrail.tables;
  last_key text[];
begin
  perform rowtrail.require_lent(target);
  -- One batch of a table at a time.
  select t.* into known
  from rowtrail.tables as t
  where t.relid = target and t.untracked_at is null
  for update;
  seen := 0;
  recorded := 0;
  is_done := false;
  if rowtrail.note_schema_change(known.id, null, 'rowtrail.baseline()') then
    -- It may have to begin anew, under the lock.
    return;
  end if;
  is_done := known.baseline_done_at is not null;
  if is_done then
    return;
  end if;

  if known.baseline_at is null then
    if not exists (
      select from pg_locks as l
      where l.locktype = 'relation'
        and l.relation = target
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and l.pid = pg_backend_pid()
        and l.mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and l.granted
    ) then
      raise exception 'the baseline of % begins under its lock', rowtrail.full_name(target)
        using errcode = 'object_not_in_prerequisite_state', hint = 'Use rowtrail.baseline() or rowtrail.baseline_batch().';
    end if;
    -- Others may take some ids between these two calls; a wide margin keeps them out of the range.
    known.baseline_id := nextval('rowtrail.version_id') + reserved;
    perform setval('rowtrail.version_id', known.baseline_id + reserved);
    update rowtrail.tables as t
    set baseline_at = clock_timestamp(), baseline_id = known.baseline_id
    where t.id = known.id
    returning t.* into known;
    -- Without a key there are no batches: all at once, while the writers wait.
    if known.key_attnums <> '{}' then
      return;
    end if;
  end if;

  -- Its snapshot may be from before the lock, and the rows in it not those that the lock found.
  if known.baseline_at >= transaction_timestamp() and current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'the baseline of % cannot be taken in the % transaction that begins it: it may not see the newest rows',
      rowtrail.full_name(target), current_setting('transaction_isolation')
      using
        errcode = 'invalid_transaction_state',
        hint = format('Take it in READ COMMITTED; or commit first, and then: call rowtrail.baseline(%L);', rowtrail.full_name(target));
  end if;

  select r.seen, r.recorded, r.last_key
  into seen, recorded, last_key
  from rowtrail.record_baseline(
    known.id, target, rowtrail.names_of(target, known.key_attnums), known.baseline_after, batch,
    known.baseline_id, greatest(known.tracked_since, known.rewritten_at, known.keyed_since), known.baseline_at,
    -- What is known of a row from before its partition was attached is not of this row.
    (
      select jsonb_object_agg(a.key, v.id order by v.id)
      from rowtrail.versions as v
      cross join lateral jsonb_each(v.data -> 'attached') as a
      where v.table_id = known.id and v.row_key = '' and v.op = 'S'
    )) as r;
  is_done := seen < batch or known.key_attnums = '{}';
  update rowtrail.tables as t
  set
    baseline_after = coalesce(last_key, t.baseline_after),
    baseline_id = t.baseline_id + recorded,
    baseline_done_at = case when is_done then clock_timestamp() end,
    known_since = coalesce(t.known_since, case when is_done then known.baseline_at end)
  where t.id = known.id;
end
$$;
comment on function rowtrail.baseline_step(regclass, int) is
  'The part of rowtrail.baseline_batch() that keeps account in the registry. It needs the TRIGGER privilege, which only the table''s owner can lend.';

create or replace function rowtrail.record_baseline(
  of_table int, target regclass, key_columns text[], after text[], batch int, last_id bigint,
  since timestamptz, moment timestamptz, attached jsonb,
  out seen bigint, out recorded bigint, out last_key text[])
language plpgsql
security definer
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
as $$
declare
  -- format() and literals, not casts from and to text, nor the input of a domain: those could be
  -- functions of whoever owns the type.
  as_texts constant text := (select string_agg(format($f$format('%%s', t.%I)$f$, n.name), ', ' order by n.place)
    from unnest(key_columns) with ordinality as n (name, place));
  columns text;
  bounds text;
  -- Children by INHERITS are tables of their own; partitions are not.
  only_it constant text := case when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then '' else 'only' end;
  is_plain constant boolean := not exists (
    select from rowtrail.tables as t cross join lateral rowtrail.treatments(t) where t.id = of_table);
begin
  perform rowtrail.require_no_code(target, 'the baseline');
  if key_columns = '{}' then
    select r.seen, r.recorded
    into seen, recorded
    from rowtrail.record_baseline_without_key(of_table, format('%s %s', only_it, rowtrail.full_name(target)), last_id, moment) as r;
    perform rowtrail.require_no_code(target, 'the baseline');
    return;
  end if;
  -- Compared as the columns' own types, so that an index finds the next rows; as text where a domain
  -- may lie within.
  select
    string_agg(format(case when k.is_simple then 't.%I' else $f$format('%%s', t.%I) collate "C"$f$ end, k.name), ', ' order by k.place),
    string_agg(format(case when k.is_simple then '%L::%s' else '%L' end, after[k.place], format_type(k.base, k.typmod)), ', ' order by k.place)
  into columns, bounds
  from (
    select n.name, n.place, b.base, b.typmod, b.base < 16384 or y.typtype = 'e' as is_simple
    from unnest(key_columns) with ordinality as n (name, place)
    join pg_attribute as a on a.attrelid = target and a.attname = n.name
    cross join lateral rowtrail.base_type(a.atttypid, a.atttypmod) as b (base, typmod)
    join pg_type as y on y.oid = b.base
  ) as k;
  execute format(
    $query$
      with page as materialized (
        select r.*, row_number() over () as place
        from (
          select %6$s as whole, array[%1$s] as key_texts, t.tableoid
          from %3$s %4$s as t
          where %5$s
          order by %2$s
          limit $4
        ) as r
      ),
      keyed as materialized (
        select p.place, coalesce(($7 ->> p.tableoid::text)::bigint, 0) as after_id, s.*
        from page as p
        cross join lateral %7$s as s (row_key, data, verbatim)
      ),
      without as (
        select k.*, row_number() over (order by k.place) as number
        from keyed as k
        where not exists (
          select from rowtrail.versions as v
          where v.table_id = $1
            and v.row_key = k.row_key
            and v.id > k.after_id
            and v.op <> 'S'
            and v.changed_at between $5 and clock_timestamp() + interval '1 day')%8$s
      ),
      recorded as (
        insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data, verbatim)
        select $2 + w.number, $6, pg_current_xact_id(), $1, 'B', w.row_key, session_user, w.data, w.verbatim
        from without as w
        returning 1
      )
      select
        (select count(*) from page), (select count(*) from recorded),
        (select p.key_texts from page as p order by p.place desc limit 1)
    $query$,
    as_texts, columns, only_it, rowtrail.full_name(target),
    case when after is null then 'true' else format('(%s) > (%s)', columns, bounds) end,
    case when is_plain then 'to_jsonb(t.*)' else format('(t.*)::%s', rowtrail.full_name(target)) end,
    case
      when is_plain then $shape$(select rowtrail.key_text($1, $3, p.whole, '{}'), p.whole, null::jsonb)$shape$
      else 'rowtrail.stored_row($1, p.whole)'
    end,
    case
      when rowtrail.is_deferrable(target, key_columns) then ' or rowtrail.was_taken_over($1, k.row_key, k.after_id, $5)'
      else ''
    end)
  into seen, recorded, last_key
  using of_table, last_id, key_columns, batch, since, moment, attached;
  -- What came after the first look has run; with the error nothing of it is left.
  perform rowtrail.require_no_code(target, 'the baseline');
end
$$;
comment on function rowtrail.record_baseline(int, regclass, text[], text[], int, bigint, timestamptz, timestamptz, jsonb) is
  'The part of rowtrail.baseline_batch() that reads rows and writes their versions; it reads by the SELECT privilege that the table''s owner lends.';

create or replace function rowtrail.is_deferrable(target regclass, key_columns text[])
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(bool_and(not i.indimmediate), false)
  from pg_index as i
  where i.indrelid = target
    and i.indisunique
    and array(select a.attname::text from pg_attribute as a where a.attrelid = target and a.attnum = any (i.indkey) order by 1)
      = array(select n.name from unnest(key_columns) as n (name) order by 1)
$$;
comment on function rowtrail.is_deferrable(regclass, text[]) is
  'Whether two rows can have the same key for a moment, since no unique index on it is checked at once.';

create or replace function rowtrail.was_taken_over(of_table int, key text, after_id bigint, since timestamptz)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- By its versions a row came to the key first, and as many left it as came: so they say that none
  -- is there. Where one is, another was there before tracking began.
  select coalesce(sum(e.step) = 0 and (array_agg(e.step order by e.id) filter (where e.step <> 0))[1] > 0, false)
  from (
    select v.id, case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
    from rowtrail.versions as v
    where v.table_id = of_table and v.row_key = key and v.op not in ('T', 'S') and v.id > after_id and v.changed_at >= since
    union all
    select v.id, -1
    from rowtrail.versions as v
    where v.table_id = of_table and v.old_key = key and v.op = 'U' and v.id > after_id and v.changed_at >= since
  ) as e
$$;
comment on function rowtrail.was_taken_over(int, text, bigint, timestamptz) is
  'Whether a row''s versions deny that it is there, since another took its key before it left: a row that was not recorded.';

create or replace function rowtrail.record_baseline_without_key(
  of_table int, source text, last_id bigint, moment timestamptz, out seen bigint, out recorded bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Rows that hold the same have one key. Those that were there before tracking began are as many
  -- as there are now, less those that came since, and those that went since.
  execute format(
    $query$
      with live as (
        select s.row_key, s.data, s.verbatim
        from %s as t
        cross join lateral rowtrail.stored_row($1, t.*) as s
      ),
      held as (
        select l.row_key, count(*) as rows, (array_agg(l.data))[1] as data, (array_agg(l.verbatim))[1] as verbatim
        from live as l
        group by l.row_key
      ),
      without as (
        select h.row_key, h.data, h.verbatim, row_number() over (order by h.row_key) as number
        from held as h
        left join rowtrail.copies_without_key($1) as c on c.row_key = h.row_key
        cross join generate_series(1, h.rows - coalesce(c.copies, 0))
      ),
      recorded as (
        insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data, verbatim)
        select $2 + w.number, $3, pg_current_xact_id(), $1, 'B', w.row_key, session_user, w.data, w.verbatim
        from without as w
        returning 1
      )
      select (select sum(h.rows) from held as h), (select count(*) from recorded)
    $query$, source)
  into seen, recorded
  using of_table, last_id, moment;
  seen := coalesce(seen, 0);
end
$$;
comment on function rowtrail.record_baseline_without_key(int, text, bigint, timestamptz) is
  'rowtrail.record_baseline() for a table without a key: all rows at once, under the lock of rowtrail.baseline_batch().';

create or replace function rowtrail.base_type(of_type oid, of_typmod int, out base oid, out typmod int)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive types as (
    select of_type as base, of_typmod as typmod
    union all
    select y.typbasetype, y.typtypmod
    from types as t
    join pg_type as y on y.oid = t.base and y.typtype = 'd'
  )
  select t.base, t.typmod from types as t join pg_type as y on y.oid = t.base and y.typtype <> 'd'
$$;
comment on function rowtrail.base_type(oid, int) is
  'The type beneath a domain, however deep, with its modifier; another type as it is.';

revoke all on function
  rowtrail.was_taken_over(int, text, bigint, timestamptz),
  rowtrail.is_deferrable(regclass, text[]),
  rowtrail.record_baseline(int, regclass, text[], text[], int, bigint, timestamptz, timestamptz, jsonb),
  rowtrail.record_baseline_without_key(int, text, bigint, timestamptz)
from public;

grant execute on function rowtrail.was_taken_over(int, text, bigint, timestamptz), rowtrail.is_deferrable(regclass, text[])
to rowtrail_capture;

grant create on schema rowtrail to rowtrail_capture;
alter function rowtrail.record_baseline(int, regclass, text[], text[], int, bigint, timestamptz, timestamptz, jsonb)
  owner to rowtrail_capture;
alter function rowtrail.record_baseline_without_key(int, text, bigint, timestamptz) owner to rowtrail_capture;
revoke create on schema rowtrail from rowtrail_capture;
