"""The actor of what a Flask application writes."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import flask_login
import pytest
from flask import Flask, g, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import rowtrail.flask
from rowtrail.errors import RowtrailError
from rowtrail.orm import Versioned, actor
from rowtrail.writer import actors

MakeTables = Callable[..., None]
Recorded = Callable[[], list[tuple[Any, ...]]]


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(Versioned, flask_login.UserMixin, db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def app(shop: Engine, make_tables: MakeTables) -> Iterator[Flask]:
    make_tables(db.metadata)
    app = Flask(__name__)
    app.config |= {"SQLALCHEMY_DATABASE_URI": shop.url, "SECRET_KEY": "x", "TESTING": True}
    db.init_app(app)

    @app.post("/rename/<int:number>/<name>")
    def rename(number: int, name: str) -> str:
        db.session.get_one(User, number).name = name
        db.session.commit()
        # In its second transaction the user is expired.
        db.session.get_one(User, number).name = name + "!"
        db.session.commit()
        return "done"

    with app.app_context():
        db.session.add_all([User(id=1, name="ann"), User(id=2, name="bob")])
        db.session.commit()
    yield app
    actors.sources.clear()
    with app.app_context():
        db.session.remove()
        for used in db.engines.values():
            used.dispose()


@pytest.fixture
def recorded(as_superuser: Callable[..., list[Any]]) -> Recorded:
    """Of each update the key, the actor and the context, in order."""
    return lambda: as_superuser(
        "select row_key, actor, context from rowtrail.versions where op = 'U' order by id"
    )


def sign_in(app: Flask, **options: Any) -> None:
    manager = flask_login.LoginManager(app)
    manager.user_loader(lambda number: db.session.get(User, int(number)))

    @app.post("/sign-in/<int:number>")
    def enter(number: int) -> str:
        user = db.session.get_one(User, number)
        user.name = "before"
        db.session.flush()
        flask_login.login_user(user)
        user.name = "in"
        db.session.commit()
        return "in"

    @app.post("/sign-out")
    def leave() -> str:
        flask_login.logout_user()
        return "out"


def test_the_user_who_is_signed_in_is_the_actor(app: Flask, recorded: Recorded) -> None:
    sign_in(app)
    rowtrail.flask.init_app(app)
    client = app.test_client()
    client.post("/rename/1/x")
    client.post("/sign-in/2")
    client.post("/rename/1/y", headers={"X-Request-ID": "r-1"})
    client.post("/sign-out")
    client.post("/rename/1/z", headers={"X-Request-ID": "long" * 100})
    assert recorded() == [
        ("1", None, None), ("1", None, None),
        ("2", None, None), ("2", "2", None),
        ("1", "2", {"request_id": "r-1"}), ("1", "2", {"request_id": "r-1"}),
        ("1", None, None), ("1", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("ends", ["delete from users where id = 1", ""])
def test_a_user_who_is_gone_amid_the_request_is_its_actor_still(
    app: Flask, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    sign_in(app)
    rowtrail.flask.init_app(app)
    # As where the model has a column is_active.
    monkeypatch.setattr(User, "is_active", property(lambda user: bool(user.name)))

    @app.post("/leave-for-good")
    def leave_for_good() -> str:
        db.session.execute(text("update users set name = 'x' where id = 2"))
        if ends:
            db.session.execute(text(ends))
        db.session.commit()
        if not ends:
            db.session.expunge_all()
        db.session.execute(text("update users set name = 'y' where id = 2"))
        db.session.commit()
        return "done"

    client = app.test_client()
    client.post("/sign-in/1")
    client.post("/leave-for-good")
    assert [row[:2] for row in recorded() if row[0] == "2"] == [("2", "1"), ("2", "1")]


@pytest.mark.parametrize("own_id", [False, True], ids=["its key", "an id of its own"])
@pytest.mark.parametrize("gone", ["detached", "deleted"])
def test_a_user_who_is_gone_before_the_first_write_is_the_actor(
    app: Flask,
    recorded: Recorded,
    shop: Engine,
    monkeypatch: pytest.MonkeyPatch,
    gone: str,
    own_id: bool,
) -> None:
    sign_in(app)
    rowtrail.flask.init_app(app)
    monkeypatch.setattr(User, "is_active", property(lambda user: bool(user.name)))
    if own_id:
        monkeypatch.setattr(User, "get_id", lambda user: f"{user.id}-{user.name}")
        app.login_manager.user_loader(  # type: ignore[attr-defined]
            lambda text: db.session.get(User, int(text.split("-")[0]))
        )

    @app.post("/read-first")
    def read_first() -> str:
        assert flask_login.current_user.name == "in"
        db.session.commit()
        if gone == "detached":
            db.session.expunge_all()
        else:
            # Past SQLAlchemy, by which it would be the request's first write.
            with closing(shop.raw_connection()) as connection:
                connection.cursor().execute("delete from users where id = 1")
                connection.commit()
        db.session.execute(text("update users set name = 'y' where id = 2"))
        db.session.commit()
        return "done"

    client = app.test_client()
    client.post("/sign-in/1")
    client.post("/read-first")
    assert recorded()[-1][:2] == ("2", "1-before" if own_id else "1")


def test_a_user_who_is_found_in_the_request_and_is_gone_has_an_id_still(
    app: Flask, recorded: Recorded
) -> None:
    manager = flask_login.LoginManager(app)
    manager.request_loader(lambda request: db.session.get(User, int(request.headers["X-User"])))
    rowtrail.flask.init_app(app)

    @app.post("/read-first")
    def read_first() -> str:
        assert flask_login.current_user.name
        db.session.commit()
        db.session.remove()
        db.session.execute(text("update users set name = 'y' where id = 2"))
        db.session.commit()
        return "done"

    app.test_client().post("/read-first", headers={"X-User": "1"})
    assert recorded() == [("2", "1", None)]


def test_where_it_cannot_be_told_who_acts_the_write_fails_and_says_so(
    app: Flask, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = flask_login.LoginManager(app)
    manager.request_loader(lambda request: db.session.get(User, 1))
    rowtrail.flask.init_app(app)
    monkeypatch.setattr(User, "get_id", lambda user: user.name)

    @app.post("/read-first")
    def read_first() -> str:
        assert flask_login.current_user.name
        db.session.commit()
        db.session.remove()
        with pytest.raises(RowtrailError, match="who is signed in cannot be told"):
            db.session.execute(text("update users set name = 'y' where id = 2"))
        return "refused"

    assert app.test_client().post("/read-first").text == "refused"
    assert recorded() == []


def test_the_application_says_who_and_why(app: Flask, recorded: Recorded) -> None:
    @app.before_request
    def know() -> None:
        g.who = request.headers.get("X-Who")

    rowtrail.flask.init_app(
        app,
        actor=lambda: g.who,
        request_id=lambda: "r-2",
        reason=lambda: request.headers.get("X-Why"),
    )
    client = app.test_client()
    client.post("/rename/1/x", headers={"X-Who": "ann", "X-Why": "ticket 7"})
    client.post("/rename/2/y")
    assert recorded()[1:3] == [
        ("1", "ann", {"request_id": "r-2", "reason": "ticket 7"}),
        ("2", None, {"request_id": "r-2"}),
    ]


def test_a_request_that_only_reads_asks_for_nobody(app: Flask) -> None:
    asked = []
    rowtrail.flask.init_app(app, actor=lambda: asked.append("who"))

    @app.get("/count")
    def count() -> str:
        return str(db.session.scalar(text("select count(*) from users")))

    assert app.test_client().get("/count").text == "2"
    assert asked == []
    app.test_client().post("/rename/1/x")
    assert asked


def test_an_actor_who_is_named_in_a_view_is_stronger(app: Flask, recorded: Recorded) -> None:
    rowtrail.flask.init_app(app, actor=lambda: 7, request_id=lambda: "r-3")

    @app.post("/job")
    def job() -> str:
        with actor("job", reason="nightly"):
            db.session.get_one(User, 1).name = "x"
            db.session.commit()
        with actor(reason="by hand"):
            db.session.get_one(User, 1).name = "y"
            db.session.commit()
        return "done"

    app.test_client().post("/job")
    assert recorded() == [
        ("1", "job", {"request_id": "r-3", "reason": "nightly"}),
        ("1", "7", {"request_id": "r-3", "reason": "by hand"}),
    ]


def test_a_command_names_whom_the_machine_knows(app: Flask, recorded: Recorded) -> None:
    rowtrail.flask.init_app(app)

    @app.cli.command("tidy")
    def tidy() -> None:
        db.session.get_one(User, 1).name = "tidy"
        db.session.commit()

    result = app.test_cli_runner().invoke(args=["tidy"])
    assert result.exception is None
    [(_, who, said)] = recorded()
    assert who == getpass.getuser()
    assert said["command"].endswith("tidy")


def test_a_script_and_another_application_name_nobody(app: Flask, recorded: Recorded) -> None:
    rowtrail.flask.init_app(Flask("other"), actor=lambda: "other")
    app.test_client().post("/rename/1/x")
    with app.app_context():
        db.session.get_one(User, 1).name = "script"
        db.session.commit()
    assert {who for _, who, _ in recorded()} == {None}


def test_models_know_their_session(app: Flask) -> None:
    with app.app_context():
        first = User.history.versions(1)[-1]
        db.session.get_one(User, 1).name = "anna"
        db.session.commit()
        assert User.history.at(first).name == "ann"
        then = User.history.as_of(first)
        assert [user.name for user in then] == ["ann", "bob"]
        assert repr(then[0]).startswith("<User 1 as of transaction ")
        assert User.history.as_of(first).where(User.name == "bob")[0].is_authenticated
