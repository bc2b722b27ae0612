"""The page before axe, with every rule that axe has switched on, best practices too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from rosterbus.reports import Run


def violations(page: Page) -> str:
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_the_page_has_no_violation(
    seen: Callable[..., Page], springfield_run: Callable[..., Run], scheme: str, width: int
):
    page = seen(springfield_run(values=True), color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator("#causes button").first.click()

    assert violations(page) == ""


def test_an_empty_page_has_no_violation(seen: Callable[..., Page], springfield_run: Callable[..., Run]):
    run = springfield_run()

    assert violations(seen(replace(run, deliveries=[], receipts=[], history=[]))) == ""


def test_light_and_dark_differ(seen: Callable[..., Page], springfield_run: Callable[..., Run]):
    pages = [seen(springfield_run(), color_scheme=scheme) for scheme in ("light", "dark")]
    light, dark = (page.evaluate("getComputedStyle(document.body).backgroundColor") for page in pages)

    assert light != dark
