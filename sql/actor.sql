-- The actor: who the application says is writing, and why. Kept in two settings of the
-- transaction, so that nothing leaks to the next client of a pooled connection, and any client
-- can name an actor without a right on this schema:
--   select set_config('rowtrail.actor', 'alice', true);
-- A setting can hold anything that a login chose to write, so it is cleaned where it is recorded.

create or replace function rowtrail.set_actor(
  actor text, reason text default null, context jsonb default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function rowtrail.set_actor(text, text, jsonb) is
  'Names the actor of this transaction, and if you like the reason and a JSON object of context: begin; select rowtrail.set_actor(''alice'', reason => ''ticket 4711''); NULL takes the name back.';

create or replace function rowtrail.clean(said text, longest int)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
comment on function rowtrail.clean(text, int) is
  'The text, cut to the longest number of characters, with a ? for each control or invisible character.';

create or replace function rowtrail.clean_context(said text)
returns jsonb
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
comment on function rowtrail.clean_context(text) is
  'The context as a JSON object of at most 8192 bytes, whatever was written into the setting.';

revoke all on function rowtrail.clean_context(text) from public;
grant execute on function rowtrail.clean_context(text) to rowtrail_capture;
