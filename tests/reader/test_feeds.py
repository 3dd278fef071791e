"""Feeds: each filter shows what it says and nothing else, in pages, chips and links."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

HOSTILE = "<script>'\"\u202e&?#/%41 +=;"


def run(db: Connection, statements: str) -> None:
    db.connection.cursor().execute(statements)


@pytest.fixture
def shop(db: Connection) -> Connection:
    """Two tables, changed by alice, by bob and by nobody."""
    run(
        db,
        """
        create table orders (id int primary key, status text, total numeric, note text);
        create table lines (a int, b int, article text, primary key (a, b));
        select rowtrail.track('orders');
        select rowtrail.track('lines');
        """,
    )
    run(
        db,
        "begin; select rowtrail.set_actor('alice'); insert into orders values (1, 'new', 1.50, ''),"
        " (2, 'new', -2, null); insert into lines values (1, 1, 'chair'); commit",
    )
    run(
        db,
        "begin; select rowtrail.set_actor('bob'); update orders set status = 'paid' where id = 1;"
        "commit",
    )
    run(db, "update orders set status = 'lost', note = 'NULL' where id = 2")
    run(db, "delete from lines")
    return db


def seen(client: FlaskClient, place: str, **query: Any) -> list[str]:
    """What the feed shows, newest first, as operation and key."""
    answer = client.get(place, query_string=query)
    assert answer.status_code == 200, answer.text
    page: Any = answer.json
    return [f"{one['operation']} {one['row_key']}" for one in page["changes"]]


ALL = ["delete [1, 1]", "update 2", "update 1", "insert [1, 1]", "insert 2", "insert 1"]


def test_the_feed_of_all_tables_holds_every_change_newest_first(
    client: FlaskClient, shop: Connection
) -> None:
    assert seen(client, "/changes.json") == ALL
    page = client.get("/changes").text
    assert page.count('<li class="change ') == 6
    assert 'href="/tables/2"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"op": "insert"}, ["insert 2", "insert 1"]),
        ({"op": ["update", "insert"]}, ["update 2", "update 1", "insert 2", "insert 1"]),
        ({"actor": "alice"}, ["insert 2", "insert 1"]),
        ({"no_actor": "1"}, ["update 2"]),
        ({"login": "postgres", "op": "update"}, ["update 2", "update 1"]),
        ({"login": "nobody"}, []),
        ({"key": "1"}, ["update 1", "insert 1"]),
        ({"key": "1", "actor": "bob"}, ["update 1"]),
        ({"column": "status", "from": "new"}, ["update 2", "update 1"]),
        ({"column": "status", "from": "new", "to": "paid"}, ["update 1"]),
        ({"column": "status", "from": "paid"}, []),
        ({"column": "status", "to": "new"}, ["insert 2", "insert 1"]),
        ({"column": "note"}, ["update 2", "insert 2", "insert 1"]),
        ({"column": "note", "from": "NULL"}, ["update 2"]),
        ({"column": "note", "to": "NULL"}, ["insert 2"]),
        ({"column": "note", "to": '"NULL"'}, ["update 2"]),
        ({"column": "note", "to": '""'}, ["insert 1"]),
        ({"column": "total", "to": "1.5"}, ["insert 1"]),
        ({"column": "total", "to": "-2.00"}, ["insert 2"]),
        ({"column": "nothing"}, []),
        ({"value": "1.50"}, ["insert 1"]),
        ({"value": "new"}, ["update 2", "update 1", "insert 2", "insert 1"]),
        ({"value": "paid"}, ["update 1"]),
        ({"since": "2000-01-01", "until": "2000-01-01"}, []),
        ({"since": "2000-01-01", "op": "update"}, ["update 2", "update 1"]),
        ({"actor": "", "op": "", "since": ""}, ["update 2", "update 1", "insert 2", "insert 1"]),
    ],
)
def test_a_filter_shows_what_it_says(
    client: FlaskClient, shop: Connection, query: dict[str, Any], found: list[str]
) -> None:
    assert seen(client, "/tables/1.json", **query) == found
    page = client.get("/tables/1", query_string=query)
    assert page.text.count('<li class="change ') == len(found)
    of_all = [one for one in seen(client, "/changes.json", **query) if "[" not in one]
    assert of_all == found


def test_a_composite_key_filters_however_it_is_spaced(
    client: FlaskClient, shop: Connection
) -> None:
    assert seen(client, "/tables/2.json", key="[1,1]") == ["delete [1, 1]", "insert [1, 1]"]


def test_both_keys_of_a_changed_key_find_the_change_once(
    client: FlaskClient, shop: Connection
) -> None:
    run(shop, "update orders set id = 9 where id = 1")
    assert seen(client, "/tables/1.json", key="9") == ["update 9"]
    assert seen(client, "/tables/1.json", key="1") == ["update 9", "update 1", "insert 1"]
    assert seen(client, "/changes.json", key="1", op="update") == ["update 9", "update 1"]


def test_a_move_between_partitions_is_filtered_as_the_update_that_it_is(
    client: FlaskClient, db: Connection
) -> None:
    run(
        db,
        """
        create table p (id int, at int, n int, primary key (id, at)) partition by list (at);
        create table p1 partition of p for values in (1);
        create table p2 partition of p for values in (2);
        select rowtrail.track('p');
        insert into p values (1, 1, 7);
        """,
    )
    run(db, "update p set at = 2")
    assert seen(client, "/tables/1.json", op="update") == ["update [1, 2]"]
    assert seen(client, "/tables/1.json", op=["delete", "insert"]) == ["insert [1, 1]"]
    assert seen(client, "/changes.json", column="at", **{"from": "1", "to": "2"}) == [
        "update [1, 2]"
    ]
    assert seen(client, "/changes.json", column="n", op="update") == []


def test_events_of_the_schema_have_no_columns_that_changed(
    client: FlaskClient, shop: Connection
) -> None:
    run(shop, "alter table orders add more int; truncate orders")
    assert seen(client, "/tables/1.json", op=["schema", "truncate"]) == ["truncate ", "schema "]
    assert seen(client, "/tables/1.json", column="columns") == []
    assert seen(client, "/tables/1.json", value="orders") == []


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ({"op": "upsert"}, "no operation is called 'upsert'; there are insert, update"),
        ({"from": "1"}, "name that column too"),
        ({"actor": "x", "no_actor": "1"}, "ask for one of the two"),
        ({"since": "yesterday"}, "not 'yesterday'"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "ends before it begins"),
        ({"until": "9999-12-31"}, "until is a moment"),
        ({"value": "a\0"}, "NUL"),
        ({"value": "a" * 10_001}, "longer than 10,000"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_explained(
    client: FlaskClient, shop: Connection, query: dict[str, str], line: str
) -> None:
    for place in ("/tables/1", "/changes", "/tables/1/export.csv"):
        answer = client.get(place, query_string=query)
        assert answer.status_code == 400
        assert line.replace("'", "&#39;") in answer.text


@pytest.mark.parametrize("name", ["actor", "login", "column", "value", "key"])
@pytest.mark.parametrize("text", [HOSTILE, "1e999999", '"\\ud800"', "[1,", "NULL", "\ud7ff"])
def test_any_text_can_be_filtered_for(
    client: FlaskClient, shop: Connection, name: str, text: str
) -> None:
    for place in ("/tables/1", "/tables/2", "/changes"):
        answer = client.get(place, query_string={name: text})
        assert answer.status_code == 200
        assert answer.text.count("<script") == 1
        visible = re.sub(r'<input type="hidden"[^>]*>', "", answer.text)
        assert "\u202e" not in visible


def test_every_word_of_a_change_leads_to_the_changes_that_share_it(
    client: FlaskClient, shop: Connection
) -> None:
    page = client.get("/tables/1?op=update").text
    links = [one.replace("&amp;", "&") for one in re.findall(r'href="(/tables/1\?[^"]*)"', page)]
    wanted = (
        "/tables/1?actor=bob&op=update",
        "/tables/1?login=postgres&op=update",
        "/tables/1?column=status&op=update",
        "/tables/1?op=update&no_actor=1",
    )
    for link in wanted:
        assert link in links
        assert client.get(link).status_code == 200


def test_what_is_filtered_is_said_and_each_part_can_be_taken_back(
    client: FlaskClient, shop: Connection
) -> None:
    query = "op=update&column=status&from=new&to=paid&since=2026-01-01"
    page = client.get(f"/tables/1?{query}").text
    chips = re.findall(
        r'<li class="chip"><span class="chip-name">([^<]*)</span> <bdi>([^<]*)</bdi> '
        r'<a href="([^"]*)"',
        page,
    )
    assert [(name, value) for name, value, _ in chips] == [
        ("operation", "update"),
        ("since", "2026-01-01 00:00:00 UTC"),
        ("changed column", "status"),
        ("from", "new"),
        ("to", "paid"),
    ]
    without = {name: link.replace("&amp;", "&") for name, _, link in chips}
    assert "from=" not in without["changed column"]
    assert without["to"] == (
        "/tables/1?column=status&from=new&op=update&since=2026-01-01T00:00:00Z"
    )
    assert client.get(without["to"]).status_code == 200


def test_the_form_holds_what_is_filtered(client: FlaskClient, shop: Connection) -> None:
    page = client.get("/tables/1?op=update&actor=bob&since=2026-01-01T10:30&column=status").text
    assert '<details class="filters" open>' in page
    assert 'name="op" value="update" checked' in page
    assert 'name="actor" value="bob"' in page
    assert 'name="since" value="2026-01-01T10:30:00"' in page
    assert '<option value="total"></option>' in page
    assert '<details class="filters">' in client.get("/tables/1").text


def test_what_is_new_since_one_looked_is_a_link(client: FlaskClient, shop: Connection) -> None:
    assert "What is new" not in client.get("/changes?actor=carol").text
    for place in ("/tables/1", "/changes"):
        page = client.get(place).text
        found = re.search(r'<a href="([^"]*)"[^>]*>What is new from here on', page)
        assert found is not None
        link = found[1].replace("&amp;", "&")
        assert "Nothing new yet" in client.get(link).text
        run(
            shop,
            "begin; select rowtrail.set_actor('carol'); update orders set total = total + 1; "
            "commit",
        )
        assert client.get(link).text.count('<li class="change ') == 2


def test_the_page_of_an_actor_tells_what_they_did_and_by_which_logins(
    client: FlaskClient, shop: Connection
) -> None:
    page: Any = client.get("/actor.json?name=alice").json
    assert [
        (one["table"]["name"], one["operation"], one["change_count"], one["login"])
        for one in page["deeds"]
    ] == [("orders", "insert", 2, "postgres"), ("lines", "insert", 1, "postgres")]
    assert page["deeds_looked"] is None
    assert len(page["changes"]) == 3
    html = client.get("/actor?name=alice").text
    assert 'href="/tables/1?actor=alice&amp;op=insert"' in html
    assert html.count('<li class="change insert"') == 3
    assert "All of it" in html
    assert client.get("/actor").status_code == 400
    nothing: Any = client.get("/actor.json?name=alice&since=2000-01-01&until=2000-01-02").json
    assert (nothing["deeds"], nothing["changes"]) == ([], [])


def test_an_actor_of_any_name_has_a_page(client: FlaskClient, shop: Connection) -> None:
    shop.execute(text("begin"))
    shop.execute(text("select rowtrail.set_actor(:name)"), {"name": "a/b?c&d=<script>é"})
    shop.execute(text("update orders set total = 5"))
    shop.execute(text("commit"))
    links = re.findall(r'href="(/actor\?[^"]*)"', client.get("/tables").text)
    page = client.get(links[0].replace("&amp;", "&"))
    assert page.text.count('<li class="change ') == 2
    assert "<script>" not in page.text


def test_search_finds_keys_transactions_and_actors(client: FlaskClient, shop: Connection) -> None:
    found: Any = client.get("/search.json?q=1").json
    assert [(one["table"]["name"], one["row_key"]) for one in found["rows"]] == [("orders", "1")]
    found = client.get("/search.json", query_string={"q": "[1,1]"}).json
    assert [one["table"]["name"] for one in found["rows"]] == ["lines"]
    xid = shop.scalar(text("select xid::text from rowtrail.versions order by id limit 1"))
    for number in (xid, f"1-{xid}"):
        found = client.get("/search.json", query_string={"q": number}).json
        assert [one["xid"] for one in found["transactions"]] == [xid]
        assert f'href="/transactions/1-{xid}"' in client.get(f"/search?q={number}").text
    found = client.get("/search.json?q=alice").json
    assert [one["change_count"] for one in found["deeds"]] == [2, 1]
    assert 'href="/actor?name=alice"' in client.get("/search?q=alice").text
    assert "Nothing is called" in client.get("/search?q=zzz").text
    for strange in ("9" * 30, "2-1", HOSTILE, "[1", '["\\u0000"]'):
        answer = client.get("/search", query_string={"q": strange})
        assert answer.status_code == 200
        assert answer.text.count("<script") == 1
    assert client.get("/search").status_code == 200


def test_search_for_a_value_leads_to_the_feed_that_looks_for_it(
    client: FlaskClient, shop: Connection
) -> None:
    answer = client.get("/search?value=paid&table=1&column=&since=2026-01-01&until=")
    assert answer.location == "/tables/1?value=paid&since=2026-01-01"
    assert client.get(answer.location).text.count('<li class="change ') == 1
    assert client.get("/search?value=paid").status_code == 400


def test_tables_are_sorted_and_filtered(client: FlaskClient, shop: Connection) -> None:
    def names(query: str) -> list[str]:
        page: Any = client.get(f"/tables.json?{query}").json
        return [one["name"] for one in page["tables"]]

    run(shop, "create table zoo (id int primary key); select rowtrail.track('zoo')")
    run(shop, "select rowtrail.untrack('zoo')")
    assert names("") == ["lines", "orders", "zoo"]
    assert names("sort=last") == ["zoo", "lines", "orders"]
    assert names("sort=activity") == ["orders", "lines", "zoo"]
    assert names("name=ORD") == ["orders"]
    assert names("state=untracked") == ["zoo"]
    assert names("name=zoo&state=tracked") == []
    assert "No table is like this" in client.get("/tables?name=nope").text
    assert client.get("/tables?sort=size").status_code == 400


def test_thirty_days_of_activity_are_drawn_and_said(client: FlaskClient, shop: Connection) -> None:
    # Between the ids of the shop's own changes and 0.
    for days, count, after in ((31, 9, 0), (29, 2, 10), (3, 5, 20)):
        run(
            shop,
            "insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login)"
            f"select {after} + g, now() - interval '{days} days', '1', 1, 'U', 'x', 'y'"
            f" from generate_series(1, {count}) as g",
        )
    page: Any = client.get("/tables.json?name=orders").json
    active = page["tables"][0]["activity"]
    assert len(active["version_counts"]) == 30
    assert [day for day in active["version_counts"] if day] == [2, 5, 4]
    html = client.get("/tables?name=orders").text
    assert re.search(r'aria-label="11 versions in the last 30 days, most on \d{4}-\d\d-\d\d"', html)
    assert html.count("<rect ") == 3
    assert "style=" not in html


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59.999999Z", "9999-12-30"])
def test_the_ends_of_time_can_be_asked_for(
    client: FlaskClient, shop: Connection, moment: str
) -> None:
    for place in ("/tables/1", "/changes.json", "/actor.json?name=alice"):
        for name in ("since", "until"):
            mark = "&" if "?" in place else "?"
            assert client.get(f"{place}{mark}{name}={moment}").status_code == 200
    assert client.get(f"/tables/1/as-of.json?at={moment}").status_code == 200
    assert seen(client, "/changes.json", since="0001-01-01", until="9999-12-30") == ALL


def test_a_text_too_long_to_be_searched_for_is_refused(
    client: FlaskClient, shop: Connection
) -> None:
    for place in ("/search", "/search.json"):
        answer = client.get(place, query_string={"q": "a" * 10_001})
        assert answer.status_code == 400
        assert "longer than 10,000 characters" in answer.text


@pytest.mark.parametrize("depth", [1500, 4000])
def test_a_context_of_any_depth_is_shown(client: FlaskClient, shop: Connection, depth: int) -> None:
    shop.execute(text("begin"))
    nested = '{"deep": ' + "[" * depth + "]" * depth + "}"
    shop.execute(text("select set_config('rowtrail.context', :nested, true)"), {"nested": nested})
    shop.execute(text("update orders set total = 7 where id = 1"))
    shop.execute(text("commit"))
    for place in ("/tables/1", "/tables/1.json", "/tables/1/row?key=1"):
        answer = client.get(place)
        assert answer.status_code == 200
        assert "[[[[" in answer.text
