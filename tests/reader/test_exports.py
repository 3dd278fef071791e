"""Exports: whole, exact as JSON Lines, harmless in a spreadsheet, and never all in memory."""

import csv
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from rowtrail.history import exports
from rowtrail.history.filters import Filters
from rowtrail.history.looking import Place


def run(db: Connection, statements: str) -> None:
    db.connection.cursor().execute(statements)


@pytest.fixture
def shop(db: Connection) -> Connection:
    run(db, "create table orders (id int primary key, a text, n numeric, j json)")
    run(db, "create table other (id int primary key); select rowtrail.track('other')")
    run(db, "select rowtrail.track('orders')")
    return db


def table_of(answer: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer, newline="")))


def test_json_lines_lose_nothing(client: FlaskClient, shop: Connection) -> None:
    run(shop, """insert into orders values (1, 'x', 1.50, '{"b": 1.10, "b":  2}')""")
    run(
        shop,
        "begin; select rowtrail.set_actor('alice', reason => 'why'); update orders set n = 1.500; "
        "commit",
    )
    answer = client.get("/tables/1/export.jsonl")
    assert answer.status_code == 404 or answer.mimetype == "application/jsonl"
    [number] = shop.scalars(text("select id from rowtrail.tables where table_name = 'orders'"))
    answer = client.get(f"/tables/{number}/export.jsonl")
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(
        r"attachment; filename=orders-[\dT-]+Z\.jsonl", answer.headers["Content-Disposition"]
    )
    first, second = (
        json.loads(line, parse_float=lambda text: text) for line in answer.text.splitlines()
    )
    assert (first["operation"], first["data"]["n"]) == ("insert", "1.50")
    assert first["verbatim"] == {"j": '{"b": 1.10, "b":  2}'}
    assert (second["old"], second["data"]["n"]) == ({"n": "1.50"}, "1.500")
    assert (second["actor"], second["context"]) == ("alice", {"reason": "why"})
    for line in (first, second):
        stored = shop.execute(
            text(
                "select data::text, old::text, xid::text, era, row_key, login, changed_at "
                "from rowtrail.versions where id = :id"
            ),
            {"id": line["id"]},
        ).one()
        assert line["data"] == json.loads(stored.data, parse_float=lambda text: text)
        assert (line["xid"], line["era"], line["row_key"]) == (stored.xid, stored.era, "1")
        assert line["changed_at"] == f"{stored.changed_at:%Y-%m-%dT%H:%M:%S.%fZ}"


def test_csv_has_a_line_for_each_changed_column(client: FlaskClient, shop: Connection) -> None:
    run(shop, """insert into orders values (1, 'x', -1.50, null); update orders set a = ''""")
    run(shop, "update orders set a = null; delete from orders; truncate orders")
    lines = table_of(client.get("/tables/2/export.csv").text)
    found = [(one["operation"], one["column"], one["old"], one["new"]) for one in lines]
    assert sorted(found[:4]) == [
        ("insert", "a", "", "x"),
        ("insert", "id", "", "1"),
        ("insert", "j", "", ""),
        ("insert", "n", "", "-1.50"),
    ]
    assert found[4:6] == [("update", "a", "x", ""), ("update", "a", "", "")]
    assert ("delete", "n", "-1.50", "") in found
    assert found[-1] == ("truncate", "", "", "")
    raw = client.get("/tables/2/export.csv?op=update").text.splitlines()
    assert raw[1].endswith('"a","x",""')
    assert raw[2].endswith('"a","",')


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_run_as_a_formula(client: FlaskClient, shop: Connection, start: str) -> None:
    run(shop, 'create table "=t" ("=c" text primary key, "-n" numeric)')
    run(shop, "select rowtrail.track('\"=t\"')")
    evil = f'{start}cmd|" /C calc"!A0,=1'
    shop.execute(text("begin"))
    shop.execute(text("select set_config('rowtrail.actor', :evil, true)"), {"evil": evil})
    shop.execute(text('insert into "=t" values (:evil, -5)'), {"evil": evil})
    shop.execute(text("commit"))
    answer = client.get("/changes/export.csv").data.decode()
    rows = list(csv.reader(io.StringIO(answer, newline="")))
    cells = [cell for row in rows for cell in row]
    assert len(rows) == 3
    assert "'" + evil in cells
    assert "'=c" in cells
    assert [cell for cell in cells if exports.FORMULA.match(cell)] == ["-5"]
    lossless = json.loads(client.get("/changes/export.jsonl").text)
    assert lossless["data"]["=c"] == evil


