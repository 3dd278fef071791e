-- Capture: the triggers' functions. They copy one row change into rowtrail.versions, in the
-- writer's own transaction. They are the only way in: they are owned by rowtrail_capture, which
-- may insert versions and read nothing of the rows in them.
--
-- Trigger arguments, written by rowtrail.attach() from rowtrail.capture_arguments() (tracking.sql):
--   0  id of the table in rowtrail.tables
--   1  the key column, where the key is one column; else ''
--   2  the key columns, as an array literal; '{}' where the table has no key
--   3  what a change without an actor meets: allow, warn or require
--   4  the columns that are not stored as they are, by number, as an array literal; '' for none
--   5  their names, and
--   6  what is done with each: exclude, virtual, hash, ignore, json (its text is kept), nested
--      (it holds json, which may be impossible to store); 'left out' where it is but the first two
--   7.. the columns whose JSON type is fixed, for the comparison of an UPDATE
-- The arguments only make it faster, and may be out of date: a column that they do not name
-- (added, renamed) is compared by the slower way, a key that is no longer there under its name is
-- looked up in the catalogue by its number, and so is a column that bears another name by now.
--
-- The order of changes. AFTER triggers run when their statement has ended, so a trigger or function
-- of the application that writes back can bring a later change of a row here before an earlier one.
-- The place (ctid) of a row chains its changes within a transaction exactly: each starts where the
-- one before it left the row. So a change whose predecessor is still to come is marked (early_in),
-- and what comes later, but happened before, takes one of the ids that the sequence leaves free
-- below it. The ids of one row's versions are in the order of what happened; docs/concepts.md names the limits.
--
-- Speed. In a transaction of one row most of the time goes into making each expression of this
-- function ready to run, once per transaction. So the common change is taken by few and large
-- expressions, and everything else by what follows.

create or replace function rowtrail.capture()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- A session may have it off, as a restore does; every policy here is true for who records.
set row_security = on
-- Stored values must not depend on the session of the writer.
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
declare
  image jsonb;             -- the row after the change; for DELETE the row that went
  before jsonb;            -- the row before an UPDATE
  changed jsonb;           -- what `before` held in the columns that changed
  key text;
  field text;
  compared text[];
