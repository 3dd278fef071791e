"""The OpenAPI document is true: it has every route, and every answer is as it says.

Schemathesis asks. ROWTRAIL_EXAMPLES sets how many random requests each operation gets (default 15).
"""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import Connection, text

from rowtrail import create_app, schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server
from rowtrail.reader import openapi
from rowtrail.reader.access import OPEN
from rowtrail.reader.config import database

EXAMPLES = os.environ.get("ROWTRAIL_EXAMPLES")

HOSTILE = "</script>\"'\u202e\u2028\U0001f4a9&?#/%2F%00 +=;\\u0000"

#: Ordinary tables, a hostile one, a wide one, one without a key, a partitioned one, a dropped one.
HISTORY = """
create table orders (id int primary key, status text, total numeric, body json);
create table lines (a int references orders, b int, article text, primary key (a, b));
create table "<b>" ("<i>""'" text primary key, note text);
create table loose (n int, at timestamptz);
create table parts (id int, region text, primary key (id, region)) partition by list (region);
create table parts_a partition of parts for values in ('a');
create table parts_b partition of parts for values in ('b');
create table gone (id int primary key);
select rowtrail.track(one) from unnest(
  array['orders', 'lines', '"<b>"', 'loose', 'parts', 'gone']::regclass[]) as one;
begin;
select rowtrail.set_actor('alice', reason => 'ticket 4711', context => '{"n": 1.0, "a": [null]}');
insert into orders select n, 'new', 1.50, '{"b": 1.10, "b":  2}' from generate_series(1, 60) as n;
insert into lines values (1, 1, 'chair'), (1, 2, null);
commit;
update orders set status = 'paid', total = 12345678901234567890123456789.50 where id < 4;
update orders set id = 99 where id = 3;
insert into loose values (1, '2026-02-28'), (1, '2026-02-28'), (null, 'infinity');
update loose set n = 2;
insert into parts values (1, 'a');
alter table orders add note text default 'none';
alter table orders rename status to state;
insert into gone values (1);
drop table gone;
delete from lines where b = 2;
truncate lines;
select rowtrail.untrack('loose');
select rowtrail.track('loose', exclude => '{at}');
"""


@pytest.fixture
def history(db: Connection) -> Connection:
    """A database with a history of all kinds."""
    fill(db)
    return db


def fill(db: Connection) -> None:
    db.connection.cursor().execute(HISTORY)
    db.execute(text("update parts set region = 'b'"))
    wide = ", ".join(f"c{n} int" for n in range(150))
    db.connection.cursor().execute(f"create table wide (id int primary key, {wide})")
    db.connection.cursor().execute("select rowtrail.track('wide'); insert into wide values (1)")
    db.execute(text("begin"))
    db.execute(text("select rowtrail.set_actor(:name, reason => :name)"), {"name": HOSTILE})
    db.execute(
        text("insert into \"<b>\" values (:key, repeat('<u>', 2000)), ('', '')"), {"key": HOSTILE}
    )
    db.execute(text("update \"<b>\" set note = repeat('<u>', 3000)"))
    db.execute(text("commit"))
    db.execute(text("select rowtrail.seal()"))
    db.execute(
        text(
            "select rowtrail.note_verification(now(), 1, 0, 1, 1, 0, '{earlier seals}', "
            "jsonb_build_array(jsonb_build_object('part', 'rows', 'object', cast(:name as text), "
            "'problem', 'is gone', 'is_fault', true)))"
        ),
        {"name": HOSTILE},
    )


