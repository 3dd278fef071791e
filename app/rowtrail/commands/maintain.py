"""The commands `rowtrail maintain` and `rowtrail retention`: what keeps a long history cheap."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rowtrail.commands.options import as_json, on_database, opened, plural, print_json, seconds

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

    from rowtrail.commands.target import Target

RETIRE = """
select r.until, r.tables, r.retired, r.left_in_month, r.is_rewritten
from rowtrail.retire(:reason) as r
"""

#: What PostgreSQL says where a lock could not be had in time, or two waited for each other.
DEADLOCK = "40P01"
BUSY = ("55P03", DEADLOCK)

#: So often a step is done that was given up for another session's, as for that of another maintain.
TRIES = 5

FOR_EVER = "forever"

OF_OWNER = "the history's owner does it: a superuser, or a member of rowtrail_owner"


@click.command()
@on_database
@click.option(
    "--every",
    metavar="INTERVAL",
    callback=seconds,
    help="Go on, and do it so often: 1h, 1d; until Ctrl-C.",
)
@click.option(
    "--months",
    type=click.IntRange(min=1, max=120),
    default=12,
    show_default=True,
    help="Make partitions so many months ahead.",
)
@click.option(
    "--reason", metavar="TEXT", help="Why what is older is retired: it stays on the time line."
)
@as_json
def maintain(
    database: str | None,
    data: Path | None,
    every: int | None,
    months: int,
    reason: str | None,
    json_wanted: bool,
) -> None:
    """Make partitions ahead, retire what is older than its table keeps, refresh statistics.

    It can be run at any time and by cron: what is done already is not done again, and writers do
    not wait for it. Each step is a transaction of its own; what a long transaction of somebody's is
    in the way of is done the next time. Only what is sealed is retired, where there are seals.
    """
    from rowtrail.errors import RowtrailError

    with opened(database, data) as target:
        due = time.monotonic()
        while True:
            try:
                for done in steps(target, months, reason):
                    say(done, json_wanted)
            except RowtrailError as error:
                if every is None:
                    raise
                click.echo(f"rowtrail: {error}; trying again in {every} s", err=True)
            if every is None:
                return
            due = max(due + every, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0))


def steps(target: "Target", months: int, reason: str | None) -> Iterator[dict[str, Any]]:
    """Does what is to be done, each step in a transaction of its own.

    Yields:
        What was done: `step` (`partitions`, `default`, `retire` or `statistics`) and its figures.

    Raises:
        RowtrailError: one step cannot be done just now; what was done before it stays.
    """
    made = call(target, "select rowtrail.make_partitions(:months) as made", months=months).made
    yield {"step": "partitions", "made": made}
    moved = call(target, "select rowtrail.empty_default_partition() as moved").moved
    yield {"step": "default", "moved": moved}
    while True:
        retired = call(target, RETIRE, reason=reason)
        if retired.until is None:
            break
        if retired.retired:
            yield {"step": "retire", **retired._asdict()}
    refreshed = call(target, "select rowtrail.refresh_statistics() as refreshed").refreshed
    yield {"step": "statistics", "refreshed": refreshed}


def call(target: "Target", statement: str, **values: Any) -> Any:
    """Runs a function of rowtrail's; gives its row."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from rowtrail.db import ALONE
    from rowtrail.errors import RowtrailError

    tries = 0
    while True:
        tries += 1
        try:
            with target.engine.begin() as connection:
                connection.execute(text(ALONE))
                connection.execute(text("set local lock_timeout = '5s'"))
                return connection.execute(text(statement), values).one()
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != DEADLOCK or tries == TRIES:
                raise RowtrailError(refused(error)) from None


def refused(error: "DBAPIError") -> str:
    """Why a step cannot be done just now, or not by this login."""
    from rowtrail.errors import explain

    said = explain(error)
    if getattr(error.orig, "pgcode", None) in BUSY:
        return f"a transaction that is under way is in the way: {said}; run it again later"
    return f"{said}; {OF_OWNER}" if "permission denied" in said else said


def say(done: dict[str, Any], json_wanted: bool) -> None:
    """Says what a step did, if it did anything."""
    if json_wanted:
        print_json(done)
        return
    from rowtrail.commands.terminal import printable

    if done["step"] == "partitions" and done["made"]:
        click.echo(f"{plural(done['made'], 'partition')} made")
    elif done["step"] == "default" and done["moved"]:
        versions = plural(done["moved"], "version")
        click.echo(f"{versions} moved from the default partition to those of their months")
    elif done["step"] == "retire":
        versions = plural(done["retired"], "version")
        names = printable(", ".join(done["tables"]))
        click.echo(f"{versions} of before {done['until']:%Y-%m-%d} retired: {names}")
    elif done["step"] == "statistics" and done["refreshed"]:
        click.echo("statistics refreshed")


@click.command()
@on_database
@click.argument("table")
@click.argument("interval")
@click.option("--reason", metavar="TEXT", required=True, help="Why: it stays on the time line.")
@as_json
def retention(
    database: str | None,
    data: Path | None,
    table: str,
    interval: str,
    reason: str,
    json_wanted: bool,
) -> None:
    """Say for how long the history of TABLE is kept: INTERVAL is '2 years', or forever.

    What is older is taken out of it, month by month, by rowtrail maintain, for good. Of each row
    that is there the newest version stays however old it is, so that what the table was since then
    can be seen, and what is there is proven as before.
    """
    if not reason.strip():
        raise click.BadParameter("it is empty; say why", param_hint="'--reason'")
    with opened(database, data) as target:
        keep = None if interval == FOR_EVER else interval
        said = call(
            target,
            "select rowtrail.set_retention(:table, cast(:keep as interval), :reason) as said",
            table=table,
            keep=keep,
            reason=reason,
        ).said
    if json_wanted:
        print_json({"table": table, "keep": keep})
    else:
        from rowtrail.commands.terminal import printable

        click.echo(printable(said))
