"""What writers pay with a long history behind them, beside none: the same table, in turn."""

import re
import subprocess
import tempfile
import time

from bench.databases import Bare
from bench.months import WRITTEN, WRITTEN_ROWS
from bench.progress import Line
from bench.results import Measured
from rowtrail.embedded.server import plain_environment

#: How long each run of single rows takes.
SECONDS = 2

#: The first key of rows that are inserted: beyond those that there are.
FREE = 1_000_000_000

UPDATE = f"update {WRITTEN.name} set credit = credit + 1, updated_at = now()"
INSERT = (
    f"insert into {WRITTEN.name} (id, name, email, city, credit, updated_at) "
    "select n, 'Customer ' || n, 'customer' || n || '@example.org', 'City 7', 0, now() "
)


def time_writers(databases: dict[str, Bare], rounds: int, writes: Measured, line: Line) -> None:
    """Times single rows and many rows in each database, in turn, by the rounds.

    Args:
        databases: by the size of their histories; the first has none.
        rounds: how often.
        writes: gets the seconds a row.
        line: of the progress.
    """
    (nothing, empty), (size, _) = databases.items()
    names = {nothing: f"no version, beside {size}", size: size}
    line.expect(rounds * 4.0 * (SECONDS + 1))
    for database in databases.values():
        database.execute("create sequence bench_id")
        database.execute("set synchronous_commit = off")
        database.execute("checkpoint")
    # In the first round pages come into memory, and into the log as whole ones.
    for number in range(-2, rounds):
        # An empty history that has grown is none.
        empty.execute("truncate rowtrail.versions")
        for database in databases.values():
            database.execute(f"vacuum {WRITTEN.name}")
        turn = list(databases) if number % 2 else list(databases)[::-1]
        for name, write in WAYS.items():
            for which in turn:
                line.now(f"writers, round {max(number, 0) + 1} of {rounds}: {name}, {which}")
                seconds = write(databases[which])
                if number >= 0:
                    writes.add(name, names[which], seconds)
            line.advance(SECONDS + 1)


def pgbench(database: Bare, script: str) -> float:
    """Seconds a transaction, by one client."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [database.server.binaries / "pgbench", "-n", "-M", "prepared", "-T", str(SECONDS),
             "-f", file.name, f"{database.dsn} options='-c synchronous_commit=off'"],
            capture_output=True, text=True, check=False, env=plain_environment(),
        )  # fmt: skip
    found = re.search(r"latency average = ([0-9.]+) ms", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench: {done.stderr.strip() or 'no word'}")
    return float(found[1]) / 1000


def timed(database: Bare, statement: str) -> float:
    """Seconds a row of a statement that writes `WRITTEN_ROWS` of them."""
    begin = time.perf_counter()
    database.execute(statement)
    return (time.perf_counter() - begin) / WRITTEN_ROWS


def update_one(database: Bare) -> float:
    """Updates a row at random, again and again."""
    return pgbench(database, f"\\set key random(1, {WRITTEN_ROWS})\n{UPDATE} where id = :key;\n")


def insert_one(database: Bare) -> float:
    """Inserts a row, again and again."""
    return pgbench(
        database, f"{INSERT} from nextval('bench_id') as s, lateral (select s + {FREE}) as k (n);\n"
    )


def update_many(database: Bare) -> float:
    """Updates rows by one statement."""
    return timed(database, f"{UPDATE} where id <= {WRITTEN_ROWS}")


def insert_many(database: Bare) -> float:
    """Inserts rows by one statement."""
    first = database.value(
        f"select setval('bench_id', nextval('bench_id') + {WRITTEN_ROWS}) - {WRITTEN_ROWS}"
    )
    return timed(
        database,
        f"{INSERT} from generate_series({FREE + first}::bigint, "
        f"{FREE + first + WRITTEN_ROWS - 1}) as k (n)",
    )


WAYS = {
    "UPDATE of a row": update_one,
    "INSERT of a row": insert_one,
    f"UPDATE of {WRITTEN_ROWS:,} rows": update_many,
    f"INSERT of {WRITTEN_ROWS:,} rows": insert_many,
}
