"""How tables and rows were."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]


def now(run: Run) -> Any:
    """The time by the server's clock."""
    [(moment,)] = run("select clock_timestamp()")
    return moment


def test_a_table_is_read_as_it_was(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1, 'ant', 8), (2, 'bee', 6), (3, 'cat', 4)")
    first = now(reader)
    writer("update animals set legs = 6 where id = 1")
    writer("delete from animals where id = 2")
    writer("update animals set id = 30 where id = 3")
    second = now(reader)
    writer("truncate animals")
    writer("insert into animals values (2, 'bat', 2)")

    def at(moment: object) -> list[Any]:
        return reader("select * from rowtrail.as_of(null::animals, %s) order by id", moment)

    assert at(first) == [(1, "ant", 8), (2, "bee", 6), (3, "cat", 4)]
    assert at(second) == [(1, "ant", 6), (30, "cat", 4)]
    assert at(now(reader)) == [(2, "bat", 2)]
    assert at("2001-01-01") == []
