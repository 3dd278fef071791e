"""Logical replication: the side on which a table is tracked keeps its history."""

from collections.abc import Iterator
from typing import Any

import pytest
from nodes import Node, wait_until
from oracle import assert_exact

ANIMALS = "animals (id int primary key, name text, legs int)"


@pytest.fixture(autouse=True)
def _no_subscription_stays(node: Node, subscriber: Node) -> Iterator[None]:
    yield
    run = subscriber.session()
    for (name,) in run("select subname from pg_subscription"):
        run(f"drop subscription {name}")
    run("drop role if exists replicator")


@pytest.fixture
def publisher(node: Node) -> Node:
    return node


def subscribe(publisher: Node, subscriber: Node) -> None:
    """Lets the subscriber follow the publisher, by a subscription of the login `replicator`'s."""
    publisher.ask("create publication spring for table animals")
    source = publisher.target()
    run = subscriber.session()
    run("create role replicator superuser login")
    run(
        "create subscription spring connection "
        f"'host={source['host']} port=5432 user=postgres dbname={source['dbname']}' "
        f"publication spring with (enabled = false, slot_name = '{source['dbname']}')"
    )
    run("alter subscription spring owner to replicator")
    run("alter subscription spring enable")


def rows(node: Node) -> list[Any]:
    return node.ask("select * from animals order by id")


def wait_for_all(publisher: Node, subscriber: Node) -> None:
    wait_until(lambda: rows(publisher) == rows(subscriber))


def history(node: Node) -> list[Any]:
    """Who did what to which row, and what it held before."""
    return node.ask("select op, row_key, old, actor, login from rowtrail.versions order by id")


def fill(publisher: Node) -> None:
    publisher.session("writer")(
        "insert into animals values (1, 'ant', 8), (2, 'bee', 6), (3, 'cat', 4)"
    )


def change(publisher: Node) -> None:
    """Changes every row in some way, in three transactions."""
    writer = publisher.session("writer")
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("update animals set legs = 6 where id = 1")
    writer("update animals set id = 20, name = 'bear' where id = 2")
    writer("delete from animals where id = 3")
    writer("commit")
    writer("update animals set legs = legs")
    writer("truncate animals")
    writer("insert into animals values (4, 'dog', 4)")


COPIED = [("I", "1", None), ("I", "2", None), ("I", "3", None)]
CHANGED = [
    ("U", "1", {"legs": 8}),
    ("U", "20", {"id": 2, "name": "bee"}),
    ("D", "3", None),
    ("T", "", None),
    ("I", "4", None),
]


def test_a_table_tracked_on_the_publisher_has_its_history_there_with_who_it_was(
    publisher: Node, subscriber: Node
) -> None:
    publisher.make_table(ANIMALS)
    subscriber.make_untracked_table(ANIMALS)
    fill(publisher)
    subscribe(publisher, subscriber)
    change(publisher)
    wait_for_all(publisher, subscriber)
    assert history(subscriber) == []
    assert history(publisher) == [
        *((*version, None, "writer") for version in COPIED),
        *((*version, "alice", "writer") for version in CHANGED[:3]),
        *((*version, None, "writer") for version in CHANGED[3:]),
    ]
    assert_exact(publisher.session(), "animals")


def test_a_table_tracked_on_the_subscriber_has_its_history_there_by_the_subscriptions_owner(
    publisher: Node, subscriber: Node
) -> None:
    publisher.make_untracked_table(ANIMALS)
    subscriber.make_table(ANIMALS)
    fill(publisher)
    subscribe(publisher, subscriber)
    # What the subscription copies at its beginning looks like rows that are inserted.
    wait_for_all(publisher, subscriber)
    change(publisher)
    wait_for_all(publisher, subscriber)
    assert history(publisher) == []
    assert [version[:3] for version in history(subscriber)] == COPIED + CHANGED
    assert {version[3:] for version in history(subscriber)} == {(None, "replicator")}
    assert_exact(subscriber.session(), "animals")


def test_a_table_tracked_on_both_sides_has_a_whole_history_on_each(
    publisher: Node, subscriber: Node
) -> None:
    publisher.make_table(ANIMALS)
    subscriber.make_table(ANIMALS)
    fill(publisher)
    subscribe(publisher, subscriber)
    wait_for_all(publisher, subscriber)
    change(publisher)
    wait_for_all(publisher, subscriber)
    # What is written on the subscriber itself is in its history only.
    subscriber.session("writer")("insert into animals values (5, 'eel', 0)")
    assert [version[:3] for version in history(publisher)] == COPIED + CHANGED
    assert [version[:3] for version in history(subscriber)] == [*COPIED, *CHANGED, ("I", "5", None)]
    assert history(subscriber)[-1][4] == "writer"
    assert_exact(publisher.session(), "animals")
    assert_exact(subscriber.session(), "animals")


def test_a_subscriber_that_requires_an_actor_takes_the_one_that_its_login_is_given(
    publisher: Node, subscriber: Node
) -> None:
    publisher.make_untracked_table(ANIMALS)
    subscriber.make_table(ANIMALS, actor="require")
    log = subscriber.server.data / "server.log"
    fill(publisher)
    subscribe(publisher, subscriber)
    # Replication stops, and loses nothing.
    wait_until(lambda: "no change of public.animals is taken without an actor" in log.read_text())
    assert rows(subscriber) == history(subscriber) == []
    subscriber.session()("alter role replicator set rowtrail.actor = 'replication of spring'")
    wait_for_all(publisher, subscriber)
    change(publisher)
    wait_for_all(publisher, subscriber)
    assert {actor for _, _, _, actor, _ in history(subscriber)} == {"replication of spring"}
    assert_exact(subscriber.session(), "animals")


def test_the_history_itself_can_be_replicated_to_a_history_database(
    publisher: Node, subscriber: Node
) -> None:
    publisher.make_table(ANIMALS)
    fill(publisher)
    run, there = publisher.session(), subscriber.session()
    run("select rowtrail.seal()")
    run(
        "create publication spring for table rowtrail.versions, rowtrail.tables, rowtrail.eras, "
        "rowtrail.seals, rowtrail.seal_leaves, rowtrail.seal_salts, rowtrail.erased_versions "
        "with (publish = 'insert, update', publish_via_partition_root = true)"
    )
    there("select rowtrail.become_history_database(gen_random_uuid(), null, 'shop')")
    source = publisher.target()
    there(
        "create subscription spring connection "
        f"'host={source['host']} port=5432 user=postgres dbname={source['dbname']}' "
        f"publication spring with (slot_name = '{source['dbname']}')"
    )
    change(publisher)
    run("select rowtrail.seal()")
    run("update rowtrail.tables set retention = '1 month'")
    every = "select v::text from rowtrail.versions as v order by id"
    seals = "select s::text from rowtrail.seals as s order by id"
    wait_until(lambda: (there(every), there(seals)) == (run(every), run(seals)))
    leaves = "select count(*) from rowtrail.seal_leaves"
    wait_until(lambda: there(leaves) == run(leaves))
    assert there("select v.* from rowtrail.seals as s, rowtrail.verify_seal(s.id) as v") == []
    assert there("select table_name, state from rowtrail.status()") == [
        ("public.animals", "shipped")
    ]
    # What is deleted here stays there.
    run("delete from rowtrail.versions where op = 'U'")
    run("insert into animals values (6, 'fox', 4)")
    wait_until(lambda: ("fox",) in there("select data ->> 'name' from rowtrail.versions"))
    assert there("select count(*) from rowtrail.versions where op = 'U'") == [(2,)]
