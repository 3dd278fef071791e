"""The versions of a row are in the order of what happened, whatever wrote it, and in one chain."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


@pytest.fixture
def counters(make_table: MakeTable, owner: Run) -> str:
    """A table with a function `write_back()` of the application, which a test attaches."""
    return make_table("counters (id int primary key, n int not null default 0, note text)")


def write_back(
    owner: Run,
    body: str,
    *,
    table: str = "counters",
    name: str = "app",
    when: str = "after insert or update or delete",
) -> None:
    owner(f"""
        create function {name}() returns trigger language plpgsql as $$
        begin
          {body}
          return coalesce(new, old);
        end $$
    """)
    owner(f"create trigger {name} {when} on {table} for each row execute function {name}()")


def test_a_trigger_that_writes_the_same_row_again(
    counters: str, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    write_back(owner, "if new.n < 3 then update counters set n = n + 1 where id = new.id; end if;")
    writer("insert into counters values (1), (2), (3)")
    writer("update counters set n = 0")
    assert [data["n"] for _, key, data, _ in versions("counters") if key == "1"] == [0, 1, 2, 3] * 2
    assert_exact("counters")


@pytest.mark.parametrize("name", ["app", "!a", "zz"])
@pytest.mark.parametrize("when", ["after", "before"])
def test_a_trigger_that_writes_other_rows_of_the_statement(
    counters: str, owner: Run, writer: Run, assert_exact: Exact, name: str, when: str
) -> None:
    owner("create table noise (id int)")
    owner(f"""
        create function app() returns trigger language plpgsql security definer as $$
        begin
          if pg_trigger_depth() = 1 then
            update counters set n = n + 100 where id in (new.id + 1, new.id - 1);
          end if;
          return new;
        end $$;
        create trigger "{name}" {when} insert or update on counters
          for each row execute function app()
    """)
    writer("insert into counters select generate_series(1, 5)")
    assert_exact("counters")
    if when == "before":
        # PostgreSQL refuses an update of a row that its own BEFORE trigger has updated.
        writer("update counters set n = 1 where id = 1")
        writer("update counters set n = 1 where id in (2, 4)")
    else:
        writer("update counters set n = 1")
        writer("update counters set n = 1, note = 'x'")
    assert_exact("counters")


def test_triggers_three_deep_across_tables(
    counters: str,
    make_table: MakeTable,
    owner: Run,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
) -> None:
    make_table("totals (id int primary key, n int not null default 0)")
    writer("insert into totals values (1), (2)")
    write_back(
        owner,
        """
          update totals set n = n + 1;
          if pg_trigger_depth() < 4 then
            update counters set n = n + 10 where id <> new.id;
          end if;
        """,
        when="after insert or update",
    )
    write_back(
        owner,
        "if new.n % 3 = 0 then update totals set n = n + 1 where id <> new.id; end if;",
        table="totals",
        name="on_totals",
        when="after update",
    )
    writer("insert into counters values (1), (2), (3)")
    writer("update counters set note = 'x'")
    assert len(versions("totals")) > 50
    assert_exact("counters", "totals")


def test_a_trigger_that_deletes_or_moves_the_row(
    counters: str, owner: Run, writer: Run, assert_exact: Exact
) -> None:
    owner("create sequence moves start with 1000; grant usage on sequence moves to writer")
    write_back(
        owner,
        """
          if pg_trigger_depth() < 3 then
            if new.n = 1 then delete from counters where id = new.id; end if;
            if new.n = 2 then
              update counters set id = nextval('moves') where id = new.id;
            end if;
            if new.n = 3 then
              delete from counters where id = new.id;
              insert into counters values (new.id, 30);
            end if;
          end if;
        """,
        when="after insert or update",
    )
    writer("insert into counters select id, id from generate_series(1, 4) as id")
    assert_exact("counters")
    writer("insert into counters select id, id % 4 from generate_series(11, 20) as id")
    assert_exact("counters")
    writer("update counters set n = 3 where id % 2 = 0")
    assert_exact("counters")


def test_a_function_in_the_statement_that_writes_its_rows(
    counters: str, writer: Run, superuser: Run, assert_exact: Exact
) -> None:
    superuser("grant create on schema public to writer")
    writer("""
        create function meddle(which int) returns int language plpgsql as $$
        begin
          update counters set n = n + 10 where id <> which;
          update counters set n = n where id <> which;
          update counters set note = note || n where id = which - 1;
          return 1;
        end $$
    """)
    writer("insert into counters select id, 0, '' from generate_series(1, 4) as id")
    with pytest.raises(psycopg2.errors.TriggeredDataChangeViolation):
        writer("update counters set n = n + meddle(id)")
    writer("select id, meddle(id) from counters")
    writer("insert into counters select 10 + id, meddle(id), '' from generate_series(1, 4) as id")
    writer(
        "with x as (update counters set n = 5 where id = 1 returning id) "
        "select meddle(id + 1) from x"
    )
    assert_exact("counters")


def test_rows_written_early_after_updates_that_changed_nothing(
    counters: str, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    write_back(
        owner,
        "if new.note = 'go' then update counters set n = n + 1 where id = new.id + 1; end if;",
        when="after update",
    )
    writer("insert into counters values (1)")
    writer("begin")
    writer("insert into counters values (2)")
    writer("update counters set n = 0 where id = 2")
    writer("do $$ begin update counters set n = 10 where id = 2; end $$")
    writer("update counters set n = 10 where id = 2")
    writer("update counters set n = n + 20, note = 'go'")
    writer("commit")
    assert [data["n"] for _, key, data, _ in versions("counters") if key == "2"][-2:] == [30, 31]
    assert_exact("counters")


def test_rows_written_early_after_a_truncate(
    counters: str, owner: Run, writer: Run, assert_exact: Exact
) -> None:
    write_back(
        owner,
        "update counters set n = n + 1 where id = new.id + 1;",
        when="after insert",
    )
    for ending in ("commit", "rollback"):
        writer("begin")
        for _ in range(3):
            writer("insert into counters values (1), (2), (3)")
            writer("update counters set n = 7 where id = 2")
            writer("truncate counters")
        writer("insert into counters values (1), (2), (3)")
        writer(ending)
        assert_exact("counters")
        writer("truncate counters")


def test_rows_written_early_after_the_table_was_rewritten(
    counters: str, owner: Run, assert_exact: Exact
) -> None:
    write_back(owner, "if new.n = 1 then update counters set n = 2 where id = 2; end if;")
    owner("begin")
    owner("insert into counters values (1), (2)")
    owner("update counters set note = 'a'")
    owner("update counters set note = 'b'")
    owner("alter table counters alter note type varchar using note || ''")
    owner("update counters set n = 1 where id < 3")
    owner("commit")
    assert_exact("counters")


@pytest.mark.parametrize("garbage", ["expected", "", "x", "\u202e", "1" * 100_000])
def test_a_session_cannot_disturb_the_order_by_a_setting(
    counters: str, writer: Run, assert_exact: Exact, garbage: str
) -> None:
    writer("select set_config('rowtrail.late_change', %s, false)", garbage)
    writer("begin")
    writer("insert into counters values (1), (2)")
    writer("update counters set n = n + 1")
    writer("truncate counters")
    writer("insert into counters values (1), (2)")
    writer("update counters set n = n + 1")
    writer("delete from counters")
    writer("insert into counters values (2), (1)")
    writer("commit")
    assert_exact("counters")


def test_an_early_change_undone_by_a_savepoint(
    counters: str, owner: Run, writer: Run, assert_exact: Exact
) -> None:
    write_back(
        owner,
        """
          begin
            update counters set n = n + 1 where id = new.id + 1;
            if new.note = 'fail' then raise 'no'; end if;
          exception when raise_exception then
            null;
          end;
        """,
        when="after insert or update",
    )
    writer("insert into counters values (1, 0, 'fail'), (2, 0, ''), (3, 0, 'fail'), (4, 0, '')")
    assert_exact("counters")
    writer("begin")
    writer("savepoint s")
    writer("update counters set n = 3")
    writer("rollback to s")
    writer("update counters set n = 4, note = ''")
    writer("commit")
    assert_exact("counters")


def test_many_foreign_keys_that_change_one_row_in_one_statement(
    make_table: MakeTable, owner: Run, writer: Run, assert_exact: Exact
) -> None:
    make_table("hubs (id int primary key)")
    columns = ", ".join(f"c{n} int references hubs on update cascade" for n in range(12))
    make_table(f"spokes (id int primary key, n int default 0, {columns})")
    write_back(
        owner,
        "if pg_trigger_depth() = 1 then update spokes set n = n + 1; end if;",
        table="spokes",
        when="after update",
    )
    writer("insert into hubs values (1)")
    ones = ", ".join(["1"] * 12)
    writer(f"insert into spokes values (1, 0, {ones}), (2, 0, {ones})")
    writer("update hubs set id = 2")
    assert_exact("hubs", "spokes")


def test_a_partitioned_table_has_one_history(
    owner: Run, writer: Run, superuser: Run, reader: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner(
        "create table m (id int, region text, n int, primary key (id, region)) "
        "partition by list (region)"
    )
    owner("create table m_a partition of m for values in ('a')")
    # Its columns are numbered otherwise.
    owner("create table m_b (gone int, n int, region text not null, id int not null)")
    owner("alter table m_b drop column gone")
    owner("alter table m attach partition m_b for values in ('b')")
    owner("select rowtrail.track('m')")
    owner("create table m_c partition of m for values in ('c') partition by list (id)")
    owner("create table m_c_1 partition of m_c default")
    owner("grant select, insert, update, delete on m, m_a, m_b, m_c_1 to writer")
    writer("insert into m values (1, 'a', 0), (2, 'b', 0), (3, 'c', 0)")
    writer("insert into m_a values (4, 'a', 0)")
    writer("update m_b set n = 1")
    writer("update m set region = 'b' where id = 1")
    writer("update m set n = n + 1")
    writer("update m set region = 'c' where id = 1")
    writer("delete from m_c_1 where id = 3")
    assert_exact("m")
    assert reader("select op from rowtrail.history('m', '[2,\"b\"]') order by id") == [
        ("insert",),
        ("update",),
        ("update",),
    ]
    enabled = superuser(
        "select distinct tgenabled from pg_trigger where tgname = '!rowtrail_capture'"
    )
    assert enabled == [("A",)]
    before = len(versions("m"))
    superuser("set session_replication_role = replica; insert into m_c_1 values (9, 'c', 0)")
    assert len(versions("m")) == before + 1


def test_a_row_that_moves_between_partitions_within_one_transaction(
    owner: Run, writer: Run, assert_exact: Exact
) -> None:
    owner("create table m (id int, region int, n int) partition by list (region)")
    owner("create table m_1 partition of m for values in (1)")
    owner("create table m_2 partition of m for values in (2)")
    owner("alter table m add primary key (id, region)")
    owner("select rowtrail.track('m')")
    owner("grant select, insert, update, delete on m to writer")
    write_back(
        owner,
        "if pg_trigger_depth() = 1 then update m set n = n + 1 where id = new.id + 1; end if;",
        table="m",
        when="after insert or update",
    )
    writer("begin")
    writer("insert into m values (1, 1, 0), (2, 1, 0), (3, 1, 0)")
    for _ in range(3):
        writer("update m set region = 3 - region")
        writer("update m set n = n + 1")
    writer("delete from m where id = 1")
    writer("insert into m values (1, 1, 0)")
    writer("commit")
    assert_exact("m")


def test_two_sessions_that_update_one_row_are_in_order(
    counters: str,
    writer: Run,
    connect_as: Callable[[str], Run],
    versions: Versions,
    assert_exact: Exact,
) -> None:
    writer("insert into counters values (1)")

    def add(times: int) -> None:
        session = connect_as("writer")
        for _ in range(times):
            session("update counters set n = n + 1")

    threads = [threading.Thread(target=add, args=(40,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [data["n"] for _, _, data, _ in versions("counters")] == list(range(121))
    assert_exact("counters")


def test_a_serialization_failure_leaves_no_version(
    counters: str,
    writer: Run,
    connect_as: Callable[[str], Run],
    versions: Versions,
    assert_exact: Exact,
) -> None:
    writer("insert into counters values (1), (2)")
    other = connect_as("writer")
    for session in (writer, other):
        session("begin isolation level serializable")
        session("select sum(n) from counters")
    writer("update counters set n = 1 where id = 1")
    other("update counters set n = 1 where id = 2")
    writer("commit")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        other("commit")
    assert len(versions("counters")) == 3
    assert_exact("counters")


def test_a_deadlock_leaves_no_version_of_its_victim(
    counters: str,
    writer: Run,
    connect_as: Callable[[str], Run],
    versions: Versions,
    assert_exact: Exact,
) -> None:
    writer("insert into counters values (1), (2)")
    sessions = [connect_as("writer"), connect_as("writer")]
    failed = []

    def second_step(session: Run, row: int) -> None:
        try:
            session(f"update counters set n = n + 1 where id = {row}")
            session("commit")
        except psycopg2.errors.DeadlockDetected:
            failed.append(row)
            session("rollback")

    for row, session in enumerate(sessions, 1):
        session("begin")
        session(f"update counters set n = n + 1 where id = {row}")
    thread = threading.Thread(target=second_step, args=(sessions[0], 2))
    thread.start()
    time.sleep(0.1)
    second_step(sessions[1], 1)
    thread.join()
    assert len(failed) == 1
    assert len(versions("counters")) == 4
    assert_exact("counters")
