"""What is recorded when a row of a tracked table changes."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def server_version(run: Run) -> int:
    return int(run("show server_version_num")[0][0]) // 10_000


def test_an_insert_an_update_and_a_delete_have_one_version_each(
    animals: str, writer: Run, versions: Versions
) -> None:
    writer("insert into animals values (1, 'ant', 8)")
    writer("update animals set legs = 6")
    writer("delete from animals")
    assert versions("animals") == [
        ("I", "1", {"id": 1, "name": "ant", "legs": 8}, None),
        ("U", "1", {"id": 1, "name": "ant", "legs": 6}, {"legs": 8}),
        ("D", "1", {"id": 1, "name": "ant", "legs": 6}, None),
    ]


def test_a_rolled_back_change_has_no_version(animals: str, writer: Run, versions: Versions) -> None:
    writer("begin")
    writer("insert into animals values (1)")
    writer("rollback")
    assert versions("animals") == []


def test_what_a_savepoint_rolls_back_has_no_version(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("begin")
    writer("insert into animals values (1, 'kept')")
    writer("savepoint s")
    writer("update animals set name = 'lost'")
    writer("insert into animals values (2)")
    writer("rollback to s")
    writer("update animals set name = 'kept too'")
    writer("commit")
    assert [(op, old) for op, _, _, old in versions("animals")] == [
        ("I", None),
        ("U", {"name": "kept"}),
    ]
    assert_exact("animals")


def test_what_an_exception_block_undoes_has_no_version(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("""
        do $$
        begin
          insert into animals values (1, 'kept');
          begin
            update animals set name = 'lost';
            perform 1 / 0;
          exception when division_by_zero then
            update animals set name = 'caught';
          end;
        end $$
    """)
    assert [(op, data["name"]) for op, _, data, _ in versions("animals")] == [
        ("I", "kept"),
        ("U", "caught"),
    ]
    assert_exact("animals")


def test_an_update_that_changes_nothing_has_no_version(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    writer("update animals set legs = legs, name = 'ant'")
    assert len(versions("animals")) == 1
    assert_exact("animals")


def test_saving_a_row_again_and_again_in_one_transaction_has_no_version(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("begin")
    writer("insert into animals values (1, 'ant', 6)")
    for _ in range(3):
        writer("update animals set legs = 6, name = 'ant'")
    writer("update animals set legs = 7")
    writer("update animals set legs = 7")
    writer("delete from animals")
    writer("commit")
    assert [op for op, *_ in versions("animals")] == ["I", "U", "D"]
    assert_exact("animals")


def test_an_update_to_the_same_after_a_later_transaction_wrote_the_row_has_no_version(
    animals: str, writer: Run, connect_as: Callable[[str], Run], versions: Versions
) -> None:
    writer("insert into animals values (1, 'ant'), (2, 'bee')")
    other = connect_as("writer")
    writer("begin")
    writer("update animals set name = 'first' where id = 2")
    other("update animals set name = 'ape' where id = 1")
    writer("update animals set name = 'ape' where id = 1")
    writer("commit")
    assert [data["name"] for _, key, data, _ in versions("animals") if key == "1"] == ["ant", "ape"]


def test_a_change_of_scale_is_a_change(
    make_table: MakeTable, writer: Run, versions: Versions
) -> None:
    make_table("prices (id int primary key, price numeric)")
    writer("insert into prices values (1, 1.0)")
    writer("update prices set price = 1.00")
    assert len(versions("prices")) == 2


def test_a_row_deleted_and_inserted_again_in_one_transaction_replays(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant')")
    writer("begin")
    writer("delete from animals")
    writer("insert into animals values (1, 'ape')")
    writer("delete from animals")
    writer("insert into animals values (1, 'asp')")
    writer("commit")
    assert [op for op, *_ in versions("animals")] == ["I", "D", "I", "D", "I"]
    assert_exact("animals")


def test_truncate_leaves_a_marker(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1), (2)")
    writer("truncate animals")
    assert versions("animals")[-1] == ("T", "", None, None)
    writer("begin")
    writer("insert into animals values (1), (3)")
    writer("truncate animals")
    writer("insert into animals values (1, 'after')")
    writer("commit")
    writer("begin")
    writer("truncate animals")
    writer("rollback")
    assert [op for op, *_ in versions("animals")] == ["I", "I", "T", "I", "I", "T", "I"]
    assert_exact("animals")


def test_copy_and_upserts_are_recorded(
    animals: str, writer: Run, superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    superuser("grant pg_execute_server_program to writer")
    writer("copy animals from program 'printf ''1\\tant\\t6\\n2\\tbee\\t6\\n'''")
    writer("insert into animals values (1, 'x') on conflict do nothing")
    writer(
        "insert into animals values (1, 'ape') on conflict (id) do update set name = excluded.name"
    )
    assert [(op, data["name"]) for op, _, data, _ in versions("animals")] == [
        ("I", "ant"),
        ("I", "bee"),
        ("U", "ape"),
    ]
    assert_exact("animals")


def test_merge_is_recorded(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    if server_version(writer) < 15:
        pytest.skip("MERGE came with PostgreSQL 15")
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6)")
    writer("""
        merge into animals as a
        using (values (1, 8), (2, 0), (3, 2)) as n (id, legs) on n.id = a.id
        when matched and n.legs = 0 then delete
        when matched then update set legs = n.legs
        when not matched then insert values (n.id, 'new', n.legs)
    """)
    assert sorted((op, key) for op, key, *_ in versions("animals")[2:]) == [
        ("D", "2"),
        ("I", "3"),
        ("U", "1"),
    ]
    assert_exact("animals")


def test_a_cte_that_writes_is_recorded(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant'), (2, 'bee')")
    writer("""
        with gone as (delete from animals where id = 1 returning *),
          changed as (update animals set legs = 6 where id = 2)
        insert into animals select id + 10, name from gone
    """)
    assert len(versions("animals")) == 5
    assert_exact("animals")


def test_foreign_keys_that_cascade_are_recorded(
    make_table: MakeTable, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("owners (id int primary key)")
    make_table(
        "pets (id int primary key, "
        "owner int references owners on delete cascade on update cascade, "
        "friend int references owners on delete set null on update cascade)"
    )
    writer("insert into owners values (1), (2), (3)")
    writer("insert into pets values (1, 1, 2), (2, 2, 2)")
    writer("update owners set id = id * 10")
    writer("delete from owners where id = 20")
    writer("update owners set id = id + 1")
    assert [op for op, *_ in versions("pets")].count("D") == 1
    assert_exact("owners", "pets")


def test_generated_and_identity_columns_are_recorded(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table(
        "boxes (id int generated always as identity primary key, a int, "
        "area int generated always as (a * a) stored)"
    )
    writer("insert into boxes (a) values (3)")
    writer("update boxes set a = 4")
    assert [(data, old) for _, _, data, old in versions("boxes")] == [
        ({"id": 1, "a": 3, "area": 9}, None),
        ({"id": 1, "a": 4, "area": 16}, {"a": 3, "area": 9}),
    ]
    assert_exact("boxes")


def test_a_virtual_column_is_left_out_and_not_recorded_as_null(
    make_table: MakeTable, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    if server_version(writer) < 18:
        pytest.skip("virtual columns came with PostgreSQL 18")
    make_table("boxes (id int primary key, a int, area int generated always as (a * a) virtual)")
    writer("insert into boxes (id, a) values (1, 3)")
    assert versions("boxes") == [("I", "1", {"id": 1, "a": 3}, None)]
    assert_exact("boxes")


def test_replica_mode_is_recorded(
    animals: str, superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    superuser("set session_replication_role = replica")
    superuser("insert into animals values (1, 'ant')")
    superuser("truncate animals")
    superuser("insert into animals values (2, 'bee')")
    assert [op for op, *_ in versions("animals")] == ["I", "T", "I"]
    assert_exact("animals")
