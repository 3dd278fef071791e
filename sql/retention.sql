-- Retention: the history of a table is kept for as long as rowtrail.set_retention() says, and
-- rowtrail.retire() takes out of it, month by month, what is older.
--
-- What goes is what no question about a later time needs: as of each moment since, replayed up to now,
-- the history is the same as before. So of each row that was there when the month ended, the newest
-- version until then stays, as it is, and whole transactions that were under way then stay. A month of
-- which little stays is written anew and the old partition dropped; else versions are deleted.
--
-- What is sealed is proven as before: seals keep their leaves, rowtrail.retired_leaves says which of
-- them stand for a version that was retired, and the event of the retirement, a version itself and
-- sealed in its turn, has the hash of that. It holds in its data
--   "retired"  {"until", "versions", "retirement", "leaves_hash"}

create or replace function rowtrail.set_retention(of_table text, keep interval, reason text default null)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables := rowtrail.table_named(of_table);
  full_name constant text := coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
begin
  perform rowtrail.require_no_history_database('the retention of its tables');
  if keep < interval '1 month' or keep > interval '10000 years' then
    raise exception 'a history cannot be kept for %', keep
      using errcode = 'invalid_parameter_value', hint = 'It is kept by months, for at least one: interval ''2 years''. NULL keeps it for ever.';
  elsif known.key_attnums = '{}' and keep is not null then
    raise exception 'the history of % is kept for ever: it has no key, so that which of its versions are needed cannot be told', full_name
      using errcode = 'object_not_in_prerequisite_state', hint = 'Give the table a key, and let its owner run rowtrail.track() again.';
  end if;
  if keep is distinct from known.retention then
    update rowtrail.tables as t set retention = keep where t.id = known.id;
    perform rowtrail.add_event(
      known, 'rowtrail.set_retention()', jsonb_build_object('retention', jsonb_build_object('old', known.retention, 'new', keep)), reason);
  end if;
  return format('the history of %s is kept %s', full_name, coalesce('for ' || keep, 'for ever'));
end
$$;
comment on function rowtrail.set_retention(text, interval, text) is
  'Says how long the history of a table is kept; NULL for ever. What is older is taken out by rowtrail.retire(), which rowtrail maintain calls: select rowtrail.set_retention(''orders'', ''2 years'', reason => ''policy 12''); The table is named as in SQL, also one that was dropped.';

create or replace function rowtrail.add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint default null)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, actor, login, data, old, context)
  values (
    coalesce(number, nextval('rowtrail.version_id')), clock_timestamp(), pg_current_xact_id(), known.id, 'S', '',
    rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200), session_user,
    jsonb_build_object(
      'command', command,
      'table', coalesce(known.shape -> 'table', to_jsonb(format('%I.%I', known.schema_name, known.table_name))),
      'columns', coalesce(known.shape -> 'columns', '[]'))
    || said,
    '{"columns": {}}',
    nullif(
      case when current_setting('rowtrail.context', true) <> '' then rowtrail.clean_context(current_setting('rowtrail.context', true)) else '{}' end
      || jsonb_strip_nulls(jsonb_build_object('reason', rowtrail.clean(reason, 1000))),
      '{}'))
$$;
comment on function rowtrail.add_event(rowtrail.tables, text, jsonb, text, bigint) is
  'Adds an event to the time line of a table that leaves its columns as they are: what was done with its history.';

