-- Integrity: what an auditor asks first, in one row, and the record of when the command `rowtrail
-- verify` looked and what it found. Nothing here reads the history as a whole.

create or replace function rowtrail.note_verification(
  begun timestamptz, faults bigint, notes bigint, seals bigint, tables bigint, digests bigint, left_out text[], findings jsonb)
returns bigint
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
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
comment on function rowtrail.note_verification(timestamptz, bigint, bigint, bigint, bigint, bigint, text[], jsonb) is
  'Notes what a verification found, in the name of the login; gives its number. The command rowtrail verify calls it. Of the findings the first 100 are kept, of each text the first 1,000 characters.';

create or replace function rowtrail.integrity(
  out tables bigint, out faulty_tables bigint, out stale_tables bigint, out is_guarded boolean, out records_schema_changes boolean,
  out faults bigint, out notes bigint, out findings jsonb, out in_default_partition bigint,
  out last_seal bigint, out sealed_at timestamptz, out seal_hash text, out is_new_life boolean,
  out unsealed bigint, out oldest_unsealed timestamptz,
  out verified_at timestamptz, out verified_by text, out verification_faults bigint,
  out wholly_verified_at timestamptz, out whole_verification_faults bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
as $$
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
comment on function rowtrail.integrity() is
  'In one row: what is recorded and guarded, what rowtrail.verify() finds, what is sealed and until when, and when rowtrail verify looked. Unsealed versions are counted up to 100,001, those in the default partition up to 10,001; of the findings the first 100 are there, faults first. After a restore into another cluster the unsealed are not known (NULL) until the next seal.';

revoke all on function
  rowtrail.note_verification(timestamptz, bigint, bigint, bigint, bigint, bigint, text[], jsonb),
  rowtrail.integrity()
from public;
grant execute on function rowtrail.integrity() to rowtrail_reader;
grant execute on function
  rowtrail.note_verification(timestamptz, bigint, bigint, bigint, bigint, bigint, text[], jsonb)
to rowtrail_auditor;