begin
  /* in capture_partition() stands here: is the partition one of the table's? */
  if (tg_argv[4] = '' or rowtrail.names_hold(tg_relid, tg_argv[4], tg_argv[5], tg_argv[6]))
    and (
      current_setting('rowtrail.actor', true) ~ '^[ -~]{1,200}$'
      or (tg_argv[3] = 'allow' and coalesce(current_setting('rowtrail.actor', true), '') = '')
    )
  then
    if tg_op = 'INSERT' then
      if new.xmax = '0'::xid /* in capture_partition() stands here: and no move is under way */ then
        image := case when tg_argv[5] = '' then to_jsonb(new) else to_jsonb(new) - tg_argv[5]::text[] end;
        key := coalesce(image ->> tg_argv[1], rowtrail.key_text(tg_argv[0]::int, tg_argv[2]::text[], image, '{}'));
        insert into rowtrail.versions (
          changed_at, xid, table_id, file, new_ctid, op, row_key, actor, login, data, context)
        values (
          clock_timestamp(), pg_current_xact_id(), tg_argv[0]::int, pg_relation_filenode(tg_relid), new.ctid,
          'I', case when octet_length(key) > 1000 then rowtrail.short_key(key) else key end,
          nullif(current_setting('rowtrail.actor', true), ''), session_user, image,
          case when current_setting('rowtrail.context', true) <> ''
            then rowtrail.clean_context(current_setting('rowtrail.context')) end);
        return null;
      end if;
    elsif tg_op = 'UPDATE' then
      -- age <= 0: this transaction, or one after it began, wrote the row before.
      if new.xmax = '0'::xid and age(old.xmin) > 0 then
        -- Compares the bytes: 1.0 to 1.00 is a change.
        if old *= new then
          return null;
        end if;
        image := case when tg_argv[5] = '' then to_jsonb(new) else to_jsonb(new) - tg_argv[5]::text[] end;
        before := case when tg_argv[5] = '' then to_jsonb(old) else to_jsonb(old) - tg_argv[5]::text[] end;
        key := coalesce(image ->> tg_argv[1], rowtrail.key_text(tg_argv[0]::int, tg_argv[2]::text[], image, '{}'));
        if octet_length(key) <= 1000
          and key = coalesce(before ->> tg_argv[1], rowtrail.key_text(tg_argv[0]::int, tg_argv[2]::text[], before, '{}'))
        then
          changed := '{}';
          compared := tg_argv[7:];
          foreach field in array compared loop
            if (before ->> field) is distinct from (image ->> field) then
              changed := changed || jsonb_build_object(field, before -> field);
            end if;
          end loop;
          before := before - compared;
          if before <> '{}' then
            changed := changed || rowtrail.changed_values(before, image);
          end if;
          insert into rowtrail.versions (
            changed_at, xid, table_id, file, old_ctid, new_ctid, op, row_key, actor, login, data, old, context)
          values (
            clock_timestamp(), pg_current_xact_id(), tg_argv[0]::int, pg_relation_filenode(tg_relid), old.ctid, new.ctid,
            'U', key, nullif(current_setting('rowtrail.actor', true), ''), session_user, image, changed,
            case when current_setting('rowtrail.context', true) <> ''
              then rowtrail.clean_context(current_setting('rowtrail.context')) end);
          return null;
        end if;
      end if;
    elsif age(old.xmin) > 0 then
      image := case when tg_argv[5] = '' then to_jsonb(old) else to_jsonb(old) - tg_argv[5]::text[] end;
      key := coalesce(image ->> tg_argv[1], rowtrail.key_text(tg_argv[0]::int, tg_argv[2]::text[], image, '{}'));
      /* in capture_partition() stands here: it may be half of a move */
      insert into rowtrail.versions (
        changed_at, xid, table_id, file, old_ctid, op, row_key, actor, login, data, context)
      values (
        clock_timestamp(), pg_current_xact_id(), tg_argv[0]::int, pg_relation_filenode(tg_relid), old.ctid,
        'D', case when octet_length(key) > 1000 then rowtrail.short_key(key) else key end,
          nullif(current_setting('rowtrail.actor', true), ''), session_user, image,
        case when current_setting('rowtrail.context', true) <> ''
          then rowtrail.clean_context(current_setting('rowtrail.context')) end);
      return null;
    end if;
  end if;

  -- A block of its own: the common change does not wait for its declarations.
  declare
    table_id constant int := tg_argv[0];
    key_before text;
    key_columns constant text[] := tg_argv[2];
    place_before tid;
    place_after tid;
    file constant oid := pg_relation_filenode(tg_relid);  -- a place is one in this file
    follows_own_change boolean := false;
    early_in oid;            -- the file, where the change before this one is not recorded yet
    call_stack text;
    verbatim jsonb;          -- the text of json columns, where JSONB would not give it back
    verbatim_before jsonb;
    numbers int2[];          -- the columns that are not stored as they are
    names text[];
    treatments text[];
    left_out text[] := '{}';
    hashed_numbers int2[] := '{}';
    hashed text[] := '{}';
    ignored text[] := '{}';
    is_ignored_alone boolean := false;
    verbatim_columns text[] := '{}';
    actor text;
    version_id bigint;
    moment timestamptz;
  begin
    if tg_argv[4] <> '' then
      numbers := tg_argv[4];
      names := tg_argv[5];
      treatments := case tg_argv[6] when 'left out' then array_fill('exclude'::text, array[cardinality(numbers)]) else tg_argv[6]::text[] end;
      for place in 1 .. cardinality(numbers) loop
        -- By today's names, also where another column bears the old one: what was excluded is never
        -- stored.
        if names[place] is distinct from (pg_identify_object_as_address(
            'pg_class'::regclass, coalesce(pg_partition_root(tg_relid), tg_relid), numbers[place])).object_names[3] then
          names := rowtrail.todays_names(table_id, tg_relid, numbers, tg_argv[5]::text[]);
        end if;
        case treatments[place]
          when 'exclude', 'virtual' then left_out := left_out || names[place];
          when 'hash' then
            hashed := hashed || names[place];
            hashed_numbers := hashed_numbers || numbers[place];
          when 'ignore' then ignored := ignored || names[place];
          when 'json' then verbatim_columns := verbatim_columns || names[place];
          else null;
        end case;
      end loop;
    end if;

    if tg_op <> 'INSERT' then
      place_before := old.ctid;
      follows_own_change := age(old.xmin) <= 0;
    end if;
    if tg_op <> 'DELETE' then
      place_after := new.ctid;
    end if;
    if tg_op = 'UPDATE' and old *= new and not follows_own_change then
      return null;
    end if;

    if treatments && '{json,nested}' then
      if tg_op <> 'DELETE' then
        select i.image, i.verbatim into image, verbatim
        from rowtrail.image_of(table_id, new, left_out, hashed, verbatim_columns) as i;
      else
        select i.image, i.verbatim into image, verbatim
        from rowtrail.image_of(table_id, old, left_out, hashed, verbatim_columns) as i;
      end if;
      if tg_op = 'UPDATE' then
        select i.image, i.verbatim into before, verbatim_before
        from rowtrail.image_of(table_id, old, left_out, hashed, verbatim_columns) as i;
      end if;
    elsif tg_op = 'INSERT' then
      image := to_jsonb(new);
    elsif tg_op = 'UPDATE' then
      image := to_jsonb(new);
      before := to_jsonb(old);
    else
      image := to_jsonb(old);
    end if;
    image := image - left_out;
    before := before - left_out;
    for place in 1 .. cardinality(hashed) loop
      field := hashed[place];
      -- It may have been dropped.
      continue when not image ? field;
      image := image || jsonb_build_object(field, rowtrail.hash_of(table_id, hashed_numbers[place], image ->> field));
      before := before || jsonb_build_object(field, rowtrail.hash_of(table_id, hashed_numbers[place], before ->> field));
    end loop;

    key := rowtrail.key_text(table_id, key_columns, image, ignored);
    if before is not null then
      key_before := nullif(rowtrail.key_text(table_id, key_columns, before, ignored), key);
      changed := '{}';
      compared := tg_argv[7:];
      foreach field in array compared loop
        if (before ->> field) is distinct from (image ->> field) then
          changed := changed || jsonb_build_object(field, before -> field);
        end if;
      end loop;
      changed := changed || rowtrail.changed_values(before - compared, image);
      foreach field in array verbatim_columns loop
        if coalesce(verbatim ->> field, (image -> field)::text) <> coalesce(verbatim_before ->> field, (before -> field)::text) then
          changed := changed || jsonb_build_object(field, before -> field);
        end if;
      end loop;
    end if;

    if follows_own_change
      and not rowtrail.is_recorded(table_id, coalesce(key_before, key), file, place_before, clock_timestamp())
    then
      -- The change before this one was a suppressed no-op, or is still to come: that can only be
      -- within another statement, by a function or a trigger, which is then on the stack.
      get diagnostics call_stack = pg_context;
      if position(chr(10) in call_stack) > 0 then
        early_in := file;
      end if;
    end if;
    -- What is left out is not in what changed.
    if left_out && ignored and changed = '{}' then
      is_ignored_alone := true;
      foreach field in array array(select unnest(left_out) except select unnest(ignored)) loop
        -- As text, by the types' own output: a cast, or an operator, could be somebody's code.
        execute format('select format(''%%s'', ($1).%1$I) = format(''%%s'', ($2).%1$I) and num_nulls(($1).%1$I) = num_nulls(($2).%1$I)', field)
        into is_ignored_alone using old, new;
        exit when not is_ignored_alone;
      end loop;
    end if;
    -- What changes nothing that counts is a link of the chain too, where the chain is needed.
    if tg_op = 'UPDATE' and key_before is null
      and (
        old *= new
        or (changed <> '{}' and changed - ignored = '{}')
        or is_ignored_alone
      )
      and early_in is null
      and not (follows_own_change and rowtrail.has_early_versions(table_id, key, clock_timestamp()))
    then
      return null;
    end if;
    -- The row was written or locked again before this change is recorded.
    if place_after is not null and new.xmax <> '0'::xid then
      select b.id, b.changed_at
      into version_id, moment
      from rowtrail.id_before_what_followed(
        table_id, key, coalesce(key_before, key), file, place_before, place_after, early_in is not null,
        clock_timestamp()) as b;
    end if;

    actor := rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200);
    if actor is null and tg_argv[3] <> 'allow' then
      perform rowtrail.miss_actor(table_id, tg_argv[3]);
    end if;

    /* in capture_partition() stands here: is it half of a move? */
    insert into rowtrail.versions (
      id, changed_at, xid, table_id, file, early_in, old_ctid, new_ctid, op, row_key, old_key,
      actor, login, data, old, verbatim, context)
    values (
      coalesce(version_id, nextval('rowtrail.version_id')),
      coalesce(moment, clock_timestamp()),
      pg_current_xact_id(), table_id, file, early_in, place_before, place_after,
      left(tg_op, 1)::"char", key, key_before,
      actor, session_user, image, changed, verbatim,
      case when current_setting('rowtrail.context', true) <> ''
        then rowtrail.clean_context(current_setting('rowtrail.context')) end);
    return null;
  end;
