"""Imported versions on the pages and in JSON: there, in their order, and told as imported."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, text

from rowtrail.importing import imports

SOURCE = Path(__file__).parents[1] / "operator" / "sources" / "supa_audit-by-hand.sql"


@pytest.fixture
def orders(db: Connection, engine: Engine) -> Connection:
    """Order 4, of which two versions were imported and one was captured; and what was before."""
    db.connection.cursor().execute(SOURCE.read_text(encoding="utf-8"))
    db.exec_driver_sql("select rowtrail.track('orders')")
    with engine.connect() as connection:
        found, _ = imports.found_in(connection, "supa_audit", None, (), ())
    number = imports.begun(engine, "supa_audit", found)
    list(imports.record(engine, number, 2))
    imports.finish(engine, number)
    db.exec_driver_sql("update orders set status = 'sent' where id = 4")
    return db


def ids(found: Any) -> list[int]:
    """The ids of the changes of an answer."""
    return [one["id"] for one in found.json["changes"]]


def test_a_version_that_was_imported_says_from_where(orders: Any, client: FlaskClient) -> None:
    page = client.get("/tables/1/row?key=4").text
    # The version, and the three columns that have their values by it.
    assert page.count("imported from <bdi>supa_audit</bdi>") == 4
    assert "(not recorded)" in page
    found = client.get("/api/v1/tables/1/row?key=4").json or {}
    assert [(one["era"], one["operation"]) for one in found["changes"]] == [
        (1, "update"), (0, "update"),
    ]  # fmt: skip
    assert found["changes"][1]["context"]["imported"]["table"] == "audit.record_version"
    assert found["changes"][1]["old_key"] == "3"


def test_a_link_to_one_leads_to_it(orders: Any, client: FlaskClient) -> None:
    [first] = orders.execute(text("select min(id) from rowtrail.versions")).scalars()
    assert first < 0
    found = client.get(f"/api/v1/tables/1/versions/{first}")
    assert (found.status_code, (found.json or {})["row_key"]) == (200, "1")
    page = client.get(f"/tables/1/versions/{first}", follow_redirects=True)
    assert (page.status_code, f'id="v{first}"' in page.text) == (200, True)
    assert client.get(f"/tables/1/versions/{first - 1000}").status_code == 404
    assert client.get(f"/tables/1/versions/-{2**63}").status_code == 404


def test_a_transaction_of_the_source_is_a_page(orders: Any, client: FlaskClient) -> None:
    xid = orders.scalar(text("select xid::text from rowtrail.versions where row_key = '3'"))
    page = client.get(f"/transactions/0-{xid}")
    assert page.status_code == 200
    assert "imported from" in page.text
    assert (client.get(f"/api/v1/transactions/0-{xid}").json or {})["changes"][0]["row_key"] == "3"


def test_a_feed_has_them_after_all_others(orders: Any, client: FlaskClient) -> None:
    everything = ids(client.get("/api/v1/changes"))
    assert everything == sorted(everything, reverse=True)
    assert len([one for one in everything if one < 0]) == 4
    # From the oldest on.
    assert ids(client.get("/api/v1/changes?after=0")) == everything
    assert ids(client.get(f"/api/v1/changes?before={everything[2]}")) == everything[3:]
    assert ids(client.get(f"/api/v1/changes?after={everything[2]}")) == everything[:2]
    assert client.get("/api/v1/changes?before=--1").status_code == 400


def test_filters_by_time_find_them(orders: Any, client: FlaskClient) -> None:
    everything = ids(client.get("/api/v1/tables/1/changes"))
    by_time = "/api/v1/tables/1/changes?since={}&until={}"
    assert ids(client.get(by_time.format("2024-03-01", "2024-03-01"))) == everything[1:]
    assert (
        ids(client.get(by_time.format("2024-03-01T10:00:02", "2024-03-01T10:00:04")))
        == (everything[1:3])
    )
    assert ids(client.get("/api/v1/tables/1/changes?since=2025-01-01")) == everything[:1]
    assert ids(client.get("/api/v1/tables/1/changes?until=2024-01-01")) == []
    assert ids(client.get("/api/v1/changes?until=2024-12-31")) == everything[1:]


def test_the_table_as_it_was_before_tracking_began(orders: Any, client: FlaskClient) -> None:
    then = client.get("/tables/1/as-of?at=2024-03-01T10:00:02.5Z")
    assert then.status_code == 200
    assert "10.50" in then.text
    assert "Nothing is recorded before" not in then.text
    two = [one for one in ids(client.get("/api/v1/tables/1/changes")) if one < 0]
    both = client.get(f"/tables/1/compare?a={two[-1]}&b={two[0]}")
    assert (both.status_code, "paid" in both.text) == (200, True)


def test_an_export_has_them_first(orders: Any, client: FlaskClient) -> None:
    lines = client.get("/tables/1/export.jsonl").text.splitlines()
    assert len(lines) == 5
    assert '"era" : 0' in lines[0]
    assert '"era" : 1' in lines[-1]
