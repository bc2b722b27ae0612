"""Takes away student data that is needed no longer."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.ledger import Ledger
from rosterbus.ledger.records import UNSETTLED
from rosterbus.plan.refusals import FOLDER as REFUSED
from rosterbus.plan.stored import FILE as PLAN
from rosterbus.plan.stored import FILES

if TYPE_CHECKING:
    from rosterbus.context import RunContext

KEPT = ("plan.json", "rejected.")
"""What stays of every plan's folder: counts, and digests of rejected rows."""
BASELINE = "baseline."
"""What stays of a delivered plan's folder beside: the ledger points to it, and says when it is needed no longer."""

REPORT, ANSWERS = "report", "answers"
"""The folders of a run's reports and of what vendors answered in it, within the run's own."""


def purge_staged(folder: Path, *, delivered: bool) -> None:
    """Delete a plan's staged files and everything beside them that names people."""
    if (folder / FILES).is_dir():
        shutil.rmtree(folder / FILES)
    kept = (*KEPT, BASELINE) if delivered else KEPT
    for path in folder.glob("*"):
        if path.is_file() and not path.name.startswith(kept):
            path.unlink(missing_ok=True)


def purge_working(folder: Path) -> None:
    """Take away what a run worked with, such as an unpacked export; its reports and the vendors' answers stay."""
    for path in folder.glob("*"):
        if path.name not in (REPORT, ANSWERS):
            _remove(path)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def purge_old(context: RunContext) -> None:
    """Keep to the project's retention: plans, copies of exports, reports, former baselines, the ledger's own rows."""
    ledger, retention, now = context.ledger, context.project.retention, context.now
    _expire(ledger, now - timedelta(hours=context.project.plan_hours))
    old = ledger.purge(
        now,
        staged_days=retention.staged_days,
        report_days=retention.report_days,
        ledger_years=retention.ledger_years,
    )
    for folder in old.staged:
        purge_staged(folder, delivered=ledger.plans.get(folder.name).state == "delivered")
    for path in old.baselines:
        path.unlink(missing_ok=True)
    for run in old.runs:
        if (folder := ledger.state_dir / "runs" / str(run)).is_dir():
            shutil.rmtree(folder)
    copies = ledger.state_dir.glob("extracts/*/*")
    interrupted = (path for path in ledger.state_dir.glob("plans/*") if not (path / PLAN).is_file())
    known = ledger.baselines.files()
    unused = (path for path in ledger.state_dir.glob("baselines/*") if path.name not in known)
    working = (path for path in ledger.state_dir.glob("runs/*/*") if path.name not in (REPORT, ANSWERS))
    for path in _older(ledger.state_dir.glob(f"{REFUSED}/*/*"), now - timedelta(days=retention.report_days)):
        _remove(path)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    for path in _older(
        [*copies, *interrupted, *unused, *working], now - timedelta(days=retention.staged_days)
    ):
        _remove(path)


def _expire(ledger: Ledger, before: datetime) -> None:
    """Plans that are too old to be applied come to their end, and lose what they hold of people at once."""
    for plan in ledger.plans.undelivered():
        under_way = any(one.state in UNSETTLED for one in ledger.deliveries.of_plan(plan.id))
        if plan.created_at < before and not under_way:
            ledger.plans.move(plan.id, "expired")
            purge_staged(plan.folder, delivered=False)


def _older(paths: Iterable[Path], before: datetime) -> list[Path]:
    return [path for path in paths if path.stat().st_mtime < before.timestamp()]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
