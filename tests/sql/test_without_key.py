"""Promises about tables without a primary key: replica identity, or what the rows hold."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]


@pytest.fixture
def readings(make_table: Callable[..., str]) -> str:
    return make_table("readings (sensor text, value numeric)")


def test_a_table_without_a_key_is_tracked_and_says_what_can_be_told_apart(owner: Run) -> None:
    owner("create table readings (sensor text, value numeric)")
    [(said,)] = owner("select rowtrail.track('readings')")
    assert said == (
        "public.readings is tracked from now on, without a key: "
        "rows that hold the same cannot be told apart"
    )


def test_equal_rows_are_counted(
    readings: str, writer: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    writer("insert into readings values ('a', 1), ('a', 1), ('a', 1.0), (null, null)")
    assert_exact(readings)
    writer("delete from readings where ctid = (select min(ctid) from readings)")
    assert_exact(readings)
    writer("update readings set value = 2 where value = 1")
    writer("update readings set value = 1 where value = 2")
    assert_exact(readings)
    writer("begin")
    writer("truncate readings")
    writer("insert into readings values ('a', 1), ('b', 2)")
    writer("update readings set value = value + 1")
    writer("update readings set value = value + 1")
    writer("commit")
    assert_exact(readings)
    assert len(superuser("select * from rowtrail.replay(1)")) == 2


def test_a_change_links_what_the_row_held_to_what_it_holds(
    readings: str, writer: Run, superuser: Run
) -> None:
    writer("insert into readings values ('a', 1)")
    writer("update readings set value = 2")
    writer("delete from readings")
    [(_, first), (old, second), (_, last)] = superuser(
        "select old_key, row_key from rowtrail.versions order by id"
    )
    assert (first, second) == (old, last)
    assert first != second


def test_a_lost_copy_is_a_difference(
    readings: str, owner: Run, writer: Run, superuser: Run
) -> None:
    writer("insert into readings values ('a', 1), ('a', 1)")
    superuser("alter table readings disable trigger all")
    writer("insert into readings values ('a', 1)")
    [(_, live, replayed)] = superuser("select * from rowtrail.differences('readings')")
    assert live == {"sensor": "a", "value": 1}
    assert replayed is None


def test_the_rows_from_before_are_recorded_as_often_as_they_are_there(
    owner: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table readings (sensor text, value numeric)")
    owner("insert into readings select 'a', n % 3 from generate_series(1, 10) as n")
    owner("select rowtrail.track('readings')")
    owner("insert into readings values ('a', 1), ('b', 1)")
    owner("delete from readings where ctid = (select min(ctid) from readings)")
    owner("update readings set sensor = 'c' where ctid = (select max(ctid) from readings)")
    owner("call rowtrail.baseline('readings')")
    assert superuser("select * from rowtrail.differences('readings')") == []
    owner("call rowtrail.baseline('readings')")
    owner("update readings set value = value + 1")
    assert superuser("select * from rowtrail.differences('readings')") == []


def test_columns_added_renamed_and_dropped_do_not_matter(
    readings: str, owner: Run, writer: Run, superuser: Run
) -> None:
    writer("insert into readings values ('a', 1), ('a', 1), ('b', 2)")
    owner("alter table readings add unit text default 'K'")
    writer("update readings set value = 3 where sensor = 'b'")
    owner("alter table readings rename sensor to probe")
    writer("delete from readings where ctid = (select min(ctid) from readings)")
    writer("insert into readings values ('c', 1, 'm')")
    assert superuser("select * from rowtrail.differences('readings')") == []


def test_the_replica_identity_is_the_key_where_there_is_no_primary_key(
    owner: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table plates (country text not null, number text not null, owner text)")
    owner("create unique index plates_key on plates (country, number)")
    owner("alter table plates replica identity using index plates_key")
    [(said,)] = owner("select rowtrail.track('plates')")
    assert said == "public.plates is tracked from now on, key country, number"
    owner("insert into plates values ('DE', 'B 1', 'ann')")
    owner("update plates set number = 'B 2'")
    assert superuser("select row_key, old_key from rowtrail.versions order by id") == [
        ('["DE", "B 1"]', None),
        ('["DE", "B 2"]', '["DE", "B 1"]'),
    ]
    assert_exact("plates")


def test_a_key_that_is_added_later_is_used_when_track_is_called_again(
    readings: str, owner: Run
) -> None:
    owner("alter table readings add id int generated always as identity primary key")
    [(said,)] = owner("select rowtrail.track('readings')")
    assert said.endswith("its triggers are brought up to date, key id")


def test_a_partitioned_table_without_a_key(
    owner: Run, writer: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table logs (day date, line text) partition by range (day)")
    owner("create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01')")
    owner("create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01')")
    owner("grant insert, update, delete, select on logs to writer")
    owner("select rowtrail.track('logs')")
    writer("insert into logs values ('2026-01-01', 'a'), ('2026-01-01', 'a'), ('2026-02-01', 'b')")
    writer("update logs set day = '2026-02-02' where line = 'a'")
    assert_exact("logs")


def test_tracking_again_and_other_lists_begin_the_count_anew(
    readings: str, owner: Run, writer: Run, superuser: Run
) -> None:
    writer("insert into readings values ('a', 1), ('a', 1), ('b', 2)")
    for statement in (
        "select rowtrail.track('readings', hash => '{sensor}')",
        "select rowtrail.track('readings', hash => '{}', exclude => '{value}')",
        "select rowtrail.track('readings', exclude => '{}')",
        "select rowtrail.untrack('readings')",
        "alter table readings add id int generated always as identity primary key",
    ):
        owner(statement)
        owner("select rowtrail.track('readings')")
        owner("call rowtrail.baseline('readings')")
        assert superuser("select * from rowtrail.differences('readings')") == []
        writer("update readings set value = value + 1 where sensor = 'b'")
        writer("delete from readings where ctid = (select min(ctid) from readings)")
        writer("insert into readings values ('a', 1)")
        assert superuser("select * from rowtrail.differences('readings')") == []


def test_a_baseline_after_a_column_was_added_counts_no_row_twice(
    readings: str, owner: Run, writer: Run, superuser: Run
) -> None:
    writer("insert into readings values ('a', 1), ('b', 2)")
    owner("alter table readings add x int, add y text default 'k'")
    owner("call rowtrail.baseline('readings')")
    assert superuser("select * from rowtrail.differences('readings')") == []
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        "alter table readings alter value type numeric(20)",
        "alter table readings alter value type text",
        "drop table readings; create table readings (sensor text, value numeric); "
        "insert into readings values ('a', 1), ('b', 2)",
    ],
)
def test_a_baseline_after_a_rewrite_or_a_drop_records_what_is_there_now(
    readings: str, owner: Run, superuser: Run, change: str
) -> None:
    owner("insert into readings values ('a', 1), ('a', 1), ('b', 2)")
    owner(change)
    owner("select rowtrail.track('readings', baseline => true)")
    assert superuser("select * from rowtrail.differences('readings')") == []
    [(live,)] = superuser("select count(*) from readings")
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(live,)]


def test_triggers_that_write_rows_back_and_forth_replay(
    make_table: Callable[..., str], owner: Run, writer: Run, assert_exact: Callable[..., None]
) -> None:
    # Each change makes another row of it, and rows become alike on the way: the ids below that of a
    # change that came early are for versions of many keys.
    make_table("readings (id int, n int default 0)")
    owner("""
        create function bump() returns trigger language plpgsql as $$
        begin
          if pg_trigger_depth() <= 3 then update readings set n = n + 1 where id = new.id; end if;
          return new;
        end $$;
        create function bump_others() returns trigger language plpgsql as $$
        begin
          if pg_trigger_depth() <= 3 then update readings set n = n + 10 where id <> new.id; end if;
          return new;
        end $$;
        create trigger "!rowtrail_capture_0" after update of n on readings
          for each row execute function bump();
        create trigger "!rowtrail_capture_1" after update on readings
          for each row execute function bump_others();
    """)
    writer("insert into readings values (1), (2), (4), (6), (2)")
    writer("begin")
    writer("update readings set n = n + 1, id = 2 where id = 4")
    writer("update readings set n = n + 1, id = 2 where id = 4")
    writer("commit")
    assert_exact("readings")
    writer("update readings set id = 6 where id >= 3")
    assert_exact("readings")


@pytest.mark.parametrize(
    "change", ["add note text default 'x'", "rename value to size", "drop sensor"]
)
def test_a_baseline_after_a_schema_change_records_no_row_twice(
    readings: str, owner: Run, writer: Run, superuser: Run, change: str
) -> None:
    writer("insert into readings values ('a', 1), ('b', 2), ('b', 2), ('c', 3)")
    owner(f"alter table readings {change}")
    writer("delete from readings where ctid = (select max(ctid) from readings)")
    owner("call rowtrail.baseline('readings')")
    assert superuser("select count(*) from rowtrail.versions where op = 'B'") == [(0,)]
    assert superuser("select * from rowtrail.differences('readings')") == []


def test_json_that_is_written_in_another_way_replays(
    make_table: Callable[..., str], writer: Run, superuser: Run
) -> None:
    make_table("notes (id int, body json)")
    writer("""insert into notes values (1, '{"a": 2, "b":1}')""")
    writer("""update notes set body = '{"b": 1, "a": 2}'""")
    assert superuser("select * from rowtrail.differences('notes')") == []


def test_a_column_added_with_values_that_nobody_knows_begins_the_baseline_anew(
    owner: Run, superuser: Run
) -> None:
    owner("create table log (line text)")
    owner("select rowtrail.track('log')")
    owner("insert into log values ('a'), ('b'), ('b')")
    owner("alter table log add at timestamptz default clock_timestamp()")
    owner("call rowtrail.baseline('log')")
    assert superuser("select * from rowtrail.differences('log')") == []
    owner("update log set line = 'c' where line = 'b'")
    assert superuser("select * from rowtrail.differences('log')") == []
