"""{{ cookiecutter.system }}: a CSV file with a line for each school of each layout."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.reports import Run

FILE = "{{ cookiecutter.name }}.csv"
# TODO: choose what your readers want to know; `rosterbus.reports` says what there is.
HEADER = ("delivery", "layout", "verdict", "school", "name", "rows", "new", "changed", "removed", "rejected")
COUNTS = ("read", "new", "changed", "removed", "rejected")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a cell may not begin with; a spreadsheet in an East Asian language reads the wide signs as well."""


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write `{{ cookiecutter.name }}.csv`, which names schools and counts people."""
    path = folder / FILE
    with open_private(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_lines(run))
    return [path]


def _lines(run: Run) -> Iterator[Sequence[str | int]]:
    for delivery in run.deliveries:
        for layout in delivery.layouts:
            for school, counts in layout.schools.items():
                told = (delivery.name, layout.name, delivery.verdict, school, run.schools.get(school, ""))
                yield [*map(harmless, told), *(counts[name] for name in COUNTS)]


def harmless(text: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA) else line
