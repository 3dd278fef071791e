"""A real PostgreSQL for every test: a database of its own, cloned from a migrated template.

The embedded server runs it, or the PostgreSQL whose programs lie in the folder that the variable
ROWTRAIL_TEST_BINARIES names.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from halves import Halves
from pytest_postgresql import factories
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server

binaries = os.environ.get("ROWTRAIL_TEST_BINARIES")
# By process, so that parallel workers have a server each: roles belong to the whole cluster.
SERVER = Server(
    Path(tempfile.gettempdir()) / f"rowtrail-tests-{os.getpid()}",
    binaries=Path(binaries) if binaries else None,
)


@pytest.fixture(scope="session", autouse=True)
def server() -> Iterator[Server]:
    """The server of this test run."""
    with SERVER:
        # The cluster ends with the run: no need to survive a crash of the machine.
        engine = connect(SERVER.url())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"alter system set {setting} = off"))
            # Takes a restart, and so happens here.
            connection.execute(text("alter system set max_prepared_transactions = 10"))
        engine.dispose()
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
postgresql = factories.postgresql("postgresql_noproc")


@pytest.fixture
def url(postgresql: Any) -> URL:
    """The URL of this test's database, with rowtrail installed, as a superuser."""
    return SERVER.url(database=postgresql.info.dbname)


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
def make_login(engine: Engine) -> Iterator[Callable[..., Engine]]:
    """Makes logins; each is dropped after the test, with what it owns.

    `make_login("writer", member_of="rowtrail_reader")` gives an engine that connects as it.
    """
    made: list[tuple[str, Engine]] = []

    def make(name: str, *, member_of: str = "", attributes: str = "") -> Engine:
        with engine.begin() as connection:
            connection.execute(text(f"create role {name} login {attributes}"))
            if member_of:
                connection.execute(text(f"grant {member_of} to {name}"))
        of_login = create_engine(engine.url.set(username=name), poolclass=NullPool)
        made.append((name, of_login))
        return of_login

    yield make
    for name, of_login in made:
        of_login.dispose()
        with engine.begin() as connection:
            # A session that was closed may still be dropping its temporary tables.
            connection.execute(
                text(
                    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
                    "where usename = :name"
                ),
                {"name": name},
            )
            connection.execute(text(f"reassign owned by {name} to postgres"))
            connection.execute(text(f"drop owned by {name}"))
            connection.execute(text(f"drop role {name}"))


@pytest.fixture
def make_halves(url: URL, postgresql_noproc: Any) -> Iterator[Callable[[], Halves]]:
    """Makes a history of two databases; they are dropped after the test."""
    made: list[Halves] = []

    def make() -> Halves:
        made.append(Halves(url, postgresql_noproc.template_dbname))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def halves(make_halves: Callable[[], Halves]) -> Halves:
    """A history of two databases."""
    return make_halves()
