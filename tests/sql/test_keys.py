"""A row's key, by which its history is found: of any type and length, and when it changes."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def test_a_composite_key_is_a_json_array(
    make_table: MakeTable, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("lines (amount int, number int, order_no text, primary key (order_no, number))")
    writer("""insert into lines values (5, 1, 'A"1')""")
    writer("update lines set amount = 6")
    assert [key for _, key, _, _ in versions("lines")] == ['["A\\"1", 1]'] * 2
    assert_exact("lines")


def test_a_changed_key_is_in_the_history_of_both_keys(
    animals: str, writer: Run, reader: Run, assert_exact: Exact
) -> None:
    writer("insert into animals values (1)")
    writer("update animals set id = 2")
    writer("update animals set name = 'new'")
    old_and_new = "select op, old_key, row_key from rowtrail.history('animals', %s)"
    assert reader(old_and_new, 1) == [("update", "1", "2"), ("insert", None, "1")]
    assert reader(old_and_new, 2) == [("update", None, "2"), ("update", "1", "2")]
    assert_exact("animals")


@pytest.mark.parametrize(
    "change",
    [
        "update cards set place = 3 - place",
        "update cards set place = place % 3 + 1",
        "update cards set place = place + 1",
    ],
)
def test_rows_that_swap_their_keys_in_one_statement_replay(
    make_table: MakeTable, writer: Run, assert_exact: Exact, change: str
) -> None:
    make_table("cards (place int primary key deferrable, name text)")
    writer("insert into cards values (1, 'ace'), (2, 'king')")
    writer(change)
    assert_exact("cards")
    writer("begin")
    writer(change)
    writer(change)
    writer("update cards set name = name || place")
    writer("commit")
    assert_exact("cards")


@pytest.mark.parametrize("key", ["", " ", "é", "a" * 1000, "a" * 100_000])
def test_any_text_can_be_a_key(
    make_table: MakeTable, writer: Run, reader: Run, assert_exact: Exact, key: str
) -> None:
    make_table("words (word text primary key, count int)")
    writer("insert into words values (%s, 1)", key)
    writer("update words set count = 2")
    assert reader("select op from rowtrail.history('words', %s) order by id", key) == [
        ("insert",),
        ("update",),
    ]
    assert_exact("words")


def test_a_key_whose_json_is_longer_than_an_index_takes_is_recorded(
    make_table: MakeTable, writer: Run, reader: Run, assert_exact: Exact
) -> None:
    make_table("blobs (a bytea, b text, primary key (a, b))")
    random = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(70))
    writer("insert into blobs values (%s, %s)", random, "\x01" * 300)
    writer("insert into blobs values (%s, %s)", random[:-1], "\x01" * 300)
    writer("delete from blobs where a = %s", random)
    assert_exact("blobs")


@pytest.mark.parametrize(
    ("type_name", "first", "second"),
    [
        ("float8", "0.1", "'NaN'"),
        ("bytea", "'\\x00ff'", "'\\x00'"),
        ("timestamptz", "'2026-11-24 12:00+01'", "'infinity'"),
        ("numeric", "1.50", "1.5000001"),
        ("money", "1.50", "2"),
        ("int4range", "'[1,3)'", "'[2,3)'"),
    ],
)
def test_a_key_of_any_type_finds_its_history(
    make_table: MakeTable,
    writer: Run,
    reader: Run,
    assert_exact: Exact,
    type_name: str,
    first: str,
    second: str,
) -> None:
    make_table(f"keyed (k {type_name} primary key, n int)")
    writer("set timezone = 'Asia/Kolkata'; set extra_float_digits = -5; set bytea_output = escape")
    reader("set timezone = 'America/New_York'; set bytea_output = escape")
    writer(f"insert into keyed values ({first}, 1), ({second}, 1)")
    writer("update keyed set n = 2")
    for key in (first, second):
        found = reader(f"select count(*) from rowtrail.history('keyed', {key}::{type_name})")
        assert found == [(2,)]
    assert_exact("keyed")
