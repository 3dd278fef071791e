"""Promises about restores: nothing is recorded twice, what was sealed verifies, and it goes on."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from as_people_do import Run, execute, scalar, written
from conftest import BINARIES
from sqlalchemy import URL

from rowtrail.embedded import Server

SHOP = (
    "create table orders (gone int, id int primary key, total numeric)",
    "create table items (id int primary key, name text)",
    "select rowtrail.track('orders')",
    "select rowtrail.track('items')",
    "insert into orders values (1, 1, 1.50), (1, 2, 2)",
    "alter table orders drop gone",
    "select rowtrail.track('orders')",
    "insert into items values (1, 'pen'), (2, 'cup')",
    "select rowtrail.seal()",
    "update orders set total = 3 where id = 2",
    "select rowtrail.seal()",
    "delete from items where id = 1",
)


@pytest.fixture
def other_server(folder: Path) -> Iterator[Server]:
    """Another cluster, on which rowtrail was never installed, and whose transactions are few."""
    with Server(folder / "other", Path(BINARIES) if BINARIES else None) as server:
        yield server


@pytest.fixture
def shop(own_server: Server, run: Run, tmp_path: Path) -> URL:
    """A database with history, seals and their digests in `digests.jsonl`."""
    url = own_server.url()
    assert run("upgrade", "--database", url).returncode == 0
    # Transactions count on from here in this cluster, and not in the other one.
    execute(url, *(["select pg_current_xact_id()"] * 300))
    for statement in SHOP:
        execute(url, statement)
        if "seal" in statement:
            run("digest", "--database", url, "--to", tmp_path / "digests.jsonl")
    return url


def dumped(server: Server, url: URL, *options: str) -> bytes:
    """A dump of the database."""
    return subprocess.run(
        [server.binaries / "pg_dump", *options, written(url)], check=True, capture_output=True
    ).stdout


def restored(server: Server, url: URL, sql: bytes, *options: str) -> str:
    """Restores a dump; gives what the server complained of."""
    done = subprocess.run(
        [server.binaries / "psql", "-q", "-X", *options, written(url)],
        input=sql, capture_output=True, check=False,
    )  # fmt: skip
    return done.stderr.decode()


def checked(run: Run, url: URL, *options: object) -> tuple[int, list[str], list[str]]:
    """What restore-check says: its exit status, what it mended, and the faults."""
    done = run("restore-check", "--json", "--database", url, *options)
    assert done.stderr == ""
    said = json.loads(done.stdout)
    faults = [f"{f['object']}: {f['problem']}" for f in said["findings"] if f["is_fault"]]
    return done.returncode, said["mended"], faults


VERSIONS = "select count(*) from rowtrail.versions where op <> 'S'"


def goes_on(run: Run, url: URL, digests: Path) -> bool:
    """Whether what is written is recorded and sealed, and all that was sealed before verifies."""
    before = scalar(url, VERSIONS)
    execute(url, "insert into orders values (9, 9)", "update items set name = 'mug' where id = 2")
    assert scalar(url, VERSIONS) == int(str(before)) + 2
    assert run("seal", "--database", url).stdout.startswith("seal ")
    done = run("verify", "--digests", digests, "--database", url)
    assert done.returncode == 0, done.stdout
    return True


def test_a_dump_in_another_cluster_goes_on_in_another_era(
    shop: URL, own_server: Server, other_server: Server, run: Run, tmp_path: Path
) -> None:
    copy = other_server.url()
    roles = subprocess.run(
        [own_server.binaries / "pg_dumpall", "--roles-only", "-d", written(shop)],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    restored(other_server, copy, roles)
    sql = dumped(own_server, shop)
    assert restored(other_server, copy, sql, "-v", "ON_ERROR_STOP=1") == ""
    assert scalar(copy, VERSIONS) == scalar(shop, VERSIONS)
    # Before anybody looked: it is recorded all the same.
    execute(copy, "insert into orders values (7, 7)")
    status, mended, faults = checked(run, copy)
    assert (status, faults) == (0, [])
    assert mended[:2] == [
        "public.items is tracked again (it was replaced)",
        "public.orders is tracked again (it was replaced)",
    ]
    assert mended[2].startswith("seal 3 closes what was recorded before the restore")
    assert scalar(copy, "select rowtrail.current_era()") == 2
    assert goes_on(run, copy, tmp_path / "digests.jsonl")
    assert scalar(copy, "select count(*) from rowtrail.versions where era = 2") == 2
    done = run("restore-check", "--database", copy)
    assert done.stdout == "sound; 4 seals; 2 tables compared\n"


def test_a_dump_in_another_database_of_the_cluster_goes_on(
    shop: URL, own_server: Server, run: Run, tmp_path: Path
) -> None:
    execute(shop, "create database copy")
    copy = own_server.url(database="copy")
    sql = dumped(own_server, shop)
    assert restored(own_server, copy, sql, "-v", "ON_ERROR_STOP=1") == ""
    status, mended, faults = checked(run, copy)
    assert (status, faults, len(mended)) == (0, [], 2)
    assert scalar(copy, "select rowtrail.current_era()") == 1
    assert goes_on(run, copy, tmp_path / "digests.jsonl")


def test_numbers_that_are_another_tables_since_a_restore_are_forgotten(
    shop: URL, run: Run, tmp_path: Path
) -> None:
    # What a restore into another cluster may come to.
    execute(
        shop,
        "create table stranger (id int primary key)",
        "update rowtrail.tables as t set relid = case t.table_name "
        "when 'orders' then 'stranger'::regclass else 'pg_class'::regclass end",
    )
    status, mended, faults = checked(run, shop)
    assert (status, faults, len(mended)) == (0, [], 2)
    assert scalar(shop, "select count(*) from pg_trigger where tgrelid = 'stranger'::regclass") == 0
    assert goes_on(run, shop, tmp_path / "digests.jsonl")


def test_rows_that_are_restored_past_the_triggers_are_named(
    shop: URL, own_server: Server, run: Run
) -> None:
    sql = dumped(own_server, shop, "--data-only", "--disable-triggers", "--table=public.items")
    execute(shop, "delete from items")
    restored(own_server, shop, sql)
    assert scalar(shop, "select count(*) from items") == 1
    status, mended, faults = checked(run, shop)
    assert mended == ["public.items is tracked again (it was not always on)"]
    [fault] = faults
    assert status == 1
    assert fault.startswith("public.items, key 2: is there, and no version says so")


def test_rows_that_are_restored_by_themselves_are_recorded_as_new(
    shop: URL, own_server: Server, run: Run, tmp_path: Path
) -> None:
    sql = dumped(own_server, shop, "--data-only", "--table=public.items")
    execute(shop, "delete from items")
    assert restored(own_server, shop, sql, "-v", "ON_ERROR_STOP=1") == ""
    assert checked(run, shop) == (0, [], [])
    assert goes_on(run, shop, tmp_path / "digests.jsonl")


def test_history_that_is_restored_by_itself_says_what_is_missing(
    shop: URL, own_server: Server, run: Run
) -> None:
    execute(shop, "create database copy")
    copy = own_server.url(database="copy")
    restored(own_server, copy, dumped(own_server, shop, "--schema=rowtrail"))
    status, _, faults = checked(run, copy)
    # The event triggers are of no schema.
    assert status == 0, faults
    assert scalar(copy, VERSIONS) == scalar(shop, VERSIONS)
    assert scalar(copy, "select count(*) from rowtrail.status() where state <> 'dropped'") == 0


def test_a_sequence_that_is_behind_is_named(shop: URL, run: Run) -> None:
    execute(shop, "select setval('rowtrail.version_id', 100)")
    status, _, faults = checked(run, shop)
    assert status == 1
    assert faults[0].startswith("sequence rowtrail.version_id: is behind the versions")


def test_who_may_not_seal_is_told_who_may(
    shop: URL, own_server: Server, other_server: Server, run: Run
) -> None:
    copy = other_server.url()
    assert run("upgrade", "--database", copy).returncode == 0
    execute(
        copy, "drop schema rowtrail cascade", "create role looker login in role rowtrail_reader"
    )
    restored(other_server, copy, dumped(own_server, shop))
    execute(copy, "grant select on orders, items to looker")
    done = run("restore-check", "--database", other_server.url("looker"))
    assert "was brought into another cluster after seal 2" in done.stdout
    assert "run: rowtrail seal" in done.stdout
