"""The command: what it prints, what it refuses, and how it ends."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from urllib.parse import quote

import pytest
from as_people_do import Run, command, environment, execute, said_in_one_line
from sqlalchemy import URL, Connection, Engine, text

from rowtrail.commands.terminal import printable
from rowtrail.embedded.server import Server

WEIRD = 'we"ird; drop table x;--é'


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.execute(text("create table orders (id int primary key, status text, total numeric)"))
    db.execute(text("select rowtrail.track('orders')"))
    db.execute(text("insert into orders values (42, 'new', 1.50)"))
    db.execute(text("update orders set status = 'paid'"))
    return db


def test_what_is_done_with_columns_is_said_by_options(db: Connection, url: URL, run: Run) -> None:
    db.execute(text("create table users (id int primary key, password text, ssn text, seen int)"))
    track = partial(run, "track", "--database", url)
    said_in_one_line(
        track("users"),
        "public.users has columns named like secrets: password, ssn",
        "exclude",
        "hash",
    )
    options = ("--exclude", "password", "--hash", "ssn", "--ignore", "seen", "--truncate-rows")
    done = track("users", *options, "--json")
    said = json.loads(done.stdout)
    assert (said["state"], said["excluded"], said["hashed"], said["ignored"]) == (
        "tracked", ["password"], ["ssn"], ["seen"],
    )  # fmt: skip
    assert said["truncate_rows"] is True
    assert "each row of a TRUNCATE" in said["said"]
    assert (
        json.loads(track("users", "--no-truncate-rows", "--json").stdout)["truncate_rows"] is False
    )


def test_a_table_without_a_key_is_tracked(db: Connection, url: URL, run: Run) -> None:
    db.execute(text("create table readings (sensor text)"))
    track = partial(run, "track", "--database", url)
    assert "without a key" in track("readings").stdout
    assert json.loads(track("readings", "--json").stdout)["state"] == "tracked"


@pytest.mark.parametrize(
    ("database", "parts"),
    [
        ("nonsense", ["not the URL of a database", "'nonsense'", "write postgresql://"]),
        (
            "mysql://root@localhost/shop",
            ["not a PostgreSQL database", "mysql://root@localhost/shop"],
        ),
        ("postgresql://me:secret@127.0.0.1:1/shop", ["cannot connect", "check DATABASE_URL"]),
        ("host=127.0.0.1 port=1 password=secret", ["cannot connect", "check DATABASE_URL"]),
        ("postgresql://me:a@secret@127.0.0.1/shop", ["more than one @", "%40"]),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(
    run: Run, database: str, parts: list[str]
) -> None:
    done = run("status", "--database", database)
    said_in_one_line(done, *parts)
    assert "secret" not in done.stderr
    assert run("status", DATABASE_URL=database).stderr == done.stderr


def test_the_host_of_a_url_can_be_the_folder_of_a_socket_as_libpq_writes_it(
    url: URL, run: Run
) -> None:
    host = quote(str(url.query["host"]), safe="")
    named = f"postgresql://{url.username}@{host}:{url.query['port']}/{url.database}"
    done = run("status", "--database", named)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_password_and_a_wrong_name_are_one_line(own_server: Server, run: Run) -> None:
    execute(own_server.url(), "create role clerk login password 'right'")
    own_server.data.joinpath("pg_hba.conf").write_text(
        "local all postgres trust\nlocal all all scram-sha-256\n"
    )
    execute(own_server.url(), "select pg_reload_conf()")
    time.sleep(0.5)
    clerk = own_server.url("clerk").set(password="wrong")
    said_in_one_line(
        run("status", "--database", clerk), "password authentication failed", "check the"
    )
    said_in_one_line(run("status", "--database", own_server.url("clerk")), "no password supplied")
    right = clerk.set(password="right")
    said_in_one_line(run("history", "x", "1", "--database", right), "run: rowtrail upgrade")
    nowhere = own_server.url(database="nowhere")
    said_in_one_line(
        run("status", "--database", nowhere), '"nowhere" does not exist', "check the names"
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nonsense"], ["No such command 'nonsense'", "rowtrail --help"]),
        (["track"], ["Missing argument 'TABLE'", "rowtrail track --help"]),
        (["status", "--database", "x=y", "--data", "z"], ["--data", "--database", "give one"]),
        (["serve", "--host", "0.0.0.0"], ["not served at 0.0.0.0", "proxy"]),
        (["serve", "--host", "example.com"], ["not served at example.com"]),
        (["demo", "--seconds", "0"], ["--seconds"]),
    ],
)
def test_wrong_usage_is_one_line(run: Run, arguments: list[str], parts: list[str]) -> None:
    said_in_one_line(run(*arguments), *parts)


def test_an_unknown_table_is_one_line_and_changes_nothing(
    orders: Connection, url: URL, run: Run
) -> None:
    before = orders.execute(text("select * from rowtrail.tables")).all()
    for arguments in (["track", "oders"], ["untrack", "oders"], ["history", "oders", "42"]):
        said_in_one_line(run(*arguments, "--database", url), "there is no table oders")
    said_in_one_line(
        run("track", "orders", "--exclude", "nope", "--database", url), "has no column nope"
    )
    said_in_one_line(
        run("track", "orders", "--key", "total", "--database", url), "no unique key", "(total)"
    )
    assert orders.execute(text("select * from rowtrail.tables")).all() == before


def test_a_login_that_may_not_read_is_told_so(
    orders: Connection, url: URL, run: Run, make_login: Callable[..., Engine]
) -> None:
    stranger = make_login("stranger").url
    done = run("status", "--database", stranger)
    said_in_one_line(done, "has no right on the history", "grant rowtrail_reader")
    assert said_in_one_line(run("upgrade", "--database", stranger))


def test_an_owner_who_may_not_read_tracks_and_is_told_so_when_it_reads(
    db: Connection, run: Run, make_login: Callable[..., Engine]
) -> None:
    owner = make_login("owner").url
    db.execute(text("grant usage on schema rowtrail to owner"))
    db.execute(text("create table mine (id int primary key); alter table mine owner to owner"))
    done = run("track", "mine", "--actor", "require", "--json", "--database", owner)
    assert json.loads(done.stdout)["state"] == "tracked"
    for words in (("status",), ("history", "mine", "1")):
        said_in_one_line(
            run(*words, "--database", owner), "permission denied", "grant rowtrail_reader to owner"
        )


def test_a_name_may_be_given_as_in_sql_or_as_it_stands(db: Connection, url: URL, run: Run) -> None:
    quoted = '"' + WEIRD.replace('"', '""') + '"'
    db.exec_driver_sql(f'create table {quoted} ("a b" int primary key, """" text)')
    db.exec_driver_sql("create schema shop create table shop.orders (id int primary key)")
    tracked = run("track", WEIRD, "--json", "--database", url)
    assert (tracked.returncode, tracked.stderr) == (0, "")
    assert json.loads(tracked.stdout)["table"] == f"public.{quoted}"
    db.exec_driver_sql(f"insert into {quoted} values (1, 'x')")
    histories = [
        run("history", name, "1", "--json", "--database", url).stdout
        for name in (WEIRD, quoted, f"public.{quoted}", f"public.{WEIRD}")
    ]
    assert json.loads(histories[0])["data"] == {"a b": 1, '"': "x"}
    assert set(histories) == {histories[0]}
    assert run("track", "SHOP.Orders", "--database", url).returncode == 0


