"""The event triggers come and go with rowtrail; where none may be made, all else works."""

import json
import subprocess

import pytest
from as_people_do import Run, dump, execute, scalar, written
from sqlalchemy import URL

from rowtrail.embedded.server import Server

EVENTS = """
select coalesce(string_agg(concat_ws(' ', v.data ->> 'command', v.data ->> 'noticed_by', d.before, '→', d.after), '; ' order by v.id), '')
from rowtrail.versions as v cross join lateral rowtrail.schema_differences(v.data, v.old) as d where v.op = 'S'
"""  # noqa: E501
TRIGGERS = "select count(*) from pg_event_trigger where evtenabled = 'A'"


@pytest.fixture
def chief(own_server: Server) -> URL:
    """The owner of a database, who may create roles and is no superuser."""
    execute(
        own_server.url(), "create role chief login createrole", "create database app owner chief"
    )
    return own_server.url("chief", "app")


def test_without_a_superuser_all_else_works_and_status_says_what_is_missing(
    chief: URL, run: Run
) -> None:
    done = run("upgrade", "--database", chief)
    assert (done.returncode, done.stderr) == (0, "")
    assert scalar(chief, TRIGGERS) == 0
    execute(chief, "create table orders (id int primary key, total numeric)")
    run("track", "orders", "--database", chief)
    execute(chief, "insert into orders values (1, 1.50)", "alter table orders rename total to sum")
    execute(chief, "update orders set sum = 2")
    assert scalar(chief, "select count(*) from rowtrail.differences('orders')") == 0
    assert scalar(chief, EVENTS) == ""
    status = run("status", "--database", chief)
    assert "Schema changes are not recorded as they happen" in status.stdout
    assert "select rowtrail.note_schema_changes();" in status.stdout
    as_json = json.loads(run("status", "--json", "--database", chief).stdout)
    assert as_json["records_schema_changes"] is False

    execute(chief, "select rowtrail.note_schema_changes()")
    noticed = "rowtrail.note_schema_changes() total numeric → sum numeric"
    assert scalar(chief, EVENTS) == noticed
    execute(chief, "alter table orders add note text")
    assert run("upgrade", "--database", chief).returncode == 0
    assert scalar(chief, EVENTS) == f"{noticed}; rowtrail.note_schema_changes() → note text"
    assert scalar(chief, "select count(*) from rowtrail.differences('orders')") == 0


def test_a_superusers_upgrade_adds_the_event_triggers_and_anybodys_downgrade_removes_them(
    chief: URL, own_server: Server, run: Run
) -> None:
    before = dump(own_server, "app")
    assert run("upgrade", "--database", chief).returncode == 0
    superuser = own_server.url(database="app")
    done = run("upgrade", "--database", superuser)
    assert (done.returncode, done.stderr) == (0, "")
    assert scalar(superuser, TRIGGERS) == 5
    assert scalar(chief, "select rowtrail.records_schema_changes()") is True
    with_triggers = dump(own_server, "app")
    assert run("upgrade", "--database", chief).returncode == 0
    assert run("upgrade", "--database", superuser).returncode == 0
    assert dump(own_server, "app") == with_triggers
    execute(superuser, "alter event trigger rowtrail_sql_drop disable")
    assert scalar(chief, "select rowtrail.records_schema_changes()") is False
    assert run("upgrade", "--database", superuser).returncode == 0
    assert dump(own_server, "app") == with_triggers
    removed = run("downgrade", "--delete-history", "--database", chief)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert dump(own_server, "app") == before


def test_a_dump_is_restored_with_its_event_triggers_and_goes_on(
    own_server: Server, run: Run
) -> None:
    url = own_server.url()
    assert run("upgrade", "--database", url).returncode == 0
    execute(
        url,
        "create table orders (gone int, id int primary key, total numeric)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 1, 1.50), (1, 2, 2)",
        "alter table orders drop gone",
        "alter table orders rename total to sum",
        "create database copy",
    )
    copy = own_server.url(database="copy")
    dumped = subprocess.run(
        [own_server.binaries / "pg_dump", written(url)], check=True, capture_output=True
    )
    restored = subprocess.run(
        [own_server.binaries / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", written(copy)],
        input=dumped.stdout, capture_output=True,
    )  # fmt: skip
    assert (restored.returncode, restored.stderr) == (0, b"")
    assert scalar(copy, TRIGGERS) == 5
    events = scalar(url, EVENTS)
    assert scalar(copy, EVENTS) == events
    # The table has another number, and its columns too.
    execute(copy, "select rowtrail.track('orders')", "update orders set sum = 3 where id = 2")
    execute(copy, "alter table orders rename sum to amount")
    assert scalar(copy, EVENTS) == f"{events}; ALTER TABLE sum numeric → amount numeric"
    assert scalar(copy, "select count(*) from rowtrail.differences('orders')") == 0
    assert (
        scalar(
            copy,
            "select string_agg(rowtrail.image_now(1, h.id, h.data)::text, ' ' order by h.id) "
            "from rowtrail.history('orders', 2) as h",
        )
        == '{"id": 2, "amount": 2} {"id": 2, "amount": 3}'
    )
