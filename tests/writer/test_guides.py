"""What stands in the guides for writers holds: their code runs, and gives what it says.

A line `expression  # value` is an assertion, where the comment is a value.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from tasks import run_async

from rowtrail import acting
from rowtrail.embedded import Server

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: What each language writes for a parameter.
PLACE = re.compile(r"set_config\('rowtrail\.(?:actor|context)', (\?|%s|\$[12]), true\)")


def blocks(guide: str, *languages: str) -> list[str]:
    """The code of a guide in these languages, in order."""
    found = BLOCK.findall((GUIDES / guide).read_text())
    return [code for language, code in found if language in languages]


def comments(code: str) -> dict[int, str]:
    """The comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return {one.start[0]: one.string[1:].strip() for one in tokens if one.type == tokenize.COMMENT}


def run(code: str, names: dict[str, Any]) -> int:
    """Runs a block; gives how many of its assertions hold."""
    said = comments(code)
    count = 0
    for statement in ast.parse(code).body:
        if not isinstance(statement, ast.Expr) or statement.lineno not in said:
            exec(compile(ast.Module([statement], []), "guide", "exec"), names)
            continue
        value = eval(compile(ast.Expression(statement.value), "guide", "eval"), names)
        expected = eval(said[statement.lineno], {"Decimal": Decimal})
        assert value == expected, ast.unparse(statement)
        count += 1
    return count


@pytest.fixture
def here(shop: Engine) -> Callable[[str], str]:
    """Puts the URL of the test's database in the place of the guide's."""

    def put(code: str) -> str:
        for driver in ("psycopg2", "asyncpg"):
            url = shop.url.set(drivername=f"postgresql+{driver}").render_as_string(False)
            code = code.replace(f"postgresql+{driver}://shop@localhost/shop", url)
        return code

    return put


@pytest.fixture
def psql(shop: Engine, server: Server) -> Callable[[str], str]:
    def run_psql(script: str) -> str:
        return subprocess.run(
            [
                server.binaries / "psql", "-h", server.socket_folder, "-p", "5432", "-U", "shop",
                "-qXtA", "-v", "ON_ERROR_STOP=1", "-d", str(shop.url.database),
            ],
            input=script, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    return run_psql


@pytest.fixture
def tables(shop: Engine, as_superuser: Callable[..., list[Any]]) -> None:
    """The tables of the guides, with a user."""
    with shop.begin() as connection:
        connection.execute(text("create table users (id int primary key, name text)"))
        connection.execute(text("create table orders (id int primary key, total numeric)"))
        connection.execute(text("insert into users values (1, 'ann')"))
        connection.execute(text("insert into orders values (-1, 0)"))
    as_superuser("select rowtrail.track('users'), rowtrail.track('orders')")


@pytest.fixture
def recorded(as_superuser: Callable[..., list[Any]]) -> Callable[[], list[Any]]:
    return lambda: as_superuser(
        "select op, actor, context from rowtrail.versions where row_key <> '' order by id"
    )


@pytest.fixture
def without_sources() -> Iterator[None]:
    yield
    acting._sources.clear()


def test_in_your_own_project(
    shop: Engine, here: Callable[[str], str], as_superuser: Callable[..., list[Any]]
) -> None:
    models, *others = [here(code) for code in blocks("in-your-own-project.md", "python")]
    names: dict[str, Any] = {"__name__": "guide"}
    run(models, names)
    names["Base"].metadata.create_all(shop)
    as_superuser("select rowtrail.track('users'), rowtrail.track('orders')")
    assert sum(run(code, names) for code in others) >= 15

    async def read() -> list[str]:
        try:
            found: list[str] = await names["read_history"]()
            return found
        finally:
            await names["async_engine"].dispose()

    assert run_async(read()) == ["ann", "ann", "ann", "name"]
    names["engine"].dispose()


def test_naming_the_actor(
    tables: None,
    without_sources: None,
    monkeypatch: pytest.MonkeyPatch,
    here: Callable[[str], str],
    recorded: Callable[[], list[Any]],
) -> None:
    class Signal:
        def connect(self, handler: Any) -> Any:
            self.send = handler
            return handler

    # Celery is in no environment of the tests: its signals are stood in for.
    signals: Any = ModuleType("celery.signals")
    signals.before_task_publish, signals.task_prerun, signals.task_postrun = (
        Signal(), Signal(), Signal(),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "celery", ModuleType("celery"))
    monkeypatch.setitem(sys.modules, "celery.signals", signals)
    names: dict[str, Any] = {"__name__": "guide"}
    for code in blocks("naming-the-actor.md", "python"):
        if "django" not in code:
            run(here(code), names)
    names["remove_old_orders"]()

    headers: dict[str, Any] = {}
    with names["actor"]("alice", context={"request_id": 7}):
        signals.before_task_publish.send(headers=headers)
    task = SimpleNamespace(request=type("Request", (SimpleNamespace,), {"get": headers.get})())
    signals.task_prerun.send(task=task)
    with names["engine"].begin() as connection:
        connection.execute(text("delete from users"))
    signals.task_postrun.send(task=task)
    assert names["current_actor"]().name is None
    names["engine"].dispose()

    async def serve() -> str | None:
        async for _ in names["name_the_user"]("ann", "r-1"):
            said = names["current_actor"]()
        return f"{said.name} {said.context['request_id']}"

    assert run_async(serve()) == "ann r-1"
    assert recorded() == [
        ("U", "alice", {"reason": "ticket 4711"}),
        ("D", "nightly", {"reason": "clean-up"}),
        ("D", "alice", {"request_id": 7}),
    ]


def test_naming_the_actor_in_psql(
    tables: None, psql: Callable[[str], str], recorded: Callable[[], list[Any]]
) -> None:
    [plain] = blocks("naming-the-actor.md", "sql")
    variable, watching = blocks("naming-the-actor.md", "psql")
    psql(plain)
    psql(variable)
    assert recorded() == [("U", "alice", {"reason": "ticket 4711"}), ("U", "alice", None)]
    watched = psql(watching.replace("\\watch 2", "\\watch i=0.1 c=1"))
    assert '"name": ["Anna", "Ann"]' in watched


@pytest.mark.parametrize("language", ["java", "ruby", "python", "js"])
def test_what_other_languages_send_names_the_actor(
    shop: Engine, tables: None, recorded: Callable[[], list[Any]], language: str
) -> None:
    codes = blocks("naming-the-actor.md", language)
    sent = [one for code in codes for one in re.findall(r'"(select set_config[^"]*)"', code)]
    assert len(sent) == 1
    assert len(PLACE.findall(sent[0])) == 2
    statement = sent[0].replace(PLACE.findall(sent[0])[0], "%s").replace("$2", "%s")
    with shop.begin() as connection:
        connection.exec_driver_sql(statement, ("alice", '{"reason": "ticket 4711"}'))
        connection.execute(text("delete from users"))
    assert recorded() == [("D", "alice", {"reason": "ticket 4711"})]
