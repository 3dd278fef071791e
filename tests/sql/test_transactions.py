"""Savepoints, functions, roles and sessions of every kind: exactly what commits is recorded."""

import select
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def names(recorded: list[Any]) -> list[str]:
    return [data["name"] for _, _, data, _ in recorded]


# Savepoints and exceptions


def test_nested_savepoints_record_what_they_keep(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("begin")
    writer("insert into animals values (1, 'a')")
    for depth in range(1, 6):
        writer(f"savepoint s{depth}")
        writer(f"update animals set name = name || {depth}")
    writer("rollback to s4")
    writer("update animals set name = name || 'x'")
    writer("release s4")
    writer("rollback to s3")
    writer("update animals set name = name || 'y'")
    writer("release s1")
    writer("update animals set name = name || 'z'")
    writer("commit")
    assert names(versions("animals")) == ["a", "a1", "a12", "a12y", "a12yz"]
    assert_exact("animals")


def test_a_savepoint_that_is_begun_again_and_again_replays(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    # Rolled back rows leave places that PostgreSQL may give out again at once.
    writer("insert into animals values (1, 'a', 0)")
    writer("begin")
    writer("savepoint s")
    for number in range(50):
        writer("update animals set legs = legs + 1")
        writer("insert into animals values (2, repeat('x', 1000)) on conflict do nothing")
        writer("delete from animals where id = 2")
        writer("rollback to s")
        if number % 10 == 0:
            writer("update animals set name = name || 'b'")
            writer("release s")
            writer("savepoint s")
    writer("commit")
    assert names(versions("animals"))[-1] == "abbbbb"
    assert len(versions("animals")) == 6
    assert_exact("animals")


def test_exception_blocks_within_loops_replay(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("""
        do $$
        begin
          for i in 1..20 loop
            begin
              insert into animals values (i, 'tried', 0);
              update animals set legs = legs + 1;
              begin
                update animals set name = 'lost' where id = i;
                raise exception 'inner';
              exception when raise_exception then
                update animals set name = 'caught' where id = i;
              end;
              if i % 3 = 0 then perform 1 / 0; end if;
            exception when division_by_zero then
              update animals set name = 'outer' where id = i - 1;
            end;
          end loop;
        end $$
    """)
    assert {key for _, key, *_ in versions("animals")} == {str(i) for i in range(1, 21) if i % 3}
    assert "lost" not in names(versions("animals"))
    assert_exact("animals")


# Functions and procedures


def test_a_procedure_that_commits_records_what_it_committed(
    animals: str, owner: Run, writer: Run, superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner("""
        create procedure fill() language plpgsql as $$
        begin
          for i in 1..6 loop
            insert into animals values (i, 'row');
            update animals set legs = i where id = i;
            if i % 2 = 0 then commit; else rollback; end if;
          end loop;
          insert into animals values (1 / 0);
        end $$
    """)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        writer("call fill()")
    assert {key for _, key, *_ in versions("animals")} == {"2", "4", "6"}
    assert superuser("select count(distinct xid) from rowtrail.versions") == [(3,)]
    assert_exact("animals")


def test_a_loop_that_commits_while_its_query_runs_replays(
    animals: str, writer: Run, superuser: Run, assert_exact: Exact
) -> None:
    writer("insert into animals select n, 'a', n from generate_series(1, 25) as n")
    writer("""
        do $$
        declare animal record;
        begin
          for animal in select * from animals order by id loop
            update animals set name = 'b' where id = animal.id;
            if animal.id % 10 = 0 then commit; end if;
          end loop;
        end $$
    """)
    assert superuser("select count(*), count(distinct xid) from rowtrail.versions") == [(50, 4)]
    assert_exact("animals")


def test_a_function_that_writes_for_its_caller_shows_the_login_of_the_caller(
    make_table: MakeTable, owner: Run, writer: Run, superuser: Run, assert_exact: Exact
) -> None:
    make_table("secrets (id int primary key, name text)")
    owner("revoke all on secrets from writer")
    owner("""
        create function put(title text) returns void language sql security definer
        set search_path = '' as $$ insert into public.secrets values (1, title) $$
    """)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        writer("insert into secrets values (2)")
    writer("select put('x')")
    assert superuser("select op, login from rowtrail.versions") == [("I", "writer")]
    assert_exact("secrets")


@pytest.mark.parametrize(
    ("become", "login"),
    [
        ("set role owner", "writer"),
        ("set local role owner", "writer"),
        ("set session authorization writer", "writer"),
    ],
)
def test_a_role_that_a_session_takes_is_not_its_login(
    animals: str, superuser: Run, writer: Run, assert_exact: Exact, become: str, login: str
) -> None:
    superuser("grant owner to writer")
    writer("begin")
    writer(become)
    writer("insert into animals values (1)")
    writer("commit")
    assert superuser("select login from rowtrail.versions") == [(login,)]
    assert_exact("animals")


def test_a_superuser_that_takes_anothers_session_shows_as_that_login(
    animals: str, writer: Run, superuser: Run, assert_exact: Exact
) -> None:
    # What pg_restore --use-set-session-authorization does. Only a superuser can.
    superuser("set session authorization writer")
    superuser("insert into animals values (1)")
    superuser("reset session authorization")
    assert superuser("select login from rowtrail.versions") == [("writer",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        writer("set session authorization owner")
    assert_exact("animals")


# Sessions


@pytest.mark.parametrize(
    "settings",
    [
        "set search_path = ''",
        "set search_path = pg_temp, pg_catalog",
        "select set_config('search_path', '', false); set row_security = off; "
        "set check_function_bodies = false; set xmloption = content; set statement_timeout = 0",
        "set plan_cache_mode = force_generic_plan",
        "set plan_cache_mode = force_custom_plan",
        "set enable_indexscan = off; set enable_bitmapscan = off; set enable_seqscan = on",
        "set default_transaction_isolation = 'serializable'",
        "set default_transaction_isolation = 'repeatable read'",
        "set jit = on; set jit_above_cost = 0",
        "set client_encoding = 'LATIN1'",
        "set plpgsql.variable_conflict = 'use_column'",
    ],
)
def test_no_setting_of_a_session_disturbs_recording(
    animals: str,
    owner: Run,
    superuser: Run,
    connect_as: Callable[[str], Run],
    versions: Versions,
    assert_exact: Exact,
    settings: str,
) -> None:
    if "variable_conflict" in settings:
        # Only a superuser may set it, which it can do for a login.
        superuser("alter role writer set plpgsql.variable_conflict = 'use_column'")
    owner("""
        create function public.app() returns trigger language plpgsql as $$
        begin
          if pg_trigger_depth() = 1 then
            update public.animals set legs = legs + 1 where id in (new.id, new.id + 1);
          end if;
          return new;
        end $$;
        create trigger "!a" after insert or update on public.animals
          for each row execute function public.app()
    """)
    session = connect_as("writer")
    if "variable_conflict" not in settings:
        session(settings)
    session("begin")
    session("insert into public.animals values (1, 'ant', 0), (2, 'bee', 0)")
    session("update public.animals set name = 'x'")
    session("truncate public.animals")
    session("insert into public.animals values (1, 'ant', 0), (2, 'bee', 0)")
    session("delete from public.animals where id = 1")
    session("commit")
    assert len(versions("animals")) >= 10
    assert_exact("animals")


def test_prepared_statements_go_on_after_the_table_has_changed(
    animals: str, owner: Run, writer: Run, superuser: Run, versions: Versions
) -> None:
    writer("prepare put (int, text) as insert into animals (id, name) values ($1, $2)")
    writer("prepare rename (text) as update animals set name = $1")
    for number in range(7):
        writer(f"execute put({number}, 'a')")
        writer(f"execute rename('{number}')")
    owner("alter table animals add column wings int, drop column legs")
    writer("execute rename('wings')")
    owner("alter table animals alter name type varchar(100)")
    writer("execute rename('varchar')")
    owner("select rowtrail.untrack('animals')")
    owner("select rowtrail.track('animals')")
    writer("execute rename('again')")
    assert versions("animals")[-1][2] == {"id": 6, "name": "again", "wings": None}
    assert superuser("select * from rowtrail.differences('animals')") == []


def test_notices_of_the_application_arrive_as_ever(
    animals: str, owner: Run, writer: Run, url: URL, assert_exact: Exact
) -> None:
    owner("""
        create function tell() returns trigger language plpgsql as $$
        begin perform pg_notify('animals', new.name); return new; end $$;
        create trigger tell after insert on animals for each row execute function tell()
    """)
    listener = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user="writer", dbname=url.database
    )
    listener.autocommit = True
    with listener.cursor() as cursor:
        cursor.execute("listen animals")
    writer("begin")
    writer("insert into animals values (1, 'lost')")
    writer("rollback")
    writer("insert into animals values (1, 'ant')")
    assert select.select([listener], [], [], 5) != ([], [], [])
    listener.poll()
    assert [notify.payload for notify in listener.notifies] == ["ant"]
    listener.close()
    assert_exact("animals")


def test_a_read_only_transaction_is_refused_as_ever(
    animals: str, writer: Run, versions: Versions
) -> None:
    writer("begin read only")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction, match="cannot execute INSERT"):
        writer("insert into animals values (1)")
    writer("rollback")
    assert versions("animals") == []


def test_a_statement_that_is_cancelled_leaves_no_version(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant', 0)")
    writer("set statement_timeout = '50ms'")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        writer("update animals set legs = legs + 1 from pg_sleep(1)")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        writer("insert into animals select n from generate_series(2, 300000) as n")
    assert len(versions("animals")) == 1
    assert_exact("animals")


def test_what_a_killed_session_did_not_commit_has_no_version(
    animals: str,
    superuser: Run,
    connect_as: Callable[[str], Run],
    versions: Versions,
    assert_exact: Exact,
) -> None:
    session = connect_as("writer")
    session("insert into animals values (1, 'kept')")
    session("begin")
    session("update animals set name = 'lost'")
    superuser("select pg_terminate_backend(%s, 5000)", session("select pg_backend_pid()")[0][0])
    with pytest.raises(psycopg2.OperationalError):
        session("commit")
    assert names(versions("animals")) == ["kept"]
    assert_exact("animals")


@pytest.mark.parametrize("ending", ["commit prepared", "rollback prepared"])
def test_a_prepared_transaction_is_recorded_when_it_ends(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact, ending: str
) -> None:
    writer("begin")
    writer("insert into animals values (1, 'ant')")
    writer("prepare transaction 'p'")
    assert versions("animals") == []
    writer(f"{ending} 'p'")
    assert len(versions("animals")) == (1 if ending.startswith("commit") else 0)
    assert_exact("animals")


def test_a_statement_of_many_rows_whose_triggers_write_back_replay(
    make_table: MakeTable, owner: Run, writer: Run, superuser: Run
) -> None:
    make_table("big (id int primary key, n int not null default 0)")
    owner("""
        create function app() returns trigger language plpgsql as $$
        begin
          if new.id % 1000 = 0 and new.n < 2 then
            update big set n = n + 1 where id in (new.id, new.id + 1);
          end if;
          return null;
        end $$;
        create trigger "!a" after insert or update on big for each row execute function app()
    """)
    writer("insert into big select generate_series(1, 20000)")
    writer("update big set n = n + 10 where id <= 5000")
    assert superuser("select * from rowtrail.differences('big')") == []
    written_back = 2 * 2 * 20 - 2
    assert superuser("select count(*) from rowtrail.versions") == [(25_000 + written_back,)]
