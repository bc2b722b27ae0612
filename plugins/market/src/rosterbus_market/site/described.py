"""What a publisher's certificate says of a plugin, made into what a page can show: it may say anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 2_000
"""Characters of one text on a page."""
MOST = 1_000
"""Rows of one table on a page."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    "settings": ("name", "type", "about"),
    "layouts": ("file", "rows", "absence", "source"),
    "columns": ("column", "source", "required", "limits", "rule", "note"),
    "rules": ("sentence", "severity", "source"),
    "answers": ("behaviour", "known", "source"),
}
"""The texts of each row that a page reads, the one first by which it is known."""


def described(said: Mapping[str, Any]) -> dict[str, Any]:
    """Every part that a page reads, empty where it was not said or is of another type."""
    return {
        "settings": [{**row, **_default(raw)} for row, raw in _rows(said, "settings")],
        "layouts": [
            {
                **row,
                "columns": [one for one, _ in _rows(raw, "columns")],
                "rules": [one for one, _ in _rows(raw, "rules")],
            }
            for row, raw in _rows(said, "layouts")
        ],
        "rules": [one for one, _ in _rows(said, "rules")],
        "answers": [one for one, _ in _rows(said, "answers")],
    }


def _rows(said: Mapping[str, Any], part: str) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The rows of a part with their texts, each beside what was said; a last one tells of those left out."""
    found = said.get(part)
    raws = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    names = _PARTS[part]
    rows: list[tuple[dict[str, Any], Mapping[str, Any]]] = [
        ({name: _text(raw.get(name)) for name in names}, raw) for raw in raws[:MOST]
    ]
    if len(raws) > MOST:
        rest = f"and {len(raws) - MOST:,} more, which are in the certificate"
        rows.append(({**dict.fromkeys(names, ""), names[0]: rest}, {}))
    return rows


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value if len(value) <= LONGEST else f"{value[:LONGEST]} (cut at {LONGEST:,} characters)"


def _default(raw: Mapping[str, Any]) -> dict[str, Any]:
    default = raw.get("default")
    if len(json.dumps(default)) > LONGEST:
        default = "(too long for a page)"
    return {"required": raw.get("required") is True, "default": default}
