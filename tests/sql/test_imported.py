"""Promises about versions that were imported: they replay with what was captured, no seal takes
them in, and verifying names each that was changed. (`rowtrail import` itself: tests/operator.)
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import oracle
import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from rowtrail.importing import imports

Run = Callable[..., list[Any]]

SOURCE = """
create schema audit;
create table audit.logged_actions (
  event_id bigint primary key generated always as identity, schema_name text, table_name text,
  session_user_name text, action_tstamp_tx timestamptz, action_tstamp_clk timestamptz,
  transaction_id bigint, action text, row_data jsonb, changed_fields jsonb
)
"""

RECORD = """
insert into audit.logged_actions (
  schema_name, table_name, session_user_name, action_tstamp_tx, action_tstamp_clk, transaction_id,
  action, row_data, changed_fields)
select 'public', 'animals', 'keeper', %s, %s, %s, %s, %s::jsonb, %s::jsonb
"""

BEGAN = datetime(2023, 5, 1, tzinfo=UTC)


def bring_in(engine: Engine, source: str = "audit-trigger", batch: int = 3) -> int:
    """What `rowtrail import` does."""
    with engine.connect() as connection:
        found, _ = imports.found_in(connection, source, None, (), ())
    number = imports.begun(engine, source, found)
    for _ in imports.record(engine, number, batch):
        pass
    imports.finish(engine, number)
    return number


class Keeper:
    """Keeps animals in a table, and records them as audit-trigger with jsonb does: by diffs."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.rows: dict[int, dict[str, Any]] = {}
        self.number = 0

    def record(self, action: str, row: Any, changed: Any = None) -> None:
        self.number += 1
        moment = BEGAN + timedelta(seconds=self.number)
        written = json.dumps(row), None if changed is None else json.dumps(changed)
        self.run(RECORD, moment, moment, self.number, action, *written)

    def put(self, key: int, name: str | None, legs: int) -> None:
        row = {"id": key, "name": name, "legs": legs}
        if key not in self.rows:
            self.record("I", row)
        else:
            before = self.rows[key]
            changed = {name: value for name, value in row.items() if before[name] != value}
            if not changed:
                return
            self.record("U", before, changed)
        self.rows[key] = row

    def move(self, key: int, to: int) -> None:
        if key not in self.rows or to in self.rows:
            return
        before = self.rows.pop(key)
        self.record("U", before, {"id": to})
        self.rows[to] = {**before, "id": to}

    def remove(self, key: int) -> None:
        if key in self.rows:
            self.record("D", self.rows.pop(key))

    def fill(self) -> None:
        """Leaves in the table what the source says."""
        self.run("delete from animals")
        for row in self.rows.values():
            self.run("insert into animals values (%s, %s, %s)", row["id"], row["name"], row["legs"])


@pytest.fixture
def keeper(superuser: Run) -> Keeper:
    superuser("create table animals (id int primary key, name text, legs int)")
    superuser(SOURCE)
    return Keeper(superuser)


@pytest.fixture
def zoo(keeper: Keeper, superuser: Run, engine: Engine) -> Keeper:
    """A table of two rows, with five imported versions."""
    keeper.put(1, "ape", 2)
    keeper.put(2, "bee", 6)
    keeper.put(1, "Abe", 2)
    keeper.put(3, "cat", 4)
    keeper.remove(3)
    keeper.fill()
    superuser("select rowtrail.track('animals')")
    bring_in(engine)
    return keeper


def faults(run: Run) -> list[tuple[str, str]]:
    """What verifying says of imported versions."""
    return run("select object, problem from rowtrail.verify_imported()")


