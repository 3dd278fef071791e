-- The five roles that rowtrail needs. None can log in, none is a superuser.
--
-- `rowtrail upgrade` runs this file. Where the installer may not create roles (some managed
-- services), let somebody who may run it once, then grant the installer the roles:
--   grant rowtrail_owner, rowtrail_capture, rowtrail_reader, rowtrail_limited_reader,
--     rowtrail_auditor to <installer> with admin option;
--
--   rowtrail_owner           owns the schema, its tables and all functions but the capturing ones
--   rowtrail_capture         owns the capturing functions; may insert versions, and see the keys
--                            but not the rows in them
--   rowtrail_reader          may only select; the web application and people who read all history
--   rowtrail_limited_reader  may only select, the history of the tables that it may select from
--   rowtrail_auditor         may read all history, as rowtrail_reader, seal it and ship it
do $$
declare
  wanted text;
begin
  foreach wanted in array
    array[
      'rowtrail_owner', 'rowtrail_capture', 'rowtrail_reader', 'rowtrail_limited_reader', 'rowtrail_auditor']
  loop
    if to_regrole(wanted) is null then
      execute format('create role %I nologin', wanted);
    end if;
  end loop;

  -- The installer acts as the owner from here on; the owner replaces what rowtrail_capture owns.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    foreach wanted in array array['rowtrail_owner', 'rowtrail_capture'] loop
      if not pg_has_role(current_user, wanted, 'usage') then
        execute format('grant %I to %I', wanted, current_user);
      end if;
    end loop;
  end if;
  if not pg_has_role('rowtrail_owner', 'rowtrail_capture', 'usage') then
    grant rowtrail_capture to rowtrail_owner;
  end if;
  if not pg_has_role('rowtrail_auditor', 'rowtrail_reader', 'usage') then
    grant rowtrail_reader to rowtrail_auditor;
  end if;
end
$$;
