"""What a session, a role or a database sets changes nothing: not what is recorded, nor that it is.

Not only settings that somebody thought of are tried, but all that the server has.
"""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL, Engine

from rowtrail import schema
from rowtrail.db import connect

Run = Callable[..., list[Any]]

TABLES = """
create table public.{prefix}typed (
  id text primary key, n numeric, f float8, moment timestamptz, day date, span interval,
  bytes bytea, price money, mark {xml}, document jsonb, written json, words text[], flag boolean,
  period tstzrange, "NULL" text, big text);
create table public.{prefix}lines (a int, b text, n int, primary key (a, b)) partition by list (a);
create table public.{prefix}lines_1 partition of public.{prefix}lines for values in (1);
create table public.{prefix}lines_2 partition of public.{prefix}lines for values in (2);
-- The application writes back, so that versions have to be brought into order.
create function public.{prefix}app() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 3 then
    update public.{prefix}lines set n = n + 1 where a = new.a;
  end if;
  return null;
end $$;
create trigger "!a" after insert or update on public.{prefix}lines
  for each row execute function public.{prefix}app();
alter table public.{prefix}lines enable always trigger "!a";
"""

# Written so that the values themselves mean the same under any setting.
WORK = r"""
select set_config('rowtrail.actor', e'al\nice', true),
  set_config('rowtrail.context', '{{"reason": "1.50", "null": null}}', true);
insert into public.{prefix}typed values
  ('1', 1.0, 0.1, '2026-11-24 12:00:00.5+01', '2026-11-24', interval 'P1Y2M3DT4H', e'\\x00ff', 1.5,
   '<a>1</a>', '{{"b": 1.50, "a": null}}', '{{"b":1, "a":1}}', array['x', null, 'NULL', e'\\'],
   true, '[2026-11-24 12:00+01,)', null, repeat('xyz ', 3000)),
  (repeat('k', 1200), null, 'nan', 'infinity', '-infinity', null, '', null, null, 'null', 'null',
   '{{}}', null, 'empty', 'NULL', e'\\''"');
select set_config('rowtrail.context', 'no json', true);
update public.{prefix}typed set n = 1.00, f = 0.1::float8 + 0.2::float8, words = words || 'y'::text,
  document = document || '{{"a": 1}}';
update public.{prefix}typed set flag = flag;
update public.{prefix}typed set id = '2', "NULL" = 'null' where id = '1';
insert into public.{prefix}typed as t (id, big) values ('2', 'x'), ('3', 'x')
  on conflict (id) do update set big = t.big || excluded.big;
select set_config('rowtrail.actor', '', true), set_config('rowtrail.context', '', true);
insert into public.{prefix}lines values (1, 'x', 1), (1, 'y', 1), (2, 'x', 1);
update public.{prefix}lines set a = 2 where b = 'y';
delete from public.{prefix}lines where a = 1;
delete from public.{prefix}typed where id = '3';
truncate public.{prefix}lines;
insert into public.{prefix}lines values (1, e'\\', 1);
delete from public.{prefix}typed;
delete from public.{prefix}lines;
"""

READ = (
    "select op, changes::text, data::text from rowtrail.history('public.typed', '2')",
    "select op, row_key from rowtrail.history('public.lines', '[1,\"x\"]')",
    "select table_name, state from rowtrail.status()",
    "select * from rowtrail.differences('public.typed')",
    "select * from rowtrail.differences('public.lines')",
    "select rowtrail.track('public.typed'), rowtrail.track('public.lines')",
)

OTHERS = [
    ("plpgsql.extra_errors", "all"),
    ("plpgsql.extra_warnings", "all"),
    ("timezone", "Pacific/Kiritimati"),
    ("datestyle", "German, DMY"),
    ("client_encoding", "LATIN1"),
    ("client_encoding", "SQL_ASCII"),
    ("search_path", ""),
    ("work_mem", "64kB"),
    ("default_text_search_config", "pg_catalog.german"),
    ("restrict_nonsystem_relation_kind", "view, foreign-table"),
    ("application_name", "x\ty"),
    ("role", "owner"),
    ("statement_timeout", "1min"),
    ("lock_timeout", "1ms"),
    *(("lc_" + category, "C.utf8") for category in ("messages", "monetary", "numeric", "time")),
]


@pytest.fixture
def tables(owner: Run, superuser: Run, make_login: Callable[..., Engine]) -> None:
    """Tracked tables, and their likes that are not; the login `someone` writes and reads all."""
    make_login("someone", member_of="owner, rowtrail_reader")
    superuser("grant rowtrail_reader to owner")
    # A server may be built without XML.
    xml = "xml" if works(owner, "select '<a/>'::xml") else "text"
    owner(TABLES.format(prefix="", xml=xml) + TABLES.format(prefix="plain_", xml=xml))
    owner("select rowtrail.track('public.typed'), rowtrail.track('public.lines')")


