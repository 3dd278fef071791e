"""The time zone of the pages, by the link or a cookie; everything that is no page is in UTC."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

ORDERS = """
create table orders (id int primary key, status text);
select rowtrail.track('orders');
insert into orders values (42, 'new');
update rowtrail.versions set changed_at = '2026-07-01 22:30:00+00';
update rowtrail.tables set tracked_since = '2026-01-01 00:00:00+00';
"""


@pytest.fixture
def page(client: FlaskClient, db: Connection) -> str:
    db.connection.cursor().execute(ORDERS)
    return "/tables/1/row?key=42"


def test_without_one_times_are_utc(client: FlaskClient, page: str) -> None:
    assert '2026-07-01 22:30:00<span class="offset">+00:00' in client.get(page).text


def test_a_link_names_a_zone_and_the_next_pages_keep_it(client: FlaskClient, page: str) -> None:
    in_berlin = '2026-07-02 00:30:00<span class="offset">+02:00'
    assert in_berlin in client.get(page + "&tz=Europe/Berlin").text
    assert in_berlin in client.get(page).text
    # In winter it is another offset.
    assert '2026-01-01 01:00:00<span class="offset">+01:00' in client.get("/tables/1").text
    found: Any = client.get("/tables/1/row.json?key=42").json
    assert found["changes"][0]["changed_at"] == "2026-07-01T22:30:00Z"
    assert 'datetime="2026-07-01T22:30:00+00:00"' in client.get(page).text
    assert "22:30:00<" in client.get(page + "&tz=UTC").text
    assert "22:30:00<" in client.get(page).text


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../../etc/passwd", "Europe", "", "x" * 100, "/etc", "a\0b"]
)
def test_what_is_no_zone_is_named(client: FlaskClient, page: str, name: str) -> None:
    answer = client.get("/tables/1", query_string={"tz": name})
    assert answer.status_code == 400
    assert "there is no time zone" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_that_is_no_zone_is_passed_over(client: FlaskClient, page: str) -> None:
    client.set_cookie("rowtrail_tz", "<script>")
    assert "22:30:00<" in client.get(page).text


def test_changing_the_zone_keeps_the_place(client: FlaskClient, page: str) -> None:
    assert '<input type="hidden" name="key" value="42">' in client.get(page).text
