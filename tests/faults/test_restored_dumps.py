"""Dumps and restores: nothing is recorded twice, and the history and its seals go on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from nodes import Node
from oracle import assert_exact
from sqlalchemy import text

from rowtrail.db import connect
from rowtrail.proof import seals

SHOP = """
create table first (id int primary key);
create table orders (id int primary key, gone int, secret text, status text);
alter table orders drop column gone;
create table lines (id int primary key, at date not null, order_id int references orders)
partition by list (id);
create table lines_low partition of lines for values in (1, 2, 3);
alter table lines drop constraint lines_pkey, add primary key (id);
select rowtrail.track('orders', exclude => '{secret}');
select rowtrail.track('lines');
"""


def fill(node: Node) -> None:
    """A shop with a history, one seal and what came after it; and a table that was untracked."""
    run = node.session()
    for statement in SHOP.split(";\n"):
        if statement.strip():
            run(statement)
    run("create table old (id int primary key)")
    run("select rowtrail.track('old')")
    run("insert into old values (1)")
    run("select rowtrail.untrack('old')")
    for number in range(1, 4):
        run("insert into orders values (%s, 'hidden', 'new')", number)
    run("insert into lines values (1, '2026-01-01', 1)")
    run("select rowtrail.seal()")
    run("begin")
    run("savepoint s")
    run("update orders set status = 'paid' where id = 1")
    run("commit")
    run("delete from orders where id = 3")


def program(node: Node, name: str, *arguments: object, said: str | None = None) -> str:
    """Runs a program of PostgreSQL's on the node's database, to its end."""
    done = subprocess.run(
        [
            str(node.server.binaries / name), "-h", str(node.server.socket_folder),
            "-U", "postgres", "-d", node.database, *map(str, arguments),
        ],
        input=said, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def restore(node: Node, dump: str, *, stops: bool = True) -> None:
    """Runs a plain dump on the node's database."""
    program(node, "psql", "-q", "-X", "-v", f"ON_ERROR_STOP={int(stops)}", said=dump)


@contextmanager
def empty_database(node: Node, name: str = "restored") -> Iterator[Node]:
    """An empty database on the node, in which it then is."""
    before = node.database
    node.ask(f"create database {name} template template0")
    node.database = name
    try:
        yield node
    finally:
        node.close_sessions()
        node.database = before
        node.ask(f"drop database {name} with (force)")


def digest(node: Node) -> str:
    engine = connect(node.server.url(database=node.database))
    with engine.connect() as connection:
        found = json.dumps(seals.digest(connection))
    engine.dispose()
    return found


