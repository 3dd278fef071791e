"""Promises about TRUNCATE of tables tracked with truncate_rows."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]


@pytest.fixture
def orders(owner: Run) -> str:
    owner("create table orders (id int primary key, note text, hidden text, body json)")
    owner("grant select, insert, update, delete, truncate on orders to writer")
    owner("select rowtrail.track('orders', truncate_rows => true, exclude => '{hidden}')")
    return "orders"


def test_each_row_of_a_truncate_is_recorded(
    orders: str,
    writer: Run,
    versions: Callable[[str], list[Any]],
    superuser: Run,
    assert_exact: Callable[..., None],
) -> None:
    writer("insert into orders values (1, 'a', 'x', '{}'), (2, 'b', 'y', '{\"b\":1}')")
    writer("begin")
    writer("select set_config('rowtrail.actor', 'alice', true)")
    writer("truncate orders")
    writer("insert into orders values (1, 'again')")
    writer("commit")
    assert [(op, key, data and data["note"]) for op, key, data, _ in versions(orders)] == [
        ("I", "1", "a"), ("I", "2", "b"), ("D", "1", "a"), ("D", "2", "b"), ("T", "", None),
        ("I", "1", "again"),
    ]  # fmt: skip
    assert superuser(
        "select distinct actor, login from rowtrail.versions where op in ('D', 'T')"
    ) == [("alice", "writer")]
    assert superuser("select verbatim from rowtrail.versions where op = 'D' and row_key = '2'") == [
        ({"body": '{"b":1}'},)
    ]
    assert_exact(orders)


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_truncate_that_would_not_see_all_rows_is_refused(
    orders: str, owner: Run, writer: Run, assert_exact: Callable[..., None], level: str
) -> None:
    writer("insert into orders values (1, 'a')")
    owner(f"begin isolation level {level}")
    owner("select 1")
    writer("delete from orders")
    writer("insert into orders values (2, 'b')")
    with pytest.raises(
        psycopg2.errors.InvalidTransactionState,
        match=rf"rowtrail cannot record this TRUNCATE of public.orders: .* {level} transaction",
    ):
        owner("truncate orders")
    owner("rollback")
    owner("truncate orders")
    assert_exact(orders)


def test_a_truncate_that_is_rolled_back_leaves_nothing(
    orders: str, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    writer("insert into orders values (1, 'a')")
    writer("begin")
    writer("truncate orders")
    writer("rollback")
    assert [op for op, *_ in versions(orders)] == ["I"]


def test_a_truncate_that_cascades_records_the_rows_of_both(
    orders: str, owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    owner("create table lines (id int primary key, order_id int references orders)")
    owner("grant select, insert, truncate on lines to writer")
    owner("select rowtrail.track('lines', truncate_rows => true)")
    writer("insert into orders values (1, 'a')")
    writer("insert into lines values (7, 1)")
    writer("truncate orders restart identity cascade")
    assert [(op, key) for op, key, *_ in versions("lines")] == [("I", "7"), ("D", "7"), ("T", "")]
    assert [(op, key) for op, key, *_ in versions(orders)] == [("I", "1"), ("D", "1"), ("T", "")]


def test_a_partitioned_table_and_one_without_a_key(
    owner: Run, versions: Callable[[str], list[Any]], assert_exact: Callable[..., None]
) -> None:
    owner("create table logs (day date, line text) partition by range (day)")
    owner("create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01')")
    owner("create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01')")
    owner("select rowtrail.track('logs', truncate_rows => true)")
    owner("insert into logs values ('2026-01-01', 'a'), ('2026-02-01', 'b')")
    owner("truncate logs")
    assert [op for op, *_ in versions("logs")] == ["I", "I", "D", "D", "T"]
    assert_exact("logs")


def test_the_option_can_be_taken_back_with_what_it_borrowed(
    orders: str, owner: Run, superuser: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    borrowed = (
        "select has_table_privilege('rowtrail_capture', 'orders', 'select'), count(*) "
        "from pg_trigger where tgrelid = 'orders'::regclass and tgname = '!rowtrail_truncate_rows'"
    )
    assert superuser(borrowed) == [(True, 1)]
    owner("select rowtrail.track('orders')")
    assert superuser(borrowed) == [(True, 1)]
    owner("select rowtrail.track('orders', truncate_rows => false)")
    assert superuser(borrowed) == [(False, 0)]
    writer("insert into orders values (1, 'a')")
    writer("truncate orders")
    assert [op for op, *_ in versions(orders)] == ["I", "T"]
    owner("select rowtrail.track('orders', truncate_rows => true)")
    owner("select rowtrail.untrack('orders')")
    assert superuser(borrowed) == [(False, 0)]


def test_row_security_cannot_hide_rows_from_it(owner: Run) -> None:
    owner("create table orders (id int primary key)")
    owner("alter table orders enable row level security")
    with pytest.raises(
        psycopg2.errors.InsufficientPrivilege, match=r"would hide rows of public\.o"
    ):
        owner("select rowtrail.track('orders', truncate_rows => true)")


@pytest.mark.parametrize("qualifier", ["true", "hide()"])
def test_row_security_that_is_switched_on_later_refuses_the_truncate(
    orders: str, owner: Run, writer: Run, versions: Callable[[str], list[Any]], qualifier: str
) -> None:
    owner("""create function hide() returns boolean language plpgsql as $$ begin
      raise exception 'runs as %', current_user;
    end $$""")
    owner("insert into orders values (1, 'a')")
    owner("alter table orders enable row level security")
    owner(f"create policy hide on orders using ({qualifier})")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="would hide rows"):
        writer("truncate orders")
    owner("create policy shown on orders for select to rowtrail_capture using (true)")
    writer("truncate orders")
    assert [op for op, *_ in versions(orders)] == ["I", "D", "T"]


def test_a_baseline_leaves_what_it_borrowed(
    orders: str, owner: Run, writer: Run, superuser: Run, versions: Callable[[str], list[Any]]
) -> None:
    superuser("alter table orders disable trigger all")
    owner("insert into orders values (1, 'a')")
    owner("select rowtrail.track('orders', baseline => true)")
    owner("call rowtrail.baseline('orders')")
    writer("truncate orders")
    assert [op for op, *_ in versions(orders)] == ["B", "D", "T"]


def test_the_status_misses_its_trigger(orders: str, owner: Run, superuser: Run) -> None:
    superuser('drop trigger "!rowtrail_truncate_rows" on orders')
    assert superuser("select state from rowtrail.status()") == [("trigger missing",)]
    owner("select rowtrail.track('orders')")
    assert superuser("select state from rowtrail.status()") == [("tracked",)]
