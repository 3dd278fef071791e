"""Writers, sealing and verifying together: no false alarm, and at the end the history is exact.

It runs for some seconds; the variable ROWTRAIL_SOAK_MINUTES lets it run longer (make test-soak).
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import psycopg2
import pytest
from nodes import Node, Session, wait_until
from oracle import assert_exact

SECONDS = 60 * float(os.environ.get("ROWTRAIL_SOAK_MINUTES", "0")) or 5

SCHEMA = """
create table accounts (id int primary key, balance int not null, note text);
create table entries (id bigint generated always as identity primary key, account int, amount int);
create table tags (account int, tag text);
select rowtrail.track('accounts');
select rowtrail.track('entries');
select rowtrail.track('tags');
insert into accounts select n, 0, null from generate_series(1, 50) as n;
grant select, insert, update, delete on accounts, entries, tags to writer;
"""
TABLES = ("accounts", "entries", "tags")
WRITERS = 4

#: What may fail among writers, and is tried again: serialization, deadlock, a lock not granted.
RETRIED = ("40001", "40P01", "55P03")


def transfer(run: Session, chance: random.Random) -> None:
    one, two = chance.sample(range(1, 51), 2)
    amount = chance.randint(1, 100)
    run("update accounts set balance = balance - %s where id = %s", amount, one)
    run("update accounts set balance = balance + %s where id = %s", amount, two)
    run(
        "insert into entries (account, amount) values (%s, %s), (%s, %s)", one, -amount, two, amount
    )


def with_savepoints(run: Session, chance: random.Random) -> None:
    run("savepoint a")
    run("update accounts set note = %s where id = %s", str(chance.random()), chance.randint(1, 50))
    run("rollback to a")
    run("savepoint b")
    run("insert into tags values (%s, %s)", chance.randint(1, 50), chance.choice("abc"))
    run("delete from entries where id in (select id from entries order by id limit 2)")
    run("release b")


def write(node: Node, number: int, stop: Event) -> int:
    """Writes until it is told to stop; gives how many transactions were committed."""
    chance, run, committed = random.Random(number), node.session("writer"), 0
    while not stop.is_set():
        gid = f"soak {number} {committed}"
        try:
            run("begin")
            chance.choice([transfer, transfer, with_savepoints])(run, chance)
            end = chance.choice(["commit", "commit", "commit", "rollback", "prepare"])
            if end == "prepare":
                run(f"prepare transaction '{gid}'")
                time.sleep(chance.random() / 10)
                end = chance.choice(["commit prepared", "rollback prepared"]) + f" '{gid}'"
            run(end)
            committed += end.startswith("commit")
        except psycopg2.Error as error:
            if error.pgcode not in RETRIED:
                raise
            run("rollback")
    return committed


def change_schema(node: Node, stop: Event) -> int:
    """Changes the tables' columns until it is told to stop; gives how often."""
    run, done = node.session("owner"), 0
    run("set lock_timeout = '200ms'")
    while not stop.is_set():
        for statement in (
            "alter table accounts add column extra int default 1",
            "alter table accounts rename column extra to more",
            "alter table accounts drop column more",
        ):
            while True:
                try:
                    run(statement)
                    break
                except psycopg2.errors.LockNotAvailable:
                    time.sleep(0.1)
            done += 1
        stop.wait(1)
    return done


def rowtrail(node: Node, *arguments: object) -> list[str]:
    """The command, on the node's database."""
    url = node.server.url(database=node.database).set(drivername="postgresql")
    written = url.render_as_string(hide_password=False)
    return [sys.executable, "-m", "rowtrail.cli", *map(str, arguments), "--database", written]


def verify(node: Node, digests: Path, *options: str) -> None:
    """Verifies seals, digests and contract; the test fails if anything is wrong."""
    done = subprocess.run(
        rowtrail(node, "verify", "--json", *options, "--digests", digests),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def soaked() -> Iterator[Node]:
    node = Node("soak")
    node.create(max_prepared_transactions="20", deadlock_timeout="50ms")
    try:
        with node.fresh_database():
            yield node
    finally:
        node.destroy()


def test_writers_seals_and_verifying_go_together(soaked: Node, tmp_path: Path) -> None:
    node, digests = soaked, tmp_path / "digests"
    digests.touch()
    node.session("owner")(SCHEMA)
    stop, verified = Event(), 0
    sealer = subprocess.Popen(
        rowtrail(node, "seal", "--every", "1s", "--digest", digests),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    end = time.monotonic() + SECONDS
    try:
        with ThreadPoolExecutor(WRITERS + 1) as pool:
            writing = [pool.submit(write, node, number, stop) for number in range(WRITERS)]
            writing.append(pool.submit(change_schema, node, stop))
            try:
                # That there is none at all would be a fault.
                wait_until(lambda: digests.stat().st_size)
                while time.monotonic() < end or not verified:
                    # Rows are compared at the end, when no column comes and goes.
                    verify(node, digests, "--no-rows")
                    verified += 1
                    for done in writing:
                        if done.done():
                            done.result()
            finally:
                stop.set()
        counts = [done.result() for done in writing]
        assert all(counts), counts
    finally:
        sealer.terminate()
        said, _ = sealer.communicate(timeout=60)
    assert all(line.startswith("seal ") for line in said.splitlines()), said
    last = subprocess.run(rowtrail(node, "seal", "--digest", digests), check=False)
    assert last.returncode == 0
    run = node.session()
    assert run("select versions from rowtrail.unsealed()") == [(0,)]
    sealed = {json.loads(line)["seal"] for line in digests.read_text().splitlines()}
    [(seals,)] = run("select count(*) from rowtrail.seals")
    # A seal that was made as the sealer was stopped may have no digest of its own.
    assert seals - 1 <= len(sealed) <= seals
    verify(node, digests)
    assert_exact_over_shapes(run)


def assert_exact_over_shapes(run: Session) -> None:
    """The oracle, where the columns stayed; of the other table what rowtrail itself compares."""
    assert run("select * from rowtrail.differences('accounts')") == []
    assert_exact(run, *(table for table in TABLES if table != "accounts"))