end
$$;
comment on function rowtrail.capture() is
  'Row trigger of a tracked table that is not partitioned: records one change as one version. Attached by rowtrail.track(), never by hand.';

-- The owner of a partitioned table makes partitions later; PostgreSQL then clones the trigger with
-- the rights of that owner, who must have EXECUTE on its function. So it is another function, which
-- everybody may attach and which refuses what is not a partition of the table that it was told, or
-- was told anything else than rowtrail.track() says.
create or replace function rowtrail.capture_partition_definition()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select replace(replace(replace(replace(replace(
    pg_get_functiondef('rowtrail.capture()'::regprocedure), 'FUNCTION rowtrail.capture()', 'FUNCTION rowtrail.capture_partition()'),
    '/* in capture_partition() stands here: is the partition one of the table''s? */',
    $check$if tg_name <> '!rowtrail_capture' or tg_when <> 'AFTER' or tg_level <> 'ROW' or not exists (
    select
    from rowtrail.tables as t
    where t.id = tg_argv[0]::int and t.relid = pg_partition_root(tg_relid) and t.capture_arguments = tg_argv[0:]
  ) then
    perform rowtrail.require_new_snapshot(tg_relid::regclass::text);
    raise exception 'rowtrail cannot record this change: the trigger of table % was not made by rowtrail.track()', tg_relid::regclass::text
      using errcode = 'insufficient_privilege', hint = 'Let the owner of the table drop that trigger and run rowtrail.track().';
  end if;$check$),
    -- An UPDATE that moves a row to another partition comes as a DELETE there and an INSERT here. Both bear
    -- the number of its command, unless the row was this transaction's own: then cmax may mean another.
    '/* in capture_partition() stands here: and no move is under way */',
    $move$and coalesce(current_setting('rowtrail.moving', true), '') = ''$move$),
    '/* in capture_partition() stands here: it may be half of a move */',
    $move$perform set_config(
        'rowtrail.moving', concat_ws(' ', tg_argv[0], tg_relid, pg_relation_filenode(tg_relid), old.cmax, key), true);$move$),
    '/* in capture_partition() stands here: is it half of a move? */',
    $move$if tg_op = 'DELETE' then
      perform set_config(
        'rowtrail.moving',
        case when follows_own_change then '' else concat_ws(' ', table_id, tg_relid, file, old.cmax, key) end,
        true);
    elsif tg_op = 'INSERT' and new.xmax = '0'::xid and current_setting('rowtrail.moving', true) <> '' then
      key_before := rowtrail.moved_from(table_id, tg_relid, new.cmin, key, clock_timestamp());
      if key_before is not null then
        perform set_config('rowtrail.moving', '', true);
      end if;
    end if;$move$)
