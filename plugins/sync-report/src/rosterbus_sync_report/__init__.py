"""The sync report: a private CSV file for each layout of a delivery, with one line for each error."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.reports import Run, SyncRow, sync_rows

HEADER = ("Row Number", "sourcedId", "Column Name", "Error")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write `<delivery>-<layout>.csv` for each layout; one without errors has its header alone."""
    return [
        _write(folder / f"{delivery.name}-{layout.name}.csv", sync_rows(layout))
        for delivery in run.deliveries
        for layout in delivery.layouts
    ]


def _write(path: Path, rows: Iterable[SyncRow]) -> Path:
    with open_private(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row in rows:
            writer.writerow([row.row, *map(_harmless, (row.sourced_id, row.column, row.error))])
    return path


def _harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    quoted = f"'{cell}" if cell.startswith(_FORMULA) else cell
    return " ".join(quoted.splitlines())
