"""What size does: the same history with 1 million, 10 million and as many versions as fit the disk.

make bench-scale                          everything: about an hour, and most of the free disk
make bench-scale ARGS="--largest 30000000 --keep-free 40"  no more versions, leaving 40 GB free
make bench-scale ARGS="--binaries FOLDER" on another PostgreSQL, by the folder of its programs
make bench-scale ARGS=--write             with the tables and the plot into docs/scaling.md
"""

import argparse
import datetime
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg2

from bench import scale_report, scale_space
from bench.databases import Bare
from bench.invocation import SETTINGS, command, machine, positive, settings
from bench.months import COPIES, LOADING, UNIT, WRITTEN, Years, load
from bench.past import FIRST_XID, KINDS, make_tables
from bench.progress import Line
from bench.read import READER, NotAnswered, Reading, application
from bench.results import Measured, Results
from bench.scale_writes import time_writers
from rowtrail.embedded.programs import server_user
from rowtrail.embedded.server import Server, plain_environment
from rowtrail.errors import RowtrailError

#: With the tables themselves and all indexes; what is free decides how much can be had.
BYTES = 490

#: A server's log of what it wrote, and what sorting takes.
BESIDE = 3e9

BASE = 1_000_000
MIDDLE = 10_000_000
LARGEST = 100_000_000

#: Of so many rows the blocks are counted.
LOOKS = 50


