"""`rowtrail status`: what is tracked, what is not, and what the models of a project want."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from as_people_do import Run, said_in_one_line
from sqlalchemy import URL, Connection, text

from rowtrail.embedded.server import Server

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from rowtrail.orm import Versioned

class Base(DeclarativeBase):
    pass

class Order(Versioned, Base):
    __tablename__ = "orders"
    __versioned__ = {"exclude": ["note"], "actor": "require"}
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]

class Customer(Versioned, Base):
    __tablename__ = 'we"ird; drop'
    id: Mapped[int] = mapped_column(primary_key=True)

class Setting(Base):
    __tablename__ = "settings"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.fixture
def orders(db: Connection) -> Connection:
    db.exec_driver_sql("create table orders (id int primary key, note text)")
    db.exec_driver_sql("select rowtrail.track('orders')")
    db.exec_driver_sql("insert into orders values (42, 'new')")
    return db


@pytest.fixture
def in_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, url: URL
) -> Callable[..., dict[str, str]]:
    """The state of each table that is not as the models want it, by the command in their folder."""

    def states(models: str = MODELS, place: str = "shop_models") -> dict[str, str]:
        (tmp_path / "shop_models.py").write_text(models)
        monkeypatch.chdir(tmp_path)
        done = run("status", "--json", "--database", url, ROWTRAIL_MODELS=place)
        found = json.loads(done.stdout)["models"]
        assert done.returncode == (1 if found else 0)
        return {wish["table"]: wish["state"] for wish in found}

    return states


def test_status_is_1_when_a_table_is_not_tracked_as_it_must_be(
    orders: Connection, url: URL, run: Run
) -> None:
    right = run("status", "--database", url)
    assert (right.returncode, right.stderr) == (0, "")
    assert "public.orders" in right.stdout
    orders.execute(text("alter table orders disable trigger all"))
    wrong = run("status", "--database", url)
    assert wrong.returncode == 1
    assert "select rowtrail.track('public.orders');" in wrong.stdout
    as_json = run("status", "--json", "--database", url)
    assert as_json.returncode == 1
    [table] = json.loads(as_json.stdout)["tables"]
    assert (table["versions"], table["more_versions"]) == (1, False)
    orders.execute(text(table["mend"]))
    assert run("status", "--database", url).returncode == 0


def test_it_says_what_is_missing_where_rowtrail_is_not_installed(
    own_server: Server, run: Run
) -> None:
    done = run("status", "--database", own_server.url())
    assert (done.returncode, done.stderr) == (1, "")
    assert "not installed in this database; run: rowtrail upgrade" in done.stdout
    as_json = json.loads(run("status", "--json", "--database", own_server.url()).stdout)
    assert (as_json["revision"], as_json["mend"]) == (None, "rowtrail upgrade")
    assert run("upgrade", "--database", own_server.url()).returncode == 0
    assert run("status", "--database", own_server.url()).returncode == 0


def test_tables_without_a_history_are_named_and_nothing_is_wrong_with_them(
    orders: Connection, url: URL, run: Run
) -> None:
    orders.exec_driver_sql('create table "we""ird; drop" (id int primary key)')
    orders.exec_driver_sql("create table parts (id int) partition by range (id)")
    orders.exec_driver_sql("create table part partition of parts default")
    orders.exec_driver_sql("create table alembic_version (version_num text)")
    orders.exec_driver_sql("create view looked as select * from orders")
    done = run("status", "--json", "--database", url)
    assert done.returncode == 0
    assert json.loads(done.stdout)["not_tracked"] == ['public."we""ird; drop"', "public.parts"]
    for number in range(20):
        orders.exec_driver_sql(f"create table t{number:02} (id int primary key)")
    assert "public.t07 and 12 more" in run("status", "--database", url).stdout
    orders.exec_driver_sql("select rowtrail.untrack('orders')")
    untracked = json.loads(run("status", "--json", "--database", url).stdout)["not_tracked"]
    assert untracked[1] == "public.orders"


def test_what_models_want_and_the_database_does_not_is_said_with_the_statement_that_mends_it(
    orders: Connection, url: URL, run: Run, in_project: Callable[..., dict[str, str]]
) -> None:
    assert in_project() == {"orders": "other options", 'we"ird; drop': "no such table"}
    orders.exec_driver_sql('create table "we""ird; drop" (id int primary key)')
    assert in_project() == {"orders": "other options", 'we"ird; drop': "not tracked"}
    done = run("status", "--models", "shop_models:Base", "--database", url)
    assert done.returncode == 1
    mends = [line.strip() for line in done.stdout.splitlines() if "rowtrail.track(" in line]
    assert len(mends) == 2
    for mend in mends:
        orders.execute(text(mend))
    assert in_project() == {}
    done = run("status", "--models", "shop_models:Base", "--database", url)
    assert "as its models want it" in done.stdout
    [options] = orders.execute(
        text(
            "select excluded_columns, actor_policy from rowtrail.tables where table_name = 'orders'"
        )
    )
    assert options == (["note"], "require")


def test_foreign_keys_of_the_models_do_not_matter(
    orders: Connection, url: URL, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "round_models.py").write_text(
        "import sys\n"
        "from sqlalchemy import Column, ForeignKey, MetaData, Table\n"
        "sys.path.insert(0, 'elsewhere')\n"
        "class Lazy:\n"
        "    def __getattr__(self, name):\n"
        "        raise LookupError(name)\n"
        "lazy = Lazy()\n"
        "metadata = MetaData()\n"
        "Table('a', metadata, Column('id', ForeignKey('b.id'), primary_key=True))\n"
        "Table('b', metadata, Column('id', ForeignKey('a.id'), primary_key=True))\n"
        "Table('c', metadata, Column('id', ForeignKey('not_here.id'), primary_key=True))\n"
    )
    monkeypatch.chdir(tmp_path)
    done = run("status", "--models", "round_models", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_history_that_a_migration_began_and_no_model_wants_is_said(
    orders: Connection, in_project: Callable[..., dict[str, str]]
) -> None:
    models = MODELS.replace("class Order(Versioned, Base)", "class Order(Base)").replace(
        "class Customer(Versioned, Base)", "class Customer(Base)"
    )
    # By hand, it is nobody's business but theirs who did it.
    assert in_project(models) == {}
    orders.exec_driver_sql(
        'comment on trigger "!rowtrail_capture" on orders is '
        "'Tracked by a migration, with op.track_table()'"
    )
    assert in_project(models) == {"orders": "tracked, but not Versioned"}


def test_a_model_of_a_view_cannot_be_tracked(
    orders: Connection, in_project: Callable[..., dict[str, str]]
) -> None:
    orders.exec_driver_sql("create view settings as select id from orders")
    models = MODELS.replace("class Setting(Base)", "class Setting(Versioned, Base)")
    assert in_project(models)["settings"] == "cannot be tracked"


def test_the_models_of_flask_sqlalchemy_are_found_in_each_form(
    orders: Connection, in_project: Callable[..., dict[str, str]]
) -> None:
    models = """
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column
from rowtrail.orm import Versioned

