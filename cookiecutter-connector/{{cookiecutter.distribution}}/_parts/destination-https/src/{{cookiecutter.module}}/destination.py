"""{{ cookiecutter.system }} over HTTPS: files under names of their own, COMPLETE last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Loaded,
    NotStarted,
    Partly,
    Probe,
    Reconciled,
    StagedFile,
    Twin,
)
from rosterbus.findings import Finding, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_https import Connection, Content, HTTPSSettings, Upload, test_connection

from {{ cookiecutter.module }}.files import ASSUMED, layouts
from {{ cookiecutter.module }}.importer import ANSWERS

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]

MARKER = "COMPLETE"
{% include "destination_rules.jinja" %}


class Settings(HTTPSSettings):
    """The address, the token, and whom to trust."""


{% include "destination_judge.jinja" %}


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<location>/<yyyymmdd-hhmmss>/``, of the first second whose names belong to no other plan."""

    def of(moment: datetime) -> Address:
        folder = f"{moment:%Y%m%d-%H%M%S}"
        files = tuple(f"{folder}/{file.name}" for file in delivery.files)
        return Address(settings.location, files, f"{folder}/{MARKER}")

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Put the files, and COMPLETE last: nothing is read before it, so that only then it counts as sent."""
    connection, marker = Connection.of(settings), str(delivery.addressed.marker)
    for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
        upload = Upload(file, declare=lambda: None, progress=partial(_progress, delivery, file))
        connection.refuse(connection.send("PUT", f"/{name}", upload), file.name)
    # Not empty: a server may act on a request without a body as soon as it has the head.
    last = Content(MARKER.encode(), declare=delivery.about_to_send)
    connection.refuse(connection.send("PUT", f"/{marker}", last), MARKER)
    return Done({"marker": marker})


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Go by the ledger alone: to put the same bytes under the same names again is harmless."""
    if delivery.state == "confirmed":
        return Done({})
    return Partly("the answer to COMPLETE was lost") if delivery.was_sent else NotStarted()


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Ask for the address itself, which proves the server and the token."""
    return test_connection(settings)


{% include "destination_twin.jinja" %}


def _progress(delivery: Delivery, file: StagedFile, done: int) -> None:
    delivery.progress(file.name, done, file.bytes)
