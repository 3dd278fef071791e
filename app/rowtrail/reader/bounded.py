"""Connections of which no answer is waited for without end.

A server that is frozen, or whose machine is short of all, takes what is sent to it and answers
nothing: statement_timeout is its own matter, and for the kernel the connection is alive. So who
waits too long has the connection shut down under them, and is told so as of one that broke.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Lock, Timer
from typing import Any

import psycopg2
from psycopg2 import extensions


class Bounded(extensions.connection):
    """A connection that is given up where an answer does not come in time.

    Args:
        dsn: where to.
        soon: so many seconds is waited for what takes no time: a transaction's begin and end.
        longest: so many seconds for all other answers.
    """

    def __init__(self, dsn: str, *, soon: float, longest: float) -> None:
        self.soon, self.longest = soon, longest
        # libpq bounds the connecting itself, by connect_timeout, and not what is set thereafter.
        with self.bounded(soon + longest):
            super().__init__(dsn)
        self.cursor_factory = BoundedCursor

    def commit(self) -> None:
        with self.bounded(self.soon):
            super().commit()

    def rollback(self) -> None:
        with self.bounded(self.soon):
            super().rollback()

    @contextmanager
    def bounded(self, seconds: float | None = None) -> Iterator[None]:
        """Waits so long for what is asked meanwhile, and else gives the connection up.

        Raises:
            psycopg2.OperationalError: it was given up.
        """
        if seconds is None:
            is_idle = self.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
            seconds = self.soon if is_idle else self.longest
        end = End(self)
        timer = Timer(seconds, end.come)
        timer.daemon = True
        timer.start()
        try:
            yield
        except psycopg2.Error as error:
            if end.has_come:
                raise psycopg2.OperationalError(f"no answer within {seconds:g} seconds") from error
            raise
        finally:
            timer.cancel()
            end.pass_by()


class BoundedCursor(extensions.cursor):
    """A cursor of such a connection."""

    connection: Bounded

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
        with self.connection.bounded():
            super().execute(query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        with self.connection.bounded():
            super().executemany(query, vars_list)

    # What has no name has all its rows since it was executed.

    def fetchone(self) -> tuple[Any, ...] | None:
        with self.connection.bounded() if self.name else nullcontext():
            return super().fetchone()

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        with self.connection.bounded() if self.name else nullcontext():
            return super().fetchmany(self.arraysize if size is None else size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        with self.connection.bounded() if self.name else nullcontext():
            return super().fetchall()

    def close(self) -> None:
        with self.connection.bounded(self.connection.soon) if self.name else nullcontext():
            super().close()


class End:
    """The end of the time in which a connection has to answer."""

    def __init__(self, connection: Bounded) -> None:
        self.connection = connection
        self.has_come = False
        self._is_over = False
        self._lock = Lock()

    def come(self) -> None:
        """Shuts the connection down, which wakes who waits for it."""
        with self._lock:
            if self._is_over:
                return
            self.has_come = True
            # It is not connected yet, or not any more.
            with suppress(psycopg2.Error, OSError), socket.socket(fileno=self.copied()) as same:
                same.shutdown(socket.SHUT_RDWR)

    def pass_by(self) -> None:
        """The answer is there: the socket may be another one's from now on."""
        with self._lock:
            self._is_over = True

    def copied(self) -> int:
        """The connection's socket, by a number of our own."""
        return os.dup(self.connection.fileno())
