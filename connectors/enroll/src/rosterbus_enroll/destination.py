"""SchoolMint Enroll as a destination: what its Sync Service writes to a district's SFTP folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Address, Delivery, Loaded, Probe, Reconciled, Twin
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_sftp import connect, test_connection

from rosterbus_enroll import exports
from rosterbus_enroll.answers import ANSWERS
from rosterbus_enroll.files import layouts
from rosterbus_enroll.folders import addressed
from rosterbus_enroll.rules import RULES, judged
from rosterbus_enroll.settings import ExportSettings as Settings

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Apply the article's rules on folders, on overwriting and on the test record."""
    return judged(plan, settings)


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """The folder of the exports, or that of each start year; the names are the same in every export."""
    return addressed(delivery, settings)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Put the files in the place of those before, each in one step."""
    with connect(settings) as remote:
        return exports.send(remote, delivery)


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Look whether the files are in their places; whether the SIS has read them nobody can see."""
    with connect(settings) as remote:
        return exports.look(remote, delivery, ours=delivery.was_sent)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in and look for the folder; whether one may write is not provable without writing."""
    probes = test_connection(settings)
    if any(one.state == "failed" for one in probes):
        return probes
    with connect(settings) as remote:
        there = remote.is_folder(settings.folder)
    sentence = f"{settings.folder} is there" if there else f"{settings.folder} is made with the first export"
    return [
        *probes,
        Probe("folder", "proved" if there else "not provable without sending", sentence),
    ]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start an SFTP server with the folder, a SIS that reads it, and a Sync Service of its own."""
    from rosterbus_enroll.standin import start

    return start(folder, settings)
