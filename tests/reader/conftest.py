"""The reader as it runs: a login that is only a member of rowtrail_reader, and a Flask client."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, Engine

from rowtrail import create_app
from rowtrail.config import database


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
            database.engine.dispose()


@pytest.fixture
def client(web: Engine, make_client: Callable[[URL | str], FlaskClient]) -> FlaskClient:
    """A client of the application on this test's database."""
    return make_client(web.url)