$$;
comment on function rowtrail.capture_partition_definition() is
  'How rowtrail.capture_partition() is made from rowtrail.capture().';

do $do$
begin
  execute rowtrail.capture_partition_definition();
end
$do$;
comment on function rowtrail.capture_partition() is
  'Row trigger of tracked partitioned tables: rowtrail.capture(), and the check that the partition is one of the table''s.';

create or replace function rowtrail.capture_truncate()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
declare
  actor text := nullif(current_setting('rowtrail.actor', true), '');
  context text := nullif(current_setting('rowtrail.context', true), '');
begin
  if actor is null and tg_argv[1] <> 'allow' then
    perform rowtrail.miss_actor(tg_argv[0]::int, tg_argv[1]);
  end if;
  insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, actor, login, context)
  values (
    clock_timestamp(), pg_current_xact_id(), tg_argv[0]::int, 'T', '',
    rowtrail.clean(actor, 200), session_user,
    case when context is not null then rowtrail.clean_context(context) end);
  return null;
end
$$;
comment on function rowtrail.capture_truncate() is
  'Statement trigger of every tracked table: records a TRUNCATE as one marker. Attached by rowtrail.track(), never by hand.';

create or replace function rowtrail.capture_truncated_rows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set row_security = on
-- As in rowtrail.capture().
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set quote_all_identifiers = off
as $$
begin
  -- It may have been forced since rowtrail.track(): rows would be missing, and a policy is code of the
  -- table's owner, which must not run with the rights of this function.
  perform rowtrail.require_no_row_security(tg_relid, 'a TRUNCATE');
  perform rowtrail.require_no_code(tg_relid, 'a TRUNCATE');
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'rowtrail cannot record this TRUNCATE of %: it removes rows that a % transaction does not see',
      rowtrail.full_name(tg_relid), current_setting('transaction_isolation')
      using
        errcode = 'invalid_transaction_state',
        hint = 'Truncate in a READ COMMITTED transaction, or use DELETE; or let the owner of the table run rowtrail.track() with truncate_rows => false.';
  end if;
  execute format(
    $query$
      insert into rowtrail.versions (
        changed_at, xid, table_id, file, old_ctid, op, row_key, actor, login, data, verbatim, context)
      select
        clock_timestamp(), pg_current_xact_id(), $1, pg_relation_filenode(t.tableoid), t.ctid, 'D', s.row_key,
        rowtrail.clean($2, 200), session_user, s.data, s.verbatim,
        case when $3 <> '' then rowtrail.clean_context($3) end
      from %s %s as t
      cross join lateral rowtrail.stored_row($1, t.*) as s
    $query$,
    -- Children by INHERITS are truncated with the table, and have triggers of their own.
    case when (select c.relkind from pg_class as c where c.oid = tg_relid limit 1) = 'p' then '' else 'only' end,
    rowtrail.full_name(tg_relid))
  using
    tg_argv[0]::int, nullif(current_setting('rowtrail.actor', true), ''), current_setting('rowtrail.context', true);
  return null;
