"""What {{ cookiecutter.system }} makes of the files that it took, as far as its twin knows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rosterbus.deliveries import TwinAnswer
from rosterbus.layouts import LayoutSpec, as_specs

from {{ cookiecutter.module }}.files import ASSUMED, layouts

ANSWERS = (
    TwinAnswer("files that are complete are imported once, and stay where they lie", "assumed", ASSUMED),
    TwinAnswer("a row that breaks a limit of its column is refused alone", "assumed", ASSUMED),
    TwinAnswer("the second row with a key is refused", "assumed", ASSUMED),
)


class Importer:
    """Imports each delivery once, by its name; `analyses` tells of each what it had."""

    def __init__(self) -> None:
        self._analyses: dict[str, Mapping[str, Any]] = {}

    @property
    def analyses(self) -> Sequence[Mapping[str, Any]]:
        """One for each import, the oldest first: rows and refused rows by file."""
        return list(self._analyses.values())

    def took(self, delivery: str) -> bool:
        """Whether a delivery of this name was imported."""
        return delivery in self._analyses

    def take(self, delivery: str, files: Mapping[str, bytes]) -> None:
        """Import the files of a delivery."""
        told = {name: _analysis(name, content) for name, content in files.items()}
        self._analyses[delivery] = {"delivery": delivery, "files": told}


def _analysis(name: str, content: bytes) -> dict[str, int]:
    [spec] = [spec for spec in as_specs(layouts) if spec.file == name]
    text = content.decode(spec.dialect.encoding).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=spec.dialect.delimiter))
    return {"rows": len(rows), "refused": sum(_refused(spec, rows))}


def _refused(spec: LayoutSpec, rows: Sequence[Mapping[str, str]]) -> Iterator[bool]:
    seen = set()
    for row in rows:
        key = tuple(row[name] for name in spec.key)
        written = [column for column in spec.columns if column.written]
        broken = any(
            column.problems(row[column.name]) if row[column.name] else column.required for column in written
        )
        yield broken or key in seen
        seen.add(key)
