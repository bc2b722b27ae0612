"""Compares what a catalogue says of a wheel with the wheel: a person is shown the one and gets the other."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from rosterbus_market.catalogue import Release
from rosterbus_market.examining import Examined
from rosterbus_market.refusals import SiteRefusedError

_SHOWN = (
    "card",
    "requires",
    "entry_points",
    "api",
    "core_floor",
    "requires_python",
    "description",
    "content",
)


def refuse_other_words(release: Release, examined: Examined) -> None:
    """Raise SiteRefusedError where the catalogue says of a release what its wheel does not."""
    said = _plain(release)
    own = _plain(examined.release(published=release.published))
    for key in _SHOWN:
        if said[key] != own[key]:
            wrong = f"the catalogue says something else of {release.wheel} than the wheel itself (`{key}`)"
            raise SiteRefusedError(f"{wrong}; tell the marketplace's maintainers")
    for one in release.attestations:
        if one.certificate.sha256 != release.sha256:
            wrong = f"the catalogue shows a certificate of another wheel for {release.wheel}"
            raise SiteRefusedError(f"{wrong}; tell the marketplace's maintainers")


def _plain(release: Release) -> dict[str, Any]:
    """As JSON has it, which knows no tuples."""
    plain: dict[str, Any] = json.loads(json.dumps({key: asdict(release)[key] for key in _SHOWN}))
    return plain
