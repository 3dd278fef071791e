"""Promises about comparing a table with its history by steps: as much is found as at once."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from oracle import differences_by_steps

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]

TYPES = """
create domain positive as int check (value > 0);
create type mood as enum (
  'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'm13', 'm14', 'm15');
"""

#: The columns of a key, and their values in the nth row.
KEYS = {
    "a number": ("id int primary key", "n"),
    "a numeric": ("id numeric primary key", "n + 0.50"),
    "text with a collation": ('id text collate "C" primary key', "'k %\"' || n"),
    "a uuid": ("id uuid primary key", "md5(n::text)::uuid"),
    "a moment": (
        "id timestamptz primary key",
        "'2026-01-01 00:00Z'::timestamptz + n * interval '1 h'",
    ),
    "bytes": ("id bytea primary key", "decode(lpad(to_hex(n), 8, '0'), 'hex')"),
    "a range": ("id int4range primary key", "int4range(n, n + 1)"),
    "an enum": ("id mood primary key", "('m' || n)::mood"),
    "a domain": ("id positive primary key", "n"),
    "two columns": ("id bool, day date, primary key (day, id)", "n > 7, date '2026-01-01' + n"),
    "an array: at once": ("id int[] primary key", "array[n, n]"),
    "none: at once": ("id int", "n"),
}

WHOLE = "select row_key, live::text, replayed::text from rowtrail.differences('things') order by 1"


def meddle(superuser: Run, table: str, *statements: str) -> None:
    """Changes the table past the triggers."""
    superuser(f"alter table {table} disable trigger all")
    for statement in statements:
        superuser(statement)
    superuser(f"alter table {table} enable trigger all")


def steps(run: Run, table: str, most: int) -> list[Any]:
    """What the steps find, by key."""
    return sorted(differences_by_steps(run, table, most))


@pytest.mark.parametrize("most", [1, 4, 1000])
@pytest.mark.parametrize("key", KEYS)
def test_steps_find_what_differs_whatever_the_key(
    superuser: Run, owner: Run, writer: Run, reader: Run, make_table: MakeTable, key: str, most: int
) -> None:
    owner(TYPES)
    columns, values = KEYS[key]
    make_table(f"things ({columns}, n int, note text)")
    owner("grant select on things to reader")
    writer(f"insert into things select {values}, n from generate_series(1, 12) as n")
    writer("update things set note = 'changed' where n > 6")
    writer("delete from things where n = 12")
    assert steps(reader, "things", most) == []
    meddle(
        superuser,
        "things",
        "update things set note = 'meddled' where n in (2, 8)",
        "delete from things where n in (3, 9)",
        f"insert into things select {values}, n from generate_series(12, 13) as n",
    )
    found = reader(WHOLE)
    # Without a key a row that holds something else is another row.
    assert len(found) == (8 if key.startswith("none") else 6)
    assert steps(reader, "things", most) == sorted(found)


def test_steps_know_the_key_that_a_replica_identity_is(
    superuser: Run, owner: Run, writer: Run
) -> None:
    owner(
        "create table things "
        "(a int not null, b text, n text not null, unique (n) include (b), unique (n, a))"
    )
    owner("alter table things replica identity using index things_n_a_key")
    owner("grant insert on things to writer")
    owner("select rowtrail.track('things')")
    writer("insert into things select n, 'b', n from generate_series(1, 9) as n")
    meddle(superuser, "things", "update things set b = 'meddled' where a = 3")
    found = steps(superuser, "things", 4)
    assert [row[0] for row in found] == ['["3", 3]']
    assert found == superuser(WHOLE)


def test_a_row_under_another_form_of_its_key_is_found_once(
    superuser: Run, writer: Run, make_table: MakeTable
) -> None:
    make_table("things (id numeric primary key)")
    writer("insert into things values (1.0)")
    meddle(superuser, "things", "update things set id = 1.00")
    assert [row[0] for row in steps(superuser, "things", 1)] == ["1.0", "1.00"]


def test_steps_know_the_partitions(
    superuser: Run, owner: Run, writer: Run, make_table: MakeTable
) -> None:
    owner("create table things (id int primary key, note text) partition by range (id)")
    for number in range(3):
        owner(
            f"create table things_{number} partition of things "
            f"for values from ({number * 100}) to ({number * 100 + 100})"
        )
    owner("grant select, insert, update, delete on things to writer")
    owner("select rowtrail.track('things')")
    writer("insert into things select n, 'n' from generate_series(0, 299) as n")
    owner("alter table things detach partition things_2")
    assert steps(superuser, "things", 50) == []
    meddle(
        superuser,
        "things",
        "delete from things where id = 150",
        "delete from things where id = 7; insert into things values (7, 'other')",
    )
    assert [row[0] for row in steps(superuser, "things", 50)] == ["150", "7"]


def test_steps_see_hashed_and_left_out_columns_as_the_whole_does(
    superuser: Run, writer: Run, make_table: MakeTable
) -> None:
    make_table(
        "things (id int primary key, secret text, ssn text, seen int, note json)",
        exclude="{secret}",
        hash="{ssn}",
        ignore="{seen}",
    )
    writer("insert into things select n, 's', n, 0, '{\"a\": 1.0}' from generate_series(1, 5) as n")
    meddle(
        superuser,
        "things",
        "update things set secret = 'other' where id = 1",
        "update things set ssn = 'other' where id = 2",
        "update things set seen = 9 where id = 3",
        "update things set note = '{\"a\":1.0}' where id = 4",
    )
    assert [row[0] for row in steps(superuser, "things", 2)] == ["2", "4"]
    assert steps(superuser, "things", 2) == sorted(superuser(WHOLE))


def test_steps_amid_changes_find_nothing_wrong(animals: str, superuser: Run, writer: Run) -> None:
    writer("insert into animals select n from generate_series(1, 60) as n")
    place, seen = None, 0
    while True:
        found = superuser("select * from rowtrail.differences_from('animals', %s, 7)", place)
        assert [row[0] for row in found] in ([], [None])
        if not found:
            break
        place, seen = found[0][3], seen + 1
        writer("update animals set id = id + 1000 where id in (%s, %s)", seen, 61 - seen)
        writer("delete from animals where id = %s", 30 + seen)
        writer("insert into animals values (%s)", 2000 - seen)
    assert seen > 5


def test_what_is_no_place_or_no_step_is_one_line(animals: str, superuser: Run) -> None:
    for place in ("", "elsewhere", "block:x", "block:99999999999"):
        with pytest.raises(psycopg2.Error, match="is no place in a comparison"):
            superuser("select * from rowtrail.differences_from('animals', %s)", place)
    with pytest.raises(psycopg2.Error, match="it has to be 1 or more"):
        superuser("select * from rowtrail.differences_from('animals', null, 0)")
    superuser("create table loose (id int)")
    with pytest.raises(psycopg2.Error, match="is not tracked"):
        superuser("select * from rowtrail.differences_from('loose')")


def test_a_writer_may_not_compare(animals: str, writer: Run) -> None:
    with pytest.raises(psycopg2.Error, match="permission denied"):
        writer("select * from rowtrail.differences_from('animals')")
