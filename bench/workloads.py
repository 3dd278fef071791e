"""What is timed: statements of many rows, COPY, single rows by key, and a longer transaction.

Each workload is one step of a round; a database keeps its rows from step to step, and says in
`state` what it holds, so that the filling is done where it must be and is never timed.
"""

import io
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.databases import Database
from bench.shapes import MIDDLE, TABLE, Shape
from rowtrail.embedded.server import plain_environment


@dataclass(frozen=True)
class Done:
    """What one run of a workload did.

    Attributes:
        seconds: how long a row took; with several clients, as one of them sees it.
        changes: how many rows were inserted, updated and deleted.
    """

    seconds: float
    changes: dict[str, int]


@dataclass(frozen=True)
class Workload:
    """Something that is timed.

    Attributes:
        name: what `--only` and the results call it.
        group: `statement`, `copy`, `single` or `transaction`.
        accepts: the states of the database that it can begin with; the first is made, if it must.
        leaves: the state after it.
        expected: about how many seconds one run takes, for the progress line.
        run: does it, once.
    """

    name: str
    group: str
    accepts: tuple[str, ...]
    leaves: str
    expected: float
    run: Callable[[Database], Done]


def workloads(shape: Shape, seconds: int, transactions: int | None = None) -> list[Workload]:
    """The workloads of a shape, in the order of one round.

    Args:
        shape: the table; the fine differences are measured on the 12-column one alone.
        seconds: how long each run of pgbench takes.
        transactions: instead of that, how many transactions each client runs.
    """
    count = f"{shape.rows:,} rows"
    length = ["-T", str(seconds)] if transactions is None else ["-t", str(transactions)]
    # How many clients, and whether a commit waits for the disk.
    ways = [(1, False)]
    if shape.name == MIDDLE.name:
        ways += [(4, False), (1, True), (4, True)]
    steps = [
        Workload(f"INSERT of {count}", "statement", ("empty",), "full", 1.5, insert_all),
        Workload(f"UPDATE of {count}", "statement", ("full",), "full", 2.5, update_all),
        Workload(f"DELETE of {count}", "statement", ("full",), "empty", 1.2, delete_all),
        Workload(f"COPY of {count}", "copy", ("empty",), "full", 1.5, copy_all),
    ]

    def single(
        verb: str, script: str, accepts: tuple[str, ...], leaves: str, part: int
    ) -> Workload:
        clients, synchronous = ways[part]

        def run(database: Database) -> Done:
            return pgbench(
                database, script, clients, length, {verb.lower(): 1},
                synchronous=synchronous, part=part, parts=len(ways),
            )  # fmt: skip

        name = f"{verb} by key, {clients} client{'s' * (clients > 1)}" + ", sync" * synchronous
        return Workload(name, "single", accepts, leaves, seconds + 0.4, run)

    def ten(database: Database) -> Done:
        changes = {"insert": 4, "update": 5, "delete": 1}
        return pgbench(database, ten_statements(shape), 1, length, changes, whole=True)

    parts = range(len(ways))
    steps += [single("UPDATE", update_one(shape), ("full",), "full", p) for p in parts]
    if shape.name == MIDDLE.name:
        name = "ten statements in a transaction"
        steps.append(Workload(name, "transaction", ("full",), "more", seconds + 0.4, ten))
    steps += [single("INSERT", insert_one(shape), ("full", "more"), "more", p) for p in parts]
    # Each DELETE has its own part of the rows: so the table is not filled anew for each.
    steps += [
        single(
            "DELETE", DELETE_ONE, ("full", "more", *(f"less {q}" for q in range(p))), f"less {p}", p
        )
        for p in parts
    ]
    return steps


def timed(database: Database, statement: str) -> float:
    """Seconds that the statement took for each row of the table."""
    begun = time.perf_counter()
    database.in_unit_of_work(statement)
    return (time.perf_counter() - begun) / database.shape.rows


def insert_all(database: Database) -> Done:
    """One INSERT of all rows."""
    return Done(timed(database, database.fill_statement), {"insert": database.shape.rows})


def update_all(database: Database) -> Done:
    """One UPDATE of all rows."""
    statement = f"update {TABLE} set {database.shape.update}"
    return Done(timed(database, statement), {"update": database.shape.rows})


def delete_all(database: Database) -> Done:
    """One DELETE of all rows."""
    return Done(timed(database, f"delete from {TABLE}"), {"delete": database.shape.rows})


