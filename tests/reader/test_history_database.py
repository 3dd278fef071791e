"""The history database beside the application's: when it is asked, and what is said without it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from halves import Halves, run
from sqlalchemy import Engine, NullPool, create_engine, event, text

from rowtrail.history import looking, older
from rowtrail.reader import config

MakeReader = Callable[..., FlaskClient]


@pytest.fixture
def retired(halves: Halves) -> Halves:
    """A history of which what was first is in the history database only."""
    halves.run(
        "create table orders (id int primary key, status text)",
        "create table wages (id int primary key)",
        "select rowtrail.track('orders'), rowtrail.track('wages')",
        "insert into orders select n, 'new' from generate_series(1, 3) as n",
        "update orders set status = 'paid' where id = 1",
        "select rowtrail.seal()",
        "update orders set status = 'sent' where id = 1",
        "delete from orders where id = 2",
        "insert into wages values (1)",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.run(
        "insert into orders select n, 'late' from generate_series(101, 160) as n",
        "select rowtrail.seal()",
    )
    halves.keep_whole()
    [(moment,)] = halves.ask("select min(changed_at) from rowtrail.versions where row_key = '101'")
    halves.retire({"orders": moment})
    return halves


@pytest.fixture
def asked_there(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by a line for each session of the history database."""
    begun: list[str] = []
    there = older.Older.there

    def counted(self: older.Older) -> Any:
        begun.append("there")
        return there(self)

    monkeypatch.setattr(older.Older, "there", counted)
    return begun


def first_version(halves: Halves) -> int:
    """The insert of order 1, which is retired."""
    [(number,)] = run(
        halves.whole, "select min(id) from rowtrail.versions where row_key = '1' and op = 'I'"
    )
    assert halves.ask("select from rowtrail.versions where id = %s", number) == []
    return int(number)


def operations(row: dict[str, Any]) -> list[str]:
    """What was done to a row, newest first."""
    return [one["operation"] for one in row["changes"] if one["operation"] != "schema"]


def test_it_is_not_asked_where_a_page_is_full_of_what_is_here(
    retired: Halves, make_reader: MakeReader, asked_there: list[str]
) -> None:
    both = make_reader(retired.here, retired.there)
    page = both.get("/api/v1/tables/1/changes").json or {}
    assert len(page["changes"]) == 50
    both.get(f"/api/v1/tables/1/versions/{page['changes'][-1]['id']}")
    both.get("/api/v1/tables/2/changes")
    both.get("/api/v1/tables/1/as-of")
    assert asked_there == []
    rest = both.get(page["older"]).json or {}
    assert asked_there != []
    assert rest["changes"][-1]["operation"] == "insert"
    assert "incomplete" not in rest


