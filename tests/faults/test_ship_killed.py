"""Shipping amid kill -9: of the command, of the one server and of the other. Nothing is lost, and
nothing is there twice.

ROWTRAIL_KILLS says how many kills there are: `make test-kill` makes many.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fire import SCHEMA, WRITERS, Client
from nodes import Node, wait_until
from oracle import assert_exact
from shipped import assert_same, assert_sound

from rowtrail.embedded import guard

KILLS = int(os.environ.get("ROWTRAIL_KILLS", "5"))

#: What is killed, in turn.
SERVERS = ("command", "command", "here", "command", "there", "command", "session", "command")


#: Whether there is each version of each seal there, and nothing else.
WHOLE = """
select count(*) = coalesce((select sum(s.versions) from rowtrail.seals as s), 0)
  and count(*) = count(distinct v.id)
from rowtrail.versions as v
"""


@pytest.fixture
def node(node: Node) -> Node:
    """A server with a login that seals and ships."""
    if not node.ask("select 1 from pg_roles where rolname = 'sealer'"):
        node.ask("create role sealer login in role rowtrail_auditor")
    return node


@pytest.fixture
def history(subscriber: Node) -> Node:
    """The server of the history database."""
    return subscriber


class Shipper:
    """`rowtrail ship --every 1s`, as a process that a test can kill."""

    def __init__(self, here: Node, there: Node, folder: Path) -> None:
        self.out = folder / "shipped"
        self.command = [
            sys.executable, "-m", "rowtrail.cli", "ship", "--json", "--every", "1s",
            "--database", url(here, "sealer"), "--to", url(there, "postgres"),
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, if it does not run, as a service manager does."""
        if self.process is None or self.process.poll() is not None:
            with self.out.open("ab") as out:
                self.process = subprocess.Popen(self.command, stdout=out, stderr=out)

    def kill(self) -> None:
        """Kills it with SIGKILL, wherever it is."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def goes_on_from(self, before: int) -> bool:
        """Whether it has said more than that; starts it where it has ended."""
        self.start()
        return self.said() > before

    def said(self) -> int:
        """How much it has said."""
        return self.out.stat().st_size if self.out.exists() else 0


def url(node: Node, login: str) -> str:
    target: dict[str, Any] = node.target(login)
    return f"postgresql://{login}@/{target['dbname']}?host={target['host']}&port={target['port']}"


def end_session(node: Node) -> None:
    """Ends what the shipper does there, as an operator would."""
    node.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'rowtrail' and datname = current_database()"
    )


def answers(node: Node) -> bool:
    """Whether the server takes sessions."""
    try:
        return bool(node.ask("select 1"))
    except Exception:
        return False


def start_again(node: Node) -> None:
    if guard.postmaster(node.server.data) is None:
        node.restart()
    wait_until(lambda: answers(node))


def test_what_kill_9_leaves_is_there_once(node: Node, history: Node, tmp_path: Path) -> None:
    node.session("owner")(SCHEMA)
    clients = [Client("write", n, tmp_path, node.target("writer")) for n in range(WRITERS)]
    clients.append(Client("seal", 0, tmp_path, node.target("sealer")))
    shipper = Shipper(node, history, tmp_path)
    chance = random.Random(7)
    try:
        for kill in range(KILLS):
            for client in clients:
                client.start()
            before = shipper.said()
            shipper.start()
            if kill % 3 != 2:
                wait_until(lambda: shipper.goes_on_from(before))  # noqa: B023
                time.sleep(chance.uniform(0, 0.4))
            else:
                time.sleep(chance.uniform(0, 2))
            match SERVERS[kill % len(SERVERS)]:
                case "command":
                    shipper.kill()
                case "here":
                    node.kill()
                case "there":
                    history.kill()
                case "session":
                    end_session(history)
            start_again(node)
            start_again(history)
            if history.ask("select to_regclass('rowtrail.origin')") != [(None,)]:
                run = history.session()
                # In one statement: it may be going on.
                assert run(WHOLE) == [(True,)]
                [(noted,)] = node.ask("select coalesce(max(seal_id), 0) from rowtrail.shipping")
                assert run("select coalesce(max(id), 0) from rowtrail.seals")[0][0] >= noted
    finally:
        shipper.kill()
        for client in clients:
            client.kill()
    here, there = node.session(), history.session()
    while here("select seal from rowtrail.seal()") != [(None,)]:
        pass
    command = [part for part in shipper.command if part not in ("--every", "1s")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done
    assert here("select max(id) from rowtrail.seals") == there("select max(id) from rowtrail.seals")
    assert_same(here, there)
    assert_sound(here)
    assert_exact(here, "orders", "totals")
    # Nothing that was acknowledged is missing there.
    known = {actor for (actor,) in there("select distinct actor from rowtrail.versions")}
    for client in clients[:WRITERS]:
        assert set(client.acknowledged()) <= known
