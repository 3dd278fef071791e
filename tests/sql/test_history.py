"""Reading a row's history in psql."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]


def test_the_history_is_newest_first_with_old_and_new(
    animals: str, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 8), (2, 'bee', 6)")
    writer("select set_config('rowtrail.actor', 'alice', false)")
    writer("update animals set legs = 6 where id = 1")
    writer("delete from animals where id = 1")
    found = reader(
        "select op, actor, login, changes, data ->> 'legs' from rowtrail.history('animals', 1)"
    )
    assert found == [
        ("delete", "alice", "writer", None, "6"),
        ("update", "alice", "writer", {"legs": [8, 6]}, "6"),
        ("insert", None, "writer", None, "8"),
    ]


@pytest.mark.parametrize(
    "key", ["'[42,1]'", "'[42, 1]'", "'[42,1]'::jsonb", "jsonb_build_array(42, 1)"]
)
def test_a_composite_key_is_given_as_json(
    make_table: MakeTable, writer: Run, reader: Run, key: str
) -> None:
    make_table("lines (a int, b int, primary key (a, b))")
    writer("insert into lines values (42, 1)")
    assert len(reader(f"select * from rowtrail.history('lines', {key})")) == 1


def test_a_composite_key_that_is_no_json_is_refused(make_table: MakeTable, reader: Run) -> None:
    make_table("lines (a int, b int, primary key (a, b))")
    with pytest.raises(
        psycopg2.Error, match="a row of this table is named by a JSON array of a, b, not by 42,1"
    ):
        reader("select * from rowtrail.history('lines', '42,1')")


def test_the_history_of_a_dropped_table_is_read_by_its_number(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant')")
    owner("drop table animals")
    [(number,)] = reader("select table_id from rowtrail.status()")
    assert len(reader("select * from rowtrail.row_history(%s, '1')", number)) == 1


def test_the_live_table_and_its_versions_are_compared(
    animals: str, owner: Run, writer: Run, superuser: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6), (3, 'cat', 4)")
    superuser('alter table animals disable trigger "!rowtrail_capture"')
    owner("update animals set legs = 7 where id = 1")
    owner("delete from animals where id = 2")
    owner("insert into animals values (4)")
    found = superuser(
        "select row_key, live ->> 'legs', replayed ->> 'legs' from rowtrail.differences('animals')"
    )
    assert found == [("1", "7", "6"), ("2", None, "6"), ("4", None, None)]


def test_a_table_that_is_not_tracked_cannot_be_compared(owner: Run, superuser: Run) -> None:
    owner("create table other (id int primary key)")
    with pytest.raises(psycopg2.Error, match=r"public\.other is not tracked"):
        superuser("select * from rowtrail.differences('other')")


def test_rows_from_before_tracking_replay_once_they_change(owner: Run, superuser: Run) -> None:
    owner("create table old (id int primary key, n int)")
    owner("insert into old values (1, 0), (2, 0), (3, 0), (4, 0)")
    owner("select rowtrail.track('old')")
    owner("update old set n = 1 where id = 1")
    owner("begin; delete from old where id = 2; insert into old values (2, 5); commit")
    owner("update old set id = 30 where id = 3")
    owner("update old set id = 3 where id = 30")
    assert superuser("select row_key from rowtrail.differences('old')") == [("4",)]
    owner("delete from old")
    assert superuser("select row_key from rowtrail.differences('old')") == []


def test_a_table_that_was_never_tracked_has_no_history_and_says_so(
    owner: Run, superuser: Run
) -> None:
    owner("create table strange (id int primary key)")
    for key in ("1", "'1'"):
        with pytest.raises(psycopg2.Error, match=r"public\.strange has no history: it was never"):
            superuser(f"select * from rowtrail.history('strange', {key})")


@pytest.mark.parametrize("column", ["t", "r", "l", "p", "n", "k", "live", "image", "page", "key"])
def test_any_name_of_a_column_is_compared(owner: Run, superuser: Run, column: str) -> None:
    owner(f"create table names (id int primary key, {column} jsonb)")
    owner("insert into names values (1, '{\"a\": 1}')")
    owner("select rowtrail.track('names', baseline => true)")
    owner(f"insert into names values (2, '[1]'); update names set {column} = '2'")
    assert superuser("select * from rowtrail.differences('names')") == []
