"""The demo's writers that are programs of PostgreSQL: pgbench and psql."""

import os
import re
import subprocess
from collections.abc import Callable
from importlib.resources import files

from sqlalchemy import text

from rowtrail.demo.place import Place
from rowtrail.errors import RowtrailError

#: pgbench's tables that have a key. The fourth, pgbench_history, has none, so no row of it can be
#: told from another.
TRACKED = ("pgbench_accounts", "pgbench_branches", "pgbench_tellers")

#: What pgbench says on its own about its run.
REPORTS = {
    "transactions": r"number of transactions actually processed: (\d+)",
    "failed": r"number of failed transactions: (\d+)",
    "tps": r"tps = ([\d.]+)",
}

PROGRESS = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps")


def fill_pgbench(place: Place) -> None:
    """Makes pgbench's tables, tracks them, and fills them: the filling is recorded as well."""
    run_program(place, "pgbench", "-i", "-q", "-I", "tp", place.conninfo())
    with place.engine.begin() as connection:
        for table in TRACKED:
            connection.execute(text("select rowtrail.track(to_regclass(:table))"), {"table": table})
    run_program(place, "pgbench", "-i", "-q", "-I", "gv", place.conninfo())


def run_pgbench(
    place: Place, seconds: int, clients: int, note: Callable[[float, str], None]
) -> dict[str, float]:
    """Runs pgbench's own TPC-B-like transactions.

    Args:
        place: of the demo.
        seconds: how long.
        clients: connections that write at once.
        note: is told each second how long it has run, and how fast.

    Returns:
        `transactions`, `failed`, `tps` as pgbench reports them, `seconds` and `clients`.
    """

    def follow(line: str) -> None:
        if found := PROGRESS.match(line):
            note(float(found[1]), f"{float(found[2]):,.0f} transactions per second")

    said = run_program(
        place, "pgbench", "-n", "-P", "1", "-T", str(seconds), "-c", str(clients),
        "-j", str(min(clients, os.cpu_count() or 1)), place.conninfo(), follow=follow,
    )  # fmt: skip
    found = {name: re.search(pattern, said) for name, pattern in REPORTS.items()}
    report = {name: float(match[1]) if match else 0.0 for name, match in found.items()}
    return report | {"seconds": seconds, "clients": clients}


def run_psql(place: Place, script: str) -> None:
    """Runs a script that lies beside this file."""
    path = str(files("rowtrail.demo") / script)
    run_program(place, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, place.conninfo())


def run_program(
    place: Place, program: str, *arguments: str, follow: Callable[[str], None] = lambda _: None
) -> str:
    """Runs a program to its end, and gives all that it said.

    Raises:
        RowtrailError: it failed.
    """
    process = subprocess.Popen(  # noqa: S603
        [place.programs / program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **place.secret(), "LC_ALL": "C"},
    )
    said = []
    with process:
        try:
            for line in process.stdout or ():
                said.append(line)
                follow(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        errors = [line for line in said if "error" in line.lower() or "FATAL" in line] or said
        raise RowtrailError(f"{program} failed: {errors[-1].strip() if errors else 'no word'}")
    return "".join(said)
