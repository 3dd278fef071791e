"""Conditional GET: who keeps an answer asks only whether it is still the same."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

PLACES = [
    "/tables/1/changes",
    "/tables/1/row?key=1",
    "/changes?op=insert",
    "/health",
    "/openapi.json",
]


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.execute(text("create table orders (id int primary key, status text)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (1, 'new')"))
    return db


@pytest.mark.parametrize("place", PLACES)
def test_what_one_has_is_not_sent_again(
    client: FlaskClient, orders: Connection, place: str
) -> None:
    first = client.get(f"/api/v1{place}")
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(f"/api/v1{place}", headers={"If-None-Match": known})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == "no-store"
        assert not {"Content-Type", "Content-Length"} & set(again.headers.keys())
    other = client.get(f"/api/v1{place}", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.data) == (200, first.data)


def test_what_changed_is_sent(client: FlaskClient, orders: Connection) -> None:
    place = "/api/v1/tables/1/row?key=1"
    etag = client.get(place).headers["ETag"]
    orders.execute(text("update orders set status = 'paid'"))
    answer = client.get(place, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag
    assert '"paid"' in answer.text


def test_the_json_of_pages_is_compared_too(client: FlaskClient, orders: Connection) -> None:
    etag = client.get("/tables/1.json").headers["ETag"]
    assert client.get("/tables/1.json", headers={"If-None-Match": etag}).status_code == 304
    # Its links are others.
    assert client.get("/api/v1/tables/1/changes").headers["ETag"] != etag


@pytest.mark.parametrize("place", PLACES)
def test_head_has_the_headers_of_get(client: FlaskClient, orders: Connection, place: str) -> None:
    got, head = client.get(f"/api/v1{place}"), client.head(f"/api/v1{place}")
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)
    known = {"If-None-Match": got.headers["ETag"]}
    assert client.head(f"/api/v1{place}", headers=known).status_code == 304


def test_errors_and_exports_have_no_etag(client: FlaskClient, orders: Connection) -> None:
    for place in ("/tables/9", "/changes?before=x", "/changes/export.jsonl"):
        answer = client.get(f"/api/v1{place}", headers={"If-None-Match": "*"})
        assert answer.status_code != 304
        assert "ETag" not in answer.headers
