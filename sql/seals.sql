-- Seals: what was recorded cannot be changed unseen. A seal closes what was committed since the seal
-- before: it keeps a hash of each version, the root of a Merkle tree over them (RFC 9162, 2.1), and
-- a hash of itself, which the next seal takes in. Writers only insert: none waits for a seal, and none
-- computes a hash.
--
-- A seal is bounded by a snapshot, not by ids: who commits late with a low id is in the next one. Its
-- versions are those of its era that its snapshot sees and that of the seal before does not.
--
--   leaf of a version   sha256(0x00, its columns as record_send() gives them); of a table whose values can
--                       be erased, with a commitment in the place of each value: commitments.sql
--   node                sha256(0x01, left, right)
--   seal                sha256(rowtrail.seal_text(), which begins with the number of this format)
--   log                 the tree whose leaves are the seals: sha256(0x00, hash of the seal)
--
-- Who can rewrite the database can rewrite the seals with it. A digest, which is the text and the hash
-- of a seal kept elsewhere, cannot be rewritten with them: rowtrail digest.

create or replace function rowtrail.seal(out seal bigint, out sealed_at timestamptz, out versions bigint, out hash text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set client_encoding = 'UTF8'
set work_mem = '64MB'
as $$
declare
  before rowtrail.seals;
  made rowtrail.seals;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.seal() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'It has to see what the seal before it closed. Call it on its own.';
  end if;
  perform rowtrail.require_no_history_database('sealing');
  -- What this transaction has written would be in no seal: it is neither committed nor, later, after one.
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'rowtrail.seal() needs a transaction of its own; this one has written already'
      using errcode = 'invalid_transaction_state', hint = 'Commit first, then seal.';
  end if;
  -- Not an advisory lock, which any login could hold. Who reads is not in the way.
  lock table rowtrail.seals in exclusive mode;
  -- What is hashed is what is stored, whatever the client reads.
  perform set_config('client_encoding', getdatabaseencoding(), true);
  select s.* into before from rowtrail.seals as s order by s.id desc limit 1;
  if rowtrail.is_new_life(before) then
    perform rowtrail.move_era();
  end if;
  made.era := case when before.id is null then 1 when before.ends_era then before.era + 1 else before.era end;
  made.system_identifier := rowtrail.system_identifier();

  made.id := coalesce(before.id, 0) + 1;
  made.format := 1;
  made.ends_era := made.era < rowtrail.current_era();
  made.seen := pg_current_snapshot();
  perform rowtrail.make_salts(made, before);
  insert into rowtrail.seal_leaves (seal_id, part, ids, leaves)
  select made.id, c.part, c.ids, c.leaves
  from rowtrail.leaves_of(made, before) as c;
  select coalesce(sum(cardinality(c.ids)), 0), max(c.ids[cardinality(c.ids)])
  into made.versions, made.max_id
  from rowtrail.seal_leaves as c
  where c.seal_id = made.id;
  made.max_id := greatest(made.max_id, before.max_id, 0);
  if made.versions = 0 and not made.ends_era then
    return;
  end if;

  made.sealed_at := clock_timestamp();
  made.leaves_hash := rowtrail.leaves_hash(made.id);
  made.root := rowtrail.seal_root(made.id);
  made.previous := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
  made.log_root := rowtrail.peaks_root(coalesce(before.peaks, ''));
  made.hash := sha256(convert_to(rowtrail.seal_text(made), 'UTF8'));
  made.peaks := rowtrail.with_leaf(coalesce(before.peaks, ''), made.id - 1, rowtrail.log_leaf(made.hash));
  insert into rowtrail.seals select made.*;
  seal := made.id;
  sealed_at := made.sealed_at;
  versions := made.versions;
  hash := encode(made.hash, 'hex');
end
$$;
comment on function rowtrail.seal() is
  'Seals the versions that were committed since the last seal, and gives the seal; NULL if there are none. Nobody who writes waits for it.';

create or replace function rowtrail.leaves_of(
  made rowtrail.seals, before rowtrail.seals, out part int, out ids bigint[], out leaves bytea)
returns setof record
language sql
stable
as $$
  select (n.n / 65536)::int, array_agg(n.id order by n.n), string_agg(n.leaf, '' order by n.n)
  from (
    select m.id, m.leaf, row_number() over (order by m.id, m.leaf) - 1 as n
    from (
      select
        v.id,
        case
          -- The array is made once.
          when v.table_id = any (array(select t.id from rowtrail.tables as t where t.erasable_since is not null))
            then (select sha256(E'\\x00'::bytea || r.record) from rowtrail.salted_record(v) as r)
          else rowtrail.leaf(v)
        end as leaf
      from rowtrail.members_of(made, before) as v
    ) as m
  ) as n
  group by n.n / 65536
$$;
comment on function rowtrail.leaves_of(rowtrail.seals, rowtrail.seals) is
  'The ids and leaves of the versions of a seal, by 65,536, each of which is a perfect tree but the last.';

-- Pins no setting, so that it is inlined: the indexes by time and transaction find its rows.
create or replace function rowtrail.members_of(made rowtrail.seals, before rowtrail.seals)
returns setof rowtrail.versions
language sql
stable
as $$
  select v.*
  from rowtrail.versions as v
  where not made.ends_era
    and v.era = made.era
    and (v.xid::text)::bigint < (pg_snapshot_xmax(made.seen)::text)::bigint
    and (v.xid::text)::bigint >= case when before.era = made.era then (pg_snapshot_xmin(before.seen)::text)::bigint else 0 end
    and pg_visible_in_snapshot(v.xid, made.seen)
    and (before.era = made.era and pg_visible_in_snapshot(v.xid, before.seen)) is not true
    and v.id <= coalesce(made.max_id, v.id)
  union all
  -- The last of an era is made in the next life of the cluster, to which the transactions' numbers
  -- of this one say nothing: it takes all that is there and was not sealed before.
  select v.*
  from rowtrail.versions as v
  where made.ends_era
    and v.era = made.era
    and (before.era = made.era and pg_visible_in_snapshot(v.xid, before.seen) and v.id <= before.max_id) is not true
    and v.id <= coalesce(made.max_id, v.id)
$$;
comment on function rowtrail.members_of(rowtrail.seals, rowtrail.seals) is 'The versions that a seal closes, by it and the one before.';

create or replace function rowtrail.leaf(v rowtrail.versions)
returns bytea
language sql
stable
as $$
  select sha256(E'\\x00'::bytea || rowtrail.record(v))
$$;
comment on function rowtrail.leaf(rowtrail.versions) is 'The leaf of a version in the tree of its seal.';

create or replace function rowtrail.record(v rowtrail.versions)
returns bytea
language sql
stable
as $$
  select record_send(row(
    v.id, v.changed_at, v.xid, v.table_id, v.era, v.file, v.early_in, v.old_ctid, v.new_ctid, v.op, v.row_key, v.old_key,
    v.actor, v.login, v.data, v.old, v.verbatim, v.context))
$$;
comment on function rowtrail.record(rowtrail.versions) is
  'What of a version is sealed: its columns in binary form. Text is in the client''s encoding, which for a seal is the database''s.';

create or replace function rowtrail.record_of(version bigint)
returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set client_encoding = 'UTF8'
as $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  return (select r.record from rowtrail.versions as v cross join lateral rowtrail.salted_record(v) as r where v.id = version);
end
$$;
comment on function rowtrail.record_of(bigint) is
  'What of the version with this id is sealed, byte by byte, whatever encoding the client has.';

create or replace function rowtrail.node(l bytea, r bytea)
returns bytea
language sql
immutable
as $$
  select sha256(E'\\x01'::bytea || l || r)
$$;
comment on function rowtrail.node(bytea, bytea) is 'The hash of two nodes of a Merkle tree (RFC 9162, 2.1.1).';

create or replace function rowtrail.tree_root(leaves bytea)
returns bytea
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  level bytea := leaves || ''::bytea;
  number bigint := length(leaves) / 32;
begin
  if number = 0 then
    return sha256('');
  end if;
  while number > 1 loop
    -- The odd one out goes up as it is: the tree is the same as RFC 9162 divides it.
    select string_agg(sha256(E'\\x01'::bytea || substring(level from (64 * i + 1)::int for 64)), ''::bytea) || substring(level from (64 * (number / 2) + 1)::int)
    into level
    from generate_series(0, number / 2 - 1) as i;
    number := (number + 1) / 2;
  end loop;
  return level;
end
$$;
comment on function rowtrail.tree_root(bytea) is
  'The root of the Merkle tree (RFC 9162, 2.1.1) over hashes of 32 bytes, one after the other.';

create or replace function rowtrail.seal_root(number bigint)
returns bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- The seal that ends an era may close nothing.
  select rowtrail.tree_root(coalesce(string_agg(rowtrail.tree_root(c.leaves), '' order by c.part), ''))
  from rowtrail.seal_leaves as c
  where c.seal_id = number
$$;
comment on function rowtrail.seal_root(bigint) is 'The root of the tree over the leaves that are kept of a seal.';

create or replace function rowtrail.leaves_hash(number bigint)
returns bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(coalesce(string_agg(sha256(c.leaves || array_send(c.ids)), ''::bytea order by c.part), ''))
  from rowtrail.seal_leaves as c
  where c.seal_id = number
$$;
comment on function rowtrail.leaves_hash(bigint) is
  'A hash of all leaves and ids that are kept of a seal: what the tree''s root says as well, but forty times as fast.';

create or replace function rowtrail.log_leaf(hash bytea)
returns bytea
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(E'\\x00'::bytea || hash)
$$;
comment on function rowtrail.log_leaf(bytea) is 'The leaf of a seal in the tree over all seals, by the hash of the seal.';

create or replace function rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea)
returns bytea
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  high bytea := leaf;
begin
  while size % 2 = 1 loop
    high := rowtrail.node(substring(peaks from length(peaks) - 31), high);
    peaks := substring(peaks for length(peaks) - 32);
    size := size / 2;
  end loop;
  return peaks || high;
