"""The manifest of a package, read leniently: what it says of each file, and what is odd about it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rosterbus.findings import Finding

from rosterbus_oneroster.standard import SOURCE, standard_name

MODES = ("absent", "bulk", "delta")
VERSIONS = ("1.0", "1.1", "1.2")


@dataclass(frozen=True)
class Manifest:
    """What a package says of itself. `modes` holds absent, bulk or delta by the standard's file name."""

    version: str = ""
    system: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_manifest(path: Path, *, encoding: str | None, delimiter: str) -> Manifest:
    """Read a manifest; whatever is odd in it is a finding, and what it does not say stays unsaid."""
    try:
        with path.open(encoding=encoding or "utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error):
        return Manifest(
            findings=(
                _warn("manifest cannot be read", f"{path.name} is no delimited text, so it proves nothing"),
            )
        )
    pairs = {row[0].strip(): row[1].strip() for row in rows if len(row) > 1}
    modes: dict[str, str] = {}
    findings = list(_read_modes(pairs, modes))
    version = next((value for name, value in pairs.items() if name.lower() == "oneroster.version"), "")
    if not version.startswith(VERSIONS):
        findings.append(
            _warn("manifest version", f"{path.name} names no version of OneRoster that is known here")
        )
    return Manifest(version[:3], pairs.get("source.systemName", ""), modes, tuple(findings))


def _read_modes(pairs: Mapping[str, str], modes: dict[str, str]) -> Iterator[Finding]:
    for name, value in pairs.items():
        prefix, _, stem = name.partition(".")
        known = standard_name(stem) if prefix not in {"manifest", "oneroster", "source"} else None
        if known is None:
            continue
        if name != f"file.{known}":
            yield _warn(
                "manifest spelling", f"the manifest writes {name!r} for `file.{known}`; it was taken as that"
            )
        mode = value.lower()
        if mode in MODES:
            modes[known] = mode
        else:
            yield _warn(
                "manifest mode", f"the manifest does not say whether `{known}` is absent, bulk or delta"
            )


def _warn(rule: str, sentence: str) -> Finding:
    return Finding("warn", rule, sentence, source=SOURCE)
