"""The feed loses nothing and doubles nothing, however sessions write, wait, fail and commit.

Random programs of several sessions with long transactions, interleaved; who follows the feed polls
in between. ROWTRAIL_EXAMPLES sets how many are tried (default 40).
"""

import os
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from followers import Follower, live, versions_after
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

Run = Callable[..., list[Any]]

SESSIONS = 3
TABLES = st.sampled_from(["animals", "plants"])

#: Of the rows that nobody else has locked.
FREE = "(select id from {0} where id in (%s, %s) for update skip locked)"
STATEMENTS = (
    "insert into {0} values (%s, 0), (%s + 6, 0) on conflict do nothing",
    f"update {{0}} set n = n + 1 where id in {FREE}",
    f"update {{0}} set n = n + 1 where id in {FREE}",
    f"update {{0}} set n = n + 1 where id in {FREE}",
    f"delete from {{0}} where id in {FREE}",
    f"update {{0}} set id = id %% 12 + 1 where id in {FREE} "
    "and id %% 12 + 1 not in (select id from {0})",
)
writes = st.tuples(st.sampled_from(STATEMENTS), TABLES, st.integers(1, 12), st.integers(1, 12))
sessions = st.integers(0, SESSIONS - 1)
ends = st.sampled_from(
    ["commit", "commit", "commit", "rollback", "prepare", "begin", "begin", "name"]
)
steps = st.one_of(
    st.tuples(sessions, writes),
    st.tuples(sessions, writes),
    st.tuples(sessions, writes),
    st.tuples(sessions, ends),
    st.tuples(sessions, st.tuples(st.just("savepoint"), writes, st.booleans())),
    st.tuples(st.just("finish"), st.sampled_from([True, True, False])),
    st.tuples(st.just("poll"), st.integers(1, 6), st.sampled_from([0, 1, 3, 10_000])),
    st.tuples(st.just("poll all"), st.integers(1, 50), st.sampled_from([0, 3, 10_000])),
)


class World:
    """The sessions, and what is prepared.

    Args:
        connect: opens a session of the writer.
    """

    def __init__(self, connect: Callable[[str], Run]) -> None:
        self.sessions = [connect("writer") for _ in range(SESSIONS)]
        self.superuser = connect("postgres")
        self.prepared: list[str] = []
        self.count = 0
        for run in self.sessions:
            run("set lock_timeout = '15ms'")

    def do(self, number: int, what: Any) -> None:
        """Lets a session do it; what cannot be done ends its transaction."""
        run = self.sessions[number]
        try:
            if what == "prepare":
                self.count += 1
                name = f"p{self.count}"
                [(is_open,)] = run("select pg_current_xact_id_if_assigned() is not null")
                if is_open:
                    run(f"prepare transaction '{name}'")
                    self.prepared.append(name)
            elif what == "name":
                # A transaction has its number long before it writes.
                run("select pg_current_xact_id()")
            elif isinstance(what, str):
                run(what)
            elif what[0] == "savepoint":
                # Where there is a transaction already, this is a warning.
                run("begin")
                run("savepoint s")
                run(what[1][0].format(what[1][1]), *what[1][2:])
                if what[2]:
                    run("rollback to savepoint s")
            else:
                run(what[0].format(what[1]), *what[2:])
        except psycopg2.Error:
            run("rollback")

    def finish(self, is_committed: bool) -> None:
        """Ends the oldest transaction that is prepared."""
        if self.prepared:
            self.superuser(
                f"{'commit' if is_committed else 'rollback'} prepared '{self.prepared.pop(0)}'"
            )

    def end(self) -> None:
        """Ends all transactions."""
        for number in range(SESSIONS):
            self.do(number, "commit" if number % 2 else "rollback")
        while self.prepared:
            self.finish(True)


@pytest.fixture
def world(make_table: Callable[..., str], connect_as: Callable[[str], Run], logins: None) -> World:
    for table in ("animals", "plants"):
        make_table(f"{table} (id int primary key, n int)")
    return World(connect_as)


@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "40")),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=40, max_size=80))
def test_who_follows_the_feed_has_each_committed_version_once_and_what_the_tables_hold(
    world: World, reader: Run, program: list[Any]
) -> None:
    names = ("animals", "plants")
    for name in names:
        world.superuser(
            f"insert into {name} select k, 0 from generate_series(1, 12) as k "
            "on conflict do nothing"
        )
    before = live(world.superuser, *names)
    [(last,)] = world.superuser("select coalesce(max(id), 0) from rowtrail.versions")
    [(start,)] = reader("select rowtrail.feed_now()")
    followers = {
        "polls": Follower(reader, start, before),
        "one table": Follower(reader, start, before, ["plants"]),
        "whole": Follower(reader, start, before, in_whole=True),
    }
    for first, *rest in program:
        if first == "poll":
            followers["polls"].poll(*rest)
            followers["one table"].poll(*rest)
            followers["whole"].poll(rest[0])
        elif first == "poll all":
            followers["polls"].poll_all(*rest)
        elif first == "finish":
            world.finish(rest[0])
        else:
            world.do(first, rest[0])
    world.end()
    wanted = live(world.superuser, *names)
    committed = versions_after(world.superuser, last)
    event(f"{len(committed) // 5 * 5} versions")

    late = Follower(reader, start, before)
    late.poll_all(most=3, whole_up_to=0)
    at_once = Follower(reader, start, before, in_whole=True)
    at_once.poll_all()
    for follower in followers.values():
        follower.poll_all(most=7)
    for name, follower in {**followers, "late": late, "at once": at_once}.items():
        if name == "one table":
            assert follower.rows["public.plants"] == wanted["public.plants"]
        else:
            assert follower.rows == wanted, name
            assert sorted(follower.ids) == committed, name
