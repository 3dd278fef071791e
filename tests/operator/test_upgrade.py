"""Installing and removing the schema, as the different people who do it."""

import json
import subprocess

import pytest
from as_people_do import Run, command, dump, environment, execute, said_in_one_line, scalar
from sqlalchemy import URL, Connection, text

from rowtrail import db as database_module
from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server


def test_the_code_is_for_the_newest_migration() -> None:
    assert schema.head() == database_module.REVISION


def test_upgrade_says_that_it_installs_and_then_that_all_is_up_to_date(
    own_server: Server, run: Run
) -> None:
    first = run("upgrade", "--database", own_server.url())
    assert (first.returncode, first.stderr) == (0, "")
    assert "is installed in the database postgres" in first.stdout
    before = dump(own_server)
    second = run("upgrade", "--database", own_server.url())
    assert "up to date in the database postgres" in second.stdout
    assert dump(own_server) == before
    as_json = json.loads(run("upgrade", "--json", "--database", own_server.url()).stdout)
    assert as_json == {
        "database": "postgres",
        "before": database_module.REVISION,
        "revision": database_module.REVISION,
        "stale": [],
    }


def test_two_processes_may_upgrade_at_once(own_server: Server) -> None:
    for attempt in range(3):
        execute(own_server.url(), f"create database app{attempt}")
        url = own_server.url(database=f"app{attempt}")
        both = [
            subprocess.Popen(
                command("upgrade", "--database", url),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        outcomes = [(*process.communicate(timeout=60), process.returncode) for process in both]
        assert [(outcome[1], outcome[2]) for outcome in outcomes] == [("", 0), ("", 0)]


@pytest.mark.parametrize("other_database_first", [False, True])
def test_the_owner_of_a_database_who_may_create_roles_installs(
    own_server: Server, run: Run, other_database_first: bool
) -> None:
    execute(
        own_server.url(),
        "create role chief login createrole",
        "create database app owner chief",
        "create database other owner chief",
    )
    chief = own_server.url("chief", "app")
    if other_database_first:
        assert run("upgrade", "--database", own_server.url("chief", "other")).returncode == 0
    done = run("upgrade", "--database", chief)
    assert (done.returncode, done.stderr) == (0, "")
    tracks_and_reads(chief, run)


def test_the_owner_of_a_database_who_may_not_create_roles_is_told_how_to_install(
    own_server: Server, run: Run
) -> None:
    execute(own_server.url(), "create role tenant login", "create database app owner tenant")
    tenant = own_server.url("tenant", "app")
    before = dump(own_server, "app")
    refused = run("upgrade", "--database", tenant)
    said_in_one_line(
        refused, "the roles of rowtrail cannot be made", "sql/roles.sql", "admin option"
    )
    assert dump(own_server, "app") == before

    subprocess.run(
        [
            own_server.binaries / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1",
            "-h", own_server.socket_folder, "-U", "postgres",
            "-f", schema.sql_folder() / "roles.sql",
            "-c", "grant rowtrail_owner, rowtrail_capture, rowtrail_reader, "
                  "rowtrail_limited_reader, rowtrail_auditor to tenant with admin option",
        ],
        check=True,
    )  # fmt: skip
    done = run("upgrade", "--database", tenant)
    assert (done.returncode, done.stderr) == (0, "")
    tracks_and_reads(tenant, run)
    assert run("upgrade", "--database", tenant).returncode == 0
    removed = run("downgrade", "--delete-history", "--database", tenant)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert scalar(tenant, "select to_regnamespace('rowtrail')") is None


def tracks_and_reads(owner: URL, run: Run) -> None:
    execute(owner, "create table orders (id int primary key, total numeric)")
    tracked = run("track", "orders", "--database", owner)
    assert (tracked.returncode, tracked.stderr) == (0, "")
    execute(owner, "insert into orders values (1, 1.50)")
    history = run("history", "orders", "1", "--json", "--database", owner)
    assert '"total": 1.50' in history.stdout
    assert json.loads(history.stdout)["login"] == owner.username


def test_downgrade_leaves_nothing_of_ours_and_all_else(own_server: Server, run: Run) -> None:
    url = own_server.url()
    execute(
        url,
        "create role clerk login",
        "create schema shop authorization clerk",
        "create table shop.orders (id int primary key, total numeric)",
        "alter table shop.orders owner to clerk",
        "create table untouched (id int primary key)",
        "grant select on untouched to clerk",
        "create function note() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger note after insert on shop.orders for each row execute function note()",
    )
    before = dump(own_server)
    assert run("upgrade", "--database", url).returncode == 0
    assert run("track", "shop.orders", "--database", url).returncode == 0
    execute(url, "insert into shop.orders values (1, 1)", "update shop.orders set total = 2")

    refused = run("downgrade", "--database", url)
    said_in_one_line(
        refused, "2 versions in the database postgres would be lost", "--delete-history"
    )
    assert scalar(url, "select count(*) from rowtrail.versions") == 2

    done = run("downgrade", "--delete-history", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert dump(own_server) == before
    assert scalar(url, "select count(*) from pg_roles where rolname like 'rowtrail%'") == 0
    assert scalar(url, "select count(*) from pg_class where relacl::text like '%rowtrail%'") == 0
    again = run("downgrade", "--database", url)
    assert again.returncode == 0
    assert "nothing to remove" in again.stdout
    assert run("upgrade", "--database", url).returncode == 0


def test_downgrade_keeps_the_roles_that_another_database_uses(own_server: Server, run: Run) -> None:
    execute(own_server.url(), "create database other")
    for database in ("postgres", "other"):
        assert run("upgrade", "--database", own_server.url(database=database)).returncode == 0
    assert run("downgrade", "--database", own_server.url()).returncode == 0
    tracks_and_reads(own_server.url(database="other"), run)


@pytest.mark.parametrize(
    "arguments",
    [
        ["upgrade"],
        ["downgrade", "--delete-history"],
        ["status"],
        ["track", "t"],
        ["history", "t", "1"],
        ["serve"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_newer_schema_is_left_alone(
    db: Connection, url: URL, run: Run, arguments: list[str]
) -> None:
    db.execute(text("create table t (id int primary key)"))
    db.execute(text("update rowtrail.alembic_version set version_num = '9999'"))
    done = run(*arguments, "--database", url)
    said_in_one_line(done, "revision 9999", "pip install -U rowtrail")
    assert db.scalar(text("select version_num from rowtrail.alembic_version")) == "9999"
    assert db.scalar(text("select count(*) from rowtrail.tables")) == 0


@pytest.mark.parametrize(
    "arguments",
    [["track", "t"], ["untrack", "t"], ["history", "t", "1"], ["serve"]],
    ids=lambda arguments: arguments[0],
)
def test_a_database_that_is_not_upgraded_is_said_to_be_so(
    server: Server, run: Run, arguments: list[str]
) -> None:
    done = run(*arguments, "--database", server.url(database="postgres"))
    said_in_one_line(done, "rowtrail is not installed in this database", "run: rowtrail upgrade")
    assert scalar(server.url(), "select to_regnamespace('rowtrail')") is None


def test_the_command_and_python_agree_on_the_version(run: Run) -> None:
    import rowtrail

    assert run("--version").stdout == f"rowtrail {rowtrail.__version__}\n"


def test_who_might_erase_may_so_after_the_upgrade(db: Connection, url: URL, run: Run) -> None:
    # As revision 0001 left it: its function, with a grant, and none of the tables of 0002.
    engine = connect(url)
    with engine.begin() as connection:
        schema.remove_functions(connection)
    engine.dispose()
    db.execute(text("create role data_protection"))
    try:
        for statement in (
            "drop table rowtrail.departures, rowtrail.shipping, rowtrail.origin",
            "create function rowtrail.erase(of_table text, key text, columns text[] default null, "
            "reason text default null, force boolean default false, out erasure bigint, "
            "out versions bigint, out erased_values bigint) language sql as 'select 1, 1, 1'",
            "alter function rowtrail.erase owner to rowtrail_owner",
            "revoke all on function rowtrail.erase from public",
            "grant execute on function rowtrail.erase to data_protection",
            "update rowtrail.alembic_version set version_num = '0001'",
        ):
            db.execute(text(statement))
        done = run("upgrade", "--database", url)
        assert (done.returncode, done.stderr) == (0, "")
        granted = "select grantee::regrole::text from pg_proc, aclexplode(proacl) as a where "
        assert list(db.scalars(text(granted + "proname = 'erase' and a.grantee <> proowner"))) == [
            "data_protection"
        ]
        assert db.scalar(text("select count(*) from pg_proc where proname = 'erase'")) == 1
        assert run("verify", "--database", url).returncode == 0
    finally:
        db.execute(text("drop owned by data_protection"))
        db.execute(text("drop role data_protection"))
