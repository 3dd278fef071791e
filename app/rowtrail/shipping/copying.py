"""Copies rows between two databases, as they are: in binary form, by a pipe between two COPYs.

No more of it than the pipe holds is ever in memory, and no value of it is read.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from sqlalchemy import Engine

from rowtrail.db import CONNECT_TIMEOUT

CHUNK = 1 << 18  # bytes

#: What is taken as it is, whatever the login or the database has set.
SETTINGS = (
    "set search_path = pg_catalog, pg_temp",
    "set timezone = 'UTC'",
    "set bytea_output = 'hex'",
    "set statement_timeout = 0",
    "set lock_timeout = 0",
    # PostgreSQL has it from 17 on.
    "select set_config('transaction_timeout', '0', false) "
    "where current_setting('transaction_timeout', true) is not null",
    "set idle_in_transaction_session_timeout = 0",
    "set row_security = on",
    # What is noted to be there is there after a crash as well.
    "select set_config('synchronous_commit', 'local', false) "
    "where current_setting('synchronous_commit') = 'off'",
    "set client_min_messages = warning",
    "select set_config('client_encoding', getdatabaseencoding(), false)",
)


def session(engine: Engine) -> Any:
    """A connection of psycopg2's own, which COPY takes."""
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": "rowtrail",
        **engine.dialect.create_connect_args(engine.url)[1],
    }
    connection = psycopg2.connect(**options)
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(setting)
    connection.commit()
    return connection


def copy(
    here: Any,
    there: Any,
    query: str,
    table: str,
    count: Callable[[], None] | None = None,
) -> int:
    """Copies what a query here gives into a table there; gives the number of rows.

    Args:
        here: a connection of psycopg2's.
        there: another one.
        query: what is copied.
        table: with its columns.
        count: is called for each row.
    """
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def read() -> None:
        try:
            with os.fdopen(writing, "wb", buffering=CHUNK) as out, here.cursor() as cursor:
                target = out if count is None else Counted(out, count)
                cursor.copy_expert(f"copy ({query}) to stdout (format binary)", target)
        except BaseException as error:
            failed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(reading, "rb", buffering=CHUNK) as coming, there.cursor() as cursor:
        source = Checked(coming, reader, failed)
        try:
            cursor.copy_expert(f"copy {table} from stdin (format binary)", source, CHUNK)
        except BaseException:
            # Not closed at once: who wrote to a pipe that nobody reads would be ended by that.
            with suppress(psycopg2.Error):
                here.cancel()
            while coming.read(CHUNK):
                pass
            reader.join()
            if source.is_cut:
                raise failed[0] from None
            raise
        number: int = cursor.rowcount
    reader.join()
    return number


class Counted:
    """A file to which COPY writes: one row at a time.

    Args:
        out: where the rows go.
        count: is called for each.
    """

    def __init__(self, out: Any, count: Callable[[], None]) -> None:
        self.out, self.count = out, count

    def write(self, data: bytes) -> None:
        """Takes a row."""
        self.out.write(data)
        self.count()


class Checked:
    """A file from which COPY reads: its end is the end of all rows, not of those that came.

    Args:
        coming: the rows.
        reader: the thread that they come from.
        failed: what has ended it, if something has.
    """

    def __init__(self, coming: Any, reader: threading.Thread, failed: list[BaseException]) -> None:
        self.coming, self.reader, self.failed = coming, reader, failed
        self.is_cut = False

    def read(self, size: int) -> bytes:
        """Gives what has come; nothing at the end.

        Raises:
            RuntimeError: not all rows came.
        """
        found: bytes = self.coming.read(size)
        if not found:
            self.reader.join()
            if self.failed:
                self.is_cut = True
                raise RuntimeError("not all rows came")
        return found


@contextmanager
def one_snapshot(here: Any, there: Any) -> Iterator[None]:
    """What is read here is of one moment; what is not committed there, is not there."""
    here.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        yield
    finally:
        with suppress(psycopg2.Error):
            there.rollback()
        with suppress(psycopg2.Error):
            here.rollback()
            here.set_session(isolation_level="READ COMMITTED", readonly=False)


def run(connection: Any, *statements: str) -> None:
    """Runs statements, one after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows(connection: Any, query: str, *values: Any) -> list[Any]:
    """What a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall())
