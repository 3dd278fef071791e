"""Undo: the SQL that puts something back, run as a person would run it."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]
Patch = Callable[..., str]
Rows = Callable[[str], list[Any]]


@pytest.fixture
def patch(reader: Run) -> Patch:
    """What rowtrail.undo_sql() writes for a reader of history who may not touch the tables."""

    def patch(arguments: str, *parameters: Any) -> str:
        lines = reader(f"select rowtrail.undo_sql({arguments})", *parameters)
        return "\n".join(line for (line,) in lines)

    return patch


@pytest.fixture
def conflicts(reader: Run) -> Callable[..., list[Any]]:
    """What the patch leaves as it is: table, key, column, problem."""

    def conflicts(arguments: str, *parameters: Any) -> list[Any]:
        return reader(
            "select table_name, row_key, column_name, problem "
            f"from rowtrail.undo_conflicts({arguments})",
            *parameters,
        )

    return conflicts


@pytest.fixture
def rows(superuser: Run) -> Rows:
    """The rows of a table, as text."""

    def rows(table: str) -> list[Any]:
        return superuser(f"select t::text from {table} as t order by 1")

    return rows


@pytest.fixture
def transaction(superuser: Run) -> Callable[[Run, str], str]:
    """Runs statements in one transaction; gives its name as the pages have it."""

    def transaction(run: Run, statements: str) -> str:
        run("begin")
        run(statements)
        run("commit")
        [(name,)] = superuser(
            "select format('%s-%s', era, xid) from rowtrail.versions "
            "order by changed_at desc, id desc limit 1"
        )
        return str(name)

    return transaction


def refused(run: Run, script: str, match: str) -> None:
    """Checks that the script stops, and that nothing of it stays."""
    with pytest.raises(psycopg2.Error, match=match):
        run(script)
    run("rollback")


def test_a_transaction_is_put_back(
    animals: str, writer: Run, patch: Patch, rows: Rows, transaction: Any, superuser: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4), (3, 'emu', 2)")
    before = rows("animals")
    name = transaction(
        writer,
        "update animals set legs = 3 where id = 1; delete from animals where id = 2; "
        "insert into animals values (4, 'ant', 6); update animals set id = 30 where id = 3",
    )
    after = rows("animals")
    script = patch("transaction => %s", name)
    assert rows("animals") == after
    writer(script)
    assert rows("animals") == before
    assert superuser("select * from rowtrail.differences('animals')") == []
    [(actor, reason, undone)] = superuser(
        "select actor, context ->> 'reason', format('%s-%s', era, xid) "
        "from rowtrail.versions order by id desc limit 1"
    )
    assert (actor, reason) == ("writer", f"undo of transaction {name}")
    writer(patch("transaction => %s", undone))
    assert rows("animals") == after


def test_running_it_twice_changes_nothing(
    animals: str, writer: Run, patch: Patch, rows: Rows, transaction: Any
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    for statements in (
        "update animals set legs = 3 where id = 1",
        "delete from animals where id = 2",
        "insert into animals values (3)",
    ):
        script = patch("transaction => %s", transaction(writer, statements))
        writer(script)
        before = rows("animals")
        refused(writer, script, r"undo stopped: public\.animals, key \d, ")
        assert rows("animals") == before


def test_only_what_was_changed_goes_back(
    animals: str, writer: Run, patch: Patch, conflicts: Any, rows: Rows, transaction: Any
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    name = transaction(writer, "update animals set legs = 3")
    writer("update animals set name = 'lynx' where id = 1")
    assert conflicts("transaction => %s", name) == []
    writer(patch("transaction => %s", name))
    assert rows("animals") == [("(1,lynx,4)",), ("(2,dog,4)",)]


def test_what_was_changed_since_is_reported_and_stays(
    animals: str, writer: Run, patch: Patch, conflicts: Any, rows: Rows, transaction: Any
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4), (3, 'emu', 2), (5, 'cow', 4)")
    name = transaction(
        writer,
        "update animals set name = 'x', legs = 3; insert into animals values (4, 'ant', 6); "
        "delete from animals where id = 5",
    )
    writer("update animals set legs = 5 where id = 1")
    writer("delete from animals where id = 2")
    writer("update animals set legs = 8 where id = 4")
    writer("insert into animals values (5, 'other', 1)")
    assert sorted(conflicts("transaction => %s", name), key=str) == [
        ("public.animals", "1", "legs", "changed since"),
        ("public.animals", "2", None, "the row was deleted since"),
        ("public.animals", "4", None, "the row was changed since"),
        ("public.animals", "5", None, "another row has the key now"),
    ]
    script = patch("transaction => %s", name)
    assert script.count("-- NOT PUT BACK:") == 4
    writer(script)
    assert rows("animals") == [("(1,cat,5)",), ("(3,emu,2)",), ("(4,ant,8)",), ("(5,other,1)",)]


@pytest.mark.parametrize(
    "meanwhile",
    [
        "update animals set legs = 9 where id = 1",
        "delete from animals where id = 1",
        "update animals set id = 9 where id = 1",
        "insert into animals values (2, 'new', 1)",
        "update animals set name = 'new' where id = 3",
    ],
)
def test_a_change_after_the_patch_was_made_stops_it(
    animals: str, writer: Run, patch: Patch, rows: Rows, transaction: Any, meanwhile: str
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    script = patch(
        "transaction => %s",
        transaction(
            writer,
            "update animals set legs = 3 where id = 1; delete from animals where id = 2; "
            "insert into animals values (3, 'emu', 2)",
        ),
    )
    writer(meanwhile)
    before = rows("animals")
    refused(writer, script, "undo stopped: public.animals, key")
    assert rows("animals") == before


def test_parents_come_back_before_their_children(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("regions (id int primary key)")
    make_table("towns (id int primary key, region int references regions on delete cascade)")
    make_table("houses (id int primary key, town int not null references towns on delete cascade)")
    owner("insert into regions values (1), (2)")
    owner("insert into towns values (1, 1), (2, 1), (3, 2)")
    owner("insert into houses values (1, 1), (2, 2), (3, 3)")
    before = [rows(table) for table in ("regions", "towns", "houses")]
    name = transaction(owner, "delete from regions where id = 1")
    assert rows("houses") == [("(3,3)",)]
    owner(patch("transaction => %s", name))
    assert [rows(table) for table in ("regions", "towns", "houses")] == before
    added = transaction(
        owner,
        "insert into regions values (7); insert into towns values (7, 7); "
        "insert into houses values (7, 7); update houses set town = 7 where id = 1",
    )
    owner(patch("transaction => %s", added))
    assert [rows(table) for table in ("regions", "towns", "houses")] == before


def test_a_child_that_refers_again_waits_for_its_parent(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("towns (id int primary key)")
    make_table("houses (id int primary key, town int references towns on delete set null)")
    owner("insert into towns values (1); insert into houses values (1, 1), (2, 1)")
    name = transaction(owner, "delete from towns")
    assert rows("houses") == [("(1,)",), ("(2,)",)]
    owner(patch("transaction => %s", name))
    assert (rows("towns"), rows("houses")) == ([("(1)",)], [("(1,1)",), ("(2,1)",)])


def test_rows_that_refer_to_rows_of_their_table_come_back_in_order(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("people (id int primary key, boss int references people on delete cascade)")
    added = transaction(owner, "insert into people values (5, 4), (3, 4), (4, 9), (9, 9)")
    before = rows("people")
    removed = transaction(owner, "delete from people")
    owner(patch("transaction => %s", removed))
    assert rows("people") == before
    again = patch("transaction => %s", added)
    # The rows are others now: they were deleted, and came back.
    assert "there is nothing to put back" in again.lower()
    name = transaction(owner, "insert into people values (12, 11), (11, 10), (10, 10)")
    owner(patch("transaction => %s", name))
    assert rows("people") == before


def test_children_that_came_since_keep_their_parent(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("towns (id int primary key)")
    make_table("houses (id int primary key, town int references towns on delete cascade)")
    name = transaction(owner, "insert into towns values (1)")
    owner("insert into houses values (1, 1)")
    refused(
        owner,
        patch("transaction => %s", name),
        r"undo stopped: public\.towns, key 1, has rows in public\.houses now",
    )
    assert (rows("towns"), rows("houses")) == ([("(1)",)], [("(1,1)",)])


def test_keys_that_were_changed_or_swapped_go_back(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("seats (id int primary key deferrable initially immediate, who text)")
    owner("insert into seats values (1, 'a'), (2, 'b'), (3, 'c')")
    before = rows("seats")
    swapped = transaction(owner, "update seats set id = 3 - id where id < 3")
    assert rows("seats") != before
    owner(patch("transaction => %s", swapped))
    assert rows("seats") == before
    shifted = transaction(owner, "update seats set id = id + 1")
    owner("update seats set who = 'B' where who = 'b'")
    owner(patch("transaction => %s", shifted))
    assert rows("seats") == [("(1,a)",), ("(2,B)",), ("(3,c)",)]


def test_a_key_that_cascades_to_children_goes_back_with_them(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("towns (id int primary key)")
    make_table(
        "houses (town int references towns on update cascade, nr int, primary key (town, nr))"
    )
    owner("insert into towns values (1), (5); insert into houses values (1, 1), (1, 2), (5, 1)")
    before = rows("houses")
    name = transaction(owner, "update towns set id = 2 where id = 1")
    assert rows("houses") != before
    owner(patch("transaction => %s", name))
    assert rows("houses") == before


def test_a_row_that_was_deleted_and_came_again_is_updated(
    animals: str, writer: Run, patch: Patch, rows: Rows, transaction: Any
) -> None:
    writer("insert into animals values (1, 'cat', 4)")
    name = transaction(writer, "delete from animals; insert into animals values (1, 'rat', 4)")
    script = patch("transaction => %s", name)
    assert "set name = 'cat'" in script
    assert "delete from" not in script
    writer(script)
    assert rows("animals") == [("(1,cat,4)",)]


def test_several_changes_of_a_row_are_one(
    animals: str, writer: Run, patch: Patch, rows: Rows, transaction: Any
) -> None:
    writer("insert into animals values (1, 'cat', 4)")
    name = transaction(
        writer,
        "update animals set legs = 3; update animals set name = 'dog', legs = 2; "
        "insert into animals values (2, 'x', 1); update animals set legs = 7 where id = 2; "
        "insert into animals values (3, 'y', 1); delete from animals where id = 3",
    )
    script = patch("transaction => %s", name)
    assert script.count("do $undo$") == 2
    writer(script)
    assert rows("animals") == [("(1,cat,4)",)]


def test_what_was_there_before_the_table_was_made_anew_is_not_in_the_way(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    for table in ("notes (body text)", "animals (id int primary key)"):
        name = make_table(table)
        owner(f"insert into {name} values (1)")
        owner(f"drop table {name}")
        make_table(table)
        owner(f"insert into {name} values (1)")
        before = rows(name)
        owner(patch("transaction => %s", transaction(owner, f"delete from {name}")))
        assert rows(name) == before
        owner(patch("transaction => %s", transaction(owner, f"truncate {name}")))
        assert rows(name) == before


@pytest.mark.parametrize("options", [{}, {"truncate_rows": "true"}])
def test_a_truncate_is_put_back(
    make_table: MakeTable,
    writer: Run,
    patch: Patch,
    rows: Rows,
    transaction: Any,
    options: dict[str, str],
) -> None:
    make_table("animals (id int primary key, name text)", **options)
    writer("insert into animals values (1, 'old')")
    writer("truncate animals")
    writer("insert into animals values (1, 'cat'), (2, 'dog'), (3, 'emu'), (4, 'ant')")
    writer("update animals set name = 'Cat' where id = 1; delete from animals where id = 3")
    writer("update animals set id = 20 where id = 2")
    before = rows("animals")
    name = transaction(writer, "truncate animals")
    writer(patch("transaction => %s", name))
    assert rows("animals") == before


def test_a_truncate_does_not_put_back_what_its_own_transaction_wrote(
    make_table: MakeTable, writer: Run, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("animals (id int primary key, name text)")
    writer("insert into animals values (1, 'cat'), (2, 'dog'), (3, 'emu')")
    before = rows("animals")
    name = transaction(
        writer,
        "insert into animals values (4, 'ant'); update animals set name = 'x' where id = 1; "
        "update animals set id = 5 where id = 2; delete from animals where id = 3; "
        "truncate animals",
    )
    writer(patch("transaction => %s", name))
    assert rows("animals") == before


def test_a_row_goes_back_to_a_version_or_a_moment(
    animals: str, writer: Run, patch: Patch, rows: Rows, superuser: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    [(version, moment)] = superuser(
        "select id, changed_at from rowtrail.versions where row_key = '1'"
    )
    writer("update animals set name = 'x'; update animals set id = 7 where id = 1")
    writer("update animals set legs = 0; delete from animals where id = 7")
    for arguments in (
        f"'animals', '1', to_version => {version}",
        f"'animals', 1, to_moment => '{moment}'",
        f"of_table => 'animals', key => '1', to_moment => '{moment}'",
    ):
        writer(patch(arguments))
        assert rows("animals") == [("(1,cat,4)",), ("(2,x,0)",)]
        writer("truncate animals; insert into animals values (2, 'x', 0)")
    [(later,)] = superuser("select clock_timestamp()")
    writer("insert into animals values (1, 'new', 1)")
    writer(patch("'animals', 1, to_moment => %s", later))
    assert rows("animals") == [("(2,x,0)",)]


def test_one_version_goes_back(
    animals: str, writer: Run, patch: Patch, conflicts: Any, rows: Rows, superuser: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4)")
    writer("update animals set name = 'dog'")
    writer("update animals set legs = 3")
    [(first,), (second,), _] = superuser("select id from rowtrail.versions order by id")
    assert conflicts("version => %s", first) == [
        ("public.animals", "1", None, "the row was changed since")
    ]
    writer(patch("version => %s", second))
    assert rows("animals") == [("(1,cat,3)",)]


def test_what_an_actor_did_goes_back(
    animals: str, writer: Run, patch: Patch, conflicts: Any, rows: Rows
) -> None:
    def as_actor(actor: str, statement: str) -> None:
        writer(f"begin; select set_config('rowtrail.actor', '{actor}', true); {statement}; commit")

    as_actor("alice", "insert into animals values (1, 'cat', 4), (2, 'dog', 4), (3, 'emu', 2)")
    as_actor("mallory", "update animals set legs = 0 where id < 3")
    as_actor("alice", "update animals set name = 'Cat' where id = 1")
    as_actor("mallory", "update animals set legs = 1, name = 'x' where id = 1")
    as_actor("alice", "update animals set legs = 5 where id = 2")
    as_actor("mallory", "delete from animals where id = 3")
    call = "actor => 'mallory', since => now() - interval '1 hour', of_table => 'animals'"
    assert conflicts(call) == [("public.animals", "2", "legs", "changed since")]
    writer(patch(call))
    assert rows("animals") == [("(1,Cat,4)",), ("(2,dog,5)",), ("(3,emu,2)",)]


def test_a_move_between_partitions_goes_back(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    owner(
        "create table parted (id int, place int, note text, primary key (id, place)) "
        "partition by list (place)"
    )
    owner("create table parted_1 partition of parted for values in (1)")
    owner("create table parted_2 partition of parted for values in (2)")
    owner("select rowtrail.track('parted')")
    owner("insert into parted values (1, 1, 'a'), (2, 2, 'b')")
    before = rows("parted")
    name = transaction(owner, "update parted set place = 2, note = 'moved' where id = 1")
    script = patch("transaction => %s", name)
    assert "insert into" not in script
    owner(script)
    assert (rows("parted"), rows("parted_1")) == (before, [("(1,1,a)",)])


def test_rows_without_a_key_go_back_as_often_as_they_were(
    make_table: MakeTable, writer: Run, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table("notes (body text, nr int)")
    writer("insert into notes values ('a', 1), ('a', 1), ('b', 2), ('c', 3)")
    before = rows("notes")
    name = transaction(
        writer,
        "delete from notes where body = 'a'; update notes set nr = 9 where body = 'b'; "
        "insert into notes values ('c', 3), ('d', null)",
    )
    script = patch("transaction => %s", name)
    writer(script)
    assert rows("notes") == before
    refused(writer, script, "undo stopped: public.notes")
    assert rows("notes") == before


def test_columns_go_back_by_their_names_of_today(
    owner: Run, animals: str, patch: Patch, conflicts: Any, rows: Rows, transaction: Any
) -> None:
    owner("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    name = transaction(
        owner,
        "update animals set name = 'x', legs = 0 where id = 1; delete from animals where id = 2",
    )
    owner("alter table animals rename name to title; alter table animals drop legs")
    owner("alter table animals add fresh int default 7; alter table animals rename to beasts")
    assert conflicts("transaction => %s", name)[0][2:] == (
        "legs",
        "the column is gone, or its values of then are not known in its type of today",
    )
    owner(patch("transaction => %s", name))
    assert rows("beasts") == [("(1,cat,7)",), ("(2,dog,7)",)]


def test_identities_and_generated_columns_come_back(
    owner: Run, make_table: MakeTable, patch: Patch, rows: Rows, transaction: Any
) -> None:
    make_table(
        "orders (id int generated always as identity primary key, net numeric, "
        "gross numeric generated always as (net * 1.2) stored)"
    )
    owner("insert into orders (net) values (1.50), (2)")
    before = rows("orders")
    name = transaction(owner, "delete from orders; insert into orders (net) values (7)")
    owner(patch("transaction => %s", name))
    assert rows("orders") == before
    name = transaction(owner, "update orders set net = 1.5 where id = 1")
    owner(patch("transaction => %s", name))
    assert rows("orders") == before


def test_what_is_not_in_the_history_is_said(
    make_table: MakeTable, writer: Run, patch: Patch, conflicts: Any, rows: Rows, transaction: Any
) -> None:
    make_table(
        "users (id int primary key, name text, password text, ssn text)",
        exclude="{password}",
        hash="{ssn}",
    )
    writer("insert into users values (1, 'a', 'secret', '123'), (2, 'b', 'hidden', '456')")
    name = transaction(
        writer,
        "update users set name = 'x', password = 'y', ssn = '9' where id = 1; "
        "delete from users where id = 2",
    )
    assert sorted(conflicts("transaction => %s", name)) == [
        ("public.users", "1", "ssn", "only a hash of the value was kept"),
        ("public.users", "2", "ssn", "only a hash of the value was kept"),
    ]
    script = patch("transaction => %s", name)
    assert "not in the history, and so not put back: password, ssn" in script
    assert "sha256" not in script.replace("it holds", "")
    writer(script)
    assert rows("users") == [("(1,a,y,9)",), ("(2,b,,)",)]


HOSTILE = 'we"ird; drop'
NASTY = (
    "a'b\"c\\d $undo$ $undo_$ %s %I :name :'x' \n-- drop table t;\n\\! id\r\n*/ /* <script>\u202e"
)


def test_names_and_values_are_only_ever_names_and_values(
    owner: Run, superuser: Run, reader: Run, patch: Patch, transaction: Any
) -> None:
    table, column = '"sche""ma"."we""ird; drop"', '"co$undo$l""; -- "'
    superuser('create schema "sche""ma" authorization owner')
    owner(f'create table {table} ("ke\ny" text primary key, {column} text, hit int)')
    owner('grant usage on schema "sche""ma" to rowtrail_owner, rowtrail_capture')
    owner("select rowtrail.track(%s::regclass)", table)
    owner(f"insert into {table} values (%s, %s, 1), ('k', 'v', 1)", NASTY, NASTY)
    before = superuser(f"select * from {table} order by 2")
    owner("begin")
    owner(
        "select set_config('rowtrail.actor', %s, true), set_config('rowtrail.context', %s, true)",
        NASTY,
        NASTY,
    )
    owner(
        f"update {table} set {column} = 'x' || {column}, hit = 2; delete from {table} where hit = 2"
    )
    owner("commit")
    [(name,)] = superuser(
        "select max(format('%s-%s', era, xid)) from rowtrail.versions where op = 'D'"
    )
    script = patch("transaction => %s", name)
    assert "\u202e" not in script
    assert "\n\\!" not in script
    for setting in ("on", "off"):
        owner(f"set standard_conforming_strings = {setting}; set escape_string_warning = off")
        owner(script)
        assert superuser(f"select * from {table} order by 2") == before
        owner(f"delete from {table}")
        owner("set standard_conforming_strings = on")


VALUES = {
    "numeric": ["1.50", "1.5", "'NaN'", "'-Infinity'", "12345678901234567890.000"],
    "numeric(6,2)": ["1", "1.25"],
    "float8": ["0.1", "'NaN'", "'Infinity'", "1e300"],
    "bigint": ["9223372036854775807", "-5"],
    "money": ["'-1234.56'", "12"],
    "timestamptz": ["'2026-01-01 12:00:00.123456+05'", "'infinity'", "'0044-03-15 BC'"],
    "timestamp": ["'2026-01-01 12:00'", "'-infinity'"],
    "date": ["'2026-01-01'", "'infinity'"],
    "time": ["'12:00:00.5'", "'24:00'"],
    "timetz": ["'12:00+02'", "'13:00-05'"],
    "interval": ["'1 mon -2 days 03:04:05.6'", "'-1 year'"],
    "bytea": ["'\\x00ff5c27'", "''"],
    "text": ["''", "'a\\b''c'", "E'new\\nline'", "repeat('long', 300000)"],
    "char(5)": ["'a'", "'ab'"],
    "boolean": ["true", "false"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"],
    "jsonb": ['\'{"a": 1.50, "b": [null]}\'', "'\"text\"'", "'[]'"],
    "json": ['\'{"b": 1,  "a": 2, "a": 3}\'', "'{\"a\": 2}'", "'[1]'"],
    "xml": ["'<a>1</a>'", "'<b/>'"],
    "inet": ["'10.0.0.1/8'", "'::1'"],
    "bit(3)": ["'101'", "'000'"],
    "point": ["'(1,2)'", "'(0.1,2)'"],
    "tsvector": ["'a:1 b:2'", "'c'"],
    "int4range": ["'[1,5)'", "'empty'"],
    "tstzrange": ["'[2026-01-01 00:00Z,)'", "'(,)'"],
    "int8multirange": ["'{[1,3),[5,7)}'", "'{}'"],
    "integer[]": ["'{}'", "'{1,NULL}'", "'{{1},{2}}'"],
    "text[]": ["array['a,b', '\"', 'NULL', null, '', 'x\\y']", "'{}'"],
    "bytea[]": ["array['\\x00ff'::bytea]", "'{}'"],
    "timestamptz[]": ["array['2026-01-01 12:00+05'::timestamptz, 'infinity']", "'{}'"],
    "numeric[]": ["'{1.0,1.00,NaN}'", "'{1.00,1.0,NaN}'"],
    "mood": ["'so''so'", "'fine'"],
    "mood[]": ["array['fine'::mood]", "'{}'"],
    "pair": ["row(1.0, 'x')", "row(null, null)", "row(1.00, '\"(),\\')"],
    "pair[]": ["array[row(1.0, 'x'), null]::pair[]", "'{}'"],
    "short": ["'abc'", "'d'"],
    "regclass": ["'pg_class'", "'public.odd'"],
    "name": ["'a'", "'b'"],
    '"char"': ["'a'", "'b'"],
}


@pytest.mark.parametrize("type_", VALUES)
def test_a_value_comes_back_exactly(
    owner: Run,
    connect_as: Callable[[str], Run],
    patch: Patch,
    superuser: Run,
    transaction: Any,
    type_: str,
) -> None:
    if type_ in ("mood", "mood[]", "pair", "pair[]", "short"):
        owner("create type mood as enum ('so''so', 'fine')")
        owner("create type pair as (a numeric, b text)")
        owner("create domain short as text check (length(value) < 5)")
    if type_ == "regclass":
        owner("create table odd ()")
    owner(f'create table typed (id int primary key, v {type_}, "other" {type_} default null)')
    owner("select rowtrail.track('typed')")
    values = VALUES[type_]
    for number, value in enumerate([*values, "null"]):
        try:
            owner(f"insert into typed values ({number}, {value})")
        except psycopg2.errors.FeatureNotSupported as error:
            pytest.skip(f"this server has no {type_}: {error}")
    call = "select id, v::text, v is null from typed order by id"
    before = superuser(call)
    owner("set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'")
    owner("set timezone = 'Asia/Tokyo'; set extra_float_digits = -10")
    for statements in (
        "delete from typed",
        *(f"update typed set v = {value}" for value in [*values, "null"]),
    ):
        name = transaction(owner, statements)
        # In the session of somebody whose settings are others than those of the reader.
        owner(patch("transaction => %s", name))
        assert superuser(call) == before, statements
    assert superuser("select * from rowtrail.differences('typed')") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "say what is to be undone, and one thing only"),
        ("version => 1, transaction => '1-1'", "one thing only"),
        ("transaction => 'x; drop'", "a transaction is named by era and number"),
        ("transaction => '1-999999'", "the transaction 1-999999 changed no row"),
        ("version => 7", "there is no version 7"),
        ("'animals', '1'", "a row is put back by its table, its key, and a version or a moment"),
        ("'animals', '1', to_version => 7", r"public\.animals has no version 7 of a row '1'"),
        ("actor => 'a'", "say since when"),
        ("since => now()", "say whose changes"),
        ("actor => 'a', since => now()", "the history has no such change"),
        ("'pg_class', '1', to_version => 1", "has no history"),
    ],
)
def test_what_is_wrong_with_the_call_is_said(
    animals: str, patch: Patch, arguments: str, said: str
) -> None:
    with pytest.raises(psycopg2.Error, match=said):
        patch(arguments)


def test_who_may_not_read_history_gets_no_patch(animals: str, writer: Run, owner: Run) -> None:
    writer("insert into animals values (1)")
    for run in (writer, owner):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run("select rowtrail.undo_sql(transaction => '1-1')")
