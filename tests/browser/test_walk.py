"""A person finds who changed an order, from what to what, and how it was before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection
from visits import Visit

Open = Callable[..., Visit]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_from_the_tables_to_an_export(
    shop: Connection, visit: Open, tmp_path: Path, scheme: str, width: int
) -> None:
    page = visit(scheme, width).page
    page.goto("/")
    page.get_by_role("link", name="public.orders").first.click()
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("textbox", name="Actor").fill("ann")
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**actor=ann**")
    assert page.locator(".change .actor").all_inner_texts() == ["ann"] * 50

    page.locator("#key").fill("42")
    page.keyboard.press("Enter")
    page.wait_for_url("**/row?key=42")
    newest = page.locator(".change").first
    assert "weight" in newest.inner_text()
    # Words and paths, not whole values.
    assert page.locator(".change .words ins").first.inner_text().strip() == "back"
    assert page.locator(".change .paths .path").first.inner_text() == "paid"

    versions = page.locator(".change:has(input[name='a'])")
    versions.last.locator("input[name='a']").check()
    page.get_by_role("button", name="Compare the two chosen versions").click()
    compared = page.locator("table.compared")
    assert "42.50" in compared.inner_text()
    page.go_back()

    page.get_by_role("link", name="The row as it was").click()
    page.get_by_role("link", name="Before this change").click()
    page.get_by_role("link", name="Before this change").click()
    assert "paid" in page.locator("dl.then").inner_text()
    page.go_back()
    page.go_back()
    page.go_back()

    page.locator(".change").nth(3).get_by_role("link", name="transaction").click()
    page.wait_for_url("**/transactions/**")
    assert page.locator(".change").count() == 2

    page.goto("/tables/2?actor=bob")
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON Lines").click()
    file = tmp_path / "export.jsonl"
    download.value.save_as(file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["operation"], line["row_key"]) for line in lines] == [
        ("update", "7"),
        ("update", "42"),
    ]


def test_the_keys_go_from_change_to_change(shop: Connection, visit: Open) -> None:
    page = visit().page
    page.goto("/tables/2")
    focused = "document.activeElement.id || document.activeElement.tagName"
    ids = [one.get_attribute("id") for one in page.locator(".change").all()]
    page.keyboard.press("j")
    assert page.evaluate(focused) == ids[0]
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == ids[2]
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.evaluate(focused) == ids[0]
    outline = page.locator(f"#{ids[0]}").evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/row?key=42")
    page.keyboard.press("/")
    page.wait_for_url("**/search")
    page.keyboard.press("/")
    page.keyboard.type("j/?k")
    assert page.locator("input[name='q']").input_value() == "j/?k"
    assert not page.locator("#keys").is_visible()


def test_the_keys_can_be_switched_off_and_on(shop: Connection, visit: Open) -> None:
    page = visit().page
    page.goto("/tables/2")
    page.get_by_role("link", name="Changes").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.is_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Changes"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("?")
        assert not dialog.is_visible()
        assert page.locator(".change:focus").count() == 0
        page.reload()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("j")
    assert page.locator(".change:focus").count() == 1
