"""A past of two years, loaded month by month straight into the partitions of rowtrail.versions.

No trigger runs. A month is one transaction: it makes the table, fills it, then makes its indexes
and attaches it, so that with wal_level = minimal none of it goes through the WAL.

The arithmetic of bench.past takes most of the time of a version, so each change that it makes is
written for ten rows, one after the other.
"""

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg2

from bench import past
from bench.databases import Bare
from bench.past import FIRST_XID, KINDS, Kind, Known, Past
from bench.progress import Line

DAYS = 730

#: So many months are loaded at a time.
WORKERS = 2

#: So many rows go through each change of the arithmetic.
COPIES = 10

#: Numbers of versions are multiples of this.
UNIT = COPIES * past.UNIT

#: So many changes of the arithmetic are written by one statement.
CHUNK = 20_000

#: Which table's rows are changed by the writers: its first rows, which are there at any size.
WRITTEN = KINDS[2]
WRITTEN_ROWS = 20_000

#: Of a server that nothing is copied from, and that is thrown away if it crashes while it loads.
LOADING = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "1GB",
    "max_parallel_maintenance_workers": "0",
}


class Month(NamedTuple):
    """A month of a past.

    Attributes:
        begins: its first moment.
        ends: the first moment of the next one.
        low: the number of its first change.
        high: the number after that of its last change.
    """

    begins: datetime
    ends: datetime
    low: int
    high: int

    @property
    def name(self) -> str:
        """What its partition is called."""
        return f"versions_{self.begins:%Y_%m}"


class Years:
    """Two years, up to now.

    Args:
        versions: how many; a multiple of `UNIT`.
        end: the moment of the last one.
    """

    def __init__(self, versions: int, end: datetime) -> None:
        self.versions = versions
        self.past = Past(versions // COPIES, end, DAYS)

    def span(self, kind: Kind) -> int:
        """How many keys the arithmetic knows: those of the next rows come after them."""
        if kind.name == "orders":
            own = self.past.changes // 2
            return -(own // (-6 * self.past.batch)) * self.past.batch
        return self.past.rows[kind.name]

    def rows_today(self, kind: Kind) -> str:
        """A SELECT of the rows that there are after all changes."""
        others = ", ".join(f"r.{name}" for name in list(kind.values)[1:])
        return (
            f"select r.id + copy * {self.span(kind)}, {others} "
            f"from ({self.past.rows_today(kind)}) as r, generate_series(0, {COPIES - 1}) as copy"
        )

    def fill_tables(self, database: Bare, _: Past) -> None:
        """Fills the tables with the rows of today."""
        for kind in reversed(KINDS):
            database.execute(f"insert into {kind.name} {self.rows_today(kind)}")
            database.execute(f"vacuum analyze {kind.name}")

    def months(self) -> Iterator[Month]:
        """The months, from the first on, by the changes of the arithmetic."""
        past = self.past
        begins = past.begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        low = 0
        while low < past.changes:
            ends = (begins + timedelta(days=31)).replace(day=1)
            # The first change that is not before the end of the month.
            high = min(-((past.begin - ends) // past.step), past.changes)
            yield Month(begins, ends, low, high)
            begins, low = ends, high

    def id_of(self, change: int, copy: int = 0) -> int:
        """The id of the version."""
        return 100 * (COPIES * change + copy + 1)

    def statements(self, month: Month, known: Known) -> Iterator[tuple[list[str], int]]:
        """The statements that write a month, and how many versions they write."""
        spans = " ".join(f"when {known[kind.name][0]} then {self.span(kind)}" for kind in KINDS)
        step = self.past.step // timedelta(microseconds=1) // COPIES
        for low in range(month.low, month.high, CHUNK):
            high = min(low + CHUNK, month.high)
            numbers = f"generate_series({low}::bigint, {high - 1}) as g (n)"
            yield [
                "truncate written",
                past.insert_versions("pg_temp.written", self.past, known, numbers),
                f"""
                insert into rowtrail.{month.name} (
                  id, changed_at, xid, table_id, file, old_ctid, new_ctid, op, row_key, actor,
                  login, data, old, context)
                select
                  100 * (n + copy + 1),
                  -- The rows of the last change in a month are changed in it, too.
                  least(
                    w.changed_at + copy * interval '{step} microseconds',
                    timestamptz '{month.ends.isoformat()}' - interval '1 microsecond'),
                  ({FIRST_XID} + (n + copy) / 5)::text::xid8, w.table_id, w.file, w.old_ctid,
                  w.new_ctid, w.op, key::text, w.actor, w.login,
                  w.data || jsonb_build_object('id', key), w.old, w.context
                from pg_temp.written as w
                cross join generate_series(0, {COPIES - 1}) as copy
                cross join lateral (
                  select {COPIES} * (w.id / 100 - 1) as n,
                    w.row_key::bigint + copy * case w.table_id {spans} end as key offset 0) as k
                """,
            ], COPIES * (high - low)  # fmt: skip


def load(database: Bare, of: Years, line: Line) -> None:
    """Makes the tables, and all versions of them."""
    # What foreign keys would check is right by itself.
    database.execute("set session_replication_role = replica")
    known = past.track_tables(database, of.past, of.fill_tables)
    database.execute("reset session_replication_role")
    waiting: queue.SimpleQueue[Month] = queue.SimpleQueue()
    for month in of.months():
        # That of this month is made by the installation.
        database.execute(f"drop table if exists rowtrail.{month.name}")
        waiting.put(month)

    def work() -> None:
        with closing(psycopg2.connect(database.dsn)) as connection:
            while True:
                try:
                    month = waiting.get_nowait()
                except queue.Empty:
                    return
                load_month(connection, of, known, month, line)

    with ThreadPoolExecutor(WORKERS) as workers:
        for done in [workers.submit(work) for _ in range(WORKERS)]:
            done.result()
    database.execute(f"select setval('rowtrail.version_id', {100 * (of.versions + 1)})")
    database.execute("analyze rowtrail.tables")
    database.execute("select rowtrail.refresh_statistics('0 s')")


def load_month(
    connection: "psycopg2.extensions.connection", of: Years, known: Known, month: Month, line: Line
) -> None:
    """Makes and fills one partition."""
    table = f"rowtrail.{month.name}"
    with connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'; set role rowtrail_owner; set jit = off")
        cursor.execute("set work_mem = '64MB'; set maintenance_work_mem = '512MB'")
        cursor.execute("create temp table written (like rowtrail.versions including defaults)")
        cursor.execute("select rowtrail.make_month(%s)", (month.name,))
        cursor.execute(
            """
            select i.indexrelid::regclass::text, c.conname, pg_get_indexdef(i.indexrelid),
              pg_get_constraintdef(c.oid)
            from pg_index as i left join pg_constraint as c on c.conindid = i.indexrelid
            where i.indrelid = %s::regclass
            """,
            (table,),
        )
        indexes = cursor.fetchall()
        for index, constraint, _, _ in indexes:
            if constraint:
                cursor.execute(f"alter table {table} drop constraint {constraint}")
            else:
                cursor.execute(f"drop index {index}")
        for statements, written in of.statements(month, known):
            line.now(f"loading {of.versions:,} versions: {month.begins:%Y-%m}")
            for statement in statements:
                cursor.execute(statement)
            line.advance(written / 1e5)
        for _, constraint, definition, said in indexes:
            if constraint:
                cursor.execute(f"alter table {table} add constraint {constraint} {said}")
            else:
                cursor.execute(definition)
        cursor.execute(
            "select rowtrail.attach_month(%s, %s, %s)", (month.name, month.begins, month.ends)
        )
        cursor.execute("drop table written")
