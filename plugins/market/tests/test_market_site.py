"""The web site of a marketplace in a browser: found, read and filtered by everybody, and nobody else asked."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rosterbus.cards import ConnectorCard
from rosterbus.certificates import Certificate, TestOutcome
from rosterbus_market.catalogue import Attestation, Catalogue, Entry, Release, Withdrawal
from rosterbus_market.site import write_site
from rosterbus_market.telling import shown_lines

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
EVIL = "<img src=x onerror=alert(1)>"
LAYOUT = {
    "file": "students.csv",
    "rows": "students",
    "absence": "what is missing from the file stays as the vendor has it",
    "source": "the vendor's page",
    "columns": [
        {
            "column": f"Column {number}",
            "source": f"direct: column_{number}",
            "required": "yes",
            "limits": "at most 20 characters",
            "rule": "the vendor's own page",
            "note": "",
        }
        for number in range(12)
    ],
}
RULE = {"sentence": "a file is at most 2 MB", "severity": "refuse", "source": "the vendor's page"}
SETTING = {"name": "host", "type": "text", "required": True, "default": None, "about": "the server's name"}
ANSWER = {"behaviour": "a file is taken once", "known": "published", "source": "the vendor's page"}
CARD = ConnectorCard(
    title="Acme",
    kind=("destination",),
    system="Acme Learning",
    maturity="draft",
    pages=("https://vendor.example.org/rosters", "javascript:alert(1)"),
    hosts=("{host}:{port}",),
    guarantee="conditional put: delivered once",
    absence="students are kept",
    maintainers=("ann@example.org",),
    unknown=("how long a job takes: `overdue_hours`",),
    transports=("sftp",),
)


def released(name: str, *, card: ConnectorCard = CARD, version: str = "1.0.0") -> Release:
    plugin = f"{card.kind[0]}:{name}"
    outcomes = [
        TestOutcome(f"{plugin}::test_whole", "Nothing the vendor can read is half a file.", "passed"),
        TestOutcome(
            f"{plugin}::test_cut",
            "A cut network ends in a sentence.",
            "waived",
            "the vendor keeps no port open",
        ),
    ]
    described = {
        plugin: {"layouts": [LAYOUT], "rules": [RULE], "settings": [SETTING], "answers": [ANSWER]},
    }
    wheel, digest = f"rosterbus_{name}-{version}-py3-none-any.whl", f"{len(name):x}" * 64
    certificate = Certificate(
        distribution=f"rosterbus-{name}",
        version=version,
        plugins=[plugin],
        wheel=wheel,
        sha256=digest[:64],
        suite="0.1.0",
        api=1,
        standing="draft",
        because=["its rules name no page"],
        outcomes=outcomes,
        described=described,
    )
    return Release(
        version=version,
        wheel=wheel,
        sha256=digest[:64],
        size=23_456,
        published="2026-11-20",
        api=1,
        core_floor="0.1.0",
        requires_python=">=3.11",
        requires=("rosterbus>=0.1.0",),
        entry_points={plugin: f"rosterbus_{name}"},
        card=card,
        content="0" * 64,
        description=f"Deliver a roster to {card.title}",
        changes="### Added\n\n- The first release.",
        attestations=(Attestation(certificate, "publisher", "2026-11-21"),),
    )


@pytest.fixture
def catalogue() -> Catalogue:
    acme = released("acme")
    better = replace(acme.attestations[0], ran="marketplace", on="2026-11-22")
    sis = released(
        "sis", card=replace(CARD, title="Some SIS", kind=("source",), transports=("folder", "https"))
    )
    bare = replace(released("bare", card=replace(CARD, title="Bare", maturity="stable")), attestations=())
    gone = released("gone", card=replace(CARD, title="Gone"))
    older = released("acme", version="0.9.0")
    withdrawn = Withdrawal("It sent passwords where nobody asked for them.", "2026-11-22")
    return Catalogue(
        "Springfield connectors",
        "2026-11-22T03:00:00+00:00",
        (
            Entry("rosterbus-acme", (replace(acme, attestations=(*acme.attestations, better)), older)),
            Entry("rosterbus-sis", (sis,)),
            Entry("rosterbus-bare", (bare,)),
            Entry("rosterbus-gone", (replace(gone, withdrawn=withdrawn),)),
            Entry("rosterbus", (released("core"),), core=True),
        ),
    )


@pytest.fixture
def site(catalogue: Catalogue, tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    write_site(catalogue, folder, fingerprint="c0ffee" * 10, location="https://connectors.example.org/")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def seen(browser: Browser, site: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of the site from the disk; whatever it says or asks for elsewhere fails the test."""
    said: list[str] = []
    pages: list[Page] = []

    def see(path: str = "index.html", **options: object) -> Page:
        page = browser.new_page(**options)  # type: ignore[arg-type]
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on(
            "request",
            lambda request: said.append(request.url) if not request.url.startswith("file:") else None,
        )
        page.goto((site / path).as_uri())
        return page

    yield see
    for page in pages:
        page.close()
    assert said == []


