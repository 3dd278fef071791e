"""Makes the pictures of the documents, by a small shop of its own: `make pictures`.

It needs Chromium, and reads nothing but what it makes: an embedded server, a history, the pages.
"""

import shutil
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import create_engine, text
from waitress import create_server

from rowtrail import create_app, schema
from rowtrail.embedded.server import Server

FOLDER = Path(__file__).parent

SHOP = """
create table customers (id int primary key, name text, email text);
create table orders (
  id int primary key, customer int references customers, status text, total numeric(10,2),
  note text, delivery jsonb);
create table lines (
  order_id int references orders on delete cascade, line int, article text, pieces int,
  primary key (order_id, line));
select rowtrail.track('customers');
select rowtrail.track('orders');
select rowtrail.track('lines');

begin; select rowtrail.set_actor('shop', context => '{"request": "r-8812"}');
insert into customers values
  (1, 'Ada Byron', 'ada@example.org'), (2, 'Grace Hopper', 'grace@example.org');
insert into orders values
  (41, 2, 'new', 18.00, null, '{"by": "post", "express": false}'),
  (42, 1, 'new', 129.00, 'Please leave it at the door of the house, and ring twice.',
    '{"by": "courier", "express": false}');
insert into lines values (41, 1, 'Tea', 2), (42, 1, 'Kettle', 1), (42, 2, 'Tea', 3);
commit;
begin; select rowtrail.set_actor('shop', context => '{"request": "r-9004"}');
update orders set status = 'paid' where id in (41, 42);
commit;
begin; select rowtrail.set_actor('alice', reason => 'ticket 4711: the customer called');
update orders set note = 'Please leave it at the back door of the house, and ring twice.',
  delivery = '{"by": "courier", "express": true}', total = 139.00 where id = 42;
update lines set pieces = 2 where order_id = 42 and line = 2;
commit;
begin; select rowtrail.set_actor('bob', reason => 'monthly clean-up');
update orders set status = 'cancelled';
commit;
begin; select rowtrail.set_actor('alice', reason => 'ticket 4730: not that one');
update orders set status = 'paid' where id = 42;
commit;
"""


def main() -> int:
    """Makes them all; gives the exit status."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("pictures: there is no Chromium here; install it: apt-get install chromium")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        with Server(Path(folder) / "server") as server:
            engine = create_engine(server.url())
            schema.upgrade(engine)
            with engine.connect() as connection:
                connection.connection.driver_connection.autocommit = True  # type: ignore[union-attr]
                connection.connection.cursor().execute(SHOP)
                # The transaction of the clean-up, and the versions of the order 42.
                xid, oldest, newest = connection.execute(
                    text(
                        "select (select xid::text from rowtrail.versions where actor = 'bob' "
                        "limit 1), min(id), max(id) from rowtrail.versions "
                        "where table_id = 2 and row_key = '42'"
                    )
                ).one()
            places = {
                "row": "/tables/2/row?key=42",
                "row-dark": "/tables/2/row?key=42",
                "feed": "/tables/2?column=status&from=paid",
                "compare": f"/tables/2/compare?a={oldest}&b={newest}",
                "as-of": f"/tables/2/as-of?transaction=1-{xid}",
                "actor": "/actor?name=alice",
                "transaction": f"/transactions/1-{xid}",
            }
            pages = create_server(create_app(server.url()), host="127.0.0.1", port=0)
            threading.Thread(target=pages.run, daemon=True).start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium)
                for name, place in places.items():
                    page = browser.new_page(
                        base_url=f"http://127.0.0.1:{pages.effective_port}",
                        color_scheme="dark" if name.endswith("-dark") else "light",
                        viewport={"width": 1080, "height": 720},
                    )
                    page.goto(place)
                    shoot(page, FOLDER / "pictures" / f"{name}.png")
                browser.close()
            engine.dispose()
    return 0


def shoot(page: Page, file: Path) -> None:
    """Makes the picture of a page's content."""
    file.parent.mkdir(exist_ok=True)
    bottom = page.locator("main").bounding_box()
    height = 900.0 if bottom is None else min(bottom["y"] + bottom["height"], 900)
    page.screenshot(
        path=file, clip={"x": 0, "y": 0, "width": 1080, "height": height}, full_page=True
    )
    print(f"{file.relative_to(FOLDER)}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
