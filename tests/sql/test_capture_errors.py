"""What cannot be recorded cannot be written: the error names the table, the key and the cause."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]

# A JSONB string takes 268,435,455 bytes at most.
TOO_LONG = "repeat('x', 268435456)"

UNRECORDABLE = {
    "json": '\'{"a": "\\u0000"}\'',
    "json[]": "array['\"\\u0000\"'::json]",
    "note": "row('\"\\u0000\"'::json)::note",
    "note[]": "array[row('\"\\u0000\"'::json)::note]",
    "raw": "'\"\\u0000\"'",
    "text": TOO_LONG,
}


@pytest.fixture
def make_notes(make_table: MakeTable, owner: Run) -> Callable[[str], str]:
    """Makes a table of a key and a value of this type."""

    def make(type_name: str) -> str:
        owner("create type note as (body json)")
        owner("create domain raw as json")
        return make_table(f"notes (id int primary key, value {type_name})")

    return make


@pytest.mark.parametrize("type_name", UNRECORDABLE)
def test_a_value_that_cannot_be_recorded_cannot_be_written(
    make_notes: Callable[[str], str],
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    type_name: str,
) -> None:
    make_notes(type_name)
    writer("insert into notes values (7, null)")
    with pytest.raises(
        (psycopg2.errors.UntranslatableCharacter, psycopg2.errors.ProgramLimitExceeded)
    ):
        writer(f"update notes set value = {UNRECORDABLE[type_name]}")
    assert len(versions("notes")) == 1
    assert_exact("notes")


INSERT = "insert into notes values (8, {value})"
UPDATE = "update notes set value = {value} where id = 7"
UPSERT = "insert into notes values (7) on conflict (id) do update set value = {value}"


@pytest.mark.parametrize(
    ("type_name", "write"),
    [
        # Not text: to name its row, every change would have to wait for a savepoint of its own.
        *((type_name, UPDATE) for type_name in UNRECORDABLE if type_name != "text"),
        ("json", INSERT),
        ("json", UPSERT),
    ],
)
def test_the_error_names_the_table_the_key_and_the_cause(
    make_notes: Callable[[str], str], writer: Run, type_name: str, write: str
) -> None:
    make_notes(type_name)
    writer("insert into notes values (7, null)")
    key = 8 if "8" in write else 7
    with pytest.raises(
        psycopg2.Error,
        match=f"rowtrail cannot record this change of public.notes, key {key}: "
        "column value does not fit into JSONB: unsupported Unicode escape sequence",
    ):
        writer(write.format(value=UNRECORDABLE[type_name]))


def test_a_transaction_goes_on_after_a_savepoint_when_a_change_could_not_be_recorded(
    make_notes: Callable[[str], str], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_notes("json")
    writer("begin")
    writer("insert into notes values (1, '1')")
    writer("savepoint s")
    with pytest.raises(psycopg2.errors.UntranslatableCharacter):
        writer(f"insert into notes values (2, {UNRECORDABLE['json']})")
    writer("rollback to s")
    writer("insert into notes values (2, '2')")
    writer("commit")
    assert [key for _, key, *_ in versions("notes")] == ["1", "2"]
    assert_exact("notes")


def test_an_excluded_column_may_hold_what_cannot_be_recorded(
    make_table: MakeTable, writer: Run, versions: Versions
) -> None:
    make_table("notes (id int primary key, title text, body json)", exclude="{body}")
    writer("insert into notes values (1, 'a', '\"\\u0000\"')")
    writer("update notes set title = 'b'")
    assert [data for _, _, data, _ in versions("notes")] == [
        {"id": 1, "title": "a"},
        {"id": 1, "title": "b"},
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"b": 1, "a": 2}',
        '{"a": 1, "a": 2}',
        '{ "a" : 1 }',
        "[1.10, 1e5, 1E+2, -0]",
        '"\\u00e9"',
    ],
)
def test_the_text_of_a_json_column_can_be_had_back(
    make_table: MakeTable, writer: Run, superuser: Run, text: str
) -> None:
    make_table("documents (id int primary key, body json)")
    writer("insert into documents values (1, %s)", text)
    # Any of the version's columns that has the text will do.
    [(found,)] = superuser(
        "select exists (select from jsonb_each(to_jsonb(v)) as column_of (name, value), "
        "jsonb_path_query(column_of.value, '$.**') as part where part #>> '{}' = %s) "
        "from rowtrail.versions as v",
        text,
    )
    assert found


def test_a_json_column_that_changes_in_its_text_alone_has_a_version(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("documents (id int primary key, body json)")
    writer('insert into documents values (1, \'{"a": 1, "b": 2}\')')
    writer('update documents set body = \'{"b": 2, "a": 1}\'')
    assert [op for op, *_ in versions("documents")] == ["I", "U"]
    assert_exact("documents")
