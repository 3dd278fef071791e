"""`rowtrail as-of` and `rowtrail diff`, as people and scripts run them."""

import json
import subprocess
from functools import partial

import pytest
from as_people_do import Run, command, environment, said_in_one_line
from sqlalchemy import URL, Connection, text

WEIRD = 'we"ird; drop table x;--é'


@pytest.fixture
def moment(db: Connection) -> str:
    """When the order was new."""
    db.execute(text("create table orders (id int primary key, status text, total numeric)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (42, 'new', 1.50), (7, 'new', 2)"))
    then = str(db.scalar(text("select clock_timestamp()")))
    db.execute(text("update orders set status = 'paid', total = 1.500 where id = 42"))
    db.execute(text("delete from orders where id = 7"))
    return then


def test_a_table_or_a_row_is_shown_as_it_was(url: URL, run: Run, moment: str) -> None:
    as_of = partial(run, "as-of", "--database", url, "orders")
    assert as_of(moment).stdout.splitlines() == [
        '7  id: 7  total: 2  status: "new"',
        '42  id: 42  total: 1.50  status: "new"',
    ]
    assert as_of("now").stdout == '42  id: 42  total: 1.500  status: "paid"\n'
    heading, *fields = as_of("42", moment).stdout.splitlines()
    assert heading.startswith("42  since 20")
    assert fields == ["    id: 42", "    total: 1.50", '    status: "new"']


def test_scripts_get_a_row_a_line_as_the_database_has_it(url: URL, run: Run, moment: str) -> None:
    done = run("as-of", "orders", "42", moment, "--json", "--database", url)
    assert '"total": 1.50,' in done.stdout
    assert json.loads(done.stdout)["data"]["status"] == "new"
    lines = run("as-of", "orders", moment, "--json", "--database", url).stdout.splitlines()
    assert [json.loads(line)["row_key"] for line in lines] == ["7", "42"]


def test_a_transaction_or_a_snapshot_says_when(
    db: Connection, url: URL, run: Run, moment: str
) -> None:
    snapshot = db.scalar(text("select pg_current_snapshot()::text"))
    paid = db.scalar(
        text("select transaction from rowtrail.changes('-infinity') where op = 'update'")
    )
    db.execute(text("truncate orders"))
    as_of = partial(run, "as-of", "--database", url, "orders")
    assert '"paid"' in as_of(snapshot).stdout
    assert len(as_of(snapshot).stdout.splitlines()) == 1
    assert len(as_of(paid).stdout.splitlines()) == 2
    said_in_one_line(as_of("1-999999"), "there is no version of a transaction 1-999999")


def test_a_seal_says_when(db: Connection, url: URL, run: Run, moment: str) -> None:
    db.execute(text("select rowtrail.seal()"))
    db.execute(text("truncate orders"))
    as_of = partial(run, "as-of", "--database", url, "orders")
    assert '"paid"' in as_of("seal:1").stdout
    assert as_of("now").stdout == ""
    said_in_one_line(as_of("seal:2"), "there is no seal 2", "The page Integrity lists them")


def test_no_row_is_no_error(url: URL, run: Run, moment: str) -> None:
    done = run("as-of", "orders", "8", moment, "--database", url)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "rowtrail: public.orders had no row 8 then\n"
    done = run("as-of", "orders", "2001-01-01", "--database", url)
    assert done.stderr == "rowtrail: public.orders had no row then\n"


@pytest.mark.parametrize("word", ["tuesdy", "10:20:30", "2026-13-01", "\x1b[31m", "9:8:7"])
def test_what_is_no_moment_is_one_line(url: URL, run: Run, moment: str, word: str) -> None:
    said_in_one_line(run("as-of", "orders", word, "--database", url), "not a moment", "12:00Z")


def test_more_rows_than_are_shown_are_said(db: Connection, url: URL, run: Run, moment: str) -> None:
    db.execute(text("insert into orders select k, 'x' from generate_series(100, 150) as k"))
    done = run("as-of", "orders", "now", "--database", url)
    assert len(done.stdout.splitlines()) == 20
    assert done.stderr == "… and more: --limit 200 shows more\n"
    assert len(run("as-of", "orders", "now", "--json", "--database", url).stdout.splitlines()) == 52


def test_two_versions_are_compared_by_the_ids_that_history_shows(
    url: URL, run: Run, moment: str
) -> None:
    shown = run("history", "orders", "42", "--database", url).stdout
    second, first = (line.split("#")[1] for line in shown.splitlines() if "#" in line)
    done = run("diff", first, second, "--database", url)
    assert done.stdout.splitlines() == ['status: "new" → "paid"', "total: 1.50 → 1.500  (scale)"]
    lines = run("diff", first, second, "--json", "--database", url).stdout.splitlines()
    assert json.loads(lines[0]) == {
        "column_name": "status", "path": [], "before": "new", "after": "paid", "kind": "value",
    }  # fmt: skip
    same = run("diff", first, first, "--database", url)
    assert (same.stdout, same.returncode) == ("", 0)
    said_in_one_line(run("diff", first, "1", "--database", url), "there is no version 1")


def test_hostile_content_is_shown_as_text(db: Connection, url: URL, run: Run) -> None:
    name = '"' + WEIRD.replace('"', '""') + '"'
    db.execute(text(f"create table {name} (k text primary key, v text)"))
    db.execute(text(f"select rowtrail.track('{name}')"))
    key, value = '\x1b[2J/\u202e"', "<script>\x07" + "x" * 1_000_000
    db.execute(text(f"insert into {name} values (:key, :value)"), {"key": key, "value": value})
    done = run("as-of", WEIRD, "now", "--database", url)
    assert done.stdout.startswith('\\u001b[2J/\\u202e"  k: ')
    assert "<script>\\u0007xxx" in done.stdout
    assert "… (1,000,016 characters)" in done.stdout
    assert len(done.stdout) < 500
    assert not set("\x1b\x07\u202e") & set(done.stdout)
    assert "1,000,016" in run("as-of", WEIRD, key, "now", "--database", url).stdout


def test_a_table_is_streamed(db: Connection, url: URL) -> None:
    db.execute(text("create table big (id int primary key, v text)"))
    db.execute(text("select rowtrail.track('big')"))
    db.execute(text("insert into big select k, repeat('x', 1000) from generate_series(1, 60000) k"))
    measured = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        ["python3", "-c", measured, *command("as-of", "big", "now", "--json", "--database", url)],
        capture_output=True, text=True, check=True, env=environment(),
    )  # fmt: skip
    assert int(done.stdout) < 110_000, "kilobytes, for 60 MB of rows"
