"""A physical standby: history is read there, and goes on where it is promoted."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest
from nodes import Node, run_as_server, wait_until
from oracle import assert_exact, recorded
from sqlalchemy import URL

from rowtrail import create_app
from rowtrail.embedded.programs import programs_folder, server_user
from rowtrail.embedded.server import MAJOR, ROOT_FOLDER

ANIMALS = "animals (id int primary key, name text, legs int)"


@pytest.fixture
def primary(node: Node) -> Node:
    """A server with a history."""
    node.make_table(ANIMALS)
    writer = node.session("writer")
    writer("insert into animals values (1, 'ant', 8), (2, 'bee', 6)")
    writer("update animals set legs = 6")
    return node


@pytest.fixture
def standby(primary: Node) -> Iterator[Node]:
    """A server that follows the primary by its write-ahead log."""
    made = Node("standby")
    made.server.folder.mkdir(mode=0o755)
    os.chown(made.server.folder, server_user().uid, server_user().gid)
    source = primary.target()
    # The newest program copies servers of any version, but would write settings of its own one.
    run_as_server(
        programs_folder(MAJOR, ROOT_FOLDER / "programs") / "pg_basebackup",
        *("--pgdata", made.server.data, "--checkpoint=fast"),
        *("--host", source["host"], "--port", source["port"], "--username", source["user"]),
    )
    (made.server.data / "standby.signal").touch()
    with (made.server.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"primary_conninfo = 'host={source['host']} port={source['port']} user=postgres'\n"
        )
    made.server.start()
    made.database = primary.database
    yield made
    made.destroy()


def wait_for_all(primary: Node, standby: Node) -> None:
    primary.ask("select pg_logical_emit_message(true, 'test', 'so far')")
    [(position,)] = primary.ask("select pg_current_wal_lsn()")
    reached = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
    wait_until(lambda: standby.ask(reached, position) == [(True,)])


def reader_url(node: Node) -> URL:
    return node.server.url(user="reader", database=node.database)


def test_history_is_read_on_a_standby(primary: Node, standby: Node) -> None:
    primary.session("writer")("update animals set name = 'ape' where id = 1")
    wait_for_all(primary, standby)
    reader = standby.session("reader")
    assert reader("select op, changes from rowtrail.history('animals', 1)") == [
        ("update", {"name": ["ant", "ape"]}),
        ("update", {"legs": [8, 6]}),
        ("insert", None),
    ]
    assert reader("select state from rowtrail.status()") == [("tracked",)]
    assert_exact(standby.session(), "animals")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        standby.session("owner")("select rowtrail.track('animals')")
    # Snapshots there do not tell which transactions are under way.
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="Ask the primary"):
        reader("select * from rowtrail.feed()")


def test_the_command_and_the_pages_work_on_a_standby(primary: Node, standby: Node) -> None:
    wait_for_all(primary, standby)
    url = reader_url(standby)
    for command in (["status"], ["history", "animals", "1"]):
        done = subprocess.run(
            [sys.executable, "-m", "rowtrail.cli", *command],
            env=os.environ | {"DATABASE_URL": url.render_as_string(hide_password=False)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "animals" in done.stdout or "ant" in done.stdout
    app = create_app(url)
    found = app.test_client().get("/", follow_redirects=True)
    assert found.status_code == 200
    assert "animals" in found.text


def test_history_goes_on_where_a_standby_is_promoted(primary: Node, standby: Node) -> None:
    writer = primary.session("writer")
    writer("begin")
    writer("update animals set name = 'never committed'")
    wait_for_all(primary, standby)
    before = recorded(standby.session(), "animals")
    primary.kill()
    assert standby.session()("select pg_promote(true, 30)") == [(True,)]

    writer = standby.session("writer")
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("update animals set name = 'ape' where id = 1")
    writer("insert into animals values (3, 'cat', 4)")
    writer("commit")
    after = recorded(standby.session(), "animals")
    assert after[: len(before)] == before
    assert [(op, key) for _, op, key, *_ in after[len(before) :]] == [("U", "1"), ("I", "3")]
    assert_exact(standby.session(), "animals")
    assert standby.session("owner")("select rowtrail.track('animals')") == [
        ("public.animals is tracked already, key id",)
    ]
    primary.restart()
