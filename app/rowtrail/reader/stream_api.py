"""The feed over HTTP: a page as JSON, waited for if there is none yet, or server-sent events."""

import re
import threading
import time
from collections.abc import Callable, Iterator

import simplejson
from flask import Response, abort, current_app, g, request, stream_with_context
from simplejson import RawJSON
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import Busy, explain
from rowtrail.history import places, stream
from rowtrail.reader import config
from rowtrail.reader.api import answers, exact
from rowtrail.reader.config import check_schema, database
from rowtrail.reader.reads import Export

EVENTS = "text/event-stream"

#: So many at once wait or listen, in one process: each takes a thread of the server's.
WAITERS = 3

#: Who finds no place asks again then.
RETRY_AFTER = 5  # seconds

LONGEST_WAIT = 30  # seconds

#: A stream of events ends then, and the client goes on in another.
LONGEST_STREAM = 60  # seconds

#: So often a stream says that it is there; only so it notices that nobody listens any more.
HEARTBEAT = 5  # seconds

LARGEST_PAGE = 10_000  # versions

CURSOR = re.compile(r"now|1\.[0-9.:,-]+")

seats = threading.BoundedSemaphore(WAITERS)


@answers("/feed", page=None, endpoint="feed")
def feed() -> Response:
    check_schema()
    tables = [places.table(database.session(), one).name.id for one in wanted_tables()] or None
    most = number("most", stream.MOST, 1, LARGEST_PAGE)
    wait = number("wait", 0, 0, LONGEST_WAIT)
    after = cursor_of(request.args.get("after"))
    best = request.accept_mimetypes.best_match(["application/json", EVENTS], "application/json")
    if best == EVENTS and request.method == "GET":
        after = cursor_of(request.headers.get("Last-Event-ID")) or after
        return listening(after, tables, most)
    found = page(after, tables, most)
    if wait and not found.versions and not found.has_more:
        if not seats.acquire(blocking=False):
            return no_place()
        try:
            found = waited(found, tables, most, wait)
        finally:
            seats.release()
    return exact(
        versions=[RawJSON(version) for version in found.versions],
        cursor=found.cursor,
        is_whole=found.is_whole,
        has_more=found.has_more,
    )


def page(after: str | None, tables: list[int] | None, most: int) -> stream.Page:
    """A page of the feed; the transaction ends with it."""
    try:
        return stream.page(database.session.connection(), after, tables, most)
    except DBAPIError as error:
        code = getattr(error.orig, "pgcode", None)
        if error.statement != config.BEGIN and code == "22023":
            abort(400, explain(error))
        if code == "P0002":
            abort(410, explain(error))
        raise
    finally:
        database.session.rollback()


def waited(found: stream.Page, tables: list[int] | None, most: int, wait: int) -> stream.Page:
    """The next page that has versions, or the one that there is when the time is over."""
    begun = time.monotonic()
    while not found.versions and time.monotonic() - begun < wait * second():
        time.sleep(second())
        found = page(found.cursor, tables, most)
    return found


def listening(after: str | None, tables: list[int] | None, most: int) -> Response:
    """A stream of events, which begins with the first page: what is wrong is told by the status."""
    if not seats.acquire(blocking=False):
        return no_place()
    release = once(seats.release)
    try:
        first = page(after, tables, most)
        g.export = Export()
        lines = events(first, tables, most, g.export)
        response = current_app.response_class(stream_with_context(lines), mimetype=EVENTS)
    except BaseException:
        release()
        raise
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(release)
    return response


def events(
    found: stream.Page, tables: list[int] | None, most: int, export: Export
) -> Iterator[bytes]:
    """Each version as an event whose id is the cursor; comments while there is none."""
    begun = time.monotonic()
    said = begun
    yield f"retry: {RETRY_AFTER * 1000 // 5}\n\n".encode()
    while True:
        for version in found.versions:
            cursor = simplejson.loads(version)["cursor"]
            event = f"id: {cursor}\ndata: {version}\n\n".encode(errors="backslashreplace")
            export.versions += 1
            export.bytes += len(event)
            yield event
            said = time.monotonic()
        if time.monotonic() - said >= HEARTBEAT * second():
            # An event without data only moves the cursor on.
            yield f": waiting\nid: {found.cursor}\n\n".encode()
            said = time.monotonic()
        if time.monotonic() - begun >= LONGEST_STREAM * second():
            export.is_whole = True
            return
        if not found.has_more:
            time.sleep(second())
        try:
            found = page(found.cursor, tables, most)
        except Exception:
            # The client comes again, and is told by the status.
            current_app.logger.exception("the stream of the feed ends")
            return


def no_place() -> Response:
    """Too many wait already."""
    response = config.not_available(
        Busy(
            f"{WAITERS} wait or listen already, which is all that may; ask without wait, "
            f"or again in {RETRY_AFTER} s"
        )
    )
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def wanted_tables() -> list[int]:
    """The numbers of the tables that are asked for."""
    given = request.args.getlist("table")
    for one in given:
        if not re.fullmatch(r"[1-9][0-9]{0,9}", one):
            abort(400, f"table={one[:80]} is no number of a table; /tables has them")
    return [int(one) for one in given]


def number(name: str, default: int, least: int, largest: int) -> int:
    """A number of the query, within bounds."""
    given = request.args.get(name)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", given) or not least <= int(given) <= largest:
        abort(400, f"{name}={given[:80]} is no number from {least} to {largest}")
    return int(given)


def cursor_of(given: str | None) -> str | None:
    """A cursor, as far as can be seen here."""
    if given is not None and not CURSOR.fullmatch(given):
        abort(400, f"{given[:80]!r} is no cursor; give one as the feed gave it, or 'now'")
    return given


def second() -> float:
    """How long a second lasts, which a test may want shorter."""
    return float(current_app.config.get("ROWTRAIL_SECOND", 1))


def once(do: Callable[[], object]) -> Callable[[], None]:
    """The same, but not a second time."""
    left = [do]

    def first() -> None:
        if left:
            left.pop()()

    return first
