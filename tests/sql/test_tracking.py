"""Which tables have a history, and how tracking begins, changes and ends."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


@pytest.fixture
def state(superuser: Run) -> Callable[[], str]:
    """The state of the one table that is known."""
    return lambda: str(superuser("select state from rowtrail.status()")[0][0])


def test_tracking_again_is_a_no_op(animals: str, owner: Run, writer: Run, superuser: Run) -> None:
    triggers = "select oid, xmin, tgname from pg_trigger where tgname like '!%' order by tgname"
    before = superuser(triggers), superuser("select id, tracked_since from rowtrail.tables")
    assert owner("select rowtrail.track('animals')") == [
        ("public.animals is tracked already, key id",)
    ]
    assert (
        superuser(triggers),
        superuser("select id, tracked_since from rowtrail.tables"),
    ) == before
    assert [name for *_, name in before[0]] == ["!rowtrail_capture", "!rowtrail_truncate"]


def test_two_sessions_that_track_at_once_make_one_history(
    owner: Run, connect_as: Callable[[str], Run], superuser: Run, state: Callable[[], str]
) -> None:
    owner("create table animals (id int primary key)")
    said = []

    def track() -> None:
        said.append(connect_as("owner")("select rowtrail.track('animals')")[0][0])

    threads = [threading.Thread(target=track) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["public.animals is tracked already, key id"] * 3 + [
        "public.animals is tracked from now on, key id"
    ]
    assert superuser("select count(*) from rowtrail.tables") == [(1,)]
    assert state() == "tracked"


def test_options_can_be_changed(
    animals: str, owner: Run, writer: Run, superuser: Run, versions: Versions
) -> None:
    owner("alter table animals alter name set not null, add unique (name)")
    writer("insert into animals values (1, 'ant', 6)")
    assert owner(
        "select rowtrail.track('animals', key_columns => '{name}', exclude => '{legs}')"
    ) == [
        (
            "public.animals was tracked already; its triggers are brought up to date, "
            "key name, without legs",
        )
    ]
    writer("update animals set legs = 7, id = 2")
    assert versions("animals")[-1] == ("U", "ant", {"id": 2, "name": "ant"}, {"id": 1})
    owner("select rowtrail.track('animals')")
    assert superuser("select key_columns, excluded_columns from rowtrail.status()") == [
        (["name"], ["legs"])
    ]
    owner("select rowtrail.track('animals', exclude => '{}')")
    assert superuser("select excluded_columns from rowtrail.status()") == [([],)]


@pytest.mark.parametrize(
    ("made_by", "target", "problem"),
    [
        ("create view v as select 1 as id", "v", "public.v cannot be tracked: it is a view"),
        ("create materialized view v as select 1 as id", "v", "it is a materialized view"),
        ("create sequence s", "s", "public.s cannot be tracked: it is a sequence"),
        ("create type c as (id int)", "c", "it is a composite type"),
        ("create temp table t (id int primary key)", "t", "it is a temporary table"),
        (
            "create table p (id int primary key) partition by list (id); "
            "create table p1 partition of p for values in (1)",
            "p1",
            "public.p1 cannot be tracked: it is a partition",
        ),
        (
            "create table n (id int primary key deferrable, doc jsonb unique not null)",
            "n', key_columns => '{doc}",
            "public.n cannot be tracked by a key of type jsonb",
        ),
        (
            "create table n (id int unique)",
            "n', key_columns => '{id}",
            "no unique key of NOT NULL columns",
        ),
        (
            "create table n (id int not null); create unique index on n (id) where id > 0",
            "n', key_columns => '{id}",
            "no unique key of NOT NULL columns",
        ),
        (
            "create table n (id int primary key)",
            "n', key_columns => '{x}",
            "public.n has no column x",
        ),
        (
            "create table n (id int primary key)",
            "n', exclude => '{\"a b\"}",
            'public.n has no column "a b"',
        ),
        (
            "create table n (id int primary key)",
            "n', exclude => '{id}",
            "it is of the key",
        ),
        (
            "create table n (id int primary key)",
            "n', exclude => '{ctid}",
            "public.n has no column ctid",
        ),
    ],
)
def test_what_cannot_be_tracked_is_refused_by_name(
    owner: Run, superuser: Run, made_by: str, target: str, problem: str
) -> None:
    superuser("grant temporary on database template1 to public")
    owner(made_by)
    with pytest.raises(psycopg2.Error) as error:
        owner(f"select rowtrail.track('{target}')")
    assert problem in str(error.value)
    assert superuser("select count(*) from rowtrail.tables") == [(0,)]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("f", "public.f cannot be tracked: it is a foreign table"),
        ("pg_catalog.pg_class", "it is a table of the system"),
        ("information_schema.sql_features", "it is a table of the system"),
        (
            "rowtrail.versions",
            "rowtrail.versions cannot be tracked: it is a table of rowtrail itself",
        ),
        ("rowtrail.tables", "it is a table of rowtrail itself"),
        ("nowhere", 'relation "nowhere" does not exist'),
    ],
)
def test_not_even_a_superuser_tracks_these(superuser: Run, target: str, problem: str) -> None:
    superuser("create foreign data wrapper x; create server y foreign data wrapper x")
    superuser("create foreign table f (id int not null) server y")
    with pytest.raises(psycopg2.Error, match=problem):
        superuser(f"select rowtrail.track('{target}')")
    with pytest.raises(psycopg2.Error, match="none is named"):
        superuser("select rowtrail.track(null)")


def test_a_partition_is_refused_and_its_table_named(owner: Run) -> None:
    owner("create table p (id int primary key) partition by list (id)")
    owner("create table p1 partition of p for values in (1)")
    with pytest.raises(psycopg2.Error) as error:
        owner("select rowtrail.track('p1')")
    assert "select rowtrail.track('public.p');" in str(error.value)


def test_untracking_keeps_the_history_and_tracking_goes_on_with_it(
    animals: str, owner: Run, writer: Run, superuser: Run, reader: Run, state: Callable[[], str]
) -> None:
    writer("insert into animals values (1)")
    assert owner("select rowtrail.untrack('animals')") == [
        ("public.animals is not tracked any more; its history stays",)
    ]
    assert state() == "untracked"
    assert owner("select rowtrail.untrack('animals')") == [("public.animals is not tracked",)]
    writer("update animals set legs = 1")
    assert owner("select rowtrail.track('animals')") == [
        ("public.animals is tracked from now on, key id",)
    ]
    writer("update animals set legs = 2")
    assert superuser("select count(*), min(untracked_at) from rowtrail.tables") == [(1, None)]
    history = reader("select op, data ->> 'legs' from rowtrail.history('animals', 1) order by id")
    assert history == [("insert", None), ("update", "2")]


def test_a_table_made_again_goes_on_with_the_history_of_its_name(
    animals: str, owner: Run, writer: Run, superuser: Run, reader: Run, state: Callable[[], str]
) -> None:
    writer("insert into animals values (1)")
    owner("drop table animals")
    assert state() == "dropped"
    owner("create table animals (id int primary key, name text)")
    owner("select rowtrail.track('animals')")
    owner("insert into animals values (1, 'ant')")
    assert superuser("select count(*) from rowtrail.tables") == [(1,)]
    assert len(reader("select * from rowtrail.history('animals', 1)")) == 2


def test_an_excluded_column_is_stored_nowhere(
    make_table: MakeTable,
    owner: Run,
    writer: Run,
    superuser: Run,
    assert_exact: Exact,
    versions: Versions,
) -> None:
    make_table("users (id int primary key, name text, secret text)", exclude="{secret}")
    writer("insert into users values (1, 'alice', 'hunter2')")
    writer("update users set secret = 'hunter3', name = 'bob'")
    writer("update users set secret = 'hunter4'")
    assert versions("users")[-1] == ("U", "1", {"id": 1, "name": "bob"}, {})
    owner("alter table users rename secret to hidden")
    writer("update users set hidden = 'hunter5', name = 'carol'")
    # Another column under the excluded one's old name is stored, the excluded one still is not.
    owner("alter table users add secret text")
    writer("update users set hidden = 'hunter6', secret = 'open'")
    writer("delete from users")
    writer("insert into users values (2, 'dave', 'hunter7', 'open')")
    stored = superuser("select v::text from rowtrail.versions as v where v.op <> 'S'")
    assert len(stored) == 7
    assert not any("hunter" in row for (row,) in stored)
    assert sum("open" in row for (row,) in stored) == 3
    owner("select rowtrail.track('users')")
    writer("update users set hidden = 'hunter8', secret = 'x'")
    assert not any(
        "hunter" in row for (row,) in superuser("select v::text from rowtrail.versions as v")
    )
    assert superuser("select excluded_columns, state from rowtrail.status()") == [
        (["hidden"], "tracked")
    ]
    assert superuser("select * from rowtrail.differences('users')") == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select 1", "tracked"),
        ("alter table animals add column wings int", "stale"),
        ("alter table animals rename legs to feet", "stale"),
        ("alter table animals rename id to number", "stale"),
        ("alter table animals alter legs type jsonb using to_jsonb(legs)", "stale"),
        ('drop trigger "!rowtrail_capture" on animals', "trigger missing"),
        ('drop trigger "!rowtrail_truncate" on animals', "trigger missing"),
        ('alter trigger "!rowtrail_capture" on animals rename to x', "trigger missing"),
        ('alter table animals disable trigger "!rowtrail_capture"', "trigger disabled"),
        ("alter table animals disable trigger user", "trigger disabled"),
        ('alter table animals enable trigger "!rowtrail_capture"', "not always on"),
        ('alter table animals enable replica trigger "!rowtrail_truncate"', "not always on"),
    ],
)
def test_the_status_tells_what_is_wrong_and_tracking_mends_it(
    animals: str,
    owner: Run,
    superuser: Run,
    state: Callable[[], str],
    statement: str,
    expected: str,
) -> None:
    # What stops the recording is refused to the owner: test_guard.py.
    superuser(statement)
    assert state() == expected
    [(mend,)] = superuser("select mend from rowtrail.status()")
    assert (mend is None) == (expected == "tracked")
    if "rename to x" in statement:
        superuser("drop trigger x on animals")
    owner(mend or "select 1")
    assert state() == "tracked"


@pytest.mark.parametrize(
    ("change", "expected"), [("disable", "trigger disabled"), ("enable", "not always on")]
)
def test_the_status_sees_the_triggers_of_partitions(
    owner: Run, superuser: Run, state: Callable[[], str], change: str, expected: str
) -> None:
    owner("create table p (id int primary key) partition by list (id)")
    owner("create table p1 partition of p for values in (1)")
    owner("select rowtrail.track('p')")
    assert state() == "tracked"
    superuser(f'alter table p1 {change} trigger "!rowtrail_capture"')
    assert state() == expected
    owner("select rowtrail.track('p')")
    assert state() == "tracked"


def test_the_session_that_tracks_does_not_matter(
    owner: Run, writer: Run, superuser: Run, state: Callable[[], str]
) -> None:
    owner('create table animals (id int primary key, "\\" text, "a\'b" text, "é" text)')
    owner(
        "set search_path = ''; set quote_all_identifiers = on; set standard_conforming_strings = on"
    )
    owner("select rowtrail.track('public.animals')")
    assert state() == "tracked"
    superuser("select rowtrail.track('animals')")
    assert state() == "tracked"
    owner("insert into public.animals values (1)")
    assert superuser("select * from rowtrail.differences('animals')") == []


@pytest.mark.parametrize("table", ["animals", "part"])
def test_a_trigger_that_never_fires_is_not_taken_for_ours(
    table: str, animals: str, owner: Run, state: Callable[[], str], superuser: Run
) -> None:
    if table == "part":
        owner("select rowtrail.untrack('animals')")
        superuser("delete from rowtrail.tables")
        owner("create table part (id int primary key, name text) partition by range (id)")
        owner("select rowtrail.track('part')")
    definition = (
        "select replace(pg_get_triggerdef(oid), 'FOR EACH ROW', 'FOR EACH ROW WHEN (false)')"
    )
    [(made,)] = superuser(
        f"{definition} from pg_trigger where tgname = '!rowtrail_capture' "
        "and tgrelid = %s::regclass",
        table,
    )
    superuser(made.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER"))
    superuser(f'alter table {table} enable always trigger "!rowtrail_capture"')
    assert state() == "trigger missing"
    owner(f"select rowtrail.track('{table}')")
    assert state() == "tracked"


def test_a_table_put_in_the_place_of_a_tracked_one_is_seen(
    animals: str, owner: Run, state: Callable[[], str]
) -> None:
    owner("drop table animals")
    assert state() == "dropped"
    owner("create table animals (id int primary key)")
    assert state() == "replaced"
    owner("select rowtrail.track('animals')")
    assert state() == "tracked"


def test_a_table_that_inherits_is_named_until_it_is_tracked(
    animals: str, owner: Run, writer: Run, superuser: Run, state: Callable[[], str]
) -> None:
    owner("create table birds (wings int, primary key (id)) inherits (animals)")
    assert state() == "children not tracked"
    [(mend,)] = superuser("select mend from rowtrail.status()")
    assert mend == "select rowtrail.track('public.birds');"
    owner(mend)
    assert superuser("select distinct state from rowtrail.status()") == [("tracked",)]
    owner("insert into birds values (1, 'owl', 2, 2); update animals set legs = 3")
    for table in ("animals", "birds"):
        assert superuser(f"select * from rowtrail.differences('{table}')") == []
    assert superuser("select op from rowtrail.history('birds', 1)") == [("update",), ("insert",)]


@pytest.mark.parametrize("partitioned", ["", "partition by range (id)"])
def test_a_transaction_that_began_before_the_table_was_tracked_anew_is_to_be_tried_again(
    owner: Run, connect_as: Callable[[str], Run], superuser: Run, partitioned: str
) -> None:
    owner(f"create table users (id int primary key, note text) {partitioned}")
    if partitioned:
        owner("create table users_rest partition of users default")
    owner("grant insert on users to writer")
    owner("select rowtrail.track('users')")
    writer = connect_as("writer")
    writer("begin isolation level repeatable read")
    writer("select 1")
    owner("select rowtrail.track('users', hash => '{note}')")
    with pytest.raises(psycopg2.errors.SerializationFailure, match=r"tracked anew since"):
        writer("insert into users values (1, 'a')")
    writer("rollback")
    writer("insert into users values (1, 'a')")
    assert superuser("select * from rowtrail.differences('users')") == []
