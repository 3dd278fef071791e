"""Makes tests/operator/revisions/REVISION.sql: a small database with the history of a shop in it.

It is made once, by the code that a revision is released with, and never again: what later code
makes would be no picture of it. It is a plain dump, without the roles. It is made by the oldest
PostgreSQL that is at hand, so that all later ones take it:

    ROWTRAIL_TEST_BINARIES=/usr/lib/postgresql/15/bin python tests/instruments/picture.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg2

from rowtrail import schema
from rowtrail.db import REVISION, connect
from rowtrail.embedded.server import Server

FOLDER = Path(__file__).parents[1] / "operator" / "revisions"

#: Not for every server that is to take it, or another one in each run.
LEFT_OUT = ("SET transaction_timeout", "\\restrict", "\\unrestrict", "-- Dumped")

#: Whose tables they are, who writes them, who reads, who erases.
ROLES = """
create role shop_owner login;
create role shop_app login;
create role shop_reader login;
create role shop_protection login;
"""

#: Tables of several kinds, each with what its kind is about.
TABLES = (
    "create schema shop authorization shop_owner",
    "grant usage on schema shop to shop_app, shop_reader",
    "set role shop_owner",
    "set search_path = shop",
    "create table people (id int primary key, name text, email text, secret text, "
    "seen timestamptz)",
    "create table orders (id bigint primary key, person int references people, status text, "
    "total numeric(10, 2), notes json)",
    "create table lines (order_id bigint references orders on delete cascade, line int, "
    "article text, primary key (order_id, line))",
    "create table measures (at date not null, place text not null, value float8, "
    "primary key (at, place)) partition by range (at)",
    "create table measures_1 partition of measures "
    "for values from ('2026-01-01') to ('2026-07-01')",
    "create table measures_2 partition of measures "
    "for values from ('2026-07-01') to ('2027-01-01')",
    "create table words (word text, n int)",
    'create table "Odd ""name""" ("the key" uuid primary key, b bytea)',
    "create table gone (id int primary key)",
    "create table ended (id int primary key, name text)",
    "grant select, insert, update, delete, truncate on all tables in schema shop to shop_app",
    "grant select on orders to shop_reader",
    "reset role",
    "grant rowtrail_limited_reader to shop_reader",
    "grant usage on schema rowtrail to shop_owner, shop_protection",
    "grant execute on function rowtrail.erase to shop_protection",
    "set role shop_owner",
    "insert into people values (1, 'Ann', 'ann@example.org', 's', now())",
    "select rowtrail.track('people', hash => '{secret}', ignore => '{seen}', erasable => true)",
    "select rowtrail.track('orders', actor => 'warn')",
    "select rowtrail.track('lines', truncate_rows => true)",
    "select rowtrail.track('measures')",
    "select rowtrail.track('words')",
    'select rowtrail.track(\'"Odd ""name"""\', exclude => \'{b}\')',
    "select rowtrail.track('gone')",
    "select rowtrail.track('ended')",
    "call rowtrail.baseline('people')",
    "reset role",
)

#: As the application, amid which time passes.
FIRST = (
    "set role shop_app",
    "select set_config('rowtrail.actor', 'ann', false)",
    "insert into people select g, 'p' || g, 'p' || g || '@example.org', 's' "
    "from generate_series(2, 9) g",
    "insert into orders select g, 1 + g % 9, 'new', g * 1.50, '{\"a\": 1,  \"a\": 2.0}' "
    "from generate_series(1, 20) g",
    "insert into lines select g, l, 'Tea' from generate_series(1, 20) g, generate_series(1, 2) l",
    "insert into measures select date '2026-01-01' + g * 10, 'here', g / 3.0 "
    "from generate_series(1, 30) g",
    "insert into words select 'w', g % 3 from generate_series(1, 6) g",
    'insert into "Odd ""name""" values (\'00000000-0000-4000-8000-000000000000\', \'x\')',
    "insert into gone values (1)",
    "insert into ended values (1, 'a')",
    "reset role",
)

