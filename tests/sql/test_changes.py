"""What changed: since a moment, and between two versions."""

import json
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]


def test_changes_are_newest_first_and_bounded(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1, 'ant', 8)")
    [(moment,)] = reader("select clock_timestamp()")
    writer("select set_config('rowtrail.actor', 'alice', false)")
    writer("update animals set legs = 6")
    writer("update animals set name = 'ape'")
    query = "select table_name, row_key, op, actor, changes from rowtrail.changes"
    legs = ("public.animals", "1", "update", "alice", {"legs": [8, 6]})
    name = ("public.animals", "1", "update", "alice", {"name": ["ant", "ape"]})
    assert reader(f"{query}(%s)", moment) == [name, legs]
    assert reader(f"{query}(%s, oldest_first => true)", moment) == [legs, name]
    assert reader(f"{query}(%s, 'animals', most => 1)", moment) == [name]
    assert reader(f"{query}('-infinity', until => %s)", moment)[0][2] == "insert"
    assert len(reader(f"{query}('-infinity')")) == 3
    assert reader(f"{query}('-infinity', by_actor => 'bob')") == []


def test_the_last_changes_are_there_as_a_function_and_as_a_view(
    animals: str, writer: Run, reader: Run
) -> None:
    view = "select table_name, row_key, op, changes, actor, reason from rowtrail.recent_changes"
    assert reader(view) == []
    writer("insert into animals values (1, 'ant', 8)")
    writer(
        "select set_config('rowtrail.actor', 'alice', false), "
        """set_config('rowtrail.context', '{"reason": "ticket 4711"}', false)"""
    )
    writer("update animals set legs = 6")
    assert reader(view) == [
        ("public.animals", "1", "update", {"legs": [8, 6]}, "alice", "ticket 4711"),
        ("public.animals", "1", "insert", None, None, None),
    ]
    assert reader("select op from rowtrail.recent(1)") == [("update",)]
    assert reader("select transaction, id from rowtrail.recent_changes limit 1") == reader(
        "select transaction, id from rowtrail.changes('-infinity', most => 1)"
    )


def test_changes_are_filtered_by_todays_name_of_a_column(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 8)")
    writer("update animals set name = 'ape'")
    owner("alter table animals rename name to title")
    owner("alter table animals rename legs to name")
    writer("update animals set title = 'asp'")
    writer("update animals set name = 7")
    query = "select changes from rowtrail.changes('-infinity', 'animals', of_column => %s)"
    assert reader(query, "title") == [({"title": ["ape", "asp"]},), ({"title": ["ant", "ape"]},)]
    assert reader(query, "name") == [({"name": [8, 7]},)]
    with pytest.raises(psycopg2.Error, match=r"public\.animals has no column legs"):
        reader(query, "legs")


def test_a_move_between_partitions_is_one_change(owner: Run, writer: Run, reader: Run) -> None:
    owner("create table parts (id int, part int, primary key (id, part)) partition by list (part)")
    owner("create table parts_0 partition of parts for values in (0)")
    owner("create table parts_1 partition of parts for values in (1)")
    owner("select rowtrail.track('parts')")
    owner("grant all on parts to writer")
    writer("insert into parts values (1, 0)")
    writer("update parts set part = 1")
    for column in ("null", "'part'"):
        query = "select op, changes from rowtrail.changes('-infinity', 'parts', of_column => {})"
        assert reader(query.format(column))[0] == ("update", {"part": [0, 1]})


