"""What seals cost: how fast versions are sealed and verified, and what writers notice of it.

make bench-seal                           everything, in about 10 minutes
make bench-seal ARGS="--versions 200000"  of another number of versions: a multiple of 20
make bench-seal ARGS="--binaries FOLDER"  on another PostgreSQL, by the folder of its programs
make bench-seal ARGS=--write              with the tables into docs/performance.md
"""

import argparse
import datetime
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from bench.contenders import CONTENDERS
from bench.databases import Database
from bench.invocation import command, machine, positive, settings, settle_server
from bench.progress import Line
from bench.report import put, table
from bench.results import Measured, Results
from bench.shapes import MIDDLE, TABLE
from rowtrail.embedded.server import Server, plain_environment
from rowtrail.errors import RowtrailError

BEGIN = "<!-- What follows is written by make bench-seal; edit around it. -->"
END = "<!-- Here ends what make bench-seal wrote. -->"

#: Into so many seals the versions are divided, when verifying is timed.
SEALS = 20

SEALING, VERIFYING, BOTH = "seal", "verify, one connection", "verify, two connections"
QUIET, BESIDE_SEALING = "nobody seals", "sealed every second"

#: The goals.
GOAL_VERIFY = 1_000_000  # versions a second, by two cores
GOAL_COST = 0.03


def main() -> int:
    """Measures and prints; gives the exit status."""
    options = read_options()
    try:
        if options.load:
            results = Results.load(options.load)
        else:
            with tempfile.TemporaryDirectory() as folder:
                # The server may run as another user.
                Path(folder).chmod(0o755)
                with Server(Path(folder), options.binaries) as server:
                    results = run(server, options)
        if options.save:
            results.save(options.save)
        print(markdown(results))
        if options.write:
            put(markdown(results), BEGIN, END)
    except (RowtrailError, RuntimeError, OSError, ValueError, psycopg2.Error) as error:
        print(f"bench-seal: {str(error).strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench-seal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--versions", type=positive, default=1_000_000, metavar="N", help="so many (1000000)"
    )
    parser.add_argument("--rounds", type=positive, default=7, help="how often all is timed (7)")
    parser.add_argument(
        "--seconds", type=positive, default=15, help="how long each run of pgbench takes (15)"
    )
    parser.add_argument("--binaries", type=Path, help="the programs of another PostgreSQL")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep all times as JSON")
    parser.add_argument("--load", type=Path, metavar="FILE", help="measure nothing: show those")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    if options.versions % SEALS:
        parser.error(f"--versions {options.versions}: a multiple of {SEALS} is meant")
    return options


def run(server: Server, options: argparse.Namespace) -> Results:
    """Records, seals, verifies, and writes beside it."""
    now = datetime.datetime.now(tz=datetime.UTC)
    speed = Measured("speed", "Sealing and verifying")
    writers = Measured("writers", "Writers")
    results = Results(now.date().isoformat(), command("bench-seal"), machine(), "")
    results.shapes = [speed, writers]
    contender = next(one for one in CONTENDERS if one.name == "rowtrail")
    database = Database(server, contender, MIDDLE)
    try:
        results.machine += f", {settle_server(database)}"
        with Line() as line:
            line.expect(options.rounds * (options.versions / 1e5 + 4 * options.seconds))
            time_seals(database, options, speed, line)
            time_writers(database, options, writers, line)
        size = database.value(
            "select sum(pg_total_relation_size(c)) from "
            "unnest(array['rowtrail.seals', 'rowtrail.seal_leaves']::regclass[]) as c"
        )
        kept = database.value("select sum(versions) from rowtrail.seals")
        results.method = (
            f"{options.versions:,} INSERTs of rows of 12 columns, about 300 bytes, in {SEALS} "
            f"seals; {settings()}. {options.rounds} rounds, everything in turn within each: "
            f"medians. A seal takes {float(size) / float(kept):.0f} bytes a version on disk."
        )
    finally:
        database.close()
    return results


