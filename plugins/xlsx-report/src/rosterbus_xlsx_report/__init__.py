"""The report of a run as one private Excel workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.reports import Run

from rosterbus_xlsx_report.sheets import tables
from rosterbus_xlsx_report.workbook import open_book

FILE = "report.xlsx"


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write `report.xlsx`, whole or not at all."""
    path = folder / FILE
    with open_book(path) as book:
        for table in tables(run):
            book.write(table)
    return [path]
