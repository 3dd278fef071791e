"""What stands in the pages holds: each block is run, or says why not, and gives what it says."""

import ast
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from blocks import ROOT, Page, blocks_of, pages, recorded, run_shell
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from shipped import ship
from sqlalchemy import Engine, text
from sqlalchemy.orm import Mapped, mapped_column
from tasks import run_async
from waitress import create_server

from rowtrail import create_app, schema
from rowtrail.db import connect
from rowtrail.embedded.server import Server
from rowtrail.reader.config import database
from rowtrail.writer import actors

MakePage = Callable[..., Page]

#: The tables of most pages.
TABLES = """
create table users (id int primary key, name text);
create table orders (
  id int primary key, user_id int references users, status text, total numeric(10, 2));
create table order_lines (
  order_id int references orders on delete cascade, line int, article text,
  primary key (order_id, line));
"""

ROWS = """
insert into users values (1, 'Ann');
insert into orders values (41, 1, 'new', 18.00), (42, 1, 'new', 129.00);
insert into order_lines values (41, 1, 'Tea'), (42, 1, 'Kettle')
"""

TRACK = "select rowtrail.track('users'), rowtrail.track('orders'), rowtrail.track('order_lines')"

ROLES = ("owner", "capture", "reader", "limited_reader", "auditor")

#: The next version is number 4700.
NEXT_IS_4700 = "select setval('rowtrail.version_id', 4600)"


@pytest.fixture
def make_page(server: Server, template: str, tmp_path: Path) -> Iterator[MakePage]:
    """Makes the database `shop`, with rowtrail unless it is bare, and a page that runs in it."""
    admin = connect(server.url()).execution_options(isolation_level="AUTOCOMMIT")
    made: list[Engine] = []

    def roles() -> set[str]:
        with admin.connect() as connection:
            return set(connection.scalars(text("select rolname from pg_roles")))

    before = roles()
    # The server's own user goes there.
    tmp_path.chmod(0o755)

    def make(name: str, *setup: str, bare: bool = False, **options: Any) -> Page:
        source = "template1" if bare else template
        with admin.connect() as connection:
            connection.execute(text("drop database if exists shop with (force)"))
            connection.execute(text(f'create database shop template "{source}"'))
        engine = connect(server.url(database="shop"))
        made.append(engine)
        page = Page(name, server, engine, tmp_path, **options)
        page.execute(*setup)
        return page

    yield make
    for engine in made:
        engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("drop database if exists shop with (force)"))
        connection.execute(text("drop database if exists shop_again with (force)"))
        for role in roles() - before:
            connection.execute(text(f'drop owned by "{role}"'))
            connection.execute(text(f'drop role "{role}"'))
    admin.dispose()


@pytest.fixture(autouse=True)
def without_sources() -> Iterator[None]:
    """What a page registers as a source of actors ends with it."""
    before = list(actors.sources)
    yield
    actors.sources[:] = before


@pytest.fixture
def serve() -> Iterator[Callable[[Page], str]]:
    """Serves the pages of a history; gives host and port."""
    ended: list[Callable[[], object]] = []

    def start(page: Page) -> str:
        app = create_app(page.engine.url)
        waitress = create_server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=waitress.run, daemon=True)
        thread.start()

        def end() -> None:
            waitress.close()
            thread.join(10)
            with app.app_context():
                database.engine.dispose()

        ended.append(end)
        page.names["client"] = app.test_client()
        return f"127.0.0.1:{waitress.effective_port}"

    yield start
    for end in ended:
        with suppress(OSError):
            end()


@contextmanager
def flask_app(page: Page) -> Iterator[None]:
    """The names that an application has: `db`, in a context of its own."""
    db = SQLAlchemy()
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = page.engine.url
    db.init_app(app)
    page.names |= {"db": db, "Mapped": Mapped, "mapped_column": mapped_column}
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def test_readme(make_page: MakePage) -> None:
    def user() -> Any:
        user_class = page.names["User"]
        page.names["db"].Model.metadata.create_all(shop)
        page.execute("select rowtrail.track('\"user\"')")
        session = page.names["db"].session
        session.add(user_class(id=1, name="Ann"))
        session.commit()
        page.names["tuesday"] = page.execute("select now()")[0][0]
        return session.get(user_class, 1)

    page = make_page(
        "README.md",
        TABLES,
        ROWS,
        "select setval('rowtrail.version_id', 4500)",
        missing={"user": user},
        replace={"/mnt/elsewhere/": ""},
    )
    shop = page.engine
    page.hooks[2] = lambda: page.execute("update orders set total = 20 where id = 41")
    with flask_app(page):
        page.run()
    assert page.assertions == 2


