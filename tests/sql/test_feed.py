"""The feed: committed versions, each once, in an order that can be applied."""

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from followers import Follower, live
from sqlalchemy import Engine

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]


def fed(run: Run, after: str | None = None, most: int = 1000, **options: Any) -> list[Any]:
    """What the feed gives, without schema events: operation, key and whether it is whole."""
    given = "".join(f", {name} => {value}" for name, value in options.items())
    return run(
        f"select op, row_key, is_whole from rowtrail.feed(%s, %s{given}) where op <> 'schema'",
        after,
        most,
    )


def now(run: Run) -> str:
    [(cursor,)] = run("select rowtrail.feed_now()")
    return str(cursor)


def cursors(run: Run, after: str | None, most: int = 1000, **options: Any) -> list[str]:
    given = "".join(f", {name} => {value}" for name, value in options.items())
    return [
        cursor for (cursor,) in run(f"select cursor from rowtrail.feed(%s, %s{given})", after, most)
    ]


@pytest.fixture
def another(connect_as: Callable[[str], Run], logins: None) -> Run:
    """A second session of the writer."""
    return connect_as("writer")


def test_who_commits_late_is_not_skipped(
    animals: str, writer: Run, another: Run, reader: Run
) -> None:
    start = now(reader)
    writer("begin")
    writer("insert into animals values (1, 'ant', 6)")
    another("insert into animals values (2, 'bee', 6)")
    [first] = cursors(reader, start)
    assert fed(reader, start) == [("insert", "2", True)]
    assert fed(reader, first) == []
    writer("commit")
    assert fed(reader, first) == [("insert", "1", True)]


def test_who_commits_while_a_page_is_read_comes_once(
    animals: str, writer: Run, another: Run, reader: Run
) -> None:
    start = now(reader)
    writer("begin")
    writer("select pg_current_xact_id()")
    another("insert into animals values (1, 'ant', 6), (2, 'bee', 6), (3, 'cat', 4)")
    first = cursors(reader, start, 1)[0]
    writer("insert into animals values (9, 'late', 0)")
    writer("commit")
    for most in (1, 2, 5):
        follower = Follower(reader, first)
        follower.poll_all(most)
        # Two of the page, and the late one once.
        assert len(follower.ids) == 3


def test_a_rolled_back_change_does_not_come(animals: str, writer: Run, reader: Run) -> None:
    start = now(reader)
    writer("begin")
    writer("insert into animals values (1, 'ant', 6)")
    writer("savepoint s")
    writer("insert into animals values (2, 'bee', 6)")
    writer("rollback to s")
    writer("commit")
    writer("begin; insert into animals values (3, 'cat', 4); rollback")
    assert fed(reader, start) == [("insert", "1", True)]


def test_a_row_s_versions_are_in_order_whatever_the_numbers_of_transactions(
    animals: str, writer: Run, another: Run, reader: Run
) -> None:
    start = now(reader)
    writer("begin")
    # It has the lower number, and changes the row later.
    writer("insert into animals values (1, 'early', 0)")
    another("insert into animals values (2, 'bee', 5)")
    writer("update animals set legs = 6 where id = 2")
    writer("commit")
    assert fed(reader, start) == [
        ("insert", "2", True),
        ("insert", "1", False),
        ("update", "2", True),
    ]
    # By id, where there are more than can be sorted, the transaction is torn and the row is not.
    assert fed(reader, start, whole_up_to=0) == [
        ("insert", "1", False),
        ("insert", "2", False),
        ("update", "2", True),
    ]


def test_transactions_come_whole(animals: str, writer: Run, another: Run, reader: Run) -> None:
    start = now(reader)
    for run in (writer, another):
        run("begin")
    for key in range(4):
        (writer if key % 2 else another)("insert into animals values (%s, 'x', 0)", key)
    another("commit")
    writer("commit")
    assert [key for _, key, _ in fed(reader, start)] == ["0", "2", "1", "3"]
    assert [is_whole for _, _, is_whole in fed(reader, start)] == [False, True, False, True]


def test_a_prepared_change_comes_when_it_is_committed(
    animals: str, writer: Run, superuser: Run, reader: Run
) -> None:
    start = now(reader)
    writer("begin")
    writer("insert into animals values (1, 'ant', 6)")
    writer("prepare transaction 'fed'")
    middle = now(reader)
    assert fed(reader, start) == []
    superuser("commit prepared 'fed'")
    assert fed(reader, start) == fed(reader, middle) == [("insert", "1", True)]


