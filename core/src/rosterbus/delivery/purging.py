"""Takes away student data that is needed no longer."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from rosterbus.ledger import Ledger
from rosterbus.plan.stored import FILES
from rosterbus.project import Retention

KEPT = ("plan.json", "rejected.")
"""What stays of every plan's folder: counts, and digests of rejected rows."""
BASELINE = "baseline."
"""What stays of a delivered plan's folder beside: the ledger points to it, and says when it is needed no longer."""


def purge_staged(folder: Path, *, delivered: bool) -> None:
    """Delete a plan's staged files and everything beside them that names people."""
    if (folder / FILES).is_dir():
        shutil.rmtree(folder / FILES)
    kept = (*KEPT, BASELINE) if delivered else KEPT
    for path in folder.glob("*"):
        if path.is_file() and not path.name.startswith(kept):
            path.unlink(missing_ok=True)


def purge_old(ledger: Ledger, retention: Retention, now: datetime) -> None:
    """Keep to the project's retention: staged files, reports, former baselines, and the ledger's own rows."""
    old = ledger.purge(
        now,
        staged_days=retention.staged_days,
        report_days=retention.report_days,
        ledger_years=retention.ledger_years,
    )
    for folder in old.staged:
        if folder.is_dir():
            purge_staged(folder, delivered=True)
    for path in old.baselines:
        path.unlink(missing_ok=True)
    for run in old.runs:
        if (folder := ledger.state_dir / "runs" / str(run)).is_dir():
            shutil.rmtree(folder)
