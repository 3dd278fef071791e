-- After a restore. A dump has the registry with the numbers (oids) that the tables had where it was made.
-- Where it is restored they have others, and those may be anything's. Which table's history a table
-- goes on with, its trigger says, which nobody but rowtrail.track() can make.

create or replace function rowtrail.renumbered()
returns setof int
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  with capturing as (
    select g.tgrelid, split_part(encode(g.tgargs, 'escape'), '\000', 1) as table_id
    from pg_trigger as g
    where g.tgname = '!rowtrail_capture'
      and g.tgparentid = 0
      and g.tgfoid in ('rowtrail.capture()'::regprocedure, 'rowtrail.capture_partition()'::regprocedure)
  )
  select t.id
  from rowtrail.tables as t
  where t.untracked_at is null
    and exists (select from pg_class as c where c.oid = t.relid)
    and exists (select from capturing as g where g.table_id = t.id::text)
    and not exists (select from capturing as g where g.table_id = t.id::text and g.tgrelid = t.relid)
$$;
comment on function rowtrail.renumbered() is
  'The tables (rowtrail.tables.id) whose number is another relation''s since a restore.';

create or replace function rowtrail.forget_numbers()
returns int
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgotten int;
begin
  -- To numbers that no relation has: then rowtrail.track() finds the table by its name.
  update rowtrail.tables as t
  set relid = (4294967295 - t.id)::oid
  where t.id in (select rowtrail.renumbered());
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
comment on function rowtrail.forget_numbers() is
  'Lets rowtrail.track() find the tables of rowtrail.renumbered() by their names; gives how many there were.';

revoke all on function rowtrail.renumbered(), rowtrail.forget_numbers() from public;
grant execute on function rowtrail.renumbered() to rowtrail_reader;
grant execute on function rowtrail.forget_numbers() to rowtrail_auditor;
