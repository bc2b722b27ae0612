"""The twin's accounts, and what one row does to one of them by Handshake's published rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from rosterbus_handshake.published import CLEAR, EDUCATION_LEVELS, SCHOOL_YEARS, UNIQUE

START, END = "primary_education:start_date", "primary_education:end_date"
LABELS = "system_label_names"
FILLED = ("email_address", "username", "first_name")
NAMES = ("first_name", "last_name", "middle_name", "preferred_name")
BOOLEANS = (
    "primary_education:currently_attending",
    "work_study_eligible",
    "disabled",
    "athlete",
    "first_generation",
    "veteran",
    "eu_gdpr_subject",
)
TEXTS = (
    "email_address",
    "username",
    "auth_identifier",
    *NAMES,
    "card_id",
    "mobile_number",
    "additional_email_addresses",
    "assigned_to_email_address",
    "primary_education:major_names",
    "primary_education:primary_major_name",
    "primary_education:minor_names",
    "primary_education:college_names",
    "primary_education:primary_college_name",
    "campus_name",
    "ethnicity",
    "gender",
    "hometown_location_attributes:name",
    LABELS,
)
Row = Mapping[str, str]


@dataclass(frozen=True)
class Move:
    """What a row does: `cells` are the columns that change, `response` says why it fails."""

    kind: Literal["created", "updated", "unchanged", "failed"]
    cells: Mapping[str, str] = field(default_factory=dict)
    response: str = ""


class Accounts:
    """Every account by its username. A cell that was never filled is absent or blank."""

    def __init__(self) -> None:
        self.by_username: dict[str, dict[str, str]] = {}
        self._owners: dict[str, dict[str, str]] = {column: {} for column in UNIQUE}

    def judge(self, row: Row) -> Move:
        """Find out what a row would do now, and do nothing."""
        stored = self.by_username.get(row["username"], {})
        cells = {column: text for column, text in _told(row) if stored.get(column, "") != text}
        response = next(self._objections(row, stored, cells), "")
        if response:
            return Move("failed", response=response)
        if not stored:
            return Move("created", cells)
        return Move("updated" if cells else "unchanged", cells)

    def apply(self, row: Row) -> Move:
        """Judge a row and do what it asks."""
        move = self.judge(row)
        if move.kind in ("created", "updated"):
            stored = self.by_username.setdefault(row["username"], {})
            for column in self._owners.keys() & move.cells.keys():
                self._owners[column].pop(_folded(stored.get(column, "")), None)
                self._owners[column][_folded(move.cells[column])] = row["username"]
            stored.update(move.cells)
        return move

    def _objections(self, row: Row, stored: Row, cells: Row) -> Iterator[str]:
        yield from (_refused(column, "can't be blank") for column in FILLED if row[column] in ("", CLEAR))
        if stored.get("auth_identifier") and "auth_identifier" in cells:
            yield "Attempted to update auth_identifier from _ to _"
        for column in UNIQUE:
            owner = self._owners[column].get(_folded(cells.get(column, "")))
            if cells.get(column) and owner not in (None, row["username"]):
                taken = "is already in use" if column == "email_address" else "has already been taken"
                yield _refused(column, taken)
        for column in NAMES:
            if len(cells.get(column, "")) > 50 or re.search("[0-9]", cells.get(column, "")):
                yield _refused(column, "is invalid")
        if cells.get("mobile_number") and not re.fullmatch(r"\+?1?[0-9]{10}", cells["mobile_number"]):
            yield _refused("mobile_number", "is invalid")
        start, end = ({**stored, **cells}.get(column, "") for column in (START, END))
        if start and end and end < start:
            yield _refused("primary_education.end_date", f"must be a date on or after {START}")


def registers(column: str, text: str) -> bool:
    """Whether Handshake can take a value for its column; one that it cannot take is as good as blank."""
    if text in ("", CLEAR):
        return not (text and column in BOOLEANS)
    return column not in _VALUES or _VALUES[column](text)


def _told(row: Row) -> Iterator[tuple[str, str]]:
    """What a row says: a blank says nothing but of labels, and **CLEAR** says blank."""
    for column, text in row.items():
        if text or column == LABELS:
            yield column, "" if text == CLEAR else text


def _folded(text: str) -> str:
    return text.casefold()


def _refused(column: str, sentence: str) -> str:
    return json.dumps({column: [sentence]}, separators=(",", ":"))


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d([+-]\d\d:\d\d)?)?", text):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _is_grade_point(text: str) -> bool:
    return bool(re.fullmatch(r"\d(\.\d{1,2})?", text)) and Decimal(text) <= 4


_VALUES: dict[str, Callable[[str], bool]] = {
    "school_year_name": lambda text: text in SCHOOL_YEARS,
    "primary_education:education_level_name": lambda text: text in EDUCATION_LEVELS,
    "primary_education:cumulative_gpa": _is_grade_point,
    "primary_education:department_gpa": _is_grade_point,
    START: _is_date,
    END: _is_date,
    **dict.fromkeys(BOOLEANS, lambda text: text in ("TRUE", "FALSE")),
}
KNOWN = frozenset({*TEXTS, *_VALUES})
"""Every header that the importer maps."""
