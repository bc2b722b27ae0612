"""The OneRoster package: the parts put together as one zip, always the same bytes, and brought to the server."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from rosterbus.deliveries import Address, Delivery, Done, Loaded, NotStarted, Partly, Reconciled, StagedFile
from rosterbus.errors import ConnectorError
from rosterbus.private import open_private, private_folder
from rosterbus.settings import Values
from rosterbus_sftp import connect

from rosterbus_great_minds.handover import STAMP
from rosterbus_great_minds.oneroster import member
from rosterbus_great_minds.places import identity
from rosterbus_great_minds.settings import TIME, remote

CHUNK = 1 << 20
NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say; the time of packing would make other bytes of the same files."""


def address(delivery: Delivery, settings: Values) -> Address:
    """``<package>#<part>`` for each part: behind the # stands what is within the zip."""

    def of(moment: datetime) -> Address:
        name = settings.package.replace(TIME, f"{moment:{STAMP}}")
        files = tuple(f"{name}#{file.name}" for file in delivery.files)
        return Address(identity(settings), files, overwrites=TIME not in settings.package)

    return delivery.named_by_second(of) if TIME in settings.package else of(delivery.at)


def send(delivery: Delivery, settings: Values) -> Loaded:
    """Upload under a temporary name and rename; the same package again is found whole and left alone."""
    account = remote(settings)
    name = delivery.addressed.files[0].rpartition("#")[0]
    path = f"{account.folder.rstrip('/')}/{name}" if account.folder else name
    with packed(delivery.files) as package, connect(account) as server:
        delivery.about_to_send()
        put = server.put(
            package, path, replace=delivery.addressed.overwrites, progress=partial(delivery.progress, name)
        )
    return Done(put)


def look(delivery: Delivery) -> Reconciled:
    """Go by the ledger: the newest package counts, so that sending the same once more does no harm."""
    if delivery.state == "confirmed":
        return Done({})
    if delivery.was_sent:
        return Partly("the end of the upload is not known; the same package is compared and sent again")
    return NotStarted()


@contextmanager
def packed(files: Sequence[StagedFile]) -> Iterator[Path]:
    """The zip of these parts, private and only as long as it is needed. Equal parts make equal bytes everywhere."""
    with tempfile.TemporaryDirectory(prefix="rosterbus-package-") as folder:
        path = private_folder(Path(folder)) / "package.zip"
        # Stored as they are: what compression makes of them is another library's decision.
        with open_private(path, "xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, parts in members(files).items():
                entry = zipfile.ZipInfo(name, NO_DATE)
                entry.create_system, entry.external_attr = 3, 0o600 << 16
                with archive.open(entry, "w") as joined:
                    _join(parts, joined)
        yield path


def members(files: Sequence[StagedFile]) -> Mapping[str, list[StagedFile]]:
    """The files of the package, and the parts that each is made of, in their order."""
    found: dict[str, list[StagedFile]] = {}
    for file in files:
        found.setdefault(member(file.name), []).append(file)
    return found


def _join(parts: Sequence[StagedFile], joined: IO[bytes]) -> None:
    """One part after the other, the header once. Raises ConnectorError where a part is not the one that was planned."""
    for number, part in enumerate(parts):
        digest = hashlib.sha256()
        with part.path.open("rb") as file:
            header = file.readline()
            digest.update(header)
            if number == 0:
                joined.write(header)
            while piece := file.read(CHUNK):
                digest.update(piece)
                joined.write(piece)
        if digest.hexdigest() != part.sha256:
            raise ConnectorError(f"{part.name} is no longer the file that was planned; plan again")