CASES = [
    ('{"a": 1}', '{"a": 2}', [("a", [], 1, 2, "value")]),
    ('{"a": 1.0}', '{"a": 1.00}', [("a", [], 1.0, 1.0, "scale")]),
    ('{"a": 1}', '{"a": "1"}', [("a", [], 1, "1", "type")]),
    ('{"a": null}', '{"a": "1"}', [("a", [], None, "1", "value")]),
    ('{"a": 1}', '{"b": 1}', [("a", [], 1, None, "removed"), ("b", [], None, 1, "added")]),
    ('{"a": {"b": {"c": 1, "d": 2}}}', '{"a": {"b": {"c": 1, "d": 3}}}',
     [("a", ["b", "d"], 2, 3, "value")]),
    ('{"a": [1, 2, 3]}', '{"a": [1, 5]}',
     [("a", ["1"], 2, 5, "value"), ("a", ["2"], 3, None, "removed")]),
    ('{"a": [{"b": 1.5}]}', '{"a": [{"b": 1.50}]}', [("a", ["0", "b"], 1.5, 1.5, "scale")]),
    ('{"a": {}}', '{"a": []}', [("a", [], {}, [], "type")]),
    ('{"a": {"x": 1}}', '{"a": {}}', [("a", ["x"], 1, None, "removed")]),
    ('{"a": {"b": [1]}, "c": 1}', '{"a": {"b": [1]}, "c": 1}', []),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_images_differ_by_path_and_kind(
    superuser: Run, before: str, after: str, expected: list[Any]
) -> None:
    query = "select * from rowtrail.image_differences(%s::jsonb, null, %s::jsonb, null)"
    assert superuser(query, before, after) == expected


def test_two_versions_are_compared_by_the_columns_of_today(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 8)")
    owner("alter table animals rename name to title")
    owner("alter table animals alter legs type numeric(9, 2)")
    owner("alter table animals add column wings int default 0")
    writer("update animals set title = 'ape'")
    b, a = (version for (version,) in reader("select id from rowtrail.history('animals', 1)"))
    assert reader("select * from rowtrail.diff(%s, %s)", a, b) == [
        ("legs", [], 8, 8.0, "scale"),
        ("title", [], "ant", "ape", "value"),
    ]
    [(schema_change,)] = reader("select max(id) from rowtrail.versions where op = 'S'")
    with pytest.raises(psycopg2.Error, match="is of no row: it is a schema change"):
        reader("select * from rowtrail.diff(%s, %s)", a, schema_change)


def test_versions_of_two_tables_are_not_compared(
    animals: str, make_table: MakeTable, writer: Run, reader: Run
) -> None:
    make_table("others (id int primary key)")
    writer("insert into animals values (1); insert into others values (1)")
    a, b = (version for (version,) in reader("select id from rowtrail.versions order by 1"))
    with pytest.raises(psycopg2.Error, match=f"versions {a} and {b} are of two tables"):
        reader("select * from rowtrail.diff(%s, %s)", a, b)
    with pytest.raises(psycopg2.Error, match="there is no version 5"):
        reader("select * from rowtrail.diff(5, %s)", b)


def test_the_text_of_json_that_alone_changed_is_a_difference(
    make_table: MakeTable, writer: Run, reader: Run
) -> None:
    make_table("notes (id int primary key, body json)")
    writer("""insert into notes values (1, '{"a": 1}')""")
    writer("""update notes set body = '{"a":  1}'""")
    b, a = (version for (version,) in reader("select id from rowtrail.history('notes', 1)"))
    [(name, path, before, after, kind)] = reader("select * from rowtrail.diff(%s, %s)", a, b)
    assert (name, path, kind) == ("body", [], "text")
    assert (json.loads(before), after) == ({"a": 1}, '{"a":  1}')


def test_a_row_is_compared_between_two_moments(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1, 'ant', 8)")
    [(first,)] = reader("select clock_timestamp()")
    writer("update animals set legs = 7")
    writer("update animals set legs = 6")
    [(second,)] = reader("select clock_timestamp()")
    writer("delete from animals")
    query = "select column_name, before, after, kind from rowtrail.diff('animals', '1', %s, %s)"
    assert reader(query, first, second) == [("legs", 8, 6, "value")]
    assert {kind for *_, kind in reader(query, first, "infinity")} == {"removed"}
    assert {kind for *_, kind in reader(query, "-infinity", second)} == {"added"}