end
$$;
comment on function rowtrail.capture_truncated_rows() is
  'Statement trigger of a table tracked with truncate_rows: records each row that a TRUNCATE is about to remove. Reads by the SELECT privilege that the owner grants to rowtrail_capture for it.';

create or replace function rowtrail.miss_actor(of_table int, policy text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  full_name constant text := (
    select format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name))
    from rowtrail.tables as t
    left join pg_class as c on c.oid = t.relid
    left join pg_namespace as n on n.oid = c.relnamespace
    where t.id = of_table);
  mend constant text := 'Name it in the transaction of the change: select set_config(''rowtrail.actor'', ''alice'', true);';
begin
  if policy = 'require' then
    raise exception 'no change of % is taken without an actor', full_name
      using errcode = 'check_violation', hint = mend;
  elsif coalesce(current_setting('rowtrail.warned', true), '') = '' then
    -- Once a transaction, however many rows it changes.
    perform set_config('rowtrail.warned', 'on', true);
    raise warning 'a change of % names no actor', full_name using hint = mend;
  end if;
end
$$;
comment on function rowtrail.miss_actor(int, text) is
  'Refuses a change that names no actor, or warns of it, by the policy of the table.';

create or replace function rowtrail.moved_from(
  of_table int, target regclass, command cid, key text, today timestamptz)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  -- What the DELETE left. Anybody can set this, so nothing of it is believed before it is found true.
  moving constant text[] := regexp_match(
    current_setting('rowtrail.moving', true), e'^([0-9]{1,10}) ([0-9]{1,10}) ([0-9]{1,10}) ([0-9]{1,10}) (\\[.*\\])$');
begin
  if moving is null
    or moving[1] <> of_table::text
    or moving[2]::oid = target
    or moving[4] <> command::text
    or key not like '[%]'
    or not exists (
      select from rowtrail.versions as v
      where v.table_id = of_table
        and v.row_key between moving[5] and moving[5]
        and v.xid = pg_current_xact_id()
        and v.op = 'D'
        and v.file::text = moving[3]
        and v.changed_at between now() - interval '1 day' and today + interval '1 day')
  then
    return null;
  end if;
  -- One command can also delete a row and insert another (MERGE, WITH). That it is the same row
  -- shows in the key: only columns by which partitions are chosen may differ, and not all.
  return (
    select case when bool_or(k.is_same) and bool_and(k.is_same or k.is_partitioned_by) then moving[5] end
    from (
      select
        (moving[5]::jsonb -> (n.place::int - 1))::text = (key::jsonb -> (n.place::int - 1))::text as is_same,
        exists (
          select
          from unnest(array[moving[2]::oid, target]) as leaf (relid)
          cross join lateral pg_partition_ancestors(leaf.relid) as above
          join pg_partitioned_table as p on p.partrelid = above.relid
          join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
          where a.attname = n.name
        ) as is_partitioned_by
      from rowtrail.tables as t
      cross join lateral unnest(rowtrail.names_of(t.relid, t.key_attnums)) with ordinality as n (name, place)
      where t.id = of_table
    ) as k);
