"""How a catalogue is written: what it says becomes paths, pages and lines for uv before any wheel is examined.

Signatures say who wrote it, and not that they meant well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rosterbus.cards import card_of
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT

_DISTRIBUTION = re.compile(rf"{PROJECT}(?:-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 100_000
"""Characters of one text."""


def check_shape(values: Any) -> None:
    """Raise ConfigError for the first thing that no marketplace writes."""
    _must("title", _is_text(values.get("title")), values.get("title"))
    _check("built", values.get("built"), _is_day)
    seen: set[str] = set()
    for entry in _listed("entries", values.get("entries")):
        _check("distribution", entry.get("distribution"), _is_distribution)
        name = str(entry["distribution"])
        _must("distribution", name not in seen, f"{name} twice")
        _must("core", entry.get("core") is (name == PROJECT), entry.get("core"))
        seen.add(name)
        releases = _listed("releases", entry.get("releases"))
        _must("releases", bool(releases), "none")
        for release in releases:
            _check_release(name, release)
        versions = [one["version"] for one in releases]
        _must("releases", len(set(versions)) == len(versions), versions)


def _check_release(name: str, release: Mapping[str, Any]) -> None:
    for key, right in _OF_RELEASES.items():
        _check(key, release.get(key), right)
    expected = f"{name.replace('-', '_')}-{release['version']}-py3-none-any.whl"
    _must("wheel", release.get("wheel") == expected, release.get("wheel"))
    if name != PROJECT:
        card_of(dict(_table("card", release.get("card"))), file=expected)
    if (gone := release.get("withdrawn")) is not None:
        _must("withdrawn", set(_table("withdrawn", gone)) == {"reason", "on"}, sorted(gone))
        _must("reason", _is_text(gone["reason"]), gone["reason"])
        _check("on", gone["on"], _is_day)
    for said in _listed("attestations", release.get("attestations")):
        _must("ran", said.get("ran") in ("publisher", "marketplace"), said.get("ran"))
        _check("on", said.get("on"), _is_day)


def _check(key: str, value: Any, right: Callable[[Any], bool]) -> None:
    try:
        holds = right(value)
    except (ValueError, TypeError, AttributeError):
        holds = False
    _must(key, holds, value)


def _must(key: str, holds: bool, found: Any) -> None:
    if not holds:
        wrong = "the catalogue is refused: it says something that no marketplace writes"
        raise ConfigError(wrong, key=key, found=ascii(found)[:80])


def _listed(key: str, value: Any) -> list[Mapping[str, Any]]:
    _must(key, isinstance(value, list), type(value).__name__)
    return [_table(key, one) for one in value]


def _table(key: str, value: Any) -> Mapping[str, Any]:
    _must(key, isinstance(value, dict), type(value).__name__)
    table: Mapping[str, Any] = value
    return table


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _is_distribution(value: Any) -> bool:
    return _DISTRIBUTION.fullmatch(value) is not None


def _is_day(value: Any) -> bool:
    return bool(date.fromisoformat(value[:10]))


def _is_version(value: Any) -> bool:
    return f"{Version(value)}" == f"{value}"


def _are_requirements(value: Any) -> bool:
    return isinstance(value, list) and all(one.isprintable() and not Requirement(one).url for one in value)


def _are_points(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


_OF_RELEASES: Mapping[str, Callable[[Any], bool]] = {
    "version": _is_version,
    "sha256": lambda value: _SHA256.fullmatch(value) is not None,
    "size": _is_count,
    "published": _is_day,
    "api": _is_count,
    "core_floor": lambda value: value == "" or bool(Version(value)),
    "requires_python": lambda value: SpecifierSet(value) is not None,
    "requires": _are_requirements,
    "entry_points": _are_points,
    "content": lambda value: _SHA256.fullmatch(value) is not None,
    "description": _is_text,
    "changes": _is_text,
}
