"""What tracking costs writers: rowtrail beside no tracking and beside the floor.

The floor is the least that a row trigger can do: copy the typed row into a history table with one
index. All contenders run in turn within each round (A B C A B C …), so a slow moment of the machine
meets all of them; what is printed are medians, and their ratios to the untracked table.

    make bench                       all workloads, 5 rounds
    make bench ARGS="--rounds 3 --seconds 2"
"""

import argparse
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded import Server

ROWS = 100_000

COLUMNS = """
  id bigint primary key, customer int, status text, amount numeric(12,2), currency char(3),
  note text, address text, created_at timestamptz, updated_at timestamptz, paid boolean,
  quantity int, reference uuid
"""

# About 300 bytes a row.
ROW = """
  {id}, mod({id}, 1000), 'open', mod({id}, 10000) / 100.0, 'EUR', repeat('note ', 20),
  repeat('address ', 10), now(), now(), false, mod({id}, 10), md5(({id})::text)::uuid
"""

FLOOR = f"""
create table floor_history (
  changed_at timestamptz, op "char", login text, {COLUMNS.replace(" primary key", "")}
);
create index on floor_history (id);
create function floor_capture() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    insert into public.floor_history select clock_timestamp(), 'D', session_user, old.*;
  else
    insert into public.floor_history
    select clock_timestamp(), left(tg_op, 1)::"char", session_user, new.*;
  end if;
  return null;
end $$;
create trigger floor_capture after insert or update or delete on floor
for each row execute function floor_capture();
"""

CONTENDERS = ("untracked", "floor", "rowtrail")


@dataclass
class Workload:
    """Something that is timed: gives seconds per row, for a contender's table."""

    name: str
    run: Callable[[str], float]
    prepare: str


def workloads(server: Server, connection: Connection, seconds: int) -> list[Workload]:
    """Statements of 100,000 rows, and single rows by pgbench, prepared, with 1 and 4 clients."""

    def whole(statement: str) -> Callable[[str], float]:
        def run(table: str) -> float:
            begun = time.perf_counter()
            connection.execute(text(statement.format(table=table)))
            return (time.perf_counter() - begun) / ROWS

        return run

    def single(script: str, clients: int) -> Callable[[str], float]:
        return lambda table: pgbench(server, script.format(table=table), clients, seconds)

    fill = f"insert into {{table}} select {ROW.format(id='g')} from generate_series(1, {ROWS}) g"
    update = "update {table} set status = 'paid', amount = amount + 1, paid = not paid"
    empty = "truncate {table}"
    full = f"{empty}; {fill}"
    one = f"""\\set id random(1, {ROWS})
{update.replace(", paid = not paid", "")} where id = :id;
"""
    row = ROW.format(id="g")
    insert_one = f"insert into {{table}} select {row} from nextval('bench_id') g;\n"
    single_ones = [
        Workload(
            f"single-row {name}, {clients} client{'s' * (clients > 1)}",
            single(script, clients),
            full,
        )
        for clients in (1, 4)
        for name, script in (("INSERT", insert_one), ("UPDATE", one))
    ]
    return [
        Workload("INSERT of 100,000 rows", whole(fill), empty),
        Workload("UPDATE of 100,000 rows", whole(update), full),
        Workload("DELETE of 100,000 rows", whole("delete from {table}"), full),
        *single_ones,
    ]


def pgbench(server: Server, script: str, clients: int, seconds: int) -> float:
    """Seconds per transaction and client, as pgbench measures them."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                server.binaries / "pgbench", "-h", server.socket_folder, "-U", "postgres", "-n",
                "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)),
                "-T", str(seconds), "-f", file.name, "postgres",
            ],
            check=True, capture_output=True, text=True,
            env={**os.environ, "PGOPTIONS": "-c synchronous_commit=off"},
        )  # fmt: skip
    [tps] = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("tps")]
    return clients / float(tps)


def prepare_tables(connection: Connection) -> None:
    """One table for each contender, all alike."""
    for table in CONTENDERS:
        connection.execute(text(f"create table {table} ({COLUMNS})"))
    connection.exec_driver_sql(FLOOR)
    connection.execute(text("select rowtrail.track('rowtrail')"))
    connection.execute(text(f"create sequence bench_id start {ROWS + 1} cache 100"))


def main() -> None:
    """Runs the rounds and prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of pgbench")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Server(Path(folder)) as server:
            engine = connect(server.url())
            schema.upgrade(engine)
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                prepare_tables(connection)
                version = connection.scalar(text("show server_version"))
                print(
                    f"PostgreSQL {version}, {os.cpu_count()} cores, {platform.machine()}; medians "
                    f"of {options.rounds} rounds; µs a row (share of the untracked speed)\n"
                )
                print(f"| | {' | '.join(CONTENDERS)} | rowtrail to floor |")
                print("|---" * (len(CONTENDERS) + 2) + "|", flush=True)
                for workload in workloads(server, connection, options.seconds):
                    measure(connection, workload, options.rounds)
            engine.dispose()


def measure(connection: Connection, workload: Workload, rounds: int) -> None:
    """Times one workload for all contenders in turn and prints its line."""
    times: dict[str, list[float]] = {table: [] for table in CONTENDERS}
    for _ in range(rounds):
        for table in CONTENDERS:
            connection.execute(text("truncate floor_history"))
            connection.execute(text("truncate rowtrail.versions"))
            for statement in workload.prepare.format(table=table).split(";"):
                connection.execute(text(statement))
            connection.execute(text(f"vacuum analyze {table}"))
            connection.execute(text("checkpoint"))
            times[table].append(workload.run(table))
    medians = {table: statistics.median(measured) for table, measured in times.items()}
    cells = [
        f"{medians[table] * 1e6:.1f} ({medians['untracked'] / medians[table]:.2f})"
        for table in CONTENDERS
    ]
    ratio = medians["rowtrail"] / medians["floor"]
    print(f"| {workload.name} | {' | '.join(cells)} | {ratio:.2f} × |", flush=True)


if __name__ == "__main__":
    main()