KEYS = st.integers(1, 3)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.sampled_from(["a", "b", None]), st.integers(0, 2)),
        st.tuples(st.just("move"), KEYS, KEYS),
        st.tuples(st.just("remove"), KEYS),
    ),
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=DEEDS, after=DEEDS, batch=st.integers(1, 4), has_baseline=st.booleans())
def test_diffs_replay_to_the_rows_whatever_happened(
    keeper: Keeper, superuser: Run, engine: Engine, before: Any, after: Any, batch: int,
    has_baseline: bool,
) -> None:  # fmt: skip
    superuser("truncate audit.logged_actions")
    superuser("delete from rowtrail.versions")
    for table in ("import_leaves", "import_tables", "imports", "tables"):
        superuser(f"delete from rowtrail.{table}")
    superuser("drop table animals")
    superuser("create table animals (id int primary key, name text, legs int)")
    again = Keeper(superuser)
    for name, *arguments in before:
        getattr(again, name)(*arguments)
    again.fill()
    superuser("select rowtrail.track('animals')")
    if again.number:
        bring_in(engine, batch=batch)
    if has_baseline:
        superuser("call rowtrail.baseline('animals')")
    for name, *arguments in after:
        if name == "put":
            superuser(
                "insert into animals values (%s, %s, %s) on conflict (id) do update "
                "set name = excluded.name, legs = excluded.legs", *arguments,
            )  # fmt: skip
        elif name == "move":
            superuser(
                "update animals set id = %s where id = %s "
                "and not exists (select from animals where id = %s)",
                arguments[1], arguments[0], arguments[1],
            )  # fmt: skip
        else:
            superuser("delete from animals where id = %s", *arguments)
    oracle.assert_exact(superuser, "animals")
    # And at each moment of the source.
    copy: dict[int, Any] = {}
    for at, action, row, changed in superuser(
        "select action_tstamp_clk, action, row_data, changed_fields from audit.logged_actions "
        "order by event_id"
    ):
        if action != "I":
            del copy[row["id"]]
        if action != "D":
            now = {**row, **(changed or {})}
            copy[now["id"]] = now
        then = superuser("select to_jsonb(a) from rowtrail.as_of(null::animals, %s) as a", at)
        assert sorted(json.dumps(one, sort_keys=True) for (one,) in then) == sorted(
            json.dumps(one, sort_keys=True) for one in copy.values()
        )
    assert faults(superuser) == []


def test_what_the_source_missed_shows_until_a_baseline(
    keeper: Keeper, superuser: Run, engine: Engine
) -> None:
    for key in (1, 2, 3):
        keeper.put(key, "ape", 2)
    keeper.fill()
    # Past the source: one went, one changed, one came.
    superuser("delete from animals where id = 1")
    superuser("update animals set legs = 9 where id = 2")
    superuser("insert into animals values (4, 'dog', 4)")
    superuser("select rowtrail.track('animals')")
    bring_in(engine)
    rows = "select row_key, live is null, replayed is null from rowtrail.differences('animals')"
    assert superuser(rows) == [("1", True, False), ("2", False, False), ("4", False, True)]
    superuser("call rowtrail.baseline('animals')")
    assert superuser(rows) == []
    assert list(oracle.differences_by_steps(superuser, "animals")) == []
    superuser("update animals set legs = 3 where id = 3")
    at = "select id from rowtrail.as_of(null::animals, %s) order by 1"
    assert superuser(at, "infinity") == [(2,), (3,), (4,)]
    assert superuser(at, "2024-01-01Z") == [(1,), (2,), (3,)]
    page = "select row_key from rowtrail.page_as_of(1, null, 9, %s, null, null) order by 1"
    assert superuser(page, "infinity") == [("2",), ("3",), ("4",)]
    assert superuser(page, "2024-01-01Z") == [("1",), ("2",), ("3",)]
    assert superuser("select * from rowtrail.as_of_row('animals', '1', now())") == []


def test_history_shows_them_and_where_they_are_from(zoo: Keeper, superuser: Run) -> None:
    superuser("update animals set legs = 3 where id = 1")
    found = superuser(
        "select op, changes, login, context -> 'imported' from rowtrail.history('animals', 1)"
    )
    assert found == [
        ("update", {"legs": [2, 3]}, "postgres", None),
        ("update", {"name": ["ape", "Abe"]}, "keeper",
         {"from": "audit-trigger", "table": "audit.logged_actions", "id": 3}),
        ("insert", None, "keeper",
         {"from": "audit-trigger", "table": "audit.logged_actions", "id": 1}),
    ]  # fmt: skip


def test_no_seal_takes_them_in(zoo: Keeper, superuser: Run) -> None:
    superuser("update animals set legs = 3 where id = 1")
    assert superuser("select versions from rowtrail.unsealed()") == [(1,)]
    assert superuser("select versions from rowtrail.seal()") == [(1,)]
    assert superuser("select * from rowtrail.verify_seal(1)") == []
    assert superuser("select * from rowtrail.verify_sealed()") == []
    assert superuser("select * from rowtrail.verify_sealed(false)") == []
    assert superuser("select problem from rowtrail.verify() where part = 'import'") == []


