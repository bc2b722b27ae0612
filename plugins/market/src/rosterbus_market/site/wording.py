"""What the pages call things."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from rosterbus_market.catalogue import Attestation, Entry, Release

KINDS = {
    "source": "Source",
    "destination": "Destination",
    "transport": "Transport",
    "report": "Report format",
    "extension": "Extension",
}
TRANSPORTS = {"sftp": "SFTP", "s3": "S3", "https": "HTTPS", "folder": "Folder", "database": "Database"}
STANDINGS = {
    "certified": "Certified",
    "draft": "Draft",
    "failed": "Failed the suite",
    "": "No certificate",
}


def short(entry: Entry) -> str:
    """The name that people type to install it."""
    return entry.distribution.removeprefix("rosterbus-")


def standing(release: Release) -> str:
    """``certified``, ``draft``, ``failed``, or blank where nobody ran the suite."""
    return release.certificate.standing if release.certificate else ""


def ran_by(one: Attestation) -> str:
    """Who says so, which is not the same as that it is so."""
    if one.ran == "marketplace":
        return f"re-run by this marketplace on {day(one.on)}"
    return f"run by its publisher, taken in on {day(one.on)}"


def day(iso: str) -> str:
    """A day as people write it in a sentence, the same in every country."""
    moment = date.fromisoformat(iso[:10])
    return f"{moment.day} {moment:%B %Y}"


def size(count: int) -> str:
    """Bytes in a unit that is easy to compare."""
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def linked(address: str) -> bool:
    """Whether an address may be a link: of the web, and nothing that runs when it is followed."""
    return urlsplit(address).scheme in ("http", "https")