@pytest.fixture(scope="module")
def application(server: Server) -> Iterator[Flask]:
    """The application on such a database."""
    maintenance = connect(server.url()).execution_options(isolation_level="AUTOCOMMIT")
    url = server.url(database="described")
    with maintenance.connect() as connection:
        connection.execute(text("create database described"))
    engine = connect(url)
    schema.upgrade(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        fill(connection)
        # The transaction of which the document speaks.
        connection.execute(
            text(
                "insert into rowtrail.versions"
                " (changed_at, xid, table_id, op, row_key, login, data)"
                " values (now(), '4711', 1, 'I', '4711', 'shop', '{\"id\": 4711}')"
            )
        )
    app = create_app(url)
    app.logger.disabled = True
    # Who waits for the feed does not wait long.
    app.config["ROWTRAIL_SECOND"] = 0.001
    logging.getLogger("rowtrail.reads").disabled = True
    yield app
    logging.getLogger("rowtrail.reads").disabled = False
    with app.app_context():
        database.engine.dispose()
    engine.dispose()
    with maintenance.connect() as connection:
        connection.execute(text("drop database described"))
    maintenance.dispose()


#: What there is to ask for. Ids are given in steps of 100.
VALUES: dict[str, list[Any]] = {
    "path.table_id": [1, 2, 3, 4, 5, 6, 7],
    "path.xid": [4711],
    "path.era": [1],
    **{f"query.{name}": [*range(100, 12_000, 100)] for name in ("a", "b", "before", "after")},
    "path.version_id": [*range(100, 12_000, 100)],
    "query.key": ["1", "3", "99", "[1, 1]", "[1,1]", '[1, "b"]', HOSTILE, ""],
    "query.after_key": ["1", "[1, 1]"],
    "query.name": ["alice", HOSTILE],
    "query.actor": ["alice", HOSTILE],
    "query.q": ["1", "4711", "1-4711", "[1,1]", "alice", HOSTILE],
    "query.transaction": ["1-4711"],
    "query.column": ["status", "state", "total", "<i>\"'"],
    "query.value": ["paid", "1.5", "NULL", "1", HOSTILE],
}

api = schemathesis.openapi.from_dict(
    openapi.document("/api/v1"),
    config=schemathesis.Config.from_dict(
        {
            "dictionaries": {
                name.replace(".", "_"): {"values": values} for name, values in VALUES.items()
            },
            "parameters": {
                name: {"dictionary": name.replace(".", "_"), "probability": 0.7} for name in VALUES
            },
            "generation": {
                "max-examples": int(EXAMPLES or 15),
                # The same requests each time; with ROWTRAIL_EXAMPLES so many others.
                "deterministic": EXAMPLES is None,
                "database": "none",
            },
        }
    ),
)


@api.parametrize()
def test_every_answer_is_as_the_document_says(case: Any, application: Flask) -> None:
    # All checks are on but one, where OpenAPI has no way to say what cannot be meant.
    excluded = [positive_data_acceptance] if contradicts_itself(case.query) else []
    case.call_and_validate(app=application, excluded_checks=excluded)


def contradicts_itself(query: Mapping[str, Any]) -> bool:
    """Whether parameters that are well formed cannot be meant together."""
    given = {name for name, value in query.items() if value not in ("", None)}
    return (
        {"before", "after"} <= given
        or {"actor", "no_actor"} <= given
        or (bool({"from", "to"} & given) and "column" not in given)
        or len({"at", "transaction", "snapshot", "seal"} & given) > 1
        or {"since", "until"} <= given
        # Of these the database has the last word.
        or bool({"snapshot", "seal", "transaction", "by"} & given)
    )


@pytest.fixture
def document(client: FlaskClient) -> Any:
    """The OpenAPI document."""
    return client.get("/api/v1/openapi.json").json


def test_the_document_is_one_of_openapi(document: Any) -> None:
    validate(document)


def test_the_document_has_every_route_and_no_other(client: FlaskClient, document: Any) -> None:
    routes = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), rule.endpoint)
        for rule in client.application.url_map.iter_rules()
        if rule.endpoint.startswith("v1.")
    }
    [server] = document["servers"]
    assert routes == {
        (server["url"] + path, f"v1.{item['get']['operationId']}")
        for path, item in document["paths"].items()
    }


def test_every_parameter_has_an_example_that_its_schema_allows(document: Any) -> None:
    for path, item in document["paths"].items():
        for parameter in item["get"]["parameters"]:
            assert parameter["description"], path
            if parameter["in"] != "header":
                Draft202012Validator(parameter["schema"]).validate(parameter["example"])


