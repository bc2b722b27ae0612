"""Signing again what is published already: before it expires, or after the keys changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata

from rosterbus_market.issuing import Issued, Place, own_fingerprint
from rosterbus_market.publishing import current
from rosterbus_market.signing import (
    METADATA,
    require,
    sign_moment,
    sign_targets,
    signatures_of,
    verified,
    versions_of,
    write_roots,
)


def refresh(place: Place, *, targets: bool = False) -> Issued:
    """Sign with the machine's keys that the site is its newest state; `targets` signs its list anew as well.

    Raises SiteRefusedError where the site is not as it was signed, and where the list needs people's signatures.
    """
    with place.keys.alone():
        catalogue = current(place)
        before = versions_of(place.site, place.keys)
        if targets:
            sign_targets(place.site, place.keys, version=before["targets"] + 1)
        else:
            require(
                signatures_of(place.site, place.keys.root.signed), advice="`--targets` signs the list anew"
            )
        write_roots(place.site / METADATA, place.keys)
        sign_moment(place.site, place.keys, versions=before)
        verified(place.site, place.keys.root.signed)
        signed = signatures_of(place.site, place.keys.root.signed)
        return Issued(place.site, catalogue, signed, own_fingerprint(place.keys))


def expiries(site: Path) -> dict[str, datetime]:
    """Until when each role's signature holds."""
    found = {}
    for role in ("root", "targets", "snapshot", "timestamp"):
        metadata: Metadata[Any] = Metadata.from_bytes((site / METADATA / f"{role}.json").read_bytes())
        found[role] = metadata.signed.expires
    return found
