--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: rowtrail; Type: SCHEMA; Schema: -; Owner: rowtrail_owner
--

CREATE SCHEMA rowtrail;


ALTER SCHEMA rowtrail OWNER TO rowtrail_owner;

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: shop_owner
--

CREATE SCHEMA shop;


ALTER SCHEMA shop OWNER TO shop_owner;

--
-- Name: boundary; Type: TYPE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TYPE rowtrail.boundary AS (
	until timestamp with time zone,
	seen pg_snapshot,
	era integer,
	event_id bigint
);


ALTER TYPE rowtrail.boundary OWNER TO rowtrail_owner;

--
-- Name: TYPE boundary; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TYPE rowtrail.boundary IS 'Which versions count: those up to a moment, by transactions that a snapshot sees (all, where it is NULL) or of an era before its own. event_id is the last schema change of the table within it; 0 for none, NULL for all.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: tables; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.tables (
    id integer NOT NULL,
    relid oid NOT NULL,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    key_columns text[] NOT NULL,
    key_attnums smallint[] NOT NULL,
    excluded_columns text[] DEFAULT '{}'::text[] NOT NULL,
    excluded_attnums smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    hashed_columns text[] DEFAULT '{}'::text[] NOT NULL,
    hashed_attnums smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    ignored_columns text[] DEFAULT '{}'::text[] NOT NULL,
    ignored_attnums smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    kept_attnums smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    truncate_rows boolean DEFAULT false NOT NULL,
    is_erasable boolean DEFAULT false NOT NULL,
    erasable_since timestamp with time zone,
    capture_arguments text[] DEFAULT '{}'::text[] NOT NULL,
    keyed_since timestamp with time zone,
    actor_policy text DEFAULT 'allow'::text NOT NULL,
    tracked_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tracked_by text NOT NULL,
    untracked_at timestamp with time zone,
    baseline_at timestamp with time zone,
    baseline_id bigint,
    baseline_after text[],
    baseline_done_at timestamp with time zone,
    shape jsonb,
    partitions jsonb,
    is_rewritten boolean DEFAULT false NOT NULL,
    rewritten_at timestamp with time zone,
    retention interval,
    retired_until timestamp with time zone,
    complete_from timestamp with time zone,
    imported_until timestamp with time zone,
    known_since timestamp with time zone,
    CONSTRAINT tables_actor_policy CHECK ((actor_policy = ANY (ARRAY['allow'::text, 'warn'::text, 'require'::text]))),
    CONSTRAINT tables_untracked_after_tracked CHECK ((untracked_at >= tracked_since))
);


ALTER TABLE rowtrail.tables OWNER TO rowtrail_owner;

--
-- Name: TABLE tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.tables IS 'The registry: one row per table that is or was tracked, with its name and key as last seen.';


--
-- Name: COLUMN tables.id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.id IS 'what versions and URLs name the table by; stays through renames and restores';


--
-- Name: COLUMN tables.relid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.relid IS 'the table in pg_class';


--
-- Name: COLUMN tables.schema_name; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.schema_name IS 'its schema as last seen';


--
-- Name: COLUMN tables.table_name; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.table_name IS 'its name as last seen';


--
-- Name: COLUMN tables.key_columns; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.key_columns IS 'the columns that tell whose history a version is, in order';


--
-- Name: COLUMN tables.key_attnums; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.key_attnums IS 'their numbers, which they keep when they are renamed';


--
-- Name: COLUMN tables.excluded_columns; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.excluded_columns IS 'the columns that are never stored';


--
-- Name: COLUMN tables.excluded_attnums; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.excluded_attnums IS 'their numbers';


--
-- Name: COLUMN tables.hashed_columns; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.hashed_columns IS 'the columns of which only a salted SHA-256 is stored';


--
-- Name: COLUMN tables.hashed_attnums; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.hashed_attnums IS 'their numbers';


--
-- Name: COLUMN tables.ignored_columns; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.ignored_columns IS 'the columns that make no version when only they changed';


--
-- Name: COLUMN tables.ignored_attnums; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.ignored_attnums IS 'their numbers';


--
-- Name: COLUMN tables.kept_attnums; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.kept_attnums IS 'the columns named like secrets that are stored all the same';


--
-- Name: COLUMN tables.truncate_rows; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.truncate_rows IS 'whether each row of a TRUNCATE is recorded, before its marker';


--
-- Name: COLUMN tables.is_erasable; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.is_erasable IS 'whether its versions are sealed so that values of them can be erased';


--
-- Name: COLUMN tables.erasable_since; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.erasable_since IS 'when some of them first were to be sealed so; NULL for never';


--
-- Name: COLUMN tables.capture_arguments; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.capture_arguments IS 'the arguments of the capture trigger, as it was made';


--
-- Name: COLUMN tables.keyed_since; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.keyed_since IS 'when rows began to be told apart as they are now; NULL for always';


--
-- Name: COLUMN tables.actor_policy; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.actor_policy IS 'what a change without an actor meets: allow, warn or require';


--
-- Name: COLUMN tables.tracked_since; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.tracked_since IS 'when tracking began, or began again';


--
-- Name: COLUMN tables.tracked_by; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.tracked_by IS 'the login that began it';


--
-- Name: COLUMN tables.untracked_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.untracked_at IS 'when tracking ended; NULL while it goes on';


--
-- Name: COLUMN tables.baseline_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.baseline_at IS 'when the baseline began: the time of its versions';


--
-- Name: COLUMN tables.baseline_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.baseline_id IS 'the last id that the baseline has used of those reserved for it';


--
-- Name: COLUMN tables.baseline_after; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.baseline_after IS 'the key, as text, up to which rows are recorded';


--
-- Name: COLUMN tables.baseline_done_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.baseline_done_at IS 'when the baseline was complete';


--
-- Name: COLUMN tables.shape; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.shape IS 'its name and columns as the last schema change that is recorded left them';


--
-- Name: COLUMN tables.partitions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.partitions IS 'the partitions that held its rows then, and what tells their rows';


--
-- Name: COLUMN tables.is_rewritten; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.is_rewritten IS 'a schema change that rewrites it is under way, or was not recorded';


--
-- Name: COLUMN tables.rewritten_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.rewritten_at IS 'the last schema change that gave its rows other values';


--
-- Name: COLUMN tables.retention; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.retention IS 'how long its history is kept; NULL for ever';


--
-- Name: COLUMN tables.retired_until; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.retired_until IS 'what was older than that has been looked at, and retired if it could';


--
-- Name: COLUMN tables.complete_from; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.complete_from IS 'what was not needed since then was retired; NULL where nothing was';


--
-- Name: COLUMN tables.imported_until; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.imported_until IS 'the time of the newest version that came by an import';


--
-- Name: COLUMN tables.known_since; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.tables.known_since IS 'since when all its rows were recorded here: its first baseline';


--
-- Name: add_event(rowtrail.tables, text, jsonb, text, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint DEFAULT NULL::bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint) IS 'Adds an event to the time line of a table that leaves its columns as they are: what was done with its history.';


--
-- Name: add_month(timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.add_month(month timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  ends constant timestamptz := month + interval '1 month';
  most constant bigint := 10000;
  there bigint;
begin
  if month <= now() and ends > now() then
    -- Who waited for the default partition would find that it does not take this month any more, and
    -- fail. So they wait before they have chosen one; and for nothing else than the move.
    perform rowtrail.execute_patiently(
      'lock table only rowtrail.versions in share row exclusive mode; lock table rowtrail.versions_default in access exclusive mode');
  else
    -- Who would record there waits, so that what is counted and moved is all there is.
    perform rowtrail.execute_patiently('lock table rowtrail.versions_default in share row exclusive mode');
  end if;
  select count(*) into there
  from (select from rowtrail.versions_default as v where v.changed_at >= month and v.changed_at < ends limit most + 1) as v;
  if there > most and ends > now() then
    raise warning 'no partition is made for %: rowtrail.versions_default holds more than % versions of that month', to_char(month, 'YYYY-MM'), most
      using hint = 'They are recorded and readable where they are, and moved when the month is over.';
    return false;
  end if;
  if to_regclass(format('rowtrail.%I', rowtrail.name_of_month(month))) is null then
    perform rowtrail.make_month(rowtrail.name_of_month(month));
  end if;
  if there > 0 then
    perform rowtrail.move_to_month(month);
  end if;
  perform rowtrail.attach_month(rowtrail.name_of_month(month), month, ends);
  return true;
end
$$;


ALTER FUNCTION rowtrail.add_month(month timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION add_month(month timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.add_month(month timestamp with time zone) IS 'Makes the partition of a month, and moves into it what the default partition has of that month; false where that would keep writers waiting.';


--
-- Name: after_imports(integer, rowtrail.boundary); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- A row of which the baseline found nothing was gone by then, whether the source knew it or not.
  select 0
  from rowtrail.tables as t
  where t.id = of_table and t.imported_until is not null and rowtrail.is_reached(bound, t.known_since)
$$;


ALTER FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION after_imports(of_table integer, bound rowtrail.boundary); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) IS 'The id after which the versions of a table with a key count: 0, above all that were imported, once all its rows were recorded here; else NULL.';


--
-- Name: as_of(anyelement, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone DEFAULT NULL::timestamp with time zone, transaction text DEFAULT NULL::text, snapshot pg_snapshot DEFAULT NULL::pg_snapshot) RETURNS SETOF anyelement
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    AS $_$
declare
  relation constant regclass := (
    select y.typrelid from pg_type as y where y.oid = pg_typeof(of_row) and y.typrelid <> 0);
  known rowtrail.tables;
  bound rowtrail.boundary;
  hashed text[];
  said text;
  first_version record;
begin
  if relation is null then
    raise exception 'a row of the table says which one is meant, not %', pg_typeof(of_row)
      using errcode = 'wrong_object_type', hint = 'For example: select * from rowtrail.as_of(null::orders, ''2026-11-01 12:00Z'');';
  end if;
  known := rowtrail.registered(relation);
  bound := rowtrail.boundary_of(known.id, null, moment, transaction, snapshot);
  hashed := rowtrail.names_of(relation, known.hashed_attnums);
  begin
    return query execute format(
      'select %s from rowtrail.replay_until($1, $2, $3) as r cross join lateral jsonb_populate_record(null::%s, %s) as p',
      (
        select string_agg(
          case
            when a.atttypid = 'json'::regtype then format('coalesce((r.verbatim ->> %1$L)::json, p.%1$I)', a.attname)
            else format('p.%I', a.attname)
          end,
          ', ' order by a.attnum)
        from pg_attribute as a
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
      ),
      rowtrail.full_name(relation),
      case when hashed = '{}' then 'r.data' else 'rowtrail.without_hashes(r.data, $4)' end)
    using
      known.id, bound,
      -- Of a table that was dropped since, the columns of that day are the nearest.
      (
        select bound.event_id
        where exists (
          select from rowtrail.versions as v
          where v.table_id = known.id and v.row_key = '' and v.op = 'S' and v.data ? 'dropped' and v.id > bound.event_id)
      ),
      hashed;
  exception when data_exception or integrity_constraint_violation then
    get stacked diagnostics said = message_text;
    raise exception 'a row of % was not as its columns are today: %', rowtrail.full_name(relation), said
      using
        errcode = 'invalid_parameter_value',
        hint = format('As it was recorded: select * from rowtrail.as_of_rows(%L, ...);', rowtrail.full_name(relation));
  end;
  select v.changed_at into first_version
  from rowtrail.versions as v
  where v.table_id = known.id
  order by v.id
  limit 1;
  if first_version.changed_at > bound.until then
    raise notice 'nothing is known of % before %', rowtrail.full_name(relation), first_version.changed_at;
  end if;
end
$_$;


ALTER FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'The rows of a table as they were, as rows of it: select * from rowtrail.as_of(null::orders, ''2026-11-01 12:00Z''); or transaction => ''1-4711'', or snapshot => pg_current_snapshot() as it was then. By the columns of today: renamed ones have their names of today, those that are gone are left out, excluded and hashed ones are NULL. It casts to the table''s types, by which code of their owner can run; rowtrail.as_of_rows() runs none.';


--
-- Name: as_of_row(regclass, anyelement, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone DEFAULT NULL::timestamp with time zone, transaction text DEFAULT NULL::text, snapshot pg_snapshot DEFAULT NULL::pg_snapshot) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    AS $$
  select r.* from rowtrail.as_of_row(of_table, to_jsonb(key) #>> '{}', moment, transaction, snapshot) as r
$$;


ALTER FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'One row as it was, by a key of any type: select * from rowtrail.as_of_row(''orders'', 42, ''2026-11-01 12:00Z'');';


--
-- Name: as_of_row(regclass, text, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone DEFAULT NULL::timestamp with time zone, transaction text DEFAULT NULL::text, snapshot pg_snapshot DEFAULT NULL::pg_snapshot) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.rows_as_of(t.id, rowtrail.key_from(t.key_columns, key), moment, transaction, snapshot) as r
$$;


ALTER FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'One row as it was, as rowtrail.as_of_rows() has it; no row where there was none. A composite key is a JSON array: select * from rowtrail.as_of_row(''order_lines'', ''[42, 1]'', ''2026-11-01 12:00Z'');';


--
-- Name: as_of_rows(regclass, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone DEFAULT NULL::timestamp with time zone, transaction text DEFAULT NULL::text, snapshot pg_snapshot DEFAULT NULL::pg_snapshot) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.rows_as_of(t.id, null, moment, transaction, snapshot) as r
$$;


ALTER FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'The rows of a table as they were, as JSONB, by the columns of that day: select * from rowtrail.as_of_rows(''orders'', ''2026-11-01 12:00Z''); or transaction => ''1-4711'', or snapshot => .... id and changed_at are those of the row''s newest version then; verbatim has the text of json columns that data would not give back. No code of the table''s owner runs.';


--
-- Name: as_trigger_keeps(text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.as_trigger_keeps(arguments text[]) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select string_agg(convert_to(a.argument, getdatabaseencoding()) || decode('00', 'hex'), ''::bytea order by a.place)
  from unnest(arguments) with ordinality as a (argument, place)
$$;


ALTER FUNCTION rowtrail.as_trigger_keeps(arguments text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION as_trigger_keeps(arguments text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.as_trigger_keeps(arguments text[]) IS 'The arguments of a trigger as pg_trigger.tgargs keeps them.';


--
-- Name: attach(regclass, text[], text[], text, text[], text[], text[], boolean, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.attach(target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, wanted_hash text[], wanted_ignore text[], wanted_keep text[], wanted_rows boolean, wanted_erasable boolean, OUT was_tracked boolean, OUT was_changed boolean, OUT wants_rows boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  full_name constant text := rowtrail.full_name(target);
  known rowtrail.tables;
  before rowtrail.tables;
  key_numbers int2[];
  is_keyed_anew boolean;
  capture_function text;
  truncate_arguments text[];
begin
  perform rowtrail.require_lent(target);
  perform rowtrail.require_trackable(target);
  perform rowtrail.renumber();
  -- Two sessions that begin to track one table come one after the other: rowtrail.track() has locked
  -- it. The registry as a whole is not locked, since a schema change of another table writes to it.
  select t.* into known from rowtrail.tables as t where t.relid = target and t.untracked_at is null;
  was_tracked := known.id is not null;
  before := known;
  if not was_tracked then
    -- Its history goes on under the id that it had: tracked before, or restored from a dump,
    -- where tables have other numbers.
    select t.*
    into known
    from rowtrail.tables as t
    join pg_class as c on c.oid = target
    join pg_namespace as n on n.oid = c.relnamespace
    where t.relid = target
      or (
        t.schema_name = n.nspname
        and t.table_name = c.relname
        and not exists (select from pg_class as other where other.oid = t.relid)
      )
    order by t.relid = target desc, t.id desc
    limit 1;
    before := known;
    if known.untracked_at is null and known.id is not null then
      -- Nobody ended it: it was restored from a dump or made anew. What was said of its columns holds
      -- by their names, so that nothing which was hidden is recorded in plain.
      known.excluded_attnums := rowtrail.attnums_there(target, known.excluded_columns);
      known.hashed_attnums := rowtrail.attnums_there(target, known.hashed_columns);
      known.ignored_attnums := rowtrail.attnums_there(target, known.ignored_columns);
      known.key_attnums := rowtrail.unique_key(target, nullif(rowtrail.attnums_there(target, known.key_columns), '{}'));
    else
      known.excluded_attnums := '{}';
      known.hashed_attnums := '{}';
      known.ignored_attnums := '{}';
      known.key_attnums := '{}';
      known.truncate_rows := false;
      known.is_erasable := false;
      known.actor_policy := 'allow';
    end if;
    known.kept_attnums := '{}';
  end if;

  if wanted_key is null and known.key_attnums <> '{}' then
    key_numbers := rowtrail.unique_key(target, known.key_attnums);
  end if;
  key_numbers := coalesce(key_numbers, rowtrail.key_of(target, wanted_key));
  known.excluded_attnums := coalesce(rowtrail.attnums_of(target, wanted_exclude), known.excluded_attnums);
  known.hashed_attnums := coalesce(rowtrail.attnums_of(target, wanted_hash), known.hashed_attnums);
  known.ignored_attnums := coalesce(rowtrail.attnums_of(target, wanted_ignore), known.ignored_attnums);
  known.kept_attnums := coalesce(rowtrail.attnums_of(target, wanted_keep), known.kept_attnums);
  known.truncate_rows := coalesce(wanted_rows, known.truncate_rows);
  known.is_erasable := coalesce(wanted_erasable, known.is_erasable);
  if wanted_erasable and key_numbers = '{}' then
    raise exception '% cannot be erasable: it has no key, so that whose values they are cannot be told', full_name
      using errcode = 'invalid_parameter_value', hint = 'Give the table a primary key, or name a unique one: key_columns => ''{...}''.';
  end if;
  if wanted_policy not in ('allow', 'warn', 'require') then
    raise exception '% is no policy on actors', quote_literal(wanted_policy)
      using errcode = 'invalid_parameter_value', hint = 'It is allow, warn or require.';
  end if;
  known.actor_policy := coalesce(wanted_policy, known.actor_policy);
  -- Without a key, what is stored of a row is what tells it from others.
  is_keyed_anew := before.id is not null
    and (
      -- In a table that was restored or made anew the same columns may have other numbers.
      (before.key_attnums <> key_numbers and before.key_columns <> rowtrail.names_of(target, key_numbers))
      or (
        key_numbers = '{}'
        and (
          before.untracked_at is not null
          or (
            (before.excluded_attnums, before.hashed_attnums, before.ignored_attnums)
              is distinct from (known.excluded_attnums, known.hashed_attnums, known.ignored_attnums)
            and (before.excluded_columns, before.hashed_columns, before.ignored_columns) is distinct from (
              rowtrail.names_of(target, known.excluded_attnums), rowtrail.names_of(target, known.hashed_attnums),
              rowtrail.names_of(target, known.ignored_attnums))
          )
        )
      )
    );
  perform rowtrail.require_treatable(
    target, key_numbers, known,
    -- What is tracked already goes on being tracked: an upgrade brings triggers up to date by itself.
    known.id is not null and known.untracked_at is null and coalesce(wanted_exclude, wanted_hash, wanted_keep) is null);

  if known.id is null then
    insert into rowtrail.tables (relid, schema_name, table_name, key_columns, key_attnums, tracked_by)
    select target, n.nspname, c.relname, '{}', key_numbers, session_user
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = target
    returning id into known.id;
  end if;
  if known.hashed_attnums <> '{}' then
    insert into rowtrail.salts (table_id, salt)
    values (known.id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    on conflict do nothing;
  end if;
  update rowtrail.tables as t
  set
    relid = target,
    schema_name = n.nspname,
    table_name = c.relname,
    key_attnums = key_numbers,
    key_columns = rowtrail.names_of(target, key_numbers),
    excluded_attnums = known.excluded_attnums,
    excluded_columns = rowtrail.names_of(target, known.excluded_attnums),
    hashed_attnums = known.hashed_attnums,
    hashed_columns = rowtrail.names_of(target, known.hashed_attnums),
    ignored_attnums = known.ignored_attnums,
    ignored_columns = rowtrail.names_of(target, known.ignored_attnums),
    kept_attnums = known.kept_attnums,
    truncate_rows = known.truncate_rows,
    is_erasable = known.is_erasable,
    erasable_since = coalesce(t.erasable_since, case when known.is_erasable then clock_timestamp() end),
    actor_policy = known.actor_policy,
    tracked_since = case when was_tracked then t.tracked_since else clock_timestamp() end,
    tracked_by = case when was_tracked then t.tracked_by else session_user end,
    keyed_since = case when is_keyed_anew then clock_timestamp() else t.keyed_since end,
    untracked_at = null,
    baseline_at = case when was_tracked and not is_keyed_anew then t.baseline_at end,
    baseline_id = case when was_tracked and not is_keyed_anew then t.baseline_id end,
    baseline_after = case when was_tracked and not is_keyed_anew then t.baseline_after end,
    baseline_done_at = case when was_tracked and not is_keyed_anew then t.baseline_done_at end
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where t.id = known.id and c.oid = target;
  update rowtrail.tables as t
  set capture_arguments = rowtrail.capture_arguments(t.id)
  where t.id = known.id
  returning t.* into known;
  perform rowtrail.note_schema_change(known.id, null, 'rowtrail.track()');
  perform rowtrail.note_schema_change(
    known.id, 'rowtrail.track()',
    unrecorded => case
      -- Of a column that was ignored until now, rows may hold values that came without a version.
      when was_tracked and key_numbers <> '{}'
        then array(select n from unnest(before.ignored_attnums) as n where n <> all (known.ignored_attnums))
      else '{}'
    end,
    remarks => case when before.untracked_at is not null then '{"tracking": "begun again"}' else '{}'::jsonb end
      || case when before.id is not null then rowtrail.options_changed(before, known) else '{}' end);

  capture_function := case
    when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then 'rowtrail.capture_partition'
    else 'rowtrail.capture'
  end;
  truncate_arguments := array[known.id::text, known.actor_policy];
  wants_rows := known.truncate_rows;
  was_changed := wants_rows and rowtrail.make_trigger(
      target, '!rowtrail_truncate_rows', 34, 'before truncate', 'statement', 'rowtrail.capture_truncated_rows',
      truncate_arguments);
  was_changed := rowtrail.make_trigger(
      target, '!rowtrail_truncate', 32, 'after truncate', 'statement', 'rowtrail.capture_truncate', truncate_arguments)
    or was_changed;
  was_changed := rowtrail.make_trigger(
      target, '!rowtrail_capture', 29, 'after insert or update or delete', 'row', capture_function, known.capture_arguments)
    or was_changed;
end
$$;


ALTER FUNCTION rowtrail.attach(target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, wanted_hash text[], wanted_ignore text[], wanted_keep text[], wanted_rows boolean, wanted_erasable boolean, OUT was_tracked boolean, OUT was_changed boolean, OUT wants_rows boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION attach(target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, wanted_hash text[], wanted_ignore text[], wanted_keep text[], wanted_rows boolean, wanted_erasable boolean, OUT was_tracked boolean, OUT was_changed boolean, OUT wants_rows boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.attach(target regclass, wanted_key text[], wanted_exclude text[], wanted_policy text, wanted_hash text[], wanted_ignore text[], wanted_keep text[], wanted_rows boolean, wanted_erasable boolean, OUT was_tracked boolean, OUT was_changed boolean, OUT wants_rows boolean) IS 'The part of rowtrail.track() that makes the registry''s row and the triggers. It needs the TRIGGER privilege, which only the table''s owner can lend.';


--
-- Name: attach_month(name, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.attach_month(named name, begins timestamp with time zone, ends timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
  perform rowtrail.limit_month(named, begins, ends);
  perform rowtrail.execute_patiently(
    format('alter table rowtrail.versions attach partition rowtrail.%I for values from (%L) to (%L)', named, begins, ends));
  execute format('alter table rowtrail.%I drop constraint in_month', named);
end
$$;


ALTER FUNCTION rowtrail.attach_month(named name, begins timestamp with time zone, ends timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION attach_month(named name, begins timestamp with time zone, ends timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.attach_month(named name, begins timestamp with time zone, ends timestamp with time zone) IS 'Makes a table of rowtrail.make_month() the partition of a month.';


--
-- Name: attnums_of(regclass, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.attnums_of(target regclass, names text[]) RETURNS smallint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  unknown text;
begin
  if names is null then
    return null;
  end if;
  select n.name into unknown
  from unnest(names) as n (name)
  where not exists (
    select from pg_attribute as a
    where a.attrelid = target and a.attname = n.name and a.attnum > 0 and not a.attisdropped)
  limit 1;
  if found then
    raise exception '% has no column %', rowtrail.full_name(target), quote_ident(unknown) using errcode = 'undefined_column';
  end if;
  return (
    select coalesce(array_agg(a.attnum order by n.place), '{}')
    from unnest(names) with ordinality as n (name, place)
    join pg_attribute as a on a.attrelid = target and a.attname = n.name and not a.attisdropped);
end
$$;


ALTER FUNCTION rowtrail.attnums_of(target regclass, names text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION attnums_of(target regclass, names text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.attnums_of(target regclass, names text[]) IS 'The numbers of the columns with these names, NULL for NULL; raises undefined_column for a name that the table has not.';


--
-- Name: attnums_there(regclass, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.attnums_there(target regclass, names text[]) RETURNS smallint[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(array_agg(a.attnum order by n.place), '{}')
  from unnest(names) with ordinality as n (name, place)
  join pg_attribute as a on a.attrelid = target and a.attname = n.name and a.attnum > 0 and not a.attisdropped
$$;


ALTER FUNCTION rowtrail.attnums_there(target regclass, names text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION attnums_there(target regclass, names text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.attnums_there(target regclass, names text[]) IS 'The numbers of the columns with these names, of those that the table has.';


--
-- Name: base_type(oid, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.base_type(of_type oid, of_typmod integer, OUT base oid, OUT typmod integer) RETURNS record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive types as (
    select of_type as base, of_typmod as typmod
    union all
    select y.typbasetype, y.typtypmod
    from types as t
    join pg_type as y on y.oid = t.base and y.typtype = 'd'
  )
  select t.base, t.typmod from types as t join pg_type as y on y.oid = t.base and y.typtype <> 'd'
$$;


ALTER FUNCTION rowtrail.base_type(of_type oid, of_typmod integer, OUT base oid, OUT typmod integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION base_type(of_type oid, of_typmod integer, OUT base oid, OUT typmod integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.base_type(of_type oid, of_typmod integer, OUT base oid, OUT typmod integer) IS 'The type beneath a domain, however deep, with its modifier; another type as it is.';


--
-- Name: baseline(regclass, integer); Type: PROCEDURE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE PROCEDURE rowtrail.baseline(IN target regclass, IN batch integer DEFAULT 10000)
    LANGUAGE plpgsql
    AS $$
-- A procedure that commits may pin no setting, so everything is named in full.
declare
  progress record;
begin
  loop
    select b.* into progress from rowtrail.baseline_batch(target, batch) as b;
    commit;
    exit when progress.is_done;
  end loop;
end
$$;


ALTER PROCEDURE rowtrail.baseline(IN target regclass, IN batch integer) OWNER TO rowtrail_owner;

--
-- Name: PROCEDURE baseline(IN target regclass, IN batch integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON PROCEDURE rowtrail.baseline(IN target regclass, IN batch integer) IS 'Records the rows of a tracked table that have no version yet, as its owner, a commit per batch of rows: call rowtrail.baseline(''orders''); Writers go on meanwhile. Again is a no-op, or goes on where it was interrupted.';


--
-- Name: baseline_batch(regclass, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.baseline_batch(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.tables;
  opened boolean;
  opened_for_capture boolean;
begin
  perform rowtrail.require_owner(target, 'recorded');
  if batch is null or batch < 1 then
    raise exception 'a batch is of one row at least, not of %', batch
      using errcode = 'invalid_parameter_value', hint = 'Leave it out for 10000 rows.';
  end if;
  -- Before the registry, as a schema change does: neither then waits for the other for ever.
  execute format('lock table only %s in access share mode', rowtrail.full_name(target));
  select t.* into known from rowtrail.tracking_of(target) as t;
  if known.id is null then
    raise exception '% is not tracked', rowtrail.full_name(target)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(target));
  end if;
  perform rowtrail.require_no_row_security(target, 'the baseline');
  if known.baseline_at is null then
    -- Waits for the writers that are in the table, and lets none in until the ids are reserved.
    execute format(
      'lock table %s %s in share row exclusive mode',
      case when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then '' else 'only' end,
      rowtrail.full_name(target));
  end if;
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  opened_for_capture := rowtrail.lend(target, 'select', 'rowtrail_capture');
  select s.seen, s.recorded, s.is_done
  into seen, recorded, is_done
  from rowtrail.baseline_step(target, batch) as s;
  -- With truncate_rows it is lent for good.
  if not known.truncate_rows then
    perform rowtrail.take_back(target, 'select', 'rowtrail_capture', opened_for_capture);
  end if;
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
end
$$;


ALTER FUNCTION rowtrail.baseline_batch(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION baseline_batch(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.baseline_batch(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) IS 'One batch of rowtrail.baseline(): how many rows it has looked at, how many had no version and have one now, and whether it was the last. The first call only begins.';


--
-- Name: baseline_step(regclass, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.baseline_step(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  reserved constant bigint := 10000000000;
  known rowtrail.tables;
  last_key text[];
begin
  perform rowtrail.require_lent(target);
  -- One batch of a table at a time.
  select t.* into known
  from rowtrail.tables as t
  where t.relid = target and t.untracked_at is null
  for update;
  seen := 0;
  recorded := 0;
  is_done := false;
  if rowtrail.note_schema_change(known.id, null, 'rowtrail.baseline()') then
    -- It may have to begin anew, under the lock.
    return;
  end if;
  is_done := known.baseline_done_at is not null;
  if is_done then
    return;
  end if;

  if known.baseline_at is null then
    if not exists (
      select from pg_locks as l
      where l.locktype = 'relation'
        and l.relation = target
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and l.pid = pg_backend_pid()
        and l.mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and l.granted
    ) then
      raise exception 'the baseline of % begins under its lock', rowtrail.full_name(target)
        using errcode = 'object_not_in_prerequisite_state', hint = 'Use rowtrail.baseline() or rowtrail.baseline_batch().';
    end if;
    -- Others may take some ids between these two calls; a wide margin keeps them out of the range.
    known.baseline_id := nextval('rowtrail.version_id') + reserved;
    perform setval('rowtrail.version_id', known.baseline_id + reserved);
    update rowtrail.tables as t
    set baseline_at = clock_timestamp(), baseline_id = known.baseline_id
    where t.id = known.id
    returning t.* into known;
    -- Without a key there are no batches: all at once, while the writers wait.
    if known.key_attnums <> '{}' then
      return;
    end if;
  end if;

  -- Its snapshot may be from before the lock, and the rows in it not those that the lock found.
  if known.baseline_at >= transaction_timestamp() and current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'the baseline of % cannot be taken in the % transaction that begins it: it may not see the newest rows',
      rowtrail.full_name(target), current_setting('transaction_isolation')
      using
        errcode = 'invalid_transaction_state',
        hint = format('Take it in READ COMMITTED; or commit first, and then: call rowtrail.baseline(%L);', rowtrail.full_name(target));
  end if;

  select r.seen, r.recorded, r.last_key
  into seen, recorded, last_key
  from rowtrail.record_baseline(
    known.id, target, rowtrail.names_of(target, known.key_attnums), known.baseline_after, batch,
    known.baseline_id, greatest(known.tracked_since, known.rewritten_at, known.keyed_since), known.baseline_at,
    -- What is known of a row from before its partition was attached is not of this row.
    (
      select jsonb_object_agg(a.key, v.id order by v.id)
      from rowtrail.versions as v
      cross join lateral jsonb_each(v.data -> 'attached') as a
      where v.table_id = known.id and v.row_key = '' and v.op = 'S'
    )) as r;
  is_done := seen < batch or known.key_attnums = '{}';
  update rowtrail.tables as t
  set
    baseline_after = coalesce(last_key, t.baseline_after),
    baseline_id = t.baseline_id + recorded,
    baseline_done_at = case when is_done then clock_timestamp() end,
    known_since = coalesce(t.known_since, case when is_done then known.baseline_at end)
  where t.id = known.id;
end
$$;


ALTER FUNCTION rowtrail.baseline_step(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION baseline_step(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.baseline_step(target regclass, batch integer, OUT seen bigint, OUT recorded bigint, OUT is_done boolean) IS 'The part of rowtrail.baseline_batch() that keeps account in the registry. It needs the TRIGGER privilege, which only the table''s owner can lend.';


--
-- Name: begin_era(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  before rowtrail.seals;
  highest bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.begin_era() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'Call it on its own.';
  end if;
  -- As rowtrail.seal() does.
  lock table rowtrail.seals in exclusive mode;
  select s.* into before from rowtrail.seals as s order by s.id desc limit 1;
  perform rowtrail.renumber();
  is_new := rowtrail.is_new_life(before);
  if is_new then
    moved := rowtrail.move_era();
    -- A table that is not tracked any more is found by its name.
    update rowtrail.tables as t
    set relid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
    where t.untracked_at is not null
      and not exists (select from pg_class as c where c.oid = t.relid)
      and not exists (
        select from rowtrail.tables as other
        where other.relid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
          or ((other.schema_name, other.table_name) = (t.schema_name, t.table_name) and other.id > t.id))
      and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is not null;
  end if;
  had_low_ids := rowtrail.has_low_ids();
  if had_low_ids then
    lock table rowtrail.versions in share row exclusive mode;
    select max(v.id) into highest from rowtrail.versions as v;
    perform setval('rowtrail.version_id', (highest + 99) / 100 * 100);
  end if;
  era := rowtrail.current_era();
end
$$;


ALTER FUNCTION rowtrail.begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean) IS 'After a restore: begins a new era if the database was restored or brought into another cluster, and lets ids go on beyond all that are there. moved is how many versions were recorded before it was called and belong to the new era. Again is a no-op.';


--
-- Name: begin_import(text, text, boolean, jsonb, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  made bigint;
begin
  lock table rowtrail.imports in exclusive mode;
  if exists (select from rowtrail.imports as i where i.finished_at is null) then
    raise exception 'an import is under way'
      using errcode = 'object_in_use', hint = 'Let it be finished first, or discarded.';
  end if;
  insert into rowtrail.imports (begun_at, source, place, login, first_id, rows, is_state, queries, added_to_xid)
  select
    clock_timestamp(), begin_import.source, begin_import.place, session_user, 0, 0, begin_import.is_state, begin_import.queries,
    -- Numbers of two sources do not meet; those of one are the same whenever it is imported.
    coalesce(
      (
        select i.added_to_xid from rowtrail.imports as i
        where (i.source, i.place) = (begin_import.source, begin_import.place)
        limit 1),
      (select max(i.added_to_xid) + 10000000000000000 from rowtrail.imports as i),
      0)
  returning id into made;
  insert into rowtrail.import_tables (import_id, table_id, source_table, until)
  select
    made, t.id, w.value ->> 'source_table',
    -- What is later is here already.
    least(
      t.tracked_since,
      (select v.changed_at from rowtrail.versions as v where v.table_id = t.id and v.id > 0 order by v.id limit 1),
      (select min(o.first_changed_at) from rowtrail.import_tables as o where o.table_id = t.id))
  from jsonb_array_elements(tables) as w
  join rowtrail.tables as t on t.id = (w.value ->> 'table_id')::int;
  update rowtrail.import_tables as t
  set rows_read = c.later, left_out = case when c.later > 0 then jsonb_build_object('is recorded here already', c.later) else '{}' end
  from rowtrail.count_import(made) as c
  where t.import_id = made and t.table_id = c.table_id;
  update rowtrail.imports as i
  set
    rows = c.rows,
    first_id = least((select min(o.first_id) from rowtrail.imports as o), 0) - c.rows
  from (select coalesce(sum(o.rows), 0) as rows from rowtrail.count_import(made) as o) as c
  where i.id = made;
  return made;
end
$$;


ALTER FUNCTION rowtrail.begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]) IS 'The part of `rowtrail import` that begins, and counts what is to be read from these queries, of these tables ([{"table_id", "source_table"}]). Gives the number of the import.';


--
-- Name: bind_source(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.bind_source(query text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  problem text;
begin
  if to_regclass('pg_temp.rowtrail_source') is not null then
    drop view pg_temp.rowtrail_source;
  end if;
  -- A view is bound to tables, functions and operators themselves, whatever their names come to mean.
  execute format('create temporary view rowtrail_source as %s', query);
  begin
    -- From here on nobody changes the tables, nor adds an index or a partition. Who writes is not in the way.
    lock table pg_temp.rowtrail_source in share update exclusive mode;
  exception when insufficient_privilege then
    -- Who may only read has what making the view took: nobody changes them.
    null;
  end;
  with recursive used as (
    select d.refclassid, d.refobjid
    from pg_rewrite as r
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = 'pg_temp.rowtrail_source'::regclass and d.refobjid <> r.ev_class
  ),
  parts (id) as (
    select u.refobjid from used as u where u.refclassid = 'pg_class'::regclass
    union
    select i.inhrelid from pg_inherits as i join parts as p on i.inhparent = p.id
  ),
  code (what, function_id, owner) as (
    -- PostgreSQL's own are in no dependency.
    select 'reading its columns', r.oid, o.rolname
    from used as u
    left join pg_operator as x on u.refclassid = 'pg_operator'::regclass and x.oid = u.refobjid
    join pg_proc as r on r.oid = case when u.refclassid = 'pg_proc'::regclass then u.refobjid else x.oprcode end
    join pg_roles as o on o.oid = r.proowner
    where u.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and not o.rolsuper
    union all
    select c.* from rowtrail.code_of_others(array(select p.id from parts as p)) as c
    union all
    -- By which a row becomes JSON, whatever a query names.
    select format('a cast to %s', format_type(c.casttarget, null)), r.oid, o.rolname
    from pg_cast as c
    join pg_proc as r on r.oid = c.castfunc
    join pg_roles as o on o.oid = r.proowner
    where c.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper
  )
  select w.problem into problem
  from (
    select 1, format('%s is no table; import from the table behind it', p.id::regclass)
    from parts as p
    join pg_class as c on c.oid = p.id
    where c.relkind not in ('r', 'p')
    union all
    select 2, format('%s has row security, whose policies would run, and hide rows', p.id::regclass)
    from parts as p
    where row_security_active(p.id)
    union all
    select 3, format('%s runs %s, a function of %s', c.what, c.function_id::regprocedure, c.owner)
    from code as c
  ) as w (place, problem)
  order by w.place, w.problem
  limit 1;
  if problem is not null then
    raise exception 'the source is not read, since its owner''s code could run as %: %', current_user, problem
      using errcode = 'insufficient_privilege',
        hint = 'Import from a copy: create table ... as select ... from it, made as its owner.';
  end if;
end
$$;


ALTER FUNCTION rowtrail.bind_source(query text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION bind_source(query text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.bind_source(query text) IS 'Makes pg_temp.rowtrail_source of a query of a source, for this transaction; refuses where reading it would run what an owner likes.';


--
-- Name: bound_of(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.bound_of(leaf regclass) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
  select pg_get_partition_constraintdef(leaf)
  where not exists (
    select
    from pg_partition_ancestors(leaf) as above
    join pg_partitioned_table as p on p.partrelid = above.relid
    left join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
    left join pg_type as y on y.oid = a.atttypid
    where p.partexprs is not null or y.typnamespace <> 'pg_catalog'::regnamespace)
$$;


ALTER FUNCTION rowtrail.bound_of(leaf regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION bound_of(leaf regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.bound_of(leaf regclass) IS 'The condition that the rows of a partition fulfil; NULL where it could run code of whoever owns the table.';


--
-- Name: boundary_of(integer, text, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) RETURNS rowtrail.boundary
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  bound rowtrail.boundary;
  complete_from timestamptz;
begin
  if num_nonnulls(moment, transaction, snapshot) <> 1 then
    raise exception 'as of when? Give a moment, a transaction or a snapshot: one of them, not %', num_nonnulls(moment, transaction, snapshot)
      using errcode = 'invalid_parameter_value', hint = 'For example: ''2026-11-01 12:00Z'', or transaction => ''1-4711''.';
  end if;
  bound.until := coalesce(moment, rowtrail.moment_of(transaction), 'infinity');
  if snapshot is not null then
    bound.seen := snapshot;
    bound.era := rowtrail.current_era();
  else
    select c.seen, c.era into bound.seen, bound.era from rowtrail.committed(of_table, of_key, bound.until) as c;
  end if;
  bound.event_id := coalesce(
    (
      select max(v.id)
      from rowtrail.versions as v
      where v.table_id = of_table
        and v.row_key = ''
        and v.op = 'S'
        and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
    ),
    0);
  select t.complete_from into complete_from from rowtrail.tables as t where t.id = of_table;
  if complete_from is not null and not rowtrail.is_reached(bound, complete_from) then
    raise exception 'what was then is not known any more: the history of before % was retired', complete_from
      using errcode = 'no_data_found', hint = 'Ask for that moment or a later one.';
  end if;
  return bound;
end
$$;


ALTER FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'The boundary of a table, or of one key of it, that a moment, a transaction or a snapshot draws; raises invalid_parameter_value unless it is given exactly one of them.';


--
-- Name: capture(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.capture() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $_$
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
    -- What changes nothing that counts is a link of the chain too, where the chain is needed.
    if tg_op = 'UPDATE' and key_before is null
      and (old *= new or (changed <> '{}' and changed - ignored = '{}'))
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
$_$;


ALTER FUNCTION rowtrail.capture() OWNER TO rowtrail_capture;

--
-- Name: FUNCTION capture(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.capture() IS 'Row trigger of a tracked table that is not partitioned: records one change as one version. Attached by rowtrail.track(), never by hand.';


--
-- Name: capture_arguments(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.capture_arguments(of_table integer) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    t.id::text,
    case when cardinality(k.names) = 1 then k.names[1] else '' end,
    k.names::text,
    t.actor_policy,
    coalesce(c.numbers::text, ''),
    coalesce(c.names::text, ''),
    case when c.treatments <@ '{exclude,virtual}' then 'left out' else coalesce(c.treatments::text, '') end
  ] || array(
    select a.attname::text
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = t.relid
      and a.attnum > 0
      and not a.attisdropped
      and a.attnum <> all (t.excluded_attnums)
      and a.attgenerated <> 'v'
      -- What is sometimes a JSON string and sometimes not cannot be compared as text.
      and y.typtype in ('b', 'e', 'r')
      and a.atttypid not in ('json'::regtype, 'jsonb'::regtype)
      and not exists (
        select from pg_cast as x
        where x.castsource = a.atttypid and x.casttarget in ('json'::regtype, 'jsonb'::regtype))
    order by a.attnum)
  from rowtrail.tables as t
  cross join lateral (select rowtrail.names_of(t.relid, t.key_attnums) as names) as k
  cross join lateral (
    select array_agg(c.number) as numbers, array_agg(c.name) as names, array_agg(c.treatment) as treatments
    from rowtrail.treatments(t) as c
  ) as c
  where t.id = of_table
$$;


ALTER FUNCTION rowtrail.capture_arguments(of_table integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION capture_arguments(of_table integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.capture_arguments(of_table integer) IS 'The arguments of the capture trigger of a table (see capture.sql).';


--
-- Name: capture_fault(rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.capture_fault(known rowtrail.tables) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when count(*) filter (where g.tgrelid = known.relid) < case when known.truncate_rows then 3 else 2 end then 'trigger missing'
    when bool_or(g.tgenabled = 'D') then 'trigger disabled'
    when bool_or(g.tgenabled <> 'A') then 'not always on'
  end
  from pg_trigger as g
  -- Partitions have triggers of their own.
  where g.tgrelid = any (array(select known.relid union select p.relid from pg_partition_tree(known.relid) as p))
    and (known.truncate_rows or g.tgname <> '!rowtrail_truncate_rows')
    and rowtrail.is_capturing(g)
$$;


ALTER FUNCTION rowtrail.capture_fault(known rowtrail.tables) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION capture_fault(known rowtrail.tables); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.capture_fault(known rowtrail.tables) IS 'What is wrong with the triggers of a tracked table: trigger missing, trigger disabled, not always on; NULL if nothing is.';


--
-- Name: capture_partition(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.capture_partition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $_$
declare
  image jsonb;             -- the row after the change; for DELETE the row that went
  before jsonb;            -- the row before an UPDATE
  changed jsonb;           -- what `before` held in the columns that changed
  key text;
  field text;
  compared text[];
begin
  if tg_name <> '!rowtrail_capture' or tg_when <> 'AFTER' or tg_level <> 'ROW' or not exists (
    select
    from rowtrail.tables as t
    where t.id = tg_argv[0]::int and t.relid = pg_partition_root(tg_relid) and t.capture_arguments = tg_argv[0:]
  ) then
    perform rowtrail.require_new_snapshot(tg_relid::regclass::text);
    raise exception 'rowtrail cannot record this change: the trigger of table % was not made by rowtrail.track()', tg_relid::regclass::text
      using errcode = 'insufficient_privilege', hint = 'Let the owner of the table drop that trigger and run rowtrail.track().';
  end if;
  if (tg_argv[4] = '' or rowtrail.names_hold(tg_relid, tg_argv[4], tg_argv[5], tg_argv[6]))
    and (
      current_setting('rowtrail.actor', true) ~ '^[ -~]{1,200}$'
      or (tg_argv[3] = 'allow' and coalesce(current_setting('rowtrail.actor', true), '') = '')
    )
  then
    if tg_op = 'INSERT' then
      if new.xmax = '0'::xid and coalesce(current_setting('rowtrail.moving', true), '') = '' then
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
      perform set_config(
        'rowtrail.moving', concat_ws(' ', tg_argv[0], tg_relid, pg_relation_filenode(tg_relid), old.cmax, key), true);
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
    -- What changes nothing that counts is a link of the chain too, where the chain is needed.
    if tg_op = 'UPDATE' and key_before is null
      and (old *= new or (changed <> '{}' and changed - ignored = '{}'))
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

    if tg_op = 'DELETE' then
      perform set_config(
        'rowtrail.moving',
        case when follows_own_change then '' else concat_ws(' ', table_id, tg_relid, file, old.cmax, key) end,
        true);
    elsif tg_op = 'INSERT' and new.xmax = '0'::xid and current_setting('rowtrail.moving', true) <> '' then
      key_before := rowtrail.moved_from(table_id, tg_relid, new.cmin, key, clock_timestamp());
      if key_before is not null then
        perform set_config('rowtrail.moving', '', true);
      end if;
    end if;
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
$_$;


ALTER FUNCTION rowtrail.capture_partition() OWNER TO rowtrail_capture;

--
-- Name: FUNCTION capture_partition(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.capture_partition() IS 'Row trigger of tracked partitioned tables: rowtrail.capture(), and the check that the partition is one of the table''s.';


--
-- Name: capture_partition_definition(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.capture_partition_definition() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.capture_partition_definition() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION capture_partition_definition(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.capture_partition_definition() IS 'How rowtrail.capture_partition() is made from rowtrail.capture().';


--
-- Name: capture_truncate(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.capture_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
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


ALTER FUNCTION rowtrail.capture_truncate() OWNER TO rowtrail_capture;

--
-- Name: FUNCTION capture_truncate(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.capture_truncate() IS 'Statement trigger of every tracked table: records a TRUNCATE as one marker. Attached by rowtrail.track(), never by hand.';


--
-- Name: capture_truncated_rows(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.capture_truncated_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.capture_truncated_rows() OWNER TO rowtrail_capture;

--
-- Name: FUNCTION capture_truncated_rows(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.capture_truncated_rows() IS 'Statement trigger of a table tracked with truncate_rows: records each row that a TRUNCATE is about to remove. Reads by the SELECT privilege that the owner grants to rowtrail_capture for it.';


--
-- Name: changed_by_move(integer, text, integer, xid8, bigint, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select rowtrail.changed_values(v.data, changed_by_move.data)
  from rowtrail.versions as v
  where v.table_id = of_table and v.row_key = key_before and v.id < version_id and v.op = 'D' and (v.era, v.xid) = (in_era, in_xid)
  order by v.id desc
  limit 1
$$;


ALTER FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) IS 'What the columns that changed held before the move that ended in this version, as rowtrail.versions.old has it of an update.';


--
-- Name: changed_values(jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.changed_values(before jsonb, after jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(jsonb_object_agg(b.key, b.value), '{}')
  from jsonb_each(before) as b
  where b.value::text is distinct from (after -> b.key)::text
$$;


ALTER FUNCTION rowtrail.changed_values(before jsonb, after jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION changed_values(before jsonb, after jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.changed_values(before jsonb, after jsonb) IS 'The members of the first object that are others in the second, byte for byte: 1.0 is not 1.00.';


--
-- Name: changes(timestamp with time zone, regclass, text, text, timestamp with time zone, boolean, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass DEFAULT NULL::regclass, by_actor text DEFAULT NULL::text, of_column text DEFAULT NULL::text, until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone, oldest_first boolean DEFAULT false, most integer DEFAULT 100) RETURNS TABLE(changed_at timestamp with time zone, table_name text, row_key text, op text, actor text, login text, changes jsonb, data jsonb, old_key text, context jsonb, transaction text, id bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  wanted_table int;
begin
  if of_table is not null then
    wanted_table := (rowtrail.registered(of_table)).id;
  end if;
  if wanted_table is not null and of_column is not null and not exists (
    select
    from rowtrail.tables as t
    cross join lateral jsonb_array_elements(rowtrail.columns_after(t, null)) as c
    where t.id = wanted_table and c.value ->> 'name' = of_column)
  then
    raise exception '% has no column %', rowtrail.full_name(of_table), of_column using errcode = 'undefined_column';
  end if;
  return query
  -- What the column was called when a version was recorded.
  with former_names as materialized (
    select
      t.id as table_id, m.after_id, m.before_id,
      coalesce(
        (select n.key from jsonb_each_text(m.names) as n where n.value = of_column),
        case when not m.names ? of_column then of_column end) as name
    from rowtrail.tables as t
    cross join lateral rowtrail.image_maps(t.id) as m
    where of_column is not null and (wanted_table is null or t.id = wanted_table)
  ),
  page as materialized (
    select v.*, k.is_move
    from rowtrail.versions as v
    cross join lateral (select v.op = 'I' and v.old_key is not null as is_move) as k
    left join former_names as f on f.table_id = v.table_id and v.id > f.after_id and v.id < f.before_id
    where v.changed_at >= since
      and v.changed_at <= until
      and (wanted_table is null or v.table_id = wanted_table)
      and (by_actor is null or v.actor = by_actor)
      and (
        of_column is null
        or case
          when k.is_move then rowtrail.changed_by_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.data)
          when v.op = 'U' then v.old
        end ? case when f.table_id is null then of_column else f.name end)
      and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
    order by
      case when oldest_first then v.changed_at end, case when oldest_first then v.id end, v.changed_at desc, v.id desc
    limit most
  ),
  maps as materialized (
    select t.table_id, m.*
    from (select distinct p.table_id from page as p) as t
    cross join lateral rowtrail.image_maps(t.table_id) as m
  )
  select
    p.changed_at, coalesce(rowtrail.full_name(t.relid), format('%I.%I', t.schema_name, t.table_name)), p.row_key,
    rowtrail.op_name(case when p.is_move then 'U' else p.op end), p.actor, p.login,
    (
      select jsonb_object_agg(coalesce(m.names ->> o.key, o.key), jsonb_build_array(o.value, p.data -> o.key))
      from jsonb_each(
        case
          when p.is_move then rowtrail.changed_by_move(p.table_id, p.old_key, p.era, p.xid, p.id, p.data)
          when p.op = 'U' then p.old
        end) as o
    ),
    p.data, p.old_key, p.context, p.era || '-' || p.xid::text, p.id
  from page as p
  join rowtrail.tables as t on t.id = p.table_id
  left join maps as m on m.table_id = p.table_id and p.id > m.after_id and p.id < m.before_id
  order by
    case when oldest_first then p.changed_at end, case when oldest_first then p.id end, p.changed_at desc, p.id desc;
end
$$;


ALTER FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer) IS 'What changed since a moment, in all tables or one, newest first: select * from rowtrail.changes(now() - interval ''1 hour''); select * from rowtrail.changes(''2026-11-01'', ''orders'', by_actor => ''alice'', of_column => ''status'', most => 20); changes holds {"column": [old, new]} of an update, by the columns'' names of today. A column leaves the updates that changed it. A change is seen when its transaction commits, which can be after later ones: for people, not for copying changes elsewhere.';


--
-- Name: clean(text, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.clean(said text, longest integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Control characters, and those that turn the direction of writing or are invisible, could
  -- make a name look like another one.
  select case
    when said ~ e'[\\u0001-\\u001F\\u007F-\\u009F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF]'
      then regexp_replace(
        left(said, longest),
        e'[\\u0001-\\u001F\\u007F-\\u009F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF]', '?', 'g')
    else left(said, longest)
  end
$$;


ALTER FUNCTION rowtrail.clean(said text, longest integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION clean(said text, longest integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.clean(said text, longest integer) IS 'The text, cut to the longest number of characters, with a ? for each control or invisible character.';


--
-- Name: clean_context(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.clean_context(said text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  longest constant int := 8192;
  parsed jsonb;
begin
  if octet_length(said) > longest then
    return jsonb_build_object(
      'rowtrail', format('a context of %s bytes was left out: the limit is %s', octet_length(said), longest));
  end if;
  -- Anybody may have written the setting: what is no JSON object is kept as text, and a write
  -- never fails for it.
  begin
    parsed := said::jsonb;
  exception when others then
    parsed := to_jsonb(rowtrail.clean(said, longest));
  end;
  return case jsonb_typeof(parsed) when 'object' then parsed else jsonb_build_object('text', parsed) end;
end
$$;


ALTER FUNCTION rowtrail.clean_context(said text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION clean_context(said text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.clean_context(said text) IS 'The context as a JSON object of at most 8192 bytes, whatever was written into the setting.';


--
-- Name: code_of_others(oid[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- To plan a query PostgreSQL evaluates what is constant in predicates and expressions of indexes, in
  -- constraints, statistics and the keys of partitions: with the rights of whoever reads the table.
  with parts as (
    select p.id from unnest(of_tables) as p (id)
  ),
  planned (classid, objid) as (
    select 'pg_class'::regclass, i.indexrelid from parts as p join pg_index as i on i.indrelid = p.id
    union all
    select 'pg_constraint'::regclass, c.oid from parts as p join pg_constraint as c on c.conrelid = p.id
    union all
    select 'pg_statistic_ext'::regclass, e.oid from parts as p join pg_statistic_ext as e on e.stxrelid = p.id
    union all
    select 'pg_class'::regclass, p.id from parts as p
  )
  select pg_describe_object(n.classid, n.objid, 0), r.oid, o.rolname
  from planned as n
  join pg_depend as d on d.classid = n.classid and d.objid = n.objid and d.objsubid = 0
  left join pg_operator as x on d.refclassid = 'pg_operator'::regclass and x.oid = d.refobjid
  join pg_proc as r on r.oid = case when d.refclassid = 'pg_proc'::regclass then d.refobjid else x.oprcode end
  join pg_roles as o on o.oid = r.proowner
  -- PostgreSQL's own are in no dependency.
  where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and not o.rolsuper
$$;


ALTER FUNCTION rowtrail.code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name) IS 'What of these tables can run a function of somebody who is no superuser when a query of them is planned.';


--
-- Name: column_described(jsonb, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.column_described(of_column jsonb, by_name boolean, OUT identity text, OUT number integer, OUT described text) RETURNS record
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    of_column ->> case when by_name then 'name' else 'number' end,
    (of_column ->> 'number')::int,
    concat_ws(' ', of_column ->> 'name', of_column ->> 'type', (
      select '(' || string_agg(l.label, ', ' order by l.place) || ')'
      from jsonb_array_elements_text(of_column -> 'of' -> 'labels') with ordinality as l (label, place)))
$$;


ALTER FUNCTION rowtrail.column_described(of_column jsonb, by_name boolean, OUT identity text, OUT number integer, OUT described text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION column_described(of_column jsonb, by_name boolean, OUT identity text, OUT number integer, OUT described text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.column_described(of_column jsonb, by_name boolean, OUT identity text, OUT number integer, OUT described text) IS 'A column of an event as people read it: its name and type, and the labels of an enum.';


--
-- Name: columns_after(rowtrail.tables, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when shape_id is null then coalesce(rowtrail.shape_of(known.relid), known.shape) -> 'columns'
    else (
      select v.data -> 'columns'
      from rowtrail.versions as v
      where v.table_id = known.id and v.row_key = '' and v.op = 'S' and v.id = shape_id)
  end
$$;


ALTER FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION columns_after(known rowtrail.tables, shape_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) IS 'The columns that this event of the table left, as rowtrail.shape_of() has them; with NULL those of today.';


--
-- Name: columns_changed(jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.columns_changed(before jsonb, after jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(jsonb_object_agg(coalesce(b.value -> 'number', a.value -> 'number')::text, b.value), '{}')
  from jsonb_array_elements(before) as b
  full join jsonb_array_elements(after) as a on a.value -> 'number' = b.value -> 'number'
  where b.value is distinct from a.value
$$;


ALTER FUNCTION rowtrail.columns_changed(before jsonb, after jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION columns_changed(before jsonb, after jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.columns_changed(before jsonb, after jsonb) IS 'The columns that differ, by number, as they were before; null for one that was not there.';


--
-- Name: commitment(bytea, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.commitment(salt bytea, value text) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  select sha256(salt || convert_to(value, getdatabaseencoding()))
$$;


ALTER FUNCTION rowtrail.commitment(salt bytea, value text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION commitment(salt bytea, value text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.commitment(salt bytea, value text) IS 'What is sealed of a value.';


--
-- Name: committed(integer, text, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  newest record;
  under_way bigint[];
begin
  if of_key is null then
    -- Of any table: what began later than all that this one knows changes nothing for it.
    select n.era, n.xid into newest from rowtrail.newest_transaction(moment) as n;
  else
    -- A transaction that is under way locks what it has changed: nobody can have come after it.
    select n.era, n.xid into newest
    from (
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = of_key and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
      union all
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.old_key = of_key and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
      union all
      (
        select v.id, v.era, v.xid
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key = '' and v.changed_at <= moment
        order by v.id desc
        limit 1
      )
    ) as n
    order by n.id desc
    limit 1;
  end if;
  if newest.xid is not null then
    under_way := rowtrail.under_way(newest.era, newest.xid, moment);
  end if;
  if under_way <> '{}' then
    era := newest.era;
    seen := format('%s:%s:%s', under_way[1], (newest.xid::text)::bigint + 1, array_to_string(under_way, ','));
  end if;
end
$$;


ALTER FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) IS 'The snapshot, and its era, that sees what had been committed at a moment, of a table or of one key of it; NULL where that is all that had been recorded.';


--
-- Name: compared_hashes(rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.compared_hashes(known rowtrail.tables) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Who could hash values could guess them, so most people compare without the hashes.
  select case
    when has_function_privilege('rowtrail.hash_of(int, int2, text)', 'execute') then rowtrail.names_of(known.relid, known.hashed_attnums)
    else '{}'
  end
$$;


ALTER FUNCTION rowtrail.compared_hashes(known rowtrail.tables) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION compared_hashes(known rowtrail.tables); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.compared_hashes(known rowtrail.tables) IS 'The hashed columns, where the caller may compare their hashes.';


--
-- Name: comparison(rowtrail.tables, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.comparison(known rowtrail.tables, what text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.comparison(known rowtrail.tables, what text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION comparison(known rowtrail.tables, what text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.comparison(known rowtrail.tables, what text) IS 'The query of rowtrail.differences() (whole) or of one of the two kinds of steps of rowtrail.differences_from() (keys, blocks). Its parameters: the table''s id, the columns that are not compared, those of the key, those whose hashes are; for keys the key before the first and the last one, for blocks the place of the first row and that after the last.';


--
-- Name: copies_without_key(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.copies_without_key(of_table integer) RETURNS TABLE(row_key text, copies bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select h.row_key, h.copies from rowtrail.held_without_key(of_table, rowtrail.unbounded(), null) as h
$$;


ALTER FUNCTION rowtrail.copies_without_key(of_table integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION copies_without_key(of_table integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.copies_without_key(of_table integer) IS 'What a baseline may know of rowtrail.held_without_key(): no values. Granted to rowtrail_capture only.';


--
-- Name: count_import(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.count_import(import_id bigint) RETURNS TABLE(table_id integer, rows bigint, later bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
begin
  perform rowtrail.bind_source(
    (
      select string_agg(format('select q.table_id, q.changed_at from (%s) as q', q.query), ' union all ')
      from rowtrail.imports as i
      cross join unnest(i.queries) as q (query)
      where i.id = count_import.import_id));
  return query execute
    $query$
      select s.table_id, count(*) filter (where coalesce(s.changed_at, '-infinity') < k.until), count(*) filter (where s.changed_at >= k.until)
      from pg_temp.rowtrail_source as s
      join rowtrail.import_tables as k on k.import_id = $1 and k.table_id = s.table_id
      group by s.table_id
    $query$
  using import_id;
end
$_$;


ALTER FUNCTION rowtrail.count_import(import_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION count_import(import_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.count_import(import_id bigint) IS 'How many rows the source of an import has of each table: to be read, and of a time from which on all is recorded here already.';


--
-- Name: current_era(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.current_era() RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- What capture records.
  select pg_get_expr(d.adbin, d.adrelid)::int
  from pg_attribute as a
  join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = 'rowtrail.versions'::regclass and a.attname = 'era'
$$;


ALTER FUNCTION rowtrail.current_era() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION current_era(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.current_era() IS 'The era in which transactions are recorded now.';


--
-- Name: detach(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.detach(target regclass, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  of_table constant int := (select t.id from rowtrail.tracking_of(target) as t);
begin
  perform rowtrail.require_lent(target);
  perform rowtrail.note_schema_change(of_table, null, 'rowtrail.untrack()');
  perform rowtrail.note_schema_change(
    of_table, 'rowtrail.untrack()', remarks => '{"tracking": "ended"}', reason => reason);
  update rowtrail.tables as t set untracked_at = clock_timestamp() where t.id = of_table;
end
$$;


ALTER FUNCTION rowtrail.detach(target regclass, reason text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION detach(target regclass, reason text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.detach(target regclass, reason text) IS 'The part of rowtrail.untrack() that notes the end in the registry and on the table''s time line. Changes are recorded until the triggers are dropped.';


--
-- Name: diff(bigint, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.diff(a bigint, b bigint) RETURNS TABLE(column_name text, path text[], before jsonb, after jsonb, kind text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  first_version record;
  second_version record;
begin
  select v.* into first_version from rowtrail.version_of(a) as v;
  select v.* into second_version from rowtrail.version_of(b) as v;
  if first_version.table_id <> second_version.table_id then
    raise exception 'versions % and % are of two tables', a, b
      using errcode = 'invalid_parameter_value', hint = 'Two versions of one table can be compared.';
  end if;
  return query
    select d.*
    from rowtrail.image_differences(
      first_version.data, first_version.verbatim, second_version.data, second_version.verbatim) as d;
end
$$;


ALTER FUNCTION rowtrail.diff(a bigint, b bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION diff(a bigint, b bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.diff(a bigint, b bigint) IS 'How the rows of two versions of one table, by their ids, differ: select * from rowtrail.diff(1200, 4700); one line for each column, or for each path within its JSON. kind is value; scale, where the number is the same (1.0, 1.00); type, where it is JSON of another type; text, where a json column only was written in another way; added or removed, where one of the two has no such thing. By the columns of today.';


--
-- Name: diff(regclass, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone) RETURNS TABLE(column_name text, path text[], before jsonb, after jsonb, kind text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select d.*
  from (select) as one
  left join rowtrail.as_of_row(of_table, key, since) as a on true
  left join rowtrail.as_of_row(of_table, key, until) as b on true
  left join rowtrail.version_of(a.id) as v on true
  left join rowtrail.version_of(b.id) as w on true
  cross join lateral rowtrail.image_differences(v.data, v.verbatim, w.data, w.verbatim) as d
$$;


ALTER FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone) IS 'How a row differs between two moments, or since one: select * from rowtrail.diff(''orders'', ''42'', ''2026-11-01'', ''2026-11-08''); all is added or removed where there was no row at one of them.';


--
-- Name: differences(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.differences(of_table regclass) RETURNS TABLE(row_key text, live jsonb, replayed jsonb)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $$
declare
  known constant rowtrail.tables := rowtrail.tracked(of_table);
begin
  return query execute rowtrail.comparison(known, 'whole')
  using known.id, rowtrail.not_compared(known), rowtrail.names_of(of_table, known.key_attnums), rowtrail.compared_hashes(known);
end
$$;


ALTER FUNCTION rowtrail.differences(of_table regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION differences(of_table regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.differences(of_table regclass) IS 'Where the table is not what its versions say: no row when the history is complete. Rows that were there before tracking began, are in no baseline and have not changed since count as different. Of rows that were recorded before a schema change, the columns that it rewrote are not compared until they are recorded again; columns that are ignored never are, hashed ones only for who may hash, and not in rows that were recorded before they were hashed. Run it as somebody who may read both.';


--
-- Name: differences_from(regclass, text, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.differences_from(of_table regclass, place text DEFAULT NULL::text, most integer DEFAULT 20000) RETURNS TABLE(row_key text, live jsonb, replayed jsonb, next_place text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.differences_from(of_table regclass, place text, most integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION differences_from(of_table regclass, place text, most integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.differences_from(of_table regclass, place text, most integer) IS 'rowtrail.differences() in steps, each in a snapshot of its own: those among the next about most versions, or rows, from a place on (NULL: the first); the last line of a step has only the place of the next one, and the last step has no such line. First the rows that there must be are looked for by their keys, then those that no version knows, block by block. What is recorded meanwhile makes no difference. A table without a key is compared as a whole.';


--
-- Name: discard_import(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.discard_import(import_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.imports;
begin
  select i.* into known from rowtrail.imports as i where i.id = discard_import.import_id for update;
  if known.id is null or known.finished_at is not null then
    raise exception 'there is no unfinished import %', import_id
      using errcode = 'no_data_found', hint = 'One that is finished stays.';
  end if;
  delete from rowtrail.versions as v
  using rowtrail.import_tables as t
  where t.import_id = discard_import.import_id
    and v.table_id = t.table_id
    and v.id between known.first_id and known.first_id + known.rows - 1
    and v.era = 0;
  delete from rowtrail.import_leaves as l where l.import_id = discard_import.import_id;
  update rowtrail.tables as r
  set imported_until = (
    select max(o.last_changed_at)
    from rowtrail.import_tables as o
    where o.table_id = r.id and o.import_id <> discard_import.import_id)
  where r.id in (select t.table_id from rowtrail.import_tables as t where t.import_id = discard_import.import_id);
  delete from rowtrail.import_tables as t where t.import_id = discard_import.import_id;
  delete from rowtrail.imports as i where i.id = discard_import.import_id;
end
$$;


ALTER FUNCTION rowtrail.discard_import(import_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION discard_import(import_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.discard_import(import_id bigint) IS 'Removes an import that is not finished, with the versions that it has made.';


--
-- Name: disclosed(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.disclosed(version bigint) RETURNS TABLE(place text, salt text, value text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
declare
  found_version rowtrail.versions;
begin
  select v.* into found_version from rowtrail.versions as v where v.id = version;
  return query
    select p.place, encode(rowtrail.value_salt(p.place, s.salt, e.salts), 'hex'), p.value
    from rowtrail.places(found_version) as p
    left join rowtrail.seal_salts as s on s.version_id = version
    left join rowtrail.erased_versions as e on e.version_id = version
    where (s.version_id is not null or e.version_id is not null)
      and not coalesce(e.commitments ? p.place, false)
    order by p.place collate "C";
end
$$;


ALTER FUNCTION rowtrail.disclosed(version bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION disclosed(version bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.disclosed(version bigint) IS 'The values of a version that is sealed by commitments, as a proof shows them: each with the salt that opens its commitment. Those that were erased have none.';


--
-- Name: empty_default_partition(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.empty_default_partition() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  before constant bigint := (select count(*) from rowtrail.versions_default);
  months timestamptz[];
  month timestamptz;
begin
  if before = 0 then
    return 0;
  end if;
  months := array(
    select distinct date_trunc('month', v.changed_at) as m from rowtrail.versions_default as v where isfinite(v.changed_at)
    order by m);
  -- Who writes does not write these, so all of them are moved before anybody is made to wait.
  foreach month in array months loop
    continue when month + interval '1 month' > now();
    perform rowtrail.make_month(rowtrail.name_of_month(month));
    perform rowtrail.move_to_month(month);
  end loop;
  -- This month first: it takes the lock that writers take first.
  for month in select m from unnest(months) as m order by date_trunc('month', now()) = m desc, m loop
    perform rowtrail.add_month(month);
  end loop;
  return before - (select count(*) from rowtrail.versions_default);
end
$$;


ALTER FUNCTION rowtrail.empty_default_partition() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION empty_default_partition(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.empty_default_partition() IS 'Moves the versions of months that had no partition into partitions of theirs; gives their number. Of this month no more than 10,000 are moved, since writers wait meanwhile. Safe to run again.';


--
-- Name: ends_erased(integer, bigint, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Nothing is erased of a row that is there. What ended it without a version went with its partition.
  select exists (
      select from rowtrail.versions as v
      cross join unnest(v.erased) as e (place)
      where v.table_id = of_table and v.id = version_id and starts_with(e.place, 'data.'))
    and coalesce(
      (
        select v.op in ('I', 'B') and v.old_key is null
        from rowtrail.versions as v
        where v.table_id = of_table and (v.row_key = key or v.old_key = key) and v.id > version_id and v.op not in ('T', 'S')
        order by v.id
        limit 1),
      true)
$$;


ALTER FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION ends_erased(of_table integer, version_id bigint, key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) IS 'Whether the row ended with this version and no other, of which values were erased: the bound of the partition that it went with may not tell it any more.';


--
-- Name: erase(text, text, text[], text, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.erase(of_table text, key text, columns text[] DEFAULT NULL::text[], reason text DEFAULT NULL::text, force boolean DEFAULT false, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.tables;
  full_name text;
  last_seal rowtrail.seals;
  now_in constant int := rowtrail.current_era();
  wanted_key text;
  of_key boolean;  -- whether a column of the key is to be erased
  ids bigint[];
  version rowtrail.versions;
  places text[];
  salt bytea;
  kept rowtrail.erased_versions;
  columns_erased text[] := '{}';
  unsalted bigint[] := '{}';
  changed bigint[] := '{}';
  all_places text[] := '{}';
  is_key_erased boolean := false;
  former_context constant text := nullif(current_setting('rowtrail.context', true), '');
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.erase() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'It has to see what was sealed until now.';
  end if;
  -- No seal is made meanwhile. Who writes and who reads is not in the way.
  lock table rowtrail.seals in exclusive mode;
  known := rowtrail.table_named(of_table);
  perform rowtrail.note_schema_change(known.id, null, 'rowtrail.erase()') where known.untracked_at is null;
  select t.* into known from rowtrail.tables as t where t.id = known.id;
  full_name := coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
  select s.* into last_seal from rowtrail.seals as s order by s.id desc limit 1;
  if last_seal.id is not null and rowtrail.is_new_life(last_seal) then
    raise exception 'the database was brought into another cluster after seal %, so that which versions are sealed is not known', last_seal.id
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: rowtrail seal';
  end if;
  if known.key_attnums = '{}' then
    raise exception 'nothing of % can be erased: it has no key, so that whose values they are cannot be told', full_name
      using errcode = 'object_not_in_prerequisite_state', hint = 'Give the table a key and let its owner run rowtrail.track() again; what is recorded from then on can be erased.';
  elsif key is null then
    raise exception 'whose values are to be erased? The key of a row says it'
      using errcode = 'invalid_parameter_value', hint = format('For example: select * from rowtrail.erase(%L, ''42'');', full_name);
  elsif columns = '{}' then
    raise exception 'no column is named'
      using errcode = 'invalid_parameter_value', hint = 'Name some; or leave the argument out to erase all columns but the key.';
  end if;
  wanted_key := rowtrail.key_from(known.key_columns, key);
  of_key := coalesce(columns && known.key_columns, false);

  loop
    ids := rowtrail.versions_of_row(known.id, wanted_key);
    if ids = '{}' then
      raise exception '% has no version of a row %', full_name, wanted_key
        using errcode = 'no_data_found', hint = 'A key of several columns is a JSON array; a key that was erased is erased:N.';
    end if;
    perform rowtrail.require_not_live(known, ids, columns);
    -- What was committed meanwhile was not looked at.
    exit when ids = rowtrail.versions_of_row(known.id, wanted_key);
  end loop;
  perform rowtrail.require_in_history(known, full_name, ids, columns);

  erasure := nextval('rowtrail.version_id');
  erased_values := 0;
  for version in select v.* from rowtrail.versions as v where v.table_id = known.id and v.id = any (ids) order by v.id loop
    select array_agg(p.place order by p.place), array_agg(distinct p.now_named) filter (where p.now_named is not null) || columns_erased
    into places, columns_erased
    from rowtrail.named_places(version) as p
    where not p.place = any (coalesce(version.erased, '{}'))
      and case
        -- By which columns rows were told apart then is not known.
        when p.field is null then of_key or version.changed_at < known.keyed_since
        when p.value = 'null' then false
        when columns is null then p.now_named <> all (known.key_columns)
        else p.now_named = any (columns)
      end;
    continue when places is null;

    -- What was imported is of era 0 and in no seal.
    if last_seal.id is not null and version.era > 0 and version.id <= last_seal.max_id
      and not rowtrail.is_unsealed(version.era, version.xid, last_seal, now_in)
    then
      select s.salt into salt from rowtrail.seal_salts as s where s.version_id = version.id;
      select e.* into kept from rowtrail.erased_versions as e where e.version_id = version.id;
      if salt is null and kept.version_id is null then
        unsalted := unsalted || version.id;
      else
        insert into rowtrail.erased_versions (version_id, salts, commitments)
        select
          version.id,
          coalesce(jsonb_object_agg(w.place, encode(w.salt, 'hex')) filter (where w.place <> all (places)), '{}'),
          coalesce(kept.commitments, '{}')
          || jsonb_object_agg(w.place, encode(rowtrail.commitment(w.salt, w.value), 'hex')) filter (where w.place = any (places))
        from (
          select p.place, p.value, rowtrail.value_salt(p.place, salt, kept.salts) as salt
          from rowtrail.places(version) as p
          where not coalesce(kept.commitments ? p.place, false)
        ) as w
        on conflict (version_id) do update set salts = excluded.salts, commitments = excluded.commitments;
        delete from rowtrail.seal_salts as s where s.version_id = version.id;
      end if;
    end if;

    update rowtrail.versions as v
    set
      data = rowtrail.with_nulls(v.data, 'data.', places),
      old = rowtrail.with_nulls(v.old, 'old.', places),
      verbatim = rowtrail.with_nulls(v.verbatim, 'verbatim.', places),
      row_key = case when 'row_key' = any (places) then 'erased:' || erasure else v.row_key end,
      old_key = case when 'old_key' = any (places) then 'erased:' || erasure else v.old_key end,
      -- The statement, which an import can bring, may hold the values as well.
      context = case when v.era = 0 then v.context - 'client_query' else v.context end,
      erased = array(select unnest(coalesce(v.erased, '{}')) union select unnest(places) order by 1)
    where v.table_id = version.table_id and v.id = version.id and v.changed_at = version.changed_at;
    if version.era = 0 then
      perform rowtrail.renew_import_leaf(version.id);
    end if;
    changed := changed || version.id;
    all_places := array(select unnest(all_places) union select unnest(places) order by 1);
    erased_values := erased_values + cardinality(places);
    is_key_erased := is_key_erased or places && '{row_key,old_key}';
  end loop;

  versions := cardinality(changed);
  if versions = 0 then
    erasure := null;
    return;
  elsif unsalted <> '{}' and not force then
    raise exception '% of the % versions were sealed while % was not erasable: what is left of them could not be verified',
      cardinality(unsalted), versions, full_name
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'To erase them all the same: force => true, or rowtrail erase --force. Then rowtrail verify says so of each. Let the owner of the table run: rowtrail track --erasable';
  end if;
  if is_key_erased then
    update rowtrail.tables as t set baseline_after = null
    where t.id = known.id and t.baseline_done_at is not null and t.baseline_after is not null;
  end if;
  -- Neither the statement nor the key, which may have to be erased later: the versions have it.
  insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, actor, login, data, old, context)
  values (
    erasure, clock_timestamp(), pg_current_xact_id(), known.id, 'S', '',
    rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200), session_user,
    jsonb_build_object(
      'command', 'rowtrail.erase()',
      'table', coalesce(known.shape -> 'table', to_jsonb(full_name)),
      'columns', coalesce(known.shape -> 'columns', '[]'),
      'erased', jsonb_build_object(
        'columns', to_jsonb(array(select distinct c from unnest(columns_erased) as c order by c)),
        'places', to_jsonb(all_places),
        'versions', to_jsonb(changed))
      || case when unsalted <> '{}' then jsonb_build_object('forced', to_jsonb(unsalted)) else '{}' end),
    '{"columns": {}}',
    nullif(
      case when former_context is not null then rowtrail.clean_context(former_context) else '{}' end
      || jsonb_strip_nulls(jsonb_build_object('reason', rowtrail.clean(reason, 1000))),
      '{}'));
end
$$;


ALTER FUNCTION rowtrail.erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint) IS 'Erases values of a row from its history, and gives the erasure (the id of its event), the number of versions and that of values; NULL where there was nothing to erase. The columns that are named; without them all but those of the key. They must be gone from the table: select * from rowtrail.erase(''people'', ''42'', ''{email}'', reason => ''request 17''); Its seals still verify, but of versions that were sealed while the table was not erasable, which takes force => true. The table is named as in SQL, also one that was dropped.';


--
-- Name: execute_patiently(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.execute_patiently(statement text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '200ms'
    AS $$
declare
  tries int := 0;
begin
  loop
    begin
      execute statement;
      return;
    exception when lock_not_available then
      tries := tries + 1;
      if tries = 50 then
        raise;
      end if;
    end;
    perform pg_sleep(0.1 + random() / 5);
  end loop;
end
$$;


ALTER FUNCTION rowtrail.execute_patiently(statement text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION execute_patiently(statement text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.execute_patiently(statement text) IS 'Executes a statement that asks for a lock: for 0.2 s, fifty times; then it fails with lock_not_available.';


--
-- Name: feed(text, integer, regclass[], boolean, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed(after text DEFAULT NULL::text, most integer DEFAULT 1000, of_tables regclass[] DEFAULT NULL::regclass[], with_mark boolean DEFAULT false, whole_up_to integer DEFAULT 10000) RETURNS TABLE(cursor text, is_whole boolean, table_name text, op text, row_key text, old_key text, data jsonb, old jsonb, changed_at timestamp with time zone, actor text, login text, transaction text, context jsonb, id bigint, is_superseded boolean, verbatim jsonb, erased text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select f.cursor, f.is_whole, f.table_name, f.op, f.row_key, f.old_key, f.data, f.old, f.changed_at, f.actor, f.login,
    f.transaction, f.context, f.id, f.is_superseded, f.verbatim, f.erased
  from rowtrail.feed_of(
    after, most, (select array_agg(r.id) from unnest(of_tables) as n (name) cross join lateral rowtrail.registered(n.name) as r),
    with_mark, whole_up_to) as f
$$;


ALTER FUNCTION rowtrail.feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer) IS 'The versions that were committed after a cursor, each once, oldest first: select * from rowtrail.feed(); and on from the cursor of its last row: select * from rowtrail.feed(''1.1....''); after => ''now'' begins now, with the cursor of rowtrail.feed_now(). is_whole: no transaction has come in part. is_superseded: of a baseline, a later version of the row has come already. with_mark adds a last row that has a cursor only: where to go on.';


--
-- Name: feed_by_ids(integer, pg_snapshot, pg_snapshot, bigint, integer[], integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) RETURNS TABLE(last_id bigint, id bigint, table_id integer, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
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


ALTER FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) IS 'A page of the feed, by id: the index finds it, however many versions there are between the two snapshots.';


--
-- Name: feed_by_transactions(integer, pg_snapshot, pg_snapshot, bigint, bigint, integer[], integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) RETURNS TABLE(last_id bigint, id bigint, table_id integer, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
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


ALTER FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) IS 'A page of the feed, of whole transactions: all that there are between the two snapshots are sorted for it.';


--
-- Name: feed_cursor(integer, pg_snapshot, pg_snapshot, bigint, bigint, integer, bigint, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_cursor(era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, last_table integer, last_id bigint, last_at bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select concat_ws(
    '.', '1', era, since, case when upto is not null then concat_ws('.', upto, concat_ws('-', of_transaction, of_id)) end,
    case when last_id is not null then concat_ws('-', last_table, last_id, last_at) end)
$$;


ALTER FUNCTION rowtrail.feed_cursor(era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, last_table integer, last_id bigint, last_at bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_cursor(era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, last_table integer, last_id bigint, last_at bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_cursor(era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, last_table integer, last_id bigint, last_at bigint) IS 'The cursor that says this: rowtrail.feed_place() reads it.';


--
-- Name: version_id; Type: SEQUENCE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE SEQUENCE rowtrail.version_id
    START WITH 100
    INCREMENT BY 100
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE rowtrail.version_id OWNER TO rowtrail_owner;

--
-- Name: versions; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
)
PARTITION BY RANGE (changed_at);


ALTER TABLE rowtrail.versions OWNER TO rowtrail_owner;

--
-- Name: TABLE versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.versions IS 'One row per row change, in the transaction that made it. Append-only; per row ordered by id.';


--
-- Name: COLUMN versions.id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.id IS 'arrival number; orders the versions of one row, with gaps';


--
-- Name: COLUMN versions.changed_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.changed_at IS 'when the change was captured, by the clock, under the lock of the row';


--
-- Name: COLUMN versions.xid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.xid IS 'the transaction; groups what it changed';


--
-- Name: COLUMN versions.table_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.table_id IS 'the table: rowtrail.tables.id';


--
-- Name: COLUMN versions.era; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.era IS 'which life of the cluster xid belongs to';


--
-- Name: COLUMN versions.file; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.file IS 'the file (of the table or partition) in which old_ctid and new_ctid are places';


--
-- Name: COLUMN versions.early_in; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.early_in IS 'the file again, where the change was recorded before the one that led to it';


--
-- Name: COLUMN versions.old_ctid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.old_ctid IS 'where the row was before; chains the changes within a transaction';


--
-- Name: COLUMN versions.new_ctid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.new_ctid IS 'where the row was after';


--
-- Name: COLUMN versions.op; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.op IS 'I insert, U update, D delete, T truncate, B baseline, S schema change';


--
-- Name: COLUMN versions.row_key; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.row_key IS 'the key of the row: its value, or a JSON array for a composite key';


--
-- Name: COLUMN versions.old_key; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.old_key IS 'the key before, where an update changed it, or moved the row here';


--
-- Name: COLUMN versions.actor; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.actor IS 'who the application says it was';


--
-- Name: COLUMN versions.login; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.login IS 'who the database knows it was: session_user';


--
-- Name: COLUMN versions.data; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.data IS 'the row after the change; for D the row that went; for S what was changed';


--
-- Name: COLUMN versions.old; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.old IS 'for U what the changed columns held before; for S how the schema was';


--
-- Name: COLUMN versions.verbatim; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.verbatim IS 'the text of json columns, where data would not give it back';


--
-- Name: COLUMN versions.context; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.context IS 'what the writer chose to say: reason, request id';


--
-- Name: COLUMN versions.erased; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.versions.erased IS 'the places of values that were erased, as data.email; no part of its seal';


--
-- Name: feed_members(integer, pg_snapshot, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) RETURNS SETOF rowtrail.versions
    LANGUAGE sql STABLE
    AS $$
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


ALTER FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_members(in_era integer, since pg_snapshot, upto pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) IS 'The versions of an era that were committed between two snapshots.';


--
-- Name: feed_now(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_now() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select f.cursor from rowtrail.feed_of('now', 1, null, true, 1) as f
$$;


ALTER FUNCTION rowtrail.feed_now() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_now(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_now() IS 'The cursor after which rowtrail.feed() gives what is committed from now on.';


--
-- Name: feed_of(text, integer, integer[], boolean, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) RETURNS TABLE(cursor text, is_whole boolean, table_name text, op text, row_key text, old_key text, data jsonb, old jsonb, changed_at timestamp with time zone, actor text, login text, transaction text, context jsonb, id bigint, is_superseded boolean, verbatim jsonb, erased text[], table_id integer, has_more boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) IS 'rowtrail.feed() by the numbers of the tables in rowtrail.tables, also of those that were dropped. has_more of the mark: not all that is committed was looked at.';


--
-- Name: feed_place(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_place(after text, OUT era integer, OUT since pg_snapshot, OUT upto pg_snapshot, OUT of_transaction bigint, OUT of_id bigint, OUT last_table integer, OUT last_id bigint, OUT last_at bigint) RETURNS record
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.feed_place(after text, OUT era integer, OUT since pg_snapshot, OUT upto pg_snapshot, OUT of_transaction bigint, OUT of_id bigint, OUT last_table integer, OUT last_id bigint, OUT last_at bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_place(after text, OUT era integer, OUT since pg_snapshot, OUT upto pg_snapshot, OUT of_transaction bigint, OUT of_id bigint, OUT last_table integer, OUT last_id bigint, OUT last_at bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_place(after text, OUT era integer, OUT since pg_snapshot, OUT upto pg_snapshot, OUT of_transaction bigint, OUT of_id bigint, OUT last_table integer, OUT last_id bigint, OUT last_at bigint) IS 'What a cursor of the feed says; of NULL, the very beginning.';


--
-- Name: feed_snapshot(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.feed_snapshot() RETURNS pg_snapshot
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.feed_snapshot() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION feed_snapshot(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.feed_snapshot() IS 'What is committed now, and can be given by the feed.';


--
-- Name: finish_import(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.finish_import(import_id bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.imports;
  problem text;
begin
  select i.* into known from rowtrail.imports as i where i.id = finish_import.import_id for update;
  if known.id is null then
    return 'it is not there any more';
  elsif known.finished_at is not null then
    return null;
  end if;
  select w.problem into problem
  from (
    select 1, format('%s rows were read, and %s were there when it was begun', known.rows_read, known.rows)
    where known.rows_read <> known.rows
    union all
    select 2, format('the source has %s rows, and had %s when it was begun', c.rows, known.rows)
    from (select coalesce(sum(o.rows), 0) as rows from rowtrail.count_import(finish_import.import_id) as o) as c
    where c.rows <> known.rows
    union all
    select 3, format('of %s %s rows were read, and %s are accounted for', t.source_table, t.rows_read, c.accounted)
    from rowtrail.import_tables as t
    cross join lateral (
      select t.versions + coalesce(sum(o.value::bigint), 0) as accounted from jsonb_each_text(t.left_out) as o
    ) as c
    where t.import_id = finish_import.import_id and t.rows_read <> c.accounted
    union all
    select 4, format('%s versions of %s were made, and %s are there', t.versions, t.source_table, c.versions)
    from rowtrail.import_tables as t
    cross join lateral (
      select count(*) as versions
      from rowtrail.versions as v
      where v.table_id = t.table_id and v.id between known.first_id and known.first_id + known.rows - 1 and v.era = 0
    ) as c
    where t.import_id = finish_import.import_id and t.versions <> c.versions
  ) as w (place, problem)
  order by w.place
  limit 1;
  if problem is not null then
    perform rowtrail.discard_import(import_id);
    return problem;
  end if;
  update rowtrail.imports as i
  set finished_at = clock_timestamp(), hash = rowtrail.import_hash(i.id)
  where i.id = finish_import.import_id;
  return null;
end
$$;


ALTER FUNCTION rowtrail.finish_import(import_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION finish_import(import_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.finish_import(import_id bigint) IS 'The part of `rowtrail import` that reconciles: each row that was counted, then and now, was read, and is a version or was left out for a reason. Where that is not so, all of the import is removed, and what is wrong is given; else NULL.';


--
-- Name: full_name(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.full_name(target regclass) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format('%I.%I', n.nspname, c.relname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = target
$$;


ALTER FUNCTION rowtrail.full_name(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION full_name(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.full_name(target regclass) IS 'The table''s name with its schema, quoted where SQL needs it.';


--
-- Name: gone_with_partitions(integer, rowtrail.boundary, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select string_agg(
    format(
      'coalesce((r.id < %1$s and ((select %2$s from (select %3$s) as b)%4$s)), false)',
      v.id, d.value ->> 'bound',
      (
        -- A column as it was called then, from the image by the names of the shape that is asked for.
        select string_agg(
          format('(r.data ->> %L)::%s as %I', c.value ->> 'name', c.value ->> 'type', n.value ->> 'name'), ', ')
        from jsonb_array_elements(v.data -> 'columns') as n
        join jsonb_array_elements(rowtrail.columns_after(t, shape_id)) as c on c.value -> 'number' = n.value -> 'number'
        join pg_type as y on y.oid = to_regtype(c.value ->> 'type')
        where y.typnamespace = 'pg_catalog'::regnamespace
      ),
      e.or_erased),
    ' or ')
  from rowtrail.tables as t
  cross join lateral (
    select case
      when exists (select from rowtrail.versions as v where v.table_id = t.id and v.row_key = '' and v.op = 'S' and v.data ? 'erased')
        then format(' or rowtrail.ends_erased(%s, r.id, r.row_key)', t.id)
    end as or_erased
  ) as e
  join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S'
  cross join lateral jsonb_each(v.data -> 'detached') as d
  where t.id = of_table
    and d.value ->> 'bound' is not null
    and (not d.value ? 'hash_of' or rowtrail.full_name((d.value ->> 'hash_of')::oid::regclass) is not null)
    and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
$_$;


ALTER FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) IS 'The condition, on rows r of rowtrail.replay_by_key() by the columns that the event shape_id left, under which a row went with a partition that was detached or dropped within the boundary; NULL where none was.';


--
-- Name: has_early_versions(integer, text, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.has_early_versions(of_table integer, key text, today timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.has_early_versions(of_table integer, key text, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION has_early_versions(of_table integer, key text, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.has_early_versions(of_table integer, key text, today timestamp with time zone) IS 'Whether a change of this row was recorded, in this transaction, before the one that led to it.';


--
-- Name: has_low_ids(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.has_low_ids() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce((select max(v.id) from rowtrail.versions as v) >= s.last_value + case when s.is_called then 100 else 0 end, false)
  from rowtrail.version_id as s
$$;


ALTER FUNCTION rowtrail.has_low_ids() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION has_low_ids(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.has_low_ids() IS 'Whether the next version would have an id that is not beyond all that are there.';


--
-- Name: hash_of(integer, smallint, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.hash_of(of_table integer, number smallint, value text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  salt bytea;
begin
  if value is null then
    return null;
  end if;
  select s.salt into salt from rowtrail.salts as s where s.table_id = of_table;
  if salt is null then
    perform rowtrail.require_new_snapshot((select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table));
    raise exception 'rowtrail cannot record this change: the salt of the hashed columns of table % is gone',
      (select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table)
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = 'Restore its row of rowtrail.salts from a backup; or let the owner of the table run rowtrail.track() again: it makes a new one, by which equal values of before and after do not show as equal.';
  end if;
  -- With the number of the column: equal values in two columns do not show as equal.
  return 'sha256:' || encode(sha256(salt || convert_to(number::text || ':' || value, getdatabaseencoding())), 'hex');
end
$$;


ALTER FUNCTION rowtrail.hash_of(of_table integer, number smallint, value text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION hash_of(of_table integer, number smallint, value text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.hash_of(of_table integer, number smallint, value text) IS 'The SHA-256 of a value, with the salt of its table and the number of its column; NULL of NULL. Who may call it can try guesses, so it is granted to rowtrail_capture only.';


--
-- Name: held_without_key(integer, rowtrail.boundary, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, copies bigint, id bigint, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Each version takes away a row that held what was before, and adds one that holds what is after.
  with known as (
    select
      t.ignored_columns, coalesce(max(v.id), -9223372036854775807) as after_id,
      case when rowtrail.is_reached(bound, t.keyed_since) then t.keyed_since end as keyed_since
    from rowtrail.tables as t
    left join rowtrail.versions as v
      on v.table_id = t.id
      and v.row_key = ''
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
      and (
        v.op = 'T'
        or (v.op = 'S' and (
          v.data ? 'dropped'
          or (v.data ? 'rewritten' and v.changed_at < t.baseline_at and rowtrail.is_reached(bound, t.baseline_at))))
      )
    where t.id = of_table
    group by t.id
  ),
  changes as (
    select
      v.id, v.changed_at, v.op,
      case when m.after_id is null then v.data else rowtrail.image_by(v.data, m.removed, m.filled, m.renamed) end as data,
      case when m.after_id is null then v.data || v.old
        else rowtrail.image_by(v.data || v.old, m.removed, m.filled, m.renamed) end as before,
      case when m.after_id is null then v.verbatim else nullif(rowtrail.image_by(v.verbatim, m.removed, '{}', m.renamed), '{}') end as verbatim,
      k.ignored_columns
    from known as k
    join rowtrail.versions as v on v.table_id = of_table and v.id > k.after_id and v.op not in ('T', 'S')
    left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on v.id > m.after_id and v.id < m.before_id
    where (k.keyed_since is null or v.changed_at >= k.keyed_since)
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
  ),
  steps as (
    select
      c.id, c.changed_at, c.data - c.ignored_columns as image, c.verbatim, case when c.op = 'D' then -1 else 1 end as step
    from changes as c
    union all
    select c.id, c.changed_at, c.before - c.ignored_columns, null, -1
    from changes as c
    where c.op = 'U'
  )
  -- Two rows that differ only in how their json columns were written have one key, as in capture().
  select
    encode(sha256(convert_to(s.image::text, getdatabaseencoding())), 'hex'), s.image::text::jsonb,
    (array_agg(s.verbatim order by s.id desc) filter (where s.step > 0))[1], sum(s.step),
    max(s.id) filter (where s.step > 0), max(s.changed_at) filter (where s.step > 0)
  from steps as s
  group by s.image::text
$$;


ALTER FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) IS 'How many rows that hold the same there must be more than before tracking began, for a table without a key; less than none, where such were there before and went. id and changed_at are those of the newest version that left such a row.';


--
-- Name: history(regclass, anyelement); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.history(of_table regclass, key anyelement) RETURNS TABLE(changed_at timestamp with time zone, op text, actor text, login text, changes jsonb, data jsonb, row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    AS $$
  select h.* from rowtrail.history(of_table, to_jsonb(key) #>> '{}') as h
$$;


ALTER FUNCTION rowtrail.history(of_table regclass, key anyelement) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION history(of_table regclass, key anyelement); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.history(of_table regclass, key anyelement) IS 'The versions of one row, newest first, by a key of any type: a number, a uuid, a timestamp, a JSON array for a composite key.';


--
-- Name: history(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.history(of_table regclass, key text) RETURNS TABLE(changed_at timestamp with time zone, op text, actor text, login text, changes jsonb, data jsonb, row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select h.*
  from rowtrail.registered(of_table) as t
  cross join lateral rowtrail.row_history(t.id, rowtrail.key_from(t.key_columns, key)) as h
$$;


ALTER FUNCTION rowtrail.history(of_table regclass, key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION history(of_table regclass, key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.history(of_table regclass, key text) IS 'The versions of one row, newest first: select * from rowtrail.history(''orders'', 42); a composite key is a JSON array: rowtrail.history(''order_lines'', ''[42, 1]''). changes holds {"column": [old, new]}; moved the partitions from and to which an update moved the row, by their names of today; erased the places of values that were erased since, as data.email.';


--
-- Name: holds_alike(jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.holds_alike(before jsonb, after jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- A label of an enum can only be added or renamed.
  select before is null or after is null or before = after or coalesce(after -> 'labels' @> (before -> 'labels'), false)
$$;


ALTER FUNCTION rowtrail.holds_alike(before jsonb, after jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION holds_alike(before jsonb, after jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.holds_alike(before jsonb, after jsonb) IS 'The same for what rowtrail.type_shape() says of the types.';


--
-- Name: holds_json(oid); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.holds_json(of_type oid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  t pg_type;
begin
  if of_type < 16384 then
    -- PostgreSQL's own types, of which it looks for no cast.
    return of_type in ('json'::regtype, 'json[]'::regtype);
  end if;
  select y.* into t from pg_type as y where y.oid = of_type;
  return (t.typtype = 'd' and rowtrail.holds_json(t.typbasetype))
    or (t.typelem <> 0 and t.typlen = -1 and rowtrail.holds_json(t.typelem))
    or (t.typtype = 'c' and exists (
      select from pg_attribute as a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped and rowtrail.holds_json(a.atttypid)))
    or exists (select from pg_cast as c where c.castsource = of_type and c.casttarget = 'json'::regtype);
end
$$;


ALTER FUNCTION rowtrail.holds_json(of_type oid) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION holds_json(of_type oid); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.holds_json(of_type oid) IS 'Whether values of the type are json, or hold it: a domain, an array, a composite, a type with a cast.';


--
-- Name: hstore_values(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.hstore_values(written text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
  -- "a"=>"1", "b"=>NULL; a backslash stands before a quote or a backslash.
  select coalesce(
    jsonb_object_agg(
      regexp_replace(p.found[1], e'\\\\(.)', e'\\1', 'g'),
      case when p.found[3] is null then regexp_replace(p.found[2], e'\\\\(.)', e'\\1', 'g') end),
    '{}')
  from regexp_matches(written, e'"((?:[^"\\\\]|\\\\.)*)"=>(?:"((?:[^"\\\\]|\\\\.)*)"|(NULL))', 'g') as p (found)
$$;


ALTER FUNCTION rowtrail.hstore_values(written text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION hstore_values(written text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.hstore_values(written text) IS 'The pairs of an hstore, by its text, as JSON.';


--
-- Name: id_before_what_followed(integer, text, text, oid, tid, tid, boolean, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone) IS 'A free id below that of a later change of the row that is already recorded, and its time; nothing where there is none.';


--
-- Name: id_of_change_to(integer, text, oid, tid, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) IS 'The version of the change by which this transaction left the row at this place.';


--
-- Name: image_by(jsonb, text[], jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.image_by(data jsonb, removed text[], filled jsonb, renamed jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select filled || (data - removed) || coalesce(
    (select jsonb_object_agg(r.value #>> '{}', data -> r.key) from jsonb_each(renamed) as r where data ? r.key), '{}')
$$;


ALTER FUNCTION rowtrail.image_by(data jsonb, removed text[], filled jsonb, renamed jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION image_by(data jsonb, removed text[], filled jsonb, renamed jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.image_by(data jsonb, removed text[], filled jsonb, renamed jsonb) IS 'An image by one of the rows of rowtrail.image_maps().';


--
-- Name: image_differences(jsonb, jsonb, jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.image_differences(image_before jsonb, verbatim_before jsonb, image_after jsonb, verbatim_after jsonb) RETURNS TABLE(column_name text, path text[], before jsonb, after jsonb, kind text)
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive pairs as (
    select n.name, '{}'::text[] as path, '{}'::text[] as sort_path, image_before -> n.name as before, image_after -> n.name as after
    from (
      select k.name from jsonb_object_keys(image_before) as k (name)
      union
      select k.name from jsonb_object_keys(image_after) as k (name)
    ) as n
    union all
    select
      p.name, p.path || s.key, p.sort_path || coalesce(lpad(s.place::text, 10, '0'), s.key),
      case when s.place is null then p.before -> s.key else p.before -> s.place end,
      case when s.place is null then p.after -> s.key else p.after -> s.place end
    from pairs as p
    cross join lateral (
      select k.key, null::int as place
      from (
        select o.key from jsonb_object_keys(case jsonb_typeof(p.before) when 'object' then p.before end) as o (key)
        union
        select o.key from jsonb_object_keys(case jsonb_typeof(p.after) when 'object' then p.after end) as o (key)
      ) as k
      where jsonb_typeof(p.before) = 'object'
      union all
      select i.place::text, i.place
      from generate_series(
        0,
        greatest(
          jsonb_array_length(case jsonb_typeof(p.before) when 'array' then p.before end),
          jsonb_array_length(case jsonb_typeof(p.after) when 'array' then p.after end)) - 1) as i (place)
      where jsonb_typeof(p.before) = 'array'
    ) as s
    where jsonb_typeof(p.before) = jsonb_typeof(p.after) and p.before::text <> p.after::text
  ),
  leaves as (
    select p.*
    from pairs as p
    where p.before::text is distinct from p.after::text
      and (jsonb_typeof(p.before) is distinct from jsonb_typeof(p.after) or jsonb_typeof(p.before) not in ('object', 'array'))
    union all
    select t.name, '{}', '{}', to_jsonb(t.before), to_jsonb(t.after)
    from (
      select
        k.name, coalesce(verbatim_before ->> k.name, (image_before -> k.name)::text) as before, coalesce(verbatim_after ->> k.name, (image_after -> k.name)::text) as after
      from (
        select v.name from jsonb_object_keys(verbatim_before) as v (name)
        union
        select v.name from jsonb_object_keys(verbatim_after) as v (name)
      ) as k
      where (image_before -> k.name)::text = (image_after -> k.name)::text
    ) as t
    where t.before <> t.after
  )
  select
    l.name, l.path, l.before, l.after,
    case
      when l.before is null then 'added'
      when l.after is null then 'removed'
      when (image_before #> (l.name || l.path))::text = (image_after #> (l.name || l.path))::text then 'text'
      when l.before = l.after then 'scale'
      when 'null' in (jsonb_typeof(l.before), jsonb_typeof(l.after)) or jsonb_typeof(l.before) = jsonb_typeof(l.after) then 'value'
      else 'type'
    end
  from leaves as l
  order by l.name, l.sort_path
$$;


ALTER FUNCTION rowtrail.image_differences(image_before jsonb, verbatim_before jsonb, image_after jsonb, verbatim_after jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION image_differences(image_before jsonb, verbatim_before jsonb, image_after jsonb, verbatim_after jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.image_differences(image_before jsonb, verbatim_before jsonb, image_after jsonb, verbatim_after jsonb) IS 'The lines of rowtrail.diff(), of two images and the texts of their json columns.';


--
-- Name: image_maps(integer, bigint, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint DEFAULT NULL::bigint, known_until bigint DEFAULT NULL::bigint) RETURNS TABLE(after_id bigint, before_id bigint, removed text[], filled jsonb, renamed jsonb, names jsonb)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  columns jsonb;  -- of that day: {"now", "was", "number"}; {"fill"} or {"is_unknown"} before there was one
  before jsonb;   -- the columns before the event
  event record;
begin
  select jsonb_agg(jsonb_build_object('now', n.value -> 'name', 'was', n.value -> 'name', 'number', n.value -> 'number'))
  into columns
  from rowtrail.tables as t
  cross join lateral jsonb_array_elements(rowtrail.columns_after(t, shape_id)) as n
  where t.id = of_table;

  -- Back through the events, newest first, that which nobody has recorded yet before all.
  for event in
    select e.id, e.data, e.old, coalesce(lead(e.id) over (order by e.id desc), -9223372036854775807) as former
    from (
      select v.id, v.data, v.old
      from rowtrail.versions as v
      -- An erasure, of which there may be many, changes no column.
      where v.table_id = of_table and v.row_key = '' and v.op = 'S' and v.id <= coalesce(shape_id, v.id) and not v.data ? 'erased'
      union all
      select
        9223372036854775807,
        case
          when c.data ? 'added' then jsonb_set(c.data, '{added}', (
            select coalesce(jsonb_object_agg(a.key, null), '{}')
            from jsonb_each(c.data -> 'added') as a where a.value -> 'missing' = 'false'))
          else c.data
        end,
        c.old
      from rowtrail.tables as t
      cross join lateral rowtrail.schema_change(t, true) as c
      where t.id = of_table and t.untracked_at is null and c.data is not null and shape_id is null
    ) as e
    order by e.id desc
  loop
    -- What was before a table was dropped has nothing to do with one that is there now.
    exit when event.data ? 'dropped';
    before := (
      select coalesce(jsonb_agg(b.value), '[]')
      from (
        select n.value
        from jsonb_array_elements(event.data -> 'columns') as n
        where not event.data ? 'renumbered' and not event.old -> 'columns' ? (n.value ->> 'number')
        union all
        select o.value from jsonb_each(event.old -> 'columns') as o where o.value <> 'null'
      ) as b);
    columns := (
      select jsonb_agg(
        case
          when c.value -> 'number' is null then c.value
          when b.value is not null then
            c.value
            || jsonb_build_object('was', b.value -> 'name', 'number', b.value -> 'number')
            || case when u.is_unknown then '{"is_unknown": true}' else '{}'::jsonb end
          when u.is_unknown or not coalesce(event.data -> 'added' ? (c.value ->> 'number'), false)
            then jsonb_build_object('now', c.value -> 'now', 'is_unknown', true)
          else jsonb_build_object('now', c.value -> 'now', 'fill', event.data -> 'added' -> (c.value ->> 'number'))
        end)
      from jsonb_array_elements(columns) as c
      cross join lateral (
        select
          c.value ? 'is_unknown'
          or (event.id <= coalesce(known_until, event.id) and coalesce(event.data -> 'rewritten' @> (c.value -> 'number'), false))
            as is_unknown
      ) as u
      left join lateral (
        select p.value
        from jsonb_array_elements(before) as p
        where case
          when event.data ? 'renumbered' then p.value -> 'name' = c.value -> 'was'
          else p.value -> 'number' = c.value -> 'number'
        end
      ) as b on true);

    after_id := event.former;
    before_id := event.id;
    select
      array(
        select p.value ->> 'name' from jsonb_array_elements(before) as p
        where not exists (
          select from jsonb_array_elements(columns) as c
          where c.value -> 'number' = p.value -> 'number'
            and c.value -> 'now' = c.value -> 'was'
            and not c.value ? 'is_unknown')),
      coalesce(jsonb_object_agg(c.value ->> 'now', c.value -> 'fill') filter (where c.value ? 'fill'), '{}'),
      coalesce(
        jsonb_object_agg(c.value ->> 'was', c.value -> 'now')
          filter (where c.value ? 'number' and c.value -> 'was' <> c.value -> 'now' and not c.value ? 'is_unknown'),
        '{}'),
      coalesce(
        jsonb_object_agg(c.value ->> 'was', c.value -> 'now')
          filter (where c.value ? 'number' and c.value -> 'was' <> c.value -> 'now'),
        '{}')
    into removed, filled, renamed, names
    from jsonb_array_elements(columns) as c;
    -- A column that is gone, while another one bears its name.
    names := names || (
      select coalesce(jsonb_object_agg(p.value ->> 'name', (p.value ->> 'name') || ' (dropped)'), '{}')
      from jsonb_array_elements(before) as p
      where exists (select from jsonb_array_elements(columns) as c where c.value -> 'now' = p.value -> 'name')
        and not exists (select from jsonb_array_elements(columns) as c where c.value -> 'number' = p.value -> 'number'));
    return next;
  end loop;
end
$$;


ALTER FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint, known_until bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION image_maps(of_table integer, shape_id bigint, known_until bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint, known_until bigint) IS 'How the images of a table''s versions with ids between after_id and before_id read by the columns of today, or by those that the event shape_id left: without the removed fields, with the filled ones unless they have them, and the renamed ones under their new names. names has the new name of each field that had another. What an event later than known_until rewrote is still known. No row for versions since the last schema change.';


--
-- Name: image_now(integer, bigint, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(
    (
      select rowtrail.image_by(data, m.removed, m.filled, m.renamed)
      from rowtrail.image_maps(of_table) as m
      where version_id > m.after_id and version_id < m.before_id
    ),
    data)
$$;


ALTER FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION image_now(of_table integer, version_id bigint, data jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) IS 'The image of a row that this version has, by the columns of today: renamed ones under their names of today, without dropped ones, with what an added one gave the row. Left out is what is not known: a column that was excluded then, or whose values a schema change rewrote. Images from before the table was dropped stay as they are.';


--
-- Name: image_of(integer, anyelement, text[], text[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  written json;
  as_text text;
  field text;
  cause text;
  state text;
  known record;
  key text;
begin
  begin
    image := to_jsonb(given);
    if verbatim_columns <> '{}' then
      written := row_to_json(given);
      foreach field in array verbatim_columns loop
        as_text := (written -> field)::text;
        if as_text <> (image -> field)::text then
          verbatim := coalesce(verbatim, '{}') || jsonb_build_object(field, as_text);
        end if;
      end loop;
    end if;
    return;
  exception when others then
    image := '{}';
  end;
  -- Which column is it? One that is not stored stands in nobody's way.
  select t.relid, t.key_attnums, coalesce(rowtrail.full_name(t.relid), format('%I.%I', t.schema_name, t.table_name)) as full_name
  into known
  from rowtrail.tables as t
  where t.id = of_table;
  if not exists (select from pg_class as c where c.oid = known.relid) then
    raise exception 'rowtrail cannot record this change of %: the table was restored or made anew since it was tracked', known.full_name
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = format('As the table''s owner: select rowtrail.track(%L);', known.full_name);
  end if;
  for field in
    select a.attname
    from pg_attribute as a
    where a.attrelid = known.relid and a.attnum > 0 and not a.attisdropped and a.attname <> all (left_out)
    order by a.attnum
  loop
    begin
      -- format() and not ::text, which would run a cast of whoever owns the type.
      execute format(
        'select $1 || jsonb_build_object(%1$L, ($2).%1$I), case when ($2).%1$I is not null then format(''%%s'', ($2).%1$I) end',
        field)
      into image, as_text
      using image, given;
      if field = any (verbatim_columns) and as_text <> (image -> field)::text then
        verbatim := coalesce(verbatim, '{}') || jsonb_build_object(field, as_text);
      end if;
    exception when others then
      get stacked diagnostics state = returned_sqlstate, cause = message_text;
      if field <> all (hashed) then
        execute format(
          'select left(concat_ws('', '', %s), 200)',
          (select string_agg(format('($1).%I', n.name), ', ' order by n.place)
          from unnest(rowtrail.names_of(known.relid, known.key_attnums)) with ordinality as n (name, place)))
        into key
        using given;
        raise exception 'rowtrail cannot record this change of %, key %: column % does not fit into JSONB: %',
          known.full_name, coalesce(key, 'none'), quote_ident(field), cause
          using
            errcode = state,
            hint = format(
              'Leave the column out or hash it, as the table''s owner: select rowtrail.track(%L, exclude => array[%L]);',
              known.full_name, field);
      end if;
      execute format('select $1 || jsonb_build_object(%1$L, format(''%%s'', ($2).%1$I))', field) into image using image, given;
    end;
  end loop;
end
$_$;


ALTER FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) IS 'The row as JSONB, and the text of the json columns that JSONB would not give back. Raises what is wrong, with the names of table, key and column, where a column that is stored cannot be JSONB.';


--
-- Name: import_batch(bigint, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    SET client_encoding TO 'UTF8'
    SET jit TO 'off'
    AS $_$
declare
  known rowtrail.imports;
  part int;
  last_place jsonb;
  counted jsonb;
begin
  -- Two that go on with one import read each row once.
  select i.* into known from rowtrail.imports as i where i.id = import_batch.import_id for update;
  if known.id is null then
    raise exception 'there is no import %', import_id using errcode = 'no_data_found';
  end if;
  -- The leaves are made of what is stored, whatever the client reads.
  perform set_config('client_encoding', getdatabaseencoding(), true);
  part := coalesce((known.reached ->> 0)::int, 1);
  if known.finished_at is not null or part > cardinality(known.queries) then
    rows_read := known.rows_read;
    is_done := true;
    return;
  end if;
  perform rowtrail.bind_source(known.queries[part]);
  execute format(
    $query$
      with source as materialized (
        select s.*, row_number() over (order by s.a, s.c collate "C") as n
        from (
          select q.*
          from pg_temp.rowtrail_source as q
          join rowtrail.import_tables as k on k.import_id = $3 and k.table_id = q.table_id
          where q.a >= %1$L::bigint
            and (q.a > %1$L::bigint or q.c collate "C" > %2$L)
            and coalesce(q.changed_at, '-infinity') < k.until
          order by q.a, q.c collate "C"
          limit $2
        ) as s
      ),
      images as materialized (
        select
          s.n, s.source_id, s.table_id, s.op, s.changed_at, s.actor, s.login, s.wrote, k.until, k.key_columns,
          s.verbatim - k.left_out - array(select jsonb_object_keys(k.hashed)) as verbatim,
          -- A source may hold anything; a number of a transaction is from 0 on.
          coalesce((s.xid %% 10000000000000000 + 10000000000000000) %% 10000000000000000, 0) as xid,
          -- The text of a statement may hold what is not to be kept.
          case when k.left_out <> '{}' or k.hashed is not null then s.said - 'client_query' else s.said end as said,
          rowtrail.imported_image(s.before, k) as before,
          rowtrail.imported_image(s.after, k) as after
        from source as s
        join rowtrail.import_kinds($3) as k on k.table_id = s.table_id
      ),
      keyed as materialized (
        select
          i.*,
          rowtrail.imported_key(i.table_id, i.key_columns, i.before) as key_before,
          rowtrail.imported_key(i.table_id, i.key_columns, i.after) as key_after
        from images as i
      ),
      sorted as materialized (
        select
          k.*, coalesce(k.key_after, k.key_before) as row_key,
          case
            when (
              case
                when k.op in ('I', 'U', 'B') then k.after is not null
                when k.op = 'D' then case when $4 then k.after else k.before end is not null
                else k.op = 'T'
              end) is not true then 'says nothing of a row'
            -- Before the year 1000 is a slip, and at its ends there are clients that cannot read it.
            when coalesce(k.changed_at, '-infinity') < '1000-01-01Z' then 'has no time'
            when k.op <> 'T' and coalesce(k.key_after, k.key_before) is null then 'has no value in the key'
            -- Begun before the table was tracked, written after that.
            when k.changed_at >= k.until - interval '1 day' and exists (
              select from rowtrail.versions as v
              where v.table_id = k.table_id
                and v.row_key in (k.key_after, k.key_before)
                and v.id > 0
                and v.op in ('I', 'U', 'D')
                and v.changed_at >= k.until
                and (v.xid::text)::bigint & 4294967295 = k.wrote)
              then 'is recorded here already'
          end as left_out
        from keyed as k
      ),
      chained as materialized (
        select
          s.*,
          case when $4 then
            case when lag(s.n) over of_row is not null then lag(s.after) over of_row else p.data end
          else s.before end as data_before,
          case when $4 then
            case when lag(s.n) over of_row is not null then lag(s.op) over of_row else p.op::text end
          end as op_before
        from sorted as s
        left join lateral (
          select v.data, v.op
          from rowtrail.versions as v
          where $4 and v.table_id = s.table_id and v.row_key = s.row_key and v.id between $5 and $5 + $6 - 1
          order by v.id desc
          limit 1
        ) as p on true
        where s.left_out is null
        window of_row as (partition by s.table_id, s.row_key order by s.n)
      ),
      told as (
        select
          c.*,
          case
            when c.op <> 'U' then c.op
            -- What it was before is not known: it is the row as it was first seen.
            when c.data_before is null or c.op_before = 'D' then 'B'
            else 'U'
          end as told_op
        from chained as c
      ),
      made as (
        insert into rowtrail.versions as v (
          id, changed_at, xid, table_id, era, op, row_key, old_key, actor, login, data, old, verbatim, context)
        select
          $5 + $6 + t.n - 1, t.changed_at, (t.xid + $7)::text::xid8, t.table_id, 0, t.told_op::"char",
          case when t.told_op = 'T' then '' when t.told_op = 'D' and not $4 then t.key_before else t.row_key end,
          case when t.told_op = 'U' and t.key_before <> t.key_after and not $4 then t.key_before end,
          rowtrail.clean(t.actor, 200), coalesce(nullif(rowtrail.clean(t.login, 200), ''), '(not recorded)'),
          case when t.told_op = 'T' then null when t.told_op = 'D' and not $4 then t.before else t.after end,
          case when t.told_op = 'U' then rowtrail.changed_values(t.data_before, t.after) end,
          case when t.told_op not in ('D', 'T') then nullif(t.verbatim, '{}') end,
          case when jsonb_strip_nulls(t.said) <> '{}' then rowtrail.clean_context(jsonb_strip_nulls(t.said)::text) else '{}' end
            || jsonb_build_object('imported', jsonb_build_object('from', $8::text, 'table', k.source_table, 'id', rowtrail.imported_id(t.source_id)))
        from told as t
        join rowtrail.import_tables as k on k.import_id = $3 and k.table_id = t.table_id
        returning v.id, v.table_id, v.changed_at, rowtrail.leaf(v) as leaf
      ),
      part as (
        insert into rowtrail.import_leaves (import_id, part, ids, leaves)
        select
          $3, coalesce((select max(l.part) + 1 from rowtrail.import_leaves as l where l.import_id = $3), 0),
          array_agg(m.id order by m.id), string_agg(m.leaf, '' order by m.id)
        from made as m
        having count(*) > 0
        returning 1
      )
      select
        (select count(*) from source), (select jsonb_build_array($1, s.a, s.c) from source as s order by s.n desc limit 1),
        (
          select jsonb_object_agg(c.table_id, to_jsonb(c))
          from (
            select
              s.table_id, count(*) as rows_read, count(*) filter (where s.left_out is null) as versions,
              min(s.changed_at) filter (where s.left_out is null) as first_changed_at,
              max(s.changed_at) filter (where s.left_out is null) as last_changed_at,
              (
                select jsonb_object_agg(o.left_out, o.rows)
                from (
                  select x.left_out, count(*) as rows
                  from sorted as x
                  where x.table_id = s.table_id and x.left_out is not null
                  group by x.left_out
                ) as o
              ) as left_out
            from sorted as s
            group by s.table_id
          ) as c
        )
      from (select count(*) from part) as p
    $query$, coalesce((known.reached ->> 1)::bigint, -9223372036854775807), coalesce(known.reached ->> 2, ''))
  into rows_read, last_place, counted
  using part, most, import_id, known.is_state, known.first_id, known.rows_read, known.added_to_xid, known.source;

  update rowtrail.import_tables as t
  set
    rows_read = t.rows_read + (c.value ->> 'rows_read')::bigint,
    versions = t.versions + (c.value ->> 'versions')::bigint,
    left_out = t.left_out || coalesce(
      (
        select jsonb_object_agg(o.key, o.value::bigint + coalesce((t.left_out ->> o.key)::bigint, 0))
        from jsonb_each_text(nullif(c.value -> 'left_out', 'null')) as o
      ),
      '{}'),
    first_changed_at = least(t.first_changed_at, (c.value ->> 'first_changed_at')::timestamptz),
    last_changed_at = greatest(t.last_changed_at, (c.value ->> 'last_changed_at')::timestamptz)
  from jsonb_each(counted) as c
  where t.import_id = import_batch.import_id and t.table_id = c.key::int;
  update rowtrail.tables as r
  set imported_until = greatest(r.imported_until, t.last_changed_at)
  from rowtrail.import_tables as t
  where t.import_id = import_batch.import_id and r.id = t.table_id and t.last_changed_at is not null;
  is_done := rows_read < most and part >= cardinality(known.queries);
  if rows_read < most then
    last_place := jsonb_build_array(part + 1);
  end if;
  update rowtrail.imports as i
  set rows_read = i.rows_read + import_batch.rows_read, reached = last_place
  where i.id = import_batch.import_id
  returning i.rows_read into rows_read;
end
$_$;


ALTER FUNCTION rowtrail.import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean) IS 'The part of `rowtrail import` that reads the next rows of the source, so many at most, and makes versions of them: how many were read in all, and whether there were none any more.';


--
-- Name: import_hash(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.import_hash(of_import bigint) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select sha256(coalesce(string_agg(sha256(l.leaves || array_send(l.ids)), ''::bytea order by l.part), ''))
  from rowtrail.import_leaves as l
  where l.import_id = of_import
$$;


ALTER FUNCTION rowtrail.import_hash(of_import bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION import_hash(of_import bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.import_hash(of_import bigint) IS 'A hash of all leaves and ids that are kept of an import.';


--
-- Name: import_kinds(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.import_kinds(of_import bigint) RETURNS TABLE(table_id integer, until timestamp with time zone, key_columns text[], left_out text[], hashed jsonb, zoned text[], columns text, documents text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    t.id, i.until, rowtrail.names_of(t.relid, t.key_attnums),
    array(select c.name from rowtrail.treatments(t) as c where c.treatment in ('exclude', 'virtual')),
    (select jsonb_object_agg(c.name, c.number) from rowtrail.treatments(t) as c where c.treatment = 'hash'),
    array(
      select a.attname::text from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'timestamptz'::regtype),
    (
      -- Of PostgreSQL's own types only: another's could run what its owner likes.
      select string_agg(format('%I %s', a.attname, case when a.atttypid in ('json'::regtype, 'jsonb'::regtype) then 'text' else format_type(a.atttypid, null) end), ', ')
      from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid < 16384
    ),
    array(
      select a.attname::text from pg_attribute as a
      where a.attrelid = t.relid and a.attnum > 0 and not a.attisdropped and a.atttypid in ('json'::regtype, 'jsonb'::regtype))
  from rowtrail.import_tables as i
  join rowtrail.tables as t on t.id = i.table_id
  where i.import_id = of_import
$$;


ALTER FUNCTION rowtrail.import_kinds(of_import bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION import_kinds(of_import bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.import_kinds(of_import bigint) IS 'For rowtrail.import_batch(): what is to be done with the columns of each table of the import.';


--
-- Name: imported_id(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.imported_id(source_id text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case when source_id ~ '^[0-9]{1,18}$' then to_jsonb(source_id::bigint) else to_jsonb(source_id) end
$_$;


ALTER FUNCTION rowtrail.imported_id(source_id text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION imported_id(source_id text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.imported_id(source_id text) IS 'What names a row in its source: a number where it is one.';


--
-- Name: imported_image(jsonb, record); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.imported_image(given jsonb, kind record) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  image jsonb := given;
  field text;
  typed jsonb;
begin
  if jsonb_typeof(given) is distinct from 'object' then
    return null;
  end if;
  if jsonb_typeof(given -> 'rowtrail.hstore') = 'array' then
    -- All values are texts there.
    image := '{}';
    for field in select h.value from jsonb_array_elements_text(given -> 'rowtrail.hstore') as h loop
      image := image || rowtrail.hstore_values(field);
    end loop;
    begin
      execute format('select to_jsonb(r) from jsonb_to_record($1) as r (%s)', kind.columns) into typed using image;
      foreach field in array kind.documents loop
        typed := typed || jsonb_build_object(field, (typed ->> field)::jsonb);
      end loop;
      image := image || coalesce((select jsonb_object_agg(f.key, f.value) from jsonb_each(typed) as f where image ? f.key), '{}');
    exception when data_exception or feature_not_supported or syntax_error_or_access_rule_violation or invalid_schema_name then
      -- The columns had other types then, or name what is gone: the values stay texts.
      null;
    end;
  end if;
  image := image - kind.left_out;
  foreach field in array kind.zoned loop
    -- As the session of the writer had it; capture always writes UTC.
    if (image ->> field) ~ '^[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+( BC)?$' and (image ->> field) not like '%+00:00' then
      begin
        image := image || jsonb_build_object(field, (image ->> field)::timestamptz);
      exception when data_exception then
        -- The column had another type then.
        null;
      end;
    end if;
  end loop;
  if kind.hashed is not null then
    image := image || coalesce(
      (
        select jsonb_object_agg(h.key, rowtrail.hash_of(kind.table_id, h.value::int2, image ->> h.key))
        from jsonb_each_text(kind.hashed) as h
        where image ? h.key
      ),
      '{}');
  end if;
  return image;
end
$_$;


ALTER FUNCTION rowtrail.imported_image(given jsonb, kind record) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION imported_image(given jsonb, kind record); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.imported_image(given jsonb, kind record) IS 'For rowtrail.import_batch(): a row of the source in the form that capture gives it. What is excluded is left out, what is hashed is hashed.';


--
-- Name: imported_key(integer, text[], jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.imported_key(of_table integer, key_columns text[], image jsonb) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case
    when image is null then null
    when key_columns <> '{}' and (
      not image ?& key_columns
      or exists (select from unnest(key_columns) as c (name) where image ->> c.name is null)) then null
    else rowtrail.key_text(of_table, key_columns, image, (select t.ignored_columns from rowtrail.tables as t where t.id = of_table))
  end
$$;


ALTER FUNCTION rowtrail.imported_key(of_table integer, key_columns text[], image jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION imported_key(of_table integer, key_columns text[], image jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.imported_key(of_table integer, key_columns text[], image jsonb) IS 'For rowtrail.import_batch(): the key of a row as capture writes it; NULL where the source does not have it.';


--
-- Name: in_default_partition(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.in_default_partition() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select count(*) from (select from rowtrail.versions_default limit 10001) as v
$$;


ALTER FUNCTION rowtrail.in_default_partition() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION in_default_partition(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.in_default_partition() IS 'How many versions are of months for which there is no partition, counted up to 10,001.';


--
-- Name: integrity(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
declare
  latest rowtrail.seals;
begin
  select count(*)
  into tables
  from rowtrail.tables as t
  where t.untracked_at is null and exists (select from pg_class as c where c.oid = t.relid);
  is_guarded := rowtrail.is_guarded();
  records_schema_changes := rowtrail.records_schema_changes();
  select
    -- The changes of a stale one are recorded, only slower than need be.
    count(*) filter (where f.part = 'table' and f.problem <> 'stale'), count(*) filter (where f.part = 'table' and f.problem = 'stale'),
    count(*) filter (where f.is_fault), count(*) filter (where not f.is_fault),
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'part', f.part, 'object', left(f.object, 1000), 'problem', left(f.problem, 1000), 'mend', left(f.mend, 1000), 'is_fault', f.is_fault)
        order by f.n) filter (where f.n <= 100),
      '[]')
  into faulty_tables, stale_tables, faults, notes, findings
  from (
    select v.part, v.object, v.problem, v.mend, v.is_fault, row_number() over (order by not v.is_fault, v.place) as n
    from rowtrail.verify() with ordinality as v (part, object, problem, mend, is_fault, place)
  ) as f;
  in_default_partition := rowtrail.in_default_partition();

  select s.* into latest from rowtrail.seals as s order by s.id desc limit 1;
  last_seal := latest.id;
  sealed_at := latest.sealed_at;
  seal_hash := encode(latest.hash, 'hex');
  is_new_life := latest.id is not null and rowtrail.is_new_life(latest);
  if is_new_life then
    -- The numbers of the transactions begin anew, and do not tell what was sealed.
    oldest_unsealed := latest.sealed_at;
  else
    select u.versions, u.oldest into unsealed, oldest_unsealed from rowtrail.unsealed(100001) as u;
  end if;

  select v.done_at, v.login, v.faults
  into verified_at, verified_by, verification_faults
  from rowtrail.verifications as v
  order by v.id desc
  limit 1;
  select v.done_at, v.faults
  into wholly_verified_at, whole_verification_faults
  from rowtrail.verifications as v
  where v.left_out = '{}'
  order by v.id desc
  limit 1;
end
$$;


ALTER FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) IS 'In one row: what is recorded and guarded, what rowtrail.verify() finds, what is sealed and until when, and when rowtrail verify looked. Unsealed versions are counted up to 100,001, those in the default partition up to 10,001; of the findings the first 100 are there, faults first. After a restore into another cluster the unsealed are not known (NULL) until the next seal.';


--
-- Name: is_capturing(pg_trigger); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_capturing(known pg_trigger) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select known.tgqual is null
    and known.tgattr = ''
    and exists (
      select from (values
        ('!rowtrail_capture', 29, array['rowtrail.capture()', 'rowtrail.capture_partition()']::regprocedure[]),
        ('!rowtrail_truncate', 32, array['rowtrail.capture_truncate()']::regprocedure[]),
        ('!rowtrail_truncate_rows', 34, array['rowtrail.capture_truncated_rows()']::regprocedure[])
      ) as w (named, kind, functions)
      where w.named = known.tgname and w.kind = known.tgtype and known.tgfoid = any (w.functions))
$$;


ALTER FUNCTION rowtrail.is_capturing(known pg_trigger) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_capturing(known pg_trigger); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_capturing(known pg_trigger) IS 'Whether it is a trigger of rowtrail''s as it must be: by its name, what it fires on, its function, and with no condition.';


--
-- Name: is_deferrable(regclass, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_deferrable(target regclass, key_columns text[]) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(bool_and(not i.indimmediate), false)
  from pg_index as i
  where i.indrelid = target
    and i.indisunique
    and array(select a.attname::text from pg_attribute as a where a.attrelid = target and a.attnum = any (i.indkey) order by 1)
      = array(select n.name from unnest(key_columns) as n (name) order by 1)
$$;


ALTER FUNCTION rowtrail.is_deferrable(target regclass, key_columns text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_deferrable(target regclass, key_columns text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_deferrable(target regclass, key_columns text[]) IS 'Whether two rows can have the same key for a moment, since no unique index on it is checked at once.';


--
-- Name: is_guarded(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_guarded() RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select count(*) = 2
  from pg_event_trigger as e
  where e.evtfoid = 'rowtrail.on_guarded_command()'::regprocedure
    and e.evtevent in ('ddl_command_end', 'sql_drop')
    and e.evtenabled = 'A'
$$;


ALTER FUNCTION rowtrail.is_guarded() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_guarded(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_guarded() IS 'Whether what would stop the recording is refused: the two event triggers are there, and ENABLE ALWAYS. Only a superuser can create them.';


--
-- Name: is_moved_on(integer, text, integer, xid8, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (
    select from rowtrail.versions as v
    where v.table_id = of_table
      and v.old_key = key
      and v.id > version_id
      and v.op = 'I'
      and (v.era, v.xid) = (in_era, in_xid))
$$;


ALTER FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) IS 'Whether the delete of this key by this version is half of a move to another partition.';


--
-- Name: is_named_like_a_secret(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_named_like_a_secret(column_name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  -- camelCase as snake_case
  select lower(regexp_replace(column_name, '([a-z0-9])([A-Z])', e'\\1_\\2', 'g'))
    ~ '(^|[^a-z])(password|passwd|passphrase|pwd|secret|token|api_?key|private_?key|access_?key|credentials?|ssn|cvv|cvc|pin|card_?number|salt|otp|totp)(_?(hash|hashed|digest|encrypted|enc|crypt|salt|value|secret|key|code|number))*([0-9]*)$'
$_$;


ALTER FUNCTION rowtrail.is_named_like_a_secret(column_name text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_named_like_a_secret(column_name text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_named_like_a_secret(column_name text) IS 'Whether a column has the name of a secret, as password or apiToken, so that track() asks what the history may hold of it.';


--
-- Name: seals; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.seals (
    id bigint NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    system_identifier bigint,
    max_id bigint NOT NULL,
    versions bigint NOT NULL,
    era integer NOT NULL,
    format smallint NOT NULL,
    ends_era boolean NOT NULL,
    seen pg_snapshot NOT NULL,
    leaves_hash bytea NOT NULL,
    root bytea NOT NULL,
    log_root bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    peaks bytea NOT NULL
);


ALTER TABLE rowtrail.seals OWNER TO rowtrail_owner;

--
-- Name: TABLE seals; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.seals IS 'The seals: each closes what was committed since the one before. Append-only.';


--
-- Name: COLUMN seals.id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.id IS '1, 2, 3 and so on, without a gap';


--
-- Name: COLUMN seals.sealed_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.sealed_at IS 'when it was made, by the clock';


--
-- Name: COLUMN seals.system_identifier; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.system_identifier IS 'of the cluster in which it was made; NULL if not to be had';


--
-- Name: COLUMN seals.max_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.max_id IS 'no version that is sealed has a higher id';


--
-- Name: COLUMN seals.versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.versions IS 'the number of versions that it closes';


--
-- Name: COLUMN seals.era; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.era IS 'the era of its versions';


--
-- Name: COLUMN seals.format; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.format IS 'how its hashes are made: 1';


--
-- Name: COLUMN seals.ends_era; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.ends_era IS 'it takes all of its era: the next life of the cluster has begun';


--
-- Name: COLUMN seals.seen; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.seen IS 'it closes what this snapshot sees, and that of the seal before does not';


--
-- Name: COLUMN seals.leaves_hash; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.leaves_hash IS 'of the leaves and ids of its versions, as they are kept';


--
-- Name: COLUMN seals.root; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.root IS 'of the Merkle tree over the leaves of its versions';


--
-- Name: COLUMN seals.log_root; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.log_root IS 'of the Merkle tree over the seals before it';


--
-- Name: COLUMN seals.previous; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.previous IS 'the hash of the seal before; zeros for the first';


--
-- Name: COLUMN seals.hash; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.hash IS 'SHA-256 of rowtrail.seal_text()';


--
-- Name: COLUMN seals.peaks; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seals.peaks IS 'of the tree over the seals with it, from which the next root is made';


--
-- Name: is_new_life(rowtrail.seals); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
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
      where (v.xid::text)::bigint > n.next and v.era = e.era))
  from rowtrail.eras as e
  cross join lateral (
    -- Of this transaction itself, what it wrote can be seen.
    select greatest(
      (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint, (pg_current_xact_id_if_assigned()::text)::bigint) as next
  ) as n
  where e.era = rowtrail.current_era()
$$;


ALTER FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_new_life(last_seal rowtrail.seals); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) IS 'Whether the database has come into another cluster or was restored from a dump since its era began: transactions'' numbers may begin anew then.';


--
-- Name: is_reached(rowtrail.boundary, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select moment <= bound.until and (
    bound.until <> 'infinity'
    or bound.seen is null
    -- When a snapshot was taken shows in what it sees.
    or exists (
      select from rowtrail.versions as v
      where v.changed_at >= moment and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)))
$$;


ALTER FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_reached(bound rowtrail.boundary, moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) IS 'Whether the moment lies within the boundary.';


--
-- Name: is_recorded(integer, text, oid, tid, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) IS 'Whether the change by which this transaction left the row at this place has its version.';


--
-- Name: is_restored(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_restored() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select rowtrail.is_new_life((select s from rowtrail.seals as s order by s.id desc limit 1))
$$;


ALTER FUNCTION rowtrail.is_restored() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_restored(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_restored() IS 'Whether the database was restored or brought into another cluster, and its new era has not begun.';


--
-- Name: is_unsealed(integer, xid8, rowtrail.seals, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select era = current_era and (last_seal.id is null or era > last_seal.era or not (last_seal.ends_era or pg_visible_in_snapshot(xid, last_seal.seen)))
$$;


ALTER FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) IS 'Whether a version of this era and transaction was committed after the last seal.';


--
-- Name: is_within(rowtrail.boundary, integer, xid8, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.is_within(bound rowtrail.boundary, era integer, xid xid8, changed_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select changed_at <= bound.until
    and (bound.seen is null or era < bound.era or (era = bound.era and pg_visible_in_snapshot(xid, bound.seen)))
$$;


ALTER FUNCTION rowtrail.is_within(bound rowtrail.boundary, era integer, xid xid8, changed_at timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION is_within(bound rowtrail.boundary, era integer, xid xid8, changed_at timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.is_within(bound rowtrail.boundary, era integer, xid xid8, changed_at timestamp with time zone) IS 'Whether what was recorded then, by this transaction, counts within the boundary.';


--
-- Name: key_from(text[], text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.key_from(key_columns text[], given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if cardinality(key_columns) > 1 and given !~ '^erased:[0-9]+$' then
    -- People write [42,1]; the key is kept as PostgreSQL writes it: [42, 1].
    return rowtrail.short_key(given::jsonb::text);
  end if;
  return rowtrail.short_key(given);
exception when invalid_text_representation then
  raise exception 'a row of this table is named by a JSON array of %, not by %', array_to_string(key_columns, ', '), given
    using errcode = 'invalid_parameter_value', hint = 'For example: ''[42, 1]''.';
end
$_$;


ALTER FUNCTION rowtrail.key_from(key_columns text[], given text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION key_from(key_columns text[], given text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.key_from(key_columns text[], given text) IS 'The key as rowtrail.versions.row_key has it, from what a person wrote.';


--
-- Name: key_lookup(rowtrail.tables, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION key_lookup(known rowtrail.tables, rows_of text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) IS 'For rowtrail.comparison(): how each row of rows_of whose key is in held, as f.whole, is found by the index of the key; NULL where there is none, or a column of it is not of a type that is read back from JSONB.';


--
-- Name: key_of(regclass, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.key_of(target regclass, wanted text[]) RETURNS smallint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  found_key int2[];
begin
  if wanted is null then
    found_key := coalesce(rowtrail.unique_key(target, null), '{}');
  else
    found_key := rowtrail.unique_key(target, rowtrail.attnums_of(target, wanted));
    if found_key is null then
      raise exception '% cannot be tracked by (%): that is no unique key of NOT NULL columns',
        rowtrail.full_name(target), array_to_string(wanted, ', ')
        using errcode = 'invalid_parameter_value',
          hint = 'Rows with one key would share one history. Make a unique index on these columns, and set them NOT NULL.';
    end if;
  end if;
  if cardinality(found_key) = 1 and exists (
    select from pg_attribute as a
    where a.attrelid = target
      and a.attnum = found_key[1]
      and 'jsonb'::regtype in (a.atttypid, (select y.typbasetype from pg_type as y where y.oid = a.atttypid))
  ) then
    raise exception '% cannot be tracked by a key of type jsonb', rowtrail.full_name(target)
      using errcode = 'invalid_table_definition',
        hint = 'As text "1" and 1 would be one key. Name another unique key: key_columns => ''{...}''.';
  end if;
  return found_key;
end
$$;


ALTER FUNCTION rowtrail.key_of(target regclass, wanted text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION key_of(target regclass, wanted text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.key_of(target regclass, wanted text[]) IS 'The numbers of the key''s columns: the wanted ones, or those of the primary key or the replica identity; none where the table has no key. Raises an error where the wanted ones are no unique key.';


--
-- Name: key_text(integer, text[], jsonb, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  names text[] := key_columns;
  key text;
begin
  if names = '{}' then
    -- No key: rows are told apart by what they hold.
    return encode(sha256(convert_to((image - ignored)::text, getdatabaseencoding())), 'hex');
  end if;
  if not image ?& names then
    names := (
      select rowtrail.todays_names(of_table, t.relid, t.key_attnums, key_text.key_columns) from rowtrail.tables as t where t.id = of_table);
  end if;
  if image ?& names then
    key := case cardinality(names)
      when 1 then image ->> names[1]
      when 2 then jsonb_build_array(image -> names[1], image -> names[2])::text
      else (
        select jsonb_agg(image -> n.name order by n.place)::text
        from unnest(names) with ordinality as n (name, place))
    end;
  end if;
  if key is null then
    raise exception 'rowtrail cannot record this change: the row has no value in key column(s) % of table %',
      array_to_string(key_columns, ', '),
      (select format('%I.%I', t.schema_name, t.table_name) from rowtrail.tables as t where t.id = of_table)
      using
        errcode = 'not_null_violation',
        hint = 'Let the owner of the table run rowtrail.track() again, with the key that it has now.';
  end if;
  return case when octet_length(key) > 1000 then rowtrail.short_key(key) else key end;
end
$$;


ALTER FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION key_text(of_table integer, key_columns text[], image jsonb, ignored text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) IS 'A row''s key as rowtrail.versions.row_key has it: the value of a one-column key, a JSON array for a composite one, the SHA-256 of the image (without what is ignored) where the table has no key.';


--
-- Name: keys_after(integer, text, integer, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  -- Partitions that began later hold nothing of what there was.
  before constant timestamptz := case
    when until < 'infinity' then date_trunc('month', until) + interval '1 month' else 'infinity' end;
begin
  return array(
    with recursive keys (key, place) as (
      (
        select v.row_key, 1
        from rowtrail.versions as v
        where v.table_id = of_table
          and (after_key is null or v.row_key > after_key)
          and v.changed_at < before
        order by v.row_key
        limit 1
      )
      union all
      select n.row_key, k.place + 1
      from keys as k
      cross join lateral (
        select v.row_key
        from rowtrail.versions as v
        where v.table_id = of_table and v.row_key > k.key and v.changed_at < before
        order by v.row_key
        limit 1
      ) as n
      where k.place < most
    )
    select k.key from keys as k order by k.place);
end
$$;


ALTER FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION keys_after(of_table integer, after_key text, most integer, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) IS 'The next keys after this one (NULL: from the first on), of rows of which something may have been recorded until then; also '''', the key of events.';


--
-- Name: last_truncate(integer, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.last_truncate(of_table integer, today timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.last_truncate(of_table integer, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION last_truncate(of_table integer, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.last_truncate(of_table integer, today timestamp with time zone) IS 'The newest marker of a TRUNCATE by this transaction; 0 for none.';


--
-- Name: leaf(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.leaf(v rowtrail.versions) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  select sha256(E'\\x00'::bytea || rowtrail.record(v))
$$;


ALTER FUNCTION rowtrail.leaf(v rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION leaf(v rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.leaf(v rowtrail.versions) IS 'The leaf of a version in the tree of its seal.';


--
-- Name: leaves_hash(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.leaves_hash(number bigint) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select sha256(coalesce(string_agg(sha256(c.leaves || array_send(c.ids)), ''::bytea order by c.part), ''))
  from rowtrail.seal_leaves as c
  where c.seal_id = number
$$;


ALTER FUNCTION rowtrail.leaves_hash(number bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION leaves_hash(number bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.leaves_hash(number bigint) IS 'A hash of all leaves and ids that are kept of a seal: what the tree''s root says as well, but forty times as fast.';


--
-- Name: leaves_in(bigint[], bytea, bit varying); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE
    AS $$
  select u.id, substring(leaves from (32 * u.n - 31)::int for 32)
  from unnest(ids) with ordinality as u (id, n)
  where gone is null or get_bit(gone, (u.n - 1)::int) = 0
$$;


ALTER FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) IS 'The leaves in a part of those that are kept of a seal, each with the id of its version, without those whose versions were retired.';


--
-- Name: leaves_of(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.leaves_of(target regclass) RETURNS TABLE(relid oid, is_default boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive below as (
    select target::oid as relid, false as is_default
    union all
    select i.inhrelid, b.is_default or i.inhrelid = p.partdefid
    from below as b
    join pg_partitioned_table as p on p.partrelid = b.relid
    join pg_inherits as i on i.inhparent = b.relid and not i.inhdetachpending
  )
  select b.relid, b.is_default
  from below as b
  join pg_class as c on c.oid = b.relid
  where c.relispartition and c.relkind <> 'p' and b.relid <> target
$$;


ALTER FUNCTION rowtrail.leaves_of(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION leaves_of(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.leaves_of(target regclass) IS 'The partitions of a table that hold rows, at any depth; is_default: what lies in them depends on which others there are.';


--
-- Name: leaves_of(rowtrail.seals, rowtrail.seals); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) RETURNS SETOF record
    LANGUAGE sql STABLE
    AS $$
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


ALTER FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) IS 'The ids and leaves of the versions of a seal, by 65,536, each of which is a perfect tree but the last.';


--
-- Name: lend(regclass, text, regrole); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.lend(target regclass, privilege text, borrower regrole) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- In a transaction of a snapshot that is older than another's change of the table, the catalogue's row
  -- is there twice once it was changed here.
  of_schema constant regnamespace := (select c.relnamespace from pg_class as c where c.oid = target limit 1);
  is_closed boolean;
  part regclass;
begin
  -- Of two that change one object's privileges at once, PostgreSQL fails one.
  perform pg_advisory_xact_lock(hashtext('rowtrail.lend'), hashoid(target));
  is_closed := not has_schema_privilege(borrower, of_schema, 'usage');
  if is_closed then
    perform pg_advisory_xact_lock(hashtext('rowtrail.lend'), hashoid(of_schema));
    if not has_schema_privilege(of_schema, 'usage with grant option') then
      raise exception '% cannot be tracked by %: % has no right on its schema', rowtrail.full_name(target), current_user, borrower
        using errcode = 'insufficient_privilege',
          hint = format('Let the owner of the schema run: grant usage on schema %s to %s;', of_schema, borrower);
    end if;
    execute format('grant usage on schema %s to %s', of_schema, borrower);
  end if;
  -- The trigger of a partitioned table needs the privilege on each partition too.
  for part in select target union select p.relid from pg_partition_tree(target) as p loop
    execute format('grant %s on table %s to %s', privilege, rowtrail.full_name(part), borrower);
  end loop;
  return is_closed;
end
$$;


ALTER FUNCTION rowtrail.lend(target regclass, privilege text, borrower regrole) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION lend(target regclass, privilege text, borrower regrole); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.lend(target regclass, privilege text, borrower regrole) IS 'Lends a role of rowtrail''s a privilege on the table and its partitions, with the rights of the caller, and USAGE on the schema if need be; true if that was lent too.';


--
-- Name: limit_month(name, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.limit_month(named name, begins timestamp with time zone, ends timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
  if not exists (select from pg_constraint as c where c.conrelid = format('rowtrail.%I', named)::regclass and c.conname = 'in_month') then
    execute format('alter table rowtrail.%I add constraint in_month check (changed_at >= %L and changed_at < %L)', named, begins, ends);
  end if;
end
$$;


ALTER FUNCTION rowtrail.limit_month(named name, begins timestamp with time zone, ends timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION limit_month(named name, begins timestamp with time zone, ends timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.limit_month(named name, begins timestamp with time zone, ends timestamp with time zone) IS 'Says of a table of rowtrail.make_month() what is in it, so that attaching it looks at none of its rows.';


--
-- Name: log_leaf(bytea); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.log_leaf(hash bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select sha256(E'\\x00'::bytea || hash)
$$;


ALTER FUNCTION rowtrail.log_leaf(hash bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION log_leaf(hash bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.log_leaf(hash bytea) IS 'The leaf of a seal in the tree over all seals, by the hash of the seal.';


--
-- Name: make_month(name); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.make_month(named name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('create table rowtrail.%I (like rowtrail.versions including defaults including indexes including storage)', named);
  -- By itself it shows nothing, also to who may read every table (pg_read_all_data).
  execute format('alter table rowtrail.%I enable row level security', named);
end
$$;


ALTER FUNCTION rowtrail.make_month(named name) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION make_month(named name); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.make_month(named name) IS 'Makes an empty table that can become a partition of rowtrail.versions.';


--
-- Name: make_partition_before(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.make_partition_before() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
declare
  first_month constant timestamptz := (
    select min(to_date(substr(c.relname, 10), 'YYYY_MM'))
    from pg_partition_tree('rowtrail.versions') as p
    join pg_class as c on c.oid = p.relid
    where c.relname ~ '^versions_[0-9]{4}_[0-9]{2}$');
begin
  if first_month is null or to_regclass('rowtrail.versions_before') is not null
    or exists (select from rowtrail.versions_default as v where v.changed_at < first_month)
  then
    return false;
  end if;
  -- One for all years: whoever looks up a row looks into each partition.
  perform rowtrail.make_month('versions_before');
  perform rowtrail.attach_month('versions_before', '-infinity', first_month);
  return true;
exception when lock_not_available then
  -- What is imported is as well in versions_default.
  return false;
end
$_$;


ALTER FUNCTION rowtrail.make_partition_before() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION make_partition_before(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.make_partition_before() IS 'Makes the partition of rowtrail.versions for all that is older than its first month, for imports; false where it is there, or cannot be made just now.';


--
-- Name: make_partitions(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.make_partitions(months_ahead integer DEFAULT 12) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  month timestamptz;
  made int := 0;
begin
  for month in
    select m
    from generate_series(
      date_trunc('month', now()), date_trunc('month', now()) + make_interval(months => months_ahead), interval '1 month') as m
    where not exists (select from rowtrail.months() as p where p.begins = m)
    order by m
  loop
    made := made + rowtrail.add_month(month)::int;
  end loop;
  return made;
end
$$;


ALTER FUNCTION rowtrail.make_partitions(months_ahead integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION make_partitions(months_ahead integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.make_partitions(months_ahead integer) IS 'Makes the monthly partitions of rowtrail.versions from this month to so many months ahead; gives the number made. Safe to run again.';


--
-- Name: make_salts(rowtrail.seals, rowtrail.seals); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.make_salts(made rowtrail.seals, before rowtrail.seals) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from rowtrail.tables as t where t.is_erasable) then
    insert into rowtrail.seal_salts (version_id, salt)
    select v.id, uuid_send(gen_random_uuid())
    from rowtrail.members_of(made, before) as v
    where v.table_id = any (array(select t.id from rowtrail.tables as t where t.is_erasable))
      and v.op in ('I', 'U', 'D', 'B');
  end if;
end
$$;


ALTER FUNCTION rowtrail.make_salts(made rowtrail.seals, before rowtrail.seals) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION make_salts(made rowtrail.seals, before rowtrail.seals); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.make_salts(made rowtrail.seals, before rowtrail.seals) IS 'The part of rowtrail.seal() that makes the salts of the versions of erasable tables.';


--
-- Name: make_trigger(regclass, name, integer, text, text, text, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.make_trigger(target regclass, named name, kind integer, event text, level text, function_name text, arguments text[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (
    select from pg_trigger as t
    where t.tgrelid = target
      and t.tgname = named
      and t.tgfoid = (function_name || '()')::regprocedure
      and t.tgtype = kind
      and t.tgqual is null
      and t.tgattr = ''
      and t.tgargs = rowtrail.as_trigger_keeps(arguments)
  ) then
    return false;
  end if;
  execute format(
    'create or replace trigger %I %s on %s for each %s execute function %s(%s)',
    named, event, rowtrail.full_name(target), level, function_name,
    (select string_agg(quote_literal(a.argument), ', ' order by a.place)
    from unnest(arguments) with ordinality as a (argument, place)));
  return true;
end
$$;


ALTER FUNCTION rowtrail.make_trigger(target regclass, named name, kind integer, event text, level text, function_name text, arguments text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION make_trigger(target regclass, named name, kind integer, event text, level text, function_name text, arguments text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.make_trigger(target regclass, named name, kind integer, event text, level text, function_name text, arguments text[]) IS 'Makes a trigger of rowtrail''s, unless it is there as it must be (kind is pg_trigger.tgtype); true if it made one.';


--
-- Name: members_of(rowtrail.seals, rowtrail.seals); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) RETURNS SETOF rowtrail.versions
    LANGUAGE sql STABLE
    AS $$
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


ALTER FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION members_of(made rowtrail.seals, before rowtrail.seals); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) IS 'The versions that a seal closes, by it and the one before.';


--
-- Name: miss_actor(integer, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.miss_actor(of_table integer, policy text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.miss_actor(of_table integer, policy text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION miss_actor(of_table integer, policy text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.miss_actor(of_table integer, policy text) IS 'Refuses a change that names no actor, or warns of it, by the policy of the table.';


--
-- Name: missing_value(regclass, name); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.missing_value(target regclass, of_column name) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $$
  select to_jsonb(a.attmissingval) -> 0
  from pg_attribute as a
  where a.attname = of_column
    and a.atthasmissing
    and (a.attrelid = target or a.attrelid in (select p.relid from pg_partition_tree(target) as p))
  limit 1
$$;


ALTER FUNCTION rowtrail.missing_value(target regclass, of_column name) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION missing_value(target regclass, of_column name); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.missing_value(target regclass, of_column name) IS 'What the rows from before a column was added have in it, where its default was a constant.';


--
-- Name: moment_of(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.moment_of(transaction text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    AS $_$
declare
  parts constant text[] := regexp_match(transaction, '^([0-9]{1,9})-([0-9]{1,18})$');
  in_era constant int := parts[1];
  number constant bigint := parts[2];
  last_change timestamptz;
begin
  if transaction is null then
    return null;
  end if;
  if parts is null then
    raise exception '% names no transaction', quote_literal(left(transaction, 80))
      using errcode = 'invalid_parameter_value', hint = 'It is the era and the number, such as ''1-4711''.';
  end if;
  select max(v.changed_at) into last_change
  from rowtrail.versions as v
  where (v.xid::text)::bigint = number and v.era = in_era;
  if last_change is null then
    raise exception 'there is no version of a transaction %', transaction
      using errcode = 'no_data_found', hint = 'rowtrail.history() and rowtrail.changes() show which there are.';
  end if;
  return last_change;
end
$_$;


ALTER FUNCTION rowtrail.moment_of(transaction text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION moment_of(transaction text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.moment_of(transaction text) IS 'The time of the last change of a transaction, named by its era and number, such as ''1-4711''.';


--
-- Name: months(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select c.oid::regclass, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  from pg_inherits as i
  join pg_class as c on c.oid = i.inhrelid
  cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), E'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') as b (bounds)
  where i.inhparent = 'rowtrail.versions'::regclass and b.bounds is not null
$$;


ALTER FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) IS 'The partitions of rowtrail.versions but the default one, with their bounds: begins is in it, ends is not.';


--
-- Name: move_era(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.move_era() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  ended constant int := rowtrail.current_era();
  sealed constant bigint := coalesce((select max(s.max_id) from rowtrail.seals as s), 0);
  -- The transaction that wrote the era's row: where it is of a dump, the one that restored it.
  restored_by constant bigint := (select (e.xmin::text)::bigint from rowtrail.eras as e where e.era = ended);
  first_id bigint;
  moved bigint := 0;
begin
  -- Waits for who writes: after it nobody records in the era that ends here.
  lock table rowtrail.versions in access exclusive mode;
  execute format('alter table rowtrail.versions alter column era set default %s', ended + 1);
  insert into rowtrail.eras (era, began_at, system_identifier, first_xid, relid)
  values (ended + 1, clock_timestamp(), rowtrail.system_identifier(), pg_current_xact_id(), 'rowtrail.versions'::regclass);
  -- What was recorded since a restore is of the new era. The transaction that wrote such a row here is
  -- the one that it names. The rows of a dump were written by others than they name, many by one, or
  -- name one from before the restore; all of these have lower ids. Where no row is of a dump, the
  -- files came as they were, and the numbers of transactions go on.
  with retirements as (
    -- Wrote months anew, here: what it wrote is not of a dump.
    select (v.xmin::text)::bigint as wrote
    from rowtrail.versions as v
    where v.row_key = ''
      and v.op = 'S'
      and v.data ? 'retired'
      and v.era = ended
      and (v.xmin::text)::bigint = (v.xid::text)::bigint & 4294967295
  ), found as (
    select
      v.id, (v.xmin::text)::bigint as wrote, (v.xid::text)::bigint & 4294967295 as named,
      min((v.xid::text)::bigint) over by_writer <> max((v.xid::text)::bigint) over by_writer as is_mixed
    from rowtrail.versions as v
    where v.era = ended and (v.xmin::text)::bigint not in (select r.wrote from retirements as r)
    window by_writer as (partition by v.tableoid, (v.xmin::text)::bigint)
  ), last_of_dump as (
    select max(f.id) as id
    from found as f
    where f.is_mixed or f.wrote < f.named or f.named < restored_by
  )
  select min(f.id) into first_id
  from found as f
  join last_of_dump as l on f.id > greatest(l.id, sealed)
  where l.id is not null and f.wrote = f.named and not f.is_mixed;
  if first_id is not null then
    update rowtrail.versions as v set era = ended + 1 where v.era = ended and v.id >= first_id;
    get diagnostics moved = row_count;
  end if;
  return moved;
end
$$;


ALTER FUNCTION rowtrail.move_era() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION move_era(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.move_era() IS 'The part of rowtrail.begin_era() and rowtrail.seal() that moves the era on; gives how many versions, all unsealed, were recorded since the restore and are counted to the new one.';


--
-- Name: move_to_month(timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.move_to_month(month timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
begin
  execute format(
    'with moved as (delete from rowtrail.versions_default as v where v.changed_at >= $1 and v.changed_at < $2 returning v.*) insert into rowtrail.%I select m.* from moved as m',
    rowtrail.name_of_month(month))
  using month, month + interval '1 month';
end
$_$;


ALTER FUNCTION rowtrail.move_to_month(month timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION move_to_month(month timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.move_to_month(month timestamp with time zone) IS 'Moves what the default partition has of a month into the table that becomes the partition of it.';


--
-- Name: moved_from(integer, regclass, cid, text, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone) IS 'The key of the row before the UPDATE that moved it here from another partition; NULL for a row that is new.';


--
-- Name: name_of_month(timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.name_of_month(month timestamp with time zone) RETURNS name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select ('versions_' || to_char(month, 'YYYY_MM'))::name
$$;


ALTER FUNCTION rowtrail.name_of_month(month timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION name_of_month(month timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.name_of_month(month timestamp with time zone) IS 'What the partition of a month is called.';


--
-- Name: named_places(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.named_places(v rowtrail.versions) RETURNS TABLE(place text, field text, value text, now_named text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.place, p.field, p.value, coalesce(m.names ->> p.field, p.field)
  from rowtrail.places(v) as p
  left join rowtrail.image_maps(v.table_id) as m on v.id > m.after_id and v.id < m.before_id
$$;


ALTER FUNCTION rowtrail.named_places(v rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION named_places(v rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.named_places(v rowtrail.versions) IS 'What rowtrail.places() gives, with the name that each column has today.';


--
-- Name: names_hold(oid, text, text, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  number int2;
  place int := 1;
begin
  if treatment <> 'left out' then
    return false;
  end if;
  foreach number in array numbers::int2[] loop
    if (pg_identify_object_as_address('pg_class'::regclass, coalesce(pg_partition_root(relation), relation), number)).object_names[3]
      is distinct from (names::text[])[place]
    then
      return false;
    end if;
    place := place + 1;
  end loop;
  return true;
end
$$;


ALTER FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION names_hold(relation oid, numbers text, names text, treatment text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) IS 'Whether nothing but leaving out is to be done with the columns of these numbers, and they still bear these names (all as the capture trigger''s arguments have them).';


--
-- Name: names_of(regclass, smallint[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.names_of(target regclass, attnums smallint[]) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(array_agg(a.attname::text order by n.place), '{}')
  from unnest(attnums) with ordinality as n (attnum, place)
  join pg_attribute as a on a.attrelid = target and a.attnum = n.attnum and not a.attisdropped
$$;


ALTER FUNCTION rowtrail.names_of(target regclass, attnums smallint[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION names_of(target regclass, attnums smallint[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.names_of(target regclass, attnums smallint[]) IS 'The names of the columns with these numbers.';


--
-- Name: newest_transaction(timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
declare
  high timestamptz := least(moment, clock_timestamp());
  low timestamptz := high - interval '1 second';
  middle timestamptz;
  gap interval;
  known bigint;
begin
  -- Back to a stretch of time in which something was recorded; then its last part in which something was.
  while not exists (select from rowtrail.versions as v where v.changed_at > low and v.changed_at <= high) loop
    gap := least(moment, clock_timestamp()) - low;
    if gap > interval '1000 years' then
      return;
    end if;
    high := low;
    low := high - 8 * gap;
  end loop;
  while high - low > greatest(gap / 64, interval '1 second') loop
    middle := low + (high - low) / 2;
    if exists (select from rowtrail.versions as v where v.changed_at > middle and v.changed_at <= high) then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  select v.era, v.xid, (v.xid::text)::bigint into era, xid, known
  from rowtrail.versions as v
  where v.changed_at > low and v.changed_at <= high
  order by v.era desc, v.xid desc
  limit 1;
  -- One with a greater number may have recorded nothing for longer than that.
  xid := coalesce(
    (
      select v.xid
      from rowtrail.versions as v
      where v.changed_at <= moment and (v.xid::text)::bigint > known and v.era = newest_transaction.era
      order by v.xid desc
      limit 1
    ),
    xid);
end
$$;


ALTER FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) IS 'The transaction with the greatest number of those that had recorded something at the moment; NULL where none had.';


--
-- Name: node(bytea, bytea); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.node(l bytea, r bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
  select sha256(E'\\x01'::bytea || l || r)
$$;


ALTER FUNCTION rowtrail.node(l bytea, r bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION node(l bytea, r bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.node(l bytea, r bytea) IS 'The hash of two nodes of a Merkle tree (RFC 9162, 2.1.1).';


--
-- Name: not_compared(rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.not_compared(known rowtrail.tables) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(
    array_agg(t.name) filter (
      where t.treatment in ('exclude', 'virtual', 'ignore')
        or (t.treatment = 'hash' and t.name <> all (rowtrail.compared_hashes(known)))),
    '{}')
  from rowtrail.treatments(known) as t
$$;


ALTER FUNCTION rowtrail.not_compared(known rowtrail.tables) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION not_compared(known rowtrail.tables); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.not_compared(known rowtrail.tables) IS 'The columns that rowtrail.differences() leaves out.';


--
-- Name: not_needed_since(integer, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.not_needed_since(of_table integer, moment timestamp with time zone) RETURNS TABLE(id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.not_needed_since(of_table integer, moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION not_needed_since(of_table integer, moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.not_needed_since(of_table integer, moment timestamp with time zone) IS 'The versions of a table without which its history is the same as of the moment and each later one.';


--
-- Name: note_schema_change(integer, text, text, smallint[], jsonb, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.note_schema_change(of_table integer, command text, noticed_by text DEFAULT NULL::text, unrecorded smallint[] DEFAULT '{}'::smallint[], remarks jsonb DEFAULT '{}'::jsonb, reason text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  longest constant int := 8192;
  known rowtrail.tables;
  is_gone boolean;
  statement constant text := case when noticed_by is null then current_query() end;
  context constant text := nullif(current_setting('rowtrail.context', true), '');
  data jsonb;
  old jsonb;
  moment timestamptz;
  partitions jsonb;
begin
  select t.* into known from rowtrail.tables as t where t.id = of_table;
  is_gone := not exists (select from pg_class as c where c.oid = known.relid);
  partitions := (select jsonb_strip_nulls(to_jsonb(c)) from rowtrail.partition_change(known) as c);
  -- A partition that is created is empty.
  if command = 'CREATE TABLE' then
    partitions := partitions - 'attached';
  end if;
  if known.shape is null then
    update rowtrail.tables as t
    set shape = rowtrail.shape_of(t.relid), partitions = rowtrail.partitions_of(t, true)
    where t.id = of_table and not is_gone;
    return false;
  elsif not is_gone and not known.is_rewritten and known.shape = rowtrail.shape_of(known.relid)
    and partitions = '{}' and unrecorded = '{}' and remarks = '{}'
  then
    if command = 'CREATE TABLE' and known.partitions is not null then
      update rowtrail.tables as t set partitions = rowtrail.partitions_of(t, false) where t.id = of_table;
    end if;
    return false;
  end if;
  -- Two that notice the same change late record it once.
  select t.* into known from rowtrail.tables as t where t.id = of_table for update;
  if is_gone then
    if noticed_by is not null then
      return false;
    end if;
    data := jsonb_build_object('table', known.shape -> 'table', 'dropped', true);
    old := jsonb_build_object('columns', rowtrail.columns_changed(known.shape -> 'columns', '[]'));
  else
    select c.data, c.old into data, old from rowtrail.schema_change(known, noticed_by is not null) as c;
    partitions := (
      select jsonb_strip_nulls(to_jsonb(c)) - case when command = 'CREATE TABLE' then 'attached' else '' end
      from rowtrail.partition_change(known) as c);
    if data is null and partitions = '{}' and unrecorded = '{}' and remarks = '{}' then
      return false;
    end if;
    data := coalesce(data, jsonb_build_object('table', known.shape -> 'table', 'columns', known.shape -> 'columns')) || partitions;
    if unrecorded <> '{}' then
      data := data || jsonb_build_object('rewritten', (
        select jsonb_agg(n.number order by n.number)
        from (
          select unnest(unrecorded)::int as number
          union
          select value::int from jsonb_array_elements_text(data -> 'rewritten')
        ) as n));
    end if;
    old := coalesce(old, '{"columns": {}}');
    if data ? 'added' then
      data := jsonb_set(data, '{added}', (
        select jsonb_object_agg(
          a.key,
          case when a.value -> 'missing' = 'true' then rowtrail.missing_value(known.relid, (a.value ->> 'name')::name) end)
        from jsonb_each(data -> 'added') as a));
    end if;
  end if;
  data := jsonb_strip_nulls(jsonb_build_object(
    'command', command,
    'statement', left(statement, longest),
    'statement_length', nullif(greatest(length(statement), longest), longest),
    'noticed_by', noticed_by)) || data || remarks;

  moment := clock_timestamp();
  insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, actor, login, data, old, context)
  values (
    moment, pg_current_xact_id(), of_table, 'S', '',
    rowtrail.clean(nullif(current_setting('rowtrail.actor', true), ''), 200), session_user, data, old,
    nullif(
      case when context is not null then rowtrail.clean_context(context) else '{}' end
      || jsonb_strip_nulls(jsonb_build_object('reason', rowtrail.clean(reason, 1000))),
      '{}'));
  update rowtrail.tables as t
  set
    shape = rowtrail.shape_of(t.relid),
    partitions = rowtrail.partitions_of(t, t.shape <> rowtrail.shape_of(t.relid)),
    is_rewritten = false,
    schema_name = n.nspname,
    table_name = c.relname,
    key_columns = rowtrail.names_of(t.relid, t.key_attnums),
    excluded_columns = rowtrail.names_of(t.relid, t.excluded_attnums),
    hashed_columns = rowtrail.names_of(t.relid, t.hashed_attnums),
    ignored_columns = rowtrail.names_of(t.relid, t.ignored_attnums)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where t.id = of_table and c.oid = t.relid;
  -- The ids that a baseline has reserved are below that of this event, and what it records from now
  -- on is not of the shape before: it begins anew. After a rewrite rows have other values than their
  -- versions say, and with a partition rows came without any, so one can be taken again.
  update rowtrail.tables as t
  set
    baseline_at = null,
    baseline_id = null,
    baseline_after = null,
    baseline_done_at = null,
    rewritten_at = case when data ? 'rewritten' then moment else t.rewritten_at end
  where t.id = of_table
    and (data ?| '{rewritten,attached}' or (t.baseline_at is not null and t.baseline_done_at is null));
  return true;
end
$$;


ALTER FUNCTION rowtrail.note_schema_change(of_table integer, command text, noticed_by text, unrecorded smallint[], remarks jsonb, reason text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION note_schema_change(of_table integer, command text, noticed_by text, unrecorded smallint[], remarks jsonb, reason text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.note_schema_change(of_table integer, command text, noticed_by text, unrecorded smallint[], remarks jsonb, reason text) IS 'Records how the schema of a tracked table differs from what was last recorded, of which columns (unrecorded) rows may hold what no version says, and remarks for the event, with a reason; false if there is nothing to record. Late if noticed_by says who noticed it, else as part of the statement that changes it.';


--
-- Name: note_schema_changes(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.note_schema_changes() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select rowtrail.renumber();
  select coalesce(sum(rowtrail.note_schema_change(t.id, null, 'rowtrail.note_schema_changes()')::int), 0)::int
  from rowtrail.tables as t
  where t.untracked_at is null
$$;


ALTER FUNCTION rowtrail.note_schema_changes() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION note_schema_changes(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.note_schema_changes() IS 'Records the schema changes of tracked tables that no event trigger has recorded, and gives their number. Where the installer could not create event triggers, run it after a migration.';


--
-- Name: note_verification(timestamp with time zone, bigint, bigint, bigint, bigint, bigint, text[], jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into rowtrail.verifications (begun_at, done_at, login, faults, notes, seals, tables, digests, left_out, findings)
  select
    -- The clock may have been set back since.
    least(begun, c.done), c.done, session_user, faults, notes, seals, tables, digests, left_out,
    coalesce(
      (
        select
          jsonb_agg(
            jsonb_build_object(
              'part', left(f.value ->> 'part', 1000), 'object', left(f.value ->> 'object', 1000), 'problem', left(f.value ->> 'problem', 1000),
              'mend', left(f.value ->> 'mend', 1000), 'is_fault', (f.value -> 'is_fault')::boolean)
            order by f.n)
        from jsonb_array_elements(findings) with ordinality as f (value, n)
        where f.n <= 100),
      '[]')
  from (select clock_timestamp() as done) as c
  returning id
$$;


ALTER FUNCTION rowtrail.note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb) IS 'Notes what a verification found, in the name of the login; gives its number. The command rowtrail verify calls it. Of the findings the first 100 are kept, of each text the first 1,000 characters.';


--
-- Name: of_key_today(integer, text, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.of_key_today(of_table integer, key text, today timestamp with time zone) RETURNS TABLE(id bigint, changed_at timestamp with time zone, row_key text, old_key text, file oid, early_in oid, old_ctid tid, new_ctid tid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.of_key_today(of_table integer, key text, today timestamp with time zone) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION of_key_today(of_table integer, key text, today timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.of_key_today(of_table integer, key text, today timestamp with time zone) IS 'What this transaction recorded of a key, or of the row that left it.';


--
-- Name: on_guarded_command(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.on_guarded_command() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  touched oid[];
  known rowtrail.tables;
  problem text;
  subject text;
  mend text;
begin
  perform rowtrail.renumber();
  if tg_event = 'sql_drop' then
    -- Those of a table that is dropped go with it.
    touched := array(
      select c.oid
      from pg_event_trigger_dropped_objects() as d
      join pg_namespace as n on n.nspname = d.address_names[1]
      join pg_class as c on c.relnamespace = n.oid and c.relname = d.address_names[2]
      where d.classid = 'pg_trigger'::regclass);
  elsif tg_tag = 'CREATE CAST' then
    select format('this cast to %s', format_type(x.casttarget, null)), 'its function could run whatever its owner likes, with the rights of rowtrail, when a row is recorded',
      format('Let a superuser own %s and create the cast.', x.castfunc::regprocedure)
    into subject, problem, mend
    from pg_event_trigger_ddl_commands() as d
    join pg_cast as x on d.classid = 'pg_cast'::regclass and d.objid = x.oid
    join pg_proc as p on p.oid = x.castfunc
    join pg_roles as o on o.oid = p.proowner
    where x.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper;
  elsif tg_tag = 'CREATE TRIGGER' then
    -- track() makes one after the other, so only this one can be asked for. A function of rowtrail's
    -- can be in it by rowtrail alone, but for one that is open to all.
    touched := array(
      select g.tgrelid
      from pg_event_trigger_ddl_commands() as d
      join pg_trigger as g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid
      where g.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows') and not rowtrail.is_capturing(g));
  else
    touched := array(
      select case when d.classid = 'pg_class'::regclass then d.objid else (select g.tgrelid from pg_trigger as g where g.oid = d.objid) end
      from pg_event_trigger_ddl_commands() as d
      where d.classid in ('pg_class'::regclass, 'pg_trigger'::regclass));
  end if;

  for known in
    select t.*
    from rowtrail.tables as t
    where t.untracked_at is null
      and t.relid in (select o from unnest(touched) as o union all select pg_partition_root(o) from unnest(touched) as o)
  loop
    problem := case tg_tag when 'CREATE TRIGGER' then 'trigger replaced' else rowtrail.capture_fault(known) end;
    if problem is not null then
      subject := rowtrail.full_name(known.relid);
      problem := format('its changes would not be recorded any more (%s)', problem);
      mend := format(
        'Leave the triggers of rowtrail as they are. To end the recording, with a reason that is kept: select rowtrail.untrack(%1$L, reason => ''...''); What somebody stopped before is mended by: select rowtrail.track(%1$L);',
        subject);
      exit;
    end if;
  end loop;

  if problem is null then
    return;
  end if;
  if (
    select r.rolsuper
    from pg_roles as r
    -- current_user is the owner of this function.
    where r.rolname = coalesce(nullif(current_setting('role'), 'none'), session_user)
  ) then
    raise warning '%: %', subject, problem using hint = mend;
  else
    raise exception 'rowtrail refuses this %: %, %', tg_tag, subject, problem
      using errcode = 'insufficient_privilege', hint = mend;
  end if;
end
$_$;


ALTER FUNCTION rowtrail.on_guarded_command() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION on_guarded_command(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.on_guarded_command() IS 'Event trigger: refuses what would stop the recording of a tracked table, and casts by which its owner''s code would run in it. Superusers pass, with a warning.';


--
-- Name: on_schema_change(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.on_schema_change() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  of_table int;
begin
  perform rowtrail.renumber();
  if tg_event = 'table_rewrite' then
    -- 2: a default, 4: a type. SET LOGGED and SET ACCESS METHOD leave the values as they are.
    if pg_event_trigger_table_rewrite_reason() & 6 <> 0 then
      update rowtrail.tables as t
      set is_rewritten = true
      where t.untracked_at is null
        and t.relid in (
          pg_event_trigger_table_rewrite_oid(), pg_partition_root(pg_event_trigger_table_rewrite_oid()));
    end if;
  elsif tg_event = 'sql_drop' then
    for of_table in
      select distinct t.id
      from pg_event_trigger_dropped_objects() as d
      join rowtrail.tables as t
        on (t.untracked_at is null and (t.relid = d.objid or t.partitions ? d.objid::text))
        -- One that is tracked no more has a history still: its rows end, should another one come by its name.
        or (t.relid = d.objid and d.object_type = 'table')
      where d.classid = 'pg_class'::regclass and d.object_type in ('table', 'table column')
    loop
      perform rowtrail.note_schema_change(of_table, tg_tag);
    end loop;
  else
    for of_table in
      -- What changes with what was altered: tables that inherit from it, the row type of a table, and
      -- whatever has a type in its columns.
      with recursive touched as (
        select c.classid, c.objid from pg_event_trigger_ddl_commands() as c
        union
        select n.classid, n.objid
        from touched as p
        cross join lateral (
          select 'pg_class'::regclass::oid, i.inhrelid
          from pg_inherits as i
          where p.classid = 'pg_class'::regclass and i.inhparent = p.objid
          union all
          -- What a partition is made or changed as concerns its table.
          select 'pg_class'::regclass::oid, i.inhparent
          from pg_inherits as i
          join pg_class as c on c.oid = i.inhrelid and c.relispartition
          where p.classid = 'pg_class'::regclass and i.inhrelid = p.objid
          union all
          select 'pg_type'::regclass::oid, c.reltype
          from pg_class as c
          where p.classid = 'pg_class'::regclass and c.oid = p.objid and c.reltype <> 0
          union all
          select d.classid, d.objid
          from pg_depend as d
          where p.classid = 'pg_type'::regclass
            and d.refclassid = 'pg_type'::regclass
            and d.refobjid = p.objid
            and d.classid in ('pg_class'::regclass, 'pg_type'::regclass)
        ) as n (classid, objid)
      )
      select t.id
      from rowtrail.tables as t
      where t.untracked_at is null
        and (tg_tag = 'ALTER SCHEMA' or t.relid in (select p.objid from touched as p where p.classid = 'pg_class'::regclass))
    loop
      perform rowtrail.note_schema_change(of_table, tg_tag);
    end loop;
  end if;
exception when others then
  -- A schema change is never refused. What is not recorded now stays visible as a difference
  -- between the table and its shape in the registry, until somebody records it.
  raise warning 'rowtrail did not record this %: %', tg_tag, sqlerrm
    using hint = 'select rowtrail.note_schema_changes(); records it late.';
end
$$;


ALTER FUNCTION rowtrail.on_schema_change() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION on_schema_change(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.on_schema_change() IS 'Event trigger: records the schema changes of tracked tables as they happen, in their transaction. It never makes one fail.';


--
-- Name: op_name("char"); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.op_name(op "char") RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case op
    when 'I' then 'insert'
    when 'U' then 'update'
    when 'D' then 'delete'
    when 'T' then 'truncate'
    when 'B' then 'baseline'
    when 'S' then 'schema'
  end
$$;


ALTER FUNCTION rowtrail.op_name(op "char") OWNER TO rowtrail_owner;

--
-- Name: FUNCTION op_name(op "char"); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.op_name(op "char") IS 'The word for the letter in rowtrail.versions.op.';


--
-- Name: options_changed(rowtrail.tables, rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.options_changed(before rowtrail.tables, after rowtrail.tables) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when count(*) = 0 then '{}'
    else jsonb_build_object('options', jsonb_object_agg(o.name, jsonb_build_object('old', o.old, 'new', o.new)))
  end
  from (
    select l.name, to_jsonb(n.old), to_jsonb(n.new)
    from (values
      ('key_columns', before.key_attnums, before.key_columns, after.key_attnums),
      ('exclude', before.excluded_attnums, before.excluded_columns, after.excluded_attnums),
      ('hash', before.hashed_attnums, before.hashed_columns, after.hashed_attnums),
      ('ignore', before.ignored_attnums, before.ignored_columns, after.ignored_attnums)
    ) as l (name, before, last_names, after)
    -- By their numbers: a column that was renamed is the same. In a table made anew numbers say nothing.
    cross join lateral (
      select
        case when before.relid = after.relid then rowtrail.names_of(after.relid, l.before) else l.last_names end as old,
        rowtrail.names_of(after.relid, l.after) as new
    ) as n
    where n.old <> n.new
    union all
    select 'actor', to_jsonb(before.actor_policy), to_jsonb(after.actor_policy) where before.actor_policy <> after.actor_policy
    union all
    select 'truncate_rows', to_jsonb(before.truncate_rows), to_jsonb(after.truncate_rows)
    where before.truncate_rows <> after.truncate_rows
    union all
    select 'erasable', to_jsonb(before.is_erasable), to_jsonb(after.is_erasable)
    where before.is_erasable <> after.is_erasable
  ) as o (name, old, new)
$$;


ALTER FUNCTION rowtrail.options_changed(before rowtrail.tables, after rowtrail.tables) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION options_changed(before rowtrail.tables, after rowtrail.tables); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.options_changed(before rowtrail.tables, after rowtrail.tables) IS 'Which options of rowtrail.track() are others than before: {"options": {"<option>": {"old", "new"}}}; {} if none is.';


--
-- Name: page_as_of(integer, text, integer, timestamp with time zone, text, pg_snapshot, integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer DEFAULT 1000) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
  a_time int := most;
  bound constant rowtrail.boundary := rowtrail.boundary_of(of_table, null, moment, transaction, snapshot);
  gone constant text := rowtrail.gone_with_partitions(of_table, bound, bound.event_id);
  keys text[];
  last_key text := after_key;
  looked int := 0;
  found_rows int := 0;
begin
  if (select t.key_attnums = '{}' from rowtrail.tables as t where t.id = of_table) then
    -- What names such a row is made of what it holds: no index finds it.
    return query
      select r.*
      from rowtrail.replay_until(of_table, bound, bound.event_id) as r
      where after_key is null or r.row_key > after_key
      order by r.row_key
      limit most;
    return;
  end if;
  loop
    keys := rowtrail.keys_after(of_table, last_key, a_time, bound.until);
    for row_key, data, verbatim, id, changed_at in execute
      'select r.* from rowtrail.replay_keys($1, $2, $3, $4) as r where ' || coalesce('not (' || gone || ')', 'true')
        || ' order by r.row_key'
      using of_table, bound, bound.event_id, keys
    loop
      return next;
      found_rows := found_rows + 1;
      if found_rows = most then
        return;
      end if;
    end loop;
    exit when cardinality(keys) < a_time;
    last_key := keys[a_time];
    looked := looked + a_time;
    -- Not all of them had a row: some more than are missing.
    a_time := greatest(2 * (most - found_rows), 16);
    if looked >= looked_at then
      row_key := last_key;
      data := null;
      verbatim := null;
      id := null;
      changed_at := null;
      return next;
      return;
    end if;
  end loop;
end
$_$;


ALTER FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer) IS 'The next rows after a key, in the order of their keys, as rowtrail.rows_as_of() has them. About looked_at keys are looked at, at most: where they do not hold so many rows, the last line has only the key from which to go on. A table without a key is replayed as a whole.';


--
-- Name: partition_change(rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.partition_change(known rowtrail.tables, OUT attached jsonb, OUT detached jsonb) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  leaves oid[];
begin
  if known.partitions is null or (known.shape ->> 'relid')::oid <> known.relid then
    return;
  end if;
  leaves := array(select l.relid from rowtrail.leaves_of(known.relid) as l);
  attached := (
    select jsonb_object_agg(l.relid, rowtrail.full_name(l.relid::regclass))
    from unnest(leaves) as l (relid)
    where not known.partitions ? l.relid::text);
  detached := (
    select jsonb_object_agg(
      p.key,
      -- All of a hash are gone: its own bound tells their rows.
      case
        when p.value ? 'above'
          and not exists (select from pg_partition_ancestors((p.value ->> 'hash_of')::oid::regclass) as a where a.relid = known.relid)
          then jsonb_build_object(
            'bound', case when p.value ->> 'above' not like '%satisfies_hash_partition%' then p.value -> 'above' end)
        else p.value - 'above'
      end
      || jsonb_build_object('name', coalesce(rowtrail.full_name(p.key::oid::regclass), p.value ->> 'name'))
      || case when exists (select from pg_class as c where c.oid = p.key::oid) then '{}' else '{"dropped": true}'::jsonb end)
    from jsonb_each(known.partitions) as p
    where p.key::oid <> all (leaves));
end
$$;


ALTER FUNCTION rowtrail.partition_change(known rowtrail.tables, OUT attached jsonb, OUT detached jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION partition_change(known rowtrail.tables, OUT attached jsonb, OUT detached jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.partition_change(known rowtrail.tables, OUT attached jsonb, OUT detached jsonb) IS 'The partitions that a table has got or lost since what was last recorded, as an event has them; NULL for none.';


--
-- Name: partitions_of(rowtrail.tables, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.partitions_of(known rowtrail.tables, is_anew boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(
    (
      select jsonb_object_agg(
        l.relid,
        -- Each look at a bound locks the partition.
        case
          when is_anew or l.is_default or not coalesce(known.partitions ? l.relid::text, false)
            then jsonb_strip_nulls(jsonb_build_object(
              'bound', rowtrail.bound_of(l.relid::regclass),
              'hash_of', h.parent::bigint,
              'above', case when h.parent <> known.relid then rowtrail.bound_of(h.parent::regclass) end))
          else known.partitions -> l.relid::text
        end || jsonb_build_object('name', rowtrail.full_name(l.relid::regclass)))
      from rowtrail.leaves_of(known.relid) as l
      left join lateral (
        select i.inhparent as parent
        from pg_inherits as i
        join pg_partitioned_table as p on p.partrelid = i.inhparent and p.partstrat = 'h'
        where i.inhrelid = l.relid
      ) as h on true
    ),
    '{}')
  from pg_class as c
  where c.oid = known.relid and c.relkind = 'p'
$$;


ALTER FUNCTION rowtrail.partitions_of(known rowtrail.tables, is_anew boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION partitions_of(known rowtrail.tables, is_anew boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.partitions_of(known rowtrail.tables, is_anew boolean) IS 'What rowtrail.tables.partitions is to hold of a table as it is; NULL for one that is not partitioned.';


--
-- Name: partitions_of_move(integer, text, integer, xid8, bigint, oid); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    (select rowtrail.full_name(c.oid::regclass) from pg_class as c where c.relfilenode = d.file and c.relispartition),
    (
      select rowtrail.full_name(c.oid::regclass)
      from pg_class as c
      where c.relfilenode = partitions_of_move.file and c.relispartition
    )
  ]
  from (
    select v.file
    from rowtrail.versions as v
    where v.table_id = of_table and v.row_key = key_before and v.id < version_id and v.op = 'D' and (v.era, v.xid) = (in_era, in_xid)
    order by v.id desc
    limit 1
  ) as d
$$;


ALTER FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) IS 'The partitions from and to which this version moved the row, by their names of today; NULL for one that is no partition any more, or was rewritten since.';


--
-- Name: peaks_root(bytea); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.peaks_root(peaks bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  root bytea := coalesce(nullif(substring(peaks from greatest(length(peaks) - 31, 1)), ''), sha256(''));
begin
  for i in reverse length(peaks) / 32 - 2 .. 0 loop
    root := rowtrail.node(substring(peaks from 32 * i + 1 for 32), root);
  end loop;
  return root;
end
$$;


ALTER FUNCTION rowtrail.peaks_root(peaks bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION peaks_root(peaks bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.peaks_root(peaks bytea) IS 'The root of the tree that has these peaks.';


--
-- Name: places(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.places(v rowtrail.versions) RETURNS TABLE(place text, field text, value text)
    LANGUAGE sql IMMUTABLE
    AS $$
  select 'data.' || f.key, f.key, f.value::text from jsonb_each(v.data) as f
  union all
  select 'old.' || f.key, f.key, f.value::text from jsonb_each(v.old) as f
  union all
  select 'verbatim.' || f.key, f.key, f.value::text from jsonb_each(v.verbatim) as f
  union all
  select 'row_key', null, v.row_key
  union all
  select 'old_key', null, v.old_key where v.old_key is not null
$$;


ALTER FUNCTION rowtrail.places(v rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION places(v rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.places(v rowtrail.versions) IS 'The values of a version, each by its place: field is the column; the value of data, old and verbatim is JSON, that of a key a text.';


--
-- Name: policies(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  values
    ('tables', 'readers', 'r'::"char", 'rowtrail_reader', 'true', null),
    ('versions', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seals', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seal_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('seal_salts', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('erased_versions', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('retired_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('verifications', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('eras', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('imports', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('import_tables', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('import_leaves', 'readers', 'r', 'rowtrail_reader', 'true', null),
    ('tables', 'capture', 'r', 'rowtrail_capture', 'true', null),
    ('versions', 'capture', '*', 'rowtrail_capture', 'true', 'true'),
    ('tables', 'limited_readers', 'r', 'rowtrail_limited_reader', $expression$(has_table_privilege(relid, 'SELECT'::text) AND (NOT row_security_active(relid)) AND ((pg_identify_object_as_address(('pg_class'::regclass)::oid, relid, 0)).object_names = ARRAY[(schema_name)::text, (table_name)::text]))$expression$, null),
    ('versions', 'limited_readers', 'r', 'rowtrail_limited_reader', E'(table_id = ANY (ARRAY( SELECT t.id\n   FROM rowtrail.tables t)))', null)
$_$;


ALTER FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) IS 'The policies of row security on the tables of the history, as they must be.';


--
-- Name: recent(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.recent(most integer DEFAULT 100) RETURNS TABLE(changed_at timestamp with time zone, table_name text, row_key text, op text, actor text, login text, changes jsonb, data jsonb, old_key text, context jsonb, transaction text, id bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- The index by id finds from when they are; nothing finds the newest of all time by time.
  select c.*
  from rowtrail.changes(
    (select min(n.changed_at) from (select v.changed_at from rowtrail.versions as v order by v.id desc limit most) as n),
    most => most) as c
$$;


ALTER FUNCTION rowtrail.recent(most integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION recent(most integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.recent(most integer) IS 'The last changes of all tables, newest first, as rowtrail.changes() has them: select * from rowtrail.recent(20); A move between partitions counts twice, so it can be fewer.';


--
-- Name: record(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.record(v rowtrail.versions) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  select record_send(row(
    v.id, v.changed_at, v.xid, v.table_id, v.era, v.file, v.early_in, v.old_ctid, v.new_ctid, v.op, v.row_key, v.old_key,
    v.actor, v.login, v.data, v.old, v.verbatim, v.context))
$$;


ALTER FUNCTION rowtrail.record(v rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION record(v rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.record(v rowtrail.versions) IS 'What of a version is sealed: its columns in binary form. Text is in the client''s encoding, which for a seal is the database''s.';


--
-- Name: record_baseline(integer, regclass, text[], text[], integer, bigint, timestamp with time zone, timestamp with time zone, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    SET quote_all_identifiers TO 'off'
    AS $_$
declare
  -- format() and literals, not casts from and to text, nor the input of a domain: those could be
  -- functions of whoever owns the type.
  as_texts constant text := (select string_agg(format($f$format('%%s', t.%I)$f$, n.name), ', ' order by n.place)
    from unnest(key_columns) with ordinality as n (name, place));
  columns text;
  bounds text;
  -- Children by INHERITS are tables of their own; partitions are not.
  only_it constant text := case when (select c.relkind from pg_class as c where c.oid = target limit 1) = 'p' then '' else 'only' end;
  is_plain constant boolean := not exists (
    select from rowtrail.tables as t cross join lateral rowtrail.treatments(t) where t.id = of_table);
begin
  perform rowtrail.require_no_code(target, 'the baseline');
  if key_columns = '{}' then
    select r.seen, r.recorded
    into seen, recorded
    from rowtrail.record_baseline_without_key(of_table, format('%s %s', only_it, rowtrail.full_name(target)), last_id, moment) as r;
    perform rowtrail.require_no_code(target, 'the baseline');
    return;
  end if;
  -- Compared as the columns' own types, so that an index finds the next rows; as text where a domain
  -- may lie within.
  select
    string_agg(format(case when k.is_simple then 't.%I' else $f$format('%%s', t.%I) collate "C"$f$ end, k.name), ', ' order by k.place),
    string_agg(format(case when k.is_simple then '%L::%s' else '%L' end, after[k.place], format_type(k.base, k.typmod)), ', ' order by k.place)
  into columns, bounds
  from (
    select n.name, n.place, b.base, b.typmod, b.base < 16384 or y.typtype = 'e' as is_simple
    from unnest(key_columns) with ordinality as n (name, place)
    join pg_attribute as a on a.attrelid = target and a.attname = n.name
    cross join lateral rowtrail.base_type(a.atttypid, a.atttypmod) as b (base, typmod)
    join pg_type as y on y.oid = b.base
  ) as k;
  execute format(
    $query$
      with page as materialized (
        select r.*, row_number() over () as place
        from (
          select %6$s as whole, array[%1$s] as key_texts, t.tableoid
          from %3$s %4$s as t
          where %5$s
          order by %2$s
          limit $4
        ) as r
      ),
      keyed as materialized (
        select p.place, coalesce(($7 ->> p.tableoid::text)::bigint, 0) as after_id, s.*
        from page as p
        cross join lateral %7$s as s (row_key, data, verbatim)
      ),
      without as (
        select k.*, row_number() over (order by k.place) as number
        from keyed as k
        where not exists (
          select from rowtrail.versions as v
          where v.table_id = $1
            and v.row_key = k.row_key
            and v.id > k.after_id
            and v.op <> 'S'
            and v.changed_at between $5 and clock_timestamp() + interval '1 day')%8$s
      ),
      recorded as (
        insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data, verbatim)
        select $2 + w.number, $6, pg_current_xact_id(), $1, 'B', w.row_key, session_user, w.data, w.verbatim
        from without as w
        returning 1
      )
      select
        (select count(*) from page), (select count(*) from recorded),
        (select p.key_texts from page as p order by p.place desc limit 1)
    $query$,
    as_texts, columns, only_it, rowtrail.full_name(target),
    case when after is null then 'true' else format('(%s) > (%s)', columns, bounds) end,
    case when is_plain then 'to_jsonb(t.*)' else format('(t.*)::%s', rowtrail.full_name(target)) end,
    case
      when is_plain then $shape$(select rowtrail.key_text($1, $3, p.whole, '{}'), p.whole, null::jsonb)$shape$
      else 'rowtrail.stored_row($1, p.whole)'
    end,
    case
      when rowtrail.is_deferrable(target, key_columns) then ' or rowtrail.was_taken_over($1, k.row_key, k.after_id, $5)'
      else ''
    end)
  into seen, recorded, last_key
  using of_table, last_id, key_columns, batch, since, moment, attached;
  -- What came after the first look has run; with the error nothing of it is left.
  perform rowtrail.require_no_code(target, 'the baseline');
end
$_$;


ALTER FUNCTION rowtrail.record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]) IS 'The part of rowtrail.baseline_batch() that reads rows and writes their versions; it reads by the SELECT privilege that the table''s owner lends.';


--
-- Name: record_baseline_without_key(integer, text, bigint, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_capture
--

CREATE FUNCTION rowtrail.record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  -- Rows that hold the same have one key. Those that were there before tracking began are as many
  -- as there are now, less those that came since, and those that went since.
  execute format(
    $query$
      with live as (
        select s.row_key, s.data, s.verbatim
        from %s as t
        cross join lateral rowtrail.stored_row($1, t.*) as s
      ),
      held as (
        select l.row_key, count(*) as rows, (array_agg(l.data))[1] as data, (array_agg(l.verbatim))[1] as verbatim
        from live as l
        group by l.row_key
      ),
      without as (
        select h.row_key, h.data, h.verbatim, row_number() over (order by h.row_key) as number
        from held as h
        left join rowtrail.copies_without_key($1) as c on c.row_key = h.row_key
        cross join generate_series(1, h.rows - coalesce(c.copies, 0))
      ),
      recorded as (
        insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data, verbatim)
        select $2 + w.number, $3, pg_current_xact_id(), $1, 'B', w.row_key, session_user, w.data, w.verbatim
        from without as w
        returning 1
      )
      select (select sum(h.rows) from held as h), (select count(*) from recorded)
    $query$, source)
  into seen, recorded
  using of_table, last_id, moment;
  seen := coalesce(seen, 0);
end
$_$;


ALTER FUNCTION rowtrail.record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint) OWNER TO rowtrail_capture;

--
-- Name: FUNCTION record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_capture
--

COMMENT ON FUNCTION rowtrail.record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint) IS 'rowtrail.record_baseline() for a table without a key: all rows at once, under the lock of rowtrail.baseline_batch().';


--
-- Name: record_of(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.record_of(version bigint) RETURNS bytea
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET client_encoding TO 'UTF8'
    AS $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  return (select r.record from rowtrail.versions as v cross join lateral rowtrail.salted_record(v) as r where v.id = version);
end
$$;


ALTER FUNCTION rowtrail.record_of(version bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION record_of(version bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.record_of(version bigint) IS 'What of the version with this id is sealed, byte by byte, whatever encoding the client has.';


--
-- Name: records_schema_changes(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.records_schema_changes() RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select count(*) = 3
  from pg_event_trigger as e
  where e.evtfoid = 'rowtrail.on_schema_change()'::regprocedure
    and e.evtevent in ('ddl_command_end', 'sql_drop', 'table_rewrite')
    and e.evtenabled = 'A'
$$;


ALTER FUNCTION rowtrail.records_schema_changes() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION records_schema_changes(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.records_schema_changes() IS 'Whether schema changes are recorded as they happen: the three event triggers are there, and ENABLE ALWAYS. Only a superuser can create them.';


--
-- Name: refresh_statistics(interval); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.refresh_statistics(older_than interval DEFAULT '1 day'::interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- Nobody else does: autovacuum analyzes partitions only, never the table as a whole.
  if pg_stat_get_last_analyze_time('rowtrail.versions'::regclass) > now() - older_than then
    return false;
  end if;
  analyze rowtrail.versions;
  return true;
end
$$;


ALTER FUNCTION rowtrail.refresh_statistics(older_than interval) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION refresh_statistics(older_than interval); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.refresh_statistics(older_than interval) IS 'Refreshes what the planner knows of rowtrail.versions as a whole, unless that was done within the last day; says whether it did.';


--
-- Name: registered(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.registered(of_table regclass) RETURNS SETOF rowtrail.tables
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
begin
  return query select t.* from rowtrail.tables as t where t.relid = of_table;
  if not found and exists (select from rowtrail.tracking_of(of_table)) then
    raise exception 'the history of % is only for those who may read all of that table', rowtrail.full_name(of_table)
      using
        errcode = 'insufficient_privilege',
        hint = format('Let its owner run: grant select on %s to %I;', rowtrail.full_name(of_table), current_user);
  elsif not found then
    raise exception '% has no history: it was never tracked', rowtrail.full_name(of_table)
      using errcode = 'undefined_object', hint = format('select rowtrail.track(%L);', rowtrail.full_name(of_table));
  end if;
end
$$;


ALTER FUNCTION rowtrail.registered(of_table regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION registered(of_table regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.registered(of_table regclass) IS 'The registry''s row of a table that is or was tracked; raises undefined_object for another.';


--
-- Name: renew_import_leaf(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.renew_import_leaf(version_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_encoding TO 'UTF8'
    AS $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  update rowtrail.import_leaves as l
  set leaves = overlay(l.leaves placing rowtrail.leaf(v) from (32 * array_position(l.ids, version_id) - 31)::int for 32)
  from rowtrail.imports as i
  cross join (select r from rowtrail.versions as r where r.id = version_id and r.era = 0) as w (v)
  where i.id = l.import_id
    and version_id between i.first_id and i.first_id + i.rows - 1
    and version_id = any (l.ids);
  update rowtrail.imports as i
  set hash = rowtrail.import_hash(i.id)
  where i.finished_at is not null and version_id between i.first_id and i.first_id + i.rows - 1;
end
$$;


ALTER FUNCTION rowtrail.renew_import_leaf(version_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION renew_import_leaf(version_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.renew_import_leaf(version_id bigint) IS 'The part of rowtrail.erase() that lets an imported version verify without the values that were erased.';


--
-- Name: renumber(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.renumber() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (
    select from rowtrail.eras as e
    where e.era = rowtrail.current_era()
      and e.relid = 'rowtrail.versions'::regclass
      and coalesce(e.system_identifier = rowtrail.system_identifier(), true))
  then
    return;
  end if;
  update rowtrail.tables as t
  -- No table has such a number; rowtrail.track() then finds the registry's row by the name.
  set relid = (4294967295 - t.id)::oid
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = t.relid
    and (n.nspname, c.relname) <> (t.schema_name, t.table_name)
    and not exists (
      select from pg_trigger as g
      where g.tgrelid = c.oid
        and g.tgname = '!rowtrail_capture'
        and position(rowtrail.as_trigger_keeps(array[t.id::text]) in g.tgargs) = 1);
end
$$;


ALTER FUNCTION rowtrail.renumber() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION renumber(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.renumber() IS 'In a database that was restored and has not begun its new era: lets go of tables that bear by chance the number of another.';


--
-- Name: replay(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.replay(of_table integer) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.row_key, r.data, r.verbatim from rowtrail.replay_until(of_table, rowtrail.unbounded(), null) as r
$$;


ALTER FUNCTION rowtrail.replay(of_table integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION replay(of_table integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.replay(of_table integer) IS 'The rows that a table must have now by its versions alone, by the columns of today; a value that a schema change rewrote is left out until the row is recorded again. Compared with the table by rowtrail.differences().';


--
-- Name: replay_by_key(integer, rowtrail.boundary, bigint, text, text, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text DEFAULT NULL::text, until_key text DEFAULT NULL::text) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  since timestamptz := (
    select t.keyed_since from rowtrail.tables as t where t.id = of_table and rowtrail.is_reached(bound, t.keyed_since));
  after_id constant bigint := greatest(
    (
      select max(t.id)
      from rowtrail.versions as t
      where t.table_id = of_table
        and t.row_key = ''
        and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped'))
        and rowtrail.is_within(bound, t.era, t.xid, t.changed_at)
    ),
    rowtrail.after_imports(of_table, bound));
  from_id constant bigint := case when of_key is not null then rowtrail.settled_at(of_table, bound, of_key) end;
begin
  return query
  with changes as (
    select v.id, v.era, v.xid, v.changed_at, v.op, v.row_key, v.old_key, v.data, v.old, v.verbatim
    from rowtrail.versions as v
    where v.table_id = of_table
      and v.op not in ('T', 'S')
      and v.changed_at >= coalesce(since, '-infinity')
      and v.id > coalesce(after_id, -9223372036854775807)
      and v.id >= coalesce(from_id, -9223372036854775807)
      and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
      and (of_key is null or v.row_key = of_key or v.old_key = of_key)
      and (
        (after_key is null and until_key is null)
        or ((after_key is null or v.row_key > after_key) and (until_key is null or v.row_key <= until_key))
        or ((after_key is null or v.old_key > after_key) and (until_key is null or v.old_key <= until_key)))
  ),
  -- Where a baseline saw the row, it was there, whatever was known of it before.
  baselines as (
    select c.row_key as key, max(c.id) as id from changes as c where c.op = 'B' group by c.row_key
  ),
  -- What each change did to a key: it began to stand for a row, or ceased to.
  events as (
    select s.*
    from (
      select
        c.row_key as key, c.id, c.era, c.xid,
        case when c.op = 'D' then -1 when c.op in ('I', 'B') or c.old_key is not null then 1 else 0 end as step
      from changes as c
      union all
      select c.old_key, c.id, c.era, c.xid, -1
      from changes as c
      -- Of a move between partitions the delete is a version of its own.
      where c.old_key is not null and c.op = 'U'
    ) as s
    left join baselines as b on b.key = s.key
    where b.id is null or s.id >= b.id
  ),
  -- Within a transaction a key may pass from one row to another (two rows swap theirs), and begin
  -- anew before the event that ends its former row. Only what the transaction as a whole did to
  -- it counts: the last one that began or ended it, or that only changed its row, which was there
  -- then; where none did, its first event tells.
  transactions as (
    select
      e.key, e.era, e.xid, max(e.id) as last_id, min(e.step) < 0 and max(e.step) > 0 as is_shared,
      case when sum(e.step) <> 0 then sum(e.step) when bool_and(e.step = 0) then 1 else 0 end as net
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
    select distinct on (c.row_key) c.row_key, c.id, c.changed_at, c.data, c.verbatim
    from changes as c
    left join stays as s on s.id = c.id and s.step > 0
    where c.op <> 'D'
    order by c.row_key, coalesce(s.net <= 0, false), c.id desc
  )
  select
    l.row_key,
    case
      when m.after_id is null then l.data
      -- rowtrail.image_by(), without a call for each row.
      when m.renamed = '{}' then m.filled || (l.data - m.removed)
      else rowtrail.image_by(l.data, m.removed, m.filled, m.renamed)
    end,
    case when m.after_id is null then l.verbatim else nullif(rowtrail.image_by(l.verbatim, m.removed, '{}', m.renamed), '{}') end,
    l.id,
    l.changed_at
  from latest as l
  left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on l.id > m.after_id and l.id < m.before_id
  join outcomes as o on o.key = l.row_key
  join firsts as f on f.key = l.row_key
  where (of_key is null or l.row_key = of_key)
    and (after_key is null or l.row_key > after_key)
    and (until_key is null or l.row_key <= until_key)
    and (o.net > 0 or (o.net = 0 and f.step <= 0));
end
$$;


ALTER FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) IS 'rowtrail.replay_until() for a table with a key, with the rows that went with a partition.';


--
-- Name: replay_keys(integer, rowtrail.boundary, bigint, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
#variable_conflict use_column
declare
  looked_at constant int := 8;
  since constant timestamptz := (
    select coalesce(max(t.keyed_since), '-infinity')
    from rowtrail.tables as t where t.id = of_table and rowtrail.is_reached(bound, t.keyed_since));
  after_id constant bigint := greatest(
    -9223372036854775807,
    (
      select max(t.id)
      from rowtrail.versions as t
      where t.table_id = of_table
        and t.row_key = ''
        and (t.op = 'T' or (t.op = 'S' and t.data ? 'dropped'))
        and rowtrail.is_within(bound, t.era, t.xid, t.changed_at)
    ),
    rowtrail.after_imports(of_table, bound));
begin
  return query
  with told as (
    select k.key, l.*
    from unnest(keys) as k (key)
    -- The last transaction that mentions the key tells, where all that it did to it was to begin it or
    -- to change its row; or to end it.
    cross join lateral (
      select
        max(n.id) as id, (array_agg(n.changed_at order by n.id desc))[1] as changed_at,
        bool_and(n.step >= 0) as is_there,
        -- Also where nothing is known of it.
        coalesce(bool_and(n.step <= 0) and bool_or(n.step < 0), true) as is_gone
      from (
        select m.*, first_value(m.era) over newest as last_era, first_value(m.xid) over newest as last_xid
        from (
          (
            select
              v.id, v.changed_at, v.era, v.xid,
              case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
            from rowtrail.versions as v
            where v.table_id = of_table
              and v.row_key = k.key
              and v.op not in ('T', 'S')
              and v.changed_at >= since
              and v.id > after_id
              and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
            order by v.id desc
            limit looked_at
          )
          union all
          (
            select v.id, v.changed_at, v.era, v.xid, -1
            from rowtrail.versions as v
            where v.table_id = of_table
              and v.old_key = k.key
              and v.op = 'U'
              and v.changed_at >= since
              and v.id > after_id
              and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
            order by v.id desc
            limit looked_at
          )
          order by id desc
          limit looked_at
        ) as m
        window newest as (order by m.id desc)
      ) as n
      where (n.era, n.xid) = (n.last_era, n.last_xid)
      -- Where it fills what was looked at, it may have begun before.
      having count(*) < looked_at
    ) as l
  )
  select
    t.key,
    case
      when m.after_id is null then v.data
      else rowtrail.image_by(v.data, m.removed, m.filled, m.renamed)
    end,
    case when m.after_id is null then v.verbatim else nullif(rowtrail.image_by(v.verbatim, m.removed, '{}', m.renamed), '{}') end,
    v.id,
    v.changed_at
  from told as t
  cross join lateral (
    select v.id, v.changed_at, v.data, v.verbatim
    from rowtrail.versions as v
    where v.table_id = of_table and v.id = t.id and v.changed_at = t.changed_at
    limit 1
  ) as v
  left join rowtrail.image_maps(of_table, shape_id, bound.event_id) as m on v.id > m.after_id and v.id < m.before_id
  where t.is_there
  union all
  select r.*
  from unnest(keys) as k (key)
  cross join lateral rowtrail.replay_by_key(of_table, bound, shape_id, k.key) as r
  where k.key not in (select t.key from told as t where t.is_there or t.is_gone);
end
$$;


ALTER FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) IS 'What rowtrail.replay_by_key() gives for each of these keys, most of them by the last transaction that mentions the key alone.';


--
-- Name: replay_until(integer, rowtrail.boundary, bigint, text, text, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text DEFAULT NULL::text, after_key text DEFAULT NULL::text, until_key text DEFAULT NULL::text) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  gone constant text := rowtrail.gone_with_partitions(of_table, bound, shape_id);
begin
  if (select t.key_attnums = '{}' from rowtrail.tables as t where t.id = of_table) then
    return query
      select r.* from rowtrail.replay_without_key(of_table, bound, shape_id) as r where of_key is null or r.row_key = of_key;
  elsif gone is null then
    return query select r.* from rowtrail.replay_by_key(of_table, bound, shape_id, of_key, after_key, until_key) as r;
  else
    return query execute format('select r.* from rowtrail.replay_by_key($1, $2, $3, $4, $5, $6) as r where not (%s)', gone)
    using of_table, bound, shape_id, of_key, after_key, until_key;
  end if;
end
$_$;


ALTER FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) IS 'The rows that a table, or a key, or those after after_key until until_key, had by the versions within a boundary, by the columns that the event shape_id left (NULL: those of today); id and changed_at are those of each row''s newest version.';


--
-- Name: replay_without_key(integer, rowtrail.boundary, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select h.row_key, h.data, h.verbatim, h.id, h.changed_at
  from rowtrail.held_without_key(of_table, bound, shape_id) as h
  cross join generate_series(1, h.copies)
$$;


ALTER FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) IS 'rowtrail.replay_until() for a table without a key: rows that hold the same come as often as there must be of them, without the columns that are ignored.';


--
-- Name: require_complete(integer[], timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_complete(table_ids integer[], moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) IS 'Raises no_data_found where the moment is before what is wholly known of one of the tables, by their ids.';


--
-- Name: require_feed(integer, pg_snapshot, integer, bigint, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
declare
  again constant text := 'What came after that moment elsewhere is not in this history: bring whoever follows the feed to what is here, and go on from ''now''; or from NULL, the beginning.';
begin
  if pg_is_in_recovery() then
    raise exception 'a standby cannot give the feed: its snapshots do not tell which transactions are under way'
      using errcode = 'object_not_in_prerequisite_state', hint = 'Ask the primary server.';
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


ALTER FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) IS 'Raises where a cursor cannot be gone on from, and says what to do.';


--
-- Name: require_in_history(rowtrail.tables, text, bigint[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  unknown text;
begin
  select c.name into unknown
  from unnest(columns) as c (name)
  where not exists (
      select from pg_attribute as a
      where a.attrelid = known.relid and a.attname = c.name and a.attnum > 0 and not a.attisdropped)
    and not exists (
      select
      from rowtrail.versions as v
      cross join lateral rowtrail.named_places(v) as p
      where v.table_id = known.id and v.id = any (ids) and p.now_named = c.name)
  limit 1;
  if found then
    raise exception '% has no column %, and the history of this row has none', full_name, quote_ident(unknown)
      using errcode = 'undefined_column', hint = 'Columns go by their names of today; one that is gone, by the name under which rowtrail.history() shows it.';
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]) IS 'Raises undefined_column for a column that neither the table has nor one of the versions.';


--
-- Name: require_lent(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_lent(target regclass) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- By the owner itself, to rowtrail_owner itself: what PUBLIC has shows nothing.
  if not exists (
    select from pg_class as c
    cross join aclexplode(c.relacl) as a
    where c.oid = target
      and a.grantor = c.relowner
      and a.grantee = 'rowtrail_owner'::regrole
      and a.privilege_type = 'TRIGGER'
  ) then
    raise exception '%: only its owner can do this, by rowtrail.track() or rowtrail.untrack()', rowtrail.full_name(target)
      using errcode = 'insufficient_privilege';
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_lent(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_lent(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_lent(target regclass) IS 'Raises insufficient_privilege unless rowtrail_owner has been lent the TRIGGER privilege, which shows that the table''s owner asks.';


--
-- Name: require_new_snapshot(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_new_snapshot(full_name text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'rowtrail cannot record this change: table % may have been tracked anew since this transaction began', full_name
      using errcode = 'serialization_failure', hint = 'Try the transaction again.';
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_new_snapshot(full_name text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_new_snapshot(full_name text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_new_snapshot(full_name text) IS 'Raises serialization_failure where the registry may have changed since the transaction''s snapshot: what the trigger says is newer then.';


--
-- Name: require_no_code(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_no_code(target regclass, purpose text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  found record;
begin
  select c.* into found
  from rowtrail.code_of_others(
    array(select target::oid union select p.relid::oid from pg_partition_tree(target) as p)) as c
  -- Who may write history anyway needs no trick for it.
  where not pg_has_role(c.owner, 'rowtrail_owner', 'member')
  order by c.what
  limit 1;
  if found.what is not null then
    raise exception '% of % would run %, a function of %, with the rights of rowtrail', purpose, target, found.function_id::regprocedure, found.owner
      using errcode = 'insufficient_privilege',
        hint = format('%s calls it, and is looked at when the table is read. Let a superuser, or a member of rowtrail_owner, own it: alter function %s owner to ...; or do without it meanwhile.', found.what, found.function_id::regprocedure);
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_no_code(target regclass, purpose text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_no_code(target regclass, purpose text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_no_code(target regclass, purpose text) IS 'Raises where reading the table could run what its owner likes, with the rights of whoever reads it.';


--
-- Name: require_no_row_security(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_no_row_security(target regclass, purpose text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if (select c.relrowsecurity from pg_class as c where c.oid = target limit 1)
    and not coalesce((
      select
        bool_or(p.polpermissive and 'rowtrail_capture'::regrole = any (p.polroles) and pg_get_expr(p.polqual, p.polrelid) = 'true')
        and not bool_or(not p.polpermissive and p.polroles && array[0, 'rowtrail_capture'::regrole::oid])
      from pg_policy as p
      where p.polrelid = target and p.polcmd in ('r', '*')), false)
  then
    raise exception 'row security would hide rows of % from %', rowtrail.full_name(target), purpose
      using errcode = 'insufficient_privilege',
        hint = format('create policy rowtrail_baseline on %s for select to rowtrail_capture using (true);', rowtrail.full_name(target));
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_no_row_security(target regclass, purpose text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_no_row_security(target regclass, purpose text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_no_row_security(target regclass, purpose text) IS 'Raises insufficient_privilege, with the policy that mends it, where row security would hide rows from rowtrail_capture.';


--
-- Name: require_not_live(rowtrail.tables, bigint[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_not_live(known rowtrail.tables, ids bigint[], columns text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  wanted text[];
  held record;
begin
  if known.untracked_at is not null or not exists (select from pg_class as c where c.oid = known.relid) then
    return;
  end if;
  wanted := array(
    select a.attname::text
    from pg_attribute as a
    where a.attrelid = known.relid
      and a.attnum > 0
      and not a.attisdropped
      and case when columns is null then a.attnum <> all (known.key_attnums) else a.attname = any (columns) end
      -- Of these the history does not say what the row holds.
      and not exists (
        select from rowtrail.treatments(known) as c
        where c.number = a.attnum and c.treatment in ('exclude', 'virtual', 'ignore')));
  select r.row_key, n.name, r.data ? n.name as is_known
  into held
  from (
    select distinct v.row_key from rowtrail.versions as v where v.table_id = known.id and v.id = any (ids)
  ) as k
  cross join lateral rowtrail.replay_until(known.id, rowtrail.unbounded(), null, k.row_key) as r
  cross join unnest(wanted) as n (name)
  where r.id = any (ids) and (r.data -> n.name) is distinct from 'null'
  order by r.data ? n.name desc
  limit 1;
  if held.is_known then
    raise exception 'row % of % still holds a value in %', held.row_key, rowtrail.full_name(known.relid), held.name
      using errcode = 'object_in_use', hint = 'Change it in the table first, or delete the row: what is there would be recorded again.';
  elsif held.row_key is not null then
    raise exception 'row % of % is there, and since a schema change it is not known what it holds in %', held.row_key, rowtrail.full_name(known.relid), held.name
      using errcode = 'object_in_use', hint = 'Change it in the table first, or delete the row; or let the owner of the table run: rowtrail baseline';
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_not_live(known rowtrail.tables, ids bigint[], columns text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_not_live(known rowtrail.tables, ids bigint[], columns text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_not_live(known rowtrail.tables, ids bigint[], columns text[]) IS 'Raises object_in_use where a row is still there, by its history, that holds a value in one of the columns.';


--
-- Name: require_owner(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_owner(target regclass, wanted text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  owner oid;
begin
  select c.relowner into owner from pg_class as c where c.oid = target;
  if owner is null then
    raise exception 'no table can be %: none is named', wanted using errcode = 'undefined_table';
  end if;
  if not pg_has_role(current_user, owner, 'usage') then
    raise exception '% can be % only by its owner %, not by %', rowtrail.full_name(target), wanted, owner::regrole, current_user
      using errcode = 'insufficient_privilege',
        hint = format('Let %s do it, or a member of that role: grant %s to %I;', owner::regrole, owner::regrole, current_user);
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_owner(target regclass, wanted text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_owner(target regclass, wanted text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_owner(target regclass, wanted text) IS 'Raises insufficient_privilege unless the caller has the rights of the table''s owner.';


--
-- Name: require_trackable(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_trackable(target regclass) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  kind "char";
  persistence "char";
  schema_name name;
  problem text;
  mend text := 'Track the tables that hold its rows.';
begin
  select c.relkind, c.relpersistence, n.nspname
  into kind, persistence, schema_name
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.oid = target;

  if schema_name = 'rowtrail' then
    problem := 'it is a table of rowtrail itself';
    mend := 'Its tables only ever grow; rowtrail.versions is their own history.';
  elsif schema_name in ('pg_catalog', 'information_schema') or left(schema_name, 8) = 'pg_toast' then
    problem := 'it is a table of the system';
    mend := 'PostgreSQL allows no trigger on its own tables.';
  elsif kind not in ('r', 'p') then
    problem := case kind
      when 'v' then 'it is a view'
      when 'm' then 'it is a materialized view'
      when 'f' then 'it is a foreign table'
      when 'S' then 'it is a sequence'
      when 'c' then 'it is a composite type'
      else 'it is no table'
    end;
  elsif persistence = 't' then
    problem := 'it is a temporary table';
    mend := 'Its rows end with the session; track the table that they go to.';
  elsif exists (select from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhrelid = target and c.relispartition) then
    problem := 'it is a partition';
    mend := format('Track the table that it belongs to: select rowtrail.track(%L);',
      (select rowtrail.full_name(pg_partition_root(target))));
  end if;

  if problem is not null then
    raise exception '% cannot be tracked: %', rowtrail.full_name(target), problem
      using errcode = 'wrong_object_type', hint = mend;
  end if;
end
$$;


ALTER FUNCTION rowtrail.require_trackable(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_trackable(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_trackable(target regclass) IS 'Raises wrong_object_type, with the reason, for what can have no history: views, foreign, temporary and system tables, partitions, rowtrail''s own.';


--
-- Name: require_treatable(regclass, smallint[], rowtrail.tables, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.require_treatable(target regclass, key_numbers smallint[], known rowtrail.tables, goes_on boolean) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  full_name constant text := rowtrail.full_name(target);
  twice text[];
  secrets text[];
  mend text;
begin
  twice := rowtrail.names_of(target, array(
    select k from unnest(key_numbers) as k where k = any (known.excluded_attnums || known.hashed_attnums || known.ignored_attnums)));
  if twice <> '{}' then
    raise exception '% cannot exclude, hash or ignore %: it is of the key', full_name, array_to_string(twice, ', ')
      using errcode = 'invalid_parameter_value', hint = 'The key tells whose history it is; choose other columns.';
  end if;
  twice := rowtrail.names_of(target, array(
    select k from unnest(known.excluded_attnums || known.hashed_attnums || known.kept_attnums) as k
    group by k having count(*) > 1));
  if twice <> '{}' then
    raise exception '% of %: only one of exclude, hash and keep can be said of a column', array_to_string(twice, ', '), full_name
      using errcode = 'invalid_parameter_value', hint = 'Each list replaces the one of the same name before; ''{}'' empties it.';
  end if;
  secrets := array(
    select distinct a.attname::text
    from pg_attribute as a
    join pg_attrdef as f on (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
    join pg_depend as d
      -- Up to PostgreSQL 14 the column depends on the columns that it is made from, later its expression does.
      on (d.classid, d.objid) = ('pg_attrdef'::regclass, f.oid)
      or (d.classid, d.objid, d.objsubid) = ('pg_class'::regclass, a.attrelid, a.attnum)
    where a.attrelid = target
      and a.attgenerated = 's'
      and a.attnum <> all (known.excluded_attnums || known.hashed_attnums || known.kept_attnums)
      and (d.refclassid, d.refobjid) = ('pg_class'::regclass, target)
      and d.refobjsubid = any (known.excluded_attnums || known.hashed_attnums)
    order by 1);
  mend := format(
    'Say what the history may hold of them. Nothing: select rowtrail.track(%1$L, exclude => %2$L); a hash: hash => %2$L; all: keep => %2$L; each with the columns that are in the list already.',
    full_name, secrets::text);
  if secrets <> '{}' and goes_on then
    raise warning '% has columns generated from excluded or hashed ones, which are recorded: %', full_name, array_to_string(secrets, ', ')
      using hint = mend;
  elsif secrets <> '{}' then
    raise exception '% has columns generated from excluded or hashed ones: %', full_name, array_to_string(secrets, ', ')
      using errcode = 'invalid_parameter_value', hint = mend;
  end if;
  secrets := array(
    select a.attname::text
    from pg_attribute as a
    join pg_type as y on y.oid = a.atttypid
    where a.attrelid = target
      and a.attnum > 0
      and not a.attisdropped
      and a.attnum <> all (known.excluded_attnums || known.hashed_attnums || known.kept_attnums || key_numbers)
      and y.typcategory not in ('B', 'D', 'T')
      and rowtrail.is_named_like_a_secret(a.attname)
    order by a.attnum);
  mend := format(
    'Say what the history may hold of them. Nothing: select rowtrail.track(%1$L, exclude => %2$L); a hash: hash => %2$L; all: keep => %2$L.',
    full_name, secrets::text);
  if secrets <> '{}' and goes_on then
    raise warning '% has columns named like secrets, which are recorded: %', full_name, array_to_string(secrets, ', ')
      using hint = mend;
  elsif secrets <> '{}' then
    raise exception '% has columns named like secrets: %', full_name, array_to_string(secrets, ', ')
      using errcode = 'invalid_parameter_value', hint = mend;
  end if;
end
$_$;


ALTER FUNCTION rowtrail.require_treatable(target regclass, key_numbers smallint[], known rowtrail.tables, goes_on boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION require_treatable(target regclass, key_numbers smallint[], known rowtrail.tables, goes_on boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.require_treatable(target regclass, key_numbers smallint[], known rowtrail.tables, goes_on boolean) IS 'Raises invalid_parameter_value where what is to be done with the columns contradicts itself, or a column is named like a secret, or generated from one that is not stored as it is, and nothing was said of it (a warning where tracking only goes on).';


--
-- Name: retire(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.retire(reason text DEFAULT NULL::text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
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


ALTER FUNCTION rowtrail.retire(reason text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION retire(reason text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.retire(reason text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) IS 'Takes the oldest month out of the history of the tables that are kept for a shorter time (rowtrail.set_retention()), and says which tables, until when, and how many versions; NULL if nothing is due. Call it until then, each in a transaction of its own: rowtrail maintain does.';


--
-- Name: retire_import_leaves(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.retire_import_leaves() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.retire_import_leaves() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION retire_import_leaves(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.retire_import_leaves() IS 'The part of rowtrail.retire() that lets imports verify without the versions that are retired.';


--
-- Name: retire_until(integer[], timestamp with time zone, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.retire_until(due integer[], until timestamp with time zone, reason text DEFAULT NULL::text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    AS $$
declare
  known rowtrail.tables;
  last_seal rowtrail.seals;
  now_in constant int := rowtrail.current_era();
  month record;
  in_month bigint;
  total bigint;
  number bigint;
  hash bytea;
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

  number := nextval('rowtrail.version_id');
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
    if total > 0 then
      tables := tables || coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
      perform rowtrail.add_event(
        known, 'rowtrail.retire()',
        jsonb_build_object('retired', jsonb_build_object(
          'until', until, 'versions', total, 'retirement', number, 'leaves_hash', encode(hash, 'hex'))),
        reason,
        -- The first event of a retirement bears its number.
        case when cardinality(tables) = 1 then number end);
    end if;
    update rowtrail.tables as t
    set retired_until = until, complete_from = case when total > 0 then until else t.complete_from end
    where t.id = known.id;
  end loop;

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


ALTER FUNCTION rowtrail.retire_until(due integer[], until timestamp with time zone, reason text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION retire_until(due integer[], until timestamp with time zone, reason text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.retire_until(due integer[], until timestamp with time zone, reason text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) IS 'The part of rowtrail.retire() that takes what is older out of the history of tables, by their ids in rowtrail.tables.';


--
-- Name: retirement_hash(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.retirement_hash(number bigint) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select sha256(coalesce(string_agg(int8send(l.seal_id) || int4send(l.part) || varbit_send(l.gone), ''::bytea order by l.seal_id, l.part), ''))
  from rowtrail.retired_leaves as l
  where l.retirement = number
$$;


ALTER FUNCTION rowtrail.retirement_hash(number bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION retirement_hash(number bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.retirement_hash(number bigint) IS 'The hash of which leaves of seals stand for versions of a retirement: the event of the retirement has it.';


--
-- Name: rewrite_month(regclass, timestamp with time zone, timestamp with time zone, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
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


ALTER FUNCTION rowtrail.rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint) IS 'The part of rowtrail.retire() that puts another partition in the place of a month''s, with what stays of it; none where nothing stays.';


--
-- Name: roles(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.roles() RETURNS text[]
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array['rowtrail_owner', 'rowtrail_capture', 'rowtrail_reader', 'rowtrail_limited_reader', 'rowtrail_auditor']
$$;


ALTER FUNCTION rowtrail.roles() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION roles(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.roles() IS 'The roles that rowtrail makes.';


--
-- Name: row_history(integer, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.row_history(of_table integer, key text) RETURNS TABLE(changed_at timestamp with time zone, op text, actor text, login text, changes jsonb, data jsonb, row_key text, old_key text, context jsonb, xid xid8, id bigint, moved text[], erased text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  with maps as materialized (
    select m.* from rowtrail.image_maps(of_table) as m
  )
  select
    v.changed_at, rowtrail.op_name(case when k.is_move then 'U' else v.op end), v.actor, v.login,
    (
      -- By the columns' names of today; data stays as it was recorded.
      select jsonb_object_agg(coalesce(m.names ->> o.key, o.key), jsonb_build_array(o.value, v.data -> o.key))
      from jsonb_each(
        case when k.is_move then rowtrail.changed_by_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.data) else v.old end) as o
    ),
    v.data, v.row_key, v.old_key, v.context, v.xid, v.id,
    case when k.is_move then rowtrail.partitions_of_move(v.table_id, v.old_key, v.era, v.xid, v.id, v.file) end,
    v.erased
  from rowtrail.versions as v
  cross join lateral (select v.op = 'I' and v.old_key is not null as is_move) as k
  left join maps as m on v.id > m.after_id and v.id < m.before_id
  where v.table_id = of_table
    and (v.row_key = key or v.old_key = key)
    and v.op not in ('T', 'S')
    and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
  order by v.id desc
$$;


ALTER FUNCTION rowtrail.row_history(of_table integer, key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION row_history(of_table integer, key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.row_history(of_table integer, key text) IS 'What rowtrail.history() gives, by the table''s id in rowtrail.tables: also for a table that was dropped.';


--
-- Name: rows_as_of(integer, text, timestamp with time zone, text, pg_snapshot); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) RETURNS TABLE(row_key text, data jsonb, verbatim jsonb, id bigint, changed_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  bound constant rowtrail.boundary := rowtrail.boundary_of(
    of_table,
    -- Without a key, rows become others with each change.
    (select of_key from rowtrail.tables as t where t.id = of_table and t.key_attnums <> '{}'),
    moment, transaction, snapshot);
begin
  return query select r.* from rowtrail.replay_until(of_table, bound, bound.event_id, of_key) as r;
end
$$;


ALTER FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) IS 'What rowtrail.as_of_rows() gives, or with a key rowtrail.as_of_row(), by the table''s id in rowtrail.tables: also for a table that was dropped.';


--
-- Name: salted_record(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.salted_record(v rowtrail.versions) RETURNS TABLE(record bytea)
    LANGUAGE sql STABLE
    AS $$
  select case
    when s.salt is null and e.salts is null then rowtrail.record(v)
    else record_send(row(
      v.id, v.changed_at, v.xid, v.table_id, v.era, v.file, v.early_in, v.old_ctid, v.new_ctid, v.op, v.actor, v.login, v.context,
      v.data is null, v.old is null, v.verbatim is null,
      (
        select string_agg(int4send(length(c.name)) || c.name || coalesce(c.commitment, ''), '' order by c.name)
        from (
          select
            convert_to(p.place, getdatabaseencoding()) as name,
            coalesce(
              decode(e.commitments ->> p.place, 'hex'),
              rowtrail.commitment(rowtrail.value_salt(p.place, s.salt, e.salts), p.value)) as commitment
          from rowtrail.places(v) as p
        ) as c
      )))
  end
  from (select v.id) as w
  left join rowtrail.seal_salts as s on s.version_id = w.id
  left join rowtrail.erased_versions as e on e.version_id = w.id
$$;


ALTER FUNCTION rowtrail.salted_record(v rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION salted_record(v rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.salted_record(v rowtrail.versions) IS 'What is sealed of a version that has a salt, or had one before values of it were erased: see the head of commitments.sql. Of another one, rowtrail.record().';


--
-- Name: schema_change(rowtrail.tables, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.schema_change(known rowtrail.tables, is_late boolean, OUT data jsonb, OUT old jsonb) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  shape constant jsonb := rowtrail.shape_of(known.relid);
  is_renumbered constant boolean := shape -> 'relid' <> known.shape -> 'relid';
  before constant jsonb := known.shape -> 'columns';
  after constant jsonb := shape -> 'columns';
  added jsonb;
  rewritten jsonb;
begin
  if shape is null or known.shape is null or (shape = known.shape and not known.is_rewritten) then
    return;
  end if;
  -- Of a column that is new: what do the rows have that were there? A default that is kept in the
  -- catalogue gives it. After a rewrite it is not known; nor later, where a default may have filled it.
  select jsonb_object_agg(
    a.column_after ->> 'number',
    jsonb_build_object('name', a.column_after ->> 'name', 'missing', a.is_missing))
  into added
  from (
    select n.value as column_after, m.is_missing, c.*
    from jsonb_array_elements(after) as n
    join pg_attribute as c on c.attrelid = known.relid and c.attnum = (n.value ->> 'number')::int
    cross join lateral (
      select coalesce(bool_or(p.atthasmissing), false) as is_missing
      from pg_attribute as p
      where p.attname = c.attname
        and (p.attrelid = known.relid or p.attrelid in (select l.relid from pg_partition_tree(known.relid) as l))
    ) as m
    where not is_renumbered
      and not exists (select from jsonb_array_elements(before) as b where b.value -> 'number' = n.value -> 'number')
  ) as a
  where a.attgenerated = ''
    and not known.is_rewritten
    and (a.is_missing or not is_late or not (a.attnotnull or a.atthasdef or a.attidentity <> ''));

  -- Of a column that was there: have its values changed in the rows? The catalogue's row of a column
  -- is of this transaction if this transaction has altered it. Of one that is new: are they unknown?
  select jsonb_agg(n.value -> 'number' order by n.ordinality)
  into rewritten
  from jsonb_array_elements(after) with ordinality as n
  join pg_attribute as c on c.attrelid = known.relid and c.attnum = (n.value ->> 'number')::int
  left join lateral (
    select b.value
    from jsonb_array_elements(before) as b
    where b.value -> case when is_renumbered then 'name' else 'number' end
      = n.value -> case when is_renumbered then 'name' else 'number' end
  ) as b on true
  where case
    when b.value is null
      then not is_renumbered and c.attgenerated <> 'v' and not coalesce(added ? (n.value ->> 'number'), false)
    else (known.is_rewritten and (is_late or age(c.xmin) <= 0))
      or ((is_late or age(c.xmin) <= 0) and not rowtrail.shows_alike(b.value ->> 'type', n.value ->> 'type', is_late))
      or not rowtrail.holds_alike(b.value -> 'of', n.value -> 'of')
  end;

  data := jsonb_strip_nulls(jsonb_build_object(
    'table', shape -> 'table',
    'columns', after,
    'added', added,
    'rewritten', rewritten,
    'renumbered', nullif(is_renumbered, false)));
  old := jsonb_build_object(
    'columns', case when is_renumbered then rowtrail.columns_changed(before, '[]') else rowtrail.columns_changed(before, after) end);
  if shape -> 'table' <> known.shape -> 'table' then
    old := old || jsonb_build_object('table', known.shape -> 'table');
  end if;
end
$$;


ALTER FUNCTION rowtrail.schema_change(known rowtrail.tables, is_late boolean, OUT data jsonb, OUT old jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION schema_change(known rowtrail.tables, is_late boolean, OUT data jsonb, OUT old jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.schema_change(known rowtrail.tables, is_late boolean, OUT data jsonb, OUT old jsonb) IS 'How a tracked table differs from the shape that the registry knows, as an event has it (see the head of events.sql), but for the values of added columns; NULL if it does not.';


--
-- Name: schema_differences(jsonb, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.schema_differences(data jsonb, old jsonb) RETURNS TABLE(what text, name text, before text, after text)
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    'table', null, coalesce(old ->> 'table', data ->> 'table'), case when not data ? 'dropped' then data ->> 'table' end
  where old ? 'table' or data ? 'dropped'
  union all
  (
    select 'column', coalesce(a.name, b.name), b.described, a.described
    from (
      select o.value ->> 'name' as name, c.*
      from jsonb_each(old -> 'columns') as o
      cross join lateral rowtrail.column_described(o.value, data ? 'renumbered') as c
      where o.value <> 'null'
    ) as b
    full join (
      select n.value ->> 'name' as name, c.*
      from jsonb_array_elements(data -> 'columns') as n
      cross join lateral rowtrail.column_described(n.value, data ? 'renumbered') as c
      where data ? 'renumbered' or old -> 'columns' ? (n.value ->> 'number')
    ) as a on a.identity = b.identity
    where a.described is distinct from b.described
    order by coalesce(a.number, b.number)
  )
$$;


ALTER FUNCTION rowtrail.schema_differences(data jsonb, old jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION schema_differences(data jsonb, old jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.schema_differences(data jsonb, old jsonb) IS 'What an event, by its data and old, changed: the table''s name or a column, as it was before and after; NULL where there was none.';


--
-- Name: schema_history(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.schema_history(of_table regclass) RETURNS TABLE(changed_at timestamp with time zone, actor text, login text, command text, statement text, changes jsonb, noticed_by text, context jsonb, xid xid8, id bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    v.changed_at, v.actor, v.login, v.data ->> 'command', v.data ->> 'statement',
    (
      select jsonb_agg(jsonb_build_array(c.before, c.after) order by c.place)
      from rowtrail.schema_differences(v.data, v.old) with ordinality as c (what, name, before, after, place)
    ),
    v.data ->> 'noticed_by', v.context, v.xid, v.id
  from rowtrail.registered(of_table) as t
  join rowtrail.versions as v on v.table_id = t.id
  where v.row_key = '' and v.op = 'S'
  order by v.id desc
$$;


ALTER FUNCTION rowtrail.schema_history(of_table regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION schema_history(of_table regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.schema_history(of_table regclass) IS 'The schema changes of a tracked table, newest first: select * from rowtrail.schema_history(''orders''); changes holds [before, after] for the table''s name and each column that differs.';


--
-- Name: seal(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET client_encoding TO 'UTF8'
    SET work_mem TO '64MB'
    AS $$
declare
  before rowtrail.seals;
  made rowtrail.seals;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rowtrail.seal() needs a READ COMMITTED transaction; this one is %', upper(current_setting('transaction_isolation'))
      using errcode = 'invalid_transaction_state', hint = 'It has to see what the seal before it closed. Call it on its own.';
  end if;
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


ALTER FUNCTION rowtrail.seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text) IS 'Seals the versions that were committed since the last seal, and gives the seal; NULL if there are none. Nobody who writes waits for it.';


--
-- Name: seal_root(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.seal_root(number bigint) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- The seal that ends an era may close nothing.
  select rowtrail.tree_root(coalesce(string_agg(rowtrail.tree_root(c.leaves), '' order by c.part), ''))
  from rowtrail.seal_leaves as c
  where c.seal_id = number
$$;


ALTER FUNCTION rowtrail.seal_root(number bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION seal_root(number bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.seal_root(number bigint) IS 'The root of the tree over the leaves that are kept of a seal.';


--
-- Name: seal_text(rowtrail.seals); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.seal_text(made rowtrail.seals) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format(
    E'rowtrail seal %s\nseal %s\nat %s\nera %s%s\ncluster %s\nsnapshot %s\nmax-id %s\nversions %s\nleaves %s\nroot %s\nlog %s\nprevious %s\n',
    made.format, made.id, to_char(made.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    made.era, case when made.ends_era then ' ends' end, made.system_identifier, made.seen, made.max_id, made.versions,
    encode(made.leaves_hash, 'hex'), encode(made.root, 'hex'), encode(made.log_root, 'hex'), encode(made.previous, 'hex'))
$$;


ALTER FUNCTION rowtrail.seal_text(made rowtrail.seals) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION seal_text(made rowtrail.seals); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.seal_text(made rowtrail.seals) IS 'What the hash of a seal is of, in UTF-8.';


--
-- Name: set_actor(text, text, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.set_actor(actor text, reason text DEFAULT NULL::text, context jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if jsonb_typeof(context) <> 'object' then
    raise exception 'the context must be a JSON object, not %: %', jsonb_typeof(context), left(context::text, 80)
      using errcode = 'invalid_parameter_value', hint = 'For example: context => ''{"request_id": "4711"}''.';
  end if;
  perform set_config('rowtrail.actor', coalesce(rowtrail.clean(actor, 200), ''), true);
  perform set_config(
    'rowtrail.context',
    coalesce(nullif(
      coalesce(context, '{}') || jsonb_strip_nulls(jsonb_build_object('reason', reason)), '{}')::text, ''),
    true);
end
$$;


ALTER FUNCTION rowtrail.set_actor(actor text, reason text, context jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION set_actor(actor text, reason text, context jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.set_actor(actor text, reason text, context jsonb) IS 'Names the actor of this transaction, and if you like the reason and a JSON object of context: begin; select rowtrail.set_actor(''alice'', reason => ''ticket 4711''); NULL takes the name back.';


--
-- Name: set_retention(text, interval, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.set_retention(of_table text, keep interval, reason text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.tables := rowtrail.table_named(of_table);
  full_name constant text := coalesce(rowtrail.full_name(known.relid), format('%I.%I', known.schema_name, known.table_name));
begin
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


ALTER FUNCTION rowtrail.set_retention(of_table text, keep interval, reason text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION set_retention(of_table text, keep interval, reason text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.set_retention(of_table text, keep interval, reason text) IS 'Says how long the history of a table is kept; NULL for ever. What is older is taken out by rowtrail.retire(), which rowtrail maintain calls: select rowtrail.set_retention(''orders'', ''2 years'', reason => ''policy 12''); The table is named as in SQL, also one that was dropped.';


--
-- Name: settled_at(integer, rowtrail.boundary, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  looked_at constant int := 64;
begin
  return (
    with newest as materialized (
      select n.*
      from (
        (
          select
            v.id, v.era, v.xid,
            case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
          from rowtrail.versions as v
          where v.table_id = of_table
            and v.row_key = of_key
            and v.op not in ('T', 'S')
            and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
          order by v.id desc
          limit looked_at
        )
        union all
        (
          select v.id, v.era, v.xid, -1
          from rowtrail.versions as v
          where v.table_id = of_table
            and v.old_key = of_key
            and v.op = 'U'
            and rowtrail.is_within(bound, v.era, v.xid, v.changed_at)
          order by v.id desc
          limit looked_at
        )
      ) as n
      order by n.id desc
      limit looked_at
    ),
    transactions as (
      select
        n.era, n.xid, min(n.id) as first_id, max(n.id) as last_id,
        sum(n.step) <> 0 or bool_and(n.step = 0) as tells
      from newest as n
      group by n.era, n.xid
    )
    select t.first_id
    from transactions as t
    where t.tells
      -- The oldest of them may have begun before.
      and (t.first_id > (select min(n.id) from newest as n) or (select count(*) from newest as n) < looked_at)
    order by t.last_id desc
    limit 1);
end
$$;


ALTER FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION settled_at(of_table integer, bound rowtrail.boundary, of_key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) IS 'The first version of the last transaction that tells by itself whether there is a row of this key after it, so that nothing before it need be read; NULL where the newest versions do not tell.';


--
-- Name: shape_of(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.shape_of(target regclass) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
  select jsonb_build_object(
    'relid', c.oid::bigint,
    'table', rowtrail.full_name(target),
    'columns', coalesce((
      select jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
          'number', a.attnum,
          'name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'of', case when y.typtype <> 'b' or y.typelem <> 0 then rowtrail.type_shape(a.atttypid) end))
        order by a.attnum)
      from pg_attribute as a
      join pg_type as y on y.oid = a.atttypid
      where a.attrelid = target and a.attnum > 0 and not a.attisdropped), '[]'))
  from pg_class as c
  where c.oid = target
$$;


ALTER FUNCTION rowtrail.shape_of(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION shape_of(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.shape_of(target regclass) IS 'A table''s name and columns as they are: {"relid", "table", "columns": [{"number", "name", "type", "of"}]}; "of" is what rowtrail.type_shape() says of the type.';


--
-- Name: short_key(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.short_key(key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- The index on versions takes 2704 bytes a row, and JSON can be longer than the key itself.
  select case
    when octet_length(key) > 1000
      then left(key, 200) || '... sha256:' || encode(sha256(convert_to(key, getdatabaseencoding())), 'hex')
    else key
  end
$$;


ALTER FUNCTION rowtrail.short_key(key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION short_key(key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.short_key(key text) IS 'The key as rowtrail.versions.row_key has it: itself up to 1000 bytes, else its beginning and its SHA-256.';


--
-- Name: shows_alike(text, text, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.shows_alike(before text, after text, is_late boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when before = after then true
    when regexp_replace(before, e'\\(.*\\)', '') = any (array['text', 'character varying'])
      then regexp_replace(after, e'\\(.*\\)', '') = any (array['text', 'character varying'])
    -- Another length or precision: where it matters, the table is rewritten, which is known at once.
    else not is_late and regexp_replace(before, e'\\(.*\\)', '') = regexp_replace(after, e'\\(.*\\)', '')
  end
$$;


ALTER FUNCTION rowtrail.shows_alike(before text, after text, is_late boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION shows_alike(before text, after text, is_late boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.shows_alike(before text, after text, is_late boolean) IS 'Whether a change between these types leaves each value as it shows, where it did not rewrite the table.';


--
-- Name: snapshot_of_seal(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.snapshot_of_seal(number bigint) RETURNS pg_snapshot
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.snapshot_of_seal(number bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION snapshot_of_seal(number bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.snapshot_of_seal(number bigint) IS 'What a seal saw, for as_of: select * from rowtrail.as_of(null::orders, snapshot => rowtrail.snapshot_of_seal(17));';


--
-- Name: status(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.status() RETURNS TABLE(table_id integer, table_name text, state text, key_columns text[], excluded_columns text[], tracked_since timestamp with time zone, tracked_by text, mend text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select
    t.id,
    format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name)),
    s.state,
    t.key_columns,
    t.excluded_columns,
    t.tracked_since,
    t.tracked_by,
    case
      when s.state in (
        'trigger missing', 'trigger disabled', 'not always on', 'stale', 'replaced', 'schema change not recorded')
        then format('select rowtrail.track(%L);', format('%I.%I', coalesce(n.nspname, t.schema_name), coalesce(c.relname, t.table_name)))
      when s.state = 'children not tracked'
        then format('select rowtrail.track(%L);', (select rowtrail.full_name(x.child) from rowtrail.untracked_children(t.relid) as x (child) limit 1))
    end
  from rowtrail.tables as t
  left join pg_class as c on c.oid = t.relid
  left join pg_namespace as n on n.oid = c.relnamespace
  left join pg_trigger as r on r.tgrelid = t.relid and r.tgname = '!rowtrail_capture'
  cross join lateral (select case when t.untracked_at is null and c.oid is not null then rowtrail.capture_fault(t) end as fault) as f
  cross join lateral (
    select case
      when t.untracked_at is not null then 'untracked'
      when c.oid is null and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is not null
        and not exists (
          select from rowtrail.tables as other
          where other.relid = to_regclass(format('%I.%I', t.schema_name, t.table_name)))
        then 'replaced'
      when c.oid is null then 'dropped'
      when f.fault is not null then f.fault
      -- Recorded all the same, only slower than need be.
      when r.tgargs <> rowtrail.as_trigger_keeps(rowtrail.capture_arguments(t.id)) then 'stale'
      when t.is_rewritten or t.shape <> rowtrail.shape_of(t.relid) then 'schema change not recorded'
      when c.relkind = 'p' and exists (
          select from rowtrail.partition_change(t) as p where p.attached is not null or p.detached is not null)
        then 'schema change not recorded'
      when exists (select from rowtrail.untracked_children(t.relid)) then 'children not tracked'
      else 'tracked'
    end as state
  ) as s
  order by 2
$$;


ALTER FUNCTION rowtrail.status() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION status(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.status() IS 'What is tracked and whether its triggers are as they must be; for what is not, the statement that mends it: select * from rowtrail.status();';


--
-- Name: stored_row(integer, anyelement, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean DEFAULT true, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  known rowtrail.tables;
  left_out text[];
  treated record;
begin
  select t.* into known from rowtrail.tables as t where t.id = of_table;
  left_out := array(
    select c.name from rowtrail.treatments(known) as c where c.treatment in ('exclude', 'virtual'));
  select i.image - left_out, i.verbatim
  into data, verbatim
  from rowtrail.image_of(
    of_table, given, left_out, rowtrail.names_of(known.relid, known.hashed_attnums),
    array(select c.name from rowtrail.treatments(known) as c where c.treatment = 'json')) as i;
  for treated in select c.* from rowtrail.treatments(known) as c where c.treatment = 'hash' loop
    if with_hashes then
      data := data || jsonb_build_object(
        treated.name, rowtrail.hash_of(of_table, treated.number, data ->> treated.name));
    else
      data := data - treated.name;
    end if;
  end loop;
  row_key := rowtrail.key_text(
    of_table, rowtrail.names_of(known.relid, known.key_attnums), data,
    rowtrail.names_of(known.relid, known.ignored_attnums));
end
$$;


ALTER FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) IS 'What is stored of a row: its key, its image, and the text of the json columns that JSONB would not give back. Without with_hashes hashed columns are left out.';


--
-- Name: system_identifier(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.system_identifier() RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (select c.system_identifier from pg_control_system() as c);
exception
  -- Some managed services keep it to themselves.
  when insufficient_privilege then
    return null;
end
$$;


ALTER FUNCTION rowtrail.system_identifier() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION system_identifier(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.system_identifier() IS 'Which cluster this is; NULL where the service does not say.';


--
-- Name: table_named(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.table_named(name text) RETURNS rowtrail.tables
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  parts text[];
  found_id int;
  found_names text[];
begin
  begin
    parts := parse_ident(name);
  exception when invalid_parameter_value then
    -- It may be one as it stands.
    parts := null;
  end;
  select array_agg(distinct format('%I.%I', n.schema_name, n.table_name)), (array_agg(t.id order by c.oid is null, t.id desc))[1]
  into found_names, found_id
  from rowtrail.tables as t
  left join pg_class as c on c.oid = t.relid
  left join pg_namespace as s on s.oid = c.relnamespace
  cross join lateral (
    select coalesce(s.nspname, t.schema_name)::text, coalesce(c.relname, t.table_name)::text
  ) as n (schema_name, table_name)
  where parts in (array[n.table_name], array[n.schema_name, n.table_name])
    or name in (n.table_name, n.schema_name || '.' || n.table_name);
  if found_id is null then
    raise exception 'no table % has a history', name
      using errcode = 'undefined_table', hint = 'Name it as in SQL, with its schema if need be: rowtrail status lists those that have one.';
  elsif cardinality(found_names) > 1 then
    raise exception '% could be %', name, array_to_string(found_names, ' or ')
      using errcode = 'ambiguous_alias', hint = 'Name it with its schema.';
  end if;
  return (select t from rowtrail.tables as t where t.id = found_id);
end
$$;


ALTER FUNCTION rowtrail.table_named(name text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION table_named(name text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.table_named(name text) IS 'The registry''s row of the table that is meant by a name, as SQL has it or as it stands; also of one that was dropped. Raises undefined_table or ambiguous_alias.';


--
-- Name: take_back(regclass, text, regrole, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.take_back(target regclass, privilege text, borrower regrole, opened boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  part regclass;
begin
  for part in select target union select p.relid from pg_partition_tree(target) as p loop
    execute format('revoke %s on table %s from %s', privilege, rowtrail.full_name(part), borrower);
  end loop;
  if opened then
    execute format(
      'revoke usage on schema %s from %s',
      (select c.relnamespace::regnamespace from pg_class as c where c.oid = target limit 1), borrower);
  end if;
end
$$;


ALTER FUNCTION rowtrail.take_back(target regclass, privilege text, borrower regrole, opened boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION take_back(target regclass, privilege text, borrower regrole, opened boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.take_back(target regclass, privilege text, borrower regrole, opened boolean) IS 'Takes back what rowtrail.lend() lent; opened is what it gave.';


--
-- Name: todays_names(integer, oid, smallint[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- The former name of a column that was dropped: one that is made anew under it is not let out. And
  -- after a restore from a dump, where the registry has another relation and columns other numbers.
  select array_agg(coalesce(a.attname::text, n.name) order by n.place)
  from unnest(numbers, former) with ordinality as n (number, name, place)
  left join rowtrail.tables as t on t.id = of_table and t.relid = coalesce(pg_partition_root(relation), relation)
  left join pg_attribute as a on a.attrelid = t.relid and a.attnum = n.number and not a.attisdropped
$$;


ALTER FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION todays_names(of_table integer, relation oid, numbers smallint[], former text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) IS 'Today''s names of a tracked table''s columns, by number, which they keep when they are renamed; the former one of a column that is not there.';


--
-- Name: track(regclass, text[], text[], boolean, text, text[], text[], text[], boolean, boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.track(target regclass, key_columns text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], baseline boolean DEFAULT false, actor text DEFAULT NULL::text, hash text[] DEFAULT NULL::text[], ignore text[] DEFAULT NULL::text[], keep text[] DEFAULT NULL::text[], truncate_rows boolean DEFAULT NULL::boolean, erasable boolean DEFAULT NULL::boolean) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  full_name constant text := rowtrail.full_name(target);
  opened boolean;
  child regclass;
  was_tracked boolean;
  was_changed boolean;
  wants_rows boolean;
  always text;
begin
  perform rowtrail.require_owner(target, 'tracked');
  perform rowtrail.require_trackable(target);
  execute format('lock table only %s in share row exclusive mode', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  select a.was_tracked, a.was_changed, a.wants_rows
  into was_tracked, was_changed, wants_rows
  from rowtrail.attach(target, key_columns, exclude, actor, hash, ignore, keep, truncate_rows, erasable) as a;
  if wants_rows then
    -- Lent for as long as the option holds: a TRUNCATE can be by anybody.
    perform rowtrail.require_no_row_security(target, 'a TRUNCATE');
    perform rowtrail.lend(target, 'select', 'rowtrail_capture');
  elsif exists (select from pg_trigger as t where t.tgrelid = target and t.tgname = '!rowtrail_truncate_rows') then
    execute format('drop trigger %I on %s', '!rowtrail_truncate_rows', full_name);
    perform rowtrail.take_back(target, 'select', 'rowtrail_capture', false);
    was_changed := true;
  end if;
  -- ALWAYS: they fire under session_replication_role = replica too. Only the owner can say so.
  always := (
    select string_agg(format('enable always trigger %I', g.tgname), ', ')
    from (
      select distinct t.tgname
      from pg_trigger as t
      where (t.tgrelid = target or t.tgrelid in (select p.relid from pg_partition_tree(target) as p))
        and t.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows')
        and t.tgenabled <> 'A'
    ) as g);
  if always is not null then
    execute format('alter table %s %s', full_name, always);
    was_changed := true;
  end if;
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
  for child in select c.child from rowtrail.untracked_children(target) as c (child) loop
    raise warning '% inherits from % and is not tracked', rowtrail.full_name(child), full_name
      using hint = format('select rowtrail.track(%L);', rowtrail.full_name(child));
  end loop;
  while baseline loop
    baseline := not (select b.is_done from rowtrail.baseline_batch(target, 100000) as b);
  end loop;
  return (
    select format(
      '%s %s, %s%s%s%s%s%s%s',
      full_name,
      case
        when not was_tracked then 'is tracked from now on'
        when was_changed then 'was tracked already; its triggers are brought up to date'
        else 'is tracked already'
      end,
      case
        when t.key_columns = '{}' then 'without a key: rows that hold the same cannot be told apart'
        else 'key ' || array_to_string(t.key_columns, ', ')
      end,
      ', without ' || nullif(array_to_string(t.excluded_columns, ', '), ''),
      ', hashed ' || nullif(array_to_string(t.hashed_columns, ', '), ''),
      ', no version for ' || nullif(array_to_string(t.ignored_columns, ', '), '') || ' alone',
      case when t.truncate_rows then ', each row of a TRUNCATE' end,
      case when t.is_erasable then ', erasable' end,
      case t.actor_policy when 'require' then ', an actor required' when 'warn' then ', with a warning where no actor is named' end)
    from rowtrail.tracking_of(target) as t);
end
$$;


ALTER FUNCTION rowtrail.track(target regclass, key_columns text[], exclude text[], baseline boolean, actor text, hash text[], ignore text[], keep text[], truncate_rows boolean, erasable boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION track(target regclass, key_columns text[], exclude text[], baseline boolean, actor text, hash text[], ignore text[], keep text[], truncate_rows boolean, erasable boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.track(target regclass, key_columns text[], exclude text[], baseline boolean, actor text, hash text[], ignore text[], keep text[], truncate_rows boolean, erasable boolean) IS 'Begins the history of a table, as its owner: select rowtrail.track(''orders''); The key is the primary key, else the replica identity, unless key_columns names a unique one; a table without a key is tracked by what its rows hold. Of the columns named in exclude nothing is stored, of those in hash a salted SHA-256 (equality shows, the value does not); ignore makes no version when only such columns changed. A column named like a secret must be in one of exclude, hash and keep. truncate_rows => true records each row of a TRUNCATE. erasable => true seals what is not sealed yet so that rowtrail.erase() can erase values of it later, and its seals still verify. baseline => true records the rows that are there at once, while writers wait; for a large table call rowtrail.baseline() afterwards instead. actor => ''require'' refuses changes whose transaction names no actor, ''warn'' warns of them, ''allow'' takes them. Again is a no-op, or changes the options that are given, for what is recorded from then on.';


--
-- Name: tracked(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.tracked(of_table regclass) RETURNS rowtrail.tables
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.tracked(of_table regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION tracked(of_table regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.tracked(of_table regclass) IS 'What the registry has of a table that is tracked; an error of one that is not.';


--
-- Name: tracking_of(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.tracking_of(target regclass) RETURNS SETOF rowtrail.tables
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Anybody may ask this, so the key of a row is left out.
  select p.*
  from rowtrail.tables as t
  cross join lateral jsonb_populate_record(t, '{"baseline_after": null}') as p
  where t.relid = target and t.untracked_at is null
$$;


ALTER FUNCTION rowtrail.tracking_of(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION tracking_of(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.tracking_of(target regclass) IS 'The registry''s row of a table that is tracked, but for baseline_after; no row for another.';


--
-- Name: treatments(rowtrail.tables); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.treatments(known rowtrail.tables) RETURNS TABLE(number smallint, name text, treatment text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select a.attnum, a.attname::text, t.treatment
  from pg_attribute as a
  cross join lateral (
    select case when a.attgenerated = 'v' then 'virtual' else 'exclude' end as treatment
    where a.attgenerated = 'v' or a.attnum = any (known.excluded_attnums)
    union all
    select 'hash' where a.attnum = any (known.hashed_attnums)
    union all
    select 'ignore' where a.attnum = any (known.ignored_attnums)
    union all
    select case
      when a.atttypid = 'json'::regtype and a.attnum <> all (known.excluded_attnums || known.hashed_attnums) then 'json'
      else 'nested'
    end
    -- PostgreSQL's own types, which most columns have, are spared the call.
    where a.attgenerated <> 'v'
      and (a.atttypid >= 16384 or a.atttypid in ('json'::regtype, 'json[]'::regtype))
      and rowtrail.holds_json(a.atttypid)
  ) as t
  where a.attrelid = known.relid and a.attnum > 0 and not a.attisdropped
  order by a.attnum, t.treatment
$$;


ALTER FUNCTION rowtrail.treatments(known rowtrail.tables) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION treatments(known rowtrail.tables); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.treatments(known rowtrail.tables) IS 'What is done with the columns that are not stored as they are: exclude, virtual (has no value where a trigger sees it), hash, ignore (no version when only such changed), json (its text is kept where JSONB would not give it back), nested (may not fit into JSONB).';


--
-- Name: tree_root(bytea); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.tree_root(leaves bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.tree_root(leaves bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION tree_root(leaves bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.tree_root(leaves bytea) IS 'The root of the Merkle tree (RFC 9162, 2.1.1) over hashes of 32 bytes, one after the other.';


--
-- Name: type_shape(oid); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.type_shape(of_type oid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
declare
  known record;
begin
  select t.typtype, t.typcategory, t.typbasetype, t.typelem, t.typrelid into known from pg_type as t where t.oid = of_type;
  return case
    when known.typtype = 'e' then (
      select jsonb_build_object('labels', jsonb_agg(e.enumlabel order by e.enumsortorder))
      from pg_enum as e where e.enumtypid = of_type)
    when known.typtype = 'c' then (
      select jsonb_build_object('fields', jsonb_agg(
        jsonb_strip_nulls(jsonb_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'of', rowtrail.type_shape(a.atttypid)))
        order by a.attnum))
      from pg_attribute as a where a.attrelid = known.typrelid and a.attnum > 0 and not a.attisdropped)
    when known.typtype = 'd' then rowtrail.type_shape(known.typbasetype)
    when known.typtype = 'r' then (select rowtrail.type_shape(r.rngsubtype) from pg_range as r where r.rngtypid = of_type)
    when known.typtype = 'm' then (select rowtrail.type_shape(r.rngsubtype) from pg_range as r where r.rngmultitypid = of_type)
    when known.typcategory = 'A' then rowtrail.type_shape(known.typelem)
  end;
end
$$;


ALTER FUNCTION rowtrail.type_shape(of_type oid) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION type_shape(of_type oid); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.type_shape(of_type oid) IS 'What lies in a type and can change under a table: the labels of an enum, the fields of a composite type, also within arrays, ranges and domains; NULL for other types.';


--
-- Name: unbounded(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.unbounded() RETURNS rowtrail.boundary
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select row('infinity', null, null, null)::rowtrail.boundary
$$;


ALTER FUNCTION rowtrail.unbounded() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION unbounded(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.unbounded() IS 'The boundary within which every version is: now.';


--
-- Name: under_way(integer, xid8, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
  return array(
    select distinct (v.xid::text)::bigint
    from rowtrail.versions as v
    where v.changed_at > moment and (v.xid::text)::bigint <= (newest::text)::bigint and v.era = in_era
    order by 1);
end
$$;


ALTER FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION under_way(in_era integer, newest xid8, moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) IS 'The transactions up to a number that recorded changes after the moment: what they recorded before it had not been committed.';


--
-- Name: undo_chains(integer[], bigint[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) RETURNS TABLE(table_id integer, start_id bigint, place integer, id bigint, is_target boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_chains(table_ids integer[], ids bigint[], only_keys text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) IS 'The rows that these versions (and no others, where they are a TRUNCATE, than those with the only_keys) changed: for each its versions, from the first of them to the newest.';


--
-- Name: undo_columns(integer); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_columns(of_table integer) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
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


ALTER FUNCTION rowtrail.undo_columns(of_table integer) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_columns(of_table integer); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_columns(of_table integer) IS 'How the values of each column of today are written in SQL: {"column": {"name", "number", "type", "is_identity", "form"}}.';


--
-- Name: undo_conflicts(regclass, text, bigint, timestamp with time zone, bigint, text, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_conflicts(of_table regclass DEFAULT NULL::regclass, key text DEFAULT NULL::text, to_version bigint DEFAULT NULL::bigint, to_moment timestamp with time zone DEFAULT NULL::timestamp with time zone, version bigint DEFAULT NULL::bigint, transaction text DEFAULT NULL::text, actor text DEFAULT NULL::text, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(table_name text, row_key text, column_name text, problem text, wanted jsonb, found jsonb, changed_at timestamp with time zone, actor_since text, login_since text, id bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) IS 'What rowtrail.undo_sql(), called with the same arguments, leaves as it is: a column or row that was changed since (by whom, with which version), or what the history does not hold. No row: all is put back.';


--
-- Name: undo_copies(integer, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_copies(of_table integer, image jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) IS 'How many rows that hold this a table without a key has now, by its versions.';


--
-- Name: undo_guard(jsonb, text, jsonb, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_guard(of_column jsonb, alias text, value jsonb, verbatim text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) IS 'The condition, in SQL, that a column still holds this value.';


--
-- Name: undo_leads_to(bigint, rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select rowtrail.undo_led_from(next) = version_id
$$;


ALTER FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_leads_to(version_id bigint, next rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) IS 'Whether the next version is of the row as the version with this id left it.';


--
-- Name: undo_led_from(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_led_from(next rowtrail.versions) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_led_from(next rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_led_from(next rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_led_from(next rowtrail.versions) IS 'The version that left the row as this one found it.';


--
-- Name: undo_literal(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_literal(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_literal(value text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_literal(value text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_literal(value text) IS 'The text as an SQL literal on one line, with escapes for control characters, and those that turn the direction of writing or are invisible.';


--
-- Name: undo_occupant(integer, text, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) RETURNS rowtrail.versions
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_occupant(of_table integer, key text, after_id bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) IS 'The newest version of the row that took a key after this version, and has it still.';


--
-- Name: undo_patch(integer[], bigint[], text[], text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET quote_all_identifiers TO 'off'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) IS 'The patch that undoes these versions, as text: a head that says what it is, what is left as it is, then one transaction.';


--
-- Name: undo_plan(integer[], bigint[], text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) RETURNS TABLE(n bigint, table_id integer, table_name text, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, problems jsonb, changed_at timestamp with time zone, actor text, login text, op text, id bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_plan(table_ids integer[], ids bigint[], only_keys text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) IS 'What has to be done to which rows so that these versions are undone (action: insert of the image, update of the wanted columns, delete; NULL for nothing), and the problems: what is left as it is, and why. image is the row as it is now, wanted what its columns held before.';


--
-- Name: undo_ranks(integer[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_ranks(table_ids integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_ranks(table_ids integer[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_ranks(table_ids integer[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_ranks(table_ids integer[]) IS 'The order in which rows of these tables can be inserted: {"table": rank}, parents first; null for those that refer to each other in a circle.';


--
-- Name: undo_references(integer[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_references(table_ids integer[]) RETURNS TABLE(name text, child_id integer, parent_id integer, child_columns text[], parent_columns text[])
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_references(table_ids integer[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_references(table_ids integer[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_references(table_ids integer[]) IS 'The foreign keys among these tables.';


--
-- Name: undo_rows_before(integer, bigint, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) RETURNS TABLE(id bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_rows_before(of_table integer, truncate_id bigint, only_key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) IS 'The newest version of each row that a TRUNCATE ended, by the versions since the one before it.';


--
-- Name: undo_sql(regclass, anyelement, bigint, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint DEFAULT NULL::bigint, to_moment timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET "IntervalStyle" TO 'postgres'
    SET bytea_output TO 'hex'
    SET extra_float_digits TO '1'
    SET lc_monetary TO 'C'
    AS $$
  select rowtrail.undo_sql(of_table, to_jsonb(key) #>> '{}', to_version, to_moment)
$$;


ALTER FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone) IS 'The SQL that would put a row back to a version or a moment, by a key of any type: select rowtrail.undo_sql(''orders'', 42, to_version => 1200).';


--
-- Name: undo_sql(regclass, text, bigint, timestamp with time zone, bigint, text, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_sql(of_table regclass DEFAULT NULL::regclass, key text DEFAULT NULL::text, to_version bigint DEFAULT NULL::bigint, to_moment timestamp with time zone DEFAULT NULL::timestamp with time zone, version bigint DEFAULT NULL::bigint, transaction text DEFAULT NULL::text, actor text DEFAULT NULL::text, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) IS 'The SQL that would put something back, to read and then run: a transaction (select rowtrail.undo_sql(transaction => ''1-4711'')), one version (version => 1200), a row as it was at a version or a moment (''orders'', ''42'', to_moment => ''2026-11-01 12:00Z''), or what an actor did (actor => ''alice'', since => ..., until => ..., of_table => ''orders''). Into a file by psql -At -c, or by \t \a \o. Later changes of the same columns are left as they are: rowtrail.undo_conflicts() lists them.';


--
-- Name: undo_statement(jsonb, text, text, jsonb, jsonb, jsonb, jsonb, bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint DEFAULT NULL::bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint) IS 'The statement that undoes the changes of one row, if the row still is as its image says, and stops the patch otherwise.';


--
-- Name: undo_table(integer, integer[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_table(of_table integer, table_ids integer[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) IS 'What rowtrail.undo_statement() has to know of a table: its name, key and columns; the columns that an ON UPDATE CASCADE of one of these tables sets; who refers to it by a foreign key by which a delete goes on.';


--
-- Name: undo_tag(text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_tag(body text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  tag text := 'undo';
begin
  while position('$' || tag || '$' in body) > 0 loop
    tag := tag || '_';
  end loop;
  return tag;
end
$_$;


ALTER FUNCTION rowtrail.undo_tag(body text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_tag(body text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_tag(body text) IS 'A tag for dollar quotes that the text does not end.';


--
-- Name: undo_targets(regclass, text, bigint, timestamp with time zone, bigint, text, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) RETURNS TABLE(table_id integer, id bigint, only_key text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;


ALTER FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) IS 'The versions that the arguments of rowtrail.undo_sql() mean; raises what is wrong with them.';


--
-- Name: undo_title(regclass, text, bigint, timestamp with time zone, bigint, text, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    AS $$
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


ALTER FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) IS 'What the arguments of rowtrail.undo_sql() mean, in words.';


--
-- Name: undo_value(jsonb, jsonb, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_value(of_column jsonb, value jsonb, verbatim text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) IS 'A value as SQL, exactly: numbers keep their digits, json its text.';


--
-- Name: undo_versions_since(integer, text, bigint, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) RETURNS TABLE(id bigint, only_key text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) IS 'The versions of a row since this version or moment, by the key that it has or had; with a TRUNCATE the key of the one row that is meant.';


--
-- Name: unique_key(regclass, smallint[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.unique_key(target regclass, wanted smallint[]) RETURNS smallint[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- In the order that was asked for; else as the primary key has them.
  select coalesce(wanted, k.attnums)
  from pg_index as i
  cross join lateral (
    select array_agg(u.attnum order by u.place) as attnums
    from unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
    where u.place <= i.indnkeyatts
  ) as k
  where i.indrelid = target
    and i.indisunique
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
    and case
      when wanted is null then i.indisprimary or i.indisreplident
      else k.attnums @> wanted and k.attnums <@ wanted and cardinality(k.attnums) = cardinality(wanted)
    end
    and not exists (
      select from pg_attribute as a
      where a.attrelid = target and a.attnum = any (k.attnums) and not a.attnotnull
    )
  order by i.indisprimary desc
  limit 1
$$;


ALTER FUNCTION rowtrail.unique_key(target regclass, wanted smallint[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION unique_key(target regclass, wanted smallint[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.unique_key(target regclass, wanted smallint[]) IS 'The wanted columns, by number, if a unique index has just these and all are NOT NULL; for NULL those of the primary key or else of the index that is the replica identity; else NULL.';


--
-- Name: unsealed(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.unsealed(at_most bigint DEFAULT NULL::bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
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


ALTER FUNCTION rowtrail.unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) IS 'How many versions no seal has yet, counted up to a bound if one is given, and the time of the oldest; the last seal, and when it was made.';


--
-- Name: untrack(regclass, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.untrack(target regclass, reason text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  full_name constant text := rowtrail.full_name(target);
  opened boolean;
  trigger_name name;
begin
  perform rowtrail.require_owner(target, 'untracked');
  if not exists (select from rowtrail.tracking_of(target)) then
    return format('%s is not tracked', full_name);
  end if;
  execute format('lock table only %s in access exclusive mode', full_name);
  opened := rowtrail.lend(target, 'trigger', 'rowtrail_owner');
  perform rowtrail.detach(target, reason);
  perform rowtrail.take_back(target, 'trigger', 'rowtrail_owner', opened);
  for trigger_name in
    select g.tgname
    from pg_trigger as g
    where g.tgrelid = target and g.tgname in ('!rowtrail_capture', '!rowtrail_truncate', '!rowtrail_truncate_rows')
  loop
    execute format('drop trigger %I on %s', trigger_name, full_name);
    if trigger_name = '!rowtrail_truncate_rows' then
      perform rowtrail.take_back(target, 'select', 'rowtrail_capture', false);
    end if;
  end loop;
  return format('%s is not tracked any more; its history stays', full_name);
end
$$;


ALTER FUNCTION rowtrail.untrack(target regclass, reason text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION untrack(target regclass, reason text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.untrack(target regclass, reason text) IS 'Ends the tracking of a table, as its owner, and keeps the reason on its time line. Its history stays: select rowtrail.untrack(''orders'', reason => ''archived'');';


--
-- Name: untracked_children(regclass); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.untracked_children(target regclass) RETURNS SETOF regclass
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- A child by INHERITS has triggers of its own, unlike a partition.
  select i.inhrelid::regclass
  from pg_inherits as i
  join pg_class as c on c.oid = i.inhrelid
  where i.inhparent = target
    and not c.relispartition
    and not exists (select from rowtrail.tracking_of(i.inhrelid::regclass))
  order by 1
$$;


ALTER FUNCTION rowtrail.untracked_children(target regclass) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION untracked_children(target regclass); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.untracked_children(target regclass) IS 'The tables that inherit from this one and are not tracked: what is written to them, also by way of this one, is not recorded.';


--
-- Name: value_salt(text, bytea, jsonb); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  select case
    when salts is null then substring(sha256(salt || convert_to(place, getdatabaseencoding())) for 16)
    else decode(salts ->> place, 'hex')
  end
$$;


ALTER FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION value_salt(place text, salt bytea, salts jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) IS 'The salt of a value: of that of its version and its place, or as it is kept since another value was erased.';


--
-- Name: verify(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify() RETURNS TABLE(part text, object text, problem text, mend text, is_fault boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
    -- What is stale is recorded all the same.
    select 'table'::text, s.table_name, s.state, s.mend, s.state <> 'stale'
    from rowtrail.status() as s
    where s.mend is not null;
  return query select 'table'::text, t.* from rowtrail.verify_rules() as t;
  return query select 'role'::text, r.* from rowtrail.verify_roles() as r;
  return query select 'owner'::text, o.* from rowtrail.verify_owners() as o;
  return query select 'grant'::text, g.* from rowtrail.verify_grants() as g;
  return query select 'versions'::text, v.* from rowtrail.verify_versions() as v;
  -- Who sees a part of the tables only is not told of imports.
  if has_table_privilege('rowtrail.imports', 'select') then
    return query select 'import'::text, i.* from rowtrail.verify_imports() as i;
  end if;
  return query select 'function'::text, f.* from rowtrail.verify_functions() as f;
  return query select 'guard'::text, e.* from rowtrail.verify_event_triggers() as e;
  return query select 'setting'::text, p.* from rowtrail.verify_settings() as p;
end
$$;


ALTER FUNCTION rowtrail.verify() OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify(); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify() IS 'What the history rests on and is not as it must be; no row when all is. What is no fault is worth knowing. The command rowtrail verify also compares the functions with those of its release, and each table with its history.';


--
-- Name: verify_erased(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  with named as (
    select
      i.id::bigint as id, min(e.id) as event_id, array_agg('erased:' || e.id) as keys,
      jsonb_agg(e.data -> 'erased' -> 'places') as places
    from rowtrail.tables as t
    join rowtrail.versions as e on e.table_id = t.id and e.row_key = '' and e.op = 'S'
    cross join lateral jsonb_array_elements_text(e.data -> 'erased' -> 'versions') as i (id)
    group by i.id
  ),
  marked as (
    select v.id, v as version from rowtrail.versions as v where v.erased is not null
  )
  select rowtrail.version_name(f.id), f.problem, 'only a superuser can do that: find it in a backup, and ask who could', true
  from (
    select
      coalesce(n.id, m.id, k.version_id) as id,
      case
        when n.id is null and m.id is null then 'is kept as one of which values were erased, and is none'
        when n.id is null then 'is marked as erased, and no event says so'
        when m.id is null then format('is not as event %s left it: values of it were erased', n.event_id)
        when not coalesce((m.version).erased @> array(select jsonb_object_keys(k.commitments)), true)
          then format('is not marked with all that was erased of it, by event %s or later', n.event_id)
        when s.version_id is not null then format('has a salt again, which event %s took from it', n.event_id)
        when a.unnamed is not null then format('has erased what no event says: %s', a.unnamed)
        when a.places is not null then format('does not have erased, as event %s left it: %s', n.event_id, a.places)
      end as problem
    from named as n
    full join marked as m on m.id = n.id
    full join rowtrail.erased_versions as k on k.version_id = coalesce(n.id, m.id)
    left join rowtrail.seal_salts as s on s.version_id = k.version_id
    left join lateral (
      select
        string_agg(e.place, ', ' order by e.place) filter (
          where case when e.place in ('row_key', 'old_key') then p.value = any (n.keys) else p.value = 'null' end is not true) as places,
        string_agg(e.place, ', ' order by e.place) filter (
          where not exists (select from jsonb_array_elements(n.places) as s (said) where s.said ? e.place)) as unnamed
      from unnest((m.version).erased) as e (place)
      left join rowtrail.places(m.version) as p on p.place = e.place
    ) as a on true
  ) as f
  where f.problem is not null
  order by f.id
$$;


ALTER FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The versions of which values were erased that are not as rowtrail.erase() leaves them: each is marked, named by an event, and holds none of what was erased.';


--
-- Name: verify_event_triggers(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Where none is there, whoever installed could not create any; of which people should know.
  select
    w.named, case when e.oid is null then 'is not there' else 'is not always on, leaves out commands, or calls another function' end,
    'let a superuser run: rowtrail upgrade',
    exists (select from pg_event_trigger as o where o.evtname like 'rowtrail\_%')
  from (values
    ('rowtrail_ddl_command_end', 'ddl_command_end', 'rowtrail.on_schema_change()',
      '{ALTER DOMAIN,ALTER INDEX,ALTER SCHEMA,ALTER TABLE,ALTER TYPE,CREATE TABLE}'::text[]),
    ('rowtrail_sql_drop', 'sql_drop', 'rowtrail.on_schema_change()', null),
    ('rowtrail_table_rewrite', 'table_rewrite', 'rowtrail.on_schema_change()', null),
    ('rowtrail_guard_command', 'ddl_command_end', 'rowtrail.on_guarded_command()',
      '{ALTER TABLE,ALTER TRIGGER,CREATE CAST,CREATE TABLE,CREATE TRIGGER}'),
    ('rowtrail_guard_drop', 'sql_drop', 'rowtrail.on_guarded_command()', null)
  ) as w (named, event, function, tags)
  left join pg_event_trigger as e on e.evtname = w.named
  where (e.evtevent, e.evtenabled, e.evtfoid) is distinct from (w.event, 'A', w.function::regprocedure)
    or case when w.tags is null then e.evttags is not null else not coalesce(e.evttags @> w.tags, e.evttags is null) end
$$;


ALTER FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about the event triggers, which record schema changes and guard the recording.';


--
-- Name: verify_functions(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select p.oid::regprocedure::text, 'runs with its owner''s rights, and where it looks for names is not pinned', 'run: rowtrail upgrade', true
  from pg_proc as p
  where p.pronamespace = 'rowtrail'::regnamespace
    and p.prosecdef
    and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false)
  union all
  select
    'rowtrail.capture_partition()', 'is not what is made of rowtrail.capture()', 'run: rowtrail upgrade; and ask who changed it', true
  where split_part(pg_get_functiondef('rowtrail.capture_partition()'::regprocedure), 'AS $', 2)
    <> split_part(rowtrail.capture_partition_definition(), 'AS $', 2)
  union all
  select
    format('the cast from %s to %s', format_type(x.castsource, null), format_type(x.casttarget, null)),
    format('runs %s when a row is recorded, which belongs to %s', p.oid::regprocedure, o.rolname),
    format('let a superuser run: drop cast (%s as %s);', format_type(x.castsource, null), format_type(x.casttarget, null)),
    true
  from pg_cast as x
  join pg_proc as p on p.oid = x.castfunc
  join pg_roles as o on o.oid = p.proowner
  where x.casttarget in ('json'::regtype, 'jsonb'::regtype) and not o.rolsuper
$_$;


ALTER FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about the code that runs when a row is recorded or read.';


--
-- Name: verify_grants(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    g.named,
    format('%s may %s', coalesce(quote_ident(g.grantee), 'everybody'), g.privilege),
    format('revoke %s on %s from %s;', lower(g.privilege), g.named, coalesce(quote_ident(g.grantee), 'public')),
    true
  from (
    select 'schema rowtrail' as named, r.rolname as grantee, a.privilege_type as privilege
    from pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where n.nspname = 'rowtrail' and a.grantee <> n.nspowner and a.privilege_type = 'CREATE'
    union all
    select format('%s rowtrail.%I', case c.relkind when 'S' then 'sequence' else 'table' end, c.relname), r.rolname, a.privilege_type
    from pg_class as c
    cross join lateral aclexplode(c.relacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where c.relnamespace = 'rowtrail'::regnamespace
      and a.grantee <> c.relowner
      and (
        a.privilege_type not in ('SELECT', 'USAGE')
        or (c.relkind = 'S' and coalesce(r.rolname, '') <> 'rowtrail_capture')
        or c.relname = 'salts'
        or (c.relname in ('seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'imports', 'import_tables', 'import_leaves') and coalesce(r.rolname, '') <> 'rowtrail_reader'))
      and not (c.oid = 'rowtrail.versions'::regclass and r.rolname = 'rowtrail_capture' and a.privilege_type = 'INSERT')
    union all
    select format('table rowtrail.%I', c.relname), r.rolname, format('%s (%I)', a.privilege_type, t.attname)
    from pg_class as c
    join pg_attribute as t on t.attrelid = c.oid
    cross join lateral aclexplode(t.attacl) as a
    left join pg_roles as r on r.oid = a.grantee
    where c.relnamespace = 'rowtrail'::regnamespace
      and a.grantee <> c.relowner
      and (a.privilege_type <> 'SELECT' or c.relname in ('salts', 'seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'imports', 'import_tables', 'import_leaves'))
    union all
    -- Of those that run with their owner's rights. Who may erase is for people to say: verify_roles().
    select format('function %s', f.oid::regprocedure), r.rolname, a.privilege_type
    from pg_proc as f
    cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
    left join pg_roles as r on r.oid = a.grantee
    where f.pronamespace = 'rowtrail'::regnamespace
      and f.prosecdef
      and f.proname <> 'erase'
      and a.grantee <> f.proowner
      and coalesce(r.rolname, 'public') <> all (
        case
          when f.proname in ('capture_partition', 'untracked_children', 'attach', 'detach', 'tracking_of', 'baseline_step') then '{public}'::text[]
          when f.proname in ('hash_of', 'miss_actor', 'copies_without_key') then '{rowtrail_capture}'
          when f.proname in ('seal', 'begin_era', 'note_verification') then '{rowtrail_auditor}'
          when f.proname in ('in_default_partition', 'snapshot_of_seal', 'has_low_ids', 'is_restored') then '{rowtrail_reader,rowtrail_limited_reader}'
          else '{}'
        end)
  ) as g
$$;


ALTER FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about who may change or see what nobody should.';


--
-- Name: verify_imported(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET client_encoding TO 'UTF8'
    SET work_mem TO '64MB'
    AS $$
begin
  perform set_config('client_encoding', getdatabaseencoding(), true);
  return query
    select
      format('import %s from %s', i.id, i.source), 'does not have the leaves that it was finished with',
      'only a superuser can do that: compare it with a backup', true
    from rowtrail.imports as i
    where i.finished_at is not null and i.hash is distinct from rowtrail.import_hash(i.id)
    order by i.id;
  return query
    with kept as (
      select l.import_id, k.id, k.leaf
      from rowtrail.import_leaves as l
      cross join lateral rowtrail.leaves_in(l.ids, l.leaves, null) as k
    ),
    live as (
      select v.id, rowtrail.leaf(v) as leaf, count(*) over (partition by v.id) as times
      from rowtrail.versions as v
      where v.era < 1 or v.id < 1
    )
    select
      rowtrail.version_name(coalesce(l.id, k.id)),
      case
        when k.id is null then 'is among those that were imported, and no import brought it'
        when l.id is null then format('is missing: import %s brought it', k.import_id)
        when l.times > 1 then format('is there %s times: import %s brought it once', l.times, k.import_id)
        else format('is not what import %s brought', k.import_id)
      end,
      'only a superuser can do that: find it in a backup, and ask who could', true
    from live as l
    full join kept as k on k.id = l.id
    where l.leaf is distinct from k.leaf or l.times > 1
    order by coalesce(l.id, k.id);
end
$$;


ALTER FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The versions of imports that are not what they were when they came, and those among them that no import brought.';


--
-- Name: verify_imports(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select
    format('import %s from %s', i.id, i.source),
    format('is not finished: %s of %s rows were read', i.rows_read, i.rows),
    format('run: rowtrail import --from %s; or remove it: rowtrail import --from %s --discard', i.source, i.source), false
  from rowtrail.imports as i
  where i.finished_at is null
  order by i.id
$$;


ALTER FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about imports that are not finished: what they brought is not all that the source has.';


--
-- Name: verify_owners(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select f.named, format('belongs to %s', f.owner), format('alter %s owner to rowtrail_owner;', f.named), true
  from (
    select 'schema rowtrail' as named, pg_get_userbyid(n.nspowner) as owner, array['rowtrail_owner'] as owners
    from pg_namespace as n
    where n.nspname = 'rowtrail'
    union all
    select
      format('%s rowtrail.%I', case c.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, c.relname),
      pg_get_userbyid(c.relowner), array['rowtrail_owner']
    from pg_class as c
    where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p', 'S', 'v', 'm', 'f')
    union all
    select format('routine %s', p.oid::regprocedure), pg_get_userbyid(p.proowner), array['rowtrail_owner', 'rowtrail_capture']
    from pg_proc as p
    where p.pronamespace = 'rowtrail'::regnamespace
  ) as f
  where f.owner <> all (f.owners)
$$;


ALTER FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about who owns what.';


--
-- Name: verify_restored(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select
    'rowtrail.version_id', 'gives ids that are there already', 'let a member of rowtrail_auditor run: rowtrail restore-check', true
  where rowtrail.has_low_ids()
  union all
  select
    format('versions %s', string_agg(d.id::text, ', ' order by d.id) filter (where d.place <= 10)),
    format('%s ids are there twice', count(*)),
    'restore the dump into an empty database: data alone was restored over a history', true
  from (
    select v.id, row_number() over (order by v.id) as place from rowtrail.versions as v group by v.id having count(*) > 1
  ) as d
  having count(*) > 0
  union all
  -- What was there already cannot come once more, unless it went while it was not tracked, or was told
  -- by other columns.
  select
    format('%I.%I, key %s', t.schema_name, t.table_name, (array_agg(d.key order by d.id))[1]),
    format('%s rows were recorded as inserted, though they were there by their versions', count(*)),
    'restore the dump into an empty database: data was restored past disabled triggers, or recorded once more', true
  from (
    select s.table_id, s.key, s.id, s.op, lag(s.op) over by_row as op_before, lag(s.id) over by_row as id_before
    from (
      select v.table_id, v.row_key as key, v.id, v.op, 1 as place from rowtrail.versions as v where v.row_key <> '' and v.op in ('I', 'U', 'B', 'D') and v.era > 0
      union all
      select v.table_id, v.old_key, v.id, 'D', 0 from rowtrail.versions as v where v.old_key is not null and v.era > 0
    ) as s
    window by_row as (partition by s.table_id, s.key order by s.id, s.place)
  ) as d
  join rowtrail.tables as t on t.id = d.table_id
  where d.op = 'I'
    and d.op_before in ('I', 'U', 'B')
    and t.key_attnums <> '{}'
    and not exists (
      select from rowtrail.versions as e
      where e.table_id = d.table_id
        and e.row_key = ''
        and e.id > d.id_before
        and e.id < d.id
        and (e.op = 'T' or e.data ?| '{tracking,options,attached,detached}'))
  group by t.id
  union all
  select
    format('%I.%I', t.schema_name, t.table_name), 'is tracked, but it is not here: only its history was restored',
    'restore it, and track it: its history goes on', false
  from rowtrail.tables as t
  where t.untracked_at is null
    and not exists (select from pg_class as c where c.oid = t.relid)
    and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is null
    and not coalesce(
      (
        select v.data ? 'dropped'
        from rowtrail.versions as v
        where v.table_id = t.id and v.row_key = '' and v.op = 'S'
        order by v.id desc
        limit 1),
      false)
$$;


ALTER FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'What a restore can leave wrong in the history itself: ids that come again, versions that are there twice, rows recorded twice, tables that are missing.';


--
-- Name: verify_retired(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
  select
    format('retirement %s', coalesce(l.retirement, e.retirement)),
    case
      when e.retirement is null then 'says that sealed versions were retired, and no event of a table says so'
      else 'does not say of the same sealed versions as its event that they were retired'
    end,
    'only a superuser can do that: find it in a backup, and ask who could', true
  from (select distinct r.retirement from rowtrail.retired_leaves as r) as l
  full join (
    select (v.data -> 'retired' ->> 'retirement')::bigint as retirement, min(v.data -> 'retired' ->> 'leaves_hash') as hash, count(distinct v.data -> 'retired' ->> 'leaves_hash') as hashes
    from rowtrail.tables as t
    join rowtrail.versions as v on v.table_id = t.id and v.row_key = '' and v.op = 'S'
    where v.data ? 'retired'
    group by 1
  ) as e on e.retirement = l.retirement
  where e.retirement is null
    or e.hashes <> 1
    or e.hash <> encode(rowtrail.retirement_hash(e.retirement), 'hex')
  order by 1
$$;


ALTER FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'Retirements that say otherwise than their events which sealed versions are gone.';


--
-- Name: verify_roles(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.rolname::text, w.problem, format('alter role %I %s;', r.rolname, w.mend), true
  from pg_roles as r
  cross join lateral (values
    (r.rolsuper, 'is a superuser', 'nosuperuser'),
    (r.rolcanlogin, 'can log in', 'nologin'),
    (r.rolcreaterole or r.rolreplication or r.rolbypassrls, 'can create roles, replicate, or pass row security', 'nocreaterole noreplication nobypassrls')
  ) as w (is_so, problem, mend)
  where r.rolname = any (rowtrail.roles()) and w.is_so
  union all
  -- Whoever installs without being a superuser has to be one of these.
  select m.rolname, format('may act as %s, and so change the history', p.rolname), format('revoke %I from %I;', p.rolname, m.rolname), false
  from pg_roles as m
  join pg_roles as p on p.rolname in ('rowtrail_owner', 'rowtrail_capture')
  where not m.rolsuper and m.rolname <> all (rowtrail.roles()) and pg_has_role(m.oid, p.oid, 'member')
  union all
  select
    coalesce(quote_ident(r.rolname), 'everybody'), 'may erase values from the history',
    format('revoke execute on function %s from %s;', f.oid::regprocedure, coalesce(quote_ident(r.rolname), 'public')),
    a.grantee = 0
  from pg_proc as f
  cross join lateral aclexplode(f.proacl) as a
  left join pg_roles as r on r.oid = a.grantee
  where f.pronamespace = 'rowtrail'::regnamespace and f.proname = 'erase' and a.grantee <> f.proowner
$$;


ALTER FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about the roles.';


--
-- Name: verify_rules(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Table and history agree all the same: a write that a rule takes changes no row.
  select
    rowtrail.full_name(w.ev_class),
    format('has the rule %I: what is written goes where it says, and is recorded only there', w.rulename),
    format('if it is not meant: drop rule %I on %s;', w.rulename, rowtrail.full_name(w.ev_class)), false
  from rowtrail.tables as t
  -- A partition's rules hold for who writes to it by its own name.
  join pg_rewrite as w on w.ev_class = t.relid or w.ev_class in (select p.relid from pg_partition_tree(t.relid) as p)
  where t.untracked_at is null and w.is_instead and w.ev_type <> '1'
  order by 1, 2
$$;


ALTER FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about rules on tracked tables by which a write is not what is done.';


--
-- Name: verify_seal(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    SET "TimeZone" TO 'UTC'
    SET client_encoding TO 'UTF8'
    SET work_mem TO '64MB'
    AS $$
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
        f.id is null
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


ALTER FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'What is wrong with a seal, its place after the one before, and the versions that it closed; no row if nothing is.';


--
-- Name: verify_sealed(boolean); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_sealed(is_thorough boolean DEFAULT true, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET row_security TO 'on'
    AS $$
declare
  now_in constant int := rowtrail.current_era();
  last_seal rowtrail.seals;
  own_xid constant xid8 := pg_current_xact_id_if_assigned();
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
        and count(*) filter (where v.era = now_in and v.xid >= next_xid and v.xid is distinct from own_xid) = 0
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
    where v.era > now_in or (v.era = now_in and v.xid >= next_xid and v.xid is distinct from own_xid)
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


ALTER FUNCTION rowtrail.verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'Versions that are in no seal though they are older than the last one, those that no seal will have, and those of which values were erased that are not as rowtrail.erase() leaves them. If not thorough, they are looked for only where the numbers differ, which they do unless a seal lacks one.';


--
-- Name: verify_settings(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return query
    select
      coalesce(r.rolname::text, 'everybody'),
      format('begins sessions with %s', c.setting),
      format('let a superuser run: alter %s reset %s;',
        case when s.setrole = 0 then 'database ' || quote_ident(current_database()) else 'role ' || quote_ident(r.rolname) end,
        split_part(c.setting, '=', 1)),
      true
    from pg_db_role_setting as s
    cross join unnest(s.setconfig) as c (setting)
    left join pg_roles as r on r.oid = s.setrole
    where s.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
      and c.setting ~* '^(session_replication_role=(replica|local)|event_triggers=(f|n|of|0))';
  return query
    select
      'everybody', format('begins sessions with %s=%s, by the server''s configuration', s.name, s.reset_val),
      format('let a superuser set it back in the configuration, or run: alter system reset %s;', s.name), true
    from pg_settings as s
    where s.source in ('configuration file', 'command line', 'environment variable')
      and (s.name, s.reset_val) in (('session_replication_role', 'replica'), ('session_replication_role', 'local'), ('event_triggers', 'off'));
  -- Since PostgreSQL 15.
  if to_regclass('pg_parameter_acl') is not null then
    return query execute $query$
      select
        coalesce(r.rolname::text, 'everybody'), format('may set %s', p.parname),
        format('let a superuser run: revoke %s on parameter %s from %s;', lower(a.privilege_type), p.parname, coalesce(quote_ident(r.rolname), 'public')),
        true
      from pg_parameter_acl as p
      cross join lateral aclexplode(p.paracl) as a
      left join pg_roles as r on r.oid = a.grantee
      where p.parname in ('session_replication_role', 'event_triggers') and not coalesce(r.rolsuper, false)
    $query$;
  end if;
end
$_$;


ALTER FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about settings by which changes of a session would not be recorded.';


--
-- Name: verify_versions(); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
  with parts as (
    select c.oid, c.relname, c.relrowsecurity, c.relpersistence <> 'p' as is_unlogged, p.relid is not null or c.relname in ('tables', 'salts', 'seals', 'seal_leaves', 'seal_salts', 'erased_versions', 'retired_leaves', 'verifications', 'eras', 'imports', 'import_tables', 'import_leaves') as is_ours
    from pg_class as c
    left join pg_partition_tree('rowtrail.versions') as p on p.relid = c.oid
    where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'alembic_version'
  )
  -- There it is under none of what is looked at here.
  select
    rowtrail.full_name(c.oid), 'is a partition of rowtrail.versions in another schema',
    format('alter table %s set schema rowtrail;', rowtrail.full_name(c.oid)), true
  from pg_partition_tree('rowtrail.versions') as p
  join pg_class as c on c.oid = p.relid
  where c.relnamespace <> 'rowtrail'::regnamespace
  union all
  -- What goes there would take versions with it.
  select
    format('rowtrail.%I', p.relname), format('has the foreign key %I', k.conname),
    format('alter table rowtrail.%I drop constraint %I;', p.relname, k.conname), true
  from parts as p
  join pg_constraint as k on k.conrelid = p.oid and k.contype = 'f' and k.conparentid = 0
  union all
  select format('rowtrail.%I', p.relname), 'is not logged: a crash would empty it', format('alter table rowtrail.%I set logged;', p.relname), true
  from parts as p
  where p.is_unlogged
  union all
  select
    format('rowtrail.%I', p.relname), format('has the trigger %I', g.tgname), format('drop trigger %I on rowtrail.%I;', g.tgname, p.relname), true
  from parts as p
  join pg_trigger as g on g.tgrelid = p.oid and not g.tgisinternal and g.tgparentid = 0
  union all
  select format('rowtrail.%I', p.relname), format('has the rule %I', w.rulename), format('drop rule %I on rowtrail.%I;', w.rulename, p.relname), true
  from parts as p
  join pg_rewrite as w on w.ev_class = p.oid
  union all
  select format('rowtrail.%I', p.relname), 'has no row security', format('alter table rowtrail.%I enable row level security;', p.relname), true
  from parts as p
  where p.is_ours and not p.relrowsecurity
  union all
  select
    format('rowtrail.%I', p.relname), format('has the policy %I%s', y.polname, case when w.named is not null then ', but for others or with another condition' end),
    format('drop policy %I on rowtrail.%I;', y.polname, p.relname), true
  from parts as p
  join pg_policy as y on y.polrelid = p.oid
  left join rowtrail.policies() as w on w.relation = p.relname and w.named = y.polname
  where (y.polpermissive, y.polcmd, y.polroles, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
    is distinct from (true, w.command, array[to_regrole(w.role)::oid], w.qual, w.with_check)
  union all
  select format('rowtrail.%I', w.relation), format('lacks the policy %I', w.named), 'its rows are hidden; make it as alembic/versions has it', true
  from rowtrail.policies() as w
  where not exists (
    select from pg_policy as y where y.polname = w.named and y.polrelid = format('rowtrail.%I', w.relation)::regclass)
  union all
  -- Made by hand, or detached: what it holds is not read.
  select
    format('rowtrail.%I', p.relname), 'is no partition of rowtrail.versions: what it holds is not read',
    'attach it, or move it out of the schema', true
  from parts as p
  where not p.is_ours
  union all
  -- As each version of PostgreSQL writes it, but for the alias that some of them put before columns.
  select
    'rowtrail.recent_changes', 'is not what this release installs',
    'drop view rowtrail.recent_changes; then run: rowtrail upgrade; and ask who changed it', true
  where regexp_replace(pg_get_viewdef(to_regclass('rowtrail.recent_changes')), E'\\s+|\\mc\\.', '', 'g') is distinct from
    'SELECTchanged_at,table_name,row_key,op,changes,actor,login,(context->>''reason''::text)ASreason,transaction,id'
    'FROMrowtrail.recent(1000)c(changed_at,table_name,row_key,op,actor,login,changes,data,old_key,context,transaction,id);'
  union all
  select i.indexrelid::regclass::text, 'is not valid: reading may miss versions', format('reindex index %s;', i.indexrelid::regclass), true
  from parts as p
  join pg_index as i on i.indrelid = p.oid and not (i.indisvalid and i.indisready)
  union all
  select
    'rowtrail.versions_default', 'has versions of months for which there is no partition',
    'they are read all the same; rowtrail maintain moves them to partitions of theirs', false
  where rowtrail.in_default_partition() > 0
$$;


ALTER FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) IS 'The part of rowtrail.verify() about the tables of the history: nothing on them may change or hide what is written.';


--
-- Name: version_after(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.version_after(former rowtrail.versions) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select min(n.id)
  from (
    (
      select v.id
      from rowtrail.versions as v
      where v.table_id = former.table_id
        and v.row_key = former.row_key
        and v.id > former.id
        and v.old_key is null
        and v.op in ('U', 'D', 'B')
        and not (v.op = 'D' and rowtrail.is_moved_on(v.table_id, v.row_key, v.era, v.xid, v.id))
        and rowtrail.undo_leads_to(former.id, v)
      order by v.id
      limit 1
    )
    union all
    (
      select v.id
      from rowtrail.versions as v
      where v.table_id = former.table_id
        and v.old_key = former.row_key
        and v.id > former.id
        and rowtrail.undo_leads_to(former.id, v)
      order by v.id
      limit 1
    )
  ) as n
$$;


ALTER FUNCTION rowtrail.version_after(former rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION version_after(former rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.version_after(former rowtrail.versions) IS 'The next version of the row as this one left it, if there is one; of a move to another partition the second half.';


--
-- Name: version_before(rowtrail.versions); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.version_before(next rowtrail.versions) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select p.id
  from (select rowtrail.undo_led_from(next) as id) as p
  -- Where another row had the key before, nothing led here: it came unrecorded.
  where not exists (
    select from rowtrail.versions as d
    where d.table_id = next.table_id
      and d.row_key = coalesce(next.old_key, next.row_key)
      and d.op = 'D'
      and d.id > p.id
      and d.id < next.id
      and not rowtrail.is_moved_on(d.table_id, d.row_key, d.era, d.xid, d.id))
$$;


ALTER FUNCTION rowtrail.version_before(next rowtrail.versions) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION version_before(next rowtrail.versions); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.version_before(next rowtrail.versions) IS 'The version that led to this one of its row, if there is one; of a move to another partition the one before it.';


--
-- Name: version_name(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.version_name(version bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(
    (
      select format('version %s of %s, key %s', v.id, case when t.id is null then format('table %s', v.table_id) else format('%I.%I', t.schema_name, t.table_name) end, v.row_key)
      from rowtrail.versions as v
      left join rowtrail.tables as t on t.id = v.table_id
      where v.id = version
      limit 1),
    format('version %s', version))
$$;


ALTER FUNCTION rowtrail.version_name(version bigint) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION version_name(version bigint); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.version_name(version bigint) IS 'A version by its id, table and key, as people are told of it.';


--
-- Name: version_of(bigint); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  recorded record;
begin
  if version_id is null then
    return;
  end if;
  select v.* into recorded
  from rowtrail.tables as t
  cross join lateral (
    select w.table_id, w.data, w.verbatim, w.op from rowtrail.versions as w where w.table_id = t.id and w.id = version_id
  ) as v;
  if recorded.table_id is null then
    raise exception 'there is no version %', version_id
      using errcode = 'no_data_found', hint = 'rowtrail.history() and rowtrail.changes() give the ids of versions.';
  elsif recorded.op in ('T', 'S') then
    raise exception 'version % is of no row: it is a %', version_id,
      case recorded.op when 'T' then 'TRUNCATE' else 'schema change' end
      using errcode = 'invalid_parameter_value', hint = 'Name a version of a row; schema changes are in rowtrail.schema_history().';
  end if;
  table_id := recorded.table_id;
  select
    coalesce(rowtrail.image_by(recorded.data, m.removed, m.filled, m.renamed), recorded.data),
    nullif(coalesce(rowtrail.image_by(recorded.verbatim, m.removed, '{}', m.renamed), recorded.verbatim), '{}')
  into data, verbatim
  from (select) as one
  -- What the version says is known, whatever was rewritten since.
  left join rowtrail.image_maps(recorded.table_id, null, 0) as m on version_id > m.after_id and version_id < m.before_id;
end
$$;


ALTER FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) IS 'The row that a version has, by the columns of today, and its table; raises no_data_found where there is no such version.';


--
-- Name: versions_of_row(integer, text); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.versions_of_row(of_table integer, key text) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  found_ids bigint[];
  way record;
  step rowtrail.versions;
  next_id bigint;
  is_back boolean;
begin
  found_ids := array(
    select v.id
    from rowtrail.versions as v
    where v.table_id = of_table and (v.row_key = key or v.old_key = key) and v.op not in ('T', 'S'));
  for way in
    select v as start, b.is_back
    from rowtrail.versions as v
    cross join (values (true), (false)) as b (is_back)
    where v.table_id = of_table and v.id = any (found_ids) and case when b.is_back then v.old_key else v.row_key end <> key
    order by v.id
  loop
    step := way.start;
    is_back := way.is_back;
    loop
      -- Of a move to another partition the delete is a version of its own.
      if step.op = 'I' and step.old_key is not null then
        found_ids := found_ids || array(
          select max(d.id)
          from rowtrail.versions as d
          where d.table_id = of_table and d.row_key = step.old_key and d.op = 'D' and d.id < step.id
            and (d.era, d.xid) = (step.era, step.xid)
          having max(d.id) is not null);
      end if;
      exit when case when is_back then step.op = 'I' and step.old_key is null else step.op = 'D' end;
      next_id := case when is_back then rowtrail.version_before(step) else rowtrail.version_after(step) end;
      exit when next_id is null or next_id = any (found_ids);
      found_ids := found_ids || next_id;
      select v.* into step from rowtrail.versions as v where v.table_id = of_table and v.id = next_id;
    end loop;
  end loop;
  return array(select distinct i from unnest(found_ids) as i order by i);
end
$$;


ALTER FUNCTION rowtrail.versions_of_row(of_table integer, key text) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION versions_of_row(of_table integer, key text); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.versions_of_row(of_table integer, key text) IS 'The ids of all versions of the rows that ever had this key, under the keys too that these rows had before and have had since.';


--
-- Name: was_taken_over(integer, text, bigint, timestamp with time zone); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- By its versions a row came to the key first, and as many left it as came: so they say that none
  -- is there. Where one is, another was there before tracking began.
  select coalesce(sum(e.step) = 0 and (array_agg(e.step order by e.id) filter (where e.step <> 0))[1] > 0, false)
  from (
    select v.id, case when v.op = 'D' then -1 when v.op in ('I', 'B') or v.old_key is not null then 1 else 0 end as step
    from rowtrail.versions as v
    where v.table_id = of_table and v.row_key = key and v.op not in ('T', 'S') and v.id > after_id and v.changed_at >= since
    union all
    select v.id, -1
    from rowtrail.versions as v
    where v.table_id = of_table and v.old_key = key and v.op = 'U' and v.id > after_id and v.changed_at >= since
  ) as e
$$;


ALTER FUNCTION rowtrail.was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone) IS 'Whether a row''s versions deny that it is there, since another took its key before it left: a row that was not recorded.';


--
-- Name: with_leaf(bytea, bigint, bytea); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION with_leaf(peaks bytea, size bigint, leaf bytea); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) IS 'The peaks of a tree of so many leaves (the roots of the perfect trees in it, the largest first), with one leaf more.';


--
-- Name: with_nulls(jsonb, text, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.with_nulls(image jsonb, prefix text, places text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select image || coalesce(
    (
      select jsonb_object_agg(substring(p from length(prefix) + 1), null)
      from unnest(places) as p
      where starts_with(p, prefix)),
    '{}')
$$;


ALTER FUNCTION rowtrail.with_nulls(image jsonb, prefix text, places text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION with_nulls(image jsonb, prefix text, places text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.with_nulls(image jsonb, prefix text, places text[]) IS 'The image with a null in each of its places of which the name begins with the prefix.';


--
-- Name: without_hashes(jsonb, text[]); Type: FUNCTION; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE FUNCTION rowtrail.without_hashes(data jsonb, hashed text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select data - array(select h.name from unnest(hashed) as h (name) where data ->> h.name ~ '^sha256:[0-9a-f]{64}$')
$_$;


ALTER FUNCTION rowtrail.without_hashes(data jsonb, hashed text[]) OWNER TO rowtrail_owner;

--
-- Name: FUNCTION without_hashes(data jsonb, hashed text[]); Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON FUNCTION rowtrail.without_hashes(data jsonb, hashed text[]) IS 'The image without those of its hashed columns of which it has the hash, not the value.';


--
-- Name: alembic_version; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.alembic_version (
    version_num character varying(32) NOT NULL
);


ALTER TABLE rowtrail.alembic_version OWNER TO rowtrail_owner;

--
-- Name: eras; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.eras (
    era integer NOT NULL,
    began_at timestamp with time zone NOT NULL,
    system_identifier bigint,
    first_xid xid8 NOT NULL,
    relid oid NOT NULL
);


ALTER TABLE rowtrail.eras OWNER TO rowtrail_owner;

--
-- Name: TABLE eras; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.eras IS 'The lives of this database: one ends when it is restored elsewhere, and xids begin anew.';


--
-- Name: COLUMN eras.era; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.eras.era IS '1, 2, 3 and so on: the column default of rowtrail.versions.era is the last';


--
-- Name: COLUMN eras.began_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.eras.began_at IS 'when it was noticed, by the clock';


--
-- Name: COLUMN eras.system_identifier; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.eras.system_identifier IS 'of the cluster; NULL if not to be had';


--
-- Name: COLUMN eras.first_xid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.eras.first_xid IS 'the transaction that noticed it';


--
-- Name: COLUMN eras.relid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.eras.relid IS 'of rowtrail.versions in pg_class, by which a restored dump is told';


--
-- Name: erased_versions; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.erased_versions (
    version_id bigint NOT NULL,
    salts jsonb NOT NULL,
    commitments jsonb NOT NULL
);


ALTER TABLE rowtrail.erased_versions OWNER TO rowtrail_owner;

--
-- Name: TABLE erased_versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.erased_versions IS 'What is kept of sealed versions of which values were erased, so that their seals verify.';


--
-- Name: COLUMN erased_versions.version_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.erased_versions.version_id IS 'the version: rowtrail.versions.id';


--
-- Name: COLUMN erased_versions.salts; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.erased_versions.salts IS 'of the values that are left, in hexadecimal, by their places';


--
-- Name: COLUMN erased_versions.commitments; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.erased_versions.commitments IS 'to the values that were erased, in hexadecimal, by their places';


--
-- Name: import_leaves; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.import_leaves (
    import_id bigint NOT NULL,
    part integer NOT NULL,
    ids bigint[] NOT NULL,
    leaves bytea NOT NULL
);
ALTER TABLE ONLY rowtrail.import_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;


ALTER TABLE rowtrail.import_leaves OWNER TO rowtrail_owner;

--
-- Name: TABLE import_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.import_leaves IS 'The leaves of the versions of each import, by which verifying names what was changed.';


--
-- Name: COLUMN import_leaves.import_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_leaves.import_id IS 'the import: rowtrail.imports.id';


--
-- Name: COLUMN import_leaves.part; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_leaves.part IS '0, 1, 2 and so on: a batch each';


--
-- Name: COLUMN import_leaves.ids; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_leaves.ids IS 'of the versions, in order';


--
-- Name: COLUMN import_leaves.leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_leaves.leaves IS 'what rowtrail.leaf() gives of them, 32 bytes each';


--
-- Name: import_tables; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.import_tables (
    import_id bigint NOT NULL,
    table_id integer NOT NULL,
    source_table text NOT NULL,
    until timestamp with time zone NOT NULL,
    rows_read bigint DEFAULT 0 NOT NULL,
    versions bigint DEFAULT 0 NOT NULL,
    left_out jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_changed_at timestamp with time zone,
    last_changed_at timestamp with time zone
);


ALTER TABLE rowtrail.import_tables OWNER TO rowtrail_owner;

--
-- Name: TABLE import_tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.import_tables IS 'What each import brought to each table.';


--
-- Name: COLUMN import_tables.import_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.import_id IS 'the import: rowtrail.imports.id';


--
-- Name: COLUMN import_tables.table_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.table_id IS 'the table: rowtrail.tables.id';


--
-- Name: COLUMN import_tables.source_table; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.source_table IS 'the table of the source that held its rows';


--
-- Name: COLUMN import_tables.until; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.until IS 'what the source recorded from then on is left out: it is here already';


--
-- Name: COLUMN import_tables.rows_read; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.rows_read IS 'how many rows of the source were of it';


--
-- Name: COLUMN import_tables.versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.versions IS 'how many of them are versions now';


--
-- Name: COLUMN import_tables.left_out; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.left_out IS 'how many are not, by reason';


--
-- Name: COLUMN import_tables.first_changed_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.first_changed_at IS 'the time of the first of the versions';


--
-- Name: COLUMN import_tables.last_changed_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.import_tables.last_changed_at IS 'the time of the last of the versions';


--
-- Name: imports; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.imports (
    id bigint NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    source text NOT NULL,
    place text NOT NULL,
    login text NOT NULL,
    first_id bigint NOT NULL,
    rows bigint NOT NULL,
    rows_read bigint DEFAULT 0 NOT NULL,
    added_to_xid bigint NOT NULL,
    is_state boolean NOT NULL,
    queries text[] NOT NULL,
    reached jsonb,
    hash bytea
);


ALTER TABLE rowtrail.imports OWNER TO rowtrail_owner;

--
-- Name: TABLE imports; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.imports IS 'The imports: each brought versions that another tool had recorded, which no seal takes in.';


--
-- Name: COLUMN imports.id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.id IS 'a number, in the order in which they were begun';


--
-- Name: COLUMN imports.begun_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.begun_at IS 'when it was begun, by the clock';


--
-- Name: COLUMN imports.finished_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.finished_at IS 'when all was there; NULL while it is not';


--
-- Name: COLUMN imports.source; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.source IS 'the tool that had recorded it, as rowtrail import --from names it';


--
-- Name: COLUMN imports.place; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.place IS 'where in this database the tool keeps it: a table, or a schema';


--
-- Name: COLUMN imports.login; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.login IS 'who began it: session_user';


--
-- Name: COLUMN imports.first_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.first_id IS 'the lowest of the ids that its versions may have; all are below 0';


--
-- Name: COLUMN imports.rows; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.rows IS 'how many rows there were to read when it was begun';


--
-- Name: COLUMN imports.rows_read; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.rows_read IS 'how many of them were read; each is a version, or was left out';


--
-- Name: COLUMN imports.added_to_xid; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.added_to_xid IS 'what was added to the numbers of the source''s transactions';


--
-- Name: COLUMN imports.is_state; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.is_state IS 'whether the source kept how rows were, and not what changed';


--
-- Name: COLUMN imports.queries; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.queries IS 'what is read, one after the other';


--
-- Name: COLUMN imports.reached; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.reached IS 'the query and the place in it of the last row that was read';


--
-- Name: COLUMN imports.hash; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.imports.hash IS 'of the leaves and ids of its versions, once it is finished';


--
-- Name: imports_id_seq; Type: SEQUENCE; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowtrail.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: recent_changes; Type: VIEW; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE VIEW rowtrail.recent_changes AS
 SELECT c.changed_at,
    c.table_name,
    c.row_key,
    c.op,
    c.changes,
    c.actor,
    c.login,
    (c.context ->> 'reason'::text) AS reason,
    c.transaction,
    c.id
   FROM rowtrail.recent(1000) c(changed_at, table_name, row_key, op, actor, login, changes, data, old_key, context, transaction, id);


ALTER TABLE rowtrail.recent_changes OWNER TO rowtrail_owner;

--
-- Name: VIEW recent_changes; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON VIEW rowtrail.recent_changes IS 'The last 1000 changes, of the tables that you may read, newest first: table rowtrail.recent_changes; A WHERE looks among these only; rowtrail.changes() looks further back.';


--
-- Name: retired_leaves; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.retired_leaves (
    seal_id bigint NOT NULL,
    part integer NOT NULL,
    retirement bigint NOT NULL,
    versions integer NOT NULL,
    gone bit varying NOT NULL
);


ALTER TABLE rowtrail.retired_leaves OWNER TO rowtrail_owner;

--
-- Name: TABLE retired_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.retired_leaves IS 'Which leaves of seals stand for versions that were retired, so that what is left verifies.';


--
-- Name: COLUMN retired_leaves.seal_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.retired_leaves.seal_id IS 'the seal: rowtrail.seals.id';


--
-- Name: COLUMN retired_leaves.part; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.retired_leaves.part IS 'of its leaves: rowtrail.seal_leaves.part';


--
-- Name: COLUMN retired_leaves.retirement; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.retired_leaves.retirement IS 'the id of its first event in rowtrail.versions';


--
-- Name: COLUMN retired_leaves.versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.retired_leaves.versions IS 'how many versions were retired';


--
-- Name: COLUMN retired_leaves.gone; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.retired_leaves.gone IS '1 for each of them, 0 for the others, in the order of the leaves';


--
-- Name: salts; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.salts (
    table_id integer NOT NULL,
    salt bytea NOT NULL
);


ALTER TABLE rowtrail.salts OWNER TO rowtrail_owner;

--
-- Name: TABLE salts; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.salts IS 'The salts of hashed columns. Who reads one can try guesses, so nobody may but the owner.';


--
-- Name: COLUMN salts.table_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.salts.table_id IS 'the table: rowtrail.tables.id';


--
-- Name: COLUMN salts.salt; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.salts.salt IS 'random bytes, the first of what is hashed';


--
-- Name: seal_leaves; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.seal_leaves (
    seal_id bigint NOT NULL,
    part integer NOT NULL,
    ids bigint[] NOT NULL,
    leaves bytea NOT NULL
);
ALTER TABLE ONLY rowtrail.seal_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;


ALTER TABLE rowtrail.seal_leaves OWNER TO rowtrail_owner;

--
-- Name: TABLE seal_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.seal_leaves IS 'The leaves of the versions of each seal, by which verifying names the one that was changed.';


--
-- Name: COLUMN seal_leaves.seal_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_leaves.seal_id IS 'the seal: rowtrail.seals.id';


--
-- Name: COLUMN seal_leaves.part; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_leaves.part IS '0, 1, 2 and so on: 65,536 versions each, but the last';


--
-- Name: COLUMN seal_leaves.ids; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_leaves.ids IS 'of the versions, in order';


--
-- Name: COLUMN seal_leaves.leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_leaves.leaves IS 'their leaves in the tree, 32 bytes each';


--
-- Name: seal_salts; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.seal_salts (
    version_id bigint NOT NULL,
    salt bytea NOT NULL
);


ALTER TABLE rowtrail.seal_salts OWNER TO rowtrail_owner;

--
-- Name: TABLE seal_salts; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.seal_salts IS 'The salts by which versions of erasable tables are sealed. Erasing a value deletes its salt.';


--
-- Name: COLUMN seal_salts.version_id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_salts.version_id IS 'the version: rowtrail.versions.id';


--
-- Name: COLUMN seal_salts.salt; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.seal_salts.salt IS 'random bytes, of which and its place the salt of each of its values is made';


--
-- Name: tables_id_seq; Type: SEQUENCE; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.tables ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowtrail.tables_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: verifications; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.verifications (
    id bigint NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone NOT NULL,
    faults bigint NOT NULL,
    notes bigint NOT NULL,
    seals bigint NOT NULL,
    tables bigint NOT NULL,
    digests bigint NOT NULL,
    login text NOT NULL,
    left_out text[] NOT NULL,
    findings jsonb NOT NULL,
    CONSTRAINT verifications_left_out CHECK ((left_out <@ ARRAY['rows'::text, 'other tables'::text, 'seals'::text, 'earlier seals'::text]))
);


ALTER TABLE rowtrail.verifications OWNER TO rowtrail_owner;

--
-- Name: TABLE verifications; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON TABLE rowtrail.verifications IS 'What `rowtrail verify` found, each time that an auditor or a superuser ran it. Append-only.';


--
-- Name: COLUMN verifications.id; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.id IS 'a number, in the order in which they were done';


--
-- Name: COLUMN verifications.begun_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.begun_at IS 'when it began: what was changed since then may not have been looked at';


--
-- Name: COLUMN verifications.done_at; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.done_at IS 'when it was done';


--
-- Name: COLUMN verifications.faults; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.faults IS 'the number of findings that are faults';


--
-- Name: COLUMN verifications.notes; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.notes IS 'the number of those that are only worth knowing';


--
-- Name: COLUMN verifications.seals; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.seals IS 'how many seals were compared with their versions';


--
-- Name: COLUMN verifications.tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.tables IS 'how many tables were compared with their history';


--
-- Name: COLUMN verifications.digests; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.digests IS 'how many digests, kept elsewhere, were found again or not';


--
-- Name: COLUMN verifications.login; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.login IS 'who ran it: session_user';


--
-- Name: COLUMN verifications.left_out; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.left_out IS 'what was not looked at, since it was not asked for';


--
-- Name: COLUMN verifications.findings; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON COLUMN rowtrail.verifications.findings IS 'the first 100 of them, faults first: part, object, problem, mend';


--
-- Name: verifications_id_seq; Type: SEQUENCE; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.verifications ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowtrail.verifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: versions_2024_11; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2024_11 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2024_11 OWNER TO rowtrail_owner;

--
-- Name: versions_2025_11; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2025_11 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2025_11 OWNER TO rowtrail_owner;

--
-- Name: versions_2026_11; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2026_11 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2026_11 OWNER TO rowtrail_owner;

--
-- Name: versions_2026_12; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2026_12 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2026_12 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_01; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_01 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_01 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_02; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_02 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_02 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_03; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_03 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_03 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_04; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_04 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_04 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_05; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_05 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_05 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_06; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_06 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_06 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_07; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_07 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_07 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_08; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_08 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_08 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_09; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_09 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_09 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_10; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_10 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_10 OWNER TO rowtrail_owner;

--
-- Name: versions_2027_11; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_2027_11 (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_2027_11 OWNER TO rowtrail_owner;

--
-- Name: versions_default; Type: TABLE; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE TABLE rowtrail.versions_default (
    id bigint DEFAULT nextval('rowtrail.version_id'::regclass) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    xid xid8 NOT NULL,
    table_id integer NOT NULL,
    era integer DEFAULT 2 NOT NULL,
    file oid,
    early_in oid,
    old_ctid tid,
    new_ctid tid,
    op "char" NOT NULL,
    row_key text NOT NULL,
    old_key text,
    actor text,
    login text NOT NULL,
    data jsonb,
    old jsonb,
    verbatim jsonb,
    context jsonb,
    erased text[]
);


ALTER TABLE rowtrail.versions_default OWNER TO rowtrail_owner;

--
-- Name: Odd "name"; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop."Odd ""name""" (
    "the key" uuid NOT NULL,
    b bytea
);


ALTER TABLE shop."Odd ""name""" OWNER TO shop_owner;

--
-- Name: ended; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.ended (
    id integer NOT NULL,
    name text
);


ALTER TABLE shop.ended OWNER TO shop_owner;

--
-- Name: lines; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.lines (
    order_id bigint NOT NULL,
    line integer NOT NULL,
    article text
);


ALTER TABLE shop.lines OWNER TO shop_owner;

--
-- Name: measures; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.measures (
    at date NOT NULL,
    place text NOT NULL,
    value double precision
)
PARTITION BY RANGE (at);


ALTER TABLE shop.measures OWNER TO shop_owner;

--
-- Name: measures_1; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.measures_1 (
    at date NOT NULL,
    place text NOT NULL,
    value double precision
);


ALTER TABLE shop.measures_1 OWNER TO shop_owner;

--
-- Name: measures_2; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.measures_2 (
    at date NOT NULL,
    place text NOT NULL,
    value double precision
);


ALTER TABLE shop.measures_2 OWNER TO shop_owner;

--
-- Name: orders; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.orders (
    id bigint NOT NULL,
    person integer,
    state text,
    total numeric(10,2),
    notes json
);


ALTER TABLE shop.orders OWNER TO shop_owner;

--
-- Name: people; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.people (
    id integer NOT NULL,
    name text,
    email text,
    secret text,
    seen timestamp with time zone,
    age integer DEFAULT 5
);


ALTER TABLE shop.people OWNER TO shop_owner;

--
-- Name: words; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.words (
    word text,
    n integer
);


ALTER TABLE shop.words OWNER TO shop_owner;

--
-- Name: versions_2024_11; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2024_11 FOR VALUES FROM ('2024-11-01 00:00:00+00') TO ('2024-12-01 00:00:00+00');


--
-- Name: versions_2025_11; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2025_11 FOR VALUES FROM ('2025-11-01 00:00:00+00') TO ('2025-12-01 00:00:00+00');


--
-- Name: versions_2026_11; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');


--
-- Name: versions_2026_12; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');


--
-- Name: versions_2027_01; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');


--
-- Name: versions_2027_02; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_02 FOR VALUES FROM ('2027-02-01 00:00:00+00') TO ('2027-03-01 00:00:00+00');


--
-- Name: versions_2027_03; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_03 FOR VALUES FROM ('2027-03-01 00:00:00+00') TO ('2027-04-01 00:00:00+00');


--
-- Name: versions_2027_04; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_04 FOR VALUES FROM ('2027-04-01 00:00:00+00') TO ('2027-05-01 00:00:00+00');


--
-- Name: versions_2027_05; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_05 FOR VALUES FROM ('2027-05-01 00:00:00+00') TO ('2027-06-01 00:00:00+00');


--
-- Name: versions_2027_06; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_06 FOR VALUES FROM ('2027-06-01 00:00:00+00') TO ('2027-07-01 00:00:00+00');


--
-- Name: versions_2027_07; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_07 FOR VALUES FROM ('2027-07-01 00:00:00+00') TO ('2027-08-01 00:00:00+00');


--
-- Name: versions_2027_08; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_08 FOR VALUES FROM ('2027-08-01 00:00:00+00') TO ('2027-09-01 00:00:00+00');


--
-- Name: versions_2027_09; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_09 FOR VALUES FROM ('2027-09-01 00:00:00+00') TO ('2027-10-01 00:00:00+00');


--
-- Name: versions_2027_10; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_10 FOR VALUES FROM ('2027-10-01 00:00:00+00') TO ('2027-11-01 00:00:00+00');


--
-- Name: versions_2027_11; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_2027_11 FOR VALUES FROM ('2027-11-01 00:00:00+00') TO ('2027-12-01 00:00:00+00');


--
-- Name: versions_default; Type: TABLE ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions ATTACH PARTITION rowtrail.versions_default DEFAULT;


--
-- Name: measures_1; Type: TABLE ATTACH; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.measures ATTACH PARTITION shop.measures_1 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');


--
-- Name: measures_2; Type: TABLE ATTACH; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.measures ATTACH PARTITION shop.measures_2 FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.alembic_version (version_num) FROM stdin;
0001
\.


--
-- Data for Name: eras; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.eras (era, began_at, system_identifier, first_xid, relid) FROM stdin;
1	2026-11-29 00:16:45.370167+00	7713380744073751345	729	16436
2	2026-11-29 00:16:51.890427+00	7713380744073751345	2670	17308
\.


--
-- Data for Name: erased_versions; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.erased_versions (version_id, salts, commitments) FROM stdin;
20000000300	{"data.id": "f1f9dd8fcde1b2fab56e4e41ccfc6f16", "row_key": "89706447f42215b388391ada9473716a", "data.name": "21b892ee83b2d49e784f5028bdd80ef3", "data.seen": "c8f1944a8575fecc09f21d171c2457a3", "data.secret": "368c081c4b89e273e1c070e8f404b988"}	{"data.email": "6fef12abab26c35bacec8f3e8312b2b9e9fb771ac9269ebd18a4640287e33dde"}
\.


--
-- Data for Name: import_leaves; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.import_leaves (import_id, part, ids, leaves) FROM stdin;
\.


--
-- Data for Name: import_tables; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.import_tables (import_id, table_id, source_table, until, rows_read, versions, left_out, first_changed_at, last_changed_at) FROM stdin;
\.


--
-- Data for Name: imports; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.imports (id, begun_at, finished_at, source, place, login, first_id, rows, rows_read, added_to_xid, is_state, queries, reached, hash) FROM stdin;
\.


--
-- Data for Name: retired_leaves; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.retired_leaves (seal_id, part, retirement, versions, gone) FROM stdin;
1	0	20000017700	11	000000000111111111100000000010000000000000000000000000000000000000000000000000000000000000000000000000000000
2	0	20000017700	1	00000000000100000000000000000000000000000000000000000000000
\.


--
-- Data for Name: salts; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.salts (table_id, salt) FROM stdin;
1	\\xf50a8e1564c24f778009f383ae9762326802ce0fcd09402a99834dd77a0e202c
\.


--
-- Data for Name: seal_leaves; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.seal_leaves (seal_id, part, ids, leaves) FROM stdin;
1	0	{10000000101,20000000200,20000000300,20000000400,20000000500,20000000600,20000000700,20000000800,20000000900,20000001000,20000001100,20000001200,20000001300,20000001400,20000001500,20000001600,20000001700,20000001800,20000001900,20000002000,20000002100,20000002200,20000002300,20000002400,20000002500,20000002600,20000002700,20000002800,20000002900,20000003000,20000003100,20000003200,20000003300,20000003400,20000003500,20000003600,20000003700,20000003800,20000003900,20000004000,20000004100,20000004200,20000004300,20000004400,20000004500,20000004600,20000004700,20000004800,20000004900,20000005000,20000005100,20000005200,20000005300,20000005400,20000005500,20000005600,20000005700,20000005800,20000005900,20000006000,20000006100,20000006200,20000006300,20000006400,20000006500,20000006600,20000006700,20000006800,20000006900,20000007000,20000007100,20000007200,20000007300,20000007400,20000007500,20000007600,20000007700,20000007800,20000007900,20000008000,20000008100,20000008200,20000008300,20000008400,20000008500,20000008600,20000008700,20000008800,20000008900,20000009000,20000009100,20000009200,20000009300,20000009400,20000009500,20000009600,20000009700,20000009800,20000009900,20000010000,20000010100,20000010200,20000010300,20000010400,20000010500,20000010600,20000010700,20000010800}	\\x85068c819f37be61da8380d5c181691fe060b431583f8b37e6eb23288e14295ff077fdbdd54f1c64511936281920a3ef6ad9a7e91a16e2374212e052ac69db9dcb6bf9227eaa39faa67a074770313a064c23ccd7e9495b5620b40c6b489fc45b2fab99fc36ab50ece4cd9fd905e4d2bddb2a9cf56f49aa1312990fed76381fa7385cc4ea4cd422fe1d8f71f25771f2af49abae0f07f0e34f09f92898419088dc9126844f9467b42c0fd68038bd9f940d862263b9003f79e72e063988ec93bf83f9195f2a9a4c8ca69dc9ce6372310f3e6019deb1982fcd0ad8ac74b6b413f3fcec0303ef882fca45371cf17746351781b739ec2c4bc16a122955da2809a9305940ebce2685e7f91a456eca0f731fbed1ebeb81638a75018e515cf9ddaa05acbd2af7c4cc0f365d2dbb6b306b2d2ff57d9ea8bfb66d7e7adbab99e74b13abad07e0ffa93825963b783505923de08c73c5820f39b77dfbe58f2a05402bcdba81f090648c6068db5255ad5298be862af81890651df09c57c6057917c9d838b05ee2586e6dcc386c833538d501e83b825bcf4c65cf706c0dfdabd89f809e36aed16f530df197c87a506ded6fc0127e9cbf82592b0854f236e8b20f74282232d55e0ebc7533fd94b40999fd3b8e788a1525b5322d019c6eabe89a077f65fd21b8e476b4addf95098122edd21d110908df2b9c60d47e2174ec1c3c7b85cc77fb1e86ba34b9da4f7d4041ac138e8f3a9e0d612ed0c4172e41b5924da9e43a3355c8c7dc6340851a818c832c024bf211158a94c01e57ff46da640b939f51d9517102bdf1926f78b660fd864d437df2208009943e2aebbc020519c8ad591a72f85b3150964ab0a7ceeb70ea1f3f0f5a4db1006362ff72c1f372a24fe964db0678b6b377ba57c0e679aee7df039b59f54cabdda85312b959fe349b99fbace8214504a5bd72067e78c5461c0a2cdebaf57dca29d7fa2df270186184c7abdebeb2f54461c5e2274ac10112d7db9fd5f31a294874c0362a0a00ba26a7abdd3404595a496aebc71ec50ea32580b8f2c6f475d9df261ba932c46b31482e5a0523dbf11da6267f9364641c7f53239b744fba24c3a5225d62278f769cb51fc141115089dbe8bdf19bf4b57f79faaf7e650a838dffd63e95518cc5708f34d47afa76e8e556a3375fa005bfe01ed24fdc4a57ccdf48d0f22d26fb0e050a1810315f288da54cfcaf0394f6efe9e04e2d0a29e3695e1d291c7e71464932bdeceab287cb4c76af396ad5c11db623dd82e4df6a82b62532472a50c16ac3904abc8468c8c5842be482c4cbf334e729d21f6cac2821c6fd7216b64e59df7597d6412382ffe410a8429e81600c1c1e19a841fb19fa6af0a2389d6fa3224bdc3a66c4086f3a98f0d6e9c49c111d79a5d4e374d823bc475804a8060743c89a245b9ddaeed11ba940fc4f36b03ab5f7c41c7b59372275c4a0df423ce13b7c5b3cd99932507d26a5c0db305511d93e856a353266e63a82c0d1630eaf8b7b37ddae05b7e8aef62e220a3ddcc9e53ce53c6f88321b5bf8c911f55b1e7bf3a327b85e46eda1b8aa3ec65298238c5cd96955872a7d90b79471bc87b403bcc2ee91907118370cb493c50a8ec194965987972912184c13d36815815fa286a13096de646a88bb900b4b81371583f2fed9f617d4ba9e7bc2b2ebde4b9a052445a4d4bd830ee09ba468ce0065374908f94cdbc25d289a24f4f040c1e1e0c6b5c312cfe2caa5586ab536acf9e59ff9d8cc320ba91183273f3b0f3e0b5d82497c14d0538749c63585d56c4144075c0b0665b1814cd33a5c1b3820cc48067042ce3d4b5aa178f91bd668df820fe813f91c13d6fe8fcd9090e95bfa7e3145e8973c3916b764479a8daae027190e3d6b701875829d0f4a7dfd223919ee0e929ac7a27639d275e944817527b4e65c652e82894ace88e8cf0e27b20261d57b1d895b124409656fe165222e979c125274d670dc121251dd7be7fb372d2d950dab9957e458bf31a616ce08d15dd96887b2370bf8c8fb35705cb6b4930dc8d63e7412ec008a1d60e2a04080f2fa6240d3274a345ff8df8056e45115570a079cc1ab8b44ec467530162541c5b4c9f20ea3b7cddad944c768eb09babebd75b397219a338930a9fdc28f965b613291ab3b5cdc1a2ab6d4b1e1ce775a351ae3b405b69d676d0a8d8d03b52654fb484793cc58d012104e33a3e53879e8bda8e6edd8c462f1512c07fc18f9c92061ac034a697ac2dde19ee606958b8e22a77b65c34348ee3168b4370be57f46cbc0cc4bacee7ea566e56dde66124d3b5200e5fcc96e5d3d418ea00b53b73fe83f6129d74f8e620efc1cf1c1797228b72f1477edade8cc33de49b3488058a5ccf7407acb1acc8c2222529e7195c302209b62aebb8a05b184043b03f36263d91b45fbd358aa91ddd7dbc65c8dc1b188da7ba1da94d53c2256bccfb4f65ed99d74746ce81892db2204162389a424f3c717a02b2797b9ab9700a8089fff4a58d14aeb98ff1877efa156284847b92abb2fd3f92806b96a4f5c51e6c3482da368318c4a97ca9318cc0f4f85a553c9fd4d21f723d1d63ece8ddf50747d3b2fd73b15479f17fe28d2cb277fdd7f9cd99d1d2c8616175f18bee7fe78f725275a91e0ff97aa637d2a356496d7df5bbb4b5ecf0e6de2a2e426dd52ea648662b906ed102f76ebef96ceb2abed92afbfd4e0626f0afe342d65bf3b35c1be7c20c3965a29595b5986f069ba3637337d1f63ddb6097b564ba87e30f4b319131ed80783a497ca6139614a0f0bb9c61ec3bf1365677e7913b2069fb534e95f53f5d9ab9dd08dc2e1aa15fea5f57e3195b83fae1d7f62d22a518c1923002e7e9f9af0feaa4c91f295bb1aea8321ee57799ff917709fb6717ca86357469bb64c4943a735671233ba2c8298e23e080855c1380b6462562d46a4925a9db17320e7e02c2aaf9eafecdd1a40a053419a2ede657b430f9c633e74d36e10d88f2dee22be743ea7699a8db853365b314c89559681c079d9e3a4821aef6b10b4f0bcc22ae01156b2b8e30682e4cd04c5d1882410bb75cb1fb12c789d04526b895c4e5854126ce98b22716a2f156a8d0a1f35eae30d42b2c48aab7db4ccbb516556f0e96deafeb9a182d1fe6fe3f68896660e3718f088ca7cf559cfccc0e1ec3900ff9ab758c25b0d971c91058ef8a8255ab1a98879d2b055780b099c201cf4102e326c212f759be6d9d3a8f0cba00c1fd47963beec57b18eca59b14bb3c412bb0a21946c3fc0a68f3825d7404e1f9aff068b1fd7983a789a5c68e356271f66ce4e366a40a9593ec0bf7d25ec9e808129b0b985452987ea684bfdd355b1fa19358ee4b7dc4ba64cf55d6ee3a488d536d549db96757ad9034d2b423d8785584c8627111b21d85e408506dec6d3a0a94847e4e15827716c3717e5d063c9979a2cfed6758cffd7f6ed21ba2284d15c8573292d44dc3a313553e62d2235498af00c2f13e3577eb55bcd0f04a39b0825062780ee3d30f7a3cb89930b1b309d40a575db8b17687e0a491b209cda68ab3135aceb7d47a50ba316c9620d30c65e4488617fdc68f547b1b010ac3d02836ac1fe6246ab5c2572754aa36c76702ab0b6cf4db135ddd48eb785d602738960ebc2fe5027be4257f81e2268b6e6cae3ea05667d874b3ac00019d8f7679b101455bba8e08704f1548f7a84f30f3c125d4cc7f58dbb5a719f6e42b6ac95a63e45cef45a9d6ea97cfa407991b162cc767cb69e22b39d1317fbf022e4286e739597fc7750d39d093b37b7699a2b90fde64509775d8b95a8e7b15c4572d2d68c4e4bffa29be1ac55eec4e297ad70de2f81227f6b523645a1f4ca029db0e80ee5fc722f91366a7032195d2cba35f9ee6fb6549f7b346b9802b0226ca148972c70a7e6be6f4d94e65e32783c65cbbd37a6dc709293cfeec007794713dccf7582a2a3dc61a7645b3fc81732e411e70e80a7f57406613b177c588f02c470eff5a1e89b5c76239b3feedf69a2315ff91fac4b1919d12e4a0334b23c3ea368a5be7e6bfd371d978172c0d158b17f5d2990c6aa86bd86328a582d4b5230eae8125052619be5bcc23e43bd774a11b582f52f2222603b590a2e388a356969b33cc3b986d82b92e5bd76799d5d39e3b83ccf75330cda105b884f6deb39e0aa9e0771416090808da13b06305071f11fc5c2cea3c067d96a2522d9f4a9f2cff95f811adc3c46b9b4f232675c1c44c383399288446af0baaa91ed7f3ebb837f81b1561c3c269d656cefaa92bd627812f948eb7846390a90e1d516f031592d981d698e1d89815d358d55ffe906b330387a245450d1300e824da2856f3698421fce96ceaa3418759c358377e81a70b8bc624e7c5bb29a22ec7d42371251f53435ff016a260824d96cb575bdd91e0170546ab42e575b90aa05dcdcf9b5dc1e58bf1f64cefea868c84324496dafb3bf12935cc47a7ad5032e3ef9854b4a906377db911a47c1e8e644d47955e6c30be4ebd572f398ade8c86f7cf64e817b0279fee087992aeb0e18f3bc92994f835ad5783b5cb6f35ec0a1d8013464979753ef248fceea339111a44bd5385160afb2789edefa0261bc24365b8e7d6211618b7a78b0abadda9b22a824e3dbf7cc5c138a0748eaec33d769cd62e0e5b86d7a9fc3f84b74a44bedc16e7843d5d662d9cdb4ff8beced7d58672c41fa8aee0073512c778cc33f7470d03f2c33d8aa507d5df1416e1730abc992ace56da22bc72c08f2ae93d84f71a865d9d3271c4abcc8bb88a05143a1c2f542af509ae5df25c6f9d8841488b4c47d01eea8acbbab58297e2128cc0b2b891ec6fcd60b45b1c88ac2d8d9aaff62d82464b9cb7a8955999fa852f43d2b62c431f11e642baa94
2	0	{20000010900,20000011000,20000011100,20000011200,20000011300,20000011400,20000011500,20000011600,20000011700,20000011800,20000011900,20000012000,20000012100,20000012200,20000012300,20000012400,20000012500,20000012600,20000012700,20000012800,20000012900,20000013000,20000013100,20000013200,20000013300,20000013400,20000013500,20000013600,20000013700,20000013800,20000013900,20000014000,20000014100,20000014200,20000014300,20000014400,20000014500,20000014600,20000014700,20000014800,20000014900,20000015000,20000015100,20000015200,20000015300,20000015400,20000015500,20000015600,20000015700,20000015800,20000015900,20000016000,20000016100,20000016200,20000016300,20000016400,20000016500,20000016600,20000016700}	\\x8e390ed6ecf90aec7c2da1f1b7c8dd9b728f747b06f196468fd9d10b66520b9ae8513b6f68a493c1db6f4b49a0ad4e1dac2e4b410c97fdca32765c9686df61babf92d7d7b0014daf9d8e6bdd07b8af45b808776b1aae46a7c2b553a3a26338e95edcdc5e65546bc018155807e7d99c7e161cf29f5bae99a935118050faaedfae6ec887d5d516a9655756dd636f9ce98851ccf9ddaed6008d9b979fd5ea71ecd25543886db911be2e492c87e5e46378a0718d5be7e79a6dc36d2d65f2ee9b870211dd9a3435b81e4f60f19decdb2e89c5aea077550e3edc5375572aa9f46f5d06ed61fdf5acd4a7bbaec6f9bfd70ec6ad7be6fb10a67f258e22e06f39ebdb18e94bd7633af88c703967ae05c0850949915ed5f0213358ab63ba52675e96fe77df34aed37a6f3e15e1062bf8b04bf051881f06d20b0ed07b8a9b170ebed755fc37e13f2da2da0159f58ba0aab7634f7a9a346d6c4cf8fafb74cfeab378a0c696ea7f3ca0d7fd85564534a4bf66a290a0eb0657cfab38187da6d8a06cc3dc2a85969529746c1bdf6320dca77b3e57b6a601d500cdf1c51d2d021ff8348e61f9d59eb83074eecd1438607eb5367673979c34dbb4c05c936a9ef1fe055016da501664eefb58a4e2710e07856b8d28637d3d6306ee4f242b37a7af656c4b7b4131b773d9e90afc7f083bd3964d103969bb340cce467865da368968b0cfb966c09bdf6a399c4079c76c283c0f222bdf1501be6917a21dbda65c75204ac748635b4a34ed212f40264de19e0cbcb35abbb085f895533957c740d3acc29b9099c261178a8a3ee498221fe0cae0ed36e36faf21d84259eb409a8bae00b8f979ba9801eb4945c51f6e02552cd880e0a1e878925499e7909727e5c97f9b1b468f1b66bfff7d577b25518cb9dcef3bca53d3eb8edc8366a97155df8c636120321f4dd801130929a2334189f4502c9f7cb2ff28592b76d6cb81f617ebf03d750654f13687776d0dda35a0550c5deffcff62b8406213d7ca07c36533158d94606fde6455a1bc5e3625a47aa681c50b18912d915ae50db288731ddd1b35d486aa49c6e38d153ad41555b942d33f8ee42fbd83bcb9fcd4afa51998bb5b73f5106b6d6a04751425334028a439058ecf7aacbf15dc761d06d3cabc77848cb7ec3f2790286c56e0a8d062aa5d2661d014f5e1654c484012aad7a96047fc1d1d578f0a6d99b1ad9df7c6cc597ff7f602aa53d31fc76ed949f8a9cd56c3bd58761f8ae85a554a8d96f58783b8e89911b05951472564d3b47d17f14ab01e38b6205fc8f0b1cde3862efce6169d8bcc31a82847b1b177c0e7a014245d5fba38756ad6fd3fa22184b7f4df9916f809f5253ec7afda0877327794f583e11aba212cd76e36d6a19e86df008ef17a8d661d82d17dbe0fa87f77c818eea4790630a572d28f363360b3f3c2f84fd7b50422f04288cf44315cb062f3b08ccb16af5195f886b29789c9f15cfe25f8eda5d64468a2fda6649acb02e1e8cb92cce261109ab35bf12cfed4c7ed2c00b7069cf81aa0c8708391a2a434e9d278692aeeaa73c4a59aa3736a05c1b68bd8a58ab03a70de2052783e25aa441e3de54c3eaaba6a776c1c7855f4b9c860af18b8f072edbd000d2ab1382d46b3f2fffb45b41c954566352be1f1788720c0de7e7d8dadb1b2ef173ca6c08c5a6d8315f94682cf582961e99f6b56380f87104255e8b53a5ca4f0b2623195d08365dcf2035987c627e677feb65b4fd27821129f0ee2fdc1a1ee0c40520f5c8f67989ec5385be1f2de392ebe4e4a64cbd10be0a8ba3fc7dbdd190a132518a02710fa78ddab3eed5f21a85172ab2ce8568ad16153ba0bcf1ac57f7d654e39f2458ac028418644737a288f7e6a4ceb96fcb7350015f868343c36dfc7a3a4ba5700ecbc3ddb4d5133a13aaa7ecb8548e9fffad54263624b19234001cc34bef06d0ab0b59764efd5f7b5568633c5d4aa642eb568be190457b274b35e97af5f7b5e87dd1a3f644b0dab5dd8bb409a04b314b7ca9432142559c836cc1ec28a0494b5796c60aa044eb793b7884a1222cd1b7802e2adaf62a13bb5b8475b2fbbb153d4199db14db9726f15fd9ffe39d01b8ddcbecbd697e12fa87b01305e9e4735f6d3f281135b33598fc45625db23a00471c27378aca2ab0eaef5bf07e58f3828d7923533593e76bdaa554f2ca35df1ad513f116e03d120bcc7f32cb0ca0ac70debb1c41db9594be11a812af7df1b2483107e5e55e2a337c710b2d26888ca4b8b8c95f7ecf03b5e8becc4719c841eeaf82fc2f48acd83ea055e666d86e58cf05ace1653cf0100e9ed2139d2eb652843c2cbb602bdc5ede337cf13200e312b65267327a8de9d4dff2bb2191e955932ad2515f96c4f1fd574b55371b218bd1f14e8c96c5a3a04de1cac4d3879bc052bf4af775b864381c023ddca185996e1b0c036edf8a6909256cf5a5a2092b60e5704a4e4bbffe1f4fff1ee036e565f7ebef049cffb1b0abdf3fffb5bad30a606fb73cde583adc975bc9924774b553ac1b9f77e52e87dcdca376ff0e2bad05990fad1b82e9224049b42db6cc16cc73af8b527f57ee523a863ef851b83de4d43ac56bd3a8f08365438a155f85a66af4e681cee317ecba1ceac9027e60fcceb0287bcd39a21ef53602edd972ba6e4a9
4	0	{20000016800,20000016900,20000017000,20000017100,20000017200,20000017300,20000017400,20000017500,20000017700}	\\xc63f95b4822b9e1ee9f0440a2e3722608877cbdda20c959f077fd66455d23f4d161ea922e5efb403a33cc9b9ec3d58785be60eb5ae67a67d692e4c0bcc764fde1660e245bbe59e0efe01381057824e1c07994ff5067797c726a277cd9fbebf41d63516c3ca8ef2f3365a4f28701459dc7a5c96955a87259a8b32868162e9d9ea569882e3789a8ad4b7c77ed0426a00e4dab55eef93c10e6c617fb3db1181a453877795b206098aaba4df874d5f7c2b83081736f9234732da434a9387ce3838dc4b3f5c3254c1be4369fde9a7844a92e750f183885d1a9f018bad5efab8a9ad96e6197e73d519ea19fd6b5fe94a5cabf54a148b378c1e7821866186b83b4f29c424143246dcb3a16565e34683fd0ac3ab697326ca7ce60b55aa39c023f5f7b334
\.


--
-- Data for Name: seal_salts; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.seal_salts (version_id, salt) FROM stdin;
10000000101	\\xe5d79884e60f42b0be54ad5c58879b03
20000000200	\\x046e7e0d1ff542168a0468c575aa8b50
20000000400	\\x38c621c805ef47a79532fb1a2a92068a
20000000500	\\x23736399ae234ca49bf871c19f7e1fcf
20000000600	\\x1a06d13c0c134434bd197c2d6d5f14fd
20000000700	\\xd491fba3406542f49c91a02dfd116bcf
20000000800	\\xccde8daf5e714c249440689b0b64baef
20000000900	\\xba186f7579f5473bba0fd275143a0ef0
20000011900	\\x701955f84fde4c69ae37e1468ac19f61
20000017000	\\x28d98d37e95d4f7dbb7c9c7486b6ae84
\.


--
-- Data for Name: seals; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.seals (id, sealed_at, system_identifier, max_id, versions, era, format, ends_era, seen, leaves_hash, root, log_root, previous, hash, peaks) FROM stdin;
1	2026-11-29 00:16:47.014156+00	7713380744073751345	20000010800	108	1	1	f	787:787:	\\x40564ed043dab04c0f8b8861a0cdade613b74498c8f019a97d479c5afa810ad6	\\x265ba7a4d54a578e01dfd1ee6d867235a4f7129b8f3cc94c8a6209b6fdc555cc	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	\\x0000000000000000000000000000000000000000000000000000000000000000	\\xf935d86d0a20b815e8740f72ccefb2cc766453114fc5e1698ec1dbff12d6c2e1	\\x7e058c624328b7479d3bfdc87473aae935d1cc89119255725ef3766f484a3e21
2	2026-11-29 00:16:47.717642+00	7713380744073751345	20000016700	59	1	1	f	803:803:	\\x3b8bb5c11bfd5404513874e69954fd5640fbed6566cd505086f903f00857d57a	\\x34e8f8dd9965249ffda191d1b08ab89305f175cfc3781dc3720782ebc3a28901	\\x7e058c624328b7479d3bfdc87473aae935d1cc89119255725ef3766f484a3e21	\\xf935d86d0a20b815e8740f72ccefb2cc766453114fc5e1698ec1dbff12d6c2e1	\\x07db1aca96dcec18f555e233899894d9c4b004e7b2a9c3d77dd6cfe1cf5444c7	\\xd607c0b493e3469b3bb421a794d6d10a7ddcebbd5822d65f5311cf99b90d921a
3	2026-11-29 00:16:51.954108+00	7713380744073751345	20000016700	0	1	1	t	2675:2675:	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	\\xd607c0b493e3469b3bb421a794d6d10a7ddcebbd5822d65f5311cf99b90d921a	\\x07db1aca96dcec18f555e233899894d9c4b004e7b2a9c3d77dd6cfe1cf5444c7	\\xd216ebb08642beece58cf7759577c0b319f30b7c7610fbf5b04eec6f3b56645e	\\xd607c0b493e3469b3bb421a794d6d10a7ddcebbd5822d65f5311cf99b90d921ab4305d12f228fcbc6a4eb3cb5af54b18f2763309c9113ea8b3c9499f569c7c9f
4	2026-11-29 00:16:52.121575+00	7713380744073751345	20000017700	9	2	1	f	2681:2681:	\\xa1b1a55f26d9d7b527d6212a538eb407e12749a8da4a5466542105587b41e402	\\xf4b6eeac22bb7d5db6c9d70a4368ad978b83bd2119fde3a841f2c72960ef625d	\\xee82bed9e4b2e961da6be850eef3522dcab443409da1d67110cfdc535fab12b7	\\xd216ebb08642beece58cf7759577c0b319f30b7c7610fbf5b04eec6f3b56645e	\\x41f5f8aea685e732fac8a65b78623b34938a7f87b24214cb9017d40d629b08cd	\\xb44bfbde021a684717ccba524cbca90ff1301e71a36a863faf87bde2e9a26ac9
\.


--
-- Data for Name: tables; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.tables (id, relid, schema_name, table_name, key_columns, key_attnums, excluded_columns, excluded_attnums, hashed_columns, hashed_attnums, ignored_columns, ignored_attnums, kept_attnums, truncate_rows, is_erasable, erasable_since, capture_arguments, keyed_since, actor_policy, tracked_since, tracked_by, untracked_at, baseline_at, baseline_id, baseline_after, baseline_done_at, shape, partitions, is_rewritten, rewritten_at, retention, retired_until, complete_from, imported_until, known_since) FROM stdin;
4	17108	shop	measures	{at,place}	{1,2}	{}	{}	{}	{}	{}	{}	{}	f	f	\N	{4,"","{at,place}",allow,"","","",at,place,value}	\N	allow	2026-11-29 00:16:46.193959+00	postgres	\N	\N	\N	\N	\N	{"relid": 17108, "table": "shop.measures", "columns": [{"name": "at", "type": "date", "number": 1}, {"name": "place", "type": "text", "number": 2}, {"name": "value", "type": "double precision", "number": 3}]}	{"17113": {"name": "shop.measures_1", "bound": "((at IS NOT NULL) AND (at >= '2026-01-01'::date) AND (at < '2026-07-01'::date))"}, "17120": {"name": "shop.measures_2", "bound": "((at IS NOT NULL) AND (at >= '2026-07-01'::date) AND (at < '2027-01-01'::date))"}}	f	\N	\N	\N	\N	\N	\N
6	17132	shop	Odd "name"	{"the key"}	{1}	{b}	{2}	{}	{}	{}	{}	{}	f	f	\N	{6,"the key","{\\"the key\\"}",allow,"{2}","{b}","left out","the key"}	\N	allow	2026-11-29 00:16:46.346876+00	postgres	\N	\N	\N	\N	\N	{"relid": 17132, "table": "shop.\\"Odd \\"\\"name\\"\\"\\"", "columns": [{"name": "the key", "type": "uuid", "number": 1}, {"name": "b", "type": "bytea", "number": 2}]}	\N	f	\N	\N	\N	\N	\N	\N
5	17127	shop	words	{}	{}	{}	{}	{}	{}	{}	{}	{}	f	f	\N	{5,"","{}",allow,"","","",word,n}	\N	allow	2026-11-29 00:16:46.274238+00	postgres	\N	\N	\N	\N	\N	{"relid": 17127, "table": "shop.words", "columns": [{"name": "word", "type": "text", "number": 1}, {"name": "n", "type": "integer", "number": 2}]}	\N	f	\N	\N	\N	\N	\N	\N
3	17096	shop	lines	{order_id,line}	{1,2}	{}	{}	{}	{}	{}	{}	{}	t	f	\N	{3,"","{order_id,line}",allow,"","","",order_id,line,article}	\N	allow	2026-11-29 00:16:46.109886+00	postgres	\N	\N	\N	\N	\N	{"relid": 17096, "table": "shop.lines", "columns": [{"name": "order_id", "type": "bigint", "number": 1}, {"name": "line", "type": "integer", "number": 2}, {"name": "article", "type": "text", "number": 3}]}	\N	f	\N	\N	\N	\N	\N	\N
7	17139	shop	gone	{id}	{1}	{}	{}	{}	{}	{}	{}	{}	f	f	\N	{7,id,"{id}",allow,"","","",id}	\N	allow	2026-11-29 00:16:46.419071+00	postgres	\N	\N	\N	\N	\N	{"relid": 17139, "table": "shop.gone", "columns": [{"name": "id", "type": "integer", "number": 1}]}	\N	f	\N	\N	\N	\N	\N	\N
1	17077	shop	people	{id}	{1}	{}	{}	{secret}	{4}	{seen}	{5}	{}	f	t	2026-11-29 00:16:45.943039+00	{1,id,"{id}",allow,"{4,5}","{secret,seen}","{hash,ignore}",id,name,email,secret,seen}	\N	allow	2026-11-29 00:16:45.943039+00	postgres	\N	2026-11-29 00:16:46.563489+00	10000000101	{1}	2026-11-29 00:16:46.605102+00	{"relid": 17077, "table": "shop.people", "columns": [{"name": "id", "type": "integer", "number": 1}, {"name": "name", "type": "text", "number": 2}, {"name": "email", "type": "text", "number": 3}, {"name": "secret", "type": "text", "number": 4}, {"name": "seen", "type": "timestamp with time zone", "number": 5}, {"name": "age", "type": "integer", "number": 6}]}	\N	f	\N	\N	\N	\N	\N	2026-11-29 00:16:46.563489+00
8	17740	shop	ended	{id}	{1}	{}	{}	{}	{}	{}	{}	{}	f	f	\N	{8,id,"{id}",allow,"","","",id,name}	\N	allow	2026-11-29 00:16:46.491213+00	postgres	2026-11-29 00:16:47.225511+00	\N	\N	\N	\N	{"relid": 17144, "table": "shop.ended", "columns": [{"name": "id", "type": "integer", "number": 1}, {"name": "name", "type": "text", "number": 2}]}	\N	f	\N	\N	\N	\N	\N	\N
2	17084	shop	orders	{id}	{1}	{}	{}	{}	{}	{}	{}	{}	f	f	\N	{2,id,"{id}",warn,"{5}","{notes}","{json}",id,person,status,total}	\N	warn	2026-11-29 00:16:46.030131+00	postgres	\N	\N	\N	\N	\N	{"relid": 17084, "table": "shop.orders", "columns": [{"name": "id", "type": "bigint", "number": 1}, {"name": "person", "type": "integer", "number": 2}, {"name": "state", "type": "text", "number": 3}, {"name": "total", "type": "numeric(10,2)", "number": 4}, {"name": "notes", "type": "json", "number": 5}]}	\N	f	\N	6 mons	2026-05-01 00:00:00+00	2025-12-01 00:00:00+00	\N	\N
\.


--
-- Data for Name: verifications; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.verifications (id, begun_at, done_at, faults, notes, seals, tables, digests, login, left_out, findings) FROM stdin;
\.


--
-- Data for Name: versions_2024_11; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2024_11 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
10000000101	2024-11-29 00:16:46.563489+00	775	1	1	\N	\N	\N	\N	B	1	\N	\N	postgres	{"id": 1, "name": "Ann", "seen": "2026-11-29T00:16:45.919891+00:00", "email": "ann@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000200	2024-11-29 00:16:46.610337+00	776	1	1	17077	\N	\N	(0,2)	I	2	\N	ann	postgres	{"id": 2, "name": "p2", "seen": null, "email": "p2@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000400	2024-11-29 00:16:46.610785+00	776	1	1	17077	\N	\N	(0,4)	I	4	\N	ann	postgres	{"id": 4, "name": "p4", "seen": null, "email": "p4@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000500	2024-11-29 00:16:46.610905+00	776	1	1	17077	\N	\N	(0,5)	I	5	\N	ann	postgres	{"id": 5, "name": "p5", "seen": null, "email": "p5@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000600	2024-11-29 00:16:46.611084+00	776	1	1	17077	\N	\N	(0,6)	I	6	\N	ann	postgres	{"id": 6, "name": "p6", "seen": null, "email": "p6@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000700	2024-11-29 00:16:46.611223+00	776	1	1	17077	\N	\N	(0,7)	I	7	\N	ann	postgres	{"id": 7, "name": "p7", "seen": null, "email": "p7@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000800	2024-11-29 00:16:46.611313+00	776	1	1	17077	\N	\N	(0,8)	I	8	\N	ann	postgres	{"id": 8, "name": "p8", "seen": null, "email": "p8@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000000900	2024-11-29 00:16:46.611399+00	776	1	1	17077	\N	\N	(0,9)	I	9	\N	ann	postgres	{"id": 9, "name": "p9", "seen": null, "email": "p9@example.org", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	\N
20000002000	2024-11-29 00:16:46.623648+00	777	2	1	17084	\N	\N	(0,11)	I	11	\N	ann	postgres	{"id": 11, "notes": {"a": 2.0}, "total": 16.50, "person": 3, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002100	2024-11-29 00:16:46.627828+00	777	2	1	17084	\N	\N	(0,12)	I	12	\N	ann	postgres	{"id": 12, "notes": {"a": 2.0}, "total": 18.00, "person": 4, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002200	2024-11-29 00:16:46.628105+00	777	2	1	17084	\N	\N	(0,13)	I	13	\N	ann	postgres	{"id": 13, "notes": {"a": 2.0}, "total": 19.50, "person": 5, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002300	2024-11-29 00:16:46.628236+00	777	2	1	17084	\N	\N	(0,14)	I	14	\N	ann	postgres	{"id": 14, "notes": {"a": 2.0}, "total": 21.00, "person": 6, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002400	2024-11-29 00:16:46.628342+00	777	2	1	17084	\N	\N	(0,15)	I	15	\N	ann	postgres	{"id": 15, "notes": {"a": 2.0}, "total": 22.50, "person": 7, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002500	2024-11-29 00:16:46.628451+00	777	2	1	17084	\N	\N	(0,16)	I	16	\N	ann	postgres	{"id": 16, "notes": {"a": 2.0}, "total": 24.00, "person": 8, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002600	2024-11-29 00:16:46.628545+00	777	2	1	17084	\N	\N	(0,17)	I	17	\N	ann	postgres	{"id": 17, "notes": {"a": 2.0}, "total": 25.50, "person": 9, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002700	2024-11-29 00:16:46.628633+00	777	2	1	17084	\N	\N	(0,18)	I	18	\N	ann	postgres	{"id": 18, "notes": {"a": 2.0}, "total": 27.00, "person": 1, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000002800	2024-11-29 00:16:46.628719+00	777	2	1	17084	\N	\N	(0,19)	I	19	\N	ann	postgres	{"id": 19, "notes": {"a": 2.0}, "total": 28.50, "person": 2, "status": "new"}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000003000	2024-11-29 00:16:46.633292+00	778	3	1	17096	\N	\N	(0,1)	I	[1, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 1}	\N	\N	\N	\N
20000003100	2024-11-29 00:16:46.633546+00	778	3	1	17096	\N	\N	(0,2)	I	[2, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 2}	\N	\N	\N	\N
20000003200	2024-11-29 00:16:46.633675+00	778	3	1	17096	\N	\N	(0,3)	I	[3, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 3}	\N	\N	\N	\N
20000003300	2024-11-29 00:16:46.633785+00	778	3	1	17096	\N	\N	(0,4)	I	[4, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 4}	\N	\N	\N	\N
20000003400	2024-11-29 00:16:46.634002+00	778	3	1	17096	\N	\N	(0,5)	I	[5, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 5}	\N	\N	\N	\N
20000003500	2024-11-29 00:16:46.634101+00	778	3	1	17096	\N	\N	(0,6)	I	[6, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 6}	\N	\N	\N	\N
20000003600	2024-11-29 00:16:46.634179+00	778	3	1	17096	\N	\N	(0,7)	I	[7, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 7}	\N	\N	\N	\N
20000003700	2024-11-29 00:16:46.634239+00	778	3	1	17096	\N	\N	(0,8)	I	[8, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 8}	\N	\N	\N	\N
20000003800	2024-11-29 00:16:46.634293+00	778	3	1	17096	\N	\N	(0,9)	I	[9, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 9}	\N	\N	\N	\N
20000003900	2024-11-29 00:16:46.634347+00	778	3	1	17096	\N	\N	(0,10)	I	[10, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 10}	\N	\N	\N	\N
20000004000	2024-11-29 00:16:46.634398+00	778	3	1	17096	\N	\N	(0,11)	I	[11, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 11}	\N	\N	\N	\N
20000004100	2024-11-29 00:16:46.634468+00	778	3	1	17096	\N	\N	(0,12)	I	[12, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 12}	\N	\N	\N	\N
20000004200	2024-11-29 00:16:46.634521+00	778	3	1	17096	\N	\N	(0,13)	I	[13, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 13}	\N	\N	\N	\N
20000004300	2024-11-29 00:16:46.634571+00	778	3	1	17096	\N	\N	(0,14)	I	[14, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 14}	\N	\N	\N	\N
20000004400	2024-11-29 00:16:46.634623+00	778	3	1	17096	\N	\N	(0,15)	I	[15, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 15}	\N	\N	\N	\N
20000004500	2024-11-29 00:16:46.634674+00	778	3	1	17096	\N	\N	(0,16)	I	[16, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 16}	\N	\N	\N	\N
20000004600	2024-11-29 00:16:46.634724+00	778	3	1	17096	\N	\N	(0,17)	I	[17, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 17}	\N	\N	\N	\N
20000004700	2024-11-29 00:16:46.634773+00	778	3	1	17096	\N	\N	(0,18)	I	[18, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 18}	\N	\N	\N	\N
20000004800	2024-11-29 00:16:46.634823+00	778	3	1	17096	\N	\N	(0,19)	I	[19, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 19}	\N	\N	\N	\N
20000004900	2024-11-29 00:16:46.634871+00	778	3	1	17096	\N	\N	(0,20)	I	[20, 1]	\N	ann	postgres	{"line": 1, "article": "Tea", "order_id": 20}	\N	\N	\N	\N
20000005000	2024-11-29 00:16:46.634921+00	778	3	1	17096	\N	\N	(0,21)	I	[1, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 1}	\N	\N	\N	\N
20000005100	2024-11-29 00:16:46.63497+00	778	3	1	17096	\N	\N	(0,22)	I	[2, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 2}	\N	\N	\N	\N
20000005200	2024-11-29 00:16:46.635019+00	778	3	1	17096	\N	\N	(0,23)	I	[3, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 3}	\N	\N	\N	\N
20000005300	2024-11-29 00:16:46.635068+00	778	3	1	17096	\N	\N	(0,24)	I	[4, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 4}	\N	\N	\N	\N
20000005400	2024-11-29 00:16:46.635116+00	778	3	1	17096	\N	\N	(0,25)	I	[5, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 5}	\N	\N	\N	\N
20000005500	2024-11-29 00:16:46.635165+00	778	3	1	17096	\N	\N	(0,26)	I	[6, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 6}	\N	\N	\N	\N
20000005600	2024-11-29 00:16:46.635214+00	778	3	1	17096	\N	\N	(0,27)	I	[7, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 7}	\N	\N	\N	\N
20000005700	2024-11-29 00:16:46.635262+00	778	3	1	17096	\N	\N	(0,28)	I	[8, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 8}	\N	\N	\N	\N
20000005800	2024-11-29 00:16:46.635309+00	778	3	1	17096	\N	\N	(0,29)	I	[9, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 9}	\N	\N	\N	\N
20000005900	2024-11-29 00:16:46.635357+00	778	3	1	17096	\N	\N	(0,30)	I	[10, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 10}	\N	\N	\N	\N
20000006000	2024-11-29 00:16:46.635416+00	778	3	1	17096	\N	\N	(0,31)	I	[11, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 11}	\N	\N	\N	\N
20000006100	2024-11-29 00:16:46.635469+00	778	3	1	17096	\N	\N	(0,32)	I	[12, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 12}	\N	\N	\N	\N
20000006200	2024-11-29 00:16:46.635519+00	778	3	1	17096	\N	\N	(0,33)	I	[13, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 13}	\N	\N	\N	\N
20000006300	2024-11-29 00:16:46.635568+00	778	3	1	17096	\N	\N	(0,34)	I	[14, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 14}	\N	\N	\N	\N
20000006400	2024-11-29 00:16:46.635617+00	778	3	1	17096	\N	\N	(0,35)	I	[15, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 15}	\N	\N	\N	\N
20000006500	2024-11-29 00:16:46.635666+00	778	3	1	17096	\N	\N	(0,36)	I	[16, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 16}	\N	\N	\N	\N
20000006600	2024-11-29 00:16:46.635713+00	778	3	1	17096	\N	\N	(0,37)	I	[17, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 17}	\N	\N	\N	\N
20000006700	2024-11-29 00:16:46.639892+00	778	3	1	17096	\N	\N	(0,38)	I	[18, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 18}	\N	\N	\N	\N
20000006800	2024-11-29 00:16:46.640031+00	778	3	1	17096	\N	\N	(0,39)	I	[19, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 19}	\N	\N	\N	\N
20000006900	2024-11-29 00:16:46.640109+00	778	3	1	17096	\N	\N	(0,40)	I	[20, 2]	\N	ann	postgres	{"line": 2, "article": "Tea", "order_id": 20}	\N	\N	\N	\N
20000007000	2024-11-29 00:16:46.645508+00	779	4	1	17113	\N	\N	(0,1)	I	["2026-01-11", "here"]	\N	ann	postgres	{"at": "2026-01-11", "place": "here", "value": 0.3333333333333333}	\N	\N	\N	\N
20000007100	2024-11-29 00:16:46.645743+00	779	4	1	17113	\N	\N	(0,2)	I	["2026-01-21", "here"]	\N	ann	postgres	{"at": "2026-01-21", "place": "here", "value": 0.6666666666666666}	\N	\N	\N	\N
20000007200	2024-11-29 00:16:46.645894+00	779	4	1	17113	\N	\N	(0,3)	I	["2026-01-31", "here"]	\N	ann	postgres	{"at": "2026-01-31", "place": "here", "value": 1}	\N	\N	\N	\N
20000007300	2024-11-29 00:16:46.646023+00	779	4	1	17113	\N	\N	(0,4)	I	["2026-02-10", "here"]	\N	ann	postgres	{"at": "2026-02-10", "place": "here", "value": 1.3333333333333333}	\N	\N	\N	\N
20000007400	2024-11-29 00:16:46.646144+00	779	4	1	17113	\N	\N	(0,5)	I	["2026-02-20", "here"]	\N	ann	postgres	{"at": "2026-02-20", "place": "here", "value": 1.6666666666666667}	\N	\N	\N	\N
20000007500	2024-11-29 00:16:46.646284+00	779	4	1	17113	\N	\N	(0,6)	I	["2026-03-02", "here"]	\N	ann	postgres	{"at": "2026-03-02", "place": "here", "value": 2}	\N	\N	\N	\N
20000007600	2024-11-29 00:16:46.646357+00	779	4	1	17113	\N	\N	(0,7)	I	["2026-03-12", "here"]	\N	ann	postgres	{"at": "2026-03-12", "place": "here", "value": 2.3333333333333335}	\N	\N	\N	\N
20000007700	2024-11-29 00:16:46.646437+00	779	4	1	17113	\N	\N	(0,8)	I	["2026-03-22", "here"]	\N	ann	postgres	{"at": "2026-03-22", "place": "here", "value": 2.6666666666666665}	\N	\N	\N	\N
20000007800	2024-11-29 00:16:46.646501+00	779	4	1	17113	\N	\N	(0,9)	I	["2026-04-01", "here"]	\N	ann	postgres	{"at": "2026-04-01", "place": "here", "value": 3}	\N	\N	\N	\N
20000007900	2024-11-29 00:16:46.64656+00	779	4	1	17113	\N	\N	(0,10)	I	["2026-04-11", "here"]	\N	ann	postgres	{"at": "2026-04-11", "place": "here", "value": 3.3333333333333335}	\N	\N	\N	\N
20000008000	2024-11-29 00:16:46.646654+00	779	4	1	17113	\N	\N	(0,11)	I	["2026-04-21", "here"]	\N	ann	postgres	{"at": "2026-04-21", "place": "here", "value": 3.6666666666666665}	\N	\N	\N	\N
20000008100	2024-11-29 00:16:46.646714+00	779	4	1	17113	\N	\N	(0,12)	I	["2026-05-01", "here"]	\N	ann	postgres	{"at": "2026-05-01", "place": "here", "value": 4}	\N	\N	\N	\N
20000008200	2024-11-29 00:16:46.64677+00	779	4	1	17113	\N	\N	(0,13)	I	["2026-05-11", "here"]	\N	ann	postgres	{"at": "2026-05-11", "place": "here", "value": 4.333333333333333}	\N	\N	\N	\N
20000008300	2024-11-29 00:16:46.646825+00	779	4	1	17113	\N	\N	(0,14)	I	["2026-05-21", "here"]	\N	ann	postgres	{"at": "2026-05-21", "place": "here", "value": 4.666666666666667}	\N	\N	\N	\N
20000008400	2024-11-29 00:16:46.64688+00	779	4	1	17113	\N	\N	(0,15)	I	["2026-05-31", "here"]	\N	ann	postgres	{"at": "2026-05-31", "place": "here", "value": 5}	\N	\N	\N	\N
20000008500	2024-11-29 00:16:46.646934+00	779	4	1	17113	\N	\N	(0,16)	I	["2026-06-10", "here"]	\N	ann	postgres	{"at": "2026-06-10", "place": "here", "value": 5.333333333333333}	\N	\N	\N	\N
20000008600	2024-11-29 00:16:46.646989+00	779	4	1	17113	\N	\N	(0,17)	I	["2026-06-20", "here"]	\N	ann	postgres	{"at": "2026-06-20", "place": "here", "value": 5.666666666666667}	\N	\N	\N	\N
20000008700	2024-11-29 00:16:46.647044+00	779	4	1	17113	\N	\N	(0,18)	I	["2026-06-30", "here"]	\N	ann	postgres	{"at": "2026-06-30", "place": "here", "value": 6}	\N	\N	\N	\N
20000008800	2024-11-29 00:16:46.652061+00	779	4	1	17120	\N	\N	(0,1)	I	["2026-07-10", "here"]	\N	ann	postgres	{"at": "2026-07-10", "place": "here", "value": 6.333333333333333}	\N	\N	\N	\N
20000008900	2024-11-29 00:16:46.652345+00	779	4	1	17120	\N	\N	(0,2)	I	["2026-07-20", "here"]	\N	ann	postgres	{"at": "2026-07-20", "place": "here", "value": 6.666666666666667}	\N	\N	\N	\N
20000009000	2024-11-29 00:16:46.652527+00	779	4	1	17120	\N	\N	(0,3)	I	["2026-07-30", "here"]	\N	ann	postgres	{"at": "2026-07-30", "place": "here", "value": 7}	\N	\N	\N	\N
20000009100	2024-11-29 00:16:46.652669+00	779	4	1	17120	\N	\N	(0,4)	I	["2026-08-09", "here"]	\N	ann	postgres	{"at": "2026-08-09", "place": "here", "value": 7.333333333333333}	\N	\N	\N	\N
20000009200	2024-11-29 00:16:46.652804+00	779	4	1	17120	\N	\N	(0,5)	I	["2026-08-19", "here"]	\N	ann	postgres	{"at": "2026-08-19", "place": "here", "value": 7.666666666666667}	\N	\N	\N	\N
20000009300	2024-11-29 00:16:46.652955+00	779	4	1	17120	\N	\N	(0,6)	I	["2026-08-29", "here"]	\N	ann	postgres	{"at": "2026-08-29", "place": "here", "value": 8}	\N	\N	\N	\N
20000009400	2024-11-29 00:16:46.653033+00	779	4	1	17120	\N	\N	(0,7)	I	["2026-09-08", "here"]	\N	ann	postgres	{"at": "2026-09-08", "place": "here", "value": 8.333333333333334}	\N	\N	\N	\N
20000009500	2024-11-29 00:16:46.653098+00	779	4	1	17120	\N	\N	(0,8)	I	["2026-09-18", "here"]	\N	ann	postgres	{"at": "2026-09-18", "place": "here", "value": 8.666666666666666}	\N	\N	\N	\N
20000009600	2024-11-29 00:16:46.653157+00	779	4	1	17120	\N	\N	(0,9)	I	["2026-09-28", "here"]	\N	ann	postgres	{"at": "2026-09-28", "place": "here", "value": 9}	\N	\N	\N	\N
20000009700	2024-11-29 00:16:46.653214+00	779	4	1	17120	\N	\N	(0,10)	I	["2026-10-08", "here"]	\N	ann	postgres	{"at": "2026-10-08", "place": "here", "value": 9.333333333333334}	\N	\N	\N	\N
20000009800	2024-11-29 00:16:46.653277+00	779	4	1	17120	\N	\N	(0,11)	I	["2026-10-18", "here"]	\N	ann	postgres	{"at": "2026-10-18", "place": "here", "value": 9.666666666666666}	\N	\N	\N	\N
20000009900	2024-11-29 00:16:46.653333+00	779	4	1	17120	\N	\N	(0,12)	I	["2026-10-28", "here"]	\N	ann	postgres	{"at": "2026-10-28", "place": "here", "value": 10}	\N	\N	\N	\N
20000010000	2024-11-29 00:16:46.65698+00	780	5	1	17127	\N	\N	(0,1)	I	b0836a719ecd4ef0c3349dbbd37a4be175bf15c70be525d12201ca5bb19d40d5	\N	ann	postgres	{"n": 1, "word": "w"}	\N	\N	\N	\N
20000010100	2024-11-29 00:16:46.657115+00	780	5	1	17127	\N	\N	(0,2)	I	674ac59080b065f87c2924f3e612849636f1b62a08eb53f0bb0cdb258187e33f	\N	ann	postgres	{"n": 2, "word": "w"}	\N	\N	\N	\N
20000010200	2024-11-29 00:16:46.657189+00	780	5	1	17127	\N	\N	(0,3)	I	3661faca4fbe0eeb21de1d3efe94e376ab0e918f587f53015e0b15419361247f	\N	ann	postgres	{"n": 0, "word": "w"}	\N	\N	\N	\N
20000010300	2024-11-29 00:16:46.657269+00	780	5	1	17127	\N	\N	(0,4)	I	b0836a719ecd4ef0c3349dbbd37a4be175bf15c70be525d12201ca5bb19d40d5	\N	ann	postgres	{"n": 1, "word": "w"}	\N	\N	\N	\N
20000010400	2024-11-29 00:16:46.657329+00	780	5	1	17127	\N	\N	(0,5)	I	674ac59080b065f87c2924f3e612849636f1b62a08eb53f0bb0cdb258187e33f	\N	ann	postgres	{"n": 2, "word": "w"}	\N	\N	\N	\N
20000010500	2024-11-29 00:16:46.657389+00	780	5	1	17127	\N	\N	(0,6)	I	3661faca4fbe0eeb21de1d3efe94e376ab0e918f587f53015e0b15419361247f	\N	ann	postgres	{"n": 0, "word": "w"}	\N	\N	\N	\N
20000010600	2024-11-29 00:16:46.660952+00	781	6	1	17132	\N	\N	(0,1)	I	00000000-0000-4000-8000-000000000000	\N	ann	postgres	{"the key": "00000000-0000-4000-8000-000000000000"}	\N	\N	\N	\N
20000010700	2024-11-29 00:16:46.664796+00	782	7	1	17139	\N	\N	(0,1)	I	1	\N	ann	postgres	{"id": 1}	\N	\N	\N	\N
20000010800	2024-11-29 00:16:46.667521+00	783	8	1	17144	\N	\N	(0,1)	I	1	\N	ann	postgres	{"id": 1, "name": "a"}	\N	\N	\N	\N
20000000300	2024-11-29 00:16:46.610639+00	776	1	1	17077	\N	\N	(0,3)	I	3	\N	ann	postgres	{"id": 3, "name": "p3", "seen": null, "email": null, "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	{data.email}
\.


--
-- Data for Name: versions_2025_11; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2025_11 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
20000010900	2025-11-29 00:16:47.050394+00	788	2	1	17084	\N	(0,1)	(0,21)	U	1	\N	\N	postgres	{"id": 1, "notes": {"a": 2.0}, "total": 1.50, "person": 2, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011000	2025-11-29 00:16:47.051324+00	788	2	1	17084	\N	(0,2)	(0,22)	U	2	\N	\N	postgres	{"id": 2, "notes": {"a": 2.0}, "total": 3.00, "person": 3, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011100	2025-11-29 00:16:47.056035+00	788	2	1	17084	\N	(0,3)	(0,23)	U	3	\N	\N	postgres	{"id": 3, "notes": {"a": 2.0}, "total": 4.50, "person": 4, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011200	2025-11-29 00:16:47.056611+00	788	2	1	17084	\N	(0,4)	(0,24)	U	4	\N	\N	postgres	{"id": 4, "notes": {"a": 2.0}, "total": 6.00, "person": 5, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011300	2025-11-29 00:16:47.057005+00	788	2	1	17084	\N	(0,5)	(0,25)	U	5	\N	\N	postgres	{"id": 5, "notes": {"a": 2.0}, "total": 7.50, "person": 6, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011400	2025-11-29 00:16:47.057388+00	788	2	1	17084	\N	(0,6)	(0,26)	U	6	\N	\N	postgres	{"id": 6, "notes": {"a": 2.0}, "total": 9.00, "person": 7, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011500	2025-11-29 00:16:47.057621+00	788	2	1	17084	\N	(0,7)	(0,27)	U	7	\N	\N	postgres	{"id": 7, "notes": {"a": 2.0}, "total": 10.50, "person": 8, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011600	2025-11-29 00:16:47.057797+00	788	2	1	17084	\N	(0,8)	(0,28)	U	8	\N	\N	postgres	{"id": 8, "notes": {"a": 2.0}, "total": 12.00, "person": 9, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011700	2025-11-29 00:16:47.057947+00	788	2	1	17084	\N	(0,9)	(0,29)	U	9	\N	\N	postgres	{"id": 9, "notes": {"a": 2.0}, "total": 13.50, "person": 1, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011800	2025-11-29 00:16:47.058091+00	788	2	1	17084	\N	(0,10)	(0,30)	U	10	\N	\N	postgres	{"id": 10, "notes": {"a": 2.0}, "total": 15.00, "person": 2, "status": "paid"}	{"status": "new"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000011900	2025-11-29 00:16:47.062758+00	789	1	1	17077	\N	(0,1)	(0,10)	U	1	\N	\N	postgres	{"id": 1, "name": "Ann", "seen": "2026-11-29T00:16:45.919891+00:00", "email": "ann@example.com", "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	{"email": "ann@example.org"}	\N	\N	\N
20000012100	2025-11-29 00:16:47.073624+00	790	3	1	17096	\N	(0,20)	\N	D	[20, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 20}	\N	\N	\N	\N
20000012200	2025-11-29 00:16:47.073755+00	790	3	1	17096	\N	(0,40)	\N	D	[20, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 20}	\N	\N	\N	\N
20000012300	2025-11-29 00:16:47.077647+00	791	4	1	17113	\N	(0,1)	\N	D	["2026-01-11", "here"]	\N	\N	postgres	{"at": "2026-01-11", "place": "here", "value": 0.3333333333333333}	\N	\N	\N	\N
20000012400	2025-11-29 00:16:47.094011+00	791	4	1	17120	\N	\N	(0,13)	I	["2026-12-24", "here"]	["2026-01-11", "here"]	\N	postgres	{"at": "2026-12-24", "place": "here", "value": 0.3333333333333333}	\N	\N	\N	\N
20000012500	2025-11-29 00:16:47.106072+00	792	3	1	17096	\N	(0,1)	\N	D	[1, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 1}	\N	\N	\N	\N
20000012600	2025-11-29 00:16:47.107265+00	792	3	1	17096	\N	(0,2)	\N	D	[2, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 2}	\N	\N	\N	\N
20000012700	2025-11-29 00:16:47.112508+00	792	3	1	17096	\N	(0,3)	\N	D	[3, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 3}	\N	\N	\N	\N
20000012800	2025-11-29 00:16:47.113527+00	792	3	1	17096	\N	(0,4)	\N	D	[4, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 4}	\N	\N	\N	\N
20000012900	2025-11-29 00:16:47.114475+00	792	3	1	17096	\N	(0,5)	\N	D	[5, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 5}	\N	\N	\N	\N
20000013000	2025-11-29 00:16:47.115351+00	792	3	1	17096	\N	(0,6)	\N	D	[6, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 6}	\N	\N	\N	\N
20000013100	2025-11-29 00:16:47.120542+00	792	3	1	17096	\N	(0,7)	\N	D	[7, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 7}	\N	\N	\N	\N
20000013200	2025-11-29 00:16:47.121444+00	792	3	1	17096	\N	(0,8)	\N	D	[8, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 8}	\N	\N	\N	\N
20000013300	2025-11-29 00:16:47.122271+00	792	3	1	17096	\N	(0,9)	\N	D	[9, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 9}	\N	\N	\N	\N
20000013400	2025-11-29 00:16:47.123027+00	792	3	1	17096	\N	(0,10)	\N	D	[10, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 10}	\N	\N	\N	\N
20000013500	2025-11-29 00:16:47.127909+00	792	3	1	17096	\N	(0,11)	\N	D	[11, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 11}	\N	\N	\N	\N
20000013600	2025-11-29 00:16:47.128904+00	792	3	1	17096	\N	(0,12)	\N	D	[12, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 12}	\N	\N	\N	\N
20000013700	2025-11-29 00:16:47.129751+00	792	3	1	17096	\N	(0,13)	\N	D	[13, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 13}	\N	\N	\N	\N
20000013800	2025-11-29 00:16:47.130493+00	792	3	1	17096	\N	(0,14)	\N	D	[14, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 14}	\N	\N	\N	\N
20000013900	2025-11-29 00:16:47.13124+00	792	3	1	17096	\N	(0,15)	\N	D	[15, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 15}	\N	\N	\N	\N
20000014000	2025-11-29 00:16:47.136276+00	792	3	1	17096	\N	(0,16)	\N	D	[16, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 16}	\N	\N	\N	\N
20000014100	2025-11-29 00:16:47.137148+00	792	3	1	17096	\N	(0,17)	\N	D	[17, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 17}	\N	\N	\N	\N
20000014200	2025-11-29 00:16:47.13793+00	792	3	1	17096	\N	(0,18)	\N	D	[18, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 18}	\N	\N	\N	\N
20000014300	2025-11-29 00:16:47.138763+00	792	3	1	17096	\N	(0,19)	\N	D	[19, 1]	\N	\N	postgres	{"line": 1, "article": "Tea", "order_id": 19}	\N	\N	\N	\N
20000014400	2025-11-29 00:16:47.144239+00	792	3	1	17096	\N	(0,21)	\N	D	[1, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 1}	\N	\N	\N	\N
20000014500	2025-11-29 00:16:47.145135+00	792	3	1	17096	\N	(0,22)	\N	D	[2, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 2}	\N	\N	\N	\N
20000014600	2025-11-29 00:16:47.145921+00	792	3	1	17096	\N	(0,23)	\N	D	[3, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 3}	\N	\N	\N	\N
20000014700	2025-11-29 00:16:47.146668+00	792	3	1	17096	\N	(0,24)	\N	D	[4, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 4}	\N	\N	\N	\N
20000014800	2025-11-29 00:16:47.152587+00	792	3	1	17096	\N	(0,25)	\N	D	[5, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 5}	\N	\N	\N	\N
20000014900	2025-11-29 00:16:47.153459+00	792	3	1	17096	\N	(0,26)	\N	D	[6, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 6}	\N	\N	\N	\N
20000015000	2025-11-29 00:16:47.154198+00	792	3	1	17096	\N	(0,27)	\N	D	[7, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 7}	\N	\N	\N	\N
20000015100	2025-11-29 00:16:47.155001+00	792	3	1	17096	\N	(0,28)	\N	D	[8, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 8}	\N	\N	\N	\N
20000015200	2025-11-29 00:16:47.159817+00	792	3	1	17096	\N	(0,29)	\N	D	[9, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 9}	\N	\N	\N	\N
20000015300	2025-11-29 00:16:47.160897+00	792	3	1	17096	\N	(0,30)	\N	D	[10, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 10}	\N	\N	\N	\N
20000015400	2025-11-29 00:16:47.161787+00	792	3	1	17096	\N	(0,31)	\N	D	[11, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 11}	\N	\N	\N	\N
20000015500	2025-11-29 00:16:47.162615+00	792	3	1	17096	\N	(0,32)	\N	D	[12, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 12}	\N	\N	\N	\N
20000015600	2025-11-29 00:16:47.163348+00	792	3	1	17096	\N	(0,33)	\N	D	[13, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 13}	\N	\N	\N	\N
20000015700	2025-11-29 00:16:47.170107+00	792	3	1	17096	\N	(0,34)	\N	D	[14, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 14}	\N	\N	\N	\N
20000015800	2025-11-29 00:16:47.17116+00	792	3	1	17096	\N	(0,35)	\N	D	[15, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 15}	\N	\N	\N	\N
20000015900	2025-11-29 00:16:47.172126+00	792	3	1	17096	\N	(0,36)	\N	D	[16, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 16}	\N	\N	\N	\N
20000016000	2025-11-29 00:16:47.172983+00	792	3	1	17096	\N	(0,37)	\N	D	[17, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 17}	\N	\N	\N	\N
20000016100	2025-11-29 00:16:47.173734+00	792	3	1	17096	\N	(0,38)	\N	D	[18, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 18}	\N	\N	\N	\N
20000016200	2025-11-29 00:16:47.174491+00	792	3	1	17096	\N	(0,39)	\N	D	[19, 2]	\N	\N	postgres	{"line": 2, "article": "Tea", "order_id": 19}	\N	\N	\N	\N
20000016300	2025-11-29 00:16:47.18822+00	792	3	1	\N	\N	\N	\N	T		\N	\N	postgres	\N	\N	\N	\N	\N
20000016400	2025-11-29 00:16:47.202251+00	793	7	1	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.gone", "command": "DROP TABLE", "dropped": true, "statement": "drop table gone"}	{"columns": {"1": {"name": "id", "type": "integer", "number": 1}}}	\N	\N	\N
20000016500	2025-11-29 00:16:47.21535+00	795	8	1	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.ended", "columns": [{"name": "id", "type": "integer", "number": 1}, {"name": "name", "type": "text", "number": 2}], "command": "rowtrail.untrack()", "tracking": "ended", "statement": "select rowtrail.untrack('ended', reason => 'no more')"}	{"columns": {}}	\N	{"reason": "no more"}	\N
20000016600	2025-11-29 00:16:47.353685+00	796	2	1	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.orders", "columns": [{"name": "id", "type": "bigint", "number": 1}, {"name": "person", "type": "integer", "number": 2}, {"name": "state", "type": "text", "number": 3}, {"name": "total", "type": "numeric(10,2)", "number": 4}, {"name": "notes", "type": "json", "number": 5}], "command": "ALTER TABLE", "statement": "alter table orders rename column status to state"}	{"columns": {"3": {"name": "status", "type": "text", "number": 3}}}	\N	\N	\N
20000016700	2025-11-29 00:16:47.420278+00	798	1	1	\N	\N	\N	\N	S		\N	\N	postgres	{"added": {"6": 5}, "table": "shop.people", "columns": [{"name": "id", "type": "integer", "number": 1}, {"name": "name", "type": "text", "number": 2}, {"name": "email", "type": "text", "number": 3}, {"name": "secret", "type": "text", "number": 4}, {"name": "seen", "type": "timestamp with time zone", "number": 5}, {"name": "age", "type": "integer", "number": 6}], "command": "ALTER TABLE", "statement": "alter table people add column age int default 5"}	{"columns": {"6": null}}	\N	\N	\N
\.


--
-- Data for Name: versions_2026_11; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2026_11 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
20000016800	2026-11-29 00:16:51.913012+00	2671	2	2	17763	\N	(0,1)	\N	D	11	\N	\N	postgres	{"id": 11, "notes": {"a": 2.0}, "state": "new", "total": 16.50, "person": 3}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000016900	2026-11-29 00:16:51.914036+00	2671	2	2	17763	\N	(0,11)	\N	D	2	\N	\N	postgres	{"id": 2, "notes": {"a": 2.0}, "state": "paid", "total": 3.00, "person": 3}	\N	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000017100	2026-11-29 00:16:51.929308+00	2673	2	2	17763	\N	(0,10)	(0,20)	U	1	\N	\N	postgres	{"id": 1, "notes": {"a": 2.0}, "state": "sent", "total": 1.50, "person": 2}	{"state": "paid"}	{"notes": "{\\"a\\": 1,  \\"a\\": 2.0}"}	\N	\N
20000017200	2026-11-29 00:16:51.932991+00	2674	5	2	17774	\N	(0,2)	\N	D	674ac59080b065f87c2924f3e612849636f1b62a08eb53f0bb0cdb258187e33f	\N	\N	postgres	{"n": 2, "word": "w"}	\N	\N	\N	\N
20000017300	2026-11-29 00:16:51.933126+00	2674	5	2	17774	\N	(0,5)	\N	D	674ac59080b065f87c2924f3e612849636f1b62a08eb53f0bb0cdb258187e33f	\N	\N	postgres	{"n": 2, "word": "w"}	\N	\N	\N	\N
20000017000	2026-11-29 00:16:51.922668+00	2672	1	2	17768	\N	(0,2)	\N	D	3	\N	\N	postgres	{"id": 3, "age": 5, "name": "p3", "seen": null, "email": null, "secret": "sha256:964449a44f367555eca9bc43691d13d318739dfb0d7984dde542b763db954b3b"}	\N	\N	\N	{data.email}
20000017400	2026-11-29 00:16:52.029883+00	2676	1	2	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.people", "erased": {"places": ["data.email"], "columns": ["email"], "versions": [20000000300, 20000017000]}, "columns": [{"name": "id", "type": "integer", "number": 1}, {"name": "name", "type": "text", "number": 2}, {"name": "email", "type": "text", "number": 3}, {"name": "secret", "type": "text", "number": 4}, {"name": "seen", "type": "timestamp with time zone", "number": 5}, {"name": "age", "type": "integer", "number": 6}], "command": "rowtrail.erase()"}	{"columns": {}}	\N	{"reason": "request 17"}	\N
20000017500	2026-11-29 00:16:52.031669+00	2677	2	2	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.orders", "columns": [{"name": "id", "type": "bigint", "number": 1}, {"name": "person", "type": "integer", "number": 2}, {"name": "state", "type": "text", "number": 3}, {"name": "total", "type": "numeric(10,2)", "number": 4}, {"name": "notes", "type": "json", "number": 5}], "command": "rowtrail.set_retention()", "retention": {"new": "6 mons", "old": null}}	{"columns": {}}	\N	{"reason": "policy 12"}	\N
20000017700	2026-11-29 00:16:52.077293+00	2679	2	2	\N	\N	\N	\N	S		\N	\N	postgres	{"table": "shop.orders", "columns": [{"name": "id", "type": "bigint", "number": 1}, {"name": "person", "type": "integer", "number": 2}, {"name": "state", "type": "text", "number": 3}, {"name": "total", "type": "numeric(10,2)", "number": 4}, {"name": "notes", "type": "json", "number": 5}], "command": "rowtrail.retire()", "retired": {"until": "2025-12-01T00:00:00+00:00", "versions": 12, "retirement": 20000017700, "leaves_hash": "1195523a2e94a003458809e082b9f18259f8452db64afeb3efe17d4e664df9d1"}}	{"columns": {}}	\N	\N	\N
20000017900	2026-11-29 00:16:52.126485+00	2682	2	2	17763	\N	\N	(0,21)	I	100	\N	\N	postgres	{"id": 100, "notes": null, "state": "new", "total": 1.00, "person": 1}	\N	\N	\N	\N
\.


--
-- Data for Name: versions_2026_12; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2026_12 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_01; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_01 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_02; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_02 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_03; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_03 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_04; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_04 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_05; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_05 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_06; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_06 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_07; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_07 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_08; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_08 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_09; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_09 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_10; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_10 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_2027_11; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_2027_11 (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: versions_default; Type: TABLE DATA; Schema: rowtrail; Owner: rowtrail_owner
--

COPY rowtrail.versions_default (id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, actor, login, data, old, verbatim, context, erased) FROM stdin;
\.


--
-- Data for Name: Odd "name"; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop."Odd ""name""" ("the key", b) FROM stdin;
00000000-0000-4000-8000-000000000000	\\x78
\.


--
-- Data for Name: ended; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.ended (id, name) FROM stdin;
1	a
\.


--
-- Data for Name: lines; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.lines (order_id, line, article) FROM stdin;
\.


--
-- Data for Name: measures_1; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.measures_1 (at, place, value) FROM stdin;
2026-01-21	here	0.6666666666666666
2026-01-31	here	1
2026-02-10	here	1.3333333333333333
2026-02-20	here	1.6666666666666667
2026-03-02	here	2
2026-03-12	here	2.3333333333333335
2026-03-22	here	2.6666666666666665
2026-04-01	here	3
2026-04-11	here	3.3333333333333335
2026-04-21	here	3.6666666666666665
2026-05-01	here	4
2026-05-11	here	4.333333333333333
2026-05-21	here	4.666666666666667
2026-05-31	here	5
2026-06-10	here	5.333333333333333
2026-06-20	here	5.666666666666667
2026-06-30	here	6
\.


--
-- Data for Name: measures_2; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.measures_2 (at, place, value) FROM stdin;
2026-07-10	here	6.333333333333333
2026-07-20	here	6.666666666666667
2026-07-30	here	7
2026-08-09	here	7.333333333333333
2026-08-19	here	7.666666666666667
2026-08-29	here	8
2026-09-08	here	8.333333333333334
2026-09-18	here	8.666666666666666
2026-09-28	here	9
2026-10-08	here	9.333333333333334
2026-10-18	here	9.666666666666666
2026-10-28	here	10
2026-12-24	here	0.3333333333333333
\.


--
-- Data for Name: orders; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.orders (id, person, state, total, notes) FROM stdin;
12	4	new	18.00	{"a": 1,  "a": 2.0}
13	5	new	19.50	{"a": 1,  "a": 2.0}
14	6	new	21.00	{"a": 1,  "a": 2.0}
15	7	new	22.50	{"a": 1,  "a": 2.0}
16	8	new	24.00	{"a": 1,  "a": 2.0}
17	9	new	25.50	{"a": 1,  "a": 2.0}
18	1	new	27.00	{"a": 1,  "a": 2.0}
19	2	new	28.50	{"a": 1,  "a": 2.0}
3	4	paid	4.50	{"a": 1,  "a": 2.0}
4	5	paid	6.00	{"a": 1,  "a": 2.0}
5	6	paid	7.50	{"a": 1,  "a": 2.0}
6	7	paid	9.00	{"a": 1,  "a": 2.0}
7	8	paid	10.50	{"a": 1,  "a": 2.0}
8	9	paid	12.00	{"a": 1,  "a": 2.0}
9	1	paid	13.50	{"a": 1,  "a": 2.0}
10	2	paid	15.00	{"a": 1,  "a": 2.0}
1	2	sent	1.50	{"a": 1,  "a": 2.0}
100	1	new	1.00	\N
\.


--
-- Data for Name: people; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.people (id, name, email, secret, seen, age) FROM stdin;
2	p2	p2@example.org	s	\N	5
4	p4	p4@example.org	s	\N	5
5	p5	p5@example.org	s	\N	5
6	p6	p6@example.org	s	\N	5
7	p7	p7@example.org	s	\N	5
8	p8	p8@example.org	s	\N	5
9	p9	p9@example.org	s	\N	5
1	Ann	ann@example.com	s	2026-11-29 00:16:45.919891+00	5
\.


--
-- Data for Name: words; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.words (word, n) FROM stdin;
w	1
w	0
w	1
w	0
\.


--
-- Name: imports_id_seq; Type: SEQUENCE SET; Schema: rowtrail; Owner: rowtrail_owner
--

SELECT pg_catalog.setval('rowtrail.imports_id_seq', 1, false);


--
-- Name: tables_id_seq; Type: SEQUENCE SET; Schema: rowtrail; Owner: rowtrail_owner
--

SELECT pg_catalog.setval('rowtrail.tables_id_seq', 8, true);


--
-- Name: verifications_id_seq; Type: SEQUENCE SET; Schema: rowtrail; Owner: rowtrail_owner
--

SELECT pg_catalog.setval('rowtrail.verifications_id_seq', 1, false);


--
-- Name: version_id; Type: SEQUENCE SET; Schema: rowtrail; Owner: rowtrail_owner
--

SELECT pg_catalog.setval('rowtrail.version_id', 20000017900, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: eras eras_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.eras
    ADD CONSTRAINT eras_pkey PRIMARY KEY (era);


--
-- Name: erased_versions erased_versions_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.erased_versions
    ADD CONSTRAINT erased_versions_pkey PRIMARY KEY (version_id);


--
-- Name: import_leaves import_leaves_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.import_leaves
    ADD CONSTRAINT import_leaves_key PRIMARY KEY (import_id, part);


--
-- Name: import_tables import_tables_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.import_tables
    ADD CONSTRAINT import_tables_key PRIMARY KEY (import_id, table_id);


--
-- Name: imports imports_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);


--
-- Name: retired_leaves retired_leaves_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.retired_leaves
    ADD CONSTRAINT retired_leaves_key PRIMARY KEY (seal_id, part, retirement);


--
-- Name: salts salts_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.salts
    ADD CONSTRAINT salts_pkey PRIMARY KEY (table_id);


--
-- Name: seal_leaves seal_leaves_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.seal_leaves
    ADD CONSTRAINT seal_leaves_key PRIMARY KEY (seal_id, part);


--
-- Name: seal_salts seal_salts_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.seal_salts
    ADD CONSTRAINT seal_salts_pkey PRIMARY KEY (version_id);


--
-- Name: seals seals_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (id);


--
-- Name: tables tables_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.tables
    ADD CONSTRAINT tables_pkey PRIMARY KEY (id);


--
-- Name: tables tables_relid_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.tables
    ADD CONSTRAINT tables_relid_key UNIQUE (relid);


--
-- Name: verifications verifications_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.verifications
    ADD CONSTRAINT verifications_pkey PRIMARY KEY (id);


--
-- Name: versions versions_key; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions
    ADD CONSTRAINT versions_key PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2024_11 versions_2024_11_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2024_11
    ADD CONSTRAINT versions_2024_11_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2025_11 versions_2025_11_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2025_11
    ADD CONSTRAINT versions_2025_11_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2026_11 versions_2026_11_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2026_11
    ADD CONSTRAINT versions_2026_11_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2026_12 versions_2026_12_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2026_12
    ADD CONSTRAINT versions_2026_12_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_01 versions_2027_01_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_01
    ADD CONSTRAINT versions_2027_01_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_02 versions_2027_02_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_02
    ADD CONSTRAINT versions_2027_02_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_03 versions_2027_03_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_03
    ADD CONSTRAINT versions_2027_03_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_04 versions_2027_04_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_04
    ADD CONSTRAINT versions_2027_04_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_05 versions_2027_05_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_05
    ADD CONSTRAINT versions_2027_05_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_06 versions_2027_06_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_06
    ADD CONSTRAINT versions_2027_06_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_07 versions_2027_07_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_07
    ADD CONSTRAINT versions_2027_07_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_08 versions_2027_08_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_08
    ADD CONSTRAINT versions_2027_08_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_09 versions_2027_09_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_09
    ADD CONSTRAINT versions_2027_09_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_10 versions_2027_10_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_10
    ADD CONSTRAINT versions_2027_10_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_2027_11 versions_2027_11_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_2027_11
    ADD CONSTRAINT versions_2027_11_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: versions_default versions_default_pkey; Type: CONSTRAINT; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE ONLY rowtrail.versions_default
    ADD CONSTRAINT versions_default_pkey PRIMARY KEY (table_id, id, changed_at);


--
-- Name: Odd "name" Odd "name"_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop."Odd ""name"""
    ADD CONSTRAINT "Odd ""name""_pkey" PRIMARY KEY ("the key");


--
-- Name: ended ended_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.ended
    ADD CONSTRAINT ended_pkey PRIMARY KEY (id);


--
-- Name: lines lines_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.lines
    ADD CONSTRAINT lines_pkey PRIMARY KEY (order_id, line);


--
-- Name: measures measures_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.measures
    ADD CONSTRAINT measures_pkey PRIMARY KEY (at, place);


--
-- Name: measures_1 measures_1_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.measures_1
    ADD CONSTRAINT measures_1_pkey PRIMARY KEY (at, place);


--
-- Name: measures_2 measures_2_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.measures_2
    ADD CONSTRAINT measures_2_pkey PRIMARY KEY (at, place);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);


--
-- Name: versions_time; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_time ON ONLY rowtrail.versions USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2024_11_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2024_11_changed_at_xid_idx ON rowtrail.versions_2024_11 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_old_key; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_old_key ON ONLY rowtrail.versions USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2024_11_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2024_11_table_id_old_key_id_idx ON rowtrail.versions_2024_11 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_row; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_row ON ONLY rowtrail.versions USING btree (table_id, row_key, id);


--
-- Name: versions_2024_11_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2024_11_table_id_row_key_id_idx ON rowtrail.versions_2024_11 USING btree (table_id, row_key, id);


--
-- Name: versions_2025_11_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2025_11_changed_at_xid_idx ON rowtrail.versions_2025_11 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2025_11_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2025_11_table_id_old_key_id_idx ON rowtrail.versions_2025_11 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2025_11_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2025_11_table_id_row_key_id_idx ON rowtrail.versions_2025_11 USING btree (table_id, row_key, id);


--
-- Name: versions_2026_11_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_11_changed_at_xid_idx ON rowtrail.versions_2026_11 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2026_11_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_11_table_id_old_key_id_idx ON rowtrail.versions_2026_11 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2026_11_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_11_table_id_row_key_id_idx ON rowtrail.versions_2026_11 USING btree (table_id, row_key, id);


--
-- Name: versions_2026_12_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_12_changed_at_xid_idx ON rowtrail.versions_2026_12 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2026_12_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_12_table_id_old_key_id_idx ON rowtrail.versions_2026_12 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2026_12_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2026_12_table_id_row_key_id_idx ON rowtrail.versions_2026_12 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_01_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_01_changed_at_xid_idx ON rowtrail.versions_2027_01 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_01_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_01_table_id_old_key_id_idx ON rowtrail.versions_2027_01 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_01_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_01_table_id_row_key_id_idx ON rowtrail.versions_2027_01 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_02_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_02_changed_at_xid_idx ON rowtrail.versions_2027_02 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_02_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_02_table_id_old_key_id_idx ON rowtrail.versions_2027_02 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_02_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_02_table_id_row_key_id_idx ON rowtrail.versions_2027_02 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_03_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_03_changed_at_xid_idx ON rowtrail.versions_2027_03 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_03_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_03_table_id_old_key_id_idx ON rowtrail.versions_2027_03 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_03_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_03_table_id_row_key_id_idx ON rowtrail.versions_2027_03 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_04_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_04_changed_at_xid_idx ON rowtrail.versions_2027_04 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_04_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_04_table_id_old_key_id_idx ON rowtrail.versions_2027_04 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_04_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_04_table_id_row_key_id_idx ON rowtrail.versions_2027_04 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_05_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_05_changed_at_xid_idx ON rowtrail.versions_2027_05 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_05_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_05_table_id_old_key_id_idx ON rowtrail.versions_2027_05 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_05_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_05_table_id_row_key_id_idx ON rowtrail.versions_2027_05 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_06_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_06_changed_at_xid_idx ON rowtrail.versions_2027_06 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_06_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_06_table_id_old_key_id_idx ON rowtrail.versions_2027_06 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_06_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_06_table_id_row_key_id_idx ON rowtrail.versions_2027_06 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_07_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_07_changed_at_xid_idx ON rowtrail.versions_2027_07 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_07_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_07_table_id_old_key_id_idx ON rowtrail.versions_2027_07 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_07_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_07_table_id_row_key_id_idx ON rowtrail.versions_2027_07 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_08_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_08_changed_at_xid_idx ON rowtrail.versions_2027_08 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_08_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_08_table_id_old_key_id_idx ON rowtrail.versions_2027_08 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_08_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_08_table_id_row_key_id_idx ON rowtrail.versions_2027_08 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_09_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_09_changed_at_xid_idx ON rowtrail.versions_2027_09 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_09_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_09_table_id_old_key_id_idx ON rowtrail.versions_2027_09 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_09_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_09_table_id_row_key_id_idx ON rowtrail.versions_2027_09 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_10_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_10_changed_at_xid_idx ON rowtrail.versions_2027_10 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_10_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_10_table_id_old_key_id_idx ON rowtrail.versions_2027_10 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_10_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_10_table_id_row_key_id_idx ON rowtrail.versions_2027_10 USING btree (table_id, row_key, id);


--
-- Name: versions_2027_11_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_11_changed_at_xid_idx ON rowtrail.versions_2027_11 USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_2027_11_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_11_table_id_old_key_id_idx ON rowtrail.versions_2027_11 USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_2027_11_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_2027_11_table_id_row_key_id_idx ON rowtrail.versions_2027_11 USING btree (table_id, row_key, id);


--
-- Name: versions_default_changed_at_xid_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_default_changed_at_xid_idx ON rowtrail.versions_default USING brin (changed_at, (((xid)::text)::bigint)) WITH (autosummarize='on');


--
-- Name: versions_default_table_id_old_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_default_table_id_old_key_id_idx ON rowtrail.versions_default USING btree (table_id, old_key, id) WHERE (old_key IS NOT NULL);


--
-- Name: versions_default_table_id_row_key_id_idx; Type: INDEX; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE INDEX versions_default_table_id_row_key_id_idx ON rowtrail.versions_default USING btree (table_id, row_key, id);


--
-- Name: versions_2024_11_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2024_11_changed_at_xid_idx;


--
-- Name: versions_2024_11_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2024_11_pkey;


--
-- Name: versions_2024_11_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2024_11_table_id_old_key_id_idx;


--
-- Name: versions_2024_11_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2024_11_table_id_row_key_id_idx;


--
-- Name: versions_2025_11_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2025_11_changed_at_xid_idx;


--
-- Name: versions_2025_11_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2025_11_pkey;


--
-- Name: versions_2025_11_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2025_11_table_id_old_key_id_idx;


--
-- Name: versions_2025_11_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2025_11_table_id_row_key_id_idx;


--
-- Name: versions_2026_11_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2026_11_changed_at_xid_idx;


--
-- Name: versions_2026_11_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2026_11_pkey;


--
-- Name: versions_2026_11_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2026_11_table_id_old_key_id_idx;


--
-- Name: versions_2026_11_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2026_11_table_id_row_key_id_idx;


--
-- Name: versions_2026_12_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2026_12_changed_at_xid_idx;


--
-- Name: versions_2026_12_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2026_12_pkey;


--
-- Name: versions_2026_12_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2026_12_table_id_old_key_id_idx;


--
-- Name: versions_2026_12_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2026_12_table_id_row_key_id_idx;


--
-- Name: versions_2027_01_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_01_changed_at_xid_idx;


--
-- Name: versions_2027_01_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_01_pkey;


--
-- Name: versions_2027_01_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_01_table_id_old_key_id_idx;


--
-- Name: versions_2027_01_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_01_table_id_row_key_id_idx;


--
-- Name: versions_2027_02_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_02_changed_at_xid_idx;


--
-- Name: versions_2027_02_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_02_pkey;


--
-- Name: versions_2027_02_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_02_table_id_old_key_id_idx;


--
-- Name: versions_2027_02_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_02_table_id_row_key_id_idx;


--
-- Name: versions_2027_03_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_03_changed_at_xid_idx;


--
-- Name: versions_2027_03_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_03_pkey;


--
-- Name: versions_2027_03_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_03_table_id_old_key_id_idx;


--
-- Name: versions_2027_03_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_03_table_id_row_key_id_idx;


--
-- Name: versions_2027_04_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_04_changed_at_xid_idx;


--
-- Name: versions_2027_04_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_04_pkey;


--
-- Name: versions_2027_04_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_04_table_id_old_key_id_idx;


--
-- Name: versions_2027_04_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_04_table_id_row_key_id_idx;


--
-- Name: versions_2027_05_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_05_changed_at_xid_idx;


--
-- Name: versions_2027_05_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_05_pkey;


--
-- Name: versions_2027_05_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_05_table_id_old_key_id_idx;


--
-- Name: versions_2027_05_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_05_table_id_row_key_id_idx;


--
-- Name: versions_2027_06_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_06_changed_at_xid_idx;


--
-- Name: versions_2027_06_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_06_pkey;


--
-- Name: versions_2027_06_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_06_table_id_old_key_id_idx;


--
-- Name: versions_2027_06_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_06_table_id_row_key_id_idx;


--
-- Name: versions_2027_07_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_07_changed_at_xid_idx;


--
-- Name: versions_2027_07_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_07_pkey;


--
-- Name: versions_2027_07_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_07_table_id_old_key_id_idx;


--
-- Name: versions_2027_07_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_07_table_id_row_key_id_idx;


--
-- Name: versions_2027_08_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_08_changed_at_xid_idx;


--
-- Name: versions_2027_08_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_08_pkey;


--
-- Name: versions_2027_08_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_08_table_id_old_key_id_idx;


--
-- Name: versions_2027_08_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_08_table_id_row_key_id_idx;


--
-- Name: versions_2027_09_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_09_changed_at_xid_idx;


--
-- Name: versions_2027_09_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_09_pkey;


--
-- Name: versions_2027_09_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_09_table_id_old_key_id_idx;


--
-- Name: versions_2027_09_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_09_table_id_row_key_id_idx;


--
-- Name: versions_2027_10_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_10_changed_at_xid_idx;


--
-- Name: versions_2027_10_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_10_pkey;


--
-- Name: versions_2027_10_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_10_table_id_old_key_id_idx;


--
-- Name: versions_2027_10_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_10_table_id_row_key_id_idx;


--
-- Name: versions_2027_11_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_2027_11_changed_at_xid_idx;


--
-- Name: versions_2027_11_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_2027_11_pkey;


--
-- Name: versions_2027_11_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_2027_11_table_id_old_key_id_idx;


--
-- Name: versions_2027_11_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_2027_11_table_id_row_key_id_idx;


--
-- Name: versions_default_changed_at_xid_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_time ATTACH PARTITION rowtrail.versions_default_changed_at_xid_idx;


--
-- Name: versions_default_pkey; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_key ATTACH PARTITION rowtrail.versions_default_pkey;


--
-- Name: versions_default_table_id_old_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_old_key ATTACH PARTITION rowtrail.versions_default_table_id_old_key_id_idx;


--
-- Name: versions_default_table_id_row_key_id_idx; Type: INDEX ATTACH; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER INDEX rowtrail.versions_row ATTACH PARTITION rowtrail.versions_default_table_id_row_key_id_idx;


--
-- Name: measures_1_pkey; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.measures_pkey ATTACH PARTITION shop.measures_1_pkey;


--
-- Name: measures_2_pkey; Type: INDEX ATTACH; Schema: shop; Owner: shop_owner
--

ALTER INDEX shop.measures_pkey ATTACH PARTITION shop.measures_2_pkey;


--
-- Name: Odd "name" !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop."Odd ""name""" FOR EACH ROW EXECUTE FUNCTION rowtrail.capture('6', 'the key', '{"the key"}', 'allow', '{2}', '{b}', 'left out', 'the key');

ALTER TABLE shop."Odd ""name""" ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: lines !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop.lines FOR EACH ROW EXECUTE FUNCTION rowtrail.capture('3', '', '{order_id,line}', 'allow', '', '', '', 'order_id', 'line', 'article');

ALTER TABLE shop.lines ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: measures !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop.measures FOR EACH ROW EXECUTE FUNCTION rowtrail.capture_partition('4', '', '{at,place}', 'allow', '', '', '', 'at', 'place', 'value');

ALTER TABLE shop.measures ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: orders !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION rowtrail.capture('2', 'id', '{id}', 'warn', '{5}', '{notes}', '{json}', 'id', 'person', 'status', 'total');

ALTER TABLE shop.orders ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: people !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop.people FOR EACH ROW EXECUTE FUNCTION rowtrail.capture('1', 'id', '{id}', 'allow', '{4,5}', '{secret,seen}', '{hash,ignore}', 'id', 'name', 'email', 'secret', 'seen');

ALTER TABLE shop.people ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: words !rowtrail_capture; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_capture" AFTER INSERT OR DELETE OR UPDATE ON shop.words FOR EACH ROW EXECUTE FUNCTION rowtrail.capture('5', '', '{}', 'allow', '', '', '', 'word', 'n');

ALTER TABLE shop.words ENABLE ALWAYS TRIGGER "!rowtrail_capture";


--
-- Name: Odd "name" !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop."Odd ""name""" FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('6', 'allow');

ALTER TABLE shop."Odd ""name""" ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: lines !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop.lines FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('3', 'allow');

ALTER TABLE shop.lines ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: measures !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop.measures FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('4', 'allow');

ALTER TABLE shop.measures ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: orders !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop.orders FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('2', 'warn');

ALTER TABLE shop.orders ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: people !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop.people FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('1', 'allow');

ALTER TABLE shop.people ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: words !rowtrail_truncate; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate" AFTER TRUNCATE ON shop.words FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncate('5', 'allow');

ALTER TABLE shop.words ENABLE ALWAYS TRIGGER "!rowtrail_truncate";


--
-- Name: lines !rowtrail_truncate_rows; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER "!rowtrail_truncate_rows" BEFORE TRUNCATE ON shop.lines FOR EACH STATEMENT EXECUTE FUNCTION rowtrail.capture_truncated_rows('3', 'allow');

ALTER TABLE shop.lines ENABLE ALWAYS TRIGGER "!rowtrail_truncate_rows";


--
-- Name: lines lines_order_id_fkey; Type: FK CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.lines
    ADD CONSTRAINT lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES shop.orders(id) ON DELETE CASCADE;


--
-- Name: orders orders_person_fkey; Type: FK CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_person_fkey FOREIGN KEY (person) REFERENCES shop.people(id);


--
-- Name: tables capture; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY capture ON rowtrail.tables FOR SELECT TO rowtrail_capture USING (true);


--
-- Name: POLICY capture ON tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY capture ON rowtrail.tables IS 'capturing looks up the table, whoever writes';


--
-- Name: versions capture; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY capture ON rowtrail.versions TO rowtrail_capture USING (true) WITH CHECK (true);


--
-- Name: POLICY capture ON versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY capture ON rowtrail.versions IS 'capturing adds versions, whoever writes';


--
-- Name: eras; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.eras ENABLE ROW LEVEL SECURITY;

--
-- Name: erased_versions; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.erased_versions ENABLE ROW LEVEL SECURITY;

--
-- Name: import_leaves; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.import_leaves ENABLE ROW LEVEL SECURITY;

--
-- Name: import_tables; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.import_tables ENABLE ROW LEVEL SECURITY;

--
-- Name: imports; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.imports ENABLE ROW LEVEL SECURITY;

--
-- Name: tables limited_readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY limited_readers ON rowtrail.tables FOR SELECT TO rowtrail_limited_reader USING ((has_table_privilege(relid, 'SELECT'::text) AND (NOT row_security_active(relid)) AND ((pg_identify_object_as_address(('pg_class'::regclass)::oid, relid, 0)).object_names = ARRAY[(schema_name)::text, (table_name)::text])));


--
-- Name: POLICY limited_readers ON tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY limited_readers ON rowtrail.tables IS 'who may select the whole table as it is, all columns and all rows, sees it';


--
-- Name: versions limited_readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY limited_readers ON rowtrail.versions FOR SELECT TO rowtrail_limited_reader USING ((table_id = ANY (ARRAY( SELECT t.id
   FROM rowtrail.tables t))));


--
-- Name: POLICY limited_readers ON versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY limited_readers ON rowtrail.versions IS 'the versions of the tables that are seen';


--
-- Name: eras readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.eras FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON eras; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.eras IS 'rowtrail_reader sees all';


--
-- Name: erased_versions readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.erased_versions FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON erased_versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.erased_versions IS 'rowtrail_reader sees all';


--
-- Name: import_leaves readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.import_leaves FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON import_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.import_leaves IS 'rowtrail_reader sees all';


--
-- Name: import_tables readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.import_tables FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON import_tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.import_tables IS 'rowtrail_reader sees all';


--
-- Name: imports readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.imports FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON imports; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.imports IS 'rowtrail_reader sees all';


--
-- Name: retired_leaves readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.retired_leaves FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON retired_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.retired_leaves IS 'rowtrail_reader sees all';


--
-- Name: seal_leaves readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.seal_leaves FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON seal_leaves; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.seal_leaves IS 'rowtrail_reader sees all';


--
-- Name: seal_salts readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.seal_salts FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON seal_salts; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.seal_salts IS 'rowtrail_reader sees all';


--
-- Name: seals readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.seals FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON seals; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.seals IS 'rowtrail_reader sees all';


--
-- Name: tables readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.tables FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON tables; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.tables IS 'rowtrail_reader sees all';


--
-- Name: verifications readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.verifications FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON verifications; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.verifications IS 'rowtrail_reader sees all';


--
-- Name: versions readers; Type: POLICY; Schema: rowtrail; Owner: rowtrail_owner
--

CREATE POLICY readers ON rowtrail.versions FOR SELECT TO rowtrail_reader USING (true);


--
-- Name: POLICY readers ON versions; Type: COMMENT; Schema: rowtrail; Owner: rowtrail_owner
--

COMMENT ON POLICY readers ON rowtrail.versions IS 'rowtrail_reader sees all';


--
-- Name: retired_leaves; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.retired_leaves ENABLE ROW LEVEL SECURITY;

--
-- Name: salts; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.salts ENABLE ROW LEVEL SECURITY;

--
-- Name: seal_leaves; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.seal_leaves ENABLE ROW LEVEL SECURITY;

--
-- Name: seal_salts; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.seal_salts ENABLE ROW LEVEL SECURITY;

--
-- Name: seals; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.seals ENABLE ROW LEVEL SECURITY;

--
-- Name: tables; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.tables ENABLE ROW LEVEL SECURITY;

--
-- Name: verifications; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.verifications ENABLE ROW LEVEL SECURITY;

--
-- Name: versions; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2024_11; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2024_11 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2025_11; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2025_11 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2026_11; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2026_11 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2026_12; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2026_12 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_01; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_01 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_02; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_02 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_03; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_03 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_04; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_04 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_05; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_05 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_06; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_06 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_07; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_07 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_08; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_08 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_09; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_09 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_10; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_10 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_2027_11; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_2027_11 ENABLE ROW LEVEL SECURITY;

--
-- Name: versions_default; Type: ROW SECURITY; Schema: rowtrail; Owner: rowtrail_owner
--

ALTER TABLE rowtrail.versions_default ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA rowtrail; Type: ACL; Schema: -; Owner: rowtrail_owner
--

GRANT USAGE ON SCHEMA rowtrail TO rowtrail_reader;
GRANT USAGE ON SCHEMA rowtrail TO rowtrail_limited_reader;
GRANT USAGE ON SCHEMA rowtrail TO rowtrail_capture;
GRANT USAGE ON SCHEMA rowtrail TO shop_owner;
GRANT USAGE ON SCHEMA rowtrail TO shop_protection;


--
-- Name: SCHEMA shop; Type: ACL; Schema: -; Owner: shop_owner
--

GRANT USAGE ON SCHEMA shop TO shop_app;
GRANT USAGE ON SCHEMA shop TO shop_reader;
GRANT USAGE ON SCHEMA shop TO rowtrail_capture;


--
-- Name: TABLE tables; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.tables TO rowtrail_reader;
GRANT SELECT ON TABLE rowtrail.tables TO rowtrail_limited_reader;
GRANT SELECT ON TABLE rowtrail.tables TO rowtrail_capture;


--
-- Name: FUNCTION add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.add_event(known rowtrail.tables, command text, said jsonb, reason text, number bigint) FROM PUBLIC;


--
-- Name: FUNCTION add_month(month timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.add_month(month timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION after_imports(of_table integer, bound rowtrail.boundary); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.after_imports(of_table integer, bound rowtrail.boundary) TO rowtrail_limited_reader;


--
-- Name: FUNCTION as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.as_of(of_row anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key anyelement, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.as_of_row(of_table regclass, key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.as_of_rows(of_table regclass, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION attach_month(named name, begins timestamp with time zone, ends timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.attach_month(named name, begins timestamp with time zone, ends timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.begin_era(OUT era integer, OUT is_new boolean, OUT moved bigint, OUT had_low_ids boolean) TO rowtrail_auditor;


--
-- Name: FUNCTION begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.begin_import(source text, place text, is_state boolean, tables jsonb, queries text[]) FROM PUBLIC;


--
-- Name: FUNCTION bind_source(query text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.bind_source(query text) FROM PUBLIC;


--
-- Name: FUNCTION boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.boundary_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION capture(); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.capture() FROM PUBLIC;


--
-- Name: FUNCTION capture_fault(known rowtrail.tables); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.capture_fault(known rowtrail.tables) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.capture_fault(known rowtrail.tables) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.capture_fault(known rowtrail.tables) TO rowtrail_limited_reader;


--
-- Name: FUNCTION capture_truncate(); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.capture_truncate() FROM PUBLIC;


--
-- Name: FUNCTION capture_truncated_rows(); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.capture_truncated_rows() FROM PUBLIC;


--
-- Name: FUNCTION changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.changed_by_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, data jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.changes(since timestamp with time zone, of_table regclass, by_actor text, of_column text, until timestamp with time zone, oldest_first boolean, most integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION clean_context(said text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.clean_context(said text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.clean_context(said text) TO rowtrail_capture;


--
-- Name: FUNCTION code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.code_of_others(of_tables oid[], OUT what text, OUT function_id oid, OUT owner name) TO rowtrail_capture;


--
-- Name: FUNCTION columns_after(known rowtrail.tables, shape_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.columns_after(known rowtrail.tables, shape_id bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION commitment(salt bytea, value text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.commitment(salt bytea, value text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.commitment(salt bytea, value text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.commitment(salt bytea, value text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.committed(of_table integer, of_key text, moment timestamp with time zone, OUT seen pg_snapshot, OUT era integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION compared_hashes(known rowtrail.tables); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.compared_hashes(known rowtrail.tables) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.compared_hashes(known rowtrail.tables) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.compared_hashes(known rowtrail.tables) TO rowtrail_limited_reader;


--
-- Name: FUNCTION comparison(known rowtrail.tables, what text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.comparison(known rowtrail.tables, what text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.comparison(known rowtrail.tables, what text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.comparison(known rowtrail.tables, what text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION copies_without_key(of_table integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.copies_without_key(of_table integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.copies_without_key(of_table integer) TO rowtrail_capture;


--
-- Name: FUNCTION count_import(import_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.count_import(import_id bigint) FROM PUBLIC;


--
-- Name: FUNCTION diff(a bigint, b bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.diff(a bigint, b bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.diff(a bigint, b bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.diff(a bigint, b bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.diff(of_table regclass, key text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION differences(of_table regclass); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.differences(of_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.differences(of_table regclass) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.differences(of_table regclass) TO rowtrail_limited_reader;


--
-- Name: FUNCTION differences_from(of_table regclass, place text, most integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.differences_from(of_table regclass, place text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.differences_from(of_table regclass, place text, most integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.differences_from(of_table regclass, place text, most integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION discard_import(import_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.discard_import(import_id bigint) FROM PUBLIC;


--
-- Name: FUNCTION disclosed(version bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.disclosed(version bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.disclosed(version bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.disclosed(version bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION empty_default_partition(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.empty_default_partition() FROM PUBLIC;


--
-- Name: FUNCTION ends_erased(of_table integer, version_id bigint, key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.ends_erased(of_table integer, version_id bigint, key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.erase(of_table text, key text, columns text[], reason text, force boolean, OUT erasure bigint, OUT versions bigint, OUT erased_values bigint) TO shop_protection;


--
-- Name: FUNCTION execute_patiently(statement text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.execute_patiently(statement text) FROM PUBLIC;


--
-- Name: FUNCTION feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed(after text, most integer, of_tables regclass[], with_mark boolean, whole_up_to integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed_by_ids(in_era integer, since pg_snapshot, upto pg_snapshot, of_id bigint, table_ids integer[], most integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed_by_transactions(in_era integer, since pg_snapshot, upto pg_snapshot, of_transaction bigint, of_id bigint, table_ids integer[], most integer) TO rowtrail_limited_reader;


--
-- Name: SEQUENCE version_id; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT USAGE ON SEQUENCE rowtrail.version_id TO rowtrail_capture;


--
-- Name: TABLE versions; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.versions TO rowtrail_reader;
GRANT SELECT ON TABLE rowtrail.versions TO rowtrail_limited_reader;
GRANT INSERT ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.id; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(id) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.changed_at; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(changed_at) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.xid; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(xid) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.table_id; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(table_id) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.file; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(file) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.early_in; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(early_in) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.old_ctid; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(old_ctid) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.new_ctid; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(new_ctid) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.op; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(op) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.row_key; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(row_key) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: COLUMN versions.old_key; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT(old_key) ON TABLE rowtrail.versions TO rowtrail_capture;


--
-- Name: FUNCTION feed_members(in_era integer, since pg_snapshot, upto pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed_members(in_era integer, since pg_snapshot, upto pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION feed_now(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed_now() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed_now() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed_now() TO rowtrail_limited_reader;


--
-- Name: FUNCTION feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.feed_of(after text, most integer, table_ids integer[], with_mark boolean, whole_up_to integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION finish_import(import_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.finish_import(import_id bigint) FROM PUBLIC;


--
-- Name: FUNCTION gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.gone_with_partitions(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION has_early_versions(of_table integer, key text, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.has_early_versions(of_table integer, key text, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION has_low_ids(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.has_low_ids() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.has_low_ids() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.has_low_ids() TO rowtrail_limited_reader;


--
-- Name: FUNCTION hash_of(of_table integer, number smallint, value text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.hash_of(of_table integer, number smallint, value text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.hash_of(of_table integer, number smallint, value text) TO rowtrail_capture;


--
-- Name: FUNCTION held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.held_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION history(of_table regclass, key anyelement); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.history(of_table regclass, key anyelement) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.history(of_table regclass, key anyelement) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.history(of_table regclass, key anyelement) TO rowtrail_limited_reader;


--
-- Name: FUNCTION history(of_table regclass, key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.history(of_table regclass, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.history(of_table regclass, key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.history(of_table regclass, key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION hstore_values(written text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.hstore_values(written text) FROM PUBLIC;


--
-- Name: FUNCTION id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.id_before_what_followed(of_table integer, key text, key_before text, in_file oid, place_before tid, place_after tid, is_early boolean, today timestamp with time zone, OUT id bigint, OUT changed_at timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.id_of_change_to(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION image_maps(of_table integer, shape_id bigint, known_until bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint, known_until bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint, known_until bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.image_maps(of_table integer, shape_id bigint, known_until bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION image_now(of_table integer, version_id bigint, data jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.image_now(of_table integer, version_id bigint, data jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) TO rowtrail_capture;
GRANT ALL ON FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.image_of(of_table integer, given anyelement, left_out text[], hashed text[], verbatim_columns text[], OUT image jsonb, OUT verbatim jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.import_batch(import_id bigint, most integer, OUT rows_read bigint, OUT is_done boolean) FROM PUBLIC;


--
-- Name: FUNCTION import_hash(of_import bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.import_hash(of_import bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.import_hash(of_import bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.import_hash(of_import bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION import_kinds(of_import bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.import_kinds(of_import bigint) FROM PUBLIC;


--
-- Name: FUNCTION imported_id(source_id text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.imported_id(source_id text) FROM PUBLIC;


--
-- Name: FUNCTION imported_image(given jsonb, kind record); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.imported_image(given jsonb, kind record) FROM PUBLIC;


--
-- Name: FUNCTION imported_key(of_table integer, key_columns text[], image jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.imported_key(of_table integer, key_columns text[], image jsonb) FROM PUBLIC;


--
-- Name: FUNCTION in_default_partition(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.in_default_partition() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.in_default_partition() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.in_default_partition() TO rowtrail_limited_reader;


--
-- Name: FUNCTION integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.integrity(OUT tables bigint, OUT faulty_tables bigint, OUT stale_tables bigint, OUT is_guarded boolean, OUT records_schema_changes boolean, OUT faults bigint, OUT notes bigint, OUT findings jsonb, OUT in_default_partition bigint, OUT last_seal bigint, OUT sealed_at timestamp with time zone, OUT seal_hash text, OUT is_new_life boolean, OUT unsealed bigint, OUT oldest_unsealed timestamp with time zone, OUT verified_at timestamp with time zone, OUT verified_by text, OUT verification_faults bigint, OUT wholly_verified_at timestamp with time zone, OUT whole_verification_faults bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION is_deferrable(target regclass, key_columns text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_deferrable(target regclass, key_columns text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_deferrable(target regclass, key_columns text[]) TO rowtrail_capture;


--
-- Name: FUNCTION is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.is_moved_on(of_table integer, key text, in_era integer, in_xid xid8, version_id bigint) TO rowtrail_limited_reader;


--
-- Name: TABLE seals; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.seals TO rowtrail_reader;


--
-- Name: FUNCTION is_new_life(last_seal rowtrail.seals); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.is_new_life(last_seal rowtrail.seals) TO rowtrail_limited_reader;


--
-- Name: FUNCTION is_reached(bound rowtrail.boundary, moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.is_reached(bound rowtrail.boundary, moment timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.is_recorded(of_table integer, key text, in_file oid, place tid, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION is_restored(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_restored() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_restored() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.is_restored() TO rowtrail_limited_reader;


--
-- Name: FUNCTION is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.is_unsealed(era integer, xid xid8, last_seal rowtrail.seals, current_era integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION key_lookup(known rowtrail.tables, rows_of text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.key_lookup(known rowtrail.tables, rows_of text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION key_text(of_table integer, key_columns text[], image jsonb, ignored text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) TO rowtrail_capture;
GRANT ALL ON FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.key_text(of_table integer, key_columns text[], image jsonb, ignored text[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION keys_after(of_table integer, after_key text, most integer, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.keys_after(of_table integer, after_key text, most integer, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION last_truncate(of_table integer, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.last_truncate(of_table integer, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION leaf(v rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.leaf(v rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.leaf(v rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.leaf(v rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION leaves_hash(number bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.leaves_hash(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.leaves_hash(number bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.leaves_hash(number bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.leaves_in(ids bigint[], leaves bytea, gone bit varying, OUT id bigint, OUT leaf bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.leaves_of(made rowtrail.seals, before rowtrail.seals, OUT part integer, OUT ids bigint[], OUT leaves bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION limit_month(named name, begins timestamp with time zone, ends timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.limit_month(named name, begins timestamp with time zone, ends timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION log_leaf(hash bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.log_leaf(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.log_leaf(hash bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.log_leaf(hash bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION make_month(named name); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.make_month(named name) FROM PUBLIC;


--
-- Name: FUNCTION make_partition_before(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.make_partition_before() FROM PUBLIC;


--
-- Name: FUNCTION make_partitions(months_ahead integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.make_partitions(months_ahead integer) FROM PUBLIC;


--
-- Name: FUNCTION make_salts(made rowtrail.seals, before rowtrail.seals); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.make_salts(made rowtrail.seals, before rowtrail.seals) FROM PUBLIC;


--
-- Name: FUNCTION members_of(made rowtrail.seals, before rowtrail.seals); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.members_of(made rowtrail.seals, before rowtrail.seals) TO rowtrail_limited_reader;


--
-- Name: FUNCTION miss_actor(of_table integer, policy text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.miss_actor(of_table integer, policy text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.miss_actor(of_table integer, policy text) TO rowtrail_capture;


--
-- Name: FUNCTION missing_value(target regclass, of_column name); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.missing_value(target regclass, of_column name) FROM PUBLIC;


--
-- Name: FUNCTION moment_of(transaction text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.moment_of(transaction text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.moment_of(transaction text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.moment_of(transaction text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.months(OUT part regclass, OUT begins timestamp with time zone, OUT ends timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION move_era(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.move_era() FROM PUBLIC;


--
-- Name: FUNCTION move_to_month(month timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.move_to_month(month timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.moved_from(of_table integer, target regclass, command cid, key text, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION name_of_month(month timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.name_of_month(month timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION named_places(v rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.named_places(v rowtrail.versions) FROM PUBLIC;


--
-- Name: FUNCTION names_hold(relation oid, numbers text, names text, treatment text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) TO rowtrail_capture;
GRANT ALL ON FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.names_hold(relation oid, numbers text, names text, treatment text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.newest_transaction(moment timestamp with time zone, OUT era integer, OUT xid xid8) TO rowtrail_limited_reader;


--
-- Name: FUNCTION node(l bytea, r bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.node(l bytea, r bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.node(l bytea, r bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.node(l bytea, r bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION not_compared(known rowtrail.tables); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.not_compared(known rowtrail.tables) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.not_compared(known rowtrail.tables) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.not_compared(known rowtrail.tables) TO rowtrail_limited_reader;


--
-- Name: FUNCTION not_needed_since(of_table integer, moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.not_needed_since(of_table integer, moment timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION note_schema_change(of_table integer, command text, noticed_by text, unrecorded smallint[], remarks jsonb, reason text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.note_schema_change(of_table integer, command text, noticed_by text, unrecorded smallint[], remarks jsonb, reason text) FROM PUBLIC;


--
-- Name: FUNCTION note_schema_changes(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.note_schema_changes() FROM PUBLIC;


--
-- Name: FUNCTION note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.note_verification(begun timestamp with time zone, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb) TO rowtrail_auditor;


--
-- Name: FUNCTION of_key_today(of_table integer, key text, today timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.of_key_today(of_table integer, key text, today timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION on_guarded_command(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.on_guarded_command() FROM PUBLIC;


--
-- Name: FUNCTION on_schema_change(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.on_schema_change() FROM PUBLIC;


--
-- Name: FUNCTION page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.page_as_of(of_table integer, after_key text, most integer, moment timestamp with time zone, transaction text, snapshot pg_snapshot, looked_at integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.partitions_of_move(of_table integer, key_before text, in_era integer, in_xid xid8, version_id bigint, file oid) TO rowtrail_limited_reader;


--
-- Name: FUNCTION peaks_root(peaks bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.peaks_root(peaks bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.peaks_root(peaks bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.peaks_root(peaks bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION places(v rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.places(v rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.places(v rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.places(v rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.policies(OUT relation text, OUT named text, OUT command "char", OUT role text, OUT qual text, OUT with_check text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION recent(most integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.recent(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.recent(most integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.recent(most integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION record(v rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.record(v rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.record(v rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.record(v rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.record_baseline(of_table integer, target regclass, key_columns text[], after text[], batch integer, last_id bigint, since timestamp with time zone, moment timestamp with time zone, attached jsonb, OUT seen bigint, OUT recorded bigint, OUT last_key text[]) FROM PUBLIC;


--
-- Name: FUNCTION record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_capture
--

REVOKE ALL ON FUNCTION rowtrail.record_baseline_without_key(of_table integer, source text, last_id bigint, moment timestamp with time zone, OUT seen bigint, OUT recorded bigint) FROM PUBLIC;


--
-- Name: FUNCTION record_of(version bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.record_of(version bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.record_of(version bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.record_of(version bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION refresh_statistics(older_than interval); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.refresh_statistics(older_than interval) FROM PUBLIC;


--
-- Name: FUNCTION renew_import_leaf(version_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.renew_import_leaf(version_id bigint) FROM PUBLIC;


--
-- Name: FUNCTION renumber(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.renumber() FROM PUBLIC;


--
-- Name: FUNCTION replay(of_table integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.replay(of_table integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.replay(of_table integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.replay(of_table integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.replay_by_key(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.replay_keys(of_table integer, bound rowtrail.boundary, shape_id bigint, keys text[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.replay_until(of_table integer, bound rowtrail.boundary, shape_id bigint, of_key text, after_key text, until_key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.replay_without_key(of_table integer, bound rowtrail.boundary, shape_id bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION require_complete(table_ids integer[], moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.require_complete(table_ids integer[], moment timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.require_feed(in_era integer, upto pg_snapshot, last_table integer, last_id bigint, last_at bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_in_history(known rowtrail.tables, full_name text, ids bigint[], columns text[]) FROM PUBLIC;


--
-- Name: FUNCTION require_new_snapshot(full_name text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_new_snapshot(full_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.require_new_snapshot(full_name text) TO rowtrail_capture;


--
-- Name: FUNCTION require_no_code(target regclass, purpose text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_no_code(target regclass, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.require_no_code(target regclass, purpose text) TO rowtrail_capture;


--
-- Name: FUNCTION require_not_live(known rowtrail.tables, ids bigint[], columns text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.require_not_live(known rowtrail.tables, ids bigint[], columns text[]) FROM PUBLIC;


--
-- Name: FUNCTION retire(reason text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.retire(reason text, OUT until timestamp with time zone, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) FROM PUBLIC;


--
-- Name: FUNCTION retire_import_leaves(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.retire_import_leaves() FROM PUBLIC;


--
-- Name: FUNCTION retire_until(due integer[], until timestamp with time zone, reason text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.retire_until(due integer[], until timestamp with time zone, reason text, OUT tables text[], OUT retired bigint, OUT left_in_month bigint, OUT is_rewritten boolean) FROM PUBLIC;


--
-- Name: FUNCTION retirement_hash(number bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.retirement_hash(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.retirement_hash(number bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.retirement_hash(number bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.rewrite_month(part regclass, begins timestamp with time zone, ends timestamp with time zone, left_in_month bigint) FROM PUBLIC;


--
-- Name: FUNCTION roles(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.roles() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.roles() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.roles() TO rowtrail_limited_reader;


--
-- Name: FUNCTION row_history(of_table integer, key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.row_history(of_table integer, key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.row_history(of_table integer, key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.row_history(of_table integer, key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.rows_as_of(of_table integer, of_key text, moment timestamp with time zone, transaction text, snapshot pg_snapshot) TO rowtrail_limited_reader;


--
-- Name: FUNCTION salted_record(v rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.salted_record(v rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.salted_record(v rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.salted_record(v rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION schema_history(of_table regclass); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.schema_history(of_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.schema_history(of_table regclass) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.schema_history(of_table regclass) TO rowtrail_limited_reader;


--
-- Name: FUNCTION seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.seal(OUT seal bigint, OUT sealed_at timestamp with time zone, OUT versions bigint, OUT hash text) TO rowtrail_auditor;


--
-- Name: FUNCTION seal_root(number bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.seal_root(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.seal_root(number bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.seal_root(number bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION seal_text(made rowtrail.seals); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.seal_text(made rowtrail.seals) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.seal_text(made rowtrail.seals) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.seal_text(made rowtrail.seals) TO rowtrail_limited_reader;


--
-- Name: FUNCTION set_retention(of_table text, keep interval, reason text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.set_retention(of_table text, keep interval, reason text) FROM PUBLIC;


--
-- Name: FUNCTION settled_at(of_table integer, bound rowtrail.boundary, of_key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.settled_at(of_table integer, bound rowtrail.boundary, of_key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION snapshot_of_seal(number bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.snapshot_of_seal(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.snapshot_of_seal(number bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.snapshot_of_seal(number bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) TO rowtrail_capture;
GRANT ALL ON FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.stored_row(of_table integer, given anyelement, with_hashes boolean, OUT row_key text, OUT data jsonb, OUT verbatim jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION system_identifier(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.system_identifier() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.system_identifier() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.system_identifier() TO rowtrail_limited_reader;


--
-- Name: FUNCTION table_named(name text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.table_named(name text) FROM PUBLIC;


--
-- Name: FUNCTION todays_names(of_table integer, relation oid, numbers smallint[], former text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) TO rowtrail_capture;
GRANT ALL ON FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.todays_names(of_table integer, relation oid, numbers smallint[], former text[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION tracked(of_table regclass); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.tracked(of_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.tracked(of_table regclass) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.tracked(of_table regclass) TO rowtrail_limited_reader;


--
-- Name: FUNCTION tree_root(leaves bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.tree_root(leaves bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.tree_root(leaves bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.tree_root(leaves bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION under_way(in_era integer, newest xid8, moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.under_way(in_era integer, newest xid8, moment timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_chains(table_ids integer[], ids bigint[], only_keys text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_chains(table_ids integer[], ids bigint[], only_keys text[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_columns(of_table integer); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_columns(of_table integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_columns(of_table integer) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_columns(of_table integer) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_conflicts(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_copies(of_table integer, image jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_copies(of_table integer, image jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_guard(of_column jsonb, alias text, value jsonb, verbatim text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_guard(of_column jsonb, alias text, value jsonb, verbatim text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_leads_to(version_id bigint, next rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_leads_to(version_id bigint, next rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_led_from(next rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_led_from(next rowtrail.versions) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_led_from(next rowtrail.versions) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_led_from(next rowtrail.versions) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_literal(value text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_literal(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_literal(value text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_literal(value text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_occupant(of_table integer, key text, after_id bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_occupant(of_table integer, key text, after_id bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_patch(table_ids integer[], ids bigint[], only_keys text[], title text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_plan(table_ids integer[], ids bigint[], only_keys text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_plan(table_ids integer[], ids bigint[], only_keys text[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_ranks(table_ids integer[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_ranks(table_ids integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_ranks(table_ids integer[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_ranks(table_ids integer[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_references(table_ids integer[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_references(table_ids integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_references(table_ids integer[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_references(table_ids integer[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_rows_before(of_table integer, truncate_id bigint, only_key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_rows_before(of_table integer, truncate_id bigint, only_key text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key anyelement, to_version bigint, to_moment timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_sql(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_statement(of_table jsonb, action text, row_key text, image jsonb, verbatim jsonb, wanted jsonb, wanted_verbatim jsonb, copies bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_table(of_table integer, table_ids integer[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_table(of_table integer, table_ids integer[]) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_tag(body text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_tag(body text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_tag(body text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_tag(body text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_targets(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_title(of_table regclass, key text, to_version bigint, to_moment timestamp with time zone, version bigint, transaction text, actor text, since timestamp with time zone, until timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_value(of_column jsonb, value jsonb, verbatim text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_value(of_column jsonb, value jsonb, verbatim text) TO rowtrail_limited_reader;


--
-- Name: FUNCTION undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.undo_versions_since(of_table integer, key text, to_version bigint, to_moment timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.unsealed(at_most bigint, OUT versions bigint, OUT oldest timestamp with time zone, OUT last_seal bigint, OUT sealed_at timestamp with time zone) TO rowtrail_limited_reader;


--
-- Name: FUNCTION value_salt(place text, salt bytea, salts jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.value_salt(place text, salt bytea, salts jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify(); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify() FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify() TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify() TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_erased(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_event_triggers(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_functions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_grants(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_imported(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_imports(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_owners(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_restored(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_retired(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_roles(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_rules(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_seal(number bigint, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_sealed(is_thorough boolean, OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_settings(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.verify_versions(OUT object text, OUT problem text, OUT mend text, OUT is_fault boolean) TO rowtrail_limited_reader;


--
-- Name: FUNCTION version_after(former rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.version_after(former rowtrail.versions) FROM PUBLIC;


--
-- Name: FUNCTION version_before(next rowtrail.versions); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.version_before(next rowtrail.versions) FROM PUBLIC;


--
-- Name: FUNCTION version_name(version bigint); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.version_name(version bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.version_name(version bigint) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.version_name(version bigint) TO rowtrail_limited_reader;


--
-- Name: FUNCTION version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.version_of(version_id bigint, OUT table_id integer, OUT data jsonb, OUT verbatim jsonb) TO rowtrail_limited_reader;


--
-- Name: FUNCTION versions_of_row(of_table integer, key text); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.versions_of_row(of_table integer, key text) FROM PUBLIC;


--
-- Name: FUNCTION was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.was_taken_over(of_table integer, key text, after_id bigint, since timestamp with time zone) TO rowtrail_capture;


--
-- Name: FUNCTION with_leaf(peaks bytea, size bigint, leaf bytea); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) TO rowtrail_reader;
GRANT ALL ON FUNCTION rowtrail.with_leaf(peaks bytea, size bigint, leaf bytea) TO rowtrail_limited_reader;


--
-- Name: FUNCTION with_nulls(image jsonb, prefix text, places text[]); Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

REVOKE ALL ON FUNCTION rowtrail.with_nulls(image jsonb, prefix text, places text[]) FROM PUBLIC;


--
-- Name: TABLE alembic_version; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.alembic_version TO PUBLIC;


--
-- Name: TABLE eras; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.eras TO rowtrail_reader;


--
-- Name: TABLE erased_versions; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.erased_versions TO rowtrail_reader;


--
-- Name: TABLE import_leaves; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.import_leaves TO rowtrail_reader;


--
-- Name: TABLE import_tables; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.import_tables TO rowtrail_reader;


--
-- Name: TABLE imports; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.imports TO rowtrail_reader;


--
-- Name: TABLE recent_changes; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.recent_changes TO rowtrail_reader;
GRANT SELECT ON TABLE rowtrail.recent_changes TO rowtrail_limited_reader;


--
-- Name: TABLE retired_leaves; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.retired_leaves TO rowtrail_reader;


--
-- Name: TABLE seal_leaves; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.seal_leaves TO rowtrail_reader;


--
-- Name: TABLE seal_salts; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.seal_salts TO rowtrail_reader;


--
-- Name: TABLE verifications; Type: ACL; Schema: rowtrail; Owner: rowtrail_owner
--

GRANT SELECT ON TABLE rowtrail.verifications TO rowtrail_reader;


--
-- Name: TABLE "Odd ""name"""; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop."Odd ""name""" TO shop_app;


--
-- Name: TABLE ended; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.ended TO shop_app;


--
-- Name: TABLE lines; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.lines TO shop_app;
GRANT SELECT ON TABLE shop.lines TO rowtrail_capture;


--
-- Name: TABLE measures; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.measures TO shop_app;


--
-- Name: TABLE measures_1; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.measures_1 TO shop_app;


--
-- Name: TABLE measures_2; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.measures_2 TO shop_app;


--
-- Name: TABLE orders; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.orders TO shop_app;
GRANT SELECT ON TABLE shop.orders TO shop_reader;


--
-- Name: TABLE people; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.people TO shop_app;


--
-- Name: TABLE words; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE shop.words TO shop_app;


--
-- Name: rowtrail_ddl_command_end; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER rowtrail_ddl_command_end ON ddl_command_end
         WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER INDEX', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER SCHEMA')
   EXECUTE FUNCTION rowtrail.on_schema_change();

ALTER EVENT TRIGGER rowtrail_ddl_command_end ENABLE ALWAYS;


ALTER EVENT TRIGGER rowtrail_ddl_command_end OWNER TO postgres;

--
-- Name: rowtrail_guard_command; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER rowtrail_guard_command ON ddl_command_end
         WHEN TAG IN ('ALTER TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE TABLE', 'CREATE CAST')
   EXECUTE FUNCTION rowtrail.on_guarded_command();

ALTER EVENT TRIGGER rowtrail_guard_command ENABLE ALWAYS;


ALTER EVENT TRIGGER rowtrail_guard_command OWNER TO postgres;

--
-- Name: rowtrail_guard_drop; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER rowtrail_guard_drop ON sql_drop
   EXECUTE FUNCTION rowtrail.on_guarded_command();

ALTER EVENT TRIGGER rowtrail_guard_drop ENABLE ALWAYS;


ALTER EVENT TRIGGER rowtrail_guard_drop OWNER TO postgres;

--
-- Name: rowtrail_sql_drop; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER rowtrail_sql_drop ON sql_drop
   EXECUTE FUNCTION rowtrail.on_schema_change();

ALTER EVENT TRIGGER rowtrail_sql_drop ENABLE ALWAYS;


ALTER EVENT TRIGGER rowtrail_sql_drop OWNER TO postgres;

--
-- Name: rowtrail_table_rewrite; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER rowtrail_table_rewrite ON table_rewrite
   EXECUTE FUNCTION rowtrail.on_schema_change();

ALTER EVENT TRIGGER rowtrail_table_rewrite ENABLE ALWAYS;


ALTER EVENT TRIGGER rowtrail_table_rewrite OWNER TO postgres;

--
-- PostgreSQL database dump complete
--


