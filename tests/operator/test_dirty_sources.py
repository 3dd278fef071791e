"""Promises about `rowtrail import` of sources in which anything may be: what is no change of a row
is left out and counted, all else can be read, and what is not to be kept is not.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from as_people_do import Run
from sqlalchemy import URL

SOURCES = Path(__file__).parent / "sources"


@pytest.fixture
def query(url: URL) -> Any:
    """Runs statements as a superuser."""
    connection = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user="postgres", dbname=url.database
    )
    connection.autocommit = True

    def query(statement: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    yield query
    connection.close()


@pytest.fixture
def bring(query: Any, url: URL, run: Run) -> Callable[..., Any]:
    """Imports; what it says."""

    def bring(source: str, *arguments: str) -> Any:
        done = run("import", "--from", source, *arguments, "--json", "--database", url)
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout)["tables"][0]

    return bring


SUPA = """
insert into audit.record_version (
  id, op, ts, record, old_record, auth_role, table_oid, table_schema, table_name)
values
  (101, 'INSERT', '-infinity', '{"id": 1}', null, null, 1, 'public', 'orders'),
  (102, 'INSERT', '0044-03-15 BC', '{"id": 1}', null, null, 1, 'public', 'orders'),
  (103, 'INSERT', '1969-07-20Z', '{"id": 5}', null, null, 1, 'public', 'orders'),
  (104, 'INSERT', '2024-01-01Z', '"x"', null, null, 1, 'public', 'orders'),
  (105, 'INSERT', '2024-01-01Z', '["id"]', null, null, 1, 'public', 'orders'),
  (106, 'INSERT', '2024-01-01Z', 'null', null, null, 1, 'public', 'orders'),
  (107, 'UPDATE', '2024-01-01Z', null, '{"id": 1}', null, 1, 'public', 'orders'),
  (108, 'DELETE', '2024-01-01Z', '{"id": 1}', null, null, 1, 'public', 'orders'),
  (109, 'INSERT', '2024-01-01Z', '{"id": null}', null, null, 1, 'public', 'orders'),
  (110, 'INSERT', '2024-01-01Z', '{"id": 6, "placed_at": "2024-02-31T10:00:00+02:00"}', null,
    'x', 1, 'public', 'orders'),
  (111, 'INSERT', '2024-01-01Z', '{"id": 7, "rowtrail.hstore": 1}', null,
    null, 1, 'public', 'orders')
"""


def test_what_is_no_change_of_a_row_is_left_out_and_the_rest_can_be_read(
    query: Any, bring: Any, url: URL, run: Run, tmp_path: Path
) -> None:
    query((SOURCES / "supa_audit-by-hand.sql").read_text(encoding="utf-8"))
    query("delete from audit.record_version")
    query(SUPA)
    query("delete from orders; insert into orders values (5), (6), (7)")
    query("select rowtrail.track('orders')")
    said = bring("supa_audit")
    assert said["left_out"] == {
        "has no time": 2, "says nothing of a row": 5, "has no value in the key": 1,
    }  # fmt: skip
    assert query("select row_key, xid::text from rowtrail.versions where era = 0 order by id") == [
        ("5", "9985744000000000"), ("6", "1704067200000000"), ("7", "1704067200000000"),
    ]  # fmt: skip
    assert len(query("select * from rowtrail.changes('-infinity')")) == 3
    for form in ("csv", "jsonl", "parquet"):
        done = run("export", "-o", str(tmp_path / f"all.{form}"), "--database", url)
        assert done.returncode == 0, done
    assert query("select * from rowtrail.verify_imported()") == []


AUDIT_TRIGGER = """
update audit.logged_actions set
  client_query = 'update orders set status = ''it''', session_user_name = E'post\\u202Egres',
  transaction_id = -5;
insert into audit.logged_actions (
  event_id, schema_name, table_name, relid, action_tstamp_tx, action_tstamp_stm,
  action_tstamp_clk, action, row_data, statement_only)
select 100, 'public', 'orders', 1, w, w, w, 'S', '"id"=>"1", "dropped"=>"t"', false
from (values (timestamptz '2024-03-01 11:00Z')) as v (w)
"""


@pytest.fixture
def logged(query: Any) -> None:
    query((SOURCES / "audit-trigger-by-hand.sql").read_text(encoding="utf-8"))
    query(AUDIT_TRIGGER)


def test_no_source_brings_events_or_numbers_and_names_that_are_none(
    logged: None, query: Any, bring: Any
) -> None:
    query("select rowtrail.track('orders')")
    assert bring("audit-trigger")["left_out"] == {"says nothing of a row": 2}
    assert query("select distinct login, xid::text from rowtrail.versions where era = 0") == [
        ("post?gres", "9999999999999995")
    ]
    assert query("select count(*) from rowtrail.versions where era = 0 and op = 'S'") == [(0,)]


@pytest.mark.parametrize("option", ["exclude", "hash"])
def test_statements_do_not_tell_what_is_not_kept(
    logged: None, query: Any, bring: Any, option: str
) -> None:
    query(f"select rowtrail.track('orders', {option} => '{{status}}')")
    bring("audit-trigger")
    assert (
        query("select context ? 'client_query' from rowtrail.versions where era = 0")
        == [(False,)] * 4
    )


def test_what_is_erased_is_not_in_the_statement_either(
    logged: None, query: Any, bring: Any
) -> None:
    query("select rowtrail.track('orders')")
    bring("audit-trigger")
    query("delete from orders")
    query("select * from rowtrail.erase('orders', '1', '{status}', reason => 'x')")
    assert query(
        "select count(*) from rowtrail.versions where row_key = '1' and context::text ~ 'status'"
    ) == [(0,)]
    assert query("select * from rowtrail.verify_imported()") == []


@pytest.mark.parametrize("option", ["exclude", "hash"])
def test_the_text_of_a_json_column_is_not_kept_where_its_value_is_not(
    query: Any, bring: Any, option: str
) -> None:
    query(
        "create table notes (id int primary key, secret json);"
        'insert into notes values (1, \'{"b":1,  "a":2}\');'
        "create table notesevent (pgh_id int primary key, pgh_created_at timestamptz, "
        "pgh_label text, id int, secret json);"
        "insert into notesevent values (1, '2024-01-01Z', 'insert', 1, '{\"b\":1,  \"a\":2}');"
        f"select rowtrail.track('notes', {option} => '{{secret}}')"
    )
    bring("django-pghistory")
    assert query("select verbatim from rowtrail.versions where era = 0") == [(None,)]
