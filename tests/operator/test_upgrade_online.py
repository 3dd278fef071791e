"""Upgrades while writers go on: no write fails, is lost, is recorded twice, or waits for long."""

import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from as_people_do import Run, command, environment, execute, scalar
from nodes import Session, as_server_user, wait_until
from shops import RELEASED, Shops, definitions, is_whole, session, sql_of
from sqlalchemy import URL

from rowtrail import patience, schema
from rowtrail.db import REVISION, connect
from rowtrail.embedded.programs import server_user
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.schema import upgrading

#: What a transaction may take meanwhile, on a machine that does other things too, in seconds.
LONGEST = 3.0


class Writer(threading.Thread):
    """Orders one thing after the other, in a session of its own, until it is ended.

    Attributes:
        number: orders from there on are its.
        ordered: of which it was told that they are there.
        longest: what a transaction took, in seconds.
        failed: what went wrong.
    """

    def __init__(self, number: int, target: dict[str, Any], prepared: bool = True) -> None:
        super().__init__()
        self.number = number
        self.ordered: list[int] = []
        self.longest = 0.0
        self.failed: Exception | None = None
        self._target = target
        self._prepared = prepared
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            run = Session(**self._target)
            insert = (
                "insert into shop.orders (id, person, state, total) values (%s, 1, 'new', 1.50)"
            )
            update = "update shop.orders set state = 'paid', total = total + 1 where id = %s"
            if self._prepared:
                run("prepare o (bigint) as insert into shop.orders values ($1, 1, 'new', 1.50)")
                run("prepare p (bigint) as update shop.orders set state = 'paid' where id = $1")
                insert, update = "execute o (%s)", "execute p (%s)"
            while not self._ended.is_set():
                order = self.number + len(self.ordered)
                began = time.monotonic()
                run("begin")
                run("select set_config('rowtrail.actor', %s, true)", f"writer {self.number}")
                run(insert, order)
                run(update, order)
                run("insert into shop.measures values (%s::date, %s, 1)", "2026-08-01", str(order))
                run("commit")
                self.longest = max(self.longest, time.monotonic() - began)
                self.ordered.append(order)
            run.close()
        except psycopg2.Error as error:
            self.failed = error

    def goes_on(self) -> None:
        """Waits until it has ordered something more."""
        before = len(self.ordered)
        wait_until(lambda: len(self.ordered) > before or self.failed)

    def end(self) -> None:
        """Ends it, after what it is at."""
        self._ended.set()
        self.join()
        assert self.failed is None


def target(url: URL, login: str = "shop_app") -> dict[str, Any]:
    """Where a login connects to, for psycopg2."""
    return {
        "host": url.query["host"],
        "port": url.query["port"],
        "dbname": url.database,
        "user": login,
    }


@contextmanager
def pooled(url: URL, server: Server) -> Iterator[dict[str, Any] | None]:
    """The same by way of pgbouncer, which hands on one connection; None where there is none."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        assert not os.environ.get("ROWTRAIL_REQUIRE_PGBOUNCER")
        yield None
        return
    folder = server.folder / "pooler"
    folder.mkdir(mode=0o700)
    (folder / "users.txt").write_text('"shop_app" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
{url.database} = host={url.query["host"]} port=5432 dbname={url.database}

[pgbouncer]
pool_mode = transaction
default_pool_size = 1
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder / "users.txt"}
logfile = {folder / "log"}
""")
    for path in (folder, *folder.iterdir()):
        os.chown(path, server_user().uid, server_user().gid)
    process = subprocess.Popen(
        [program, "--quiet", str(folder / "pgbouncer.ini")],
        stderr=subprocess.DEVNULL,
        **as_server_user(),
    )
    try:
        wait_until((folder / ".s.PGSQL.6432").exists)
        yield target(url) | {"host": str(folder), "port": 6432}
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def psql(url: URL, server: Server, first: int, orders: int) -> "subprocess.Popen[str]":
    """A script of psql's that makes orders, a statement after the other."""
    script = "set client_min_messages = error;\n" + "".join(
        f"insert into shop.orders values ({n}, 1, 'new', 1); select pg_sleep(0.01);\n"
        for n in range(first, first + orders)
    )
    where = ["-h", url.query["host"], "-U", "shop_app", "-d", url.database]
    process = subprocess.Popen(
        [server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *where],  # type: ignore[list-item]
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )

    def write() -> None:
        assert process.stdin is not None
        process.stdin.write(script)
        process.stdin.close()

    threading.Thread(target=write, daemon=True).start()
    return process


