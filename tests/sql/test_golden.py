"""The bytes of stored images are the same on every version of PostgreSQL, and stay the same.

`golden_images.json` has, for each type, values as SQL and what a version holds of a row with that
value: the text of `data`, and of `old` for an UPDATE from the value before. `golden_keys.json` has
values of key columns and the `row_key` that stands for them. Seals hash these bytes: an entry is
added when a type is, and never changed.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]

FOLDER = Path(__file__).parent
IMAGES: dict[str, list[list[str | None]]] = json.loads(
    (FOLDER / "golden_images.json").read_text(encoding="utf-8")
)
KEYS: dict[str, list[list[str]]] = json.loads(
    (FOLDER / "golden_keys.json").read_text(encoding="utf-8")
)

TYPES = """
    create type mood as enum ('sad', 'so so', 'GLAD"');
    create domain email as text check (value like '%@%');
    create domain small as numeric(6, 2) default 1.0;
    create type spot as (x int, "a b" text, at timestamptz);
    create type place as (spot spot, more spot[], mood mood, cost small);
    create type weight as range (subtype = numeric);
    create domain near as spot;
"""
# What JSON cannot keep: `docs/concepts.md` says so.
LOSSY = [
    ("real", "'-0'"),
    ("float8", "'-0'"),
    ("int[]", "'[2:3]={1,2}'"),
    ("int[]", "'[0:1][5:5]={{1},{2}}'"),
    ("jsonb[]", "array['{\"b\": 1.50, \"a\": null}'::jsonb, 'null']"),
    ("jsonb", "'null'"),
    ("int2vector", "'1 2 3'"),
    ("oidvector", "'1 2'"),
    ("json", '\'{"a": 1.50, "b": [1e3, -0]}\''),
    ("json", "'null'"),
]
ODD_SETTINGS = """
    set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set intervalstyle = 'sql_standard';
    set bytea_output = 'escape'; set extra_float_digits = -15; set quote_all_identifiers = on
"""


def test_the_stored_bytes_of_every_type_are_the_golden_ones(
    owner: Run, writer: Run, superuser: Run, make_table: MakeTable
) -> None:
    owner(TYPES)
    writer(ODD_SETTINGS)
    expected: dict[str, Any] = {}
    stored: dict[str, Any] = {}
    for number, (type_name, values) in enumerate(IMAGES.items()):
        try:
            writer(f"select cast({values[0][0]} as {type_name})::text")
        except psycopg2.errors.FeatureNotSupported:
            # A server may be built without libxml.
            continue
        table = make_table(f"of_{number} (id int primary key, value {type_name})")
        writer(f"insert into {table} values (1, {values[0][0]})")
        for value, _, _ in values[1:]:
            writer(f"update {table} set value = {value}")
        expected[type_name] = [(data, old) for _, data, old in values]
        stored[type_name] = recorded(superuser, table, "data::text, old::text")
    assert stored == expected
    assert len(expected) > len(IMAGES) - 3


def test_the_text_of_every_key_is_the_golden_one(
    owner: Run, writer: Run, superuser: Run, make_table: MakeTable
) -> None:
    owner(TYPES)
    writer(ODD_SETTINGS)
    expected = {}
    stored = {}
    for number, (types, values) in enumerate(KEYS.items()):
        columns = ", ".join(f"k{place} {name}" for place, name in enumerate(types.split("; ")))
        key = ", ".join(f"k{place}" for place in range(types.count("; ") + 1))
        table = make_table(f"by_{number} ({columns}, primary key ({key}))")
        for value, _ in values:
            writer(f"insert into {table} values ({value})")
        expected[types] = [row_key for _, row_key in values]
        stored[types] = [row_key for (row_key,) in recorded(superuser, table, "row_key")]
    assert stored == expected


def test_every_value_can_be_put_back_from_its_image(
    owner: Run, writer: Run, superuser: Run, make_table: MakeTable
) -> None:
    owner(TYPES)
    writer(ODD_SETTINGS)
    changed = []
    for number, (type_name, values) in enumerate(IMAGES.items()):
        table = make_table(f"of_{number} (id int primary key, value {type_name})")
        for value, data, _ in values:
            try:
                writer(f"insert into {table} values (1, {value})")
            except psycopg2.errors.FeatureNotSupported:
                break
            # Byte by byte, as *= compares.
            same = f"select t *= jsonb_populate_record(null::{table}, %s::jsonb) from {table} as t"
            if superuser(same, data) != [(True,)]:
                changed.append((type_name, value))
            writer(f"truncate {table}")
    assert changed == LOSSY


def recorded(superuser: Run, table: str, columns: str) -> list[Any]:
    return superuser(
        f"select {columns} from rowtrail.versions as v "
        "join rowtrail.tables as t on t.id = v.table_id "
        "where t.relid = %s::regclass order by v.id",
        table,
    )
