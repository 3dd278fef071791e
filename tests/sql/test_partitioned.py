"""Partitioned tables: one history per row wherever it lies, and a move is one change of it."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]

MOVED = ["public.m_a", "public.m_b"]


@pytest.fixture
def m(owner: Run) -> str:
    """A table in three levels; m_b numbers its columns otherwise, and has dropped one."""
    owner(
        "create table m (gone int, id int, region text, day date default '2026-01-01', n int, "
        "note text, primary key (id, region, day)) partition by list (region)"
    )
    owner("alter table m drop gone")
    owner("create table m_a partition of m for values in ('a')")
    owner(
        "create table m_b (x text, note text, n int, day date not null default '2026-01-01', "
        "region text not null, id int not null)"
    )
    owner("alter table m_b drop x")
    owner("alter table m attach partition m_b for values in ('b')")
    owner("create table m_c partition of m for values in ('c') partition by range (day)")
    owner(
        "create table m_c_1 partition of m_c for values from ('2026-01-01') to ('2026-02-01') "
        "partition by hash (id)"
    )
    for number in (0, 1):
        owner(
            f"create table m_c_1_{number} partition of m_c_1 "
            f"for values with (modulus 2, remainder {number})"
        )
    owner("create table m_c_2 partition of m_c default")
    owner("create table m_rest partition of m default")
    owner("grant select, insert, update, delete, truncate on all tables in schema public to writer")
    owner("select rowtrail.track('m')")
    return "m"


@pytest.fixture
def moves(reader: Run) -> Callable[[str], list[Any]]:
    """What people see of a row, newest first: op, changes, moved."""

    def moves(key: str) -> list[Any]:
        return reader(
            "select op, changes, moved from rowtrail.history('m', %s) order by id desc", key
        )

    return moves


Moves = Callable[[str], list[Any]]


def write_back(owner: Run, statements: str) -> None:
    """Lets the application write after each change of m."""
    owner(
        "create function write_back() returns trigger language plpgsql as "
        f"$$ begin {statements} return null; end $$"
    )
    owner(
        "create trigger write_back after insert or update or delete on m "
        "for each row execute function write_back()"
    )


def key(number: int, region: str, day: str = "2026-01-01") -> str:
    return f'[{number}, "{region}", "{day}"]'


def test_a_move_is_one_update_in_the_history_of_both_keys(
    m: str, writer: Run, moves: Moves, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into m values (1, 'a')")
    writer("update m set region = 'b', n = 5 where id = 1")
    one = ("update", {"region": ["a", "b"], "n": [None, 5]}, MOVED)
    assert moves(key(1, "a")) == [one, ("insert", None, None)]
    assert moves(key(1, "b")) == [one]
    # What is stored is what the triggers saw.
    assert [version[0] for version in versions("m")] == ["I", "D", "I"]
    assert_exact("m")


def test_each_row_of_a_statement_has_its_move(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m select i, 'a' from generate_series(1, 20) as i")
    writer("insert into m values (21, 'b')")
    writer("update m set region = 'b', n = id")
    for number in (1, 7, 20):
        assert moves(key(number, "b")) == [
            ("update", {"region": ["a", "b"], "n": [None, number]}, MOVED)
        ]
    assert moves(key(21, "b"))[0] == ("update", {"n": [None, 21]}, None)
    assert_exact("m")


@pytest.mark.parametrize(
    ("region", "day", "to"),
    [
        ("c", "2026-01-05", "public.m_c_1_"),
        ("c", "2026-05-05", "public.m_c_2"),
        ("z", "2026-01-01", "public.m_rest"),
    ],
    ids=["three levels", "default below", "default"],
)
def test_a_move_to_any_depth(
    m: str, writer: Run, moves: Moves, assert_exact: Exact, region: str, day: str, to: str
) -> None:
    writer("insert into m values (1, 'a')")
    writer(f"update m set region = '{region}', day = '{day}'")
    [(op, _, moved)] = moves(key(1, region, day))
    assert (op, moved[0]) == ("update", "public.m_a")
    assert moved[1].startswith(to)
    writer("update m set region = 'a'")
    assert moves(key(1, "a", day))[0][0] == "update"
    assert_exact("m")


def test_a_move_is_one_where_backslashes_escape(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("set standard_conforming_strings = off")
    writer("insert into m values (1, 'a')")
    writer("update m set region = 'c', day = '2026-01-05'")
    [(op, _, moved)] = moves(key(1, "c", "2026-01-05"))
    assert (op, moved[0]) == ("update", "public.m_a")
    assert_exact("m")


def test_a_move_within_an_intermediate_table_and_by_way_of_it(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m_c values (1, 'c', '2026-01-05')")
    writer("update m_c set day = '2026-07-01'")
    [(op, changes, moved)] = moves(key(1, "c", "2026-07-01"))
    assert (op, changes) == ("update", {"day": ["2026-01-05", "2026-07-01"]})
    assert moved[1] == "public.m_c_2"
    assert_exact("m")


@pytest.mark.parametrize(
    "statements",
    [
        ("begin", "delete from m", "insert into m values (1, 'b')", "commit"),
        ("do $$ begin delete from m; insert into m values (1, 'b'); end $$",),
        ("delete from m", "insert into m values (1, 'b')"),
    ],
    ids=["two statements", "a function's", "two transactions"],
)
def test_a_delete_and_an_insert_by_hand_stay_two_changes(
    m: str, writer: Run, moves: Moves, assert_exact: Exact, statements: tuple[str, ...]
) -> None:
    writer("insert into m values (1, 'a')")
    for statement in statements:
        writer(statement)
    assert moves(key(1, "a")) == [("delete", None, None), ("insert", None, None)]
    assert moves(key(1, "b")) == [("insert", None, None)]
    assert_exact("m")


def test_one_command_that_deletes_a_row_and_inserts_another_is_no_move(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m values (1, 'a')")
    writer(
        "with gone as (delete from m returning *) "
        "insert into m select 2, 'b' from (select count(*) from gone) as done"
    )
    assert moves(key(1, "a"))[0] == ("delete", None, None)
    assert moves(key(2, "b")) == [("insert", None, None)]
    # The same row, though, went from one partition to another, whoever wrote it how.
    writer("with gone as (delete from m where id = 2 returning *) "
           "insert into m select id, 'a' from gone")  # fmt: skip
    assert moves(key(2, "a"))[0][0] == "update"
    assert_exact("m")


def test_a_setting_of_the_writers_own_makes_no_move(
    m: str, writer: Run, moves: Moves, assert_exact: Exact, superuser: Run
) -> None:
    writer("insert into m values (1, 'a')")
    [(table_id, relid, file)] = superuser(
        "select (select id from rowtrail.tables), 'm_a'::regclass::oid, pg_relation_filenode('m_a')"
    )
    for command in range(4):
        forged = f"{table_id} {relid} {file} {command} {key(1, 'a')}"
        writer("select set_config('rowtrail.moving', %s, false)", forged)
        writer(f"insert into m values (1, 'b', '2026-01-0{command + 1}')")
    for forged in ("x", f"{table_id} {relid} {file} 0 [1", "9999999999 9999999999 1 0 []", "{}"):
        writer("select set_config('rowtrail.moving', %s, false)", forged)
        writer("delete from m where region = 'b'; insert into m values (1, 'b')")
    assert moves(key(1, "b"))[0] == ("insert", None, None)
    assert moves(key(1, "a")) == [("insert", None, None)]
    assert_exact("m")


def test_a_row_that_moves_back_and_forth(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m values (1, 'a')")
    for region in ("b", "c", "a", "b"):
        writer(f"update m set region = '{region}'")
    assert [op for op, _, _ in moves(key(1, "a"))] == ["update", "update", "update", "insert"]
    assert [op for op, _, _ in moves(key(1, "b"))] == ["update", "update", "update"]
    assert_exact("m")


def test_a_row_that_is_new_in_its_transaction_moves_as_delete_and_insert(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("begin; insert into m values (1, 'a')")
    writer("update m set region = 'b'")
    writer("update m set region = 'c'")
    writer("commit")
    assert [op for op, _, _ in moves(key(1, "a"))] == ["delete", "insert"]
    assert [op for op, _, _ in moves(key(1, "c"))] == ["insert"]
    assert_exact("m")


def test_the_former_key_of_a_moved_row_is_given_to_another_in_its_transaction(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m values (1, 'a')")
    writer("begin; update m set region = 'b'")
    writer("insert into m values (1, 'a'); commit")
    assert [op for op, _, _ in moves(key(1, "a"))] == ["insert", "update", "insert"]
    assert_exact("m")


def test_a_key_of_partition_columns_alone_moves_as_delete_and_insert(
    owner: Run, reader: Run, assert_exact: Exact
) -> None:
    owner("create table m (id int primary key, n int) partition by range (id)")
    owner("create table m_1 partition of m for values from (0) to (10)")
    owner("create table m_2 partition of m for values from (10) to (20)")
    owner("select rowtrail.track('m'); insert into m values (1)")
    owner("update m set id = 11")
    assert reader("select op from rowtrail.history('m', 1)") == [("delete",), ("insert",)]
    assert_exact("m")


def test_a_before_trigger_that_changes_the_partition_key_moves_the_row(
    m: str, owner: Run, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    owner(
        "create function archive() returns trigger language plpgsql as "
        "$$ begin if new.n > 9 then new.region := 'b'; end if; return new; end $$"
    )
    owner("create trigger archive before update on m for each row execute function archive()")
    writer("insert into m values (1, 'a'), (2, 'a')")
    writer("update m set n = id * 9")
    assert moves(key(2, "b")) == [("update", {"n": [None, 18], "region": ["a", "b"]}, MOVED)]
    assert moves(key(1, "a"))[0] == ("update", {"n": [None, 9]}, None)
    assert_exact("m")


def test_triggers_of_the_application_between_both_halves_do_not_part_them(
    m: str, owner: Run, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    owner("create table log (id serial primary key, line text)")
    owner("grant all on log to writer; grant usage on sequence log_id_seq to writer")
    owner("select rowtrail.track('log')")
    write_back(owner, "insert into log (line) values (tg_op);")
    writer("insert into m values (1, 'a'), (2, 'a')")
    writer("update m set region = 'b'")
    assert [op for op, _, _ in moves(key(1, "b"))] == ["update"]
    assert [op for op, _, _ in moves(key(2, "a"))] == ["update", "insert"]
    assert_exact("m", "log")


def test_a_trigger_that_writes_the_moved_row_again(
    m: str, owner: Run, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    write_back(owner, "if pg_trigger_depth() = 1 then update m set n = coalesce(n, 0) + 1; end if;")
    writer("insert into m values (1, 'a'), (2, 'a')")
    writer("update m set region = 'b' where id = 1")
    writer("update m set region = 'c'")
    assert_exact("m")


def test_a_move_that_is_rolled_back_to_a_savepoint_leaves_nothing(
    m: str, writer: Run, moves: Moves, assert_exact: Exact
) -> None:
    writer("insert into m values (1, 'a')")
    writer("begin; savepoint s")
    writer("update m set region = 'b'")
    writer("rollback to s")
    writer("insert into m values (1, 'b'); commit")
    assert moves(key(1, "b")) == [("insert", None, None)]
    assert moves(key(1, "a")) == [("insert", None, None)]
    writer("begin; savepoint s; update m set region = 'c', day = '2026-09-09' where region = 'b'")
    writer("release s; commit")
    assert moves(key(1, "b"))[0][0] == "update"
    assert_exact("m")


def test_names_of_partitions_are_those_of_today_or_none(
    m: str, owner: Run, writer: Run, moves: Moves
) -> None:
    writer("insert into m values (1, 'a')")
    writer("update m set region = 'b'")
    owner("alter table m_a rename to archive")
    assert moves(key(1, "b"))[0][2] == ["public.archive", "public.m_b"]
    owner("truncate m_b")
    assert moves(key(1, "b"))[0][2] == ["public.archive", None]


def test_a_long_key_and_a_table_without_a_key_replay_after_moves(
    owner: Run, reader: Run, assert_exact: Exact
) -> None:
    owner("create table long (id text, part int, primary key (id, part)) partition by list (part)")
    owner("create table bare (id text, part int) partition by list (part)")
    for table in ("long", "bare"):
        for part in (1, 2):
            owner(f"create table {table}_{part} partition of {table} for values in ({part})")
        owner(f"select rowtrail.track('{table}')")
        owner(f"insert into {table} values (repeat('x', 1200), 1)")
        owner(f"update {table} set part = 2")
        assert_exact(table)
