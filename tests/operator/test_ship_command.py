"""The command `rowtrail ship`: the history database has each sealed version once, as it was."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import shipped
from as_people_do import Run, command, environment, said_in_one_line
from nodes import wait_until
from sqlalchemy import URL, Connection, text

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server

Ship = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def history(server: Server, db: Connection) -> Iterator[Connection]:
    """An empty database, in which the history is to be; a connection to it as a superuser."""
    name = f"history_{db.scalar(text('select current_database()'))}"
    db.execute(text(f'create database "{name}"'))
    engine = connect(server.url(database=name))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()
    db.execute(text(f'drop database "{name}" with (force)'))


@pytest.fixture
def ship(url: URL, history: Connection, run: Run) -> Ship:
    """Ships to the history database, and sees that it was done."""

    def ship(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = run("ship", "--database", url, "--to", history.engine.url, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done
        return done

    return ship


@pytest.fixture
def orders(db: Connection) -> Connection:
    """The database, with a table that is tracked."""
    db.execute(text("create table orders (id int primary key, status text, total numeric)"))
    db.execute(text("select rowtrail.track('orders')"))
    return db


def seal(db: Connection, *statements: str) -> int | None:
    """Executes the statements, and seals what they made."""
    for statement in statements:
        db.execute(text(statement))
    number: int | None = db.scalar(text("select seal from rowtrail.seal()"))
    return number


def all_of(db: Connection, query: str) -> list[Any]:
    return list(db.scalars(text(query)))


def runner(db: Connection) -> Callable[..., list[Any]]:
    """Runs a statement in this connection, for the instruments."""

    def run(statement: str, *values: Any) -> list[Any]:
        with closing(db.connection.cursor()) as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    return run


def assert_same(here: Connection, there: Connection) -> None:
    shipped.assert_same(runner(here), runner(there))


def test_what_is_sealed_is_shipped_once(
    orders: Connection, history: Connection, ship: Ship
) -> None:
    seal(
        orders,
        "insert into orders select g, 'new', 1.50 from generate_series(1, 100) as g",
        "update orders set status = E'paid ✓\\n\"' where id <= 50",
    )
    seal(orders, "delete from orders where id = 7", "alter table orders add column note text")
    orders.execute(text("insert into orders values (1000)"))
    done = ship()
    assert done.stdout == "seals 1 to 2 shipped: 152 versions\n"
    assert_same(orders, history)
    again = ship()
    assert (again.stdout, again.stderr) == ("", "rowtrail: all that is sealed is there\n")
    assert_same(orders, history)
    seal(orders)
    assert json.loads(ship("--json").stdout) == {"seal": 3, "versions": 1}
    assert_same(orders, history)


def test_the_history_database_says_whose_history_it_has(
    orders: Connection, history: Connection, ship: Ship, url: URL, run: Run
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)", "update orders set status = 'paid'")
    ship()
    there = history.engine.url
    status = json.loads(run("status", "--json", "--database", there).stdout)
    assert [(t["table"], t["state"], t["mend"]) for t in status["tables"]] == [
        ("public.orders", "shipped", None)
    ]
    assert status["history_of"]["database"] == url.database
    assert status["history_of"]["seal"] == 1
    people = run("status", "--database", there)
    assert people.returncode == 0
    assert f"The history of the database {url.database}, up to seal 1" in people.stdout

    here = json.loads(run("status", "--json", "--database", url).stdout)
    assert here["history_database"]["unshipped_seals"] == 0
    seal(orders, "delete from orders")
    here = json.loads(run("status", "--json", "--database", url).stdout)["history_database"]
    assert (here["unshipped_seals"], here["unshipped_versions"], here["seal"]) == (1, 1, 1)
    assert "1 seal with 1 version is not there yet" in run("status", "--database", url).stdout


def test_what_reads_works_in_the_history_database(
    orders: Connection, history: Connection, ship: Ship, url: URL, run: Run
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1.50), (2, 'new', 2)")
    moment = orders.scalar(text("select clock_timestamp()"))
    seal(orders, "update orders set status = 'paid'", "delete from orders where id = 2")
    ship()
    there = history.engine.url
    for arguments in (
        ["history", "orders", "1", "--json"],
        ["as-of", "orders", moment.isoformat(), "--json"],
        ["export", "orders", "--jsonl"],
        ["digest"],
        ["prove", str(all_of(orders, "select max(id) from rowtrail.versions")[0])],
    ):
        said = [run(*arguments, "--database", one) for one in (url, there)]
        assert said[0].stdout == said[1].stdout != "", (arguments, said)
        assert (said[1].returncode, said[1].stderr) == (0, "")
    verified = run("verify", "--database", there)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (
        0,
        "no faults; 2 seals; no table compared",
    )


def test_a_history_database_records_and_seals_nothing(
    orders: Connection, history: Connection, ship: Ship, run: Run
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    ship()
    there = history.engine.url
    history.execute(text("create table orders (id int primary key, status text, total numeric)"))
    history.execute(text("create table other (id int primary key)"))
    before = [all_of(history, query) for query in (shipped.VERSIONS, *shipped.REST)]
    for arguments in (
        ["track", "orders"],
        ["track", "other"],
        ["seal"],
        ["restore-check"],
        ["retention", "orders", "1 year", "--reason", "x"],
        ["erase", "orders", "1", "status", "--reason", "x"],
        ["feed"],
    ):
        refused = run(*arguments, "--database", there)
        assert "is not for a history database" in refused.stderr, (arguments, refused)
        said_in_one_line(refused, "holds the history of")
    assert run("maintain", "--database", there).returncode == 0
    assert run("upgrade", "--database", there).returncode == 0
    history.execute(text("alter table other add column more text"))
    history.execute(text("drop table orders"))
    after = [all_of(history, query) for query in (shipped.VERSIONS, *shipped.REST)]
    assert after == before
    assert_same(orders, history)


def test_tampering_in_the_history_database_is_found(
    orders: Connection, history: Connection, ship: Ship, run: Run
) -> None:
    for number in range(3):
        seal(orders, f"insert into orders values ({number}, 'new', 1)")
    ship()
    one = all_of(history, "select min(id) from rowtrail.versions")[0]
    for statement, said in (
        (f"update rowtrail.versions set actor = 'x' where id = {one}", f"version {one} of"),
        (f"delete from rowtrail.versions where id = {one}", f"version {one}"),
        ("delete from rowtrail.seals where id = 2", "seal 2"),
        (
            "insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, login) "
            "values (now(), '99999999', 1, 'I', '9', 'x')",
            "is in no seal",
        ),
    ):
        history.execute(text("begin"))
        history.execute(text(statement))
        history.execute(text("commit"))
        found = run("verify", "--database", history.engine.url)
        assert (found.returncode, said in found.stdout) == (1, True), (statement, found)


@pytest.mark.parametrize("name", ['we"ird; drop', "Größe %s $1 \\ 'x'"])
def test_names_are_only_names(db: Connection, history: Connection, ship: Ship, name: str) -> None:
    cursor = db.connection.cursor()
    quoted = '"' + name.replace('"', '""') + '"'
    cursor.execute(f"create table {quoted} (id int primary key, {quoted} text)")
    cursor.execute("select rowtrail.track(format('%%I', %s)::regclass)", [name])
    cursor.execute(f"insert into {quoted} values (1, 'a')")
    seal(db)
    ship()
    assert_same(db, history)


def test_two_that_ship_at_once_bring_nothing_twice(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    for number in range(30):
        seal(orders, f"insert into orders values ({number}, 'new', 1)")
    ship("--json")
    for number in range(30, 60):
        seal(orders, f"insert into orders values ({number}, 'new', 1)")
    both = [
        subprocess.Popen(
            command("ship", "--database", url, "--to", history.engine.url, "--json"),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    numbers = [json.loads(line)["seal"] for out, _ in said for line in out.splitlines()]
    assert sorted(numbers) == list(range(31, 61))
    assert_same(orders, history)


def test_a_target_that_cannot_be_it_is_refused(
    orders: Connection, history: Connection, url: URL, run: Run, server: Server
) -> None:
    there = history.engine.url

    def refused(*parts: str, to: URL = there, of: URL = url) -> None:
        said_in_one_line(run("ship", "--database", of, "--to", to), *parts)

    refused("nothing is sealed", "rowtrail seal")
    assert history.scalar(text("select to_regnamespace('rowtrail')")) is None
    seal(orders, "insert into orders values (1, 'new', 1)")
    refused("is this database itself", to=url)
    refused("does not exist", to=there.set(database="nowhere"))
    said_in_one_line(run("ship", "--database", url), "--to", "HISTORY_DATABASE_URL")

    schema.upgrade(history.engine)
    history.execute(text("create table theirs (id int primary key)"))
    history.execute(text("select rowtrail.track('theirs')"))
    refused("cannot become a history database", "tables are tracked in it: public.theirs")
    assert history.scalar(text("select count(*) from rowtrail.origin")) == 0
    assert orders.scalar(text("select count(*) from rowtrail.shipping")) == 0
    history.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    refused("revision 9999", "pip install -U rowtrail")
    history.execute(text("update rowtrail.alembic_version set version_num = '0001'"))
    refused("revision 0001", "rowtrail upgrade")

    for encoding in ("LATIN1", "SQL_ASCII"):
        name = f"{there.database}_{encoding.lower()}"
        orders.execute(
            text(f"create database \"{name}\" encoding '{encoding}' locale 'C' template template0")
        )
        try:
            refused(encoding, "UTF8", to=server.url(database=name))
        finally:
            orders.execute(text(f'drop database "{name}"'))


def test_there_is_one_history_database(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship, server: Server
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    ship()
    name = f"{url.database}_other"
    orders.execute(text(f'create database "{name}"'))
    engine = connect(server.url(database=name))
    try:
        to = ("ship", "--database", url, "--to", engine.url)
        for count in (0, 1):
            said_in_one_line(run(*to), "is shipped to another history database", "--stop")
            with engine.connect() as connection:
                installed = "select count(*) from pg_namespace where nspname = 'rowtrail'"
                assert connection.scalar(text(installed)) == count
                if count:
                    assert connection.scalar(text("select count(*) from rowtrail.origin")) == 0
            schema.upgrade(engine)
        assert_same(orders, history)
    finally:
        engine.dispose()
        orders.execute(text(f'drop database "{name}"'))


def test_a_history_database_of_another_origin_is_refused_unless_it_has_moved(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    ship()
    # As if the database had been renamed, or moved to another cluster, since.
    for change in ("database = 'before'", "system_identifier = 42"):
        history.execute(text(f"update rowtrail.origin set {change}"))
        to = ("ship", "--database", url, "--to", history.engine.url)
        said_in_one_line(run(*to), "is the history database of", "--moved")
        ship("--moved")
        assert ship().returncode == 0
    assert all_of(history, "select database from rowtrail.origin") == [url.database]


def test_a_history_that_is_another_is_refused(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    seal(orders, "insert into orders values (2, 'new', 1)")
    ship()
    to = ("ship", "--database", url, "--to", history.engine.url)
    orders.execute(text("begin"))
    orders.execute(text("update rowtrail.seals set hash = sha256('x') where id = 2"))
    orders.execute(text("commit"))
    said_in_one_line(run(*to), "seal 2 in the history database is another than here")
    orders.execute(text("delete from rowtrail.seals where id = 2"))
    said_in_one_line(run(*to), "the history database has seal 2, which is not here")


def test_shipping_ends_with_a_reason(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    ship()
    said_in_one_line(run("ship", "--stop", "--database", url), "--reason")
    done = run("ship", "--stop", "--reason", "another place", "--database", url)
    assert re.match(r"nothing is shipped to postgresql://\S+ any more, after seal 1", done.stdout)
    assert all_of(orders, "select reason from rowtrail.shipping") == ["another place"]
    again = run("ship", "--stop", "--reason", "x", "--database", url)
    assert (again.returncode, again.stderr) == (0, "rowtrail: nothing was shipped\n")
    seal(orders, "insert into orders values (2, 'new', 1)")
    ship()
    assert all_of(orders, "select count(*) from rowtrail.shipping") == [2]
    assert_same(orders, history)


def test_it_takes_an_auditor_here_and_the_owner_there(
    orders: Connection,
    history: Connection,
    make_login: Callable[..., Any],
    run: Run,
    server: Server,
    url: URL,
    ship: Ship,
) -> None:
    seal(orders, "insert into orders values (1, 'new', 1)")
    auditor = make_login("shipper", member_of="rowtrail_auditor").url
    there = history.engine.url
    make_login("stranger")
    schema.upgrade(history.engine)
    as_shipper = server.url("shipper", there.database or "")
    said_in_one_line(
        run("ship", "--database", auditor, "--to", as_shipper),
        "permission denied",
        "rowtrail_owner",
    )
    said_in_one_line(
        run("ship", "--database", server.url("stranger", url.database or ""), "--to", there),
        "no right on the history",
    )
    history.execute(text("create role keeper login in role rowtrail_owner"))
    for login in ("shipper", "keeper"):
        # As who looks for policies that would hide something from them.
        history.execute(text(f"alter role {login} set row_security = off"))
    try:
        keeper = server.url("keeper", there.database or "")
        done = run("ship", "--database", auditor, "--to", keeper)
        assert (done.returncode, done.stderr) == (0, ""), done
    finally:
        history.execute(text("drop role keeper"))
    assert_same(orders, history)


def test_erasing_asks_the_history_database(
    db: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    db.execute(text("create table people (id int primary key, name text, email text)"))
    db.execute(text("select rowtrail.track('people', erasable => true)"))
    db.execute(text("insert into people values (1, 'p', 'mail@1'), (2, 'q', 'mail@2')"))
    db.execute(text("delete from people where id = 1"))
    db.execute(text("update rowtrail.versions set changed_at = changed_at - interval '24 months'"))
    db.execute(text("select rowtrail.set_retention('people', '1 year')"))
    seal(db)
    ship()
    assert run("maintain", "--database", url).returncode == 0
    assert all_of(db, "select count(*) from rowtrail.versions where row_key = '1'") == [0]
    erase = ("erase", "people", "1", "email", "--reason", "request 17", "--database", url)
    said_in_one_line(run(*erase), "in the history database only", "HISTORY_DATABASE_URL")
    said_in_one_line(run(*erase, "--history-database", url), "is no history database")
    there = history.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = run(*erase, HISTORY_DATABASE_URL=there)
    assert (done.returncode, "2 values erased from 2 versions" in done.stdout) == (0, True), done
    seal(db)
    ship()
    emails = "select data ->> 'email' from rowtrail.versions where op <> 'S' order by id"
    assert all_of(history, emails) == [None, "mail@2", None]
    shipped.assert_sound(runner(history))
    shipped.assert_sound(runner(db))


def test_ctrl_c_ends_it_at_once_and_leaves_nothing_by_halves(
    orders: Connection, history: Connection, url: URL, run: Run, ship: Ship
) -> None:
    seal(orders, "insert into orders values (0, 'new', 1)")
    ship()
    seal(orders, "insert into orders select g, 'new', 1 from generate_series(1, 60000) as g")
    process = subprocess.Popen(
        command("ship", "--database", url, "--to", history.engine.url),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    working = (
        "select exists (select from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() "
        "and (query ilike 'copy rowtrail.versions%' or query like '%receive_seal%'))"
    )
    wait_until(lambda: all_of(history, working) == [True])
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=15)
    assert (process.returncode, said) == (130, ("", "\n"))
    assert all_of(history, "select count(*) from rowtrail.versions") == [1]
    assert ship().stdout == "seal 2 shipped: 60,000 versions\n"
    assert_same(orders, history)