SECOND = (
    "set role shop_app",
    "update orders set status = 'paid', total = total + 0.00 where id <= 10",
    "update people set email = 'ann@example.com' where id = 1",
    "delete from orders where id = 20",
    "update measures set at = '2026-12-24' where at = '2026-01-11'",
    "truncate lines",
    "reset role",
    "set role shop_owner",
    "drop table gone",
    "select rowtrail.untrack('ended', reason => 'no more')",
    "alter table orders rename column status to state",
    "alter table people add column age int default 5",
    "reset role",
)

THIRD = (
    "set role shop_app",
    "delete from orders where person = 3",
    "delete from people where id = 3",
    "update orders set state = 'sent' where id = 1",
    "delete from words where n = 2",
    "reset role",
)

#: What was recorded since the last seal is so much older than it was.
AGE = (
    "update rowtrail.versions set changed_at = changed_at - interval '{} months' "
    "where id > coalesce((select max(max_id) from rowtrail.seals), 0)",
    "select rowtrail.empty_default_partition()",
)


def run(url: str, *statements: str) -> None:
    """Runs the statements in one session."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set search_path = shop")
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def dump(server: Server, database: str) -> str:
    """The database as a plain dump."""
    command: list[Any] = [server.binaries / "pg_dump", *at(server), database]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "".join(f"{line}\n" for line in said.splitlines() if not line.startswith(LEFT_OUT))


def restore(server: Server, database: str, said: str) -> None:
    """Makes a database of a dump."""
    run(dsn(server, "postgres"), f'create database "{database}"')
    command: list[Any] = [
        server.binaries / "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        *at(server),
        database,
    ]
    subprocess.run(command, input=said, stdout=subprocess.DEVNULL, text=True, check=True)


def at(server: Server) -> list[str]:
    """Where the server is, for its programs."""
    return ["-h", str(server.socket_folder), "-p", "5432", "-U", "postgres"]


def dsn(server: Server, database: str) -> str:
    """Where it is, for psycopg2."""
    return f"host={server.socket_folder} port=5432 user=postgres dbname={database}"


def make(server: Server) -> str:
    """Makes the shop, and gives it as a dump."""
    run(dsn(server, "postgres"), "create database first", *ROLES.strip().splitlines())
    engine = connect(server.url(database="first"))
    schema.upgrade(engine)
    engine.dispose()
    first = dsn(server, "first")
    run(first, *TABLES, *FIRST, AGE[0].format(24), *AGE[1:], "select rowtrail.seal()")
    run(first, *SECOND, AGE[0].format(12), *AGE[1:], "select rowtrail.seal()")
    # Another life of the database.
    restore(server, "second", dump(server, "first"))
    second = dsn(server, "second")
    run(second, "select rowtrail.begin_era()", *THIRD, "select rowtrail.seal()")
    run(
        second,
        "select rowtrail.erase('people', '3', columns => '{email}', reason => 'request 17')",
        "select rowtrail.set_retention('orders', '6 months', reason => 'policy 12')",
        # A month each.
        *["select * from rowtrail.retire()"] * 24,
        "select rowtrail.seal()",
        "set role shop_app",
        # In no seal yet.
        "insert into orders values (100, 1, 'new', 1.0)",
    )
    return dump(server, "second")


def main() -> None:
    """Writes the picture of the revision of this code, once."""
    target = FOLDER / f"{REVISION}.sql"
    if target.exists():
        sys.exit(f"{target} is there: the picture of a revision is made once")
    folder = Path(tempfile.mkdtemp(prefix="rowtrail-picture-"))
    folder.chmod(0o755)
    binaries = os.environ.get("ROWTRAIL_TEST_BINARIES")
    try:
        with Server(folder / "server", Path(binaries) if binaries else None) as server:
            target.write_text(make(server))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
