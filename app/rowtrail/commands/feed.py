"""The command `rowtrail feed`: each committed version as a line of JSON, to stdout or a webhook.

Where a cursor is kept in a file, it is moved on only when what came before it is out: a version
can come again after a crash, and none is ever left out.
"""

import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import click

from rowtrail.commands.options import DONE, on_database, opened

if TYPE_CHECKING:
    from types import FrameType

    from rowtrail.commands.target import Target
    from rowtrail.history.stream import Page

TIMEOUT = 30  # seconds, for a webhook

#: What a webhook answers that may take it the next time.
PASSING = (408, 425, 429)

#: Between two attempts, at most.
LONGEST_PAUSE = 60  # seconds


@click.command()
@on_database
@click.argument("tables", metavar="[TABLE]...", nargs=-1)
@click.option("--after", metavar="CURSOR", help="What was committed after this cursor.")
@click.option("--from-now", is_flag=True, help="What is committed from now on.")
@click.option(
    "--cursor-file",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Go on from the cursor in FILE, and keep it there.",
)
@click.option("--follow", is_flag=True, help="Wait for more, until Ctrl-C.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.05, 3600),
    default=1.0,
    show_default=True,
    help="How often to look, with --follow.",
)
@click.option(
    "--most",
    metavar="N",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="So many versions at a time: of a post, of a step of the cursor.",
)
@click.option("--webhook", metavar="URL", help="Post them there, instead of printing them.")
def feed(
    database: str | None,
    data: Path | None,
    tables: tuple[str, ...],
    after: str | None,
    from_now: bool,
    file: Path | None,
    follow: bool,
    interval: float,
    most: int,
    webhook: str | None,
) -> int:
    """Give every committed version once, oldest first: of all tables, or of each TABLE.

    Each is a line of JSON with the cursor after which to go on. No version is left out because its
    transaction committed late. Without --after, --from-now or a cursor in FILE it begins at the
    very beginning; with --from-now and a FILE that is not there yet, now.

    With --cursor-file it can be killed and started again: what was on its way then can come twice,
    and nothing is lost. Who keeps the cursor with what they did takes each once; see the guide.

    \b
      rowtrail feed orders --cursor-file orders.cursor --follow | consumer
      rowtrail feed --from-now --cursor-file f --follow --webhook https://hooks.example.org/rows
    """
    if after is not None and (from_now or file is not None):
        raise click.UsageError("--after names where to begin; leave out the other options that do")
    out: Output = Printer() if webhook is None else Webhook(webhook)
    kept = None if file is None else CursorFile(file)
    with opened(database, data) as target, Ending() as ending:
        from rowtrail.commands.names import find_history
        from rowtrail.history.stream import NOW

        with target.engine.connect() as connection:
            numbers = [find_history(connection, table).table_id for table in tables] or None
        cursor = after if kept is None else kept.read()
        if cursor is None and from_now:
            cursor = NOW
        attempt = 0
        while True:
            with ending.may_interrupt():
                found = asked(target, cursor, numbers, most, follow, attempt)
            if found is None:
                attempt += 1
                with ending.may_interrupt():
                    time.sleep(pause(attempt))
                continue
            attempt = 0
            if found.versions:
                out.give(found, ending)
            if kept is not None and found.cursor != cursor:
                kept.write(found.cursor)
            cursor = found.cursor
            if found.has_more:
                continue
            if not follow:
                break
            with ending.may_interrupt():
                time.sleep(interval)
    if webhook is not None and kept is None and cursor not in (None, NOW):
        click.echo(f"rowtrail: go on with: --after {cursor}", err=True)
    return DONE


def asked(
    target: "Target",
    cursor: str | None,
    tables: list[int] | None,
    most: int,
    follow: bool,
    attempt: int,
) -> "Page | None":
    """A page of the feed; None where the database is away and it is worth waiting for."""
    from sqlalchemy.exc import OperationalError

    from rowtrail.db import no_database
    from rowtrail.history import stream

    try:
        with target.engine.connect() as connection:
            return stream.page(connection, cursor, tables, most)
    except OperationalError as error:
        if not follow or not (error.connection_invalidated or error.statement is None):
            raise
        said = no_database(error, target.engine.url)
        click.echo(f"rowtrail: {said}; trying again in {pause(attempt + 1)} s", err=True)
        return None


def pause(attempt: int) -> int:
    """How long to wait before another attempt: longer each time."""
    return int(min(2 ** (attempt - 1), LONGEST_PAUSE))


