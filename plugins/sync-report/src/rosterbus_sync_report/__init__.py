"""The sync report: a private CSV file for each layout of a delivery, with one line for each error."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.reports import ReportedLayout, Run, SyncRow, sync_rows

ROW, ID, COLUMN, ERROR = "Row Number", "sourcedId", "Column Name", "Error"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a text may not start with; a spreadsheet set to an East Asian language reads the wide forms as well."""


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write `<delivery>-<layout>.csv` for each layout; one without errors has its header alone."""
    return [
        _write(folder / f"{delivery.name}-{layout.name}.csv", layout)
        for delivery in run.deliveries
        for layout in delivery.layouts
    ]


def _write(path: Path, layout: ReportedLayout) -> Path:
    header = [ROW, ID, COLUMN, ERROR] if layout.has_ids else [ROW, COLUMN, ERROR]
    with open_private(path, "w", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_line(row) for row in sync_rows(layout))
    return path


def _line(row: SyncRow) -> dict[str, str | int]:
    texts = {ID: row.sourced_id, COLUMN: row.column, ERROR: row.error}
    return {ROW: row.row, **{name: _harmless(text) for name, text in texts.items()}}


def _harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    line = " ".join(cell.splitlines())
    return f"'{line}" if cell.startswith(_FORMULA) or line.lstrip().startswith(_FORMULA) else line
