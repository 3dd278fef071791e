"""Starts an example from nothing: a database, its migrations, some data, the example itself.

`make example-flask`, `make example-fastapi`, `make example-psycopg` run this. All that it runs is
what the README of the example says to type.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

from sqlalchemy import Engine, text

from rowtrail import schema
from rowtrail.commands.serve import serve_pages
from rowtrail.commands.target import Target, errors_explained
from rowtrail.db import connect, installed_revision, parse_url
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError

HERE = Path(__file__).parent

#: The login that owns the tables of the example and writes them: no superuser.
LOGIN = "shop"

#: What it may, as the superuser of its database grants it.
GRANTS = (
    f"grant create, usage on schema public to {LOGIN}",
    f"grant usage on schema rowtrail to {LOGIN}",
    f"grant rowtrail_limited_reader to {LOGIN}",
)

#: What the examples make. In a database that has one, they would write to somebody else's.
TABLES = ("orders", "order_lines", "users", "alembic_version")

SECONDS_TO_START = 60


@dataclass(frozen=True)
class Example:
    """What there is to run; each command is Python's or psql's, in the folder of the example.

    Attributes:
        prepare: the migrations, and some data.
        serve: what answers at a port; nothing for an example of scripts.
        write: changes order 1 by way of what is served at a URL.
        actor: who changed order 1 last.
        next: what to type next.
    """

    prepare: list[list[str]]
    actor: str
    next: str
    serve: list[str] = field(default_factory=list)
    write: Callable[[str], None] | None = None


def write_by_flask(site: str) -> None:
    """Signs in, and gives order 1 another status."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    for page, form in (
        ("/sign-in", {"name": "ann", "password": "ann"}),
        ("/orders/1", {"status": "paid"}),
    ):
        browser.open(site + page, urlencode(form).encode()).close()


def write_by_fastapi(site: str) -> None:
    """Gives order 1 another status, as the proxy would send it."""
    headers = {"Content-Type": "application/json", "X-User": "ann"}
    change = Request(  # noqa: S310 (it is ours)
        site + "/orders/1", b'{"status": "paid"}', headers, method="PATCH"
    )
    urlopen(change).close()  # noqa: S310


EXAMPLES = {
    "flask": Example(
        prepare=[
            ["-m", "flask", "--app", "shop", "db", "upgrade"],
            ["-m", "flask", "--app", "shop", "seed"],
        ],
        serve=["-m", "flask", "--app", "shop", "run", "--port"],
        write=write_by_flask,
        actor="ann",
        next="""
Sign in at {site} as ann (password: ann) or bob (bob) and change an order; or
  curl -c jar -d name=ann -d password=ann {site}/sign-in
  curl -b jar -d status=paid {site}/orders/1
""",
    ),
    "fastapi": Example(
        prepare=[["-m", "alembic", "upgrade", "head"], ["-m", "shop_api.seed"]],
        serve=["-m", "uvicorn", "--log-level", "warning", "shop_api.main:app", "--port"],
        write=write_by_fastapi,
        actor="ann",
        next="""
Try it at {site}/docs; or
  curl -X PATCH -H 'X-User: ann' -H 'Content-Type: application/json' \\
    -d '{{"status": "paid"}}' {site}/orders/1
  curl {site}/orders/1/history
""",
    ),
    "psycopg": Example(
        prepare=[
            ["psql", "-f", "schema.sql"],
            ["nightly.py", "take", "orders.csv"],
            ["psql", "-v", "who=alice", "-v", "number=1", "-f", "pay.sql"],
            ["nightly.py", "cancel"],
        ],
        actor="alice",
        next="""
In examples/psycopg:
  {psql} -v who=bob -v number=2 -f pay.sql
  {psql} -v number=2 -f questions.sql
""",
    ),
}


@contextmanager
def database(name: str, data: Path | None) -> Iterator[tuple[Target, str]]:
    """The database, and the URL by which the example connects.

    That of DATABASE_URL, as its login. Else one of the embedded server's, made anew each time.
    """
    named = os.environ.get("DATABASE_URL")
    if named:
        with errors_explained(connect(parse_url(named))) as engine:
            yield Target(engine, None), written(engine)
        return
    with Server(data) as server, errors_explained(connect(server.url())) as admin:
        name = f"example_{name}"
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(
                text("select pg_try_advisory_lock(hashtext(:name))"), {"name": name}
            ):
                raise RowtrailError("this example runs already; stop it first")
            connection.exec_driver_sql(f"drop database if exists {name} with (force)")
            connection.exec_driver_sql(f"create database {name}")
            if connection.scalar(text(f"select to_regrole('{LOGIN}') is null")):
                connection.exec_driver_sql(f"create role {LOGIN} login")
            with errors_explained(connect(server.url(database=name))) as engine:
                url = engine.url.set(username=LOGIN, drivername="postgresql")
                yield Target(engine, server), url.render_as_string(hide_password=False)


