"""The examples, each in an empty database, as the login that its README makes: no superuser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from run import GRANTS
from sqlalchemy import Engine, text

from rowtrail.embedded.server import Server

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Runs a program in a folder, on the test's database, to its end.
RunIn = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shop(make_login: Callable[..., Engine], engine: Engine) -> Engine:
    """The login of the example."""
    login = make_login("shop")
    with engine.begin() as connection:
        for grant in GRANTS:
            connection.execute(text(grant))
    return login


@pytest.fixture
def run_in(shop: Engine, server: Server) -> RunIn:
    url = shop.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def run(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, command)] if command[0] != "psql" else
            [server.binaries / "psql", "-Xq", "-d", url, *map(str, command[1:])],
            cwd=folder, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return run


@pytest.fixture
def ask(engine: Engine) -> Callable[..., list[Any]]:
    """Asks the database, as a superuser; gives the rows."""

    def ask(question: str, **values: Any) -> list[Any]:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(question), values)]

    return ask


@pytest.fixture(autouse=True)
def equals_live(engine: Engine) -> Iterator[None]:
    """After each test the versions replay to the tables."""
    yield
    with engine.begin() as connection:
        for (table,) in connection.execute(
            text("select table_name from rowtrail.status() where state = 'tracked'")
        ).all():
            found = text("select count(*) from rowtrail.differences(to_regclass(:table))")
            assert connection.scalar(found, {"table": table}) == 0
