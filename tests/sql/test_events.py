"""Changes of a table's schema: each is an event, none is refused, and the history stays one."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]
Versions = Callable[[str], list[Any]]

EVENTS = (
    "select v.data ->> 'command', d.what, d.before, d.after "
    "from rowtrail.versions as v "
    "cross join lateral rowtrail.schema_differences(v.data, v.old) as d "
    "where v.op = 'S' order by v.id"
)
DIFFERENCES = "select * from rowtrail.differences(%s::regclass)"


@pytest.fixture
def events(superuser: Run) -> Callable[[], list[Any]]:
    """All schema changes that are recorded: command, what, before, after."""
    return lambda: superuser(EVENTS)


@pytest.fixture
def without_event_triggers(superuser: Run) -> None:
    """The database as an installer leaves it who is no superuser."""
    drop_event_triggers(superuser)


def let_make_schemas(superuser: Run) -> None:
    [(database,)] = superuser("select current_database()")
    superuser(f"grant create on database {database} to owner")


def drop_event_triggers(superuser: Run) -> None:
    for [name] in superuser("select evtname from pg_event_trigger"):
        superuser(f"drop event trigger {name}")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("alter table animals add wings int", [("column", None, "wings integer")]),
        ("alter table animals drop legs", [("column", "legs integer", None)]),
        ("alter table animals rename name to title", [("column", "name text", "title text")]),
        ("alter table animals alter legs type text", [("column", "legs integer", "legs text")]),
        ("alter table animals rename to beasts", [("table", "public.animals", "public.beasts")]),
        ("alter index animals rename to beasts", [("table", "public.animals", "public.beasts")]),
        ("alter table animals set schema zoo", [("table", "public.animals", "zoo.animals")]),
        (
            "alter table animals drop legs, add wings int, alter name type varchar(9)",
            [
                ("column", "name text", "name character varying(9)"),
                ("column", "legs integer", None),
                ("column", None, "wings integer"),
            ],
        ),
        (
            "drop table animals",
            [
                ("table", "public.animals", None),
                ("column", "id integer", None),
                ("column", "name text", None),
                ("column", "legs integer", None),
            ],
        ),
    ],
)
def test_a_schema_change_is_an_event_with_who_when_and_statement(
    animals: str,
    owner: Run,
    superuser: Run,
    events: Callable[[], list[Any]],
    statement: str,
    expected: list[Any],
) -> None:
    superuser("create schema zoo authorization owner")
    owner("begin; select set_config('rowtrail.actor', 'alice', true)")
    owner(statement)
    owner("commit")
    command = " ".join(statement.split()[:2]).upper()
    assert events() == [(command, *one) for one in expected]
    assert superuser(
        "select actor, login, data ->> 'statement', changed_at > now() - interval '1 minute', "
        "row_key from rowtrail.versions where op = 'S'"
    ) == [("alice", "owner", statement, True, "")]


def test_people_read_the_schema_history_of_a_table(animals: str, owner: Run, reader: Run) -> None:
    owner("alter table animals rename legs to feet")
    owner("alter table animals rename to beasts")
    assert reader("select command, login, changes from rowtrail.schema_history('beasts')") == [
        ("ALTER TABLE", "owner", [["public.animals", "public.beasts"]]),
        ("ALTER TABLE", "owner", [["legs integer", "feet integer"]]),
    ]


def test_the_registry_knows_columns_by_their_names_of_today(
    owner: Run, superuser: Run, writer: Run
) -> None:
    owner("create table notes (id int primary key, a text, b text, c text)")
    owner("grant all on notes to writer")
    owner(
        "select rowtrail.track('notes', exclude => '{a}', hash => '{b}', ignore => '{c}', "
        "baseline => true)"
    )
    writer("insert into notes values (1, 'x', 'y', 'z')")
    for name in ("a", "b", "c", "id"):
        owner(f"alter table notes rename {name} to new_{name}")
    assert superuser(
        "select key_columns, excluded_columns, hashed_columns, ignored_columns from rowtrail.tables"
    ) == [(["new_id"], ["new_a"], ["new_b"], ["new_c"])]
    writer("update notes set new_a = 'x2', new_b = 'y2', new_c = 'z2'")
    assert superuser(DIFFERENCES, "notes") == []
    assert "x2" not in str(superuser("select v::text from rowtrail.versions as v where op <> 'S'"))


@pytest.mark.parametrize("setting", ["on", "off"])
def test_types_are_told_apart_where_backslashes_escape(superuser: Run, setting: str) -> None:
    superuser(f"set standard_conforming_strings = {setting}")
    shown = "select rowtrail.shows_alike(%s, %s, false)"
    assert superuser(shown, "integer", "text") == [(False,)]
    assert superuser(shown, "numeric(5,2)", "numeric(9,2)") == [(True,)]


def test_a_renamed_schema_is_an_event_of_its_tables(
    owner: Run, superuser: Run, events: Callable[[], list[Any]]
) -> None:
    let_make_schemas(superuser)
    owner("create schema zoo; create table zoo.cages (id int primary key)")
    owner("select rowtrail.track('zoo.cages')")
    owner("alter schema zoo rename to park")
    assert events() == [("ALTER SCHEMA", "table", "zoo.cages", "park.cages")]
    assert superuser("select schema_name, table_name from rowtrail.tables") == [("park", "cages")]


@pytest.mark.parametrize(
    "statement",
    [
        "alter table animals alter legs set not null",
        "alter table animals alter legs set default 4",
        "alter table animals add check (legs > 0)",
        "create index on animals (name)",
        "alter table animals set (fillfactor = 50)",
        "alter table animals set unlogged",
        "create table other (id int); alter table other add x int; drop table other",
        "create view v as select * from animals; drop view v",
        "grant select on animals to writer",
    ],
)
def test_what_leaves_the_columns_as_they_are_is_no_event(
    animals: str, owner: Run, events: Callable[[], list[Any]], statement: str
) -> None:
    owner(statement)
    assert events() == []


def test_a_schema_change_that_is_rolled_back_is_no_event(
    animals: str, owner: Run, events: Callable[[], list[Any]], superuser: Run
) -> None:
    owner("begin; savepoint s; alter table animals add wings int; rollback to s; commit")
    owner("begin; alter table animals drop legs; rollback")
    assert events() == []
    assert superuser("select state from rowtrail.status()") == [("tracked",)]


def test_a_role_without_any_right_on_rowtrail_changes_its_tables(
    animals: str, superuser: Run, writer: Run, events: Callable[[], list[Any]]
) -> None:
    superuser("alter table animals owner to writer; grant create on schema public to writer")
    writer("alter table animals add wings int")
    writer("create table own (id int); alter table own add x int; drop table own")
    assert events() == [("ALTER TABLE", "column", None, "wings integer")]


def test_it_is_recorded_under_session_replication_role_replica(
    animals: str, superuser: Run, events: Callable[[], list[Any]]
) -> None:
    superuser("set session_replication_role = replica")
    superuser("alter table animals add wings int")
    assert events() == [("ALTER TABLE", "column", None, "wings integer")]


def test_a_statement_that_is_longer_than_8192_characters_is_cut(
    animals: str, owner: Run, superuser: Run
) -> None:
    owner("alter table animals add wings int -- " + "x" * 20_000)
    assert superuser(
        "select length(data ->> 'statement'), data -> 'statement_length' "
        "from rowtrail.versions where op = 'S'"
    ) == [(8192, 20_037)]


def test_an_event_that_cannot_be_recorded_blocks_nothing_and_is_noticed(
    animals: str, owner: Run, superuser: Run, events: Callable[[], list[Any]]
) -> None:
    superuser(
        "create function full_disk() returns trigger language plpgsql as "
        "$$ begin raise exception 'no space left'; end $$; "
        "create trigger t before insert on rowtrail.versions for each row when (new.op = 'S') "
        "execute function full_disk()"
    )
    owner("alter table animals alter legs set statistics 10")
    owner("alter table animals rename to beasts")
    assert events() == []
    superuser("drop trigger t on rowtrail.versions")
    assert superuser("select state from rowtrail.status()") == [("schema change not recorded",)]
    [(mend,)] = superuser("select mend from rowtrail.status()")
    assert mend == "select rowtrail.track('public.beasts');"
    assert superuser("select rowtrail.note_schema_changes()") == [(1,)]
    assert superuser("select rowtrail.note_schema_changes()") == [(0,)]
    assert events() == [(None, "table", "public.animals", "public.beasts")]
    assert superuser("select data ->> 'noticed_by' from rowtrail.versions where op = 'S'") == [
        ("rowtrail.note_schema_changes()",)
    ]
    assert superuser("select state from rowtrail.status()") == [("tracked",)]


def test_a_failing_event_warns(animals: str, url: Any, superuser: Run) -> None:
    superuser(
        "create function full_disk() returns trigger language plpgsql as "
        "$$ begin raise exception 'no space left'; end $$; "
        "create trigger t before insert on rowtrail.versions for each row when (new.op = 'S') "
        "execute function full_disk()"
    )
    connection = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user="postgres", dbname=url.database
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("alter table animals add wings int")
    assert "rowtrail did not record this ALTER TABLE: no space left" in connection.notices[0]
    connection.close()


def test_a_dropped_and_remade_table_goes_on_where_it_is_tracked_again(
    animals: str, owner: Run, writer: Run, superuser: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6)")
    owner("drop table animals")
    owner("create table animals (name text, id int primary key)")
    assert superuser("select state from rowtrail.status()") == [("replaced",)]
    owner("select rowtrail.track('animals')")
    owner("insert into animals values ('asp', 1)")
    assert superuser(DIFFERENCES, "animals") == []
    assert reader("select op, data from rowtrail.history('animals', 1)") == [
        ("insert", {"id": 1, "name": "asp"}),
        ("insert", {"id": 1, "name": "ant", "legs": 6}),
    ]
    assert superuser(
        "select data ->> 'command', data ->> 'noticed_by' from rowtrail.versions "
        "where op = 'S' order by id"
    ) == [("DROP TABLE", None), (None, "rowtrail.track()")]


def test_a_table_that_is_dropped_after_its_end_has_no_rows_when_it_comes_back(
    animals: str, owner: Run, writer: Run, superuser: Run, reader: Run
) -> None:
    # As `alembic downgrade base` and `alembic upgrade head` do it.
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6)")
    owner("select rowtrail.untrack('animals')")
    [(there,)] = owner("select clock_timestamp()")
    owner("drop table animals")
    assert superuser("select state from rowtrail.status()") == [("untracked",)]
    owner("create table animals (id int primary key, name text, legs int)")
    owner("select rowtrail.track('animals')")
    assert superuser(DIFFERENCES, "animals") == []
    assert superuser("select * from rowtrail.as_of(null::animals, now())") == []
    owner("insert into animals values (1, 'asp', 0)")
    assert superuser(DIFFERENCES, "animals") == []
    assert reader("select op, data ->> 'name' from rowtrail.history('animals', 1)") == [
        ("insert", "asp"),
        ("insert", "ant"),
    ]
    then = "select count(*) from rowtrail.as_of_rows('animals', %s)"
    assert superuser(then, there) == [(2,)]
    assert superuser(
        "select data ->> 'command', data ->> 'dropped' from rowtrail.versions "
        "where op = 'S' and not data ? 'noticed_by' order by id"
    ) == [("rowtrail.untrack()", None), ("DROP TABLE", "true"), ("rowtrail.track()", None)]


CHANGES = {
    "add": "alter table animals add wings int",
    "add with constant": "alter table animals add wings numeric(4,2) default 1.5",
    "add with now()": "alter table animals add seen timestamptz default now()",
    "add an array": "alter table animals add tags text[] default '{a,b}'",
    "add json": "alter table animals add doc jsonb default '{\"a\": [1.50]}'",
    "add and drop its default": (
        "alter table animals add wings int default 2; alter table animals alter wings drop default"
    ),
    "add volatile": "alter table animals add wings float default random()",
    "add serial": "alter table animals add serial bigserial",
    "add identity": "alter table animals add serial int generated always as identity",
    "add generated": "alter table animals add twice int generated always as (legs * 2) stored",
    "drop": "alter table animals drop name",
    "drop and add again": "alter table animals drop name, add name text default 'new'",
    "rename": "alter table animals rename name to title",
    "swap names": (
        "alter table animals rename name to x; alter table animals rename legs to name; "
        "alter table animals rename x to legs"
    ),
    "rename the key": "alter table animals rename id to number",
    "widen the key": "alter table animals alter id type bigint",
    "type": "alter table animals alter legs type text",
    "type by using": "alter table animals alter legs type int using legs * 2",
    "type without rewrite": "alter table animals alter name type varchar",
    "scale": "alter table animals alter weight type numeric(10,1)",
    "time": "alter table animals alter born type timestamp",
    "add and retype": "alter table animals add wings int default 2, alter legs type bigint",
    "retype, then add": (
        "alter table animals alter legs type text; alter table animals add wings int default 2; "
        "alter table animals alter wings type text using wings || 'x'"
    ),
    "enum value": "alter type mood rename value 'sad' to 'blue'",
    "enum added": "alter type mood add value 'mad'",
    "composite": "alter type place add attribute z int",
    "composite rename": "alter type place rename attribute x to x1",
    "domain gone": "drop domain short cascade",
    "rename a type": "alter type mood rename to humour",
    "move a type": "alter type mood set schema zoo",
}
UNNOTICED = [CHANGES["swap names"], CHANGES["type by using"]]


@pytest.fixture
def zoo(superuser: Run, owner: Run, writer: Run) -> None:
    """A tracked table of many types, with three rows."""
    superuser("create schema zoo authorization owner")
    owner(
        "create type mood as enum ('sad', 'glad'); create type place as (x int, y int); "
        "create domain short as text check (length(value) < 9)"
    )
    owner(
        "create table animals (id int primary key, name text default 'nn', legs int, "
        "weight numeric, born timestamptz default now(), mood mood default 'sad', "
        "moods mood[] default '{sad,glad}', place place default '(1,2)', code short default 'c')"
    )
    owner("grant all on animals to writer; select rowtrail.track('animals')")
    writer("insert into animals values (1, 'ant', 6, 1.25), (2, 'bee', 6, 2), (3, 'cat', 4, 3.5)")
    writer("update animals set legs = 5 where id = 2")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("late", [False, True], ids=["event triggers", "none"])
def test_a_schema_change_makes_no_false_difference(
    zoo: None, owner: Run, writer: Run, superuser: Run, change: str, late: bool
) -> None:
    if late:
        if change in UNNOTICED:
            pytest.skip("what was written before it is noticed cannot be told from what was before")
        drop_event_triggers(superuser)
    key = "number" if "to number" in change else "id"
    owner(change)
    superuser("grant usage on all sequences in schema public to writer")
    assert superuser(DIFFERENCES, "animals") == []
    writer(f"update animals set {key} = 20 where {key} = 2")
    writer(f"insert into animals ({key}) values (4)")
    writer(f"delete from animals where {key} = 1")
    assert superuser(DIFFERENCES, "animals") == []
    owner("select rowtrail.track('animals')")
    assert superuser(DIFFERENCES, "animals") == []
    # Real differences are seen all the same.
    superuser("alter table animals disable trigger user")
    owner(f"update animals set {key} = 30 where {key} = 3")
    owner("update animals set weight = 9.5 where weight = 3.5")
    found = superuser("select row_key from rowtrail.differences('animals')")
    assert found == [("3",), ("30",)]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("alter body type text using body::text", "primary key"),
        ("drop body", "primary key"),
        ("drop body, add body text default 'x'", "primary key"),
        ("drop body, add body text default 'x'", ""),
    ],
)
def test_the_text_of_a_json_column_that_is_none_any_more_is_not_compared(
    make_table: MakeTable, owner: Run, writer: Run, superuser: Run, change: str, key: str
) -> None:
    make_table(f"notes (id int {key}, body json)")
    writer("""insert into notes values (1, '{"b": 1,  "a": 2}')""")
    owner(f"alter table notes {change}")
    assert superuser(DIFFERENCES, "notes") == []
    writer("update notes set id = 2")
    assert superuser(DIFFERENCES, "notes") == []


def test_columns_that_were_not_rewritten_are_still_compared(
    zoo: None, owner: Run, superuser: Run
) -> None:
    owner("alter table animals rename name to title")
    owner("alter table animals alter weight type numeric(9,3)")
    owner("alter table animals add wings int default 2")
    superuser("alter table animals disable trigger user")
    for column, value in (("title", "'x'"), ("legs", "9"), ("wings", "7")):
        owner(f"update animals set {column} = {value} where id = 1")
        assert superuser("select row_key from rowtrail.differences('animals')") == [("1",)], column
        owner("update animals set title = 'ant', legs = 6, wings = 2 where id = 1")
        assert superuser("select row_key from rowtrail.differences('animals')") == []


def test_a_baseline_after_a_rewrite_records_the_new_values(
    zoo: None, owner: Run, writer: Run, superuser: Run, reader: Run
) -> None:
    owner("call rowtrail.baseline('animals')")
    owner("alter table animals alter legs type int using legs * 2")
    writer("update animals set name = 'new' where id = 1")
    assert superuser("select op from rowtrail.versions where op = 'B'") == []
    owner("call rowtrail.baseline('animals')")
    assert superuser(
        "select row_key, data -> 'legs' from rowtrail.versions where op = 'B' order by id"
    ) == [("2", 10), ("3", 8)]
    owner("call rowtrail.baseline('animals')")
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(2,)]
    assert superuser(DIFFERENCES, "animals") == []
    superuser("alter table animals disable trigger user")
    owner("update animals set legs = 1 where id = 2")
    assert superuser("select row_key from rowtrail.differences('animals')") == [("2",)]


def test_a_row_that_goes_in_the_transaction_of_its_baseline_stays_gone(
    zoo: None, owner: Run, superuser: Run
) -> None:
    owner(
        "begin; alter table animals alter legs type int using legs * 2; "
        "select rowtrail.track('animals', baseline => true); delete from animals where id = 3; "
        "update animals set id = 11 where id = 1; commit"
    )
    assert superuser(DIFFERENCES, "animals") == []
    owner("delete from animals")
    assert superuser(DIFFERENCES, "animals") == []


def test_a_baseline_that_a_schema_change_interrupts_is_complete_and_in_order(
    owner: Run, superuser: Run
) -> None:
    owner("create table old (id int primary key, a int, b int)")
    owner("insert into old select i, i, -i from generate_series(1, 10) as i")
    owner("select rowtrail.track('old')")
    for _ in range(3):
        owner("select rowtrail.baseline_batch('old', 2)")
    owner("alter table old rename a to x; alter table old rename b to a")
    owner("alter table old rename x to b")
    owner("update old set b = 0 where id = 9")
    owner("call rowtrail.baseline('old', 2)")
    assert superuser("select op, count(*) from rowtrail.versions group by 1 order by 1") == [
        ("B", 9),
        ("S", 3),
        ("U", 1),
    ]
    assert superuser(DIFFERENCES, "old") == []
    now = "select rowtrail.image_now(table_id, id, data) from rowtrail.versions where row_key = %s"
    assert superuser(now, "1") == [({"id": 1, "b": 1, "a": -1},)]
    assert superuser(now, "8") == [({"id": 8, "b": 8, "a": -8},)]


def test_a_row_with_an_empty_key_has_its_baseline_after_a_schema_change(
    owner: Run, superuser: Run
) -> None:
    owner("create table old (id text primary key); insert into old values ('')")
    owner("select rowtrail.track('old'); alter table old add a int default 1")
    owner("call rowtrail.baseline('old')")
    assert superuser(DIFFERENCES, "old") == []
    assert superuser("select op from rowtrail.history('old', '')") == [("baseline",)]


def test_the_history_of_a_renamed_column_is_one(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    writer("update animals set legs = 7")
    owner("alter table animals rename legs to feet")
    writer("update animals set feet = 8, name = 'bee'")
    owner("alter table animals rename feet to paws; alter table animals drop name, add legs text")
    writer("update animals set legs = 'x'")
    found = reader("select changes, data from rowtrail.history('animals', 1) order by id")
    assert found == [
        (None, {"id": 1, "name": "ant", "legs": 6}),
        ({"paws": [6, 7]}, {"id": 1, "name": "ant", "legs": 7}),
        ({"paws": [7, 8], "name": ["ant", "bee"]}, {"id": 1, "name": "bee", "feet": 8}),
        ({"legs": [None, "x"]}, {"id": 1, "paws": 8, "legs": "x"}),
    ]
    assert reader(
        "select rowtrail.image_now(t.id, h.id, h.data) "
        "from rowtrail.tables as t, rowtrail.history('animals', 1) as h order by h.id"
    ) == [
        ({"id": 1, "paws": 6, "legs": None},),
        ({"id": 1, "paws": 7, "legs": None},),
        ({"id": 1, "paws": 8, "legs": None},),
        ({"id": 1, "paws": 8, "legs": "x"},),
    ]


def test_a_dropped_column_is_told_from_a_new_one_of_its_name(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6); update animals set legs = 7")
    owner("alter table animals drop legs; alter table animals add legs text")
    writer("update animals set legs = 'x'")
    assert reader("select changes from rowtrail.history('animals', 1) limit 2") == [
        ({"legs": [None, "x"]},),
        ({"legs (dropped)": [6, 7]},),
    ]


@pytest.mark.parametrize("late", [False, True], ids=["event triggers", "none"])
def test_partitions_and_children_follow_their_table(
    owner: Run, writer: Run, superuser: Run, late: bool, events: Callable[[], list[Any]]
) -> None:
    if late:
        drop_event_triggers(superuser)
    owner("create table p (id int primary key, gone int, a int) partition by range (id)")
    owner("alter table p drop gone")
    owner("create table p1 partition of p for values from (0) to (10)")
    owner("create table p2 partition of p for values from (10) to (20)")
    owner("create table base (id int primary key, a int)")
    owner("create table child (primary key (id)) inherits (base)")
    for table in ("p", "base", "child"):
        owner(f"select rowtrail.track('{table}')")
    owner("insert into p values (1, 1), (11, 2); insert into base values (1, 1)")
    owner("insert into child values (2, 2)")
    for table in ("p", "base"):
        owner(f"alter table {table} add b int default 5; alter table {table} rename a to c")
        owner(f"alter table {table} alter c type bigint using c * 3")
    for table in ("p", "base", "child"):
        assert superuser(DIFFERENCES, table) == []
    if not late:
        # One event a statement, not one a partition.
        assert len([event for event in events() if event[2:] == (None, "b integer")]) == 3
        assert len([event for event in events() if event[3] == "c bigint"]) == 3


def test_no_event_trigger_is_said_and_drift_is_noted_late(
    without_event_triggers: None,
    animals: str,
    owner: Run,
    writer: Run,
    superuser: Run,
    events: Callable[[], list[Any]],
) -> None:
    assert superuser("select rowtrail.records_schema_changes()") == [(False,)]
    writer("insert into animals values (1, 'ant', 6)")
    owner("alter table animals rename legs to feet")
    writer("insert into animals values (2, 'bee', 6)")
    assert events() == []
    assert superuser(DIFFERENCES, "animals") == []
    owner("select rowtrail.track('animals')")
    assert events() == [(None, "column", "legs integer", "feet integer")]
    assert superuser("select data ->> 'noticed_by', data ? 'statement' from rowtrail.versions "
                     "where op = 'S'") == [("rowtrail.track()", False)]  # fmt: skip
    owner("alter table animals rename to beasts")
    owner("call rowtrail.baseline('beasts')")
    assert events()[1:] == [(None, "table", "public.animals", "public.beasts")]
    assert superuser(DIFFERENCES, "beasts") == []


def test_event_triggers_are_there_and_always_on(superuser: Run) -> None:
    assert superuser("select rowtrail.records_schema_changes()") == [(True,)]
    superuser("alter event trigger rowtrail_sql_drop enable")
    assert superuser("select rowtrail.records_schema_changes()") == [(False,)]


def test_a_writer_that_waited_for_the_change_is_recorded_by_the_new_shape(
    animals: str, owner: Run, connect_as: Callable[[str], Run], superuser: Run
) -> None:
    writers = [connect_as("writer") for _ in range(2)]
    writers[0]("insert into animals values (1, 'ant', 6), (2, 'bee', 6)")
    writers[0]("prepare w as update animals set legs = legs + 1 where id = 1; execute w")
    owner("begin; alter table animals rename name to title; alter table animals add wings int")
    threads = [
        threading.Thread(target=writers[0], args=("execute w",)),
        threading.Thread(target=writers[1], args=("delete from animals where id = 2",)),
    ]
    for thread in threads:
        thread.start()
    wait_for_locks(superuser, 2)
    owner("commit")
    for thread in threads:
        thread.join()
    writers[0]("execute w")
    assert superuser(DIFFERENCES, "animals") == []
    [newest, *_] = superuser("select data from rowtrail.history('animals', 1)")
    assert newest == ({"id": 1, "title": "ant", "legs": 9, "wings": None},)
    ids = superuser(
        "select (array_agg(op order by id))[3:] from rowtrail.versions where row_key in ('', '1')"
    )
    assert ids == [(["S", "S", "U", "U"],)]


def test_writers_baselines_and_schema_changes_at_once_neither_fail_nor_part(
    owner: Run, connect_as: Callable[[str], Run], superuser: Run
) -> None:
    owner("create table t (key int primary key, n int not null default 0)")
    owner("insert into t select i from generate_series(1, 200) as i")
    owner("grant all on t to writer; select rowtrail.track('t')")
    failures: list[BaseException] = []
    ended = threading.Event()

    def again_and_again(login: str, *statements: str) -> None:
        session = connect_as(login)
        try:
            while not ended.is_set():
                for statement in statements:
                    session(statement)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=again_and_again, args=arguments)
        for arguments in (
            ("writer", "update t set n = n + 1 where key % 50 = 7", "delete from t where key = 5"),
            ("writer", "insert into t values (5) on conflict do nothing", "update t set n = 1"),
            ("owner", "call rowtrail.baseline('t', 50)"),
        )
    ]
    for thread in threads:
        thread.start()
    for round_ in range(8):
        owner(f"alter table t add c{round_} int default {round_}")
        owner(f"alter table t rename c{round_} to d{round_}")
        owner(f"begin; alter table t alter n type {('bigint', 'int')[round_ % 2]}")
        time.sleep(0.02)
        owner(f"alter table t drop d{round_}; commit" if round_ % 3 == 0 else "commit")
    ended.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert superuser(DIFFERENCES, "t") == []
    owner("call rowtrail.baseline('t')")
    assert superuser(DIFFERENCES, "t") == []
    assert superuser("select count(*) from rowtrail.versions where op = 'S'") == [(8 * 3 + 3,)]


def wait_for_locks(superuser: Run, number: int) -> None:
    for _ in range(500):
        waiting = "select count(*) from pg_locks where not granted and locktype = 'relation'"
        if superuser(waiting) == [(number,)]:
            return
        time.sleep(0.01)
    raise AssertionError("the writers do not wait")


DDL = [
    "alter table t rename {a} to {b}",
    "alter table t rename {a} to {b}",
    "alter table t add {b} int",
    "alter table t add {b} numeric(6,2) default {n}.5",
    "alter table t add {b} float default random()",
    "alter table t drop {a}",
    "alter table t drop {a}, add {a} text default 'x{n}'",
    "alter table t alter {a} type text",
    "alter table t alter {a} type bigint using {n}",
    "alter table t alter {a} type numeric(9,1) using {n}.25, add {b} int default {n}",
    "alter table t add {b} int generated always as (key + {n}) stored",
    "alter table t set schema elsewhere",
    "alter table elsewhere.t set schema public",
    "alter table t rename to u",
    "alter table u rename to t",
    "alter schema elsewhere rename to elsewhere2",
    "alter schema elsewhere2 rename to elsewhere",
    "begin; alter table t rename {a} to {b}; insert into t values ({n}); rollback",
    "begin; alter table t drop {a}; update t set key = key; alter table t add {a} int; commit",
    "truncate t",
    "select rowtrail.track('t')",
    "call rowtrail.baseline('t', 2)",
    "select rowtrail.baseline_batch('t', 3)",
]
DML = [
    "insert into {t} (key) values ({n}) on conflict do nothing",
    "insert into {t} (key) select i from generate_series({n}, {n} + 3) as i on conflict do nothing",
    "update {t} set {a} = '{n}' where key % 3 = 1",
    "update {t} set {a} = null",
    "update {t} set key = key + 100 where key = {n}",
    "delete from {t} where key = {n}",
    "insert into {t} (key, {a}) values ({n}, {n}) on conflict (key) do update set {a} = {n}",
]


@pytest.mark.parametrize("late", [False, True], ids=["event triggers", "none"])
@pytest.mark.parametrize("seed", range(4))
def test_random_schema_changes_between_random_writes_replay(
    owner: Run, superuser: Run, connect_as: Callable[[str], Run], seed: int, late: bool
) -> None:
    if late:
        drop_event_triggers(superuser)
    random_ = random.Random(seed)
    superuser("create schema elsewhere authorization owner")
    let_make_schemas(superuser)
    owner("create table t (key int primary key, a int, b text, c numeric default 1.5)")
    owner("insert into t select i, i, 'x', 1.50 from generate_series(1, 9) as i")
    owner("select rowtrail.track('t', baseline => true)")
    [(oid,)] = owner("select 't'::regclass::oid")
    place = "select %s::oid::regclass::text"
    others = [owner, connect_as("owner")]
    done = 0
    for _ in range(150):
        is_ddl = random_.random() < 0.35
        [(table,)] = owner(place, oid)
        choice = DDL if is_ddl else DML
        if late and is_ddl:
            # That a column has other values by USING shows nowhere.
            choice = [statement for statement in DDL if "bigint using" not in statement]
        statement = random_.choice(choice).format(
            t=table,
            a=random_.choice("abcdef"),
            b=random_.choice("abcdef"),
            n=random_.randint(1, 12),
        )
        session = random_.choice(others)
        try:
            session(statement)
            done += 1
        except psycopg2.Error:
            session("rollback")
        if late and is_ddl:
            superuser("select rowtrail.note_schema_changes()")
        found = superuser("select * from rowtrail.differences(%s::oid)", oid)
        assert found == [], (seed, statement)
    assert done > 60
