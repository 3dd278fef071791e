"""Each page, in light and dark, wide and narrow: it fits, everybody can use it, nothing hides."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy import Connection, text
from visits import Site, Visit

Open = Callable[..., Visit]

#: Of each page one that has much on it, by its name in Flask. A new page has to be added.
PLACES = {
    "pages.start": "/",
    "pages.tables": "/tables",
    "pages.table": "/tables/2?op=update",
    "pages.changes": "/changes?value=42",
    "pages.row": "/tables/2/row?key=42",
    "pages.related": "/tables/1/related?key=1",
    "pages.compare": "/tables/2/compare?a={oldest}&b={newest}",
    "pages.as_of": "/tables/2/as-of",
    "pages.transaction": "/transactions/1-{xid}",
    "pages.actor": "/actor?name=ann",
    "pages.search": "/search?q=42",
    "pages.version": "/tables/2/versions/{newest}",
    "pages.integrity": "/integrity",
}

#: Other states of these pages.
MORE = [
    "/tables/2",
    "/tables/2/row?key=4200",
    "/tables/2/row?key=7",
    "/tables/2/as-of?key=42",
    "/tables/2?actor=nobody+of+this+name",
    "/search",
    "/tables?sort=activity",
    "/integrity?before=2",
]

#: These give no page, and neither do the places of the API.
NO_PAGES = {"static", "pages.health", "pages.metrics", "pages.table_export", "pages.changes_export"}
API = ("api.", "v1.")

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: How many pixels of the page are beside the window.
SCROLLS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

#: Of what repeats, the first of its kind say enough.
REPEATED = ".change:nth-child(n + 9), tbody tr:nth-child(n + 9)"


def filled(db: Connection, place: str) -> str:
    """The place, with the versions and the transaction of the order 42."""
    [(oldest, newest, xid)] = db.execute(
        text("select min(id), max(id), max(xid::text) from rowtrail.versions where row_key = '42'")
    )
    return place.format(oldest=oldest, newest=newest, xid=xid)


def test_each_page_is_among_those_that_are_looked_at(site: Site) -> None:
    pages = {one for one in site.endpoints if not one.startswith(API)}
    assert pages - NO_PAGES == PLACES.keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_each_page_fits_and_everybody_can_use_it(
    shop: Connection, visit: Open, scheme: str, width: int
) -> None:
    page = visit(scheme, width).page
    faults = []
    for place in [*PLACES.values(), *MORE]:
        page.goto(filled(shop, place))
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        if page.evaluate(SCROLLS):
            faults.append(f"{place} is wider than {width} pixels")
        faults += [f"{place}: {said}" for said in problems_of(page)]
    assert faults == []
    page.goto(filled(shop, PLACES["pages.row"]))
    page.get_by_role("button", name="Keys").click()
    assert problems_of(page) == []


def problems_of(page: Page) -> list[str]:
    """What axe finds on the page: the rule, and the elements that break it."""
    found = Axe().run(
        page,
        context={"exclude": [[REPEATED]]},
        options={"runOnly": WCAG, "resultTypes": ["violations"]},
    )
    return [
        f"{rule['id']}: {', '.join(node['html'][:120] for node in rule['nodes'])}"
        for rule in found.response["violations"]
    ]


def test_an_error_is_a_page_that_everybody_can_use(shop: Connection, visit: Open) -> None:
    one = visit()
    one.page.goto("/tables/99")
    assert "no table has the number 99" in one.page.locator("main").inner_text()
    assert problems_of(one.page) == []
    # That it is an error is said twice: by the answer and on the console.
    assert [problem for problem in one.problems if "404" not in problem] == []
    assert len(one.problems) == 2
    one.problems.clear()


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_a_wide_table_with_long_names_and_keys_fits(
    db: Connection, visit: Open, width: int
) -> None:
    columns = ", ".join(f"the_column_number_{n} text" for n in range(60))
    for statement in (
        f"create table wide (key text primary key, {columns})",
        "select rowtrail.track('wide')",
        "insert into wide (key, the_column_number_1) "
        "values (repeat('a-long-key/', 60), repeat('x', 1000000))",
        "update wide set the_column_number_5 = repeat('w', 300), the_column_number_7 = ''",
    ):
        db.execute(text(statement))
    page = visit(width=width).page
    for place in ("/tables", "/tables/1", "/tables/1/as-of", "/search"):
        page.goto(place)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate(SCROLLS) == 0, place
        assert problems_of(page) == [], place
        # No word of the head is broken.
        for word in page.locator(".top a").all():
            assert word.evaluate("one => one.offsetHeight") < 40, word.inner_text()
    # On paper no column is beyond the edge.
    page.goto("/tables/1/as-of")
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate(SCROLLS) == 0
    assert page.locator(".rows td").last.is_visible()


HOSTILE = (
    """<script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\u200b\x07 javascript:x"""
)


def test_hostile_content_is_text_everywhere(
    db: Connection, visit: Open, make_login: Callable[..., Any]
) -> None:
    name = f'we"ird/{HOSTILE[:30]}'.replace('"', '""')
    cursor = db.connection.cursor()
    cursor.execute(f"""create table "{name}" (id text primary key, "{name}" text, big text)""")
    cursor.execute("select rowtrail.track(%s)", (f'"{name}"',))
    cursor.execute("select set_config('rowtrail.actor', %s, false)", (HOSTILE,))
    cursor.execute(
        "select set_config('rowtrail.context', %s, false)", (f'{{"reason": "{HOSTILE[:20]}"}}',)
    )
    for key in (HOSTILE, "=1+1", "javascript:alert(3)", "../../x?y#z%00"):
        cursor.execute(
            f'insert into "{name}" values (%s, %s, repeat(%s, 100000))', (key, HOSTILE, "<b>x</b>y")
        )
        cursor.execute(f'update "{name}" set "{name}" = %s where id = %s', ("=cmd()", key))
    page = visit(width=360).page

    def look(place: str) -> None:
        page.goto(place)
        assert_nothing_hides(page)

    cursor.execute(f'alter table "{name}" disable trigger all')
    cursor.execute(
        "select rowtrail.note_verification(now(), 1, 0, 0, 1, 0, '{}', jsonb_build_array("
        "jsonb_build_object('part', 'rows', 'object', %(it)s, 'problem', %(it)s, 'mend', %(it)s,"
        " 'is_fault', true)))",
        {"it": HOSTILE},
    )
    for place in ("/tables", "/changes", "/search", "/tables/1/as-of", "/integrity"):
        look(place)
    assert page.locator(".findings bdi", has_text="<script>alert(1)</script>").count() >= 3
    look("/tables/1")
    links = {link.get_attribute("href") or "" for link in page.locator(".change .subject a").all()}
    assert len(links) == 4
    for link in sorted(links):
        look(link)
        assert page.locator(".change").count() == 2
        ids = [one.get_attribute("value") for one in page.locator("input[name='a']").all()]
        look(f"/tables/1/compare?a={ids[0]}&b={ids[1]}")
        for other in ("related", "as-of"):
            look(link.replace("/row?", f"/{other}?"))
        look(link.replace("/tables/1/row?key=", "/search?q="))
        assert page.locator(".hits li").count() >= 1
    look("/tables/1")
    page.locator(".change .actor a").first.click()
    page.wait_for_url("**actor=**")
    # What hides in the actor's name was taken out when it was recorded; the rest is text.
    assert "<script>alert(1)</script>" in page.locator(".change .actor").first.inner_text()
    assert_nothing_hides(page)
    page.locator(".change .links a").first.click()
    page.wait_for_url("**/transactions/**")
    assert_nothing_hides(page)


def assert_nothing_hides(page: Page) -> None:
    """No text of the page turns the direction of writing or is invisible; no script is foreign."""
    visible = page.locator("html").evaluate("page => page.textContent")
    assert not set("\u202e\u200b\x07") & set(visible)
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 1


def test_what_is_printed_is_whole_and_says_where_it_is_from(shop: Connection, visit: Open) -> None:
    page = visit().page
    page.goto("/tables/2/row?key=42")
    page.emulate_media(media="print")
    assert page.locator(".printed").is_visible()
    assert "/tables/2/row?key=42" in page.locator(".printed").inner_text()
    for hidden in ("footer", ".top-links", ".links", ".choose", ".compare"):
        assert not page.locator(hidden).first.is_visible(), hidden
    # What is folded on the screen is printed.
    assert page.locator("table.origins td").first.is_visible()


def test_each_page_is_whole_without_javascript(shop: Connection, visit: Open, site: Site) -> None:
    browser = visit().page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto("/tables/2/row?key=42")
    assert page.locator(".change").count() == 5
    assert not page.locator("#keys").is_visible()
    assert not page.locator("#keys-button").is_visible()
    page.get_by_role("button", name="Compare the two chosen versions").click()
    assert "/compare?" in page.url
    context.close()
