"""The web site of a marketplace: static pages of its catalogue, which ask nobody else for anything."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rosterbus_market.catalogue import Catalogue, Entry, Release
from rosterbus_market.site import wording
from rosterbus_market.site.views import CertificateView, ListedView, facts_of, plugins_of

ASSETS = ("site.css", "site.js")
PAGES = "connectors"


def write_site(catalogue: Catalogue, folder: Path, *, fingerprint: str, location: str) -> None:
    """Write `index.html`, a page for each connector, and the two files that all of them use, into `folder`.

    `fingerprint` is that of the marketplace's root, and `location` where clients find it; both stand in the line that
    people copy. Withdrawn connectors keep their page, which says so.
    """
    pages = _pages()
    (folder / PAGES).mkdir(parents=True, exist_ok=True)
    shared = {"catalogue": catalogue, "fingerprint": fingerprint, "location": location}
    listed = [ListedView.of(entry) for entry in _offered(catalogue)]
    listed.sort(key=lambda one: one.title.casefold())
    _write(folder / "index.html", pages.get_template("index.html").render(root="", listed=listed, **shared))
    for entry in _offered(catalogue):
        release = shown(entry)
        page = pages.get_template("connector.html").render(
            root="../",
            one=ListedView.of(entry),
            entry=entry,
            release=release,
            plugins=plugins_of(release),
            facts=facts_of(release),
            certificates=[CertificateView(one, release) for one in release.attestations],
            **shared,
        )
        _write(folder / PAGES / f"{wording.short(entry)}.html", page)
    for name in ASSETS:
        _write(folder / name, (resources.files(__name__) / "assets" / name).read_text(encoding="utf-8"))


def shown(entry: Entry) -> Release:
    """The release that a page is about: the newest that may be used, else the newest."""
    return entry.newest or entry.releases[0]


def _offered(catalogue: Catalogue) -> list[Entry]:
    return [entry for entry in catalogue.entries if entry.releases and not entry.core]


def _pages() -> Environment:
    pages = Environment(
        loader=PackageLoader("rosterbus_market.site"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "size": wording.size,
        "day": wording.day,
        "short": wording.short,
        "linked": wording.linked,
    }
    pages.globals |= {"ran_by": wording.ran_by, "standing": wording.standing}
    return pages


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
