-- Shipping: `rowtrail ship` copies the history, seal by seal, to a history database, which is another
-- PostgreSQL with rowtrail in it. What is retired here is complete there.
--
-- Here, rowtrail.shipping says up to which seal all is there, verified. There, rowtrail.origin says whose
-- history it is: the one row of it is what makes a database a history database. It records nothing itself,
-- and seals nothing; what it has are the versions, seals, leaves and salts of its origin, as they were made.

create or replace function rowtrail.origin()
returns rowtrail.origin
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select o from rowtrail.origin as o
$$;
comment on function rowtrail.origin() is
  'In a history database, whose history it holds; NULL in another one: select (rowtrail.origin()).*;';

create or replace function rowtrail.is_history_database()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from rowtrail.origin)
$$;
comment on function rowtrail.is_history_database() is
  'Whether this database holds the history of another one, which rowtrail ship brings.';

create or replace function rowtrail.shipping_now()
returns rowtrail.shipping
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select s from rowtrail.shipping as s where s.ended_at is null
$$;
comment on function rowtrail.shipping_now() is
  'Where the history is shipped to, and how far that has come; NULL where it is not shipped.';

create or replace function rowtrail.require_no_history_database(what text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant rowtrail.origin := rowtrail.origin();
begin
  if origin.id is not null then
    raise exception '% is not for a history database; this one holds the history of the database %', what, origin.database
      using errcode = 'object_not_in_prerequisite_state', hint = format('Do it in the database %s; rowtrail ship brings what is sealed there.', origin.database);
  end if;
end
$$;
comment on function rowtrail.require_no_history_database(text) is
  'Raises object_not_in_prerequisite_state in a history database, where nothing is recorded or sealed but by its origin.';

revoke all on function
  rowtrail.origin(),
  rowtrail.is_history_database(),
  rowtrail.shipping_now(),
  rowtrail.require_no_history_database(text)
from public;
grant execute on function
  rowtrail.origin(),
  rowtrail.is_history_database()
to rowtrail_reader;
grant execute on function rowtrail.shipping_now() to rowtrail_reader;
