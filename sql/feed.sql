-- The feed: every committed version once, for who copies changes elsewhere. A cursor says up to where
-- that is; it is text, which whoever reads keeps. No version is skipped because its transaction
-- committed late: what has come is bounded by a snapshot, as a seal is, and not by ids or times.
--
--   cursor   1.ERA.SINCE[.UPTO.PLACE][.LAST]
--     SINCE  the snapshot whose transactions have all come
--     UPTO   the snapshot up to which versions are coming, while they come in pages
--     PLACE  how far they have: TRANSACTION-ID where they come by transactions, ID where by ids
--     LAST   TABLE-ID-SECONDS, of the version that came last, by which a restore is noticed
--
-- What comes at once is what UPTO sees and SINCE does not. Of few versions whole transactions come,
-- in the order of the last id of each, and by id within: who changed a row after another had waited
-- until that one committed, so all ids of that one are lower than its own of this row. Of more than
-- whole_up_to, which nobody could sort for each page, versions come by id. Either way the versions
-- of a row are in order.

create or replace function rowtrail.feed(
  after text default null, most int default 1000, of_tables regclass[] default null, with_mark boolean default false,
  whole_up_to int default 10000)
returns table (
  cursor text, is_whole boolean, table_name text, op text, row_key text, old_key text, data jsonb, old jsonb,
  changed_at timestamptz, actor text, login text, transaction text, context jsonb, id bigint, is_superseded boolean,
  verbatim jsonb, erased text[])
language sql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
  select f.cursor, f.is_whole, f.table_name, f.op, f.row_key, f.old_key, f.data, f.old, f.changed_at, f.actor, f.login,
    f.transaction, f.context, f.id, f.is_superseded, f.verbatim, f.erased
  from rowtrail.feed_of(
    after, most, (select array_agg(r.id) from unnest(of_tables) as n (name) cross join lateral rowtrail.registered(n.name) as r),
    with_mark, whole_up_to) as f
$$;
comment on function rowtrail.feed(text, int, regclass[], boolean, int) is
  'The versions that were committed after a cursor, each once, oldest first: select * from rowtrail.feed(); and on from the cursor of its last row: select * from rowtrail.feed(''1.1....''); after => ''now'' begins now, with the cursor of rowtrail.feed_now(). is_whole: no transaction has come in part. is_superseded: of a baseline, a later version of the row has come already. with_mark adds a last row that has a cursor only: where to go on.';

create or replace function rowtrail.feed_now()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select f.cursor from rowtrail.feed_of('now', 1, null, true, 1) as f
$$;
comment on function rowtrail.feed_now() is
  'The cursor after which rowtrail.feed() gives what is committed from now on.';

create or replace function rowtrail.feed_of(
  after text, most int, table_ids int[], with_mark boolean, whole_up_to int)
