"""The registry of tracked tables and the versions of their rows.

Revision ID: 0001
Revises:
Create Date: 2026-11-24
"""

from alembic import op

from rowtrail import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# One statement each: a step that fails is then named by the error.
UPGRADE = (
    """
    create table rowtrail.tables (
      id int generated always as identity primary key,
      relid oid not null unique,
      schema_name name not null,
      table_name name not null,
      key_columns text[] not null,
      key_attnums int2[] not null,
      excluded_columns text[] not null default '{}',
      excluded_attnums int2[] not null default '{}',
      hashed_columns text[] not null default '{}',
      hashed_attnums int2[] not null default '{}',
      ignored_columns text[] not null default '{}',
      ignored_attnums int2[] not null default '{}',
      kept_attnums int2[] not null default '{}',
      truncate_rows boolean not null default false,
      is_erasable boolean not null default false,
      erasable_since timestamptz,
      capture_arguments text[] not null default '{}',
      keyed_since timestamptz,
      actor_policy text not null default 'allow',
      tracked_since timestamptz not null default clock_timestamp(),
      tracked_by text not null,
      untracked_at timestamptz,
      baseline_at timestamptz,
      baseline_id bigint,
      baseline_after text[],
      baseline_done_at timestamptz,
      shape jsonb,
      partitions jsonb,
      is_rewritten boolean not null default false,
      rewritten_at timestamptz,
      retention interval,
      retired_until timestamptz,
      complete_from timestamptz,
      imported_until timestamptz,
      known_since timestamptz,
      constraint tables_actor_policy check (actor_policy in ('allow', 'warn', 'require')),
      constraint tables_untracked_after_tracked check (untracked_at >= tracked_since)
    )
    """,
    """
    comment on table rowtrail.tables is
      'The registry: one row per table that is or was tracked, with its name and key as last seen.'
    """,
    *(
        f"comment on column rowtrail.tables.{column} is '{text}'"
        for column, text in (
            ("id", "what versions and URLs name the table by; stays through renames and restores"),
            ("relid", "the table in pg_class"),
            ("schema_name", "its schema as last seen"),
            ("table_name", "its name as last seen"),
            ("key_columns", "the columns that tell whose history a version is, in order"),
            ("key_attnums", "their numbers, which they keep when they are renamed"),
            ("excluded_columns", "the columns that are never stored"),
            ("excluded_attnums", "their numbers"),
            ("hashed_columns", "the columns of which only a salted SHA-256 is stored"),
            ("hashed_attnums", "their numbers"),
            ("ignored_columns", "the columns that make no version when only they changed"),
            ("ignored_attnums", "their numbers"),
            ("kept_attnums", "the columns named like secrets that are stored all the same"),
            ("truncate_rows", "whether each row of a TRUNCATE is recorded, before its marker"),
            ("is_erasable", "whether its versions are sealed so that values of them can be erased"),
            ("erasable_since", "when some of them first were to be sealed so; NULL for never"),
            ("keyed_since", "when rows began to be told apart as they are now; NULL for always"),
            ("capture_arguments", "the arguments of the capture trigger, as it was made"),
            ("actor_policy", "what a change without an actor meets: allow, warn or require"),
            ("tracked_since", "when tracking began, or began again"),
            ("tracked_by", "the login that began it"),
            ("untracked_at", "when tracking ended; NULL while it goes on"),
            ("baseline_at", "when the baseline began: the time of its versions"),
            ("baseline_id", "the last id that the baseline has used of those reserved for it"),
            ("baseline_after", "the key, as text, up to which rows are recorded"),
            ("baseline_done_at", "when the baseline was complete"),
            ("shape", "its name and columns as the last schema change that is recorded left them"),
            ("partitions", "the partitions that held its rows then, and what tells their rows"),
            ("is_rewritten", "a schema change that rewrites it is under way, or was not recorded"),
            ("rewritten_at", "the last schema change that gave its rows other values"),
            ("retention", "how long its history is kept; NULL for ever"),
            (
                "retired_until",
                "what was older than that has been looked at, and retired if it could",
            ),
            ("complete_from", "what was not needed since then was retired; NULL where nothing was"),
            ("imported_until", "the time of the newest version that came by an import"),
            ("known_since", "since when all its rows were recorded here: its first baseline"),
        )
    ),
    """
    create table rowtrail.salts (
      table_id int primary key,
      salt bytea not null
    )
    """,
    """
    comment on table rowtrail.salts is
      'The salts of hashed columns. Who reads one can try guesses, so nobody may but the owner.'
    """,
    "comment on column rowtrail.salts.table_id is 'the table: rowtrail.tables.id'",
    "comment on column rowtrail.salts.salt is 'random bytes, the first of what is hashed'",
    # The ids between are for changes that are recorded after a later change of their row.
    "create sequence rowtrail.version_id increment by 100 start with 100",
    """
    create type rowtrail.boundary as (until timestamptz, seen pg_snapshot, era int, event_id bigint)
    """,
    "comment on type rowtrail.boundary is 'Which versions count: those up to a moment, by "
    "transactions that a snapshot sees (all, where it is NULL) or of an era before its own. "
    "event_id is the last schema change of the table within it; 0 for none, NULL for all.'",
    # Fixed-width columns first, wide to narrow: no byte is lost to alignment. No check constraint:
    # three took a quarter of the time of a captured INSERT, since each statement compiles them.
    """
    create table rowtrail.versions (
      id bigint not null default nextval('rowtrail.version_id'),
      changed_at timestamptz not null,
      xid xid8 not null,
      table_id int not null,
      era int not null default 1,
      file oid,
      early_in oid,
      old_ctid tid,
      new_ctid tid,
      op "char" not null,
      row_key text not null,
      old_key text,
      actor text,
      login text not null,
      data jsonb,
      old jsonb,
      verbatim jsonb,
      context jsonb,
      erased text[],
      constraint versions_key primary key (table_id, id, changed_at)
    ) partition by range (changed_at)
    """,
    "create table rowtrail.versions_default partition of rowtrail.versions default",
    "create index versions_row on rowtrail.versions (table_id, row_key, id)",
    """
    create index versions_old_key on rowtrail.versions (table_id, old_key, id)
    where old_key is not null
    """,
    # By time and by transaction: both grow with the heap, and a BRIN costs writers next to nothing.
    # xid8 has no operator class for BRIN, so its number is indexed.
    """
    create index versions_time on rowtrail.versions
    using brin (changed_at, ((xid::text)::bigint)) with (autosummarize = on)
    """,
    """
    comment on table rowtrail.versions is
      'One row per row change, in the transaction that made it. Append-only; per row ordered by id.'
    """,
    *(
        f"comment on column rowtrail.versions.{column} is '{text}'"
        for column, text in (
            ("id", "arrival number; orders the versions of one row, with gaps"),
            ("changed_at", "when the change was captured, by the clock, under the lock of the row"),
            ("xid", "the transaction; groups what it changed"),
            ("table_id", "the table: rowtrail.tables.id"),
            ("era", "which life of the cluster xid belongs to"),
            (
                "file",
                "the file (of the table or partition) in which old_ctid and new_ctid are places",
            ),
            (
                "early_in",
                "the file again, where the change was recorded before the one that led to it",
            ),
            ("old_ctid", "where the row was before; chains the changes within a transaction"),
            ("new_ctid", "where the row was after"),
            ("op", "I insert, U update, D delete, T truncate, B baseline, S schema change"),
            ("row_key", "the key of the row: its value, or a JSON array for a composite key"),
            ("old_key", "the key before, where an update changed it, or moved the row here"),
            ("actor", "who the application says it was"),
            ("login", "who the database knows it was: session_user"),
            ("data", "the row after the change; for D the row that went; for S what was changed"),
            ("old", "for U what the changed columns held before; for S how the schema was"),
            ("verbatim", "the text of json columns, where data would not give it back"),
            ("context", "what the writer chose to say: reason, request id"),
            ("erased", "the places of values that were erased, as data.email; no part of its seal"),
        )
    ),
    """
    create table rowtrail.eras (
      era int primary key,
      began_at timestamptz not null,
      system_identifier bigint,
      first_xid xid8 not null,
      relid oid not null
    )
    """,
    """
    comment on table rowtrail.eras is
      'The lives of this database: one ends when it is restored elsewhere, and xids begin anew.'
    """,
    *(
        f"comment on column rowtrail.eras.{column} is '{text}'"
        for column, text in (
            ("era", "1, 2, 3 and so on: the column default of rowtrail.versions.era is the last"),
            ("began_at", "when it was noticed, by the clock"),
            ("system_identifier", "of the cluster; NULL if not to be had"),
            ("first_xid", "the transaction that noticed it"),
            ("relid", "of rowtrail.versions in pg_class, by which a restored dump is told"),
        )
    ),
    """
    create table rowtrail.seals (
      id bigint primary key,
      sealed_at timestamptz not null,
      system_identifier bigint,
      max_id bigint not null,
      versions bigint not null,
      era int not null,
      format smallint not null,
      ends_era boolean not null,
      seen pg_snapshot not null,
      leaves_hash bytea not null,
      root bytea not null,
      log_root bytea not null,
      previous bytea not null,
      hash bytea not null,
      peaks bytea not null
    )
    """,
    """
    comment on table rowtrail.seals is
      'The seals: each closes what was committed since the one before. Append-only.'
    """,
    *(
        f"comment on column rowtrail.seals.{column} is '{text}'"
        for column, text in (
            ("id", "1, 2, 3 and so on, without a gap"),
            ("sealed_at", "when it was made, by the clock"),
            ("system_identifier", "of the cluster in which it was made; NULL if not to be had"),
            ("max_id", "no version that is sealed has a higher id"),
            ("versions", "the number of versions that it closes"),
            ("era", "the era of its versions"),
            ("format", "how its hashes are made: 1"),
            ("ends_era", "it takes all of its era: the next life of the cluster has begun"),
            ("seen", "it closes what this snapshot sees, and that of the seal before does not"),
            ("leaves_hash", "of the leaves and ids of its versions, as they are kept"),
            ("root", "of the Merkle tree over the leaves of its versions"),
            ("log_root", "of the Merkle tree over the seals before it"),
            ("previous", "the hash of the seal before; zeros for the first"),
            ("hash", "SHA-256 of rowtrail.seal_text()"),
            ("peaks", "of the tree over the seals with it, from which the next root is made"),
        )
    ),
    """
    create table rowtrail.seal_leaves (
      seal_id bigint,
      part int,
      ids bigint[] not null,
      leaves bytea not null,
      constraint seal_leaves_key primary key (seal_id, part)
    )
    """,
    # Hashes cannot be compressed.
    "alter table rowtrail.seal_leaves alter column leaves set storage external",
    """
    comment on table rowtrail.seal_leaves is
      'The leaves of the versions of each seal, by which verifying names the one that was changed.'
    """,
    *(
        f"comment on column rowtrail.seal_leaves.{column} is '{text}'"
        for column, text in (
            ("seal_id", "the seal: rowtrail.seals.id"),
            ("part", "0, 1, 2 and so on: 65,536 versions each, but the last"),
            ("ids", "of the versions, in order"),
            ("leaves", "their leaves in the tree, 32 bytes each"),
        )
    ),
    """
    create table rowtrail.seal_salts (
      version_id bigint primary key,
      salt bytea not null
    )
    """,
    """
    comment on table rowtrail.seal_salts is
      'The salts by which versions of erasable tables are sealed. Erasing a value deletes its salt.'
    """,
    "comment on column rowtrail.seal_salts.version_id is 'the version: rowtrail.versions.id'",
    "comment on column rowtrail.seal_salts.salt is "
    "'random bytes, of which and its place the salt of each of its values is made'",
    """
    create table rowtrail.erased_versions (
      version_id bigint primary key,
      salts jsonb not null,
      commitments jsonb not null
    )
    """,
    """
    comment on table rowtrail.erased_versions is
      'What is kept of sealed versions of which values were erased, so that their seals verify.'
    """,
    *(
        f"comment on column rowtrail.erased_versions.{column} is '{text}'"
        for column, text in (
            ("version_id", "the version: rowtrail.versions.id"),
            ("salts", "of the values that are left, in hexadecimal, by their places"),
            ("commitments", "to the values that were erased, in hexadecimal, by their places"),
        )
    ),
    """
    create table rowtrail.retired_leaves (
      seal_id bigint,
      part int,
      retirement bigint,
      versions int not null,
      gone bit varying not null,
      constraint retired_leaves_key primary key (seal_id, part, retirement)
    )
    """,
    """
    comment on table rowtrail.retired_leaves is
      'Which leaves of seals stand for versions that were retired, so that what is left verifies.'
    """,
    *(
        f"comment on column rowtrail.retired_leaves.{column} is '{text}'"
        for column, text in (
            ("seal_id", "the seal: rowtrail.seals.id"),
            ("part", "of its leaves: rowtrail.seal_leaves.part"),
            ("retirement", "the id of its first event in rowtrail.versions"),
            ("versions", "how many versions were retired"),
            ("gone", "1 for each of them, 0 for the others, in the order of the leaves"),
        )
    ),
    """
    create table rowtrail.verifications (
      id bigint generated always as identity primary key,
      begun_at timestamptz not null,
      done_at timestamptz not null,
      faults bigint not null,
      notes bigint not null,
      seals bigint not null,
      tables bigint not null,
      digests bigint not null,
      login text not null,
      left_out text[] not null,
      findings jsonb not null,
      constraint verifications_left_out check (
        left_out <@ array['rows', 'other tables', 'seals', 'earlier seals'])
    )
    """,
    """
    comment on table rowtrail.verifications is
      'What `rowtrail verify` found, each time that an auditor or a superuser ran it. Append-only.'
    """,
    *(
        f"comment on column rowtrail.verifications.{column} is '{text}'"
        for column, text in (
            ("id", "a number, in the order in which they were done"),
            ("begun_at", "when it began: what was changed since then may not have been looked at"),
            ("done_at", "when it was done"),
            ("faults", "the number of findings that are faults"),
            ("notes", "the number of those that are only worth knowing"),
            ("seals", "how many seals were compared with their versions"),
            ("tables", "how many tables were compared with their history"),
            ("digests", "how many digests, kept elsewhere, were found again or not"),
            ("login", "who ran it: session_user"),
            ("left_out", "what was not looked at, since it was not asked for"),
            ("findings", "the first 100 of them, faults first: part, object, problem, mend"),
        )
    ),
    """
    create table rowtrail.imports (
      id bigint generated always as identity primary key,
      begun_at timestamptz not null,
      finished_at timestamptz,
      source text not null,
      place text not null,
      login text not null,
      first_id bigint not null,
      rows bigint not null,
      rows_read bigint not null default 0,
      added_to_xid bigint not null,
      is_state boolean not null,
      queries text[] not null,
      reached jsonb,
      hash bytea
    )
    """,
    """
    comment on table rowtrail.imports is
      'The imports: each brought versions that another tool had recorded, which no seal takes in.'
    """,
    *(
        f"comment on column rowtrail.imports.{column} is '{text}'"
        for column, text in (
            ("id", "a number, in the order in which they were begun"),
            ("begun_at", "when it was begun, by the clock"),
            ("finished_at", "when all was there; NULL while it is not"),
            ("source", "the tool that had recorded it, as rowtrail import --from names it"),
            ("place", "where in this database the tool keeps it: a table, or a schema"),
            ("login", "who began it: session_user"),
            ("first_id", "the lowest of the ids that its versions may have; all are below 0"),
            ("rows", "how many rows there were to read when it was begun"),
            ("rows_read", "how many of them were read; each is a version, or was left out"),
            ("added_to_xid", "what was added to the numbers of the source''s transactions"),
            ("is_state", "whether the source kept how rows were, and not what changed"),
            ("queries", "what is read, one after the other"),
            ("reached", "the query and the place in it of the last row that was read"),
            ("hash", "of the leaves and ids of its versions, once it is finished"),
        )
    ),
    """
    create table rowtrail.import_tables (
      import_id bigint,
      table_id int,
      source_table text not null,
      until timestamptz not null,
      rows_read bigint not null default 0,
      versions bigint not null default 0,
      left_out jsonb not null default '{}',
      first_changed_at timestamptz,
      last_changed_at timestamptz,
      constraint import_tables_key primary key (import_id, table_id)
    )
    """,
    "comment on table rowtrail.import_tables is 'What each import brought to each table.'",
    *(
        f"comment on column rowtrail.import_tables.{column} is '{text}'"
        for column, text in (
            ("import_id", "the import: rowtrail.imports.id"),
            ("table_id", "the table: rowtrail.tables.id"),
            ("source_table", "the table of the source that held its rows"),
            ("until", "what the source recorded from then on is left out: it is here already"),
            ("rows_read", "how many rows of the source were of it"),
            ("versions", "how many of them are versions now"),
            ("left_out", "how many are not, by reason"),
            ("first_changed_at", "the time of the first of the versions"),
            ("last_changed_at", "the time of the last of the versions"),
        )
    ),
    """
    create table rowtrail.import_leaves (
      import_id bigint,
      part int,
      ids bigint[] not null,
      leaves bytea not null,
      constraint import_leaves_key primary key (import_id, part)
    )
    """,
    "alter table rowtrail.import_leaves alter column leaves set storage external",
    """
    comment on table rowtrail.import_leaves is
      'The leaves of the versions of each import, by which verifying names what was changed.'
    """,
    *(
        f"comment on column rowtrail.import_leaves.{column} is '{text}'"
        for column, text in (
            ("import_id", "the import: rowtrail.imports.id"),
            ("part", "0, 1, 2 and so on: a batch each"),
            ("ids", "of the versions, in order"),
            ("leaves", "what rowtrail.leaf() gives of them, 32 bytes each"),
        )
    ),
    "revoke all on rowtrail.tables, rowtrail.salts, rowtrail.versions, rowtrail.versions_default, "
    "rowtrail.seals, rowtrail.seal_leaves, rowtrail.seal_salts, rowtrail.erased_versions, "
    "rowtrail.retired_leaves, rowtrail.verifications, rowtrail.eras, rowtrail.imports, "
    "rowtrail.import_tables, rowtrail.import_leaves from public",
    "grant select on rowtrail.seals, rowtrail.seal_leaves, rowtrail.seal_salts, "
    "rowtrail.erased_versions, rowtrail.retired_leaves, rowtrail.verifications, rowtrail.eras, "
    "rowtrail.imports, rowtrail.import_tables, rowtrail.import_leaves to rowtrail_reader",
    "grant usage on schema rowtrail to rowtrail_reader, rowtrail_limited_reader, rowtrail_capture",
    "grant select on rowtrail.tables, rowtrail.versions "
    "to rowtrail_reader, rowtrail_limited_reader",
    "grant select on rowtrail.tables to rowtrail_capture",
    "grant usage on sequence rowtrail.version_id to rowtrail_capture",
    "grant insert on rowtrail.versions to rowtrail_capture",
    """
    grant select
      (id, changed_at, xid, table_id, op, row_key, old_key, file, early_in, old_ctid, new_ctid)
    on rowtrail.versions to rowtrail_capture
    """,
    # What is true for all rows is left out of plans: it costs who captures and who reads nothing.
    *(
        f"alter table rowtrail.{table} enable row level security"
        for table in (
            *("tables", "salts", "versions", "versions_default"),
            *("seals", "seal_leaves", "seal_salts", "erased_versions", "retired_leaves"),
            *("verifications", "eras"),
            *("imports", "import_tables", "import_leaves"),
        )
    ),
    *(
        f"create policy readers on rowtrail.{table} for select to rowtrail_reader using (true)"
        for table in (
            *("tables", "versions", "seals", "seal_leaves", "seal_salts", "erased_versions"),
            *("retired_leaves", "verifications", "eras"),
            *("imports", "import_tables", "import_leaves"),
        )
    ),
    "create policy capture on rowtrail.tables for select to rowtrail_capture using (true)",
    "create policy capture on rowtrail.versions to rowtrail_capture using (true) with check (true)",
    # By its name too: after a restore from a dump another table may bear the number.
    """
    create policy limited_readers on rowtrail.tables for select to rowtrail_limited_reader
    using (
      has_table_privilege(relid, 'SELECT')
      and not row_security_active(relid)
      and (pg_identify_object_as_address('pg_class'::regclass, relid, 0)).object_names
        = array[schema_name, table_name]::text[])
    """,
    # The array is made once a query, and by it an index finds the versions.
    """
    create policy limited_readers on rowtrail.versions for select to rowtrail_limited_reader
    using (table_id = any (array(select t.id from rowtrail.tables as t)))
    """,
    *(
        f"comment on policy {policy} on rowtrail.{table} is '{text}'"
        for policy, table, text in (
            ("readers", "tables", "rowtrail_reader sees all"),
            ("readers", "versions", "rowtrail_reader sees all"),
            ("readers", "seals", "rowtrail_reader sees all"),
            ("readers", "seal_leaves", "rowtrail_reader sees all"),
            ("readers", "seal_salts", "rowtrail_reader sees all"),
            ("readers", "erased_versions", "rowtrail_reader sees all"),
            ("readers", "retired_leaves", "rowtrail_reader sees all"),
            ("readers", "verifications", "rowtrail_reader sees all"),
            ("readers", "eras", "rowtrail_reader sees all"),
            ("readers", "imports", "rowtrail_reader sees all"),
            ("readers", "import_tables", "rowtrail_reader sees all"),
            ("readers", "import_leaves", "rowtrail_reader sees all"),
            ("capture", "tables", "capturing looks up the table, whoever writes"),
            ("capture", "versions", "capturing adds versions, whoever writes"),
            (
                "limited_readers",
                "tables",
                "who may select the whole table as it is, all columns and all rows, sees it",
            ),
            ("limited_readers", "versions", "the versions of the tables that are seen"),
        )
    ),
)

DOWNGRADE = (
    "drop table rowtrail.versions",
    "drop sequence rowtrail.version_id",
    "drop type rowtrail.boundary",
    "drop table rowtrail.salts",
    "drop table rowtrail.erased_versions",
    "drop table rowtrail.retired_leaves",
    "drop table rowtrail.seal_salts",
    "drop table rowtrail.verifications",
    "drop table rowtrail.seal_leaves",
    "drop table rowtrail.seals",
    "drop table rowtrail.eras",
    "drop table rowtrail.import_leaves",
    "drop table rowtrail.import_tables",
    "drop table rowtrail.imports",
    "drop table rowtrail.tables",
)


def upgrade() -> None:
    for statement in UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    schema.remove_functions(op.get_bind())
    for statement in DOWNGRADE:
        op.execute(statement)
