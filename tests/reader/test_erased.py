"""Values that were erased, on the pages and in JSON: a reader sees that, and not a NULL."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text


@pytest.fixture
def erasure(db: Connection) -> Any:
    """The number of an erasure of the e-mail of a person who came, changed and went."""
    for statement in (
        "create table people (id int primary key, name text, email text)",
        "select rowtrail.track('people', erasable => true)",
        "insert into people values (1, 'Ada', 'ada@here.example'), (2, 'Bob', null)",
        "update people set email = 'ada@there.example' where id = 1",
        "select rowtrail.seal()",
        "delete from people where id = 1",
    ):
        db.exec_driver_sql(statement)
    return db.scalar(text("select erasure from rowtrail.erase('people', '1', '{email}', 'why')"))


def test_a_page_says_that_a_value_was_erased(client: FlaskClient, erasure: int) -> None:
    page = client.get("/tables/1/row?key=1").text
    assert page.count(">erased</span>") == 4
    assert "ada@" not in page
    assert ">NULL<" not in page
    assert ">erased</span>" not in client.get("/tables/1/row?key=2").text


def test_the_erasure_is_a_sentence_on_the_time_line(client: FlaskClient, erasure: int) -> None:
    page = " ".join(client.get("/tables/1").text.split())
    assert "values were erased" in page
    assert "Erased from the history of" in page
    assert "in 3 versions." in page
    assert "why" in page
    assert "Values of its history can be erased." in page


def test_json_says_which_values_were_erased(client: FlaskClient, erasure: int) -> None:
    found = client.get("/api/v1/tables/1/row?key=1").json or {}
    changes = [one for one in found["changes"] if one["operation"] != "schema"]
    assert [one["erased"] for one in changes] == [
        ["data.email"],
        ["data.email", "old.email"],
        ["data.email"],
    ]
    assert changes[1]["fields"] == [{"column": "email", "old": None, "new": None}]
    [event] = [
        one["event"]
        for one in (client.get("/api/v1/tables/1/changes").json or {})["changes"]
        if one["id"] == erasure
    ]
    assert event["erasure"] == {
        "row_key": "1",
        "columns": ["email"],
        "version_count": 3,
        "unverified_count": 0,
    }


def test_a_row_as_it_was_and_two_versions_say_it_too(
    client: FlaskClient, db: Connection, erasure: int
) -> None:
    first, second = db.scalars(
        text(
            "select id from rowtrail.versions where row_key = '1' and op in ('I', 'U') order by id"
        )
    )
    compared = client.get(f"/tables/1/compare?a={first}&b={second}").text
    assert "The same in both" in compared
    xid = db.scalar(text("select xid::text from rowtrail.versions where op = 'I' limit 1"))
    page = client.get(f"/tables/1/as-of?transaction=1-{xid}").text
    assert page.count(">erased</span>") == 1
    assert "ada@" not in page
