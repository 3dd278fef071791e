"""Lets Ctrl-C and SIGTERM end a query that runs: psycopg2 alone would wait for its answer."""

import select
import time
from contextlib import suppress

import psycopg2
from psycopg2 import extensions

from rowtrail.db import CONNECT_TIMEOUT


def make_queries_interruptible() -> None:
    """From now on, in the whole process; `make_queries_plain` takes it back."""
    extensions.set_wait_callback(wait)


def make_queries_plain() -> None:
    """Waits as psycopg2 does by itself: in a server's threads no signal arrives anyway."""
    extensions.set_wait_callback(None)


def wait(connection: extensions.connection) -> None:
    """Waits until the connection has what it was asked for.

    Raises:
        psycopg2.OperationalError: the server did not let us in within CONNECT_TIMEOUT; libpq
            leaves that to us here.
    """
    connecting = connection.status == extensions.STATUS_SETUP
    deadline = time.monotonic() + CONNECT_TIMEOUT if connecting else None
    try:
        while (state := connection.poll()) != extensions.POLL_OK:
            rest = None if deadline is None else max(deadline - time.monotonic(), 0)
            sockets = [connection.fileno()]
            reading = sockets if state == extensions.POLL_READ else []
            writing = sockets if state == extensions.POLL_WRITE else []
            ready = select.select(reading, writing, [], rest)
            if deadline is not None and not any(ready):
                raise psycopg2.OperationalError(f"no answer within {CONNECT_TIMEOUT} seconds")
    except (KeyboardInterrupt, SystemExit):
        with suppress(psycopg2.Error):
            connection.cancel()
        raise
