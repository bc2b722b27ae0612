"""{{ cookiecutter.system }}: a CSV file that tells of each kind of error how many rows have it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.reports import Run, sync_rows

FILE = "{{ cookiecutter.name }}.csv"
# TODO: choose what your readers want to know; `rosterbus.reports` has all there is.
HEADER = ("delivery", "layout", "verdict", "column", "error", "rows")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a cell may not begin with; a spreadsheet in an East Asian language reads the wide signs as well."""


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write `{{ cookiecutter.name }}.csv`, which counts people and names nobody."""
    path = folder / FILE
    with open_private(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_lines(run))
    return [path]


def _lines(run: Run) -> Iterator[Sequence[str | int]]:
    """The lines of each layout, its most frequent error first."""
    for delivery in run.deliveries:
        for layout in delivery.layouts:
            # A run may have more errors than memory has room for, and they come one by one.
            errors = Counter((row.column, row.error) for row in sync_rows(layout))
            for (column, error), rows in errors.most_common():
                texts = (delivery.name, layout.name, delivery.verdict, column, error)
                yield [*map(_harmless, texts), rows]


def _harmless(text: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA) else line
