"""What a changelog in the form of Keep a Changelog says of one version."""

from __future__ import annotations

import re

from rosterbus_market.examining.archive import Archive

_LONGEST = 20_000
"""Characters of one version's changes; what is longer is no summary for people."""


def changes_of(archive: Archive, path: str, *, version: str) -> str:
    """The lines below the heading of `version`, blank where the wheel ships no changelog or it has no such heading."""
    if path not in archive.digests:
        return ""
    text = archive.read(path).decode("utf-8", errors="backslashreplace")
    heading = re.compile(rf"^## \[?v?{re.escape(version)}\]?(?:[ \t].*)?$", re.MULTILINE)
    if (start := heading.search(text)) is None:
        return ""
    following = re.compile(r"^## ", re.MULTILINE).search(text, start.end())
    lines = text[start.end() : following.start() if following else len(text)].strip()
    return lines if len(lines) <= _LONGEST else f"{lines[:_LONGEST]}\n(cut at {_LONGEST:,} characters)"