end
$$;
comment on function rowtrail.with_leaf(bytea, bigint, bytea) is
  'The peaks of a tree of so many leaves (the roots of the perfect trees in it, the largest first), with one leaf more.';

create or replace function rowtrail.peaks_root(peaks bytea)
returns bytea
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  root bytea := coalesce(nullif(substring(peaks from greatest(length(peaks) - 31, 1)), ''), sha256(''));
begin
  for i in reverse length(peaks) / 32 - 2 .. 0 loop
    root := rowtrail.node(substring(peaks from 32 * i + 1 for 32), root);
  end loop;
  return root;
end
$$;
comment on function rowtrail.peaks_root(bytea) is 'The root of the tree that has these peaks.';

create or replace function rowtrail.seal_text(made rowtrail.seals)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select format(
    E'rowtrail seal %s\nseal %s\nat %s\nera %s%s\ncluster %s\nsnapshot %s\nmax-id %s\nversions %s\nleaves %s\nroot %s\nlog %s\nprevious %s\n',
    made.format, made.id, to_char(made.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    made.era, case when made.ends_era then ' ends' end, made.system_identifier, made.seen, made.max_id, made.versions,
    encode(made.leaves_hash, 'hex'), encode(made.root, 'hex'), encode(made.log_root, 'hex'), encode(made.previous, 'hex'))
$$;
comment on function rowtrail.seal_text(rowtrail.seals) is 'What the hash of a seal is of, in UTF-8.';

create or replace function rowtrail.system_identifier()
returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select c.system_identifier from pg_control_system() as c);
exception
  -- Some managed services keep it to themselves.
  when insufficient_privilege then
    return null;
