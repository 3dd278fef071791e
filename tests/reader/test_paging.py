"""Pages are bounded, and together they show each version exactly once."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text


@pytest.fixture
def versions(db: Connection) -> list[int]:
    """The ids of the 10,000 versions of one row, newest first; other rows change in between."""
    db.execute(text("create table hot (id int primary key, n int)"))
    db.execute(text("select rowtrail.track('hot')"))
    db.execute(text("insert into hot values (1, 0), (2, 0)"))
    db.execute(
        text(
            "do $$ begin for i in 1..9999 loop update hot set n = i where id = 1; "
            "if i % 100 = 0 then update hot set n = i where id = 2; end if; end loop; end $$"
        )
    )
    found = db.scalars(
        text("select id from rowtrail.versions where row_key = '1' order by id desc")
    )
    return list(found)


def walk(client: FlaskClient, place: str | None, onward: str) -> list[int]:
    """The versions of all pages from a place on, as they come."""
    found: list[int] = []
    while place:
        page: Any = client.get(place).json
        assert len(page["changes"]) <= 50
        found += [version["id"] for version in page["changes"]]
        place = page[onward]
    return found


def test_the_pages_of_a_row_hold_each_of_10000_versions_once(
    client: FlaskClient, versions: list[int]
) -> None:
    assert len(versions) == 10_000
    assert walk(client, "/tables/1/row.json?key=1", "older") == versions


def test_the_pages_from_the_oldest_up_hold_each_version_once(
    client: FlaskClient, versions: list[int]
) -> None:
    assert sorted(walk(client, "/tables/1/row.json?key=2&after=0", "newer")) == sorted(
        walk(client, "/tables/1/row.json?key=2", "older")
    )


def test_the_pages_of_a_table_and_of_a_transaction_hold_all(
    client: FlaskClient, versions: list[int], db: Connection
) -> None:
    every = list(db.scalars(text("select id from rowtrail.versions order by id desc")))
    assert walk(client, "/tables/1.json", "older") == every
    xid = db.scalar(text("select xid from rowtrail.versions order by id desc limit 1"))
    of_transaction = db.scalars(
        text(f"select id from rowtrail.versions where xid = '{xid}' order by 1")
    )
    assert walk(client, f"/transactions/1-{xid}.json", "newer") == list(of_transaction)


def test_a_page_of_a_long_history_stays_small(client: FlaskClient, versions: list[int]) -> None:
    page = client.get(f"/tables/1/row?key=1&before={versions[5000]}")
    assert page.text.count('<li class="change') == 50
    assert len(page.data) < 100_000
    assert f"before={versions[5050]}" in page.text
    assert f"after={versions[5001]}" in page.text


def test_counting_stops_early(client: FlaskClient, versions: list[int]) -> None:
    assert "10,000+" in client.get("/tables").text
    [table] = client.get("/tables.json").json["tables"]  # type: ignore[index]
    assert (table["version_count"], table["counted_all"]) == (10_000, False)


def test_key_changes_are_paged_with_the_other_versions(client: FlaskClient, db: Connection) -> None:
    db.execute(text("create table moving (id int primary key)"))
    db.execute(text("select rowtrail.track('moving')"))
    db.execute(text("insert into moving values (0)"))
    db.execute(
        text("do $$ begin for i in 1..120 loop update moving set id = 1 - id; end loop; end $$")
    )
    every = list(db.scalars(text("select id from rowtrail.versions order by id desc")))
    assert walk(client, "/tables/1/row.json?key=0", "older") == every
    assert walk(client, "/tables/1/row.json?key=1", "older") == every[:-1]


def test_a_truncate_stands_where_two_pages_meet(client: FlaskClient, db: Connection) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("select rowtrail.track('t')"))
    for _ in range(51):
        db.execute(text("insert into t values (1)"))
        db.execute(text("truncate t"))
    page: Any = client.get("/tables/1/row.json?key=1").json
    assert [version["operation"] for version in page["changes"]] == ["truncate", "insert"] * 50
    page = client.get(page["older"]).json
    assert [version["operation"] for version in page["changes"]] == ["truncate", "insert"]


def test_beyond_the_last_version_there_is_a_way_back(
    client: FlaskClient, versions: list[int]
) -> None:
    page: Any = client.get("/tables/1/row.json?key=1&before=0").json
    assert page["changes"] == []
    assert client.get(page["newer"]).json["changes"][-1]["id"] == versions[-1]  # type: ignore[index]
    page = client.get(f"/tables/1/row.json?key=1&after={versions[0]}").json
    assert client.get(page["older"]).json["changes"][0]["id"] == versions[0]  # type: ignore[index]


def test_long_values_are_folded_and_stay_on_the_server(client: FlaskClient, db: Connection) -> None:
    db.execute(text("create table t (id int primary key, a text, b jsonb)"))
    db.execute(text("select rowtrail.track('t')"))
    db.execute(
        text(
            "insert into t values (1, repeat('long ', 200000), "
            "to_jsonb(array(select generate_series(1, 10000))))"
        )
    )
    for _ in range(60):
        db.execute(text("update t set a = a || '!', b = b || '0'"))
    for place in ("/tables/1", "/tables/1/row?key=1"):
        page = client.get(place)
        assert len(page.data) < 300_000
        assert "<details" in page.text
        assert "1,000,060 characters" in page.text
        assert "differ after character 500" in page.text
    version: Any = client.get("/tables/1.json").json["changes"][0]  # type: ignore[index]
    field = version["fields"][0]
    assert (field["new_length"], len(field["new_excerpt"])) == (1_000_060, 500)
    whole: Any = client.get(version["url"]).json
    assert len(whole["data"]["a"]) == 1_000_060
    assert len(whole["old"]["b"]) == 10_059


def test_a_wide_table_shows_some_columns_and_counts_the_rest(
    client: FlaskClient, db: Connection
) -> None:
    columns = ", ".join(f"c{number} int default {number}" for number in range(300))
    db.execute(text(f"create table wide (id int primary key, {columns})"))
    db.execute(text("select rowtrail.track('wide')"))
    db.execute(text("insert into wide values (1)"))
    page = client.get("/tables/1").text
    assert "289 more columns" in page
    assert "And 201 more." in page