def test_quick_start(make_page: MakePage) -> None:
    page = make_page(
        "docs/quick-start.md", "create role shop login",
        "create table orders (id int primary key, total numeric(10, 2), status text)",
        "insert into orders values (41, 18.00, 'new'), (42, 129.00, 'new')",
        bare=True,
    )  # fmt: skip
    page.run()
    page.execute("grant rowtrail_reader to shop", "grant all on orders to shop")
    page.names["app"].test_client().post("/orders/42/send")
    sent = page.names["app"].test_client().post("/orders/41/send")
    assert sent.json == {"status": "sent"}

    async def close() -> int:
        transport = httpx.ASGITransport(page.names["api"])
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return (await client.post("/orders/42/close", headers={"X-User": "bob"})).status_code

    assert run_async(close()) == 200
    assert recorded(page)[-1] == ("U", "bob", None)
    page.names["engine"].dispose()
    with page.names["app"].app_context():
        page.names["db"].engine.dispose()


def test_as_of(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/as-of.md", TABLES, TRACK, ROWS,
        "select setval('rowtrail.version_id', 1100)",
        "update orders set status = 'open' where id = 42",
        NEXT_IS_4700,
        "update orders set total = 9.9, status = 'paid' where id = 42",
    )  # fmt: skip
    page.run()


def test_api(make_page: MakePage, serve: Callable[[Page], str]) -> None:
    page = make_page("docs/api.md", TABLES, TRACK, ROWS, "delete from order_lines")
    page.replace["127.0.0.1:5000"] = serve(page)
    page.run()


def test_from_the_blog_post(make_page: MakePage) -> None:
    page = make_page("docs/from-the-blog-post.md", "create role shop login", login="postgres")
    page.execute("grant create on schema public to shop")
    shop = connect(page.engine.url.set(username="shop"))

    def create() -> None:
        page.names["context"] = page.names["app"].app_context()
        page.names["context"].push()
        page.names["db"].create_all()

    page.hooks[1] = create
    page.run()
    page.names["db"].session.remove()
    page.names["db"].engine.dispose()
    page.names["context"].pop()
    shop.dispose()
    assert page.assertions >= 5


def test_who_changed_it(make_page: MakePage, serve: Callable[[Page], str]) -> None:
    page = make_page("docs/guides/who-changed-it.md", TABLES, TRACK, ROWS)
    page.execute(
        "select set_config('rowtrail.actor', 'alice', false)",
    )
    serve(page)
    page.run()


def test_undo(make_page: MakePage) -> None:
    def pay() -> None:
        page.execute(
            "set session authorization app; set rowtrail.actor = 'alice'; "
            "update orders set status = 'paid' where id = 42; "
            "reset session authorization; reset rowtrail.actor"
        )

    page = make_page(
        "docs/guides/undo.md", TABLES, TRACK, ROWS, "select setval('rowtrail.version_id', 1100)"
    )
    page.execute("create role app login", "grant all on orders to app")
    pay()
    page.hooks[2] = pay
    page.run()


def test_erase(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/erase.md",
        "create table people (id int primary key, name text, email text)",
        "select rowtrail.track('people'), setval('rowtrail.version_id', 4200)",
        "insert into people values (42, 'Ann', 'ann@example.org')",
        "update people set email = 'anna@example.org'",
        "create role data_protection",
    )
    page.run()


def test_history_database(make_page: MakePage, server: Server) -> None:
    page = make_page(
        "docs/guides/history-database.md", TABLES, TRACK, ROWS,
        "drop database if exists shop_history with (force)",
        replace={"createdb history ": "psql -q -c 'create database shop_history' "},
    )  # fmt: skip
    socket = quote(str(server.socket_folder), safe="")
    page.env["HISTORY_DATABASE_URL"] = f"postgresql://postgres@{socket}/shop_history"
    page.run()
    page.execute("drop database shop_history with (force)")


