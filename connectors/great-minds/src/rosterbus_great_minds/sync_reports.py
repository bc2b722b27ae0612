"""Great Minds' sync reports, read back: which row of which uploaded file each error is about."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from rosterbus.deliveries import Delivery, Feedback, Outcome, StagedFile, VendorError
from rosterbus.errors import ConfigError
from rosterbus.settings import Values

from rosterbus_great_minds.oneroster import member

HEADERS = {
    "row": ("rownumber",),
    "key": ("sourcedid", "sourceid", "sis_id"),
    "column": ("columnname", "field"),
    "message": ("error", "errormessage", "message"),
}
"""The published headers by what they mean: of self-serve, OneRoster, ClassLink and Clever reports, blanks left out."""
ALLOWED = (
    "Row Number, sourcedId, Column Name, Error (without sourcedId for classes)",
    "rowNumber, sourceId, field, status, message",
    "SourcedId, Field, Status, Error Message",
    "Clever ID, sis_id, field, status, message",
)
READINGS = {"with header": 0, "without header": 1}
"""What is added to a report's row number so that the header is row 1."""


@dataclass(frozen=True)
class Line:
    """One error as the report tells it. `row` is the report's own number, None where it has none."""

    row: int | None
    key: str
    column: str
    message: str


@dataclass(frozen=True)
class Uploaded:
    """One uploaded file of the delivery: its place there, its remote name, and the row of each id of the report.

    `has_ids` is false for the one kind of file whose rows have none.
    """

    place: int
    name: str
    file: StagedFile
    has_ids: bool
    rows: Mapping[str, int]


def read_feedback(file: Path, delivery: Delivery, settings: Values, chosen: str) -> Feedback:
    """Find the file that a report is about, and the row of each of its errors.

    Raises ConfigError where it is no sync report, or where nobody can tell what it is about.
    """
    lines = read_lines(file)
    packed = settings.mode == "oneroster"
    uploads = _uploads(delivery, {line.key for line in lines if line.key}, packed=packed)
    named = [one for one in uploads if chosen in one.name]
    if packed and chosen and len(named) == 1:
        lines = _without_siblings(lines, named[0], uploads)
    about = _about(lines, named, file=file, chosen=chosen)
    if not packed:
        _check_numbering(lines, about, settings.row_numbers, file=file)
    shift = None if packed else READINGS[settings.row_numbers]
    errors = [_error(line, about, shift=shift, file=file) for line in lines]
    refused = len({one.row for one in errors})
    outcome: Outcome = "not processed" if refused >= about.file.rows else "partly" if errors else "processed"
    return Feedback(about.file.layout, errors, [about.place], outcome)


def _uploads(delivery: Delivery, told: Set[str], *, packed: bool) -> list[Uploaded]:
    """The files of a delivery, with the rows of the ids that are `told` of."""
    uploads = []
    for place, (name, staged) in enumerate(zip(delivery.addressed.files, delivery.files, strict=True)):
        has_ids = packed or staged.layout != "classes"
        uploads.append(Uploaded(place, name, staged, has_ids, _rows(staged, told) if has_ids else {}))
    return uploads


def _error(line: Line, about: Uploaded, *, shift: int | None, file: Path) -> VendorError:
    """The id decides about the row; the report's own number where it has no id, if files go up as they are."""
    row = about.rows.get(line.key)
    if row is None and line.row is not None and shift is not None:
        row = line.row + shift
    if row is None or not 2 <= row <= about.file.rows + 1:
        wrong = f"an error is about no row of {about.name}; name the file that the report is about"
        raise ConfigError(wrong, key="--of", file=file)
    return VendorError(line.column, line.message, row, line.key, about.place)


def read_lines(file: Path) -> list[Line]:
    """The errors of a report in any published form, whatever the case and blanks of its headers; or ConfigError."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ConfigError("this is no CSV in UTF-8", file=file, allowed=ALLOWED) from error
    found = {
        what: header.index(name)
        for what, names in HEADERS.items()
        for name in header
        if "".join(name.split()).lower() in names
    }
    if not {"column", "message"} <= set(found) or not {"row", "key"} & set(found):
        raise ConfigError("this is no sync report of Great Minds", file=file, allowed="; ".join(ALLOWED))
    return [
        _line(record, found, file=file, number=number, width=len(header))
        for number, record in enumerate(records, start=2)
        if any(record)
    ]


def _line(record: Sequence[str], found: Mapping[str, int], *, file: Path, number: int, width: int) -> Line:
    if len(record) != width:
        raise ConfigError(f"a line has {len(record)} cells instead of {width}", file=file, line=number)
    cells = {what: record[place].strip() for what, place in found.items()}
    row = cells.get("row", "")
    if row and not (row.isascii() and row.isdigit()):
        raise ConfigError("a row number is no number", file=file, line=number)
    if not row and not cells.get("key"):
        raise ConfigError("a line has neither a row number nor an id", file=file, line=number)
    return Line(int(row) if row else None, cells.get("key", ""), cells["column"], cells["message"])


def _without_siblings(lines: Sequence[Line], about: Uploaded, uploads: Sequence[Uploaded]) -> list[Line]:
    """Only what is about this part, where several parts make one file of the package and so one report."""
    others = {
        key
        for one in uploads
        if one is not about and member(one.file.name) == member(about.file.name)
        for key in one.rows
    }
    return [line for line in lines if line.key not in others]


def _about(lines: Sequence[Line], named: Sequence[Uploaded], *, file: Path, chosen: str) -> Uploaded:
    """The one upload that was chosen, or else that has every id of the report."""
    keys = {line.key for line in lines if line.key}
    if keys:
        fitting = [one for one in named if keys <= set(one.rows)]
    else:
        fitting = [one for one in named if len(named) == 1 or not one.has_ids]
    if len(fitting) == 1:
        return fitting[0]
    if not named:
        wrong = "no uploaded file of this delivery has such a name"
    elif not fitting:
        wrong = "not all ids of the report are in one uploaded file"
    else:
        wrong = "nobody can tell which uploaded file the report is about"
    names = ", ".join(one.name for one in fitting or named)
    raise ConfigError(wrong, key="--of", found=chosen or None, file=file, allowed=names or None)


def _check_numbering(lines: Sequence[Line], about: Uploaded, setting: str, *, file: Path) -> None:
    """Where a report has both, ids show how its rows are counted, and a setting that says otherwise is wrong."""
    known = [
        (line.row, about.rows[line.key]) for line in lines if line.row is not None and line.key in about.rows
    ]
    fits = [name for name, shift in READINGS.items() if all(row + shift == ours for row, ours in known)]
    if fits and setting not in fits:
        raise ConfigError(
            "the ids of the report show that its rows are counted otherwise",
            file=file,
            key="row_numbers",
            found=repr(setting),
            allowed=repr(fits[0]),
        )


def _rows(staged: StagedFile, told: Set[str]) -> dict[str, int]:
    """The row of each of these ids in an uploaded file, the header being row 1."""
    try:
        with staged.path.open(encoding="utf-8", newline="") as file:
            records = csv.reader(file, strict=True)
            next(records)
            return {record[0]: row for row, record in enumerate(records, start=2) if record[0] in told}
    except OSError as error:
        wrong = f"{staged.name} is kept no longer, and without it nobody can tell whom the report is about"
        raise ConfigError(wrong, file=staged.path) from error