def shown(page: Page) -> list[str]:
    return [row.inner_text() for row in page.locator(".listed > li:visible h3 a").all()]


def test_the_list_has_every_connector_and_not_the_core(seen: Callable[..., Page]):
    page = seen()

    assert shown(page) == ["Acme", "Bare", "Gone", "Some SIS"]
    expect(page.get_by_role("status")).to_have_text("4 connectors")
    assert "c0ffee" in page.locator("#trust").inner_text()


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("System", "Acme Learning", ["Acme", "Bare", "Gone", "Some SIS"]),
        ("Kind", "Source", ["Some SIS"]),
        ("Transport", "HTTPS", ["Some SIS"]),
        ("Certificate", "No certificate", ["Bare"]),
        ("Maturity", "stable", ["Bare"]),
    ],
)
def test_the_list_is_filtered(seen: Callable[..., Page], field: str, value: str, left: list[str]):
    page = seen()

    page.get_by_label(field).select_option(value)

    assert shown(page) == left


def test_a_search_is_kept_in_the_address_and_can_be_cleared(seen: Callable[..., Page], site: Path):
    page = seen()
    page.get_by_label("Search").fill("acme https")

    assert shown(page) == ["Some SIS"]
    assert page.url.endswith("?q=acme+https")
    page.reload()
    assert shown(page) == ["Some SIS"]
    expect(page.get_by_role("status")).to_have_text("1 of 4 connectors")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status")).to_have_text("4 connectors")
    page.get_by_label("Search").fill("nobody makes this")
    assert page.get_by_text("Nothing here answers").is_visible()


def test_a_page_is_reached_and_read_with_the_keyboard_alone(seen: Callable[..., Page]):
    page = seen()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("Search").focus()
    page.keyboard.type("acme sftp destination")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Acme":
            break
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")
    page.get_by_text("Every test and how it ended").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("the vendor keeps no port open").first.is_visible()


def test_a_connector_answers_in_a_minute_what_leaves_whither_how_often_and_who_says_so(
    seen: Callable[..., Page],
):
    facts = seen("connectors/acme.html").locator(".facts").inner_text()

    for fact in (
        "12 columns of students in students.csv",
        "{host}:{port}",
        "delivered once",
        "students are kept",
        "how long a job takes",
        "1 test of the conformance suite passed, 1 waived with a reason",
        "re-run by this marketplace on 22 November 2026",
    ):
        assert fact in facts


def test_a_page_has_columns_rules_settings_certificates_and_versions(seen: Callable[..., Page]):
    page = seen("connectors/acme.html")
    text = page.locator("main").inner_text()

    assert page.get_by_role("region", name="Columns of students.csv").locator("tbody tr").count() == 12
    for part in (
        "a file is at most 2 MB",
        "the server's name",
        "its rules name no page",
        "0.9.0",
        "The first release.",
    ):
        assert part in text
    assert "run by its publisher, taken in on 21 November 2026" in text
    assert "nothing keeps it from reaching others" in text
    assert page.locator("a[href^=javascript]").count() == 0


def test_what_was_withdrawn_says_why_and_cannot_be_installed_from_its_page(seen: Callable[..., Page]):
    page = seen("connectors/gone.html")

    assert "It sent passwords where nobody asked for them." in page.locator(".masthead").inner_text()
    assert page.locator("#install").count() == 0


def test_without_a_script_the_whole_list_stands_there(seen: Callable[..., Page]):
    page = seen(java_script_enabled=False)

    assert shown(page) == ["Acme", "Bare", "Gone", "Some SIS"]
    assert not page.get_by_role("search").is_visible()


