"""Handshake: one student file, put once into a bucket that can only be written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Feedback,
    NotStarted,
    Partly,
    Probe,
    Reconciled,
    Twin,
    Unsure,
)
from rosterbus.errors import RosterbusError
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values
from rosterbus_s3 import connect, target

from rosterbus_handshake.answers import ANSWERS
from rosterbus_handshake.published import CONTACT
from rosterbus_handshake.rules import RULES, judged
from rosterbus_handshake.settings import Settings
from rosterbus_handshake.students import layouts

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Apply Handshake's published rules on files and on when they come."""
    return judged(plan, settings)


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<folder>/<yyyymmdd>_users.csv``, and with the time for a second file of a day."""
    folder = settings.bucket_folder.strip("/")
    free = next(name for name in _names(delivery) if not delivery.is_taken(f"{folder}/{name}"))
    return Address(target(settings, folder), tuple(f"{folder}/{free}" for _ in delivery.files))


def _names(delivery: Delivery) -> Iterator[str]:
    """Handshake asks for the day; it does not parse the rest, for schools in production use other names."""
    users = "test_users.csv" if delivery.test else "users.csv"
    moment = f"{delivery.at:%Y%m%d-%H%M%S}"
    yield f"{delivery.at:%Y%m%d}_{users}"
    yield f"{moment}_{users}"
    yield from (f"{moment}-{number}_{users}" for number in count(2))


@hookimpl
def load(delivery: Delivery, settings: Values) -> Done | Unsure:
    """Put the file where nothing has its name; the store itself checks the bytes."""
    [file], [key] = delivery.files, delivery.addressed.files
    with connect(settings) as store:
        delivery.about_to_send()
        put = store.put_once(file.path, key, sha256=file.sha256)
    delivery.progress(file.name, file.bytes, file.bytes)
    evidence = {"key": key, "sha256": file.sha256, "bytes": file.bytes, "request": put.request}
    if put.created:
        return Done({**evidence, "etag": put.etag, "version": put.version})
    if delivery.was_sent:
        return Done({**evidence, "exists": "since an earlier attempt of this delivery"})
    return Unsure(
        f"{key} was there before this delivery sent anything, and nobody can read what is in it; somebody "
        f"else uploads to this folder: find out who, or ask {CONTACT}"
    )


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:  # noqa: ARG001 - the spec names it
    """Go by the ledger alone: the bucket answers no question."""
    if delivery.state == "confirmed":
        return Done({})
    if not delivery.was_sent:
        return NotStarted()
    return Partly("the answer to the upload was lost; the same bytes are put again under the same name")


@hookimpl
def feedback(file: Path, delivery: Delivery, settings: Values, chosen: str) -> Feedback:  # noqa: ARG001 - the spec names it
    """Read the file that Handshake calls "Failed Rows"."""
    from rosterbus_handshake.failed_rows import read_failed_rows

    return read_failed_rows(file, delivery, chosen)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Say how far the trial is and whether credentials are there; the bucket cannot be asked."""
    stage = Probe(
        "stage", "not provable without sending", f"`stage` is {settings.stage}; Handshake alone knows better"
    )
    try:
        with connect(settings):
            sentence = "the bucket can only be written to; prove it by: rosterbus run PIPELINE --test"
    except RosterbusError as error:
        return [Probe("credential", "failed", str(error)), stage]
    return [Probe("credential", "not provable without sending", sentence), stage]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start an S3 server of the school's folder, and the importer that watches it."""
    from rosterbus_handshake.standin import start

    return start(folder, settings)
