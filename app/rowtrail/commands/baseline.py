"""The command `rowtrail baseline`: the rows that a table had before it was tracked are recorded.

In batches, while writers go on.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from rowtrail.commands.options import as_json, on_database, opened, print_json
from rowtrail.errors import RowtrailError

if TYPE_CHECKING:
    from sqlalchemy import Engine

BATCH = 10_000  # rows

#: The beginning needs the table to itself for an instant. It waits so long for the writers that are
#: in it, while those behind it wait as well, and tries so often.
LOCK_TIMEOUT = 1000  # milliseconds
TRIES = 30

LOCK_NOT_AVAILABLE = "55P03"


@click.command()
@on_database
@click.argument("table")
@click.option(
    "--batch", type=click.IntRange(min=1), default=BATCH, show_default=True, help="Rows a commit."
)
@as_json
def baseline(
    database: str | None, data: Path | None, table: str, batch: int, json_wanted: bool
) -> None:
    """Record the rows that TABLE had before it was tracked, as its owner.

    Writers go on meanwhile. Interrupted, it goes on where it was when it is called again; again
    after that is a no-op.
    """
    with opened(database, data) as target:
        from rowtrail.commands.names import find_table
        from rowtrail.commands.terminal import counting, printable

        with target.engine.connect() as connection:
            oid = find_table(connection, table)
        progress = Progress(0, 0, 0)
        with counting(f"recording the rows of {printable(table)}") as show:
            for progress in record(target.engine, oid, batch):
                show(progress.seen, progress.rows)
    if json_wanted:
        print_json({"seen": progress.seen, "recorded": progress.recorded})
    else:
        click.echo(
            f"{printable(table)}: {progress.recorded:,} rows recorded, "
            f"{progress.seen - progress.recorded:,} had a version already"
        )


class Progress(NamedTuple):
    """How far a baseline has come since it was begun, or gone on with.

    Attributes:
        seen: rows looked at.
        recorded: rows that had no version, and have one now.
        rows: about how many rows the table has, as the planner knows it; 0 where it does not.
    """

    seen: int
    recorded: int
    rows: int


def record(engine: "Engine", oid: int, batch: int = BATCH) -> Iterator[Progress]:
    """Records the rows of a tracked table that have no version, and says after each batch how far.

    It can be stopped at any time, and goes on from the last batch when it is called again.

    Args:
        engine: connects as the table's owner.
        oid: the table.
        batch: rows a transaction.

    Raises:
        RowtrailError: writers did not leave the table for LOCK_TIMEOUT, TRIES times.
        DBAPIError: the table is not tracked, or a right is missing.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    size = text(
        "select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint from pg_class as c "
        "where c.oid = :oid or c.oid in "
        "(select p.relid from pg_partition_tree(cast(cast(:oid as oid) as regclass)) as p)"
    )
    one = text(
        "select b.seen, b.recorded, b.is_done "
        "from rowtrail.baseline_batch(cast(cast(:oid as oid) as regclass), :batch) as b"
    )
    with engine.connect() as connection:
        rows = connection.scalar(size, {"oid": oid}) or 0
        connection.rollback()
        seen = recorded = refused = 0
        is_done = False
        while not is_done:
            try:
                with connection.begin():
                    connection.exec_driver_sql(f"set local lock_timeout = {LOCK_TIMEOUT}")
                    step = connection.execute(one, {"oid": oid, "batch": batch}).one()
            except OperationalError as error:
                refused += 1
                if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                    raise
                if refused == TRIES:
                    raise RowtrailError(
                        "the baseline cannot begin: a transaction holds the table for long; "
                        "end it (pg_stat_activity shows it), or try again later"
                    ) from None
                continue
            is_done = step.is_done
            seen += step.seen
            recorded += step.recorded
            yield Progress(seen, recorded, max(rows, seen))
