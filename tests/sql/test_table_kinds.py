"""Which kinds of tables have a history, and what becomes of it."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded import guard
from rowtrail.embedded.server import Server

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def test_an_unlogged_table_is_recorded_like_any_other(
    owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner("create unlogged table visits (id int primary key, page text)")
    owner("grant select, insert, update, delete, truncate on visits to writer")
    owner("select rowtrail.track('visits')")
    writer("insert into visits values (1, 'a'), (2, 'b')")
    writer("update visits set page = 'c'")
    owner("alter table visits set logged")
    writer("delete from visits where id = 1")
    owner("alter table visits set unlogged")
    writer("insert into visits values (1, 'd')")
    assert "".join(op for op, *_ in versions("visits")) == "IIUUDI"
    assert_exact("visits")


def test_a_crash_empties_an_unlogged_table_and_not_its_history(
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "crash"
    for path in (folder.parent, *folder.parent.parents[:2]):
        # The server is another user's where the tests run as root.
        path.chmod(path.stat().st_mode | 0o011)
    with Server(folder, binaries=server.binaries) as crashing:
        engine = connect(crashing.url())
        schema.upgrade(engine)
        with engine.begin() as connection:
            connection.execute(text("create unlogged table visits (id int primary key, page text)"))
            connection.execute(text("select rowtrail.track('visits')"))
            connection.execute(text("insert into visits values (1, 'a'), (2, 'b')"))
        engine.dispose()
        crash(crashing)
    with Server(folder, binaries=server.binaries) as restarted:
        engine = connect(restarted.url())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

            def ask(query: str) -> list[Any]:
                return [tuple(row) for row in connection.execute(text(query))]

            missing = "select row_key, live from rowtrail.differences('visits')"
            assert ask("select * from visits") == []
            assert ask("select op from rowtrail.versions order by id") == [("I",), ("I",)]
            # What went is named, until a marker says that it went.
            assert ask(missing) == [("1", None), ("2", None)]
            connection.execute(text("insert into visits values (2, 'c')"))
            assert ask(missing) == [("1", None)]
            connection.execute(text("truncate visits"))
            connection.execute(text("insert into visits values (1, 'd')"))
            assert ask(missing) == []
        engine.dispose()


def crash(server: Server) -> None:
    """Ends a server at once, as a power cut would: the next start recovers."""
    pid = guard.postmaster(server.data)
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while guard.postmaster(server.data) is not None:
        time.sleep(0.05)


def test_a_temporary_table_of_the_same_name_is_another_table(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant')")
    writer("create temporary table animals (id int primary key, name text)")
    writer("insert into animals values (1, 'toy'), (2, 'toy')")
    writer("truncate animals")
    writer("update public.animals set name = 'ape'")
    assert [data["name"] for _, _, data, _ in versions("public.animals")] == ["ant", "ape"]
    assert_exact("public.animals")


def test_rows_that_go_through_a_temporary_table_are_recorded_where_they_land(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("begin")
    writer("create temporary table staged (like animals) on commit drop")
    writer("insert into staged values (1, 'ant', 6), (2, 'bee', 6)")
    writer("insert into animals select * from staged")
    writer("update animals as a set name = upper(s.name) from staged as s where s.id = a.id")
    writer("commit")
    assert "".join(op for op, *_ in versions("animals")) == "IIUU"
    assert_exact("animals")


def test_a_table_of_a_type_is_recorded(
    owner: Run, writer: Run, superuser: Run, versions: Versions
) -> None:
    owner("create type spot as (id int, label text)")
    owner("create table spots of spot (primary key (id))")
    owner("select rowtrail.track('spots')")
    owner("grant select, insert, update on spots to writer")
    writer("insert into spots values (1, 'a')")
    owner("alter type spot add attribute size int cascade")
    writer("update spots set size = 3")
    assert versions("spots")[-1][2:] == ({"id": 1, "label": "a", "size": 3}, {"size": None})
    assert superuser("select * from rowtrail.differences('spots')") == []


def test_vacuum_cluster_and_other_rewrites_leave_no_version(
    animals: str,
    owner: Run,
    writer: Run,
    superuser: Run,
    versions: Versions,
) -> None:
    writer("insert into animals select n, 'a' from generate_series(1, 500) as n")
    writer("delete from animals where id % 2 = 0")
    before = len(versions("animals"))
    for maintenance in (
        "vacuum animals",
        "vacuum (full, analyze) animals",
        "cluster animals using animals_pkey",
        "reindex table animals",
        "alter table animals add column born date default now()",
        "alter table animals alter column legs type bigint",
    ):
        owner(maintenance)
    assert len(versions("animals")) == before
    # Rows have other places now.
    writer("begin")
    writer("update animals set legs = 1 where id < 10")
    writer("update animals set legs = 2 where id < 20")
    writer("delete from animals where id > 5")
    writer("commit")
    assert superuser("select op from rowtrail.versions order by id desc limit 1") == [("D",)]
    for key in ("1", "3", "5"):
        steps = [data["legs"] for _, of, data, _ in versions("animals") if of == key]
        assert steps == [None, 1, 2]


def test_a_materialized_view_of_a_tracked_table_is_refreshed_as_ever(
    animals: str, owner: Run, writer: Run, versions: Versions
) -> None:
    owner("create materialized view herd as select * from animals")
    writer("insert into animals values (1, 'ant')")
    owner("refresh materialized view herd")
    assert owner("select name from herd") == [("ant",)]
    with pytest.raises(psycopg2.errors.WrongObjectType) as refused:
        owner("select rowtrail.track('herd')")
    assert "public.herd cannot be tracked: it is a materialized view" in str(refused.value)
    assert len(versions("animals")) == 1