def test_one_history(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/one-history.md", "create role shop login", TABLES, TRACK,
        "drop database if exists shop_history with (force)",
        replace={"dbname 'history'": "dbname 'shop_history'"},
    )  # fmt: skip
    if not page.execute("select from pg_available_extensions where name = 'postgres_fdw'"):
        pytest.skip(f"{page.name}: this PostgreSQL has no postgres_fdw")
    page.replace["history.example.org"] = str(page.server.socket_folder)
    page.execute(
        "create role history_reader login password 'a long one' in role rowtrail_reader",
        "create database shop_history",
        "grant all on all tables in schema public to shop",
        "set session authorization shop", ROWS, "update orders set status = 'paid' where id = 42",
        "reset session authorization", "select rowtrail.seal()",
    )  # fmt: skip
    here, there = (connect(page.engine.url.set(database=one)) for one in ("shop", "shop_history"))
    schema.upgrade(there)
    ship(here, there)
    here.dispose()
    there.dispose()
    page.execute(
        "set session authorization shop", "update orders set status = 'sent' where id = 42",
        "reset session authorization",
        "select rowtrail.retire_until(array(select id from rowtrail.tables), now())",
    )  # fmt: skip
    assert len(page.execute("select from rowtrail.history('orders', 42)")) < 3
    (page.folder / "history-password").write_text("a long one\n")
    shutil.copy(ROOT / "docs/rowtrail_both.sql", page.folder)
    page.run()
    page.execute("drop database shop_history with (force)")


def test_prove_it(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/prove-it.md", TABLES, TRACK,
        "select setval('rowtrail.version_id', 4400)", ROWS,
        replace={"/mnt/elsewhere": "."},
    )  # fmt: skip

    def mend() -> None:
        page.execute("update rowtrail.versions set actor = null where id = 4700")

    page.hooks[2] = lambda: page.execute("update orders set total = total + 1 where id = 41")
    page.hooks[4] = mend
    shutil.copy(ROOT / "docs/check_proof.py", page.folder)
    page.run()


