"""Transactions that fail and are tried again: what was committed has one version, once."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg2
import pytest
from nodes import Node, Session
from oracle import assert_exact, recorded

CONFLICTS = (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected)
ACCOUNTS = "accounts (id int primary key, amount numeric not null)"
WORKERS = 4


def until_committed(run: Session, level: str, name: str, work: Callable[[], None]) -> int:
    """Runs the work in transactions until one is committed, as applications do; counts them."""
    for attempt in range(1, 1000):
        try:
            run(f"begin isolation level {level}")
            run("select set_config('rowtrail.actor', %s, true)", f"{name}, attempt {attempt}")
            work()
            run("commit")
            return attempt
        except CONFLICTS:
            run("rollback")
    raise AssertionError("never committed")


def actors(node: Node) -> "Counter[str]":
    """How many updates each actor made."""
    return Counter(
        actor for (actor,) in node.session()("select actor from rowtrail.versions where op = 'U'")
    )


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_an_update_that_cannot_be_serialized_has_no_version_until_it_is_tried_again(
    node: Node, level: str
) -> None:
    node.make_table(ACCOUNTS)
    ann, bob = node.session("writer"), node.session("writer")
    ann("insert into accounts values (1, 10)")
    interruptions = ["update accounts set amount = amount * 2"]

    def add_one() -> None:
        ann("select * from accounts")
        if interruptions:
            bob(interruptions.pop())
        ann("update accounts set amount = amount + 1")

    assert until_committed(ann, level, "ann", add_one) == 2
    assert [(data, old) for _, _, _, _, data, old, _ in recorded(node.session(), "accounts")] == [
        ('{"id": 1, "amount": 10}', None),
        ('{"id": 1, "amount": 20}', '{"amount": 10}'),
        ('{"id": 1, "amount": 21}', '{"amount": 20}'),
    ]
    assert actors(node) == {None: 1, "ann, attempt 2": 1}
    assert_exact(node.session(), "accounts")


def test_a_commit_that_fails_leaves_no_version(node: Node) -> None:
    node.make_table(ACCOUNTS)
    ann, bob = node.session("writer"), node.session("writer")
    ann("insert into accounts values (1, 10), (2, 10)")
    # Each reads what the other writes: only the second commit finds out.
    for run, mine in ((ann, 1), (bob, 2)):
        run("begin isolation level serializable")
        run("select sum(amount) from accounts")
        run("update accounts set amount = amount - 5 where id = %s", mine)
    ann("commit")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        bob("commit")
    assert [(op, key) for _, op, key, *_ in recorded(node.session(), "accounts")] == [
        ("I", "1"),
        ("I", "2"),
        ("U", "1"),
    ]
    assert_exact(node.session(), "accounts")


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_tracking_adds_no_conflict_between_transactions_that_change_each_row_once(
    node: Node, level: str
) -> None:
    node.make_table(ACCOUNTS)
    runs = [node.session("writer") for _ in range(4)]
    runs[0]("insert into accounts select n, 0 from generate_series(1, 1000) as n")
    # So that rows are found by the index: reading all of them would be a conflict by itself.
    node.ask("analyze accounts")
    for run in runs:
        run("set lock_timeout = '2s'")
        run(f"begin isolation level {level}")
    for number, run in enumerate(runs, start=1):
        run("update accounts set amount = 1 where id = %s", number)
        run("delete from accounts where id = %s", number + 10)
        run("insert into accounts values (%s, 0)", number + 1000)
    for run in runs:
        run("commit")
    assert len(recorded(node.session(), "accounts")) == 1000 + 3 * len(runs)
    assert_exact(node.session(), "accounts")


def test_a_deadlock_leaves_the_versions_of_the_one_that_went_on(node: Node) -> None:
    node.make_table(ACCOUNTS)
    node.session("writer")("insert into accounts values (1, 0), (2, 0)")
    both_hold_one = Barrier(2)

    def add(name: str, first: int, second: int) -> int:
        run = node.session("writer")
        waits = [both_hold_one.wait]

        def work() -> None:
            run("update accounts set amount = amount + 1 where id = %s", first)
            if waits:
                waits.pop()()
            run("update accounts set amount = amount + 1 where id = %s", second)

        return until_committed(run, "read committed", name, work)

    with ThreadPoolExecutor(2) as pool:
        ann, bob = pool.submit(add, "ann", 1, 2), pool.submit(add, "bob", 2, 1)
    assert max(ann.result(), bob.result()) > 1, "nobody met a deadlock"
    assert actors(node) == {
        f"ann, attempt {ann.result()}": 2,
        f"bob, attempt {bob.result()}": 2,
    }
    assert_exact(node.session(), "accounts")


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_many_workers_that_conflict_leave_one_version_a_change(node: Node, level: str) -> None:
    node.make_table(ACCOUNTS)
    node.session("writer")("insert into accounts select n, 1000 from generate_series(1, 5) as n")

    def transfer(worker: int) -> list[str]:
        run = node.session("writer")
        dice = random.Random(worker)
        committed = []
        for number in range(60):
            payer, payee = dice.sample(range(1, 6), 2)
            amount = dice.randint(1, 9)

            def work(payer: int = payer, payee: int = payee, amount: int = amount) -> None:
                run("select sum(amount) from accounts")
                # In no order: deadlocks are meant.
                run("update accounts set amount = amount - %s where id = %s", amount, payer)
                run("update accounts set amount = amount + %s where id = %s", amount, payee)

            name = f"worker {worker}, transfer {number}"
            attempt = until_committed(run, level, name, work)
            committed.append(f"{name}, attempt {attempt}")
        return committed

    with ThreadPoolExecutor(WORKERS) as pool:
        committed = [actor for done in pool.map(transfer, range(WORKERS)) for actor in done]
    assert any(not actor.endswith("attempt 1") for actor in committed), "nobody met a conflict"
    assert actors(node) == dict.fromkeys(committed, 2)
    assert node.session()("select sum(amount) from accounts") == [(5000,)]
    assert_exact(node.session(), "accounts")
