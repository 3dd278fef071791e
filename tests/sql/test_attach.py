"""ATTACH, DETACH and DROP of partitions are events, and replay knows which rows came and went."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Versions = Callable[[str], list[Any]]

DIFFERENCES = "select row_key, live is null, replayed is null from rowtrail.differences('m')"
CHANGES = (
    "select data ->> 'command', (select jsonb_agg(a.value) from jsonb_each(data -> 'attached') a), "
    "(select jsonb_agg(d.value -> 'name') from jsonb_each(data -> 'detached') as d) "
    "from rowtrail.versions where op = 'S' and data ?| '{attached,detached}' order by id"
)


@pytest.fixture
def m(owner: Run) -> str:
    owner(
        "create table m (id int, day date, n int, primary key (id, day)) partition by range (day)"
    )
    for month in (1, 2, 3):
        make_month(owner, month)
    owner("create table m_rest partition of m default")
    owner("select rowtrail.track('m')")
    owner("grant select, insert, update, delete on all tables in schema public to writer")
    owner("insert into m select i, date '2026-01-01' + 10 * i, 0 from generate_series(1, 20) as i")
    return "m"


def make_month(owner: Run, month: int) -> None:
    owner(
        f"create table m_{month} partition of m "
        f"for values from ('2026-0{month}-01') to ('2026-0{month + 1}-01')"
    )


def fill(owner: Run, table: str = "extra", months: tuple[int, int] = (8, 9)) -> None:
    owner(f"create table {table} (n int, id int not null, day date not null)")
    owner(f"insert into {table} values (7, 100, '2026-0{months[0]}-05'), (7, 101, '2026-08-06')")
    owner("delete from m where day >= '2026-08-01'")


ATTACH = "alter table m attach partition extra for values from ('2026-08-01') to ('2026-09-01')"


@pytest.mark.parametrize("how", ["", " concurrently"])
def test_rows_go_with_a_detached_partition(m: str, owner: Run, superuser: Run, how: str) -> None:
    owner("drop table m_rest" if how else "select 1")
    owner("delete from m where day > '2026-03-31'")
    assert superuser(DIFFERENCES) == []
    owner(f"alter table m detach partition m_2{how}")
    assert superuser(DIFFERENCES) == []
    assert superuser(CHANGES)[-1] == ("ALTER TABLE", None, ["public.m_2"])
    assert superuser("select count(*) > 0 from m_2") == [(True,)]
    owner("insert into m_2 values (99, '2026-02-02')")
    owner("update m set n = n + 1")
    assert superuser(DIFFERENCES) == []


def test_rows_go_with_a_dropped_partition(m: str, owner: Run, superuser: Run) -> None:
    owner("drop table m_1, m_3")
    assert superuser(DIFFERENCES) == []
    assert superuser(CHANGES) == [("DROP TABLE", None, ["public.m_1", "public.m_3"])]
    # Its place and its keys are given to others.
    make_month(owner, 1)
    assert superuser(DIFFERENCES) == []
    owner("insert into m values (1, '2026-01-11', 5)")
    assert superuser(DIFFERENCES) == []
    assert superuser("select data -> 'n' from rowtrail.replay("
                     "(select id from rowtrail.tables)) where row_key = '[1, \"2026-01-11\"]'") == [
        (5,)
    ]  # fmt: skip


def test_the_default_partition_goes_with_what_lies_in_it_now(
    m: str, owner: Run, superuser: Run
) -> None:
    owner("delete from m where day between '2026-05-01' and '2026-06-01'")
    make_month(owner, 5)
    owner("insert into m values (50, '2026-05-02')")
    owner("alter table m detach partition m_rest")
    assert superuser(DIFFERENCES) == []
    assert superuser("select count(*) from m where day > '2026-04-01'") == [(1,)]


def test_a_detach_that_is_rolled_back_is_none(m: str, owner: Run, superuser: Run) -> None:
    owner("begin; alter table m detach partition m_2")
    owner("rollback")
    assert superuser(CHANGES) == []
    assert superuser(DIFFERENCES) == []


def test_a_tree_of_partitions_goes_leaf_by_leaf(owner: Run, superuser: Run) -> None:
    owner("create table m (id int, r text, s int, primary key (id, r, s)) partition by list (r)")
    owner("create table m_a partition of m for values in ('a', 'it''s') partition by hash (id)")
    for number in (0, 1):
        owner(f"create table m_a{number} partition of m_a "
              f"for values with (modulus 2, remainder {number})")  # fmt: skip
    owner("create table m_b partition of m for values in ('b') partition by range (s)")
    owner("create table m_b1 partition of m_b for values from (0) to (10)")
    owner("create table m_b2 partition of m_b default")
    owner("select rowtrail.track('m')")
    owner(
        "insert into m select i, (array['a', 'b', 'it''s'])[i % 3 + 1], i "
        "from generate_series(1, 30) as i"
    )
    owner("alter table m rename r to region")
    owner("alter table m_a detach partition m_a0")
    assert superuser(DIFFERENCES) == []
    owner("alter table m rename region to place")
    owner("alter table m_b detach partition m_b2")
    assert superuser(DIFFERENCES) == []
    owner("alter table m detach partition m_b; drop table m_a")
    assert superuser(DIFFERENCES) == []
    assert [detached for _, _, detached in superuser(CHANGES)] == [
        ["public.m_a0"], ["public.m_b2"], ["public.m_b1"], ["public.m_a1"],
    ]  # fmt: skip


def test_rows_of_an_attached_partition_are_told_and_then_recorded_by_a_baseline(
    m: str, owner: Run, superuser: Run, versions: Versions
) -> None:
    owner("call rowtrail.baseline('m')")
    owner("delete from m where day > '2026-03-31'; drop table m_rest")
    fill(owner)
    owner(ATTACH)
    assert superuser(CHANGES)[-1] == ("ALTER TABLE", ["public.extra"], None)
    keys = ['[100, "2026-08-05"]', '[101, "2026-08-06"]']
    assert superuser(DIFFERENCES) == [(key, False, True) for key in keys]
    owner("call rowtrail.baseline('m')")
    assert superuser(DIFFERENCES) == []
    assert sorted(
        (op, key) for op, key, data, _ in versions("m") if data and data["id"] >= 100
    ) == [("B", key) for key in keys]
    owner("update m set n = 8 where id = 100")
    assert superuser(DIFFERENCES) == []


def test_a_partition_that_was_detached_and_changed_comes_back_as_it_is(
    m: str, owner: Run, superuser: Run
) -> None:
    owner("alter table m detach partition m_1")
    owner(
        "update m_1 set n = 5; delete from m_1 where id = 1; "
        "insert into m_1 values (77, '2026-01-07')"
    )
    owner("alter table m attach partition m_1 for values from ('2026-01-01') to ('2026-02-01')")
    assert superuser(DIFFERENCES) != []
    owner("update m set n = 6 where id = 2; delete from m where id = 77")
    owner("call rowtrail.baseline('m')")
    assert superuser(DIFFERENCES) == []
    # Who detached it and when is no version of its rows, but of the table.
    assert [change[0] for change in superuser(CHANGES)] == ["ALTER TABLE"] * 2


def test_a_table_with_a_history_of_its_own_is_not_attached_before_it_ends(
    m: str, owner: Run, superuser: Run
) -> None:
    owner("drop table m_rest; delete from m where day > '2026-03-31'")
    owner("create table extra (n int, id int not null, day date not null, primary key (id, day))")
    owner("select rowtrail.track('extra')")
    with pytest.raises(psycopg2.errors.DuplicateObject, match=r"!rowtrail_capture.* exists"):
        owner(ATTACH)
    owner("select rowtrail.untrack('extra')")
    owner(ATTACH)
    owner(
        "insert into m values (200, '2026-08-08'); insert into extra values (1, 201, '2026-08-08')"
    )
    assert superuser("select table_name, v.op from rowtrail.versions as v "
                     "join rowtrail.tables as t on t.id = v.table_id where v.data ->> 'id' "
                     "in ('200', '201')") == [("m", "I")] * 2  # fmt: skip


def test_a_tracked_table_below_an_untracked_one_refuses_writes_until_that_is_tracked(
    m: str, owner: Run, superuser: Run
) -> None:
    owner("create table above (id int, day date, n int, primary key (id, day)) "
          "partition by list (id)")  # fmt: skip
    owner("alter table above attach partition m default")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="cannot record this change"):
        owner("update above set n = 1")
    owner("select rowtrail.untrack('m'); select rowtrail.track('above', baseline => true)")
    owner("update above set n = 1; insert into m_1 values (55, '2026-01-20')")
    assert superuser("select * from rowtrail.differences('above')") == []


def test_a_detached_partition_is_tracked_as_a_table_of_its_own(
    m: str, owner: Run, writer: Run, superuser: Run
) -> None:
    owner("alter table m detach partition m_1")
    writer("update m_1 set n = 1")
    owner("select rowtrail.track('m_1', baseline => true)")
    writer("update m_1 set n = 2 where id = 1; insert into m values (1, '2026-02-11')")
    assert superuser("select count(*) from rowtrail.differences('m_1')") == [(0,)]
    assert superuser(DIFFERENCES) == []
    # The event on the line of the table that it was of names it by its number.
    assert superuser(
        "select leaf.table_name from rowtrail.versions as v "
        "cross join lateral jsonb_object_keys(v.data -> 'detached') as d (relid) "
        "join rowtrail.tables as leaf on leaf.relid = d.relid::oid"
    ) == [("m_1",)]


def test_without_event_triggers_the_status_tells_and_the_next_who_notices_records(
    m: str, owner: Run, superuser: Run
) -> None:
    for name in ("ddl_command_end", "sql_drop", "table_rewrite"):
        superuser(f"drop event trigger rowtrail_{name}")
    owner("alter table m detach partition m_1; drop table m_2")
    state = "select state, mend from rowtrail.status()"
    mend = "select rowtrail.track('public.m');"
    assert superuser(state) == [("schema change not recorded", mend)]
    assert len(superuser(DIFFERENCES)) > 0
    owner(mend)
    assert superuser(state) == [("tracked", None)]
    assert superuser(DIFFERENCES) == []
    owner("drop table m_rest")
    fill(owner)
    owner(ATTACH)
    assert superuser(state) == [("schema change not recorded", mend)]
    owner(mend)
    owner("call rowtrail.baseline('m')")
    assert superuser(DIFFERENCES) == []
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(2,)]


def test_a_new_partition_is_no_event(m: str, owner: Run, superuser: Run) -> None:
    owner("delete from m where day > '2026-03-31'")
    make_month(owner, 4)
    owner("create table m_5 partition of m for values from ('2026-05-01') to ('2026-06-01') "
          "partition by list (id); create table m_5_1 partition of m_5 default")  # fmt: skip
    owner("create table plain (id int)")
    owner("insert into m values (1, '2026-04-04'), (1, '2026-05-05')")
    assert superuser(CHANGES) == []
    assert superuser(DIFFERENCES) == []
    owner("drop table m_4; alter table m detach partition m_5")
    assert superuser(DIFFERENCES) == []


def test_a_bound_that_could_run_the_owners_code_is_not_kept(owner: Run, superuser: Run) -> None:
    owner("create type mood as enum ('a', 'b')")
    owner("create table m (id int, mood mood, primary key (id, mood)) partition by list (mood)")
    owner("create table m_a partition of m for values in ('a')")
    owner("select rowtrail.track('m'); insert into m values (1, 'a')")
    owner("drop table m_a")
    assert superuser(CHANGES) == [("DROP TABLE", None, ["public.m_a"])]
    # The event is there; which rows went is not told, so they are named.
    assert superuser(DIFFERENCES) == [('[1, "a"]', True, False)]