def test_who_may_read(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> None:
        # As the page has set it, for the person whom it has let read.
        settings = {
            "AUTH": "proxy",
            "PROXY_HEADER": "X-Remote-User",
            "PROXY_PEERS": "10.0.0.5",
            "ROLE": "{person}",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"ROWTRAIL_{name}", value)
        page.execute("grant select on orders to alice", "alter role rowtrail_web login")
        app = create_app(page.engine.url.set(username="rowtrail_web"))
        with caplog.at_level("INFO", "rowtrail.reads"):
            answer = app.test_client().get(
                "/tables/2/row?key=42", headers={"X-Remote-User": "alice"},
                environ_base={"REMOTE_ADDR": "10.0.0.5"},
            )  # fmt: skip
        assert answer.status_code == 200
        page.output = caplog.messages[-1]
        with app.app_context():
            database.engine.dispose()

    def without_alice() -> None:
        page.execute("drop owned by alice", "drop role alice")

    page = make_page(
        "docs/guides/who-may-read.md",
        TABLES,
        TRACK,
        ROWS,
        "create role alice",
        "create role rowtrail_web",
    )
    for number, block in enumerate(blocks_of(page.name)):
        if "create role alice" in block.code:
            page.hooks[number] = without_alice
        if block.language == "json":
            page.hooks[number] = read
    folder = str(page.folder)
    page.replace |= {"/etc/rowtrail": folder, "/var/log/rowtrail": folder}
    page.run()


def test_operating(make_page: MakePage, serve: Callable[[Page], str]) -> None:
    page = make_page("docs/operating.md", bare=True)
    roles = ", ".join(f"rowtrail_{one}" for one in ROLES)
    page.execute(
        "create role owner login createrole", f"grant {roles} to owner with admin option",
        "alter database shop owner to owner", "set role owner", TABLES, ROWS, "reset role",
    )  # fmt: skip
    page.replace |= {"/mnt/elsewhere": ".", "sql/roles.sql": str(ROOT / "sql/roles.sql")}
    page.hooks[3] = lambda: serve(page)
    # Two databases of one cluster have two names.
    page.replace |= {
        "$NEW_SERVER/shop": "$NEW_SERVER/shop_again",
        "database shop t": "database shop_again t",
    }
    page.env["NEW_SERVER"] = "postgresql://postgres@" + quote(
        str(page.server.socket_folder), safe=""
    )
    page.run()


def test_in_your_own_project(make_page: MakePage) -> None:
    page = make_page("docs/guides/in-your-own-project.md", "create role shop login")
    page.execute("grant create on schema public to shop")
    page.hooks[1] = lambda: page.names["Base"].metadata.create_all(page.names["engine"])
    page.run()

    async def read() -> list[str]:
        try:
            found: list[str] = await page.names["read_history"]()
            return found
        finally:
            await page.names["async_engine"].dispose()

    assert run_async(read()) == ["ann", "ann", "ann", "name"]
    page.names["engine"].dispose()
    assert page.assertions >= 15


def test_naming_the_actor(make_page: MakePage, monkeypatch: pytest.MonkeyPatch) -> None:
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
    page = make_page(
        "docs/guides/naming-the-actor.md", TABLES, TRACK, "insert into users values (1, 'Ann')"
    )
    page.execute(
        "create role shop login",
        "grant all on all tables in schema public to shop",
        "insert into orders values (-1)",
    )
    page.replace |= {"\\watch 2": "\\watch i=0.1 c=1"}
    page.hooks[6] = lambda: page.execute("update users set name = 'Ann'")
    page.run()
    assert [one[1:] for one in recorded(page) if one[0] == "U" and one[1]] == [
        ("alice", {"reason": "ticket 4711"}), ("alice", {"reason": "ticket 4711"}), ("alice", None),
    ]  # fmt: skip
    page.names["remove_old_orders"]()
    assert recorded(page)[-1] == ("D", "nightly", {"reason": "clean-up"})

    headers: dict[str, Any] = {}
    with page.names["actor"]("alice", context={"request_id": 7}):
        signals.before_task_publish.send(headers=headers)
    task = SimpleNamespace(request=type("Request", (SimpleNamespace,), {"get": headers.get})())
    signals.task_prerun.send(task=task)
    with page.names["engine"].begin() as connection:
        connection.execute(text("delete from users"))
    signals.task_postrun.send(task=task)
    assert recorded(page)[-1] == ("D", "alice", {"request_id": 7})
    assert page.names["current_actor"]().name is None
    page.names["engine"].dispose()

    async def serve() -> str | None:
        async for _ in page.names["name_the_user"]("ann", "r-1"):
            said = page.names["current_actor"]()
        return f"{said.name} {said.context['request_id']}"

    assert run_async(serve()) == "ann r-1"


def test_migrations(make_page: MakePage, tmp_path: Path) -> None:
    """In a project as `alembic init` makes one, whose models are those of the page."""
    page = make_page(
        "docs/guides/migrations.md",
        "create role shop login",
        "grant create on schema public to shop",
    )
    models, commands, migration, compared, switched_off, by_hand, renamed, renaming = blocks_of(
        page.name
    )
    page.replace["shop.models"] = "models"
    url = page.here("postgresql+psycopg2://shop@localhost/shop")
    (tmp_path / "models.py").write_text(MODELS + models.code)
    run_shell(page, "alembic init migrations")
    environment = (tmp_path / "migrations/env.py").read_text()
    (tmp_path / "migrations/env.py").write_text(
        environment.replace(
            "target_metadata = None", "import models\ntarget_metadata = models.db.Model.metadata"
        )
    )
    ini = (tmp_path / "alembic.ini").read_text()
    (tmp_path / "alembic.ini").write_text(ini.replace("driver://user:pass@localhost/dbname", url))
    page.env["PYTHONPATH"] = f"{page.environment()['PYTHONPATH']}:{tmp_path}"
    page.run_block(commands)
    [script] = (tmp_path / "migrations/versions").glob("*.py")
    written = script.read_text().replace("'", '"')
    for line in migration.code.splitlines():
        assert line.split("...")[0].strip() in written, line
    assert page.execute("select table_name from rowtrail.status()") == [("public.users",)]

    page.run_block(compared)
    assert "as its models want it" in page.output

    # What a project has in its own env.py, or a later migration.
    for block in (switched_off, by_hand, renaming):
        ast.parse(block.code)
    (tmp_path / "migrations/env.py").write_text(
        environment.replace(
            "target_metadata = None", "import models\ntarget_metadata = models.db.Model.metadata"
        ).replace(
            "connection=connection, target_metadata",
            switched_off.code.split("...,")[1].split(")")[0].strip()
            + ", connection=connection, target_metadata",
        )
    )
    other = models.code.replace("users", "lists").replace("User", "List")
    (tmp_path / "models.py").write_text(MODELS + models.code + other)
    run_shell(page, "alembic revision --autogenerate -m off")
    [off] = (tmp_path / "migrations/versions").glob("*_off.py")
    assert "track_table" not in off.read_text()
    off.unlink()
    (tmp_path / "migrations/env.py").write_text(
        environment.replace(
            "target_metadata = None", "import models\ntarget_metadata = models.db.Model.metadata"
        )
    )

    (tmp_path / "models.py").write_text(
        MODELS + renamed.code + "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    name: Mapped[str]\n    password: Mapped[str]\n"
    )
    (tmp_path / "models.py").write_text(
        (tmp_path / "models.py")
        .read_text()
        .replace('{"renamed_from"', '{"exclude": ["password"], "actor": "require", "renamed_from"')
    )
    run_shell(page, "alembic revision --autogenerate -m renamed")
    [script] = (tmp_path / "migrations/versions").glob("*_renamed.py")
    assert renaming.code.splitlines()[1] in script.read_text().replace("'", '"')
    run_shell(page, "alembic upgrade head")

    engine = connect(page.engine.url.set(username="shop"))
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        code = by_hand.code.replace('"users"', '"accounts"').replace('"shop"', '"public"')
        exec(code.replace("seen_at", "name"), {"op": operations})
    engine.dispose()


MODELS = """
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column
from rowtrail.orm import Versioned
db = SQLAlchemy()
"""


def test_psql(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/psql.md", "create role shop login",
        "create table users (id int primary key, name text); create table notes (note text);"
        "create table orders (id int primary key, status text, total numeric(10, 2))",
        "select rowtrail.track('users'), rowtrail.track('orders')",
        "set session authorization shop; reset session authorization",
    )  # fmt: skip
    page.execute(
        "grant all on all tables in schema public to shop",
        "set session authorization shop",
        "insert into users values (1, 'Ann')",
        "insert into orders values (41, 'new', 18.00), (42, 'new', 129.00)",
        """set rowtrail.actor = 'alice'; set rowtrail.context = '{"reason": "ticket 4711"}';
        update orders set status = 'paid' where id = 42""",
        "set rowtrail.actor = 'bob'; set rowtrail.context = ''; "
        "update orders set status = 'new' where id = 42",
        "reset rowtrail.actor; reset rowtrail.context; reset session authorization",
    )
    page.replace["\\watch 2"] = "\\watch i=0.1 c=1"
    page.run()


def test_troubleshooting(make_page: MakePage) -> None:
    page = make_page(
        "docs/troubleshooting.md",
        "create role shop login", "grant create on schema public to shop",
        "create table orders (id int primary key, status text, total numeric(10, 2))",
        "alter table orders owner to shop",
        "insert into orders values (41, 'new', 18.00), (42, 'new', 129.00)",
        "select rowtrail.track('orders')",
    )  # fmt: skip
    page.run()


#: The pages about other tools, each with a history that the tool wrote.
COMING_FROM = {
    "django-pghistory.md": "django-pghistory",
    "postgresql-audit.md": "postgresql-audit",
    "sqlalchemy-continuum.md": "sqlalchemy-continuum",
    "supa-audit.md": "supa_audit-by-hand",
}

SIDE_BY_SIDE = "side by side with the other tool, which is in no environment of the tests"
STOPPED = "it goes on until it is stopped"

#: The blocks of the guide to the history database that nothing runs.
HISTORY_GUIDE = "docs/guides/history-database.md"
ON_TWO_SERVERS = (
    "they go on until they are stopped; tests/faults/test_ship_killed.py runs them",
    "it is for another server; tests/operator/test_ship_command.py does the same",
    *["it takes two servers; tests/faults/test_replication.py does it"] * 2,
)

#: Only pages that were given a history database have it.
OF_TWO_DATABASES = {"rowtrail_history_database_readable"}


@pytest.mark.parametrize("name", list(COMING_FROM))
def test_coming_from(make_page: MakePage, name: str) -> None:
    source = ROOT / "tests/operator/sources" / f"{COMING_FROM[name]}.sql"
    page = make_page(f"docs/coming-from/{name}")
    with page.engine.begin() as connection:
        connection.connection.cursor().execute(source.read_text(encoding="utf-8"))
    if name == "django-pghistory.md":
        page.execute(
            "alter table orders rename to shop_order",
            "alter table benchmark_orderevent rename to shop_orderevent",
        )
    if name == "postgresql-audit.md":
        # Of a json column no text was kept, as the page says.
        page.execute("alter table orders alter column details type jsonb")
    page.execute(
        f"select rowtrail.track('{'shop_order' if name == 'django-pghistory.md' else 'orders'}')"
    )
    page.run()


def test_archive(make_page: MakePage) -> None:
    page = make_page(
        "docs/guides/archive.md", TABLES, TRACK, ROWS,
        "update orders set status = 'paid' where id = 42",
        "update rowtrail.versions set changed_at = '2025-01-10 12:00Z'",
        "update orders set status = 'sent' where id = 42",
        replace={"/mnt/elsewhere/": "", "/mnt/": "", "prove 1200": "prove 200"},
    )  # fmt: skip
    page.run()


#: The pages that have a test of their own above; every other is run by the last one.
SPECIAL = set(
    re.findall(r'make_page\(\s*"([\w./-]+\.md)"', Path(__file__).read_text(encoding="utf-8"))
)


@pytest.mark.parametrize(
    "name", [one for one in pages() if one not in SPECIAL and Path(one).name not in COMING_FROM]
)
def test_other_pages(make_page: MakePage, name: str) -> None:
    make_page(name, TABLES, TRACK, ROWS).run()


def test_few_blocks_are_not_run() -> None:
    """A block that nothing runs fails its page's test, unless it says why; these do."""
    said = [
        (block.page, block.reason) for name in pages() for block in blocks_of(name) if block.reason
    ]
    assert said == [
        ("README.md", "it serves until Ctrl-C; tests/operator/test_demo.py runs the demo"),
        ("README.md", "it needs a second server; make example-ten-years runs it"),
        ("docs/api.md", f"{STOPPED}; tests/reader/test_feed_http.py asks the same"),
        *(("docs/coming-from/" + name, SIDE_BY_SIDE) for name in sorted(COMING_FROM)),
        ("docs/guides/archive.md", "DuckDB is not among what the tests install"),
        ("docs/guides/archive.md", "Spark needs Java, which the tests do not have"),
        ("docs/guides/feed.md", f"{STOPPED}; tests/operator/test_feed_command.py does that"),
        (
            "docs/guides/feed.md",
            "it takes two databases; tests/operator/test_feed_command.py runs it",
        ),
        ("docs/guides/feed.md", f"{STOPPED}; tests/operator/test_feed_command.py does that"),
        *((HISTORY_GUIDE, reason) for reason in ON_TWO_SERVERS),
        (
            "docs/guides/retention.md",
            "pg_cron is an extension, which the embedded server does not have",
        ),
        (
            "docs/operating.md",
            "it takes an earlier release; tests/operator/test_upgrade_from.py goes back with its "
            "functions",
        ),
    ]


def test_no_block_is_overlooked() -> None:
    for name in pages():
        fences = re.findall(r"^ *```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(blocks_of(name)), name


def test_the_messages_of_troubleshooting_are_those_of_the_database() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    sql = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "sql").glob("*.sql"))
    messages = re.findall(r"^\| `((?:no change|rowtrail cannot)[^`]*)` \|", page, re.MULTILINE)
    assert len(messages) == 9
    for message in messages:
        for part in message.split("…"):
            assert part.strip() in sql, message
    states = page.split("| state | why |")[1].split("\n\n")[0]
    named = re.findall(r"^\| (`[^|]*`) \|", states, re.MULTILINE)
    assert len(named) == 8
    for state in re.findall(r"`([^`]+)`", " ".join(named)):
        assert f"'{state}'" in sql, state


