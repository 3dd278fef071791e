"""The proof that each contender records what it is said to record: in a minute, without times."""

from dataclasses import replace

import psycopg2

from bench.contenders import Contender
from bench.databases import Database
from bench.rounds import NotRecorded, Progress, databases, run_step
from bench.shapes import TABLE, Shape
from bench.workloads import workloads
from rowtrail.embedded.server import Server

ROWS = 1000
TRANSACTIONS = 20


def check(
    server: Server,
    contenders: list[Contender],
    shapes: list[Shape],
    missing: dict[str, str],
    progress: Progress,
) -> list[tuple[str, str]]:
    """Runs every workload with few rows and counts what was recorded.

    Returns:
        Each fault: whose, and what is wrong; `missing` gets who could not be set up, and why.
    """
    faults = []
    for shape in shapes:
        with databases(server, contenders, replace(shape, rows=ROWS), missing) as made:
            for database in made:
                # Here nobody waits for the disk to learn something.
                database.execute("alter system set fsync = off")
                database.execute("select pg_reload_conf()")
                progress.now(f"{shape.name}, {database.contender.name}")
                faults += [
                    (database.contender.name, f"{shape.name}: {fault}")
                    for fault in (faults_of_steps(database), fault_of_truncate(database))
                    if fault
                ]
    return faults


def faults_of_steps(database: Database) -> str | None:
    """The first of its workloads of which not everything was recorded."""
    try:
        for step in workloads(database.shape, 1, TRANSACTIONS):
            run_step(database, step)
    except (NotRecorded, RuntimeError, psycopg2.Error) as error:
        return str(error).strip()
    return None


def fault_of_truncate(database: Database) -> str | None:
    """What is recorded of a TRUNCATE, if it is not what is said of it."""
    contender = database.contender
    database.make("full")
    before = database.count_recorded()
    database.in_unit_of_work(f"truncate {TABLE}")
    recorded = database.count_recorded() - before
    if recorded == contender.recorded["truncate"]:
        return None
    return f"{contender.name} recorded {recorded} rows of a TRUNCATE"
