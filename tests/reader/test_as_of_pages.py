"""A table and a row as they were, on the pages."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

ORDERS = """
create table orders (id int primary key, status text, total numeric);
select rowtrail.track('orders');
"""
SNAPSHOT = "select pg_current_snapshot()::text"


@pytest.fixture
def run(db: Connection) -> Callable[[str], None]:
    db.connection.cursor().execute(ORDERS)
    return lambda statement: db.connection.cursor().execute(statement) and None


def then(client: FlaskClient, **arguments: Any) -> Any:
    answer = client.get("/tables/1/as-of.json", query_string=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json


def rows(found: Any) -> dict[str, dict[str, Any]]:
    return {
        row["row_key"]: {one["column"]: one.get("value") for one in row["columns"]}
        for row in found["rows"]
    }


def test_a_table_is_shown_after_each_transaction(
    client: FlaskClient, db: Connection, run: Callable[[str], None]
) -> None:
    states: list[tuple[Any, Any, list[tuple[str, str]]]] = []
    for statement in (
        "insert into orders values (1, 'new', 1.0), (2, 'new', 2.0)",
        "update orders set status = 'paid' where id = 1",
        "update orders set id = 3 where id = 2",
        "delete from orders where id = 1",
    ):
        run(statement)
        now = db.execute(text("select id, status from orders order by id")).all()
        xid = db.scalar(text("select max(xid::text::bigint) from rowtrail.versions"))
        snapshot = db.scalar(text(SNAPSHOT))
        states.append((xid, snapshot, [(str(key), status) for key, status in now]))
    for xid, snapshot, live in states:
        for boundary in ({"transaction": f"1-{xid}"}, {"snapshot": snapshot}):
            found = rows(then(client, **boundary))
            assert [(key, row["status"]) for key, row in sorted(found.items())] == live


def test_a_table_is_shown_as_a_seal_saw_it(
    client: FlaskClient, db: Connection, run: Callable[[str], None]
) -> None:
    for status in ("new", "paid", "sent"):
        run(
            f"insert into orders values (1, '{status}') "
            "on conflict (id) do update set status = excluded.status"
        )
        run("select rowtrail.seal()")
    for seal, status in ((1, "new"), (2, "paid"), (3, "sent")):
        assert rows(then(client, seal=seal))["1"]["status"] == status
        page = client.get("/tables/1/as-of", query_string={"seal": seal}).text
        assert f"As seal {seal} saw it." in page
    answer = client.get("/tables/1/as-of.json?seal=4")
    assert answer.status_code == 400
    assert "there is no seal 4" in answer.text
    answer = client.get("/tables/1/as-of.json?seal=x")
    assert "a seal is its number" in answer.text


def test_one_walks_from_change_to_change(client: FlaskClient, run: Callable[[str], None]) -> None:
    for status in ("new", "paid", "sent"):
        run(
            f"insert into orders values (1, '{status}') "
            "on conflict (id) do update set status = excluded.status"
        )
    found = then(client, key="1")
    seen = [rows(found)["1"]["status"]]
    while found["earlier"]:
        page = client.get("/tables/1/as-of", query_string={"key": "1", **found["as_of"]}).text
        assert "‹ Before this change" in page
        link = page.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
        found = client.get(link.replace("/as-of?", "/as-of.json?")).json
        seen += [row["status"] for row in rows(found).values()]
    assert seen == ["sent", "paid", "new"]
    assert "There was no such row" in client.get(link).text
    page = client.get(link).text
    seen = []
    while 'rel="next"' in page:
        link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        seen += [
            row["status"]
            for row in rows(client.get(link.replace("/as-of?", "/as-of.json?")).json).values()
        ]
        page = client.get(link).text
    assert seen == ["new", "paid", "sent"]


def test_what_ended_the_whole_table_comes_next_for_a_row(
    client: FlaskClient, run: Callable[[str], None]
) -> None:
    run("insert into orders values (1, 'new'), (2, 'new')")
    run("truncate orders")
    found = then(client, key="1", at=then(client)["earlier"]["changed_at"])
    assert rows(found) == {}
    assert found["earlier"]["operation"] == "truncate"
    run("insert into orders values (1, 'again')")
    back = client.get("/tables/1/as-of", query_string={"key": "1", **found["as_of"]}).text
    assert "No later change is recorded." not in back
    link = back.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    before: Any = client.get(link.replace("/as-of?", "/as-of.json?")).json
    assert rows(before)["1"]["status"] == "new"
    assert before["later"]["operation"] == "truncate"


def test_columns_have_the_names_of_that_day(
    client: FlaskClient, db: Connection, run: Callable[[str], None]
) -> None:
    run("insert into orders values (1, 'new', 1.50)")
    xid = db.scalar(text("select max(xid::text::bigint) from rowtrail.versions"))
    run("alter table orders rename status to state; alter table orders drop total")
    assert rows(then(client, transaction=f"1-{xid}")) == {
        "1": {"id": 1, "status": "new", "total": 1.50}
    }
    assert rows(then(client)) == {"1": {"id": 1, "state": "new"}}


def test_many_rows_are_read_page_by_page(client: FlaskClient, run: Callable[[str], None]) -> None:
    run("insert into orders select n, 'new' from generate_series(1, 120) as n")
    found, seen = then(client), []
    while True:
        seen += [row["row_key"] for row in found["rows"]]
        if not found["next"]:
            break
        # The next page is of the same moment.
        run("delete from orders where id > 100; insert into orders values (999, 'late')")
        found = client.get(found["next"]).json
        run("delete from orders where id = 999")
    assert seen == sorted(str(n) for n in range(1, 121))
    page = client.get("/tables/1/as-of").text
    assert "Next rows, by key" in page


def test_a_composite_key_is_found_however_it_is_spaced(client: FlaskClient, db: Connection) -> None:
    db.connection.cursor().execute(
        "create table lines (a int, b int, primary key (a, b)); select rowtrail.track('lines');"
        "insert into lines values (4, 2)"
    )
    assert rows(then(client, key="[4,2]")) == {"[4, 2]": {"a": 4, "b": 2}}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("at=yesterdayish", "at is a moment such as"),
        ("transaction=4711", "such as 1-4711"),
        ("transaction=1-999999999", "999999999"),
        ("snapshot=x", "such as 4711:4720:4713"),
        ("snapshot=9:3:", "9:3:"),
        ("snapshot=99999999999999999999999:3:", "99999999999999999999999:3:"),
        ("at=2026-01-01&transaction=1-2", "give one of the four"),
        ("key=a%00b", "NUL"),
    ],
)
def test_a_boundary_that_cannot_be_meant_is_named(
    client: FlaskClient, run: Callable[[str], None], query: str, said: str
) -> None:
    for place in ("as-of", "as-of.json"):
        answer = client.get(f"/tables/1/{place}?{query}")
        assert answer.status_code == 400
        assert said in answer.text


def test_hostile_rows_are_shown_as_text(client: FlaskClient, db: Connection) -> None:
    db.connection.cursor().execute(
        """create table "<b>" ("<i>""'" text primary key, note text);
        select rowtrail.track('"<b>"');
        insert into "<b>" values ('"/><script>', repeat('<u>', 100000))"""
    )
    for query in ("", "?key=%22/%3E%3Cscript%3E"):
        page = client.get("/tables/1/as-of" + query)
        assert page.status_code == 200
        assert not {"<b>", "<i>", "<u>", "<script>"} & set(page.text.split())
        assert page.text.count("<script") == 1
        assert "300,000 characters" in page.text
        assert len(page.text) < 20_000
