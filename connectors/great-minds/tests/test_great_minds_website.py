"""The twin's website refuses what the published rules refuse, creates the rest, and tells of each error."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from great_minds_kit import class_, csv_of, staff, student
from rosterbus.rehearsing import start_twin
from rosterbus_great_minds.published import MOST_BYTES, STUDENTS_FILE, TEMPLATES
from rosterbus_great_minds.website import Upload, Website

ROWS = {"students": student, "staff": staff, "classes": class_}


@pytest.fixture
def website() -> Website:
    """One with a teacher, ``t1@example.org``, at the school North."""
    made = Website()
    upload(made, "staff", staff(1))
    return made


def upload(
    website: Website, kind: str, *rows: dict[str, str], school: str = "North", name: str = ""
) -> Upload:
    file = name or {"students": STUDENTS_FILE}.get(kind, f"{kind}.csv")
    return website.upload(school, kind, file, csv_of(TEMPLATES[kind], rows))


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("students", "students.csv", csv_of(TEMPLATES["students"], [student(1)])),
        ("staff", "staff.txt", csv_of(TEMPLATES["staff"], [staff(2)])),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"], [])),
        ("students", STUDENTS_FILE, b""),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"], [student(n) for n in range(1_001)])),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"], [student(1, lastName="x" * MOST_BYTES)])),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"][:-1], [student(1)])),
        ("staff", "staff.csv", csv_of([*TEMPLATES["staff"][1:], "staffId"], [staff(2)])),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"], [student(1)]) + b"S2,Ada\r\n"),
        ("students", STUDENTS_FILE, csv_of(TEMPLATES["students"], [student(1)]).replace(b"Ada", b"Ad\xe4")),
    ],
)
def test_a_file_that_fails_the_dialog_creates_nobody(
    website: Website, kind: str, name: str, content: bytes
) -> None:
    done = website.upload("North", kind, name, content)
    assert (done.status, done.created) == ("Remove File", 0)
    assert done.refused_because
    assert list(website.accounts) == ["T1"]


@pytest.mark.parametrize(
    ("kind", "changes", "column"),
    [
        *(("students", {"studentId": cell}, "studentId") for cell in ("", "a-1")),
        *(("students", {name: ""}, name) for name in ("firstName", "lastName", "username", "password", "grade")),
        *(("students", {name: "x" * 251}, name) for name in ("firstName", "middleName", "lastName")),
        *(("students", {"grade": cell}, "grade") for cell in ("13", "1")),
        *(("students", {"username": cell}, "username") for cell in ("abcd", "x" * 101, "ab cde", "ada@example.org")),
        *(("students", {"password": cell}, "password") for cell in ("abcdef1", "abcdefgh", "ABCDEFG1")),
        *(("students", {"email": cell}, "email") for cell in ("ada", "T1@example.org")),
        ("students", {"username": "NG.001"}, "username"),
        ("students", {"studentId": "T1"}, "studentId"),
        *(("staff", {name: ""}, name) for name in ("staffId", "email", "role")),
        ("staff", {"role": "district_admin"}, "role"),
        ("staff", {"username": "ng@002"}, "username"),
        *(("classes", {"className": cell}, "className") for cell in ("", "x" * 201)),
        *(("classes", {"primaryTeacher": cell}, "primaryTeacher") for cell in ("", "nobody@example.org")),
        ("classes", {"grade": "14"}, "grade"),
        ("classes", {"subject": "Math"}, "subject"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_told_and_the_others_are_created(
    website: Website, kind: str, changes: dict[str, str], column: str
) -> None:
    make: Any = ROWS[kind]
    done = upload(website, kind, make(2, **changes), make(3))
    assert (done.status, done.created) == ("File processed with errors.", 1)
    assert {told for _, _, told, _ in done.errors} == {column}
    assert {number for number, *_ in done.errors} == {1}


def test_uploads_create_and_never_change(website: Website) -> None:
    upload(website, "students", student(1))
    again = upload(website, "students", student(1, lastName="Changed"))
    assert {column for _, _, column, _ in again.errors} == {"studentId", "email", "username"}
    assert again.created == 0


def test_the_same_class_twice_becomes_two(website: Website) -> None:
    for _ in range(2):
        assert upload(website, "classes", class_(1)).created == 1
    assert len(website.classes) == 2


def test_a_class_needs_a_teacher_of_its_school(website: Website) -> None:
    upload(website, "staff", staff(2, role="school_admin"))
    assert upload(website, "classes", class_(1), school="South").created == 0
    assert upload(website, "classes", class_(1, primaryTeacher="t2@example.org")).created == 0


@pytest.mark.parametrize(("header_rows", "row"), [(1, "3"), (0, "2")])
def test_a_report_has_the_published_columns_and_a_line_for_each_error(
    website: Website, header_rows: int, row: str
) -> None:
    done = upload(website, "students", student(1), student(2, grade="13", username="abc"))
    lines = [*csv.reader(io.StringIO(done.report(header_rows), newline=""))]
    assert lines[0] == ["Row Number", "sourcedId", "Column Name", "Error"]
    assert [line[:3] for line in lines[1:]] == [[row, "S2", "username"], [row, "S2", "grade"]]
    of_classes = upload(website, "classes", class_(1, grade="14")).report(header_rows)
    assert of_classes.splitlines()[0] == "Row Number,Column Name,Error"


def test_a_twin_started_again_over_its_folder_gives_the_same_passwords(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        twin = start_twin("great-minds", tmp_path, {})
        keys.append(twin.settings["password_key"].reveal())
        twin.stop()
        twin.stop()
    assert keys[0] == keys[1]
