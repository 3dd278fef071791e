-- Undoing: the SQL that would put something back, as a patch that a person reads and runs. Nothing
-- here changes anything. What was changed is read from the history alone, with the caller's rights.
--
-- A set of versions (a transaction, one version, what an actor did, what happened to a row since) is
-- folded into one net change per row. rowtrail.undo_chains() follows each row from the first of them
-- to what it is now, rowtrail.undo_plan() says what has to be done to the row and what stands against
-- it, rowtrail.undo_sql() writes that down. Each statement holds only where the row still is as its
-- newest version says: the patch stops at a row that somebody has changed since it was made.

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

  elsif key is not null then
    if known.id is null or (to_version is not null) = (to_moment is not null) then
      raise exception 'a row is put back by its table, its key, and a version or a moment'
        using
          errcode = 'invalid_parameter_value',
          hint = 'For example: select rowtrail.undo_sql(''orders'', ''42'', to_version => 1200); rowtrail.history() lists the versions of a row.';
    end if;
    key := rowtrail.key_from(known.key_columns, key);
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

create or replace function rowtrail.undo_chains(table_ids int[], ids bigint[], only_keys text[])
returns table (table_id int, start_id bigint, place int, id bigint, is_target boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive targets as materialized (
    select u.table_id, u.id, u.only_key from unnest(table_ids, ids, only_keys) as u (table_id, id, only_key)
  ),
  starts as (
    select v.table_id, v.id, true as is_target
    from targets as u
    join rowtrail.versions as v on v.table_id = u.table_id and v.id = u.id
    -- The change that led to this one.
    left join lateral (
      select w.id, w.op, w.row_key, w.era, w.xid
      from rowtrail.versions as w
      where w.table_id = v.table_id
        and w.row_key = coalesce(v.old_key, v.row_key)
        and w.id < v.id
        and (w.op <> 'D' or (v.op = 'I' and v.old_key is null))
      order by w.id desc
      limit 1
    ) as b on true
    where v.op in ('I', 'U', 'D')
      and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
      -- Then its row's chain begins further back.
      and not (
        exists (select from targets as p where p.table_id = v.table_id and p.id = b.id)
        and b.op not in ('T', 'S', 'B')
        and (v.op <> 'I' or v.old_key is not null or b.op = 'D')
        and not (b.op = 'D' and rowtrail.is_moved_on(v.table_id, b.row_key, b.era, b.xid, b.id))
        and rowtrail.undo_leads_to(b.id, v)
      )
    union all
    -- The rows that a TRUNCATE ended, which have no version of their end.
    select u.table_id, r.id, false
    from targets as u
    join rowtrail.versions as v on v.table_id = u.table_id and v.id = u.id and v.op = 'T'
    cross join lateral rowtrail.undo_rows_before(u.table_id, u.id, u.only_key) as r
    -- One that is undone itself begins a chain, or is in one, already.
    where not exists (select from targets as p where p.table_id = u.table_id and p.id = r.id)
  ),
  walk as (
    select
      v.table_id, v.id as start_id, 1 as place, v.id, s.is_target,
      v.op, v.row_key, v.changed_at, v.era, v.xid, v.file, v.new_ctid
    from starts as s
    join rowtrail.versions as v on v.table_id = s.table_id and v.id = s.id
    union all
    select
      n.table_id, c.start_id, c.place + 1, n.id, u.id is not null,
      n.op, n.row_key, n.changed_at, n.era, n.xid, n.file, n.new_ctid
    from walk as c
    cross join lateral (
      select f.*
      from (
        (
          select w.*
          from rowtrail.versions as w
          where w.table_id = c.table_id
            and w.row_key = c.row_key
            and w.id > c.id
            and w.changed_at >= c.changed_at - interval '1 day'
            and w.old_key is null
            and case
              when c.op = 'D' then w.op = 'I'
              else w.op in ('U', 'D', 'B')
                and not (w.op = 'D' and rowtrail.is_moved_on(w.table_id, w.row_key, w.era, w.xid, w.id))
            end
            and rowtrail.undo_leads_to(c.id, w)
          order by w.id
          limit 1
        )
        union all
        (
          select w.*
          from rowtrail.versions as w
          where w.table_id = c.table_id
            and w.old_key = c.row_key
            and w.id > c.id
            and w.changed_at >= c.changed_at - interval '1 day'
            and c.op <> 'D'
            and rowtrail.undo_leads_to(c.id, w)
          order by w.id
          limit 1
        )
      ) as f
      order by f.id
      limit 1
    ) as n
    left join targets as u on u.table_id = n.table_id and u.id = n.id
    -- A row that was deleted is taken for the one that came under its key where both are undone.
    where c.op <> 'D' or (c.is_target and u.id is not null)
  )
  select w.table_id, w.start_id, w.place, w.id, w.is_target
  from walk as w
  where not exists (
    select from walk as o where o.table_id = w.table_id and o.id = w.start_id and o.place > 1)
$$;
comment on function rowtrail.undo_chains(int[], bigint[], text[]) is
  'The rows that these versions (and no others, where they are a TRUNCATE, than those with the only_keys) changed: for each its versions, from the first of them to the newest.';

create or replace function rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  source constant text := coalesce(next.old_key, next.row_key);
  newest record;
  is_odd boolean;
begin
  select v.id, v.op, v.xid, v.file, v.new_ctid
  into newest
  from rowtrail.versions as v
  where v.table_id = next.table_id
    and v.row_key = source
    and v.id < next.id
    -- The delete of a move is no version of its own.
    and (v.op <> 'D' or next.op = 'I' and next.old_key is null)
    and not (v.op = 'S' or v.op = 'T')
  order by v.id desc
  limit 1;
  -- Within a transaction a key may stand for two rows (they swap theirs): the places of the rows tell.
  is_odd := newest.xid = next.xid and next.old_ctid is not null and newest.new_ctid is not null
    and (newest.file, newest.new_ctid) <> (next.file, next.old_ctid);
  if not coalesce(is_odd, false) then
    return newest.id = version_id;
  end if;
  return coalesce(
    (
      select v.id = version_id
      from rowtrail.versions as v
      where v.table_id = next.table_id
        and v.row_key = source
        and v.id < next.id
        and v.file = next.file
        and v.new_ctid = next.old_ctid
      order by v.id desc
      limit 1
    ),
    newest.id = version_id);
end
$$;
comment on function rowtrail.undo_leads_to(bigint, rowtrail.versions) is
  'Whether the next version is of the row as the version with this id left it.';

create or replace function rowtrail.undo_rows_before(of_table int, truncate_id bigint, only_key text)
returns table (id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with before as (
    select v.*
    from rowtrail.versions as v
    where v.table_id = of_table
      and (only_key is null or v.row_key = only_key or v.old_key = only_key)
      and v.op not in ('T', 'S')
      and v.id < truncate_id
      and v.id > coalesce((
        select max(t.id)
        from rowtrail.versions as t
        where t.table_id = of_table and t.row_key = '' and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped')) and t.id < truncate_id), 0)
  ),
  -- Of each key, what left it last.
  ends as (
    select e.key, max(e.id) as id
    from (
      select b.row_key as key, b.id from before as b where b.op in ('U', 'D') and b.old_key is null
      union all
      select b.old_key, b.id from before as b where b.old_key is not null
    ) as e
    group by e.key
  )
  select b.id
  from before as b
  left join ends as e on e.key = b.row_key
  where b.op <> 'D'
    and (only_key is null or b.row_key = only_key)
    and (
      e.id is null
      or e.id < b.id
      or (e.id = b.id and b.old_key is null)
      -- Within a transaction a key may have stood for two rows.
      or not exists (
        select
        from before as n
        where coalesce(n.old_key, n.row_key) = b.row_key
          and n.id > b.id
          and n.op in ('I', 'U', 'D', 'B')
          and not (n.op = 'I' and n.old_key is null)
          and rowtrail.undo_leads_to(b.id, (
            select v from rowtrail.versions as v where v.table_id = of_table and v.id = n.id)))
    )
$$;
comment on function rowtrail.undo_rows_before(int, bigint, text) is
  'The newest version of each row that a TRUNCATE ended, by the versions since the one before it.';

create or replace function rowtrail.undo_patch(table_ids int[], ids bigint[], only_keys text[], title text)
returns setof text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set quote_all_identifiers = off
as $$
declare
  longest constant int := 100;  -- characters of a value in a comment
  ranks constant jsonb := rowtrail.undo_ranks(table_ids);
  line record;
  has_statements boolean := false;
begin
  return next format(
    E'-- Undo of %s.\n-- Made from the history by rowtrail at %s. Nothing of it has been run.\n--\n'
    '-- Read it, then run it: psql -v ON_ERROR_STOP=1 -f FILE. It is one transaction: all of it happens, or nothing.\n'
    '-- Each statement holds only where the row still is as it was when this was made, and stops the\n'
    '-- whole otherwise; so running it twice does nothing the second time. The triggers of the tables\n'
    '-- fire as with any write. Sequences stay as they are. Rows come back with their former keys.',
    rowtrail.clean(title, 400), to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS "UTC"'));
  if jsonb_path_exists(ranks, '$.* ? (@ == null)') then
    return next '-- These tables refer to each other in a circle: what is not DEFERRABLE there may stop it.';
  end if;

  for line in
    with recursive plan as materialized (
      select p.* from rowtrail.undo_plan(table_ids, ids, only_keys) as p
    ),
    kinds as materialized (
      select p.table_id, p.action, count(*) as rows from plan as p where p.action is not null group by p.table_id, p.action
    ),
    facts as materialized (
      select k.table_id, rowtrail.undo_table(k.table_id, table_ids) as fact from (select distinct k.table_id from kinds as k) as k
    ),
    keys as materialized (
      select r.* from rowtrail.undo_references(table_ids) as r
    ),
    -- A row that is to refer again to one that was deleted has to wait for it, and one that was
    -- inserted can go only when nothing refers to it any more.
    waiting as materialized (
      select distinct p.n, p.table_id, r.parent_id
      from plan as p
      join keys as r on r.child_id = p.table_id and p.wanted ?| r.child_columns
      where p.action = 'update'
    ),
    deletes_wait as materialized (
      select exists (
        select from waiting as w join kinds as k on k.table_id = w.parent_id and k.action = 'delete') as yes
    ),
    -- Rows of one table that refer to each other, or wait for each other's key: how deep each lies.
    relatives as materialized (
      select
        p.n, p.table_id, p.action, r.name,
        array(select p.image ->> c.name from unnest(r.parent_columns) with ordinality as c (name, place) order by c.place) as is,
        array(select p.image ->> c.name from unnest(r.child_columns) with ordinality as c (name, place) order by c.place) as refers_to
      from plan as p
      join keys as r on r.child_id = p.table_id and r.parent_id = p.table_id
      where p.action in ('insert', 'delete')
      union all
      -- Who goes back to a key waits for the row that has it now.
      select
        p.n, p.table_id, p.action, 'key',
        array(select p.image ->> k.name from jsonb_array_elements_text(f.fact -> 'key') with ordinality as k (name, place) order by k.place),
        array(
          select coalesce(p.wanted -> k.name, p.image -> k.name) #>> '{}'
          from jsonb_array_elements_text(f.fact -> 'key') with ordinality as k (name, place) order by k.place)
      from plan as p
      join facts as f on f.table_id = p.table_id
      where p.action = 'update' and p.wanted ?| array(select jsonb_array_elements_text(f.fact -> 'key'))
    ),
    depths as (
      select c.n, c.table_id, c.action, 0 as depth
      from relatives as c
      where not exists (
        select from relatives as a
        where a.table_id = c.table_id and a.action = c.action and a.name = c.name and a.is = c.refers_to and a.n <> c.n)
      union
      select c.n, c.table_id, c.action, d.depth + 1
      from depths as d
      join relatives as a on a.n = d.n and a.table_id = d.table_id and a.action = d.action
      join relatives as c on c.table_id = a.table_id and c.action = a.action and c.name = a.name and c.refers_to = a.is and c.n <> a.n
      where d.depth < 10000
    ),
    depth as materialized (
      select d.n, d.table_id, max(d.depth) as depth from depths as d group by d.n, d.table_id
    ),
    lines as (
      select
        0 as phase, 0 as rank, 0 as depth, p.n as id,
        format(
          '-- NOT PUT BACK: %s, key %s%s: %s%s%s%s',
          rowtrail.clean(p.table_name, longest), rowtrail.clean(p.row_key, longest),
          ', column ' || rowtrail.clean(c.column_name, longest), c.problem,
          (
            select format(', by %s (login %s) at %s, version %s',
              coalesce(rowtrail.clean(v.actor, longest), 'nobody named'), rowtrail.clean(v.login, longest),
              to_char(v.changed_at, 'YYYY-MM-DD HH24:MI:SS.US "UTC"'), v.id)
            from rowtrail.versions as v where v.table_id = p.table_id and v.id = c.id
          ),
          '; it holds ' || rowtrail.clean(c.found::text, longest),
          '; it would be ' || rowtrail.clean(c.wanted::text, longest)
        ) as said,
        null as statement
      from plan as p
      cross join lateral jsonb_to_recordset(p.problems) as c (column_name text, problem text, wanted jsonb, found jsonb, id bigint)
      union all
      select
        1, 0, 0, k.table_id, format(
          '-- %s: %s; %s%s', rowtrail.clean(f.fact ->> 'name', longest),
          string_agg(format('%s to %s', k.rows, k.action), ', ' order by k.action),
          'key ' || coalesce((select nullif(rowtrail.clean(string_agg(c.name, ', '), 400), '') from jsonb_array_elements_text(f.fact -> 'key') as c (name)), 'none'),
          (
            select '; not in the history, and so not put back: ' || rowtrail.clean(string_agg(c.name, ', '), 400)
            from jsonb_array_elements_text(f.fact -> 'unknown') as c (name)
          )),
        null
      from kinds as k
      join facts as f on f.table_id = k.table_id
      group by k.table_id, f.fact
      union all
      -- Nothing but their number tells rows without a key from those that are there already.
      select
        3, 0, 0, min(p.n), null,
        rowtrail.undo_statement(
          f.fact, 'count', min(p.row_key), p.image, (array_agg(p.verbatim))[1], null, null,
          rowtrail.undo_copies(p.table_id, p.image))
      from plan as p
      join facts as f on f.table_id = p.table_id
      where p.action = 'insert' and f.fact -> 'key' = '[]'
      group by p.table_id, p.image, f.fact
      union all
      select
        case p.action
          when 'delete' then case when (select w.yes from deletes_wait as w) then 8 else 4 end
          when 'insert' then 6
          else case
            when exists (
              select from waiting as w join kinds as k on k.table_id = w.parent_id and k.action = 'insert'
              where w.n = p.n and w.table_id = p.table_id)
            then 7
            else 5
          end
        end,
        case p.action when 'delete' then -1 else 1 end * coalesce((ranks ->> p.table_id::text)::int, 0),
        case
          when p.action = 'delete' then -coalesce(d.depth, 0)
          -- While keys are swapped, one may stand for two rows.
          when p.action = 'update' then
            (p.wanted ?| array(select jsonb_array_elements_text(f.fact -> 'key')))::int + coalesce(d.depth, 0)
          else coalesce(d.depth, 0)
        end,
        -p.id,
        -- One call for the whole line: each costs.
        rowtrail.clean(
          format(
            '-- undo %s of %s, key %s, by %s (login %s) at %s, version %s', p.op, p.table_name, left(p.row_key, longest),
            coalesce(left(p.actor, longest), 'nobody named'), p.login, to_char(p.changed_at, 'YYYY-MM-DD HH24:MI:SS.US "UTC"'), p.id),
          1000),
        rowtrail.undo_statement(f.fact, p.action, p.row_key, p.image, p.verbatim, p.wanted, p.wanted_verbatim)
      from plan as p
      join facts as f on f.table_id = p.table_id
      left join depth as d on d.n = p.n and d.table_id = p.table_id
      where p.action is not null
    )
    select l.* from lines as l
    where l.phase < 2 or l.statement is not null
    order by l.phase, l.rank, l.depth, l.id
  loop
    if line.phase > 1 and not has_statements then
      has_statements := true;
      return next format(
        E'\nbegin;\n'
        'set local timezone = ''UTC'';\nset local datestyle = ''ISO, YMD'';\nset local intervalstyle = ''postgres'';\nset local lc_monetary = ''C'';\n'
        '-- Who runs it, and why: edit as you like.\n'
        'select pg_catalog.set_config(''rowtrail.actor'', session_user, true);\n'
        'select pg_catalog.set_config(''rowtrail.context'', %L, true);\n'
        '-- What can wait for the end does: rows may refer to each other, or swap their keys.\n'
        'set constraints all deferred;',
        jsonb_build_object('reason', 'undo of ' || rowtrail.clean(title, 400)));
    end if;
    return next case
      when line.phase > 1 then concat(E'\n', line.said || E'\n', line.statement)
      else line.said
    end;
  end loop;

  for line in
    select format('%I.%I', t.schema_name, t.table_name) as name, v.op, count(*) as versions, t.untracked_at
    from unnest(table_ids, ids) as u (table_id, id)
    join rowtrail.versions as v on v.table_id = u.table_id and v.id = u.id
    join rowtrail.tables as t on t.id = v.table_id
    where v.op in ('B', 'S')
    group by t.id, v.op
  loop
    return next format(
      '-- NOT PUT BACK: %s of %s: %s.', case line.op when 'S' then 'a schema change' else 'a baseline' end,
      rowtrail.clean(line.name, longest),
      case line.op when 'S' then 'that is for a migration' else 'it changed nothing' end);
  end loop;
  return next case when has_statements then E'\ncommit;' else '-- There is nothing to put back.' end;
end
$$;
comment on function rowtrail.undo_patch(int[], bigint[], text[], text) is
  'The patch that undoes these versions, as text: a head that says what it is, what is left as it is, then one transaction.';

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

create or replace function rowtrail.undo_plan(table_ids int[], ids bigint[], only_keys text[])
returns table (
  n bigint, table_id int, table_name text, action text, row_key text, image jsonb, verbatim jsonb,
  wanted jsonb, wanted_verbatim jsonb, problems jsonb, changed_at timestamptz, actor text, login text, op text, id bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  step record;
  before jsonb;            -- the row before this version, by the columns of today
  before_verbatim jsonb;
  changed jsonb;           -- what it held in the columns that the version changed
  existed boolean;         -- before the first of the versions
  ended_by jsonb;          -- what ended the row, where that is not to be undone
  others jsonb;            -- the columns that were changed since by others: {"column": version}
  last_other bigint;
  is_alive boolean;
  unknown text[];
  field text;
  occupant rowtrail.versions;
begin
  for step in
    with maps as materialized (
      select u.id as of_table, m.*
      from (select distinct u.id from unnest(table_ids) as u (id)) as u
      cross join lateral rowtrail.image_maps(u.id) as m
    ),
    jsons as materialized (
      select distinct t.id as of_table
      from rowtrail.tables as t
      cross join lateral rowtrail.treatments(t) as c
      where t.id = any (table_ids) and c.treatment = 'json'
    ),
    ends as materialized (
      -- What ends all rows of a table, beside a version of each.
      select v.table_id, v.id, v.op, v.changed_at, v.actor, v.id = any (ids) as is_target
      from rowtrail.versions as v
      where v.table_id = any (table_ids) and v.row_key = '' and (v.op = 'T' or (v.op = 'S' and v.data ? 'dropped'))
    )
    select
      c.table_id, c.start_id, c.place, c.is_target, v.id, v.op, v.row_key, v.old_key, v.changed_at, v.actor, v.login,
      v.op = 'I' and v.old_key is not null as is_move,
      lead(c.place, 1, 1) over w = 1 as is_last,
      case when m.after_id is null then v.data else rowtrail.image_by(v.data, m.removed, m.filled, m.renamed) end as data,
      case when m.after_id is null then o.old else rowtrail.image_by(o.old, m.removed, '{}', m.renamed) end as old,
      case when m.after_id is null then v.verbatim else rowtrail.image_by(v.verbatim, m.removed, '{}', m.renamed) end as verbatim,
      (select array_agg(k.name) from jsonb_object_keys(o.old) as k (name) where k.name = any (m.removed) and not m.renamed ? k.name) as lost,
      case when c.place = 1 and j.of_table is not null then (
        select case when m.after_id is null then b.verbatim else rowtrail.image_by(b.verbatim, m.removed, '{}', m.renamed) end
        from rowtrail.versions as b
        where b.table_id = v.table_id and b.row_key = coalesce(v.old_key, v.row_key) and b.id < v.id and b.op <> 'D'
        order by b.id desc
        limit 1
      ) end as verbatim_before,
      e.id as end_id, e.op as end_op, e.is_target as end_is_target,
      coalesce(format('%I.%I', s.nspname, r.relname), format('%I.%I', t.schema_name, t.table_name)) as table_name,
      r.oid is null as is_gone,
      t.ignored_columns as ignored, t.hashed_columns as hashed, t.excluded_columns as excluded
    from rowtrail.undo_chains(table_ids, ids, only_keys) as c
    join rowtrail.versions as v on v.table_id = c.table_id and v.id = c.id
    join rowtrail.tables as t on t.id = c.table_id
    left join pg_class as r on r.oid = t.relid
    left join pg_namespace as s on s.oid = r.relnamespace
    left join jsons as j on j.of_table = c.table_id
    left join maps as m on m.of_table = c.table_id and v.id > m.after_id and v.id < m.before_id
    cross join lateral (
      select case
        when v.op = 'I' and v.old_key is not null then rowtrail.changed_by_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.data)
        when v.op = 'U' then v.old
      end as old
    ) as o
    left join lateral (
      select e.* from ends as e where e.table_id = c.table_id and e.id > v.id and v.op <> 'D' order by e.id limit 1
    ) as e on true
    window w as (partition by c.table_id, c.start_id order by c.place)
    order by c.table_id, c.start_id, c.place
  loop
    if step.place = 1 then
      existed := not step.is_target or step.op <> 'I' or step.is_move;
      wanted := '{}';
      wanted_verbatim := '{}';
      others := '{}';
      problems := '[]';
      ended_by := null;
      last_other := null;
      changed_at := null;
      image := null;
      verbatim := null;
      table_id := step.table_id;
      table_name := step.table_name;
    end if;
    if step.op = 'U' or step.is_move then
      before := step.data || coalesce(step.old, '{}');
      changed := coalesce(step.old, '{}');
      before_verbatim := coalesce(step.verbatim_before, verbatim);
    elsif step.op = 'I' and step.place > 1 then
      -- The row was deleted, and came again.
      before := image;
      before_verbatim := verbatim;
      changed := rowtrail.changed_values(image, step.data) || rowtrail.changed_values(coalesce(verbatim, '{}'), coalesce(step.verbatim, '{}'));
      changed := (select coalesce(jsonb_object_agg(k.key, image -> k.key), '{}') from jsonb_each(changed) as k);
    else
      changed := '{}';
    end if;

    if step.is_target then
      foreach field in array array(select jsonb_object_keys(changed)) loop
        if not wanted ? field then
          wanted := wanted || jsonb_build_object(field, before -> field);
          if before_verbatim ? field then
            wanted_verbatim := wanted_verbatim || jsonb_build_object(field, before_verbatim -> field);
          end if;
        end if;
      end loop;
      foreach field in array coalesce(step.lost, '{}') loop
        problems := problems || jsonb_build_object(
          'column_name', field, 'problem', 'the column is gone, or its values of then are not known in its type of today', 'id', step.id);
      end loop;
      if changed_at is null then
        changed_at := step.changed_at;
        actor := step.actor;
        login := step.login;
        op := rowtrail.op_name(case when step.is_move then 'U' else step.op end);
        id := step.id;
      end if;
    elsif step.place > 1 or step.op = 'D' then
      foreach field in array array(select k.name from jsonb_object_keys(changed) as k (name) where wanted ? k.name) loop
        others := others || jsonb_build_object(field, step.id);
      end loop;
      if step.op <> 'B' then
        last_other := step.id;
      end if;
      if step.op = 'D' then
        ended_by := jsonb_build_object('problem', 'the row was deleted since', 'id', step.id);
      end if;
    end if;
    image := step.data;
    verbatim := step.verbatim;
    row_key := step.row_key;
    is_alive := step.op <> 'D';
    continue when not step.is_last;

    if is_alive and step.end_id is not null then
      is_alive := false;
      if not step.end_is_target then
        ended_by := jsonb_build_object(
          'problem', case step.end_op when 'T' then 'the table was truncated since' else 'the table was dropped since' end, 'id', step.end_id);
      elsif changed_at is null then
        select v.changed_at, v.actor, v.login, 'truncate', v.id
        into changed_at, actor, login, op, id
        from rowtrail.versions as v where v.table_id = step.table_id and v.id = step.end_id;
      end if;
    end if;
    if step.is_gone then
      is_alive := false;
      ended_by := coalesce(ended_by, jsonb_build_object('problem', 'the table is gone', 'id', null));
    end if;

    action := null;
    unknown := step.hashed || step.excluded;
    if existed and is_alive then
      -- Columns that make no version may have changed unseen: they are left alone.
      wanted := wanted - step.ignored;
      foreach field in array array(select jsonb_object_keys(wanted)) loop
        if (image -> field)::text is not distinct from (wanted -> field)::text
          and (verbatim ->> field) is not distinct from (wanted_verbatim ->> field)
        then
          wanted := wanted - field;
        elsif field = any (unknown) then
          wanted := wanted - field;
          problems := problems || jsonb_build_object('column_name', field, 'problem', 'only a hash of the value was kept', 'id', id);
        elsif others ? field then
          problems := problems || jsonb_build_object(
            'column_name', field, 'problem', 'changed since', 'wanted', wanted -> field, 'found', image -> field, 'id', others -> field);
          wanted := wanted - field;
        end if;
      end loop;
      action := case when wanted <> '{}' then 'update' end;
    elsif existed then
      if ended_by is not null then
        if wanted <> '{}' or step.is_gone then
          problems := problems || ended_by;
        end if;
      else
        foreach field in array array(select jsonb_object_keys(others)) loop
          problems := problems || jsonb_build_object(
            'column_name', field, 'problem', 'changed by others before the row ended',
            'wanted', wanted -> field, 'found', image -> field, 'id', others -> field);
          wanted := wanted - field;
          wanted_verbatim := wanted_verbatim - field;
        end loop;
        image := image || wanted;
        verbatim := nullif((coalesce(verbatim, '{}') - array(select jsonb_object_keys(wanted))) || wanted_verbatim, '{}');
        foreach field in array step.hashed loop
          if image ->> field is not null then
            problems := problems || jsonb_build_object('column_name', field, 'problem', 'only a hash of the value was kept', 'id', id);
          end if;
        end loop;
        image := image - unknown;
        occupant := null;
        if exists (
          select from rowtrail.versions as v
          where v.table_id = step.table_id and v.row_key = step.row_key and v.id > greatest(step.id, step.end_id))
        then
          occupant := rowtrail.undo_occupant(step.table_id, step.row_key, greatest(step.id, step.end_id));
        end if;
        if occupant.id is null or occupant.id = any (ids) then
          action := 'insert';
        else
          problems := problems || jsonb_build_object('problem', 'another row has the key now', 'found', occupant.data, 'id', occupant.id);
        end if;
      end if;
    elsif is_alive then
      if last_other is not null then
        problems := problems || jsonb_build_object('problem', 'the row was changed since', 'found', image, 'id', last_other);
      else
        action := 'delete';
      end if;
    end if;
    continue when action is null and problems = '[]';
    n := step.start_id;
    return next;
  end loop;
end
$$;
comment on function rowtrail.undo_plan(int[], bigint[], text[]) is
  'What has to be done to which rows so that these versions are undone (action: insert of the image, update of the wanted columns, delete; NULL for nothing), and the problems: what is left as it is, and why. image is the row as it is now, wanted what its columns held before.';

create or replace function rowtrail.undo_occupant(of_table int, key text, after_id bigint)
returns rowtrail.versions
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select v
  from rowtrail.versions as v
  where v.table_id = of_table
    and v.row_key = key
    and v.id > after_id
    and v.op in ('I', 'U', 'B')
    -- Where no key is, rows that hold the same are no conflict.
    and (select t.key_attnums <> '{}' from rowtrail.tables as t where t.id = of_table)
    and not exists (
      select from rowtrail.versions as w
      where w.table_id = of_table and w.id > v.id and ((w.row_key = key and w.op = 'D') or w.old_key = key))
    and not exists (
      select from rowtrail.versions as w
      where w.table_id = of_table and w.id > v.id and w.row_key = '' and (w.op = 'T' or (w.op = 'S' and w.data ? 'dropped')))
  order by v.id desc
  limit 1
$$;
comment on function rowtrail.undo_occupant(int, text, bigint) is
  'The newest version of the row that took a key after this version, and has it still.';

create or replace function rowtrail.undo_columns(of_table int)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
  with recursive bases as (
    select a.attname, a.attnum, a.attidentity, a.attgenerated, a.attcollation, a.atttypid, a.atttypmod, a.atttypid as base
    from rowtrail.tables as t
    join pg_attribute as a on a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped
    where t.id = of_table
    union all
    select b.attname, b.attnum, b.attidentity, b.attgenerated, b.attcollation, b.atttypid, b.atttypmod, y.typbasetype
    from bases as b
    join pg_type as y on y.oid = b.base and y.typtype = 'd'
  )
  select coalesce(jsonb_object_agg(b.attname, jsonb_build_object(
    'name', quote_ident(b.attname),
    'number', b.attnum,
    'type', format_type(b.atttypid, b.atttypmod),
    'is_identity', b.attidentity = 'a',
    'form', case
      when b.attgenerated <> '' then 'generated'
      when y.oid = 'json'::regtype then 'json'
      when y.oid = 'jsonb'::regtype then 'jsonb'
      when y.typcategory = 'A' or y.typtype = 'c' then 'nested'
      when y.oid >= 16384 and exists (
        select from pg_cast as c where c.castsource = y.oid and c.casttarget in ('json'::regtype, 'jsonb'::regtype)) then 'unknown'
      when y.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'integer'
      when y.oid in ('bool'::regtype, 'uuid'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'bytea'::regtype)
        then 'plain'
      when y.oid in ('text'::regtype, 'varchar'::regtype)
        and not exists (select from pg_collation as c where c.oid = b.attcollation and not c.collisdeterministic) then 'plain'
      when y.oid < 16384 and y.typcategory = 'N' and y.typname like 'reg%' then 'named'
      else 'exact'
    end)), '{}')
  from bases as b
  join pg_type as y on y.oid = b.base and y.typtype <> 'd'
$$;
comment on function rowtrail.undo_columns(int) is
  'How the values of each column of today are written in SQL: {"column": {"name", "number", "type", "is_identity", "form"}}.';

create or replace function rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when value is null or value = 'null' then 'null'
    when of_column ->> 'form' = 'integer' then value #>> '{}'
    when of_column ->> 'form' in ('json', 'jsonb') then rowtrail.undo_literal(coalesce(verbatim, value::text))
    when of_column ->> 'form' = 'nested' then format(
      '(select r.v from pg_catalog.jsonb_to_record(%s) as r (v %s))',
      rowtrail.undo_literal(jsonb_build_object('v', value)::text), of_column ->> 'type')
    else rowtrail.undo_literal(value #>> '{}')
  end;
end
$$;
comment on function rowtrail.undo_value(jsonb, jsonb, text) is
  'A value as SQL, exactly: numbers keep their digits, json its text.';

create or replace function rowtrail.undo_literal(value text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- As in rowtrail.clean().
  hidden constant text := e'[\\u0001-\\u001F\\u007F-\\u009F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF]';
  found text;
begin
  if value !~ hidden then
    -- It writes E'' where there is a backslash, so no setting makes another value of it.
    return quote_literal(value);
  end if;
  -- Who reads the patch must see what it does: nothing in it turns the direction of writing, hides, or
  -- begins a line.
  value := replace(replace(value, e'\\', e'\\\\'), '''', '''''');
  for found in select distinct m[1] from regexp_matches(value, '(' || hidden || ')', 'g') as m loop
    value := replace(value, found, e'\\u' || lpad(to_hex(ascii(found)), 4, '0'));
  end loop;
  return 'E''' || value || '''';
end
$$;
comment on function rowtrail.undo_literal(text) is
  'The text as an SQL literal on one line, with escapes for control characters, and those that turn the direction of writing or are invisible.';

create or replace function rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when of_column ->> 'form' in ('json', 'jsonb') and (value is null or value = 'null')
      then format('(%1$s.%2$s is null or %1$s.%2$s::text = ''null'')', alias, of_column ->> 'name')
    when value is null or value = 'null' then format(
      case when of_column ->> 'form' = 'nested' then 'pg_catalog.to_jsonb(%s.%s) is null' else '%s.%s is null' end, alias, of_column ->> 'name')
    when of_column ->> 'form' in ('integer', 'plain')
      then format('%s.%s = %s', alias, of_column ->> 'name', rowtrail.undo_value(of_column, value, null))
    when of_column ->> 'form' in ('json', 'jsonb')
      then format('%s.%s::text = %s', alias, of_column ->> 'name', rowtrail.undo_value(of_column, value, verbatim))
    -- How these are shown depends on the search_path.
    when of_column ->> 'form' = 'named' then format(
      '%s.%s = %s::%s', alias, of_column ->> 'name', rowtrail.undo_value(of_column, value, null), of_column ->> 'type')
    -- Byte for byte, as the history compares: 1.0 is not 1.00.
    else format(
      'pg_catalog.to_jsonb(%s.%s)::text = %s', alias, of_column ->> 'name', rowtrail.undo_literal(value::text))
  end;
end
$$;
comment on function rowtrail.undo_guard(jsonb, text, jsonb, text) is
  'The condition, in SQL, that a column still holds this value.';

create or replace function rowtrail.undo_statement(
  of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb,
  copies bigint default null)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  columns constant jsonb := of_table -> 'columns';
  target constant text := of_table ->> 'target';
  message constant text := format('undo stopped: %s, key %s, ', of_table ->> 'name', rowtrail.clean(row_key, 200));
  hint constant text := 'Nothing was changed. Make the patch anew: it will say what is in its way.';
  -- No key tells the row, or for a moment it may stand for two.
  is_keyless constant boolean := of_table -> 'key' = '[]'
    or (action = 'update' and (of_table -> 'is_deferrable')::boolean and wanted ?| array(select jsonb_array_elements_text(of_table -> 'key')));
  at_row text;             -- the row by its key
  as_seen text;            -- and as it was seen
  names text;
  settings text;
  body text;
begin
  select
    string_agg(
      case
        when of_table -> 'cascaded' ? c.name then format(
          't.%s in (%s, %s)', c.described ->> 'name', rowtrail.undo_value(c.described, image -> c.name, null),
          rowtrail.undo_value(c.described, coalesce(wanted -> c.name, image -> c.name), null))
        else format('t.%s = %s', c.described ->> 'name', rowtrail.undo_value(c.described, image -> c.name, null))
      end,
      ' and ' order by c.place)
  into at_row
  from (
    select k.name, columns -> k.name as described, k.place
    from jsonb_array_elements_text(of_table -> 'key') with ordinality as k (name, place)
  ) as c;
  select
    string_agg(
      case
        when of_table -> 'cascaded' ? c.name and wanted ? c.name then format(
          '(%s or %s)', rowtrail.undo_guard(c.described, 't', c.value, verbatim ->> c.name),
          rowtrail.undo_guard(c.described, 't', wanted -> c.name, wanted_verbatim ->> c.name))
        else rowtrail.undo_guard(c.described, 't', c.value, verbatim ->> c.name)
      end,
      ' and ' order by (c.described ->> 'number')::int)
  into as_seen
  from (
    select i.key as name, i.value, columns -> i.key as described
    from jsonb_each(image) as i
    where columns ? i.key
      and columns -> i.key ->> 'form' <> 'generated'
      and not of_table -> 'not_compared' ? i.key
      and (is_keyless or not of_table -> 'key' ? i.key)
      and (action <> 'update' or wanted ? i.key or is_keyless)
  ) as c;
  if is_keyless then
    at_row := format(
      '(t.tableoid, t.ctid) = (select t.tableoid, t.ctid from %s as t where %s limit 1 for update)', target, coalesce(as_seen, 'true'));
  else
    as_seen := concat_ws(' and ', at_row, as_seen);
    at_row := case action when 'insert' then at_row else as_seen end;
  end if;

  case action
    when 'count' then
      return format(
        E'do $%1$s$\nbegin\n  if (select count(*) from %2$s as t where %3$s) <> %4$s then\n    raise exception using errcode = ''serialization_failure'', message = %5$s, hint = %6$s;\n  end if;\nend\n$%1$s$;',
        rowtrail.undo_tag(as_seen), target, coalesce(as_seen, 'true'), copies,
        rowtrail.undo_literal(message || 'is there more or less often than when this patch was made'), rowtrail.undo_literal(hint));
    when 'update' then
      select string_agg(
        format('%s = %s', columns -> w.key ->> 'name', rowtrail.undo_value(columns -> w.key, w.value, wanted_verbatim ->> w.key)),
        ', ' order by (columns -> w.key ->> 'number')::int)
      into settings
      from jsonb_each(wanted) as w
      where columns -> w.key ->> 'form' <> 'generated';
      if settings is null then
        return null;
      end if;
      body := format(E'  update %s as t set %s\n  where %s;\n', target, settings, at_row);
    when 'delete' then
      body := format(E'  delete from %s as t\n  where %s;\n', target, at_row);
      select concat(string_agg(
        format(
          E'  if exists (select from %s as c where %s%s) then\n    raise exception using errcode = ''foreign_key_violation'', message = %s, hint = %s;\n  end if;\n',
          f.value ->> 'child',
          (
            select string_agg(
              format('c.%s = %s', p.value ->> 0, rowtrail.undo_value(columns -> (p.value ->> 1), image -> (p.value ->> 1), null)), ' and ')
            from jsonb_array_elements(f.value -> 'columns') as p
          ),
          -- A row may refer to itself.
          case when f.value ->> 'child' = of_table ->> 'name' then format(
            ' and (c.tableoid, c.ctid) <> (select t.tableoid, t.ctid from %s as t where %s)', target, at_row) end,
          rowtrail.undo_literal(message || format('has rows in %s now, which would go or change with it', f.value ->> 'child')),
          rowtrail.undo_literal('Nothing was changed. Remove or change those rows first, if that is meant.')),
        ''), body)
      into body
      from jsonb_array_elements(of_table -> 'referring') as f;
    else
      select
        string_agg(i.described ->> 'name', ', ' order by i.number),
        string_agg(rowtrail.undo_value(i.described, i.value, verbatim ->> i.key), ', ' order by i.number)
      into names, settings
      from (
        select e.key, e.value, columns -> e.key as described, (columns -> e.key ->> 'number')::int as number
        from jsonb_each(image) as e
        where columns ? e.key and columns -> e.key ->> 'form' not in ('generated', 'unknown')
      ) as i;
      body := concat(
        case when not is_keyless then format(
          E'  if exists (select from %s as t where %s) then\n    raise exception using errcode = ''unique_violation'', message = %s, hint = %s;\n  end if;\n',
          target, at_row, rowtrail.undo_literal(message || 'is there already'), rowtrail.undo_literal(hint)) end,
        format(
          E'  insert into %s %s%s;\n',
          of_table ->> 'name',
          coalesce('(' || names || ')' || case when (of_table -> 'has_identity')::boolean then ' overriding system value' else '' end, ''),
          coalesce(' values (' || settings || ')', 'default values')));
  end case;
  body := concat(
    E'declare\n  hit bigint;\nbegin\n', body,
    E'  get diagnostics hit = row_count;\n  if hit <> 1 then\n    raise exception using errcode = ''serialization_failure'', message = ',
    rowtrail.undo_literal(message || case action when 'insert' then 'could not be put back' else 'is no longer as it was when this patch was made' end),
    ', hint = ', rowtrail.undo_literal(hint), E';\n  end if;\nend\n');
  return format(E'do $%1$s$\n%2$s$%1$s$;', rowtrail.undo_tag(body), body);
end
$$;
comment on function rowtrail.undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint) is
  'The statement that undoes the changes of one row, if the row still is as its image says, and stops the patch otherwise.';

create or replace function rowtrail.undo_tag(body text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  tag text := 'undo';
begin
  while position('$' || tag || '$' in body) > 0 loop
    tag := tag || '_';
  end loop;
  return tag;
end
$$;
comment on function rowtrail.undo_tag(text) is 'A tag for dollar quotes that the text does not end.';

create or replace function rowtrail.undo_copies(of_table int, image jsonb)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select greatest(0, coalesce(sum(
    case
      when v.row_key = k.key and (v.op in ('I', 'B') or v.old_key is not null) then 1
      when v.row_key = k.key and v.op = 'D' then -1
      else 0
    end - case when v.old_key = k.key and v.op = 'U' then 1 else 0 end), 0))
  from rowtrail.tables as t
  cross join lateral (select rowtrail.key_text(t.id, '{}', image, t.ignored_columns) as key) as k
  join rowtrail.versions as v on v.table_id = t.id and (v.row_key = k.key or v.old_key = k.key)
  where t.id = of_table
    and v.id > coalesce((
      select max(e.id) from rowtrail.versions as e where e.table_id = of_table and e.row_key = '' and (e.op = 'T' or (e.op = 'S' and e.data ? 'dropped'))), 0)
$$;
comment on function rowtrail.undo_copies(int, jsonb) is
  'How many rows that hold this a table without a key has now, by its versions.';

create or replace function rowtrail.undo_table(of_table int, table_ids int[])
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'name', rowtrail.full_name(t.relid),
    -- Children by INHERITS are tables of their own; partitions are not.
    'target', case when r.relkind = 'p' then '' else 'only ' end || rowtrail.full_name(t.relid),
    'key', rowtrail.names_of(t.relid, t.key_attnums),
    'columns', c.columns,
    'is_deferrable', exists (
      select from pg_index as i
      where i.indrelid = t.relid and not i.indimmediate and i.indkey::int2[] <@ t.key_attnums and i.indkey::int2[] @> t.key_attnums),
    'not_compared', to_jsonb(t.excluded_columns || t.hashed_columns || t.ignored_columns),
    'unknown', to_jsonb(t.excluded_columns || t.hashed_columns || array(
      select e.key from jsonb_each(c.columns) as e where e.value ->> 'form' = 'unknown')),
    'has_identity', exists (select from jsonb_each(c.columns) as e where (e.value -> 'is_identity')::boolean),
    'cascaded', (
      select coalesce(jsonb_agg(distinct a.attname), '[]')
      from pg_constraint as k
      join rowtrail.tables as p on p.relid = k.confrelid and p.id = any (table_ids)
      join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
      where k.conrelid = t.relid and k.contype = 'f' and k.confupdtype = 'c'
    ),
    'referring', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'child', rowtrail.full_name(k.conrelid::regclass),
        'columns', (
          select jsonb_agg(jsonb_build_array(quote_ident(a.attname), p.attname) order by n.place)
          from unnest(k.conkey, k.confkey) with ordinality as n (child, parent, place)
          join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = n.child
          join pg_attribute as p on p.attrelid = k.confrelid and p.attnum = n.parent
        ))), '[]')
      from pg_constraint as k
      where k.confrelid = t.relid and k.contype = 'f' and k.conparentid = 0 and k.confdeltype in ('c', 'n', 'd')
    ))
  from rowtrail.tables as t
  join pg_class as r on r.oid = t.relid
  cross join lateral rowtrail.undo_columns(t.id) as c (columns)
  where t.id = of_table
$$;
comment on function rowtrail.undo_table(int, int[]) is
  'What rowtrail.undo_statement() has to know of a table: its name, key and columns; the columns that an ON UPDATE CASCADE of one of these tables sets; who refers to it by a foreign key by which a delete goes on.';

create or replace function rowtrail.undo_references(table_ids int[])
returns table (name text, child_id int, parent_id int, child_columns text[], parent_columns text[])
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    k.oid::text, c.id, p.id,
    array(
      select a.attname::text
      from unnest(k.conkey) with ordinality as n (number, place)
      join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = n.number
      order by n.place),
    array(
      select a.attname::text
      from unnest(k.confkey) with ordinality as n (number, place)
      join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = n.number
      order by n.place)
  from pg_constraint as k
  join rowtrail.tables as c on c.relid = k.conrelid and c.id = any (table_ids)
  join rowtrail.tables as p on p.relid = k.confrelid and p.id = any (table_ids)
  where k.contype = 'f' and k.conparentid = 0
$$;
comment on function rowtrail.undo_references(int[]) is 'The foreign keys among these tables.';

create or replace function rowtrail.undo_ranks(table_ids int[])
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  ranks jsonb := '{}';
  waiting int[] := array(select distinct u.id from unnest(table_ids) as u (id));
  ready int[];
  rank int := 0;
begin
  -- Parents first. Tables that refer to each other in a circle have none.
  while waiting <> '{}' loop
    ready := array(
      select w.id from unnest(waiting) as w (id)
      where not exists (
        select from rowtrail.undo_references(waiting) as r where r.child_id = w.id and r.parent_id <> w.id));
    if ready = '{}' then
      return ranks || (select jsonb_object_agg(w.id, null) from unnest(waiting) as w (id));
    end if;
    ranks := ranks || (select jsonb_object_agg(r.id, rank) from unnest(ready) as r (id));
    waiting := array(select w.id from unnest(waiting) as w (id) where w.id <> all (ready));
    rank := rank + 1;
  end loop;
  return ranks;
end
$$;
comment on function rowtrail.undo_ranks(int[]) is
  'The order in which rows of these tables can be inserted: {"table": rank}, parents first; null for those that refer to each other in a circle.';

revoke all on function
  rowtrail.undo_sql(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_sql(regclass, anyelement, bigint, timestamptz),
  rowtrail.undo_conflicts(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_targets(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_versions_since(int, text, bigint, timestamptz),
  rowtrail.undo_chains(int[], bigint[], text[]),
  rowtrail.undo_leads_to(bigint, rowtrail.versions),
  rowtrail.undo_rows_before(int, bigint, text),
  rowtrail.undo_patch(int[], bigint[], text[], text),
  rowtrail.undo_title(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_plan(int[], bigint[], text[]),
  rowtrail.undo_occupant(int, text, bigint),
  rowtrail.undo_columns(int),
  rowtrail.undo_value(jsonb, jsonb, text),
  rowtrail.undo_literal(text),
  rowtrail.undo_guard(jsonb, text, jsonb, text),
  rowtrail.undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint),
  rowtrail.undo_tag(text),
  rowtrail.undo_copies(int, jsonb),
  rowtrail.undo_table(int, int[]),
  rowtrail.undo_references(int[]),
  rowtrail.undo_ranks(int[])
from public;
grant execute on function
  rowtrail.undo_sql(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_sql(regclass, anyelement, bigint, timestamptz),
  rowtrail.undo_conflicts(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_targets(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_versions_since(int, text, bigint, timestamptz),
  rowtrail.undo_chains(int[], bigint[], text[]),
  rowtrail.undo_leads_to(bigint, rowtrail.versions),
  rowtrail.undo_rows_before(int, bigint, text),
  rowtrail.undo_patch(int[], bigint[], text[], text),
  rowtrail.undo_title(regclass, text, bigint, timestamptz, bigint, text, text, timestamptz, timestamptz),
  rowtrail.undo_plan(int[], bigint[], text[]),
  rowtrail.undo_occupant(int, text, bigint),
  rowtrail.undo_columns(int),
  rowtrail.undo_value(jsonb, jsonb, text),
  rowtrail.undo_literal(text),
  rowtrail.undo_guard(jsonb, text, jsonb, text),
  rowtrail.undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint),
  rowtrail.undo_tag(text),
  rowtrail.undo_copies(int, jsonb),
  rowtrail.undo_table(int, int[]),
  rowtrail.undo_references(int[]),
  rowtrail.undo_ranks(int[])
to rowtrail_reader;
