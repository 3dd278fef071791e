-- Reading, for people in psql. All of it runs with the caller's rights: who may read the history
-- is decided by the grants on rowtrail.versions (role rowtrail_reader has them).

create or replace function rowtrail.history(of_table regclass, key text)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select h.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.row_history(t.id, rowtrail.key_from(t.key_columns, key)) as h
$$;
comment on function rowtrail.history(regclass, text) is
  'The versions of one row, newest first: select * from rowtrail.history(''orders'', 42); a composite key is a JSON array: rowtrail.history(''order_lines'', ''[42, 1]''). changes holds {"column": [old, new]}.';

create or replace function rowtrail.history(of_table regclass, key anyelement)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint)
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
  select h.* from rowtrail.history(of_table, to_jsonb(key) #>> '{}') as h
$$;
comment on function rowtrail.history(regclass, anyelement) is
  'The versions of one row, newest first, by a key of any type: a number, a uuid, a timestamp, a JSON array for a composite key.';

create or replace function rowtrail.registered(of_table regclass)
returns setof rowtrail.tables
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select t.* from rowtrail.tables as t where t.relid = of_table;
  if not found then
    raise exception '% has no history: it was never tracked', rowtrail.full_name(of_table)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(of_table));
  end if;
end
$$;
comment on function rowtrail.registered(regclass) is
  'The registry''s row of a table that is or was tracked; raises undefined_object for another.';

