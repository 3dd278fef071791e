"""Sessions of the people around a tracked table, and the oracle that checks its history.

A session is a function that runs one statement and gives its rows: `writer("delete from animals")`.
Each statement commits, unless it is between `begin` and `commit`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import oracle
import psycopg2
import pytest
from sqlalchemy import URL, Engine
from two_writers import SCHEMA

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
    """What is recorded of a table's rows, in order: op, key, data, old."""

    def versions(table: str) -> list[Any]:
        return superuser(
            "select v.op, v.row_key, v.data, v.old from rowtrail.versions as v "
            "join rowtrail.tables as t on t.id = v.table_id where t.relid = %s::regclass "
            "and v.op <> 'S' order by v.id",
            table,
        )

    return versions


@pytest.fixture
def assert_exact(superuser: Run) -> Callable[..., None]:
    """Checks that the versions of each row of the tables are a chain that ends in the live row."""

    def check(*tables: str, rows_before: bool = False) -> None:
        oracle.assert_exact(superuser, *tables, rows_before=rows_before)

    return check


@pytest.fixture
def sessions(
    logins: None, owner: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> list[Run]:
    owner(SCHEMA)
    two = [connect_as("writer"), connect_as("writer")]
    for run in two:
        # One that waits for the other would wait for ever.
        run("set lock_timeout = '20ms'")
    return two
