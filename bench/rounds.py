"""The rounds: every workload by every contender in turn (A B C A B C …), and what came of it.

So a slow moment of the machine meets all contenders, and what counts are their ratios.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from bench.contenders import Contender
from bench.databases import Database, NotMeasured
from bench.results import Measured, Space
from bench.shapes import TABLE, Shape
from bench.workloads import Done, Workload
from rowtrail.embedded.server import Server

#: What a step takes beside what is timed, in seconds: filling, statistics, checkpoint, counting.
BESIDE = 0.7


class NotRecorded(Exception):
    """A contender did not record what it says that it does: its speed would mean nothing."""


class Progress(Protocol):
    """Hears what goes on."""

    def now(self, what: str) -> None:
        """What runs now."""

    def advance(self, seconds: float) -> None:
        """Something is done that was expected to take so long."""


@contextmanager
def databases(
    server: Server, contenders: list[Contender], shape: Shape, missing: dict[str, str]
) -> Iterator[list[Database]]:
    """A database for each contender; `missing` gets who cannot be set up, and why."""
    with ExitStack() as stack:
        made = []
        for contender in contenders:
            if contender.name in missing:
                continue
            try:
                database = Database(server, contender, shape)
            except NotMeasured as reason:
                missing[contender.name] = str(reason)
                continue
            stack.callback(database.close)
            made.append(database)
        yield made


def run_rounds(
    made: list[Database],
    steps: list[Workload],
    rounds: int,
    measured: Measured,
    progress: Progress,
) -> None:
    """Runs the workloads in all databases and adds the times to `measured`."""
    for number in range(rounds):
        for step in steps:
            # Nobody is always the one after the heaviest.
            turn = number % len(made)
            for database in made[turn:] + made[:turn]:
                progress.now(
                    f"{measured.name}, round {number + 1} of {rounds}: "
                    f"{step.name}, {database.contender.name}"
                )
                done = run_step(database, step)
                measured.add(step.name, database.contender.name, done.seconds)
                progress.advance(step.expected + BESIDE)


def run_step(database: Database, step: Workload) -> Done:
    """Runs one workload in one database, and counts what was recorded of it.

    Raises:
        NotRecorded: it was not what the contender records by its own word.
    """
    if database.state not in step.accepts:
        database.make(step.accepts[0])
    database.settle()
    before = database.count_recorded()
    done = step.run(database)
    if step.leaves == "full":
        database.first_free = database.shape.rows + 1
    database.state = step.leaves
    recorded = database.count_recorded() - before
    expected = sum(database.contender.recorded[kind] * n for kind, n in done.changes.items())
    if recorded != expected:
        raise NotRecorded(
            f"{database.contender.name} recorded {recorded:,} and not {expected:,} rows "
            f"of {step.name} ({done.changes})"
        )
    return done


def measure_space(database: Database) -> Space:
    """The growth of all tables and of the WAL by an INSERT and an UPDATE of all rows."""
    if database.state != "empty":
        database.make("empty")
    # No page is written whole into the WAL: all are new since this checkpoint.
    database.execute("checkpoint")
    sizes = [database.size()]
    places = [database.written_ahead()]
    for statement in (
        database.fill_statement,
        f"update {TABLE} set {database.shape.update}",
    ):
        database.in_unit_of_work(statement)
        sizes.append(database.size())
        places.append(database.written_ahead())
    database.state = "full"
    rows = database.shape.rows
    return Space(
        insert_disk=(sizes[1] - sizes[0]) / rows,
        update_disk=(sizes[2] - sizes[1]) / rows,
        insert_wal=(places[1] - places[0]) / rows,
        update_wal=(places[2] - places[1]) / rows,
    )
