"""The nightly OneRoster sync, played: the newest package is read whole, and each file gets a report of its errors."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rosterbus_great_minds.published import (
    ADDITIONAL_ROLES,
    ADDITIONAL_ROLES_COLUMN,
    LONGEST_ONEROSTER_ID,
    ONEROSTER_ID,
    PACKAGE,
)

REPORT_HEADER = ("rowNumber", "sourceId", "field", "status", "message")
COMPLETED, WITH_ERRORS, FAILED = "Completed", "Completed with Errors", "Failed"
Row = Mapping[str, str]
Error = tuple[str, str]
REQUIRED = {
    "orgs.csv": ("name", "type"),
    "users.csv": ("enabledUser", "orgSourcedIds", "role", "username", "givenName", "familyName"),
    "classes.csv": ("title", "schoolSourcedId"),
    "enrollments.csv": ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
}
REFERENCES = {
    "users.csv": {"orgSourcedIds": "orgs.csv"},
    "classes.csv": {"schoolSourcedId": "orgs.csv"},
    "enrollments.csv": {
        "classSourcedId": "classes.csv",
        "schoolSourcedId": "orgs.csv",
        "userSourcedId": "users.csv",
    },
}


@dataclass
class Sync:
    """One package: its state, the rows that were taken by file and id, and the errors of each file."""

    package: str
    state: str = COMPLETED
    because: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    taken: dict[str, dict[str, Row]] = field(default_factory=dict)
    errors: dict[str, list[tuple[int, str, str, str]]] = field(default_factory=dict)
    """Row (the header is row 1), id, column and sentence, by file."""

    def report(self, name: str) -> str:
        """The sync report of one file."""
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        lines.writerow(REPORT_HEADER)
        for row, key, column, sentence in self.errors[name]:
            lines.writerow([row, key, column, "Failure", sentence])
        return text.getvalue()


def sync(path: Path) -> Sync:
    """Read one package by the published rules; a file that is missing or has other columns fails it whole."""
    done = Sync(path.name)
    try:
        tables = _tables(path)
    except (ValueError, csv.Error, zipfile.BadZipFile) as error:
        done.state, done.because = FAILED, str(error)
        return done
    for name, rows in tables.items():
        _take(done, name, rows)
    if done.errors:
        done.state = WITH_ERRORS
    return done


def _tables(path: Path) -> dict[str, Sequence[Row]]:
    with zipfile.ZipFile(path) as archive:
        if missing := sorted(set(PACKAGE) - set(archive.namelist())):
            raise ValueError(f"the package lacks {', '.join(missing)}")
        return {name: _read(name, archive.read(name)) for name in PACKAGE}


def _read(name: str, content: bytes) -> Sequence[Row]:
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    known = PACKAGE[name]
    last = (*known, ADDITIONAL_ROLES_COLUMN) if name == "users.csv" else known
    if tuple(header) not in (known, last):
        raise ValueError(f"the columns of {name} are not those of OneRoster 1.1")
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"a row of {name} has another number of cells than the header")
    return [dict(zip(header, row, strict=True)) for row in rows]


def _take(done: Sync, name: str, rows: Sequence[Row]) -> None:
    done.rows[name], taken = len(rows), done.taken.setdefault(name, {})
    for number, row in enumerate(rows, start=2):
        errors = [*_wrong(name, row, taken), *_lost(done, name, row)]
        if errors:
            told = [(number, row["sourcedId"], column, sentence) for column, sentence in errors]
            done.errors.setdefault(name, []).extend(told)
        else:
            taken[row["sourcedId"]] = row


def _wrong(name: str, row: Row, taken: Mapping[str, Row]) -> Iterator[Error]:
    key = row["sourcedId"]
    if not re.fullmatch(ONEROSTER_ID, key) or len(key) > LONGEST_ONEROSTER_ID:
        yield "sourcedId", "Not a valid sourcedId."
    if key in taken:
        yield "sourcedId", "This sourcedId is used twice."
    yield from (
        (column, "This field is blank only.") for column in ("status", "dateLastModified") if row[column]
    )
    yield from ((column, "This field is required.") for column in REQUIRED[name] if not row[column])
    if name == "users.csv" and row["enabledUser"] not in ("true", "false"):
        yield "enabledUser", "Neither true nor false."
    roles = [one for one in row.get(ADDITIONAL_ROLES_COLUMN, "").split(",") if one]
    if roles and (row["role"] == "student" or not set(roles) <= set(ADDITIONAL_ROLES)):
        yield ADDITIONAL_ROLES_COLUMN, "Not an additional role."


def _lost(done: Sync, name: str, row: Row) -> Iterator[Error]:
    for column, other in REFERENCES.get(name, {}).items():
        for key in row[column].split(","):
            found = done.taken[other].get(key)
            if key and found is None:
                yield column, f"Not in {other}."
            elif column == "schoolSourcedId" and found and found["type"] != "school":
                yield column, "Not an org of type school."
