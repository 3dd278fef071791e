"""Seals amid kill -9: a seal is whole or not there, and what it closed stays as it was.

ROWTRAIL_KILLS says how many kills the first test makes: `make test-kill` makes many.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from fire import SCHEMA, VERSIONS, WRITERS, Client
from nodes import Node, Session, wait_until
from oracle import assert_exact

from rowtrail.embedded import guard

KILLS = int(os.environ.get("ROWTRAIL_KILLS", "3"))

ANIMALS = "animals (id int primary key, name text, legs int)"
SEAL = "select seal, versions from rowtrail.seal()"

#: The sealer's session sleeps when the leaves are stored and the seal is not.
STALL = """
create function stall() returns trigger language plpgsql as $$
begin
  perform pg_sleep(600);
  return null;
end $$;
create trigger stall after insert on rowtrail.seal_leaves execute function stall();
"""


@pytest.fixture
def node(node: Node) -> Node:
    """A server with a login that seals."""
    if not node.ask("select 1 from pg_roles where rolname = 'sealer'"):
        node.ask("create role sealer login in role rowtrail_auditor")
    return node


def assert_sealed(run: Session, first: int = 1) -> None:
    """Checks that seals are as they were made, that none is missing, and that none misses one."""
    assert run("select max(id) - count(*) from rowtrail.seals") in ([(0,)], [(None,)])
    assert (
        run(
            "select v.* from rowtrail.seals as s, rowtrail.verify_seal(s.id) as v where s.id >= %s",
            first,
        )
        == []
    )
    assert run("select * from rowtrail.verify_sealed()") == []


def assert_all_sealed(run: Session) -> None:
    """Checks besides that each version is in one seal."""
    assert_sealed(run)
    assert run("select versions from rowtrail.unsealed()") == [(0,)]
    assert run("select sum(versions) from rowtrail.seals") == run(
        "select count(*) from rowtrail.versions"
    )


def kill_server(node: Node, _: list[Client]) -> None:
    """All of its processes at one moment."""
    node.kill()


def kill_sealing(node: Node, _: list[Client]) -> None:
    """The backend of a sealer: the server ends all sessions and recovers."""
    kill_backend(node, "sealer")


def kill_clients(_: Node, clients: list[Client]) -> None:
    """A sealer and half of the writers, while the server goes on."""
    for client in clients[1::2]:
        client.kill()


def kill_writing(node: Node, _: list[Client]) -> None:
    """The backend of a writer."""
    kill_backend(node, "writer")


def kill_postmaster(node: Node, _: list[Client]) -> None:
    """The server's first process: the others find out, and end by themselves."""
    postmaster = guard.postmaster(node.server.data)
    assert postmaster is not None
    # Stopped, it makes no child while they are counted.
    os.kill(postmaster, signal.SIGSTOP)
    found = subprocess.run(
        ["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=True
    )
    children = [Path("/proc") / child for child in found.stdout.split()]
    os.kill(postmaster, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(child) for child in children))
    node.close_sessions()


