"""The history database: whose history is here, where it is shipped to, what left it.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-29
"""

from alembic import op

from rowtrail import schema

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("origin", "shipping", "departures")

# One statement each: a step that fails is then named by the error.
UPGRADE = (
    """
    create table rowtrail.origin (
      id uuid primary key,
      system_identifier bigint,
      database text not null,
      since timestamptz not null,
      shipped_at timestamptz,
      seal_id bigint not null default 0,
      erased_before bigint[] not null default '{}'
    )
    """,
    # There is one row, or none.
    "create unique index origin_one on rowtrail.origin ((true))",
    """
    comment on table rowtrail.origin is
      'In a history database one row: whose history it holds. In another database none.'
    """,
    *(
        f"comment on column rowtrail.origin.{column} is '{text}'"
        for column, text in (
            ("id", "which history database this is; a copy of it has the same"),
            ("system_identifier", "of the cluster of the database; NULL if not to be had"),
            ("database", "its name"),
            ("since", "when this became its history database, by the clock here"),
            ("shipped_at", "when something last came from it, by the clock here"),
            ("seal_id", "the last seal that came"),
            (
                "erased_before",
                "the versions that came with values erased, of which the event has not come yet",
            ),
        )
    ),
    """
    create table rowtrail.shipping (
      id bigint generated always as identity primary key,
      history_id uuid not null,
      place text not null,
      begun_at timestamptz not null,
      begun_by text not null,
      seal_id bigint not null default 0,
      hash bytea,
      imports bigint[] not null default '{}',
      shipped_at timestamptz,
      ended_at timestamptz,
      ended_by text,
      reason text,
      constraint shipping_ended check ((ended_at is null) = (ended_by is null))
    )
    """,
    # One that has not ended, or none.
    """
    create unique index shipping_one on rowtrail.shipping ((ended_at is null))
    where ended_at is null
    """,
    """
    comment on table rowtrail.shipping is
      'Where the history is shipped to, by rowtrail ship: the row that has not ended, if there is.'
    """,
    *(
        f"comment on column rowtrail.shipping.{column} is '{text}'"
        for column, text in (
            ("id", "a number, in the order in which they were begun"),
            ("history_id", "which history database: its rowtrail.origin.id"),
            ("place", "where it was when it was last shipped to: a URL without a password"),
            ("begun_at", "when it was begun, by the clock"),
            ("begun_by", "the login that began it"),
            ("seal_id", "the last seal that is there, verified; 0 for none"),
            ("hash", "of that seal"),
            ("imports", "the imports that are there, verified: rowtrail.imports.id"),
            ("shipped_at", "when it was last known that all of that is there"),
            ("ended_at", "when it was ended: what is retired since need not be there; else NULL"),
            ("ended_by", "the login that ended it"),
            ("reason", "why it was ended"),
        )
    ),
    """
    create table rowtrail.departures (
      number bigint primary key,
      until timestamptz,
      tables text[] not null,
      versions bigint not null,
      leaves_hash bytea not null,
      reason text,
      place text,
      login text not null,
      at timestamptz not null
    )
    """,
    """
    comment on table rowtrail.departures is
      'In a history database: which of the versions of its seals are not in it, or no more. '
      'Append-only.'
    """,
    *(
        f"comment on column rowtrail.departures.{column} is '{text}'"
        for column, text in (
            (
                "number",
                "rowtrail.retired_leaves.retirement: below 0 of what was retired here; else the "
                "retirement in the origin, of what was retired there and never came",
            ),
            ("until", "what was older than that was retired, unless it was needed"),
            ("tables", "of these tables, as they were called then"),
            ("versions", "how many versions"),
            ("leaves_hash", "rowtrail.retirement_hash() of them"),
            ("reason", "why"),
            ("place", "where they went, as an archive; NULL for nowhere"),
            ("login", "who retired them: session_user"),
            ("at", "when, by the clock"),
        )
    ),
    # It takes one argument more from now on. Who may call it is for people to say, and stays so.
    """
    do $$
    declare
      former constant regprocedure :=
        to_regprocedure('rowtrail.erase(text, text, text[], text, boolean)');
      grantee text;
    begin
      if former is null then
        return;
      end if;
      create function rowtrail.erase(
        of_table text, key text, columns text[] default null, reason text default null,
        force boolean default false, elsewhere jsonb default null,
        out erasure bigint, out versions bigint, out erased_values bigint)
      language sql security definer set search_path = pg_catalog, pg_temp
      as 'select null::bigint, null::bigint, null::bigint';
      revoke all on function
        rowtrail.erase(text, text, text[], text, boolean, jsonb) from public;
      for grantee in
        select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
        from pg_proc as p
        cross join lateral aclexplode(p.proacl) as a
        where p.oid = former and a.grantee <> p.proowner
      loop
        execute format(
          'grant execute on function '
          'rowtrail.erase(text, text, text[], text, boolean, jsonb) to %s', grantee);
      end loop;
      drop function rowtrail.erase(text, text, text[], text, boolean);
    end
    $$
    """,
    # These take one more too.
    "drop function if exists rowtrail.versions_of_row(int, text)",
    "drop function if exists rowtrail.retire_until(int[], timestamptz, text)",
    f"revoke all on {', '.join(f'rowtrail.{table}' for table in TABLES)} from public",
    f"grant select on {', '.join(f'rowtrail.{table}' for table in TABLES)} to rowtrail_reader",
    "grant select on rowtrail.origin to rowtrail_limited_reader",
    *(f"alter table rowtrail.{table} enable row level security" for table in TABLES),
    *(
        f"create policy readers on rowtrail.{table} for select to rowtrail_reader using (true)"
        for table in TABLES
    ),
    *(
        f"comment on policy readers on rowtrail.{table} is 'rowtrail_reader sees all'"
        for table in TABLES
    ),
    """
    create policy limited_readers on rowtrail.origin for select to rowtrail_limited_reader
    using (true)
    """,
    """
    comment on policy limited_readers on rowtrail.origin is
      'whose history it is may be known to all who read some of it'
    """,
)

DOWNGRADE = tuple(f"drop table rowtrail.{table}" for table in reversed(TABLES))


def upgrade() -> None:
    for statement in UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    schema.require_forgotten(op.get_bind(), TABLES, down_revision)
    schema.drop_functions(op.get_bind(), "versions_of_row", of=TABLES)
    for statement in DOWNGRADE:
        op.execute(statement)