def main() -> int:
    """Measures and prints; gives the exit status."""
    options = read_options()
    try:
        if options.load:
            results = Results.load(options.load)
        if options.only_rates or not options.load:
            with tempfile.TemporaryDirectory() as folder:
                # The server may run as another user.
                Path(folder).chmod(0o755)
                prepare(Path(folder), options.binaries)
                with Server(Path(folder), options.binaries) as server:
                    results = (
                        run_rates(server, options, results)
                        if options.only_rates
                        else run(server, options)
                    )
        if options.save:
            results.save(options.save)
        print(scale_report.markdown(results))
        if options.write:
            scale_report.write(results)
    except (NotAnswered, RowtrailError, RuntimeError, OSError, ValueError, psycopg2.Error) as error:
        print(f"bench-scale: {str(error).strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench-scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, size in (("base", BASE), ("middle", MIDDLE), ("largest", LARGEST)):
        parser.add_argument(
            f"--{name}", type=positive, default=size, metavar="N",
            help=f"versions of the {name} history ({size})",
        )  # fmt: skip
    parser.add_argument(
        "--keep-free", type=positive, default=15, metavar="GB", help="of the disk (15)"
    )
    parser.add_argument("--rows", type=positive, default=100, help="that each is asked of (100)")
    parser.add_argument("--rounds", type=positive, default=9, help="of the writers (9)")
    parser.add_argument("--changes", type=positive, default=UNIT, help=f"for peers ({UNIT})")
    parser.add_argument(
        "--only-rates", action="store_true",
        help="with --load: measure anew what each tool keeps of a change, and how fast the base is "
        "sealed, shipped and archived",
    )  # fmt: skip
    parser.add_argument("--binaries", type=Path, help="the programs of another PostgreSQL")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep all times as JSON")
    parser.add_argument("--load", type=Path, metavar="FILE", help="measure nothing: show those")
    parser.add_argument("--write", action="store_true", help="put it into docs/scaling.md")
    options = parser.parse_args()
    for name in ("base", "middle", "largest"):
        if getattr(options, name) % UNIT:
            parser.error(f"--{name} {getattr(options, name)}: a multiple of {UNIT} is meant")
    if options.only_rates and not options.load:
        parser.error("--only-rates puts its figures into those of --load FILE")
    return options


def prepare(folder: Path, binaries: Path | None) -> None:
    """Makes a server that loads without a log, and whose pages have no checksums.

    With checksums, whoever reads a page first after a load would write it to the log.
    """
    with Server(folder, binaries) as server:
        one = Bare(server, "bench_scale_settings")
        for name, value in (SETTINGS | LOADING).items():
            one.execute(f"alter system set {name} = '{value}'")
        one.close()
        programs, data = server.binaries, server.data
    subprocess.run(
        [programs / "pg_checksums", "--disable", "-D", data],
        user=server_user().uid, cwd="/", env=plain_environment(), capture_output=True, check=False,
    )  # fmt: skip


def run(server: Server, options: argparse.Namespace) -> Results:
    """Loads each size, and measures it beside the smallest."""
    now = datetime.datetime.now(tz=datetime.UTC)
    results = Results(now.date().isoformat(), command("bench-scale"), machine(), "")
    parts = [Measured(name, name) for name in scale_report.PARTS]
    results.shapes = parts
    pages, sql, first, blocks, writes, space, rates = parts
    with Line() as line, ExitStack() as made:
        scale_space.measure(server, options.changes, space, rates, results.missing, line)
        base = made.enter_context(history(server, Years(options.base, now), line))
        results.machine += f", PostgreSQL {base.value('show server_version').split()[0]}"
        scale_space.use_transactions(base, Years(options.base, now))
        base.execute(f"create role {READER} login in role rowtrail_reader")
        largest = fitting(server.data, options.largest, options.keep_free)
        sizes = [size for size in (options.middle, largest) if size > options.base]
        results.method = scale_report.method(options, sizes, settings(), LOADING)
        small = Asked(server, base, Years(options.base, now), made)
        for size in dict.fromkeys(sizes):
            with ExitStack() as here:
                years = Years(size, now)
                big = here.enter_context(history(server, years, line))
                empty = here.enter_context(no_history(server, years, line))
                settle(big)
                asked = Asked(server, big, years, here)
                both = {f"{size}": asked, f"{options.base} beside {size}": small}
                ask(both, options.rows, (pages, sql, first), line)
                look(both, blocks, line)
                time_writers({"0": empty, f"{size}": big}, options.rounds, writes, line)
                scale_space.of_history(big, size, space)
            if options.save:
                # An hour's work, of which something is kept whatever happens.
                results.save(options.save)
        empty = made.enter_context(no_history(server, small.years, line))
        time_writers({"0": empty, f"{options.base}": base}, options.rounds, writes, line)
        scale_space.of_history(base, options.base, space)
        scale_space.time_seal(base, rates, line)
        scale_space.time_moving(base, space, rates, results.missing, line)
    return results


def run_rates(server: Server, options: argparse.Namespace, results: Results) -> Results:
    """Measures the tools' bytes, and seals, ships and archives the smallest history, anew."""
    *_, space, rates = results.shapes
    years = Years(options.base, datetime.datetime.now(tz=datetime.UTC))
    results.missing.clear()
    rates.times.clear()
    for name in [name for name in space.times if not name.endswith(" versions")]:
        del space.times[name]
    with Line() as line:
        scale_space.measure(server, options.changes, space, rates, results.missing, line)
    with Line() as line, history(server, years, line) as base:
        scale_space.use_transactions(base, years)
        scale_space.time_seal(base, rates, line)
        scale_space.time_moving(base, space, rates, results.missing, line)
    return results


def fitting(place: Path, wanted: int, keep_free: int) -> int:
    """How many versions the disk takes, in round numbers, and no more than are wanted."""
    free = shutil.disk_usage(place).free - keep_free * 1e9 - BESIDE
    most = int(free / BYTES)
    if most >= wanted:
        return wanted
    return max(most // MIDDLE * MIDDLE, most // UNIT * UNIT % MIDDLE, UNIT)


@contextmanager
def history(server: Server, years: Years, line: Line) -> Iterator[Bare]:
    """A database with this history, and the tables that it is of."""
    line.expect(years.versions / 1e5)
    database = Bare(server, f"bench_scale_{years.versions}")
    try:
        database.execute("alter system set fsync = off")
        database.execute("select pg_reload_conf()")
        database.install_rowtrail()
        load(database, years, line)
        settle(database)
        yield database
    finally:
        database.close()


@contextmanager
def no_history(server: Server, years: Years, line: Line) -> Iterator[Bare]:
    """A database with the table that is written to, tracked as well, and no version of it."""
    database = Bare(server, f"bench_scale_{years.versions}_none")
    try:
        line.now("the tracked table without a history")
        database.install_rowtrail()
        database.execute("set timezone = 'UTC'")
        make_tables(database)
        database.execute(f"insert into {WRITTEN.name} {years.rows_today(WRITTEN)}")
        for kind in KINDS:
            database.execute(f"select rowtrail.track('{kind.name}')")
        database.execute(f"vacuum analyze {WRITTEN.name}")
        yield database
    finally:
        database.close()


def settle(database: Bare) -> None:
    """Writes out what lies in memory, and lets the server be as safe as it is."""
    database.execute("checkpoint")
    database.execute("alter system reset fsync")
    database.execute("select pg_reload_conf()")
    database.execute("checkpoint")


# What is asked ------------------------------------------------------------------------------------


class Asked:
    """A history, its reader, and rows of it at random."""

    def __init__(self, server: Server, database: Bare, years: Years, made: ExitStack) -> None:
        self.database = database
        self.years = years
        self.reading: Reading = made.enter_context(application(server, database))
        self.random = random.Random(years.versions)
        # The rows of one version: they were inserted just now, by the triggers.
        orders = KINDS[0]
        self.newest = self.years.span(orders) * COPIES + 1
        names = ", ".join(list(orders.values)[1:])
        database.execute(
            f"insert into orders (id, {names}) select {self.newest} + g, {names} from orders, "
            "generate_series(0, 999) as g where id = 1"
        )

    def whole_order(self) -> int:
        """The key of an order that has all its versions."""
        own, batch = self.years.past.changes // 2, self.years.past.batch
        key = self.random.randrange(own // (6 * batch) * batch)
        return 1 + key + self.random.randrange(COPIES) * self.years.span(KINDS[0])

    def questions(self) -> dict[str, str]:
        """Each question, of a row or a place that was chosen at random."""
        past, chosen = self.years.past, self.random.randrange
        own = past.changes // 2
        # Of each batch all orders have come to their end, but for those since the last cycle.
        whole = own // (6 * past.batch) * past.batch
        order = self.whole_order()
        cycle = (order - 1) % self.years.span(KINDS[0]) // past.batch
        middle = past.begin + past.step * ((cycle * 6 + 3) * past.batch * 2)
        young = 1 + whole + chosen(past.batch) + chosen(COPIES) * self.years.span(KINDS[0])
        stock = 1 + chosen(past.rows["stock"] * COPIES)
        place = self.years.id_of(chosen(past.changes // 10, past.changes))
        transaction = FIRST_XID + chosen(past.changes * COPIES // 5)
        actor, feed = f"user{chosen(200)}", "/tables/1/changes"
        return {
            "a row of 6 versions": f"/tables/1/row?key={order}",
            "a row of 2 versions": f"/tables/1/row?key={young}",
            "a row of 1 version": f"/tables/1/row?key={self.newest + chosen(1000)}",
            "the hottest rows, 400 versions": f"/tables/2/row?key={stock}",
            "a row as it was": f"/tables/1/as-of?key={order}&at={middle:%Y-%m-%dT%H:%M:%S}Z",
            "a page of all changes, anywhere": f"/changes?before={place}",
            "a page of a table's changes, anywhere": f"{feed}?before={place}",
            "a table, by an actor, from anywhere": f"{feed}?actor={actor}&before={place}",
            "all tables, by an actor": f"/changes?actor={actor}",
            "a transaction": f"/transactions/1-{transaction}",
        }  # fmt: skip


def ask(
    both: dict[str, Asked],
    rows: int,
    into: tuple[Measured, Measured, Measured],
    line: Line,
) -> None:
    """Asks everything of many rows, of both histories in turn, and each twice: cold, then warm."""
    pages, sql, first = into
    line.expect(rows)
    for number in range(-3, rows):
        line.now(f"questions, row {max(number, 0) + 1} of {rows}")
        paths = {size: one.questions() for size, one in both.items()}
        for question in next(iter(paths.values())):
            for size, one in both.items():
                path = f"/api/v1{paths[size][question]}"
                _, cold = one.reading.ask(path)
                seconds, warm = one.reading.ask(path)
                # At first connections are opened, and the catalogue comes into memory.
                if number < 0:
                    continue
                pages.add(question, size, seconds)
                sql.add(question, size, warm)
                first.add(question, size, cold)
        line.advance(1)


def look(both: dict[str, Asked], blocks: Measured, line: Line) -> None:
    """Counts the blocks that are read for a row of which nobody asked before."""
    for number in range(-LOOKS // 10, LOOKS):
        line.now(f"blocks, row {max(number, 0) + 1} of {LOOKS}")
        for size, one in both.items():
            found = one.database.value(
                "explain (analyze, buffers, format json) "
                f"select * from rowtrail.history('orders', {one.whole_order()})"
            )[0]
            if number < 0:
                continue
            read, hit = (found["Plan"][f"Shared {kind} Blocks"] for kind in ("Read", "Hit"))
            blocks.add("blocks", size, read + hit)
            blocks.add("blocks that the server did not have in memory", size, read)
            blocks.add("ms", size, found["Execution Time"])


if __name__ == "__main__":
    sys.exit(main())
