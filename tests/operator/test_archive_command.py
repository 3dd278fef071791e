"""rowtrail archive: old months as Parquet, the same as in the database and proven without one."""

import contextlib
import fcntl
import hashlib
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from archived import OLD, versions_here, versions_there
from as_people_do import Run, said_in_one_line
from pyarrow import fs, parquet
from sqlalchemy import URL, Connection, Engine, text

from rowtrail import schema
from rowtrail.archive.archives import Archive, codec_of
from rowtrail.archive.archiving import Archiving
from rowtrail.archive.check import Checking
from rowtrail.archive.files import VersionsFile
from rowtrail.archive.place import Place
from rowtrail.db import connect
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.proof import seals
from rowtrail.proof.records import Version, value_salt, values

CHECK = Path(__file__).parents[2] / "docs/check_proof.py"
problem = runpy.run_path(str(CHECK))["problem"]

Archiver = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def orders(db: Connection) -> Connection:
    """Orders with a history in January and February 2025, sealed, and since."""
    return make_orders(db)


def make_orders(db: Connection) -> Connection:
    db.exec_driver_sql("create table orders (id int primary key, status text, total numeric)")
    db.exec_driver_sql("create table lines (a int, b int, primary key (a, b))")
    db.exec_driver_sql("create table log (said text)")
    for table in ("orders", "lines", "log"):
        db.execute(text("select rowtrail.track(:table)"), {"table": table})
    db.exec_driver_sql("insert into orders select g, 'new', 1.50 from generate_series(1, 30) as g")
    db.exec_driver_sql("insert into lines select g, 1 from generate_series(1, 5) as g")
    db.exec_driver_sql("insert into log values ('began')")
    db.exec_driver_sql("update orders set status = 'paid' where id <= 20")
    make_old(db, "2025-01-10")
    db.exec_driver_sql("update orders set total = 1.500 where id <= 10")
    db.exec_driver_sql("delete from orders where id = 30")
    make_old(db, "2025-02-10")
    db.exec_driver_sql("select rowtrail.seal()")
    for number in range(2):
        db.exec_driver_sql(f"update orders set status = 'sent {number}' where id <= 5")
        db.exec_driver_sql("select rowtrail.seal()")
    return db


def make_old(db: Connection, day: str) -> None:
    """What no seal has and is not old is of that day."""
    db.connection.cursor().execute(OLD.format(day=day))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def archive(url: URL, run: Run, place: Path) -> Archiver:
    """Runs `rowtrail archive` to the test's place; gives what each step did."""

    def archive(*options: object) -> list[dict[str, Any]]:
        done = run("archive", "--to", place, *options, "--json", "--database", url)
        assert (done.returncode, done.stderr) == (0, ""), done
        return [json.loads(line) for line in done.stdout.splitlines()]

    return archive


def found_by_verify(place: Path | str, *digests: Path) -> list[str]:
    """What `rowtrail verify --archive` names as wrong."""
    of = Archive(Place(str(place)))
    kept = [(file.name, file.read_text().splitlines()) for file in digests]
    found = Checking(of, kept).findings()
    return [f"{one.object}: {one.problem}" for one in found if one.is_fault]


def proven(place: Path, version: int) -> dict[str, Any]:
    """What `rowtrail prove --archive` gives."""
    return Archive(Place(str(place))).prove(version)


def of_month(versions: dict[int, dict[str, Any]], month: str) -> dict[int, dict[str, Any]]:
    return {id_: v for id_, v in versions.items() if v["changed_at"].startswith(month)}


def test_a_month_is_in_the_archive_as_it_is_in_the_database(
    orders: Connection, archive: Archiver, run: Run, place: Path
) -> None:
    here = versions_here(orders)
    done = archive("--month", "2025-01")
    assert [(one["step"], one["table"], one["versions"]) for one in done] == [
        ("archive", "public.orders", 50),
        ("archive", "public.lines", 5),
        ("archive", "public.log", 1),
    ]
    assert versions_there(place) == of_month(here, "2025-01")
    said = run("verify", "--archive", place)
    assert (said.returncode, said.stdout) == (0, "no faults; 8 files; 56 versions; 3 seals\n")


def test_a_file_says_what_it_is_and_is_sorted_by_key_and_time(
    orders: Connection, archive: Archiver, place: Path
) -> None:
    orders.exec_driver_sql('alter table orders rename to "we""ird; drop"')
    archive("--month", "2025-01", "--table", 'we"ird; drop')
    [path] = place.glob("table=*/month=*/*")
    assert path.relative_to(place).as_posix() == "table=1/month=2025-01/versions-1.parquet"
    file = parquet.ParquetFile(path)
    said = json.loads(file.metadata.metadata[b"rowtrail"])
    assert (said["table"], said["key"], said["month"], said["rows"]) == (
        'public."we""ird; drop"', ["id"], "2025-01", 50,
    )  # fmt: skip
    assert said["first"].startswith("2025-01-10T12:00:00.0001")
    assert said["digest"]["seal"] == 3
    assert said["digest"]["text"].startswith("rowtrail seal 1\nseal 3\n")
    rows = file.read(columns=["row_key", "changed_at", "id"]).to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["row_key"], row["changed_at"], row["id"]))


