"""Bytes of a version, here and in other tools' tables; how fast versions are sealed and moved."""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.contenders import CONTENDERS
from bench.databases import Bare, Database, NotMeasured
from bench.months import Years
from bench.past import FIRST_XID
from bench.progress import Line
from bench.results import Measured
from bench.shapes import MIDDLE, TABLE
from rowtrail.cli import rowtrail
from rowtrail.commands.export import write
from rowtrail.db import connect
from rowtrail.embedded.server import Server, plain_environment
from rowtrail.history.filters import Filters

#: Beside whom; all of them keep every change of every row.
BESIDE = (
    "rowtrail",
    "postgresql-audit, row",
    "django-pghistory, row",
    "SQLAlchemy-Continuum, triggers",
    "table_log",
)

#: Of ten changes of a row, one is its INSERT.
CHANGES = 10


def measure(
    server: Server,
    changes: int,
    space: Measured,
    rates: Measured,
    missing: dict[str, str],
    line: Line,
) -> None:
    """Writes the same changes into a table that each tool tracks, and looks what it kept."""
    shape = replace(MIDDLE, rows=changes // CHANGES)
    line.expect(len(BESIDE) * changes / 2e4)
    for contender in (one for one in CONTENDERS if one.name in BESIDE):
        try:
            database = Database(server, contender, shape)
        except NotMeasured as reason:
            missing[contender.name] = str(reason)
            continue
        try:
            before = sizes(database, contender.histories)
            for number in range(CHANGES):
                line.now(f"bytes: {contender.name}, {number * shape.rows:,} of {changes:,} changes")
                database.in_unit_of_work(
                    f"update {TABLE} set {shape.update}" if number else database.fill_statement
                )
                line.advance(shape.rows / 2e4)
            after = sizes(database, contender.histories)
            heap, indexes = ((now - was) / changes for was, now in zip(before, after, strict=True))
            add(space, contender.name, heap, indexes)
            if contender.name == "rowtrail":
                to_parquet(database, space, rates, line)
        finally:
            database.close()


def add(space: Measured, name: str, heap: float, indexes: float) -> None:
    """Adds the bytes of a change."""
    for kind, value in (("heap", heap), ("indexes", indexes), ("total", heap + indexes)):
        space.add(name, kind, value)


def sizes(database: Bare, tables: list[str]) -> tuple[int, int]:
    """Bytes of the tables and of their indexes, with all their partitions."""
    names = ", ".join(f"'{name}'" for name in tables)
    [(heap, indexes)] = database.execute(f"""
        select sum(pg_table_size(p.relid))::bigint, sum(pg_indexes_size(p.relid))::bigint
        from unnest(array[{names}]::regclass[]) as t
        cross join lateral (select t as relid union select relid from pg_partition_tree(t)) as p
    """)
    return heap, indexes


def to_parquet(database: Bare, space: Measured, rates: Measured, line: Line) -> None:
    """Exports all changes as a Parquet file."""
    line.now("bytes: Parquet")
    engine = connect(database.server.url(database=database.name))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changes.parquet"
        begin = time.perf_counter()
        rows = write(engine, Filters(), "parquet", file, lambda *_: None)
        add_rate(rates, "exported as Parquet", rows, time.perf_counter() - begin)
        space.add("rowtrail, exported as Parquet", "total", file.stat().st_size / rows)
    engine.dispose()


def of_history(database: Bare, versions: int, space: Measured) -> None:
    """What the versions of a history take, when it has been loaded."""
    heap, indexes = sizes(database, ["rowtrail.versions"])
    there = database.value("select count(*) from rowtrail.versions where id > 0")
    add(space, f"{versions:,} versions", heap / there, indexes / there)


def use_transactions(database: Bare, years: Years) -> None:
    """Lets the server count on to the transactions of the history: then it can be sealed."""
    database.execute("set synchronous_commit = off")
    database.execute(f"""
        do $$
        begin
          while (pg_current_xact_id()::text)::bigint <= {FIRST_XID + years.versions // 5} loop
            commit;
          end loop;
        end
        $$
    """)


def time_seal(database: Bare, rates: Measured, line: Line) -> None:
    """Seals all there is by one seal, and verifies it.

    Raises:
        RuntimeError: it is wrong, so that the time says nothing.
    """
    line.now("sealing")
    begin = time.perf_counter()
    seal, _, versions, _ = database.execute("select * from rowtrail.seal()")[0]
    add_rate(rates, "sealed", versions, time.perf_counter() - begin)
    line.now("verifying")
    begin = time.perf_counter()
    if found := database.execute(f"select * from rowtrail.verify_seal({seal})"):
        raise RuntimeError(f"seal {seal} is not as it was made: {found[0]}")
    add_rate(rates, "verified, by one connection", versions, time.perf_counter() - begin)


def time_moving(
    database: Bare, space: Measured, rates: Measured, missing: dict[str, str], line: Line
) -> None:
    """Ships what is sealed to a history database on the same server, and archives old months."""
    line.now("shipping")
    sealed = database.value("select sum(versions)::bigint from rowtrail.seals")
    other = Bare(database.server, "bench_scale_elsewhere")
    try:
        other.install_rowtrail()
        to = other.server.url(database=other.name).render_as_string(hide_password=False)
        seconds = call(database, ["ship", "--to", to], missing)
        if seconds is not None:
            add_rate(rates, "shipped to a history database, verified there", sealed, seconds)
    finally:
        other.close()
    line.now("archiving")
    old = database.value(
        "select count(*) from rowtrail.versions where changed_at < date_trunc('month', now())"
    )
    with tempfile.TemporaryDirectory() as folder:
        seconds = call(
            database, ["archive", "--before", f"{datetime.now(UTC):%Y-%m}", "--to", folder], missing
        )
        if seconds is not None:
            add_rate(rates, "archived as Parquet, read back and compared", old, seconds)
            parts = (("changes", "table=*"), ("ids", "ids"), ("leaves of the seals", "seals"))
            for name, place in parts:
                size = sum(
                    file.stat().st_size
                    for part in Path(folder).glob(place)
                    for file in part.rglob("*.parquet")
                )
                space.add("rowtrail, archived: " + name, "total", size / old)


def call(database: Bare, arguments: list[str], missing: dict[str, str]) -> float | None:
    """The seconds that a command takes; None where it is not there or fails, and then why."""
    if arguments[0] not in rowtrail.commands:
        missing[arguments[0]] = "there is no such command"
        return None
    url = database.server.url(database=database.name).render_as_string(hide_password=False)
    begin = time.perf_counter()
    done = subprocess.run(
        [Path(sys.executable).with_name("rowtrail"), *arguments],
        env=plain_environment() | {"DATABASE_URL": url, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        missing[arguments[0]] = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return None
    return time.perf_counter() - begin


def add_rate(rates: Measured, name: str, versions: int, seconds: float) -> None:
    """Adds how long something took for so many versions."""
    rates.add(name, "versions", versions)
    rates.add(name, "seconds", seconds)
