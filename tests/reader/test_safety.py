"""The reader only reads, says in one line what is wrong, and never shows a traceback."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail import create_app
from rowtrail.db import REVISION
from rowtrail.errors import RowtrailError
from rowtrail.reader import config
from rowtrail.reader.config import database

MakeClient = Callable[[URL | str], FlaskClient]


def unavailable(client: FlaskClient) -> str:
    """The one line that every place answers with."""
    client.application.logger.disabled = True
    line = client.get("/health").text.rstrip("\n")
    assert "\n" not in line
    for place in ("/tables", "/tables/1", "/tables/1/row?key=1", "/transactions/1-1"):
        page = client.get(place)
        assert page.status_code == 503
        assert "Traceback" not in page.text
    for place in ("/tables.json", "/health.json", "/api/v1/tables", "/api/v1/health"):
        answer = client.get(place)
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert answer.json is not None
        assert answer.json["detail"] == line
    assert client.get("/health").status_code == 503
    return line


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "place",
    ["/", "/tables", "/tables/1.json", "/health", "/static/rowtrail.css", "/api/v1/tables", "/api"],
)
def test_nothing_but_reading_is_allowed(client: FlaskClient, method: str, place: str) -> None:
    answer = client.open(place, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_is_allowed(client: FlaskClient) -> None:
    assert client.head("/tables").status_code == 200


@pytest.mark.parametrize("place", ["/tables", "/tables.json", "/nowhere", "/static/rowtrail.css"])
def test_every_answer_forbids_foreign_content(client: FlaskClient, place: str) -> None:
    answer = client.get(place)
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    answer.close()


def test_history_is_kept_in_no_cache(client: FlaskClient) -> None:
    assert client.get("/tables").headers["Cache-Control"] == "no-store"


def test_no_page_has_script_or_inline_style(client: FlaskClient, db: Connection) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("select rowtrail.track('t')"))
    db.execute(text("insert into t values (1)"))
    for place in ("/tables", "/tables/1", "/tables/1/row?key=1", "/integrity", "/nowhere"):
        page = client.get(place).text
        assert page.count("<script ") == page.count("<script") == 1
        assert not any(part in page for part in ("<style", "style=", " onclick"))


def test_the_application_acts_as_the_reader_and_reads_only(client: FlaskClient) -> None:
    with client.application.app_context():
        session = database.session
        seen = session.execute(
            text(
                "select current_user, current_setting('transaction_read_only'), "
                "current_setting('statement_timeout'), current_setting('timezone')"
            )
        ).one()
        assert tuple(seen) == ("rowtrail_reader", "on", "15s", "UTC")
        with pytest.raises(DBAPIError, match="read-only transaction"):
            session.execute(text("create temporary table t (id int)"))


def test_even_a_superusers_application_cannot_write(
    make_client: MakeClient, url: URL, db: Connection
) -> None:
    db.execute(text("create table t (id int primary key)"))
    app = make_client(url).application
    for statement in ("insert into public.t values (1)", "select * from public.t"):
        with app.app_context(), pytest.raises(DBAPIError, match=r"denied|read-only"):
            database.session.execute(text(statement))


def test_the_webs_login_cannot_add_a_version(web: Engine) -> None:
    statement = (
        "insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, login) "
        "values (now(), '1', 1, 'T', '', 'me')"
    )
    with web.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text(statement))


def test_a_setting_of_one_request_does_not_reach_the_next(client: FlaskClient) -> None:
    client.get("/tables")
    with client.application.app_context():
        raw = database.engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("select current_user, current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("web", "off")
        raw.close()


def test_a_login_without_the_right_is_told_the_grant(
    make_login: Callable[..., Engine], make_client: MakeClient
) -> None:
    client = make_client(make_login("stranger").url)
    assert "grant rowtrail_reader to stranger;" in unavailable(client)
    # More often than there are connections: a refused one must go back.
    for _ in range(20):
        assert client.get("/tables").status_code == 503


def test_a_server_that_is_down_is_named(make_client: MakeClient) -> None:
    line = unavailable(make_client("postgresql://web:secret@127.0.0.1:1/shop"))
    assert "cannot connect to postgresql://web:***@127.0.0.1:1/shop" in line
    assert "secret" not in line


def test_a_login_that_does_not_exist_is_named(make_client: MakeClient, url: URL) -> None:
    assert 'role "nobody_there" does not exist' in unavailable(
        make_client(url.set(username="nobody_there"))
    )


def test_a_database_without_rowtrail_is_told_to_upgrade(
    make_client: MakeClient, web: Engine, db: Connection
) -> None:
    db.execute(text("create database untouched"))
    try:
        client = make_client(web.url.set(database="untouched"))
        assert "run: rowtrail upgrade" in unavailable(client)
        with client.application.app_context():
            database.engine.dispose()
    finally:
        db.execute(text("drop database untouched"))


def test_a_newer_schema_is_told_to_the_person(
    client: FlaskClient, make_client: MakeClient, web: Engine, db: Connection
) -> None:
    db.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    assert "install the newer rowtrail" in unavailable(client)
    db.execute(text("update rowtrail.alembic_version set version_num = :it"), {"it": REVISION})
    assert client.get("/tables").status_code == 200


def test_a_schema_removed_under_a_running_application_is_noticed(
    client: FlaskClient, db: Connection
) -> None:
    assert client.get("/tables").status_code == 200
    db.execute(text("alter schema rowtrail rename to elsewhere"))
    client.application.logger.disabled = True
    assert client.get("/tables").status_code == 503
    assert "run: rowtrail upgrade" in client.get("/tables").text
    db.execute(text("alter schema elsewhere rename to rowtrail"))
    assert client.get("/tables").status_code == 200


def test_pages_that_are_at_work_go_on_after_an_upgrade_and_health_says_so(
    client: FlaskClient, db: Connection
) -> None:
    client.application.logger.disabled = True
    assert client.get("/tables").status_code == 200
    db.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    try:
        for place in ("/health", "/api/v1/health"):
            answer = client.get(place)
            assert answer.status_code == 503
            assert "install the newer rowtrail" in answer.text
        assert client.get("/tables").status_code == 200
        assert client.get("/api/v1/tables").status_code == 200
    finally:
        db.execute(text("update rowtrail.alembic_version set version_num = :of"), {"of": REVISION})
    assert client.get("/health").status_code == 200


def test_an_error_that_passes_by_itself_does_not_end_pages_that_are_at_work(
    client: FlaskClient, db: Connection, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.application.logger.disabled = True
    soon = config.BEGIN.replace(f"'{config.STATEMENT_TIMEOUT}s'", "'300ms'")
    assert soon != config.BEGIN
    monkeypatch.setattr(config, "BEGIN", soon)
    assert client.get("/tables").status_code == 200
    db.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    for table, place in (("tables", "/tables"), ("alembic_version", "/health")):
        with engine.begin() as connection:
            connection.execute(text(f"lock table rowtrail.{table} in access exclusive mode"))
            answer = client.get(place)
            assert (answer.status_code, "did not answer within" in answer.text) == (503, True)
        assert client.get("/tables").status_code == 200, table
    # What these do not know ends them.
    db.execute(text("alter table rowtrail.tables rename tracked_by to begun_by"))
    assert client.get("/tables").status_code == 503
    db.execute(text("alter table rowtrail.tables rename begun_by to tracked_by"))
    assert "install the newer rowtrail" in unavailable(client)


def test_connections_that_the_server_closed_are_replaced(
    client: FlaskClient, db: Connection
) -> None:
    assert client.get("/health").text == "ok\n"
    db.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'web'"))
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("/tables/7", "no table has the number 7"),
        ("/tables/99999999999999999999", "no table has the number"),
        ("/tables/1/row?key=9", "no version of public.t has the key &#39;9&#39;"),
        ("/tables/1/versions/7", "has no version 7"),
        ("/transactions/1-7", "the transaction 1-7 changed no row"),
        ("/transactions/1-18446744073709551616", "changed no row"),
        ("/nowhere", "not found"),
    ],
)
def test_what_is_not_there_is_named(
    client: FlaskClient, db: Connection, place: str, line: str
) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("select rowtrail.track('t')"))
    answer = client.get(place)
    assert answer.status_code == 404
    assert line in answer.text
    assert (
        client.get(place.replace("?", ".json?") if "?" in place else f"{place}.json").status_code
        == 404
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "key=%00",
        "key=1&before=x",
        "key=1&after=--1",
        "key=1&before=1&after=1",
        "key=1&after=9223372036854775808",
    ],
)
def test_a_bad_parameter_is_explained(client: FlaskClient, db: Connection, query: str) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("select rowtrail.track('t')"))
    answer = client.get(f"/tables/1/row.json?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert "\n" not in answer.json["detail"]


def test_a_failure_of_our_own_shows_no_traceback(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr("rowtrail.history.places.tables", fail)
    client.application.logger.disabled = True
    answer = client.get("/tables")
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert "the secret" not in answer.text


def test_no_database_named_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(RowtrailError, match="set DATABASE_URL="):
        create_app()


def test_the_environment_names_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://web:x@db.example/shop")
    app = create_app()
    assert isinstance(app, Flask)
    with app.app_context():
        assert database.engine.url.host == "db.example"


def test_importing_rowtrail_loads_no_flask() -> None:
    import subprocess
    import sys

    program = (
        "import sys, rowtrail; print([m for m in ('flask', 'sqlalchemy') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"


def test_only_the_hosts_that_are_named_are_answered(
    web: Engine, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWTRAIL_HOSTS", "history.example, localhost")
    client = make_client(web.url)
    assert client.get("/tables", headers={"Host": "history.example:8000"}).status_code == 200
    for place in ("/tables", "/tables.json", "/nowhere"):
        refused = client.get(place, headers={"Host": "evil.example"})
        kind = "application/problem+json" if place.endswith(".json") else "text/plain"
        assert (refused.status_code, refused.mimetype) == (400, kind)
        assert "Traceback" not in refused.text
