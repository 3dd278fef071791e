-- Reconciliation: is a table what its versions say? As a whole, or in steps, each of which is a short
-- statement of its own. All of it runs with the caller's rights.

create or replace function rowtrail.differences(of_table regclass)
returns table (row_key text, live jsonb, replayed jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
declare
  known constant rowtrail.tables := rowtrail.tracked(of_table);
begin
  return query execute rowtrail.comparison(known, 'whole')
  using known.id, rowtrail.not_compared(known), rowtrail.names_of(of_table, known.key_attnums), rowtrail.compared_hashes(known);
end
$$;
comment on function rowtrail.differences(regclass) is
  'Where the table is not what its versions say: no row when the history is complete. Rows that were there before tracking began, are in no baseline and have not changed since count as different. Of rows that were recorded before a schema change, the columns that it rewrote are not compared until they are recorded again; columns that are ignored never are, hashed ones only for who may hash, and not in rows that were recorded before they were hashed. Run it as somebody who may read both.';

create or replace function rowtrail.differences_from(of_table regclass, place text default null, most int default 20000)
returns table (row_key text, live jsonb, replayed jsonb, next_place text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
-- Rows are looked for by their keys, and blocks by their numbers, also where the planner knows no better.
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  known constant rowtrail.tables := rowtrail.tracked(of_table);
  names constant text[] := rowtrail.names_of(of_table, known.key_attnums);
  after_key text;
  until_key text;
  block bigint;
  blocks bigint;
  parts bigint;
begin
  if most < 1 then
    raise exception 'most is %; it has to be 1 or more', most using errcode = 'invalid_parameter_value';
  end if;
  if rowtrail.key_lookup(known, '') is null then
    return query select d.*, null::text from rowtrail.differences(of_table) as d;
    return;
  end if;
  if place is null or starts_with(place, 'key:') then
    after_key := substr(place, 5);
    until_key := (
      select v.row_key
      from rowtrail.versions as v
      where v.table_id = known.id and (after_key is null or v.row_key > after_key)
      order by v.row_key
      offset most
      limit 1);
    return query execute
      'select d.*, null::text from (' || rowtrail.comparison(known, 'keys') || ') as d'
    using known.id, rowtrail.not_compared(known), names, rowtrail.compared_hashes(known), after_key, until_key;
    next_place := coalesce('key:' || until_key, 'block:0');
  elsif place ~ '^block:[0-9]{1,9}$' then
    block := substr(place, 7);
    -- Each partition has blocks of these numbers.
    select max(pg_relation_size(p.relid)) / current_setting('block_size')::int, count(*)
    into blocks, parts
    from pg_partition_tree(of_table) as p
    where p.isleaf;
    if blocks is null then
      blocks := pg_relation_size(of_table) / current_setting('block_size')::int;
      parts := 1;
    end if;
    -- Of rows of a usual size, about so many.
    parts := greatest(most / (100 * parts), 1);
    return query execute
      'select d.*, null::text from (' || rowtrail.comparison(known, 'blocks') || ') as d'
    using
      known.id, rowtrail.not_compared(known), names, rowtrail.compared_hashes(known),
      format('(%s,0)', block)::tid, format('(%s,0)', least(block + parts, 4294967295))::tid;
    if block + parts < blocks then
      next_place := 'block:' || block + parts;
    end if;
  else
    raise exception '% is no place in a comparison', quote_literal(place)
      using errcode = 'invalid_parameter_value', hint = 'Take one that rowtrail.differences_from() gave.';
  end if;
  if next_place is not null then
    row_key := null;
    live := null;
    replayed := null;
    return next;
  end if;
end
$$;
comment on function rowtrail.differences_from(regclass, text, int) is
  'rowtrail.differences() in steps, each in a snapshot of its own: those among the next about most versions, or rows, from a place on (NULL: the first); the last line of a step has only the place of the next one, and the last step has no such line. First the rows that there must be are looked for by their keys, then those that no version knows, block by block. What is recorded meanwhile makes no difference. A table without a key is compared as a whole.';

create or replace function rowtrail.tracked(of_table regclass)
returns rowtrail.tables
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known rowtrail.tables;
begin
  select t.* into known from rowtrail.tables as t where t.relid = of_table and t.untracked_at is null;
  if known.id is null then
    raise exception '% is not tracked', rowtrail.full_name(of_table)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(of_table));
  end if;
  return known;
end
$$;
comment on function rowtrail.tracked(regclass) is 'What the registry has of a table that is tracked; an error of one that is not.';

create or replace function rowtrail.compared_hashes(known rowtrail.tables)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- Who could hash values could guess them, so most people compare without the hashes.
  select case
    when has_function_privilege('rowtrail.hash_of(int, int2, text)', 'execute') then rowtrail.names_of(known.relid, known.hashed_attnums)
    else '{}'
  end
$$;
comment on function rowtrail.compared_hashes(rowtrail.tables) is 'The hashed columns, where the caller may compare their hashes.';

create or replace function rowtrail.not_compared(known rowtrail.tables)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    array_agg(t.name) filter (
      where t.treatment in ('exclude', 'virtual', 'ignore')
        or (t.treatment = 'hash' and t.name <> all (rowtrail.compared_hashes(known)))),
    '{}')
  from rowtrail.treatments(known) as t
