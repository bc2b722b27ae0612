"""SameGoal: nightly demographics, CSV files in an epoch folder over SFTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rosterbus.deliveries import Address, Delivery, Loaded, Probe, Reconciled, Twin
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_sftp import connect, test_connection

from rosterbus_samegoal import automatic, epochs
from rosterbus_samegoal.answers import ANSWERS
from rosterbus_samegoal.files import layouts
from rosterbus_samegoal.rules import RULES, judged
from rosterbus_samegoal.settings import Settings

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Apply the "common gotchas" of SameGoal's article, and what it says of guardians and leavers."""
    return judged(plan, settings)


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``/upload/<yyyymmdd-hhmmss>/`` with COMPLETE, or the fixed names of the way without folders."""
    if settings.mode == "auto":
        return automatic.address(delivery, settings)
    return epochs.address(delivery, settings)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Hand the files over; what an earlier attempt left is found and finished."""
    with connect(settings) as remote:
        answer: Loaded = _way(delivery).send(remote, delivery, settings)
    return answer


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Look where the files are; ``processed`` once SameGoal has moved the epoch."""
    with connect(settings) as remote:
        answer: Reconciled = _way(delivery).look(remote, delivery, settings, ours=delivery.was_sent)
    return answer


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in and look for both folders; whether one may write is not provable without writing."""
    probes = test_connection(settings)
    if any(one.state == "failed" for one in probes):
        return probes
    with connect(settings) as remote:
        there = {folder: remote.is_folder(folder) for folder in (settings.upload, settings.processed)}
    upload, processed = (
        f"{folder} is {'there' if found else 'not there'}" for folder, found in there.items()
    )
    return [
        *probes,
        Probe("upload folder", "proved" if there[settings.upload] else "failed", upload),
        Probe(
            "processed folder",
            "proved" if there[settings.processed] else "not provable without sending",
            processed
            if there[settings.processed]
            else f"{processed}; SameGoal may make it with the first epoch",
        ),
    ]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:  # noqa: ARG001 - its folders are the published ones
    """Start an SFTP server with both folders, and a loader that takes finished epochs."""
    from rosterbus_samegoal.standin import start

    return start(folder)


def _way(delivery: Delivery) -> ModuleType:
    """The way that a delivery was addressed for, which a later edit of `mode` does not change."""
    return epochs if delivery.addressed.marker else automatic