end
$$;
comment on function rowtrail.system_identifier() is 'Which cluster this is; NULL where the service does not say.';

create or replace function rowtrail.is_new_life(last_seal rowtrail.seals)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Not of a history database, whose eras are those of its origin.
  select not exists (select from rowtrail.origin) and (
    coalesce(e.system_identifier <> rowtrail.system_identifier(), false)
    or e.relid <> 'rowtrail.versions'::regclass
    or (e.first_xid::text)::bigint > n.next
    or (
      last_seal.era = e.era
      and not last_seal.ends_era
      and (
        coalesce(last_seal.system_identifier <> rowtrail.system_identifier(), false)
        or (pg_snapshot_xmax(last_seal.seen)::text)::bigint > n.next))
    -- What was sealed in this era shows it above.
    or ((last_seal.era = e.era) is not true and exists (
      select from rowtrail.versions as v
      where (v.xid::text)::bigint > n.next and v.era = e.era)))
  from rowtrail.eras as e
  cross join lateral (
    -- Of this transaction itself, what it wrote can be seen.
    select greatest(
      (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint, (pg_current_xact_id_if_assigned()::text)::bigint) as next
  ) as n
  where e.era = rowtrail.current_era()
$$;
comment on function rowtrail.is_new_life(rowtrail.seals) is
  'Whether the database has come into another cluster or was restored from a dump since its era began: transactions'' numbers may begin anew then.';

create or replace function rowtrail.verify_seal(
  number bigint, out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set client_encoding = 'UTF8'
set work_mem = '64MB'
as $$
declare
  made rowtrail.seals;
  before rowtrail.seals;
  is_same boolean;
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  is_fault := true;
  object := format('seal %s', number);
  select s.* into made from rowtrail.seals as s where s.id = number;
  if made.id is null then
    problem := 'is missing';
    mend := 'a superuser removed it: restore it from a backup, and compare the digests that were kept elsewhere';
    return next;
    return;
  end if;
  select s.* into before from rowtrail.seals as s where s.id = number - 1;

  mend := 'a superuser changed it: restore it from a backup, and compare the digests that were kept elsewhere';
  if made.format <> 1 then
    problem := format('has the format %s, which this rowtrail does not know', made.format);
    mend := 'verify it with the rowtrail that made it, or a newer one';
    return next;
    return;
  end if;
  if made.hash <> sha256(convert_to(rowtrail.seal_text(made), 'UTF8')) then
    problem := 'does not have the hash of what it says';
    return next;
  end if;
  if before.id is null and number > 1 then
    -- Which versions it closes depends on that one.
    problem := 'does not follow a seal: the one before it is missing';
    return next;
    return;
  end if;
  if made.previous <> coalesce(before.hash, decode(repeat('00', 32), 'hex')) then
    problem := 'does not follow the seal before it, which is another one than it was made after';
    return next;
  end if;
  if made.log_root <> rowtrail.peaks_root(coalesce(before.peaks, ''))
    or made.peaks <> rowtrail.with_leaf(coalesce(before.peaks, ''), number - 1, rowtrail.log_leaf(made.hash))
  then
    problem := 'does not have its place in the log of the seals';
    return next;
  end if;
  if made.leaves_hash is distinct from rowtrail.leaves_hash(number) or made.root is distinct from rowtrail.seal_root(number) then
    problem := 'does not have the leaves that it was made of';
    return next;
  end if;

  if exists (
    select
    from rowtrail.retired_leaves as r
    left join rowtrail.seal_leaves as l on l.seal_id = r.seal_id and l.part = r.part
    where r.seal_id = number and length(r.gone) is distinct from cardinality(l.ids))
  then
    problem := 'is not as long as what is said of it that was retired';
    return next;
    return;
  end if;

  -- Where versions were retired, what is left has other places.
  select not exists (select from rowtrail.retired_leaves as r where r.seal_id = number)
    and coalesce(bool_and((c.ids, c.leaves) is not distinct from (k.ids, k.leaves)), true)
  into is_same
  from rowtrail.leaves_of(made, before) as c
  full join (select l.* from rowtrail.seal_leaves as l where l.seal_id = number) as k on k.part = c.part;
  if not is_same then
    return query
      with live as (
        select l.id, l.leaf
        from rowtrail.leaves_of(made, before) as c
        cross join lateral rowtrail.leaves_in(c.ids, c.leaves, null) as l
      ), kept as (
        select l.id, l.leaf
        from rowtrail.seal_leaves as c
        cross join lateral rowtrail.leaves_in(c.ids, c.leaves, (
          select bit_or(r.gone) from rowtrail.retired_leaves as r where r.seal_id = c.seal_id and r.part = c.part)) as l
        where c.seal_id = number
      ), differing as (
        select id, bool_or(is_live) as is_live, bool_or(not is_live) as is_kept
        from (
          select o.id, true as is_live from (select * from live except all select * from kept) as o
          union all
          select o.id, false from (select * from kept except all select * from live) as o
        ) as o
        group by id
      )
      select
        rowtrail.version_name(d.id),
        case
          when d.is_live and d.is_kept and f.id is not null
            then format('was erased by event %s, at %s; what is left of it cannot be verified, since seal %s was made without salts of it', f.id, f.changed_at, number)
          when d.is_live and d.is_kept then format('is not what it was when seal %s was made, at %s', number, made.sealed_at)
          when d.is_live then format('was added among those of seal %s, which was made at %s', number, made.sealed_at)
          else format('is missing: it was there when seal %s was made, at %s', number, made.sealed_at)
        end,
        case when f.id is null then 'only a superuser can do that: find it in a backup, and ask who could since then' end,
        f.id is null and not (d.is_live and d.is_kept and exists (select from rowtrail.origin as o where d.id = any (o.erased_before)))
      from differing as d
      left join lateral (
        select e.id, e.changed_at
        from rowtrail.versions as v
        join rowtrail.versions as e on e.table_id = v.table_id and e.row_key = '' and e.op = 'S'
        where v.id = d.id and d.is_live and d.is_kept and v.erased is not null and e.data -> 'erased' -> 'forced' @> to_jsonb(d.id)
        order by e.id
        limit 1
      ) as f on true
      order by d.id;
  end if;
end
$$;
comment on function rowtrail.verify_seal(bigint) is
  'What is wrong with a seal, its place after the one before, and the versions that it closed; no row if nothing is.';

create or replace function rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, out id bigint, out leaf bytea)
returns setof record
language sql
immutable
as $$
  select u.id, substring(leaves from (32 * u.n - 31)::int for 32)
  from unnest(ids) with ordinality as u (id, n)
  where gone is null or get_bit(gone, (u.n - 1)::int) = 0
$$;
comment on function rowtrail.leaves_in(bigint[], bytea, bit varying) is
  'The leaves in a part of those that are kept of a seal, each with the id of its version, without those whose versions were retired.';

create or replace function rowtrail.version_name(version bigint)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select format('version %s of %s, key %s', v.id, case when t.id is null then format('table %s', v.table_id) else format('%I.%I', t.schema_name, t.table_name) end, v.row_key)
      from rowtrail.versions as v
      left join rowtrail.tables as t on t.id = v.table_id
      where v.id = version
      limit 1),
    format('version %s', version))
