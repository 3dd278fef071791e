"""The rows that were there before tracking began have a version too, once the baseline is taken."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import InvalidTransactionState

Run = Callable[..., list[Any]]


@pytest.fixture
def stock(owner: Run) -> str:
    """A table of 1,000 rows that is tracked after they came."""
    owner("create table stock (id int primary key, name text, hidden text)")
    owner("insert into stock select g, 'item ' || g, 'hush' from generate_series(1, 1000) as g")
    owner("grant select, insert, update, delete on stock to writer")
    owner("select rowtrail.track('stock')")
    return "stock"


def take(owner: Run, table: str, batch: int) -> list[Any]:
    """All batches of a baseline, as rowtrail.baseline() takes them."""
    steps: list[Any] = []
    while not steps or not steps[-1][2]:
        steps += owner("select * from rowtrail.baseline_batch(%s::regclass, %s)", table, batch)
    return steps


def test_every_row_has_a_version_and_none_has_two(
    stock: str, owner: Run, writer: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    writer("update stock set name = 'changed' where id <= 10")
    writer("delete from stock where id between 11 and 20")
    writer("insert into stock values (0, 'new', 'hush'), (2000, 'new', 'hush')")
    owner("call rowtrail.baseline('stock', 64)")
    counted = superuser("select op, count(*) from rowtrail.versions group by op order by op")
    assert counted == [("B", 980), ("D", 10), ("I", 2), ("U", 10)]
    assert_exact("stock", rows_before=True)


def test_again_is_a_no_op(stock: str, owner: Run, superuser: Run) -> None:
    owner("call rowtrail.baseline('stock')")
    owner("call rowtrail.baseline('stock')")
    assert superuser("select count(*), count(distinct id) from rowtrail.versions") == [(1000, 1000)]


def test_it_goes_on_where_it_was_interrupted(stock: str, owner: Run, superuser: Run) -> None:
    for _ in range(4):
        owner("select * from rowtrail.baseline_batch('stock', 100)")
    assert superuser("select count(*) from rowtrail.versions") == [(300,)]
    with pytest.raises(psycopg2.Error, match="division by zero"):
        owner("begin; select rowtrail.baseline_batch('stock', 100); select 1/0")
    owner("rollback")
    steps = take(owner, stock, 100)
    assert sum(seen for seen, _, _ in steps) == 700
    assert superuser("select count(*) from rowtrail.differences('stock')") == [(0,)]


def test_a_change_while_it_runs_comes_after_its_row(
    stock: str, owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    owner("select rowtrail.baseline_batch('stock', 10)")
    writer("update stock set name = 'early' where id = 5")
    owner("select rowtrail.baseline_batch('stock', 10)")
    writer("update stock set name = 'late' where id = 6")
    ops = [(op, key) for op, key, _, _ in versions("stock") if key in ("5", "6")]
    assert sorted(ops) == [("B", "6"), ("U", "5"), ("U", "6")]
    assert [op for op, key in ops if key == "6"] == ["B", "U"]


def test_a_change_that_its_snapshot_does_not_see_comes_after_its_row(
    stock: str, owner: Run, writer: Run, assert_exact: Callable[..., None]
) -> None:
    owner("select rowtrail.baseline_batch('stock', 500)")
    writer("begin")
    writer("update stock set name = 'under way' where id = 5")
    owner("select rowtrail.baseline_batch('stock', 500)")
    writer("commit")
    take(owner, stock, 500)
    assert_exact("stock", rows_before=True)


def test_nothing_is_lost_or_doubled_while_writers_write(
    stock: str,
    owner: Run,
    connect_as: Callable[[str], Run],
    logins: None,
    assert_exact: Callable[..., None],
) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(run: Run, seed: int) -> None:
        step = seed
        try:
            while not stop.is_set():
                step = (step * 7919 + 13) % 1009
                run("update stock set name = name || '.' where id = %s", step)
                run("delete from stock where id = %s", step * 3 % 1000)
                run("insert into stock values (%s, 'again', 'x') on conflict do nothing", step)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(connect_as("writer"), n)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    owner("call rowtrail.baseline('stock', 37)")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert_exact("stock", rows_before=True)


def test_two_at_once_take_turns(
    stock: str, owner: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    owner("select * from rowtrail.baseline_batch('stock', 10)")
    other = connect_as("owner")
    failures: list[BaseException] = []

    def go_on() -> None:
        try:
            other("call rowtrail.baseline('stock', 37)")
        except BaseException as error:
            failures.append(error)

    owner("begin")
    owner("select * from rowtrail.baseline_batch('stock', 10)")
    thread = threading.Thread(target=go_on)
    thread.start()
    while not superuser("select 1 from pg_locks where not granted"):
        time.sleep(0.01)
    owner("commit")
    thread.join()
    assert failures == []
    assert superuser("select * from rowtrail.differences('stock')") == []


def test_it_runs_in_a_transaction_with_an_older_snapshot(
    stock: str, owner: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    other = connect_as("owner")
    owner("begin isolation level repeatable read")
    owner("select 1")
    other("truncate stock")
    owner("select * from rowtrail.baseline_batch('stock', 10)")
    owner("commit")
    owner("call rowtrail.baseline('stock')")
    assert superuser("select * from rowtrail.differences('stock')") == []


@pytest.mark.parametrize("key", ["primary key", ""])
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_an_older_snapshot_in_which_it_begins_is_refused_as_rows_may_be_newer(
    owner: Run, writer: Run, superuser: Run, connect_as: Callable[[str], Run], level: str, key: str
) -> None:
    owner(f"create table stock (id int {key}, name text)")
    owner("grant all on stock to writer; select rowtrail.track('stock')")
    writer("insert into stock values (1, 'old')")
    owner(f"begin isolation level {level}; select 1")
    writer("update stock set name = 'new'")
    owner("select rowtrail.untrack('stock')")
    with pytest.raises(InvalidTransactionState, match=f"in the {level} transaction"):
        owner("select rowtrail.track('stock', baseline => true)")
    owner("rollback")
    assert superuser("select * from rowtrail.differences('stock')") == []
    owner("set default_transaction_isolation = serializable")
    owner("select rowtrail.untrack('stock')")
    owner("select rowtrail.track('stock')")
    if key:
        owner("call rowtrail.baseline('stock')")
        assert superuser("select * from rowtrail.differences('stock')") == []


def test_a_row_that_changed_while_the_table_was_not_tracked_is_recorded_as_it_is(
    stock: str, owner: Run, writer: Run, superuser: Run
) -> None:
    owner("call rowtrail.baseline('stock')")
    owner("select rowtrail.untrack('stock')")
    writer("update stock set name = 'unseen' where id = 1")
    owner("select rowtrail.track('stock', baseline => true)")
    assert superuser("select count(*) from rowtrail.differences('stock')") == [(0,)]
    newest = superuser("select op, data ->> 'name' from rowtrail.history('stock', 1) limit 1")
    assert newest == [("baseline", "unseen")]


def test_a_key_that_passes_between_two_rows_from_before_tracking_stays(
    owner: Run, superuser: Run
) -> None:
    owner("create table seats (id int, n int default 0, primary key (id) deferrable)")
    owner("insert into seats values (1), (2), (4)")
    owner("select rowtrail.track('seats')")
    owner("update seats set id = id + 1")
    owner("call rowtrail.baseline('seats')")
    assert superuser("select * from rowtrail.differences('seats')") == []


def test_a_row_that_came_and_went_in_one_transaction_is_gone(owner: Run, superuser: Run) -> None:
    owner("create table seats (id int, n int default 0, primary key (id) deferrable)")
    owner("insert into seats values (1)")
    owner("select rowtrail.track('seats')")
    owner("begin")
    owner("insert into seats values (2)")
    owner("update seats set n = n")
    owner("update seats set id = 3 where id = 2")
    owner("alter table seats alter n type bigint")
    owner("delete from seats where id = 3")
    owner("commit")
    owner("call rowtrail.baseline('seats')")
    assert superuser("select * from rowtrail.differences('seats')") == []


def test_track_can_take_it_at_once(owner: Run, superuser: Run) -> None:
    owner("create table pairs (a text, b int, primary key (a, b))")
    owner("insert into pairs values ('x', 2), ('x', 1), ('\"', 1), ('', 0)")
    owner("select rowtrail.track('pairs', baseline => true)")
    keys = superuser("select row_key from rowtrail.versions where op = 'B' order by id")
    assert keys == [('["", 0]',), ('["\\"", 1]',), ('["x", 1]',), ('["x", 2]',)]


def test_an_empty_table_has_an_empty_baseline(owner: Run, superuser: Run) -> None:
    owner("create table nothing (id int primary key)")
    owner("select rowtrail.track('nothing', baseline => true)")
    assert superuser("select count(*) from rowtrail.versions") == [(0,)]
    assert superuser("select baseline_done_at is not null from rowtrail.tables") == [(True,)]


def test_excluded_columns_are_left_out(stock: str, owner: Run, superuser: Run) -> None:
    owner("select rowtrail.track('stock', exclude => '{hidden}')")
    owner("call rowtrail.baseline('stock')")
    assert superuser("select count(*) from rowtrail.versions where data::text ~ 'hush'") == [(0,)]


def test_partitions_are_taken_and_inheriting_tables_are_not(owner: Run, superuser: Run) -> None:
    owner("create table parted (id int primary key) partition by range (id)")
    owner("create table parted_1 partition of parted for values from (0) to (10)")
    owner("create table parted_2 partition of parted for values from (10) to (20)")
    owner("insert into parted select generate_series(0, 19)")
    owner("select rowtrail.track('parted', baseline => true)")
    assert superuser("select count(*) from rowtrail.differences('parted')") == [(0,)]
    owner("create table parent (id int primary key); create table child () inherits (parent)")
    owner("insert into parent values (1); insert into child values (2)")
    owner("select rowtrail.track('parent', baseline => true)")
    of_parent = "select v.row_key from rowtrail.versions v join rowtrail.tables t "
    assert superuser(of_parent + "on t.id = v.table_id where t.table_name = 'parent'") == [("1",)]


def test_only_the_owner_can_take_it(stock: str, writer: Run, reader: Run, superuser: Run) -> None:
    with pytest.raises(psycopg2.Error, match="permission denied for schema rowtrail"):
        writer("call rowtrail.baseline('stock')")
    with pytest.raises(psycopg2.Error, match="only by its owner owner, not by reader"):
        reader("call rowtrail.baseline('stock')")
    with pytest.raises(psycopg2.Error, match="only its owner can do this"):
        reader("select rowtrail.baseline_step('stock', 10)")
    with pytest.raises(psycopg2.Error, match="permission denied for function record_baseline"):
        reader(
            "select rowtrail.record_baseline(1, 'stock', '{id}', null, 10, 1, now(), now(), null)"
        )
    assert superuser("select count(*) from rowtrail.versions") == [(0,)]


def test_what_it_borrows_is_given_back(stock: str, owner: Run, superuser: Run) -> None:
    before = superuser("select relacl::text from pg_class where relname = 'stock'")
    owner("call rowtrail.baseline('stock')")
    assert superuser("select relacl::text from pg_class where relname = 'stock'") == before


def test_row_security_is_never_a_silent_gap(stock: str, owner: Run, superuser: Run) -> None:
    owner("alter table stock enable row level security")
    owner("create policy a_few on stock using (id < 10)")
    with pytest.raises(psycopg2.Error, match="row security would hide rows of") as e:
        owner("call rowtrail.baseline('stock')")
    assert e.value.diag.message_hint is not None
    owner(e.value.diag.message_hint)
    owner("call rowtrail.baseline('stock')")
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(1000,)]


def test_what_is_not_tracked_is_refused(owner: Run) -> None:
    owner("create table other (id int primary key)")
    with pytest.raises(psycopg2.Error, match=r"public\.other is not tracked"):
        owner("call rowtrail.baseline('other')")
    owner("select rowtrail.track('other')")
    with pytest.raises(psycopg2.Error, match="a batch is of one row at least, not of 0"):
        owner("call rowtrail.baseline('other', 0)")


def test_a_row_with_an_empty_key_is_no_truncate(
    owner: Run, writer: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table words (word text primary key, uses int)")
    owner("insert into words values ('', 0), ('a', 0)")
    owner("begin")
    owner("update words set uses = 1 where word = 'a'")
    owner("select rowtrail.track('words', baseline => true)")
    for uses in range(2, 5):
        owner(f"update words set uses = {uses}")
    owner("commit")
    assert_exact("words")


@pytest.mark.parametrize("key", ["number", "number[]", "pair", "numbers"])
def test_a_domain_in_the_key_runs_none_of_its_checks(
    owner: Run, superuser: Run, assert_exact: Callable[..., None], key: str
) -> None:
    owner("""create function fine(given int) returns boolean language plpgsql as $$ begin
      if current_user <> 'owner' then
        raise exception 'runs as %', current_user;
      end if;
      return true;
    end $$""")
    owner("create domain inner_number as int check (fine(value))")
    owner("create domain number as inner_number")
    owner("create type pair as (a number, b int)")
    owner("create type numbers as range (subtype = number)")
    owner(f"create table boxes (id {key} primary key)")
    value = {
        "number": "n", "number[]": "array[n]", "pair": "row(n, 1)", "numbers": "format('[%s,]', n)",
    }[key]  # fmt: skip
    owner(f"insert into boxes select ({value})::{key} from generate_series(1, 12) as n")
    owner("select rowtrail.track('boxes')")
    owner("call rowtrail.baseline('boxes', 5)")
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(12,)]
    assert_exact("boxes")


def test_rows_that_shift_their_keys_before_it_has_seen_them_all_replay(
    owner: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table seats (id int primary key deferrable, guest text)")
    owner("insert into seats values (1, 'ann'), (2, 'bob'), (4, 'eve')")
    owner("select rowtrail.track('seats')")
    owner("select * from rowtrail.baseline_batch('seats', 1)")
    owner("update seats set id = id + 1 where id < 3")
    owner("update seats set guest = upper(guest)")
    assert_exact("seats", rows_before=True)