def time_seals(
    database: Database, options: argparse.Namespace, speed: Measured, line: Line
) -> None:
    """Seals and verifies the same versions again and again."""
    part = options.versions // SEALS
    with closing(psycopg2.connect(database.dsn)) as other, ThreadPoolExecutor(2) as two:
        other.autocommit = True
        for number in range(-1, options.rounds):
            database.execute(
                f"truncate rowtrail.seals, rowtrail.seal_leaves, rowtrail.versions, {TABLE}"
            )
            sealing = 0.0
            for n in range(SEALS):
                line.now(f"seals, round {max(number, 0) + 1} of {options.rounds}: sealing {n + 1}")
                database.execute(
                    f"insert into {TABLE} ({MIDDLE.names}) select {MIDDLE.select_row('g')} "
                    f"from generate_series({n * part + 1}::bigint, {(n + 1) * part}) as g"
                )
                begin = time.perf_counter()
                database.execute("select rowtrail.seal()")
                sealing += time.perf_counter() - begin
            database.execute("vacuum analyze rowtrail.versions, rowtrail.seal_leaves")
            database.execute("checkpoint")
            line.now(f"seals, round {max(number, 0) + 1} of {options.rounds}: verifying")
            begin = time.perf_counter()
            verify(database.connection, range(1, SEALS + 1))
            one = time.perf_counter() - begin
            begin = time.perf_counter()
            halves = [
                two.submit(verify, connection, range(first, SEALS + 1, 2))
                for first, connection in ((1, database.connection), (2, other))
            ]
            for half in halves:
                half.result()
            both = time.perf_counter() - begin
            line.advance(options.versions / 1e5)
            # In the first round pages come into memory.
            if number >= 0:
                for name, seconds in ((SEALING, sealing), (VERIFYING, one), (BOTH, both)):
                    speed.add("versions", name, seconds / options.versions)


def verify(connection: "psycopg2.extensions.connection", numbers: range) -> None:
    """Verifies seals.

    Raises:
        RuntimeError: one is wrong, so that the time says nothing.
    """
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("select * from rowtrail.verify_seal(%s)", (number,))
            if found := cursor.fetchall():
                raise RuntimeError(f"seal {number} is not as it was made: {found[0]}")


def time_writers(
    database: Database, options: argparse.Namespace, writers: Measured, line: Line
) -> None:
    """Has four clients write by key, while somebody seals and while nobody does."""
    for number in range(options.rounds):
        turn = [QUIET, BESIDE_SEALING] if number % 2 else [BESIDE_SEALING, QUIET]
        for name in turn:
            line.now(f"writers, round {number + 1} of {options.rounds}: {name}")
            database.execute("checkpoint")
            with sealing(database, name == BESIDE_SEALING):
                writers.add("UPDATE by key, 4 clients", name, pgbench(database, options))
            line.advance(2 * options.seconds)


@contextmanager
def sealing(database: Database, is_wanted: bool) -> Iterator[None]:
    """Seals every second meanwhile, as `rowtrail seal --every 1s` does."""
    # What was written before is none of the work of this run.
    database.execute("select rowtrail.seal()")
    done = threading.Event()

    def go_on() -> None:
        connection = psycopg2.connect(database.dsn)
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not done.wait(1):
                cursor.execute("select rowtrail.seal()")
        connection.close()

    sealer = threading.Thread(target=go_on)
    if is_wanted:
        sealer.start()
    yield
    done.set()
    if is_wanted:
        sealer.join()


def pgbench(database: Database, options: argparse.Namespace) -> float:
    """Seconds a transaction, as one of four clients sees it."""
    script = (
        f"\\set key random(1, {options.versions})\n"
        f"update {TABLE} set {MIDDLE.update} where id = :key;\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [database.server.binaries / "pgbench", "-n", "-M", "prepared", "-c", "4", "-j", "2",
             "-T", str(options.seconds), "-f", file.name, database.dsn],
            capture_output=True, text=True, check=False, env=plain_environment() | {"LC_ALL": "C"},
        )  # fmt: skip
    found = re.search(r"latency average = ([0-9.]+) ms", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench: {done.stderr.strip() or 'no word'}")
    return float(found[1]) / 1000


def markdown(results: Results) -> str:
    """The tables, with the goals beside."""
    speed, writers = results.shapes
    lines = []
    for name in (SEALING, VERIFYING, BOTH):
        times = speed.times["versions"][name]
        median = speed.median("versions", name) or 1
        lines.append([
            name, f"{1 / median:,.0f}", f"{1 / max(times):,.0f} – {1 / min(times):,.0f}",
            f"{GOAL_VERIFY:,}" if name == BOTH else "",
        ])  # fmt: skip
    of_writers = []
    for name in writers.times:
        quiet, beside = (writers.median(name, which) or 1 for which in (QUIET, BESIDE_SEALING))
        of_writers.append([
            name, f"{quiet * 1e6:.0f}", f"{beside * 1e6:.0f}", f"{beside / quiet - 1:+.1%}",
            f"{GOAL_COST:.0%}",
        ])  # fmt: skip
    return "\n\n".join([
        f"The output of `{results.command}` of {results.date}, on {results.machine}.",
        results.method,
        table(["", "versions a second", "lowest – highest", "goal"], lines),
        "µs a transaction, as one of the clients sees it:",
        table(["", QUIET, BESIDE_SEALING, "more", "goal"], of_writers),
    ]) + "\n"  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