def test_again_is_compared_and_nothing_is_there_twice(
    orders: Connection, archive: Archiver, run: Run, place: Path
) -> None:
    archive("--month", "2025-01", "--table", "orders")
    first = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    done = archive("--before", "2025-03")
    assert [(one["month"], one["table"], one["written"]) for one in done] == [
        ("2025-01", "public.orders", 0),
        ("2025-01", "public.lines", 5),
        ("2025-01", "public.log", 1),
        ("2025-02", "public.orders", 11),
    ]
    for path, content in first.items():
        assert path.name == "manifest.json" or path.read_bytes() == content
    here = versions_here(orders)
    assert versions_there(place) == of_month(here, "2025-0")
    assert found_by_verify(place) == []
    assert all(one["written"] == 0 for one in archive("--before", "2025-03"))


def test_a_month_without_versions_is_none(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    assert archive("--month", "2024-12") == []
    said = run("archive", "--to", place, "--month", "2024-12", "--database", url)
    assert said.stdout == "2024-12: nothing to archive\n"
    assert found_by_verify(place) == []


def test_what_came_late_goes_into_the_archive_too(
    orders: Connection, archive: Archiver, run: Run, place: Path
) -> None:
    archive("--month", "2025-01")
    orders.exec_driver_sql("insert into orders values (0, 'late', 1), (300, 'late', 1)")
    make_old(orders, "2025-01-20")
    orders.exec_driver_sql("select rowtrail.seal()")
    done = archive("--month", "2025-01", "--table", "orders")
    assert [(one["versions"], one["written"]) for one in done] == [(52, 2)]
    assert versions_there(place) == of_month(versions_here(orders), "2025-01")
    assert [path.name for path in place.glob("table=1/*/*")] == ["versions-2.parquet"]
    assert found_by_verify(place) == []


def test_the_archive_and_what_is_left_are_all_that_was(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    before = versions_here(orders)
    done = archive("--before", "2025-03", "--retire", "--reason", "policy 12")
    assert [
        (one["month"], one["tables"], one["retired"]) for one in done if one["step"] == "retire"
    ] == [
        ("2025-01", ["public.orders"], 20),
        ("2025-02", ["public.orders"], 12),
    ]
    [left] = [one for one in done if one["step"] == "left"]
    assert left["table"] == "public.log"
    assert "no key" in left["why"]
    here = {id_: v for id_, v in versions_here(orders).items() if id_ in before}
    assert len(here) == len(before) - 32
    assert versions_there(place) | here == before
    [reason] = orders.scalars(
        text(
            "select distinct context ->> 'reason' from rowtrail.versions "
            "where op = 'S' and data ? 'retired'"
        )
    )
    assert reason == f"policy 12; archived in {place}"
    assert run("verify", "--database", url).returncode == 0
    assert found_by_verify(place) == []
    assert [one["step"] for one in archive("--before", "2025-03")] == ["archive"] * 4


def test_nothing_is_retired_that_the_archive_does_not_have(
    orders: Connection, archive: Archiver
) -> None:
    before = versions_here(orders)
    done = archive("--month", "2025-02", "--retire", "--reason", "x")
    [left] = [one for one in done if one["step"] == "left"]
    assert "31 of its versions of before 2025-03 are not in the archive" in left["why"]
    assert versions_here(orders) == before


def test_what_no_seal_has_yet_is_not_archived(
    orders: Connection, url: URL, run: Run, place: Path
) -> None:
    orders.exec_driver_sql("insert into orders values (77, 'x', 1)")
    make_old(orders, "2025-01-20")
    done = run("archive", "--to", place, "--month", "2025-01", "--database", url)
    assert said_in_one_line(done, "of public.orders is in no seal yet", "run: rowtrail seal")
    assert versions_there(place) == {}


def test_the_history_of_a_row_is_one_out_of_both(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    whole = run("history", "orders", 3, "--json", "--database", url).stdout
    people = run("history", "orders", 3, "--database", url).stdout
    archive("--before", "2025-03", "--retire", "--reason", "x")
    assert len(run("history", "orders", 3, "--json", "--database", url).stdout.splitlines()) == 3
    both = ("--archive", place, "--database", url)
    assert run("history", "orders", 3, "--json", *both).stdout == whole
    assert run("history", "orders", 3, *both).stdout == people
    assert run("history", "orders", 3, "--limit", 2, "--json", *both).stdout == "".join(
        whole.splitlines(keepends=True)[:2]
    )
    # The archive by itself, and no server is started for it.
    alone = run("history", "orders", 3, "--json", "--archive", place)
    assert (alone.stdout, alone.stderr) == ("".join(whole.splitlines(keepends=True)[2:]), "")
    lines = run("history", "public.lines", "[3,1]", "--json", "--archive", place).stdout
    assert json.loads(lines)["data"] == {"a": 3, "b": 1}
    none = run("history", "orders", 99, "--archive", place)
    assert (none.returncode, none.stderr) == (
        0, "rowtrail: public.orders has no version of a row 99\n",
    )  # fmt: skip


def test_a_move_between_partitions_is_one_change_out_of_the_archive_too(
    db: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    db.exec_driver_sql(
        "create table p (id int, r int, x text, primary key (id, r)) partition by list (r)"
    )
    db.exec_driver_sql("create table p1 partition of p for values in (1)")
    db.exec_driver_sql("create table p2 partition of p for values in (2)")
    db.exec_driver_sql("select rowtrail.track('p')")
    db.exec_driver_sql("insert into p values (1, 1, 'a')")
    db.exec_driver_sql("update p set r = 2, x = 'b'")
    make_old(db, "2025-01-10")
    db.exec_driver_sql("select rowtrail.seal()")
    archive("--month", "2025-01")
    for key in ("[1, 1]", "[1, 2]"):
        here = [
            json.loads(x)
            for x in run("history", "p", key, "--json", "--database", url).stdout.splitlines()
        ]
        there = [
            json.loads(x)
            for x in run("history", "p", key, "--json", "--archive", place).stdout.splitlines()
        ]
        for one in here:
            # Which partitions these were, the database knows.
            one["moved"] = one["moved"] and [None, None]
        assert there == here


def test_a_stranger_can_check_a_version_out_of_the_archive(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    digests = [
        json.loads(run("digest", "--seal", n, "--database", url).stdout)["hash"] for n in (1, 2, 3)
    ]
    proofs = {
        id_: seals.prove(orders, id_) for id_ in list(of_month(versions_here(orders), "2025-0"))
    }
    written = run("prove", 100, "--database", url).stdout
    archive("--before", "2025-03", "--retire", "--reason", "x")
    for id_, proof in proofs.items():
        assert proven(place, id_) == proof
        assert problem(proof, {digests[2]}) is None
    assert run("prove", 100, "--archive", place).stdout == written
    first = run("prove", 100, "--digest-of", 1, "--archive", place).stdout
    assert problem(json.loads(first), {digests[0]}) is None
    goes_on = run("prove", "--from-seal", 2, "--archive", place)
    assert goes_on.stdout == run("prove", "--from-seal", 2, "--database", url).stdout
    missing = run("prove", 7, "--archive", place)
    assert said_in_one_line(missing, "there is no version 7 in the archive")
    later = run("prove", 100, "--digest-of", 9, "--archive", place)
    assert said_in_one_line(later, "there is no seal 9", "up to 3")


@pytest.fixture
def history(server: Server, db: Connection) -> Iterator[Connection]:
    """An empty database, that becomes the history database; a connection to it as a superuser."""
    name = f"history_{db.scalar(text('select current_database()'))}"
    db.execute(text(f'create database "{name}"'))
    engine = connect(server.url(database=name))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()
    db.execute(text(f'drop database "{name}" with (force)'))


def test_a_history_database_is_archived_as_the_database_is_and_to_the_same_place(
    orders: Connection, history: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    before = versions_here(orders)
    there = history.engine.url
    assert run("ship", "--database", url, "--to", there).returncode == 0
    archive("--month", "2025-01")
    whole = {path: path.read_bytes() for path in place.glob("table=*/*/*")}
    done = run(
        "archive", "--to", place, "--before", "2025-03", "--retire", "--reason", "y",
        "--database", there,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2025-01: public.orders: 50 versions, compared, nothing new\n" in done.stdout
    assert "2025-02: 12 versions retired: public.orders\n" in done.stdout
    assert all(path.read_bytes() == content for path, content in whole.items())
    assert versions_there(place) == of_month(before, "2025-0")
    assert found_by_verify(place) == []
    gone = history.execute(text("select reason, place, versions from rowtrail.departures")).all()
    assert [(one.place, one.reason) for one in gone] == [
        (str(place), f"y; archived in {place}") for _ in gone
    ]
    assert sum(one.versions for one in gone) == 32
    assert versions_there(place) | versions_here(history) == before
    verified = run("verify", "--database", there)
    assert verified.returncode == 0, verified.stdout


ODD = """
create table odd (
  id text primary key, n numeric, f float8, j json, b jsonb, a text[], y bytea, t timestamptz);
select rowtrail.track('odd');
insert into odd values ('plain', 1.50, 'NaN', '{"b": 1, "a": 1.0, "a": 2}',
  '{"x": [1, {"y": 1e400}]}', '{}', 'abc', 'infinity');
insert into odd values (e'we"ird; drop\\n\\\\ ''%', 'NaN', '-Infinity', 'null', 'null',
  '{null,"a,b","\\""}', null, '-infinity');
insert into odd values ('', 12345678901234567890.000000, '1e-300', '[ 1.0 , 2]',
  '{"\\u0001": "\\ud83d\\ude00"}');
insert into odd values ('é漢字');
insert into odd values (repeat('k', 1500), 1, 1, '"long"', '"key"');
insert into odd (id, j) select 'long', to_json(repeat('x', 1000000));
update odd set n = n * 1.0;
update odd set id = 'moved' where id = 'plain';
"""


@pytest.mark.parametrize("erasable", [False, True])
def test_what_is_odd_is_exact(
    erasable: bool, db: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    db.connection.cursor().execute(ODD)
    if erasable:
        db.exec_driver_sql("select rowtrail.track('odd', erasable => true)")
    with db.engine.begin() as named:
        named.exec_driver_sql(
            "select rowtrail.set_actor(e'a\\u202e\\n\"', reason => '1.50 \"x\"', "
            "context => '{\"n\": 1.50}')"
        )
        named.exec_driver_sql("update odd set f = 0 where id = 'moved'")
    make_old(db, "2025-01-10")
    db.exec_driver_sql("select rowtrail.seal()")
    here = versions_here(db)
    done = archive("--month", "2025-01", "--with-erasable")
    assert sum(one["versions"] for one in done) == len(here)
    assert versions_there(place) == here
    assert found_by_verify(place) == []
    for id_, v in here.items():
        assert proven(place, id_) == seals.prove(db, id_)
        if v["op"] in "IU" and v["row_key"] in ("moved", "é漢字", "k" * 1500):
            said = ("history", "odd", v["row_key"], "--json")
            assert run(*said, "--archive", place).stdout == run(*said, "--database", url).stdout


@pytest.fixture
def people(db: Connection) -> Connection:
    """A table whose values can be erased, with a row of which some were."""
    db.exec_driver_sql("create table people (id int primary key, name text, email text)")
    db.exec_driver_sql("select rowtrail.track('people', erasable => true)")
    db.exec_driver_sql("insert into people values (1, 'Ann', 'a@x'), (2, 'Bob', 'b@x')")
    db.exec_driver_sql("update people set name = 'Anna', email = null where id = 1")
    make_old(db, "2025-01-10")
    db.exec_driver_sql("select rowtrail.seal()")
    return db


def test_a_table_whose_values_can_be_erased_stays_unless_it_is_asked_for(
    people: Connection, archive: Archiver, place: Path
) -> None:
    [left] = archive("--month", "2025-01")
    assert (left["step"], left["table"]) == ("left", "public.people")
    assert "--with-erasable" in left["why"]
    assert versions_there(place) == {}
    done = archive("--month", "2025-01", "--with-erasable", "--retire", "--reason", "x")
    assert versions_there(place) == of_month(versions_here(people), "2025-01")
    assert "erased" in done[-1]["why"]


def test_what_was_erased_goes_from_the_archive_when_it_is_archived_again(
    people: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    archive("--month", "2025-01", "--with-erasable")
    assert "a@x" in str(versions_there(place))
    people.exec_driver_sql("delete from people where id = 1")
    run("erase", "people", 1, "--reason", "request 17", "--database", url)
    people.exec_driver_sql("select rowtrail.seal()")
    done = archive("--month", "2025-01", "--with-erasable")
    assert [one["written"] for one in done] == [2]
    there = versions_there(place)
    assert there == of_month(versions_here(people), "2025-01")
    assert "a@x" not in str(there)
    assert "b@x" in str(there)
    files = [path for path in place.rglob("*") if path.is_file()]
    assert not any(b"a@x" in path.read_bytes() for path in files)
    assert found_by_verify(place) == []
    for id_ in there:
        assert proven(place, id_) == seals.prove(people, id_)
    people.exec_driver_sql("select rowtrail.erase('people', '1', array['id'], 'all of it')")
    archive("--month", "2025-01", "--with-erasable")
    assert versions_there(place) == of_month(versions_here(people), "2025-01")
    assert found_by_verify(place) == []


def test_what_was_erased_by_force_cannot_be_proven_and_stays(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    archive("--month", "2025-01")
    orders.exec_driver_sql("delete from orders where id = 25")
    run("erase", "orders", 25, "--force", "--reason", "x", "--database", url)
    done = archive("--month", "2025-01")
    [left] = [one for one in done if one["step"] == "left"]
    assert left["why"] == "1 version erased by force, so that they cannot be proven"
    here = of_month(versions_here(orders), "2025-01")
    there = versions_there(place)
    assert there == {id_: v for id_, v in here.items() if v["erased"] is None}
    assert len(there) == len(here) - 1
    assert found_by_verify(place) == []
    assert all(one["written"] == 0 for one in archive("--month", "2025-01") if "written" in one)


def test_eras_and_imports(orders: Connection, archive: Archiver, run: Run, place: Path) -> None:
    """Each era's versions are proven by its seals; what was imported is in none, and stays."""
    orders.exec_driver_sql("update rowtrail.eras set relid = 1")
    orders.exec_driver_sql("select * from rowtrail.seal()")
    orders.exec_driver_sql("update orders set status = 'in era 2' where id <= 3")
    make_old(orders, "2025-02-20")
    orders.exec_driver_sql("select * from rowtrail.seal()")
    orders.exec_driver_sql(
        "insert into rowtrail.versions "
        "(id, changed_at, xid, table_id, era, op, row_key, login, data) "
        "values (-5, '2025-02-03Z', '3', 1, 0, 'I', '1', 'x', '{}')"
    )
    here = of_month(versions_here(orders), "2025-02")
    assert {v["era"] for v in here.values()} == {0, 1, 2}
    done = archive("--month", "2025-02")
    assert done[-1]["why"] == "1 version imported, and in no seal"
    assert versions_there(place) == {id_: v for id_, v in here.items() if id_ > 0}
    assert found_by_verify(place) == []


def changed(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Writes a file of Parquet anew, with other rows, as somebody would who can write there."""
    table = parquet.ParquetFile(path).read()
    parquet.write_table(change(table), path)


def with_value(table: pa.Table, name: str, row: int, value: Any) -> pa.Table:
    column = table.column(name).to_pylist()
    column[row] = value
    number = table.schema.get_field_index(name)
    return table.set_column(
        number, table.schema.field(number), pa.array(column, table.schema.field(number).type)
    )


def rehashed(place: Path) -> None:
    """Makes the manifest agree with the files again, as who can write to the archive can."""
    manifest = json.loads((place / "manifest.json").read_text())
    for kind in ("files", "seals", "leaves"):
        for one in manifest[kind]:
            one["sha256"] = hashlib.sha256((place / one["path"]).read_bytes()).hexdigest()
            if "ids" in one:
                one["ids_sha256"] = hashlib.sha256((place / one["ids"]).read_bytes()).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def made_once(
    server: Server,
    administer: Callable[[str], None],
    template: str,
    run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, URL]]:
    """The archive of a history and its digests, of which each test takes a copy; the database."""
    administer(f"create database archived template {template}")
    url = server.url(database="archived")
    engine = connect(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        make_orders(db)
    engine.dispose()
    folder = tmp_path_factory.mktemp("archived")
    done = run("archive", "--to", folder / "archive", "--before", "2025-03", "--database", url)
    assert (done.returncode, done.stderr) == (0, ""), done
    digests = folder / "digests.jsonl"
    with digests.open("a") as out:
        for seal in (1, 2, 3):
            out.write(run("digest", "--seal", seal, "--database", url).stdout)
    assert found_by_verify(folder / "archive", digests) == []
    yield folder, url
    administer("drop database archived with (force)")


@pytest.fixture
def kept(made_once: tuple[Path, URL], place: Path, tmp_path: Path) -> Path:
    """The digests of an archive's history, that nobody could change."""
    folder, _ = made_once
    shutil.copytree(folder / "archive", place)
    return Path(shutil.copy(folder / "digests.jsonl", tmp_path))


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("data", 3, '{"id": 1, "total": 1.50, "status": "nwe"}'),
        ("old", 1, '{"status": "old"}'),
        ("actor", 0, "mallory"),
        ("login", 0, "nobody"),
        ("context", 0, "{}"),
        ("op", 0, "D"),
        ("row_key", 0, "2"),
        ("xid", 0, 7),
        ("era", 0, 2),
        ("table_id", 0, 2),
        ("new_ctid", 0, "(9,9)"),
        ("new_ctid", 0, "x"),
        ("file", 0, 1),
    ],
)
def test_a_changed_version_is_named(
    kept: Path, run: Run, place: Path, name: str, row: int, value: Any
) -> None:
    file = place / "table=1/month=2025-01/versions-1.parquet"
    id_ = parquet.read_table(file, columns=["id"], partitioning=None).column("id")[row].as_py()
    changed(file, lambda table: with_value(table, name, row, value))
    rehashed(place)
    [fault] = found_by_verify(place, kept)
    assert fault.startswith(f"version {id_} of public.orders in 2025-01, key ")
    assert "is not what seal 1 closed" in fault
    with pytest.raises(RowtrailError, match=r"is not what seal 1 closed|has no version"):
        proven(place, id_)


def test_missing_and_added_and_doubled_versions_are_named(
    kept: Path, run: Run, place: Path
) -> None:
    file = place / "table=1/month=2025-01/versions-1.parquet"
    ids = parquet.ParquetFile(file).read().column("id").to_pylist()
    changed(file, lambda table: table.slice(2))
    faults = found_by_verify(place, kept)
    assert faults[0].startswith("table=1/month=2025-01/versions-1.parquet: is not what was written")
    assert faults[1:] == [
        f"version {id_} of public.orders in 2025-01: is missing: it was archived"
        for id_ in sorted(ids[:2])
    ]
    changed(file, lambda table: pa.concat_tables([table, table.slice(0, 1)]))
    rehashed(place)
    assert any("is there twice" in one for one in found_by_verify(place))
    changed(file, lambda table: with_value(table, "id", 0, 123))
    rehashed(place)
    faults = found_by_verify(place)
    assert any(one.startswith("version 123 of") and "was added" in one for one in faults), faults


def test_tampering_with_each_file_is_named(kept: Path, run: Run, place: Path) -> None:
    whole = place.with_name("whole")
    shutil.copytree(place, whole)
    files = sorted(path for path in whole.rglob("*") if path.suffix == ".parquet")
    assert len(files) == 10
    for path in files:
        name = path.relative_to(whole).as_posix()
        for harm in ("flipped", "cut", "gone", "other"):
            shutil.rmtree(place)
            shutil.copytree(whole, place)
            harmed = place / name
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            if harm == "flipped":
                harmed.write_bytes(content)
            elif harm == "cut":
                harmed.write_bytes(content[: len(content) // 2])
            elif harm == "gone":
                harmed.unlink()
            else:
                shutil.copy(files[files.index(path) - 1], harmed)
            faults = found_by_verify(place, kept)
            assert any(name in one for one in faults), (name, harm, faults)
    shutil.rmtree(place)
    shutil.copytree(whole, place)
    (place / "table=1/month=2025-01/versions-7.parquet").write_bytes(b"PAR1")
    [fault] = found_by_verify(place)
    assert "versions-7.parquet: is there, and the manifest does not name it" in fault
    (place / "manifest.json").write_text("[]")
    done = run("verify", "--archive", place)
    assert said_in_one_line(done, "manifest.json is not what rowtrail archive wrote")


def forged_value(row: dict[str, Any]) -> dict[str, Any]:
    """Another name, where the commitment to the true one is kept, as if it had been erased."""
    v = Version._make(row[name] for name in Version._fields)
    v = v._replace(changed_at=0)
    salts = {place: value_salt(v, place, "utf-8") for place, _ in values(v)}
    name = dict(values(v))["data.name"]
    known = hashlib.sha256((salts.pop("data.name") or b"") + name.encode()).hexdigest()
    return row | {
        "data": row["data"].replace(name, '"Mallory"'),
        "salt": None,
        "erased_salts": json.dumps({place: (salt or b"").hex() for place, salt in salts.items()}),
        "erased_commitments": json.dumps({"data.name": known}),
    }


def with_two_names(row: dict[str, Any]) -> dict[str, Any]:
    """A name before the true one, which is what DuckDB shows."""
    return row | {"data": '{"name": "Mallory", ' + row["data"][1:]}


def said_to_be_erased(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"erased": ["data.name"]}


@pytest.mark.parametrize("forge", [forged_value, with_two_names, said_to_be_erased])
def test_what_no_leaf_holds_of_an_erasable_version_is_named(
    forge: Callable[[dict[str, Any]], dict[str, Any]],
    people: Connection,
    archive: Archiver,
    url: URL,
    run: Run,
    place: Path,
) -> None:
    archive("--month", "2025-01", "--with-erasable")
    file = place / "table=1/month=2025-01/versions-1.parquet"

    def change(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        rows[-1] = forge(rows[-1])
        return pa.Table.from_pylist(rows, table.schema)

    changed(file, change)
    rehashed(place)
    [fault] = found_by_verify(place)
    assert "of public.people in 2025-01, key 2: is not what erasing leaves" in fault
    done = run("archive", "--to", place, "--month", "2025-01", "--with-erasable", "--database", url)
    assert said_in_one_line(done, "is not what was sealed")


@pytest.mark.parametrize("erasable", [False, True])
def test_what_was_erased_before_it_was_sealed_is_as_erasing_leaves_it(
    erasable: bool, db: Connection, archive: Archiver, place: Path
) -> None:
    db.exec_driver_sql("create table people (id int primary key, name text, email text)")
    db.execute(text("select rowtrail.track('people', erasable => :is)"), {"is": erasable})
    db.exec_driver_sql("insert into people values (1, 'Ann', 'a@x')")
    db.exec_driver_sql("update people set name = null, email = null")
    make_old(db, "2025-01-10")
    db.exec_driver_sql("select rowtrail.erase('people', '1', array['name'], 'request 17')")
    db.exec_driver_sql("select rowtrail.seal()")
    archive("--month", "2025-01", "--with-erasable")
    assert versions_there(place) == of_month(versions_here(db), "2025-01")
    assert found_by_verify(place) == []
    if erasable:
        db.exec_driver_sql("select rowtrail.erase('people', '1', array['email'], 'request 18')")
        archive("--month", "2025-01", "--with-erasable")
        assert versions_there(place) == of_month(versions_here(db), "2025-01")
        assert found_by_verify(place) == []


def test_files_of_others_are_let_be(orders: Connection, archive: Archiver, place: Path) -> None:
    others = [
        place / "seals/harp.jpg",
        place / "ids/card.pdf",
        place / "table=1/month=2025-01/part-0.parquet",
    ]
    for file in others:
        file.parent.mkdir(parents=True)
        file.write_text("mine")
    archive("--month", "2025-01")
    assert all(file.read_text() == "mine" for file in others)
    assert len(found_by_verify(place)) == len(others)


def test_what_is_only_in_the_archive_is_never_removed(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    archive("--month", "2025-01")
    older = (place / "manifest.json").read_bytes()
    archive("--before", "2025-03", "--retire", "--reason", "x")
    newest = (place / "manifest.json").read_bytes()
    files = {path: path.read_bytes() for path in place.rglob("*.parquet")}
    for before in (older, None):
        (place / "manifest.json").unlink()
        if before is not None:
            (place / "manifest.json").write_bytes(before)
        done = run("archive", "--to", place, "--before", "2025-03", "--database", url)
        assert said_in_one_line(
            done, "versions that neither manifest.json names nor the database has", "put the newest"
        )
        assert {path: path.read_bytes() for path in place.rglob("*.parquet")} == files
        (place / "manifest.json").write_bytes(newest)
    assert found_by_verify(place) == []
    assert all(one["written"] == 0 for one in archive("--before", "2025-03") if "written" in one)


def harmed_manifests() -> dict[str, Callable[[dict[str, Any]], object]]:
    def first(manifest: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = manifest["files"][0]
        return entry

    return {
        "a path that leads elsewhere": lambda m: first(m).update(path="../precious"),
        "another path": lambda m: first(m).update(path=m["files"][1]["path"]),
        "ids elsewhere": lambda m: first(m).update(ids="/etc/passwd"),
        "a number that is a path": lambda m: first(m).update(number="../1"),
        "a file twice": lambda m: m["files"].append(first(m)),
        "no hash": lambda m: first(m).pop("sha256"),
        "no head": lambda m: m.update(head=None),
        "no list": lambda m: m.update(seals=7),
        "a table of numbers": lambda m: m.update(tables={"1": 2}),
        "a table without a number": lambda m: m["tables"].update(x=m["tables"]["1"]),
    }


@pytest.mark.parametrize("harm", harmed_manifests())
def test_a_manifest_that_is_none_is_said_in_one_line(
    harm: str, kept: Path, made_once: tuple[Path, URL], run: Run, place: Path
) -> None:
    _, url = made_once
    file = place / "manifest.json"
    manifest = json.loads(file.read_text())
    harmed_manifests()[harm](manifest)
    file.write_text(json.dumps(manifest))
    for command in (
        ("verify", "--archive", place),
        ("history", "orders", 3, "--archive", place),
        ("archive", "--to", place, "--month", "2025-01", "--database", url),
    ):
        assert said_in_one_line(run(*command), "manifest.json is not what rowtrail archive wrote")


@pytest.mark.parametrize("key", [b"\xff", b"[" * 9000])
def test_a_key_that_is_none_is_said_in_one_line(
    key: bytes, orders: Connection, archive: Archiver, run: Run, place: Path
) -> None:
    archive("--month", "2025-01")
    table = "orders" if key == b"\xff" else "lines"
    done = run("history", table, os.fsdecode(key), "--archive", place)
    assert said_in_one_line(done, "the key of no row" if table == "orders" else "named by a JSON")
    assert len(done.stderr) < 1000


def test_seals_that_were_made_anew_are_named_by_the_digests(
    kept: Path, run: Run, place: Path
) -> None:
    """Who can write all of the archive can make it agree with itself, but not with the digests."""
    path = place / "seals/seals-1.parquet"
    texts = parquet.ParquetFile(path).read().column("text").to_pylist()
    forged = [one.replace("cluster ", "cluster 9") for one in texts]
    changed(path, lambda table: table.set_column(1, "text", pa.array(forged)))
    rehashed(place)
    faults = found_by_verify(place, kept)
    assert "seal 2: does not follow the seal before it" in faults
    assert any("manifest.json: names another last seal" in one for one in faults)
    assert any("is of another seal 1 than the one that is there" in one for one in faults)
    late = kept.with_name("late.jsonl")
    late.write_text(kept.read_text().splitlines()[0] + "\n")
    assert any("another seal 1" in one for one in found_by_verify(place, late))
    changed(path, lambda table: table.slice(1))
    rehashed(place)
    assert "seal 1: is missing" in found_by_verify(place)


def test_leaves_that_were_changed_are_named(kept: Path, run: Run, place: Path) -> None:
    path = place / "seals/leaves-1.parquet"
    changed(path, lambda table: with_value(table, "leaves", 0, b"\0" * 32 * 67))
    rehashed(place)
    faults = found_by_verify(place)
    assert faults[0] == "seal 1: does not have the leaves that it was made of"
    assert len([one for one in faults if "cannot be proven" in one]) == 67


def test_an_archive_of_another_history_is_refused(
    orders: Connection, archive: Archiver, url: URL, run: Run, place: Path
) -> None:
    archive("--month", "2025-01")
    orders.exec_driver_sql("update rowtrail.seals set root = '\\x00' where id = 3")
    done = run("archive", "--to", place, "--month", "2025-02", "--database", url)
    assert said_in_one_line(done, "is the archive of another history", "its seal 3", "--to")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--month", "2025-1"), ("'2025-1' is no month", "2025-01")),
        (("--month", "2999-01"), ("2999-01 is not over",)),
        (("--before", "2999-01"), ("2999-01 is not over",)),
        ((), ("--month 2025-01",)),
        (("--month", "2025-01", "--retire"), ("--retire needs --reason",)),
        (("--month", "2025-01", "--retire", "--reason", " "), ("--retire needs --reason",)),
        (("--month", "2025-01", "--reason", "x"), ("--reason is of --retire",)),
        (("--month", "2025-01", "--table", "nothing"), ("there is no table nothing",)),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    options: tuple[str, ...],
    parts: tuple[str, ...],
    db: Connection,
    url: URL,
    run: Run,
    place: Path,
) -> None:
    done = run("archive", "--to", place, *options, "--database", url)
    assert said_in_one_line(done, *parts)
    assert not list(place.glob("*.json"))


def test_places_that_cannot_be_are_said_in_one_line(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    def to(place: object) -> subprocess.CompletedProcess[str]:
        return run("archive", "--to", place, "--month", "2025-01", "--database", url)

    assert said_in_one_line(to("ftp://user:secret@host/x"), "ftp://host/x is no place")
    file = tmp_path / "file"
    file.write_text("")
    assert said_in_one_line(to(file / "below"), "cannot write to", "Not a directory")
    assert said_in_one_line(run("verify", "--archive", tmp_path), "there is no archive in")
    assert said_in_one_line(run("history", "x", 1, "--archive", tmp_path), "there is no archive in")
    options = ("--no-rows", "--archive", tmp_path)
    assert said_in_one_line(run("verify", *options), "all of it is verified")


def test_without_seals_there_is_nothing_to_archive(
    db: Connection, url: URL, run: Run, place: Path
) -> None:
    done = run("archive", "--to", place, "--month", "2025-01", "--database", url)
    assert said_in_one_line(done, "there is no seal; run: rowtrail seal")


def test_a_reader_archives_and_does_not_retire(
    orders: Connection, run: Run, place: Path, make_login: Callable[..., Engine]
) -> None:
    reader = make_login("looker", member_of="rowtrail_reader").url
    to = ("archive", "--to", place, "--month", "2025-01", "--database", reader)
    assert run(*to).returncode == 0
    done = run(*to, "--retire", "--reason", "x")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "is not retired: permission denied" in done.stderr
    assert "a superuser" in done.stderr


def test_a_member_of_the_owner_retires(
    orders: Connection, run: Run, place: Path, make_login: Callable[..., Engine]
) -> None:
    keeper = make_login("keeper", member_of="rowtrail_owner, rowtrail_reader").url
    before = versions_here(orders)
    done = run(
        *("archive", "--to", place, "--before", "2025-03", "--database", keeper),
        *("--retire", "--reason", "policy 12"),
    )
    assert done.returncode == 0, done.stderr
    assert 0 < len(versions_here(orders)) < len(before)


def test_two_at_once_do_not_write(orders: Connection, url: URL, run: Run, place: Path) -> None:
    place.mkdir()
    with (place / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run("archive", "--to", place, "--month", "2025-01", "--database", url)
    assert said_in_one_line(done, "another rowtrail archive writes to")


def test_what_the_disk_does_not_keep_is_found_before_it_counts(
    orders: Connection, url: URL, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(self: VersionsFile, v: Version) -> None:
        add(self, v._replace(actor="another") if v.row_key == "7" else v)

    add = VersionsFile.add
    monkeypatch.setattr(VersionsFile, "add", forget)
    engine = connect(url)
    archiving = Archiving(engine, Place(str(place)))
    with (
        archiving.place.locked(),
        pytest.raises(RowtrailError, match="as it was sealed, so nothing is archived"),
    ):
        archiving.archive("2025-01")
    engine.dispose()
    assert versions_there(place) == {}


KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a bucket of a server of this test's own, that speaks S3."""
    pytest.importorskip("moto.server")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    served = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made = fs.S3FileSystem(
            endpoint_override=f"127.0.0.1:{port}",
            scheme="http",
            region="us-east-1",
            allow_bucket_creation=True,
        )
        for _ in range(100):
            with contextlib.suppress(OSError):
                made.create_dir("bucket")
                break
            time.sleep(0.1)
        yield f"s3://bucket/history?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
    finally:
        served.kill()
        served.wait()


def test_an_archive_can_lie_in_a_bucket(
    orders: Connection, url: URL, run: Run, bucket: str
) -> None:
    whole = run("history", "orders", 3, "--json", "--database", url).stdout
    proof = run("prove", 100, "--database", url).stdout
    to = ("archive", "--to", bucket, "--database", url)
    first = run(*to, "--month", "2025-01")
    assert (first.returncode, first.stderr) == (0, "")
    done = run(*to, "--before", "2025-03", "--retire", "--reason", "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2025-02: 12 versions retired: public.orders" in done.stdout
    [reason] = orders.scalars(
        text("select distinct context ->> 'reason' from rowtrail.versions where op = 'S'")
    )
    assert reason == "x; archived in s3://bucket/history"
    assert found_by_verify(bucket) == []
    both = ("--archive", bucket, "--database", url)
    assert run("history", "orders", 3, "--json", *both).stdout == whole
    assert run("prove", 100, "--archive", bucket).stdout == proof
    stranger = Place(bucket)
    stranger.write("table=1/month=2025-01/versions-9.parquet", b"PAR1")
    [fault] = found_by_verify(bucket)
    assert "the manifest does not name it" in fault
    assert run(*to, "--month", "2025-01").returncode == 0
    assert found_by_verify(bucket) == []
    none = bucket.replace("s3://bucket/", "s3://none/")
    missing = run("archive", "--to", none, "--month", "2025-01", "--database", url)
    assert said_in_one_line(missing, "cannot write to s3://none/history")


def test_text_is_proven_in_the_encoding_of_the_database(
    server: Server, db: Connection, run: Run, place: Path
) -> None:
    name = f"latin1_{db.scalar(text('select current_database()'))}"
    options = "template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'"
    db.execute(text(f'create database "{name}" {options}'))
    engine = connect(server.url(database=name))
    schema.upgrade(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as here:
        here.exec_driver_sql("create table kafé (id text primary key, said text)")
        here.exec_driver_sql("select rowtrail.track('kafé')")
        here.exec_driver_sql("insert into kafé values ('é', 'ünd'), ('z', null)")
        here.exec_driver_sql("select rowtrail.track('kafé', erasable => true)")
        here.exec_driver_sql("update kafé set said = 'ÿ'")
        make_old(here, "2025-01-10")
        here.exec_driver_sql("select rowtrail.seal()")
        to = ("archive", "--to", place, "--month", "2025-01", "--with-erasable")
        done = run(*to, "--database", engine.url)
        assert (done.returncode, done.stderr) == (0, "")
        there = versions_there(place)
        assert there == versions_here(here)
        assert found_by_verify(place) == []
        for id_ in there:
            assert proven(place, id_) == seals.prove(here, id_)
    engine.dispose()
    db.execute(text(f'drop database "{name}" with (force)'))
    with pytest.raises(RowtrailError, match="encoding SQL_ASCII cannot be archived"):
        codec_of("SQL_ASCII")
