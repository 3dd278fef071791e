"""Random programs of two sessions at once, which write tables of each kind."""

from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg2
from hypothesis import strategies as st

Run = Callable[..., list[Any]]

SCHEMA = """
create table things (id int primary key deferrable, n int, note text);
create table places (id int, part int, n int, primary key (id, part)) partition by list (part);
create table places_0 partition of places for values in (0);
create table places_1 partition of places default;
create table heaps (n int, m numeric);
select rowtrail.track('things'), rowtrail.track('places'), rowtrail.track('heaps');
grant select, insert, update, delete, truncate on things, places, heaps to writer;
grant select on things, places, heaps to reader;
"""


class Statement(NamedTuple):
    """What one of the two sessions does; LOOK is done by the reader."""

    session: int
    text: str


LOOK = Statement(-1, "look")

KEYS = st.integers(1, 4)
NUMBERS = st.integers(0, 9)
WRITES = (
    "insert into things values ({a}, {n})",
    "insert into things select k, {n} from generate_series({a}, 4) as k on conflict do nothing",
    "update things set n = {n} where id = {a}",
    "update things set n = n + 1, note = 'x'",
    "update things set id = {a} where id = {b}",
    "update things set id = 5 - id",
    "update things set id = id % 4 + 1",
    "delete from things where id = {a}",
    "with gone as (delete from things where id = {a} returning *) "
    "insert into things select id + 4, n, note from gone",
    "insert into places values ({a}, {n} % 2, {m})",
    "insert into places select k, {n} % 2, {m} from generate_series(1, {a}) as k",
    "update places set part = 1 - part where id = {a}",
    "update places set part = 1 - part, n = {n}",
    "update places set id = {a}, part = {n} % 2 where id = {b}",
    "delete from places where id = {a}",
    "insert into heaps values ({n}, {m}.0), ({n}, {m}.0)",
    "update heaps set m = m + 0.00, n = {n} where n = {m}",
    "update heaps set n = n + 1 where n <= {a}",
    "delete from heaps where n = {n}",
    "truncate things",
    "truncate heaps",
    "truncate places, things",
)
CONTROL = ("begin", "begin", "commit", "commit", "rollback", "savepoint s", "rollback to s")

STATEMENTS = st.one_of(
    st.builds(
        lambda session, template, a, b, n, m: Statement(
            session, template.format(a=a, b=b, n=n, m=m)
        ),
        st.integers(0, 1), st.sampled_from(WRITES), KEYS, KEYS, NUMBERS, NUMBERS,
    ),
    st.builds(Statement, st.integers(0, 1), st.sampled_from(CONTROL)),
    st.just(LOOK),
)  # fmt: skip
PROGRAMS = st.lists(STATEMENTS, min_size=5, max_size=40)


def restart(run: Run) -> None:
    """Goes on after the savepoint of a transaction that has failed, or else anew."""
    try:
        run("rollback to s")
    except psycopg2.Error:
        run("rollback")
