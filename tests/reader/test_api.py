"""The JSON: the same content as the pages, exactly as PostgreSQL wrote it."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

BIG = "12345678901234567890123456789.123456789012345678900"


@pytest.fixture
def change(client: FlaskClient, db: Connection) -> Any:
    """An update of exact numbers, as the feed gives it."""
    db.execute(text("create table prices (id bigint primary key, price numeric, body json)"))
    db.execute(text("select rowtrail.track('prices')"))
    db.execute(text("insert into prices values (9007199254740993, 1.50, '{\"a\": 1.10}')"))
    db.execute(text("begin"))
    db.execute(
        text("select rowtrail.set_actor('alice', reason => 'why', context => '{\"n\": 1.0}')")
    )
    db.execute(text(f"update prices set price = {BIG}, body = '0.00000001'"))
    db.execute(text("commit"))
    return client.get("/tables/1.json").json["changes"][0]  # type: ignore[index]


def test_numbers_are_as_postgresql_wrote_them(
    client: FlaskClient, db: Connection, change: Any
) -> None:
    xid = change["xid"]
    for place in (
        "/tables/1.json",
        "/tables/1/row.json?key=9007199254740993",
        f"/transactions/1-{xid}.json",
    ):
        assert f'"column": "price", "old": 1.50, "new": {BIG}' in client.get(place).text
        assert '"column": "body", "old": {"a": 1.10}, "new": 0.00000001' in client.get(place).text
        assert '"n": 1.0' in client.get(place).text
    whole = client.get(change["url"]).text
    data = db.scalar(text("select data::text from rowtrail.versions where op = 'U'"))
    assert f'"data": {data}, "old": ' in whole
    assert f'"price": {BIG}' in whole


def test_a_transactions_number_is_text(change: Any) -> None:
    assert isinstance(change["xid"], str)


def test_a_version_tells_who_when_and_why(change: Any, client: FlaskClient) -> None:
    assert (change["actor"], change["login"]) == ("alice", "postgres")
    assert change["context"] == {"reason": "why", "n": 1.0}
    assert change["operation"] == "update"
    assert change["changed_at"].endswith("Z")
    [table] = client.get("/tables.json").json["tables"]  # type: ignore[index]
    assert table["last_change"]["id"] == change["id"]
    assert table["key_columns"] == ["id"]


def test_every_page_has_the_same_content_as_json(client: FlaskClient, change: Any) -> None:
    key = change["row_key"]
    for place in (
        "/tables",
        "/tables/1",
        f"/tables/1/row?key={key}",
        f"/transactions/1-{change['xid']}",
    ):
        path, _, query = place.partition("?")
        page, as_json = client.get(place), client.get(f"{path}.json?{query}")
        assert page.mimetype == "text/html"
        assert as_json.mimetype == "application/json"
        assert f'href="{path}.json' in page.text
        assert key in page.text
        assert key in as_json.text


def test_only_an_update_has_values_before_and_after(
    client: FlaskClient, change: Any, db: Connection
) -> None:
    db.execute(text("delete from prices"))
    delete, _, insert = client.get("/tables/1.json").json["changes"]  # type: ignore[index]
    assert all("old" in field and "new" not in field for field in delete["fields"])
    assert all("new" in field and "old" not in field for field in insert["fields"])
