"""{{ cookiecutter.system }} over SFTP: a folder for each delivery, which COMPLETE ends."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rosterbus import settings
from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Loaded,
    NotStarted,
    Partly,
    Probe,
    Reconciled,
    Twin,
    Unsure,
)
from rosterbus.findings import Finding, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_sftp import Remote, SFTPSettings, connect, target, test_connection

from {{ cookiecutter.module }}.files import ASSUMED, layouts
from {{ cookiecutter.module }}.importer import ANSWERS

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]

MARKER = "COMPLETE"
{% include "destination_rules.jinja" %}


class Settings(SFTPSettings):
    """The account, with its host key, and the folder."""

    folder = settings.text("The folder that is watched.", default="/upload")


{% include "destination_judge.jinja" %}


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<folder>/<yyyymmdd-hhmmss>/``, of the first second whose folder belongs to no other plan."""

    def of(moment: datetime) -> Address:
        folder = f"{settings.folder}/{moment:%Y%m%d-%H%M%S}"
        files = tuple(f"{folder}/{file.name}" for file in delivery.files)
        return Address(target(settings, settings.folder), files, f"{folder}/{MARKER}")

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Upload the files, each whole or not at all, and COMPLETE last: nothing is read before it."""
    with connect(settings) as remote:
        found = _look(remote, delivery)
        if isinstance(found, Done | Unsure):
            return found
        evidence = remote.put_all(delivery)
        delivery.about_to_send()
        remote.mark(_marker(delivery))
    return Done({**evidence, "marker": _marker(delivery)})


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Look for COMPLETE, which is ours only if we had declared that we write it."""
    with connect(settings) as remote:
        return _look(remote, delivery)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in and look for the folder; whether one may write there is not provable without writing."""
    probes = test_connection(settings)
    if any(one.state == "failed" for one in probes):
        return probes
    with connect(settings) as remote:
        there = remote.is_folder(settings.folder)
    found = f"{settings.folder} is {'there' if there else 'not there'}"
    return [*probes, Probe("folder", "proved" if there else "failed", found)]


{% include "destination_twin.jinja" %}


def _look(remote: Remote, delivery: Delivery) -> Reconciled:
    marker = _marker(delivery)
    folder = posixpath.dirname(marker)
    if remote.exists(marker):
        if not delivery.was_sent:
            return Unsure(f"{folder} was completed by somebody else")
        return Done({"marker": marker})
    if remote.is_folder(folder):
        return Partly(f"{folder} is there without {MARKER}")
    return Unsure(f"{folder} is gone; ask who moved it") if delivery.was_sent else NotStarted()


def _marker(delivery: Delivery) -> str:
    return str(delivery.addressed.marker)
