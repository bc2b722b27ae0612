"""How a district hands its roster to Great Minds: by a person's uploads, or as a OneRoster package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import marshmallow
from rosterbus import settings
from rosterbus.errors import ConfigError
from rosterbus.settings import Values
from rosterbus.transports import local_path, scheme_of
from rosterbus_sftp import located

TIME = "{time}"
CSV_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*\.csv\Z"
CSV_SAYS = "This is no name of a CSV; letters, digits and . _ - are allowed, and .csv at the end."
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.zip")


class Settings(settings.Settings):
    """Where the files go, and what Great Minds has not published."""

    mode = settings.text(
        'How Great Minds gets the roster: "upload" (files that a person uploads on its website, which create people '
        'and classes and change none) or "oneroster" (a OneRoster 1.1 bulk package over SFTP, taken overnight).',
        default="upload",
        choices=("upload", "oneroster"),
    )
    location = settings.text(
        "Where the files are put: the whole path of a folder on this machine, or sftp://user@host/folder.",
        required=True,
    )
    transport = settings.table("How to reach an sftp location: host_key, private_key and so on.")
    password_key = settings.secret(
        "The secret that initial passwords are made with, the same again for the same person; not needed where the "
        "pipeline maps `password` itself."
    )
    # Only the name of the student template is published; the website may insist on these as well.
    staff_file = settings.text(
        "What the staff template is called; compare it with the one that Great Minds offers for download.",
        default="great-minds-staff-upload.csv",
        pattern=CSV_NAME,
        pattern_says=CSV_SAYS,
    )
    classes_file = settings.text(
        "What the class template is called; compare it with the one that Great Minds offers for download.",
        default="great-minds-class-upload.csv",
        pattern=CSV_NAME,
        pattern_says=CSV_SAYS,
    )
    # Nothing says it. A report that names people shows it, and is believed over this setting.
    row_numbers = settings.text(
        'Whether the row numbers of a sync report count the header line: "with header" makes the first person row 2.',
        default="with header",
        choices=("with header", "without header"),
    )
    package = settings.text(
        f'The name of the OneRoster zip; "{TIME}" in it becomes the time. Ask whether it has to be a fixed one.',
        default=f"oneroster-{TIME}.zip",
    )
    # A bulk package is the whole truth by the standard; what Great Minds does with who is missing is not published.
    missing = settings.text(
        'What is believed to become of who is missing from a OneRoster package: "deactivated" (so that a shrunken '
        'roster is held before it goes) or "kept".',
        default="deactivated",
        choices=("deactivated", "kept"),
    )
    additional_roles = settings.flag(
        "Add the last column metadata.gm.additionalroles to users.csv; the pipeline maps it for staff."
    )

    @marshmallow.validates("package")
    def _zip_name(self, value: str, **_: str) -> None:
        if value.count(TIME) > 1 or not _PACKAGE.fullmatch(value.replace(TIME, "0")):
            msg = f'this is no name of a zip; letters, digits and . _ - are allowed, and "{TIME}" once'
            raise marshmallow.ValidationError(msg)

    @marshmallow.validates_schema
    def _reachable(self, data: Mapping[str, Any], **_: Any) -> None:
        location, transport = data["location"], data["transport"]
        if is_remote(location):
            try:
                located(location, transport)
            except ConfigError as error:
                raise marshmallow.ValidationError({"location": [str(error)]}) from error
            return
        if data["mode"] == "oneroster":
            msg = "Great Minds takes OneRoster packages over SFTP; write sftp://user@host/folder"
            raise marshmallow.ValidationError({"location": [msg]})
        _refuse_local(location, transport)


def _refuse_local(location: str, transport: Mapping[str, Any]) -> None:
    if scheme_of(location) != "file":
        msg = "files are handed over in a folder or over SFTP; write the path of a folder, or sftp://user@host/folder"
        raise marshmallow.ValidationError({"location": [msg]})
    if transport:
        raise marshmallow.ValidationError({"transport": ["a folder on this machine needs no transport"]})
    try:
        path = local_path(location)
    except ConfigError as error:
        raise marshmallow.ValidationError({"location": [error.wrong]}) from error
    if not path.is_absolute():
        msg = "write the whole path of the folder, since a nightly job may start anywhere"
        raise marshmallow.ValidationError({"location": [msg]})


def is_remote(location: str) -> bool:
    """Whether a location is on an SFTP server."""
    return scheme_of(location) == "sftp"


def remote(values: Values) -> Values:
    """The SFTP settings of a remote location; its path is in `folder`. Raises ConfigError."""
    return located(values.location, values.transport)


def local(values: Values) -> Path:
    """The folder of a location on this machine."""
    return local_path(values.location)