end
$$;
comment on function rowtrail.moved_from(int, regclass, cid, text, timestamptz) is
  'The key of the row before the UPDATE that moved it here from another partition; NULL for a row that is new.';

-- The look-ups of the order. They must be quick in a transaction that fills a partition of which
-- the planner has no statistics yet, so each leaves it one way only: the index by key. A key
-- BETWEEN itself and itself is not folded into a constant, so only that index gives the order.

create or replace function rowtrail.is_recorded(
  of_table int, key text, in_file oid, place tid, today timestamptz)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  newest record;
begin
  -- Mostly the newest version of the key is it. The bounds spare the other partitions: a change of
  -- this transaction is not older than it, give or take a clock that was set.
  select v.id, v.xid, v.file, v.new_ctid
  into newest
  from rowtrail.versions as v
  where v.table_id = of_table
    and v.row_key between key and key
    and v.changed_at between now() - interval '1 day' and today + interval '1 day'
  order by v.row_key desc, v.id desc
  limit 1;
  if newest.xid = pg_current_xact_id() and newest.file = in_file and newest.new_ctid = place then
    return newest.id > rowtrail.last_truncate(of_table, today);
  end if;
  return rowtrail.id_of_change_to(of_table, key, in_file, place, today) is not null;
end
$$;
comment on function rowtrail.is_recorded(int, text, oid, tid, timestamptz) is
  'Whether the change by which this transaction left the row at this place has its version.';

