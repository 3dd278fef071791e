"""The log of reads: who read which history, when; and no line that anybody forged."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text

MakeClient = Callable[[URL | str], FlaskClient]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the log."""
    file = tmp_path / "reads"
    monkeypatch.setenv("ROWTRAIL_READ_LOG", str(file))
    return file


@pytest.fixture
def by_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("ROWTRAIL_AUTH", "proxy"),
        ("ROWTRAIL_PROXY_HEADER", "X-Remote-User"),
        ("ROWTRAIL_PROXY_PEERS", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)


def read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().split("\n") if line]


def test_each_read_is_one_line_that_says_who_what_and_when(
    log: Path, by_proxy: None, web: Engine, make_client: MakeClient
) -> None:
    client = make_client(web.url)
    answer = client.get("/tables.json?sort=last", headers={"X-Remote-User": "alice"})
    [entry] = read(log)
    assert abs(datetime.fromisoformat(entry.pop("time")) - datetime.now(UTC)).seconds < 60
    assert entry == {
        "person": "alice",
        "role": "rowtrail_reader",
        "peer": "127.0.0.1",
        "method": "GET",
        "path": "/tables.json?sort=last",
        "status": 200,
        "bytes": len(answer.data),
    }
    assert log.stat().st_mode & 0o077 == 0


def test_what_was_refused_or_failed_is_logged_too(
    log: Path, by_proxy: None, web: Engine, make_client: MakeClient
) -> None:
    client = make_client(web.url)
    client.get("/tables")
    client.get("/tables/7", headers={"X-Remote-User": "alice"})
    client.post("/tables", headers={"X-Remote-User": "alice"})
    assert [(one["person"], one["status"]) for one in read(log)] == [
        (None, 403),
        ("alice", 404),
        ("alice", 405),
    ]


def test_what_shows_no_history_is_not_logged(log: Path, client: FlaskClient) -> None:
    for place in ("/health", "/health.json", "/api/v1/openapi.json", "/static/rowtrail.css"):
        client.get(place).close()
    assert read(log) == []


def test_nobody_can_forge_a_line(
    log: Path, by_proxy: None, web: Engine, make_client: MakeClient
) -> None:
    client = make_client(web.url)
    forged = '"}\n{"person": "mallory"}'
    client.get(
        "/search", query_string={"q": forged}, headers={"X-Remote-User": 'alice"}{"person":"bob'}
    )
    client.get("/nowhere%0a%7B%7D%E2%80%A8%00%1b[2J", headers={"X-Remote-User": "alice"})
    client.get("/tables?x=" + "y" * 10_000, headers={"X-Remote-User": "alice"})
    entries = read(log)
    assert [one["person"] for one in entries] == ['alice"}{"person":"bob', "alice", "alice"]
    assert all(len(one["path"]) <= 4000 for one in entries)
    assert log.read_text().isascii()
    assert "\x1b" not in log.read_text()


@pytest.mark.parametrize(("form", "lines"), [("csv", 31), ("jsonl", 10)])
def test_an_export_is_logged_at_its_end_with_the_versions_that_it_gave(
    log: Path, client: FlaskClient, db: Connection, form: str, lines: int
) -> None:
    db.execute(text("create table t (id int primary key, a text, b text)"))
    db.execute(text("select rowtrail.track('t')"))
    db.execute(text("insert into t select n, 'x', 'y' from generate_series(1, 10) as n"))
    with client.get(f"/tables/1/export.{form}") as answer:
        assert read(log) == []
        size = len(answer.data)
        assert len(answer.data.splitlines()) == lines
    [entry] = read(log)
    assert (entry["versions"], entry["bytes"], entry["broken_off"]) == (10, size, False)
    assert entry["path"] == f"/tables/1/export.{form}"


def test_an_export_that_was_broken_off_says_how_much_was_given(
    log: Path, client: FlaskClient, db: Connection
) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("select rowtrail.track('t')"))
    db.execute(text("insert into t select n from generate_series(1, 100) as n"))
    with client.get("/changes/export.jsonl") as answer:
        parts = iter(answer.response)
        for _ in range(3):
            next(parts)
    [entry] = read(log)
    assert (entry["versions"], entry["broken_off"]) == (3, True)


def test_what_cannot_be_logged_is_not_shown(log: Path, client: FlaskClient) -> None:
    assert client.get("/tables").status_code == 200
    log.unlink()
    log.mkdir()
    client.application.logger.disabled = True
    refused = client.get("/tables")
    assert refused.status_code == 503
    assert "ROWTRAIL_READ_LOG" in refused.text
    assert "<main" not in refused.text
    refused = client.get("/api/v1/tables")
    assert (refused.status_code, refused.mimetype) == (503, "application/problem+json")
    assert "ROWTRAIL_READ_LOG" in refused.text


def test_a_log_that_was_moved_away_begins_anew(log: Path, client: FlaskClient) -> None:
    client.get("/tables")
    log.rename(log.with_name("older"))
    client.get("/changes")
    assert [one["path"] for one in read(log)] == ["/changes"]


def test_without_a_file_the_reads_go_to_a_logger(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rowtrail.reads"):
        client.get("/tables?name=%25s")
    [record] = [one for one in caplog.records if one.name == "rowtrail.reads"]
    assert json.loads(record.getMessage())["path"] == "/tables?name=%25s"