db = SQLAlchemy()

class Order(Versioned, db.Model):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)

class Customer(Versioned, db.Model):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://nowhere/"
db.init_app(app)
"""
    for place in ("shop_models", "shop_models:db", "shop_models:app", "shop_models:Order"):
        assert in_project(models, place) == {"customers": "no such table"}, place


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("no_such_module", ["cannot import", "no_such_module", "the project's own folder"]),
        ("broken_models", ["cannot import", "division by zero"]),
        ("leaving_models", ["cannot import", "SystemExit: 3"]),
        ("empty_models", ["no model in 'empty_models'", "shop.models:Base"]),
        ("empty_models:Base", ["no 'Base'", "declarative base"]),
        ("empty_models:Number", ["no model in"]),
        (":Base", ["cannot import"]),
        ("wrong_models", ["'exclud'", "takes"]),
    ],
)
def test_models_that_cannot_be_found_are_said_in_one_line(
    place: str,
    parts: list[str],
    orders: Connection,
    url: URL,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken_models.py").write_text("1 / 0")
    (tmp_path / "leaving_models.py").write_text("import sys; sys.exit(3)")
    (tmp_path / "empty_models.py").write_text("Number = 1")
    (tmp_path / "wrong_models.py").write_text(MODELS.replace('"exclude"', '"exclud"'))
    monkeypatch.chdir(tmp_path)
    done = run("status", "--models", place, "--database", url)
    assert said_in_one_line(done, *parts)
