"""Errors of the API are problem details (RFC 9457): of a kind that is explained, in one line."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rowtrail.reader.problems import PROBLEMS


@pytest.fixture
def orders(db: Connection) -> None:
    db.execute(text("create table orders (id int primary key)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (1)"))


def problem(client: FlaskClient, place: str, method: str = "GET") -> Any:
    """The problem there."""
    answer = client.open(place, method=method)
    assert answer.mimetype == "application/problem+json"
    found: Any = answer.json
    assert list(found) == ["detail", "instance", "status", "title", "type"]
    assert found["status"] == answer.status_code
    assert "\n" not in found["detail"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    return found


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/api/v1/tables/9", "not-in-the-history"),
        ("/api/v1/tables/1/row?key=7", "not-in-the-history"),
        ("/tables/9.json", "not-in-the-history"),
        ("/api/v1/nowhere", "not-found"),
        ("/api/v2/tables", "not-found"),
        ("/api/v1/tables/x", "not-found"),
        ("/api/v1//tables", "not-found"),
        ("/nowhere.json", "not-found"),
        ("/api/v1/problems/none", "not-found"),
        ("/api/v1/changes?before=x", "bad-request"),
        ("/api/v1/tables/1/row", "bad-request"),
        ("/api/v1/search", "bad-request"),
        ("/changes.json?before=x", "bad-request"),
    ],
)
def test_each_problem_is_of_a_kind(
    client: FlaskClient, orders: None, place: str, kind: str
) -> None:
    found = problem(client, place)
    assert found["type"] == f"/api/v1/problems/{kind}"
    assert found["instance"] == place.partition("?")[0]
    explained: Any = client.get(found["type"]).json
    assert {name: explained[name] for name in ("type", "title", "status")} == {
        name: found[name] for name in ("type", "title", "status")
    }


def test_every_kind_is_explained(client: FlaskClient) -> None:
    for kind in PROBLEMS:
        answer: Any = client.get(f"/api/v1/problems/{kind.name}").json
        assert answer["meaning"] == kind.meaning


@pytest.mark.parametrize("place", ["/api/v1/tables", "/tables.json"])
def test_a_method_that_writes_is_a_problem(client: FlaskClient, place: str) -> None:
    found = problem(client, place, "POST")
    assert found["type"] == "/api/v1/problems/method-not-allowed"
    assert client.post(place).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("opp=delete", "there is no parameter 'opp' here; there are: op, actor,"),
        ("_external=1", "there is no parameter '_external' here"),
        ("actor=a&actor=b", "actor is given 2 times; give it once"),
        ("no_actor=false", "no_actor is 1 or is not given at all, not 'false'"),
        ("actor=", "actor is empty; give it a value, or leave it out"),
        ("tz=UTC", "there is no parameter 'tz' here"),
    ],
)
def test_a_filter_that_would_not_hold_is_refused(
    client: FlaskClient, orders: None, query: str, line: str
) -> None:
    assert line in problem(client, f"/api/v1/tables/1/changes?{query}")["detail"]


def test_a_page_s_json_takes_the_page_s_zone_and_empty_fields(
    client: FlaskClient, orders: None
) -> None:
    assert client.get("/tables/1.json?tz=Europe/Berlin&actor=&op=").status_code == 200
    assert "there is no parameter" in problem(client, "/tables/1.json?opp=delete")["detail"]


def test_an_operation_may_be_given_twice(client: FlaskClient, orders: None) -> None:
    assert client.get("/api/v1/changes?op=insert&op=update").status_code == 200


def test_a_failure_of_our_own_is_a_problem_without_its_cause(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr("rowtrail.history.places.tables", fail)
    client.application.logger.disabled = True
    found = problem(client, "/api/v1/tables")
    assert found["type"] == "/api/v1/problems/failure"
    assert "secret" not in str(found)
    assert "ZeroDivisionError" not in str(found)


def test_what_may_go_well_in_a_moment_has_a_kind_of_its_own(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_: object) -> None:
        raise PoolTimeout

    client.application.logger.disabled = True
    monkeypatch.setattr("rowtrail.history.places.tables", wait)
    found = problem(client, "/api/v1/tables")
    assert (found["status"], found["type"]) == (503, "/api/v1/problems/busy")


def test_a_history_that_cannot_be_read_is_a_problem(client: FlaskClient, db: Connection) -> None:
    client.application.logger.disabled = True
    db.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    found = problem(client, "/api/v1/tables")
    assert (found["status"], found["type"]) == (503, "/api/v1/problems/unavailable")
    assert "install the newer rowtrail" in found["detail"]
