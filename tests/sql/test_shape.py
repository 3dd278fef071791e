"""Tables of any shape and name, and what goes on when it changes."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def test_odd_names_of_tables_and_columns_are_recorded(
    make_table: MakeTable,
    owner: Run,
    writer: Run,
    reader: Run,
    versions: Versions,
    assert_exact: Exact,
) -> None:
    table = make_table(
        '"we""ird; drop table x;--é" ("a b" int primary key, """" text, "\\" text, "{,}" text, '
        '"NULL" text, "key" text, image text, actor text, table_id text, '
        'field text, "tg_op" text, "ctid " text)'
    )
    writer(f"insert into {table} values (1, 'a', 'b', 'c', 'd')")
    odd_values = "\"\"\"\" = 'x', \"\\\" = 'y', \"NULL\" = 'z', key = 'k', image = 'i'"
    writer(f"update {table} set {odd_values}")
    assert versions(table)[1][3] == {'"': "a", "\\": "b", "NULL": "d", "key": None, "image": None}
    assert reader("select count(*) from rowtrail.history(%s::regclass, 1)", table) == [(2,)]
    assert owner("select rowtrail.track(%s::regclass)", table)[0][0].endswith(
        "is tracked already, key a b"
    )
    assert_exact(table)


def test_renaming_anything_keeps_one_history(
    animals: str, owner: Run, writer: Run, superuser: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    owner("alter table animals rename name to title")
    writer("update animals set title = 'ape'")
    owner("alter table animals rename id to number")
    writer("update animals set legs = 2")
    owner("alter table animals rename to beasts")
    writer("update beasts set legs = 3")
    superuser("create schema zoo authorization owner")
    superuser("grant usage on schema zoo to writer, reader")
    owner("alter table beasts set schema zoo")
    writer("update zoo.beasts set title = 'asp'")
    history = reader("select op, changes from rowtrail.history('zoo.beasts', 1) order by id")
    assert history == [
        ("insert", None),
        ("update", {"title": ["ant", "ape"]}),
        ("update", {"legs": [6, 2]}),
        ("update", {"legs": [2, 3]}),
        ("update", {"title": ["ape", "asp"]}),
    ]
    assert superuser("select state from rowtrail.status()") == [("stale",)]
    owner("select rowtrail.track('zoo.beasts')")
    assert superuser("select table_name, state, key_columns from rowtrail.status()") == [
        ("zoo.beasts", "tracked", ["number"])
    ]
    assert superuser("select * from rowtrail.differences('zoo.beasts')") == []


def test_an_added_column_shows_in_the_change(
    animals: str, owner: Run, writer: Run, versions: Versions
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    owner("alter table animals add column wings int default 0, drop column legs")
    writer("update animals set wings = 2")
    assert versions("animals")[-1] == (
        "U",
        "1",
        {"id": 1, "name": "ant", "wings": 2},
        {"wings": 0},
    )


def test_a_dropped_key_column_stops_writes_with_a_clear_error(
    animals: str, owner: Run, writer: Run, superuser: Run, versions: Versions
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    owner("alter table animals drop column id, add column code text not null default 'a' unique")
    with pytest.raises(
        psycopg2.errors.NotNullViolation,
        match=r"no value in key column\(s\) id of table public.animals",
    ):
        writer("update animals set legs = 7")
    assert superuser("select legs from animals") == [(6,)]
    assert len(versions("animals")) == 1
    owner("select rowtrail.track('animals', key_columns => '{code}')")
    writer("update animals set legs = 7")
    assert versions("animals")[-1][:2] == ("U", "a")


def test_a_table_of_1600_columns_is_recorded(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    columns = ", ".join(
        f"column_with_a_long_name_so_that_arguments_are_many_{n} int" for n in range(1599)
    )
    make_table(f"wide (id int primary key, {columns})")
    writer("insert into wide values (1)")
    writer("update wide set column_with_a_long_name_so_that_arguments_are_many_1598 = 1")
    assert len(versions("wide")) == 2
    assert_exact("wide")


def test_dropped_columns_and_inherited_types_do_not_disturb(
    make_table: MakeTable, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner("create table base (a int, gone text, b text)")
    make_table("child (id int primary key) inherits (base)")
    owner("alter table base drop column gone")
    writer("insert into child (id, a, b) values (1, 2, 'x')")
    writer("update child set b = 'y'")
    writer("update child set b = 'y'")
    assert versions("child")[1] == ("U", "1", {"id": 1, "a": 2, "b": "y"}, {"b": "x"})
    assert len(versions("child")) == 2
    assert_exact("child")
