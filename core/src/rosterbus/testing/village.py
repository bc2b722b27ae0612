"""A small made-up village as a source: every relation of the vocabulary, each column filled as most vendors want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rosterbus import settings
from rosterbus.extracts import Completeness, Extract, Mapped, RawTable, Relation, Rows, SourceState
from rosterbus.hookspecs import hookimpl
from rosterbus.roster import vocabulary

CANARY = "Zqx"
"""What every name begins with: it may stand in the files for the vendor, and nowhere else."""
STUDENTS = 40
SCHOOLS = ("0101", "0102")
SPELT = "abcdefghij"

Row = dict[str, str]


class VillageSource:
    """A source of `students` people and their guardians; `cells` may change before each run.

    It is given to a run as it stands, without an entry point.
    """

    Settings = settings.Settings

    def __init__(self) -> None:
        self.students = STUDENTS
        self.cells: dict[tuple[int, str], str] = {}
        """What a student's columns are instead, by the number from 0 and the column."""

    @hookimpl
    def extract(self, settings: Any, state: SourceState) -> Extract:  # noqa: ARG002 - the spec names them
        """All relations as they are."""
        whole = Completeness("complete", "everybody of the village was counted")
        tables = {}
        for name, rows in self._relations().items():
            columns = list(vocabulary().tables[name].columns)
            records = [columns, *([row.get(column, "") for column in columns] for row in rows)]
            tables[name] = Rows(records, f"{name}.csv", whole)
        return Extract(tables)

    @hookimpl
    def map(self, settings: Any, tables: Mapping[str, RawTable]) -> Mapped:  # noqa: ARG002
        """Each table is its relation."""
        return Mapped([Relation(name, f"SELECT * FROM raw.{name}", lead=name) for name in tables])

    def _relations(self) -> dict[str, list[Row]]:
        students = [self._student(number) for number in range(self.students)]
        return {
            **{name: [] for name in vocabulary().tables},
            "schools": [_school(number) for number in SCHOOLS],
            "students": students,
            "school_enrollments": [_enrollment(row) for row in students],
            "guardians": [_guardian(row, _of_guardian) for row in students],
            "student_guardians": [_guardian(row, _of_bond) for row in students],
            "registrations": [_registration(row) for row in students],
        }

    def _student(self, number: int) -> Row:
        name, plain = f"{CANARY}{spelt(number)}", f"zqx{number:04}"
        school = SCHOOLS[number % len(SCHOOLS)]
        row = {
            "student_id": f"S{number:04}", "student_number": f"{70000 + number}", "state_id": f"9{number:06}",
            "first_name": name, "middle_name": name, "last_name": name, "preferred_first_name": name,
            "email": f"{plain}@example.org", "username": plain, "auth_identifier": plain, "card_id": f"{number:09}",
            "phone": f"212555{number:04}", "mobile_phone": f"917555{number:04}", "birth_date": "2011-03-09",
            "gender": "female", "grade": "12", "class_level": "Senior", "status": "active",
            "enrollment_status": "enrolled", "school_id": school, "school_name": f"School {school}",
            "school_number": school, "school_state_id": f"0{school}", "street": f"{number + 1} {CANARY} Lane",
            "city": "Springfield", "state": "IL", "zip": "02134", "race": "Asian", "hispanic": "false",
            "graduation_year": "2027", "cumulative_gpa": "3.5",
        }  # fmt: skip
        return {column: self.cells.get((number, column), cell) for column, cell in row.items()}


def spelt(number: int) -> str:
    """A number in letters, for names may have no digits."""
    return "".join(SPELT[int(digit)] for digit in f"{number:03}")


def _school(number: str) -> Row:
    return {"school_id": number, "name": f"School {number}", "school_number": number, "status": "active"}


def _enrollment(student: Row) -> Row:
    same = {name: student[name] for name in ("student_id", "school_id", "grade")}
    return {
        **same,
        "school_year": "2027",
        "entry_date": "2026-08-15",
        "status": "enrolled",
        "primary": "true",
    }


def _registration(student: Row) -> Row:
    registered = {
        "registration_id": f"R{student['student_id'][1:]}",
        "school_year": "2026-2027",
        "status": "Registration Approved",
        "approved_date": "2026-11-02",
        "synced_at": "2026-11-20T10:00:00-06:00",
    }
    shared = vocabulary().tables["registrations"].columns
    return {**{name: cell for name, cell in student.items() if name in shared}, **registered}


def _guardian(student: Row, more: Callable[[Row], Row]) -> Row:
    same = ("last_name", "street", "city", "state", "zip", "phone", "mobile_phone")
    guardian = {
        "guardian_id": f"G{student['student_id'][1:]}",
        "first_name": f"{CANARY}parent",
        "language": "eng",
    }
    return {**guardian, **{name: student[name] for name in same}, **more(student)}


def _of_guardian(student: Row) -> Row:  # noqa: ARG001 - one of two that tell what a guardian's row has more
    return {"status": "active"}


def _of_bond(student: Row) -> Row:
    same = {name: student[name] for name in ("student_id", "school_id")}
    return {**same, "relationship": "parent", "student_status": "active"}
