"""The promises of the blog post on versioning in Flask (docs/from-the-blog-post.md).

The application's login owns its table and may read history; it has no right to write any.
"""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, String, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.orm import Version, Versioned, set_actor, versions_of


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(Versioned, db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class Line(Versioned, db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "order lines"

    order: Mapped[str] = mapped_column("order no", primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


@pytest.fixture
def login(make_login: Callable[..., Engine], engine: Engine) -> Engine:
    login = make_login("shop", member_of="rowtrail_reader")
    with engine.begin() as connection:
        connection.execute(text("grant create, usage on schema public to shop"))
    return login


@pytest.fixture
def app(login: Engine) -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = login.url
    db.init_app(app)
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        for used in db.engines.values():
            used.dispose()


@pytest.fixture
def tracked(app: Flask, engine: Engine) -> Flask:
    with engine.begin() as connection:
        connection.execute(
            text("select rowtrail.track('users'), rowtrail.track('\"order lines\"')")
        )
    return app


def test_a_commit_is_all_that_it_takes(tracked: Flask) -> None:
    user = User(id=1, name="ann")
    db.session.add(user)
    db.session.commit()
    user.name = "anna"
    db.session.commit()

    assert [version.data for version in user.versions] == [
        {"id": 1, "name": "anna"},
        {"id": 1, "name": "ann"},
    ]
    newest = user.versions[0]
    assert newest.changes == {"name": ("ann", "anna")}
    assert abs(newest.timestamp - datetime.now(UTC)) < timedelta(minutes=1)


def test_versions_are_found_with_filter_by(tracked: Flask) -> None:
    db.session.add_all([User(id=1, name="ann"), User(id=2, name="bob")])
    db.session.commit()

    [version] = Version.query.filter_by(row_key="2").all()
    assert version.data == {"id": 2, "name": "bob"}
    assert version.timestamp == version.changed_at
    assert Version.query.filter_by(op="I").count() == 2


def test_whoever_changes_the_row_it_has_a_version(
    tracked: Flask, login: Engine, server: Server
) -> None:
    user = User(id=1, name="ann")
    db.session.add(user)
    db.session.commit()

    db.session.execute(update(User).values(name="bulk"))
    db.session.execute(text("update users set name = 'raw SQL'"))
    db.session.commit()
    subprocess.run(
        [
            server.binaries / "psql", "-h", server.socket_folder, "-p", "5432", "-U", "shop", "-qX",
            "-d", str(login.url.database), "-c", "update users set name = 'psql'",
        ],
        check=True,
    )  # fmt: skip

    names = [version.data["name"] for version in user.versions if version.data]
    assert names == ["psql", "raw SQL", "bulk", "ann"]


def test_nothing_but_the_database_writes_versions(tracked: Flask) -> None:
    db.session.add(Version(table_id=1, row_key="1", op="I", login="shop"))
    with pytest.raises(Exception, match="permission denied"):
        db.session.commit()


def test_a_rolled_back_change_has_no_version(tracked: Flask) -> None:
    db.session.add(User(id=1, name="ann"))
    db.session.flush()
    db.session.rollback()
    assert Version.query.count() == 0


def test_the_actor_is_named_for_one_transaction(tracked: Flask) -> None:
    user = User(id=1, name="ann")
    set_actor(db.session, "alice", reason="ticket 4711", context={"request_id": "r-1"})
    db.session.add(user)
    db.session.commit()
    user.name = "anna"
    db.session.commit()

    second, first = user.versions
    assert (first.actor, first.login) == ("alice", "shop")
    assert first.context == {"reason": "ticket 4711", "request_id": "r-1"}
    assert (second.actor, second.context) == (None, None)
    by_alice = db.session.scalars(versions_of(user).where(Version.actor == "alice")).all()
    assert by_alice == [first]


def test_what_is_pending_when_the_actor_is_named_is_the_actors(tracked: Flask) -> None:
    user = User(id=1, name="ann")
    db.session.add(user)
    set_actor(db.session, "alice")
    db.session.commit()
    user.name = "anna"
    set_actor(db.session, "bob")
    db.session.commit()
    assert [version.actor for version in user.versions] == ["bob", "alice"]


def test_a_context_that_is_no_json_is_refused_in_one_line(tracked: Flask) -> None:
    with pytest.raises(RowtrailError, match="cannot be kept as JSON: Object of type Flask"):
        set_actor(db.session, "alice", context={"app": tracked})


def test_a_composite_key_has_its_own_versions(tracked: Flask) -> None:
    db.session.add_all(
        [Line(order='a"b', number=1, amount=1), Line(order='a"b', number=2, amount=1)]
    )
    db.session.commit()
    line = db.session.get_one(Line, ('a"b', 2))
    line.amount = 5
    db.session.commit()
    assert [version.op for version in line.versions] == ["U", "I"]


def test_a_changed_key_keeps_the_link(tracked: Flask) -> None:
    user = User(id=1, name="ann")
    db.session.add(user)
    db.session.commit()
    user.id = 7
    db.session.commit()
    [changed] = user.versions
    assert (changed.row_key, changed.old_key) == ("7", "1")


def test_a_table_that_is_not_tracked_says_so(app: Flask) -> None:
    user = User(id=1, name="ann")
    db.session.add(user)
    db.session.commit()
    with pytest.raises(
        RowtrailError, match=r"no history is kept of the table users; .* rowtrail track users"
    ):
        _ = user.versions[0]


def test_an_object_without_a_session_says_so() -> None:
    with pytest.raises(RowtrailError, match="needs a session"):
        _ = User(id=1, name="ann").versions


def test_it_works_without_flask(tracked: Flask, login: Engine) -> None:
    with Session(login) as session:
        user: Any = User(id=1, name="ann")
        session.add(user)
        session.commit()
        assert [version.op for version in user.versions] == ["I"]


def test_a_project_never_creates_the_tables_of_rowtrail() -> None:
    assert all(table.schema != "rowtrail" for table in db.metadata.tables.values())


def test_a_very_long_key_has_its_versions(tracked: Flask) -> None:
    db.session.add(Line(order="long " * 400, number=1, amount=1))
    db.session.commit()
    line = db.session.scalars(db.select(Line)).one()
    assert [version.op for version in line.versions] == ["I"]
