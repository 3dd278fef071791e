-- Partitions of rowtrail.versions: one a month, by changed_at, in UTC. What falls into no month
-- goes to versions_default, so capture never fails for a missing partition.
--
-- A partition is made beside rowtrail.versions and then attached, since to make it there would lock
-- writers out. Locks for which writers would wait are asked for patiently: for a moment, again and again.

create or replace function rowtrail.months(out part regclass, out begins timestamptz, out ends timestamptz)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select c.oid::regclass, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  from pg_inherits as i
  join pg_class as c on c.oid = i.inhrelid
  cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), E'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') as b (bounds)
  where i.inhparent = 'rowtrail.versions'::regclass and b.bounds is not null
$$;
comment on function rowtrail.months() is 'The partitions of rowtrail.versions but the default one, with their bounds: begins is in it, ends is not.';

create or replace function rowtrail.make_partitions(months_ahead int default 12)
returns int
language sql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select rowtrail.make_months(array(
    select m
    from generate_series(
      date_trunc('month', now()), date_trunc('month', now()) + make_interval(months => months_ahead), interval '1 month') as m))
$$;
comment on function rowtrail.make_partitions(int) is
  'Makes the monthly partitions of rowtrail.versions from this month to so many months ahead; gives the number made. Safe to run again.';

create or replace function rowtrail.make_months(months timestamptz[])
returns int
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  month timestamptz;
  made int := 0;
begin
  for month in
    select m from unnest(months) as m where not exists (select from rowtrail.months() as p where p.begins <= m and p.ends > m) order by m
  loop
    made := made + rowtrail.add_month(month)::int;
  end loop;
  return made;
end
$$;
comment on function rowtrail.make_months(timestamptz[]) is
  'Makes the partitions of these months that are not there; gives the number made.';

create or replace function rowtrail.empty_default_partition()
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  before constant bigint := (select count(*) from rowtrail.versions_default);
  months timestamptz[];
  month timestamptz;
begin
  if before = 0 then
    return 0;
  end if;
  months := array(
    select distinct date_trunc('month', v.changed_at) as m from rowtrail.versions_default as v where isfinite(v.changed_at)
    order by m);
  -- Who writes does not write these, so all of them are moved before anybody is made to wait.
  foreach month in array months loop
    continue when month + interval '1 month' > now();
    perform rowtrail.make_month(rowtrail.name_of_month(month));
    perform rowtrail.move_to_month(month);
  end loop;
  -- This month first: it takes the lock that writers take first.
  for month in select m from unnest(months) as m order by date_trunc('month', now()) = m desc, m loop
    perform rowtrail.add_month(month);
  end loop;
  return before - (select count(*) from rowtrail.versions_default);
end
$$;
comment on function rowtrail.empty_default_partition() is
  'Moves the versions of months that had no partition into partitions of theirs; gives their number. Of this month no more than 10,000 are moved, since writers wait meanwhile. Safe to run again.';

create or replace function rowtrail.add_month(month timestamptz)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  ends constant timestamptz := month + interval '1 month';
  most constant bigint := 10000;
  there bigint;
begin
  if month <= now() and ends > now() then
    -- Who waited for the default partition would find that it does not take this month any more, and
    -- fail. So they wait before they have chosen one; and for nothing else than the move.
    perform rowtrail.execute_patiently(
      'lock table only rowtrail.versions in share row exclusive mode; lock table rowtrail.versions_default in access exclusive mode');
  else
    -- Who would record there waits, so that what is counted and moved is all there is.
    perform rowtrail.execute_patiently('lock table rowtrail.versions_default in share row exclusive mode');
  end if;
  select count(*) into there
  from (select from rowtrail.versions_default as v where v.changed_at >= month and v.changed_at < ends limit most + 1) as v;
  if there > most and ends > now() then
    raise warning 'no partition is made for %: rowtrail.versions_default holds more than % versions of that month', to_char(month, 'YYYY-MM'), most
      using hint = 'They are recorded and readable where they are, and moved when the month is over.';
    return false;
  end if;
  if to_regclass(format('rowtrail.%I', rowtrail.name_of_month(month))) is null then
    perform rowtrail.make_month(rowtrail.name_of_month(month));
  end if;
  if there > 0 then
    perform rowtrail.move_to_month(month);
  end if;
  perform rowtrail.attach_month(rowtrail.name_of_month(month), month, ends);
  return true;
end
$$;
comment on function rowtrail.add_month(timestamptz) is
  'Makes the partition of a month, and moves into it what the default partition has of that month; false where that would keep writers waiting.';