def test_a_name_that_could_be_either_of_two_tables_is_refused(
    db: Connection, url: URL, run: Run
) -> None:
    db.exec_driver_sql(
        'create table orders (id int primary key); create table "Orders" (id int primary key)'
    )
    done = run("track", "Orders", "--database", url)
    said_in_one_line(done, 'Orders could be public."Orders" or public.orders')
    assert run("track", '"Orders"', "--database", url).returncode == 0
    assert run("track", "1259", "--database", url).returncode == 2
    assert db.scalar(text("select array_agg(table_name::text) from rowtrail.tables")) == ["Orders"]


def test_the_options_of_track_reach_the_database(db: Connection, url: URL, run: Run) -> None:
    db.exec_driver_sql(
        'create table people (id int primary key, "a,b" int not null, c int not null, secret text, '
        'unique (c, "a,b"))'
    )
    done = run(
        "track", "people", "--key", 'c,"a,b"', "--exclude", "id", "--exclude", "secret",
        "--json", "--database", url,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["key"], told["excluded"]) == (["c", "a,b"], ["id", "secret"])
    untracked = json.loads(run("untrack", "people", "--json", "--database", url).stdout)
    assert untracked["state"] == "untracked"


def test_json_has_each_number_as_postgresql_wrote_it(
    orders: Connection, url: URL, run: Run
) -> None:
    orders.execute(text("update orders set total = 12345678901234567890.10"))
    done = run("history", "orders", "42", "--json", "--database", url)
    versions = [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]
    assert [version["op"] for version in versions] == ["update", "update", "insert"]
    assert versions[0]["changes"] == {
        "total": [Decimal("1.50"), Decimal("12345678901234567890.10")]
    }
    assert versions[0]["changed_at"].endswith("+00:00")
    one = run("history", "orders", "42", "--json", "--limit", "1", "--database", url)
    assert one.stdout == done.stdout.splitlines(keepends=True)[0]


