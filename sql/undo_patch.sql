-- A plan (undo_plan.sql) written down as SQL that a person reads and runs.

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

revoke all on function
  rowtrail.undo_patch(int[], bigint[], text[], text),
  rowtrail.undo_columns(int),
  rowtrail.undo_value(jsonb, jsonb, text),
  rowtrail.undo_literal(text),
  rowtrail.undo_guard(jsonb, text, jsonb, text),
  rowtrail.undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint),
  rowtrail.undo_tag(text),
  rowtrail.undo_table(int, int[])
from public;
grant execute on function
  rowtrail.undo_patch(int[], bigint[], text[], text),
  rowtrail.undo_columns(int),
  rowtrail.undo_value(jsonb, jsonb, text),
  rowtrail.undo_literal(text),
  rowtrail.undo_guard(jsonb, text, jsonb, text),
  rowtrail.undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint),
  rowtrail.undo_tag(text),
  rowtrail.undo_table(int, int[])
to rowtrail_reader;
