"""What people see: each page, and that nothing in the data can break or forge it."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

ORDERS = """
create table orders (id bigint primary key, status text, total numeric);
select rowtrail.track('orders');
"""
WEIRD = '"we""ird; drop table x;--é"'


def run(db: Connection, statements: str) -> None:
    db.connection.cursor().execute(statements)


def test_the_start_leads_to_the_tables(client: FlaskClient) -> None:
    assert client.get("/").location == "/tables"


def test_without_a_tracked_table_the_page_says_how_to_begin(client: FlaskClient) -> None:
    assert "select rowtrail.track('orders');" in client.get("/tables").text


def test_the_tables_page_tells_state_size_and_last_change(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1.50)")
    run(db, "create table lonely (id int primary key); select rowtrail.track('lonely')")
    run(db, "create table ended (id int primary key); select rowtrail.track('ended')")
    run(db, "select rowtrail.untrack('ended')")
    page = client.get("/tables").text
    assert "no change yet" in page
    assert ">untracked</span>" in page
    assert '<a href="/tables/1/row?key=42">' in page
    assert "no actor named" in page
    assert "postgres" in page


def test_a_disabled_trigger_is_shown_with_what_mends_it(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "alter table orders disable trigger all")
    for place in ("/tables", "/tables/1"):
        page = client.get(place).text
        assert "trigger disabled" in page
        assert "select rowtrail.track(&#39;public.orders&#39;);" in page


def test_the_history_of_a_dropped_table_can_be_read(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1.50); drop table orders")
    assert "dropped" in client.get("/tables").text
    assert "orders" in client.get("/tables/1/row?key=42").text


def test_an_empty_tracked_table_says_that_there_is_no_change_yet(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS)
    assert "No change yet" in client.get("/tables/1").text


def test_a_feed_shows_who_changed_what_from_what_to_what(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1.50)")
    run(
        db,
        "begin; select rowtrail.set_actor('alice', reason => 'ticket 4711');"
        "update orders set status = 'paid', total = 1.500; commit",
    )
    page = client.get("/tables/1").text
    change = page[page.index('<li class="change update"') : page.index('<li class="change insert"')]
    assert re.findall(r'<bdi(?: class="key")?>([^<]*)</bdi>', change) == [
        "42",
        *("alice", "postgres", "reason", "ticket 4711"),
        *("status", "new", "paid", "total", "1.50", "1.500"),
    ]
    assert re.search(r'<time datetime="[\d-]+T[\d:.]+\+00:00">[\d-]+ [\d:]+<', change)
    assert "ago</span>" in change or "just now</span>" in change


def test_a_rows_page_ends_with_the_row_that_went(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1); delete from orders")
    page = client.get("/tables/1/row?key=42").text
    assert page.index("change delete") < page.index("change insert")
    assert ">deleted</span>" in page


def test_a_changed_key_links_both_rows(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1); update orders set id = 43")
    before, after = (client.get(f"/tables/1/row?key={key}").text for key in (42, 43))
    assert "From here on the key is" in before
    assert 'href="/tables/1/row?key=43"' in before
    assert "change insert" in before
    assert 'href="/tables/1/row?key=42"' in after
    assert "change insert" not in after


def test_a_truncate_ends_the_history_of_the_rows_that_were_there(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "insert into orders values (1, 'a', 1), (2, 'b', 2)")
    run(db, "delete from orders where id = 2")
    run(db, "truncate orders")
    run(db, "insert into orders values (1, 'c', 1)")
    run(db, "truncate orders")
    of_row = []
    for key in (1, 2):
        answer: Any = client.get(f"/tables/1/row.json?key={key}").json
        of_row.append([version["operation"] for version in answer["changes"]])
    assert of_row == [["truncate", "insert", "truncate", "insert"], ["delete", "insert"]]
    assert "gone with the whole table" in client.get("/tables/1/row?key=1").text
    assert client.get("/tables/1").text.count('<li class="change truncate"') == 2


def test_a_truncate_is_shown_once_where_an_end_was_not_recorded(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "insert into orders values (1, 'a', 1); select rowtrail.untrack('orders')")
    run(db, "delete from orders; select rowtrail.track('orders')")
    run(db, "insert into orders values (1, 'b', 1)")
    run(db, "truncate orders")
    answer: Any = client.get("/tables/1/row.json?key=1").json
    operations = [version["operation"] for version in answer["changes"]]
    # Between them it was not tracked.
    assert operations == ["truncate", "insert", "schema", "schema", "insert"]


def test_a_transaction_shows_all_that_changed_together(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "create table lines (a int, b int, primary key (b, a))")
    run(db, "select rowtrail.track('lines')")
    run(db, "begin; insert into orders values (1, 'x', 1); insert into lines values (1, 2); commit")
    page = client.get("/tables/1").text
    place = re.search(r'href="(/transactions/\d+-\d+)"', page)
    assert place is not None
    transaction = client.get(place[1]).text
    assert transaction.index('href="/tables/1/row?key=1"') < transaction.index(
        'href="/tables/2/row?key=%5B2,+1%5D"'
    )


def test_a_composite_key_is_found_however_it_is_spaced(client: FlaskClient, db: Connection) -> None:
    run(
        db, "create table lines (a int, b text, primary key (a, b)); select rowtrail.track('lines')"
    )
    run(db, "insert into lines values (1, 'x/y')")
    found = client.get("/tables/1/row", query_string={"key": '[1,"x/y"]'}, follow_redirects=True)
    assert found.status_code == 200
    assert found.request.args["key"] == '[1, "x/y"]'


def test_a_version_has_a_place_in_its_rows_timeline(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "insert into orders values (42, 'new', 1)")
    version = db.scalar(text("select id from rowtrail.versions"))
    place = client.get(f"/tables/1/versions/{version}").location
    assert f'id="v{version}"' in client.get(place).text


@pytest.mark.parametrize(
    "key", ["", "a/b", "x?y=1&z#f", ".json", "ü 漢字", "%2F", "a+b", '"', "..\\"]
)
def test_any_key_has_a_page(client: FlaskClient, db: Connection, key: str) -> None:
    run(db, "create table things (name text primary key); select rowtrail.track('things')")
    db.execute(text("insert into things values (:key)"), {"key": key})
    links = re.findall(r'href="(/tables/1/row\?[^"]*)"', client.get("/tables/1").text)
    page = client.get(links[0].replace("&amp;", "&"))
    assert page.status_code == 200
    assert page.request.args["key"] == key


def test_any_name_of_a_table_or_column_is_shown_on_each_page(
    client: FlaskClient, db: Connection
) -> None:
    run(db, f'create table {WEIRD} ("a b" int primary key, """" text, "<i>" text)')
    run(db, f"select rowtrail.track('{WEIRD}'); insert into {WEIRD} values (1, 'x', 'y')")
    transaction = client.get("/tables/1.json").json["changes"][0]  # type: ignore[index]
    for place in (
        "/tables",
        "/tables/1",
        "/tables/1/row?key=1",
        f"/transactions/{transaction['era']}-{transaction['xid']}",
    ):
        page = client.get(place).text
        assert "we&#34;&#34;ird; drop table x;--é" in page
        assert "<i>" not in page


