"""Who may read the pages: how people are known, as which role they read, and what each sees."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text

from rowtrail import create_app
from rowtrail.errors import RowtrailError
from rowtrail.reader.passwords import set_password

MakeClient = Callable[[URL | str], FlaskClient]
SetUp = Callable[..., FlaskClient]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ROWTRAIL_")]:
        if not name.startswith("ROWTRAIL_TEST"):
            monkeypatch.delenv(name)


@pytest.fixture
def set_up(
    web: Engine, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FlaskClient]:
    """A client of an application with something set: `set_up(AUTH="none")`."""

    def set_up(**environment: object) -> FlaskClient:
        for name, value in environment.items():
            monkeypatch.setenv(f"ROWTRAIL_{name}", str(value))
        client = make_client(web.url)
        client.application.logger.disabled = True
        return client

    return set_up


@pytest.fixture
def people(make_login: Callable[..., Engine], db: Connection, web: Engine) -> Connection:
    """alice may select from orders, carol from wages, both are limited readers; the web's login
    may act as them. 12 versions are of wages, 2 of orders, and one transaction is of both.
    """
    for statement in (
        "create table orders (id int primary key, total numeric)",
        "create table wages (id int primary key, amount numeric)",
        "select rowtrail.track('orders'), rowtrail.track('wages')",
    ):
        db.execute(text(statement))
    for name, table in (("alice", "orders"), ("carol", "wages")):
        make_login(name, member_of="rowtrail_limited_reader")
        db.execute(text(f"grant select on {table} to {name}"))
        db.execute(text(f"grant {name} to web"))
    db.connection.cursor().execute(
        "begin; select rowtrail.set_actor('payer'); insert into orders values (1, 10); "
        "insert into wages select n, 5000 from generate_series(1, 12) as n; commit; "
        "update orders set total = 20"
    )
    return db


PROXY = {"AUTH": "proxy", "PROXY_HEADER": "X-Remote-User", "PROXY_PEERS": "127.0.0.1,10.1.0.0/16"}
NAMED = {"ROLE": "{person}", **PROXY}


def as_(person: str, peer: str = "127.0.0.1") -> dict[str, Any]:
    """What the proxy asks for a person."""
    return {"headers": {"X-Remote-User": person}, "environ_base": {"REMOTE_ADDR": peer}}


def numbers(db: Connection) -> dict[str, int]:
    rows = db.execute(text("select table_name::text, id from rowtrail.tables"))
    return {row[0]: row[1] for row in rows}


# Where nothing is set -----------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/tables", "/tables.json", "/nowhere", "/changes/export.jsonl"])
def test_where_nobody_is_asked_only_this_machine_is_answered(set_up: SetUp, place: str) -> None:
    client = set_up()
    refused = client.get(place, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert refused.status_code == 403
    for way in ("ROWTRAIL_AUTH=proxy", "ROWTRAIL_AUTH=basic", "ROWTRAIL_AUTH=none"):
        assert way in refused.text
    assert client.get(place).status_code != 403
    for peer in ("::1", "127.8.8.8", "::ffff:127.0.0.1", ""):
        assert client.get("/tables", environ_base={"REMOTE_ADDR": peer}).status_code == 200


def test_only_this_machines_own_names_are_answered_unless_others_are_named(set_up: SetUp) -> None:
    client = set_up()
    for host in ("localhost:5000", "127.0.0.1:5000"):
        assert client.get("/tables", headers={"Host": host}).status_code == 200
    refused = client.get("/tables", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "ROWTRAIL_HOSTS" in refused.text


def test_none_answers_whoever_comes(set_up: SetUp) -> None:
    client = set_up(AUTH="none")
    assert client.get("/tables", environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 200
    assert "signed in" not in client.get("/tables").text


# A proxy ------------------------------------------------------------------------------------------


def test_a_person_reads_as_the_role_of_their_name(set_up: SetUp, people: Connection) -> None:
    client = set_up(**NAMED)
    for person, seen, unseen in (("alice", "orders", "wages"), ("carol", "wages", "orders")):
        page = client.get("/tables", **as_(person)).text
        assert f"signed in as {person} (role {person})" in page
        assert seen in page
        assert unseen not in page


@pytest.mark.parametrize("peer", ["10.2.0.1", "8.8.8.8", "", "::1", "localhost"])
def test_nobody_but_the_proxy_is_believed(set_up: SetUp, people: Connection, peer: str) -> None:
    assert set_up(**NAMED).get("/tables", **as_("alice", peer)).status_code == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.255.1", "::ffff:10.1.0.1"])
def test_each_address_of_the_proxy_is_believed(
    set_up: SetUp, people: Connection, peer: str
) -> None:
    assert set_up(**NAMED).get("/tables", **as_("alice", peer)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "  ", "alice, carol", "alice,", "al\tice", "ali\u200bce", "x" * 201, "\xff",
        "none", "None\x00",
    ],
)  # fmt: skip
def test_a_header_that_does_not_name_one_person_is_refused(
    set_up: SetUp, people: Connection, header: str
) -> None:
    client = set_up(**NAMED)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REMOTE_USER": header}
    refused = client.get("/tables", environ_base=environ)
    assert refused.status_code == 403
    assert "Traceback" not in refused.text


def test_without_the_header_nothing_is_shown(set_up: SetUp, people: Connection) -> None:
    client = set_up(**NAMED)
    api = ("/api/v1/changes", "/api/v1/changes/export.jsonl", "/api/v1/nowhere")
    pages = ("/tables", "/", "/changes.json", "/changes/export.csv", "/nowhere", "/integrity")
    for place in (*pages, "/metrics", *api):
        assert client.get(place).status_code == 403
    api = ("/api/v1/health", "/api/v1/openapi.json", "/api/v1/problems/forbidden")
    for place in ("/static/rowtrail.css", "/health", "/health.json", *api):
        with client.get(place) as answer:
            assert answer.status_code == 200


def test_a_name_in_another_script_is_a_name(
    set_up: SetUp, people: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "roles"
    file.write_text("# who reads as whom\n\nÅsa 名: alice\n", encoding="utf-8")
    client = set_up(**PROXY, ROLES=file)
    page = client.get("/tables", **as_("Åsa 名".encode().decode("latin-1"))).text
    assert "signed in as Åsa 名 (role alice)" in page


# Roles --------------------------------------------------------------------------------------------


def test_what_a_person_may_not_read_is_not_counted_found_or_exported(
    set_up: SetUp, people: Connection
) -> None:
    client = set_up(**NAMED)
    number = numbers(people)
    xid = people.scalar(text("select min(xid::text::bigint) from rowtrail.versions where op = 'I'"))

    def seen(place: str) -> Any:
        answer = client.get(place, **as_("alice"))
        assert answer.status_code == 200, place
        return answer

    everything = "".join(
        seen(place).text
        for place in (
            "/tables.json",
            "/changes.json",
            "/changes/export.jsonl",
            "/changes/export.csv",
            "/search.json?q=1",
            "/search.json?q=payer",
            "/actor.json?name=payer",
            f"/transactions/1-{xid}.json",
            *("/api/v1/tables", "/api/v1/changes", "/api/v1/search?q=payer"),
            *("/tables", "/changes", "/search?q=1", "/search?q=payer", "/actor?name=payer"),
            f"/transactions/1-{xid}",
            f"/tables/{number['orders']}/row?key=1",
        )
    )
    assert "orders" in everything
    assert "wages" not in everything
    assert "5000" not in everything
    assert [part["change_count"] for part in seen(f"/transactions/1-{xid}.json").json["parts"]] == [
        1
    ]
    assert [deed["change_count"] for deed in seen("/actor.json?name=payer").json["deeds"]] == [1]
    assert len(seen("/changes/export.jsonl").text.splitlines()) == 2
    closed = number["wages"]
    for place in (
        f"/tables/{closed}",
        f"/tables/{closed}/row?key=1",
        f"/tables/{closed}/as-of?at=2100-01-01",
        f"/tables/{closed}/export.csv",
        f"/api/v1/tables/{closed}",
        f"/api/v1/tables/{closed}/changes",
        f"/search?value=5000&table={closed}",
    ):
        answer = client.get(place, **as_("alice"), follow_redirects=False)
        if answer.status_code == 302:
            answer = client.get(answer.location, **as_("alice"))
        assert answer.status_code == 404, place


def test_what_one_person_asked_for_does_not_tell_another_of_tables_they_do_not_see(
    set_up: SetUp, people: Connection
) -> None:
    client = set_up(**NAMED)

    def activity(person: str) -> list[tuple[str, int]]:
        found = client.get("/tables.json", **as_(person)).json
        assert found is not None
        return [(one["name"], sum(one["activity"]["version_counts"])) for one in found["tables"]]

    for _ in range(2):
        assert activity("carol") == [("wages", 12)]
        assert activity("alice") == [("orders", 2)]
    remembered = client.application.extensions["rowtrail.days"]
    number = numbers(people)
    assert set(remembered) == {(number["orders"],), (number["wages"],)}
    people.execute(text("grant select on wages to alice"))
    assert activity("alice") == [("orders", 2), ("wages", 12)]


def test_a_person_without_a_usable_role_is_told_what_is_missing(
    set_up: SetUp, people: Connection, make_login: Callable[..., Engine], db: Connection
) -> None:
    make_login("dave")
    make_login("erin")
    make_login("root", attributes="superuser")
    make_login("chief", member_of="rowtrail_owner")
    for name in ("erin", "root", "chief"):
        db.execute(text(f"grant {name} to web"))
    client = set_up(**NAMED)
    for person, line in (
        (
            "Fred",
            'create role "Fred"; grant rowtrail_limited_reader to "Fred"; grant "Fred" to web;',
        ),
        ("dave", "may not act as the role dave; let an administrator run: grant dave to web;"),
        (
            "erin",
            "may not read any history; let its owner run: grant rowtrail_limited_reader to erin;",
        ),
        ("root", "the role root is a superuser"),
        ("chief", "the role chief is a superuser"),
        ("postgres", "may not act as the role postgres"),
    ):
        # More often than there are connections: a refused one must go back.
        for _ in range(20):
            refused = client.get("/tables.json", **as_(person))
            assert refused.status_code == 403
        assert refused.json is not None
        assert refused.json["type"] == "/api/v1/problems/forbidden"
        assert line in refused.json["detail"]
    assert client.get("/tables.json", **as_("alice")).status_code == 200


def test_a_role_does_not_stay_with_a_connection(
    set_up: SetUp, people: Connection, web: Engine
) -> None:
    client = set_up(**NAMED)
    for person in ("alice", "carol", "alice"):
        found = client.get("/tables.json", **as_(person)).json
        assert found is not None
        assert [one["name"] for one in found["tables"]] == [
            "orders" if person == "alice" else "wages"
        ]


def test_a_file_says_who_reads_as_whom_and_is_read_again_when_it_changes(
    set_up: SetUp, people: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "roles"
    file.write_text("ann: alice\nchris: rowtrail_reader\n")
    client = set_up(**PROXY, ROLES=file)
    assert "(role alice)" in client.get("/tables", **as_("ann")).text
    assert "wages" in client.get("/tables", **as_("chris")).text
    refused = client.get("/tables.json", **as_("alice"))
    assert (refused.status_code, "no role here" in refused.text) == (403, True)
    file.write_text("ann: carol\n")
    assert "(role carol)" in client.get("/tables", **as_("ann")).text
    assert client.get("/tables", **as_("chris")).status_code == 403
    file.write_text("ann\n")
    assert client.get("/tables", **as_("ann")).status_code == 503
    file.unlink()
    assert client.get("/tables", **as_("ann")).status_code == 503


def test_one_role_may_be_that_of_all(set_up: SetUp, people: Connection) -> None:
    client = set_up(ROLE="alice")
    page = client.get("/tables").text
    assert "orders" in page
    assert "wages" not in page


# Passwords ----------------------------------------------------------------------------------------


def basic(person: str, password: str) -> dict[str, Any]:
    given = base64.b64encode(f"{person}:{password}".encode()).decode()
    return {"headers": {"Authorization": f"Basic {given}"}}


def test_a_person_signs_in_by_a_password(set_up: SetUp, tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    assert set_password(file, "ann", "correct: horse") is False
    client = set_up(AUTH="basic", PASSWORDS=file)
    for given in (
        {},
        basic("ann", "wrong"),
        basic("ann", ""),
        basic("nobody", "correct: horse"),
        basic("", ""),
        {"headers": {"Authorization": "Basic !"}},
        {"headers": {"Authorization": "Bearer correct"}},
    ):
        for place in ("/tables", "/tables.json", "/nowhere"):
            refused = client.get(place, **given)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith('Basic realm="rowtrail"')
    for _ in range(2):
        page = client.get("/tables", **basic("ann", "correct: horse"))
        assert "signed in as ann (role rowtrail_reader)" in page.text


def test_a_password_that_was_changed_or_taken_away_ends_at_once(
    set_up: SetUp, tmp_path: Path
) -> None:
    file = tmp_path / "passwords"
    set_password(file, "ann", "first")
    set_password(file, "bob", "bobs")
    client = set_up(AUTH="basic", PASSWORDS=file)
    assert client.get("/tables", **basic("ann", "first")).status_code == 200
    assert set_password(file, "ann", "second") is True
    assert client.get("/tables", **basic("ann", "first")).status_code == 401
    assert client.get("/tables", **basic("ann", "second")).status_code == 200
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("ann")))
    assert client.get("/tables", **basic("ann", "second")).status_code == 401
    assert client.get("/tables", **basic("bob", "bobs")).status_code == 200


def test_an_unknown_person_costs_as_much_as_a_wrong_password(
    set_up: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from werkzeug import security

    file = tmp_path / "passwords"
    set_password(file, "ann", "right")
    client = set_up(AUTH="basic", PASSWORDS=file)
    compared: list[str] = []

    def check(known: str, given: str) -> bool:
        compared.append(known.partition("$")[0])
        return security.check_password_hash(known, given)

    monkeypatch.setattr("rowtrail.reader.passwords.check_password_hash", check)
    client.get("/tables", **basic("ann", "wrong"))
    client.get("/tables", **basic("nobody", "wrong"))
    assert len(compared) == 2
    assert compared[0] == compared[1]


# What is set wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({"AUTH": "ldap"}, ["'ldap' is no way", "ROWTRAIL_AUTH=basic"]),
        ({"AUTH": "proxy"}, ["set ROWTRAIL_PROXY_HEADER"]),
        ({"AUTH": "proxy", "PROXY_HEADER": "X-User"}, ["set ROWTRAIL_PROXY_PEERS"]),
        ({**PROXY, "PROXY_HEADER": "X User:"}, ["ROWTRAIL_PROXY_HEADER='X User:'"]),
        ({**PROXY, "PROXY_PEERS": "10.0.0.0/33"}, ["ROWTRAIL_PROXY_PEERS", "10.0.0.0/24"]),
        ({**PROXY, "PROXY_PEERS": "10.0.0.1/8"}, ["has host bits set"]),
        ({"AUTH": "basic"}, ["set ROWTRAIL_PASSWORDS"]),
        ({"AUTH": "basic", "PASSWORDS": "/nowhere/p"}, ["cannot read /nowhere/p: No such file"]),
        ({"ROLE": "{person}"}, ["nobody is asked for a name", "ROWTRAIL_AUTH=proxy"]),
        ({"AUTH": "none", "ROLES": "/x"}, ["nobody is asked for a name"]),
        ({**PROXY, "ROLES": "/nowhere/r"}, ["cannot read /nowhere/r"]),
        ({**PROXY, "ROLES": "/x", "ROLE": "x"}, ["set one of them"]),
        ({"READ_LOG": "/nowhere/reads"}, ["cannot be written to /nowhere/reads"]),
    ],
)
def test_what_cannot_be_meant_is_one_line_at_the_start(
    set_up: SetUp, environment: dict[str, str], parts: list[str]
) -> None:
    with pytest.raises(RowtrailError) as error:
        set_up(**environment)
    assert "\n" not in str(error.value)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("ann", "line 1 is not of the form person:…"),
        ("# all\nann:", "line 2 is not of the form"),
        ("ann:secret", "line 1 has no hash by scrypt; write it by: rowtrail password"),
        ("ann:md5$a$b", "has no hash by scrypt"),
        ("a:scrypt:1:1:1$a$b\na:scrypt:1:1:1$a$b", "line 2 names 'a' a second time"),
    ],
)
def test_a_file_of_passwords_that_is_wrong_is_one_line_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: str, problem: str
) -> None:
    file = tmp_path / "passwords"
    file.write_text(lines)
    monkeypatch.setenv("ROWTRAIL_AUTH", "basic")
    monkeypatch.setenv("ROWTRAIL_PASSWORDS", str(file))
    with pytest.raises(RowtrailError, match=r"passwords, line \d") as error:
        create_app("postgresql://web@127.0.0.1:1/shop")
    assert problem in str(error.value)
    assert "secret" not in str(error.value)
