"""What foreign keys, deferred constraints and changes of keys bring about is recorded, in order."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Exact = Callable[..., None]
Versions = Callable[[str], list[Any]]
MakeTable = Callable[..., str]


def server_version(run: Run) -> int:
    return int(run("show server_version_num")[0][0]) // 10_000


@pytest.fixture
def family(make_table: MakeTable, writer: Run) -> Callable[[str], None]:
    """Makes parents 0 to 3 and a child of each of 1 to 3, whose foreign key acts as it is told."""

    def make(action: str) -> None:
        make_table("parents (id int primary key, name text)")
        make_table(
            "children (id int primary key, n int not null default 0, "
            f"parent int default 0 references parents {action})"
        )
        writer("insert into parents select generate_series(0, 3)")
        writer("insert into children select n, n, n from generate_series(1, 3) as n")

    return make


@pytest.mark.parametrize("deferred", ["", " deferrable initially deferred"])
@pytest.mark.parametrize(
    ("action", "op", "parent"),
    [
        ("cascade", "D", 1),
        ("set null", "U", None),
        ("set default", "U", 0),
    ],
)
def test_what_a_deleted_parent_does_to_its_children_is_recorded(
    family: Callable[[str], None],
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    action: str,
    op: str,
    parent: int | None,
    deferred: str,
) -> None:
    family(f"on delete {action}{deferred}")
    writer("begin")
    writer("update children set n = 10 where id = 1")
    writer("delete from parents where id = 1")
    writer("commit")
    recorded = versions("children")
    assert [op for op, *_ in recorded] == ["I", "I", "I", "U", op]
    assert recorded[-1][2] == {"id": 1, "n": 10, "parent": parent}
    writer("delete from parents where id > 1")
    assert_exact("parents", "children")


@pytest.mark.parametrize(
    ("action", "parents"),
    [
        ("cascade", [11, 12, 13]),
        ("set null", [None] * 3),
        ("set default", [0] * 3),
    ],
)
def test_what_a_changed_parent_does_to_its_children_is_recorded(
    family: Callable[[str], None],
    writer: Run,
    versions: Versions,
    assert_exact: Exact,
    action: str,
    parents: list[int | None],
) -> None:
    family(f"on update {action}")
    writer("update parents set id = id + 10 where id > 0")
    assert [data["parent"] for op, _, data, _ in versions("children") if op == "U"] == parents
    writer("update parents set name = 'x'")
    assert len(versions("children")) == 6
    assert_exact("parents", "children")


def test_an_action_of_some_columns_of_a_key_is_recorded(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    if server_version(writer) < 15:
        pytest.skip("column lists of SET NULL came with PostgreSQL 15")
    make_table("users (tenant int, id int, primary key (tenant, id))")
    make_table(
        "posts (tenant int, id int, author int, primary key (tenant, id), "
        "foreign key (tenant, author) references users on delete set null (author))"
    )
    writer("insert into users values (1, 1)")
    writer("insert into posts values (1, 1, 1), (1, 2, 1)")
    writer("delete from users")
    assert [old for op, _, _, old in versions("posts") if op == "U"] == [{"author": 1}] * 2
    assert_exact("users", "posts")


def test_a_tree_that_goes_with_its_root_is_recorded(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table(
        "nodes (id int primary key, "
        "parent int references nodes on delete cascade on update cascade)"
    )
    writer("insert into nodes select n, nullif(n / 2, 0) from generate_series(1, 31) as n")
    writer("update nodes set id = id + 100 where id in (1, 2, 5)")
    assert_exact("nodes")
    writer("delete from nodes where id = 102")
    writer("delete from nodes where parent is null")
    assert [op for op, *_ in versions("nodes")].count("D") == 31
    assert_exact("nodes")


def test_cascades_through_several_tables_are_recorded(
    make_table: MakeTable, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    make_table("a (id int primary key)")
    make_table("b (id int primary key references a on update cascade on delete cascade)")
    make_table(
        "c (id int references b on update cascade on delete cascade, part int, "
        "primary key (id, part))"
    )
    make_table(
        "d (id int primary key, c int, part int, foreign key (c, part) "
        "references c on update cascade on delete set null)"
    )
    writer("insert into a values (1), (2)")
    writer("insert into b values (1), (2)")
    writer("insert into c select b.id, n from b, generate_series(1, 3) as n")
    writer("insert into d select row_number() over (), id, part from c")
    writer("begin")
    writer("update a set id = id + 10")
    writer("update a set id = id + 10")
    writer("delete from a where id = 21")
    writer("update a set id = 1")
    writer("commit")
    assert len(versions("d")) == 6 + 6 + 6 + 3 + 3
    assert_exact("a", "b", "c", "d")


def test_a_cascade_under_replica_mode_does_not_happen_and_is_not_recorded(
    family: Callable[[str], None], superuser: Run, versions: Versions, assert_exact: Exact
) -> None:
    family("on delete cascade")
    superuser("set session_replication_role = replica")
    superuser("delete from parents where id = 1")
    assert len(versions("children")) == 3
    assert_exact("parents", "children")


def test_a_cascade_that_row_security_hides_is_recorded(
    family: Callable[[str], None], owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    family("on delete cascade")
    owner("alter table children enable row level security")
    writer("delete from parents where id = 1")
    assert versions("children")[-1][0] == "D"
    assert_exact("parents", "children")


def test_rows_put_right_before_a_deferred_constraint_looks_are_recorded(
    family: Callable[[str], None], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    family("deferrable initially immediate")
    writer("begin")
    writer("set constraints all deferred")
    writer("delete from parents where id = 1")
    writer("update children set parent = 77 where id = 2")
    writer("insert into parents values (1, 'again'), (77, null)")
    writer("set constraints all immediate")
    writer("commit")
    assert [op for op, *_ in versions("parents")] == ["I"] * 4 + ["D", "I", "I"]
    assert_exact("parents", "children")


def test_what_a_deferred_constraint_refuses_at_commit_has_no_version(
    family: Callable[[str], None], writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    family("deferrable initially deferred")
    writer("begin")
    writer("update children set parent = 77")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        writer("commit")
    assert len(versions("children")) == 3
    assert_exact("parents", "children")


# Keys that change


@pytest.mark.parametrize("constraint", ["deferrable", "deferrable initially deferred"])
def test_keys_swapped_in_one_statement_are_linked_both_ways(
    make_table: MakeTable,
    writer: Run,
    reader: Run,
    superuser: Run,
    assert_exact: Exact,
    constraint: str,
) -> None:
    make_table(f"seats (id int primary key {constraint}, guest text)")
    writer("insert into seats values (1, 'ann'), (2, 'bob')")
    writer("update seats set id = 3 - id")
    assert superuser(
        "select old_key, row_key, data ->> 'guest', old from rowtrail.versions where op = 'U' "
        "order by old_key"
    ) == [("1", "2", "ann", {"id": 1}), ("2", "1", "bob", {"id": 2})]
    # Each history shows the guest who left and the one who came.
    for key, came, left in (("1", "bob", "ann"), ("2", "ann", "bob")):
        moves = reader(
            "select row_key, old_key, data ->> 'guest' from rowtrail.history('seats', %s) "
            "where op = 'update'",
            key,
        )
        other = str(3 - int(key))
        assert sorted(moves) == sorted([(key, other, came), (other, key, left)])
    assert_exact("seats")
    writer("update seats set guest = upper(guest)")
    assert_exact("seats")


def test_a_part_of_a_composite_key_that_changes_ends_one_history_and_begins_another(
    make_table: MakeTable, writer: Run, reader: Run, assert_exact: Exact
) -> None:
    make_table("lines (order_id int, number int, item text, primary key (order_id, number))")
    writer("insert into lines values (1, 1, 'tea'), (1, 2, 'rum')")
    writer("update lines set order_id = 2 where number = 1")
    writer("insert into lines values (1, 1, 'gin')")
    first = reader("select op, row_key from rowtrail.history('lines', '[1, 1]') order by id")
    assert first == [("insert", "[1, 1]"), ("update", "[2, 1]"), ("insert", "[1, 1]")]
    second = reader("select op, old_key from rowtrail.history('lines', '[2, 1]') order by id")
    assert second == [("insert", None), ("update", "[1, 1]")] or second == [("update", "[1, 1]")]
    assert_exact("lines")


def test_a_key_that_goes_round_in_one_transaction_replays(
    animals: str, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    writer("insert into animals values (1, 'ant')")
    writer("begin")
    writer("update animals set id = 2")
    writer("insert into animals values (1, 'ape')")
    writer("update animals set id = 3 where id = 1")
    writer("update animals set id = 1 where id = 2")
    writer("delete from animals where id = 3")
    writer("update animals set id = 3")
    writer("update animals set id = 1")
    writer("commit")
    assert len(versions("animals")) == 8
    assert versions("animals")[-1][2] == {"id": 1, "name": "ant", "legs": None}
    assert_exact("animals")


def test_a_key_that_a_trigger_changes_is_the_one_recorded(
    animals: str, owner: Run, writer: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner("""
        create function app() returns trigger language plpgsql as $$
        begin new.id := new.id + 100; return new; end $$;
        create trigger app before insert or update on animals
          for each row execute function app()
    """)
    writer("insert into animals values (1, 'ant')")
    writer("update animals set name = 'ape'")
    assert [key for _, key, *_ in versions("animals")] == ["101", "201"]
    assert_exact("animals")


@pytest.mark.parametrize("times", [1, 3])
def test_a_key_whose_text_alone_changes_is_a_change_of_key(
    make_table: MakeTable, writer: Run, assert_exact: Exact, times: int
) -> None:
    # 1.0 and 1.00 are one key to the index, two to a reader of JSON.
    make_table("rates (rate numeric primary key, name text)")
    writer("insert into rates values (1.0, 'a')")
    for _ in range(times):
        writer("update rates set rate = 1.00 where rate = 1")
        writer("update rates set name = 'b' where rate = 1")
        writer("update rates set rate = 1.0 where rate = 1")
    assert_exact("rates")
    writer("delete from rates where rate = 1")
    writer("insert into rates values (1.00, 'c')")
    assert_exact("rates")


@pytest.mark.parametrize(
    "changes",
    [
        # Bob comes while Ann is there, who changes and goes.
        "update seats set id = 1 where guest = 'bob';"
        "update seats set guest = 'ann2' where guest = 'ann';"
        "update seats set id = 2 where guest = 'ann2'",
        # Somebody comes and goes.
        "insert into seats values (1, 'cid'); update seats set guest = 'dan' where guest = 'cid';"
        "delete from seats where guest = 'dan'",
        "insert into seats values (1, 'cid'); update seats set id = 3 where guest = 'cid'",
        # Two who look the same, of whom one goes.
        "update seats set guest = 'same' where id = 1; insert into seats values (1, 'same');"
        "delete from seats where ctid = (select min(ctid) from seats where guest = 'same')",
        # One comes for the one who goes, and is renamed back and forth.
        "insert into seats values (1, 'cid'); delete from seats where guest = 'ann';"
        "update seats set guest = 'dan' where id = 1; update seats set guest = 'cid' where id = 1",
    ],
)
def test_deferred_keys_held_twice_within_a_transaction_replay(
    make_table: MakeTable, writer: Run, assert_exact: Exact, changes: str
) -> None:
    make_table("seats (id int primary key deferrable initially deferred, guest text)")
    writer("insert into seats values (1, 'ann'), (2, 'bob')")
    writer("begin")
    for change in changes.split(";"):
        writer(change)
    writer("commit")
    assert_exact("seats")
    writer("update seats set guest = guest || 'x'")
    assert_exact("seats")