def test_every_page_size_and_every_cursor_gives_the_same(
    animals: str, writer: Run, reader: Run
) -> None:
    start = now(reader)
    for key in range(7):
        writer(
            "insert into animals select %s * 10 + n, 'x', 0 from generate_series(1, 3) as n", key
        )
    for whole_up_to in (0, 10_000):
        all_of_it = cursors(reader, start, whole_up_to=whole_up_to)
        assert len(all_of_it) == 21
        for place, cursor in enumerate(all_of_it, 1):
            rest = fed(reader, cursor, whole_up_to=whole_up_to)
            assert rest == fed(reader, start, whole_up_to=whole_up_to)[place:]
        for most in (1, 2, 5, 20, 21, 22):
            follower = Follower(reader, start)
            follower.poll_all(most, whole_up_to)
            assert len(follower.ids) == 21


def test_a_mark_moves_the_cursor_on_where_a_table_has_nothing(
    animals: str, make_table: MakeTable, writer: Run, reader: Run
) -> None:
    make_table("plants (id int primary key)")
    start = now(reader)
    writer("insert into animals values (1, 'ant', 6)")
    assert cursors(reader, start, of_tables="'{plants}'") == []
    [mark] = cursors(reader, start, of_tables="'{plants}'", with_mark="true")
    assert fed(reader, mark) == []
    writer("insert into plants values (1)")
    assert fed(reader, mark, of_tables="'{plants}'") == [("insert", "1", True)]
    assert fed(reader, start, of_tables="'{plants,animals}'") == [
        ("insert", "1", True),
        ("insert", "1", True),
    ]


def test_who_writes_in_the_same_transaction_gets_its_own_changes_after_the_commit(
    animals: str, writer: Run, superuser: Run
) -> None:
    """Its own changes can be seen in it, and are not committed: the cursor must not pass them."""
    start = now(superuser)
    superuser("begin")
    superuser("insert into animals values (1, 'mine', 0)")
    writer("insert into animals values (2, 'other', 0)")
    assert fed(superuser, start) == [("insert", "2", True)]
    [cursor] = cursors(superuser, start)
    superuser("insert into animals values (3, 'mine', 0)")
    assert fed(superuser, cursor) == []
    superuser("commit")
    assert fed(superuser, cursor) == [("insert", "1", False), ("insert", "3", True)]


def test_a_baseline_that_comes_after_a_later_change_says_so(
    owner: Run, writer: Run, reader: Run
) -> None:
    owner("create table stock (id int primary key, n int)")
    owner("insert into stock values (1, 0), (2, 0)")
    owner("grant select, insert, update, delete on stock to writer")
    owner("select rowtrail.track('stock')")
    start = now(reader)
    owner("select * from rowtrail.baseline_batch('stock', 10)")
    owner("begin")
    owner("select * from rowtrail.baseline_batch('stock', 10)")
    writer("update stock set n = 1 where id = 1")
    follower = Follower(reader, start)
    follower.poll_all()
    owner("commit")
    follower.poll_all()
    assert follower.rows == live(owner, "stock")
    superseded = reader(
        "select row_key, is_superseded from rowtrail.feed(%s) where op = 'baseline'", start
    )
    # From the start they come in their order.
    assert superseded == [("1", False), ("2", False)]