RUNBOOK = "docs/runbook.md"


def anchors(page: str) -> set[str]:
    """What a page's headings are linked by."""
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_each_alert_is_of_metrics_that_there_are_and_has_its_runbook(
    make_page: MakePage, serve: Callable[[Page], str]
) -> None:
    page = make_page(RUNBOOK, TABLES, TRACK)
    serve(page)
    metrics = page.names["client"].get("/metrics").text
    [group] = import_module("yaml").safe_load(
        (ROOT / "docs/alerts.yml").read_text(encoding="utf-8")
    )["groups"]
    said = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    alerts = []
    for rule in group["rules"]:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        names = re.findall(r"rowtrail_\w+", rule["expr"])
        assert names
        for name in names:
            assert f"# TYPE {name} gauge" in metrics or name in OF_TWO_DATABASES
        anchor = rule["alert"].lower()
        assert rule["annotations"]["runbook"] == f"runbook.md#{anchor}"
        assert anchor in anchors(RUNBOOK)
        severity = rule["labels"]["severity"]
        assert f"| [{rule['alert']}](#{anchor}) | {severity} |" in said
        alerts.append(rule["alert"])
    assert re.findall(r"^\| \[(\w+)\]", said, re.MULTILINE) == alerts


#: Metrics that nobody is to be woken by: they only say what there is.
ONLY_SAID = {"rowtrail_last_shipped_timestamp_seconds"}