def test_what_is_filtered_is_exported(client: FlaskClient, shop: Connection) -> None:
    run(shop, "insert into orders values (1, 'x', 1), (2, 'y', 2); insert into other values (1)")
    page = client.get("/tables/2?column=a&to=y").text
    links = re.findall(r'href="(/tables/2/export[^"]*)"', page)
    assert len(links) == 2
    for link in links:
        text_ = client.get(link.replace("&amp;", "&")).text
        assert '"2"' in text_
        assert '"x"' not in text_
    every = client.get("/changes/export.jsonl").text.splitlines()
    assert [json.loads(line)["table"] for line in every] == [
        "public.orders",
        "public.orders",
        "public.other",
    ]
    assert "made harmless" in page
    assert client.get("/tables/9/export.csv").status_code == 404
    assert client.get("/tables/2/export.xls").status_code == 404


def test_an_export_of_nothing_is_an_empty_file(client: FlaskClient, shop: Connection) -> None:
    assert client.get("/tables/1/export.jsonl").data == b""
    assert client.get("/tables/1/export.csv").text.count("\r\n") == 1


def test_all_versions_are_exported_once_and_in_their_order(
    client: FlaskClient, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(shop, "insert into orders select g, 'x', g from generate_series(1, 2500) as g")
    run(shop, "insert into other select g from generate_series(1, 1200) as g")
    run(shop, "update orders set a = 'y' where id % 2 = 0")
    monkeypatch.setattr("rowtrail.history.looking.LOOKED_AT", 700)
    for query in ("", "?op=insert", "?column=a&to=y"):
        lines = client.get(f"/changes/export.jsonl{query}").text.splitlines()
        ids = [json.loads(line)["id"] for line in lines]
        where = {"": "true", "?op=insert": "op = 'I'"}.get(query, "op = 'U'")
        every = shop.scalars(
            text(f"select id from rowtrail.versions where {where} order by id")
        ).all()
        assert ids == list(every)


def test_an_export_shows_one_moment(client: FlaskClient, shop: Connection) -> None:
    run(shop, "insert into orders select g, 'x', g from generate_series(1, 1500) as g")
    answer = client.get("/changes/export.jsonl", buffered=False)
    lines = iter(answer.response)
    next(lines)
    run(shop, "delete from orders")
    assert sum(1 for _ in lines) == 1499
    answer.close()


def test_connections_go_back_whether_an_export_is_read_or_not(
    client: FlaskClient, shop: Connection
) -> None:
    run(shop, "insert into orders select g, 'x', g from generate_series(1, 3000) as g")
    # More often than there are connections.
    for _ in range(20):
        head = client.head("/changes/export.csv", buffered=False)
        assert head.status_code == 200
        head.close()
        answer = client.get("/changes/export.jsonl", buffered=False)
        next(iter(answer.response))
        answer.close()
    assert client.get("/tables").status_code == 200


def test_a_few_versions_at_a_time_are_in_memory(
    engine: Engine, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        shop, "insert into orders select g, repeat('long', 2500), g from generate_series(1, 3000) g"
    )
    taken: list[int] = []
    write: Callable[[Session, list[Place], str], Any] = exports.json_lines

    def counted(session: Session, found: list[Place], names: str) -> Any:
        taken.append(len(found))
        return write(session, found, names)

    monkeypatch.setattr(exports, "json_lines", counted)
    import tracemalloc

    with engine.connect() as connection:
        tracemalloc.start()
        size = sum(len(line) for line in exports.lines(Session(connection), Filters(), "jsonl"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert taken == [1000, 1000, 1000]
    assert size > 30_000_000
    assert peak < 8_000_000


def test_history_that_one_may_not_read_is_not_exported(
    shop: Connection, make_login: Callable[..., Engine], make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(make_login("stranger").url)
    client.application.logger.disabled = True
    assert client.get("/changes/export.csv").status_code == 503


def test_numbers_are_exact_in_csv(client: FlaskClient, shop: Connection) -> None:
    big = "12345678901234567890123456789.123456789012345678900"
    run(shop, f"insert into orders (id, n) values (1, {big})")
    lines = table_of(client.get("/tables/2/export.csv").text)
    assert Decimal(next(one["new"] for one in lines if one["column"] == "n")) == Decimal(big)
    assert big in client.get("/tables/2/export.csv").text
