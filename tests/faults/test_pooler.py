"""A pooler in transaction mode: clients share a server connection, and no actor passes on.

Needs the program pgbouncer. Where ROWTRAIL_REQUIRE_PGBOUNCER is set, a machine without it fails.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nodes import Node, Session, as_server_user, wait_until
from oracle import assert_exact
from sqlalchemy import URL, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm import Session as OrmSession

from rowtrail.embedded.programs import server_user
from rowtrail.orm import Versioned, actor, set_actor

ANIMALS = "animals (id int primary key, name text, legs int)"
PORT = 6432


class Base(DeclarativeBase):
    pass


class Animal(Versioned, Base):
    __tablename__ = "animals"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    legs: Mapped[int | None]


class Pooler:
    """pgbouncer before a node's database, with one server connection for all clients of a login."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.folder = folder
        self.sessions: list[Session] = []

    def target(self) -> dict[str, Any]:
        """Where clients connect to, for psycopg."""
        return self.node.target("writer") | {"host": str(self.folder), "port": PORT}

    def session(self) -> Session:
        """One more client."""
        made = Session(**self.target())
        self.sessions.append(made)
        return made


@pytest.fixture
def program() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        reason = "pgbouncer is not installed (Debian: apt-get install pgbouncer)"
        if os.environ.get("ROWTRAIL_REQUIRE_PGBOUNCER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def pooler(node: Node, program: str) -> Iterator[Pooler]:
    # Beside the server's data, whose user it runs as.
    folder = node.folder / "pooler"
    folder.mkdir(mode=0o700)
    source = node.target()
    (folder / "users.txt").write_text('"writer" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
{node.database} = host={source["host"]} port={source["port"]} dbname={node.database}

[pgbouncer]
pool_mode = transaction
default_pool_size = 1
unix_socket_dir = {folder}
listen_port = {PORT}
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
        wait_until((folder / f".s.PGSQL.{PORT}").exists)
        pooler = Pooler(node, folder)
        yield pooler
        for session in pooler.sessions:
            session.close()
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def backend(run: Callable[..., list[Any]]) -> int:
    """The server connection that serves the client at this moment."""
    [(pid,)] = run("select pg_backend_pid()")
    return int(pid)


def versions(node: Node) -> list[Any]:
    return node.ask(
        "select op, row_key, actor, context ->> 'reason' from rowtrail.versions order by id"
    )


@pytest.mark.parametrize("named_by", ["set_config", "set_actor"])
def test_an_actor_never_reaches_another_client_of_the_same_server_connection(
    node: Node, pooler: Pooler, named_by: str
) -> None:
    node.make_table(ANIMALS)
    node.ask("grant usage on schema rowtrail to writer")
    call = {
        "set_config": "select set_config('rowtrail.actor', %s, true)",
        "set_actor": "select rowtrail.set_actor(%s, reason => 'spring')",
    }[named_by]
    reason = {"set_config": None, "set_actor": "spring"}[named_by]
    ann, bob = pooler.session(), pooler.session()
    assert backend(ann) == backend(bob)

    ann("begin")
    ann(call, "ann")
    ann("insert into animals values (1, 'ant', 8)")
    ann("commit")
    bob("insert into animals values (2, 'bee', 6)")
    bob("begin")
    bob(call, "bob")
    bob("update animals set legs = 0 where id = 2")
    bob("rollback")
    ann("update animals set legs = 6 where id = 1")
    bob("begin")
    bob("savepoint s")
    bob(call, "bob")
    bob("update animals set legs = 7 where id = 2")
    bob("rollback to s")
    bob("update animals set name = 'bear' where id = 2")
    bob("commit")
    ann("begin")
    ann(call, "ann")
    ann("savepoint s")
    ann(call, "root")
    ann("rollback to s")
    ann("delete from animals where id = 1")
    ann("commit")
    assert versions(node) == [
        ("I", "1", "ann", reason),
        ("I", "2", None, None),
        ("U", "1", None, None),
        ("U", "2", None, None),
        ("D", "1", "ann", reason),
    ]
    assert_exact(node.session(), "animals")


def test_a_client_that_breaks_off_leaves_no_actor_behind(node: Node, pooler: Pooler) -> None:
    node.make_table(ANIMALS)
    ann, bob = pooler.session(), pooler.session()
    ann("begin")
    ann("select set_config('rowtrail.actor', 'ann', true)")
    ann("insert into animals values (1, 'ant', 8)")
    ann.close()
    bob("insert into animals values (2, 'bee', 6)")
    assert versions(node) == [("I", "2", None, None)]


def test_what_is_set_for_the_session_does_reach_other_clients(node: Node, pooler: Pooler) -> None:
    # Not a wish, but what docs/operating.md warns of; and proof that the tests here could fail.
    node.make_table(ANIMALS)
    ann, bob = pooler.session(), pooler.session()
    ann("set rowtrail.actor = 'ann'")
    bob("insert into animals values (1, 'ant', 8)")
    assert versions(node) == [("I", "1", "ann", None)]


def test_an_actor_that_is_required_is_required_of_each_transaction(
    node: Node, pooler: Pooler
) -> None:
    node.make_table(ANIMALS, actor="require")
    ann, bob = pooler.session(), pooler.session()
    ann("begin")
    ann("select set_config('rowtrail.actor', 'ann', true)")
    ann("insert into animals values (1, 'ant', 8)")
    ann("commit")
    with pytest.raises(Exception, match="without an actor"):
        bob("update animals set legs = 6")
    assert versions(node) == [("I", "1", "ann", None)]


def test_the_orm_names_actors_by_way_of_a_pooler(node: Node, pooler: Pooler) -> None:
    node.make_table(ANIMALS)
    node.ask("grant rowtrail_reader to writer")
    target = pooler.target()
    engine = create_engine(
        URL.create(
            "postgresql+psycopg2",
            username="writer",
            database=target["dbname"],
            query={"host": target["host"], "port": str(PORT)},
        )
    )
    with OrmSession(engine) as ann, OrmSession(engine) as bob:
        ann.add(ant := Animal(id=1, name="ant"))
        set_actor(ann, "ann", reason="spring")
        ann.commit()
        bob.add(Animal(id=2, name="bee"))
        bob.commit()
        set_actor(bob, "bob")
        bob.rollback()
        ant.legs = 6
        ann.commit()
        assert [(v.actor, v.changes) for v in ant.versions] == [
            (None, {"legs": (None, 6)}),
            ("ann", {}),
        ]
    engine.dispose()
    assert versions(node) == [
        ("I", "1", "ann", "spring"),
        ("I", "2", None, None),
        ("U", "1", None, None),
    ]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_actors_of_a_stretch_of_program_stay_with_their_transactions(
    node: Node, pooler: Pooler, driver: str
) -> None:
    node.make_table(ANIMALS)
    target = pooler.target()
    engine = create_engine(
        URL.create(
            f"postgresql+{driver}",
            username="writer",
            database=target["dbname"],
            query={"host": target["host"], "port": str(PORT)},
        ),
        # Statements of psycopg 3's own accord are not prepared: older poolers do not know of them.
        connect_args={"prepare_threshold": None} if driver == "psycopg" else {},
    )
    with OrmSession(engine) as one, OrmSession(engine) as other:
        for number, name in enumerate(["ann", None, "bob", None]):
            session = (one, other)[number % 2]
            with actor(name):
                session.add(Animal(id=number, name="ant"))
                session.commit()
        with actor("ann"):
            one.add(Animal(id=4, name="ant"))
            one.flush()
            one.rollback()
        other.add(Animal(id=5, name="ant"))
        other.commit()
    engine.dispose()
    assert [row[1:3] for row in versions(node)] == [
        ("0", "ann"), ("1", None), ("2", "bob"), ("3", None), ("5", None),
    ]  # fmt: skip


def test_psycopg_3_works_by_way_of_a_pooler(node: Node, pooler: Pooler) -> None:
    node.make_table(ANIMALS)
    # Statements of its own accord are not prepared: older poolers do not know of them.
    with (
        psycopg.connect(**pooler.target(), prepare_threshold=None) as ann,
        psycopg.connect(**pooler.target(), prepare_threshold=None) as bob,
    ):
        for number, (client, actor) in enumerate(
            [(ann, "ann"), (bob, ""), (ann, ""), (bob, "bob")]
        ):
            client.execute("select set_config('rowtrail.actor', %s, true)", [actor])
            client.execute("insert into animals values (%s, %s)", [number, "ant"])
            client.commit()
            client.execute("update animals set legs = %s where id = %s", [6, number])
            client.commit()
    assert versions(node) == [
        ("I", "0", "ann", None),
        ("U", "0", None, None),
        ("I", "1", None, None),
        ("U", "1", None, None),
        ("I", "2", None, None),
        ("U", "2", None, None),
        ("I", "3", "bob", None),
        ("U", "3", None, None),
    ]
    assert_exact(node.session(), "animals")
