"""docs/rowtrail_both.sql: the history of a row in psql, out of both databases by postgres_fdw.

Whatever row is asked for, the answer is that of `rowtrail.history()` in one database with all.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from halved import CHANGES, FULL, with_history
from halves import Halves, connected, run
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Engine
from two_writers import PROGRAMS, Statement

SCRIPT = Path(__file__).parents[2] / "docs/rowtrail_both.sql"


@pytest.fixture(autouse=True)
def _with_postgres_fdw(url: URL) -> None:
    found = run(url, "select name from pg_available_extensions where name = 'postgres_fdw'")
    if not found:
        pytest.skip(
            "this PostgreSQL has no postgres_fdw; set ROWTRAIL_TEST_BINARIES to one that has"
        )


def read_both(halves: Halves, there: URL | None = None) -> None:
    """Makes that both are read in the application's database, as the guide says."""
    there = there or halves.there
    options = f"host '{there.query['host']}', port '{there.query['port']}'"
    halves.run(
        "create extension postgres_fdw",
        "create server rowtrail_history foreign data wrapper postgres_fdw "
        f"options ({options}, dbname '{there.database}', updatable 'false')",
        "create user mapping for postgres server rowtrail_history options (user 'postgres')",
        SCRIPT.read_text(encoding="utf-8"),
    )


def assert_same(halves: Halves) -> int:
    """Each row's history out of both is that of the whole; says how many are not whole here."""
    rows = run(
        halves.whole,
        "select distinct v.table_id, k.key from rowtrail.versions as v "
        "cross join lateral (values (v.row_key), (v.old_key)) as k (key) "
        "where k.key <> '' order by 1, 2",
    )
    query = "select array(select to_jsonb(h) from {}.row_history(%s, %s) as h)"
    incomplete = 0
    for row in rows:
        expected = run(halves.whole, query.format("rowtrail"), *row)
        assert halves.ask(query.format("rowtrail_both"), *row) == expected, row
        incomplete += halves.ask(query.format("rowtrail"), *row) != expected
    return incomplete


@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "2")),
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    programs=st.lists(PROGRAMS, min_size=3, max_size=3),
    changes=st.lists(st.sampled_from(CHANGES), max_size=2),
    cuts=st.lists(st.floats(0, 1), min_size=2, max_size=2),
)
@example(programs=FULL, changes=[CHANGES[0], CHANGES[3]], cuts=[0.9, 0.7])
@example(programs=FULL, changes=[CHANGES[1], CHANGES[2]], cuts=[0.5, 1.0])
def test_each_row_has_the_history_that_it_has_in_one_database(
    make_halves: Callable[[], Halves],
    programs: list[list[Statement]],
    changes: list[str],
    cuts: list[float],
) -> None:
    halves = make_halves()
    try:
        with_history(halves, programs, changes, cuts)
        read_both(halves)
        incomplete = assert_same(halves)
        assert incomplete > 5 or programs != FULL
    finally:
        # There may be many examples.
        halves.remove()