def copy_all(database: Database) -> Done:
    """COPY of all rows from the client, which has them in memory."""
    shape = database.shape
    lines = io.StringIO()
    with database.connection.cursor() as cursor:
        cursor.copy_expert(
            f"copy (select {shape.select_row('g')} "
            f"from generate_series(1::bigint, {shape.rows}) g) to stdout",
            lines,
        )
        lines.seek(0)
        begun = time.perf_counter()
        if database.contender.unit_of_work:
            cursor.execute("begin")
            cursor.execute(database.contender.unit_of_work)
        cursor.copy_expert(f"copy {TABLE} ({shape.names}) from stdin", lines)
        if database.contender.unit_of_work:
            cursor.execute("commit")
        ended = time.perf_counter()
    return Done((ended - begun) / shape.rows, {"insert": shape.rows})


# pgbench gives :client_id; :clients, :rows, :first, :from and :share come from us, and :next
# counts the transactions of one client, so that no two of them meet at a key.


def update_one(shape: Shape) -> str:
    """Updates one row, chosen at random."""
    return f"""\\set id random(1, :rows)
update {TABLE} set {shape.update} where id = :id;
"""


def insert_one(shape: Shape) -> str:
    """Inserts one row with the next key."""
    return f"""\\set id :first + :next * :clients + :client_id
\\set next :next + 1
insert into {TABLE} ({shape.names}) select {shape.select_row("g")} from cast(:id as bigint) as g;
"""


# When a client has no rows left, it stops by an error, and the run ends: a DELETE that finds
# nothing would be fast and worth nothing.
DELETE_ONE = f"""\\set left :share - :next
\\if :left <= 0
\\set stop 1 / 0
\\endif
\\set id :from + :client_id * :share + :next
\\set next :next + 1
delete from {TABLE} where id = :id;
"""


def ten_statements(shape: Shape) -> str:
    """A transaction: four rows come, five are changed, and one that came before goes."""
    inserts = "".join(
        f"\\set id :first + :next * 4 + {number}\n"
        f"insert into {TABLE} ({shape.names}) select {shape.select_row('g')} "
        "from cast(:id as bigint) as g;\n"
        for number in range(4)
    )
    # From five parts of the table, so that none is changed twice.
    updates = "".join(
        f"\\set id random({part} * :rows / 5 + 1, {part + 1} * :rows / 5 - 10)\n"
        f"update {TABLE} set {shape.update} where id = :id;\n"
        for part in range(5)
    )
    return f"""begin;
{inserts}{updates}\\set id :first + (:next - 1) * 4
\\set next :next + 1
delete from {TABLE} where id = :id;
commit;
"""


def pgbench(
    database: Database,
    script: str,
    clients: int,
    length: list[str],
    changes: dict[str, int],
    *,
    synchronous: bool = False,
    part: int = 0,
    parts: int = 1,
    whole: bool = False,
) -> Done:
    """Runs the script by pgbench with prepared statements.

    Args:
        database: where.
        script: a pgbench script.
        clients: how many write at once.
        length: pgbench's option that says how long.
        changes: what one transaction changes.
        synchronous: whether a commit waits for the disk.
        part: which part of the rows this run may delete, from 0.
        parts: how many such parts there are.
        whole: whether the script says begin and commit itself.

    Raises:
        RuntimeError: pgbench failed.
    """
    unit = database.contender.unit_of_work
    if unit is not None:
        script = (
            script.replace("begin;\n", f"begin;\n{unit};\n", 1)
            if whole
            else f"begin;\n{unit};\n{script}commit;\n"
        )
    # The last rows are left alone: ten_statements() begins with one of them.
    in_part = (database.shape.rows - 10) // parts
    variables = {
        "rows": database.shape.rows,
        "first": database.first_free,
        "clients": clients,
        "share": in_part // clients,
        "from": part * in_part + 1,
        "next": 0,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                database.server.binaries / "pgbench", "-h", database.server.socket_folder,
                "-p", "5432", "-U", "postgres", "-n", "-M", "prepared",
                "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1)), *length,
                *(f"-D{name}={value}" for name, value in variables.items()),
                "-f", file.name, database.name,
            ],
            check=False, capture_output=True, text=True,
            env=plain_environment()
            | {"PGOPTIONS": f"-c synchronous_commit={'on' if synchronous else 'off'}"},
        )  # fmt: skip
    tps = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    processed = re.search(r"actually processed: (\d+)", done.stdout)
    ran_out = "division by zero" in done.stderr
    if tps is None or processed is None or (done.returncode != 0 and not ran_out):
        raise RuntimeError(f"pgbench: {done.stderr.strip() or done.stdout.strip()}")
    count = int(processed[1])
    if "insert" in changes:
        database.first_free = 1 + int(database.value(f"select max(id) from {TABLE}"))
    return Done(
        clients / float(tps[1]) / sum(changes.values()),
        {kind: rows * count for kind, rows in changes.items()},
    )
