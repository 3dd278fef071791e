"""The metrics: a strict parser of the text format reads them, and they are true."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text

from rowtrail.history.assurance import Integrity, Lag
from rowtrail.reader.metrics import written

MakeClient = Callable[[URL | str], FlaskClient]

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|NaN|[+-]Inf")

EVERY = {
    "rowtrail_contract_faults",
    "rowtrail_default_partition_versions",
    "rowtrail_faulty_tables",
    "rowtrail_guarded",
    "rowtrail_info",
    "rowtrail_last_seal_number",
    "rowtrail_last_seal_timestamp_seconds",
    "rowtrail_last_shipped_timestamp_seconds",
    "rowtrail_last_verification_faults",
    "rowtrail_last_verification_timestamp_seconds",
    "rowtrail_last_whole_verification_faults",
    "rowtrail_last_whole_verification_timestamp_seconds",
    "rowtrail_schema_changes_recorded",
    "rowtrail_stale_tables",
    "rowtrail_tracked_tables",
    "rowtrail_unsealed_oldest_timestamp_seconds",
    "rowtrail_unshipped_oldest_timestamp_seconds",
    "rowtrail_unshipped_seals",
    "rowtrail_unshipped_versions",
    "rowtrail_unsealed_versions",
}


def parsed(said: str) -> tuple[dict[str, float], dict[str, dict[str, str]]]:
    """The values of all samples, and their labels; each metric has its help, its type, and then
    at most one sample.
    """
    assert said.endswith("\n")
    values: dict[str, float] = {}
    labels: dict[str, dict[str, str]] = {}
    known: list[str] = []
    expected = "HELP"
    # Not splitlines(), for which other characters end a line too.
    for line in said[:-1].split("\n"):
        if line.startswith("#"):
            sign, word, name, rest = line.split(" ", 3)
            assert (sign, word) == ("#", expected)
            assert re.fullmatch(NAME, name)
            if word == "HELP":
                assert name not in known, f"{name} is there twice"
                assert not re.search(r"\\(?![\\n])", rest)
                known.append(name)
                expected = "TYPE"
            else:
                assert (name, rest) == (known[-1], "gauge")
                expected = "HELP"
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match[1]
        assert (name, expected) == (known[-1], "HELP")
        assert name not in values
        value = match[match.lastindex or 0]
        assert NUMBER.fullmatch(value), line
        values[name] = float(value)
        labels[name] = {
            label: re.sub(r"\\(.)", lambda one: {"n": "\n"}.get(one[1], one[1]), text)
            for label, text in re.findall(LABEL, match[2] or "")
        }
    assert set(known) == EVERY
    return values, labels


def scraped(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    values, _ = parsed(answer.text)
    return {name.removeprefix("rowtrail_"): value for name, value in values.items()}


def test_a_history_that_is_new_has_no_time_that_is_not_known(
    client: FlaskClient, db: Connection
) -> None:
    assert scraped(client) == {
        "info": 1,
        "tracked_tables": 0,
        "faulty_tables": 0,
        "stale_tables": 0,
        "guarded": 1,
        "schema_changes_recorded": 1,
        "contract_faults": 0,
        "default_partition_versions": 0,
        "unsealed_versions": 0,
        "last_seal_number": 0,
        "last_seal_timestamp_seconds": 0,
        "last_verification_timestamp_seconds": 0,
        "last_whole_verification_timestamp_seconds": 0,
    }


def test_what_is_measured_is_true(client: FlaskClient, db: Connection) -> None:
    for statement in (
        "create table orders (id int primary key)",
        "create table lines (id int primary key)",
        "select rowtrail.track('orders'), rowtrail.track('lines')",
        "insert into orders values (1)",
        "select rowtrail.seal()",
        "insert into orders values (2), (3)",
        "select rowtrail.note_verification(now(), 2, 0, 0, 2, 0, '{}', '[]')",
        "select rowtrail.note_verification(now(), 3, 0, 0, 0, 0, '{rows}', '[]')",
        "alter table lines disable trigger all",
        "alter event trigger rowtrail_guard_drop disable",
    ):
        db.execute(text(statement))

    def moment(query: str) -> float:
        at: datetime = db.execute(text(query)).scalar_one()
        return at.timestamp()

    whole, last = (
        at.timestamp()
        for at in db.scalars(text("select done_at from rowtrail.verifications order by id"))
    )
    assert scraped(client) == {
        "info": 1,
        "tracked_tables": 2,
        "faulty_tables": 1,
        "stale_tables": 0,
        "guarded": 0,
        "schema_changes_recorded": 1,
        "contract_faults": 2,
        "default_partition_versions": 0,
        "unsealed_versions": 2,
        "unsealed_oldest_timestamp_seconds": moment(
            "select min(changed_at) from rowtrail.versions where row_key = '2'"
        ),
        "last_seal_number": 1,
        "last_seal_timestamp_seconds": moment("select sealed_at from rowtrail.seals"),
        "last_verification_timestamp_seconds": last,
        "last_verification_faults": 3,
        "last_whole_verification_timestamp_seconds": whole,
        "last_whole_verification_faults": 2,
    }


def test_what_is_not_shipped_is_measured_where_it_is_to_be(
    client: FlaskClient, db: Connection
) -> None:
    db.execute(text("create table orders (id int primary key)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (1), (2)"))
    db.execute(text("select rowtrail.seal()"))
    assert "unshipped_seals" not in scraped(client)
    db.execute(text("select rowtrail.begin_shipping(gen_random_uuid(), 'postgresql://there')"))
    values = scraped(client)
    assert (values["unshipped_seals"], values["unshipped_versions"]) == (1, 2)
    assert values["unshipped_oldest_timestamp_seconds"] == values["last_seal_timestamp_seconds"]
    assert "last_shipped_timestamp_seconds" not in values
    db.execute(
        text(
            "select rowtrail.note_shipped(n.history_id, s.id, s.hash, '{}') "
            "from rowtrail.seals as s, rowtrail.shipping as n"
        )
    )
    values = scraped(client)
    assert (values["unshipped_seals"], values["unshipped_versions"]) == (0, 0)
    assert "unshipped_oldest_timestamp_seconds" not in values
    assert values["last_shipped_timestamp_seconds"] > 1e9


def test_in_another_cluster_the_time_since_the_last_seal_goes_on(
    client: FlaskClient, db: Connection
) -> None:
    for statement in (
        "create table orders (id int primary key)",
        "select rowtrail.track('orders')",
        "insert into orders values (1)",
        "select rowtrail.seal()",
        "update rowtrail.seals set system_identifier = 1",
    ):
        db.execute(text(statement))
    values = scraped(client)
    assert "unsealed_versions" not in values
    assert (
        values["unsealed_oldest_timestamp_seconds"] == values["last_seal_timestamp_seconds"] > 1e9
    )


def test_a_database_of_any_name_is_a_label() -> None:
    nothing = Integrity(
        *(0, 0, 0, True, True, 0, 0), [], 20_000, *(None, None, None, False), 200_000, *[None] * 6
    )
    name = 'a"b\\n\nc}\u2028 d,e="f'
    values, labels = parsed(written(nothing, Lag(), name))
    assert labels["rowtrail_info"]["database"] == name
    # What was counted to a bound is not said to be one more.
    assert values["rowtrail_unsealed_versions"] == 100_000
    assert values["rowtrail_default_partition_versions"] == 10_000


def test_who_scrapes_has_to_be_known_as_who_reads_pages(
    web: Engine, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rowtrail.reader.passwords import set_password

    client = make_client(web.url)
    refused = client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert (refused.status_code, refused.mimetype) == (403, "text/plain")
    assert "\n" not in refused.text.rstrip("\n")
    set_password(tmp_path / "passwords", "prometheus", "secret")
    monkeypatch.setenv("ROWTRAIL_AUTH", "basic")
    monkeypatch.setenv("ROWTRAIL_PASSWORDS", str(tmp_path / "passwords"))
    client = make_client(web.url)
    refused = client.get("/metrics")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get("/metrics", auth=("prometheus", "wrong")).status_code == 401
    assert client.get("/metrics", auth=("prometheus", "secret")).status_code == 200


def test_a_scrape_is_no_read_of_history_but_one_that_is_refused_is_logged(
    web: Engine, make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "reads"
    monkeypatch.setenv("ROWTRAIL_READ_LOG", str(log))
    client = make_client(web.url)
    assert client.get("/metrics").status_code == 200
    assert log.read_text() == ""
    client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"})
    client.get("/integrity")
    assert ['"path": "/metrics"' in line for line in log.read_text().splitlines()] == [True, False]


def test_a_database_that_cannot_be_reached_is_one_line(make_client: MakeClient) -> None:
    client = make_client("postgresql://web:secret@127.0.0.1:1/shop")
    client.application.logger.disabled = True
    answer = client.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert "cannot connect to" in answer.text
    assert "secret" not in answer.text
