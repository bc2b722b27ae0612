"""SameGoal's side of the twin: loads the files of one epoch by the published rules and keeps what they say."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from rosterbus.private import write_private_text

from rosterbus_samegoal.published import (
    ACTIVE,
    COLUMNS,
    GENDERS,
    GUARDIANS,
    IDLE,
    INACTIVE,
    LONGEST_ID,
    MARKER,
    REQUIRED,
    STUDENTS,
)

Row = dict[str, str]
DATES = ("%m/%d/%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y-%m-%d")


@dataclass(frozen=True)
class Refused:
    """One row that was not loaded; `row` counts records, the header being row 1."""

    row: int
    column: str
    reason: str


@dataclass
class FileAnalysis:
    """What became of one file. `because` says why the whole file was refused, if it was."""

    because: list[str] = field(default_factory=list)
    rows: int = 0
    added: int = 0
    updated: int = 0
    deleted: int = 0
    refused: list[Refused] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Counts and reasons, without a cell of the file."""
        reasons = Counter(f"{one.column}: {one.reason}" for one in self.refused)
        rows = {one.row for one in self.refused}
        counts = {name: getattr(self, name) for name in ("rows", "added", "updated", "deleted")}
        return {"because": self.because, **counts, "refused": len(rows), "reasons": dict(reasons)}


class Loader:
    """What SameGoal holds, in `students` by Student Id and `guardians` by that of their student.

    Kept privately in ``held.json`` of `folder`, so that a twin started again there is the same one.
    """

    def __init__(self, folder: Path) -> None:
        self._held = folder / "held.json"
        held = json.loads(self._held.read_text(encoding="utf-8")) if self._held.exists() else {}
        self.students: dict[str, Row] = held.get("students", {})
        self.guardians: dict[str, list[Row]] = held.get("guardians", {})

    def take(self, epoch: Path) -> dict[str, Any]:
        """Load one epoch; answers with an analysis, whose ``refused_rows`` hold rows and columns, never cells."""
        files: dict[str, FileAnalysis] = {}
        loaded: list[str] = []
        if (epoch / STUDENTS).is_file():
            files[STUDENTS], loaded = self._take_students(epoch / STUDENTS)
        if (epoch / GUARDIANS).is_file():
            files[GUARDIANS] = self._take_guardians(epoch / GUARDIANS, loaded)
        self._keep()
        known = {*files, MARKER}
        enrolled = sum(row["District Enrollment"] not in INACTIVE for row in self.students.values())
        return {
            "epoch": epoch.name,
            "status": "loaded" if files and not any(one.because for one in files.values()) else "not loaded",
            "files": {name: one.as_json() for name, one in files.items()},
            "ignored": sorted(entry.name for entry in epoch.iterdir() if entry.name not in known),
            "students": len(self.students),
            "guardians": (guardians := sum(map(len, self.guardians.values()))),
            "active": {"students": enrolled, "guardians": guardians},
            "refused_rows": {name: [vars(row) for row in one.refused] for name, one in files.items()},
        }

    def _take_students(self, path: Path) -> tuple[FileAnalysis, list[str]]:
        analysis, loaded = FileAnalysis(), []
        seen: Counter[str] = Counter()
        for number, row in _rows(path, COLUMNS, analysis):
            wrong = [Refused(number, *told) for told in _wrong_with(row, seen)]
            analysis.refused += wrong
            if not wrong:
                self._take_student(row, analysis)
                loaded.append(row["Student Id"])
        return analysis, loaded

    def _take_student(self, row: Row, analysis: FileAnalysis) -> None:
        student = row["Student Id"]
        before = self.students.get(student)
        if before and before["District Enrollment"] == IDLE and row["District Enrollment"] == "ENROLLED":
            row = {**row, "District Enrollment": IDLE}
        analysis.added += before is None
        analysis.updated += before is not None and before != row
        self.students[student] = row

    def _take_guardians(self, path: Path, loaded: Sequence[str]) -> FileAnalysis:
        """Replace the guardians of every student of this load; those of other students stay."""
        analysis = FileAnalysis()
        given: dict[str, list[Row]] = {student: [] for student in loaded}
        for number, row in _rows(path, ("Student Id",), analysis):
            if row["Student Id"] in given:
                given[row["Student Id"]].append(row)
            else:
                analysis.refused.append(Refused(number, "Student Id", f"not in {STUDENTS}"))
        if analysis.because:
            return analysis
        for student, now in given.items():
            before = {_identity(row): row for row in self.guardians.get(student, [])}
            after = {_identity(row): row for row in now}
            analysis.added += len(after.keys() - before.keys())
            analysis.deleted += len(before.keys() - after.keys())
            analysis.updated += sum(before[key] != after[key] for key in before.keys() & after.keys())
            self.guardians[student] = list(after.values())
        return analysis

    def _keep(self) -> None:
        held = {"students": self.students, "guardians": self.guardians}
        write_private_text(self._held, json.dumps(held, ensure_ascii=False))


def _identity(row: Row) -> str:
    return row.get("Guardian Id") or json.dumps(row, sort_keys=True)


def _rows(path: Path, columns: Sequence[str], analysis: FileAnalysis) -> Iterator[tuple[int, Row]]:
    """The rows of a file, or none and the reason where it does not meet the requirements."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = list(csv.reader(file, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        analysis.because.append(f"not CSV in UTF-8 ({type(error).__name__})")
        return
    header, rows = (records[0], records[1:]) if records else ([], [])
    analysis.rows = len(rows)
    analysis.because += [f"missing column: {name}" for name in columns if name not in header]
    uneven = sum(len(row) != len(header) for row in rows)
    if uneven:
        analysis.because.append(f"{uneven} rows have another number of fields than the header")
    if not analysis.because:
        yield from ((number, dict(zip(header, row, strict=True))) for number, row in enumerate(rows, start=2))


def _wrong_with(row: Row, seen: Counter[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "missing") for name in REQUIRED if not row[name].strip())
    student, birth = row["Student Id"], row["Date of Birth"]
    seen[student] += 1
    if student and seen[student] > 1:
        yield "Student Id", "not unique"
    if student and (not re.fullmatch("[A-Za-z0-9]+", student) or len(student) > LONGEST_ID):
        yield "Student Id", f"not letters and digits, at most {LONGEST_ID}"
    if birth and not any(_is_date(birth, form) for form in DATES):
        yield "Date of Birth", "not a date in one of the four forms"
    if row["Gender"] and row["Gender"] not in GENDERS:
        yield "Gender", "not a preset"
    if row["District Enrollment"] and row["District Enrollment"] not in (*ACTIVE, *INACTIVE):
        yield "District Enrollment", "not a preset"


@cache
def _is_date(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
