"""The page of the integrity, and the same as JSON: what an auditor who knows no SQL is told."""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, Connection, Engine, text

MakeClient = Callable[[URL | str], FlaskClient]

NOTE = text(
    "select rowtrail.note_verification("
    "now(), :faults, 0, 2, 1, 0, cast(:left_out as text[]), cast(:findings as jsonb))"
)

HOSTILE = '<script>alert(1)</script>\u202e"'


@pytest.fixture
def shop(db: Connection) -> Iterator[Connection]:
    """A superuser's session, in a database with a tracked table and two versions."""
    db.execute(text("create table orders (id int primary key)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (1), (2)"))
    yield db
    db.exec_driver_sql("reset all")


def words(client: FlaskClient, place: str = "/integrity") -> str:
    """What the page says, without its markup."""
    page = client.get(place)
    assert page.status_code == 200, page.text
    content = page.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content)).split())


def found(client: FlaskClient, place: str = "/api/v1/integrity") -> Any:
    answer = client.get(place)
    assert answer.status_code == 200, answer.text
    return answer.json


def note(db: Connection, faults: int, left_out: str = "{}", **said: Any) -> None:
    one = {"part": "rows", "object": "public.orders, key 2", "problem": "is gone", "mend": None}
    findings = [one | {"is_fault": True} | said] if faults else []
    db.execute(NOTE, {"faults": faults, "left_out": left_out, "findings": json.dumps(findings)})


def test_what_is_recorded_guarded_and_not_sealed_is_said_in_words(
    client: FlaskClient, shop: Connection
) -> None:
    said = words(client)
    assert "Is every change recorded? yes The changes of 1 table are recorded." in said
    assert "Is the recording guarded? yes" in said
    assert "Is it set up right? yes" in said
    assert "Is it sealed? no There is no seal yet" in said
    assert "Was it verified? never" in said
    assert "There is none, since there is no seal." in said
    assert found(client) == {
        "database": shop.engine.url.database,
        "recording": {
            "table_count": 1,
            "faulty_table_count": 0,
            "stale_table_count": 0,
            "is_guarded": True,
            "records_schema_changes": True,
            "default_partition_version_count": 0,
            "counted_all": True,
        },
        "contract": {"fault_count": 0, "note_count": 0, "findings": []},
        "sealing": {
            "last_seal": None,
            "sealed_at": None,
            "hash": None,
            "is_new_life": False,
            "unsealed_version_count": 2,
            "counted_all": True,
            "oldest_unsealed_at": found(client, "/api/v1/changes")["changes"][-1]["changed_at"],
        },
        "digest": None,
        "verifications": [],
        "seals": [],
        "older": None,
        "newer": None,
    }


def test_an_empty_database_has_nothing_to_record(client: FlaskClient) -> None:
    said = words(client)
    assert "Is every change recorded? no table No table is tracked. Changes of" in said


def test_a_table_whose_triggers_are_out_of_date_is_recorded(
    client: FlaskClient, shop: Connection
) -> None:
    shop.execute(text("alter table orders add column note text"))
    said = words(client)
    assert "Is every change recorded? yes The changes of 1 table are recorded. Since" in said
    assert "its triggers are out of date: all is recorded, only slower. Changes" in said
    recording = found(client)["recording"]
    assert (recording["faulty_table_count"], recording["stale_table_count"]) == (0, 1)


def test_until_when_it_is_sealed_and_what_is_not_is_said(
    client: FlaskClient, shop: Connection
) -> None:
    shop.execute(text("select rowtrail.seal()"))
    [(sealed_at, digest)] = shop.execute(
        text("select sealed_at, encode(hash, 'hex') from rowtrail.seals")
    )
    said = words(client)
    assert f"Seal 1, of {sealed_at:%F %T}" in said
    assert "all that was committed when it began. Nothing has been recorded since." in said
    shop.execute(text("insert into orders values (3)"))
    said = words(client)
    assert "1 version has been recorded since, the oldest" in said
    answer = found(client)
    assert answer["sealing"]["hash"] == answer["seals"][0]["hash"] == digest
    assert answer["sealing"]["unsealed_version_count"] == 1
    assert answer["seals"][0]["version_count"] == 2


def test_the_digest_of_the_page_is_one_that_the_command_takes(
    client: FlaskClient, shop: Connection, tmp_path: Any
) -> None:
    from rowtrail.proof import seals

    shop.execute(text("select rowtrail.seal()"))
    page = client.get("/integrity").text
    line = unescape(page.partition("<pre><code>")[2].partition("</code></pre>")[0])
    assert json.loads(line) == seals.digest(shop) == found(client)["digest"]
    assert list(seals.check_digests(shop, [line], "page", None)) == []
    shop.execute(text("update rowtrail.seals set hash = sha256(hash)"))
    assert len(list(seals.check_digests(shop, [line], "page", None))) == 1


def test_another_cluster_is_named(client: FlaskClient, shop: Connection) -> None:
    shop.execute(text("select rowtrail.seal()"))
    shop.execute(text("update rowtrail.seals set system_identifier = 1"))
    assert "Is it sealed? no The database was brought into another cluster" in words(client)
    sealing = found(client)["sealing"]
    assert (sealing["is_new_life"], sealing["unsealed_version_count"]) == (True, None)


