"""The lengths of the page's bars, in percent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rosterbus.reports import ReportedLayout

from rosterbus_html_report.wording import GRADES, grade_name

BALANCE = ("delivered", "unchanged", "filtered", "rejected", "held")
"""What becomes of the rows that were read."""
MOVES = ("new", "changed", "removed")
LEAST = 0.6
"""A part that is there is seen, however small it is."""


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar."""

    name: str
    count: int
    start: float
    width: float


@dataclass(frozen=True)
class Row:
    """A line of a table of changes; `order` sorts it by its name."""

    name: str
    code: str
    order: str | int
    counts: Mapping[str, int]
    widths: Mapping[str, float]


def stacked(counts: Mapping[str, int]) -> list[Segment]:
    """The parts of a whole beside each other; together they are as long as the bar."""
    parts = {name: counts.get(name, 0) for name in BALANCE}
    whole = sum(parts.values()) or 1
    lengths = {name: max(100 * count / whole, LEAST) if count else 0.0 for name, count in parts.items()}
    scale = 100 / (sum(lengths.values()) or 1)
    start, found = 0.0, []
    for name, count in parts.items():
        width = lengths[name] * scale
        found.append(Segment(name, count, start, width))
        start += width
    return found


def by_school(layout: ReportedLayout, names: Mapping[str, str]) -> list[Row]:
    """The changes of each school, by name; nothing where no school has any."""
    rows = ((names.get(school) or school or "No school", school) for school in layout.schools)
    return _rows(((name, school, name) for name, school in sorted(rows)), layout.schools)


def by_grade(layout: ReportedLayout) -> list[Row]:
    """The changes of each grade, from the youngest on; nothing where no grade has any."""
    known = {code: place for place, code in enumerate(GRADES)}
    codes = sorted(layout.grades, key=lambda code: (known.get(code, len(known)), code))
    return _rows(((grade_name(code), code, place) for place, code in enumerate(codes)), layout.grades)


def by_column(layout: ReportedLayout) -> list[Row]:
    """The changed cells of each column, the most first."""
    columns = sorted(layout.columns.items(), key=lambda item: (-item[1], item[0]))
    longest = max(layout.columns.values(), default=0) or 1
    return [
        Row(column, "", column, {"changed": count}, {"changed": 100 * count / longest})
        for column, count in columns
    ]


def _rows(named: Iterable[tuple[str, str, str | int]], counts: Mapping[str, Mapping[str, int]]) -> list[Row]:
    longest = max((one.get(move, 0) for one in counts.values() for move in MOVES), default=0)
    if not longest and not any(one.get("rejected") for one in counts.values()):
        return []
    return [
        Row(
            name,
            code,
            order,
            counts[code],
            {move: 100 * counts[code].get(move, 0) / (longest or 1) for move in MOVES},
        )
        for name, code, order in named
    ]
