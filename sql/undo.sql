-- Undoing: the SQL that would put something back, as a patch that a person reads and runs. Nothing
-- here changes anything. What was changed is read from the history alone, with the caller's rights.
--
-- A set of versions (a transaction, one version, what an actor did, what happened to a row since) is
-- folded into one net change per row. rowtrail.undo_chains() follows each row from the first of them
-- to what it is now, rowtrail.undo_plan() says what has to be done to the row and what stands against
-- it (undo_plan.sql), rowtrail.undo_patch() writes that down (undo_patch.sql). Each statement holds
-- only where the row still is as its newest version says: the patch stops at a row that somebody has
-- changed since it was made.

create or replace function rowtrail.undo_sql(
  of_table regclass default null, key text default null,
  to_version bigint default null, to_moment timestamptz default null,
  version bigint default null, transaction text default null,
  actor text default null, since timestamptz default null, until timestamptz default null)
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with targets as materialized (
    select
      coalesce(array_agg(u.table_id), '{}') as table_ids, coalesce(array_agg(u.id), '{}') as ids,
      coalesce(array_agg(u.only_key), '{}') as only_keys
    from rowtrail.undo_targets(of_table, key, to_version, to_moment, version, transaction, actor, since, until) as u
  )
  select p.line
  from targets as t
  cross join lateral rowtrail.undo_patch(
    t.table_ids, t.ids, t.only_keys,
    rowtrail.undo_title(of_table, key, to_version, to_moment, version, transaction, actor, since, until)) as p (line)
$$;
comment on function rowtrail.undo_sql(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz) is
  'The SQL that would put something back, to read and then run: a transaction (select rowtrail.undo_sql(transaction => ''1-4711'')), one version (version => 1200), a row as it was at a version or a moment (''orders'', ''42'', to_moment => ''2026-11-01 12:00Z''), or what an actor did (actor => ''alice'', since => ..., until => ..., of_table => ''orders''). Into a file by psql -At -c, or by \t \a \o. Later changes of the same columns are left as they are: rowtrail.undo_conflicts() lists them.';

create or replace function rowtrail.undo_sql(
  of_table regclass, key anyelement, to_version bigint default null, to_moment timestamptz default null)
