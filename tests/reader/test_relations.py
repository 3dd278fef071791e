"""A row together with the rows that refer to it by foreign keys, on the pages and as JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from rowtrail.history import looking

SHOP = """
create table customers (id int primary key, name text);
create table orders (
  id int primary key, customer int references customers on update cascade on delete set null);
create table lines (
  order_id int references orders on delete cascade, number int, text text,
  primary key (order_id, number));
select rowtrail.track('customers');
select rowtrail.track('orders');
select rowtrail.track('lines');
insert into customers values (1, 'ann'), (2, 'bob');
insert into orders values (10, 1), (20, 2);
insert into lines values (10, 1, 'a'), (10, 2, 'b'), (20, 1, 'c');
"""


def run(db: Connection, statements: str) -> None:
    db.connection.cursor().execute(statements)


def related(client: FlaskClient, table: int, key: str, **more: Any) -> list[tuple[str, str, str]]:
    """Of each change the table, the operation and the key, newest first."""
    answer = client.get(f"/tables/{table}/related.json", query_string={"key": key, **more})
    found: Any = answer.json
    assert answer.status_code == 200, found
    return [(one["table"]["name"], one["operation"], one["row_key"]) for one in found["changes"]]


def test_the_changes_of_a_row_stand_with_those_of_the_rows_that_refer_to_it(
    db: Connection, client: FlaskClient
) -> None:
    run(db, SHOP)
    run(db, "update lines set text = 'x' where order_id = 10 and number = 2")
    run(db, "update orders set customer = 2 where id = 10")
    assert related(client, 2, "10") == [
        ("orders", "update", "10"),
        ("lines", "update", "[10, 2]"),
        ("lines", "insert", "[10, 2]"),
        ("lines", "insert", "[10, 1]"),
        ("orders", "insert", "10"),
    ]


def test_a_row_that_referred_to_it_once_is_there_until_it_left(
    db: Connection, client: FlaskClient
) -> None:
    run(db, SHOP)
    run(db, "update orders set customer = 2 where id = 10")
    run(db, "delete from customers where id = 1")
    run(db, "delete from orders where id = 10")
    assert related(client, 1, "1") == [
        ("customers", "delete", "1"),
        ("orders", "update", "10"),
        ("orders", "insert", "10"),
        ("customers", "insert", "1"),
    ]
    assert ("orders", "delete", "10") in related(client, 1, "2")


def test_a_cascade_shows_what_went_with_the_row(db: Connection, client: FlaskClient) -> None:
    run(db, SHOP)
    run(db, "delete from orders where id = 10")
    assert set(related(client, 2, "10")[:3]) == {
        ("orders", "delete", "10"),
        ("lines", "delete", "[10, 1]"),
        ("lines", "delete", "[10, 2]"),
    }


def test_a_referring_column_is_followed_through_its_names(
    db: Connection, client: FlaskClient
) -> None:
    run(db, SHOP)
    run(db, "alter table orders rename customer to client; alter table orders add customer int")
    run(db, "update orders set customer = 2, client = 1 where id = 20")
    found = related(client, 1, "1")
    assert found == [
        ("orders", "update", "20"), ("orders", "insert", "10"), ("customers", "insert", "1"),
    ]  # fmt: skip
    # What another column says that bears the name now is no reference.
    run(db, "update orders set customer = 1 where id = 10; update orders set client = null")
    run(db, "update orders set customer = 1 where id = 20")
    assert len(related(client, 1, "1")) == len(found) + 3


def test_composite_keys_and_partitions_refer_as_others_do(
    db: Connection, client: FlaskClient
) -> None:
    run(
        db,
        """
        create table parts (n int, name text, primary key (name, n)) partition by list (n);
        create table parts_1 partition of parts default;
        create table uses (
          id int primary key, a int, b text, foreign key (a, b) references parts (n, name));
        select rowtrail.track('parts');
        select rowtrail.track('uses');
        insert into parts values (1, 'x"y'), (2, 'x"y');
        insert into uses values (1, 1, 'x"y'), (2, 2, 'x"y'), (3, null, 'x"y');
        """,
    )
    assert related(client, 1, '["x\\"y",1]') == [
        ("uses", "insert", "1"),
        ("parts", "insert", '["x\\"y", 1]'),
    ]
    found: Any = client.get("/tables/1/related.json?key=[]").json
    assert [(one["table"]["name"], one["columns"]) for one in found["references"]] == [
        ("uses", ["b", "a"])
    ]
    page = client.get("/tables/2/row?key=1").text
    assert 'href="/tables/1/row?key=%5B%22x%5C%22y%22,+1%5D"' in page


def test_a_row_that_refers_to_its_own_table_is_found(db: Connection, client: FlaskClient) -> None:
    run(db, "create table tree (id int primary key, up int references tree)")
    run(db, "select rowtrail.track('tree'); insert into tree values (1, null), (2, 1), (3, 2)")
    assert related(client, 1, "1") == [("tree", "insert", "2"), ("tree", "insert", "1")]


def test_only_chosen_foreign_keys_are_followed(db: Connection, client: FlaskClient) -> None:
    run(db, SHOP)
    run(
        db,
        'create table "we""ird" (id int primary key, "o; drop" int references orders);'
        'select rowtrail.track(\'"we""ird"\'); insert into "we""ird" values (1, 10)',
    )
    found: Any = client.get("/tables/2/related.json?key=10").json
    names = {one["table"]["name"]: one["name"] for one in found["references"]}
    assert all(one["chosen"] for one in found["references"])
    assert related(client, 2, "10", by=names['"we""ird"']) == [
        ('"we""ird"', "insert", "1"),
        ("orders", "insert", "10"),
    ]
    assert len(related(client, 2, "10", by=list(names.values()))) == 4
    answer = client.get("/tables/2/related.json?key=10&by=3.other")
    assert answer.status_code == 400
    assert "no foreign key '3.other' leads to the key of public.orders" in answer.text
    assert names["lines"] in answer.text


def test_a_long_history_is_looked_at_a_part_at_a_time(
    db: Connection, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "LOOKED_AT", 4)
    run(db, SHOP)
    run(db, "update lines set text = text || n from generate_series(1, 1) as n where order_id = 20")
    run(db, "update orders set customer = customer where id = 20")
    place: str | None = "/tables/2/related.json?key=10"
    seen, pages = [], 0
    while place:
        found: Any = client.get(place).json
        seen += [(one["table"]["name"], one["row_key"]) for one in found["changes"]]
        place, pages = found["older"], pages + 1
    assert seen == [("lines", "[10, 2]"), ("lines", "[10, 1]"), ("orders", "10")]
    assert pages > 1


def test_the_page_of_a_row_leads_to_what_it_refers_to_and_to_what_refers_to_it(
    db: Connection, client: FlaskClient
) -> None:
    run(db, SHOP)
    order = client.get("/tables/2/row?key=10").text
    assert 'href="/tables/2/related?key=10"' in order
    assert 'href="/tables/1/row?key=1"' in order
    line = client.get("/tables/3/row", query_string={"key": "[10, 1]"}).text
    assert "/related?" not in line
    assert 'href="/tables/2/row?key=10"' in line
    page = client.get("/tables/2/related?key=10").text
    assert 'name="by" value="3.lines_order_id_fkey" checked' in page
    assert page.count('<li class="change') == 3
    assert "No foreign key" in client.get("/tables/3/related", query_string={"key": "[1, 1]"}).text


@pytest.mark.parametrize("key", ["[" * 5000, "[" * 5000 + "]" * 5000])
def test_a_key_of_any_depth_is_no_failure(client: FlaskClient, db: Connection, key: str) -> None:
    run(db, SHOP)
    answer = client.get("/tables/3/related.json", query_string={"key": key})
    assert answer.status_code == 200
