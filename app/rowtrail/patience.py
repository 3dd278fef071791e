"""Locks that are asked for patiently: who upgrades gives way, and says to whom.

Who waits for a lock makes all wait who come after, so it is asked for only for a moment. Then all
is given back, and tried again a little later.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, TypeVar

from psycopg2.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import RowtrailError

Result = TypeVar("Result")

#: Who writes waits no longer than this behind who upgrades, in milliseconds. It is less than
#: deadlock_timeout, so that in a circle of waiting it is not the writer whose transaction ends.
LOCK_TIMEOUT = 200

#: For so many seconds it is tried again.
PATIENCE = 60.0

#: Between two tries, in seconds: those who waited get what they waited for.
PAUSE = (0.3, 0.7)

#: How often it is looked who is in the way, in seconds.
LOOK = 0.03

IN_THE_WAY = """
select
  b.pid, a.usename::text as login, nullif(a.application_name, '') as program, a.state,
  to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since,
  left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80) as query
from unnest(pg_blocking_pids(:pid)) as b (pid)
left join pg_stat_activity as a on a.pid = b.pid
order by a.xact_start
limit 1
"""


class Watch:
    """Looks, from a connection of its own, who is in the way of a session."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.pid: int | None = None
        self.found: str | None = None
        self._ended = Event()

    def of(self, connection: Connection) -> None:
        """Watches this session from now on."""
        self.pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]

    def look(self) -> None:
        """Looks until it is ended; what goes wrong is of no account."""
        try:
            with self.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                while not self._ended.wait(LOOK):
                    if self.pid is not None:
                        row = connection.execute(text(IN_THE_WAY), {"pid": self.pid}).one_or_none()
                        self.found = self.found if row is None else said_of(row)
        except DBAPIError:
            return

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Looks meanwhile."""
        self._ended.clear()
        thread = Thread(target=self.look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def said_of(row: Any) -> str:
    """Who is in the way, since when, and how that is ended."""
    if not row.pid:
        return (
            "a prepared transaction has it: select * from pg_prepared_xacts; shows which, and "
            "COMMIT PREPARED or ROLLBACK PREPARED ends it"
        )
    program = f", {row.program}" if row.program else ""
    since = f", in a transaction since {row.since} UTC" if row.since else ""
    return (
        f"session {row.pid} ({row.login}{program}{since}, {row.state}, last "
        f"statement: {row.query}) has it: wait for its end, or end it by "
        f"select pg_terminate_backend({row.pid});"
    )


def patiently(engine: Engine, attempt: Callable[[Watch], Result], what: str) -> Result:
    """Tries until it goes well, giving way where a lock is not to be had at once.

    Args:
        engine: of the database.
        attempt: is tried, in a transaction of its own, by a session of which it tells the watch;
            it has to set lock_timeout.
        what: is done, for the error, as in "the upgrade".

    Raises:
        RowtrailError: it was tried for `PATIENCE` seconds; who is in the way is named.
    """
    watch = Watch(engine)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with watch.looking():
                return attempt(watch)
        except DBAPIError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
            if time.monotonic() > end:
                who = watch.found or "who has it is not known"
                raise RowtrailError(
                    f"{what} gave way for {PATIENCE:.0f} s to whoever has a lock that it needs, "
                    f"and changed nothing: {who} Then run it again"
                ) from None
        time.sleep(random.uniform(*PAUSE))  # noqa: S311