$$;
comment on function rowtrail.version_name(bigint) is 'A version by its id, table and key, as people are told of it.';

create or replace function rowtrail.verify_sealed(
  is_thorough boolean default true, out object text, out problem text, out mend text, out is_fault boolean)
returns setof record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  now_in constant int := rowtrail.current_era();
  last_seal rowtrail.seals;
  own_xid constant xid8 := pg_current_xact_id_if_assigned();
  is_history constant boolean := exists (select from rowtrail.origin);
  next_xid xid8;
begin
  return query select e.* from rowtrail.verify_erased() as e;
  return query select r.* from rowtrail.verify_retired() as r;
  select s.* into last_seal from rowtrail.seals as s order by s.id desc limit 1;
  return query
    select
      'rowtrail.eras', format('does not have one row for each of the eras 1 to %s', now_in),
      'only a superuser can do that: compare it with a backup', true
    from rowtrail.eras as e
    having count(*) <> now_in or count(*) filter (where e.era between 1 and now_in) <> count(*);
  return query
    select
      format('seal %s', o.id), case when o.id > 0 then 'was removed, and its leaves are there' else 'is none that rowtrail.seal() made: these begin with number 1' end,
      'only a superuser can do that: remove it, and ask who could', true
    from (
      select s.id from rowtrail.seals as s where s.id < 1
      union
      select c.seal_id from rowtrail.seal_leaves as c where not c.seal_id between 1 and coalesce(last_seal.id, 0)
    ) as o
    order by o.id;
  if is_history then
    return query
      select rowtrail.version_name(v.id), 'is in no seal, and nothing else is shipped', 'only a superuser can do that: ask who could', true
      from rowtrail.versions as v
      where v.era > now_in or rowtrail.is_unsealed(v.era, v.xid, last_seal, now_in)
      order by v.id;
  end if;
  if last_seal.id is null then
    return;
  end if;
  if rowtrail.is_new_life(last_seal) or last_seal.era + last_seal.ends_era::int < rowtrail.current_era() then
    object := 'the database';
    problem := format('was restored or brought into another cluster after seal %s; what was recorded since is in no seal', last_seal.id);
    mend := 'run: rowtrail seal';
    is_fault := false;
    return next;
    return;
  end if;
  next_xid := pg_snapshot_xmax(pg_current_snapshot());
  if not is_thorough
    and (
      select count(*) filter (where v.era > 0 and not rowtrail.is_unsealed(v.era, v.xid, last_seal, now_in)) = (select sum(s.versions) from rowtrail.seals as s where s.id > 0)
          - (select coalesce(sum(bit_count(r.gone)), 0) from rowtrail.retired_leaves as r)
        and count(*) filter (where not is_history and v.era = now_in and v.xid >= next_xid and v.xid is distinct from own_xid) = 0
      from rowtrail.versions as v)
  then
    return;
  end if;
  -- Else it would look as if the next seal had it.
  return query
    select
      rowtrail.version_name(v.id), format('is of %s that has not begun, and will be in no seal', case when v.era > now_in then 'an era' else 'a transaction' end),
      'only a superuser can do that: ask who could', true
    from rowtrail.versions as v
    where not is_history and (v.era > now_in or (v.era = now_in and v.xid >= next_xid and v.xid is distinct from own_xid))
    order by v.id;
  -- Those in the range of a seal are named by it; which seal's they are depends on the transaction.
  return query
    with kept as (
      select u.id
      from rowtrail.seal_leaves as c
      cross join lateral unnest(c.ids) as u (id)
      where c.seal_id between 1 and last_seal.id
    )
    select rowtrail.version_name(v.id), 'was added among those that are sealed, and is in no seal', 'only a superuser can do that: ask who could', true
    from rowtrail.versions as v
    where not rowtrail.is_unsealed(v.era, v.xid, last_seal, now_in)
      -- What was imported is of era 0: rowtrail.verify_imported().
      and v.era between 1 and now_in
      and (
        not exists (select from kept as k where k.id = v.id)
        or v.id in (select d.id from rowtrail.versions as d group by d.id having count(*) > 1))
      and coalesce(
        (
          select v.id > s.max_id
          from rowtrail.seals as s
          where s.era = v.era and (s.ends_era or pg_visible_in_snapshot(v.xid, s.seen))
          order by s.id
          limit 1),
        true)
    order by v.id;
