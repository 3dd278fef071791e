"""Promises about the history database: it has what is sealed, and keeps what is retired here."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

import psycopg2
import pytest
from shipped import assert_same, assert_sound, ship
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.importing import imports
from rowtrail.proof import seals

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]

COUNT = "select count(*) from rowtrail.versions where op <> 'S'"

AS_OF = "select count(*) from rowtrail.rows_as_of(%s, null, %s, null, null)"

#: Sets a history database back to a moment before all seals.
SET_BACK = (
    "delete from rowtrail.versions",
    "delete from rowtrail.seal_leaves",
    "delete from rowtrail.seals",
)

#: What is known of a row, however it is kept.
ROW = "select id, op, data, old, erased from rowtrail.versions where row_key = '1' order by id"


@pytest.fixture
def history(server: Server, engine: Engine) -> Iterator[Engine]:
    """An empty database, in which the history is to be."""
    name = f"history_{engine.url.database}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'create database "{name}"'))
        made = connect(server.url(database=name))
        yield made
        made.dispose()
        connection.execute(text(f'drop database "{name}" with (force)'))


@pytest.fixture
def there(history: Engine) -> Iterator[Run]:
    """A session in the history database that may see everything."""
    connection = psycopg2.connect(
        host=history.url.query["host"],
        port=history.url.query["port"],
        user="postgres",
        dbname=history.url.database,
    )
    connection.autocommit = True

    def run(statement: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    yield run
    connection.close()


@pytest.fixture
def send(engine: Engine, history: Engine, superuser: Run) -> Callable[..., Any]:
    """Seals, and ships what is sealed."""

    def send(sealed: bool = True) -> Any:
        if sealed:
            superuser("select * from rowtrail.seal()")
        return ship(engine, history)

    return send


def age(run: Run, months: int) -> None:
    """Makes all that was recorded until now so much older, before it is sealed."""
    run("update rowtrail.versions set changed_at = changed_at - %s * interval '1 month'", months)
    run("select rowtrail.empty_default_partition()")


def retire_all(superuser: Run) -> int:
    """Retires until nothing is due; gives how many versions went."""
    gone = 0
    while True:
        [(until, retired)] = superuser("select until, retired from rowtrail.retire('policy')")
        if until is None:
            return gone
        gone += retired


@pytest.fixture
def old(animals: str, writer: Run, superuser: Run) -> None:
    """Two years of animals, of which half is old."""
    writer("insert into animals select g, 'a' || g, 4 from generate_series(1, 20) as g")
    writer("update animals set legs = 3 where id <= 10")
    writer("delete from animals where id in (19, 20)")
    age(superuser, 24)
    superuser("select rowtrail.set_retention('animals', '1 year')")


def test_what_is_retired_here_is_there(
    old: None, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    before = superuser(COUNT)
    send()
    assert_same(superuser, there)
    seal_before = superuser("select hash from rowtrail.seals")
    gone = retire_all(superuser)
    assert gone == 14
    writer("update animals set legs = 2 where id = 1")
    send()
    assert superuser(COUNT) == [(before[0][0] - gone + 1,)]
    assert there(COUNT) == [(before[0][0] + 1,)]
    assert there("select hash from rowtrail.seals where id = 1") == seal_before
    assert there("select count(*) from rowtrail.retired_leaves") == [(0,)]
    assert_sound(there)
    assert_sound(superuser)
    # As of then it is known there only.
    [(moment,)] = there("select max(changed_at) from rowtrail.versions where op = 'D'")
    [(table,)] = there("select id from rowtrail.tables")
    assert there(AS_OF, table, moment) == [(18,)]
    with pytest.raises(psycopg2.errors.NoDataFound, match="was retired"):
        superuser(AS_OF, table, moment)


def test_nothing_is_retired_that_is_not_there(
    old: None, superuser: Run, there: Run, send: Callable[..., Any], engine: Engine
) -> None:
    superuser("select * from rowtrail.seal()")
    superuser("select rowtrail.begin_shipping(gen_random_uuid(), 'postgresql://there')")
    message = "are not in the history database yet, which has seal 0 as its last"
    before = superuser(COUNT)
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match=message):
        superuser("select rowtrail.retire()")
    assert superuser(COUNT) == before
    superuser("select rowtrail.stop_shipping('it was never made')")
    assert retire_all(superuser) > 0


def test_what_was_retired_before_it_was_shipped_is_said_to_be_missing(
    old: None, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    [(moment,)] = superuser("select max(changed_at) from rowtrail.versions where op = 'D'")
    superuser("select * from rowtrail.seal()")
    gone = retire_all(superuser)
    writer("update animals set legs = 2 where id = 1")
    send()
    assert_same(superuser, there)
    [(number,)] = superuser("select distinct retirement from rowtrail.retired_leaves")
    assert there("select number, versions, tables, reason, place from rowtrail.departures") == [
        (number, gone, ["public.animals"], "policy", None)
    ]
    # What was then is known nowhere, and is not said to have been otherwise.
    [(table,)] = there("select id from rowtrail.tables")
    for run in (superuser, there):
        with pytest.raises(psycopg2.errors.NoDataFound, match="was retired"):
            run(AS_OF, table, moment)
    there("update rowtrail.departures set leaves_hash = sha256('x')")
    assert len(there("select * from rowtrail.verify_sealed()")) == 1
    there("delete from rowtrail.departures")
    [(_, problem, _, is_fault)] = there("select * from rowtrail.verify_sealed()")
    assert is_fault
    assert "no row of rowtrail.departures says so" in problem


def test_what_was_retired_while_nothing_was_shipped_is_said_to_be_missing(
    old: None, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    send()
    superuser("select rowtrail.stop_shipping('it is set back to before seal 1')")
    for statement in SET_BACK:
        there(statement)
    assert retire_all(superuser) == 14
    send()
    assert_sound(there)
    assert there("select versions from rowtrail.departures") == [(14,)]
    [(moment,)] = superuser("select complete_from - interval '1 day' from rowtrail.tables")
    [(table,)] = there("select id from rowtrail.tables")
    with pytest.raises(psycopg2.errors.NoDataFound, match="was retired"):
        there(AS_OF, table, moment)


def test_a_history_database_retires_by_itself(
    old: None, writer: Run, there: Run, history: Engine, send: Callable[..., Any]
) -> None:
    send()
    before = there(COUNT)
    [(table, until)] = there("select id, date_trunc('month', now()) from rowtrail.tables")
    [(tables, retired)] = there(
        "select tables, retired from rowtrail.retire_until(%s, %s, 'archived', 'file:///archive')",
        [table],
        until,
    )
    assert (tables, retired) == (["public.animals"], 14)
    assert there(COUNT) == [(before[0][0] - 14,)]
    assert there("select number, until, versions, reason, place from rowtrail.departures") == [
        (-1, until, 14, "archived", "file:///archive")
    ]
    assert there("select distinct retirement from rowtrail.retired_leaves") == [(-1,)]
    assert_sound(there)
    [(went,)] = there(
        "select min(id) from unnest((select ids from rowtrail.seal_leaves where part = 0)) as id "
        "where id not in (select v.id from rowtrail.versions as v)"
    )
    with (
        history.connect() as connection,
        pytest.raises(RowtrailError, match=r"retired at .*, and went to file:///archive"),
    ):
        seals.prove(connection, went)
    writer("update animals set legs = 1")
    send()
    assert_sound(there)
    there("update rowtrail.retired_leaves set gone = ~gone")
    assert there("select * from rowtrail.verify_sealed()") != []


def test_what_is_erased_here_is_erased_there(
    make_table: MakeTable,
    writer: Run,
    superuser: Run,
    there: Run,
    history: Engine,
    send: Callable[..., Any],
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    for number in (1, 2):
        writer(f"insert into people values ({number}, 'p{number}', 'mail@{number}')")
        writer(f"update people set email = 'other@{number}' where id = {number}")
    send()
    writer("delete from people where id = 1")
    writer("update people set name = 'more' where id = 2")
    superuser("select rowtrail.erase('people', '1', '{email}', 'request 17')")
    # The seal was made before the event; it comes with nothing in it, and no alarm.
    send()
    assert_same(superuser, there)
    assert there("select count(*) from rowtrail.versions where data::text like '%%@1%%'") == [(0,)]
    assert there("select count(*) from rowtrail.versions where data::text like '%%@2%%'") == [(3,)]


def test_what_was_erased_before_it_came_is_no_alarm(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer("insert into people values (1, 'p', 'mail@1')")
    writer("delete from people")
    superuser("select * from rowtrail.seal()")
    superuser("select rowtrail.erase('people', '1', '{email}', 'request 17')")
    send(sealed=False)
    assert there("select cardinality(erased_before) from rowtrail.origin") == [(2,)]
    assert_sound(there)
    superuser("select rowtrail.erase('people', '1', '{name}', 'request 18')")
    send()
    assert there("select cardinality(erased_before) from rowtrail.origin") == [(0,)]
    assert_same(superuser, there)
    there("update rowtrail.versions set erased = erased || 'data.id'::text where op = 'I'")
    assert there("select * from rowtrail.verify_sealed()") != []


def test_what_was_erased_again_since_is_no_alarm(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer("insert into people values (1, 'p', 'mail@1')")
    writer("delete from people")
    send()
    superuser("select rowtrail.erase('people', '1', '{email}', 'request 17')")
    superuser("select * from rowtrail.seal()")
    superuser("select rowtrail.erase('people', '1', '{name}', 'request 18')")
    # What it lists comes as it is now, and what was erased last is in no seal yet.
    send(sealed=False)
    assert_sound(there)
    send()
    assert_same(superuser, there)
    assert there("select erased_before from rowtrail.origin") == [([],)]


def test_what_was_erased_by_force_comes_as_it_is(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, email text)")
    writer("insert into people values (1, 'mail@1')")
    writer("delete from people")
    superuser("select * from rowtrail.seal()")
    superuser("select rowtrail.erase('people', '1', '{email}', 'request 17', true)")
    send(sealed=False)
    said = "select problem, is_fault from rowtrail.verify_seal(1)"
    assert [is_fault for _, is_fault in there(said)] == [False, False]
    send()
    assert there(said) == superuser(said)
    assert [is_fault for _, is_fault in there(said)] == [False, False]


def test_erasing_reaches_what_only_the_history_database_has(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer(
        "insert into people values (1, 'p1', 'mail@1'), (2, 'p2', 'mail@2'), (9, 'p9', 'mail@9')"
    )
    writer("update people set id = 11 where id = 1")
    writer("update people set email = 'second@1' where id = 11")
    writer("delete from people where id = 9")
    age(superuser, 24)
    superuser("select rowtrail.set_retention('people', '1 year')")
    send()
    writer("update people set email = null where id = 11")
    assert retire_all(superuser) > 2
    hint = "HISTORY_DATABASE_URL"
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as refused:
        superuser("select rowtrail.erase('people', '11', '{email}', 'request 17')")
    assert hint in str(refused.value)
    for key, person in (("1", "1"), ("9", "9")):
        [(known,)] = there("select rowtrail.erasable('people', %s, '{email}')::text", key)
        [(erasure, versions, values)] = superuser(
            "select * from rowtrail.erase('people', %s, '{email}', 'request', elsewhere => %s)",
            key,
            known,
        )
        assert erasure is not None
        assert versions >= 2
        assert values >= 2
        send()
        for run in (superuser, there):
            assert (
                run(
                    "select id from rowtrail.versions where concat(data, old) like %s",
                    f"%@{person}%",
                )
                == []
            )
            assert_sound(run)
    assert there("select count(*) from rowtrail.versions where data::text like '%%@2%%'") == [(1,)]
    there("update rowtrail.versions set data = jsonb_set(data, '{email}', '\"x\"') where op = 'I'")
    assert there("select * from rowtrail.verify_sealed()") != []


def test_of_each_version_that_only_the_history_database_has_goes_what_was_asked_for(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer("insert into people values (1, 'p1', 'first@1')")
    superuser("alter table people rename email to former")
    superuser("alter table people add email text")
    writer("update people set email = 'second@1', former = 'third@1'")
    writer("delete from people")
    age(superuser, 24)
    superuser("select rowtrail.set_retention('people', '1 year')")
    send()
    assert retire_all(superuser) == 3
    [(known,)] = there("select rowtrail.erasable('people', '1', '{former}')::text")
    superuser("select rowtrail.erase('people', '1', '{former}', 'r', elsewhere => %s)", known)
    send()
    # As it was called first, the column that was erased was called as the other is now.
    assert there(
        "select op, data ->> 'email', data ->> 'former' from rowtrail.versions "
        "where op <> 'S' order by id"
    ) == [("I", None, None), ("U", "second@1", None), ("D", "second@1", None)]
    assert_sound(there)


def test_nobody_erases_what_happened_to_a_table(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer("insert into people values (1, 'p1', 'mail@1')")
    writer("delete from people")
    superuser("select rowtrail.erase('people', '1', '{email}', 'request 17')")
    send()
    event = "select id, table_id, data, erased from rowtrail.versions where data ? 'erased'"
    [(number, table, *before)] = superuser(event)
    # Who may erase says what he likes of the history database.
    for places in (None, ["data.erased", "data.command"]):
        [(history,)] = there("select id::text from rowtrail.origin")
        version = {"table_id": table, "id": number, "places": places, "columns": []}
        said = {"history": history, "versions": [version | {"salted": False}]}
        superuser("select rowtrail.erase('people', '1', null, 'r', true, %s)", json.dumps(said))
        send()
        for run in (superuser, there):
            assert [*run(event + " and id = %s", number)] == [(number, table, *before)]


def test_only_the_history_database_of_this_history_is_asked_what_to_erase(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    make_table("people (id int primary key, name text, email text)", erasable="true")
    writer("insert into people values (1, 'p1', 'mail@1')")
    writer("delete from people")
    age(superuser, 24)
    superuser("select rowtrail.set_retention('people', '1 year')")
    send()
    assert retire_all(superuser) == 2
    erase = "select versions from rowtrail.erase('people', '1', '{email}', 'r', elsewhere => %s)"
    other = json.dumps({"history": "8dd1ba0a-1b68-4a5c-8e0a-2f5d1b0f0c4d", "versions": []})
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="is not that to which"):
        superuser(erase, other)
    # What was given up has the values still.
    superuser("select rowtrail.stop_shipping('for a while')")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="would stay there"):
        superuser(erase, None)
    superuser("alter table people rename to persons")
    [(known,)] = there("select rowtrail.erasable('persons', '1', '{email}')::text")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="by this name"):
        superuser(erase.replace("people", "persons"), known)
    send()
    [(known,)] = there("select rowtrail.erasable('persons', '1', '{email}')::text")
    assert superuser(erase.replace("people", "persons"), known) == [(2,)]
    # Of what never was anywhere else nothing is to be found there.
    make_table("guests (id int primary key, email text)", erasable="true")
    writer("insert into guests values (1, 'guest@1')")
    writer("delete from guests")
    [(known,)] = there("select rowtrail.erasable('guests', '1', '{email}')::text")
    assert superuser(erase.replace("people", "guests"), known) == [(2,)]


SOURCE = """
create schema audit;
create table audit.logged_actions (
  event_id bigint primary key generated always as identity, schema_name text, table_name text,
  session_user_name text, action_tstamp_tx timestamptz, action_tstamp_clk timestamptz,
  transaction_id bigint, action text, row_data jsonb, changed_fields jsonb
)
"""

RECORD = """
insert into audit.logged_actions (
  schema_name, table_name, session_user_name, action_tstamp_tx, action_tstamp_clk, transaction_id,
  action, row_data)
