"""The example with Flask: by its own migrations, by HTTP, as its own login."""

import getpass
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import shop as example
from flask import Flask
from flask.testing import FlaskClient
from shop.models import db
from sqlalchemy import Engine

from rowtrail.writer import actors

MIGRATIONS = Path(example.__file__).parents[1] / "migrations"

Ask = Callable[..., list[Any]]


@pytest.fixture
def app(shop: Engine) -> Iterator[Flask]:
    app = example.create_app(SQLALCHEMY_DATABASE_URI=shop.url, TESTING=True)
    with app.app_context():
        flask_migrate.upgrade(str(MIGRATIONS))
        yield app
        db.session.remove()
        for used in db.engines.values():
            used.dispose()
    actors.sources.clear()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser, in a shop with some orders."""
    assert app.test_cli_runner().invoke(args=["seed"]).exception is None
    return app.test_client()


def test_the_migrations_are_what_the_models_say(app: Flask, tmp_path: Path, ask: Ask) -> None:
    flask_migrate.check(str(MIGRATIONS))
    copied = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    flask_migrate.migrate(str(copied), message="nothing", rev_id="0002")
    [written] = (copied / "versions").glob("0002*")
    assert written.read_text().count("    pass") == 2
    states = dict(ask("select table_name, state from rowtrail.status()"))
    assert states == dict.fromkeys(
        ["public.orders", "public.users", "public.order_lines"], "tracked"
    )


def test_the_way_back_to_base_leaves_the_history_only(
    app: Flask, client: FlaskClient, ask: Ask
) -> None:
    recorded = "select count(*) from rowtrail.versions where op = 'I'"
    before = ask(recorded)
    assert before == [(6,)]
    flask_migrate.downgrade(str(MIGRATIONS), "base")
    assert ask("select tablename from pg_tables where schemaname = 'public'") == [
        ("alembic_version",)
    ]
    assert ask(recorded) == before
    flask_migrate.upgrade(str(MIGRATIONS))
    flask_migrate.check(str(MIGRATIONS))


def test_who_is_signed_in_is_the_actor(client: FlaskClient, ask: Ask) -> None:
    assert client.post("/orders/1", data={"status": "paid"}).status_code == 401
    assert client.post("/sign-in", data={"name": "ann", "password": "bob"}).status_code == 403
    assert client.post("/sign-in", data={"name": "ann", "password": "ann"}).status_code == 302
    changed = client.post("/orders/1", data={"status": "paid"}, headers={"X-Request-ID": "r-1"})
    assert changed.status_code == 302
    client.post("/sign-out")
    client.post("/sign-in", data={"name": "bob", "password": "bob"})
    client.post("/orders/1", data={"status": "sent"})
    assert ask(
        "select op, actor, login, context ->> 'request_id', changes ->> 'status' "
        "from rowtrail.history('orders', 1)"
    ) == [
        ("update", "bob", "shop", None, '["paid", "sent"]'),
        ("update", "ann", "shop", "r-1", '["new", "paid"]'),
        ("insert", getpass.getuser(), "shop", None, None),
    ]


def test_the_page_of_an_order_tells_its_history(client: FlaskClient) -> None:
    client.post("/sign-in", data={"name": "ann", "password": "ann"})
    client.post("/orders/2", data={"status": "cancelled"})
    page = " ".join(client.get("/orders/2").text.split())
    assert "ann status new → cancelled" in page
    assert client.get("/orders/7").status_code == 404


def test_the_orders_are_shown_as_they_were(client: FlaskClient, ask: Ask) -> None:
    [(before,)] = ask("select to_json(clock_timestamp()) #>> '{}'")
    client.post("/sign-in", data={"name": "ann", "password": "ann"})
    client.post("/orders/1", data={"status": "paid"})
    ask("delete from order_lines where number = 2 returning 1")
    now = " ".join(client.get("/").text.split())
    then = " ".join(client.get("/", query_string={"at": before}).text.split())
    assert "Grace, paid, 2 pieces" in now
    assert "Grace, new, 3 pieces" in then
    assert client.get("/?at=yesterday").status_code == 400
    assert client.get("/?at=2026-11-28T12:00").status_code == 400


def test_no_hash_of_a_password_is_kept(client: FlaskClient, ask: Ask) -> None:
    assert ask("select data from rowtrail.history('users', 'ann')") == [({"id": "ann"},)]


def test_what_goes_past_the_shop_is_recorded(app: Flask, client: FlaskClient, ask: Ask) -> None:
    ask("update orders set status = 'sent' where id = 2 returning 1")
    [newest, _] = ask("select actor, login from rowtrail.history('orders', 2)")
    assert newest == (None, "postgres")
