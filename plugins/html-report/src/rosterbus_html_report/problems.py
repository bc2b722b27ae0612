"""The problems of a run: counted by cause, and written for the page's own search."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from rosterbus.findings import Problem
from rosterbus.reports import ReportedLayout, Run

from rosterbus_html_report.wording import harmless

BLOCK = 1000
"""How many problems are in memory while they are written."""
STATIC_CAUSES = 20
STATIC_ROWS = 5
"""What the page shows where scripts do not run."""


class Cause(NamedTuple):
    """What is wrong, whoever's row it is. `vendor`: the vendor says so, not a rule of this side."""

    column: str
    message: str
    vendor: bool


@dataclass(frozen=True)
class Part:
    """The problems of one layout of one delivery; `causes` with their counts, the most frequent first."""

    place: int
    delivery: str
    layout: ReportedLayout
    causes: Mapping[Cause, int]

    @property
    def anchor(self) -> str:
        """Where a link to them leads."""
        return f"problems-{self.place}"

    @property
    def total(self) -> int:
        """How many they are."""
        return sum(self.causes.values())

    @property
    def unshown(self) -> int:
        """How many causes are not among the shown ones."""
        return max(len(self.causes) - STATIC_CAUSES, 0)

    @property
    def shown(self) -> list[tuple[Cause, int, list[Problem]]]:
        """The most frequent causes with their first problems; walks the problems."""
        frequent = dict(islice(self.causes.items(), STATIC_CAUSES))
        found: dict[Cause, list[Problem]] = {cause: [] for cause in frequent}
        missing = sum(min(count, STATIC_ROWS) for count in frequent.values())
        for problem in self.layout.problems:
            rows = found.get(_cause(problem))
            if rows is not None and len(rows) < STATIC_ROWS:
                rows.append(problem)
                missing -= 1
                if not missing:
                    break
        return [(cause, count, found[cause]) for cause, count in frequent.items()]


def survey(run: Run) -> list[Part]:
    """Count the problems of every layout by cause. Of the problems themselves nothing is kept."""
    layouts = [(delivery.name, layout) for delivery in run.deliveries for layout in delivery.layouts]
    return [
        Part(place, delivery, layout, dict(Counter(map(_cause, layout.problems)).most_common()))
        for place, (delivery, layout) in enumerate(layouts)
    ]


def embedded(parts: Sequence[Part], *, values: bool) -> Iterator[str]:
    """All problems as one JSON text, piece by piece, safe within a script element.

    What repeats stands once: ``parts`` and ``causes`` before the ``blocks`` of columns (file, row, key, cause and,
    with `values`, the cell), and ``files`` behind them.
    """
    causes = {
        (part.place, cause): place
        for place, (part, cause) in enumerate((part, cause) for part in parts for cause in part.causes)
    }
    files: dict[str, int] = {}
    yield _json("{", "parts", [[part.delivery, part.layout.name] for part in parts])
    yield _json(",", "values", values)
    yield _json(",", "causes", [[place, *cause] for place, cause in causes])
    yield ',"blocks":['
    between = ""
    for part in parts:
        for block in _blocks(part.layout.problems):
            columns: dict[str, list[Any]] = {
                "file": [files.setdefault(one.file, len(files)) for one in block],
                "row": [one.row for one in block],
                "key": [one.key if part.layout.has_ids else "" for one in block],
                "cause": [causes[part.place, _cause(one)] for one in block],
            }
            if values:
                columns["value"] = [one.value for one in block]
            yield between + _safe(columns)
            between = ","
    yield "]"
    yield _json(",", "files", list(files))
    yield "}"


def _cause(problem: Problem) -> Cause:
    return Cause(problem.column, problem.message, problem.kind == "vendor")


def _blocks(problems: Iterable[Problem]) -> Iterator[list[Problem]]:
    walked = iter(problems)
    while block := list(islice(walked, BLOCK)):
        yield block


def _json(before: str, name: str, told: object) -> str:
    return f'{before}"{name}":{_safe(told)}'


def _safe(told: object) -> str:
    r"""JSON in which no element can begin or end: its only ``<`` are written ``\u003c``."""
    text = json.dumps(_harmless(told), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _harmless(told: Any) -> Any:
    if isinstance(told, str):
        return harmless(told)
    if isinstance(told, list):
        return [_harmless(one) for one in told]
    if isinstance(told, dict):
        return {name: _harmless(one) for name, one in told.items()}
    return told
