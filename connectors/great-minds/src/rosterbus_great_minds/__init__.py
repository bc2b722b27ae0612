"""Great Minds: upload files for a person or a OneRoster package over SFTP, and its sync reports read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Address, Delivery, Feedback, Loaded, Probe, Reconciled, Twin
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_sftp import test_connection

from rosterbus_great_minds import handover, package, sync_reports
from rosterbus_great_minds.answers import ANSWERS
from rosterbus_great_minds.oneroster import package_layouts
from rosterbus_great_minds.places import probed
from rosterbus_great_minds.rules import RULES, judged
from rosterbus_great_minds.settings import Settings, is_remote, local, remote
from rosterbus_great_minds.uploads import upload_layouts

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]


def layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """The three upload files, or the parts of the OneRoster package."""
    return package_layouts(settings) if _packs(settings) else upload_layouts(settings)


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Apply Great Minds' published rules on files and packages."""
    return judged(plan, settings)


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """A folder named by the time with a part for each upload, or the name of the package."""
    return package.address(delivery, settings) if _packs(settings) else handover.address(delivery, settings)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Hand the files over with their steps, or put the package on the server; called again, it continues."""
    return package.send(delivery, settings) if _packs(settings) else handover.send(delivery, settings)


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """See how far the folder came; a package that may have arrived is compared and sent again."""
    return package.look(delivery) if _packs(settings) else handover.look(delivery, settings)


@hookimpl
def feedback(file: Path, delivery: Delivery, settings: Values, chosen: str) -> Feedback:
    """Read a sync report, as it was downloaded."""
    return sync_reports.read_feedback(file, delivery, settings, chosen)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in, or look whether the folder can be written to."""
    return test_connection(remote(settings)) if is_remote(settings.location) else [probed(local(settings))]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the website with somebody who uploads, or the SFTP server whose packages are taken overnight."""
    from rosterbus_great_minds.standin import start

    return start(folder, settings)


def _packs(settings: Values) -> bool:
    return bool(settings.mode == "oneroster")
