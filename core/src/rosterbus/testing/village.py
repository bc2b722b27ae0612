"""A small made-up village as a source: every relation of the vocabulary, each column filled as most vendors want it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from rosterbus import settings
from rosterbus.extracts import Completeness, Delimited, Extract, Mapped, RawTable, Relation, Rows, SourceState
from rosterbus.hookspecs import hookimpl
from rosterbus.private import open_private
from rosterbus.roster import vocabulary

CANARY = "Zqx"
"""What every name begins with: it may stand in the files for the vendor, and nowhere else."""
STUDENTS = 40
SCHOOLS = ("0101", "0102")
SPELT = "abcdefghij"
WHOLE = Completeness("complete", "everybody of the village was counted")

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
        self.gone: set[int] = set()
        """The numbers of those who have left."""

    @hookimpl
    def extract(self, settings: Any, state: SourceState) -> Extract:  # noqa: ARG002 - the spec names them
        """All relations as they are."""
        return Extract({name: Rows(self.records(name), f"{name}.csv", WHOLE) for name in vocabulary().tables})

    @hookimpl
    def map(self, settings: Any, tables: Mapping[str, RawTable]) -> Mapped:  # noqa: ARG002
        """Each table is its relation."""
        return Mapped([Relation(name, f"SELECT * FROM raw.{name}", lead=name) for name in tables])

    def records(self, relation: str) -> Iterator[list[str]]:
        """The header of a relation, and its rows."""
        columns = list(vocabulary().tables[relation].columns)
        yield columns
        yield from ([row.get(column, "") for column in columns] for row in self._rows(relation))

    def _rows(self, relation: str) -> Iterable[Row]:
        if relation == "schools":
            return map(_school, SCHOOLS)
        of_student = RELATIONS.get(relation)
        numbers = (number for number in range(self.students) if number not in self.gone)
        return (of_student(self._student(number)) for number in numbers) if of_student else ()

    def _student(self, number: int) -> Row:
        name, plain = f"{CANARY}{spelt(number)}", f"zqx{number:04}"
        school = SCHOOLS[number % len(SCHOOLS)]
        row = {
            "student_id": f"S{number:04}", "student_number": f"{70000 + number}", "state_id": f"9{number:06}",
            "first_name": name, "middle_name": name, "last_name": name, "preferred_first_name": name,
            "email": f"{plain}@example.org", "username": plain, "auth_identifier": plain, "card_id": f"{number:09}",
            "phone": f"212{5550000 + number}", "mobile_phone": f"917{5550000 + number}", "birth_date": "2011-03-09",
            "gender": "female", "grade": "12", "class_level": "Senior", "status": "active",
            "enrollment_status": "enrolled", "school_id": school, "school_name": f"School {school}",
            "school_number": school, "school_state_id": f"0{school}", "street": f"{number + 1} {CANARY} Lane",
            "city": "Springfield", "state": "IL", "zip": "02134", "race": "Asian", "hispanic": "false",
            "graduation_year": "2027", "cumulative_gpa": "3.5",
        }  # fmt: skip
        if not self.cells:
            return row
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


RELATIONS: Mapping[str, Callable[[Row], Row]] = {
    "students": lambda student: student,
    "school_enrollments": _enrollment,
    "guardians": lambda student: _guardian(student, _of_guardian),
    "student_guardians": lambda student: _guardian(student, _of_bond),
    "registrations": _registration,
}
"""The relations that have a row for every student, and how it is made."""


class CitySource(VillageSource):
    """So many students that their rows are written once, as files in `folder`, and read again by every test.

    `relations` are those that are wanted.
    """

    def __init__(self, students: int, folder: Path, relations: Iterable[str]) -> None:
        super().__init__()
        self.students = students
        self._folder, self._wanted = folder, frozenset(relations)

    @hookimpl
    def extract(self, settings: Any, state: SourceState) -> Extract:  # noqa: ARG002 - the spec names them
        """The wanted relations from their files, and none of the others."""
        return Extract({name: self._table(name) for name in sorted(self._wanted)})

    def _table(self, relation: str) -> Delimited:
        path = self._folder / f"{relation}.{self.students}.csv"
        if not path.exists():
            rows = iter(self._rows(relation))
            first = next(rows, {})
            with open_private(path, "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(first or vocabulary().tables[relation].columns)
                writer.writerows(row.values() for row in chain([first] if first else [], rows))
        return Delimited(path, path.name, completeness=WHOLE)
