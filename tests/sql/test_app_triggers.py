"""Triggers of the application beside ours: what they change is recorded, in the order it happened.

`test_order.py` has the orders that are hard for one table; here are the kinds of triggers.
"""

import itertools
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]
AddTrigger = Callable[..., None]

# Before and after ours in the order of names, which is that of firing.
NAMES = ["!a", "!rowtrail_capture_", "app"]


@pytest.fixture
def add_trigger(owner: Run) -> AddTrigger:
    """Makes a trigger of the application: `add_trigger("after update on t", "body;")`."""
    numbers = itertools.count()

    def add(when: str, body: str, *, name: str = "app", each: str = "row", kind: str = "") -> None:
        function = f"app_{next(numbers)}"
        owner(f"""
            create function {function}() returns trigger language plpgsql as $$
            begin
              {body}
              return coalesce(new, old);
            end $$
        """)
        event, _, rest = when.partition(" on ")
        table, _, clauses = rest.partition(" ")
        owner(
            f'create {kind} trigger "{name}" {event} on {table} {clauses} '
            f"for each {each} execute function {function}()"
        )

    return add


@pytest.fixture
def counters(make_table: MakeTable, writer: Run) -> str:
    """Five counters."""
    make_table("counters (id int primary key, n int not null default 0, note text)")
    writer("insert into counters select generate_series(1, 5)")
    return "counters"


@pytest.fixture
def totals(make_table: MakeTable, writer: Run) -> str:
    """Two totals that triggers add to."""
    make_table("totals (id int primary key, n int not null default 0)")
    writer("insert into totals values (0), (1)")
    return "totals"


# BEFORE


@pytest.mark.parametrize("name", NAMES)
def test_what_a_before_trigger_makes_of_the_row_is_recorded(
    counters: str,
    add_trigger: AddTrigger,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    name: str,
) -> None:
    add_trigger(
        "before insert or update on counters", "new.n := new.n * 2; new.note := tg_op;", name=name
    )
    writer("insert into counters values (6, 3)")
    writer("update counters set n = 1 where id = 1")
    assert [(data, old) for _, _, data, old in versions("counters")[5:]] == [
        ({"id": 6, "n": 6, "note": "INSERT"}, None),
        ({"id": 1, "n": 2, "note": "UPDATE"}, {"n": 0, "note": None}),
    ]
    assert_exact("counters")


