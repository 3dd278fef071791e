"""PREPARE TRANSACTION: what is prepared is recorded when, and only if, it is committed."""

import psycopg2
import pytest
from nodes import Node
from oracle import assert_exact, recorded

ANIMALS = "animals (id int primary key, name text, legs int)"


def actors(node: Node) -> list[tuple[str, str, str | None, str]]:
    return node.session()("select op, row_key, actor, login from rowtrail.versions order by id")


def test_a_prepared_change_has_a_version_from_its_commit_on(node: Node) -> None:
    node.make_table(ANIMALS)
    writer = node.session("writer")
    writer("insert into animals values (1, 'ant', 8)")
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("update animals set legs = 6")
    writer("insert into animals values (2, 'bee', 6)")
    writer("prepare transaction 'spring'")
    assert actors(node) == [("I", "1", None, "writer")]

    writer("insert into animals values (3, 'cat', 4)")
    assert_exact(node.session(), "animals")
    # Whoever commits it: the change is of those who made it.
    node.session()("commit prepared 'spring'")
    assert sorted(actors(node)) == [
        ("I", "1", None, "writer"),
        ("I", "2", "alice", "writer"),
        ("I", "3", None, "writer"),
        ("U", "1", "alice", "writer"),
    ]
    assert_exact(node.session(), "animals")


def test_a_prepared_change_that_is_rolled_back_has_no_version(node: Node) -> None:
    node.make_table(ANIMALS)
    writer = node.session("writer")
    writer("insert into animals values (1, 'ant', 6)")
    writer("begin")
    writer("update animals set legs = 7")
    writer("savepoint s")
    writer("delete from animals")
    writer("rollback to s")
    writer("prepare transaction 'autumn'")
    writer("rollback prepared 'autumn'")
    writer("update animals set name = 'ape'")
    assert [(op, old) for _, op, _, _, _, old, _ in recorded(node.session(), "animals")] == [
        ("I", None),
        ("U", '{"name": "ant"}'),
    ]
    assert_exact(node.session(), "animals")


@pytest.mark.parametrize("how", ["restart", "kill"])
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_prepared_change_outlives_the_server(node: Node, how: str, end: str) -> None:
    node.make_table(ANIMALS)
    # The application writes the row once more, so the order within the transaction counts too.
    node.session("owner")("""
        create function count_legs() returns trigger language plpgsql as $$
        begin
          update animals set legs = legs + 1 where id = new.id and legs < 6;
          return null;
        end $$;
        create trigger app after insert or update on animals
          for each row execute function count_legs()
    """)
    writer = node.session("writer")
    writer("insert into animals values (1, 'ant', 5)")
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("update animals set legs = 4")
    writer("prepare transaction 'winter'")

    if how == "kill":
        node.kill()
    node.restart()
    waiting = node.session("writer")
    waiting("set lock_timeout = '50ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        waiting("update animals set name = 'too early'")
    node.session("writer")(f"{end} prepared 'winter'")
    waiting("update animals set name = 'ape'")

    changes = [(op, old) for _, op, _, _, _, old, _ in recorded(node.session(), "animals")]
    prepared = [("U", '{"legs": 6}'), ("U", '{"legs": 4}'), ("U", '{"legs": 5}')]
    assert changes == [
        ("I", None),
        ("U", '{"legs": 5}'),
        *(prepared if end == "commit" else []),
        ("U", '{"name": "ant"}'),
    ]
    assert [actor for _, _, actor, _ in actors(node)].count("alice") == (
        3 if end == "commit" else 0
    )
    assert_exact(node.session(), "animals")
