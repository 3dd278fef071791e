"""Who the application says it was, and who the database knows it was."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL

Run = Callable[..., list[Any]]


@pytest.fixture
def actors(superuser: Run) -> Callable[[], list[Any]]:
    """The actor and the context of each version, in order."""
    return lambda: superuser("select actor, context from rowtrail.versions order by id")


@pytest.fixture
def insert(animals: str, writer: Run) -> Run:
    """The writer inserts one more row."""
    return lambda: writer("insert into animals select coalesce(max(id), 0) + 1 from animals")


def test_an_actor_is_named_without_a_right_on_the_schema(
    insert: Run, writer: Run, actors: Callable[[], list[Any]]
) -> None:
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("""select set_config('rowtrail.context', '{"request_id": 4711}', true)""")
    insert()
    writer("commit")
    assert actors() == [("alice", {"request_id": 4711})]


def test_set_actor_is_for_one_transaction(
    insert: Run, owner: Run, animals: str, actors: Callable[[], list[Any]]
) -> None:
    owner("begin")
    owner("""select rowtrail.set_actor('alice', reason => 'why', context => '{"a": 1}')""")
    owner("insert into animals values (1)")
    owner("truncate animals")
    owner("select rowtrail.set_actor(null)")
    owner("insert into animals values (2)")
    owner("select rowtrail.set_actor('bob')")
    owner("commit")
    owner("insert into animals values (3)")
    said = ("alice", {"a": 1, "reason": "why"})
    assert actors() == [said, said, (None, None), (None, None)]


def test_a_savepoint_takes_the_actor_back(
    insert: Run, writer: Run, actors: Callable[[], list[Any]]
) -> None:
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("savepoint s")
    writer("select set_config('rowtrail.actor', 'bob', true)")
    insert()
    writer("rollback to s")
    insert()
    writer("commit")
    assert actors() == [("alice", None)]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("alice", "alice"),
        ("Zoë 😀 O'Neil", "Zoë 😀 O'Neil"),
        ("a\nb\x1b", "a?b?"),
        ("admin\u202egnp", "admin?gnp"),
        ("\u200badmin\ufeff", "?admin?"),
        ("<script>", "<script>"),
        ("x" * 1_000_000, "x" * 200),
        ("\n" * 1_000_000, "?" * 200),
        ("", None),
    ],
)
def test_an_actor_is_cut_and_cleaned(
    insert: Run,
    writer: Run,
    owner: Run,
    animals: str,
    actors: Callable[[], list[Any]],
    said: str,
    kept: str | None,
) -> None:
    writer("select set_config('rowtrail.actor', %s, false)", said)
    insert()
    owner("begin")
    owner("select rowtrail.set_actor(%s)", said)
    owner("delete from animals")
    owner("truncate animals")
    owner("commit")
    assert [actor for actor, _ in actors()] == [kept] * 3


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no json", {"text": "no json"}),
        ("{", {"text": "{"}),
        ("[1]", {"text": [1]}),
        ("null", {"text": None}),
        ("a\nb", {"text": "a?b"}),
        ('{"a": "\\u0000"}', {"text": '{"a": "\\u0000"}'}),
        ("[" * 8000, {"text": "[" * 8000}),
        (
            "x" * 1_000_000,
            {"rowtrail": "a context of 1000000 bytes was left out: the limit is 8192"},
        ),
        ("", None),
    ],
)
def test_a_context_is_kept_whatever_it_is(
    insert: Run, writer: Run, actors: Callable[[], list[Any]], said: str, kept: Any
) -> None:
    writer("select set_config('rowtrail.context', %s, false)", said)
    insert()
    assert actors() == [(None, kept)]


def test_a_context_that_is_no_object_is_refused_by_set_actor(owner: Run) -> None:
    with pytest.raises(psycopg2.Error, match="the context must be a JSON object, not array"):
        owner("select rowtrail.set_actor('a', context => '[1]')")


def test_the_login_is_who_connected_and_not_who_it_acts_as(
    animals: str, writer: Run, superuser: Run, owner: Run
) -> None:
    superuser("grant owner to writer")
    writer("set role owner")
    writer("insert into animals values (1)")
    writer("""
        create function as_owner() returns void language sql security definer
        as 'insert into public.animals values (2)'
    """)
    writer("reset role")
    writer("select as_owner()")
    assert superuser("select distinct login from rowtrail.versions") == [("writer",)]
    superuser("drop function as_owner")


def test_everything_in_a_transaction_has_its_xid(animals: str, writer: Run, superuser: Run) -> None:
    writer("begin")
    writer("insert into animals values (1)")
    writer("savepoint s")
    writer("insert into animals values (2)")
    [(xid,)] = writer("select pg_current_xact_id()::text")
    writer("commit")
    assert superuser("select xid::text from rowtrail.versions") == [(xid,), (xid,)]


def test_a_table_can_require_an_actor(
    make_table: Callable[..., str], writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    make_table("wages (id int primary key, amount int)", actor="require")
    for statement in ("insert into wages values (1, 10)", "truncate wages"):
        with pytest.raises(psycopg2.Error, match="is taken without an actor") as refused:
            writer(statement)
        assert "public.wages" in str(refused.value)
        assert "set_config('rowtrail.actor'" in str(refused.value.diag.message_hint)
    writer("begin; select set_config('rowtrail.actor', 'alice', true)")
    writer("insert into wages values (1, 10); truncate wages; commit")
    assert [version[0] for version in versions("wages")] == ["I", "T"]


def test_a_table_can_warn_of_a_missing_actor_once_a_transaction(
    make_table: Callable[..., str], url: URL, logins: None
) -> None:
    make_table("wages (id int primary key, amount int)", actor="warn")
    connection = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user="writer", dbname=url.database
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("insert into wages select g, g from generate_series(1, 5) as g")
        cursor.execute("update wages set amount = 0")
    [warning] = connection.notices
    assert "WARNING:  a change of public.wages names no actor" in warning
    connection.close()


def test_the_policy_on_actors_stays_until_it_is_changed(
    make_table: Callable[..., str], owner: Run, writer: Run
) -> None:
    make_table("wages (id int primary key, amount int)", actor="require")
    assert "an actor required" in owner("select rowtrail.track('wages')")[0][0]
    with pytest.raises(psycopg2.Error, match="without an actor"):
        writer("insert into wages values (1, 10)")
    owner("select rowtrail.track('wages', actor => 'allow')")
    writer("insert into wages values (1, 10)")
    with pytest.raises(psycopg2.Error, match="'never' is no policy on actors"):
        owner("select rowtrail.track('wages', actor => 'never')")
