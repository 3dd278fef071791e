"""Every value is stored exactly, whatever its type and whoever's session wrote it."""

import hashlib
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL

from rowtrail import schema
from rowtrail.db import connect

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


VALUES = {
    "bool": ["true", "false"],
    "bigint": ["9223372036854775807", "-9223372036854775808"],
    "numeric": [
        "1.0",
        "1.00",
        "'NaN'",
        "'Infinity'",
        "'-Infinity'",
        "1e-300",
        "repeat('9', 200)::numeric",
    ],
    "float8": ["0.1", "'NaN'", "'Infinity'", "'-Infinity'", "1e308", "0.1::float8 + 0.2::float8"],
    "float4": ["0.1", "'NaN'"],
    "money": ["'12.50'"],
    "text": ["''", "'null'", "E'\\n\\t\\\\'", "'\u202eé😀'", "'{\"a\": 1}'"],
    '"char"': ["'x'", "''"],
    "char(5)": ["'a'"],
    "name": ["'n'"],
    "bytea": ["'\\x00ff'", "''"],
    "date": ["'2026-11-24'", "'infinity'", "'0044-03-15 BC'"],
    "timestamptz": ["'2026-11-24 12:00:00.123456+01'", "'-infinity'"],
    "timestamp": ["'2026-11-24 12:00'"],
    "time": ["'24:00'"],
    "timetz": ["'12:00+05:30'"],
    "interval": ["'1 year -2 days 3.5 seconds'", "'-1 month'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "int[]": ["'{}'", "'{1,null,3}'", "'[2:3]={1,2}'", "'{{1,2},{3,4}}'"],
    "text[]": ["'{a,NULL,\"NULL\"}'"],
    "numeric[]": ["'{1.0,NaN}'"],
    "timestamptz[]": ["'{2026-11-24 12:00+01}'"],
    "mood": ["'glad'", "'sad'"],
    "mood[]": ["'{glad,sad}'"],
    "spot": ["'(1,\"a b\")'", "'(,)'"],
    "spot[]": ["'{\"(1,a)\"}'"],
    "email": ["'a@b'"],
    "int4range": ["'[1,5)'", "'empty'", "'(,)'"],
    "tstzrange": ["'[2026-11-24 12:00+01,)'"],
    "int4multirange": ["'{[1,2),[5,7)}'"],
    "json": ['\'{"b": 1, "a": 1.50}\'', "'null'", "'1'", "'\"1\"'"],
    "jsonb": ['\'{"b": 1, "a": [1.50, 1.5]}\'', "'1'", "'\"1\"'", "'\"null\"'", "'1.0'", "'1.00'"],
    "inet": ["'10.0.0.1/8'"],
    "macaddr": ["'08:00:2b:01:02:03'"],
    "bit varying": ["B'101'"],
    "point": ["'(1,2)'"],
    "polygon": ["'((0,0),(1,1),(1,0))'"],
    "tsvector": ["to_tsvector('simple', 'a fat cat')"],
    "tsquery": ["'fat & cat'::tsquery"],
    "regclass": ["'pg_class'"],
    "oid": ["4294967295"],
    "pg_lsn": ["'16/B374D848'"],
    "jsonpath": ["'$.a[*]'"],
    "xml": ["'<a>1</a>'"],
}


@pytest.mark.parametrize("type_name", VALUES)
def test_every_value_of_every_type_is_recorded_and_told_apart(
    make_table: MakeTable,
    owner: Run,
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    type_name: str,
) -> None:
    owner("create type mood as enum ('sad', 'glad')")
    owner("create type spot as (x int, label text)")
    owner("create domain email as text check (value like '%@%')")
    make_table(f"typed (id int primary key, filler text, value {type_name})")
    try:
        writer(f"select {VALUES[type_name][0]}::{type_name}")
    except psycopg2.errors.FeatureNotSupported:
        pytest.skip(f"this server has no {type_name}")
    writer("insert into typed values (1, 'x', null)")
    for value in VALUES[type_name]:
        writer(f"update typed set value = {value}")
        writer("update typed set filler = filler || 'x'")
        writer("update typed set value = value")
        assert_exact("typed")
    recorded = versions("typed")
    # Set, filled, and never the same value set again; JSON null is told as NULL.
    assert len(recorded) == 1 + 2 * len(VALUES[type_name])
    writer("update typed set value = null")
    writer("delete from typed")
    assert_exact("typed")


def test_json_null_and_sql_null_both_read_as_null(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("documents (id int primary key, body jsonb)")
    writer("insert into documents values (1, null)")
    writer("update documents set body = 'null'")
    writer("update documents set body = '[]'")
    assert [data["body"] for _, _, data, _ in versions("documents")] == [None, None, []]
    assert_exact("documents")


def test_a_toasted_value_that_an_update_does_not_touch_is_recorded_whole(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("documents (id int primary key, body text, note text)")
    writer(
        "insert into documents "
        "select 1, string_agg(md5(n::text), ''), 'a' from generate_series(1, 2000) as n"
    )
    writer("update documents set note = 'b'")
    inserted, updated = versions("documents")
    assert len(inserted[2]["body"]) == 64_000
    assert updated[2]["body"] == inserted[2]["body"]
    assert updated[3] == {"note": "a"}
    assert_exact("documents")


def test_a_text_of_five_megabytes_is_recorded(
    make_table: MakeTable, writer: Run, superuser: Run, versions: Versions
) -> None:
    make_table("documents (id int primary key, body text)")
    body = "é" * 2_500_000
    writer("insert into documents values (1, %s)", body)
    [(found,)] = superuser("select md5(data ->> 'body') from rowtrail.versions")
    assert found == hashlib.md5(body.encode()).hexdigest()


SETTINGS = {
    "timezone": "Asia/Kolkata",
    "datestyle": "German",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-10",
    "search_path": "",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "xmloption": "document",
    "lc_monetary": "de_DE.UTF-8",
}


def test_the_settings_of_the_writer_do_not_change_what_is_stored(
    make_table: MakeTable, owner: Run, writer: Run, connect_as: Callable[[str], Run], superuser: Run
) -> None:
    make_table(
        "public.typed (id int primary key, a timestamptz, b timestamptz[], c tstzrange, "
        "d daterange, e interval, f bytea, g float8, h float4[], i regclass, "
        "j money, k date, l text[], m interval[])"
    )
    owner("grant update on public.typed to writer")
    statement = (
        "insert into public.typed values (%s, '2026-11-24 12:00Z', '{2026-11-24 12:00Z}', "
        "'[2026-11-24 12:00Z,)', '[2026-11-24,2026-11-30)', '1 year 2 days 3 seconds', "
        "decode('00ff', 'hex'), 0.1::float8 + 0.2, array[0.1::float4], 'public.typed'::regclass, "
        "12.5::numeric::money, '2026-11-24', array['a', null], array['1 day 2 hours'::interval])"
    )
    writer(statement, 1)
    for number, (name, value) in enumerate(SETTINGS.items(), 2):
        session = connect_as("writer")
        try:
            session("select set_config(%s, %s, false)", name, value)
        except psycopg2.Error:
            # Not every system has the locale, and newer servers drop the old string syntax.
            continue
        session(statement, number)
        session("update public.typed set id = id where id = %s", number)
        session("update public.typed set k = k + 1 where id = %s", number)
        session("update public.typed set k = k - 1 where id = %s", number)
    stored = superuser("select distinct (data - 'id' - 'k')::text from rowtrail.versions")
    assert len(stored) == 1, stored
    assert len(superuser("select distinct data ->> 'k' from rowtrail.versions where op = 'I'")) == 1
    differences = connect_as("postgres")
    differences("set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set search_path = ''")
    assert differences("select * from rowtrail.differences('public.typed')") == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_utf8_is_recorded(url: URL, superuser: Run, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    superuser(
        f"create database {name} encoding '{encoding}' "
        "lc_collate 'C' lc_ctype 'C' template template0"
    )
    try:
        engine = connect(url.set(database=name))
        schema.upgrade(engine)
        engine.dispose()
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user="postgres", dbname=name
        )
        connection.autocommit = True
        connection.set_client_encoding(encoding)
        with connection.cursor() as cursor:
            cursor.execute("create table words (word text primary key, note text)")
            cursor.execute("select rowtrail.track('words')")
            cursor.execute("select set_config('rowtrail.actor', chr(233) || chr(10), false)")
            cursor.execute("insert into words values (chr(233), 'a')")
            cursor.execute("update words set note = 'b'")
            cursor.execute(
                "select data ->> 'word' = chr(233), right(actor, 1) from rowtrail.versions"
            )
            assert cursor.fetchall() == [(True, "?")] * 2
            cursor.execute("select count(*) from rowtrail.differences('words')")
            assert cursor.fetchall() == [(0,)]
        connection.close()
    finally:
        superuser(f"drop database {name}")
