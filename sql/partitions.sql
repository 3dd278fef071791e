-- Partitions of rowtrail.versions: one a month, by changed_at, in UTC. What falls into no month
-- goes to versions_default, so capture never fails for a missing partition.

create or replace function rowtrail.make_partitions(months_ahead int default 12)
returns int
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  month date;
  partition_name text;
  made int := 0;
begin
  for month in
    select generate_series(
      date_trunc('month', now()), date_trunc('month', now()) + make_interval(months => months_ahead), interval '1 month')
  loop
    partition_name := 'versions_' || to_char(month, 'YYYY_MM');
    continue when to_regclass('rowtrail.' || partition_name) is not null;
    if exists (
      select from rowtrail.versions_default as v
      where v.changed_at >= month and v.changed_at < month + interval '1 month'
    ) then
      raise warning 'no partition is made for %: rowtrail.versions_default holds versions of that month', to_char(month, 'YYYY-MM')
        using hint = 'They are recorded and readable where they are.';
      continue;
    end if;
    execute format(
      'create table rowtrail.%I partition of rowtrail.versions for values from (%L) to (%L)',
      partition_name, month::timestamptz, (month + interval '1 month')::timestamptz);
    -- By itself it shows nothing, also to who may read every table (pg_read_all_data).
    execute format('alter table rowtrail.%I enable row level security', partition_name);
    made := made + 1;
  end loop;
  return made;
end
$$;
comment on function rowtrail.make_partitions(int) is
  'Makes the monthly partitions of rowtrail.versions from this month to so many months ahead; gives the number made. Safe to run again.';

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

revoke all on function rowtrail.make_partitions(int), rowtrail.in_default_partition() from public;
grant execute on function rowtrail.in_default_partition() to rowtrail_reader, rowtrail_limited_reader;
