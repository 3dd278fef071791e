"""The example with FastAPI: by its own migrations, by HTTP, as its own login."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import shop_api
from shop_api.main import app
from shop_api.seed import seed
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from tasks import run_async

FOLDER = Path(shop_api.__file__).parents[1]

Ask = Callable[..., list[Any]]
Talk = Callable[[Callable[[httpx.AsyncClient], Awaitable[None]]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project, where revisions may be written."""
    return Path(shutil.copytree(FOLDER, tmp_path / "project"))


@pytest.fixture
def talk(run_in: Callable[..., Any], shop: Engine, monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Lets a client talk to the API, with some orders in it."""
    done = run_in(FOLDER, "-m", "alembic", "upgrade", "head")
    assert done.returncode == 0, done
    url = shop.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)

    def talk(talking: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async def talked() -> None:
            await seed()
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://shop"
                ) as client,
            ):
                await talking(client)

        run_async(talked())

    return talk


def test_the_migrations_are_what_the_models_say(
    folder: Path, run_in: Callable[..., Any], ask: Ask
) -> None:
    for step in (
        ["upgrade", "head"],
        ["check"],
        ["revision", "--autogenerate", "-m", "nothing", "--rev-id", "0002"],
        ["upgrade", "head"],
        ["downgrade", "base"],
        ["upgrade", "head"],
        ["check"],
        ["downgrade", "base"],
    ):
        done = run_in(folder, "-m", "alembic", *step)
        assert done.returncode == 0, done
    [written] = (folder / "migrations" / "versions").glob("0002*")
    assert written.read_text().count("    pass") == 2
    assert ask("select tablename from pg_tables where schemaname = 'public'") == [
        ("alembic_version",)
    ]


def test_the_header_names_the_actor(talk: Talk, ask: Ask) -> None:
    async def talking(client: httpx.AsyncClient) -> None:
        nobody = await client.patch("/orders/1", json={"status": "paid"})
        assert nobody.status_code == 401
        changed = await client.patch(
            "/orders/1",
            json={"status": "paid"},
            headers={"X-User": "ann", "X-Request-ID": "r-1", "X-Reason": "ticket 7"},
        )
        assert changed.json()["status"] == "paid"
        [newest, oldest] = (await client.get("/orders/1/history")).json()
        assert (newest["actor"], newest["login"]) == ("ann", "shop")
        assert newest["context"] == {"request_id": "r-1", "reason": "ticket 7"}
        assert newest["changes"] == {"status": ["new", "paid"]}
        assert (oldest["op"], oldest["actor"]) == ("I", "seed")
        assert (await client.get("/orders/9/history")).status_code == 404
        new = {"customer": "Barbara", "lines": [{"product": "tea", "quantity": 1, "price": "4.50"}]}
        added = await client.post("/orders", json=new, headers={"X-User": "bob"})
        assert (added.status_code, added.json()["id"]) == (201, 3)

    talk(talking)
    assert ask(
        "select row_key, actor from rowtrail.versions where actor <> 'seed' "
        "and row_key <> '' order by id"
    ) == [("1", "ann"), ("3", "bob"), ("[3, 1]", "bob")]


def test_requests_at_once_have_an_actor_each(talk: Talk, ask: Ask) -> None:
    async def talking(client: httpx.AsyncClient) -> None:
        new = {"customer": "x", "lines": []}
        users = [f"user-{number}" for number in range(20)]
        answers = await asyncio.gather(
            *(client.post("/orders", json=new | {"customer": user}, headers={"X-User": user})
              for user in users)
        )  # fmt: skip
        assert {answer.status_code for answer in answers} == {201}

    talk(talking)
    recorded = ask(
        "select data ->> 'customer', actor from rowtrail.versions "
        "where op = 'I' and data ->> 'customer' like 'user-%'"
    )
    assert len(recorded) == 20
    assert all(customer == actor for customer, actor in recorded)


def test_the_orders_are_shown_as_they_were(talk: Talk, ask: Ask) -> None:
    async def talking(client: httpx.AsyncClient) -> None:
        [(before,)] = ask("select to_json(clock_timestamp()) #>> '{}'")
        await client.patch("/orders/1", json={"status": "sent"}, headers={"X-User": "ann"})
        ask(
            "with a as materialized (select set_config('rowtrail.actor', 'dba', true)), "
            "d as (delete from order_lines returning 1) select * from d cross join a"
        )
        now = (await client.get("/orders")).json()
        then = (await client.get("/orders", params={"at": before})).json()
        assert (now[0]["status"], now[0]["lines"]) == ("sent", [])
        assert (then[0]["status"], len(then[0]["lines"])) == ("new", 2)
        assert then[0]["lines"][0] == {"product": "tea", "quantity": 2, "price": "4.50"}
        assert (await client.get("/orders?at=2026-11-28T12:00:00")).status_code == 422

    talk(talking)


def test_who_names_nobody_writes_nothing(talk: Talk, shop: Engine) -> None:
    async def talking(client: httpx.AsyncClient) -> None:
        assert len((await client.get("/orders")).json()) == 2

    talk(talking)
    with pytest.raises(DBAPIError, match="actor"), shop.begin() as connection:
        connection.execute(text("update orders set status = 'sent'"))