create or replace function rowtrail.retire(
  reason text default null,
  out until timestamptz, out tables text[], out retired bigint, out left_in_month bigint, out is_rewritten boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  due int[];
begin
  -- The next month of the history of some table that is over for longer than it is kept.
  select min(n.ends) into until
  from rowtrail.tables as t
  cross join lateral (select date_trunc('month', now() - t.retention) as cut) as c
  cross join lateral (
    select min(m.ends) as ends
    from (
      select p.ends from rowtrail.months() as p
      union all
      select c.cut
    ) as m
    where m.ends <= c.cut and m.ends > coalesce(t.retired_until, '-infinity')
  ) as n
  where t.retention is not null
    and t.key_attnums <> '{}'
    and n.ends > (
      select v.changed_at from rowtrail.versions as v where v.table_id = t.id order by v.id limit 1);
  if until is null then
    return;
  end if;
  due := array(
    select t.id
    from rowtrail.tables as t
    where date_trunc('month', now() - t.retention) >= retire.until
      and t.key_attnums <> '{}'
      and coalesce(t.retired_until, '-infinity') < retire.until
    order by t.id);
  select r.tables, r.retired, r.left_in_month, r.is_rewritten
  into tables, retired, left_in_month, is_rewritten
  from rowtrail.retire_until(due, until, reason) as r;
end
$$;
comment on function rowtrail.retire(text) is
  'Takes the oldest month out of the history of the tables that are kept for a shorter time (rowtrail.set_retention()), and says which tables, until when, and how many versions; NULL if nothing is due. Call it until then, each in a transaction of its own: rowtrail maintain does.';

create or replace function rowtrail.retire_until(
  due int[], until timestamptz, reason text default null, place text default null,
  out tables text[], out retired bigint, out left_in_month bigint, out is_rewritten boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  known rowtrail.tables;
  last_seal rowtrail.seals;
  now_in constant int := rowtrail.current_era();
  month record;
  in_month bigint;
  total bigint;
  number bigint;
  hash bytea;
  is_history constant boolean := rowtrail.is_history_database();
  shipping rowtrail.shipping;
  shipped rowtrail.seals;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.retire() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'It has to see what was sealed until now.';
  end if;
  -- No seal is made meanwhile, and nothing is erased.
  lock table rowtrail.seals in exclusive mode;
  select s.* into last_seal from rowtrail.seals as s order by s.id desc limit 1;
  -- Of an era that no seal has ended, what came after its last seal is in none.
  if last_seal.id is not null and (rowtrail.is_new_life(last_seal) or last_seal.era + last_seal.ends_era::int < now_in) then
    raise exception 'the database was brought into another cluster after seal %, so that which versions are sealed is not known', last_seal.id
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal';
  end if;
  if exists (
    select
    from rowtrail.imports as i
    join rowtrail.import_tables as t on t.import_id = i.id
    where i.finished_at is null and t.table_id = any (due))
  then
    raise exception 'an import into the history is not finished, so nothing of it is retired'
      using errcode = 'object_not_in_prerequisite_state', hint = 'Finish it, or remove it: rowtrail status says how.';
  end if;
  select m.* into month from rowtrail.months() as m where m.ends = until;
  if month.part is not null then
    -- Whoever's clock goes back into the month waits, and nobody else.
    execute format('lock table %s in share row exclusive mode', month.part);
  end if;

  -- Fails if somebody else's is there.
  create temporary table retired_now (id bigint primary key, table_id int not null, changed_at timestamptz not null) on commit drop;
  for known in select t.* from rowtrail.tables as t where t.id = any (due) order by t.id loop
    insert into retired_now (id, table_id, changed_at)
    select n.id, known.id, n.changed_at from rowtrail.not_needed_since(known.id, until) as n;
  end loop;
  analyze retired_now;
  select count(*), count(*) filter (where r.changed_at >= month.begins) into retired, in_month from retired_now as r;

  if last_seal.id is not null and exists (
    select
    from rowtrail.versions as v
    join retired_now as r on r.id = v.id and r.table_id = v.table_id and r.changed_at = v.changed_at
    where rowtrail.is_unsealed(v.era, v.xid, last_seal, now_in))
  then
    raise exception 'versions of before % are in no seal yet, so they are not retired', until
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal';
  end if;

  -- What is here no more is in the history database, whole.
  lock table rowtrail.shipping in share mode;
  shipping := rowtrail.shipping_now();
  if shipping.id is not null then
    select s.* into shipped from rowtrail.seals as s where s.id = shipping.seal_id and s.hash = shipping.hash;
    if exists (
      select
      from rowtrail.versions as v
      join retired_now as r on r.id = v.id and r.table_id = v.table_id and r.changed_at = v.changed_at
      where case
        when v.era > 0 then not rowtrail.is_shipped(v.era, v.id, v.xid, shipped)
        else not exists (
          select from rowtrail.imports as i
          where i.id = any (shipping.imports) and v.id between i.first_id and i.first_id + i.rows - 1)
      end)
    then
      raise exception 'versions of before % are not in the history database yet, which has seal % as its last, so they are not retired', until, shipping.seal_id
        using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail ship';
    end if;
  end if;

  -- The numbers from 0 on are those of the origin.
  number := case
    when is_history then (select least(min(d.number), 0) - 1 from rowtrail.departures as d)
    else nextval('rowtrail.version_id')
  end;
  if retired > 0 then
    insert into rowtrail.retired_leaves (seal_id, part, retirement, versions, gone)
    select
      l.seal_id, l.part, number, count(r.id), string_agg(case when r.id is null then '0' else '1' end, '' order by u.place)::bit varying
    from rowtrail.seal_leaves as l
    cross join lateral unnest(l.ids) with ordinality as u (id, place)
    left join retired_now as r on r.id = u.id
    where l.ids[1] <= (select max(m.id) from retired_now as m)
      and l.ids[cardinality(l.ids)] >= (select min(m.id) from retired_now as m)
    group by l.seal_id, l.part
    having count(r.id) > 0;
    delete from rowtrail.seal_salts as s using retired_now as r where r.id = s.version_id;
    perform rowtrail.retire_import_leaves() where exists (select from retired_now as r where r.id < 0);
  end if;
  hash := rowtrail.retirement_hash(number);

  tables := '{}';
  for known in select t.* from rowtrail.tables as t where t.id = any (due) order by t.id loop
    select count(*) into total from retired_now as r where r.table_id = known.id;
    if total > 0 and is_history then
      tables := tables || format('%I.%I', known.schema_name, known.table_name);
    elsif total > 0 then
      tables := tables || coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
      perform rowtrail.add_event(
        known, 'rowtrail.retire()',
        jsonb_build_object('retired', jsonb_build_object(
          'until', until, 'versions', total, 'retirement', number, 'leaves_hash', encode(hash, 'hex'))
          || case when place is not null then jsonb_build_object('place', place) else '{}' end),
        reason,
        -- The first event of a retirement bears its number.
        case when cardinality(tables) = 1 then number end);
    end if;
    update rowtrail.tables as t
    set retired_until = until, complete_from = case when total > 0 then until else t.complete_from end
    where t.id = known.id;
  end loop;

  if is_history and retired > 0 then
    insert into rowtrail.departures (number, until, tables, versions, leaves_hash, reason, place, login, at)
    values (
      number, until, tables, retired, hash, rowtrail.clean(reason, 1000), rowtrail.clean(place, 1000), session_user, clock_timestamp());
  end if;

  is_rewritten := false;
  if in_month > 0 then
    execute format('select count(*) from %s', month.part) into total;
    left_in_month := total - in_month;
    is_rewritten := left_in_month <= total / 5;
  end if;
  -- First what takes long: the other partition is put in the place of the month's under a lock that
  -- keeps every writer out until the end of the transaction.
  delete from rowtrail.versions as v
  using retired_now as r
  where v.table_id = r.table_id and v.id = r.id and v.changed_at = r.changed_at
    and not (is_rewritten and r.changed_at >= month.begins);
  if is_rewritten then
    perform rowtrail.rewrite_month(month.part, month.begins, month.ends, left_in_month);
  end if;
  drop table retired_now;
end
$$;
comment on function rowtrail.retire_until(int[], timestamptz, text, text) is
  'The part of rowtrail.retire() that takes what is older out of the history of tables, by their ids in rowtrail.tables. In a history database it is noted in rowtrail.departures, with the place where it went; nothing is sealed there.';

create or replace function rowtrail.not_needed_since(of_table int, moment timestamptz)
returns table (id bigint, changed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
  known constant rowtrail.tables := (select t from rowtrail.tables as t where t.id = of_table);
  -- What was recorded after the first version since then is kept, whatever the clock said.
  first_later constant bigint := (
    select coalesce(min(v.id), 9223372036854775807) from rowtrail.versions as v where v.table_id = of_table and v.changed_at >= moment);
  now_in constant int := rowtrail.current_era();
  first_seen constant pg_snapshot := (
    select s.seen from rowtrail.seals as s where s.sealed_at >= moment and s.era = now_in and not s.ends_era order by s.id limit 1);
begin
  if known.key_attnums = '{}' or known.keyed_since >= moment then
    -- Rows were told apart otherwise then.
    return;
  end if;
  return query
  with recursive crossing as materialized (
    -- Was under way then, as rowtrail.as_of() sees it: recorded something before, and after.
    select distinct v.era, v.xid
    from rowtrail.versions as v
    where v.changed_at >= moment
      and (v.xid::text)::bigint <= (
        select max((m.xid::text)::bigint) from rowtrail.versions as m where m.table_id = of_table and m.changed_at < moment)
  ),
  old as materialized (
    select
      v.id, v.changed_at, v.era, v.xid, v.op, v.row_key, v.old_key,
      v.erased is not null as is_erased, v.data ? 'dropped' as is_drop, v.op = 'U' and v.old_key is not null as is_link
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.changed_at < moment
      and v.id < first_later
      and not exists (select from crossing as c where c.era = v.era and c.xid = v.xid)
      -- What a seal since then does not see was under way as of its snapshot.
      and (first_seen is null or v.era <> now_in or pg_visible_in_snapshot(v.xid, first_seen))
  ),
  emptied as (
    select coalesce(max(o.id), -9223372036854775808) as id from old as o where o.op = 'T' or (o.op = 'S' and o.is_drop)
  ),
  -- What each did to a key, as rowtrail.replay_by_key() has it: it began to stand for a row, or ceased to.
  events as materialized (
    select
      o.row_key as key, o.id, o.era, o.xid,
      case when o.op = 'D' then -1 when o.op in ('I', 'B') or o.old_key is not null then 1 else 0 end as step
    from old as o
    cross join emptied as e
    where o.op not in ('T', 'S') and o.id > e.id and o.changed_at >= coalesce(known.keyed_since, '-infinity')
    union all
    select o.old_key, o.id, o.era, o.xid, -1
    from old as o
    cross join emptied as e
    where o.is_link and o.id > e.id and o.changed_at >= coalesce(known.keyed_since, '-infinity')
  ),
  transactions as (
    select
      e.key, e.era, e.xid, max(e.id) as last_id, min(e.id) as first_id, (array_agg(e.step order by e.id))[1] as first_step,
      case when sum(e.step) <> 0 then sum(e.step) when bool_and(e.step = 0) then 1 else 0 end as net
    from events as e
    group by e.key, e.era, e.xid
  ),
  -- Whether there is a row of the key, and from which transaction on that can be told: two rows that
  -- swap their keys do not tell it.
  outcomes as (
    select
      t.key, max(t.last_id) filter (where t.net <> 0) as from_id,
      coalesce(
        (array_agg(t.net order by t.last_id desc) filter (where t.net <> 0))[1] > 0,
        (array_agg(t.first_step order by t.first_id))[1] <= 0) as is_there
    from transactions as t
    group by t.key
  ),
  needed as materialized (
    select e.id
    from events as e
    join transactions as t on (t.key, t.era, t.xid) = (e.key, e.era, e.xid)
    join outcomes as o on o.key = e.key
    where o.is_there and (o.from_id is null or t.last_id >= o.from_id)
  ),
  links as materialized (
    select o.id, o.row_key, o.old_key from old as o where o.is_link
  ),
  -- The keys of which a version stays for another reason. What ended their rows has to stay with it.
  touched as (
    select k.key
    from old as o
    cross join lateral (values (o.row_key), (o.old_key)) as k (key)
    where o.op not in ('T', 'S') and k.key is not null and (o.is_erased or (o.is_link and o.id in (select n.id from needed as n)))
    union
    select l.row_key from touched as t join links as l on l.old_key = t.key
  ),
  ends as materialized (
    select o.id from old as o where o.op = 'D' and o.row_key in (select t.key from touched as t)
    union all
    select l.id from links as l where l.old_key in (select t.key from touched as t)
  ),
  -- Of a move between partitions the delete tells what changed.
  moves as (
    select d.id
    from old as d
    join old as i on (i.old_key, i.era, i.xid) = (d.row_key, d.era, d.xid)
    where d.op = 'D' and i.op = 'I' and i.id in (select n.id from needed as n)
  )
  select o.id, o.changed_at
  from old as o
  where o.op not in ('T', 'S')
    and not o.is_erased
    and o.id not in (select n.id from needed as n)
    and o.id not in (select e.id from ends as e)
    and o.id not in (select m.id from moves as m);
end
$$;
comment on function rowtrail.not_needed_since(int, timestamptz) is
  'The versions of a table without which its history is the same as of the moment and each later one.';

create or replace function rowtrail.rewrite_month(part regclass, begins timestamptz, ends timestamptz, left_in_month bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  named constant name := (select c.relname from pg_class as c where c.oid = part);
  made constant name := named || '_kept';
begin
  if left_in_month > 0 then
    perform rowtrail.make_month(made);
    execute format(
      'insert into rowtrail.%I select v.* from %s as v where not exists (select from retired_now as r where r.id = v.id and r.table_id = v.table_id)', made, part);
    perform rowtrail.limit_month(made, begins, ends);
  end if;
  -- All at once: who held one of them would keep writers waiting while we hold another.
  perform rowtrail.execute_patiently(
    format('lock table only rowtrail.versions, %s, rowtrail.versions_default in access exclusive mode', part));
  perform rowtrail.execute_patiently(format('alter table rowtrail.versions detach partition %s', part));
  execute format('drop table %s', part);
  if left_in_month > 0 then
    perform rowtrail.attach_month(made, begins, ends);
    execute format('alter table rowtrail.%I rename to %I', made, named);
  end if;
end
$$;
comment on function rowtrail.rewrite_month(regclass, timestamptz, timestamptz, bigint) is
  'The part of rowtrail.retire() that puts another partition in the place of a month''s, with what stays of it; none where nothing stays.';

create or replace function rowtrail.retire_import_leaves()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  changed bigint[];
begin
  with parts as (
    select
      l.import_id, l.part, array_agg(k.id order by k.id) filter (where r.id is null) as ids,
      string_agg(k.leaf, ''::bytea order by k.id) filter (where r.id is null) as leaves
    from rowtrail.import_leaves as l
    cross join lateral rowtrail.leaves_in(l.ids, l.leaves, null) as k
    left join retired_now as r on r.id = k.id
    group by l.import_id, l.part
    having count(r.id) > 0
  ),
  emptied as (
    delete from rowtrail.import_leaves as l
    using parts as p
    where l.import_id = p.import_id and l.part = p.part and p.ids is null
  ),
  shortened as (
    update rowtrail.import_leaves as l
    set ids = p.ids, leaves = p.leaves
    from parts as p
    where l.import_id = p.import_id and l.part = p.part and p.ids is not null
  )
  select array_agg(distinct p.import_id) into changed from parts as p;
  update rowtrail.imports as i set hash = rowtrail.import_hash(i.id) where i.id = any (changed);
end
$$;
comment on function rowtrail.retire_import_leaves() is
  'The part of rowtrail.retire() that lets imports verify without the versions that are retired.';

create or replace function rowtrail.retirement_hash(number bigint)
returns bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(coalesce(string_agg(int8send(l.seal_id) || int4send(l.part) || varbit_send(l.gone), ''::bytea order by l.seal_id, l.part), ''))
  from rowtrail.retired_leaves as l
  where l.retirement = number
$$;
comment on function rowtrail.retirement_hash(bigint) is
  'The hash of which leaves of seals stand for versions of a retirement: the event of the retirement has it.';

create or replace function rowtrail.verify_retired(
  out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select
    format('retirement %s', coalesce(l.retirement, e.retirement)),
    case
      when e.retirement is not null then format('does not say of the same sealed versions as %s that they were retired', w.it)
      else format('says that sealed versions were retired, and %s says so', w.none)
    end,
    'only a superuser can do that: find it in a backup, and ask who could', true
  from (select distinct r.retirement from rowtrail.retired_leaves as r) as l
  full join (
    select (v.data -> 'retired' ->> 'retirement')::bigint as retirement, min(v.data -> 'retired' ->> 'leaves_hash') as hash, count(distinct v.data -> 'retired' ->> 'leaves_hash') as hashes
    from rowtrail.tables as t
    join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S'
    -- What was retired in the origin of a history database is here.
    where v.data ? 'retired' and not exists (select from rowtrail.origin)
    group by 1
    union all
    select d.number, encode(d.leaves_hash, 'hex'), 1 from rowtrail.departures as d
  ) as e on e.retirement = l.retirement
  cross join lateral (
    select
      case when exists (select from rowtrail.origin) then 'rowtrail.departures' else 'its event' end as it,
      case when exists (select from rowtrail.origin) then 'no row of rowtrail.departures' else 'no event of a table' end as none
  ) as w
  where e.retirement is null
    or e.hashes <> 1
    or e.hash <> encode(rowtrail.retirement_hash(e.retirement), 'hex')
  order by 1
$$;
comment on function rowtrail.verify_retired() is
  'Retirements that say otherwise than their events, or in a history database rowtrail.departures, which sealed versions are gone.';

revoke all on function
  rowtrail.set_retention(text, interval, text),
  rowtrail.add_event(rowtrail.tables, text, jsonb, text, bigint),
  rowtrail.retire(text),
  rowtrail.retire_until(int[], timestamptz, text, text),
  rowtrail.not_needed_since(int, timestamptz),
  rowtrail.rewrite_month(regclass, timestamptz, timestamptz, bigint),
  rowtrail.retire_import_leaves(),
  rowtrail.retirement_hash(bigint),
  rowtrail.verify_retired()
from public;
grant execute on function rowtrail.retirement_hash(bigint), rowtrail.verify_retired() to rowtrail_reader;