returns table (
  cursor text, is_whole boolean, table_name text, op text, row_key text, old_key text, data jsonb, old jsonb,
  changed_at timestamptz, actor text, login text, transaction text, context jsonb, id bigint, is_superseded boolean,
  verbatim jsonb, erased text[], table_id int, has_more boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
-- How many versions there are after a snapshot is not the same the next time.
set plan_cache_mode = force_custom_plan
set jit = off
as $$
#variable_conflict use_column
declare
  nothing constant pg_snapshot := '3:3:';
  -- Of an era that has ended: no transaction of it is beyond.
  everything constant pg_snapshot := '4611686018427387903:4611686018427387903:';
  -- So many windows without a version of the tables that are asked for are looked through, before
  -- there is a mark instead.
  patience constant int := 20;
  current_era constant int := rowtrail.current_era();
  seen constant pg_snapshot := rowtrail.feed_snapshot();
  place record;
  page record;
  windows int := 0;
  given int := 0;
  counted bigint;
  has_more boolean := false;
begin
  if most is null or most < 1 or whole_up_to is null or whole_up_to < 0 then
    raise exception 'the feed cannot give % versions at a time, nor whole transactions of up to %', most, whole_up_to
      using errcode = 'invalid_parameter_value', hint = 'most is at least 1; leave it out for 1000, and whole_up_to for 10000.';
  end if;
  select p.* into place from rowtrail.feed_place(after) as p;
  if after = 'now' then
    place.era := current_era;
    place.since := seen;
  end if;
  perform rowtrail.require_feed(place.era, coalesce(place.upto, place.since), place.last_table, place.last_id, place.last_at);

  loop
    if place.upto is null then
      exit when given >= most or (with_mark and windows >= patience);
      windows := windows + 1;
      place.upto := case when place.era < current_era then everything else seen end;
      counted := (
        select count(*)
        from (select from rowtrail.feed_members(place.era, place.since, place.upto) as m limit whole_up_to::bigint + 1) as m);
      place.of_transaction := case when counted <= whole_up_to then 0 end;
      place.of_id := case
        when counted <= whole_up_to or (place.era = 1 and place.since::text = nothing::text) then 0
        else (select min(m.id) - 1 from rowtrail.feed_members(place.era, place.since, place.upto) as m)
      end;
    end if;

    -- One more than is given tells whether that is all.
    select
      coalesce(array_agg(k.last_id order by k.last_id, k.id), '{}') as last_ids,
      coalesce(array_agg(k.id order by k.last_id, k.id), '{}') as ids,
      coalesce(array_agg(k.table_id order by k.last_id, k.id), '{}') as tables,
      coalesce(array_agg(k.changed_at order by k.last_id, k.id), '{}') as times
    into page
    from (
      select t.*
      from rowtrail.feed_by_transactions(
        place.era, place.since, place.upto, place.of_transaction, place.of_id, table_ids, most - given + 1) as t
      where place.of_transaction is not null
      union all
      select i.*
      from rowtrail.feed_by_ids(place.era, place.since, place.upto, place.of_id, table_ids, most - given + 1) as i
      where place.of_transaction is null
    ) as k;
    has_more := cardinality(page.ids) > most - given;
    counted := least(cardinality(page.ids), most - given);

    return query
      with names as materialized (
        select t.id, coalesce(rowtrail.full_name(t.relid), format('%I.%I', t.schema_name, t.table_name)) as name
        from rowtrail.tables as t
        where t.id = any (page.tables)
      )
      select
        rowtrail.feed_cursor(
          place.era, w.since, w.upto, case when place.of_transaction is not null then k.last_id end, k.id,
          k.table_id, k.id, ceil(extract(epoch from k.changed_at))::bigint),
        w.upto is null or (place.of_transaction is not null and page.last_ids[k.number + 1] <> k.last_id),
        t.name, rowtrail.op_name(v.op), v.row_key, v.old_key, v.data, v.old, v.changed_at, v.actor, v.login,
        v.era || '-' || v.xid::text, v.context, v.id,
        v.op = 'B' and exists (
          select from rowtrail.versions as l
          where l.table_id = v.table_id
            and l.row_key = v.row_key
            and l.id > v.id
            and l.era = v.era
            and pg_visible_in_snapshot(l.xid, place.since)
          union all
          select from rowtrail.versions as l
          where l.table_id = v.table_id
            and l.old_key = v.row_key
            and l.id > v.id
            and l.era = v.era
            and pg_visible_in_snapshot(l.xid, place.since)),
        v.verbatim, v.erased, v.table_id, null::boolean
      from unnest(page.last_ids, page.ids, page.tables, page.times) with ordinality as k (last_id, id, table_id, changed_at, number)
      cross join lateral (
        select
          case when k.number < counted or has_more then place.since else place.upto end as since,
          case when k.number < counted or has_more then place.upto end as upto
      ) as w
      join rowtrail.versions as v on v.table_id = k.table_id and v.id = k.id and v.changed_at = k.changed_at
      join names as t on t.id = v.table_id
      where k.number <= counted
      order by k.number;

    given := given + counted;
    if counted > 0 then
      place.of_transaction := case when place.of_transaction is not null then page.last_ids[counted] end;
      place.of_id := page.ids[counted];
      place.last_table := page.tables[counted];
      place.last_id := page.ids[counted];
      place.last_at := ceil(extract(epoch from page.times[counted]));
    end if;
    exit when has_more;
    place.since := place.upto;
    place.upto := null;
    if place.era < current_era and place.since::text = everything::text then
      place.era := place.era + 1;
      place.since := nothing;
    end if;
    exit when place.era = current_era and place.since::text = seen::text;
  end loop;

  if with_mark then
    return query
      select
        rowtrail.feed_cursor(
          place.era, place.since, place.upto, place.of_transaction, place.of_id, place.last_table, place.last_id, place.last_at),
        place.upto is null, null::text, null::text, null::text, null::text, null::jsonb, null::jsonb, null::timestamptz,
        null::text, null::text, null::text, null::jsonb, null::bigint, null::boolean, null::jsonb, null::text[], null::int,
        has_more or place.era < current_era or place.since::text <> seen::text;
  end if;
end
$$;
comment on function rowtrail.feed_of(text, int, int[], boolean, int) is
  'rowtrail.feed() by the numbers of the tables in rowtrail.tables, also of those that were dropped. has_more of the mark: not all that is committed was looked at.';

create or replace function rowtrail.feed_by_transactions(
  in_era int, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids int[], most int)
returns table (last_id bigint, id bigint, table_id int, changed_at timestamptz)
language sql
stable
as $$
  select m.last_id, m.id, m.table_id, m.changed_at
  from (
    select
      n.id, n.table_id, n.changed_at,
      -- A baseline's versions have ids before those of all later changes, whatever else is done with it.
      max(n.id) over (partition by n.xid, n.op = 'B') as last_id
    from rowtrail.feed_members(in_era, since, upto) as n
  ) as m
  where (m.last_id, m.id) > (of_transaction, of_id) and (table_ids is null or m.table_id = any (table_ids))
  order by m.last_id, m.id
  limit most
$$;
comment on function rowtrail.feed_by_transactions(int, pg_snapshot, pg_snapshot, bigint, bigint, int[], int) is
  'A page of the feed, of whole transactions: all that there are between the two snapshots are sorted for it.';

create or replace function rowtrail.feed_by_ids(
  in_era int, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids int[], most int)
returns table (last_id bigint, id bigint, table_id int, changed_at timestamptz)
language sql
stable
as $$
  select m.id, m.id, m.table_id, m.changed_at
  from rowtrail.tables as t
  cross join lateral (
    select v.id, v.table_id, v.changed_at
    from rowtrail.versions as v
    where v.table_id = t.id
      and v.id > of_id
      and v.era = in_era
      and pg_visible_in_snapshot(v.xid, upto)
      and not pg_visible_in_snapshot(v.xid, since)
    order by v.id
    limit most
  ) as m
  where table_ids is null or t.id = any (table_ids)
  order by m.id
  limit most
$$;
comment on function rowtrail.feed_by_ids(int, pg_snapshot, pg_snapshot, bigint, int[], int) is
  'A page of the feed, by id: the index finds it, however many versions there are between the two snapshots.';

-- Pins no setting, so that it is inlined: the index by time and transaction finds its rows.
create or replace function rowtrail.feed_members(in_era int, since pg_snapshot, upto pg_snapshot)
returns setof rowtrail.versions
language sql
stable
as $$
  select v.*
  from rowtrail.versions as v
  where v.era = in_era
    and (v.xid::text)::bigint >= (pg_snapshot_xmax(since)::text)::bigint
    and (v.xid::text)::bigint < (pg_snapshot_xmax(upto)::text)::bigint
    and pg_visible_in_snapshot(v.xid, upto)
  union all
  -- Those that were under way then, and not all since the oldest of them.
  select v.*
  from rowtrail.versions as v
  where v.era = in_era
    and (v.xid::text)::bigint = any (array(
      select (late.xid::text)::bigint from pg_snapshot_xip(since) as late (xid) where pg_visible_in_snapshot(late.xid, upto)))
$$;
comment on function rowtrail.feed_members(int, pg_snapshot, pg_snapshot) is
  'The versions of an era that were committed between two snapshots.';

create or replace function rowtrail.feed_snapshot()
returns pg_snapshot
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Of this transaction itself what it wrote can be seen, and what it will write cannot: it comes when
  -- it is committed.
  select case
    when own.xid is null or not pg_visible_in_snapshot(own.xid, s.seen) then s.seen
    else (
      select format(
        '%s:%s:%s', least((pg_snapshot_xmin(s.seen)::text)::bigint, (own.xid::text)::bigint), pg_snapshot_xmax(s.seen),
        string_agg(x.xid::text, ',' order by x.xid))::pg_snapshot
      from (
        select (u.xid::text)::bigint as xid from pg_snapshot_xip(s.seen) as u (xid)
        union all
        select (own.xid::text)::bigint
      ) as x)
  end
  from pg_current_snapshot() as s (seen)
  cross join pg_current_xact_id_if_assigned() as own (xid)
$$;
comment on function rowtrail.feed_snapshot() is
  'What is committed now, and can be given by the feed.';

create or replace function rowtrail.feed_place(
  after text, out era int, out since pg_snapshot, out upto pg_snapshot, out of_transaction bigint, out of_id bigint,
  out last_table int, out last_id bigint, out last_at bigint)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  parts constant text[] := regexp_match(
    after, '^1[.]([0-9]{1,9})[.]([0-9]+:[0-9]+:[0-9,]*)(?:[.]([0-9]+:[0-9]+:[0-9,]*)[.](?:([0-9]+)-)?([0-9]+))?(?:[.]([0-9]{1,9})-([0-9]+)-([0-9]+))?$');
begin
  era := 1;
  since := '3:3:';
  if after is null or after = 'now' then
    return;
  end if;
  era := parts[1];
  since := parts[2];
  upto := parts[3];
  of_transaction := parts[4];
  of_id := parts[5];
  last_table := parts[6];
  last_id := parts[7];
  last_at := parts[8];
  -- Of an era that has ended, all of it: no number of a transaction is larger.
  if era is null or era < 1 or (pg_snapshot_xmax(coalesce(upto, since))::text)::bigint > 4611686018427387903 then
    raise invalid_parameter_value;
  end if;
exception
  when invalid_parameter_value or invalid_text_representation or numeric_value_out_of_range then
    raise exception '% is no cursor of the feed', quote_literal(left(after, 100))
      using errcode = 'invalid_parameter_value', hint = 'Give one as rowtrail.feed() gave it; NULL for the beginning; ''now'' for what comes from now on.';
end
$$;
comment on function rowtrail.feed_place(text) is 'What a cursor of the feed says; of NULL, the very beginning.';

-- Pins no setting, so that it is inlined: each version has one.
create or replace function rowtrail.feed_cursor(
  era int, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, last_table int, last_id bigint, last_at bigint)
returns text
language sql
stable
as $$
  select concat_ws(
    '.', '1', era, since, case when upto is not null then concat_ws('.', upto, concat_ws('-', of_transaction, of_id)) end,
    case when last_id is not null then concat_ws('-', last_table, last_id, last_at) end)
$$;
comment on function rowtrail.feed_cursor(int, pg_snapshot, pg_snapshot, bigint, bigint, int, bigint, bigint) is
  'The cursor that says this: rowtrail.feed_place() reads it.';

create or replace function rowtrail.require_feed(in_era int, upto pg_snapshot, last_table int, last_id bigint, last_at bigint)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  again constant text := 'What came after that moment elsewhere is not in this history: bring whoever follows the feed to what is here, and go on from ''now''; or from NULL, the beginning.';
begin
  if pg_is_in_recovery() then
    raise exception 'a standby cannot give the feed: its snapshots do not tell which transactions are under way'
      using errcode = 'object_not_in_prerequisite_state', hint = 'Ask the primary server.';
  elsif rowtrail.is_history_database() then
    perform rowtrail.require_no_history_database('the feed');
  elsif rowtrail.is_restored() then
    raise exception 'the database was restored or brought into another cluster, and what is recorded here has no era of its own yet'
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = 'Let a member of rowtrail_auditor run: rowtrail restore-check; then go on from the same cursor.';
  elsif in_era > rowtrail.current_era()
    or (in_era = rowtrail.current_era() and (pg_snapshot_xmax(upto)::text)::bigint > (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint)
  then
    raise exception 'the cursor is of a later moment than this database has come to: it was restored, or is another one'
      using errcode = 'no_data_found', hint = again;
  elsif last_id is not null
    -- Who may not read the table any more cannot tell; and old months may have gone.
    and exists (select from rowtrail.tables as t where t.id = last_table)
    and not exists (select from rowtrail.versions as v where v.table_id = last_table and v.id = last_id)
    and exists (select from rowtrail.versions as v where v.changed_at <= to_timestamp(last_at))
  then
    raise exception 'version %, which came last by this cursor, is not in this database: it was restored to a moment before it, or is another one', last_id
      using errcode = 'no_data_found', hint = again;
  end if;
end
$$;
comment on function rowtrail.require_feed(int, pg_snapshot, int, bigint, bigint) is
  'Raises where a cursor cannot be gone on from, and says what to do.';

create or replace function rowtrail.is_restored()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select rowtrail.is_new_life((select s from rowtrail.seals as s order by s.id desc limit 1))
$$;
comment on function rowtrail.is_restored() is
  'Whether the database was restored or brought into another cluster, and its new era has not begun.';

revoke all on function
  rowtrail.feed(text, int, regclass[], boolean, int),
  rowtrail.feed_now(),
  rowtrail.feed_of(text, int, int[], boolean, int),
  rowtrail.feed_by_transactions(int, pg_snapshot, pg_snapshot, bigint, bigint, int[], int),
  rowtrail.feed_by_ids(int, pg_snapshot, pg_snapshot, bigint, int[], int),
  rowtrail.feed_members(int, pg_snapshot, pg_snapshot),
  rowtrail.require_feed(int, pg_snapshot, int, bigint, bigint),
  rowtrail.is_restored()
from public;
grant execute on function
  rowtrail.feed(text, int, regclass[], boolean, int),
  rowtrail.feed_now(),
  rowtrail.feed_of(text, int, int[], boolean, int),
  rowtrail.feed_by_transactions(int, pg_snapshot, pg_snapshot, bigint, bigint, int[], int),
  rowtrail.feed_by_ids(int, pg_snapshot, pg_snapshot, bigint, int[], int),
  rowtrail.feed_members(int, pg_snapshot, pg_snapshot),
  rowtrail.require_feed(int, pg_snapshot, int, bigint, bigint)
to rowtrail_reader;
grant execute on function rowtrail.is_restored() to rowtrail_reader, rowtrail_limited_reader;
