"""A history of which the older part was retired, on the pages and in JSON."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text


@pytest.fixture
def retired(db: Connection) -> Any:
    """The time since which the history of the orders is complete."""
    for statement in (
        "create table orders (id int primary key, status text)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 'new'), (2, 'new')",
        "update orders set status = 'paid' where id = 1",
        "update rowtrail.versions set changed_at = changed_at - interval '14 months'",
        "select rowtrail.empty_default_partition()",
        "select rowtrail.set_retention('orders', '1 year', 'policy 12')",
        "select * from rowtrail.retire('policy 12')",
        "update orders set status = 'sent' where id = 1",
    ):
        db.exec_driver_sql(statement)
    return db.scalar(text("select complete_from from rowtrail.tables"))


def test_it_is_on_the_time_line(client: FlaskClient, retired: Any) -> None:
    page = " ".join(client.get("/tables/1").text.split())
    assert "how long the history is kept" in page
    assert "the older history" in page
    assert "text null" not in page
    assert re.search("for ever</bdi>.*became.*1 year</bdi>", page)
    assert "kept for 1 year. What" in page
    assert "Its history is kept for 1 year." in page
    assert "What was not needed since" in page
    assert "1 version that is not needed since was taken out of the history." in page
    assert page.count("policy 12") >= 2
    table = client.get("/api/v1/tables/1").json or {}
    assert (table["kept"], table["complete_from"][:4]) == ("1 year", str(retired.year))
    changes = (client.get("/api/v1/tables/1/changes").json or {})["changes"]
    events = [one["event"] for one in changes if one["event"]]
    assert [one["retirement"] and one["retirement"]["version_count"] for one in events] == [1, None]
    assert events[1]["options"] == [{"option": "kept", "old": "for ever", "new": "1 year"}]


def test_what_was_before_it_is_not_made_up(client: FlaskClient, retired: Any) -> None:
    since = client.get("/tables/1/as-of.json", query_string={"at": f"{retired:%Y-%m-%dT%H:%M:%SZ}"})
    assert since.status_code == 200
    assert len((since.json or {})["rows"]) == 2
    for page in ("/tables/1/as-of", "/tables/1/as-of.json"):
        before = client.get(page, query_string={"at": "2020-01-01T00:00:00Z"})
        assert before.status_code == 400
        assert "was retired" in before.text


def test_the_row_begins_with_what_was_needed(client: FlaskClient, retired: Any) -> None:
    found = client.get("/api/v1/tables/1/row?key=1").json or {}
    operations = [one["operation"] for one in found["changes"] if one["operation"] != "schema"]
    assert operations == ["update", "update"]