end
$$;
comment on function rowtrail.verify_sealed(boolean) is
  'Versions that are in no seal though they are older than the last one, those that no seal will have, and those of which values were erased that are not as rowtrail.erase() leaves them. If not thorough, they are looked for only where the numbers differ, which they do unless a seal lacks one.';

create or replace function rowtrail.is_unsealed(era int, xid xid8, last_seal rowtrail.seals, current_era int)
returns boolean
language sql
stable
as $$
  select era = current_era and (last_seal.id is null or era > last_seal.era or not (last_seal.ends_era or pg_visible_in_snapshot(xid, last_seal.seen)))
$$;
comment on function rowtrail.is_unsealed(int, xid8, rowtrail.seals, int) is
  'Whether a version of this era and transaction was committed after the last seal.';

create or replace function rowtrail.unsealed(
  at_most bigint default null,
  out versions bigint, out oldest timestamptz, out last_seal bigint, out sealed_at timestamptz)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
-- Else those that are counted are not the oldest.
set max_parallel_workers_per_gather = 0
as $$
declare
  now_in constant int := rowtrail.current_era();
  latest rowtrail.seals;
begin
  select s.* into latest from rowtrail.seals as s order by s.id desc limit 1;
  last_seal := latest.id;
  sealed_at := latest.sealed_at;
  select count(*), min(u.changed_at)
  into versions, oldest
  from (
    select v.changed_at
    from rowtrail.versions as v
    where rowtrail.is_unsealed(v.era, v.xid, latest, now_in)
      -- By it the index leaves out what is long sealed.
      and (latest.id is null or latest.ends_era or v.era > latest.era
        or (v.xid::text)::bigint >= (pg_snapshot_xmin(latest.seen)::text)::bigint)
    limit at_most) as u;
