"""The HTML report: one private page for each run, with everything in it, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.reports import Run

from rosterbus_html_report.page import pieces

FILE = "report.html"


@hookimpl
def report(run: Run, folder: Path) -> Sequence[Path]:
    """Write ``report.html``."""
    path = folder / FILE
    written = pieces(run)
    with open_private(path, "w") as file:
        file.writelines(written)
    return [path]
