"""Whatever is written by two sessions at once, tables are read as they were at any snapshot.

ROWTRAIL_EXAMPLES sets how many random programs are tried (default 25).
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg2
from hypothesis import HealthCheck, given, settings
from two_writers import LOOK, PROGRAMS, Statement, restart

Run = Callable[..., list[Any]]

TABLES = ("things", "places", "heaps")


class Look(NamedTuple):
    """The tables at one snapshot."""

    snapshot: str
    moment: Any
    is_quiet: bool  # nobody had begun to write
    rows: dict[str, list[Any]]


@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "25")),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(program=PROGRAMS)
def test_tables_are_read_as_they_were_at_any_snapshot(
    sessions: list[Run], superuser: Run, reader: Run, program: list[Statement]
) -> None:
    for run in sessions:
        run("rollback")
    superuser("truncate things, places, heaps")
    # Who waits for a TRUNCATE that is not committed would wait for ever.
    reader("set lock_timeout = '20ms'")
    looks = []
    for statement in [*program, LOOK]:
        if statement == LOOK:
            try:
                looks.append(look(reader, sessions))
            except psycopg2.errors.LockNotAvailable:
                reader("rollback")
            continue
        run = sessions[statement.session]
        try:
            run(statement.text)
        except (
            psycopg2.errors.NoActiveSqlTransaction,
            psycopg2.errors.InvalidSavepointSpecification,
        ):
            restart(run)
        except (psycopg2.IntegrityError, psycopg2.OperationalError, psycopg2.errors.InternalError):
            restart(run)
    for run in sessions:
        run("commit")
    looks.append(look(reader, sessions))
    for seen in looks:
        check(reader, seen, "snapshot", seen.snapshot)
        if seen.is_quiet:
            check(reader, seen, "moment", seen.moment)


def look(run: Run, sessions: list[Run]) -> Look:
    """Takes a copy of the tables, and the snapshot at which it was taken."""
    run("begin isolation level repeatable read")
    [(snapshot,)] = run("select pg_current_snapshot()::text")
    rows = {
        table: run(f"select to_jsonb(t)::text from {table} as t order by 1") for table in TABLES
    }
    run("commit")
    [(moment,)] = run("select clock_timestamp()")
    is_quiet = all(
        session("select pg_current_xact_id_if_assigned() is null") == [(True,)]
        for session in sessions
    )
    return Look(snapshot, moment, is_quiet, rows)


def check(run: Run, seen: Look, by: str, boundary: Any) -> None:
    """Compares what as_of() and its kin say with the copy."""
    for table, rows in seen.rows.items():
        typed = f"select to_jsonb(t)::text from rowtrail.as_of(null::{table}, {by} => %s) as t"
        assert run(f"{typed} order by 1", boundary) == rows, (table, by)
        recorded = f"select data::text from rowtrail.as_of_rows('{table}', {by} => %s)"
        assert run(f"{recorded} order by 1", boundary) == rows, (table, by)
        if table != "heaps":
            assert sorted(pages(run, table, by, boundary)) == rows, (table, by)
    for key in range(1, 9):
        one = f"select data::text from rowtrail.as_of_row('things', %s, {by} => %s)"
        expected = [row for row in seen.rows["things"] if f'"id": {key},' in row[0]]
        assert run(one, key, boundary) == expected, (key, by)


def pages(run: Run, table: str, by: str, boundary: Any) -> list[Any]:
    """The rows as page after page has them, of two rows or two keys each."""
    found: list[Any] = []
    keys: list[str] = []
    page = (
        "select p.row_key, p.data::text, p.id from rowtrail.tables as t "
        "cross join lateral rowtrail.page_as_of(t.id, %s, 2, moment => {moment}, "
        "transaction => null, snapshot => {snapshot}, looked_at => 2) as p "
        f"where t.relid = '{table}'::regclass"
    ).format(**{"moment": "null", "snapshot": "null", by: "%s"})
    while True:
        lines = run(page, keys[-1] if keys else None, boundary)
        keys += [key for key, _, _ in lines]
        found += [(data,) for _, data, id_of_version in lines if id_of_version is not None]
        if not lines or (lines[-1][2] is not None and len(lines) < 2):
            assert keys == sorted(keys)
            return found