returns setof text
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
  select rowtrail.undo_sql(of_table, to_jsonb(key) #>> '{}', to_version, to_moment)
$$;
comment on function rowtrail.undo_sql(regclass, anyelement, bigint, timestamptz) is
  'The SQL that would put a row back to a version or a moment, by a key of any type: select rowtrail.undo_sql(''orders'', 42, to_version => 1200).';

create or replace function rowtrail.undo_conflicts(
  of_table regclass default null, key text default null,
  to_version bigint default null, to_moment timestamptz default null,
  version bigint default null, transaction text default null,
  actor text default null, since timestamptz default null, until timestamptz default null)
returns table (
  table_name text, row_key text, column_name text, problem text, wanted jsonb, found jsonb,
  changed_at timestamptz, actor_since text, login_since text, id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with targets as materialized (
    select
      coalesce(array_agg(u.table_id), '{}') as table_ids, coalesce(array_agg(u.id), '{}') as ids,
      coalesce(array_agg(u.only_key), '{}') as only_keys
    from rowtrail.undo_targets(of_table, key, to_version, to_moment, version, transaction, actor, since, until) as u
  )
  select p.table_name, p.row_key, c.column_name, c.problem, c.wanted, c.found, v.changed_at, v.actor, v.login, c.id
  from targets as t
  cross join lateral rowtrail.undo_plan(t.table_ids, t.ids, t.only_keys) as p
  cross join lateral jsonb_to_recordset(p.problems) as c (column_name text, problem text, wanted jsonb, found jsonb, id bigint)
  left join rowtrail.versions as v on v.table_id = p.table_id and v.id = c.id
$$;
comment on function rowtrail.undo_conflicts(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz) is
  'What rowtrail.undo_sql(), called with the same arguments, leaves as it is: a column or row that was changed since (by whom, with which version), or what the history does not hold. No row: all is put back.';

create or replace function rowtrail.undo_targets(
  of_table regclass, key text, to_version bigint, to_moment timestamptz, version bigint, transaction text,
  actor text, since timestamptz, until timestamptz)
returns table (table_id int, id bigint, only_key text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables;
  the_era int;
  the_xid bigint;
  start_id bigint;
  last_change timestamptz;
begin
  if (key is not null)::int + (version is not null)::int + (transaction is not null)::int
    + (actor is not null or since is not null)::int <> 1
  then
    raise exception 'say what is to be undone, and one thing only: a row''s key, a version, a transaction, or an actor and since when'
      using
        errcode = 'invalid_parameter_value',
        hint = 'For example: select rowtrail.undo_sql(transaction => ''1-4711''); others are in \df+ rowtrail.undo_sql.';
  end if;
  if of_table is not null then
    select r.* into known from rowtrail.registered(of_table) as r;
  end if;

  if version is not null then
    return query
      select v.table_id, v.id, null::text
      from rowtrail.versions as v
      where v.id = undo_targets.version
        and v.table_id in (select t.id from rowtrail.tables as t where t.id = coalesce(known.id, t.id));
    if not found then
      raise exception 'there is no version %', version using errcode = 'no_data_found';
    end if;
    perform rowtrail.require_complete(array[v.table_id], v.changed_at)
    from rowtrail.versions as v
    where v.id = undo_targets.version;

  elsif transaction is not null then
    if transaction !~ '^([0-9]{1,9}-)?[0-9]{1,18}$' then
      raise exception 'a transaction is named by era and number, such as 1-4711, not by %', left(quote_literal(transaction), 80)
        using errcode = 'invalid_parameter_value', hint = 'The pages name it so; in SQL: select era, xid from rowtrail.versions.';
    end if;
    the_xid := regexp_replace(transaction, '^.*-', '');
    the_era := substring(transaction from '^([0-9]+)-');
    if the_era is null then
      select max(v.era) into the_era from rowtrail.versions as v where (v.xid::text)::bigint = the_xid;
    end if;
    return query
      select v.table_id, v.id, null::text
      from rowtrail.versions as v
      -- The expression of the index versions_time.
      where (v.xid::text)::bigint = the_xid and v.era = the_era and v.table_id = coalesce(known.id, v.table_id);
    if not found then
      raise exception 'the transaction % changed no row of a tracked table', transaction using errcode = 'no_data_found';
    end if;
    -- One that was under way then is there as a whole.
    select max(v.changed_at) into last_change
    from rowtrail.versions as v
    where (v.xid::text)::bigint = the_xid and v.era = the_era;
    perform rowtrail.require_complete(
      array(
        select v.table_id
        from rowtrail.versions as v
        where (v.xid::text)::bigint = the_xid and v.era = the_era and v.table_id = coalesce(known.id, v.table_id)),
      last_change);

  elsif key is not null then
    if known.id is null or (to_version is not null) = (to_moment is not null) then
      raise exception 'a row is put back by its table, its key, and a version or a moment'
        using
          errcode = 'invalid_parameter_value',
          hint = 'For example: select rowtrail.undo_sql(''orders'', ''42'', to_version => 1200); rowtrail.history() lists the versions of a row.';
    end if;
    key := rowtrail.key_from(known.key_columns, key);
    perform rowtrail.require_complete(array[known.id], to_moment) where to_moment is not null;
    if not exists (
      select from rowtrail.versions as v
      where v.table_id = known.id
        and (v.row_key = undo_targets.key or v.old_key = undo_targets.key)
        and (to_version is null or v.id = to_version))
    then
      raise exception '% has no version % of a row %', rowtrail.full_name(of_table), coalesce(to_version::text, ''), left(quote_literal(key), 80)
        using errcode = 'no_data_found';
    end if;
    return query
      select known.id, r.id, r.only_key
      from rowtrail.undo_versions_since(known.id, key, to_version, to_moment) as r;

  else
    if since is null then
      raise exception 'what an actor did is undone from a moment on: say since when'
        using errcode = 'invalid_parameter_value', hint = 'For example: since => now() - interval ''1 hour''.';
    end if;
    if actor is null and known.id is null then
      raise exception 'say whose changes, of which table, or both'
        using errcode = 'invalid_parameter_value', hint = 'For example: actor => ''alice'', or of_table => ''orders''.';
    end if;
    perform rowtrail.require_complete(array(select t.id from rowtrail.tables as t where t.id = coalesce(known.id, t.id)), since);
    return query
      select v.table_id, v.id, null::text
      from rowtrail.versions as v
      where v.changed_at >= since
        and v.changed_at < coalesce(until, 'infinity')
        and (undo_targets.actor is null or v.actor = undo_targets.actor)
        and v.table_id = coalesce(known.id, v.table_id);
    if not found then
      raise exception 'the history has no such change: by % from % until %',
        coalesce(left(quote_literal(actor), 80), 'anybody'), since, coalesce(until::text, 'now')
        using errcode = 'no_data_found';
    end if;
  end if;
end
$$;
comment on function rowtrail.undo_targets(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz) is
  'The versions that the arguments of rowtrail.undo_sql() mean; raises what is wrong with them.';

create or replace function rowtrail.require_complete(table_ids int[], moment timestamptz)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  retired rowtrail.tables;
begin
  select t.* into retired
  from rowtrail.tables as t
  where t.id = any (table_ids) and t.complete_from > moment
  order by t.complete_from desc
  limit 1;
  if retired.id is not null then
    raise exception 'what was changed then is not wholly known any more: the history of %.% before % was retired',
      quote_ident(retired.schema_name), quote_ident(retired.table_name), retired.complete_from
      using errcode = 'no_data_found', hint = 'What was changed from that moment on can be undone.';
  end if;
end
$$;
comment on function rowtrail.require_complete(int[], timestamptz) is
  'Raises no_data_found where the moment is before what is wholly known of one of the tables, by their ids.';

create or replace function rowtrail.undo_versions_since(of_table int, key text, to_version bigint, to_moment timestamptz)
returns table (id bigint, only_key text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  after_id bigint := coalesce(
    to_version,
    (
      select max(v.id)
      from rowtrail.versions as v
      where v.table_id = of_table
        and (v.row_key = key or v.old_key = key or (v.row_key = '' and v.op = 'T'))
        and v.changed_at <= to_moment
    ),
    0);
  -- That version may have led the row away from the key.
  at_key text := coalesce(
    (select v.row_key from rowtrail.versions as v where v.table_id = of_table and v.id = after_id and v.row_key <> ''), key);
  step record;
begin
  loop
    select n.id, n.row_key
    into step
    from (
      (
        select v.id, v.row_key from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = at_key and v.id > after_id and v.op <> 'B'
        order by v.id limit 1
      )
      union all
      (
        select v.id, v.row_key from rowtrail.versions as v
        where v.table_id = of_table and v.old_key = at_key and v.id > after_id
        order by v.id limit 1
      )
      union all
      (
        select v.id, '' from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = '' and v.op = 'T' and v.id > after_id
        order by v.id limit 1
      )
    ) as n
    order by n.id
    limit 1;
    exit when not found;
    id := step.id;
    only_key := case when step.row_key = '' then at_key end;
    return next;
    after_id := step.id;
    at_key := coalesce(nullif(step.row_key, ''), at_key);
  end loop;
end
$$;
comment on function rowtrail.undo_versions_since(int, text, bigint, timestamptz) is
  'The versions of a row since this version or moment, by the key that it has or had; with a TRUNCATE the key of the one row that is meant.';

create or replace function rowtrail.undo_title(
  of_table regclass, key text, to_version bigint, to_moment timestamptz, version bigint, transaction text,
  actor text, since timestamptz, until timestamptz)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
  select concat(
    case
      when key is not null then format('%s, key %s, to ', rowtrail.full_name(of_table), key)
        || coalesce('version ' || to_version::text, 'what it was at ' || to_moment::text)
      when version is not null then 'version ' || version::text
      when transaction is not null then 'transaction ' || transaction
      else format(
        'what %s did from %s until %s', coalesce(actor, 'anybody'), since, coalesce(until::text, 'now'))
    end,
    case when key is null then ', in ' || rowtrail.full_name(of_table) end)
$$;
comment on function rowtrail.undo_title(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz) is
  'What the arguments of rowtrail.undo_sql() mean, in words.';

revoke all on function
  rowtrail.undo_sql(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_sql(regclass, anyelement, bigint, timestamptz),
  rowtrail.undo_conflicts(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_targets(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_versions_since(int, text, bigint, timestamptz),
  rowtrail.require_complete(int[], timestamptz),
  rowtrail.undo_title(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz)
from public;
grant execute on function
  rowtrail.undo_sql(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_sql(regclass, anyelement, bigint, timestamptz),
  rowtrail.undo_conflicts(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_targets(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_versions_since(int, text, bigint, timestamptz),
  rowtrail.require_complete(int[], timestamptz),
  rowtrail.undo_title(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz)
to rowtrail_reader;
