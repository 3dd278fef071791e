"""The feed over HTTP: each committed version once, waited for, or as server-sent events."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text

from rowtrail.reader import stream_api

FEED = "/api/v1/feed"


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.execute(text("create table orders (id int primary key, total numeric)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (1, 1.50), (2, 3)"))
    return db


@pytest.fixture
def quick(client: FlaskClient) -> FlaskClient:
    """A client of an application whose seconds are short."""
    client.application.config["ROWTRAIL_SECOND"] = 0.05
    return client


def test_a_page_says_where_to_go_on(client: FlaskClient, orders: Connection) -> None:
    first: Any = client.get(f"{FEED}?most=1").json
    assert [one["row_key"] for one in first["versions"]] == ["1"]
    assert first["has_more"]
    assert first["cursor"] == first["versions"][-1]["cursor"]
    rest: Any = client.get(FEED, query_string={"after": first["cursor"]}).json
    assert [one["row_key"] for one in rest["versions"]][-1] == "2"
    assert not rest["has_more"]
    nothing: Any = client.get(FEED, query_string={"after": rest["cursor"]}).json
    assert (nothing["versions"], nothing["has_more"]) == ([], False)
    assert '"total": 1.50' in client.get(FEED).text


def test_what_waits_is_answered_when_something_is_committed(
    client: FlaskClient, orders: Connection
) -> None:
    begun = time.monotonic()
    writing = threading.Timer(
        1.5, lambda: orders.execute(text("update orders set total = 9 where id = 1"))
    )
    writing.start()
    answer: Any = client.get(f"{FEED}?after=now&wait=30").json
    writing.join()
    assert [one["op"] for one in answer["versions"]] == ["update"]
    assert 1 < time.monotonic() - begun < 15


def test_the_wait_is_bounded_and_gives_the_cursor(quick: FlaskClient, orders: Connection) -> None:
    answer: Any = quick.get(f"{FEED}?after=now&wait=3").json
    assert answer["versions"] == []
    orders.execute(text("delete from orders where id = 2"))
    later: Any = quick.get(FEED, query_string={"after": answer["cursor"]}).json
    assert [one["op"] for one in later["versions"]] == ["delete"]


def test_it_can_be_of_some_tables(client: FlaskClient, orders: Connection) -> None:
    orders.execute(text("create table others (id int primary key)"))
    orders.execute(text("select rowtrail.track('others')"))
    orders.execute(text("insert into others values (1)"))
    found: Any = client.get(f"{FEED}?table=2").json
    assert {one["table"] for one in found["versions"]} == {"public.others"}
    assert client.get(f"{FEED}?table=1&table=2").status_code == 200
    assert client.get(f"{FEED}?table=77").status_code == 404


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("after=yesterday", 400, "'yesterday' is no cursor"),
        ("after=1.1.3:2:", 400, "is no cursor of the feed"),
        ("after=1.1.9999999999:9999999999:", 410, "later moment"),
        ("most=0", 400, "most=0 is no number from 1 to 10000"),
        ("wait=31", 400, "wait=31 is no number from 0 to 30"),
        ("wait=soon", 400, "wait=soon"),
        ("table=orders", 400, "/tables has them"),
        ("since=now", 400, "there is no parameter 'since'"),
    ],
)
def test_what_cannot_be_meant_is_said(
    client: FlaskClient, orders: Connection, query: str, status: int, said: str
) -> None:
    answer = client.get(f"{FEED}?{query}")
    problem: Any = answer.json
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert said in problem["detail"]


def test_who_finds_no_place_is_told_when_to_come_again(
    quick: FlaskClient, orders: Connection
) -> None:
    for _ in range(stream_api.WAITERS):
        stream_api.seats.acquire()
    try:
        for headers in ({}, {"Accept": "text/event-stream"}):
            refused = quick.get(f"{FEED}?after=now&wait=2", headers=headers)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert refused.json is not None
            assert refused.json["type"].endswith("/busy")
        # Who does not wait needs none.
        assert quick.get(f"{FEED}?wait=2").status_code == 200
        assert quick.get(f"{FEED}?after=now").status_code == 200
    finally:
        for _ in range(stream_api.WAITERS):
            stream_api.seats.release()


def events(body: list[bytes]) -> Iterator[dict[str, str]]:
    """The events of a stream, and its comments under ''."""
    for block in b"".join(body).decode().split("\n\n"):
        if block:
            yield dict(line.partition(": ")[::2] for line in block.split("\n"))


def test_events_have_the_cursor_as_their_id(quick: FlaskClient, orders: Connection) -> None:
    answer = quick.get(FEED, headers={"Accept": "text/event-stream"})
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    found = list(events(list(answer.iter_encoded())))
    assert found[0] == {"retry": "1000"}
    given = [one for one in found if "data" in one]
    assert [json.loads(one["data"])["cursor"] for one in given] == [one["id"] for one in given]
    assert any(one.get("") == "waiting" for one in found)

    resumed = quick.get(
        f"{FEED}?after=now",
        headers={"Accept": "text/event-stream", "Last-Event-ID": given[-2]["id"]},
    )
    again = [one for one in events(list(resumed.iter_encoded())) if "data" in one]
    assert again == given[-1:]


def test_a_stream_that_ends_gives_back_its_place_and_is_logged(
    quick: FlaskClient, orders: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rowtrail.reads"):
        for _ in range(stream_api.WAITERS + 1):
            answer = quick.get(FEED, headers={"Accept": "text/event-stream"}, buffered=False)
            assert answer.status_code == 200
            next(iter(answer.response))
            answer.close()
    entries = [json.loads(record.message) for record in caplog.records]
    assert len(entries) == stream_api.WAITERS + 1
    assert entries[0]["path"] == FEED
    assert entries[0]["broken_off"]


def test_a_page_holds_no_transaction_open_while_it_waits(
    quick: FlaskClient, orders: Connection
) -> None:
    found: list[Any] = []
    query = text(
        "select state from pg_stat_activity where datname = current_database() and usename = 'web'"
    )

    def look() -> None:
        for _ in range(30):
            time.sleep(0.1)
            found.extend(orders.execute(query).scalars())

    looking = threading.Thread(target=look)
    looking.start()
    quick.application.config["ROWTRAIL_SECOND"] = 1
    quick.get(f"{FEED}?after=now&wait=3")
    looking.join()
    assert found.count("idle") > len(found) * 0.7


def test_who_may_read_a_part_gets_that_part(
    make_login: Callable[..., Engine], make_client: Callable[[URL | str], FlaskClient],
    orders: Connection, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    orders.execute(text("create table wages (id int primary key)"))
    orders.execute(text("select rowtrail.track('wages')"))
    orders.execute(text("insert into wages values (1)"))
    orders.execute(text("create role clerk nologin in role rowtrail_limited_reader"))
    try:
        orders.execute(text("grant select on orders to clerk"))
        login = make_login("app", member_of="clerk")
        monkeypatch.setenv("ROWTRAIL_ROLE", "clerk")
        found: Any = make_client(login.url).get(FEED).json
        assert {one["table"] for one in found["versions"]} == {"public.orders"}
    finally:
        orders.execute(text("drop owned by clerk"))
        orders.execute(text("drop role clerk"))
