"""The page of the demo's run before axe and before somebody new: no violation, and two clicks to who and why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, demo, request) -> Iterator[Page]:
    context = browser.new_context(color_scheme=request.param)
    page = context.new_page()
    page.goto((Path(demo.said.json["report"]) / "report.html").as_uri())
    yield page
    context.close()


def test_the_page_of_the_demo_has_no_violation(page):
    results = Axe().run(page)

    assert results.violations_count == 0, results.generate_report()


def test_two_clicks_lead_to_the_rejected_students_and_why(page, demo):
    receipt = next(one for one in demo.said.json["receipts"] if one["delivery"] == "handshake")
    rejected = receipt["counts"]["students"]["rejected"]

    page.get_by_role("link", name=f"{rejected} rejected: which, and why").first.click()
    page.locator("#causes button").first.click()

    rows = page.locator("#rows tr")
    assert 0 < rows.count() <= 50
    assert rows.first.inner_text().count("\t") >= 3
