"""The export as a layout: the district's columns, and beside them what decides whether a row goes, unwritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rosterbus.layouts import Column, Dialect, LayoutSpec, text
from rosterbus.roster import vocabulary

from rosterbus_enroll.columns import chosen_columns
from rosterbus_enroll.published import APPROVED, ARTICLE, SEPARATORS, START_YEAR, TEXT_IDENTIFIERS

REGISTRATION, STUDENT = "(registration)", "(student)"
SYNCED, SCHOOL_YEAR = "(synced)", "(school year)"
YEAR_COLUMN = "school_year"
WHERE_REGISTERED = f"status = '{APPROVED}' AND synced_at <> ''"
WHERE_ENROLLED = "status = 'active'"


def layouts(settings: Mapping[str, Any]) -> tuple[LayoutSpec, ...]:
    """The one file of registrations, or of students where the source has no registrations.

    Raises TypeError or ValueError for columns that cannot stand in one file.
    """
    layout = _registrations if settings["records"] == "registrations" else _students
    return (layout(settings),)


def _registrations(settings: Mapping[str, Any]) -> LayoutSpec:
    unwritten = (
        _unwritten(REGISTRATION, "registration_id", required=True),
        # Synced again, a registration goes again, even if nothing in it is different.
        _unwritten(SYNCED, "synced_at"),
        _unwritten(
            SCHOOL_YEAR,
            YEAR_COLUMN,
            pattern=START_YEAR,
            pattern_says="a school year such as 2026, 2026-27 or 2026-2027",
            rule=f"{ARTICLE}: the folders are called by the start year",
        ),
    )
    return LayoutSpec(
        name="registrations",
        rows="registrations",
        key=(REGISTRATION,),
        columns=(*_written(settings, "registrations"), *unwritten),
        where=WHERE_REGISTERED,
        split=(YEAR_COLUMN,),
        **_shared(settings),
    )


def _students(settings: Mapping[str, Any]) -> LayoutSpec:
    return LayoutSpec(
        name="students",
        rows="students",
        key=(STUDENT,),
        columns=(*_written(settings, "students"), _unwritten(STUDENT, "student_id", required=True)),
        where=WHERE_ENROLLED,
        **_shared(settings),
    )


def _shared(settings: Mapping[str, Any]) -> dict[str, Any]:
    dialect = Dialect(
        delimiter=SEPARATORS[settings["separator"]],
        quote=TEXT_IDENTIFIERS[settings["text_identifier"]],
        newline={"crlf": "\r\n", "lf": "\n"}[settings["line_end"]],
        quoting="all" if settings["quoting"] == "all" else "minimal",
    )
    return {
        "file": settings["file_name"],
        "dialect": dialect,
        "sends": "changes",
        "skips": "absent",
        "open": True,
        "source": ARTICLE,
    }


def _written(settings: Mapping[str, Any], table: str) -> tuple[Column, ...]:
    """The district's columns; of the default ones only those that the roster table has."""
    known = vocabulary().tables[table].columns
    chosen = chosen_columns(settings)
    return tuple(
        text(header, direct=column)
        for header, column in chosen.items()
        if settings["columns"] or column in known
    )


def _unwritten(name: str, column: str, **options: Any) -> Column:
    """A column that counts and is not in the file, under a name that no district gives to one of its own."""
    return replace(text(name, direct=column, written=False, **options), attribute=name)