def test_an_import_after_a_seal_disturbs_none(
    keeper: Keeper, superuser: Run, engine: Engine
) -> None:
    superuser("select rowtrail.track('animals')")
    superuser("insert into animals values (9, 'x', 1)")
    superuser("select rowtrail.seal()")
    keeper.put(1, "ape", 2)
    keeper.remove(1)
    bring_in(engine)
    assert superuser("select * from rowtrail.verify_seal(1)") == []
    assert superuser("select * from rowtrail.verify_sealed(false)") == []
    assert superuser("select seal from rowtrail.seal()") == [(None,)]
    oracle.assert_exact(superuser, "animals")


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (
            "update rowtrail.versions set login = 'nobody' where id = -3",
            ("version -3 of public.animals, key 1", "is not what import 1 brought"),
        ),
        (
            "delete from rowtrail.versions where id = -4",
            ("version -4", "is missing: import 1 brought it"),
        ),
        (
            "insert into rowtrail.versions "
            "(id, changed_at, xid, table_id, era, op, row_key, login) "
            "select -9, now(), '1', id, 0, 'D', '1', 'x' from rowtrail.tables",
            (
                "version -9 of public.animals, key 1",
                "is among those that were imported, and no import brought it",
            ),
        ),
        (
            "insert into rowtrail.versions "
            "(id, changed_at, xid, table_id, era, op, row_key, login) "
            "select 7, now(), '1', id, 0, 'D', '1', 'x' from rowtrail.tables",
            (
                "version 7 of public.animals, key 1",
                "is among those that were imported, and no import brought it",
            ),
        ),
        (
            "update rowtrail.import_leaves set leaves = leaves || leaves where part = 0",
            ("import 1 from audit-trigger", "does not have the leaves that it was finished with"),
        ),
    ],
)
def test_verifying_names_what_was_changed(
    zoo: Keeper, superuser: Run, tampering: str, found: tuple[str, str]
) -> None:
    assert faults(superuser) == []
    superuser(tampering)
    assert found in faults(superuser)


def test_values_of_them_can_be_erased_and_they_still_verify(zoo: Keeper, superuser: Run) -> None:
    superuser("select rowtrail.seal()")
    superuser("delete from animals where id = 1")
    superuser("select rowtrail.seal()")
    # The captured delete was sealed while the table was not erasable; the imported ones never were.
    with pytest.raises(psycopg2.Error, match="1 of the 3 versions were sealed"):
        superuser("select * from rowtrail.erase('animals', '1', '{name}', reason => 'x')")
    superuser("select rowtrail.track('animals', erasable => true)")
    superuser("insert into animals values (1, 'ape', 2)")
    superuser("select rowtrail.seal()")
    superuser("delete from animals where id = 2")
    [(versions, values)] = superuser(
        "select versions, erased_values "
        "from rowtrail.erase('animals', '2', '{name}', reason => 'x')"
    )
    assert (versions, values) == (2, 2)
    kept = "select data ->> 'name', erased from rowtrail.versions where row_key = '2' order by id"
    assert superuser(kept) == [(None, ["data.name"])] * 2
    assert faults(superuser) == []
    superuser("select rowtrail.seal()")
    assert superuser("select * from rowtrail.verify_sealed()") == []
    assert superuser("select * from rowtrail.verify_erased()") == []
    superuser("update rowtrail.versions set erased = null where id = -4")
    assert superuser("select count(*) from rowtrail.verify_erased()") == [(1,)]


def test_a_new_life_of_the_database_leaves_them_as_they_are(zoo: Keeper, superuser: Run) -> None:
    superuser("insert into animals values (9, 'x', 1)")
    superuser("select rowtrail.seal()")
    # As after a restore from a dump: the table of the versions has another number.
    superuser("update rowtrail.eras set relid = 1")
    superuser("select setval('rowtrail.version_id', 1, false)")
    [(era, is_new, moved, low)] = superuser("select * from rowtrail.begin_era()")
    assert (era, is_new, low) == (2, True, True), moved
    superuser("update animals set legs = 7 where id = 1")
    eras = "select era, count(*) from rowtrail.versions where op <> 'S' group by 1 order by 1"
    assert superuser(eras) in (
        [(0, 5), (1, 1), (2, 1)], [(0, 5), (2, 2)],
    )  # fmt: skip
    superuser("select rowtrail.seal()")
    superuser("select rowtrail.seal()")
    assert faults(superuser) == []
    assert superuser("select * from rowtrail.verify_sealed()") == []
    assert superuser("select * from rowtrail.verify_restored()") == []
    oracle.assert_exact(superuser, "animals")