def test_hostile_text_neither_runs_nor_hides(client: FlaskClient, db: Connection) -> None:
    run(db, "create table notes (id text primary key, body text, more jsonb)")
    run(db, "select rowtrail.track('notes')")
    hostile = "<script>alert(1)</script>'\"\u202egpj.exe\u200b\x1b[2J\x7f\u00ad\U000e0041"
    db.execute(
        text("insert into notes values (:text, :text, jsonb_build_object(cast(:text as text), 1))"),
        {"text": hostile},
    )
    for place in ("/tables", "/tables/1", f"/tables/1/row?key={quote(hostile)}"):
        page = client.get(place).text
        assert page.count("<script") == 1
        assert not re.search("[\u202e\u200b\x1b\x7f\u00ad\U000e0041]", page)
        assert ">\\u202e</span>" in page
        assert ">\\u001b</span>" in page


def test_null_the_word_null_and_empty_text_are_told_apart(
    client: FlaskClient, db: Connection
) -> None:
    run(db, "create table notes (id int primary key, a text, b text, c text, d jsonb)")
    run(db, "select rowtrail.track('notes')")
    run(db, "insert into notes values (1, null, 'null', '', '\"1\"')")
    page = client.get("/tables/1").text
    assert re.findall(r'<span class="value (\w+)">(?:<bdi>)?([^<]*)', page) == [
        ("number", "1"),
        ("null", "NULL"),
        ("string", "null"),
        ("empty", "empty text"),
        ("string", "1"),
    ]


def test_columns_are_in_the_order_of_the_table(client: FlaskClient, db: Connection) -> None:
    run(
        db,
        "create table t (id int primary key, zzz int, aa int, b int); select rowtrail.track('t')",
    )
    run(db, "insert into t values (1, 2, 3, 4)")
    [version] = client.get("/tables/1.json").json["changes"]  # type: ignore[index]
    assert [field["column"] for field in version["fields"]] == ["id", "zzz", "aa", "b"]
