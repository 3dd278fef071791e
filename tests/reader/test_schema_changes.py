"""Schema changes on the pages and in JSON: when, who, the statement, what was and what is."""

import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, text

ORDERS = """
create table orders (id bigint primary key, status text, total numeric);
select rowtrail.track('orders');
insert into orders values (42, 'new', 1.50);
"""


def run(db: Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            db.exec_driver_sql(statement)


def words(page: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def versions_of(client: FlaskClient, place: str) -> list[dict[str, Any]]:
    answer: Any = client.get(place).json
    found: list[dict[str, Any]] = answer["changes"]
    return found


def test_a_feed_shows_a_schema_change_as_a_line(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS)
    run(db, "select set_config('rowtrail.actor', 'alice', false)")
    run(db, "alter table orders rename status to state")
    page = client.get("/tables/1").text
    line = page[page.index('<li class="change schema"') : page.index('<li class="change insert"')]
    said = words(line)
    assert "alice" in said
    assert "login postgres" in said
    assert "alter table orders rename status to state" in said
    assert re.search("status text.*→?.*state text", said)
    [event, insert] = versions_of(client, "/tables/1.json")
    assert (event["operation"], event["actor"], event["row_key"]) == ("schema", "alice", "")
    assert event["event"] == {
        "command": "ALTER TABLE",
        "statement": "alter table orders rename status to state",
        "noticed_by": None,
        "table_dropped": False,
        "another_table": False,
        "rewritten": [],
        "attached": [],
        "detached": [],
        "tracking": None,
        "options": [],
        "erasure": None,
        "retirement": None,
    }
    assert event["fields"] == [{"column": "state", "old": "status text", "new": "state text"}]
    assert insert["event"] is None


def test_a_rewrite_names_the_columns_that_may_have_other_values(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "alter table orders alter total type int using total * 2")
    assert "rows may hold other values of total than the versions before" in words(
        client.get("/tables/1").text
    )
    assert versions_of(client, "/tables/1.json")[0]["event"]["rewritten"] == ["total"]


def test_a_rows_timeline_shows_the_schema_changes_that_it_was_there_for(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "alter table orders add note text; insert into orders values (43)")
    run(db, "alter table orders rename note to remark; delete from orders where id = 42")
    run(db, "alter table orders drop remark; insert into orders values (42)")
    run(db, "alter table orders add tag text")
    operations = [
        (one["operation"], [field["column"] for field in one["fields"]])
        for one in versions_of(client, "/tables/1/row.json?key=42")
        if one["operation"] in ("schema", "delete")
    ]
    assert operations == [
        ("schema", ["tag"]),
        ("delete", ["id", "status", "total", "remark"]),
        ("schema", ["remark"]),
        ("schema", ["note"]),
    ]
    assert ">there now</span>" in client.get("/tables/1/row?key=42").text
    assert [one["operation"] for one in versions_of(client, "/tables/1/row.json?key=43")] == [
        *("schema", "schema", "schema", "insert")
    ]


def test_a_deleted_row_stays_deleted_on_its_page_after_a_schema_change(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "delete from orders; alter table orders add note text")
    page = client.get("/tables/1/row?key=42").text
    assert ">deleted</span>" in page
    assert "change schema" not in page


def test_a_row_goes_with_its_table(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "drop table orders; create table orders (id bigint primary key)")
    run(db, "select rowtrail.track('orders'); alter table orders add note text")
    page = client.get("/tables/1/row?key=42").text
    assert "gone with the whole table" in page
    assert page.count('<li class="change schema"') == 1
    assert "the table was dropped" in page


def test_a_transaction_shows_a_schema_change_in_its_order(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS)
    run(db, "begin; alter table orders add note text; update orders set note = 'x'; commit")
    [newest, *_] = versions_of(client, "/tables/1.json")
    place = f"/transactions/{newest['era']}-{newest['xid']}"
    assert [one["operation"] for one in versions_of(client, f"{place}.json")] == [
        "schema",
        "update",
    ]
    page = client.get(place).text
    assert page.index("change schema") < page.index("change update")
    assert "alter table orders add note text" in page


def test_an_event_that_was_noticed_late_says_so(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS)
    run(db, "drop event trigger rowtrail_ddl_command_end")
    run(db, "alter table orders rename to purchases")
    run(db, "select rowtrail.track('purchases')")
    said = words(client.get("/tables/1").text)
    assert "Noticed by rowtrail.track() , after it happened" in said
    assert "public.orders" in said
    [event, _] = versions_of(client, "/tables/1.json")
    assert event["event"]["command"] is None
    assert event["event"]["noticed_by"] == "rowtrail.track()"
    assert event["fields"] == [
        {"column": "table", "old": "public.orders", "new": "public.purchases"}
    ]


def test_an_event_has_a_place_and_is_whole_as_json(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS + "alter table orders add note text")
    number = db.scalar(text("select id from rowtrail.versions where op = 'S'"))
    place = client.get(f"/tables/1/versions/{number}").location
    assert f'id="v{number}"' in client.get(place).text
    whole: Any = client.get(f"/tables/1/versions/{number}.json").json
    assert whole["data"]["columns"][3] == {"name": "note", "type": "text", "number": 4}
    assert whole["old"] == {"columns": {"4": None}}


def test_a_statement_neither_runs_nor_hides(client: FlaskClient, db: Connection) -> None:
    run(db, ORDERS)
    db.exec_driver_sql('alter table orders add "<script>\u202e" int /* <script>alert(1)\u202e */')
    db.exec_driver_sql("alter table orders add long int -- " + "<b>" * 1000)
    for place in ("/tables", "/tables/1", "/tables/1/row?key=42"):
        page = client.get(place).text
        assert page.count("<script") == 1
        assert "<b>" not in page
        assert "\u202e" not in page
    [event, *_] = versions_of(client, "/tables/1.json")
    assert len(event["event"]["statement_excerpt"]) == 500
    assert event["event"]["statement_length"] == 3035


def test_the_list_of_tables_shows_a_schema_change_as_the_last_one(
    client: FlaskClient, db: Connection
) -> None:
    run(db, ORDERS + "alter table orders add note text")
    assert "schema the whole table" in words(client.get("/tables").text)