@pytest.fixture
def outcome(tables: None, connect_as: Callable[[str], Run], superuser: Run) -> Callable[..., Any]:
    """What is recorded, and read, by a login that has this setting."""

    def outcome(name: str | None = None, value: str = "") -> Any:
        """None where nobody can write with this setting, tracked or not."""
        # The tables are empty too.
        superuser("truncate rowtrail.versions")
        try:
            if name:
                superuser(f"alter role someone set {name} = %s", value)
            run = connect_as("someone")
        except psycopg2.Error:
            return None
        finally:
            # It holds for the session that has begun.
            superuser("alter role someone reset all")
        try:
            run(WORK.format(prefix=""))
            read = [run(statement) for statement in READ]
        except psycopg2.Error as error:
            if name is None:
                raise
            return error if works(run, WORK.format(prefix="plain_")) else None
        return read + superuser(
            "select table_id, op, row_key, old_key, data::text, old::text, actor, login, "
            "context::text, early_in is not null from rowtrail.versions "
            "order by table_id, row_key, id"
        )

    return outcome


def works(run: Run, statement: str) -> bool:
    try:
        run(statement)
    except psycopg2.Error:
        return False
    return True


def assert_same_outcome(
    outcome: Callable[..., Any], settings: list[tuple[str, str]], at_least: int
) -> None:
    usual = outcome()
    assert len(usual) > len(READ) + 20
    found = {(name, value): outcome(name, value) for name, value in settings}
    tried = {setting: what for setting, what in found.items() if what is not None}
    wrong = {
        setting: what if isinstance(what, Exception) else [x for x in what if x not in usual]
        for setting, what in tried.items()
        if what != usual
    }
    assert wrong == {}
    assert len(tried) >= at_least, set(found) - set(tried)


@pytest.mark.parametrize("kind", ["bool", "enum", "number"])
def test_no_setting_of_a_role_changes_what_is_recorded(
    outcome: Callable[..., Any], superuser: Run, kind: str
) -> None:
    # The settings of plpgsql are known once it is used.
    superuser("do $$ begin end $$")
    settings = superuser(
        "select name, setting, enumvals, min_val, vartype from pg_settings "
        "where context in ('user', 'superuser') "
        # The server's log is not of interest; who asks for quotes gets them in names.
        "and name not like 'debug_print%' and name <> 'quote_all_identifiers'"
    )
    values = {
        "bool": [
            (name, "off" if setting == "on" else "on")
            for name, setting, _, _, vartype in settings
            if vartype == "bool"
        ],
        "enum": [
            (name, value)
            for name, setting, values, _, vartype in settings
            if vartype == "enum"
            for value in values
            if value != setting and not name.endswith("_messages")
        ],
        "number": [
            (name, least)
            for name, setting, _, least, vartype in settings
            if vartype in ("integer", "real") and least != setting
        ],
    }[kind]
    at_least = {"bool": 50, "enum": 30, "number": 20}[kind]
    assert_same_outcome(outcome, values, at_least)


def test_no_text_that_a_role_sets_changes_what_is_recorded(outcome: Callable[..., Any]) -> None:
    assert_same_outcome(outcome, OTHERS, len(OTHERS) - 5)


ODD_DATABASE = {
    "plpgsql.extra_errors": "'all'",
    "plpgsql.variable_conflict": "use_column",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "quote_all_identifiers": "on",
    "check_function_bodies": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "row_security": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "datestyle": "'German, DMY'",
    "timezone": "'Pacific/Kiritimati'",
    "extra_float_digits": "-5",
    "search_path": "''",
    "client_encoding": "'LATIN1'",
}

FUNCTIONS = """
select p.oid::regprocedure::text, md5(p.prosrc), p.proconfig, p.proowner::regrole::text, p.prosecdef
from pg_proc as p where p.pronamespace = 'rowtrail'::regnamespace order by 1
"""


def test_a_database_with_odd_settings_is_installed_and_records_like_any_other(
    url: URL, superuser: Run
) -> None:
    usual = superuser(FUNCTIONS)
    superuser("create database odd")
    try:
        for name, value in ODD_DATABASE.items():
            superuser(f"alter database odd set {name} = {value}")
        for _ in range(2):
            engine = connect(url.set(database="odd"))
            schema.upgrade(engine)
            engine.dispose()
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user="postgres", dbname="odd"
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("set transaction isolation level serializable, read write")
            cursor.execute("set local quote_all_identifiers = off")
            cursor.execute(FUNCTIONS)
            assert cursor.fetchall() == usual
            cursor.execute("set local quote_all_identifiers = on")
            cursor.execute(TABLES.format(prefix="", xml="text"))
            cursor.execute("select rowtrail.track('public.typed'), rowtrail.track('public.lines')")
            cursor.execute(WORK.format(prefix=""))
            cursor.execute("select count(*) from rowtrail.versions")
            assert cursor.fetchall() > [(20,)]
            cursor.execute("select * from rowtrail.differences('public.lines')")
            assert cursor.fetchall() == []
            cursor.execute("select state from rowtrail.status()")
            assert cursor.fetchall() == [("tracked",), ("tracked",)]
        connection.close()
    finally:
        superuser("drop database odd with (force)")


def test_a_statement_that_takes_too_long_leaves_neither_rows_nor_versions(
    make_table: Callable[..., str], writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    make_table("animals (id int primary key, name text, legs int)")
    writer("set statement_timeout = '200ms'")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        writer("insert into animals select n from generate_series(1, 1000000) as n")
    writer("insert into animals values (1)")
    assert [op for op, *_ in versions("animals")] == ["I"]
