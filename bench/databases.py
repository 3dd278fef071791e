"""Databases of the benchmarks' own: one for each contender, with a table under its tracking."""

import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg2

from bench.contenders import Contender
from bench.shapes import TABLE, Shape
from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server, plain_environment

HERE = Path(__file__).parent
PEERS_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"


class NotMeasured(Exception):
    """A contender cannot be set up here; says why."""


class Bare:
    """A database of its own, and one connection to it as a superuser."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self._admin(f"create database {self.name}")
        self.connection = psycopg2.connect(self.dsn)
        self.connection.autocommit = True

    @property
    def dsn(self) -> str:
        """The libpq connection string."""
        return (
            f"host={self.server.socket_folder} port=5432 user=postgres dbname={self.name} "
            "application_name=bench"
        )

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement; gives its rows, if it has any."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str) -> Any:
        """The first column of the first row."""
        return self.execute(statement)[0][0]

    def close(self) -> None:
        """Closes the connection and drops the database."""
        self.connection.close()
        self._admin(f"drop database {self.name} with (force)")

    def size(self) -> int:
        """Bytes of all tables on disk, with their indexes."""
        return int(
            self.value("""
                select sum(pg_total_relation_size(c.oid))
                from pg_class as c
                where c.relkind = 'r'
                  and c.relpersistence <> 't'
                  and c.relnamespace <> all (
                    array['pg_catalog', 'information_schema']::regnamespace[])
            """)
        )

    def install_rowtrail(self) -> None:
        """Installs the schema rowtrail."""
        engine = connect(self.server.url(database=self.name))
        schema.upgrade(engine)
        engine.dispose()

    def track_by_peer(self, peer: tuple[str, str], *tables: str) -> None:
        """Puts tables under the tracking of another tool.

        Args:
            peer: the tool and its level, as bench/peers.py has them.
            tables: their names.

        Raises:
            NotMeasured: it is not installed, or fails.
        """
        if not PEERS_PYTHON.exists():
            raise NotMeasured("its package is not installed; make .venv-bench/installed does it")
        tool, level = peer
        done = subprocess.run(
            [PEERS_PYTHON, HERE / "peers.py", tool, level, self.dsn, *tables],
            capture_output=True,
            text=True,
            env=plain_environment(),
            check=False,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines() or ["no word"]
            raise NotMeasured(f"its setup failed: {reason[-1]}")

    def _admin(self, statement: str) -> None:
        connection = psycopg2.connect(
            f"host={self.server.socket_folder} port=5432 user=postgres dbname=postgres"
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


class Database(Bare):
    """A contender's own database, with its table, and one connection that writes to it.

    Raises:
        NotMeasured: the server or this machine lacks what the contender needs.
    """

    def __init__(self, server: Server, contender: Contender, shape: Shape) -> None:
        self.contender = contender
        self.shape = shape
        #: What is in the table: "empty", "full" (keys 1 to shape.rows), "more" (and others), or
        #: "less 2" (the third part was deleted).
        self.state = "empty"
        self.first_free = 1
        super().__init__(
            server, re.sub("[^a-z0-9]+", "_", f"bench {shape.name} {contender.name}".lower())
        )
        try:
            # A rough picture of the tables is enough for plans by their keys, and is had at once.
            self.execute("set default_statistics_target = 10")
            self._set_up()
        except BaseException:
            self.close()
            raise

    def make(self, state: str) -> None:
        """Empties the table and all that was recorded; with state "full", then fills it.

        What is recorded of that is there afterwards, as it would be in a table that is in use.
        """
        self.execute(f"truncate {TABLE}")
        for table in self.contender.histories:
            self.execute(f"truncate {table} cascade")
        if state == "full":
            self.in_unit_of_work(self.fill_statement)
        self.state = state
        self.first_free = self.shape.rows + 1

    def settle(self) -> None:
        """Leaves no work behind for what is timed next: statistics, dead rows, dirty pages."""
        self.execute(f"vacuum analyze {TABLE}")
        for table in self.contender.histories:
            # Of an empty one it would note that it is empty, and triggers that search in it would
            # plan for that while it fills: nobody's history is like that.
            if self.value(f"select exists (select from {table})"):
                self.execute(f"analyze {table}")
        self.execute("checkpoint")

    def in_unit_of_work(self, statement: str) -> None:
        """Runs the statement in a transaction of its own, as the contender asks for it."""
        if self.contender.unit_of_work is None:
            self.execute(statement)
            return
        self.execute("begin")
        self.execute(self.contender.unit_of_work)
        self.execute(statement)
        self.execute("commit")

    @property
    def fill_statement(self) -> str:
        """The INSERT of all rows, keys 1 to shape.rows."""
        return (
            f"insert into {TABLE} ({self.shape.names}) select {self.shape.select_row('g')} "
            f"from generate_series(1::bigint, {self.shape.rows}) g"
        )

    def count_recorded(self) -> int:
        """How many rows the contender has recorded."""
        if self.contender.history is None:
            return 0
        return int(self.value(f"select count(*) from {self.contender.history}"))

    def written_ahead(self) -> int:
        """The place in the WAL, in bytes."""
        return int(self.value("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def _set_up(self) -> None:
        contender = self.contender
        if contender.extension:
            if not self.execute(
                f"select 1 from pg_available_extensions where name = '{contender.extension}'"
            ):
                raise NotMeasured(f"this server has no extension {contender.extension}")
            self.execute(f"create extension {contender.extension} cascade")
        if contender.rowtrail:
            self.install_rowtrail()
        self.execute(f"create table {TABLE} ({self.shape.definition})")
        if contender.peer is not None:
            self.track_by_peer(contender.peer, TABLE)
        for statement in contender.setup(self.shape):
            self.execute(statement)
