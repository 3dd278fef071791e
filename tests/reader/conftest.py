"""The reader as it runs: a login that is only a member of rowtrail_reader, and a Flask client."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, Engine

from rowtrail import create_app
from rowtrail.reader.config import database


@pytest.fixture
def web(make_login: Callable[..., Engine]) -> Engine:
    """The login of the web application."""
    return make_login("web", member_of="rowtrail_reader")


@pytest.fixture
def make_client() -> Iterator[Callable[[URL | str], FlaskClient]]:
    """Makes a client of an application on a database; its connections are closed after the test."""
    made: list[Flask] = []

    def make(url: URL | str) -> FlaskClient:
        app = create_app(url)
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        with app.app_context():
            for engine in database.engines.values():
                engine.dispose()


@pytest.fixture
def client(web: Engine, make_client: Callable[[URL | str], FlaskClient]) -> FlaskClient:
    """A client of the application on this test's database."""
    return make_client(web.url)


@pytest.fixture
def make_reader(
    web: Engine, make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FlaskClient]:
    """Makes a client of an application on a database, and perhaps its history database."""

    def make(here: URL, there: URL | None = None) -> FlaskClient:
        if there is None:
            monkeypatch.delenv("HISTORY_DATABASE_URL", raising=False)
        else:
            named = there.set(username="web").render_as_string(hide_password=False)
            monkeypatch.setenv("HISTORY_DATABASE_URL", named)
        return make_client(here.set(username="web"))

    return make
