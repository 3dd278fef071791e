"""Promises about `rowtrail import` against who owns the source: nothing of theirs runs with the
rights of whoever imports.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from as_people_do import Run, said_in_one_line
from sqlalchemy import URL

SOURCE = (Path(__file__).parent / "sources" / "supa_audit-by-hand.sql").read_text(encoding="utf-8")

#: The owner's function: it can run, and says as whom.
EVIL = """
grant usage on schema audit to public;
create function audit.evil({argument}) returns {result} language plpgsql {kind} as $$
begin
  if current_user <> 'shop' then
    raise exception 'ran as %', current_user using errcode = 'XX001';
  end if;
  return {value};
end $$;
"""


@pytest.fixture
def connect(url: URL) -> Any:
    """Opens a connection of a login's."""
    opened = []

    def connect(name: str) -> Any:
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user=name, dbname=url.database
        )
        connection.autocommit = True
        opened.append(connection)
        return connection.cursor()

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def shop(connect: Any, make_login: Callable[..., Any]) -> Any:
    """The owner of the source, and of the table that it is of."""
    root = connect("postgres")
    root.execute(SOURCE)
    make_login("shop")
    make_login("importer", member_of="rowtrail_owner")
    root.execute(
        "grant create, usage on schema public to shop; alter schema audit owner to shop;"
        "alter table orders owner to shop; alter table audit.record_version owner to shop;"
        "alter type audit.operation owner to shop;"
        "grant usage on schema audit to importer;"
        "grant select on audit.record_version to importer;"
        "select rowtrail.track('orders')"
    )
    return connect("shop")


ATTACKS = {
    "a cast of an enum to text": (
        {"argument": "audit.operation", "result": "text", "kind": "immutable", "value": "'x'"},
        "create cast (audit.operation as text) with function audit.evil(audit.operation)",
    ),
    "a cast of a composite to bigint": (
        {"argument": "audit.number", "result": "bigint", "kind": "immutable", "value": "1"},
        "create cast (audit.number as bigint) with function audit.evil(audit.number);"
        "alter table audit.record_version drop constraint record_version_pkey;"
        "alter table audit.record_version alter column id type audit.number using row(id)",
    ),
    "a cast of a schema's name to text": (
        {"argument": "audit.number", "result": "text", "kind": "immutable", "value": "'public'"},
        "create cast (audit.number as text) with function audit.evil(audit.number) as implicit;"
        "alter table audit.record_version alter column table_schema type audit.number using row(1)",
    ),
    "an index of some rows": (
        {"argument": "int", "result": "boolean", "kind": "immutable", "value": "true"},
        "create index on audit.record_version (ts) where audit.evil(1)",
    ),
    "a check of its rows": (
        {"argument": "int", "result": "boolean", "kind": "immutable", "value": "true"},
        "alter table audit.record_version add check (audit.evil(1) or id > 0)",
    ),
    "a cast to json from before rowtrail": (
        {"argument": "audit.operation", "result": "json", "kind": "immutable", "value": "'1'"},
        "create cast (audit.operation as json) with function audit.evil(audit.operation)",
    ),
    "a policy": (
        {"argument": "int", "result": "boolean", "kind": "immutable", "value": "true"},
        "create policy evil on audit.record_version using (audit.evil(1));"
        "alter table audit.record_version enable row level security",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("login", ["postgres", "importer"])
def test_nothing_of_the_owner_of_the_source_runs(
    shop: Any, connect: Any, url: URL, run: Run, attack: str, login: str
) -> None:
    arguments, statements = ATTACKS[attack]
    before = "create type audit.number as (v bigint);" if "audit.number" in statements else ""
    shop.execute(before + EVIL.format(**arguments))
    # As a cast is that was made before rowtrail refused it.
    root = connect("postgres")
    root.execute("alter event trigger rowtrail_guard_command disable")
    shop.execute(statements)
    root.execute("alter event trigger rowtrail_guard_command enable always")
    done = run("import", "--from", "supa_audit", "--database", url.set(username=login))
    if attack == "a policy" and login == "postgres":
        # A superuser passes it, and sees all rows.
        assert (done.returncode, done.stderr) == (0, ""), done
    else:
        assert said_in_one_line(done, "the source is not read", f"could run as {login}")
    assert "ran as" not in done.stderr + done.stdout


@pytest.mark.parametrize("login", ["postgres", "importer"])
def test_what_has_become_another_since_it_was_begun_is_not_read(
    shop: Any, connect: Any, login: str
) -> None:
    importer = connect(login)
    bind = "select rowtrail.bind_source('select s.id from audit.record_version as s')"
    importer.execute(bind)
    shop.execute(
        "alter table audit.record_version rename to other;"
        "create view audit.record_version as select * from audit.other;"
        "grant select on audit.record_version to importer"
    )
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="version is no table"):
        importer.execute(bind)


def test_no_index_comes_while_a_superuser_reads(shop: Any, connect: Any) -> None:
    root = connect("postgres")
    root.execute("begin")
    root.execute("select rowtrail.bind_source('select s.id from audit.record_version as s')")
    shop.execute("set lock_timeout = '100ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        shop.execute("create index on audit.record_version (ts)")
    # Who writes is not in the way.
    shop.execute("delete from audit.record_version where id = 1")
    root.execute("rollback")