def test_what_an_actor_did_is_not_counted_further_back_there_than_is_said(
    halves: Halves,
    make_reader: MakeReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    halves.run(
        "create table orders (id int primary key)",
        "select rowtrail.track('orders')",
        "select rowtrail.set_actor('alice'); insert into orders select generate_series(1, 3)",
        "select rowtrail.set_actor('alice'); delete from orders where id = 2",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.run(
        "select rowtrail.set_actor('alice'); insert into orders select generate_series(101, 160)",
        "select rowtrail.seal()",
    )
    halves.keep_whole()
    [(moment,)] = halves.ask("select min(changed_at) from rowtrail.versions where row_key = '101'")
    halves.retire({"orders": moment})
    both, whole = make_reader(halves.here, halves.there), make_reader(halves.whole)
    for most in (20, 100_000):
        monkeypatch.setattr(looking, "LOOKED_AT", most)
        said, wanted = (one.get("/api/v1/actor?name=alice").json or {} for one in (both, whole))
        assert said["deeds"] == wanted["deeds"]
        assert said["deeds_looked"] == wanted["deeds_looked"]
        assert (said["deeds_looked"] is None) == (most > 20)


def test_without_the_variable_not_one_query_more_is_made(
    retired: Halves, make_reader: MakeReader
) -> None:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        make_reader(retired.here).get("/api/v1/tables/1/changes?op=delete")
        alone = len(seen)
        make_reader(retired.here, retired.there).get("/api/v1/tables/1/changes?op=delete")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert not any("complete_from IS NOT NULL" in one for one in seen[:alone])
    assert any("complete_from IS NOT NULL" in one for one in seen[alone:])


def test_what_was_erased_here_is_not_shown_from_there(
    retired: Halves, make_reader: MakeReader
) -> None:
    """Though the erasure is not shipped yet: lists, a version, files, what they were."""
    [(number, there_too)] = retired.ask(
        "select v.id, v.data ->> 'status' from rowtrail.versions as v where v.row_key = '3'"
    )
    assert there_too == "new"
    retired.run("update orders set status = null where id = 3")
    [(found,)] = run(retired.there, "select rowtrail.erasable('orders', '3', '{status}')")
    retired.ask(
        "select from rowtrail.erase('orders', '3', '{status}', force => true, elsewhere => %s)",
        json.dumps(found),
    )
    [(still_there,)] = run(
        retired.there, f"select data ->> 'status' from rowtrail.versions where id = {number}"
    )
    assert still_there == "new"
    both = make_reader(retired.here, retired.there)
    for place in ("row?key=3", "changes?key=3"):
        answer = both.get(f"/api/v1/tables/1/{place}").json or {}
        [change] = [one for one in answer["changes"] if one["id"] == number]
        assert change["erased"] == ["data.status"]
    for form in ("jsonl", "csv"):
        lines = both.get(f"/api/v1/tables/1/changes/export.{form}").text.splitlines()
        of_version = [
            line for line in lines if str(number) in line and "rowtrail.erase" not in line
        ]
        assert of_version
        assert not any("new" in line for line in of_version)


def without(halves: Halves, how: str) -> Any:
    """The URL of a history database that cannot be used."""
    if how == "unreachable":
        return halves.there.set(database=f"{halves.there.database}_gone")
    if how == "not upgraded":
        run(halves.there, "update rowtrail.alembic_version set version_num = '0001'")
    elif how == "not shipped to":
        return halves.whole
    elif how == "of another origin":
        run(halves.there, "alter table rowtrail.seals disable trigger all")
        run(halves.there, "update rowtrail.seals set hash = sha256('x')")
    elif how == "closed":
        run(halves.there, "revoke select on rowtrail.seals from rowtrail_reader")
    return halves.there


TROUBLES = {
    "unreachable": "cannot connect to .*_gone.* does not exist; check the names in HISTORY_",
    "not upgraded": "is at revision 0001, this rowtrail needs .*; run: rowtrail upgrade",
    "not shipped to": "it holds no history of another database; name another one",
    "of another origin": "its seal 2 is not one of here; check HISTORY_DATABASE_URL",
    "closed": "permission denied for table seals",
}


@pytest.mark.parametrize("how", TROUBLES)
def test_where_it_cannot_be_read_what_is_here_is_shown_and_the_rest_is_said_to_be_missing(
    retired: Halves, make_reader: MakeReader, how: str
) -> None:
    both = make_reader(retired.here, without(retired, how))
    said = re.compile(
        "older history is missing: the history database cannot be read: .*" + TROUBLES[how]
    )
    alone = make_reader(retired.here)
    for place in (
        *("tables/1/row?key=1", "tables/1/changes?after=0", "changes?op=delete", "search?q=1"),
        *("actor?name=x", "tables"),
    ):
        answer = both.get(f"/api/v1/{place}")
        assert answer.status_code == 200, place
        expected = alone.get(f"/api/v1/{place}").json or {}
        assert said.search((answer.json or {})["incomplete"]), place
        assert (answer.json or {}) == expected | {"incomplete": answer.json["incomplete"]}  # type: ignore[index]
        assert said.search(answer.headers["Rowtrail-Incomplete"])
    page = both.get("/tables/1/row?key=1")
    assert (page.status_code, page.text.count('<p class="warning" role="status">')) == (200, 1)
    # What needs it is no answer at all.
    [(moment,)] = run(retired.whole, "select min(changed_at) from rowtrail.versions")
    for place in (
        f"tables/1/versions/{first_version(retired)}",
        f"tables/1/as-of?at={moment:%Y-%m-%dT%H:%M:%S.%fZ}",
        "changes/export.csv",
        "transactions/1-1",
    ):
        answer = both.get(f"/api/v1/{place}")
        assert answer.status_code == 503, place
        assert (answer.json or {})["type"].endswith("/unavailable")
        assert said.search((answer.json or {})["detail"])
    health = both.get("/health")
    assert health.status_code == 200
    assert re.match("ok\nhistory database: older history is missing", health.text)
    metrics = both.get("/metrics").text
    assert "\nrowtrail_history_database_readable 0\n" in metrics
    assert "\nrowtrail_history_database_last_seal_number" not in metrics
    assert 'class="state bad">no</span>' in both.get("/integrity").text


def test_one_that_comes_back_is_read_again(
    retired: Halves, make_reader: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(older, "PAUSE", 0)
    both = make_reader(retired.here, retired.there)
    there = retired.there.database
    run(retired.admin, f'alter database "{there}" rename to "{there}_away"')
    assert "incomplete" in (both.get("/api/v1/tables/1/row?key=1").json or {})
    run(retired.admin, f'alter database "{there}_away" rename to "{there}"')
    assert "incomplete" not in (both.get("/api/v1/tables/1/row?key=1").json or {})


def test_an_error_that_passes_by_itself_does_not_end_its_reading(
    retired: Halves, make_reader: MakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pages that were at work before a later release upgraded it."""
    soon = config.BEGIN.replace(f"'{config.STATEMENT_TIMEOUT}s'", "'300ms'")
    monkeypatch.setattr(config, "BEGIN", soon)
    both = make_reader(retired.here, retired.there)
    place = "/api/v1/tables/1/row?key=1"
    assert "incomplete" not in (both.get(place).json or {})
    run(retired.there, "update rowtrail.alembic_version set version_num = '9999'")
    engine = create_engine(retired.there, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("lock table rowtrail.versions in access exclusive mode"))
        assert "canceling statement" in (both.get(place).json or {})["incomplete"]
    assert "incomplete" not in (both.get(place).json or {})


def test_how_far_it_is_shipped_is_said(retired: Halves, make_reader: MakeReader) -> None:
    both = make_reader(retired.here, retired.there)
    assert re.fullmatch(
        r"ok\nhistory database: ok, up to seal 2; behind by 1 seals, \d+ s\n",
        both.get("/health").text,
    )
    known = (both.get("/api/v1/integrity").json or {})["history_database"]
    assert known == (both.get("/api/v1/health").json or {})["history_database"] | {
        "seconds_behind": known["seconds_behind"]
    }
    assert (known["readable"], known["last_seal"], known["seals_behind"]) == (True, 2, 1)
    metrics = both.get("/metrics").text
    for line in ("readable 1", "last_seal_number 2", "seals_behind 1"):
        assert f"\nrowtrail_history_database_{line}\n" in metrics
    page = " ".join(both.get("/integrity").text.split())
    assert "The history database has all up to seal 2" in page
    assert "1 seal is not there yet" in page
    assert "comes from the history database" in both.get("/tables/1").text
    retired.ship()
    assert "behind by 0 seals, 0 s" in both.get("/health").text


@pytest.fixture
def limited(
    retired: Halves, make_login: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """alice reads a part of the history, bob all of it, each by a role of their name."""
    make_login("alice", member_of="rowtrail_limited_reader")
    make_login("bob", member_of="rowtrail_reader")
    monkeypatch.setenv("ROWTRAIL_AUTH", "proxy")
    monkeypatch.setenv("ROWTRAIL_PROXY_HEADER", "X-Remote-User")
    monkeypatch.setenv("ROWTRAIL_PROXY_PEERS", "127.0.0.1")
    monkeypatch.setenv("ROWTRAIL_ROLE", "{person}")
    yield
    # In which the roles have rights.
    retired.remove()


def test_who_reads_a_part_sees_nothing_of_it_and_is_told_so(
    retired: Halves, make_reader: MakeReader, limited: None
) -> None:
    retired.run("grant select on orders to alice", "grant alice, bob to web")
    both = make_reader(retired.here, retired.there)
    as_alice, as_bob = ({"X-Remote-User": name} for name in ("alice", "bob"))
    row = both.get("/api/v1/tables/1/row?key=1", headers=as_alice).json or {}
    assert row["incomplete"] == (
        "older history is in the history database, of which the role alice may read nothing"
    )
    whole = both.get("/api/v1/tables/1/row?key=1", headers=as_bob).json or {}
    assert operations(row) == ["update"]
    assert operations(whole) == ["update", "update", "insert"]
    gone = f"/api/v1/tables/1/versions/{first_version(retired)}"
    assert both.get(gone, headers=as_alice).status_code == 404
    assert both.get(gone, headers=as_bob).status_code == 200
    page = both.get("/tables/1/row?key=1", headers=as_alice).text
    assert "of which the role alice may read nothing" in page
    early = "/api/v1/tables/1/as-of?at=2026-01-01"
    assert both.get(early, headers=as_alice).status_code == 400
    lines = both.get("/api/v1/changes/export.jsonl", headers=as_alice)
    assert (lines.status_code, "Rowtrail-Incomplete" in lines.headers) == (200, True)


def test_what_is_only_there_is_found_wherever_it_is_asked_for(
    retired: Halves, make_reader: MakeReader
) -> None:
    both = make_reader(retired.here, retired.there)
    row = both.get("/api/v1/tables/1/row?key=2").json or {}
    assert operations(row) == ["delete", "insert"]
    whole = both.get(f"/api/v1/tables/1/versions/{first_version(retired)}").json or {}
    assert whole["data"] == {"id": 1, "status": "new"}
    xid = f"{whole['era']}-{whole['xid']}"
    assert len((both.get(f"/api/v1/transactions/{xid}").json or {})["changes"]) == 3
    then = both.get(f"/api/v1/tables/1/as-of?transaction={xid}").json or {}
    assert [one["row_key"] for one in then["rows"]] == ["1", "2", "3"]
    row = both.get("/api/v1/tables/1/row?key=1").json or {}
    last = next(one["id"] for one in row["changes"] if one["operation"] == "update")
    place = f"/api/v1/tables/1/compare?a={whole['id']}&b={last}"
    assert (both.get(place).json or {})["fields"] == [
        {"column": "status", "old": "new", "new": "sent"}
    ]


def test_the_pages_say_where_what_was_retired_is(retired: Halves, make_reader: MakeReader) -> None:
    row = "/tables/1/row?key=1"
    assert (
        "not needed since come from the history database."
        in make_reader(retired.here, retired.there).get(row).text
    )
    alone = make_reader(retired.here).get(row).text
    assert "not needed since were taken out of the history." in alone
    assert "and was not needed since, is not here." in alone
    assert "before tracking began" not in alone
    gone = make_reader(retired.here, without(retired, "unreachable"))
    assert gone.get("/tables/1/as-of?at=2026-01-01").text.count("older history is missing") == 1


def test_what_was_retired_there_as_well_is_said_to_be_in_neither(
    retired: Halves, make_reader: MakeReader
) -> None:
    [(cut,)] = run(
        retired.there, "select changed_at from rowtrail.versions where data ->> 'status' = 'sent'"
    )
    both = make_reader(retired.here, retired.there)
    before = both.get("/api/v1/tables/1/row?key=1").json or {}
    assert before["table"]["lacks_before"] is None
    assert "in the history database either" not in both.get("/tables/1/row?key=1").text
    assert "out of which was taken" not in both.get("/tables/1").text
    run(
        retired.there,
        "select * from rowtrail.retire_until("
        "array(select id from rowtrail.tables where table_name = 'orders'), %s, 'policy 12')",
        cut,
    )
    row = both.get("/api/v1/tables/1/row?key=1").json or {}
    assert operations(row) == ["update", "update"]
    assert row["table"]["lacks_before"] == f"{cut:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert "incomplete" not in row
    page = " ".join(re.sub("<[^>]*>", " ", both.get("/tables/1/row?key=1").text).split())
    assert "and was not needed since, is not in the history database either." in page
    assert "before tracking began" not in page
    page = " ".join(re.sub("<[^>]*>", " ", both.get("/tables/1").text).split())
    assert (
        "comes from the history database, out of which was taken what was not needed since"
    ) in page
    [(moment,)] = run(retired.whole, "select min(changed_at) from rowtrail.versions")
    early = both.get(f"/api/v1/tables/1/as-of?at={moment:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert early.status_code == 400
    assert "is not known any more: the history of before" in (early.json or {})["detail"]
    # Of another table nothing was.
    other = both.get("/api/v1/tables/2/row?key=1").json or {}
    assert other["table"]["lacks_before"] is None


def test_what_was_under_way_as_of_the_last_seal_is_not_left_out(
    halves: Halves, make_reader: MakeReader
) -> None:
    halves.run(
        "create table orders (id int primary key, n int)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 0)",
        "update orders set n = 1",
    )
    engine = create_engine(halves.here, poolclass=NullPool)
    with engine.begin() as slow:
        slow.execute(text("insert into orders values (7, 7)"))
        [(moment,)] = halves.ask("select clock_timestamp()")
        halves.run("select rowtrail.seal()")
        halves.ship()
    [(after,)] = halves.ask("select pg_current_snapshot()::text")
    halves.run("update orders set n = 2 where id = 1")
    halves.keep_whole()
    [(cut,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.retire({"orders": cut})
    both = make_reader(halves.here, halves.there)
    for boundary in (f"at={moment:%Y-%m-%dT%H:%M:%S.%fZ}", f"snapshot={after}"):
        place = f"/api/v1/tables/1/as-of?{boundary}"
        answer = both.get(place)
        assert answer.status_code == 503, boundary
        assert "up to seal 1 of" in (answer.json or {})["detail"]
    halves.run("select rowtrail.seal()")
    halves.ship()
    for boundary in (f"at={moment:%Y-%m-%dT%H:%M:%S.%fZ}", f"snapshot={after}"):
        then = both.get(f"/api/v1/tables/1/as-of?{boundary}").json or {}
        assert [one["row_key"] for one in then["rows"]] == ["1", "7"], boundary


def test_one_that_was_restored_to_before_what_was_retired_is_not_taken_for_whole(
    halves: Halves, make_reader: MakeReader
) -> None:
    halves.run(
        "create table orders (id int primary key, n int)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 1)",
        "select rowtrail.seal()",
    )
    halves.ship()
    backup = halves.there.set(database=f"{halves.there.database}_backup")
    run(halves.admin, f'create database "{backup.database}" template "{halves.there.database}"')
    halves.run(*(f"update orders set n = {n}" for n in (2, 3, 4)), "select rowtrail.seal()")
    halves.ship()
    halves.keep_whole()
    [(cut,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.retire({"orders": cut})
    for database in (halves.there, backup):
        run(halves.admin, f'alter database "{database.database}" rename to "{database.database}_x"')
    run(
        halves.admin,
        f'alter database "{backup.database}_x" rename to "{halves.there.database}"',
    )
    try:
        both = make_reader(halves.here, halves.there)
        row = both.get("/api/v1/tables/1/row?key=1")
        assert operations(row.json or {}) == ["update", "update", "insert"]
        assert (row.json or {})["incomplete"] == (
            "older history is missing: the history database has seal 1 as its last, and of later "
            "ones versions were retired here; restore it to a later moment"
        )
        health = both.get("/health")
        assert health.status_code == 200
        assert health.text == f"ok\nhistory database: {(row.json or {})['incomplete']}\n"
        said = both.get("/api/v1/health").json or {}
        assert said["incomplete"] == (row.json or {})["incomplete"]
        assert said["history_database"]["readable"]
        file = both.get("/api/v1/changes/export.csv")
        assert (file.status_code, "Rowtrail-Incomplete" in file.headers) == (200, True)
    finally:
        run(halves.admin, f'drop database "{halves.there.database}_x" with (force)')


def test_the_feed_of_a_history_database_says_where_the_feed_is(
    retired: Halves, make_reader: MakeReader
) -> None:
    alone = make_reader(retired.there)
    for accept in ("application/json", "text/event-stream"):
        answer = alone.get("/api/v1/feed", headers={"Accept": accept})
        assert answer.status_code == 503
        assert (answer.json or {})["detail"].startswith(
            "the feed is not for a history database; this one holds the history of the database "
            f"{retired.here.database}; Do it in the database {retired.here.database}"
        )
