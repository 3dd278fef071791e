"""`rowtrail` run as people run it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable

from sqlalchemy import URL, text

from rowtrail.db import connect
from rowtrail.embedded.server import Server

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """The environment of a person who has set nothing."""
    kept = {n: v for n, v in os.environ.items() if n != "DATABASE_URL" and not n.startswith("PG")}
    return kept | {"COLUMNS": "200"}


def command(*arguments: object) -> list[str]:
    """The command `rowtrail` with these arguments; a URL is written as people write it."""
    return [
        sys.executable,
        "-m",
        "rowtrail.cli",
        *(written(a) if isinstance(a, URL) else str(a) for a in arguments),
    ]


def written(url: URL) -> str:
    """The URL with its password."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def said_in_one_line(done: subprocess.CompletedProcess[str], *parts: str) -> bool:
    """Whether the command failed with one line on stderr that has these parts, and nothing else."""
    lines = [line for line in done.stderr.splitlines() if "using the embedded" not in line]
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 1), (done, lines)
    assert lines[0].startswith("rowtrail: ")
    missing = [part for part in parts if part not in lines[0]]
    assert not missing, (missing, lines[0])
    return True


def execute(url: URL, *statements: str) -> None:
    """Executes each statement, in a transaction of its own."""
    engine = connect(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def scalar(url: URL, query: str) -> object:
    """The value that the query gives."""
    engine = connect(url)
    with engine.connect() as connection:
        value: object = connection.scalar(text(query))
    engine.dispose()
    return value


def dump(server: Server, database: str = "postgres") -> str:
    """The definitions of all that is in a database."""
    program = server.binaries / "pg_dump"
    url = written(server.url(database=database))
    done = subprocess.run([program, "-s", url], capture_output=True, text=True, check=True)
    # pg_dump guards its output by a random word.
    return "\n".join(x for x in done.stdout.splitlines() if "restrict" not in x)
