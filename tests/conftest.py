"""A real PostgreSQL for every test: a database of its own, cloned from a migrated template.

The embedded server runs it, or the PostgreSQL whose programs lie in the folder that the variable
ROWTRAIL_TEST_BINARIES names.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from halves import Halves
from places import folder_of_this_run, remove_those_of_the_dead
from pytest_postgresql import factories
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server

# Where Python was told to keep no compiled modules, each of the thousand commands that the tests
# run would compile rowtrail anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

binaries = os.environ.get("ROWTRAIL_TEST_BINARIES")
# By process, so that parallel workers have a server each: roles belong to the whole cluster.
SERVER = Server(folder_of_this_run(), binaries=Path(binaries) if binaries else None)

#: The cluster ends with the run: no need to survive a crash of the machine, nor to keep old WAL.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "256MB",
    "max_prepared_transactions": "10",
}


@pytest.fixture(scope="session", autouse=True)
def server() -> Iterator[Server]:
    """The server of this test run."""
    remove_those_of_the_dead()
    with SERVER:
        engine = connect(SERVER.url())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting, value in SETTINGS.items():
                connection.execute(text(f"alter system set {setting} = '{value}'"))
        engine.dispose()
    # Some take a restart.
    with SERVER:
        yield SERVER
    shutil.rmtree(SERVER.folder)


def migrate(**target: Any) -> None:
    """Fills the template database."""
    engine = connect(SERVER.url(user=target["user"], database=target["dbname"]))
    schema.upgrade(engine)
    engine.dispose()


postgresql_noproc = factories.postgresql_noproc(
    host=str(SERVER.socket_folder), port=5432, user="postgres", load=[migrate]
)


Execute = Callable[[str], None]


@pytest.fixture(scope="session")
def template(postgresql_noproc: Any) -> str:
    """The name of a database with rowtrail installed and nothing else."""
    name: str = postgresql_noproc.template_dbname
    return name


@pytest.fixture(scope="session")
def administer(server: Server) -> Iterator[Execute]:
    """Executes a statement as a superuser outside the tests' databases."""
    connection = psycopg2.connect(
        host=str(server.socket_folder), port=5432, user="postgres", dbname="postgres"
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor.execute
    connection.close()


@pytest.fixture
def roles_made(administer: Execute) -> Iterator[list[str]]:
    """The roles to drop after this test's database, in which they may own things."""
    made: list[str] = []
    yield made
    if made:
        names = ", ".join(made)
        administer(f"drop owned by {names}")
        administer(f"drop role {names}")


@pytest.fixture
def url(administer: Execute, template: str, roles_made: list[str]) -> Iterator[URL]:
    """The URL of this test's database, with rowtrail installed, as a superuser."""
    administer(f"create database tests template {template}")
    yield SERVER.url(database="tests")
    administer("drop database tests with (force)")


@pytest.fixture
def engine(url: URL) -> Iterator[Engine]:
    """An engine for this test's database, as a superuser."""
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    """A connection as a superuser that commits each statement."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture
def make_login(engine: Engine, roles_made: list[str]) -> Iterator[Callable[..., Engine]]:
    """Makes logins; each is dropped after the test, with what it owns.

    `make_login("writer", member_of="rowtrail_reader")` gives an engine that connects as it.
    """
    made: list[Engine] = []

    def make(name: str, *, member_of: str = "", attributes: str = "") -> Engine:
        with engine.begin() as connection:
            connection.execute(text(f"create role {name} login {attributes}"))
            if member_of:
                connection.execute(text(f"grant {member_of} to {name}"))
        roles_made.append(name)
        made.append(create_engine(engine.url.set(username=name), poolclass=NullPool))
        return made[-1]

    yield make
    for of_login in made:
        of_login.dispose()


@pytest.fixture
def make_halves(url: URL, template: str) -> Iterator[Callable[[], Halves]]:
    """Makes a history of two databases; they are dropped after the test."""
    made: list[Halves] = []

    def make() -> Halves:
        made.append(Halves(url, template))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def halves(make_halves: Callable[[], Halves]) -> Halves:
    """A history of two databases."""
    return make_halves()
