"""Who can do what: nobody gets past the trigger, into the versions or out of the history."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]
Denied = psycopg2.errors.InsufficientPrivilege


@pytest.mark.parametrize(
    "statement",
    [
        "select * from rowtrail.versions",
        "insert into rowtrail.versions (changed_at) values (now())",
        "update rowtrail.versions set actor = 'x'",
        "delete from rowtrail.versions",
        "truncate rowtrail.versions",
        "select rowtrail.history('animals', 1)",
        "select rowtrail.track('animals')",
        "select rowtrail.untrack('animals')",
        "select rowtrail.detach('animals', null)",
        "select rowtrail.attach('animals', null, null, null, null, null, null, null, null)",
        "select rowtrail.key_text(1, '{id}', '{}', '{}')",
        "select rowtrail.hash_of(1, 1::int2, 'x')",
        "select nextval('rowtrail.version_id')",
        "select rowtrail.make_partitions()",
        "create table mine (id int); create trigger t after insert on mine for each row "
        "execute function rowtrail.capture('1', 'id', '{id}', '')",
        "alter table animals disable trigger all",
        'drop trigger "!rowtrail_capture" on animals',
        "set session_replication_role = replica",
        "set role rowtrail_capture",
        "set role rowtrail_owner",
    ],
)
def test_a_writer_can_neither_see_nor_skip_nor_forge(
    animals: str, writer: Run, superuser: Run, statement: str
) -> None:
    superuser("grant create on schema public to writer")
    writer("insert into animals values (1)")
    with pytest.raises(Denied):
        writer(statement)
    writer("insert into animals values (2)")
    assert superuser("select count(*) from rowtrail.versions") == [(2,)]


def test_a_reader_reads_and_changes_nothing(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1)")
    assert len(reader("select * from rowtrail.versions")) == 1
    assert len(reader("select * from rowtrail.history('animals', 1)")) == 1
    assert len(reader("select * from rowtrail.status()")) == 1
    for statement in (
        "insert into rowtrail.versions (changed_at) values (now())",
        "update rowtrail.versions set actor = 'x'",
        "delete from rowtrail.versions",
        "truncate rowtrail.versions",
        "drop table rowtrail.versions",
        "delete from rowtrail.tables",
        "update rowtrail.tables set key_columns = '{}'",
        "create table rowtrail.mine (id int)",
        "select nextval('rowtrail.version_id')",
        "select rowtrail.track('animals')",
        "select rowtrail.untrack('animals')",
        "select rowtrail.attach('animals', null, null, null, null, null, null, null, null)",
        "select rowtrail.attach('animals', null, '{name}', null, null, null, null, null, null)",
        "select rowtrail.detach('animals', null)",
        "select rowtrail.make_partitions()",
        "select rowtrail.hash_of(1, 1::int2, 'x')",
    ):
        with pytest.raises(Denied):
            reader(statement)


def test_an_owner_tracks_its_own_table_and_no_other(
    animals: str, owner: Run, superuser: Run
) -> None:
    superuser("create table theirs (id int primary key)")
    superuser("grant all on theirs to owner")
    with pytest.raises(
        Denied, match=r"public\.theirs can be tracked only by its owner postgres, not by owner"
    ):
        owner("select rowtrail.track('theirs')")
    superuser("select rowtrail.track('theirs')")
    with pytest.raises(Denied, match="can be untracked only by its owner postgres"):
        owner("select rowtrail.untrack('theirs')")


@pytest.mark.parametrize(
    "statement",
    [
        "create trigger t after insert on forged for each row "
        "execute function rowtrail.capture('1', 'id', '{id}', '')",
        "create trigger t after truncate on forged execute function rowtrail.capture_truncate('1')",
        "insert into rowtrail.tables "
        "(relid, schema_name, table_name, key_columns, key_attnums, tracked_by) "
        "values (1, 'a', 'b', '{id}', '{1}', 'x')",
        "update rowtrail.tables set relid = 'forged'::regclass",
        "select rowtrail.attach('animals', null, '{name}', null, null, null, null, null, null)",
        "select rowtrail.attach('forged', null, null, null, null, null, null, null, null)",
        "select rowtrail.detach('animals', null)",
        "insert into rowtrail.versions (changed_at) values (now())",
        "select rowtrail.is_recorded(1, '1', 1, '(0,1)', now())",
        "select rowtrail.id_of_change_to(1, '1', 1, '(0,1)', now())",
    ],
)
def test_an_owner_with_usage_on_the_schema_cannot_forge(
    animals: str, owner: Run, superuser: Run, statement: str
) -> None:
    owner("create table forged (id int primary key, name text, legs int)")
    before = superuser("select t::text from rowtrail.tables as t")
    with pytest.raises(Denied):
        owner(statement)
    assert superuser("select t::text from rowtrail.tables as t") == before
    assert superuser("select count(*) from rowtrail.versions") == [(0,)]


def test_the_trigger_of_partitions_records_nothing_for_another_table(
    animals: str, owner: Run, superuser: Run
) -> None:
    owner("create table forged (id int primary key, name text, legs int)")
    owner(
        "create trigger t after insert on forged for each row "
        "execute function rowtrail.capture_partition('1', 'id', '{id}', '')"
    )
    with pytest.raises(
        Denied, match=r"the trigger of table .*forged was not made by rowtrail.track"
    ):
        owner("insert into forged values (1)")
    assert superuser("select count(*) from rowtrail.versions") == [(0,)]


@pytest.mark.parametrize(
    "trigger",
    [
        "forge before insert on part_1 for each row execute function "
        "rowtrail.capture_partition('1', 'v', '{v}', '', 'allow')",
        '"!rowtrail_capture2" after insert on part_1 for each row execute function '
        "rowtrail.capture_partition('1', 'v', '{v}', '', 'allow')",
    ],
)
def test_the_owner_of_a_partitioned_table_cannot_forge_by_a_trigger_of_its_own(
    owner: Run, superuser: Run, trigger: str
) -> None:
    owner("create table part (id int primary key, v text) partition by range (id)")
    owner("create table part_1 partition of part for values from (0) to (10)")
    owner("select rowtrail.track('part')")
    owner(f"create trigger {trigger}")
    with pytest.raises(Denied, match=r"was not made by rowtrail\.track\(\)"):
        owner("insert into part values (6, '5')")
    assert superuser("select count(*) from rowtrail.versions") == [(0,)]


def test_what_the_public_may_do_does_not_speak_for_the_owner(
    animals: str, owner: Run, reader: Run, superuser: Run
) -> None:
    owner("grant all on animals to public")
    for call in (
        "attach('animals', null, '{name}', null, null, null, null, null, null)",
        "detach('animals', null)",
    ):
        with pytest.raises(Denied, match="only its owner can do this"):
            reader(f"select rowtrail.{call}")
    assert superuser("select state, excluded_columns from rowtrail.status()") == [("tracked", [])]


def test_the_end_of_tracking_cannot_be_noted_without_an_event(
    animals: str, owner: Run, writer: Run, superuser: Run
) -> None:
    superuser("grant usage on schema rowtrail to owner")
    owner("grant trigger on animals to rowtrail_owner")
    owner("select rowtrail.detach('animals', null)")
    writer("insert into animals values (1)")
    assert superuser("select op, login from rowtrail.versions order by id") == [
        ("S", "owner"),
        ("I", "writer"),
    ]


def test_nothing_stays_lent_after_tracking(owner: Run, superuser: Run) -> None:
    superuser("create schema private authorization owner")
    owner("create table private.notes (id int primary key)")
    owner("select rowtrail.track('private.notes')")
    for role in ("rowtrail_owner", "rowtrail_capture"):
        assert superuser(f"select has_table_privilege('{role}', 'private.notes', 'trigger')") == [
            (False,)
        ]
        assert superuser(f"select has_schema_privilege('{role}', 'private', 'usage')") == [(False,)]
    owner("insert into private.notes values (1)")
    owner("select rowtrail.untrack('private.notes')")
    assert superuser(
        "select has_table_privilege('rowtrail_owner', 'private.notes', 'trigger')"
    ) == [(False,)]
    assert superuser("select op from rowtrail.versions order by id") == [("I",), ("S",)]


def test_a_table_in_a_schema_of_somebody_else_says_what_is_missing(
    owner: Run, superuser: Run
) -> None:
    superuser("create schema theirs; grant usage, create on schema theirs to owner")
    owner("create table theirs.notes (id int primary key)")
    with pytest.raises(Denied, match="rowtrail_owner has no right on its schema") as error:
        owner("select rowtrail.track('theirs.notes')")
    assert error.value.diag.message_hint == (
        "Let the owner of the schema run: grant usage on schema theirs to rowtrail_owner;"
    )
    superuser("grant usage on schema theirs to rowtrail_owner")
    owner("select rowtrail.track('theirs.notes')")


def test_no_function_of_the_writers_runs_in_the_trigger(
    make_table: MakeTable, writer: Run, superuser: Run
) -> None:
    make_table("typed (id int primary key, a numeric, b text)")
    superuser("create schema evil authorization writer; grant usage on schema evil to public")
    for function in (
        "to_jsonb(anyelement)",
        "to_jsonb(record)",
        "to_jsonb(typed)",
        "current_setting(text, boolean)",
        "clock_timestamp()",
        "octet_length(text)",
        "pg_relation_filenode(regclass)",
        '"left"(text, int)',
        "nextval(regclass)",
        "age(xid)",
    ):
        returns = "typed" if "(typed)" in function else "text"
        writer(
            f"""
            create function evil.{function} returns text language plpgsql as
            $$ begin raise exception 'hijacked as %', current_user; return null; end $$
        """
            if returns == "text"
            else f"""
            create function evil.{function} returns jsonb language plpgsql as
            $$ begin raise exception 'hijacked as %', current_user; return null; end $$
        """
        )
    writer("""
        create function evil.same(text, text) returns boolean language plpgsql as
        $$ begin raise exception 'hijacked as %', current_user; end $$;
        create operator evil.= (leftarg = text, rightarg = text, function = evil.same);
        create operator evil.|| (leftarg = text, rightarg = text, function = evil.same)
    """)
    writer("set search_path = evil, pg_catalog, public")
    writer(
        "select set_config('rowtrail.actor', E'x\\ny', false), "
        "set_config('rowtrail.context', '{', false)"
    )
    writer("begin")
    writer("insert into typed values (1, 1, 'x')")
    writer("update typed set a = 2")
    writer("delete from typed")
    writer("truncate typed")
    writer("commit")
    assert superuser("select count(*) from rowtrail.versions") == [(4,)]
    with pytest.raises(psycopg2.errors.RaiseException, match="hijacked as writer"):
        writer("select octet_length('x'::text)")


def test_every_definer_has_a_pinned_path_and_no_powerful_owner(superuser: Run) -> None:
    definers = superuser("""
        select p.oid::regprocedure::text, r.rolsuper, r.rolname,
          'search_path=pg_catalog, pg_temp' = any (p.proconfig)
        from pg_proc as p join pg_roles as r on r.oid = p.proowner
        where p.pronamespace = 'rowtrail'::regnamespace and p.prosecdef
    """)
    assert definers
    for name, is_superuser, owner, is_pinned in definers:
        assert is_pinned, name
        assert not is_superuser, name
        assert owner in ("rowtrail_owner", "rowtrail_capture"), name


def test_nothing_of_the_schema_belongs_to_a_superuser(superuser: Run) -> None:
    assert (
        superuser("""
            select c.relname from pg_class as c join pg_roles as r on r.oid = c.relowner
            where c.relnamespace = 'rowtrail'::regnamespace and r.rolsuper
            union
            select p.proname from pg_proc as p join pg_roles as r on r.oid = p.proowner
            where p.pronamespace = 'rowtrail'::regnamespace and r.rolsuper
        """)
        == []
    )
    assert (
        superuser(
            "select rolname from pg_roles where rolname like 'rowtrail%' "
            "and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)"
        )
        == []
    )


def test_the_public_has_no_right_on_any_table(superuser: Run) -> None:
    assert (
        superuser("""
            select c.relname, a.privilege_type
            from pg_class as c
            cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
            where c.relnamespace = 'rowtrail'::regnamespace
              and c.relname <> 'alembic_version'
              and a.grantee = 0
        """)
        == []
    )
    assert superuser("select has_schema_privilege('public', 'rowtrail', 'usage')") == [(False,)]


def test_who_captures_cannot_read_the_rows(animals: str, writer: Run, superuser: Run) -> None:
    writer("insert into animals values (1, 'secret')")
    superuser("set role rowtrail_capture")
    for column in ("data", "old", "actor", "context", "login"):
        with pytest.raises(Denied):
            superuser(f"select {column} from rowtrail.versions")
    for statement in ("update rowtrail.versions set op = 'I'", "delete from rowtrail.versions"):
        with pytest.raises(Denied):
            superuser(statement)


def test_everything_has_a_comment(superuser: Run) -> None:
    assert (
        superuser("""
            select p.oid::regprocedure::text from pg_proc as p
            where p.pronamespace = 'rowtrail'::regnamespace
              and obj_description(p.oid, 'pg_proc') is null
            union all
            select c.relname from pg_class as c
            where c.relnamespace = 'rowtrail'::regnamespace
              and c.relkind in ('r', 'p')
              and not c.relispartition
              and c.relname <> 'alembic_version'
              and obj_description(c.oid, 'pg_class') is null
            union all
            select format('%s.%s', c.relname, a.attname)
            from pg_class as c
            join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
            where c.oid in ('rowtrail.versions'::regclass, 'rowtrail.tables'::regclass)
              and col_description(c.oid, a.attnum) is null
        """)
        == []
    )