$$;
comment on function rowtrail.not_compared(rowtrail.tables) is 'The columns that rowtrail.differences() leaves out.';

create or replace function rowtrail.comparison(known rowtrail.tables, what text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  of_table constant regclass := known.relid;
  is_plain constant boolean := known.key_attnums <> '{}' and not exists (select from rowtrail.treatments(known));
  gone constant text := case when what = 'blocks' then rowtrail.gone_with_partitions(known.id, rowtrail.unbounded(), null) end;
  -- Children by INHERITS are tables of their own; partitions are not.
  rows_of constant text :=
    case when (select c.relkind from pg_class as c where c.oid = of_table limit 1) = 'p' then '' else 'only ' end
    || rowtrail.full_name(of_table);
begin
  return format(
    $query$
      with %1$s
      live as (
        select %4$s as row_key, i.image, nullif(s.verbatim - $2, '{}') as verbatim, row_number() over (partition by %4$s) as copy
        from %2$s
        cross join lateral %3$s as s (row_key, whole, verbatim)
        cross join lateral (select s.whole - $2 as image) as i
        %5$s
      ),
      replayed as (
        select %4$s as row_key, i.image, nullif(s.verbatim - $2, '{}') as verbatim, row_number() over (partition by %4$s) as copy
        from %6$s as s (row_key, whole, verbatim)
        cross join lateral (select s.whole - $2 as image) as i
      )
      select coalesce(l.row_key, p.row_key) as row_key, l.image as live, p.image as replayed
      from live as l
      %7$s join replayed as p on p.row_key = l.row_key and p.copy = l.copy
      where %8$s (l.image::text, l.verbatim::text) is distinct from (p.image::text, p.verbatim::text)
        -- What a version does not have was excluded then, or was rewritten since: it is not compared.
        and (
          l.image is null
          or p.image is null
          or (p.image::text, p.verbatim::text) is distinct from (
            (
              select jsonb_object_agg(f.key, case when c.is_plain then p.image -> f.key else f.value end)
              from jsonb_each(l.image) as f
              -- Recorded before the column was hashed.
              cross join lateral (select f.key = any ($4) and p.image ->> f.key not like 'sha256:%%' as is_plain) as c
              where p.image ? f.key
            )::text,
            (select jsonb_object_agg(f.key, f.value) from jsonb_each(l.verbatim) as f where p.image ? f.key)::text)
        )
      order by 1
    $query$,
    case when what = 'keys' then
      'held as materialized ('
      || 'select r.row_key, r.data, r.verbatim from rowtrail.replay_until($1, rowtrail.unbounded(), null, null, $5, $6) as r),'
    end,
    case what when 'keys' then rowtrail.key_lookup(known, rows_of) else rows_of || ' as t' end,
    format(
      case
        when is_plain then $shape$(
          select
            rowtrail.short_key(case when cardinality($3) = 1 then i.image ->> $3[1] else (
              select jsonb_agg(i.image -> n.name order by n.place)::text
              from unnest($3) with ordinality as n (name, place)) end),
            i.image, null::jsonb
          from (select to_jsonb(%1$s) as image) as i)$shape$
        else 'rowtrail.stored_row($1, %1$s, %2$L)'
      end,
      case what when 'keys' then 'f.whole' else 't.*' end,
      has_function_privilege('rowtrail.hash_of(int, int2, text)', 'execute')),
    -- Without a key rows are told apart by what is compared.
    case
      when known.key_attnums <> '{}' then 's.row_key'
      else 'encode(sha256(convert_to(i.image::text, getdatabaseencoding())), ''hex'')'
    end,
    case what when 'blocks' then 'where t.ctid >= $5 and t.ctid < $6' else '' end,
    case what
      when 'whole' then 'rowtrail.replay($1)'
      when 'keys' then 'held'
      else
        '(select r.row_key, r.data, r.verbatim from rowtrail.replay_keys($1, rowtrail.unbounded(), null, '
        || 'array(select distinct l.row_key from live as l)) as r where ' || coalesce('not (' || gone || ')', 'true') || ')'
    end,
    case what when 'whole' then 'full' when 'keys' then 'right' else 'left' end,
    -- The others were compared by their keys.
    case what when 'blocks' then 'p.row_key is null and' else '' end);
end
$$;
comment on function rowtrail.comparison(rowtrail.tables, text) is
  'The query of rowtrail.differences() (whole) or of one of the two kinds of steps of rowtrail.differences_from() (keys, blocks). Its parameters: the table''s id, the columns that are not compared, those of the key, those whose hashes are; for keys the key before the first and the last one, for blocks the place of the first row and that after the last.';

create or replace function rowtrail.key_lookup(known rowtrail.tables, rows_of text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with key_index as (
    select i.indexrelid, i.indkey::int2[] as attnums, i.indclass::oid[] as classes
    from pg_index as i
    where i.indrelid = known.relid
      and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
      and (
        select array_agg(u.attnum order by u.attnum)
        from unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
        where u.place <= i.indnkeyatts
      ) = (select array_agg(k.attnum order by k.attnum) from unnest(known.key_attnums) as k (attnum))
    order by i.indisprimary desc, i.indexrelid
    limit 1
  ),
  parts as (
    select
      k.place,
      format('%L, h.data -> %L', 'k' || k.place, a.attname) as given,
      format(
        '%I %s%s', 'k' || k.place, format_type(b.base, b.typmod),
        (
          select format(' collate %I.%I', n.nspname, c.collname)
          from pg_collation as c
          join pg_namespace as n on n.oid = c.collnamespace
          where c.oid = a.attcollation
        )) as declared,
      format('t.%I operator(%I.%s) k.%I', a.attname, n.nspname, o.oprname, 'k' || k.place) as joined
    from key_index as i
    cross join unnest(known.key_attnums) with ordinality as k (attnum, place)
    join pg_attribute as a on a.attrelid = known.relid and a.attnum = k.attnum
    cross join rowtrail.base_type(a.atttypid, a.atttypmod) as b
    -- What JSONB has of others is not what their type reads, or reading it may run what their owner likes.
    join pg_type as y
      on y.oid = b.base
      and y.typcategory <> 'A'
      and (y.typtype in ('b', 'e') or (y.typtype in ('r', 'm') and y.typnamespace = 'pg_catalog'::regnamespace))
    join pg_opclass as f on f.oid = i.classes[array_position(i.attnums, k.attnum) - array_lower(i.attnums, 1) + array_lower(i.classes, 1)]
    join pg_amop as m
      on m.amopfamily = f.opcfamily and m.amoplefttype = f.opcintype and m.amoprighttype = f.opcintype and m.amopstrategy = 3
    join pg_operator as o on o.oid = m.amopopr
    join pg_namespace as n on n.oid = o.oprnamespace
  )
  select format(
    '(select distinct k.* from held as h cross join lateral jsonb_to_record(jsonb_build_object(%s)) as k (%s)) as k cross join lateral (select %s as whole from %s as t where %s offset 0) as f',
    string_agg(p.given, ', ' order by p.place), string_agg(p.declared, ', ' order by p.place),
    format('(t.*)::%s', rowtrail.full_name(known.relid)), rows_of,
    string_agg(p.joined, ' and ' order by p.place))
  from parts as p
  having count(*) > 0 and count(*) = cardinality(known.key_attnums)
$$;
comment on function rowtrail.key_lookup(rowtrail.tables, text) is
  'For rowtrail.comparison(): how each row of rows_of whose key is in held, as f.whole, is found by the index of the key; NULL where there is none, or a column of it is not of a type that is read back from JSONB.';

revoke all on function
  rowtrail.differences(regclass),
  rowtrail.differences_from(regclass, text, int),
  rowtrail.tracked(regclass),
  rowtrail.compared_hashes(rowtrail.tables),
  rowtrail.not_compared(rowtrail.tables),
  rowtrail.comparison(rowtrail.tables, text),
  rowtrail.key_lookup(rowtrail.tables, text)
from public;
grant execute on function
  rowtrail.differences(regclass),
  rowtrail.differences_from(regclass, text, int),
  rowtrail.tracked(regclass),
  rowtrail.compared_hashes(rowtrail.tables),
  rowtrail.not_compared(rowtrail.tables),
  rowtrail.comparison(rowtrail.tables, text),
  rowtrail.key_lookup(rowtrail.tables, text)
to rowtrail_reader;