def test_each_metric_is_alerted_on(make_page: MakePage, serve: Callable[[Page], str]) -> None:
    page = make_page("docs/operating.md", TABLES)
    serve(page)
    metrics = page.names["client"].get("/metrics").text
    rules = (ROOT / "docs/alerts.yml").read_text(encoding="utf-8")
    there = set(re.findall(r"^# TYPE (\w+)", metrics, re.MULTILINE))
    alerted = set(re.findall(r"rowtrail_\w+", rules))
    # By a second metric of the same.
    told = {"rowtrail_last_verification_timestamp_seconds"}
    told |= {"rowtrail_unshipped_seals", "rowtrail_unshipped_versions"}
    assert there - alerted == ONLY_SAID | told
    assert alerted - there == OF_TWO_DATABASES


def test_each_kind_of_finding_has_its_runbook() -> None:
    said = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    table = said.split("### Parts of a finding")[1].split("\n## ")[0]
    sql = (ROOT / "sql/verify.sql").read_text(encoding="utf-8")
    verify = sql.split("$$")[1]
    code = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "app/rowtrail").rglob("*.py")
    )
    parts = set(re.findall(r"select '(\w+)'(?:::text)?,", verify))
    parts |= set(re.findall(r"Finding\(\s*\"(\w+)\"", code))
    assert {"table", "versions", "rows", "seal", "digest", "restore"} < parts
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == parts


def test_each_state_of_a_table_is_explained() -> None:
    said = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    tracking = (ROOT / "sql/tracking.sql").read_text(encoding="utf-8")
    guard = (ROOT / "sql/guard.sql").read_text(encoding="utf-8")
    of_status = tracking.split("create or replace function rowtrail.status()")[1]
    of_fault = guard.split("create or replace function rowtrail.capture_fault(")[1]
    states = set(re.findall(r"(?:then|else) '([a-z ]+)'", of_status.split("$$")[1]))
    states |= set(re.findall(r"then '([a-z ]+)'", of_fault.split("$$")[1]))
    assert len(states) >= 8
    for state in states - {"tracked"}:
        assert f"`{state}`" in said, state


def test_the_links_to_the_runbook_lead_somewhere() -> None:
    there = anchors(RUNBOOK)
    for name in (RUNBOOK, "docs/operating.md"):
        page = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\((?:runbook\.md)?#([\w-]+)\)", page):
            assert link in (there if name == RUNBOOK else there | anchors(name)), link
