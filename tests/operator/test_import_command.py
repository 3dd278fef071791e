"""Promises about `rowtrail import`, on histories that the tools themselves wrote (sources/)."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oracle
import psycopg2
import pytest
from as_people_do import Run, command, environment, said_in_one_line
from sqlalchemy import URL, Connection, text

SOURCES = Path(__file__).parent / "sources"


@pytest.fixture
def load(db: Connection) -> Callable[..., Connection]:
    """Loads a history, and tracks the tables that it is of."""

    def load(name: str, *tables: str) -> Connection:
        statements = (SOURCES / f"{name}.sql").read_text(encoding="utf-8")
        db.connection.cursor().execute(statements)  # percent signs are no parameters
        for table in tables:
            db.execute(text("select rowtrail.track(cast(:name as regclass))"), {"name": table})
        return db

    return load


@pytest.fixture
def query(url: URL) -> Any:
    """Runs a statement, as the oracle does."""
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


HISTORY = """
select v.op::text, v.row_key, v.old_key, v.data::text, v.old::text, v.actor, v.login,
  v.context - 'imported', v.context #>> '{imported,id}', v.era, v.id < 0, v.xid::text,
  v.changed_at at time zone 'UTC'
from rowtrail.versions as v
where v.table_id = (select t.id from rowtrail.tables as t where t.table_name = %s) and v.op <> 'S'
order by v.id
"""


def history(query: Any, table: str) -> list[Any]:
    """What is recorded of a table, in order."""
    found: list[Any] = query(HISTORY, table)
    return found


def order(status: str, total: str, gift: str = "null") -> str:
    """The image of order 1 in the recorded shop."""
    return (
        f'{{"id": 1, "total": {total}, "status": "{status}", "details": {{"a": [1.5], "b": 1}}, '
        f'"is_gift": {gift}, "placed_at": "2024-02-29T12:30:00+00:00"}}'
    )


#: What happened to order 1 in each of the recorded shops.
OF_ORDER_1 = [
    ("I", "1", order("new", "10.50"), None),
    ("U", "1", order("paid", "10.50", "true"), {"status": "new", "is_gift": None}),
    ("U", "1", order("paid", "12.00", "true"), {"total": "10.50"}),
]


def told(rows: list[Any]) -> list[Any]:
    """Operation, key, image and old values; numbers as they are written."""
    return [
        (row[0], row[1], row[3], row[4] and json.loads(row[4], parse_float=str)) for row in rows
    ]


@pytest.mark.parametrize(
    ("source", "extra", "tables"),
    [
        ("postgresql-audit", (), ("orders", "lines")),
        ("sqlalchemy-continuum", (), ("orders", "lines")),
        ("django-pghistory", ("--map", "benchmark_orderevent=orders"), ("orders",)),
    ],
)
def test_what_a_tool_recorded_becomes_versions_that_lead_to_the_rows(
    load: Any, query: Any, url: URL, run: Run, source: str, extra: Any, tables: tuple[str, ...]
) -> None:
    load(source, *tables)
    done = run("import", "--from", source, *extra, "--batch", "2", "--database", url)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "public.orders: 5 versions of 5 rows of public." in done.stdout
    found = history(query, "orders")
    assert told([row for row in found if row[1] == "1"]) == OF_ORDER_1
    assert [row[0] for row in found if row[1] == "2"] == ["I", "D"]
    # Kept apart from what rowtrail recorded: of era 0, and before it.
    assert {(row[9], row[10], row[6]) for row in found} == {(0, True, "(not recorded)")}
    if "lines" in tables:
        lines = [row for row in history(query, "lines") if row[1] == '[1, "x"]']
        assert [(row[0], row[4]) for row in lines] == [("I", None), ("U", '{"quantity": 1}')]
    # Of json columns postgresql-audit keeps no text: a baseline has it.
    if source == "postgresql-audit":
        assert run("baseline", "orders", "--database", url).returncode == 0
    query("update orders set status = 'sent' where id = 1")
    query("insert into orders (id, status) values (2, 'again')")
    for table in tables:
        oracle.assert_exact(query, table)
    verified = run("verify", "--database", url)
    assert (verified.returncode, verified.stdout.split(";")[0]) == (0, "no faults"), verified
    assert run("import", "--from", source, *extra, "--database", url).stdout.count(
        "already, at "
    ) == len(tables)


def test_who_it_was_and_why_is_told_as_far_as_the_source_knows(
    load: Any, query: Any, url: URL, run: Run
) -> None:
    load("postgresql-audit", "orders")
    done = run("import", "--from", "postgresql-audit", "--database", url)
    assert "not tracked, so not imported: public.lines" in done.stdout
    first = history(query, "orders")[0]
    assert (first[5], first[7], first[8], first[11]) == (
        "alice", {"client_addr": "10.0.0.1"}, "3", "756",
    )  # fmt: skip
    [(said,)] = query("select distinct (context -> 'imported') - 'id' from rowtrail.versions")
    assert said == {"from": "postgresql-audit", "table": "public.activity"}


def test_events_of_django_have_the_user_as_actor(load: Any, query: Any, url: URL, run: Run) -> None:
    load("django-pghistory", "orders")
    done = run("import", "--from", "django-pghistory", "--database", url)
    assert said_in_one_line(done, "whose rows are in public.benchmark_orderevent?", "--map")
    run("import", "--from", "django-pghistory", "--map", "benchmark_orderevent=orders",
        "--database", url)  # fmt: skip
    assert [(row[5], row[7]) for row in history(query, "orders")][:3] == [
        ("alice", {"url": "/orders", "pgh_label": "insert"}),
        ("alice", {"url": "/orders", "pgh_label": "insert"}),
        (None, {"pgh_label": "update"}),
    ]


def test_supa_audit_with_a_truncate_a_changed_key_and_odd_names(
    load: Any, query: Any, url: URL, run: Run
) -> None:
    load("supa_audit-by-hand", "orders", '"we""ird; drop"')
    done = run("import", "--from", "supa_audit", "--json", "--database", url)
    said = json.loads(done.stdout)
    assert said["not_tracked"] == ["public.gone"]
    assert {row["name"]: (row["rows_read"], row["versions"], row["left_out"])
            for row in said["tables"]} == {
        "public.orders": (6, 4, {"has no value in the key": 1, "is recorded here already": 1}),
        'public."we""ird; drop"': (2, 2, {}),
    }  # fmt: skip
    found = history(query, "orders")
    assert [(row[0], row[1], row[2]) for row in found] == [
        ("I", "1", None), ("T", "", None), ("I", "3", None), ("U", "4", "3"),
    ]  # fmt: skip
    # The time zone of the session that wrote it is none of the value's.
    assert json.loads(found[3][3])["placed_at"] == "2024-02-29T12:30:00+00:00"
    assert found[3][4] == '{"id": 3, "total": 10.50, "status": "new"}'
    assert (found[2][5], found[2][7]) == (
        "76f99606-1b3f-41d1-806d-358b34db3b32", {"auth_role": "authenticated"},
    )  # fmt: skip
    assert [row[:2] for row in history(query, 'we"ird; drop')] == [
        ("I", '[1, "\\"]"]'), ("U", '[1, "\\"]"]'),
    ]  # fmt: skip
    for table in ("orders", '"we""ird; drop"'):
        assert query("select * from rowtrail.differences(%s::regclass)", table) == []
    # What changed at one moment was one transaction.
    page = query("select count(distinct table_id) from rowtrail.versions where xid::text = %s",
                 found[2][11])  # fmt: skip
    assert page == [(2,)]


def test_the_texts_of_audit_trigger_become_values_as_capture_writes_them(
    load: Any, query: Any, url: URL, run: Run
) -> None:
    load("audit-trigger-by-hand", "orders")
    done = run("import", "--from", "audit-trigger", "--database", url)
    assert (
        done.stdout == "public.orders: 4 versions of 5 rows of audit.logged_actions, "
        "2024-03-01 10:00:00 to 2024-03-01 10:00:04; left out: 1 says nothing of a row\n"
    ), done
    found = history(query, "orders")
    assert [(row[0], row[1], row[6], row[11]) for row in found] == [
        ("I", "1", "shop", "4711"), ("U", "1", "shop", "4712"),
        ("I", "2", "shop", "4714"), ("D", "2", "shop", "4715"),
    ]  # fmt: skip
    # The row is as it is in the table, value by value.
    assert query("select * from rowtrail.differences('orders')") == []
    assert json.loads(found[1][4], parse_float=str) == {
        "total": "10.50", "status": "new", "is_gift": None,
    }  # fmt: skip
    # A text that is no value of its column of today stays one.
    assert json.loads(found[2][3]) == {"id": "2", "total": "n/a", "status": None}
    assert found[0][7] == {
        "application_name": "psql", "client_addr": "10.0.0.1",
        "client_query": "insert into orders …",
    }  # fmt: skip


def test_as_of_knows_the_imported_time(load: Any, query: Any, url: URL, run: Run) -> None:
    load("supa_audit-by-hand", "orders")
    run("import", "--from", "supa_audit", "--database", url)
    run("baseline", "orders", "--database", url)
    query("update orders set status = 'sent'")
    at = "select id, status, total::text from rowtrail.as_of(null::orders, %s) order by 1"
    assert query(at, "2024-03-01 09:00Z") == []
    assert query(at, "2024-03-01 10:00Z") == [(1, "new", "10.50")]
    assert query(at, "2024-03-01 10:00:01Z") == []
    assert query(at, "2024-03-01 10:00:02Z") == [(3, "new", "10.50")]
    assert query(at, "2024-03-01 10:00:03Z") == [(4, "paid", "12.00")]
    assert query(at, "infinity") == [(4, "sent", "12.00")]
    keys = (
        "select row_key from rowtrail.page_as_of(%s, null, 10, '2024-03-01 10:00:02Z', null, null)"
    )
    assert query(keys, query("select id from rowtrail.tables")[0][0]) == [("3",)]


def test_nothing_is_done_in_a_dry_run(load: Any, query: Any, url: URL, run: Run) -> None:
    load("supa_audit-by-hand", "orders")
    done = run("import", "--from", "supa_audit", "--dry-run", "--database", url)
    assert done.stdout == (
        "public.orders: 5 rows of audit.record_version would be read; "
        "left out: 1 is recorded here already\n"
        'not tracked, so not imported: public.gone, public."we""ird; drop"\n'
    )
    assert query("select count(*) from rowtrail.versions") == [(0,)]
    assert query("select count(*) from rowtrail.imports") == [(0,)]


def test_a_change_that_both_recorded_is_there_once(
    load: Any, query: Any, url: URL, run: Run, db: Connection
) -> None:
    """A transaction from before tracking began, whose time in the source is from before it too."""
    load("supa_audit-by-hand", "orders")
    query("begin")
    query("update orders set status = 'both'")
    query(
        "insert into audit.record_version "
        "select 10, null, null, 'UPDATE', tracked_since - interval '1 minute', 1, 'public', "
        "'orders', "
        '\'{"id": 4, "status": "both"}\', \'{"id": 4, "status": "paid"}\' from rowtrail.tables'
    )
    query("commit")
    run("import", "--from", "supa_audit", "--database", url)
    assert [row[0] for row in history(query, "orders")] == ["I", "T", "I", "U", "U"]
    assert query("select left_out from rowtrail.import_tables") == [
        ({"has no value in the key": 1, "is recorded here already": 2},)
    ]


def test_what_is_excluded_is_not_brought_in_and_what_is_hashed_is_hashed(
    load: Any, query: Any, url: URL, run: Run
) -> None:
    load("supa_audit-by-hand")
    query("select rowtrail.track('orders', exclude => '{total}', hash => '{status}')")
    run("import", "--from", "supa_audit", "--table", "orders", "--database", url)
    last = json.loads(history(query, "orders")[-1][3])
    assert "total" not in last
    assert last["status"].startswith("sha256:")
    assert query("select * from rowtrail.differences('orders')") == []


# Errors -------------------------------------------------------------------------------------------


def test_each_error_is_one_line(load: Any, query: Any, url: URL, run: Run) -> None:
    def refused(*arguments: str, parts: tuple[str, ...]) -> None:
        assert said_in_one_line(run("import", *arguments, "--database", url), *parts)

    refused("--from", "supa_audit", parts=("supa_audit is not here", "record_version"))
    refused("--from", "sqlalchemy-continuum", parts=("SQLAlchemy-Continuum is not here",))
    load("supa_audit-by-hand")
    refused("--from", "supa_audit", parts=("is tracked", "rowtrail track public.gone"))
    refused("--from", "supa_audit", "--table", "orders", parts=("has no history", "rowtrail track"))
    refused("--from", "supa_audit", "--schema", "public", parts=("in the schema public",))
    query("select rowtrail.track('orders')")
    query("create table plain (id int primary key)")
    query("select rowtrail.track('plain')")
    refused(
        "--from", "supa_audit", "--table", "plain", parts=("no history of public.plain", "--map")
    )
    refused("--from", "supa_audit", "--map", "orders", parts=("'orders' is not SOURCE=TABLE",))
    refused("--from", "supa_audit", "--discard", parts=("no import from supa_audit is unfinished",))
    refused("--from", "carbonite", parts=("carbonite",))
    query("alter table audit.record_version rename column ts to at")
    refused("--from", "supa_audit", parts=("has no column ts", "version of it that is not known"))
    query("alter table audit.record_version rename column at to ts")
    query("alter table audit.record_version rename to other")
    query("create view audit.record_version as select * from audit.other")
    refused("--from", "supa_audit", parts=("audit.record_version is no table",))


def test_a_source_without_rows_says_so(load: Any, query: Any, url: URL, run: Run) -> None:
    load("supa_audit-by-hand", "orders")
    query("delete from audit.record_version")
    done = run("import", "--from", "supa_audit", "--database", url)
    assert said_in_one_line(done, "has recorded nothing in audit.record_version")


def test_who_writes_the_table_or_owns_it_cannot_import(
    load: Any, query: Any, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    load("supa_audit-by-hand", "orders")
    for name in ("writer", "auditor", "tables_owner"):
        make_login(name, member_of="rowtrail_auditor" if name == "auditor" else "")
    query("grant usage on schema audit, rowtrail to writer, auditor, tables_owner")
    query("grant select on audit.record_version to writer, auditor, tables_owner")
    query("alter table orders owner to tables_owner")
    for name in ("writer", "auditor", "tables_owner"):
        done = run("import", "--from", "supa_audit", "--database", url.set(username=name))
        assert said_in_one_line(done, f"{name} may not import", "grant rowtrail_owner to")
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user=name, dbname=url.database
        )
        for call in (
            "begin_import('x', 'x', false, '[]', '{}')", "import_batch(1, 1)",
            "finish_import(1)", "discard_import(1)", "renew_import_leaf(1)",
        ):  # fmt: skip
            with connection, connection.cursor() as cursor:
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(f"select rowtrail.{call}")
                connection.rollback()
        connection.close()


def test_a_member_of_the_owner_may_import_what_they_may_read(
    load: Any, query: Any, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    load("supa_audit-by-hand", "orders")
    make_login("installer", member_of="rowtrail_owner")
    importer = url.set(username="installer")
    done = run("import", "--from", "supa_audit", "--database", importer)
    assert said_in_one_line(done, "permission denied for schema audit")
    query("grant usage on schema audit to installer")
    query("grant select on audit.record_version to installer")
    done = run("import", "--from", "supa_audit", "--database", importer)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert query("select login from rowtrail.imports") == [("installer",)]


# Interrupted --------------------------------------------------------------------------------------


@pytest.fixture
def many(load: Any, query: Any) -> int:
    """A source of 3,000 rows, of which the table holds what the last of each left."""
    load("supa_audit-by-hand")
    query("truncate audit.record_version; truncate orders")
    query(
        "insert into audit.record_version select n, null, null, "
        "case when n <= 500 then 'INSERT' else 'UPDATE' end::audit.operation, "
        "timestamptz '2024-01-01Z' + n * interval '1 s', 1, 'public', 'orders', "
        "jsonb_build_object('id', n % 500, 'status', 'v' || n, 'total', null, 'placed_at', null), "
        "case when n > 500 then jsonb_build_object("
        "'id', n % 500, 'status', 'v' || n - 500, 'total', null, 'placed_at', null) end "
        "from generate_series(1, 3000) as n"
    )
    query("insert into orders select n % 500, 'v' || n from generate_series(2501, 3000) as n")
    query("select rowtrail.track('orders')")
    return 3000


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_it_goes_on_and_brings_each_row_once(
    many: int, query: Any, url: URL, run: Run, end: signal.Signals
) -> None:
    arguments = ("import", "--from", "supa_audit", "--batch", "20", "--database", url)
    process = subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    read = 0
    while not read and process.poll() is None:
        read = query("select coalesce(max(rows_read), 0) from rowtrail.imports")[0][0]
        time.sleep(0.01)
    os.kill(process.pid, end)
    process.communicate()
    [(finished, reached)] = query("select finished_at, rows_read from rowtrail.imports")
    assert finished is None
    assert 0 < reached < many
    verified = run("verify", "--database", url)
    assert f"is not finished: {reached} of 3000 rows were read" in verified.stdout
    status = run("status", "--database", url).stdout
    assert f"The import from supa_audit is not finished: {reached:,} of 3,000 rows" in status
    other = run("import", "--from", "audit-trigger", "--database", url)
    assert said_in_one_line(other, "the import from supa_audit is not finished", "--discard")

    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert query("select count(*), min(id), max(id) from rowtrail.versions where op <> 'S'") == [
        (many, -many, -1)
    ]
    ids = "select array_agg((context #>> '{imported,id}')::int order by id) from rowtrail.versions"
    assert query(ids) == [(list(range(1, many + 1)),)]
    oracle.assert_exact(query, "orders")
    verified = run("verify", "--database", url)
    assert (verified.returncode, verified.stdout.split(";")[0]) == (0, "no faults"), verified


def test_two_at_once_bring_each_row_once(many: int, query: Any, url: URL, run: Run) -> None:
    arguments = ("import", "--from", "supa_audit", "--batch", "50", "--database", url)
    first = subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not query("select count(*) from rowtrail.imports")[0][0] and first.poll() is None:
        time.sleep(0.01)
    run(*arguments)
    first.communicate()
    assert first.returncode == 0
    assert query("select count(*), count(distinct id) from rowtrail.versions") == [(many, many)]
    assert query("select count(*) from rowtrail.imports where finished_at is not null") == [(1,)]


def test_an_unfinished_import_can_be_removed(many: int, query: Any, url: URL, run: Run) -> None:
    begin_two_batches(query)
    assert query("select count(*) from rowtrail.versions") == [(20,)]
    done = run("import", "--from", "supa_audit", "--discard", "--database", url)
    assert done.stdout == "the unfinished import from supa_audit is removed\n", done
    for table in ("versions", "imports", "import_tables", "import_leaves"):
        assert query(f"select count(*) from rowtrail.{table}") == [(0,)]
    assert query("select imported_until from rowtrail.tables") == [(None,)]


def begin_two_batches(query: Any) -> None:
    """An import that was ended after twenty rows."""
    source = (
        "select s.id::bigint as a, ''::text as c, s.id::text as source_id, t.id as table_id, "
        "left(s.op::text, 1) as op, s.old_record as before, s.record as after, "
        "null::jsonb as verbatim, s.ts as changed_at, s.id as xid, null::text as actor, "
        "null::text as login, null::jsonb as said, 0::bigint as wrote "
        "from audit.record_version as s cross join rowtrail.tables as t"
    )
    query(
        "select rowtrail.begin_import('supa_audit', 'audit.record_version', false, "
        "jsonb_build_array(jsonb_build_object('table_id', id, 'source_table', 'x')), array[%s]) "
        "from rowtrail.tables",
        source,
    )
    query("select rowtrail.import_batch(max(id), 10) from rowtrail.imports")
    query("select rowtrail.import_batch(max(id), 10) from rowtrail.imports")


def test_where_it_does_not_add_up_nothing_is_left(
    many: int, query: Any, url: URL, run: Run
) -> None:
    begin_two_batches(query)
    query("delete from audit.record_version where id = 3000")
    done = run("import", "--from", "supa_audit", "--database", url)
    assert said_in_one_line(
        done, "does not add up", "2999 rows were read, and 3000 were there when it was begun"
    )
    for table in ("versions", "imports", "import_tables", "import_leaves"):
        assert query(f"select count(*) from rowtrail.{table}") == [(0,)]


def test_an_older_source_comes_before_a_newer_one(
    load: Any, query: Any, url: URL, run: Run
) -> None:
    load("supa_audit-by-hand", "orders")
    run("import", "--from", "supa_audit", "--table", "orders", "--database", url)
    audit_trigger = (SOURCES / "audit-trigger-by-hand.sql").read_text(encoding="utf-8")
    rows = audit_trigger[audit_trigger.index("create table audit.logged_actions") :]
    table = rows[: rows.index("create table public.orders")]
    query("create domain audit.hstore as text")
    query(table)
    query(
        "insert into audit.logged_actions select n, 'public', 'orders', 1, 'shop', w, w, w, n, '', "
        'null, null, null, \'I\', format(\'"id"=>"%s", "status"=>"old"\', n), null, false '
        "from (values (1, timestamptz '2023-01-01Z'), (4713, '2024-03-01 10:00:01Z')) as v (n, w)"
    )
    done = run("import", "--from", "audit-trigger", "--json", "--database", url)
    [said] = json.loads(done.stdout)["tables"]
    assert (said["versions"], said["left_out"]) == (1, {"is recorded here already": 1})
    found = history(query, "orders")
    assert [row[1] for row in found] == ["1", "1", "", "3", "4"]
    # The numbers of two sources do not meet.
    assert found[0][11] == "10000000000000001"
