"""Sessions of the people around a tracked table, and the oracle that checks its history.

A session is a function that runs one statement and gives its rows: `writer("delete from animals")`.
Each statement commits, unless it is between `begin` and `commit`.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL, Engine

Run = Callable[..., list[Any]]


@pytest.fixture
def connect_as(url: URL) -> Iterator[Callable[[str], Run]]:
    """Opens one more session of a login."""
    opened = []

    def connect(login: str) -> Run:
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user=login, dbname=url.database
        )
        connection.autocommit = True
        opened.append(connection)

        def run(statement: str, *parameters: Any) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return list(cursor.fetchall()) if cursor.description else []

        return run

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def superuser(connect_as: Callable[[str], Run]) -> Run:
    """A session that may see everything, for assertions only."""
    return connect_as("postgres")


@pytest.fixture
def logins(make_login: Callable[..., Engine], superuser: Run) -> None:
    """The owner of tables, who may track them; the writer, who has no right on rowtrail."""
    make_login("owner")
    make_login("writer")
    make_login("reader", member_of="rowtrail_reader")
    superuser("grant create, usage on schema public to owner")
    superuser("grant usage on schema rowtrail to owner")


@pytest.fixture
def owner(logins: None, connect_as: Callable[[str], Run]) -> Run:
    """A session of the tables' owner, who is no superuser."""
    return connect_as("owner")


@pytest.fixture
def writer(logins: None, connect_as: Callable[[str], Run]) -> Run:
    """A session of a login that may write the tables and has no right on schema rowtrail."""
    return connect_as("writer")


@pytest.fixture
def reader(logins: None, connect_as: Callable[[str], Run]) -> Run:
    """A session of a member of rowtrail_reader."""
    return connect_as("reader")


@pytest.fixture
def make_table(owner: Run) -> Callable[..., str]:
    """Makes a table as its owner, lets the writer write it, and tracks it."""

    def make(definition: str, **options: str) -> str:
        """`make("animals (id int primary key)", exclude="{secret}")`."""
        owner(f"create table {definition}")
        name = definition[: definition.index(" (")]
        owner(f"grant select, insert, update, delete, truncate on {name} to writer")
        arguments = "".join(f", {option} => '{value}'" for option, value in options.items())
        owner(f"select rowtrail.track($name${name}$name$::regclass{arguments})")
        return name

    return make


@pytest.fixture
def animals(make_table: Callable[..., str]) -> str:
    """The table most promises are tried on."""
    return make_table("animals (id int primary key, name text, legs int)")


@pytest.fixture
def versions(superuser: Run) -> Callable[[str], list[Any]]:
    """What is recorded of a table, in order: op, key, data, old."""

    def versions(table: str) -> list[Any]:
        return superuser(
            "select v.op, v.row_key, v.data, v.old from rowtrail.versions as v "
            "join rowtrail.tables as t on t.id = v.table_id where t.relid = %s::regclass "
            "order by v.id",
            table,
        )

    return versions


@pytest.fixture
def assert_exact(superuser: Run) -> Callable[..., None]:
    """Checks that each row's versions are a chain that ends in the live row.

    Each version's data without its changes is the data of the version before, and what the
    versions leave is what the table holds. Where rows were there before tracking began, the first
    version of a row may be any.
    """

    def check(*tables: str, rows_before: bool = False) -> None:
        for table in tables:
            assert superuser("select * from rowtrail.differences(%s::regclass)", table) == []
            [(live,)] = superuser(f"select count(*) from {table}")
            assert len(rows_left(recorded(table), rows_before)) == live

    def recorded(table: str) -> list[Any]:
        return superuser(
            "select v.id, v.op, v.row_key, coalesce(v.old_key, v.row_key), v.data::text, "
            "v.old::text, v.changed_at "
            "from rowtrail.versions as v join rowtrail.tables as t on t.id = v.table_id "
            "where t.relid = %s::regclass order by v.id",
            table,
        )

    return check


def rows_left(versions: list[Any], rows_before: bool = False) -> dict[str, dict[str, Any]]:
    """Follows the versions, and gives the rows that they leave by key."""
    # A key may stand for two rows for a moment, while rows swap their keys within one statement.
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    times: dict[str, Any] = {}
    ids = [version[0] for version in versions]
    assert len(ids) == len(set(ids)), "an id is used twice"
    for number, op, key, key_before, data, old, changed_at in versions:
        assert op in "IUDTB"
        assert (data is None) == (op == "T")
        assert (old is None) == (op != "U")
        if op == "T":
            rows.clear()
            continue
        after = exact(data)
        before = after | exact(old) if op == "U" else after
        if rows_before and op in "UD" and key_before not in times:
            rows[key_before].append(before)
        if op == "U":
            assert before in rows[key_before], (
                f"version {number}: {before} is not {rows[key_before]}"
            )
            rows[key_before].remove(before)
        if op == "D":
            assert after in rows[key], f"version {number}: {after} is not {rows[key]}"
            rows[key].remove(after)
        else:
            rows[key].append(after)
        assert changed_at >= times.get(key, changed_at), f"version {number} is before its former"
        times[key] = changed_at
    assert all(len(found) <= 1 for found in rows.values()), "two rows have one key"
    return {key: found[0] for key, found in rows.items() if found}


def exact(document: str) -> dict[str, Any]:
    """A JSON object with its numbers as they are written: 1.0 is not 1.00."""
    parsed: dict[str, Any] = json.loads(
        document,
        parse_float=lambda digits: ("number", digits),
        parse_int=lambda digits: ("number", digits),
    )
    return parsed