def is_alive(process: Path) -> bool:
    """Whether it runs; one that nobody has waited for does not."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_backend(node: Node, login: str) -> None:
    """One of a login, which is at work if one is."""
    [(victim,)] = node.ask(
        "select pid from pg_stat_activity where usename = %s order by state limit 1", login
    )
    kill_process(node, victim)


def kill_process(node: Node, pid: int) -> None:
    """Kills a backend, and waits until the server has ended all the others."""
    other = node.session()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: has_ended(other))


def has_ended(run: Session) -> bool:
    """Whether the server has ended the session."""
    try:
        run("select 1")
    except psycopg2.Error:
        return True
    return False


def test_what_kill_9_leaves_is_sealed_as_it_was(node: Node, tmp_path: Path) -> None:
    node.session("owner")(SCHEMA)
    sealers = [Client("seal", n, tmp_path, node.target("sealer")) for n in range(2)]
    writers = [Client("write", n, tmp_path, node.target("writer")) for n in range(WRITERS)]
    clients = sealers + writers
    kills = [kill_server, kill_sealing, kill_clients, kill_writing, kill_postmaster]

    first = 1
    try:
        for kill in range(KILLS):
            for client in clients:
                client.start()
            before = [len(client.acknowledged()) for client in clients]
            wait_until(lambda: have_gone_on(clients, before))  # noqa: B023
            kills[kill % len(kills)](node, clients)
            # Where only a backend was killed, it recovers by itself.
            if guard.postmaster(node.server.data) is None:
                node.restart()
            wait_until(lambda: answers(node))
            # What they write meanwhile would take ever longer to check.
            for client in clients:
                client.hold()
            first = check(node, sealers, writers, first)
            for client in clients:
                client.release()
    finally:
        for client in clients:
            client.kill()
    run = node.session()
    run("select * from rowtrail.seal()")
    check(node, sealers, writers)
    assert_all_sealed(run)


def have_gone_on(clients: list[Client], before: list[int]) -> bool:
    """Whether each writer has made ten orders more, and each sealer a seal."""
    return all(
        len(client.acknowledged()) >= count + (1 if client.does == "seal" else 10)
        for client, count in zip(clients, before, strict=True)
    )


def answers(node: Node) -> bool:
    """Whether the server takes sessions."""
    try:
        return bool(node.ask("select 1"))
    except psycopg2.OperationalError:
        return False


def check(node: Node, sealers: list[Client], writers: list[Client], first: int = 1) -> int:
    """Checks what was acknowledged until now.

    Args:
        node: the server.
        sealers: those who seal.
        writers: those who write.
        first: the versions of the seals from this one on are compared.

    Returns:
        The last seal.
    """
    orders = {actor for client in writers for actor in client.acknowledged()}
    lines = [line.split() for client in sealers for line in client.acknowledged()]
    digests = {int(number): digest for number, digest in lines}
    assert len(digests) == len(lines), "two sealers were given one seal"
    assert all(client.is_well() for client in sealers + writers)
    run = node.session()
    # As autovacuum would: until then the index by transaction narrows nothing.
    run("vacuum rowtrail.versions")
    run("begin isolation level repeatable read")
    recorded = dict(run("select actor, count(*) from rowtrail.versions group by 1"))
    assert {actor: recorded.get(actor) for actor in orders} == dict.fromkeys(orders, VERSIONS)
    # Of others nothing was said: they are whole all the same.
    assert set(recorded.values()) == {VERSIONS}
    assert_exact(run, "orders", "totals")
    seals = dict(run("select id, encode(hash, 'hex') from rowtrail.seals"))
    assert {number: seals.get(number) for number in digests} == digests
    assert_sealed(run, first)
    run("commit")
    return max(seals, default=1)


def terminated(node: Node, sealer: Session) -> None:
    node.ask("select pg_terminate_backend(%s)", sealer.pid)


def cancelled(node: Node, sealer: Session) -> None:
    node.ask("select pg_cancel_backend(%s)", sealer.pid)


def killed(node: Node, sealer: Session) -> None:
    kill_process(node, sealer.pid)


def out_of_time(_: Node, __: Session) -> None:
    """Nobody does anything: its statement_timeout does."""


def without_server(node: Node, _: Session) -> None:
    node.kill()
    node.restart()


@pytest.mark.parametrize(
    "end",
    [terminated, cancelled, killed, out_of_time, without_server],
    ids=lambda end: end.__name__,
)
def test_a_sealer_that_ends_halfway_leaves_no_half_seal(
    node: Node, end: Callable[[Node, Session], None]
) -> None:
    node.make_table(ANIMALS)
    writer = node.session("writer")
    writer("insert into animals values (1, 'ant', 6)")
    assert node.ask(SEAL, login="sealer") == [(1, 1)]
    writer("insert into animals select n, 'bee', 6 from generate_series(2, 100) as n")
    node.ask(STALL)
    sealer = node.session("sealer")
    if end is out_of_time:
        sealer("set statement_timeout = '1s'")
    with ThreadPoolExecutor(1) as pool:
        sealing = pool.submit(sealer, SEAL)
        stalled = "select 1 from pg_stat_activity where pid = %s and wait_event = 'PgSleep'"
        wait_until(lambda: node.ask(stalled, sealer.pid))
        # Nobody who writes waits for it meanwhile.
        writer("set lock_timeout = '100ms'")
        writer("update animals set legs = 7 where id = 1")
        end(node, sealer)
        with pytest.raises(psycopg2.Error):
            sealing.result()
    wait_until(lambda: answers(node))
    assert node.ask("select max(id) from rowtrail.seals") == [(1,)]
    assert node.ask("select count(*) from rowtrail.seal_leaves where seal_id <> 1") == [(0,)]
    assert_sealed(node.session())

    node.ask("drop trigger stall on rowtrail.seal_leaves; drop function stall()")
    assert node.ask(SEAL, login="sealer") == [(2, 100)]
    assert_all_sealed(node.session())


def test_a_sealer_that_waits_for_another_seals_what_that_one_did_not(node: Node) -> None:
    node.make_table(ANIMALS)
    node.ask("insert into animals values (1, 'ant', 6)", login="writer")
    first, second = node.session("sealer"), node.session("sealer")
    first("begin")
    assert first(SEAL) == [(1, 1)]
    with ThreadPoolExecutor(1) as pool:
        sealing = pool.submit(second, SEAL)
        waits = "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
        wait_until(lambda: node.ask(waits, second.pid))
        node.ask("insert into animals values (2, 'bee', 6)", login="writer")
        first("commit")
        # What was committed while it waited is in it.
        assert sealing.result() == [(2, 1)]
    assert_all_sealed(node.session())


@pytest.mark.parametrize("is_killed", [False, True], ids=["served", "killed"])
def test_what_was_prepared_across_seals_is_in_the_seal_after_its_commit(
    node: Node, is_killed: bool
) -> None:
    node.make_table(ANIMALS)
    writer = node.session("writer")
    writer("begin")
    writer("insert into animals values (1, 'ant', 6)")
    writer("update animals set legs = 8")
    writer("prepare transaction 'spring'")
    writer("insert into animals values (2, 'bee', 6)")
    assert node.ask(SEAL, login="sealer") == [(1, 1)]
    assert node.ask(SEAL, login="sealer") == [(None, None)]
    if is_killed:
        node.kill()
        node.restart()
    node.ask("insert into animals values (3, 'cat', 4)", login="writer")
    assert node.ask(SEAL, login="sealer") == [(2, 1)]
    node.ask("commit prepared 'spring'", login="writer")
    assert node.ask("select versions from rowtrail.unsealed()") == [(2,)]
    assert_sealed(node.session())
    assert node.ask(SEAL, login="sealer") == [(3, 2)]
    assert_all_sealed(node.session())
    assert_exact(node.session(), "animals")