create or replace function rowtrail.row_history(of_table int, key text)
returns table (
  changed_at timestamptz, op text, actor text, login text, changes jsonb, data jsonb,
  row_key text, old_key text, context jsonb, xid xid8, id bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    v.changed_at, rowtrail.op_name(v.op), v.actor, v.login,
    (
      select jsonb_object_agg(o.key, jsonb_build_array(o.value, v.data -> o.key))
      from jsonb_each(v.old) as o
    ),
    v.data, v.row_key, v.old_key, v.context, v.xid, v.id
  from rowtrail.versions as v
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.op <> 'T'
  order by v.id desc
$$;
comment on function rowtrail.row_history(int, text) is
  'What rowtrail.history() gives, by the table''s id in rowtrail.tables: also for a table that was dropped.';

create or replace function rowtrail.op_name(op "char")
returns text
language sql
immutable
parallel safe
as $$
  select case op
    when 'I' then 'insert'
    when 'U' then 'update'
    when 'D' then 'delete'
    when 'T' then 'truncate'
    when 'B' then 'baseline'
  end
$$;
comment on function rowtrail.op_name("char") is 'The word for the letter in rowtrail.versions.op.';

create or replace function rowtrail.key_from(key_columns text[], given text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(key_columns) > 1 then
    -- People write [42,1]; the key is kept as PostgreSQL writes it: [42, 1].
    return rowtrail.short_key(given::jsonb::text);
  end if;
  return rowtrail.short_key(given);
exception when invalid_text_representation then
  raise exception 'a row of this table is named by a JSON array of %, not by %', array_to_string(key_columns, ', '), given
    using errcode = 'invalid_parameter_value', hint = 'For example: ''[42, 1]''.';
end
$$;
comment on function rowtrail.key_from(text[], text) is
  'The key as rowtrail.versions.row_key has it, from what a person wrote.';

create or replace function rowtrail.replay(of_table int)
returns table (row_key text, data jsonb)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with changes as (
    select v.id, v.era, v.xid, v.op, v.row_key, v.old_key, v.data, v.old
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.op <> 'T'
      and v.id > coalesce((
        select max(t.id)
        from rowtrail.versions as t
        where t.table_id = of_table and t.row_key = '' and t.op = 'T'), 0)
  ),
  -- What each change did to a key: it began to stand for a row, or ceased to.
  events as (
    select
      c.row_key as key, c.id, c.era, c.xid,
      case when c.op = 'D' then -1 when c.op in ('I', 'B') or c.old_key is not null then 1 else 0 end as step
    from changes as c
    union all
    select c.old_key, c.id, c.era, c.xid, -1
    from changes as c
    where c.old_key is not null
  ),
  -- Within a transaction a key may pass from one row to another (two rows swap theirs), and begin
  -- anew before the event that ends its former row. Only what the transaction as a whole did to
  -- it counts: the last one that began or ended it; where none did, its first event tells.
  transactions as (
    select
      e.key, e.era, e.xid, sum(e.step) as net, max(e.id) as last_id,
      min(e.step) < 0 and max(e.step) > 0 as is_shared
    from events as e
    group by e.key, e.era, e.xid
  ),
  outcomes as (
    select distinct on (t.key) t.key, t.net
    from transactions as t
    order by t.key, t.net <> 0 desc, t.last_id desc
  ),
  firsts as (
    select distinct on (e.key) e.key, e.step
    from events as e
    order by e.key, e.id
  ),
  -- Where a key stood for two rows in one transaction, its newest image may be that of the row which
  -- left. An image is left when as many changes start from it as lead to it.
  shared as materialized (
    select t.key, t.era, t.xid from transactions as t where t.is_shared
  ),
  steps as (
    select s.*, c.id, c.data::text as image, 1 as step
    from changes as c
    join shared as s on (s.key, s.era, s.xid) = (c.row_key, c.era, c.xid)
    where c.op <> 'D'
    union all
    select s.*, c.id, (c.data || coalesce(c.old, '{}'))::text, -1
    from changes as c
    join shared as s on (s.key, s.era, s.xid) = (coalesce(c.old_key, c.row_key), c.era, c.xid)
    where c.op in ('U', 'D')
  ),
  stays as (
    select s.id, s.step, sum(s.step) over (
      partition by s.key, s.era, s.xid, s.image
      order by s.id desc, s.step desc
      rows unbounded preceding) as net
    from steps as s
  ),
  latest as (
    select distinct on (c.row_key) c.row_key, c.data
    from changes as c
    left join stays as s on s.id = c.id and s.step > 0
    where c.op <> 'D'
    order by c.row_key, coalesce(s.net <= 0, false), c.id desc
  )
  select l.row_key, l.data
  from latest as l
  join outcomes as o on o.key = l.row_key
  join firsts as f on f.key = l.row_key
  where o.net > 0 or (o.net = 0 and f.step <= 0)
$$;
comment on function rowtrail.replay(int) is
  'The rows that a table must have now by its versions alone. Compared with the table by rowtrail.differences().';

create or replace function rowtrail.differences(of_table regclass)
returns table (row_key text, live jsonb, replayed jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
declare
  known rowtrail.tables;
begin
  select t.* into known from rowtrail.tables as t where t.relid = of_table and t.untracked_at is null;
  if known.id is null then
    raise exception '% is not tracked', rowtrail.full_name(of_table)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(of_table));
  end if;
  return query execute format(
    $query$
      with live as (
        select
          rowtrail.short_key(case when cardinality($1) = 1 then r.image ->> $1[1] else (
            select jsonb_agg(r.image -> n.name order by n.place)::text
            from unnest($1) with ordinality as n (name, place)) end) as row_key,
          r.image - $2 as image
        from (select to_jsonb(t.*) as image from %s %s as t) as r
      )
      select coalesce(l.row_key, p.row_key), l.image, p.data
      from live as l
      full join rowtrail.replay($3) as p on p.row_key = l.row_key
      where l.image::text is distinct from p.data::text
      order by 1
    $query$,
    -- Children by INHERITS are tables of their own; partitions are not.
    case when (select c.relkind from pg_class as c where c.oid = of_table) = 'p' then '' else 'only' end,
    rowtrail.full_name(of_table))
  using
    rowtrail.names_of(of_table, known.key_attnums), rowtrail.left_out_of(of_table, known.excluded_attnums), known.id;
end
$$;
comment on function rowtrail.differences(regclass) is
  'Where the table is not what its versions say: no row when the history is complete. Rows that were there before tracking began, are in no baseline and have not changed since count as different; so do rows that were written before a column was added, renamed, changed in type or excluded. Run it as somebody who may read both.';

revoke all on function
  rowtrail.history(regclass, anyelement),
  rowtrail.history(regclass, text),
  rowtrail.row_history(int, text),
  rowtrail.replay(int),
  rowtrail.differences(regclass)
from public;
grant execute on function
  rowtrail.history(regclass, anyelement),
  rowtrail.history(regclass, text),
  rowtrail.row_history(int, text),
  rowtrail.replay(int),
  rowtrail.differences(regclass)
to rowtrail_reader;