@pytest.mark.parametrize("revision", RELEASED)
def test_writers_go_on(shops: Server, shop: Shops, run: Run, tmp_path: Path, revision: str) -> None:
    url = shop(revision)
    steps: list[list[Any]] = [
        ["upgrade"],
        ["downgrade", "--to", revision, "--sql", sql_of(revision, tmp_path / "s")],
    ]
    long = session(url, "shop_app")
    long("begin")
    long("update orders set state = 'long' where id = 5")
    with pooled(url, shops) as pooler:
        writers = [Writer(10_000_000 * n, target(url)) for n in (1, 2)]
        if pooler is not None:
            writers.append(Writer(30_000_000, pooler, prepared=False))
        for writer in writers:
            writer.start()
        script = psql(url, shops, 90_000_000, 300)
        wait_until(lambda: all(len(writer.ordered) > 5 for writer in writers))
        for step in [*steps, *steps, steps[0]] if revision != REVISION else steps[:1]:
            done = run(*step, "--database", url)
            assert (done.returncode, done.stderr) == (0, "")
            for writer in writers:
                writer.goes_on()
        long("update orders set state = 'longer' where id = 5")
        long("commit")
        long.close()
        assert script.wait(timeout=120) == 0
        for writer in writers:
            writer.end()
    print("longest:", [round(writer.longest, 3) for writer in writers])
    assert max(writer.longest for writer in writers) < LONGEST

    ask = session(url)
    ordered = [order for writer in writers for order in writer.ordered]
    ordered += range(90_000_000, 90_000_300)
    recorded = ask(
        "select v.row_key, string_agg(v.op::text, '' order by v.id) "
        "from rowtrail.versions as v join rowtrail.tables as t on t.id = v.table_id "
        "where t.table_name = 'orders' and length(v.row_key) = 8 group by 1"
    )
    ask("select rowtrail.seal()")
    ask.close()
    assert {int(key) for key, _ in recorded} == set(ordered)
    assert {ops for key, ops in recorded if key < "9"} == {"IU"}
    assert {ops for key, ops in recorded if key > "9"} == {"I"}
    is_whole(url)


