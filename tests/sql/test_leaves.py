"""What reaches a leaf of a partitioned table, by whatever way, is in the history of its root."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]


@pytest.fixture
def make_m(owner: Run) -> Callable[..., str]:
    """Makes m with two leaves, m_b with its columns in another order and numbered otherwise."""

    def make(columns: str = "hidden text, n int, note text", options: str = "") -> str:
        owner("create table m (x1 int, x2 int, id int, region text) partition by list (region)")
        owner("alter table m drop x1, drop x2")
        for column in columns.split(", "):
            owner(f"alter table m add {column}")
        owner("alter table m add primary key (id, region)")
        owner("create table m_a partition of m for values in ('a')")
        reverse = ", ".join(reversed(columns.split(", ")))
        owner(f"create table m_b (gone int, {reverse}, region text not null, id int not null)")
        owner("alter table m_b drop gone")
        owner("alter table m attach partition m_b for values in ('b')")
        owner(
            "grant select, insert, update, delete, truncate on all tables in schema public "
            "to writer"
        )
        owner(f"select rowtrail.track('m'{options})")
        return "m"

    return make


def test_what_is_excluded_is_never_stored_of_a_leaf_with_other_numbers(
    make_m: Callable[..., str], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m(options=", exclude => '{hidden}'")
    for table, region in (("m", "a"), ("m", "b"), ("m_b", "b"), ("m_a", "a")):
        number = len(versions("m")) + 1
        writer(f"insert into {table} values (%s, %s, 'hush', 1, 'x')" if table != "m_b" else
               "insert into m_b (id, region, hidden, n, note) values (%s, %s, 'hush', 1, 'x')",
               number, region)  # fmt: skip
    writer("update m_b set hidden = 'hush hush', n = 2")
    writer("update m set region = case region when 'a' then 'b' else 'a' end")
    writer("delete from m_a")
    assert "hush" not in str(versions("m"))
    assert {tuple(data) for _, _, data, _ in versions("m")} == {("n", "id", "note", "region")}
    assert_exact("m")


def test_hashes_are_the_same_in_each_leaf(
    make_m: Callable[..., str], writer: Run, versions: Versions, superuser: Run
) -> None:
    make_m(options=", hash => '{hidden}'")
    writer("insert into m values (1, 'a', 'hush'), (2, 'b', 'hush')")
    writer("insert into m_b (id, region, hidden) values (3, 'b', 'hush')")
    writer("update m set region = 'b' where id = 1")
    assert "hush" not in str(versions("m"))
    assert len({data["hidden"] for _, _, data, _ in versions("m")}) == 1
    assert superuser("select * from rowtrail.differences('m')") == []


def test_ignored_columns_make_no_version_in_any_leaf(
    make_m: Callable[..., str], writer: Run, versions: Versions, superuser: Run
) -> None:
    make_m(columns="n int, seen int, note text", options=", ignore => '{seen}'")
    writer("insert into m values (1, 'a', 1, 1), (2, 'b', 1, 1)")
    writer("update m set seen = 2; update m_b set seen = 3; update m_b set n = 2, seen = 4")
    assert [op for op, _, _, _ in versions("m")] == ["I", "I", "U"]
    assert superuser("select * from rowtrail.differences('m')") == []


def test_json_columns_keep_their_text_in_each_leaf(
    make_m: Callable[..., str], writer: Run, superuser: Run, assert_exact: Exact
) -> None:
    make_m(columns="n int, doc json, note text")
    for region in ("a", "b"):
        writer('insert into m (id, region, doc) values (1, %s, \'{"b":1,  "a":2}\')', region)
    assert superuser("select distinct verbatim ->> 'doc' from rowtrail.versions") == [
        ('{"b":1,  "a":2}',)
    ]
    assert_exact("m")


def test_columns_that_are_renamed_stay_excluded_in_leaves(
    make_m: Callable[..., str], owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m(options=", exclude => '{hidden}'")
    owner("alter table m rename hidden to silence; alter table m rename note to hidden")
    writer("insert into m (id, region, silence, hidden) values (1, 'a', 'hush', 'x')")
    writer("insert into m_b (id, region, silence, hidden) values (1, 'b', 'hush', 'x')")
    assert "hush" not in str(versions("m"))
    assert [data["hidden"] for _, _, data, _ in versions("m")] == ["x", "x"]
    assert_exact("m")


def test_generated_columns_of_partitions(
    owner: Run, assert_exact: Exact, versions: Versions
) -> None:
    owner(
        "create table m (id int, region text, n int, twice int generated always as (n * 2) stored, "
        "primary key (id, region)) partition by list (region)"
    )
    owner("create table m_a partition of m for values in ('a')")
    owner("create table m_b (n int, id int not null, region text not null, "
          "twice int generated always as (n * 2) stored)")  # fmt: skip
    owner("alter table m attach partition m_b for values in ('b')")
    owner("select rowtrail.track('m'); insert into m values (1, 'a', 1), (2, 'b', 2)")
    owner("update m set n = n + 1; update m set region = 'b' where id = 1")
    assert [data["twice"] for _, _, data, _ in versions("m")] == [2, 4, 4, 6, 4, 4]
    assert_exact("m")


def test_copy_to_the_root_and_to_a_leaf(
    make_m: Callable[..., str], owner: Run, superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m()
    # By COPY … PROGRAM a superuser could; here COPY reads what the table itself wrote.
    owner("insert into m values (1, 'a', 'x', 1, 'y'), (2, 'b', 'x', 1, 'y')")
    superuser("copy m (id, region, n) from program 'printf \"3\\ta\\t1\\n4\\tb\\t2\\n\"'")
    superuser("copy m_b (n, region, id) from program 'printf \"7\\tb\\t5\\n\"'")
    assert [row_key for _, row_key, _, _ in versions("m")] == [
        '[1, "a"]', '[2, "b"]', '[3, "a"]', '[4, "b"]', '[5, "b"]',
    ]  # fmt: skip
    assert_exact("m")


def test_on_conflict_in_the_root_and_in_a_leaf(
    make_m: Callable[..., str], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m()
    writer("insert into m (id, region, n) values (1, 'a', 1), (2, 'b', 1)")
    for table in ("m", "m_b"):
        writer(f"insert into {table} (id, region, n) values (2, 'b', 5) on conflict do nothing")
        writer(
            f"insert into {table} (id, region, n) values (2, 'b', 5), (3, 'b', 1) "
            "on conflict (id, region) do update set n = excluded.n + coalesce(m.n, 0)".replace(
                "m.n", f"{table}.n"
            )
        )
    assert [op for op, _, _, _ in versions("m")] == ["I", "I", "U", "I", "U", "U"]
    assert_exact("m")


def test_merge_into_the_root_moves_updates_deletes_and_inserts(
    make_m: Callable[..., str], writer: Run, superuser: Run, reader: Run, assert_exact: Exact
) -> None:
    [(version,)] = superuser("select current_setting('server_version_num')::int")
    if version < 150000:
        pytest.skip("MERGE came with PostgreSQL 15")
    make_m()
    writer("insert into m (id, region, n) values (1, 'a', 1), (2, 'b', 1), (3, 'a', 1)")
    writer(
        "merge into m using (values (1, 'b'), (2, 'b'), (3, 'x'), (4, 'b')) as s (id, region) "
        "on m.id = s.id when matched and s.region = 'x' then delete "
        "when matched then update set region = s.region, n = 2 "
        "when not matched then insert (id, region, n) values (s.id, s.region, 9)"
    )
    assert reader("select op from rowtrail.history('m', '[1, \"b\"]')") == [("update",)]
    assert reader("select op from rowtrail.history('m', '[3, \"a\"]')") == [
        ("delete",),
        ("insert",),
    ]
    assert reader("select op from rowtrail.history('m', '[4, \"b\"]')") == [("insert",)]
    assert_exact("m")


@pytest.mark.parametrize("action", ["cascade", "set null", "set default"])
def test_foreign_keys_from_and_to_partitioned_tables(
    owner: Run, writer: Run, assert_exact: Exact, action: str
) -> None:
    for table, refers in (
        ("hub", ""),
        ("spoke", f", foreign key (hub, hub_region) references hub on delete {action} "
                  "on update cascade"),
    ):  # fmt: skip
        owner(
            f"create table {table} (id int, region text, n int, hub int, hub_region text, "
            f"primary key (id, region){refers}) partition by list (region)"
        )
        for region in ("a", "b"):
            owner(f"create table {table}_{region} partition of {table} for values in ('{region}')")
        owner(f"select rowtrail.track('{table}')")
    owner("grant select, insert, update, delete on all tables in schema public to writer")
    writer("insert into hub values (1, 'a'), (2, 'a'), (3, 'b')")
    writer("insert into spoke values (1, 'b', 0, 1, 'a'), (2, 'a', 0, 2, 'a'), (3, 'b', 0, 3, 'b')")
    # On 15 and newer the move of a hub is an update for its spokes; on 14 it is a delete.
    writer("update hub set region = 'b', n = 1 where id = 1")
    writer("update hub set id = 12 where id = 2; delete from hub where id = 3")
    writer("update spoke set region = 'a' where id = 1; delete from hub")
    assert_exact("hub", "spoke")


def test_rows_of_the_default_partition_and_of_a_new_one(
    make_m: Callable[..., str], owner: Run, writer: Run, assert_exact: Exact
) -> None:
    make_m()
    owner("create table m_rest partition of m default")
    owner("grant all on m_rest to writer")
    writer("insert into m (id, region, n) values (1, 'z', 1); update m_rest set n = 2")
    writer("update m set region = 'a'; update m set region = 'y'")
    owner("delete from m_rest where region = 'x'")
    owner("create table m_x partition of m for values in ('x') partition by list (id)")
    owner("create table m_x_1 partition of m_x default")
    writer("update m set region = 'x'")
    assert_exact("m")


def test_an_update_of_a_leaf_that_would_leave_it_fails_and_records_nothing(
    make_m: Callable[..., str], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m()
    writer("insert into m (id, region) values (1, 'a')")
    with pytest.raises(Exception, match="partition constraint"):
        writer("update m_a set region = 'b'")
    assert len(versions("m")) == 1
    assert_exact("m")


def test_partitions_of_other_owners_schemas_and_names_are_the_roots(
    make_m: Callable[..., str], superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_m()
    superuser("create schema other; alter table m_b set schema other")
    superuser('alter table other.m_b rename to "m b;--é"')
    superuser("insert into other.\"m b;--é\" (id, region) values (1, 'b')")
    superuser("update m set n = 1")
    assert [op for op, _, _, _ in versions("m")] == ["I", "U"]
    assert_exact("m")