def test_a_fault_is_named_with_what_mends_it(client: FlaskClient, shop: Connection) -> None:
    shop.execute(text("alter table orders disable trigger all"))
    shop.execute(text("alter event trigger rowtrail_guard_drop disable"))
    said = words(client)
    assert "Is every change recorded? no 1 table is not recorded as it must be" in said
    assert "Is the recording guarded? no" in said
    assert "Is it set up right? no 2 faults found just now" in said
    assert "public.orders table trigger disabled select rowtrail.track('public.orders');" in said
    contract = found(client)["contract"]
    assert contract["fault_count"] == 2
    assert contract["findings"][0] == {
        "part": "table",
        "object": "public.orders",
        "problem": "trigger disabled",
        "mend": "select rowtrail.track('public.orders');",
        "is_fault": True,
    }


def test_a_verification_says_what_it_found_and_what_it_left_out(
    client: FlaskClient, shop: Connection
) -> None:
    note(shop, 0)
    assert "Was it verified? no fault Last" in words(client)
    note(shop, 3, "{seals}")
    said = words(client)
    assert "Was it verified? 3 faults Last" in said
    assert "3 faults. It left out the seals; all was looked at last" in said
    assert "public.orders, key 2 rows is gone a person has to look" in said
    assert "And 2 more." in said
    first, second = found(client)["verifications"]
    assert (first["fault_count"], first["left_out"]) == (3, ["seals"])
    assert first["findings"][0]["object"] == "public.orders, key 2"
    assert (second["fault_count"], second["seal_count"], second["table_count"]) == (0, 2, 1)


def test_the_last_whole_verification_is_shown_however_many_came_after(
    client: FlaskClient, shop: Connection
) -> None:
    note(shop, 1)
    for _ in range(7):
        note(shop, 0, "{rows,seals}")
    assert [one["left_out"] for one in found(client)["verifications"]] == [
        *[["rows", "seals"]] * 5,
        [],
    ]
    assert "all was looked at last" in words(client)


def test_seals_are_on_pages(client: FlaskClient, shop: Connection) -> None:
    for number in range(3, 124):
        shop.execute(text(f"insert into orders values ({number})"))
        shop.execute(text("select rowtrail.seal()"))
    pages = [found(client)]
    while pages[-1]["older"]:
        pages.append(found(client, pages[-1]["older"]))
    assert [[one["seal"] for one in page["seals"]] for page in pages] == [
        list(range(121, 71, -1)),
        list(range(71, 21, -1)),
        list(range(21, 0, -1)),
    ]
    assert pages[0]["newer"] is None
    back = found(client, pages[2]["newer"])
    assert back["seals"] == pages[1]["seals"]
    assert found(client, back["newer"])["seals"] == pages[0]["seals"]
    page = client.get("/integrity?before=72").text
    assert 'href="/integrity?before=22#seals"' in page
    assert 'href="/integrity?after=71#seals"' in page
    for beyond in ("before=1", "after=121", "after=9000"):
        answer = found(client, f"/api/v1/integrity?{beyond}")
        assert answer["seals"] == []
        onward = answer["newer"] if "before" in beyond else answer["older"]
        assert len(found(client, onward)["seals"]) == 50
        assert "There are no seals here." in words(client, f"/integrity?{beyond}")


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=1&after=1"])
def test_a_place_among_the_seals_that_cannot_be_meant_is_explained(
    client: FlaskClient, query: str
) -> None:
    for place in ("/integrity", "/integrity.json", "/api/v1/integrity"):
        answer = client.get(f"{place}?{query}")
        assert answer.status_code == 400
        assert "seal" in answer.text


def test_hostile_names_in_findings_are_text(client: FlaskClient, shop: Connection) -> None:
    name = HOSTILE.replace('"', '""')
    shop.exec_driver_sql(f'create table "{name}" (id int primary key)')
    shop.execute(text("select rowtrail.track(cast(:name as regclass))"), {"name": f'"{name}"'})
    shop.exec_driver_sql(f'alter table "{name}" disable trigger all')
    note(shop, 1, object=HOSTILE, part=HOSTILE, problem=HOSTILE, mend=HOSTILE)
    page = client.get("/integrity").text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 6
    assert HOSTILE in [one["object"] for one in found(client)["verifications"][0]["findings"]]


def test_who_reads_a_part_of_the_history_is_told_who_may_see_the_whole(
    web: Engine, make_login: Callable[..., Engine], make_client: MakeClient, shop: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    make_login("alice", member_of="rowtrail_limited_reader")
    make_login("chief", member_of="rowtrail_reader")
    shop.execute(text("grant alice, chief to web"))
    monkeypatch.setenv("ROWTRAIL_ROLE", "alice")
    client = make_client(web.url)
    for place in ("/integrity", "/integrity.json", "/api/v1/integrity", "/metrics"):
        refused = client.get(place)
        assert refused.status_code == 403
        assert "needs the role rowtrail_reader" in refused.text
    # Nor is it offered.
    assert 'href="/integrity"' not in client.get("/tables").text
    monkeypatch.setenv("ROWTRAIL_ROLE", "chief")
    client = make_client(web.url)
    assert 'href="/integrity"' in client.get("/tables").text
    assert client.get("/integrity").status_code == 200
    monkeypatch.delenv("ROWTRAIL_ROLE")
    assert 'href="/integrity"' in make_client(web.url).get("/tables").text
