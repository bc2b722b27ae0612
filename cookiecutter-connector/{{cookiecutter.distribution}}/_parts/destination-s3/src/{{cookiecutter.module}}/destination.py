"""{{ cookiecutter.system }} over S3: each file is put once, where nothing has its name."""

from __future__ import annotations

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
from rosterbus.errors import RosterbusError
from rosterbus.findings import Finding, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_s3 import S3Settings, connect, target

from {{ cookiecutter.module }}.files import ASSUMED, layouts
from {{ cookiecutter.module }}.importer import ANSWERS

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]

{% include "destination_rules.jinja" %}


class Settings(S3Settings):
    """The bucket, its keys and the folder."""

    folder = settings.text("The folder in the bucket that is watched.", default="incoming")


{% include "destination_judge.jinja" %}


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<folder>/<yyyymmdd-hhmmss>-<file>``, of the first second whose names belong to no other plan."""
    folder = settings.folder.strip("/")

    def of(moment: datetime) -> Address:
        keys = (f"{folder}/{moment:%Y%m%d-%H%M%S}-{file.name}" for file in delivery.files)
        return Address(target(settings, folder), tuple(keys))

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Put each file in one request, whose bytes the store checks; one that exists is left alone."""
    evidence = {}
    with connect(settings) as store:
        delivery.about_to_send()
        for file, key in zip(delivery.files, delivery.addressed.files, strict=True):
            put = store.put_once(file.path, key, sha256=file.sha256)
            if not (put.created or delivery.was_sent):
                return Unsure(f"{key} was there before anything was sent; ask who else writes there")
            evidence[key] = put.etag or "exists since an earlier attempt"
            delivery.progress(file.name, file.bytes, file.bytes)
    return Done(evidence)


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Go by the ledger alone, because a bucket that can only be written to answers no question."""
    if delivery.state == "confirmed":
        return Done({})
    if not delivery.was_sent:
        return NotStarted()
    return Partly("an answer was lost; the same bytes are put again under the same names, which is harmless")


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """See that there are credentials; whether the bucket takes them is not provable without putting."""
    try:
        with connect(settings):
            found = f"the bucket {settings.bucket} can only be written to"
    except RosterbusError as error:
        return [Probe("credential", "failed", str(error))]
    return [Probe("credential", "not provable without sending", found)]


{% include "destination_twin.jinja" %}
