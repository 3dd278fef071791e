"""Two versions side by side, and who gave each column of a row its value."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

ORDERS = """
create table orders (id bigint primary key, status text, total numeric, note text);
select rowtrail.track('orders');
"""


def run(db: Connection, statements: str) -> None:
    db.connection.cursor().execute(statements)


def as_somebody(db: Connection, actor: str, statement: str) -> None:
    run(db, f"begin; select rowtrail.set_actor('{actor}'); {statement}; commit")


@pytest.fixture
def order(db: Connection) -> int:
    """An order with three versions, and the id of the first."""
    run(db, ORDERS)
    as_somebody(db, "ann", "insert into orders values (42, 'new', 1.0, 'first')")
    as_somebody(db, "bob", "update orders set status = 'paid', total = 1.00")
    as_somebody(db, "cy", "update orders set note = 'second'")
    return 100


def ids(client: FlaskClient, key: str = "42") -> list[int]:
    found: Any = client.get("/tables/1/row.json", query_string={"key": key}).json
    return [change["id"] for change in found["changes"]]


def test_two_versions_are_compared_across_those_between(order: int, client: FlaskClient) -> None:
    newest, _, oldest = ids(client)
    for a, b in ((oldest, newest), (newest, oldest)):
        found: Any = client.get(f"/tables/1/compare.json?a={a}&b={b}").json
        assert [found["old"]["actor"], found["new"]["actor"]] == ["ann", "cy"]
        assert [(one["column"], one["old"], one["new"]) for one in found["fields"]] == [
            ("status", "new", "paid"),
            ("total", 1.0, 1.00),
            ("note", "first", "second"),
        ]
        assert found["same"] == ["id"]
    page = client.get(f"/tables/1/compare?a={oldest}&b={newest}").text
    assert "the same number, with another scale" in page
    assert "The same in both" in page


def test_columns_have_the_names_of_today(order: int, db: Connection, client: FlaskClient) -> None:
    run(db, "alter table orders rename status to state; alter table orders drop note")
    run(db, "update orders set state = 'sent'")
    numbers = ids(client)
    found: Any = client.get(f"/tables/1/compare.json?a={numbers[0]}&b={numbers[-1]}").json
    state = found["fields"][0]
    assert (state["column"], state["old"], state["new"]) == ("state", "new", "sent")
    assert "note" not in str(found["fields"])


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("a=1", 400, "which two versions?"),
        ("a=1&b=x", 400, "not b=&#39;x&#39;"),
        ("a=100&b=99999999999999999999", 400, "which two versions?"),
        ("a=100&b=7", 404, "has no version 7"),
    ],
)
def test_versions_that_are_not_there_are_named(
    order: int, client: FlaskClient, query: str, status: int, said: str
) -> None:
    answer = client.get(f"/tables/1/compare?{query}")
    assert answer.status_code == status
    assert said in answer.text


def test_a_truncate_cannot_be_compared(order: int, db: Connection, client: FlaskClient) -> None:
    run(db, "truncate orders")
    newest = ids(client)[0]
    answer = client.get(f"/tables/1/compare.json?a=100&b={newest}")
    assert answer.status_code == 404
    assert "is of the whole table" in answer.text


def origins(client: FlaskClient, key: str = "42") -> dict[str, str]:
    """The columns of the table of origins, with the actor beside each."""
    page = client.get("/tables/1/row", query_string={"key": key}).text
    if '<table class="origins">' not in page:
        return {}
    table = page.split('<table class="origins">')[1].split("</table>")[0]
    found = {}
    for line in table.split("<tr><th")[2:]:
        name = line.split('<bdi class="column">')[1].split("<")[0]
        actor = line.split("<bdi>")[-2] if "older than" not in line else "older"
        found[name] = actor.split("<")[0]
    return found


def test_each_column_says_who_gave_it_its_value(order: int, client: FlaskClient) -> None:
    assert origins(client) == {"id": "ann", "status": "bob", "total": "bob", "note": "cy"}


def test_a_changed_key_is_followed_back(order: int, db: Connection, client: FlaskClient) -> None:
    as_somebody(db, "dan", "update orders set id = 43")
    as_somebody(db, "eve", "update orders set note = 'third'")
    found = origins(client, "43")
    assert found == {"id": "dan", "status": "bob", "total": "bob", "note": "eve"}
    assert origins(client, "42") == {}


def test_a_renamed_column_keeps_who_gave_it(
    order: int, db: Connection, client: FlaskClient
) -> None:
    run(db, "alter table orders rename status to state")
    assert origins(client)["state"] == "bob"


def test_a_key_that_was_deleted_begins_anew(
    order: int, db: Connection, client: FlaskClient
) -> None:
    run(db, "delete from orders")
    assert origins(client) == {}
    as_somebody(db, "fay", "insert into orders values (42, 'new')")
    assert set(origins(client).values()) == {"fay"}


def test_a_row_from_before_tracking_does_not_guess(db: Connection, client: FlaskClient) -> None:
    run(db, "create table orders (id bigint primary key, status text, total numeric)")
    run(db, "insert into orders values (42, 'new', 1)")
    run(db, "select rowtrail.track('orders')")
    as_somebody(db, "ann", "update orders set status = 'paid'")
    assert origins(client) == {"id": "older", "status": "ann", "total": "older"}


def test_a_value_is_found_behind_many_changes_of_others(
    order: int, db: Connection, client: FlaskClient
) -> None:
    for number in range(120):
        run(db, f"update orders set total = {number} + 2")
    assert origins(client)["status"] == "bob"
    for number in range(120):
        run(db, f"update orders set total = {number} + 200")
    assert origins(client)["status"] == "older"
