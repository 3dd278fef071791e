"""Retention: what is older than its table is kept goes, and all that is left is as before."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]

COUNT = "select count(*) from rowtrail.versions where op <> 'S'"
COUNT_PLANTS = (
    "select count(*) from rowtrail.versions as v "
    "join rowtrail.tables as t on t.id = v.table_id where t.table_name = 'plants'"
)
VERIFY_SEALS = """
select v.object, v.problem
from rowtrail.seals as s cross join lateral rowtrail.verify_seal(s.id) as v
union all
select v.object, v.problem from rowtrail.verify_sealed(true) as v
union all
select v.object, v.problem from rowtrail.verify_sealed(false) as v
"""


def age(superuser: Run, months: int) -> None:
    """Makes all that was recorded until now so much older, and gives each month its partition."""
    superuser(
        "update rowtrail.versions set changed_at = changed_at - %s * interval '1 month'", months
    )
    superuser("select rowtrail.empty_default_partition()")


def retire_all(superuser: Run, reason: str | None = None) -> int:
    """Retires until nothing is due; gives how many versions went."""
    gone = 0
    while True:
        [(until, retired)] = superuser("select until, retired from rowtrail.retire(%s)", reason)
        if until is None:
            return gone
        gone += retired


@pytest.fixture
def history(animals: str, writer: Run, superuser: Run, make_table: Callable[..., str]) -> None:
    """Three years of animals, and as much of plants."""
    make_table("plants (id int primary key, name text)")
    writer("insert into animals select g, 'a' || g, 4 from generate_series(1, 20) as g")
    writer("insert into plants select g from generate_series(1, 20) as g")
    age(superuser, 12)
    writer("update animals set legs = 3 where id <= 10")
    writer("update plants set name = 'p' where id <= 10")
    writer("delete from animals where id in (19, 20)")
    age(superuser, 12)
    writer("update animals set legs = 2 where id <= 5")
    writer("update animals set id = 118 where id = 18")
    age(superuser, 12)
    writer("update animals set legs = 1 where id = 1")


def test_it_is_kept_for_ever_unless_somebody_says_otherwise(history: None, superuser: Run) -> None:
    before = superuser("select * from rowtrail.versions order by id")
    assert retire_all(superuser) == 0
    assert superuser("select * from rowtrail.versions order by id") == before


def test_what_is_older_goes_but_what_is_needed_since(
    history: None, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    [(total,)] = superuser(COUNT)
    superuser("select rowtrail.set_retention('animals', '18 months')")
    # Of the rows 1 to 10 and 19, 20 the first, of 19 and 20 the last, which ended them.
    assert retire_all(superuser) == 14
    assert superuser(COUNT) == [(total - 14,)]
    assert superuser("select * from rowtrail.differences('animals')") == []
    assert_exact("plants")
    [(complete,)] = superuser(
        "select complete_from from rowtrail.tables where table_name = 'animals'"
    )
    [(count,)] = superuser("select count(*) from rowtrail.as_of_rows('animals', %s)", complete)
    assert count == 18
    with pytest.raises(psycopg2.errors.NoDataFound, match=r"the history of before .* was retired"):
        superuser(
            "select * from rowtrail.as_of_rows('animals', %s::timestamptz - interval '1s')",
            complete,
        )
    assert superuser(
        "select count(*) from rowtrail.as_of_rows('plants', now() - interval '40 months')"
    ) == [(0,)]
    # Then the history goes on, and later more of it is due.
    age(superuser, 12)
    superuser("update rowtrail.tables set retired_until = retired_until - interval '12 months'")
    assert retire_all(superuser) == 5 + 1
    assert superuser("select * from rowtrail.differences('animals')") == []
    assert superuser("select * from rowtrail.verify()") == []


def test_a_month_of_which_little_stays_is_written_anew(
    animals: str, writer: Run, superuser: Run
) -> None:
    writer("insert into animals select g from generate_series(1, 50) as g")
    writer("update animals set legs = 2")
    writer("delete from animals where id > 5")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    [before] = superuser(
        "select part::oid from rowtrail.months() as m where m.begins < now() - interval '11 months'"
    )
    [(retired, left, is_rewritten)] = superuser(
        "select retired, left_in_month, is_rewritten from rowtrail.retire('policy')"
    )
    # Of what stays, one is the event by which tracking began… which is none of the rows.
    assert (retired, is_rewritten) == (140, True)
    [after] = superuser(
        "select part::oid from rowtrail.months() as m where m.begins < now() - interval '11 months'"
    )
    assert before != after
    assert left == 5
    assert superuser("select * from rowtrail.differences('animals')") == []
    assert superuser("select * from rowtrail.verify()") == []
    # A month of which nothing stays has no partition any more.
    writer("delete from animals")
    age(superuser, 12)
    superuser("update rowtrail.tables set retired_until = null")
    retire_all(superuser)
    assert superuser("select count(*) from rowtrail.versions where op <> 'S'") == [(0,)]


def test_what_is_retired_is_an_event_with_its_reason(history: None, superuser: Run) -> None:
    superuser("select rowtrail.set_retention('animals', '18 months', reason => 'policy 12')")
    retire_all(superuser, "policy 12")
    events = superuser(
        "select data ->> 'command', data -> 'retention', data -> 'retired' -> 'versions', "
        "context ->> 'reason', login from rowtrail.versions "
        "where op = 'S' and data ->> 'command' like 'rowtrail.%ret%' order by id"
    )
    assert events[0] == (
        "rowtrail.set_retention()", {"old": None, "new": "1 year 6 mons"}, None,
        "policy 12", "postgres",
    )  # fmt: skip
    assert {event[0] for event in events[1:]} == {"rowtrail.retire()"}
    assert sum(event[2] for event in events[1:]) == 14
    assert {event[3:] for event in events} == {("policy 12", "postgres")}


def test_the_seals_still_verify(history: None, superuser: Run, writer: Run) -> None:
    superuser("select rowtrail.seal()")
    superuser("select rowtrail.set_retention('animals', '18 months')")
    assert retire_all(superuser) == 14
    assert superuser(VERIFY_SEALS) == []
    superuser("select rowtrail.seal()")
    # What is left is as well protected as before.
    [(victim,)] = superuser("select max(id) from rowtrail.versions where op = 'U'")
    superuser("update rowtrail.versions set login = 'nobody' where id = %s", victim)
    assert [found[1].split(" when")[0] for found in superuser(VERIFY_SEALS)] == [
        "is not what it was"
    ]
    superuser("update rowtrail.versions set login = 'writer' where id = %s", victim)
    superuser("delete from rowtrail.versions where id = %s", victim)
    assert "is missing" in superuser(VERIFY_SEALS)[0][1]


def test_what_was_added_is_seen_whatever_is_said_of_how_many_were_retired(
    history: None, superuser: Run
) -> None:
    superuser("select rowtrail.seal()")
    superuser("select rowtrail.set_retention('animals', '18 months')")
    retire_all(superuser)
    superuser(
        "insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data) "
        "select id + 1, changed_at, xid, table_id, op, row_key, login, data "
        "from rowtrail.versions where op = 'U' order by id desc limit 1"
    )
    superuser(
        "update rowtrail.retired_leaves set versions = versions - 1 "
        "where ctid = (select min(ctid) from rowtrail.retired_leaves)"
    )
    for is_thorough in (True, False):
        [(problem,)] = superuser("select problem from rowtrail.verify_sealed(%s)", is_thorough)
        assert problem == "was added among those that are sealed, and is in no seal"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update rowtrail.retired_leaves set gone = ~gone", "does not say of the same"),
        ("delete from rowtrail.retired_leaves", "does not say of the same"),
        (
            "insert into rowtrail.retired_leaves select seal_id, part, 4711, 1, gone "
            "from rowtrail.retired_leaves limit 1",
            "no event of a table says so",
        ),
        (
            "delete from rowtrail.versions where op = 'S' and data ? 'retired'",
            "no event of a table",
        ),
    ],
)
def test_who_says_that_more_was_retired_is_seen(
    statement: str, problem: str, history: None, superuser: Run
) -> None:
    superuser("select rowtrail.seal()")
    superuser("select rowtrail.set_retention('animals', '18 months')")
    retire_all(superuser)
    superuser(statement)
    assert any(problem in found[1] for found in superuser(VERIFY_SEALS))


def test_what_no_seal_has_is_not_retired_where_there_are_seals(
    animals: str, superuser: Run, writer: Run
) -> None:
    writer("insert into animals values (0)")
    superuser("select rowtrail.seal()")
    superuser("update rowtrail.seals set sealed_at = sealed_at - interval '1 year'")
    writer("insert into animals values (1)")
    writer("update animals set legs = 9 where id = 1")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="in no seal yet"):
        retire_all(superuser)
    assert superuser(COUNT) == [(3,)]
    superuser("select rowtrail.seal()")
    assert retire_all(superuser) == 1


def test_what_no_seal_has_is_not_retired_after_a_new_era(
    animals: str, superuser: Run, writer: Run
) -> None:
    writer("insert into animals values (1)")
    superuser("select rowtrail.seal()")
    writer("update animals set legs = 3")
    writer("update animals set legs = 2")
    age(superuser, 12)
    superuser("update rowtrail.seals set sealed_at = sealed_at - interval '1 year'")
    superuser("select rowtrail.set_retention('animals', '3 months')")
    superuser("update rowtrail.eras set system_identifier = 7")
    superuser("select rowtrail.begin_era()")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="another cluster"):
        retire_all(superuser)


def test_what_the_snapshot_of_a_seal_does_not_see_yet_leaves_what_was_before_it(
    animals: str, superuser: Run, writer: Run, connect_as: Callable[[str], Run]
) -> None:
    legs = (
        "select data ->> 'legs' from rowtrail.as_of_rows("
        "'animals', snapshot => rowtrail.snapshot_of_seal(1)) order by row_key"
    )
    writer("insert into animals values (1, 'ant', 6)")
    long = connect_as("writer")
    long("begin")
    long("update animals set legs = 5")
    # Recorded before the month ends, committed after the first seal of the next one.
    superuser("update rowtrail.versions set changed_at = changed_at - interval '1 year'")
    writer("insert into animals values (2, 'bee', 4)")
    superuser("select rowtrail.seal()")
    long("commit")
    superuser(
        "update rowtrail.versions set changed_at = changed_at - interval '1 year' where op = 'U'"
    )
    superuser("select rowtrail.empty_default_partition()")
    superuser("select rowtrail.seal()")
    assert superuser(legs) == [("6",), ("4",)]
    superuser("select rowtrail.set_retention('animals', '3 months')")
    retire_all(superuser)
    assert superuser(legs) == [("6",), ("4",)]


def test_tables_are_kept_for_their_own_time_in_the_same_months(
    history: None, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    [(plants,)] = superuser(COUNT_PLANTS)
    superuser("select rowtrail.set_retention('animals', '6 months')")
    superuser("select rowtrail.set_retention('plants', '10 years')")
    retire_all(superuser)
    [(left,)] = superuser(COUNT_PLANTS)
    # With the event that says how long they are kept.
    assert left == plants + 1
    assert_exact("plants")


def test_who_may_not_rewrite_the_history_may_not_retire_it(
    history: None, owner: Run, writer: Run, reader: Run
) -> None:
    for run in (owner, writer, reader):
        for call in (
            "rowtrail.set_retention('animals', '1 month')",
            "rowtrail.retire()",
            "rowtrail.retire_until('{1}', now())",
            "rowtrail.empty_default_partition()",
            "rowtrail.refresh_statistics()",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(f"select {call}")


@pytest.mark.parametrize("keep", ["1 day", "-1 years", "20000 years", "0"])
def test_a_time_that_cannot_be_meant_is_refused(keep: str, animals: str, superuser: Run) -> None:
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="cannot be kept for"):
        superuser("select rowtrail.set_retention('animals', %s)", keep)


def test_a_table_without_a_key_is_kept_for_ever(
    make_table: Callable[..., str], superuser: Run
) -> None:
    make_table("heaps (n int)")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="it has no key"):
        superuser("select rowtrail.set_retention('heaps', '1 year')")


def test_the_history_of_a_dropped_table_goes_too(history: None, owner: Run, superuser: Run) -> None:
    owner("drop table plants")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('public.plants', '2 months')")
    retire_all(superuser)
    assert superuser(f"{COUNT_PLANTS} and v.op <> 'S'") == [(0,)]


def test_a_name_that_is_odd(make_table: Callable[..., str], writer: Run, superuser: Run) -> None:
    name = make_table('"we""ird; drop" (id int primary key, n int)')
    writer(f"insert into {name} values (1, 1)")
    writer(f"update {name} set n = 2")
    age(superuser, 12)
    said = superuser("select rowtrail.set_retention(%s, '2 months')", name)
    assert said == [('the history of public."we""ird; drop" is kept for 2 mons',)]
    assert retire_all(superuser) == 1


def test_writers_go_on_while_a_month_is_written_anew(
    animals: str, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    writer = connect_as("writer")
    writer("insert into animals select g from generate_series(1, 2000) as g")
    writer("update animals set legs = 1")
    writer("delete from animals where id > 10")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    writer("set lock_timeout = '2s'")
    writer("begin")
    writer("insert into animals values (5000)")
    other = connect_as("writer")
    other("set lock_timeout = '2s'")
    with ThreadPoolExecutor() as pool:
        retiring = pool.submit(superuser, "select retired from rowtrail.retire()")
        for key in range(6000, 6030):
            other(f"insert into animals values ({key})")
        writer("commit")
        assert retiring.result(timeout=60) == [(1990 * 3 + 10,)]
    assert superuser("select * from rowtrail.differences('animals')") == []


def retire_a_year(superuser: Run, table: str) -> int:
    """Retires what was recorded until now; the history is as exact as before."""
    different = f"select * from rowtrail.differences('{table}')"
    assert superuser(different) == []
    age(superuser, 12)
    superuser("select rowtrail.set_retention(%s, '3 months')", table)
    gone = retire_all(superuser)
    assert superuser(different) == []
    assert superuser("select * from rowtrail.verify()") == []
    return gone


def test_rows_that_swapped_their_keys_are_there_still(
    make_table: Callable[..., str], writer: Run, superuser: Run
) -> None:
    make_table("places (id int primary key deferrable, name text)")
    writer("insert into places values (1, 'a'), (2, 'b')")
    writer("update places set name = name || '!'")
    writer("update places set id = 3 - id")
    assert retire_a_year(superuser, "places") == 2


def test_a_row_that_left_a_key_to_another_and_was_deleted_is_gone_still(
    animals: str, writer: Run, superuser: Run
) -> None:
    writer("insert into animals values (1)")
    writer("begin")
    writer("update animals set id = 2 where id = 1")
    writer("insert into animals values (1)")
    writer("commit")
    writer("update animals set id = 3 where id = 2")
    writer("delete from animals where id = 3")
    # That key 1 is there is told by its first version, what became of its first row by others.
    assert retire_a_year(superuser, "animals") == 0
    writer("delete from animals")
    superuser("update rowtrail.tables set retired_until = null")
    assert retire_a_year(superuser, "animals") == 6


@pytest.mark.parametrize("again", [[], ["insert into animals values (1, 'new', 4)"]])
def test_a_row_of_which_values_were_erased_is_gone_still(
    again: list[str], animals: str, writer: Run, superuser: Run
) -> None:
    writer("insert into animals values (1, 'secret', 4)")
    writer("update animals set name = null")
    writer("delete from animals")
    superuser("select rowtrail.erase('animals', '1', '{name}')")
    for statement in again:
        writer(statement)
        writer("update animals set legs = 3")
    assert retire_a_year(superuser, "animals") == len(again)


STEPS = (
    "insert into places select {a}, {n} where not exists (select from places where id = {a})",
    "delete from places where id = {a}",
    "update places set n = n + 1 where id = {a}",
    "update places set id = {b} where id = {a} and not exists (select from places where id = {b})",
    "update places set id = case id when {a} then {b} else {a} end where id in ({a}, {b}) "
    "and (select count(*) from places where id in ({a}, {b})) = 2",
)


@pytest.mark.parametrize("seed", range(3))
def test_each_later_moment_of_a_random_program_is_as_before(
    seed: int, make_table: Callable[..., str], writer: Run, superuser: Run
) -> None:
    random = Random(seed)
    make_table("places (id int primary key deferrable, n int)")
    for _ in range(12):
        for _ in range(random.randrange(1, 9)):
            writer("begin")
            for _ in range(random.randrange(1, 6)):
                step = random.choice((*STEPS, STEPS[0]))
                writer(step.format(a=random.randrange(8), b=random.randrange(8), n=0))
            writer("commit")
        if random.random() < 0.1:
            writer("truncate places")
        superuser("update rowtrail.versions set changed_at = changed_at - interval '1 month'")
    superuser("select rowtrail.empty_default_partition()")
    asked = [
        (day, f"select * from rowtrail.as_of_rows('places', '{day}') order by row_key")
        for (day,) in superuser(
            "select now() - g * interval '12 days' from generate_series(0, 30) as g"
        )
    ]
    before = {day: superuser(question) for day, question in asked}
    for months in (8, 4, 1):
        superuser("select rowtrail.set_retention('places', make_interval(months => %s))", months)
        assert retire_all(superuser) > 0
        [(complete,)] = superuser("select complete_from from rowtrail.tables")
        for day, question in asked:
            if day >= complete:
                assert superuser(question) == before[day], day
        assert superuser("select * from rowtrail.differences('places')") == []
        assert superuser("select * from rowtrail.verify()") == []


def test_writers_do_not_wait_for_who_reads_the_default_partition(
    animals: str, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    writer, other = connect_as("writer"), connect_as("postgres")
    writer("insert into animals select g from generate_series(1, 100) as g")
    for legs in range(6):
        writer(f"update animals set legs = {legs}")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    other("begin")
    other("select rowtrail.in_default_partition()")
    writer("set lock_timeout = '2s'")
    with ThreadPoolExecutor() as pool:
        retiring = pool.submit(superuser, "select retired from rowtrail.retire()")
        time.sleep(0.5)
        for key in range(6000, 6010):
            writer(f"insert into animals values ({key})")
        other("commit")
        assert retiring.result(timeout=60) == [(600,)]


def test_what_was_retired_in_part_cannot_be_undone(
    animals: str, writer: Run, superuser: Run
) -> None:
    writer("insert into animals values (1, 'ant', 1), (2, 'bee', 1)")
    writer("update animals set legs = 2")
    writer("update animals set legs = 3 where id = 1")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    # Of its two versions one is left.
    [(version, transaction)] = superuser(
        "select id, era || '-' || xid from rowtrail.versions where op = 'U' and row_key = '2'"
    )
    retire_all(superuser)
    for arguments in (
        f"transaction => '{transaction}'",
        f"version => {version}",
        "'animals', '1', to_moment => now() - interval '13 months'",
        "of_table => 'animals', since => now() - interval '13 months'",
    ):
        with pytest.raises(psycopg2.errors.NoDataFound, match="not wholly known any more"):
            superuser(f"select rowtrail.undo_sql({arguments})")
    writer("update animals set legs = 4")
    assert superuser(
        "select count(*) > 0 from rowtrail.undo_sql('animals', since => now() - interval '1 hour')"
    ) == [(True,)]


def test_months_written_anew_are_not_taken_for_those_of_a_dump(
    animals: str, writer: Run, superuser: Run
) -> None:
    for key in range(3):
        writer(f"insert into animals values ({key})")
    for legs in range(6):
        writer(f"update animals set legs = {legs}")
    writer("update animals set legs = 9 where id = 1")
    age(superuser, 12)
    superuser("select rowtrail.set_retention('animals', '3 months')")
    assert superuser("select is_rewritten from rowtrail.retire()") == [(True,)]
    writer("update animals set legs = 3")
    # As pg_upgrade leaves it: another cluster, whose transactions' numbers go on.
    superuser(
        "create or replace function rowtrail.system_identifier() returns bigint "
        "language sql as 'select 7::bigint'"
    )
    assert superuser("select is_new, moved from rowtrail.begin_era()") == [(True, 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "update rowtrail.retired_leaves set gone = substring(gone for 3)",
        "update rowtrail.retired_leaves set part = part + 1",
        "insert into rowtrail.retired_leaves "
        "select seal_id, part, 7, 1, B'1' from rowtrail.retired_leaves",
    ],
)
def test_leaves_that_cannot_be_those_of_the_seal_are_named(
    statement: str, history: None, superuser: Run
) -> None:
    superuser("select rowtrail.seal()")
    superuser("select rowtrail.set_retention('animals', '18 months')")
    retire_all(superuser)
    superuser(statement)
    problems = superuser("select problem from rowtrail.verify_seal(1)")
    assert problems == [("is not as long as what is said of it that was retired",)]
