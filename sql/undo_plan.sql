-- What has to be done to put rows back, row by row, and what stands against it. The head of undo.sql
-- says how that comes about.

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

-- Pins no setting, so that it is inlined.
create or replace function rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions)
returns boolean
language sql
stable
as $$
  select rowtrail.undo_led_from(next) = version_id
$$;
comment on function rowtrail.undo_leads_to(bigint, rowtrail.versions) is
  'Whether the next version is of the row as the version with this id left it.';

create or replace function rowtrail.undo_led_from(next rowtrail.versions)
returns bigint
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
    return newest.id;
  end if;
  return coalesce(
    (
      select v.id
      from rowtrail.versions as v
      where v.table_id = next.table_id
        and v.row_key = source
        and v.id < next.id
        and v.file = next.file
        and v.new_ctid = next.old_ctid
      order by v.id desc
      limit 1
    ),
    newest.id);
end
$$;
comment on function rowtrail.undo_led_from(rowtrail.versions) is
  'The version that left the row as this one found it.';

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
        where t.table_id = of_table and t.row_key = '' and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped')) and t.id < truncate_id), -9223372036854775807)
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
  erased text[];           -- the columns of which values were erased from the history
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
      (
        select array_agg(distinct coalesce(m.names ->> f.name, f.name))
        from unnest(v.erased) as e (place)
        cross join lateral (select substring(e.place from '^(?:data|old|verbatim)\.(.*)$') as name) as f
        where f.name is not null
      ) as erased,
      coalesce(v.erased && '{row_key,old_key}', false) as is_key_erased,
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
      erased := '{}';
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
    erased := erased || coalesce(step.erased, '{}');
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
        if field = any (erased) then
          wanted := wanted - field;
          problems := problems || jsonb_build_object('column_name', field, 'problem', 'the value was erased from the history', 'id', id);
        elsif (image -> field)::text is not distinct from (wanted -> field)::text
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
      elsif step.is_key_erased then
        problems := problems || jsonb_build_object('problem', 'the key of the row was erased from the history', 'id', id);
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
        foreach field in array array(select distinct e from unnest(erased) as e where image ? e order by e) loop
          problems := problems || jsonb_build_object('column_name', field, 'problem', 'the value was erased from the history', 'id', id);
        end loop;
        image := image - unknown - erased;
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
      select max(e.id) from rowtrail.versions as e where e.table_id = of_table and e.row_key = '' and (e.op = 'T' or (e.op = 'S' and e.data ? 'dropped'))), -9223372036854775807)
$$;
comment on function rowtrail.undo_copies(int, jsonb) is
  'How many rows that hold this a table without a key has now, by its versions.';

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
  rowtrail.undo_chains(int[], bigint[], text[]),
  rowtrail.undo_leads_to(bigint, rowtrail.versions),
  rowtrail.undo_led_from(rowtrail.versions),
  rowtrail.undo_rows_before(int, bigint, text),
  rowtrail.undo_plan(int[], bigint[], text[]),
  rowtrail.undo_occupant(int, text, bigint),
  rowtrail.undo_copies(int, jsonb),
  rowtrail.undo_references(int[]),
  rowtrail.undo_ranks(int[])
from public;
grant execute on function
  rowtrail.undo_chains(int[], bigint[], text[]),
  rowtrail.undo_leads_to(bigint, rowtrail.versions),
  rowtrail.undo_led_from(rowtrail.versions),
  rowtrail.undo_rows_before(int, bigint, text),
  rowtrail.undo_plan(int[], bigint[], text[]),
  rowtrail.undo_occupant(int, text, bigint),
  rowtrail.undo_copies(int, jsonb),
  rowtrail.undo_references(int[]),
  rowtrail.undo_ranks(int[])
to rowtrail_reader;