def test_history_for_people_tells_who_changed_what(orders: Connection, url: URL, run: Run) -> None:
    with orders.engine.begin() as connection:
        connection.execute(text("select rowtrail.set_actor('alice', reason => 'ticket 4711')"))
        connection.execute(text("update orders set status = 'sent', total = null"))
    lines = run("history", "orders", "42", "--limit", "1", "--database", url).stdout.splitlines()
    assert "update" in lines[0]
    assert "alice (login postgres)" in lines[0]
    assert "ticket 4711" in lines[0]
    assert '    status: "paid" → "sent"' in lines
    assert "    total: 1.50 → null" in lines


def test_long_and_hidden_characters_are_shown_as_what_they_are(
    orders: Connection, url: URL, run: Run
) -> None:
    orders.execute(
        text("update orders set status = :s"), {"s": "\u009b31m\u202eevil" + "x" * 100_000}
    )
    shown = run("history", "orders", "42", "--limit", "1", "--database", url).stdout
    assert "\\u009b31m\\u202eevil" in shown
    assert not any(c in shown for c in "\u009b\u202e\x1b")
    assert "(100,011 characters)" in shown
    assert len(shown) < 1000
    exact = run("history", "orders", "42", "--limit", "1", "--json", "--database", url).stdout
    assert len(json.loads(exact)["data"]["status"]) == 100_009


def test_a_negative_key_is_a_key(orders: Connection, url: URL, run: Run) -> None:
    orders.execute(text("insert into orders values (-5)"))
    done = run("history", "orders", "-5", "--json", "--database", url)
    assert json.loads(done.stdout)["data"]["id"] == -5


def test_a_row_without_versions_is_said_to_have_none(
    orders: Connection, url: URL, run: Run
) -> None:
    done = run("history", "orders", "43", "--json", "--database", url)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "rowtrail: public.orders has no version of a row 43\n"


def test_the_history_of_a_dropped_table_can_be_read(orders: Connection, url: URL, run: Run) -> None:
    orders.execute(text("drop table orders"))
    done = run("history", "orders", "42", "--json", "--database", url)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert run("status", "--database", url).returncode == 0


def test_a_reader_without_rights_on_the_table_reads_its_history(
    db: Connection, url: URL, run: Run, make_login: Callable[..., Engine]
) -> None:
    db.exec_driver_sql("create schema closed create table closed.orders (id int primary key)")
    db.exec_driver_sql("select rowtrail.track('closed.orders')")
    db.exec_driver_sql("insert into closed.orders values (1)")
    reader = make_login("looker", member_of="rowtrail_reader").url
    done = run("history", "closed.orders", "1", "--json", "--database", reader)
    assert json.loads(done.stdout)["data"] == {"id": 1}


def test_it_ends_quietly_when_its_reader_does(orders: Connection, url: URL) -> None:
    orders.execute(
        text("insert into orders select g, repeat('x', 1000) from generate_series(100, 5000) g")
    )
    orders.execute(text("update orders set id = id + 100000 where id = 42"))
    for _ in range(200):
        orders.execute(text("update orders set total = coalesce(total, 0) + 1 where id = 100"))
    line = " ".join(
        f"'{part}'" for part in command("history", "orders", "100", "--json", "--database", url)
    )
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -n 1"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_ctrl_c_ends_it_quietly(orders: Connection, url: URL) -> None:
    with orders.engine.connect() as blocker, blocker.begin():
        blocker.execute(text("lock table rowtrail.tables in access exclusive mode"))
        process = subprocess.Popen(
            command("status", "--database", url),
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        time.sleep(2)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


def test_help_imports_nothing_heavy() -> None:
    python, *rest = command("--help")
    done = subprocess.run(
        [python, "-X", "importtime", *rest],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"flask", "alembic", "waitress", "rich", "psycopg2", "sqlalchemy"}


def test_what_a_terminal_would_obey_is_escaped() -> None:
    assert printable("a\x1b[31m\u202e\u200b\u2028é😀") == "a\\u001b[31m\\u202e\\u200b\\u2028é😀"
