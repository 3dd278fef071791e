"""`rowtrail feed`: each committed version as a line, at least once, whatever kills it."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from as_people_do import Run, command, environment, execute, said_in_one_line
from sqlalchemy import URL, Connection, text

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def orders(db: Connection) -> Connection:
    """A table that is tracked, with three versions of two transactions."""
    db.execute(text("create table orders (id int primary key, total numeric)"))
    db.execute(text("create table others (id int primary key)"))
    db.execute(text("select rowtrail.track('orders'), rowtrail.track('others')"))
    db.execute(text("insert into orders values (1, 1.50), (2, 3)"))
    db.execute(text("update orders set total = 2.00 where id = 1"))
    return db


@pytest.fixture
def start(url: URL) -> Iterator[Start]:
    """Starts the command; what still runs after the test is killed."""
    started = []

    def start(*arguments: object, **options: Any) -> "subprocess.Popen[bytes]":
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(
            command("feed", "--database", url, *arguments), env=environment(), **options
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def versions(said: str) -> list[Any]:
    return [json.loads(line) for line in said.splitlines()]


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come so far"
        time.sleep(0.02)


def test_it_prints_each_version_with_the_cursor_after_it(
    run: Run, url: URL, orders: Connection
) -> None:
    done = run("feed", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    found = versions(done.stdout)
    assert [(one["op"], one["row_key"]) for one in found[-3:]] == [
        ("insert", "1"),
        ("insert", "2"),
        ("update", "1"),
    ]
    # The digits are PostgreSQL's.
    assert '"total": 2.00' in done.stdout.splitlines()[-1]
    assert found[-1]["old"] == {"total": 1.5}
    assert [one["is_whole"] for one in found[-3:]] == [False, True, True]
    rest = run("feed", "--database", url, "--after", found[-3]["cursor"])
    assert rest.stdout.splitlines() == done.stdout.splitlines()[-2:]
    assert run("feed", "--database", url, "--after", found[-1]["cursor"]).stdout == ""


def test_it_can_be_of_some_tables_only(run: Run, url: URL, orders: Connection) -> None:
    orders.execute(text("insert into others values (1)"))
    found = versions(run("feed", "others", "--database", url).stdout)
    assert {one["table"] for one in found} == {"public.others"}
    both = versions(run("feed", "others", "orders", "--database", url).stdout)
    assert {one["table"] for one in both} == {"public.others", "public.orders"}
    assert said_in_one_line(run("feed", "nowhere", "--database", url), "nowhere")


def test_it_goes_on_from_the_cursor_in_a_file(
    run: Run, url: URL, orders: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "cursor"
    first = run("feed", "--database", url, "--cursor-file", file, "--most", 2)
    assert len(versions(first.stdout)) > 2
    assert file.read_text().strip() == versions(first.stdout)[-1]["cursor"]
    assert run("feed", "--database", url, "--cursor-file", file).stdout == ""
    orders.execute(text("delete from orders where id = 2"))
    [deleted] = versions(run("feed", "--database", url, "--cursor-file", file).stdout)
    assert (deleted["op"], deleted["row_key"]) == ("delete", "2")
    assert list(tmp_path.iterdir()) == [file]


def test_from_now_on_with_a_file_begins_once(
    run: Run, url: URL, orders: Connection, tmp_path: Path
) -> None:
    arguments = ("feed", "--database", url, "--cursor-file", tmp_path / "cursor", "--from-now")
    assert run(*arguments).stdout == ""
    orders.execute(text("delete from orders where id = 2"))
    assert [one["op"] for one in versions(run(*arguments).stdout)] == ["delete"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--after", "yesterday"), ("'yesterday' is no cursor of the feed",)),
        (("--after", "1.1.9999999999:9999999999:"), ("later moment", "go on from 'now'")),
        (("--after", "now", "--from-now"), ("--after",)),
        (("--cursor-file", "/nowhere/cursor"), ("no folder /nowhere",)),
        (("--webhook", "ftp://example.org"), ("ftp://example.org",)),
    ],
)
def test_what_cannot_be_meant_is_said(
    run: Run, url: URL, orders: Connection, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    assert said_in_one_line(run("feed", "--database", url, *arguments), *parts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_until_a_signal_and_leaves_a_whole_cursor(
    start: Start, orders: Connection, tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "cursor"
    process = start("--follow", "--interval", "0.1", "--cursor-file", file, "--from-now")
    wait_until(file.exists)
    orders.execute(text("insert into orders values (3, 7), (4, 8)"))
    assert process.stdout is not None
    first, second = (json.loads(process.stdout.readline()) for _ in range(2))
    assert (first["row_key"], second["row_key"]) == ("3", "4")
    wait_until(lambda: file.read_text().strip() == second["cursor"])
    process.send_signal(number)
    out, problems = process.communicate(timeout=20)
    assert (process.returncode, out, problems.strip()) == (128 + number, b"", b"")


def test_a_reader_that_goes_away_ends_it_and_what_it_did_not_take_comes_again(
    start: Start, run: Run, url: URL, orders: Connection, tmp_path: Path
) -> None:
    orders.execute(text("insert into orders select n, 1 from generate_series(10, 3000) as n"))
    file = tmp_path / "cursor"
    process = start("--follow", "--cursor-file", file)
    assert process.stdout is not None
    taken = process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == -signal.SIGPIPE
    assert process.stderr is not None
    assert process.stderr.read() == b""
    again = run("feed", "--database", url, "--cursor-file", file).stdout
    assert not file.exists() or again.startswith(taken.decode())
    assert len(versions(again)) >= 2993


class Hook(HTTPServer):
    """A webhook that fails as it is told to.

    Attributes:
        answers: the statuses of the next posts; then it is 204.
        posts: what was posted, with each answer.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.posts: list[tuple[int, str, str]] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.posts.append((status, self.headers["Rowtrail-Cursor"], body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_webhook_gets_each_page_until_it_takes_it(
    run: Run, url: URL, orders: Connection, hook: Hook, tmp_path: Path
) -> None:
    hook.answers = [503, 204, 429]
    file = tmp_path / "cursor"
    address = f"http://127.0.0.1:{hook.server_port}/rows"
    arguments = ("--database", url, "--cursor-file", file, "--webhook", address)
    done = run("feed", "orders", *arguments, "--most", 2)
    assert (done.returncode, done.stdout) == (0, "")
    assert "503" in done.stderr
    assert "trying again in 1 s" in done.stderr
    posted = [body for _, _, body in hook.posts]
    assert posted[0] == posted[1]
    taken = [one for status, _, body in hook.posts if status == 204 for one in versions(body)]
    assert len({one["id"] for one in taken}) == len(taken) >= 3
    assert hook.posts[-1][1] == file.read_text().strip()


def test_a_webhook_that_refuses_ends_it_before_the_cursor(
    run: Run, url: URL, orders: Connection, hook: Hook, tmp_path: Path
) -> None:
    hook.answers = [401]
    file = tmp_path / "cursor"
    address = f"http://127.0.0.1:{hook.server_port}/rows"
    done = run("feed", "--database", url, "--cursor-file", file, "--webhook", address)
    assert said_in_one_line(done, "401", "the cursor stays before")
    assert not file.exists()


def test_it_loses_nothing_however_often_it_is_killed(
    start: Start, url: URL, orders: Connection, tmp_path: Path
) -> None:
    """Kill -9 at random moments, while writers go on; the output is a file that goes on."""
    file, out = tmp_path / "cursor", tmp_path / "versions.jsonl"
    chosen = random.Random(os.environ.get("ROWTRAIL_SEED", "7"))
    stop = threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():
            execute(
                url,
                f"insert into orders select {number} + n, n from generate_series(1, 40) as n",
                f"begin; update orders set total = total + 1 where id > {number}; commit",
            )
            number += 40

    writing = threading.Thread(target=write)
    writing.start()
    kills = 0
    try:
        for _ in range(int(os.environ.get("ROWTRAIL_KILLS", "12"))):
            with out.open("ab") as into:
                process = start(
                    *("--follow", "--interval", "0.05", "--most", 7, "--cursor-file", file),
                    stdout=into,
                )
                size = out.stat().st_size
                wait_until(lambda size=size: out.stat().st_size > size)  # type: ignore[misc]
                time.sleep(chosen.random() * 0.4)
                process.kill()
                process.wait()
                kills += 1
    finally:
        stop.set()
        writing.join()
    with out.open("ab") as into:
        assert start("--cursor-file", file, stdout=into).wait(60) == 0
    lines = out.read_text().splitlines()
    whole = []
    for line in lines:
        try:
            whole.append(json.loads(line)["id"])
        except ValueError:
            # A line that a kill has torn; it came again.
            continue
    assert len(lines) - len(whole) <= kills
    recorded = [one for (one,) in orders.execute(text("select id from rowtrail.versions"))]
    assert set(whole) == set(recorded)


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "feed.md"


def test_the_consumer_of_the_guide_takes_each_once_however_often_it_is_killed(
    url: URL, orders: Connection, tmp_path: Path
) -> None:
    """Kill -9 at random moments of who keeps the cursor in the transaction of what it does."""
    orders.execute(
        text("create table order_changes (number bigint, op text, key text, data jsonb)")
    )
    orders.execute(text("create table progress (cursor text)"))
    orders.execute(text("insert into progress values (null)"))
    found = re.search(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    code, places = re.subn(r'"dbname=\w+ user=\w+"', repr(dsn(url)), found[1])
    code, pages = re.subn("1000", "5", code)
    assert (places, pages) == (2, 1)
    program = tmp_path / "consumer.py"
    program.write_text(f"{code}\nwhile True:\n    take_a_page()\n")
    chosen = random.Random(os.environ.get("ROWTRAIL_SEED", "7"))
    copied = text("select count(*) from order_changes")
    for turn in range(int(os.environ.get("ROWTRAIL_KILLS", "12"))):
        before = orders.scalar(copied)
        execute(
            url,
            f"insert into orders select {turn}00 + 10000 + n, n from generate_series(1, 60) n",
        )
        process = subprocess.Popen([sys.executable, program])
        wait_until(lambda before=before: orders.scalar(copied) > before)  # type: ignore[misc]
        time.sleep(chosen.random() * 0.05)
        process.kill()
        process.wait()
    process = subprocess.Popen([sys.executable, program])
    recorded = "select array_agg(v.id order by v.id) from rowtrail.versions as v"
    wanted = orders.scalar(text(recorded))
    try:
        wait_until(lambda: orders.scalar(copied) >= len(wanted))
    finally:
        process.kill()
        process.wait()
    assert (
        orders.scalar(text("select array_agg(number order by number) from order_changes")) == wanted
    )


def dsn(url: URL) -> str:
    """The database, as libpq has it."""
    place = f"host={url.query['host']} port={url.query['port']}"
    return f"{place} user={url.username} dbname={url.database}"