@pytest.fixture
def retired(halves: Halves) -> Halves:
    """A history of which what was first is in the history database only; both are read.

    Of person 5 the one version is in both, and the last one of all is not shipped.
    """
    halves.run(
        "create table people (id int primary key, name text, email text)",
        "select rowtrail.track('people', erasable => true)",
        "insert into people select n, 'Ann', 'ann@example.org' from generate_series(1, 4) as n",
        "update people set email = 'anna@example.org' where id = 1",
        "delete from people where id = 2",
        "select rowtrail.seal()",
        "update people set name = 'Anna'",
        "insert into people values (5, 'Eve', 'eve@example.org')",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.run("update people set name = 'Eva' where id = 4", "select rowtrail.seal()")
    halves.keep_whole()
    [(moment,)] = halves.ask("select max(changed_at) from rowtrail.versions where op = 'U'")
    halves.retire({"people": moment})
    read_both(halves)
    return halves


def refusal(halves: Halves, key: str = "1") -> str:
    """What is said instead of the history of a row."""
    with pytest.raises(psycopg2.Error) as caught:
        halves.ask("select rowtrail_both.history('people', %s)", key)
    return str(caught.value)


def test_a_key_is_given_as_to_rowtrail_history(retired: Halves) -> None:
    by_number = retired.ask("select * from rowtrail_both.history('people', 1)")
    assert by_number == run(retired.whole, "select * from rowtrail.history('people', 1)")
    assert len(by_number) == 3
    assert by_number == retired.ask("select * from rowtrail_both.history('people', '1')")
    assert len(retired.ask("select * from rowtrail.history('people', 1)")) == 1
    with pytest.raises(psycopg2.Error, match="has no history: it was never tracked"):
        retired.ask("select rowtrail_both.history('pg_class', 1)")


def remote_statements(url: URL, query: str) -> list[str]:
    """What is sent to the history database for a query."""
    with connected(url) as cursor:
        for setting in (
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_nested_statements = on",
            "auto_explain.log_verbose = on",
            "client_min_messages = log",
        ):
            cursor.execute(f"load 'auto_explain'; set {setting}")
        cursor.connection.notices.clear()
        cursor.execute(query)
        return re.findall(r"Remote SQL: (.*)", "".join(cursor.connection.notices))


def test_only_the_versions_of_the_row_come_from_there_and_by_index(retired: Halves) -> None:
    sent = remote_statements(retired.here, "select rowtrail_both.history('people', 1)")
    [of_versions] = [one for one in sent if "rowtrail.versions" in one]
    with connected(retired.there) as cursor:
        cursor.execute(of_versions)
        # The newest, which is here too, is of before the moment as well.
        assert [row[7] for row in cursor.fetchall()] == ["1", "1", "1"]
        cursor.execute(
            "insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login) "
            "select n * 100, now(), '5', 1, 'U', n, 'x' from generate_series(1000, 30000) as n"
        )
        cursor.execute("analyze rowtrail.versions")
        cursor.execute(f"explain (costs off) {of_versions}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(r"row_key_id_idx\n +Index Cond: \(\(table_id = 1\) AND \(row_key = ", plan)
    assert re.search(r"old_key_id_idx\n +Index Cond: \(\(table_id = 1\) AND \(old_key = ", plan)


def test_of_a_table_of_which_all_is_here_nothing_is_asked_there(retired: Halves) -> None:
    retired.run(
        "create table notes (id int primary key)",
        "select rowtrail.track('notes')",
        "insert into notes values (1)",
    )
    assert remote_statements(retired.here, "select rowtrail_both.history('notes', 1)") == []
    retired.run("alter server rowtrail_history options (set port '1')")
    assert len(retired.ask("select rowtrail_both.history('notes', 1)")) == 1


def test_it_is_one_error_where_the_history_database_cannot_answer(
    retired: Halves, make_halves: Callable[[], Halves]
) -> None:
    def name(url: URL) -> None:
        retired.run(f"alter server rowtrail_history options (set dbname '{url.database}')")

    retired.run("update rowtrail.shipping set imports = '{7}'")
    assert "lacks what was retired here" in refusal(retired)
    name(retired.there.set(database="gone"))
    assert 'could not connect to server "rowtrail_history"' in refusal(retired)
    name(retired.here)
    assert "is no history database" in refusal(retired)
    name(retired.whole)
    assert "is no history database" in refusal(retired)
    other = make_halves()
    run(other.there, "select rowtrail.become_history_database(gen_random_uuid(), null, 'x')")
    name(other.there)
    assert "nothing was shipped to the history database yet" in refusal(retired)
    other = make_halves()
    other.run("create table things (id int primary key)", "select rowtrail.track('things')")
    other.run("insert into things values (1)", "select rowtrail.seal()")
    other.ship()
    name(other.there)
    assert "holds the history of another database: its seal 1 is not one of here" in refusal(
        retired
    )


def test_what_was_retired_since_the_transaction_first_asked_is_not_missing_in_silence(
    retired: Halves,
) -> None:
    query = "select count(*) from rowtrail_both.history('people', 1)"
    with connected(retired.here) as cursor:
        cursor.execute("begin")
        cursor.execute(query)
        assert cursor.fetchall() == [(3,)]
        retired.run("update people set name = 'Ann' where id = 1")
        retired.run("update people set name = 'Eva' where id = 1", "select rowtrail.seal()")
        retired.ship()
        cursor.execute(query)
        assert cursor.fetchall() == [(5,)]
        retired.run("update people set name = 'Anna' where id = 1")
        [(moment,)] = retired.ask("select max(changed_at) from rowtrail.versions where op = 'U'")
        retired.retire({"people": moment})
        with pytest.raises(psycopg2.Error, match="lacks what was retired here"):
            cursor.execute(query)
        cursor.execute("rollback")
        cursor.execute(query)
        assert cursor.fetchall() == [(6,)]


def erase(halves: Halves, key: str, columns: str) -> int:
    """Erases values of a deleted row in all its versions; gives the number of the event."""
    halves.run(f"delete from people where id = {key}")
    [(found,)] = run(
        halves.there, "select rowtrail.erasable('people', %s, %s::text[])", key, columns
    )
    [(event,)] = halves.ask(
        "select erasure from rowtrail.erase('people', %s, %s::text[], elsewhere => %s)",
        key,
        columns,
        json.dumps(found),
    )
    return int(event)


def seal_and_ship(halves: Halves) -> None:
    halves.run("select rowtrail.seal()")
    halves.ship()


def history(halves: Halves, key: str) -> list[Any]:
    """Operation, key, values and erased places of each version of a person."""
    return halves.ask(
        "select op, row_key, data, erased from rowtrail_both.history('people', %s)", key
    )


def test_what_was_erased_here_is_not_shown_from_there(retired: Halves) -> None:
    assert history(retired, "5")[0][2]["name"] == "Eve"
    event = erase(retired, "5", "{id,name}")
    erased = {"id": None, "name": None, "email": "eve@example.org"}
    places = ["data.id", "data.name", "row_key"]
    for _ in range(2):
        assert history(retired, "5") == []
        assert history(retired, f"erased:{event}") == [
            (op, f"erased:{event}", erased, places) for op in ("delete", "insert")
        ]
        seal_and_ship(retired)


def test_what_only_the_history_database_has_is_refused_until_it_is_erased_there(
    retired: Halves,
) -> None:
    event = erase(retired, "3", "{name}")
    assert f"were erased, by event {event}, and the history database has them" in refusal(
        retired, "3"
    )
    assert len(history(retired, "1")) == 3
    seal_and_ship(retired)
    assert [row[3] for row in history(retired, "3")] == [
        ["data.name"], ["data.name", "old.name"], ["data.name"],
    ]  # fmt: skip


def test_a_key_that_was_erased_is_refused_until_it_is_erased_there(retired: Halves) -> None:
    event = erase(retired, "2", "{id,name,email}")
    for key in ("2", f"erased:{event}"):
        assert f"by event {event}, and the history database has them" in refusal(retired, key)
    seal_and_ship(retired)
    assert history(retired, "2") == []
    assert [row[0] for row in history(retired, f"erased:{event}")] == ["delete", "insert"]


def test_who_may_read_all_may_ask_and_nobody_else(
    make_login: Callable[..., Engine], retired: Halves
) -> None:
    make_login("reader", member_of="rowtrail_reader")
    make_login("alice", member_of="rowtrail_limited_reader")
    retired.run("grant select on people to alice")
    query = "select count(*) from rowtrail_both.history('people', 1)"
    with pytest.raises(psycopg2.Error, match="user mapping not found"):
        run(retired.here.set(username="reader"), query)
    for name in ("reader", "alice"):
        retired.run(
            f"create user mapping for {name} server rowtrail_history "
            "options (user 'reader', password_required 'false')"
        )
    assert run(retired.here.set(username="reader"), query) == [(3,)]
    for statement in (query, "select count(*) from rowtrail_both.versions"):
        with pytest.raises(psycopg2.Error, match="permission denied for schema rowtrail_both"):
            run(retired.here.set(username="alice"), statement)
