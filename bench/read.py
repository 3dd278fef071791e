"""What reading costs: the pages at 10 million versions beside 100,000, and other tools' tables.

make bench-read                           everything, in about 10 minutes, with 15 GB of disk
make bench-read ARGS="--versions 1000000" a history of another size: a multiple of 100,000
make bench-read ARGS=--only-pages         without the other tools
make bench-read ARGS="--binaries FOLDER"  on another PostgreSQL, by the folder of its programs
make bench-read ARGS=--write              with the tables into docs/performance.md
"""

import argparse
import datetime
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from flask import Flask
from sqlalchemy import event

from bench import past, read_report
from bench.databases import Bare, NotMeasured
from bench.invocation import command, machine, positive, settings, settle_server
from bench.past import KINDS, UNIT, Past
from bench.progress import Line
from bench.questions import (
    DJANGO_PGHISTORY,
    POSTGRESQL_AUDIT,
    ROWTRAIL,
    STOCK,
    asked_in_sql,
    questions,
)
from bench.results import Measured, Results
from rowtrail import create_app
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.reader.config import database as reader

READER = "bench_reader"

#: What answers more slowly than that is asked once.
SLOW = 3.0  # seconds

#: So many lines of an export are read.
EXPORTED = 200_000


class NotAnswered(Exception):
    """A page was not what it must be: its speed would mean nothing."""


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
        print(read_report.markdown(results))
        if options.write:
            read_report.write(results)
    except (NotAnswered, RowtrailError, OSError, ValueError, psycopg2.Error) as error:
        print(f"bench-read: {str(error).strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench-read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--versions", type=positive, default=100 * UNIT, metavar="N",
        help="of the long history, about ten a row (10000000)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=positive, default=9, help="how often all is asked (9)")
    parser.add_argument("--only-pages", action="store_true", help="without the other tools")
    parser.add_argument("--binaries", type=Path, help="the programs of another PostgreSQL")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep all times as JSON")
    parser.add_argument("--load", type=Path, metavar="FILE", help="measure nothing: show those")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    if options.versions % UNIT:
        parser.error(f"--versions {options.versions}: a multiple of {UNIT} is meant")
    return options


def run(server: Server, options: argparse.Namespace) -> Results:
    """Makes the histories, and asks."""
    now = datetime.datetime.now(tz=datetime.UTC)
    big, small = Past(options.versions, now), Past(UNIT, now)
    pages = Measured("pages", "Pages")
    whole = Measured("whole", "Whole tables and exports")
    tools = Measured("tools", "Beside other tools")
    results = Results(now.date().isoformat(), command("bench-read"), machine(), "")
    results.shapes = [pages, whole, tools]
    with Line() as line, ExitStack() as made:
        databases = make(server, big, small, options, results, line, made)
        results.method = method(options, databases)
        check(databases["small"])
        apps = {
            size: made.enter_context(application(server, databases[size]))
            for size in ("small", "big")
        }
        ask_pages(apps, big, small, options.rounds, pages, line)
        ask_whole(apps["big"], whole, line)
        tables = {name: one for name, one in databases.items() if name != "small"}
        tables[ROWTRAIL] = tables.pop("big")
        ask_in_sql(tables, big, tools, options.rounds, line)
    return results


# The histories ------------------------------------------------------------------------------------


def make(
    server: Server,
    big: Past,
    small: Past,
    options: argparse.Namespace,
    results: Results,
    line: Line,
    made: ExitStack,
) -> dict[str, Bare]:
    """The databases, filled; two at a time, since each is filled by one process."""

    def new(name: str) -> Bare:
        one = Bare(server, f"bench_read_{name.replace('-', '_')}")
        made.callback(one.close)
        # Nobody waits for the disk to learn something.
        one.execute("set synchronous_commit = off")
        one.execute("set work_mem = '64MB'")
        one.execute("set maintenance_work_mem = '512MB'")
        return one

    databases = {name: new(name) for name in ("small", "big")}
    results.machine += f", {settle_server(databases['small'])}"
    for one in databases.values():
        one.install_rowtrail()
    databases["small"].execute(f"create role {READER} login in role rowtrail_reader")
    fill: dict[str, Iterator[int]] = {
        "big": past.write_rowtrail(databases["big"], big),
        "small": past.write_rowtrail(databases["small"], small),
    }
    writers: dict[str, Callable[[Bare, Past], Iterator[int]]] = {
        POSTGRESQL_AUDIT: past.write_postgresql_audit,
        DJANGO_PGHISTORY: past.write_django_pghistory,
    }
    for tool, write in writers.items():
        if options.only_pages:
            break
        one = new(tool)
        past.make_tables(one)
        try:
            one.track_by_peer((tool, "row"), *(kind.name for kind in KINDS))
        except NotMeasured as reason:
            results.missing[tool] = str(reason)
            continue
        databases[tool] = one
        fill[tool] = write(one, big)
    changes = {name: small.changes if name == "small" else big.changes for name in fill}
    line.expect(sum(changes.values()) / 1e5)

    def go(name: str) -> None:
        for done in fill[name]:
            line.now(f"writing the history, {name}: {done:,} of {changes[name]:,} changes")
            line.advance(past.CHUNK / 1e5)

    with ThreadPoolExecutor(2) as two:
        for one_done in wait([two.submit(go, name) for name in fill]).done:
            one_done.result()
    databases["small"].execute("checkpoint")
    return databases


def check(database: Bare) -> None:
    """Makes sure that the history is one that rowtrail could have recorded: replay accepts it.

    Raises:
        NotAnswered: it is not.
    """
    for kind in KINDS:
        wrong = database.value(f"select count(*) from rowtrail.differences('{kind.name}')")
        rows = database.value(f"select count(*) from {kind.name}")
        if wrong or not rows:
            raise NotAnswered(f"{kind.name}: {wrong} of {rows} rows are not as their versions say")


def method(options: argparse.Namespace, databases: dict[str, Bare]) -> str:
    """How it was measured."""
    rows = sum(databases["big"].value(f"select count(*) from {kind.name}") for kind in KINDS)
    sizes = ", ".join(
        f"{ROWTRAIL if name == 'big' else name} {one.size() / 1e9:.1f} GB"
        for name, one in databases.items()
        if name != "small"
    )
    return (
        f"{options.versions:,} versions, of {rows:,} rows and of some that were deleted, in three "
        f"tables and {past.DAYS} days; beside it a history of {UNIT:,} versions, made the same "
        f"way. With the tables themselves and all indexes: {sizes}. {options.rounds} rounds, in "
        "each of which all questions are asked in turn; the median, and the lowest and highest in "
        "brackets; what takes longer than "
        f"{SLOW:.0f} s is asked once. Pages are whole ones, by way of Flask's test client, as a "
        "login that may only read. A server with its own settings but "
        f"{settings()}; what is read lies in the memory of the machine."
    )


# The pages ----------------------------------------------------------------------------------------


class Reading:
    """The reader's application on a database, and the time that its queries take."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.in_sql = 0.0
        with app.app_context():
            engine = reader.engine
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)

    def ask(self, path: str) -> tuple[float, float]:
        """The seconds that a page takes, and its queries.

        Raises:
            NotAnswered: it is not there.
        """
        self.in_sql = 0.0
        begin = time.perf_counter()
        answer = self.client.get(path)
        seconds = time.perf_counter() - begin
        if answer.status_code != 200:
            said = " ".join(answer.text.split())[-200:]
            raise NotAnswered(f"{path}: {answer.status_code} {said}")
        return seconds, self.in_sql

    def lines(self, path: str, most: int) -> tuple[float, int]:
        """The seconds until so many lines of a file have come, and how many did."""
        begin = time.perf_counter()
        answer = self.client.get(path, buffered=False)
        count = 0
        for part in answer.iter_encoded():
            count += part.count(b"\n")
            if count >= most:
                break
        seconds = time.perf_counter() - begin
        answer.close()
        return seconds, count

    def _begin(self, *_: Any) -> None:
        self._begun = time.perf_counter()

    def _end(self, *_: Any) -> None:
        self.in_sql += time.perf_counter() - self._begun


@contextmanager
def application(server: Server, database: Bare) -> Iterator[Reading]:
    """The reader on this database, as its login."""
    app = create_app(server.url(user=READER, database=database.name))
    yield Reading(app)
    with app.app_context():
        reader.engine.dispose()


def ask_pages(
    apps: dict[str, Reading],
    big: Past,
    small: Past,
    rounds: int,
    pages: Measured,
    line: Line,
) -> None:
    """Asks for all pages of both histories, in turn."""
    short = {one.name: one for one in questions(small)}
    line.expect(rounds * len(short) * 0.3)
    # The first round is not counted: connections are opened, and pages come into memory.
    for number in range(-1, rounds):
        for question in questions(big):
            line.now(f"pages, round {max(number, 0) + 1} of {rounds}: {question.name}")
            asked = [("big", apps["big"], question.path)]
            if question.deep:
                asked.append(("deep", apps["big"], question.deep))
            if question.name in short:
                asked.append(("small", apps["small"], short[question.name].path))
            turn = number % len(asked)
            for size, app, path in asked[turn:] + asked[:turn]:
                if question.forget:
                    app.app.extensions.pop("rowtrail.days", None)
                seconds, in_sql = app.ask(path)
                if number >= 0:
                    pages.add(question.name, size, seconds)
                    pages.add(question.name, f"{size}, SQL", in_sql)
            line.advance(0.3)


def ask_whole(app: Reading, whole: Measured, line: Line) -> None:
    """Reads some files; the time is that of a line."""
    for form in ("jsonl", "csv"):
        for name, path in (
            ("export of a table", f"/tables/{STOCK}/export.{form}"),
            ("export of all tables", f"/changes/export.{form}"),
        ):
            line.now(f"{name}, {form}")
            seconds, count = app.lines(path, EXPORTED)
            whole.add(f"{name}, {form}", "line", seconds / count)
            whole.add(f"{name}, {form}", "lines", count)


# Other tools --------------------------------------------------------------------------------------


def ask_in_sql(
    databases: dict[str, Bare], big: Past, tools: Measured, rounds: int, line: Line
) -> None:
    """Asks the same of the tables of all tools, in turn."""
    for one in databases.values():
        one.connection.reset()
        one.connection.autocommit = True
    asked = asked_in_sql(big)
    line.expect(len(asked) * 10)
    for question in asked:
        rows: dict[str, int] = {}
        for number in range(-1, rounds):
            for tool, one in databases.items():
                if max(tools.times.get(question.name, {}).get(tool, [0.0])) > SLOW:
                    continue
                line.now(f"{question.name}, {tool}")
                begin = time.perf_counter()
                found = one.execute(question.sql[tool])
                seconds = time.perf_counter() - begin
                rows[tool] = len(found)
                if number >= 0 or seconds > SLOW:
                    tools.add(question.name, tool, seconds)
        for tool, count in rows.items():
            tools.add(question.name, f"{tool}, rows", count)
        line.advance(10)


if __name__ == "__main__":
    sys.exit(main())
