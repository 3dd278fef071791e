"""The demo, whole."""

import re
from pathlib import Path

import pytest
from as_people_do import Run, dump, execute, said_in_one_line, scalar
from sqlalchemy import text

from rowtrail.db import connect
from rowtrail.demo.place import NAME
from rowtrail.embedded.server import Server

# One process runs these: each keeps a processor busy.
pytestmark = pytest.mark.xdist_group("demo")

TABLES = [
    "order_lines",
    "orders",
    "pgbench_accounts",
    "pgbench_branches",
    "pgbench_tellers",
    "users",
]


def test_on_the_embedded_server_it_replays_to_the_live_tables(folder: Path, run: Run) -> None:
    done = run("demo", "--no-serve", "--seconds", "1", "--data", folder)
    assert done.returncode == 0, done
    assert done.stdout.count("  equals live") == len(TABLES)
    assert "Replay equals live for every table." in done.stdout
    assert ", 0 failed" in done.stdout
    assert re.search(r"^seal 1: [0-9,]+ versions; rowtrail verify names each", done.stdout, re.M)
    checked = run("verify", "--database", f"embedded:{NAME}", "--data", folder)
    assert checked.returncode == 0
    assert checked.stdout.startswith("no faults; 1 seal; ")
    with Server(folder) as server:
        demo = server.url(database=NAME)
        recorded = scalar(demo, "select count(*) from rowtrail.versions where op = 'I'")
        assert isinstance(recorded, int)
        assert recorded > 100_000
        for table in TABLES:
            assert scalar(demo, f"select count(*) from rowtrail.differences('{table}')") == 0
        # The check that the demo makes finds a change that nobody recorded.
        execute(
            demo,
            "set session_replication_role = replica; alter table users disable trigger all; "
            "update users set name = 'Mallory' where id = 1",
        )
        assert scalar(demo, "select count(*) from rowtrail.differences('users')") == 1
    history = run(
        "history", "users", "3", "--database", f"embedded:{NAME}", "--data", folder
    ).stdout
    assert '"Edsgar" → "Edsger"' in history
    assert "bob (login postgres)" in history
    assert "carol (login postgres)" in history


def test_in_a_database_of_ones_own_it_keeps_to_its_schema(own_server: Server, run: Run) -> None:
    execute(
        own_server.url(),
        "create role chief login createrole",
        "create database app owner chief",
    )
    app = own_server.url("chief", "app")
    execute(app, "create table users (id int primary key)", "insert into users values (7)")
    assert run("upgrade", "--database", app).returncode == 0
    for _ in range(2):
        done = run("demo", "--no-serve", "--seconds", "1", "--database", app)
        assert done.returncode == 0, done
        assert done.stdout.count("  equals live") == len(TABLES)
    assert scalar(app, "select count(*) from users") == 1
    assert scalar(app, "select count(*) from pg_tables where schemaname = 'public'") == 1
    execute(app, f"comment on schema {NAME} is 'mine'")
    before = dump(own_server, "app")
    refused = run("demo", "--no-serve", "--seconds", "1", "--database", app)
    assert refused.returncode == 2
    assert f"a schema {NAME} that no demo made" in refused.stderr
    assert dump(own_server, "app") == before


def test_two_demos_in_one_place_do_not_disturb_each_other(own_server: Server, run: Run) -> None:
    engine = connect(own_server.url())
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": NAME})
        done = run("demo", "--no-serve", "--database", own_server.url())
        said_in_one_line(done, "another rowtrail demo runs")
    engine.dispose()
