-- Who may read which history. rowtrail_reader reads all of it; rowtrail_limited_reader, the history
-- of each table that the current role may SELECT as a whole: all columns, by a grant on the table,
-- and all rows, with no row security in the way. What was dropped is for rowtrail_reader only.
--
-- The policies on rowtrail.tables and rowtrail.versions say so (\d in psql shows them); they are made
-- with the tables. All functions that readers call run with the caller's rights, so that what they
-- show, count and find follows.

do $$
declare
  of_readers regprocedure;
begin
  for of_readers in
    select p.oid::regprocedure
    from pg_proc as p
    where p.pronamespace = 'rowtrail'::regnamespace
      and not p.prosecdef
      and exists (select from aclexplode(p.proacl) as a where a.grantee = 'rowtrail_reader'::regrole)
  loop
    execute format('grant execute on routine %s to rowtrail_limited_reader', of_readers);
  end loop;
end
$$;
