"""What naming the actor costs a transaction: rowtrail's ways, and those of the tools that have one.

make bench-actor                           everything, in about six minutes
make bench-actor ARGS="--rounds 3"         fewer rounds
make bench-actor ARGS="--binaries FOLDER"  on another PostgreSQL, by the folder of its programs
make bench-actor ARGS=--write              with the table into docs/performance.md
"""

import argparse
import datetime
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import psycopg2

from bench.databases import HERE, PEERS_PYTHON, Bare, NotMeasured
from bench.invocation import command, machine, positive, settings, settle_server
from bench.progress import Line
from bench.report import left_out, put, table
from bench.results import Measured, Results
from rowtrail.embedded.server import Server, plain_environment
from rowtrail.errors import RowtrailError

sys.path.insert(0, str(HERE.parent / "tests" / "instruments"))

from trips import Trips

BEGIN = "<!-- What follows is written by make bench-actor; edit around it. -->"
END = "<!-- Here ends what make bench-actor wrote. -->"

#: The writers of bench/writers.py: how people know them, and who keeps the history of their table.
WRITERS = {
    "rowtrail-psycopg2": ("rowtrail: `with actor(…)`, psycopg2", None),
    "rowtrail-psycopg": ("rowtrail: `with actor(…)`, psycopg 3", None),
    "rowtrail-set_actor": ("rowtrail: `set_actor()`, psycopg2", None),
    "postgresql-audit": ("postgresql-audit: `transaction_values`", ("postgresql-audit", "row")),
    "django-pghistory": ("django-pghistory: `context()`", ("django-pghistory", "row")),
}
WORKLOADS = {
    "one": "reads and changes one row",
    "ten": "reads and changes ten rows, one after the other",
    "read": "reads one row",
}


class Writer:
    """A process that writes, and a database of its own that it writes to."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.name = name
        tool = WRITERS[name][1]
        if tool is not None and not PEERS_PYTHON.exists():
            raise NotMeasured("its package is not installed; make .venv-bench/installed does it")
        self.database = Bare(server, "actor_" + name.replace("-", "_"))
        self.database.execute("create table items (id bigint primary key, status text)")
        self.database.execute("insert into items select g, '' from generate_series(1, 1000) as g")
        if tool is None:
            self.database.install_rowtrail()
            self.database.execute("select rowtrail.track('items')")
        else:
            self.database.track_by_peer(tool, "items")
        self._program = [PEERS_PYTHON if tool else sys.executable, HERE / "writers.py", name]
        self._server, self._folder = server, folder
        self._process = self._start(self.database.dsn)

    def seconds(self, workload: str, named: bool, transactions: int) -> float:
        """How long so many transactions take."""
        return ask(self._process, f"{workload} {'yes' if named else 'no'} {transactions}")

    def trips(self, workload: str, named: bool) -> float:
        """Round trips of a transaction, once the connection and its statements are warm."""
        folder = self._folder / self.name
        folder.mkdir(exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=folder) as place,
            Trips(self._server.socket_folder, Path(place)) as trips,
        ):
            process = self._start(self.database.dsn.replace(str(self._server.socket_folder), place))
            line = f"{workload} {'yes' if named else 'no'} 20"
            ask(process, line)
            before = trips.count
            ask(process, line)
            count = trips.count - before
            end(process)
        return count / 20

    def close(self) -> None:
        """Ends the process and drops the database."""
        end(self._process)
        self.database.close()

    def _start(self, dsn: str) -> "subprocess.Popen[str]":
        environment = plain_environment() | {"PYTHONPATH": ":".join(sys.path)}
        if self._program[0] == PEERS_PYTHON:
            del environment["PYTHONPATH"]
        return subprocess.Popen(
            [*self._program, dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip


def ask(process: "subprocess.Popen[str]", line: str) -> float:
    """What the process answers.

    Raises:
        NotMeasured: it failed.
    """
    given, answers, errors = pipes(process)
    given.write(line + "\n")
    given.flush()
    answer = answers.readline()
    if not answer:
        said = errors.read().strip().splitlines() or ["no word"]
        raise NotMeasured(f"it failed: {said[-1]}")
    return float(answer)


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a process."""
    for pipe in pipes(process):
        pipe.close()
    process.wait()


def pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str], IO[str]]:
    """Its standard input, output and errors."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("a process without pipes")
    return process.stdin, process.stdout, process.stderr


def main() -> int:
    """Measures and prints; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="bench-actor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=positive, default=9, help="how often all is timed (9)")
    parser.add_argument(
        "--transactions", type=positive, default=200, help="so many in each run (200)"
    )
    parser.add_argument("--binaries", type=Path, help="the programs of another PostgreSQL")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # The server may run as another user.
            folder.chmod(0o755)
            with Server(folder / "server", options.binaries) as server:
                text = run(server, options, folder)
        print(text)
        if options.write:
            put(text, BEGIN, END)
    except (RowtrailError, RuntimeError, OSError, ValueError, psycopg2.Error) as error:
        print(f"bench-actor: {str(error).strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(server: Server, options: argparse.Namespace, folder: Path) -> str:
    """Measures all writers in turn; gives the tables."""
    now = datetime.datetime.now(tz=datetime.UTC)
    results = Results(now.date().isoformat(), command("bench-actor"), machine(), "")
    measured = {which: Measured(which, title) for which, title in WORKLOADS.items()}
    trips: dict[tuple[str, str, bool], float] = {}
    writers: list[Writer] = []
    with Line() as line:
        try:
            for name in WRITERS:
                line.now(f"{name}: its database")
                try:
                    writers.append(Writer(server, name, folder))
                except NotMeasured as why:
                    results.missing[name] = str(why)
            results.machine += f", {settle_server(writers[0].database)}"
            line.expect(options.rounds * len(writers) * len(WORKLOADS) * 2.0)
            for number in range(-1, options.rounds):
                for which in WORKLOADS:
                    for writer in list(writers):
                        # In turn, and none always first.
                        for named in (True, False) if number % 2 else (False, True):
                            line.now(f"{writer.name}: {WORKLOADS[which]}")
                            try:
                                time = writer.seconds(which, named, options.transactions)
                            except NotMeasured as why:
                                results.missing[writer.name] = str(why)
                                writers.remove(writer)
                                break
                            line.advance(1)
                            # In the first round pages come into memory.
                            if number >= 0:
                                key = "named" if named else "not named"
                                measured[which].add(writer.name, key, time / options.transactions)
            for writer in writers:
                for which in WORKLOADS:
                    for named in (False, True):
                        trips[writer.name, which, named] = writer.trips(which, named)
        finally:
            for writer in writers:
                writer.close()
    results.method = (
        "Each writer has a table of 1,000 rows, whose history is kept by triggers, and an ORM's "
        "session on one connection by a unix socket (another machine's is slower by each round "
        f"trip); {settings()}. {options.rounds} rounds of {options.transactions} transactions, "
        "everything in turn within each: medians. *More* is the median of each round's difference."
    )
    return markdown(results, measured, trips)


def markdown(
    results: Results, measured: dict[str, Measured], trips: dict[tuple[str, str, bool], float]
) -> str:
    """The tables."""
    parts = [
        f"The output of `{results.command}` of {results.date}, on {results.machine}.",
        results.method,
    ]
    for which, title in WORKLOADS.items():
        lines = []
        for name, (shown, _) in WRITERS.items():
            times = measured[which].times.get(name)
            if times is None or (name, which, True) not in trips:
                continue
            without, named = times["not named"], times["named"]
            more = sorted(b - a for a, b in zip(without, named, strict=True))[len(named) // 2]
            lines.append([
                shown,
                f"{(measured[which].median(name, 'not named') or 0) * 1e6:.0f}",
                f"{(measured[which].median(name, 'named') or 0) * 1e6:.0f}",
                f"{more * 1e6:+.0f}",
                f"{trips[name, which, False]:g}",
                f"{trips[name, which, True]:g}",
            ])  # fmt: skip
        parts += [
            f"A transaction that {title}:",
            table(
                ["", "µs, no actor", "µs, an actor", "more", "round trips, no actor", "an actor"],
                lines,
            ),
        ]
    return "\n\n".join([*parts, *left_out(results)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
