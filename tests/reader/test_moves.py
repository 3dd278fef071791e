"""A row that moves between partitions shows as one update, on every page and at every border."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

TABLE = (
    "create table m (id int, region text, n int, primary key (id, region)) "
    "partition by list (region)",
    "create table m_a partition of m for values in ('a')",
    "create table m_b partition of m for values in ('b')",
    "select rowtrail.track('m')",
)


@pytest.fixture(autouse=True)
def table(db: Connection) -> None:
    for statement in TABLE:
        db.execute(text(statement))


def versions(client: FlaskClient, place: str) -> list[Any]:
    answer: Any = client.get(place).json
    found: list[Any] = answer["changes"]
    return found


def walk(client: FlaskClient, place: str | None, onward: str) -> list[Any]:
    """The versions of all pages from a place on, as they come."""
    found: list[Any] = []
    while place:
        answer: Any = client.get(place).json
        assert len(answer["changes"]) == 50 or not answer[onward]
        found += answer["changes"]
        place = answer[onward]
    return found


def test_both_keys_and_the_table_and_the_transaction_show_one_update(
    client: FlaskClient, db: Connection
) -> None:
    db.execute(text("insert into m values (1, 'a', 1)"))
    db.execute(text("update m set region = 'b', n = 2"))
    places = ['/tables/1/row.json?key=[1, "a"]', '/tables/1/row.json?key=[1, "b"]']
    xid = db.scalar(text("select max(xid::text) from rowtrail.versions where op = 'D'"))
    for place in (*places, "/tables/1.json", f"/transactions/1-{xid}.json"):
        one = versions(client, place)[0]
        assert (one["operation"], one["row_key"], one["old_key"]) == (
            "update", '[1, "b"]', '[1, "a"]'
        )  # fmt: skip
        assert one["moved"] == {"from": "public.m_a", "to": "public.m_b"}
        assert [(f["column"], f["old"], f["new"]) for f in one["fields"]] == [
            ("region", "a", "b"), ("n", 1, 2)
        ]  # fmt: skip
    assert [len(versions(client, place)) for place in places] == [2, 1]
    answer: Any = client.get(f"/transactions/1-{xid}.json").json
    assert [(part["operation"], part["change_count"]) for part in answer["parts"]] == [
        ("update", 1)
    ]
    whole: Any = client.get(one["url"]).json
    assert whole["old"] == {"region": "a", "n": 1}


def test_the_pages_say_from_where_to_where(client: FlaskClient, db: Connection) -> None:
    db.execute(text("insert into m values (1, 'a', 1)"))
    db.execute(text("update m set region = 'b'"))
    page = client.get('/tables/1/row?key=[1, "a"]').text
    said = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "It moved from partition public.m_a to partition public.m_b ." in said
    assert "has another key now" in said
    assert "there before tracking began" not in said
    assert ">there now</span>" in client.get('/tables/1/row?key=[1, "b"]').text
    assert "update" in client.get("/tables").text


def test_no_border_of_a_page_parts_or_doubles_a_move(client: FlaskClient, db: Connection) -> None:
    db.execute(text("insert into m select i, 'a', 0 from generate_series(1, 120) as i"))
    db.execute(text("update m set region = 'b'"))
    db.execute(text("delete from m where id % 7 = 0"))
    feed = walk(client, "/tables/1.json", "older")
    assert [one["operation"] for one in feed] == (
        ["delete"] * 17 + ["update"] * 120 + ["insert"] * 120
    )
    assert walk(client, "/tables/1.json?after=0", "newer")[:50] == feed[-50:]
    xid = feed[20]["xid"]
    # From whatever place on.
    for before in range(min(one["id"] for one in feed), max(one["id"] for one in feed), 1900):
        page = versions(client, f"/tables/1.json?before={before}")
        assert page == [one for one in feed if one["id"] < before][:50]
    moved = walk(client, f"/transactions/1-{xid}.json", "newer")
    assert [one["row_key"] for one in moved] == [f'[{i}, "b"]' for i in range(1, 121)]


def test_a_row_with_a_long_history_of_moves_is_paged(client: FlaskClient, db: Connection) -> None:
    db.execute(text("insert into m values (1, 'a', 0)"))
    for i in range(120):
        db.execute(text(f"update m set region = case region when 'a' then 'b' else 'a' end, n={i}"))
    for key, count in (("a", 121), ("b", 120)):
        found = walk(client, f'/tables/1/row.json?key=[1, "{key}"]', "older")
        assert [one["operation"] for one in found][:120] == ["update"] * 120
        assert len({one["id"] for one in found}) == len(found) == count


def test_a_delete_by_hand_is_shown_as_one(client: FlaskClient, db: Connection) -> None:
    db.execute(text("insert into m values (1, 'a', 0)"))
    db.execute(text("begin"))
    db.execute(text("delete from m"))
    db.execute(text("insert into m values (1, 'b', 0)"))
    db.execute(text("commit"))
    assert [one["operation"] for one in versions(client, "/tables/1.json")] == [
        "insert", "delete", "insert"
    ]  # fmt: skip


def test_partitions_that_come_and_go_are_events_of_the_table(
    client: FlaskClient, db: Connection
) -> None:
    db.execute(text("insert into m values (1, 'a', 0), (2, 'b', 0)"))
    db.execute(text("alter table m detach partition m_a"))
    db.execute(text("""alter table m_a rename to "<script>" """))
    db.execute(text("""alter table m attach partition "<script>" for values in ('a')"""))
    db.execute(text("drop table m_b"))
    events = [one["event"] for one in versions(client, "/tables/1.json")[:3]]
    assert [(event["attached"], event["detached"]) for event in events] == [
        ([], ["public.m_b"]),
        (['public."<script>"'], []),
        ([], ["public.m_a"]),
    ]
    page = client.get("/tables/1").text
    assert page.count("<script") == 1
    said = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "The partition public.m_b left the table, and its rows with it." in said
    assert "schema the table’s partitions" in said
    assert "there, unless it left" in client.get('/tables/1/row?key=[2, "b"]').text