select 'public', 'animals', 'keeper', t, t, g, 'I', jsonb_build_object('id', g, 'name', 'n' || g)
from generate_series(1, 30) as g
cross join lateral (select timestamptz '2019-05-01Z' + g * interval '40 days' as t) as t
"""


def test_imports_are_shipped_whole(
    animals: str, writer: Run, superuser: Run, there: Run, send: Callable[..., Any], engine: Engine
) -> None:
    for statement in SOURCE.split(";\n"):
        superuser(statement)
    superuser(RECORD)
    writer("insert into animals values (31)")
    send()
    with engine.connect() as connection:
        found, _ = imports.found_in(connection, "audit-trigger", None, (), ())
    number = imports.begun(engine, "audit-trigger", found)
    for _ in imports.record(engine, number, 7):
        pass
    assert [one.what for one in send()] == ["seal"] * 0
    imports.finish(engine, number)
    assert [(one.what, one.versions) for one in send()] == [("import", 30)]
    assert_same(superuser, there)
    assert superuser("select imports from rowtrail.shipping") == [([number],)]
    assert there("select count(*) from rowtrail.versions_default") == [(0,)]
    assert send() == []

    writer("insert into animals values (3)")
    writer("delete from animals where id = 3")
    superuser("select rowtrail.erase('animals', '3', '{name}', 'request')")
    send()
    assert_same(superuser, there)
    there("update rowtrail.versions set actor = 'x' where row_key = '4' and id < 0")
    assert len(there("select * from rowtrail.verify_imported()")) == 1


def bring(engine: Engine) -> int:
    """Imports what the other tool has recorded; gives the number of the import."""
    with engine.connect() as connection:
        found, _ = imports.found_in(connection, "audit-trigger", None, (), ())
    number = imports.begun(engine, "audit-trigger", found)
    for _ in imports.record(engine, number, 100):
        pass
    imports.finish(engine, number)
    return number


UNDO_IMPORT = (
    "delete from rowtrail.versions where id < 0",
    "delete from rowtrail.import_leaves",
    "delete from rowtrail.import_tables",
    "delete from rowtrail.imports",
    "alter table rowtrail.imports alter id restart",
    "update rowtrail.tables set imported_until = null",
)


@pytest.fixture
def source(animals: str, superuser: Run) -> None:
    """What another tool has recorded of animals, of which one is gone again."""
    for statement in SOURCE.split(";\n"):
        superuser(statement)
    superuser(RECORD)
    superuser(
        "insert into audit.logged_actions (schema_name, table_name, session_user_name, "
        "action_tstamp_tx, action_tstamp_clk, transaction_id, action, row_data) "
        "values ('public', 'animals', 'k', '2022-11-01', '2022-11-01', 99, 'D', '{\"id\": 3}')"
    )
    superuser("insert into animals values (100)")
    superuser("select rowtrail.set_retention('animals', '1 year')")


def test_another_import_with_the_number_of_one_there_is_not_taken_for_it(
    source: None, superuser: Run, there: Run, send: Callable[..., Any], engine: Engine
) -> None:
    send()
    number = bring(engine)
    send()
    # Set back to a moment before the import, and imported again.
    for statement in (*UNDO_IMPORT, "update rowtrail.shipping set imports = '{}'"):
        superuser(statement)
    with pytest.raises(RowtrailError, match=r"has an import 1, .* which is not here"):
        send()
    superuser('update audit.logged_actions set row_data = row_data || \'{"name": "other"}\'')
    assert bring(engine) == number
    with pytest.raises(RowtrailError, match=r"has an import 1, .* which is not here"):
        send()
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="not in the history"):
        superuser("select rowtrail.retire()")


def test_an_import_that_a_history_database_lost_is_shipped_again_or_said_to_be_lost(
    source: None, superuser: Run, there: Run, send: Callable[..., Any], engine: Engine
) -> None:
    send()
    bring(engine)
    send()
    for statement in UNDO_IMPORT:
        there(statement)
    assert [(one.what, one.versions) for one in send()] == [("import", 31)]
    assert_same(superuser, there)
    assert retire_all(superuser) == 2
    for statement in UNDO_IMPORT:
        there(statement)
    with pytest.raises(RowtrailError, match=r"had import 1, .* are nowhere else"):
        send()
    superuser("select rowtrail.stop_shipping('it is lost')")
    send()
    assert_sound(there)
    [(table, moment)] = superuser(
        "select id, complete_from - interval '1 day' from rowtrail.tables"
    )
    with pytest.raises(psycopg2.errors.NoDataFound, match="was retired"):
        there(AS_OF, table, moment)


def test_a_seal_that_is_missing_is_said(
    animals: str, writer: Run, superuser: Run, send: Callable[..., Any]
) -> None:
    for number in range(3):
        writer("insert into animals values (%s)", number)
        superuser("select * from rowtrail.seal()")
    superuser("delete from rowtrail.seals where id = 2")
    with pytest.raises(RowtrailError, match="seal 2 is missing here, and seal 3 is not"):
        send(sealed=False)


def waits_or_ends(there: Run, work: "Future[Any]") -> None:
    """Waits until a session waits for a lock, or has no need to."""
    waiting = (
        "select from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()"
    )
    for _ in range(200):
        if work.done() or there(waiting):
            return
        time.sleep(0.05)


@pytest.mark.parametrize("first", ["track", "become"])
def test_a_table_is_tracked_or_it_becomes_a_history_database(
    history: Engine, there: Run, first: str
) -> None:
    """Whichever of the two is first, the other waits for its end, and refuses."""
    schema.upgrade(history)
    there("create table orders (id int primary key)")
    statements = {
        "track": "select rowtrail.track('orders')",
        "become": "select rowtrail.become_history_database(gen_random_uuid(), null, 'shop')",
    }
    second = "become" if first == "track" else "track"

    def run(statement: str) -> None:
        with history.begin() as connection:
            connection.execute(text(statement))

    with ThreadPoolExecutor(1) as pool, history.connect() as connection:
        connection.execute(text(statements[first]))
        work = pool.submit(run, statements[second])
        waits_or_ends(there, work)
        connection.commit()
        error = work.exception(30)
    assert isinstance(error, DBAPIError)
    assert {
        "track": "cannot become a history database: tables are tracked in it: public.orders",
        "become": "tracking is not for a history database",
    }[first] in str(error)
    assert there(
        "select (select count(*) from rowtrail.origin) + (select count(*) from rowtrail.tables)"
    ) == [(1,)]


def test_only_imports_that_are_there_are_retired(
    source: None, superuser: Run, there: Run, send: Callable[..., Any], engine: Engine
) -> None:
    send()
    bring(engine)
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="not in the history"):
        superuser("select rowtrail.retire()")
    send()
    assert retire_all(superuser) == 2
    assert there("select count(*) from rowtrail.versions where id < 0") == [(31,)]
    assert_sound(there)
    assert_sound(superuser)


def test_eras_are_shipped_and_a_seal_of_nothing(
    animals: str, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    writer("insert into animals values (1)")
    send()
    for turn in (2, 3):
        # As if it had been brought into another cluster, twice.
        superuser("update rowtrail.eras set system_identifier = 1 where era = %s", turn - 1)
        writer(f"update animals set legs = {turn}")
        superuser("select * from rowtrail.seal()")
        send()
        send()
        assert superuser("select rowtrail.current_era()") == [(turn,)]
        assert there("select rowtrail.current_era()") == [(turn,)]
    assert superuser("select count(*) from rowtrail.seals where versions = 0 and ends_era") != [
        (0,)
    ]
    eras = "select v.* from rowtrail.versions as v order by id"
    assert there(eras) == superuser(eras)
    assert_sound(there)


def test_the_registry_goes_along(
    animals: str, make_table: MakeTable, writer: Run, owner: Run, superuser: Run, there: Run,
    send: Callable[..., Any],
) -> None:  # fmt: skip
    writer("insert into animals values (1)")
    send()
    make_table("plants (id int primary key)")
    owner("alter table animals rename column name to called")
    owner("alter table animals rename to beasts")
    writer("insert into plants values (1)")
    writer("update beasts set called = 'x'")
    send()
    assert_same(superuser, there)
    assert there("select table_name, state from rowtrail.status()") == [
        ("public.beasts", "shipped"),
        ("public.plants", "shipped"),
    ]
    owner("drop table plants")
    owner("select rowtrail.untrack('beasts', 'no more')")
    send()
    assert_same(superuser, there)


def test_a_tampered_version_is_not_shipped(
    animals: str, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    writer("insert into animals values (1), (2)")
    send()
    writer("update animals set legs = 4")
    superuser("select * from rowtrail.seal()")
    superuser("update rowtrail.versions set actor = 'x' where op = 'U' and row_key = '2'")
    with pytest.raises(psycopg2.errors.DataCorrupted, match="seal 2 does not verify"):
        send(sealed=False)
    assert there("select max(id) from rowtrail.seals") == [(1,)]
    assert superuser("select seal_id from rowtrail.shipping") == [(1,)]
    assert_sound(there)


def test_a_history_database_that_was_set_back_gets_it_again(
    old: None, writer: Run, superuser: Run, there: Run, send: Callable[..., Any]
) -> None:
    send()
    writer("update animals set legs = 1 where id = 1")
    send()
    set_back = (
        "delete from rowtrail.versions where id in "
        "(select unnest(ids) from rowtrail.seal_leaves where seal_id = 2)",
        "delete from rowtrail.seal_leaves where seal_id = 2",
        "delete from rowtrail.seals where id = 2",
    )
    for statement in set_back:
        there(statement)
    send()
    assert_same(superuser, there)
    assert superuser("select seal_id from rowtrail.shipping") == [(2,)]
    # Where that is nowhere else any more, it is said.
    retire_all(superuser)
    for statement in SET_BACK:
        there(statement)
    with pytest.raises(RowtrailError, match="are nowhere else"):
        send()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_all_of_it_is_there(
    make_table: MakeTable, writer: Run, superuser: Run, there: Run, send: Callable[..., Any],
    seed: int,
) -> None:  # fmt: skip
    random = Random(seed)
    make_table("people (id int primary key, name text, email text)", erasable="true")
    ever: dict[int, tuple[Any, ...]] = {}
    superuser("select rowtrail.set_retention('people', '3 months')")

    def note() -> None:
        for number, *rest in superuser("select id, op, row_key, xid::text from rowtrail.versions"):
            ever[number] = tuple(rest)

    for step in range(40):
        key = random.randrange(6)
        match random.choice("iiuudusera"):
            case "i":
                writer(f"insert into people values ({key}, 'n{step}') on conflict do nothing")
            case "u":
                writer(f"update people set email = 'm{step}@{key}' where id = {key}")
            case "d":
                writer(f"delete from people where id = {key}")
            case "s":
                superuser("select * from rowtrail.seal()")
            case "e":
                if there("select to_regclass('rowtrail.origin')") == [(None,)] or there(
                    "select count(*) from rowtrail.tables"
                ) == [(0,)]:
                    continue
                writer(f"delete from people where id = {key}")
                [(known,)] = there(
                    "select rowtrail.erasable('people', %s, '{email}')::text", str(key)
                )
                try:
                    superuser(
                        "select rowtrail.erase('people', %s, '{email}', 'r', false, %s)",
                        str(key),
                        known,
                    )
                except psycopg2.errors.NoDataFound:
                    continue
            case "r":
                superuser("select * from rowtrail.seal()")
                if superuser("select count(*) from rowtrail.seals") != [(0,)]:
                    send(sealed=False)
                    retire_all(superuser)
            case "a":
                # Before anything of it is sealed.
                superuser(
                    "update rowtrail.versions as v set changed_at = v.changed_at "
                    "- interval '5 months' where rowtrail.is_unsealed(v.era, v.xid, (select s from "
                    "rowtrail.seals as s order by id desc limit 1), rowtrail.current_era())"
                )
        note()
    writer("insert into people values (99)")
    note()
    send()
    found = there("select id, op, row_key, xid::text from rowtrail.versions order by id")
    assert [(number, *ever[number]) for number in sorted(ever)] == found
    assert_sound(there)
    assert_sound(superuser)
    # What is left here is there as it is here.
    left = superuser("select id, v::text from rowtrail.versions as v order by id")
    there_as_well = dict(there("select id, v::text from rowtrail.versions as v"))
    assert left == [(number, there_as_well[number]) for number, _ in left]
