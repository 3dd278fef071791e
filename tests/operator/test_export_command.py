"""rowtrail export: the changes that are meant, in a file that is whole or not there."""

import csv
import io
import json
import os
import subprocess
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest
from as_people_do import Run, command, environment, said_in_one_line
from pyarrow import parquet
from sqlalchemy import URL, Connection, text

from rowtrail.history.parquet import write as write_parquet


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.execute(text("create table orders (id int primary key, status text, total numeric)"))
    db.execute(text("create table lines (a int, b int, primary key (a, b))"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("select rowtrail.track('lines')"))
    db.execute(text("insert into orders values (42, 'new', 1.50), (43, '=1+1', 2)"))
    db.execute(text("insert into lines values (1, 2)"))
    db.execute(text("update orders set status = 'paid' where id = 42"))
    return db


def test_a_table_or_all_are_exported_exactly(orders: Connection, url: URL, run: Run) -> None:
    done = run("export", "--database", url, "orders")
    lines = [json.loads(line, parse_float=str) for line in done.stdout.splitlines()]
    assert [(line["operation"], line["row_key"]) for line in lines] == [
        ("insert", "42"),
        ("insert", "43"),
        ("update", "42"),
    ]
    assert lines[0]["data"]["total"] == "1.50"
    assert done.returncode == 0
    assert done.stderr == ""
    assert len(run("export", "--database", url).stdout.splitlines()) == 4


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("orders", "--op", "update"), ["42"]),
        (("orders", "--key", "43"), ["43"]),
        (("lines", "--key", "[1,2]"), ["[1, 2]"]),
        (("orders", "--column", "status", "--from", "new", "--to", "paid"), ["42"]),
        (("orders", "--value", "2.00"), ["43"]),
        (("orders", "--actor", "alice"), []),
        (("orders", "--no-actor", "--login", "postgres", "--op", "insert"), ["42", "43"]),
        (("--until", "2000-01-01"), []),
        (("--since", "2000-01-01", "--op", "insert"), ["42", "43", "[1, 2]"]),
    ],
)
def test_options_say_which_changes(
    orders: Connection, url: URL, run: Run, options: tuple[str, ...], keys: list[str]
) -> None:
    done = run("export", "--database", url, *options)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["row_key"] for line in done.stdout.splitlines()] == keys


def test_the_ending_of_the_file_tells_its_form(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    done = run("export", "--database", url, "orders", "-o", file)
    assert done.stderr == f"{file}: 7 lines\n"
    assert done.stdout == ""
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    assert len(rows) == 7
    assert "'=1+1" in [row["new"] for row in rows]
    run("export", "--database", url, "orders", "--jsonl", "-o", file)
    assert len(file.read_text().splitlines()) == 3
    assert run("export", "--database", url, "orders", "--csv").stdout.startswith(
        '"id","changed_at"'
    )


def test_a_file_is_whole_or_not_there(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("before")
    orders.execute(
        text("insert into orders select g, 'x', g from generate_series(100, 60000) as g")
    )
    process = subprocess.Popen(
        command("export", "--database", url, "orders", "-o", file),
        env=environment(),
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(tmp_path.glob(".orders.jsonl.*.part")):
        pass
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + 15
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_is_one_line(orders: Connection, url: URL, run: Run, tmp_path: Path) -> None:
    def export(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return run("export", "--database", url, *arguments)

    said_in_one_line(export("nothing"), "there is no table nothing")
    said_in_one_line(export("orders", "--since", "soon"), "not 'soon'")
    said_in_one_line(export("orders", "--op", "upsert"), "no operation is called 'upsert'")
    said_in_one_line(export("orders", "--to", "x"), "name that column too")
    missing = tmp_path / "no" / "file.csv"
    said_in_one_line(export("orders", "-o", missing), f"cannot write {missing}: No such file")


def test_parquet_has_what_json_lines_have(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    orders.execute(
        text("update orders set status = null, total = 12345678901234567890.0 where id = 43")
    )
    orders.execute(text("delete from lines"))
    file = tmp_path / "changes.parquet"
    done = run("export", "--database", url, "-o", file)
    assert (done.returncode, done.stderr) == (0, f"{file}: 6 rows\n")
    rows = parquet.read_table(file).to_pylist()
    lines = [
        json.loads(line, parse_float=str)
        for line in run("export", "--database", url).stdout.splitlines()
    ]
    for row, line in zip(rows, lines, strict=True):
        for name in (
            "id",
            "table_id",
            "table",
            "operation",
            "row_key",
            "old_key",
            "actor",
            "login",
        ):
            assert row[name] == line[name]
        assert f"{row['changed_at']:%Y-%m-%dT%H:%M:%S.%fZ}" == line["changed_at"]
        assert (row["era"], str(row["xid"]), row["erased"]) == (
            line["era"], line["xid"], line["erased"],
        )  # fmt: skip
        for name in ("data", "old", "verbatim", "context"):
            known = None if row[name] is None else json.loads(row[name], parse_float=str)
            assert known == line[name]
    assert '"total": 12345678901234567890.0' in rows[4]["data"]


def test_parquet_of_nothing_is_a_file_all_the_same(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "nothing.parquet"
    run("export", "orders", "--actor", "nobody", "--database", url, "-o", file)
    assert parquet.read_table(file).num_rows == 0
    piped = subprocess.run(
        command("export", "orders", "--parquet", "--database", url),
        env=environment(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert parquet.read_table(io.BytesIO(piped)).num_rows == 3


def test_without_its_library_it_says_what_to_install(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    file = tmp_path / "changes.parquet"
    done = run(
        "export", "orders", "--database", url, "-o", file,
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    )  # fmt: skip
    assert said_in_one_line(done, "rowtrail[parquet]")
    assert not file.exists()


def test_a_row_group_of_parquet_is_made_of_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rowtrail.history.parquet.ROWS", 10)
    monkeypatch.setattr("rowtrail.history.parquet.OBJECTS", 4)
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    version = namedtuple(
        "version",
        "id changed_at table_id table operation row_key old_key actor login era xid context data "
        "old verbatim erased",
    )
    rows = [
        version._make(
            [n, moment, 1, "t", "insert", "k", None, None, "x", 1, n, None, "{}", None, None, None]
        )
        for n in range(25)
    ]
    file = io.BytesIO()
    assert write_parquet(file, rows) == 25
    found = parquet.ParquetFile(file)
    groups = [found.metadata.row_group(n).num_rows for n in range(found.num_row_groups)]
    assert groups == [10, 10, 5]
    assert found.read()["id"].to_pylist() == list(range(25))