@pytest.mark.skipif(RELEASED == [REVISION], reason="there is one revision only")
def test_killed_amid_an_upgrade_it_is_as_before_and_again_completes_it(
    shops: Server, shop: Shops, run: Run
) -> None:
    url = shop(RELEASED[0])
    before = definitions(shops, str(url.database))
    measured = shop(RELEASED[0])
    began = time.monotonic()
    assert run("upgrade", "--database", measured).returncode == 0
    takes = time.monotonic() - began
    after = definitions(shops, str(measured.database))
    assert after != before
    choose = random.Random(os.environ.get("ROWTRAIL_SEED", "7"))
    for _ in range(int(os.environ.get("ROWTRAIL_KILLS", "6"))):
        process = subprocess.Popen(
            command("upgrade", "--database", url),
            env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(takes * choose.uniform(0.3, 1))
        process.kill()
        process.wait()
        wait_until(lambda url=url: scalar(url, UPGRADERS) == 0)  # type: ignore[misc]
        found = definitions(shops, str(url.database))
        assert found in (before, after)
        is_whole(url)
        if found == after:
            url = shop(RELEASED[0])
    assert run("upgrade", "--database", url).returncode == 0
    assert definitions(shops, str(url.database)) == after
    is_whole(url)


UPGRADERS = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'rowtrail' and pid <> pg_backend_pid()
"""


def test_it_gives_way_and_says_to_whom(shop: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    url = shop(RELEASED[0])
    monkeypatch.setattr(patience, "PATIENCE", 2.0)
    in_the_way, reader = session(url), session(url)
    in_the_way("begin")
    in_the_way("select count(*) from rowtrail.recent_changes")
    engine = connect(url)
    ended = threading.Event()
    waits: list[float] = []

    def read() -> None:
        while not ended.is_set():
            began = time.monotonic()
            reader("select count(*) from rowtrail.recent_changes")
            waits.append(time.monotonic() - began)

    thread = threading.Thread(target=read)
    thread.start()
    with pytest.raises(RowtrailError) as raised:
        schema.upgrade(engine)
    ended.set()
    thread.join()
    assert len(waits) > 5
    assert max(waits) < LONGEST
    said = str(raised.value)
    assert said.startswith("the upgrade gave way for 2 s")
    assert f"session {in_the_way.pid} (postgres, in a transaction since 20" in said
    assert "last statement: select count(*) from rowtrail.recent_changes) has it" in said
    assert f"select pg_terminate_backend({in_the_way.pid});" in said
    assert scalar(url, "select version_num from rowtrail.alembic_version") == RELEASED[0]
    in_the_way("commit")
    schema.upgrade(engine)
    engine.dispose()
    for one in (in_the_way, reader):
        one.close()
    is_whole(url)


#: As if another release recorded by a function that this one does not have.
RECORDED_OTHERWISE = """
create function rowtrail.helped() returns int language sql security definer
set search_path = pg_catalog, pg_temp as 'select 1';
alter function rowtrail.helped() owner to rowtrail_owner;
revoke all on function rowtrail.helped() from public;
grant execute on function rowtrail.helped() to rowtrail_capture;
do $do$
begin
  execute regexp_replace(
    pg_get_functiondef('rowtrail.capture()'::regprocedure), e'\nbegin\n',
    e'\nbegin\nperform pg_advisory_lock_shared(7); perform rowtrail.helped();\n');
end
$do$
"""

HELPED = "select to_regprocedure('rowtrail.helped()') is not null"


def test_a_writer_amid_the_recording_of_the_other_release_has_what_that_calls(
    shop: Shops, run: Run
) -> None:
    url = shop(RELEASED[-1])
    execute(url, RECORDED_OTHERWISE)
    holder, writer = session(url), session(url, "shop_app")
    holder("select pg_advisory_lock(7)")
    thread = threading.Thread(
        target=lambda: failed.extend(failure(writer, "update orders set state = 'x' where id = 3"))
    )
    failed: list[str] = []
    thread.start()
    wait_until(lambda: holder("select count(*) from pg_locks where not granted")[0][0])
    assert run("upgrade", "--database", url).returncode == 0
    assert thread.is_alive()
    holder("select pg_advisory_unlock(7)")
    thread.join()
    assert failed == []
    assert scalar(url, HELPED)
    is_whole(url)
    writer("update orders set state = 'y' where id = 3")
    writer.close()
    holder.close()
    assert run("upgrade", "--database", url).returncode == 0
    assert not scalar(url, HELPED)
    is_whole(url)


def failure(of: Session, statement: str) -> list[str]:
    """What went wrong with a statement, if something did."""
    try:
        of(statement)
    except psycopg2.Error as error:
        return [str(error)]
    return []


def test_a_table_that_is_in_use_keeps_its_triggers_until_it_is_not(
    shop: Shops, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop(RELEASED[-1])
    monkeypatch.setattr(upgrading, "TRIES", 2)
    # As if they were of another release.
    execute(
        url, *(f"alter table shop.{table} add column more text" for table in ("orders", "words"))
    )
    in_use = session(url, "shop_app")
    in_use("begin")
    in_use("update orders set state = 'x' where id = 1")
    engine = connect(url)
    writer = Writer(10_000_000, target(url), prepared=False)
    writer.start()
    assert schema.upgrade(engine) == ["shop.orders"]
    writer.end()
    assert writer.longest < LONGEST
    in_use("commit")
    in_use.close()
    assert schema.upgrade(engine) == []
    engine.dispose()
    is_whole(url)
