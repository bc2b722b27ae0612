"""What both sides need to know: the folder of the exports, and how the district set its export file up."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

import marshmallow
from rosterbus import settings
from rosterbus_sftp import SFTPSettings

from rosterbus_enroll.columns import ColumnsField, chosen_columns
from rosterbus_enroll.files import layouts
from rosterbus_enroll.published import EXTENSION, FOLDER, SEPARATORS, TEXT_IDENTIFIERS

FILE_NAME = f"registrations{EXTENSION}"


def _separator() -> marshmallow.fields.String:
    return settings.text("What stands between two fields.", default="comma", choices=tuple(SEPARATORS))


def _text_identifier() -> marshmallow.fields.String:
    return settings.text(
        "Whether a field stands between double or single quotes.",
        default="double",
        choices=tuple(TEXT_IDENTIFIERS),
    )


class ExportSettings(SFTPSettings):
    """The SFTP folder that the SIS reads, and the file settings of the article."""

    class Meta(SFTPSettings.Meta):
        # Without the new name at the end a SIS could read half a file.
        exclude = ("rename",)

    folder = settings.text("The folder of the exports on the server.", default=FOLDER)
    records = settings.text(
        'What is exported: "registrations", or "students" where the source has none. Then whoever is active counts as '
        "approved, and whoever changed as synced.",
        default="registrations",
        choices=("registrations", "students"),
    )
    file_name = settings.text(
        "The name of the file, with the extension csv; it is the same in every export.",
        default=FILE_NAME,
        pattern=r"(?s).+\.csv\Z",
        pattern_says="Only files with the extension csv are exported; write a name such as registrations.csv.",
    )
    separator = _separator()
    text_identifier = _text_identifier()
    quoting = settings.text(
        'Whether "all" fields stand between text identifiers or only those that "need" it; the article leaves it open.',
        default="all",
        choices=("all", "needed"),
    )
    line_end = settings.text(
        "How a line ends; the article leaves it open.", default="crlf", choices=("crlf", "lf")
    )
    columns = ColumnsField(
        'The columns in their order, as "Date of Birth" = "birth_date": header and roster column. '
        "The pipeline's map changes what is in them."
    )
    year_folders = settings.text(
        'Whether a file goes to the folder of its start year "when several" years go at once, or "always"; the article '
        "does not say where a single year goes.",
        default="when several",
        choices=("when several", "always"),
    )
    pickup_hours = settings.number(
        "How often, in hours, the SIS reads the folder: nothing is overwritten that it may not have read yet.",
        least=1,
    )

    @marshmallow.validates_schema
    def _one_file(self, data: Mapping[str, Any], **_: Any) -> None:
        try:
            layouts(data)
        except (TypeError, ValueError) as error:
            place = "file_name" if "`file`" in str(error) else "columns"
            raise marshmallow.ValidationError({place: [str(error)]}) from error


class PickupSettings(settings.Settings):
    """Where the exports are, and how they are written."""

    location = settings.text(
        "The export file: a path, or an address that a transport can read.", required=True
    )
    transport = settings.table("How to reach the location: what the transport of its address asks for.")
    year_folders = settings.flag(
        "Look for the file in the folders of the start years (last, this and next year) beside it, too."
    )
    separator = _separator()
    text_identifier = _text_identifier()
    encoding = settings.text("The encoding of the file, where it is not UTF-8.")
    columns = ColumnsField('The columns as the file has them: header = roster column ("DOB" = "birth_date").')
    key = settings.texts(
        "The headers that identify a row; if none are given, that of registration_id, or else those of student_id and "
        "school_year."
    )
    missed_hours = settings.number(
        "Hold when the last look is longer ago than this and the file is another one: an export between may have been "
        "overwritten. Exports are daily at the most, unless somebody starts one by hand.",
        default=36,
        least=1,
    )

    @marshmallow.validates("encoding")
    def _known_encoding(self, value: str | None, **_: str) -> None:
        try:
            codecs.lookup(value or "utf-8")
        except LookupError as error:
            msg = f"No such encoding: {value}; allowed: utf-8, windows-1252, latin-1, utf-16 and the like."
            raise marshmallow.ValidationError(msg) from error

    @marshmallow.validates_schema
    def _identified(self, data: Mapping[str, Any], **_: Any) -> None:
        columns = chosen_columns(data)
        told = list(columns.values())
        if repeated := sorted({column for column in told if told.count(column) > 1}):
            wrong = f"two headers are said to be {repeated[0]}; only one can be"
            raise marshmallow.ValidationError({"columns": [wrong]})
        if unknown := [header for header in data["key"] if header not in columns]:
            wrong = f"{unknown[0]!r} is no header of `columns`"
            raise marshmallow.ValidationError({"key": [wrong]})
        if not key_headers(data):
            wrong = "none of them is registration_id or student_id, so that nobody could tell who is who"
            raise marshmallow.ValidationError({"columns": [wrong]})
        if data["year_folders"] and not {"registration_id", "school_year"} & set(told):
            wrong = "with `year_folders` a student can be in two files, so registration_id or school_year is needed"
            raise marshmallow.ValidationError({"columns": [wrong]})


def key_headers(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The headers that identify a row of an export; none where the columns name nobody."""
    if data["key"]:
        return tuple(data["key"])
    headers = {column: header for header, column in chosen_columns(data).items()}
    if "registration_id" in headers:
        return (headers["registration_id"],)
    if "student_id" not in headers:
        return ()
    return tuple(headers[column] for column in ("student_id", "school_year") if column in headers)
