"""Where each file goes: the folder of the exports, and one for each start year when several years go at once."""

from __future__ import annotations

import posixpath

from rosterbus.deliveries import Address, Delivery, StagedFile
from rosterbus.settings import Values
from rosterbus_sftp import target

from rosterbus_enroll.files import YEAR_COLUMN


def addressed(delivery: Delivery, settings: Values) -> Address:
    """The same names every day: each export takes the place of the one before."""
    by_year = len(delivery.files) > 1 or settings.year_folders == "always"
    files = tuple(
        posixpath.join(settings.folder, start_year(file) if by_year else "", file.name)
        for file in delivery.files
    )
    return Address(target(settings, settings.folder), files, overwrites=True)


def start_year(file: StagedFile) -> str:
    """The year in which the school year of all rows of a file begins; blank where they say none."""
    return file.split.get(YEAR_COLUMN, "")[:4]
