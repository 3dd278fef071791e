"""`rowtrail undo-sql`: the patch on stdout, what it leaves on stderr."""

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest
from as_people_do import Run, said_in_one_line, written
from sqlalchemy import URL, Connection, text

from rowtrail.embedded.server import Server


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.execute(text("create table orders (id int primary key, status text, total numeric)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (42, 'new', 1.50), (43, 'new', 2)"))
    db.execute(text("update orders set status = 'paid', total = 1.5"))
    return db


@pytest.fixture
def last(orders: Connection) -> str:
    """The name of the newest transaction."""
    newest = "select format('%s-%s', era, xid) from rowtrail.versions order by id desc limit 1"
    return str(orders.scalar(text(newest)))


def rows(db: Connection) -> list[tuple[object, ...]]:
    found = db.execute(text("select id, status, total::text from orders order by id"))
    return [tuple(row) for row in found]


def by_psql(server: Server, url: URL, script: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script as its head says."""
    return subprocess.run(
        [server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, written(url)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_patch_is_a_script_that_psql_runs(
    orders: Connection, last: str, url: URL, run: Run, server: Server, tmp_path: Path
) -> None:
    before = rows(orders)
    done = run("undo-sql", "--database", url, "--transaction", last)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(orders) == before
    script = tmp_path / "undo.sql"
    script.write_text(done.stdout, encoding="utf-8")
    assert by_psql(server, url, script).returncode == 0
    assert rows(orders) == [(42, "new", "1.50"), (43, "new", "2")]
    again = by_psql(server, url, script)
    assert again.returncode == 3
    assert "undo stopped: public.orders, key 43, is no longer as it was" in again.stderr


def test_what_a_terminal_or_psql_would_obey_is_only_a_value(
    orders: Connection, url: URL, run: Run, server: Server, tmp_path: Path
) -> None:
    nasty = "a'\\b\n\\! touch pwned\r:x :'x' $undo$ \x1b[31m\u202e\n-- commit;"
    orders.execute(text("insert into orders values (1, :value, 0)"), {"value": nasty})
    orders.execute(text("delete from orders where id = 1"))
    row = ("--row", "orders", 1, "--to", "2999-01-01")
    assert "nothing to put back" in run("undo-sql", "--database", url, *row).stdout
    version = orders.scalar(text("select min(id) from rowtrail.versions where row_key = '1'"))
    done = run("undo-sql", "--database", url, "--row", "orders", 1, "--to", version)
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    script = tmp_path / "undo.sql"
    script.write_text(done.stdout, encoding="utf-8")
    ran = by_psql(server, url, script)
    assert ran.returncode == 0, ran.stderr
    assert orders.scalar(text("select status from orders where id = 1")) == nasty


def test_what_is_not_put_back_is_said_and_is_exit_status_1(
    orders: Connection, last: str, url: URL, run: Run
) -> None:
    orders.execute(text("update orders set total = 7.50 where id = 42"))
    undo = partial(run, "undo-sql", "--database", url, "--transaction", last)
    done = undo()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        "rowtrail: not put back: public.orders, key 42, column total: changed since (by postgres at"
    )
    assert "commit;" in done.stdout
    done = undo("--json")
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert said["sql"].endswith("commit;")
    [conflict] = said["conflicts"]
    assert (conflict["row_key"], conflict["column_name"]) == ("42", "total")
    assert '"found":7.50,' in done.stdout, "numbers are as they were written"


def test_an_actor_and_a_version_can_be_named(orders: Connection, url: URL, run: Run) -> None:
    orders.execute(
        text(
            "select set_config('rowtrail.actor', 'alice', false); "
            "update orders set status = 'lost' where id = 42; "
            "select set_config('rowtrail.actor', '', false)"
        )
    )
    undo = partial(run, "undo-sql", "--database", url)
    by_actor = undo("--actor", "alice", "--since", "2026-01-01", "--table", "orders").stdout
    assert "set status = 'paid'" in by_actor
    newest = orders.scalar(text("select max(id) from rowtrail.versions"))
    assert "set status = 'paid'" in undo("--version", newest).stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ("give one of --row, --version, --transaction",)),
        (("--row", "orders", "42"), ("--row and --to go together",)),
        (("--transaction", "1-1", "--version", "1"), ("give one of",)),
        (("--transaction", "x"), ("by era and number, such as 1-4711, not by 'x'",)),
        (("--version", "7"), ("there is no version 7",)),
        (("--row", "nowhere", "1", "--to", "1"), ("there is no table nowhere",)),
        (("--row", "orders", "1", "--to", "7"), ("public.orders has no version 7 of a row '1'",)),
        (("--row", "orders", "42", "--to", "noon-ish"), ("invalid input syntax", "noon-ish")),
        (("--actor", "x"), ("say since when",)),
        (("--actor", "x", "--since", "2026-01-01"), ("no such change", "'x'")),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    orders: Connection, url: URL, run: Run, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    said_in_one_line(run("undo-sql", "--database", url, *arguments), *parts)