def test_a_change_that_a_before_trigger_refuses_has_no_version(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger(
        "before insert or update or delete on counters",
        "if coalesce(new.id, old.id) % 2 = 0 then return null; end if;",
    )
    writer("insert into counters values (6), (7)")
    writer("update counters set n = 1")
    writer("delete from counters where id in (1, 2)")
    assert {key for _, key, *_ in versions("counters")[5:]} == {"1", "3", "5", "7"}
    assert_exact("counters")


def test_a_before_trigger_that_takes_the_change_back_leaves_no_version(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger("before update on counters", "new := old;")
    writer("update counters set n = 9, note = 'x'")
    assert len(versions("counters")) == 5
    assert_exact("counters")


def test_a_before_trigger_that_turns_a_delete_into_an_update_replays(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger(
        "before delete on counters",
        "update counters set note = 'deleted' where id = old.id; return null;",
    )
    writer("delete from counters where id <= 2")
    assert [(op, data["note"]) for op, _, data, _ in versions("counters")[5:]] == [
        ("U", "deleted")
    ] * 2
    assert_exact("counters")


def test_before_triggers_that_write_elsewhere_replay(
    counters: str, totals: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    add_trigger(
        "before insert or update or delete on counters",
        "update totals set n = n + 1 where id = coalesce(new.id, old.id) % 2;",
    )
    writer("begin")
    writer("update counters set n = 1")
    writer("insert into counters values (6), (7)")
    writer("delete from counters where id > 2")
    writer("commit")
    assert_exact("counters", "totals")


def test_a_before_trigger_that_inserts_the_same_key_first_replays(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger(
        "before insert on counters",
        "if pg_trigger_depth() = 1 then "
        "insert into counters values (new.id, 1) on conflict (id) do update set n = counters.n + 1;"
        "return null; end if;",
    )
    writer("insert into counters values (5), (6), (6)")
    assert [(op, key) for op, key, *_ in versions("counters")[5:]] == [
        ("U", "5"),
        ("I", "6"),
        ("U", "6"),
    ]
    assert_exact("counters")


def test_a_before_statement_trigger_that_writes_the_table_replays(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger(
        "before update on counters",
        "if pg_trigger_depth() = 1 then update counters set n = n + 10 where id < 4; end if;",
        each="statement",
    )
    writer("update counters set note = 'x' where id > 3")
    assert len(versions("counters")) == 5 + 3 + 2
    # The statement is older than what its trigger did.
    with pytest.raises(psycopg2.errors.TriggeredDataChangeViolation):
        writer("update counters set note = 'y'")
    writer("update counters set note = 'y' where id > 100")
    assert len(versions("counters")) == 5 + 3 + 2 + 3
    assert_exact("counters")


# AFTER


@pytest.mark.parametrize("name", ["!a", "app"])
@pytest.mark.parametrize("direction", ["id", "-id", "id % 2, id", "md5(id::text)"])
def test_write_backs_to_every_row_of_the_statement_replay_in_any_order_of_rows(
    counters: str,
    add_trigger: AddTrigger,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    name: str,
    direction: str,
) -> None:
    add_trigger(
        "after insert or update on counters",
        "if pg_trigger_depth() < 3 then "
        "update counters set n = n * 2 + 1 where id in (new.id, new.id % 5 + 1, 10 + new.id % 5); "
        "end if;",
        name=name,
    )
    writer(f"insert into counters select id + 9, 0 from counters order by {direction}")
    assert_exact("counters")
    writer(
        "update counters as c set n = n + 1, note = 'x' "
        f"from (select id from counters order by {direction}) as o where o.id = c.id"
    )
    assert_exact("counters")


@pytest.mark.parametrize("name", ["!a", "app"])
def test_a_row_deleted_by_the_trigger_of_its_own_insert_replays(
    counters: str,
    add_trigger: AddTrigger,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    name: str,
) -> None:
    add_trigger(
        "after insert on counters", "delete from counters where id = new.id + 1;", name=name
    )
    writer("insert into counters values (6), (7), (8), (9)")
    assert sorted(op for op, key, *_ in versions("counters")[5:] if key == "7") == ["D", "I"]
    assert_exact("counters")


@pytest.mark.parametrize("name", ["!a", "app"])
def test_rows_deleted_and_inserted_again_by_triggers_of_a_delete_replay(
    counters: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact, name: str
) -> None:
    add_trigger(
        "after delete on counters",
        """
          if pg_trigger_depth() < 3 then
            insert into counters values (old.id, old.n + 1, 'again');
            delete from counters where id = old.id % 5 + 1;
          end if;
        """,
        name=name,
    )
    writer("delete from counters where id in (1, 2, 4)")
    assert_exact("counters")
    writer("delete from counters")
    assert_exact("counters")


@pytest.mark.parametrize("name", ["!a", "app"])
def test_keys_that_triggers_move_replay(
    counters: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact, name: str
) -> None:
    add_trigger(
        "after update on counters",
        """
          if pg_trigger_depth() < 4 and new.id < 1000 then
            update counters set id = id + 1000 where id = new.id % 5 + 1;
            update counters set n = n + 1 where id in (new.id, new.id + 1000, new.id - 1000);
          end if;
        """,
        name=name,
    )
    writer("update counters set n = 1 where id = 2")
    assert_exact("counters")
    writer("update counters set n = 2")
    assert_exact("counters")
    writer("update counters set id = id - 1000 where id > 1000")
    assert_exact("counters")


@pytest.mark.parametrize("name", ["!a", "app"])
def test_keys_swapped_while_a_trigger_writes_back_replay(
    make_table: MakeTable, add_trigger: AddTrigger, writer: Run, assert_exact: Exact, name: str
) -> None:
    make_table("seats (id int primary key deferrable, n int default 0, note text)")
    add_trigger(
        "after update on seats",
        "if pg_trigger_depth() = 1 then update seats set n = n + 1; end if;",
        name=name,
    )
    writer("insert into seats values (1, 0, 'a'), (2, 0, 'b'), (3, 0, 'c')")
    writer("update seats set id = id % 3 + 1")
    assert_exact("seats")
    writer("begin")
    writer("update seats set id = 4 - id")
    writer("update seats set note = note || id")
    writer("update seats set id = id % 3 + 1 where id < 4")
    writer("commit")
    assert_exact("seats")


def test_triggers_of_two_tables_that_write_each_other_replay(
    counters: str, totals: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    add_trigger(
        "after update on counters",
        "if pg_trigger_depth() < 6 then update totals set n = n + 1; end if;",
        name="!a",
    )
    add_trigger(
        "after update on totals",
        "if pg_trigger_depth() < 5 then update counters set n = n + 1 where id % 2 = new.id; "
        "end if;",
    )
    writer("update counters set n = 1 where id < 3")
    assert_exact("counters", "totals")
    writer("update totals set n = 0")
    assert_exact("counters", "totals")


def test_a_trigger_that_calls_itself_thirty_deep_replays(
    counters: str, add_trigger: AddTrigger, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    add_trigger(
        "after insert or update on counters",
        "if new.n between 1 and 30 then update counters set n = n + 1 where id = new.id; end if;",
        name="!a",
    )
    writer("update counters set n = 1 where id = 1")
    writer("insert into counters values (6, 1)")
    for key in ("1", "6"):
        steps = [data["n"] for _, of, data, _ in versions("counters") if of == key]
        assert steps[-31:] == list(range(1, 32))
    assert_exact("counters")


def test_a_statement_trigger_that_writes_what_changed_replays(
    counters: str, totals: str, owner: Run, writer: Run, assert_exact: Exact
) -> None:
    owner("""
        create function app() returns trigger language plpgsql as $$
        begin
          update totals as t set n = t.n + c.n
          from (select id % 2 as id, sum(n) as n from changed group by 1) as c where c.id = t.id;
          if pg_trigger_depth() = 1 then
            update counters set note = 'seen' where id in (select id from changed);
          end if;
          return null;
        end $$;
        create trigger "!a" after update on counters referencing new table as changed
          for each statement execute function app();
        create trigger zz after insert on counters referencing new table as changed
          for each statement execute function app();
    """)
    writer("update counters set n = n + id")
    writer("insert into counters select n, n from generate_series(6, 9) as n")
    writer("insert into counters values (1) on conflict (id) do update set n = 100")
    assert_exact("counters", "totals")


@pytest.mark.parametrize("deferral", ["initially deferred", "initially immediate"])
def test_a_constraint_trigger_that_writes_back_replays(
    counters: str,
    add_trigger: AddTrigger,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    deferral: str,
) -> None:
    add_trigger(
        f"after insert or update on counters deferrable {deferral}",
        # At COMMIT each trigger is at depth 1 again.
        "update counters set n = n + 1, note = 'checked' "
        "where id in (new.id, new.id % 5 + 1) and note is null;",
        kind="constraint",
        name="!a",
    )
    writer("begin")
    writer("update counters set n = 10 where id < 4")
    writer("savepoint s")
    writer("update counters set n = 20 where id = 5")
    writer("rollback to s")
    writer("insert into counters values (6)")
    writer("delete from counters where id = 2")
    writer("commit")
    assert_exact("counters")
    writer("begin")
    writer("update counters set n = 30 where id = 1")
    writer("set constraints all immediate")
    writer("update counters set n = 31 where id = 1")
    writer("commit")
    assert_exact("counters")


def test_a_trigger_that_fails_and_is_caught_by_another_replays(
    counters: str, totals: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    add_trigger("after update on totals", "if new.n > 2 then raise 'full'; end if;")
    add_trigger(
        "after update on counters",
        """
          begin
            update totals set n = n + 1;
            update counters set n = n + 1 where id = new.id + 1 and pg_trigger_depth() = 1;
          exception when raise_exception then
            update counters set note = 'full' where id = new.id and note is null;
          end;
        """,
        name="!a",
    )
    writer("update counters set n = 1")
    assert_exact("counters", "totals")


def test_triggers_on_columns_and_conditions_of_the_application_replay(
    counters: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    add_trigger(
        "after update of n on counters",
        "update counters set note = coalesce(note, '') || n where id <= new.id;",
        name="!a",
    )
    writer("update counters set n = n + id where id in (2, 4, 5)")
    writer("update counters set note = null")
    assert_exact("counters")


def test_triggers_that_a_session_enables_for_replicas_replay(
    counters: str,
    add_trigger: AddTrigger,
    owner: Run,
    superuser: Run,
    writer: Run,
    assert_exact: Exact,
) -> None:
    add_trigger(
        "after update on counters",
        "if pg_trigger_depth() = 1 then update counters set n = n + 1; end if;",
        name="!a",
    )
    owner('alter table counters enable replica trigger "!a"')
    writer("update counters set n = 1")
    superuser("set session_replication_role = replica")
    superuser("update counters set n = 2")
    assert_exact("counters")


def test_a_trigger_that_truncates_or_locks_rows_replays(
    counters: str, totals: str, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    add_trigger(
        "after update on counters",
        "perform from counters for update; perform from totals for key share; "
        "if new.n = 3 then truncate totals; insert into totals values (0), (7); end if; "
        "if new.n < 3 then update counters set n = 3 where id = new.id; end if;",
        name="!a",
    )
    writer("update counters set n = 1")
    assert_exact("counters", "totals")


def test_a_write_back_from_a_cascade_replays(
    counters: str, make_table: MakeTable, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    make_table(
        "parts (id int primary key, n int default 0, "
        "of int references counters on delete cascade on update cascade)"
    )
    add_trigger(
        "after update or delete on parts",
        "update counters set n = n + 1 where id <> old.of and pg_trigger_depth() < 4;",
        name="!a",
    )
    writer("insert into parts select id * 10, 0, id from counters")
    writer("begin")
    writer("update counters set id = id + 100 where id = 1")
    writer("delete from counters where id = 3")
    writer("update parts set n = n + 1")
    writer("commit")
    assert_exact("counters", "parts")


def test_a_partitioned_table_whose_triggers_write_back_and_move_rows_replays(
    owner: Run, add_trigger: AddTrigger, writer: Run, assert_exact: Exact
) -> None:
    owner(
        "create table m (id int, part int, n int, primary key (id, part)) partition by list (part)"
    )
    owner("create table m_0 partition of m for values in (0)")
    owner("create table m_1 partition of m for values in (1)")
    owner("select rowtrail.track('m')")
    owner("grant select, insert, update, delete on m to writer")
    add_trigger(
        "after insert or update on m",
        "if pg_trigger_depth() < 3 then "
        "update m set part = 1 - part, n = n + 1 where id = new.id + 1; end if;",
        name="!a",
    )
    writer("insert into m values (1, 0, 0), (2, 0, 0), (3, 1, 0)")
    assert_exact("m")
    writer("update m set n = n + 10")
    assert_exact("m")
    writer("update m set part = 1 - part")
    assert_exact("m")
