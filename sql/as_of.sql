-- As of: how a table or a row was, by its versions. A boundary says which of them count; it is one of
--   a moment       the transactions that had committed then, as far as can be known: one that recorded
--                  changes before the moment and after it had not
--   a transaction  'era-xid', as pages and rowtrail.changes() name it: the moment of its last change
--   a snapshot     pg_current_snapshot(), kept somewhere: exactly what it sees
-- Tables that are asked with the same boundary fit together. All of it runs with the caller's rights.

create or replace function rowtrail.as_of(
  of_row anyelement, moment timestamptz default null, transaction text default null, snapshot pg_snapshot default null)
returns setof anyelement
language plpgsql
stable
set search_path = pg_catalog, pg_temp
-- As the values were written, so they are read.
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
as $$
declare
  relation constant regclass := (
    select y.typrelid from pg_type as y where y.oid = pg_typeof(of_row) and y.typrelid <> 0);
  known rowtrail.tables;
  bound rowtrail.boundary;
  hashed text[];
  said text;
  first_version record;
begin
  if relation is null then
    raise exception 'a row of the table says which one is meant, not %', pg_typeof(of_row)
      using errcode = 'wrong_object_type', hint = 'For example: select * from rowtrail.as_of(null::orders, ''2026-11-01 12:00Z'');';
  end if;
  known := rowtrail.registered(relation);
  bound := rowtrail.boundary_of(known.id, null, moment, transaction, snapshot);
  hashed := rowtrail.names_of(relation, known.hashed_attnums);
  begin
    return query execute format(
      'select %s from rowtrail.replay_until($1, $2, $3) as r cross join lateral jsonb_populate_record(null::%s, %s) as p',
      (
        select string_agg(
          case
            when a.atttypid = 'json'::regtype then format('coalesce((r.verbatim ->> %1$L)::json, p.%1$I)', a.attname)
            else format('p.%I', a.attname)
          end,
          ', ' order by a.attnum)
        from pg_attribute as a
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
      ),
      rowtrail.full_name(relation),
      case when hashed = '{}' then 'r.data' else 'rowtrail.without_hashes(r.data, $4)' end)
    using
      known.id, bound,
      -- Of a table that was dropped since, the columns of that day are the nearest.
      (
        select bound.event_id
        where exists (
          select from rowtrail.versions as v
          where v.table_id = known.id and v.row_key = '' and v.op = 'S' and v.data ? 'dropped' and v.id > bound.event_id)
      ),
      hashed;
  exception when data_exception or integrity_constraint_violation then
    get stacked diagnostics said = message_text;
    raise exception 'a row of % was not as its columns are today: %', rowtrail.full_name(relation), said
      using
        errcode = 'invalid_parameter_value',
        hint = format('As it was recorded: select * from rowtrail.as_of_rows(%L, ...);', rowtrail.full_name(relation));
  end;
  select v.changed_at into first_version
  from rowtrail.versions as v
  where v.table_id = known.id
  order by v.id
  limit 1;
  if first_version.changed_at > bound.until then
    raise notice 'nothing is known of % before %', rowtrail.full_name(relation), first_version.changed_at;
  end if;
end
$$;
comment on function rowtrail.as_of(anyelement, timestamptz, text, pg_snapshot) is
  'The rows of a table as they were, as rows of it: select * from rowtrail.as_of(null::orders, ''2026-11-01 12:00Z''); or transaction => ''1-4711'', or snapshot => pg_current_snapshot() as it was then. By the columns of today: renamed ones have their names of today, those that are gone are left out, excluded and hashed ones are NULL. It casts to the table''s types, by which code of their owner can run; rowtrail.as_of_rows() runs none.';

create or replace function rowtrail.as_of_rows(
  of_table regclass, moment timestamptz default null, transaction text default null, snapshot pg_snapshot default null)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select r.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.rows_as_of(t.id, null, moment, transaction, snapshot) as r
$$;
comment on function rowtrail.as_of_rows(regclass, timestamptz, text, pg_snapshot) is
  'The rows of a table as they were, as JSONB, by the columns of that day: select * from rowtrail.as_of_rows(''orders'', ''2026-11-01 12:00Z''); or transaction => ''1-4711'', or snapshot => .... id and changed_at are those of the row''s newest version then; verbatim has the text of json columns that data would not give back. No code of the table''s owner runs.';

create or replace function rowtrail.as_of_row(
  of_table regclass, key text, moment timestamptz default null, transaction text default null,
  snapshot pg_snapshot default null)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select r.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.rows_as_of(t.id, rowtrail.key_from(t.key_columns, key), moment, transaction, snapshot) as r
$$;
comment on function rowtrail.as_of_row(regclass, text, timestamptz, text, pg_snapshot) is
  'One row as it was, as rowtrail.as_of_rows() has it; no row where there was none. A composite key is a JSON array: select * from rowtrail.as_of_row(''order_lines'', ''[42, 1]'', ''2026-11-01 12:00Z'');';

