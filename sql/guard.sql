-- The guard: what would stop the recording of a tracked table is refused, and the error names the way
-- to do it. An event trigger looks at each tracked table that a command has touched as it is after
-- it, whatever the command was. A superuser passes, with a warning; nobody else does.
--
-- What may be done is recorded instead: the table's end, a new name, another shape (events.sql), the
-- end of the tracking (rowtrail.untrack()).

create or replace function rowtrail.on_guarded_command()
returns event_trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  touched oid[];
  known rowtrail.tables;
  problem text;
  subject text;
  mend text;
begin
  perform rowtrail.renumber();
  if tg_event = 'sql_drop' then
    -- Those of a table that is dropped go with it.
    touched := array(
      select c.oid
      from pg_event_trigger_dropped_objects() as d
      join pg_namespace as n on n.nspname = d.address_names[1]
      join pg_class as c on c.relnamespace = n.oid and c.relname = d.address_names[2]
      where d.classid = 'pg_trigger'::regclass);
  elsif tg_tag = 'CREATE CAST' then
    select format('this cast to %s', format_type(x.casttarget, null)), 'its function could run whatever its owner likes, with the rights of rowtrail, when a row is recorded',
      format('Let a superuser own %s and create the cast.', x.castfunc::regprocedure)
    into subject, problem, mend
    from pg_event_trigger_ddl_commands() as d
    join pg_cast as x on d.classid = 'pg_cast'::regclass and d.objid = x.oid
    join pg_proc as p on p.oid = x.castfunc
    join pg_roles as o on o.oid = p.proowner
    where x.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper;
  elsif tg_tag = 'CREATE TRIGGER' then
    -- track() makes one after the other, so only this one can be asked for. A function of rowtrail's
    -- can be in it by rowtrail alone, but for one that is open to all.
    touched := array(
      select g.tgrelid
      from pg_event_trigger_ddl_commands() as d
      join pg_trigger as g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid
      where g.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows') and not rowtrail.is_capturing(g));
  else
    touched := array(
      select case when d.classid = 'pg_class'::regclass then d.objid else (select g.tgrelid from pg_trigger as g where g.oid = d.objid) end
      from pg_event_trigger_ddl_commands() as d
      where d.classid in ('pg_class'::regclass, 'pg_trigger'::regclass));
  end if;

  for known in
    select t.*
    from rowtrail.tables as t
    where t.untracked_at is null
      and t.relid in (select o from unnest(touched) as o union all select pg_partition_root(o) from unnest(touched) as o)
  loop
    problem := case tg_tag when 'CREATE TRIGGER' then 'trigger replaced' else rowtrail.capture_fault(known) end;
    if problem is not null then
      subject := rowtrail.full_name(known.relid);
      problem := format('its changes would not be recorded any more (%s)', problem);
      mend := format(
        'Leave the triggers of rowtrail as they are. To end the recording, with a reason that is kept: select rowtrail.untrack(%1$L, reason => ''...''); What somebody stopped before is mended by: select rowtrail.track(%1$L);',
        subject);
      exit;
    end if;
  end loop;

  if problem is null then
    return;
  end if;
  if (
    select r.rolsuper
    from pg_roles as r
    -- current_user is the owner of this function.
    where r.rolname = coalesce(nullif(current_setting('role'), 'none'), session_user)
  ) then
    raise warning '%: %', subject, problem using hint = mend;
  else
    raise exception 'rowtrail refuses this %: %, %', tg_tag, subject, problem
      using errcode = 'insufficient_privilege', hint = mend;
  end if;
end
$$;
comment on function rowtrail.on_guarded_command() is
  'Event trigger: refuses what would stop the recording of a tracked table, and casts by which its owner''s code would run in it. Superusers pass, with a warning.';

create or replace function rowtrail.is_guarded()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select count(*) = 2
  from pg_event_trigger as e
  where e.evtfoid = 'rowtrail.on_guarded_command()'::regprocedure
    and e.evtevent in ('ddl_command_end', 'sql_drop')
    and e.evtenabled = 'A'
$$;
comment on function rowtrail.is_guarded() is
  'Whether what would stop the recording is refused: the two event triggers are there, and ENABLE ALWAYS. Only a superuser can create them.';

create or replace function rowtrail.is_capturing(known pg_trigger)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select known.tgqual is null
    and known.tgattr = ''
    and exists (
      select from (values
        ('!rowtrail_capture', 29, array['rowtrail.capture()', 'rowtrail.capture_partition()']::regprocedure[]),
        ('!rowtrail_truncate', 32, array['rowtrail.capture_truncate()']::regprocedure[]),
        ('!rowtrail_truncate_rows', 34, array['rowtrail.capture_truncated_rows()']::regprocedure[])
      ) as w (named, kind, functions)
      where w.named = known.tgname and w.kind = known.tgtype and known.tgfoid = any (w.functions))
$$;
comment on function rowtrail.is_capturing(pg_trigger) is
  'Whether it is a trigger of rowtrail''s as it must be: by its name, what it fires on, its function, and with no condition.';

create or replace function rowtrail.capture_fault(known rowtrail.tables)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when count(*) filter (where g.tgrelid = known.relid) < case when known.truncate_rows then 3 else 2 end then 'trigger missing'
    when bool_or(g.tgenabled = 'D') then 'trigger disabled'
    when bool_or(g.tgenabled <> 'A') then 'not always on'
  end
  from pg_trigger as g
  -- Partitions have triggers of their own.
  where g.tgrelid = any (array(select known.relid union select p.relid from pg_partition_tree(known.relid) as p))
    and (known.truncate_rows or g.tgname <> '!rowtrail_truncate_rows')
    and rowtrail.is_capturing(g)
$$;
comment on function rowtrail.capture_fault(rowtrail.tables) is
  'What is wrong with the triggers of a tracked table: trigger missing, trigger disabled, not always on; NULL if nothing is.';

revoke all on function
  rowtrail.on_guarded_command(),
  rowtrail.capture_fault(rowtrail.tables)
from public;
grant execute on function rowtrail.capture_fault(rowtrail.tables) to rowtrail_reader;
