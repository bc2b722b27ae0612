"""{{ cookiecutter.system }} on a share: a folder for each delivery, which COMPLETE ends."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    StagedFile,
    Twin,
    Unsure,
)
from rosterbus.errors import RetriableError
from rosterbus.findings import Finding, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.private import open_private, private_folder, sync_file, sync_folder
from rosterbus.settings import Values

from {{ cookiecutter.module }}.files import ASSUMED, layouts
from {{ cookiecutter.module }}.importer import ANSWERS

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]

MARKER = "COMPLETE"
{% include "destination_rules.jinja" %}


class Settings(settings.Settings):
    """Where the share is on this machine."""

    folder = settings.text("The folder that is watched, on a share that is mounted.", required=True)


{% include "destination_judge.jinja" %}


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<folder>/<yyyymmdd-hhmmss>/``, of the first second whose folder belongs to no other plan."""

    def of(moment: datetime) -> Address:
        folder = Path(settings.folder) / f"{moment:%Y%m%d-%H%M%S}"
        files = tuple((folder / file.name).as_posix() for file in delivery.files)
        return Address(f"folder:{settings.folder}", files, (folder / MARKER).as_posix())

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Copy the files, each whole or not at all, and COMPLETE last: nothing is read before it."""
    with _on_share(settings):
        found = _look(delivery)
        if isinstance(found, Done | Unsure):
            return found
        private_folder(_marker(delivery).parent)
        for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
            _put(file, Path(name))
            delivery.progress(file.name, file.bytes, file.bytes)
        delivery.about_to_send()
        open_private(_marker(delivery), "wb").close()
        sync_file(_marker(delivery))
    return Done({"marker": delivery.addressed.marker})


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Look for COMPLETE, which is ours only if we had declared that we write it."""
    with _on_share(settings):
        return _look(delivery)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Look for the folder; whether one may write there is not provable without writing."""
    there = Path(settings.folder).is_dir()
    found = f"{settings.folder} is {'there' if there else 'not there; mount the share'}"
    return [Probe("folder", "proved" if there else "failed", found)]


{% include "destination_twin.jinja" %}


@contextmanager
def _on_share(settings: Values) -> Iterator[None]:
    """Whatever fails on a share is told by its place; the next run goes on from there."""
    try:
        if not Path(settings.folder).is_dir():
            raise RetriableError(f"{settings.folder} is not there; mount the share")
        yield
    except OSError as error:
        raise RetriableError(f"{settings.folder} cannot be used: {error.strerror}") from error


def _look(delivery: Delivery) -> Reconciled:
    marker = _marker(delivery)
    if marker.exists():
        if not delivery.was_sent:
            return Unsure(f"{marker.parent} was completed by somebody else")
        return Done({"marker": str(marker)})
    if marker.parent.exists():
        return Partly(f"{marker.parent} is there without {MARKER}")
    return Unsure(f"{marker.parent} is gone; ask who moved it") if delivery.was_sent else NotStarted()


def _put(file: StagedFile, place: Path) -> None:
    """Copy under another name, bring it to the disk, read it back, and only then give it its name."""
    part = place.with_name(f"{place.name}.part")
    with file.path.open("rb") as staged, open_private(part, "wb") as copy:
        shutil.copyfileobj(staged, copy)
    sync_file(part)
    with part.open("rb") as copied:
        if hashlib.file_digest(copied, "sha256").hexdigest() != file.sha256:
            raise RetriableError(f"{part} came back from the share with other content")
    part.replace(place)
    sync_folder(place.parent)


def _marker(delivery: Delivery) -> Path:
    return Path(str(delivery.addressed.marker))
