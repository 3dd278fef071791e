"""What tracking costs writers: rowtrail beside no tracking, beside the floor, and beside others.

make bench                           everything, in about 35 minutes
make bench ARGS=--quick              the 12-column table, two rounds: about 5 minutes
make bench ARGS=--check              no times: does each contender record what is said of it?
make bench ARGS="--only untracked floor rowtrail 12-column 'INSERT of'"
make bench ARGS="--binaries FOLDER"  on another PostgreSQL, by the folder of its programs
make bench ARGS=--write              with the tables into docs/performance.md, and the plot
"""

import argparse
import datetime
import sys
import tempfile
from pathlib import Path

from bench import report
from bench.check import check
from bench.contenders import CONTENDERS, Contender
from bench.invocation import command, machine, positive, settings, settle_server
from bench.progress import Line
from bench.results import Measured, Results
from bench.rounds import BESIDE, NotRecorded, databases, measure_space, run_rounds
from bench.shapes import MIDDLE, SHAPES, Shape
from bench.workloads import Workload, workloads
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError


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
                    if options.check:
                        return run_check(server, options)
                    results, whole = run(server, options)
            if not whole:
                print(report.markdown(results))
                print("Interrupted: these are the rounds until then.", file=sys.stderr)
                return 130
        if options.save:
            results.save(options.save)
        print(report.markdown(results))
        if options.write:
            report.write(results)
    except (NotRecorded, RowtrailError, RuntimeError, OSError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_options() -> argparse.Namespace:
    """The command line; refuses names that are nobody's."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=positive, help="how often everything is measured (5)")
    parser.add_argument("--seconds", type=positive, default=1, help="of each run of pgbench (1)")
    parser.add_argument("--quick", action="store_true", help="the 12-column table, two rounds")
    parser.add_argument("--check", action="store_true", help="only count what is recorded")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME",
        help="contenders, tables and workloads whose names begin so",
    )  # fmt: skip
    parser.add_argument("--binaries", type=Path, help="the programs of another PostgreSQL")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep all times as JSON")
    parser.add_argument("--load", type=Path, metavar="FILE", help="measure nothing: show those")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    if options.binaries and not (options.binaries / "pgbench").exists():
        parser.error(f"there is no pgbench in {options.binaries}; name the folder that has it")
    names = [c.name for c in CONTENDERS] + [s.name for s in SHAPES] + workload_names()
    for begin in options.only:
        if not any(named(name, [begin]) for name in names):
            parser.error(f"--only {begin}: no name begins so; there are: " + "; ".join(names))
    return options


def workload_names() -> list[str]:
    """The names of all workloads."""
    return list(dict.fromkeys(step.name for shape in SHAPES for step in workloads(shape, 1)))


def named(name: str, begins: list[str]) -> bool:
    """Whether the name begins with one of these, whatever the case."""
    return any(name.lower().startswith(begin.lower()) for begin in begins)


def chosen(options: argparse.Namespace) -> tuple[list[Contender], list[Shape], list[str]]:
    """The contenders, tables and names of workloads that are asked for."""

    def keep(names: list[str]) -> list[str]:
        asked = [name for name in names if named(name, options.only)]
        return asked or names

    contenders = keep([c.name for c in CONTENDERS])
    shapes = keep([MIDDLE.name] if options.quick else [s.name for s in SHAPES])
    steps = keep([n for n in workload_names() if not options.quick or not n.endswith(", sync")])
    return (
        [c for c in CONTENDERS if c.name in contenders],
        [s for s in SHAPES if s.name in shapes],
        steps,
    )


def run_check(server: Server, options: argparse.Namespace) -> int:
    """Prints who records what is said of it; gives the exit status."""
    contenders, shapes, _ = chosen(options)
    missing: dict[str, str] = {}
    with Line() as line:
        line.now("setting up")
        faults = check(server, contenders, shapes, missing, line)
    for contender in contenders:
        if contender.name in missing:
            print(f"not checked: {contender.name}: {missing[contender.name]}")
        wrong = [fault for name, fault in faults if name == contender.name]
        for fault in wrong:
            print(f"wrong: {contender.name}: {fault}")
        if not wrong and contender.name not in missing:
            print(f"records all that it should: {contender.name}")
    return 1 if faults else 0


def run(server: Server, options: argparse.Namespace) -> tuple[Results, bool]:
    """Measures; gives the results, and whether nobody interrupted it."""
    contenders, shapes, steps = chosen(options)
    results = Results(
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        command=command("bench"),
        machine=machine(),
        method=method(options),
    )
    with Line() as line:
        try:
            for shape in shapes:
                run_shape(server, contenders, shape, steps, options, results, line)
        except KeyboardInterrupt:
            return results, False
    return results, True


def run_shape(
    server: Server,
    contenders: list[Contender],
    shape: Shape,
    names: list[str],
    options: argparse.Namespace,
    results: Results,
    line: Line,
) -> None:
    """Measures the workloads of these names on one table."""
    measured = Measured(shape.name, shape.title)
    steps = [step for step in workloads(shape, options.seconds) if step.name in names]
    line.now(f"{shape.name}: setting up")
    with databases(server, contenders, shape, results.missing) as made:
        if not made or not steps:
            return
        if not results.shapes:
            results.machine += f", {settle_server(made[0])}"
        results.shapes.append(measured)
        line.expect(seconds_of(steps, len(made) * options.rounds))
        run_rounds(made, steps, options.rounds, measured, line)
        if shape.name == MIDDLE.name and not options.only:
            for database in made:
                line.now(f"bytes, {database.contender.name}")
                results.space[database.contender.name] = measure_space(database)


def seconds_of(steps: list[Workload], times: int) -> float:
    """How long they will take, about."""
    return sum(step.expected + BESIDE for step in steps) * times


def method(options: argparse.Namespace) -> str:
    """How it was measured."""
    return (
        f"{options.rounds} rounds, in each of which all contenders take turns at every workload; "
        f"single rows by pgbench with prepared statements, {options.seconds} s a run, "
        "`synchronous_commit = off` where the line does not say sync, time as one client sees it; "
        f"a server with its own settings but {settings()}. After every run the recorded changes "
        "were counted: nobody is fast by leaving some out."
    )


if __name__ == "__main__":
    sys.exit(main())
