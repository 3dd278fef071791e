"""Servers that a test may configure, restart and kill, with rowtrail installed on them."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from places import make_folder
from sqlalchemy import text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded import guard
from rowtrail.embedded.programs import server_user
from rowtrail.embedded.server import Server, plain_environment

BINARIES = os.environ.get("ROWTRAIL_TEST_BINARIES")


class Session:
    """A session of a login. Called with a statement, it runs it and gives its rows.

    Each statement commits, unless it is between `begin` and `commit`.
    """

    def __init__(self, **target: Any) -> None:
        self.connection = psycopg2.connect(**target)
        self.connection.autocommit = True

    def __call__(self, statement: str, *parameters: Any) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    @property
    def pid(self) -> int:
        """The process id of its backend."""
        pid: int = self.connection.get_backend_pid()
        return pid

    def close(self) -> None:
        """Ends it, whatever state it is in."""
        self.connection.close()


class Node:
    """A server of the tests: the logins `owner`, `writer` and `reader`, and a database per test."""

    def __init__(self, name: str, parent: Path | None = None) -> None:
        self.folder = make_folder(name, parent)
        self.server = Server(self.folder / "server", Path(BINARIES) if BINARIES else None)
        self.database = "postgres"
        self._sessions: list[Session] = []
        self._databases = 0

    def create(self, **settings: str) -> None:
        """Makes the server, with these settings, and a template with rowtrail in it."""
        self.server.start()
        run = self.session()
        # The machine does not crash, only processes do.
        for setting, value in ({"fsync": "off", "max_wal_senders": "10"} | settings).items():
            run(f"alter system set {setting} = '{value}'")
        run("create role owner login")
        run("create role writer login")
        run("create role reader login")
        run("create database installed")
        engine = connect(self.server.url(database="installed"))
        schema.upgrade(engine)
        with engine.begin() as connection:
            for grant in (
                "grant rowtrail_reader to reader",
                "grant create, usage on schema public to owner",
                "grant usage on schema rowtrail to owner",
            ):
                connection.execute(text(grant))
        engine.dispose()
        self.restart()

    def destroy(self) -> None:
        """Stops the server and removes all of it."""
        self.stop()
        shutil.rmtree(self.folder)

    def target(self, login: str = "postgres") -> dict[str, Any]:
        """Where a login connects to, for psycopg."""
        return {
            "host": str(self.server.socket_folder),
            "port": 5432,
            "user": login,
            "dbname": self.database,
        }

    def session(self, login: str = "postgres") -> Session:
        """One more session; it is closed when the server stops or the test ends."""
        made = Session(**self.target(login))
        self._sessions.append(made)
        return made

    def ask(self, statement: str, *parameters: Any, login: str = "postgres") -> list[Any]:
        """Runs one statement in a session of its own."""
        session = Session(**self.target(login))
        try:
            return session(statement, *parameters)
        finally:
            session.close()

    @contextmanager
    def fresh_database(self) -> Iterator["Node"]:
        """A database with rowtrail installed, until the test ends."""
        self._start_again()
        self._databases += 1
        name = f"shop_{self._databases}"
        self.database = "postgres"
        self.ask(f"create database {name} template installed")
        self.database = name
        try:
            yield self
        finally:
            self.close_sessions()
            self._start_again()
            # A test that failed may have left some, which would hold the database.
            for (gid,) in self.ask("select gid from pg_prepared_xacts where database = %s", name):
                self.ask(f"rollback prepared '{gid}'")
            self.database = "postgres"
            self.ask(f"drop database {name} with (force)")

    def make_table(self, definition: str, **options: str) -> str:
        """Makes a table of the owner's that the writer may write, and tracks it."""
        name = self.make_untracked_table(definition)
        arguments = "".join(f", {option} => '{value}'" for option, value in options.items())
        self.ask(f"select rowtrail.track('{name}'{arguments})", login="owner")
        return name

    def make_untracked_table(self, definition: str) -> str:
        """Makes a table of the owner's that the writer may write."""
        name = definition[: definition.index(" (")]
        for statement in (
            f"create table {definition}",
            f"grant select, insert, update, delete, truncate on {name} to writer",
        ):
            self.ask(statement, login="owner")
        return name

    def close_sessions(self) -> None:
        """Ends all sessions that were opened here."""
        for session in self._sessions:
            session.close()
        self._sessions = []

    def stop(self) -> None:
        """Stops the server in order."""
        self.close_sessions()
        self.server.stop()

    def restart(self) -> None:
        """Stops the server in order, and starts it again."""
        self.stop()
        self.server.start()

    def _start_again(self) -> None:
        """Starts it where a test that failed has left it dead."""
        if not self.server.is_running():
            self.restart()

    def kill(self) -> None:
        """Kills all processes of the server with SIGKILL at one moment, as if power had gone."""
        postmaster = guard.postmaster(self.server.data)
        assert postmaster is not None
        # Stopped, it neither makes nor mourns a child while they are counted.
        os.kill(postmaster, signal.SIGSTOP)
        children = subprocess.run(
            ["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=True
        )
        for pid in [int(child) for child in children.stdout.split()] + [postmaster]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: guard.postmaster(self.server.data) is None)
        self.close_sessions()


def run_as_server(*command: object) -> None:
    """Runs a program to its end, as the user that runs the servers, and shows what it says."""
    subprocess.run([str(part) for part in command], check=True, **as_server_user())


def as_server_user() -> dict[str, Any]:
    """How subprocess runs a program as the user that runs the servers."""
    as_root = os.geteuid() == 0
    return {
        "cwd": "/",
        "env": plain_environment(),
        "user": server_user().uid if as_root else None,
        "group": server_user().gid if as_root else None,
        "extra_groups": [] if as_root else None,
    }


def wait_until(is_so: Callable[[], Any], seconds: float = 60) -> None:
    """Waits until the condition holds; the test fails if it does not in time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.02)