end
$$;
comment on function rowtrail.unsealed(bigint) is
  'How many versions no seal has yet, counted up to a bound if one is given, and the time of the oldest; the last seal, and when it was made.';

create or replace function rowtrail.snapshot_of_seal(number bigint)
returns pg_snapshot
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  made rowtrail.seals;
begin
  select s.* into made from rowtrail.seals as s where s.id = number;
  if made.id is null then
    raise exception 'there is no seal %', number
      using errcode = 'no_data_found', hint = 'The page Integrity lists them, and: select id, sealed_at from rowtrail.seals;';
  elsif made.ends_era or made.era <> rowtrail.current_era() then
    raise exception 'seal % was made before the database was restored: its snapshot means nothing here', number
      using errcode = 'no_data_found', hint = format('As of its time instead: %s', made.sealed_at);
  end if;
  return made.seen;
end
$$;
comment on function rowtrail.snapshot_of_seal(bigint) is
  'What a seal saw, for as_of: select * from rowtrail.as_of(null::orders, snapshot => rowtrail.snapshot_of_seal(17));';

revoke all on function
  rowtrail.seal(),
  rowtrail.snapshot_of_seal(bigint),
  rowtrail.leaves_of(rowtrail.seals, rowtrail.seals),
  rowtrail.members_of(rowtrail.seals, rowtrail.seals),
  rowtrail.leaf(rowtrail.versions),
  rowtrail.record(rowtrail.versions),
  rowtrail.record_of(bigint),
  rowtrail.node(bytea, bytea),
  rowtrail.tree_root(bytea),
  rowtrail.seal_root(bigint),
  rowtrail.leaves_hash(bigint),
  rowtrail.log_leaf(bytea),
  rowtrail.with_leaf(bytea, bigint, bytea),
  rowtrail.peaks_root(bytea),
  rowtrail.seal_text(rowtrail.seals),
  rowtrail.system_identifier(),
  rowtrail.is_new_life(rowtrail.seals),
  rowtrail.verify_seal(bigint),
  rowtrail.leaves_in(bigint[], bytea, bit varying),
  rowtrail.version_name(bigint),
  rowtrail.verify_sealed(boolean),
  rowtrail.is_unsealed(int, xid8, rowtrail.seals, int),
  rowtrail.unsealed(bigint)
