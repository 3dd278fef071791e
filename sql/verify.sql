-- Verifying: is everything that the history rests on as it must be? It only looks, with the rights of
-- whoever asks: the catalogue is open to all, and the registry to readers. What the functions say is
-- compared by the command `rowtrail verify` with what this version of rowtrail installs, since who
-- can change them can change whatever is kept of them in the database.

create or replace function rowtrail.verify()
returns table (part text, object text, problem text, mend text, is_fault boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    -- What is stale is recorded all the same.
    select 'table'::text, s.table_name, s.state, s.mend, s.state <> 'stale'
    from rowtrail.status() as s
    where s.mend is not null;
  return query select 'table'::text, t.* from rowtrail.verify_rules() as t;
  return query select 'role'::text, r.* from rowtrail.verify_roles() as r;
  return query select 'owner'::text, o.* from rowtrail.verify_owners() as o;
  return query select 'grant'::text, g.* from rowtrail.verify_grants() as g;
  return query select 'versions'::text, v.* from rowtrail.verify_versions() as v;
  -- Who sees a part of the tables only is not told of imports.
  if has_table_privilege('rowtrail.imports', 'select') then
    return query select 'import'::text, i.* from rowtrail.verify_imports() as i;
  end if;
  return query select 'function'::text, f.* from rowtrail.verify_functions() as f;
  return query select 'guard'::text, e.* from rowtrail.verify_event_triggers() as e;
  return query select 'setting'::text, p.* from rowtrail.verify_settings() as p;
end
$$;
comment on function rowtrail.verify() is
  'What the history rests on and is not as it must be; no row when all is. What is no fault is worth knowing. The command rowtrail verify also compares the functions with those of its release, and each table with its history.';

create or replace function rowtrail.verify_rules(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Table and history agree all the same: a write that a rule takes changes no row.
  select
    rowtrail.full_name(w.ev_class),
    format('has the rule %I: what is written goes where it says, and is recorded only there', w.rulename),
    format('if it is not meant: drop rule %I on %s;', w.rulename, rowtrail.full_name(w.ev_class)), false
  from rowtrail.tables as t
  -- A partition's rules hold for who writes to it by its own name.
  join pg_rewrite as w on w.ev_class = t.relid or w.ev_class in (select p.relid from pg_partition_tree(t.relid) as p)
  where t.untracked_at is null and w.is_instead and w.ev_type <> '1'
  order by 1, 2
$$;
comment on function rowtrail.verify_rules() is
  'The part of rowtrail.verify() about rules on tracked tables by which a write is not what is done.';

create or replace function rowtrail.verify_roles(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select r.rolname::text, w.problem, format('alter role %I %s;', r.rolname, w.mend), true
  from pg_roles as r
  cross join lateral (values
    (r.rolsuper, 'is a superuser', 'nosuperuser'),
    (r.rolcanlogin, 'can log in', 'nologin'),
    (r.rolcreaterole or r.rolreplication or r.rolbypassrls, 'can create roles, replicate, or pass row security', 'nocreaterole noreplication nobypassrls')
  ) as w (is_so, problem, mend)
  where r.rolname = any (rowtrail.roles()) and w.is_so
  union all
  -- Whoever installs without being a superuser has to be one of these.
  select m.rolname, format('may act as %s, and so change the history', p.rolname), format('revoke %I from %I;', p.rolname, m.rolname), false
  from pg_roles as m
  join pg_roles as p on p.rolname in ('rowtrail_owner', 'rowtrail_capture')
  where not m.rolsuper and m.rolname <> all (rowtrail.roles()) and pg_has_role(m.oid, p.oid, 'member')
  union all
  select
    coalesce(quote_ident(r.rolname), 'everybody'), 'may erase values from the history',
    format('revoke execute on function %s from %s;', f.oid::regprocedure, coalesce(quote_ident(r.rolname), 'public')),
    a.grantee = 0
  from pg_proc as f
  cross join lateral aclexplode(f.proacl) as a
  left join pg_roles as r on r.oid = a.grantee
  where f.pronamespace = 'rowtrail'::regnamespace and f.proname = 'erase' and a.grantee <> f.proowner
$$;
comment on function rowtrail.verify_roles() is 'The part of rowtrail.verify() about the roles.';

create or replace function rowtrail.roles()
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select array['rowtrail_owner', 'rowtrail_capture', 'rowtrail_reader', 'rowtrail_limited_reader', 'rowtrail_auditor']
$$;
comment on function rowtrail.roles() is 'The roles that rowtrail makes.';

create or replace function rowtrail.verify_owners(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select f.named, format('belongs to %s', f.owner), format('alter %s owner to rowtrail_owner;', f.named), true
  from (
    select 'schema rowtrail' as named, pg_get_userbyid(n.nspowner) as owner, array['rowtrail_owner'] as owners
    from pg_namespace as n
    where n.nspname = 'rowtrail'
    union all
    select
      format('%s rowtrail.%I', case c.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, c.relname),
      pg_get_userbyid(c.relowner), array['rowtrail_owner']
    from pg_class as c
    where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p', 'S', 'v', 'm', 'f')
    union all
    select format('routine %s', p.oid::regprocedure), pg_get_userbyid(p.proowner), array['rowtrail_owner', 'rowtrail_capture']
    from pg_proc as p
    where p.pronamespace = 'rowtrail'::regnamespace
  ) as f
  where f.owner <> all (f.owners)
$$;
comment on function rowtrail.verify_owners() is 'The part of rowtrail.verify() about who owns what.';

create or replace function rowtrail.verify_grants(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    g.named,
    format('%s may %s', coalesce(quote_ident(g.grantee), 'everybody'), g.privilege),
    format('revoke %s on %s from %s;', lower(g.privilege), g.named, coalesce(quote_ident(g.grantee), 'public')),
    true
  from (
    select 'schema rowtrail' as named, r.rolname as grantee, a.privilege_type as privilege
    from pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where n.nspname = 'rowtrail' and a.grantee <> n.nspowner and a.privilege_type = 'CREATE'
    union all
    select format('%s rowtrail.%I', case c.relkind when 'S' then 'sequence' else 'table' end, c.relname), r.rolname, a.privilege_type
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where c.relnamespace = 'rowtrail'::regnamespace
      and a.grantee <> c.relowner
      and (
        a.privilege_type not in ('SELECT', 'USAGE')
        or (c.relkind = 'S' and coalesce(r.rolname, '') <> 'rowtrail_capture')
        or c.relname = 'salts'
        or (c.relname in ('seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'imports', 'import_tables', 'import_leaves', 'shipping', 'departures') and coalesce(r.rolname, '') <> 'rowtrail_reader'))
      and not (c.oid = 'rowtrail.versions'::regclass and r.rolname = 'rowtrail_capture' and a.privilege_type = 'INSERT')
    union all
    select format('table rowtrail.%I', c.relname), r.rolname, format('%s (%I)', a.privilege_type, t.attname)
    from pg_class as c
    join pg_attribute as t on t.attrelid = c.oid
    cross join lateral aclexplode(t.attacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where c.relnamespace = 'rowtrail'::regnamespace
      and a.grantee <> c.relowner
      and (a.privilege_type <> 'SELECT' or c.relname in ('salts', 'seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'imports', 'import_tables', 'import_leaves', 'shipping', 'departures'))
    union all
    -- Of those that run with their owner's rights. Who may erase is for people to say: verify_roles().
    select format('function %s', f.oid::regprocedure), r.rolname, a.privilege_type
    from pg_proc as f
    cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
    left join pg_roles as r on r.oid = a.grantee
    where f.pronamespace = 'rowtrail'::regnamespace
      and f.prosecdef
      and f.proname <> 'erase'
      and a.grantee <> f.proowner
      and coalesce(r.rolname, 'public') <> all (
        case
          when exists (
            select
            from pg_description as d
            where d.classoid = 'pg_proc'::regclass and d.objoid = f.oid and d.objsubid = 0 and d.description like 'Of another release:%')
          then '{rowtrail_capture}'::text[]
          when f.proname in ('capture_partition', 'untracked_children', 'attach', 'detach', 'tracking_of', 'baseline_step') then '{public}'::text[]
          when f.proname in ('hash_of', 'miss_actor', 'copies_without_key') then '{rowtrail_capture}'
          when f.proname in ('seal', 'begin_era', 'note_verification', 'begin_shipping', 'note_shipped', 'stop_shipping') then '{rowtrail_auditor}'
          when f.proname in ('in_default_partition', 'snapshot_of_seal', 'has_low_ids', 'is_restored') then '{rowtrail_reader,rowtrail_limited_reader}'
          else '{}'
        end)
  ) as g
$$;
comment on function rowtrail.verify_grants() is 'The part of rowtrail.verify() about who may change or see what nobody should.';

create or replace function rowtrail.verify_versions(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
-- What is there is compared as it is written here.
set quote_all_identifiers = off
as $$
  with parts as (
    select c.oid, c.relname, c.relrowsecurity, c.relpersistence <> 'p' as is_unlogged, p.relid is not null or c.relname in ('tables', 'salts', 'seals', 'seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'verifications', 'eras', 'imports', 'import_tables', 'import_leaves', 'origin', 'shipping', 'departures') as is_ours
    from pg_class as c
    left join pg_partition_tree('rowtrail.versions') as p on p.relid = c.oid
    where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'alembic_version'
  )
  -- There it is under none of what is looked at here.
  select
    rowtrail.full_name(c.oid), 'is a partition of rowtrail.versions in another schema',
    format('alter table %s set schema rowtrail;', rowtrail.full_name(c.oid)), true
  from pg_partition_tree('rowtrail.versions') as p
  join pg_class as c on c.oid = p.relid
  where c.relnamespace <> 'rowtrail'::regnamespace
  union all
  -- What goes there would take versions with it.
  select
    format('rowtrail.%I', p.relname), format('has the foreign key %I', k.conname),
    format('alter table rowtrail.%I drop constraint %I;', p.relname, k.conname), true
  from parts as p
  join pg_constraint as k on k.conrelid = p.oid and k.contype = 'f' and k.conparentid = 0
  union all
  select format('rowtrail.%I', p.relname), 'is not logged: a crash would empty it', format('alter table rowtrail.%I set logged;', p.relname), true
  from parts as p
  where p.is_unlogged
  union all
  select
    format('rowtrail.%I', p.relname), format('has the trigger %I', g.tgname), format('drop trigger %I on rowtrail.%I;', g.tgname, p.relname), true
  from parts as p
  join pg_trigger as g on g.tgrelid = p.oid and not g.tgisinternal and g.tgparentid = 0
  union all
  select format('rowtrail.%I', p.relname), format('has the rule %I', w.rulename), format('drop rule %I on rowtrail.%I;', w.rulename, p.relname), true
  from parts as p
  join pg_rewrite as w on w.ev_class = p.oid
  union all
  select format('rowtrail.%I', p.relname), 'has no row security', format('alter table rowtrail.%I enable row level security;', p.relname), true
  from parts as p
  where p.is_ours and not p.relrowsecurity
  union all
  select
    format('rowtrail.%I', p.relname), format('has the policy %I%s', y.polname, case when w.named is not null then ', but for others or with another condition' end),
    format('drop policy %I on rowtrail.%I;', y.polname, p.relname), true
  from parts as p
  join pg_policy as y on y.polrelid = p.oid
  left join rowtrail.policies() as w on w.relation = p.relname and w.named = y.polname
  where (y.polpermissive, y.polcmd, y.polroles, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
    is distinct from (true, w.command, array[to_regrole(w.role)::oid], w.qual, w.with_check)
  union all
  select format('rowtrail.%I', w.relation), format('lacks the policy %I', w.named), 'its rows are hidden; make it as alembic/versions has it', true
  from rowtrail.policies() as w
  where not exists (
    select from pg_policy as y where y.polname = w.named and y.polrelid = format('rowtrail.%I', w.relation)::regclass)
  union all
  -- Made by hand, or detached: what it holds is not read.
  select
    format('rowtrail.%I', p.relname), 'is no partition of rowtrail.versions: what it holds is not read',
    'attach it, or move it out of the schema', true
  from parts as p
  where not p.is_ours
  union all
  -- As each version of PostgreSQL writes it, but for the alias that some of them put before columns.
  select
    'rowtrail.recent_changes', 'is not what this release installs',
    'drop view rowtrail.recent_changes; then run: rowtrail upgrade; and ask who changed it', true
  where regexp_replace(pg_get_viewdef(to_regclass('rowtrail.recent_changes')), E'\\s+|\\mc\\.', '', 'g') is distinct from
    'SELECTchanged_at,table_name,row_key,op,changes,actor,login,(context->>''reason''::text)ASreason,transaction,id'
    'FROMrowtrail.recent(1000)c(changed_at,table_name,row_key,op,actor,login,changes,data,old_key,context,transaction,id);'
  union all
  select i.indexrelid::regclass::text, 'is not valid: reading may miss versions', format('reindex index %s;', i.indexrelid::regclass), true
  from parts as p
  join pg_index as i on i.indrelid = p.oid and not (i.indisvalid and i.indisready)
  union all
  select
    'rowtrail.versions_default', 'has versions of months for which there is no partition',
    'they are read all the same; rowtrail maintain moves them to partitions of theirs', false
  where rowtrail.in_default_partition() > 0
$$;
comment on function rowtrail.verify_versions() is
  'The part of rowtrail.verify() about the tables of the history: nothing on them may change or hide what is written.';

create or replace function rowtrail.policies(
  out relation text, out named text, out command "char", out role text, out qual text, out with_check text)
returns setof record
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  values
    ('tables', 'readers', 'r'::"char", 'rowtrail_reader', 'true', null),
    ('versions', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seals', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seal_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seal_salts', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('erased_versions', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('retired_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('verifications', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('eras', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('imports', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('import_tables', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('import_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('origin', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('shipping', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('departures', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('origin', 'limited_readers', 'r', 'rowtrail_limited_reader', 'true', null),
    ('tables', 'capture', 'r', 'rowtrail_capture', 'true', null),
    ('versions', 'capture', '*', 'rowtrail_capture', 'true', 'true'),
    ('tables', 'limited_readers', 'r', 'rowtrail_limited_reader', $expression$(has_table_privilege(relid, 'SELECT'::text) AND (NOT row_security_active(relid)) AND ((pg_identify_object_as_address(('pg_class'::regclass)::oid, relid, 0)).object_names = ARRAY[(schema_name)::text, (table_name)::text]))$expression$, null),
    ('versions', 'limited_readers', 'r', 'rowtrail_limited_reader', E'(table_id = ANY (ARRAY( SELECT t.id\n   FROM rowtrail.tables t)))', null)
$$;
comment on function rowtrail.policies() is
  'The policies of row security on the tables of the history, as they must be.';

create or replace function rowtrail.verify_functions(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select p.oid::regprocedure::text, 'runs with its owner''s rights, and where it looks for names is not pinned', 'run: rowtrail upgrade', true
  from pg_proc as p
  where p.pronamespace = 'rowtrail'::regnamespace
    and p.prosecdef
    and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false)
  union all
  select
    'rowtrail.capture_partition()', 'is not what is made of rowtrail.capture()', 'run: rowtrail upgrade; and ask who changed it', true
  where split_part(pg_get_functiondef('rowtrail.capture_partition()'::regprocedure), 'AS $', 2)
    <> split_part(rowtrail.capture_partition_definition(), 'AS $', 2)
  union all
  select
    format('the cast from %s to %s', format_type(x.castsource, null), format_type(x.casttarget, null)),
    format('runs %s when a row is recorded, which belongs to %s', p.oid::regprocedure, o.rolname),
    format('let a superuser run: drop cast (%s as %s);', format_type(x.castsource, null), format_type(x.casttarget, null)),
    true
  from pg_cast as x
  join pg_proc as p on p.oid = x.castfunc
  join pg_roles as o on o.oid = p.proowner
  where x.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper
$$;
comment on function rowtrail.verify_functions() is
  'The part of rowtrail.verify() about the code that runs when a row is recorded or read.';

create or replace function rowtrail.verify_event_triggers(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Where none is there, whoever installed could not create any; of which people should know.
  select
    w.named, case when e.oid is null then 'is not there' else 'is not always on, leaves out commands, or calls another function' end,
    'let a superuser run: rowtrail upgrade',
    exists (select from pg_event_trigger as o where o.evtname like 'rowtrail\_%')
  from (values
    ('rowtrail_ddl_command_end', 'ddl_command_end', 'rowtrail.on_schema_change()',
      '{ALTER DOMAIN,ALTER INDEX,ALTER SCHEMA,ALTER TABLE,ALTER TYPE,CREATE TABLE}'::text[]),
    ('rowtrail_sql_drop', 'sql_drop', 'rowtrail.on_schema_change()', null),
    ('rowtrail_table_rewrite', 'table_rewrite', 'rowtrail.on_schema_change()', null),
    ('rowtrail_guard_command', 'ddl_command_end', 'rowtrail.on_guarded_command()',
      '{ALTER TABLE,ALTER TRIGGER,CREATE CAST,CREATE TABLE,CREATE TRIGGER}'),
    ('rowtrail_guard_drop', 'sql_drop', 'rowtrail.on_guarded_command()', null)
  ) as w (named, event, function, tags)
  left join pg_event_trigger as e on e.evtname = w.named
  where (e.evtevent, e.evtenabled, e.evtfoid) is distinct from (w.event, 'A', w.function::regprocedure)
    or case when w.tags is null then e.evttags is not null else not coalesce(e.evttags @> w.tags, e.evttags is null) end
$$;
comment on function rowtrail.verify_event_triggers() is
  'The part of rowtrail.verify() about the event triggers, which record schema changes and guard the recording.';

create or replace function rowtrail.verify_settings(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select
      coalesce(r.rolname::text, 'everybody'),
      format('begins sessions with %s', c.setting),
      format('let a superuser run: alter %s reset %s;',
        case when s.setrole = 0 then 'database ' || quote_ident(current_database()) else 'role ' || quote_ident(r.rolname) end,
        split_part(c.setting, '=', 1)),
      true
    from pg_db_role_setting as s
    cross join unnest(s.setconfig) as c (setting)
    left join pg_roles as r on r.oid = s.setrole
    where s.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
      and c.setting ~* '^(session_replication_role=(replica|local)|event_triggers=(f|n|of|0))';
  return query
    select
      'everybody', format('begins sessions with %s=%s, by the server''s configuration', s.name, s.reset_val),
      format('let a superuser set it back in the configuration, or run: alter system reset %s;', s.name), true
    from pg_settings as s
    where s.source in ('configuration file', 'command line', 'environment variable')
      and (s.name, s.reset_val) in (('session_replication_role', 'replica'), ('session_replication_role', 'local'), ('event_triggers', 'off'));
  -- Since PostgreSQL 15.
  if to_regclass('pg_parameter_acl') is not null then
    return query execute $query$
      select
        coalesce(r.rolname::text, 'everybody'), format('may set %s', p.parname),
        format('let a superuser run: revoke %s on parameter %s from %s;', lower(a.privilege_type), p.parname, coalesce(quote_ident(r.rolname), 'public')),
        true
      from pg_parameter_acl as p
      cross join lateral aclexplode(p.paracl) as a
      left join pg_roles as r on r.oid = a.grantee
      where p.parname in ('session_replication_role', 'event_triggers') and not coalesce(r.rolsuper, false)
    $query$;
  end if;
end
$$;
comment on function rowtrail.verify_settings() is
  'The part of rowtrail.verify() about settings by which changes of a session would not be recorded.';

revoke all on function
  rowtrail.verify(),
  rowtrail.verify_rules(),
  rowtrail.verify_roles(),
  rowtrail.roles(),
  rowtrail.verify_owners(),
  rowtrail.verify_grants(),
  rowtrail.verify_versions(),
  rowtrail.policies(),
  rowtrail.verify_functions(),
  rowtrail.verify_event_triggers(),
  rowtrail.verify_settings()
from public;
grant execute on function
  rowtrail.verify(),
  rowtrail.verify_rules(),
  rowtrail.verify_roles(),
  rowtrail.roles(),
  rowtrail.verify_owners(),
  rowtrail.verify_grants(),
  rowtrail.verify_versions(),
  rowtrail.policies(),
  rowtrail.verify_functions(),
  rowtrail.verify_event_triggers(),
  rowtrail.verify_settings()
to rowtrail_reader;
