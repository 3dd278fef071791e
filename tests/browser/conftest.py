"""The pages in a real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, Engine
from visits import Site, Visit
from waitress import create_server

from rowtrail import create_app
from rowtrail.reader.config import database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

#: A small shop with all kinds of changes.
SHOP = """
create table customers (id int primary key, name text);
create table orders (
  id int primary key, customer int references customers, status text, total numeric(10,2),
  note text, doc jsonb);
select rowtrail.track('customers');
select rowtrail.track('orders');
begin; select rowtrail.set_actor('ann', reason => 'ticket 4711');
insert into customers values (1, 'Ada'), (2, 'Grace');
insert into orders select n, 1 + n % 2, 'new', n,
  'Leave it at the door of the house, and ring twice; the dog does not bite.',
  jsonb_build_object('lines', n, 'gift', true) from generate_series(1, 120) as n;
commit;
begin; select rowtrail.set_actor('bob');
update orders set status = 'paid', total = total + 0.50, doc = doc || '{"paid": true}'
where id in (7, 42);
commit;
begin; select rowtrail.set_actor('ann');
update orders set status = 'sent',
  note = 'Leave it at the back door of the house, and ring twice; the dog does not bite.'
where id = 42;
commit;
update orders set id = 4200 where id = 41;
delete from orders where id = 7;
alter table orders add column weight numeric;
update orders set weight = 1.5 where id = 42;
"""

#: A transaction each.
SEALED = (
    "select rowtrail.seal()",
    "update customers set name = 'Ada Byron' where id = 1",
    "select rowtrail.seal()",
    "select rowtrail.note_verification(now(), 0, 0, 2, 2, 1, '{}', '[]')",
    """select rowtrail.note_verification(now(), 1, 0, 2, 0, 0, '{rows}', '[{
    "part": "seal", "object": "version 4700 of public.orders, key 42",
    "problem": "is not what it was when seal 1 was made, at 2026-11-26 10:02:11.480123+00",
    "mend": "only a superuser can do that: find it in a backup, and ask who could since then",
    "is_fault": true}]')""",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        problem = "there is no Chromium here: apt-get install chromium"
        if os.environ.get("ROWTRAIL_REQUIRE_CHROMIUM"):
            pytest.fail(problem)
        pytest.skip(problem)
    with sync_playwright() as playwright:
        # Its own sandbox does not work as root.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@pytest.fixture
def site(browser: Browser, make_login: Callable[..., Engine]) -> Iterator[Site]:
    """The pages on this test's database, served as `rowtrail serve` does."""
    app = create_app(make_login("web", member_of="rowtrail_reader").url)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)

    def serve() -> None:
        # Its sockets are closed under it at the end.
        with suppress(OSError):
            server.run()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    yield Site(f"http://127.0.0.1:{server.effective_port}", endpoints)
    server.close()
    thread.join(timeout=10)
    with app.app_context():
        database.engine.dispose()


@pytest.fixture
def shop(db: Connection) -> Connection:
    """A superuser's session, in a database with the history of a shop."""
    for statements in (SHOP, *SEALED):
        db.connection.cursor().execute(statements)
    return db


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens a page of the browser; nothing may have gone wrong on it by the end of the test."""
    visits: list[Visit] = []

    def open_page(scheme: str = "light", width: int = 1280) -> Visit:
        context = browser.new_context(
            base_url=site.url,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
        )
        context.set_default_timeout(10_000)  # milliseconds
        visit = Visit(context.new_page(), site)
        visits.append(visit)
        return visit

    yield open_page
    for one in visits:
        one.page.context.close()
    assert [problem for one in visits for problem in one.problems] == []