def test_columns_that_were_renamed_or_dropped_since_read_as_those_of_today(
    zoo: Keeper, superuser: Run
) -> None:
    superuser("alter table animals rename name to title")
    superuser("alter table animals drop legs")
    superuser("update animals set title = 'Ape' where id = 1")
    oldest = "select changes from rowtrail.history('animals', 1) where op = 'update' order by id"
    assert superuser(oldest) == [({"title": ["ape", "Abe"]},), ({"title": ["Abe", "Ape"]},)]
    assert superuser("select * from rowtrail.differences('animals')") == []
    assert superuser(
        "select id, title from rowtrail.as_of(null::animals, '2023-05-01 00:00:02Z') order by 1"
    ) == [(1, "ape"), (2, "bee")]


def test_what_they_changed_can_be_undone(zoo: Keeper, superuser: Run) -> None:
    patch = superuser("select rowtrail.undo_sql(transaction => '0-3')")
    superuser("\n".join(line for (line,) in patch).replace("%", "%%"))
    assert superuser("select name from animals where id = 1") == [("ape",)]
    oracle.assert_exact(superuser, "animals")


def test_a_table_that_is_tracked_again_has_what_came_before_the_first_time(
    keeper: Keeper, superuser: Run, engine: Engine
) -> None:
    keeper.put(1, "ape", 2)
    keeper.fill()
    superuser("select rowtrail.track('animals')")
    superuser("update animals set legs = 3")
    superuser("select rowtrail.untrack('animals')")
    # Recorded by the source while it was not tracked here: between what was captured.
    superuser(RECORD, datetime.now(UTC), datetime.now(UTC), 99, "U",
              '{"id": 1, "name": "ape", "legs": 3}', '{"legs": 4}')  # fmt: skip
    superuser("update animals set legs = 4")
    superuser("select rowtrail.track('animals')")
    bring_in(engine)
    assert superuser("select left_out from rowtrail.import_tables") == [
        ({"is recorded here already": 1},)
    ]
    recorded = "select op::text, id < 0 from rowtrail.versions where op <> 'S' order by id"
    assert superuser(recorded) == [
        ("I", True), ("U", False),
    ]  # fmt: skip


def test_what_is_imported_is_retired_as_the_rest_is(
    zoo: Keeper, superuser: Run, writer: Run
) -> None:
    superuser("update animals set legs = 3 where id = 1")
    assert superuser("select * from rowtrail.verify_imported()") == []
    superuser("select rowtrail.set_retention('animals', '1 year')")
    gone = 0
    while (found := superuser("select until, retired from rowtrail.retire()"))[0][0] is not None:
        gone += found[0][1]
    # What became of 1, and all of 3.
    assert gone == 3
    assert superuser("select * from rowtrail.verify_imported()") == []
    assert superuser("select * from rowtrail.differences('animals')") == []
    superuser("delete from rowtrail.versions where id < 0 and row_key = '2'")
    [(_, problem, *_)] = superuser("select * from rowtrail.verify_imported()")
    assert "is missing" in problem


def test_the_feed_is_of_what_was_committed_here(zoo: Keeper, superuser: Run) -> None:
    versions = "select op, row_key from rowtrail.feed() where op <> 'schema'"
    assert superuser(versions) == []
    superuser("call rowtrail.baseline('animals')")
    superuser("update animals set legs = 3 where id = 1")
    assert superuser(versions)[-1] == ("update", "1")


@pytest.mark.parametrize(
    "table",
    [
        "(id int, name text, legs int)",
        "(id int primary key, name text, legs int) partition by range (id);"
        "create table low partition of animals for values from (0) to (2);"
        "create table high partition of animals default",
    ],
)
def test_a_table_without_a_key_and_one_of_parts(
    keeper: Keeper, superuser: Run, engine: Engine, table: str
) -> None:
    superuser("drop table animals")
    superuser(f"create table animals {table}")
    keeper.put(1, "ape", 2)
    keeper.put(2, "bee", 6)
    keeper.put(1, "Abe", 2)
    keeper.put(3, "cat", 4)
    keeper.remove(3)
    keeper.fill()
    superuser("select rowtrail.track('animals')")
    bring_in(engine)
    oracle.assert_exact(superuser, "animals")
    superuser("update animals set id = 9 where id = 1")
    superuser("delete from animals where id = 2")
    oracle.assert_exact(superuser, "animals")
    at = "select id, name from rowtrail.as_of(null::animals, '2023-05-01 00:00:04Z') order by 1"
    assert superuser(at) == [(1, "Abe"), (2, "bee"), (3, "cat")]
    assert faults(superuser) == []