def written(engine: Engine) -> str:
    """The URL as libpq takes it."""
    url = engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def install(target: Target) -> None:
    """Installs rowtrail where it is not yet: `rowtrail upgrade`, and the grants.

    Raises:
        RowtrailError: there are tables already that an example would take for its own.
    """
    with target.engine.connect() as connection:
        installed = installed_revision(connection) is not None
        for table in TABLES:
            if connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}):
                raise RowtrailError(
                    f"the database has a table {table} already, and the example makes its own; "
                    "name an empty database in DATABASE_URL, or none"
                )
    if not installed:
        schema.upgrade(target.engine)
    if target.server:
        with target.engine.begin() as connection:
            for grant in GRANTS:
                connection.exec_driver_sql(grant)


class Commands:
    """Runs the commands of an example."""

    def __init__(self, name: str, url: str, pages: str | None) -> None:
        self.folder = HERE / name
        self.url = url
        self.psql = shutil.which("psql") or str(Server().binaries / "psql")
        self.environment = os.environ | {"DATABASE_URL": url}
        if pages:
            self.environment["HISTORY_PAGES"] = pages

    def run(self, command: list[str]) -> None:
        """Runs one to its end."""
        print("$ " + " ".join(["python", *command] if command[0] != "psql" else command))
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603
            self._whole(command), cwd=self.folder, env=self.environment, check=False
        )
        if done.returncode:
            raise RowtrailError(f"this command failed: {' '.join(command)}")

    @contextmanager
    def serving(self, command: list[str], port: int) -> Iterator[str]:
        """Serves meanwhile; gives the URL."""
        site = f"http://127.0.0.1:{port}"
        require_free(port)
        server = subprocess.Popen(  # noqa: S603
            self._whole([*command, str(port)]), cwd=self.folder, env=self.environment
        )
        try:
            wait_for(site, server)
            yield site
        finally:
            server.terminate()
            server.wait()

    def _whole(self, command: list[str]) -> list[str]:
        if command[0] == "psql":
            return [self.psql, "-Xq", "-d", self.url, *command[1:]]
        return [sys.executable, *command]


def wait_for(site: str, server: "subprocess.Popen[bytes]") -> None:
    """Waits until something answers."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RowtrailError(f"nothing is served at {site}; see above")
        try:
            urlopen(site + "/orders/1/history", timeout=5).close()  # noqa: S310
        except URLError as error:
            # An answer, be it that there is no such page.
            if not hasattr(error, "code"):
                time.sleep(0.1)
                continue
        return
    raise RowtrailError(f"nothing answers at {site} in {SECONDS_TO_START} s")


def require_free(port: int) -> None:
    """Refuses a port that somebody else answers at: it would be taken for the example."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise RowtrailError(
                f"cannot listen at 127.0.0.1:{port}: {error}; choose another port with --port"
            ) from None


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def prove(target: Target, example: Example) -> bool:
    """Shows the history of order 1; whether it is as it must be."""
    with target.engine.connect() as connection:
        history = connection.execute(
            text("select op, actor, login, changes from rowtrail.history('orders', '1')")
        ).all()
        differences = connection.scalar(
            text(
                "select (select count(*) from rowtrail.differences('orders')) "
                "+ (select count(*) from rowtrail.differences('order_lines'))"
            )
        )
    print("\nThe history of order 1, newest first:")
    for version in history:
        print(f"  {version.op} by {version.actor} (login {version.login}) {version.changes or ''}")
    print(f"Rows that are not what their versions say: {differences}")
    newest = history[0] if history else None
    return newest is not None and newest.actor == example.actor and differences == 0


def main() -> int:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("example", choices=EXAMPLES)
    parser.add_argument("--no-serve", action="store_true", help="end after the proof that it works")
    parser.add_argument("--port", type=int, default=8000, help="of the example (8000)")
    parser.add_argument("--data", type=Path, help="the folder of the embedded server's data")
    said = parser.parse_args()
    example = EXAMPLES[said.example]
    # So that what we started ends with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with database(said.example, said.data) as (target, url):
            install(target)
            return run(said.example, example, target, url, None if said.no_serve else said.port)
    except RowtrailError as error:
        print(f"rowtrail: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(name: str, example: Example, target: Target, url: str, port: int | None) -> int:
    """Runs the example: at the port until Ctrl-C, without one until it is proven to work."""
    pages_port = free_port()
    pages = None if port is None else f"http://127.0.0.1:{pages_port}"
    commands = Commands(name, url, pages)
    for command in example.prepare:
        commands.run(command)
    if port is None:
        if example.write:
            with commands.serving(example.serve, free_port()) as site:
                example.write(site)
        if not prove(target, example):
            print("This is not as it must be.", file=sys.stderr)
            return 1
        print("It works.")
        return 0

    def say(site: str | None, pages: str) -> None:
        psql = f"{'psql' if shutil.which('psql') else commands.psql} '{url}'"
        if site:
            print(f"\nThe shop: {site}")
        print(f"Its history: {pages}")
        print(example.next.format(site=site, psql=psql))
        print("  " + psql, "-c \"select * from rowtrail.history('orders', 1)\"")
        print("\nCtrl-C ends it.")
        sys.stdout.flush()

    if example.serve:
        with commands.serving(example.serve, port) as site:
            serve_pages(target, port=pages_port, say=lambda pages: say(site, pages))
    else:
        serve_pages(target, port=pages_port, say=lambda pages: say(None, pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