def test_truncate_and_schema_changes_come_too(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    start = now(reader)
    writer("insert into animals values (1, 'ant', 6)")
    owner("alter table animals add column wings int")
    writer("truncate animals")
    found = reader("select op, row_key, data ->> 'command' from rowtrail.feed(%s)", start)
    assert found == [("insert", "1", None), ("schema", "", "ALTER TABLE"), ("truncate", "", None)]


def test_a_limited_reader_gets_what_it_may_read(
    animals: str, make_table: MakeTable, owner: Run, writer: Run, reader: Run,
    make_login: Callable[..., Engine], connect_as: Callable[[str], Run],
) -> None:  # fmt: skip
    make_table("wages (id int primary key)")
    make_login("clerk", member_of="rowtrail_limited_reader")
    owner("grant select on animals to clerk")
    clerk = connect_as("clerk")
    start = now(clerk)
    writer("begin; insert into animals values (1, 'ant', 6); insert into wages values (1); commit")
    assert fed(clerk, start) == [("insert", "1", True)]
    assert len(fed(reader, start)) == 2
    [cursor] = cursors(clerk, start)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only for those"):
        fed(clerk, start, of_tables="'{wages}'")
    owner("revoke select on animals from clerk")
    # What it had may be closed to it: that is no restore.
    assert fed(clerk, cursor) == []


@pytest.mark.parametrize(
    "cursor",
    ["", "now ", "1", "1.1", "1.0.3:3:", "1.1.3:2:", "1.1.3:3:.4:4:", "2.1.3:3:", "1.1.3:3:.1-2",
     "1.1.99999999999999999999:99999999999999999999:", "1.1.3:3:;drop"],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(reader: Run, cursor: str) -> None:
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="is no cursor of the feed"):
        fed(reader, cursor)


def test_pages_have_a_size(reader: Run) -> None:
    for most in (0, -1):
        with pytest.raises(psycopg2.errors.InvalidParameterValue, match=f"cannot give {most} vers"):
            fed(reader, None, most)


def test_a_cursor_of_what_is_not_here_any_more_is_refused(
    animals: str, writer: Run, superuser: Run, reader: Run
) -> None:
    """As after a restore to an earlier moment, or a failover that lost commits."""
    start = now(reader)
    writer("insert into animals values (1, 'ant', 6)")
    writer("insert into animals values (2, 'bee', 6)")
    first, last = cursors(reader, start)
    superuser("delete from rowtrail.versions where row_key = '2'")
    assert fed(reader, first) == []
    with pytest.raises(
        psycopg2.errors.NoDataFound, match="which came last by this cursor"
    ) as error:
        fed(reader, last)
    assert "'now'" in str(error.value)
    with pytest.raises(psycopg2.errors.NoDataFound, match="later moment"):
        fed(reader, "1.1.999999999999:999999999999:")
    with pytest.raises(psycopg2.errors.NoDataFound, match="later moment"):
        fed(reader, "1.2.3:3:")


def test_a_new_era_is_gone_on_with(
    animals: str, writer: Run, owner: Run, superuser: Run, reader: Run
) -> None:
    follower, behind = Follower(reader, now(reader)), Follower(reader, now(reader))
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6), (3, 'cat', 4)")
    follower.poll_all()
    behind.poll(1)
    # As in another cluster.
    superuser("update rowtrail.eras set system_identifier = system_identifier - 1")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="no era of its own yet"):
        follower.poll()
    superuser("select rowtrail.begin_era()")
    assert superuser("select rowtrail.current_era()") == [(2,)]
    writer("update animals set legs = 0 where id = 1")
    writer("delete from animals where id = 2")
    for one in (follower, behind, Follower(reader)):
        one.poll_all(2)
        assert one.rows == live(superuser, "animals")
        assert len(one.ids) == 5
    assert str(follower.cursor).startswith("1.2.")


def test_nothing_new_is_found_without_reading_the_history(
    animals: str, superuser: Run, reader: Run
) -> None:
    superuser("set session_replication_role = replica")
    superuser(
        "insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, login, data) "
        "select clock_timestamp(), pg_current_xact_id(), t.id, 'U', n::text, 'x', '{}' "
        "from rowtrail.tables as t, generate_series(1, 60000) as n"
    )
    superuser("vacuum analyze rowtrail.versions")
    cursor = now(reader)
    superuser("begin; select pg_current_xact_id(); commit")
    # So few versions are read as fast without the index.
    superuser("set enable_seqscan = off")
    query = (
        "explain (analyze, buffers, format json) select count(*) from "
        "rowtrail.feed_members(1, '{}', pg_current_snapshot())"
    ).format(cursor.split(".")[2])
    [([plan],)] = superuser(query)
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 400, plan


def test_writers_that_wait_for_each_other_are_followed_while_they_write(
    animals: str, writer: Run, reader: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    writer("insert into animals select n, 'x', 0 from generate_series(1, 8) as n")
    followers = [
        Follower(reader, now(reader), live(superuser, "animals"), in_whole=is_whole)
        for is_whole in (True, False)
    ]
    sessions = [connect_as("writer") for _ in range(4)]
    done = threading.Event()

    def write(number: int) -> None:
        chosen = random.Random(number)
        for _ in range(40):
            sessions[number]("begin")
            # In the order of the keys, so that nobody waits for ever.
            for key in sorted(chosen.sample(range(1, 9), 3)):
                sessions[number]("update animals set legs = legs + 1 where id = %s", key)
            sessions[number](chosen.choice(["commit", "commit", "rollback"]))

    def write_all() -> None:
        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()

    threading.Thread(target=write_all).start()
    turns = 0
    while not done.is_set():
        followers[0].poll(5)
        followers[1].poll(3, whole_up_to=0)
        turns += 1
    for follower in followers:
        follower.poll_all()
        assert follower.rows == live(superuser, "animals")
    assert sorted(followers[0].ids) == sorted(followers[1].ids)
    assert turns > 3