def test_what_a_publisher_wrote_is_text_and_never_markup(
    seen: Callable[..., Page], site: Path, catalogue: Catalogue
):
    [release] = catalogue.entries[1].releases
    card = replace(release.card, title=EVIL, system=EVIL, guarantee=EVIL, hosts=(EVIL,), maintainers=(EVIL,))
    outcomes = [
        replace(one, promise=EVIL, reason=EVIL) for one in release.attestations[0].certificate.outcomes
    ]
    described = {"source:sis": {"layouts": "none", "settings": [EVIL]}}
    certificate = replace(release.attestations[0].certificate, outcomes=outcomes, described=described)
    evil = replace(
        release,
        card=card,
        description=EVIL,
        changes=EVIL,
        requires=(EVIL,),
        attestations=(Attestation(certificate, "publisher", "2026-11-21"),),
    )
    write_site(
        replace(catalogue, entries=(Entry("rosterbus-sis", (evil,)),)), site, fingerprint="f", location=EVIL
    )

    for path in ("index.html", "connectors/sis.html"):
        page = seen(path)
        assert page.locator("img").count() == 0
        assert EVIL in page.locator("body").inner_text()


@pytest.mark.parametrize(
    "path", ["index.html", "connectors/acme.html", "connectors/gone.html", "connectors/bare.html"]
)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_has_an_obstacle_that_axe_finds(
    seen: Callable[..., Page], path: str, scheme: str, width: int
):
    page = seen(path, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    # Preloading asks for the style sheets once more, which the pages forbid everybody.
    results = Axe().run(page, options={"preload": False})

    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_web_server_serves_it_as_it_is(browser: Browser, site: Path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page, asked, said = browser.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_port}/?kind=Source")
        assert shown(page) == ["Some SIS"]
        page.close()
        server.shutdown()
    assert said == []
    assert len(asked) == 3
    assert {one.split("/")[2] for one in asked} == {f"127.0.0.1:{server.server_port}"}


def test_the_same_catalogue_gives_the_same_pages(catalogue: Catalogue, site: Path, tmp_path: Path):
    again = tmp_path / "again"
    again.mkdir()
    write_site(catalogue, again, fingerprint="c0ffee" * 10, location="https://connectors.example.org/")

    pages = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert pages == {
        path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()
    }


NONSENSE = (
    [],
    {},
    "x" * 500_000,
    7,
    None,
    [None],
    [[]],
    ["x"],
    [{}] * 3_000,
    {"a": 1},
    -1.5,
    True,
    [{"rules": 1}],
)


PARTS = ("settings", "layouts", "columns", "rules", "answers", "rows", "file", "default")


def describing(name: str, described: dict[str, Any]) -> Entry:
    """A connector whose publisher's certificate describes it so."""
    release = released(name)
    certificate = replace(release.attestations[0].certificate, described={f"destination:{name}": described})
    said = Attestation(certificate, "publisher", "2026-11-21")
    return Entry(f"rosterbus-{name}", (replace(release, attestations=(said,)),))


def test_whatever_a_certificate_describes_there_is_a_page(tmp_path: Path):
    entries = [
        describing(
            f"{part}{number}",
            {"layouts": [{**LAYOUT, part: value}], "settings": [{**SETTING, part: value}], part: value},
        )
        for part in PARTS
        for number, value in enumerate(NONSENSE)
    ]

    write_site(Catalogue("Ours", "2026-11-22", tuple(entries)), tmp_path, fingerprint="c0", location="x")
    pages = list((tmp_path / "connectors").iterdir())
    assert len(pages) == len(PARTS) * len(NONSENSE)
    assert max(page.stat().st_size for page in pages) < 2_000_000
    assert all(list(shown_lines(entry, entry.releases[0])) for entry in entries)


def test_a_part_that_is_missing_leaves_its_place_blank_and_a_long_table_says_what_it_leaves_out(
    tmp_path: Path,
):
    columns = [{"column": f"Column {number}"} for number in range(1_500)]
    entry = describing("acme", {"layouts": [{"file": "students.csv", "columns": columns}]})

    write_site(Catalogue("Ours", "2026-11-22", (entry,)), tmp_path, fingerprint="c0", location="x")
    page = (tmp_path / "connectors" / "acme.html").read_text(encoding="utf-8")
    assert "Column 999<" in page
    assert "Column 1000<" not in page
    assert "and 500 more, which are in the certificate" in page