create or replace function rowtrail.name_of_month(month timestamptz)
returns name
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select ('versions_' || to_char(month, 'YYYY_MM'))::name
$$;
comment on function rowtrail.name_of_month(timestamptz) is 'What the partition of a month is called.';

create or replace function rowtrail.move_to_month(month timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  execute format(
    'with moved as (delete from rowtrail.versions_default as v where v.changed_at >= $1 and v.changed_at < $2 returning v.*) insert into rowtrail.%I select m.* from moved as m',
    rowtrail.name_of_month(month))
  using month, month + interval '1 month';
end
$$;
comment on function rowtrail.move_to_month(timestamptz) is
  'Moves what the default partition has of a month into the table that becomes the partition of it.';

create or replace function rowtrail.make_month(named name)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('create table rowtrail.%I (like rowtrail.versions including defaults including indexes including storage)', named);
  -- By itself it shows nothing, also to who may read every table (pg_read_all_data).
  execute format('alter table rowtrail.%I enable row level security', named);
end
$$;
comment on function rowtrail.make_month(name) is 'Makes an empty table that can become a partition of rowtrail.versions.';

create or replace function rowtrail.limit_month(named name, begins timestamptz, ends timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  if not exists (select from pg_constraint as c where c.conrelid = format('rowtrail.%I', named)::regclass and c.conname = 'in_month') then
    execute format('alter table rowtrail.%I add constraint in_month check (changed_at >= %L and changed_at < %L)', named, begins, ends);
  end if;
end
$$;
comment on function rowtrail.limit_month(name, timestamptz, timestamptz) is
  'Says of a table of rowtrail.make_month() what is in it, so that attaching it looks at none of its rows.';

create or replace function rowtrail.attach_month(named name, begins timestamptz, ends timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
  perform rowtrail.limit_month(named, begins, ends);
  perform rowtrail.execute_patiently(
    format('alter table rowtrail.versions attach partition rowtrail.%I for values from (%L) to (%L)', named, begins, ends));
  execute format('alter table rowtrail.%I drop constraint in_month', named);
end
$$;
comment on function rowtrail.attach_month(name, timestamptz, timestamptz) is 'Makes a table of rowtrail.make_month() the partition of a month.';

create or replace function rowtrail.execute_patiently(statement text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
-- Who writes waits no longer than this, behind who waits for those that are under way.
set lock_timeout = '200ms'
as $$
declare
  tries int := 0;
begin
  loop
    begin
      execute statement;
      return;
    exception when lock_not_available then
      tries := tries + 1;
      if tries = 50 then
        raise;
      end if;
    end;
    perform pg_sleep(0.1 + random() / 5);
  end loop;
end
$$;
comment on function rowtrail.execute_patiently(text) is
  'Executes a statement that asks for a lock: for 0.2 s, fifty times; then it fails with lock_not_available.';

create or replace function rowtrail.refresh_statistics(older_than interval default '1 day')
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Nobody else does: autovacuum analyzes partitions only, never the table as a whole.
  if pg_stat_get_last_analyze_time('rowtrail.versions'::regclass) > now() - older_than then
    return false;
  end if;
  analyze rowtrail.versions;
  return true;
end
$$;
comment on function rowtrail.refresh_statistics(interval) is
  'Refreshes what the planner knows of rowtrail.versions as a whole, unless that was done within the last day; says whether it did.';

-- Reading rowtrail.versions by tableoid would read all of it, and nobody may read a partition by itself.
create or replace function rowtrail.in_default_partition()
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*) from (select from rowtrail.versions_default limit 10001) as v
$$;
comment on function rowtrail.in_default_partition() is
  'How many versions are of months for which there is no partition, counted up to 10,001.';

revoke all on function
  rowtrail.months(),
  rowtrail.make_partitions(int),
  rowtrail.make_months(timestamptz[]),
  rowtrail.empty_default_partition(),
  rowtrail.add_month(timestamptz),
  rowtrail.name_of_month(timestamptz),
  rowtrail.move_to_month(timestamptz),
  rowtrail.make_month(name),
  rowtrail.limit_month(name, timestamptz, timestamptz),
  rowtrail.attach_month(name, timestamptz, timestamptz),
  rowtrail.execute_patiently(text),
  rowtrail.refresh_statistics(interval),
  rowtrail.in_default_partition()
from public;
grant execute on function rowtrail.months() to rowtrail_reader;
grant execute on function rowtrail.in_default_partition() to rowtrail_reader, rowtrail_limited_reader;