def test_the_server_is_where_the_application_is_mounted(client: FlaskClient) -> None:
    document: Any = client.get(
        "/api/v1/openapi.json", environ_overrides={"SCRIPT_NAME": "/history"}
    ).json
    assert document["servers"] == [{"url": "/history/api/v1"}]


def test_lines_of_an_export_are_as_the_document_says(
    client: FlaskClient, history: Connection, document: Any
) -> None:
    schema = {**document, "$ref": "#/components/schemas/ExportedVersion"}
    lines = client.get("/api/v1/changes/export.jsonl").data.splitlines()
    assert len(lines) > 60
    for line in lines:
        Draft202012Validator(schema).validate(json.loads(line))
    assert {"from": "public.parts_a", "to": "public.parts_b"} in [
        json.loads(line)["moved"] for line in lines
    ]


PLACES = {
    "/tables": "/tables",
    "/tables/1/changes": "/tables/1",
    "/tables/1/row?key=99": "/tables/1/row?key=99",
    "/tables/2/row?key=[1,1]": "/tables/2/row?key=[1,1]",
    "/tables/1/related?key=1": "/tables/1/related?key=1",
    "/tables/1/as-of?at=2100-01-01": "/tables/1/as-of?at=2100-01-01",
    "/changes?op=insert": "/changes?op=insert",
    "/actor?name=alice": "/actor?name=alice",
    "/search?q=1": "/search?q=1",
    "/integrity": "/integrity",
    "/health": "/health",
}


@pytest.mark.parametrize(("place", "page"), PLACES.items())
def test_a_page_s_json_is_the_same_but_for_its_links(
    client: FlaskClient, history: Connection, place: str, page: str
) -> None:
    path, mark, query = page.partition("?")
    twin = client.get(f"{path}.json{mark}{query}")
    answer = client.get(f"/api/v1{place}")
    assert (twin.status_code, answer.status_code) == (200, 200), answer.text
    assert without_links(twin.json) == without_links(answer.json)
    assert all(link.startswith("/api/v1/") for link in links(answer.json))
    assert all(".json" in link and not link.startswith("/api/") for link in links(twin.json))


def test_links_of_an_answer_lead_on(client: FlaskClient, history: Connection) -> None:
    for place in ("/api/v1/tables/1/changes?op=insert", "/api/v1/tables/1/as-of"):
        first: Any = client.get(place).json
        onward = first.get("older") or first["next"]
        second = client.get(onward)
        assert second.status_code == 200
        assert without_links(second.json) != without_links(first)
        for link in links(second.json):
            assert client.get(link).status_code == 200


LINKS = ("url", "changes_url", "older", "newer", "next")


def links(found: Any) -> list[str]:
    """All links in an answer."""
    if isinstance(found, list):
        return [link for one in found for link in links(one)]
    if not isinstance(found, dict):
        return []
    own = [found[name] for name in LINKS if isinstance(found.get(name), str)]
    return own + [link for one in found.values() for link in links(one)]


def without_links(found: Any) -> Any:
    if isinstance(found, list):
        return [without_links(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {name: without_links(one) for name, one in found.items() if name not in LINKS}


def test_times_can_be_copied_into_a_url(client: FlaskClient, history: Connection) -> None:
    page: Any = client.get("/api/v1/tables/1/changes").json
    newest = page["changes"][0]["changed_at"]
    assert datetime.fromisoformat(newest).utcoffset() is not None
    found: Any = client.get(f"/api/v1/tables/1/changes?since={newest}").json
    assert [one["changed_at"] for one in found["changes"]] == [newest]


def test_the_document_says_what_is_open_to_all(document: Any) -> None:
    open_to_all = {
        f"v1.{item['get']['operationId']}"
        for item in document["paths"].values()
        if "401" not in item["get"]["responses"]
    }
    assert open_to_all == {endpoint for endpoint in OPEN if endpoint.startswith("v1.")}