def rowtrail(node: Node, *arguments: str) -> tuple[int, str]:
    """The exit status of a command, and what it says."""
    url = node.server.url(database=node.database).set(drivername="postgresql")
    done = subprocess.run(
        [
            sys.executable, "-m", "rowtrail.cli", *arguments,
            "--database", url.render_as_string(hide_password=False),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def found(node: Node) -> tuple[int, list[str], list[str]]:
    """What restore-check says: the status, the faults, the notes."""
    status, said = rowtrail(node, "restore-check", "--json")
    findings = json.loads(said)["findings"]
    faults, notes = (
        [f"{one['object']}: {one['problem']}" for one in findings if one["is_fault"] is is_fault]
        for is_fault in (True, False)
    )
    return status, faults, notes


def is_whole(node: Node, digests: list[str], versions: int, rows: tuple[str, ...]) -> None:
    """The versions are those of the dump; writes are recorded and sealed in a new era."""
    run = node.session()
    of_rows = "select count(*) from rowtrail.versions where op <> 'S'"
    assert run(of_rows) == [(versions,)]
    assert_exact(run, *rows)
    [(era,)] = run("select rowtrail.current_era()")
    run("insert into orders values (10, 'hidden', 'later')")
    run("insert into lines values (2, '2026-01-02', 10)")
    assert run(of_rows) == [(versions + 2,)]
    assert_exact(run, *rows)
    assert run("select data ? 'secret' from rowtrail.versions where row_key = '10'") == [(False,)]
    assert run("select distinct era from rowtrail.versions where row_key = '10'") == [(era,)]
    status, _ = rowtrail(node, "seal")
    assert status == 0
    assert run("select s.versions from rowtrail.unsealed() as s") == [(0,)]
    engine = connect(node.server.url(database=node.database))
    with engine.connect() as connection:
        assert list(seals.check_digests(connection, digests, "kept", None)) == []
        for seal in seals.numbers(connection):
            assert list(seals.verify(connection, seal)) == []
        assert list(seals.verify_rest(connection, True)) == []
        assert connection.scalar(text("select max(era) from rowtrail.seals")) == era
    engine.dispose()
    assert rowtrail(node, "verify")[0] == 0
    status, said = rowtrail(node, "restore-check")
    assert (status, said.splitlines()[-1].split(";")[0]) == (0, "sound"), said


@pytest.fixture
def shop(node: Node) -> Node:
    fill(node)
    return node


def versions_of(node: Node) -> int:
    [(number,)] = node.ask("select count(*) from rowtrail.versions where op <> 'S'")
    return int(number)


@pytest.mark.parametrize("where", ["another cluster", "the same cluster"])
def test_a_whole_dump_goes_on_where_it_is_restored(
    shop: Node, other_node: Node, where: str
) -> None:
    kept, dump, versions = digest(shop), program(shop, "pg_dump"), versions_of(shop)
    target = other_node if where == "another cluster" else shop
    with empty_database(target) as restored:
        restore(restored, dump)
        status, faults, notes = found(restored)
        assert (status, faults) == (0, [])
        assert notes[0] == (
            "the database: was restored or brought into another cluster: era 2 begins"
        )
        assert [note.split(" (")[0] for note in notes[1:]] == [
            "public.lines: was not tracked as it must be",
            "public.orders: was not tracked as it must be",
            *notes[3:],
        ]
        run = restored.session()
        assert run("select count(*) from rowtrail.history('old', 1)") == [(1,)]
        is_whole(restored, [kept], versions, ("orders", "lines"))
        # Again it is a no-op.
        assert run("select is_new from rowtrail.begin_era()") == [(False,)]


@pytest.mark.parametrize("options", [["--inserts"], []], ids=["--inserts", "copy"])
def test_what_was_written_before_the_check_is_of_the_new_era(
    shop: Node, other_node: Node, options: list[str]
) -> None:
    dump = program(shop, "pg_dump", *options)
    with empty_database(other_node) as restored:
        restore(restored, dump)
        run = restored.session()
        run("insert into orders values (20, null, 'at once')")
        run("update orders set status = 'and again' where id = 20")
        assert run("select distinct era from rowtrail.versions") == [(1,)]
        status, faults, notes = found(restored)
        assert (status, faults) == (0, [])
        assert "2 versions of since the restore now belong to the new era" in " ".join(notes)
        assert run(
            "select distinct era, row_key from rowtrail.versions "
            "where row_key = '20' or op = 'S' and era > 1 order by 2"
        ) == [(2, ""), (2, "20")]
        assert rowtrail(restored, "seal")[0] == 0
        assert rowtrail(restored, "verify")[0] == 0
        assert run("select era, ends_era from rowtrail.seals order by id") == [
            (1, False), (1, True), (2, False),
        ]  # fmt: skip


def test_the_seal_begins_the_era_where_nobody_checked(shop: Node, other_node: Node) -> None:
    dump = program(shop, "pg_dump")
    with empty_database(other_node) as restored:
        restore(restored, dump)
        run = restored.session()
        run("insert into orders values (20, null, 'at once')")
        assert rowtrail(restored, "seal")[0] == 0
        assert run("select era from rowtrail.versions where row_key = '20'") == [(2,)]
        assert run("select era, ends_era, versions from rowtrail.seals order by id")[1:] == [
            (1, True, 2), (2, False, 1),
        ]  # fmt: skip


def test_a_restored_history_of_which_all_was_sealed_is_sealed_again(
    shop: Node, other_node: Node
) -> None:
    assert rowtrail(shop, "seal")[0] == 0
    dump = program(shop, "pg_dump")
    with empty_database(other_node) as restored:
        restore(restored, dump)
        assert found(restored)[0] == 0
        assert rowtrail(restored, "seal")[0] == 0
        run = restored.session()
        run("insert into orders values (20, null, 'after it')")
        assert rowtrail(restored, "seal")[0] == 0
        status, said = rowtrail(restored, "verify")
        assert status == 0, said
        ended = run("select versions from rowtrail.seals where ends_era")
        assert ended == [(0,)]


def test_what_was_never_sealed_begins_an_era_in_a_cluster_that_is_ahead(
    node: Node, other_node: Node
) -> None:
    node.make_table("orders (id int primary key, owner text, status text)")
    node.ask("insert into orders values (1, null, 'x')")
    dump = program(node, "pg_dump")
    with empty_database(other_node) as restored:
        run = restored.session()
        [(number,)] = node.ask("select pg_current_xact_id()::text::int")
        run(
            "do $$ begin while pg_current_xact_id()::text::int "
            f"<= {number} loop commit; end loop; end $$"
        )
        restore(restored, dump)
        assert found(restored)[0] == 0
        assert restored.ask("select rowtrail.current_era()") == [(2,)]
        assert rowtrail(restored, "seal")[0] == 0
        assert restored.ask("select era, ends_era from rowtrail.seals where id = 1") == [(1, True)]
        assert rowtrail(restored, "verify")[0] == 0


def test_a_table_that_bears_the_number_of_another_is_not_taken_for_it(
    shop: Node, other_node: Node
) -> None:
    dump = program(shop, "pg_dump")
    with empty_database(other_node) as restored:
        restore(restored, dump)
        run = restored.session()
        # As where a dump gives the numbers out anew.
        run("update rowtrail.tables set relid = 'first'::regclass where table_name = 'orders'")
        run("alter table first add column name text")
        assert run("select count(*) from rowtrail.versions where data::text like '%first%'") == [
            (0,)
        ]
        assert found(restored)[:2] == (0, [])
        assert_exact(run, "orders", "lines")
        assert run("select table_name from rowtrail.status() where state = 'tracked'") == [
            ("public.lines",), ("public.orders",),
        ]  # fmt: skip


def test_disabled_triggers_are_put_in_order(shop: Node, other_node: Node) -> None:
    """pg_dump --data-only --disable-triggers makes ENABLE ALWAYS ordinary."""
    structure = program(shop, "pg_dump", "--schema-only")
    data = program(shop, "pg_dump", "--data-only", "--disable-triggers")
    kept, versions = digest(shop), versions_of(shop)
    with empty_database(other_node) as restored:
        restore(restored, structure)
        restore(restored, data)
        assert ("O",) in restored.ask("select tgenabled from pg_trigger where tgname ~ '^!'")
        assert found(restored)[:2] == (0, [])
        assert restored.ask("select distinct tgenabled from pg_trigger where tgname ~ '^!'") == [
            ("A",)
        ]
        is_whole(restored, [kept], versions, ("orders", "lines"))


def test_data_alone_that_was_recorded_once_more_is_named(shop: Node, other_node: Node) -> None:
    structure = program(shop, "pg_dump", "--schema-only")
    data = program(shop, "pg_dump", "--data-only")
    with empty_database(other_node) as restored:
        restore(restored, structure)
        # Partitions that the registry does not know yet refuse what comes.
        restore(restored, data, stops=False)
        status, faults, _ = found(restored)
        assert status == 1
        assert any("ids are there twice" in fault for fault in faults), faults


def test_rows_that_come_once_more_are_named(shop: Node) -> None:
    run = shop.session()
    data = program(shop, "pg_dump", "--data-only", "--table=orders")
    run("set session_replication_role = replica")
    run("alter table orders disable trigger all")
    run("delete from orders where id = 2")
    run("alter table orders enable trigger all")
    restore(shop, data.replace("1\t", "11\t"), stops=False)
    status, faults, notes = found(shop)
    assert status == 1
    assert (
        "public.orders, key 2: 1 rows were recorded as inserted, though they were there by their "
        "versions"
    ) in faults
    assert "not always on" in " ".join(notes)


def test_a_table_alone_begins_a_history_of_its_own(shop: Node, other_node: Node) -> None:
    dump = program(shop, "pg_dump", "--table=orders")
    with empty_database(other_node) as restored:
        # Its triggers' functions are not there.
        restore(restored, dump, stops=False)
        status, said = rowtrail(restored, "restore-check")
        assert status == 2
        assert "rowtrail is not installed in this database; run: rowtrail upgrade" in said
        assert rowtrail(restored, "upgrade")[0] == 0
        assert rowtrail(restored, "track", "orders", "--exclude", "secret")[0] == 0
        assert rowtrail(restored, "baseline", "orders")[0] == 0
        assert found(restored) == (0, [], [])
        assert_exact(restored.session(), "orders")


def test_the_history_alone_can_be_read_and_verified(shop: Node, other_node: Node) -> None:
    kept = digest(shop)
    dump = program(shop, "pg_dump", "--schema=rowtrail")
    with empty_database(other_node) as restored:
        restore(restored, dump)
        status, faults, notes = found(restored)
        assert (status, faults) == (0, [])
        assert (
            "public.orders: is tracked, but it is not here: only its history was restored" in notes
        )
        engine = connect(restored.server.url(database=restored.database))
        with engine.connect() as connection:
            assert list(seals.check_digests(connection, [kept], "kept", None)) == []
        engine.dispose()
        assert rowtrail(restored, "seal")[0] == 0
        assert rowtrail(restored, "verify")[0] == 0


def test_ids_go_on_beyond_those_that_are_there(shop: Node) -> None:
    [(highest,)] = shop.ask("select max(id) from rowtrail.versions")
    shop.ask("select setval('rowtrail.version_id', 100)")
    status, faults, notes = found(shop)
    assert (status, faults) == (0, [])
    assert notes == [
        "rowtrail.version_id: gave ids that were there already, and now goes on beyond them"
    ]
    shop.ask("insert into orders values (9, null, 'x')")
    assert shop.ask("select id > %s from rowtrail.versions where row_key = '9'", highest) == [
        (True,)
    ]


def test_who_may_not_begin_an_era_is_told_who_may(shop: Node, other_node: Node) -> None:
    dump = program(shop, "pg_dump")
    with empty_database(other_node) as restored:
        restore(restored, dump)
        url = restored.server.url("reader", restored.database).set(drivername="postgresql")
        done = subprocess.run(
            [sys.executable, "-m", "rowtrail.cli", "restore-check", "--database",
             url.render_as_string(hide_password=False)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, "")
        assert "its new era has not begun" in done.stdout
        assert "rowtrail_auditor run: rowtrail restore-check" in done.stdout


def test_a_transaction_that_has_written_does_not_seal(shop: Node) -> None:
    run = shop.session()
    run("begin")
    run("insert into orders values (9, null, 'x')")
    with pytest.raises(Exception, match="needs a transaction of its own"):
        run("select rowtrail.seal()")
    run("rollback")
