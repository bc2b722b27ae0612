"""Files for a person: a folder named by the time, each part in one of its own, and the steps beside them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Handed,
    Loaded,
    NotStarted,
    Partly,
    Reconciled,
    StagedFile,
    Unsure,
)
from rosterbus.settings import Values

from rosterbus_great_minds.places import Place, identity, opened

STAMP = "%Y%m%d-%H%M%S"
STEPS = "STEPS.txt"
_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")
LISTS = {"students": "Students", "staff": "Staff", "classes": "Classes"}
"""The lists of the website by the layout that is uploaded there."""


def address(delivery: Delivery, settings: Values) -> Address:
    """``<yyyymmdd-hhmmss>/<nn>-<layout>-<school>/<file>``: a free second, and a folder for every part.

    Each part keeps the file name that the website insists on, and its number is the order in which they are uploaded.
    """

    def of(moment: datetime) -> Address:
        folder = f"{moment:{STAMP}}"
        files = tuple(f"{folder}/{part}/{file.name}" for part, file in _parts(delivery))
        return Address(identity(settings), files, f"{folder}/{STEPS}")

    return delivery.named_by_second(of)


def send(delivery: Delivery, settings: Values) -> Loaded:
    """Write everything under a name that nobody looks at, and give it its own when it is whole."""
    folder, unfinished = _folders(delivery)
    with opened(settings) as place:
        handed = _whole(delivery, f"{place.where.rstrip('/')}/{folder}")
        if place.exists(folder):
            return handed if delivery.was_sent else _strange(place, folder)
        place.make_folder(unfinished)
        for name, file in zip(delivery.addressed.files, delivery.files, strict=True):
            inside = f"{unfinished}/{posixpath.relpath(name, folder)}"
            place.make_folder(posixpath.dirname(inside))
            place.put(file, inside, partial(delivery.progress, file.name))
        numbered = "".join(f"{number}. {step}\n" for number, step in enumerate(handed.steps, start=1))
        place.write(f"{unfinished}/{STEPS}", numbered.encode())
        delivery.about_to_send()
        place.rename(unfinished, folder)
    return handed


def look(delivery: Delivery, settings: Values) -> Reconciled:
    """What became of the folder; once it has its name, handing it over again only tells the steps anew."""
    if delivery.state == "confirmed":
        return Done({})
    folder, unfinished = _folders(delivery)
    with opened(settings) as place:
        if place.exists(folder):
            return Partly(f"{folder} is there") if delivery.was_sent else _strange(place, folder)
        if place.exists(unfinished):
            return Partly(f"{unfinished} is there and not yet whole")
        if delivery.was_sent:
            return Unsure(
                f"{folder} is no longer in {place.where}, and nobody said whether its files were uploaded"
            )
    return NotStarted()


def steps_of(delivery: Delivery, where: str) -> Iterator[str]:
    """What the person who uploads does, in order; names schools, counts rows, and nobody."""
    yield f"Take the files from {where}, sign in to Great Minds as an administrator and open Manage."
    for (part, _), file in zip(_parts(delivery), delivery.files, strict=True):
        website = LISTS[file.layout]
        yield f"Choose {_school(file)}, open {website} and upload {part}/{file.name} ({file.rows:,} rows)."
    yield (
        "Where the status tells of errors, download the sync report (Options, View File Upload Status) and read it "
        f"back: rosterbus report {delivery.id} --import REPORT --of PART, where PART is the folder of the file."
    )
    yield (
        f"When all is uploaded, say so: rosterbus settle {delivery.id} --arrived --by NAME --reason TEXT, "
        "and delete the files, which hold initial passwords."
    )


def _school(file: StagedFile) -> str:
    chosen = f"{file.split['school_name']} (school {file.split['school_id']})"
    begins = file.split.get("term_start_date")
    return f"{chosen} and the school year that has {begins}" if begins else chosen


def _parts(delivery: Delivery) -> Iterator[tuple[str, StagedFile]]:
    """The folder of each file; its number makes it unique, however alike the ids of two schools are."""
    for number, file in enumerate(delivery.files, start=1):
        school = _UNSAFE.sub("-", file.split.get("school_id", "")).strip("-")
        yield "-".join(filter(None, (f"{number:02}", file.layout, school))), file


def _folders(delivery: Delivery) -> tuple[str, str]:
    folder = posixpath.dirname(str(delivery.addressed.marker))
    return folder, f".{folder}.part"


def _whole(delivery: Delivery, where: str) -> Handed:
    known = [
        {"remote": name, "bytes": file.bytes, "sha256": file.sha256}
        for name, file in zip(delivery.addressed.files, delivery.files, strict=True)
    ]
    return Handed(where, list(steps_of(delivery, where)), {"files": known})


def _strange(place: Place, folder: str) -> Unsure:
    return Unsure(f"{folder} in {place.where} was made by somebody else than this delivery")