from public;
grant execute on function
  rowtrail.leaves_of(rowtrail.seals, rowtrail.seals),
  rowtrail.members_of(rowtrail.seals, rowtrail.seals),
  rowtrail.leaf(rowtrail.versions),
  rowtrail.record(rowtrail.versions),
  rowtrail.record_of(bigint),
  rowtrail.node(bytea, bytea),
  rowtrail.tree_root(bytea),
  rowtrail.seal_root(bigint),
  rowtrail.leaves_hash(bigint),
  rowtrail.log_leaf(bytea),
  rowtrail.with_leaf(bytea, bigint, bytea),
  rowtrail.peaks_root(bytea),
  rowtrail.seal_text(rowtrail.seals),
  rowtrail.system_identifier(),
  rowtrail.is_new_life(rowtrail.seals),
  rowtrail.verify_seal(bigint),
  rowtrail.leaves_in(bigint[], bytea, bit varying),
  rowtrail.version_name(bigint),
  rowtrail.verify_sealed(boolean),
  rowtrail.is_unsealed(int, xid8, rowtrail.seals, int),
  rowtrail.unsealed(bigint)
to rowtrail_reader;
grant execute on function rowtrail.seal() to rowtrail_auditor;
grant execute on function rowtrail.snapshot_of_seal(bigint) to rowtrail_reader, rowtrail_limited_reader;
