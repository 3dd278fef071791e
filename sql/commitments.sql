-- Commitments: how versions of a table with the option `erasable` are sealed, so that values of them can be
-- erased (erase.sql) and the seals still verify. It costs those who write nothing.
--
--   salt of a version   random bytes, made by rowtrail.seal() and kept in rowtrail.seal_salts
--   place of a value    data.<column>, old.<column>, verbatim.<column>, row_key, old_key
--   salt of a value     the first 16 bytes of sha256(salt of the version, its place)
--   commitment          sha256(salt of the value, its text; of data, old and verbatim its JSON)
--   leaf                sha256(0x00, the columns that are never erased as record_send() gives them, with all
--                       places and commitments in one bytea: rowtrail.salted_record())
--
-- When a value is erased its commitment is kept, and the salt of the version is given up for those of the
-- values that are left (rowtrail.erased_versions). Who does not know a salt cannot tell by trying what the
-- value was, however few it could have been.
--
-- Whether a version is sealed so is told by its salt, not by the option, which may be another by now.

create or replace function rowtrail.make_salts(made rowtrail.seals, before rowtrail.seals)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function rowtrail.make_salts(rowtrail.seals, rowtrail.seals) is
  'The part of rowtrail.seal() that makes the salts of the versions of erasable tables.';

-- Returns a table and pins no setting, so that it is inlined: a call for each version would take longer
-- than the hashes.
create or replace function rowtrail.salted_record(v rowtrail.versions)
returns table (record bytea)
language sql
stable
as $$
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
comment on function rowtrail.salted_record(rowtrail.versions) is
  'What is sealed of a version that has a salt, or had one before values of it were erased: see the head of commitments.sql. Of another one, rowtrail.record().';

create or replace function rowtrail.places(v rowtrail.versions)
returns table (place text, field text, value text)
language sql
immutable
as $$
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
comment on function rowtrail.places(rowtrail.versions) is
  'The values of a version, each by its place: field is the column; the value of data, old and verbatim is JSON, that of a key a text.';

create or replace function rowtrail.value_salt(place text, salt bytea, salts jsonb)
returns bytea
language sql
stable
as $$
  select case
    when salts is null then substring(sha256(salt || convert_to(place, getdatabaseencoding())) for 16)
    else decode(salts ->> place, 'hex')
  end
$$;
comment on function rowtrail.value_salt(text, bytea, jsonb) is
  'The salt of a value: of that of its version and its place, or as it is kept since another value was erased.';

create or replace function rowtrail.commitment(salt bytea, value text)
returns bytea
language sql
stable
as $$
  select sha256(salt || convert_to(value, getdatabaseencoding()))
$$;
comment on function rowtrail.commitment(bytea, text) is 'What is sealed of a value.';

create or replace function rowtrail.disclosed(version bigint)
returns table (place text, salt text, value text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
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
comment on function rowtrail.disclosed(bigint) is
  'The values of a version that is sealed by commitments, as a proof shows them: each with the salt that opens its commitment. Those that were erased have none.';

revoke all on function
  rowtrail.make_salts(rowtrail.seals, rowtrail.seals),
  rowtrail.salted_record(rowtrail.versions),
  rowtrail.places(rowtrail.versions),
  rowtrail.value_salt(text, bytea, jsonb),
  rowtrail.commitment(bytea, text),
  rowtrail.disclosed(bigint)
from public;
grant execute on function
  rowtrail.salted_record(rowtrail.versions),
  rowtrail.places(rowtrail.versions),
  rowtrail.value_salt(text, bytea, jsonb),
  rowtrail.commitment(bytea, text),
  rowtrail.disclosed(bigint)
to rowtrail_reader;
