"""`rowtrail history`, `as-of` and `export` with a history database say what one would."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from as_people_do import Run
from halves import Halves, with_half_of_a_move
from halves import run as ask
from sqlalchemy import URL

Say = Callable[..., str]


@pytest.fixture
def retired(halves: Halves) -> Halves:
    """A history of which what was first is in the history database only."""
    halves.run(
        "create table orders (id int primary key, status text, total numeric)",
        "select rowtrail.track('orders')",
        "insert into orders select n, 'new', 1.50 from generate_series(1, 3) as n",
        "update orders set status = 'paid' where id = 1",
        "update orders set id = 4 where id = 1",
        "delete from orders where id = 2",
        "update orders set status = 'sent' where id = 4",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.run("update orders set total = total + 1")
    halves.keep_whole()
    [(moment,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.retire({"orders": moment})
    return halves


def arguments(halves: Halves) -> list[tuple[str, ...]]:
    """What can be asked, but for the database."""
    versions = ask(
        halves.whole, "select changed_at, era, xid::text from rowtrail.versions order by id"
    )
    asked: list[tuple[str, ...]] = [
        ("history", "orders", "1", "--json"),
        ("history", "orders", "2", "--json"),
        ("history", "orders", "4"),
        ("history", "orders", "4", "--json", "--limit", "2"),
        ("history", "orders", "4", "--limit", "1"),
        ("export", "orders"),
        ("export", "--csv", "--op", "update"),
        ("as-of", "orders", "seal:1", "--json"),
    ]
    for moment, era, xid in versions[2::2]:
        asked.append(("as-of", "orders", f"{moment.isoformat()}", "--json"))
        asked.append(("as-of", "orders", f"{era}-{xid}"))
        asked.append(("as-of", "orders", "1", f"{moment.isoformat()}", "--json"))
    return asked


def test_the_commands_say_what_one_database_would(
    retired: Halves, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(url: URL, *words: str) -> tuple[int, str, str]:
        done = run(words[0], "--database", url, *words[1:])
        return done.returncode, done.stdout, done.stderr

    differing = 0
    for words in arguments(retired):
        monkeypatch.delenv("HISTORY_DATABASE_URL", raising=False)
        expected, alone = said(retired.whole, *words), said(retired.here, *words)
        monkeypatch.setenv(
            "HISTORY_DATABASE_URL", retired.there.render_as_string(hide_password=False)
        )
        assert said(retired.here, *words) == expected, words
        differing += alone != expected
    assert differing > 10


def test_the_half_of_a_move_that_stays_here_is_no_delete(halves: Halves, run: Run) -> None:
    with_half_of_a_move(halves)

    def said(url: URL, *options: Any) -> list[tuple[int, str]]:
        """The versions, and what was done: partitions have no names in the history database."""
        done = run("history", "--database", url, *options, "m", '[1, "a"]', "--json")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(one["id"], one["op"]) for one in lines]

    expected = said(halves.whole)
    assert [op for _, op in said(halves.here)] == ["update", "delete"]
    assert [op for _, op in expected] == ["update", "update", "insert"]
    assert said(halves.here, "--history-database", halves.there) == expected


def test_without_it_they_say_what_is_missing_or_fail(
    retired: Halves, run: Run, tmp_path: Path
) -> None:
    gone = ("--history-database", retired.there.set(database="gone"))
    [(moment,)] = ask(retired.whole, "select min(changed_at) from rowtrail.versions")

    def said(command: str, *words: Any) -> subprocess.CompletedProcess[str]:
        return run(command, "--database", retired.here, *gone, *words)

    done = said("history", "orders", "4", "--json")
    alone = run("history", "--database", retired.here, "orders", "4", "--json")
    assert (done.returncode, done.stdout) == (0, alone.stdout)
    assert "older history is missing: the history database cannot be read:" in done.stderr
    file = tmp_path / "orders.jsonl"
    for done in (
        said("as-of", "orders", moment.isoformat()),
        said("export", "orders", "-o", file),
    ):
        assert done.returncode == 2
        assert "older history is missing: the history database" in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