create or replace function rowtrail.id_of_change_to(
  of_table int, key text, in_file oid, place tid, today timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return (
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key between key and key
      and v.xid = pg_current_xact_id()
      and v.file = in_file
      and v.new_ctid = place
      and v.changed_at between now() - interval '1 day' and today + interval '1 day'
      and v.id > rowtrail.last_truncate(of_table, today)
    order by v.row_key desc, v.id desc
    limit 1);
end
$$;
comment on function rowtrail.id_of_change_to(int, text, oid, tid, timestamptz) is
  'The version of the change by which this transaction left the row at this place.';

create or replace function rowtrail.last_truncate(of_table int, today timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  -- It may give the places out anew.
  return coalesce((
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key between '' and ''
      and v.xid = pg_current_xact_id()
      and v.op = 'T'
      and v.changed_at between now() - interval '1 day' and today + interval '1 day'
    order by v.row_key desc, v.id desc
    limit 1), 0);
end
$$;
comment on function rowtrail.last_truncate(int, timestamptz) is
  'The newest marker of a TRUNCATE by this transaction; 0 for none.';

create or replace function rowtrail.has_early_versions(of_table int, key text, today timestamptz)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return (
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.row_key between key and key
      and v.xid = pg_current_xact_id()
      and v.early_in is not null
      and v.changed_at between now() - interval '1 day' and today + interval '1 day'
    order by v.row_key desc, v.id desc
    limit 1) is not null;
end
$$;
comment on function rowtrail.has_early_versions(int, text, timestamptz) is
  'Whether a change of this row was recorded, in this transaction, before the one that led to it.';

create or replace function rowtrail.id_before_what_followed(
  of_table int, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean,
  today timestamptz, out id bigint, out changed_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  former constant bigint := rowtrail.id_of_change_to(of_table, key_before, in_file, place_before, today);
  after_id constant bigint := coalesce(former, rowtrail.last_truncate(of_table, today));
  follower record;
  highest bigint;
  lowest bigint;
  taken bigint[];
begin
  select v.id, v.changed_at, (v.file, v.old_ctid) = (in_file, place_after) as is_next
  into follower
  from rowtrail.of_key_today(of_table, key, today) as v
  where v.early_in is not null
    and v.id > after_id
    and (
      (v.file, v.old_ctid) = (in_file, place_after)
      -- Others are still to come between this change and that one.
      or (
        place_before is not null
        and not is_early
        and (
          former is not null
          or rowtrail.id_of_change_to(of_table, coalesce(v.old_key, v.row_key), v.file, v.old_ctid, today) is null
        )
      )
    )
  order by v.id
  limit 1;
  if follower.id is null then
    return;
  end if;

  -- The ids between two of the sequence are for the row whose early change took the upper one. Where
  -- keys change, versions of other keys are among them: this row's, and those of rows that met it.
  select max(v.id)
  into highest
  from rowtrail.of_key_today(of_table, key, today) as v
  where v.id < follower.id;
  lowest := greatest(highest, after_id, (follower.id - 1) / 100 * 100) + 1;
  taken := array(
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.id between lowest and follower.id
      and v.changed_at between now() - interval '1 day' and today + interval '1 day');
  -- An early change leaves room below it.
  select case when is_early then max(free.id) else min(free.id) end
  into id
  from generate_series(lowest, follower.id - 1) as free (id)
  where free.id <> all (taken);
  changed_at := follower.changed_at;
  if id is null then
    raise exception 'rowtrail cannot record this change: more than 99 changes of row % of table number % came out of order',
      left(key, 80), of_table
      using
        errcode = 'program_limit_exceeded',
        hint = 'Triggers of the application write this row again and again within one statement.';
  end if;
end
$$;
comment on function rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz) is
  'A free id below that of a later change of the row that is already recorded, and its time; nothing where there is none.';

create or replace function rowtrail.of_key_today(of_table int, key text, today timestamptz)
returns table (
  id bigint, changed_at timestamptz, row_key text, old_key text, file oid, early_in oid, old_ctid tid, new_ctid tid)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return query
    (
      select v.id, v.changed_at, v.row_key, v.old_key, v.file, v.early_in, v.old_ctid, v.new_ctid
      from rowtrail.versions as v
      where v.table_id = of_table
        and v.row_key between key and key
        and v.xid = pg_current_xact_id()
        and v.changed_at between now() - interval '1 day' and today + interval '1 day'
      order by v.row_key desc, v.id desc
    )
    union all
    (
      select v.id, v.changed_at, v.row_key, v.old_key, v.file, v.early_in, v.old_ctid, v.new_ctid
      from rowtrail.versions as v
      where v.table_id = of_table
        and v.old_key between key and key
        and v.row_key <> key
        and v.op = 'U'
        and v.xid = pg_current_xact_id()
        and v.changed_at between now() - interval '1 day' and today + interval '1 day'
      order by v.old_key desc, v.id desc
    );
end
$$;
comment on function rowtrail.of_key_today(int, text, timestamptz) is
  'What this transaction recorded of a key, or of the row that left it.';

revoke all on function
  rowtrail.capture(),
  rowtrail.capture_truncate(),
  rowtrail.capture_truncated_rows(),
  rowtrail.miss_actor(int, text),
  rowtrail.moved_from(int, regclass, cid, text, timestamptz),
  rowtrail.is_recorded(int, text, oid, tid, timestamptz),
  rowtrail.id_of_change_to(int, text, oid, tid, timestamptz),
  rowtrail.last_truncate(int, timestamptz),
  rowtrail.has_early_versions(int, text, timestamptz),
  rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz),
  rowtrail.of_key_today(int, text, timestamptz)
from public;
grant execute on function rowtrail.capture_partition() to public;
grant execute on function rowtrail.miss_actor(int, text) to rowtrail_capture;

-- An owner of a function must be able to create one in its schema, so it is lent that right.
grant create on schema rowtrail to rowtrail_capture;
alter function rowtrail.capture() owner to rowtrail_capture;
alter function rowtrail.capture_partition() owner to rowtrail_capture;
alter function rowtrail.capture_truncate() owner to rowtrail_capture;
alter function rowtrail.capture_truncated_rows() owner to rowtrail_capture;
alter function rowtrail.moved_from(int, regclass, cid, text, timestamptz) owner to rowtrail_capture;
alter function rowtrail.is_recorded(int, text, oid, tid, timestamptz) owner to rowtrail_capture;
alter function rowtrail.id_of_change_to(int, text, oid, tid, timestamptz) owner to rowtrail_capture;
alter function rowtrail.last_truncate(int, timestamptz) owner to rowtrail_capture;
alter function rowtrail.has_early_versions(int, text, timestamptz) owner to rowtrail_capture;
alter function rowtrail.id_before_what_followed(int, text, text, oid, tid, tid, boolean, timestamptz)
  owner to rowtrail_capture;
alter function rowtrail.of_key_today(int, text, timestamptz) owner to rowtrail_capture;
revoke create on schema rowtrail from rowtrail_capture;