create or replace function rowtrail.as_of_row(
  of_table regclass, key anyelement, moment timestamptz default null, transaction text default null,
  snapshot pg_snapshot default null)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
as $$
  select r.* from rowtrail.as_of_row(of_table, to_jsonb(key) #>> '{}', moment, transaction, snapshot) as r
$$;
comment on function rowtrail.as_of_row(regclass, anyelement, timestamptz, text, pg_snapshot) is
  'One row as it was, by a key of any type: select * from rowtrail.as_of_row(''orders'', 42, ''2026-11-01 12:00Z'');';

create or replace function rowtrail.rows_as_of(
  of_table int, of_key text, moment timestamptz, transaction text, snapshot pg_snapshot)
returns table (row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  bound constant rowtrail.boundary := rowtrail.boundary_of(
    of_table,
    -- Without a key, rows become others with each change.
    (select of_key from rowtrail.tables as t where t.id = of_table and t.key_attnums <> '{}'),
    moment, transaction, snapshot);
begin
  return query select r.* from rowtrail.replay_until(of_table, bound, bound.event_id, of_key) as r;
end
$$;
comment on function rowtrail.rows_as_of(int, text, timestamptz, text, pg_snapshot) is
  'What rowtrail.as_of_rows() gives, or with a key rowtrail.as_of_row(), by the table''s id in rowtrail.tables: also for a table that was dropped.';

create or replace function rowtrail.boundary_of(
  of_table int, of_key text, moment timestamptz, transaction text, snapshot pg_snapshot)
returns rowtrail.boundary
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  bound rowtrail.boundary;
  complete_from timestamptz;
begin
  if num_nonnulls(moment, transaction, snapshot) <> 1 then
    raise exception 'as of when? Give a moment, a transaction or a snapshot: one of them, not %', num_nonnulls(moment, transaction, snapshot)
      using errcode = 'invalid_parameter_value', hint = 'For example: ''2026-11-01 12:00Z'', or transaction => ''1-4711''.';
  end if;
  bound.until := coalesce(moment, rowtrail.moment_of(transaction), 'infinity');
  if snapshot is not null then
    bound.seen := snapshot;
    bound.era := rowtrail.current_era();
  else
    select c.seen, c.era into bound.seen, bound.era from rowtrail.committed(of_table, of_key, bound.until) as c;
  end if;
  bound.event_id := coalesce(
    (
      select max(v.id)
      from rowtrail.versions as v
      where v.table_id = of_table
        and v.row_key = ''
        and v.op = 'S'
        and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
    ),
    0);
  select t.complete_from into complete_from from rowtrail.tables as t where t.id = of_table;
  if complete_from is not null and not rowtrail.is_reached(bound, complete_from) then
    raise exception 'what was then is not known any more: the history of before % was retired', complete_from
      using errcode = 'no_data_found', hint = 'Ask for that moment or a later one.';
  end if;
  return bound;
end
$$;
comment on function rowtrail.boundary_of(int, text, timestamptz, text, pg_snapshot) is
  'The boundary of a table, or of one key of it, that a moment, a transaction or a snapshot draws; raises invalid_parameter_value unless it is given exactly one of them.';

create or replace function rowtrail.moment_of(transaction text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
-- The versions of one transaction lie together: the index by time and transaction finds them.
set enable_seqscan = off
as $$
declare
  parts constant text[] := regexp_match(transaction, '^([0-9]{1,9})-([0-9]{1,18})$');
  in_era constant int := parts[1];
  number constant bigint := parts[2];
  last_change timestamptz;
begin
  if transaction is null then
    return null;
  end if;
  if parts is null then
    raise exception '% names no transaction', quote_literal(left(transaction, 80))
      using errcode = 'invalid_parameter_value', hint = 'It is the era and the number, such as ''1-4711''.';
  end if;
  select max(v.changed_at) into last_change
  from rowtrail.versions as v
  where (v.xid::text)::bigint = number and v.era = in_era;
  if last_change is null then
    raise exception 'there is no version of a transaction %', transaction
      using errcode = 'no_data_found', hint = 'rowtrail.history() and rowtrail.changes() show which there are.';
  end if;
  return last_change;
end
$$;
comment on function rowtrail.moment_of(text) is
  'The time of the last change of a transaction, named by its era and number, such as ''1-4711''.';

create or replace function rowtrail.committed(
  of_table int, of_key text, moment timestamptz, out seen pg_snapshot, out era int)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  newest record;
  under_way bigint[];
begin
  if of_key is null then
    -- Of any table: what began later than all that this one knows changes nothing for it.
    select n.era, n.xid into newest from rowtrail.newest_transaction(moment) as n;
  else
    -- A transaction that is under way locks what it has changed: nobody can have come after it.
    select n.era, n.xid into newest
    from (
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = of_key and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
      union all
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.old_key = of_key and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
      union all
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = '' and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
    ) as n
    order by n.id desc
    limit 1;
  end if;
  if newest.xid is not null then
    under_way := rowtrail.under_way(newest.era, newest.xid, moment);
  end if;
  if under_way <> '{}' then
    era := newest.era;
    seen := format('%s:%s:%s', under_way[1], (newest.xid::text)::bigint + 1, array_to_string(under_way, ','));
  end if;
end
$$;
comment on function rowtrail.committed(int, text, timestamptz) is
  'The snapshot, and its era, that sees what had been committed at a moment, of a table or of one key of it; NULL where that is all that had been recorded.';

create or replace function rowtrail.newest_transaction(moment timestamptz, out era int, out xid xid8)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
-- By the index by time and transaction.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  high timestamptz := least(moment, clock_timestamp());
  low timestamptz := high - interval '1 second';
  middle timestamptz;
  gap interval;
  known bigint;
begin
  -- Back to a stretch of time in which something was recorded; then its last part in which something was.
  while not exists (select from rowtrail.versions as v where v.changed_at > low and v.changed_at <= high) loop
    gap := least(moment, clock_timestamp()) - low;
    if gap > interval '1000 years' then
      return;
    end if;
    high := low;
    low := high - 8 * gap;
  end loop;
  while high - low > greatest(gap / 64, interval '1 second') loop
    middle := low + (high - low) / 2;
    if exists (select from rowtrail.versions as v where v.changed_at > middle and v.changed_at <= high) then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  select v.era, v.xid, (v.xid::text)::bigint into era, xid, known
  from rowtrail.versions as v
  where v.changed_at > low and v.changed_at <= high
  order by v.era desc, v.xid desc
  limit 1;
  -- One with a greater number may have recorded nothing for longer than that.
  xid := coalesce(
    (
      select v.xid
      from rowtrail.versions as v
      where v.changed_at <= moment and (v.xid::text)::bigint > known and v.era = newest_transaction.era
      order by v.xid desc
      limit 1
    ),
    xid);
end
$$;
comment on function rowtrail.newest_transaction(timestamptz) is
  'The transaction with the greatest number of those that had recorded something at the moment; NULL where none had.';

create or replace function rowtrail.under_way(in_era int, newest xid8, moment timestamptz)
returns bigint[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
-- What began later has a greater number, so of all that was recorded since, the index by time and
-- transaction leaves the pages written soon after.
set enable_seqscan = off
as $$
begin
  return array(
    select distinct (v.xid::text)::bigint
    from rowtrail.versions as v
    where v.changed_at > moment and (v.xid::text)::bigint <= (newest::text)::bigint and v.era = in_era
    order by 1);
end
$$;
comment on function rowtrail.under_way(int, xid8, timestamptz) is
  'The transactions up to a number that recorded changes after the moment: what they recorded before it had not been committed.';

create or replace function rowtrail.current_era()
returns int
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- What capture records.
  select pg_get_expr(d.adbin, d.adrelid)::int
  from pg_attribute as a
  join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = 'rowtrail.versions'::regclass and a.attname = 'era'
$$;
comment on function rowtrail.current_era() is 'The era in which transactions are recorded now.';

create or replace function rowtrail.without_hashes(data jsonb, hashed text[])
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select data - array(select h.name from unnest(hashed) as h (name) where data ->> h.name ~ '^sha256:[0-9a-f]{64}$')
$$;
comment on function rowtrail.without_hashes(jsonb, text[]) is
  'The image without those of its hashed columns of which it has the hash, not the value.';

revoke all on function
  rowtrail.as_of(anyelement, timestamptz, text, pg_snapshot),
  rowtrail.as_of_rows(regclass, timestamptz, text, pg_snapshot),
  rowtrail.as_of_row(regclass, text, timestamptz, text, pg_snapshot),
  rowtrail.as_of_row(regclass, anyelement, timestamptz, text, pg_snapshot),
  rowtrail.rows_as_of(int, text, timestamptz, text, pg_snapshot),
  rowtrail.boundary_of(int, text, timestamptz, text, pg_snapshot),
  rowtrail.moment_of(text),
  rowtrail.committed(int, text, timestamptz),
  rowtrail.newest_transaction(timestamptz),
  rowtrail.under_way(int, xid8, timestamptz)
from public;
grant execute on function
  rowtrail.as_of(anyelement, timestamptz, text, pg_snapshot),
  rowtrail.as_of_rows(regclass, timestamptz, text, pg_snapshot),
  rowtrail.as_of_row(regclass, text, timestamptz, text, pg_snapshot),
  rowtrail.as_of_row(regclass, anyelement, timestamptz, text, pg_snapshot),
  rowtrail.rows_as_of(int, text, timestamptz, text, pg_snapshot),
  rowtrail.boundary_of(int, text, timestamptz, text, pg_snapshot),
  rowtrail.moment_of(text),
  rowtrail.committed(int, text, timestamptz),
  rowtrail.newest_transaction(timestamptz),
  rowtrail.under_way(int, xid8, timestamptz)
to rowtrail_reader;
