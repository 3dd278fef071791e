"""The command `rowtrail ship`: brings what is sealed to the history database."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rowtrail.commands.options import as_json, on_database, opened, plural, print_json, seconds

if TYPE_CHECKING:
    from sqlalchemy import URL

    from rowtrail.commands.target import Target
    from rowtrail.shipping.shipment import Progress, Shipping

#: How often people are shown how far shipping has come.
PATIENCE = 0.2  # seconds

STOP = """
select (s).place, (s).seal_id from (select rowtrail.stop_shipping(:reason) as s) as w
"""

COUNT = "select u.versions from rowtrail.unshipped() as u"

RIGHTS = (
    "shipping takes the role rowtrail_auditor in the database, and in the history database "
    "rowtrail_owner: let a superuser run there: grant rowtrail_owner to <login>;"
)


@click.command()
@on_database
@click.option(
    "--to",
    metavar="URL",
    envvar="HISTORY_DATABASE_URL",
    show_envvar=True,
    help="The history database: of another server, if it can be.",
)
@click.option(
    "--every",
    metavar="INTERVAL",
    callback=seconds,
    help="Go on, and ship so often: 60s, 5m, 1h; until Ctrl-C.",
)
@click.option(
    "--moved",
    is_flag=True,
    help="The database has taken the place of the one whose history is there: it was moved to "
    "another cluster, or renamed.",
)
@click.option("--stop", is_flag=True, help="Ship no more; nothing is removed anywhere.")
@click.option("--reason", metavar="TEXT", help="Why, with --stop.")
@as_json
def ship(
    database: str | None,
    data: Path | None,
    to: str | None,
    every: int | None,
    moved: bool,
    stop: bool,
    reason: str | None,
    json_wanted: bool,
) -> None:
    """Bring what is sealed to the history database, which keeps what is retired here.

    Seal by seal, in order, each in one transaction there, in which it is verified; interrupted or
    killed, it goes on where it was, and brings nothing twice. Where the history database is empty,
    rowtrail is installed in it. From the first time on only what is there is retired here, by
    rowtrail maintain, until --stop.

    It takes the role rowtrail_auditor here, and there rowtrail_owner. Nobody waits for it here who
    writes, nor there who reads.
    """
    if stop:
        if reason is None or not reason.strip():
            raise click.UsageError("--stop needs --reason: why nothing is shipped any more")
        with opened(database, data) as target:
            ended = end(target, reason)
        if json_wanted:
            print_json(ended)
        elif ended["place"] is None:
            click.echo("rowtrail: nothing was shipped", err=True)
        else:
            click.echo(
                f"nothing is shipped to {ended['place']} any more, after seal {ended['seal']}"
            )
        return
    if reason is not None:
        raise click.UsageError("--reason is of --stop")
    if to is None:
        raise click.UsageError(
            "which history database? Name it by --to, or by the variable HISTORY_DATABASE_URL"
        )
    from rowtrail.errors import RowtrailError

    with opened(database, data) as target:
        due = time.monotonic()
        rounds = Rounds(target, to, data, moved, json_wanted)
        while True:
            try:
                shipped = rounds.go_on()
                if every is None and not shipped:
                    click.echo("rowtrail: all that is sealed is there", err=True)
            except RowtrailError as error:
                # What cannot be the first time cannot be later.
                if every is None or not rounds.is_prepared:
                    raise
                click.echo(f"rowtrail: {error}; trying again in {every} s", err=True)
            if every is None:
                return
            due = max(due + every, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0))


def end(target: "Target", reason: str) -> dict[str, Any]:
    """Ends the shipping; says what was ended."""
    from sqlalchemy import text

    with target.engine.begin() as connection:
        found = connection.execute(text(STOP), {"reason": reason}).one()
    return {"place": found.place, "seal": found.seal_id}


class Rounds:
    """Ships, again and again.

    Args:
        target: the database.
        to: the history database, as a person named it.
        data: the folder of the embedded server, if it is of that.
        moved: whether the database has taken the place of the one whose history is there.
        json_wanted: whether a script reads what is said.

    Attributes:
        is_prepared: whether the one was found to be the history database of the other.
    """

    def __init__(
        self, target: "Target", to: str, data: Path | None, moved: bool, json_wanted: bool
    ) -> None:
        self.target, self.to, self.data = target, to, data
        self.moved, self.json_wanted = moved, json_wanted
        self.is_prepared = False

    def go_on(self) -> bool:
        """Ships what is not there yet, and says so; gives whether there was anything.

        Raises:
            RowtrailError: it cannot be done just now, or not at all.
        """
        from sqlalchemy import text

        from rowtrail.commands.target import open_database
        from rowtrail.commands.terminal import counting
        from rowtrail.shipping.meeting import Side
        from rowtrail.shipping.shipment import Shipping

        said = Said(self.json_wanted)
        copied = [0]

        def count(number: int) -> None:
            copied[0] = number

        with plain_queries(), open_database(self.to, self.data) as there, told():
            here = self.target.engine
            moved = self.moved and not self.is_prepared
            history = Side(there.engine, place_of(there.engine.url))
            shipping = Shipping(Side(here, place_of(here.url)), history, moved, count)
            shipping.prepare()
            self.is_prepared = True
            for warning in shipping.warnings:
                click.echo(f"rowtrail: {warning}", err=True)
            with here.connect() as connection:
                total = connection.scalar(text(COUNT)) or 0
            with counting("shipping") as show:
                in_thread(shipping, said, lambda: show(copied[0], max(total, copied[0])))
        said.end()
        return bool(said.seals or said.imports)


class Said:
    """Says what was shipped: for scripts each seal, for people their number.

    Args:
        json_wanted: whether a script reads it.
    """

    def __init__(self, json_wanted: bool) -> None:
        self.json_wanted = json_wanted
        self.seals: list[int] = []
        self.imports: list[int] = []
        self.versions = 0

    def __call__(self, done: "Progress") -> None:
        """Takes note of one that is there."""
        (self.seals if done.what == "seal" else self.imports).append(done.number)
        self.versions += done.versions
        if self.json_wanted:
            print_json({done.what: done.number, "versions": done.versions})

    def end(self) -> None:
        """Says it to people."""
        if self.json_wanted:
            return
        parts = []
        if self.seals:
            first, last = self.seals[0], self.seals[-1]
            parts.append(f"seal {last}" if first == last else f"seals {first} to {last}")
        if self.imports:
            parts.append(plural(len(self.imports), "import"))
        if parts:
            click.echo(f"{' and '.join(parts)} shipped: {plural(self.versions, 'version')}")


def in_thread(shipping: "Shipping", said: Callable[["Progress"], None], show: Any) -> None:
    """Ships in a thread, so that Ctrl-C and SIGTERM arrive here at once and end it."""
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(shipping.go_on, said)
        try:
            while wait([work], PATIENCE).not_done:
                show()
        except BaseException:
            shipping.cancel()
            wait([work], 30)
            raise
    work.result()


@contextmanager
def plain_queries() -> Iterator[None]:
    """No query is interruptible by itself meanwhile: COPY is not, with psycopg2."""
    from rowtrail.commands.interrupts import make_queries_interruptible, make_queries_plain

    make_queries_plain()
    try:
        yield
    finally:
        make_queries_interruptible()


@contextmanager
def told() -> Iterator[None]:
    """Turns what psycopg2 itself raises into an error that a person can read."""
    import psycopg2
    from sqlalchemy.exc import DBAPIError

    from rowtrail.errors import RowtrailError, explain

    try:
        yield
    except psycopg2.Error as error:
        wrapped = DBAPIError("", None, error)
        raise RowtrailError(refused(explain(wrapped))) from None
    except DBAPIError as error:
        raise RowtrailError(refused(explain(error))) from None


def refused(said: str) -> str:
    """What the server said, with the roles where a right is missing."""
    return f"{said}; {RIGHTS}" if "permission denied" in said else said


def place_of(url: "URL") -> str:
    """A database as people are told where it is: without the password."""
    shown = url.set(drivername="postgresql", password=None)
    return shown.render_as_string()