class Ending:
    """Lets Ctrl-C and SIGTERM end the command between two steps, not in the midst of a line.

    A second one ends it at once.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.is_interruptible = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> "Ending":
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self.note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, _: "FrameType | None") -> None:
        """Notes that the end is wanted."""
        is_second = self.signal is not None
        self.signal = number
        if self.is_interruptible or is_second:
            self.end()

    def end(self) -> None:
        """Ends the command, if that is wanted."""
        if self.signal == signal.SIGTERM:
            sys.exit(128 + signal.SIGTERM)
        if self.signal is not None:
            raise KeyboardInterrupt

    @contextmanager
    def may_interrupt(self) -> Iterator[None]:
        """What is done here can be left at any moment."""
        self.is_interruptible = True
        try:
            self.end()
            yield
        finally:
            self.is_interruptible = False


class Output(Protocol):
    """Where versions go."""

    def give(self, page: "Page", ending: Ending) -> None:
        """Gives a page; when it returns, it is out."""


class Printer:
    """Prints each version as a line; to a file, a page is on the disk when it is out."""

    def __init__(self) -> None:
        self.file = sys.stdout.fileno()
        self.is_file = stat.S_ISREG(os.fstat(self.file).st_mode)
        if self.is_file and self.is_torn():
            self.write(b"\n")

    def is_torn(self) -> bool:
        """Whether a crash left half a line at the end of the file, which would spoil the next."""
        with suppress(OSError), Path(f"/dev/fd/{self.file}").open("rb") as before:
            if before.seek(0, os.SEEK_END):
                before.seek(-1, os.SEEK_END)
                return before.read() != b"\n"
        return False

    def give(self, page: "Page", ending: Ending) -> None:
        lines = "".join(f"{line}\n" for line in page.versions)
        self.write(lines.encode(errors="backslashreplace"))
        if self.is_file:
            os.fsync(self.file)

    def write(self, out: bytes) -> None:
        """Writes all of it."""
        left = memoryview(out)
        while left:
            left = left[os.write(self.file, left) :]


class Webhook:
    """Posts each page as JSON Lines, again and again until it is taken.

    Args:
        url: of who takes them.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise click.UsageError(
                f"{url} is no URL of a webhook; such as https://example.org/rows"
            )
        self.url = url

    def give(self, page: "Page", ending: Ending) -> None:
        body = "".join(f"{line}\n" for line in page.versions).encode(errors="backslashreplace")
        attempt = 0
        while True:
            with ending.may_interrupt():
                problem = self.post(body, page.cursor)
            if problem is None:
                return
            attempt += 1
            click.echo(
                f"rowtrail: {self.url} {problem}; trying again in {pause(attempt)} s", err=True
            )
            with ending.may_interrupt():
                time.sleep(pause(attempt))

    def post(self, body: bytes, cursor: str) -> str | None:
        """Posts a page once.

        Returns:
            What went wrong, if it may go well another time; None where it was taken.

        Raises:
            RowtrailError: it will not be taken.
        """
        import urllib.error
        import urllib.request

        from rowtrail.errors import RowtrailError

        headers = {"Content-Type": "application/jsonl", "Rowtrail-Cursor": cursor}
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
                return None
        except urllib.error.HTTPError as error:
            said = f"answered {error.code} {error.reason}"
            if error.code < 500 and error.code not in PASSING:
                raise RowtrailError(
                    f"{self.url} {said}, and will so again; the cursor stays before what it refused"
                ) from None
            return said
        except (OSError, ValueError) as error:
            return f"did not take it: {getattr(error, 'reason', error)}"


class CursorFile:
    """The cursor in a file, there whole or not at all.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        # A link goes on to lead there.
        self.path = path.resolve()
        if not self.path.parent.is_dir():
            fail(f"there is no folder {self.path.parent} for the cursor; make it")
        if not os.access(self.path.parent, os.W_OK):
            fail(f"the cursor cannot be kept in {self.path.parent}, which may not be written")

    def read(self) -> str | None:
        """The cursor; None where there is no file yet."""
        try:
            return self.path.read_text(encoding="ascii", errors="replace").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            fail(f"the cursor cannot be read from {self.path}: {error.strerror}")

    def write(self, cursor: str) -> None:
        """Keeps the cursor, on the disk when this returns."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="ascii") as out:
                out.write(f"{cursor}\n")
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            fail(f"the cursor cannot be written to {self.path}: {error.strerror}")


def fail(message: str) -> NoReturn:
    """Raises what a person can mend."""
    from rowtrail.errors import RowtrailError

    raise RowtrailError(message)
