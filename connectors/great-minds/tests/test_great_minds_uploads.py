"""The three upload files: each published requirement of a column holds, and a row that breaks it stays out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from great_minds_kit import Year, section
from rosterbus.findings import Rule
from rosterbus.layouts import LayoutSpec
from rosterbus_great_minds import Settings, layouts
from rosterbus_great_minds.published import MOST_ROWS, TEMPLATES

SPECS = {spec.name: spec for spec in layouts(Settings().load({"location": str(Path.cwd())}))}
STUDENTS, STAFF, CLASSES = SPECS["students"], SPECS["staff"], SPECS["classes"]


def address(length: int) -> str:
    """An e-mail address as long as that."""
    rest = f"@{'d' * 60}.{'e' * 60}.{'f' * 60}.example.org"
    return "x" * (length - len(rest)) + rest


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_written_columns_are_the_template(name: str) -> None:
    assert tuple(one.name for one in SPECS[name].columns if one.written) == TEMPLATES[name]


@pytest.mark.parametrize(
    ("spec", "column", "good", "bad", "told"),
    [
        (STUDENTS, "studentId", ["aZ09"], ["a-1", "a b", "é"], "Only letters A to Z and digits"),
        (STAFF, "staffId", ["aZ09"], ["a_1", "a.b", "é"], "Only letters A to Z and digits"),
        *((spec, name, ["Zoë " * 50, "x" * 250], [bad], told) for spec in (STUDENTS, STAFF)
          for name in ("firstName", "middleName", "lastName")
          for bad, told in (("x" * 251, "maximum length 250"), ("a\nb", "line breaks"))),
        *((spec, "email", ["a-B_1+c.d@Ex-ample.org"], ["a b@example.org", "a", "ä@example.org", "a'b@example.org"],
           "Not an e-mail address of letters, digits and - _ + . alone.")
          for spec in (STUDENTS, STAFF)),
        *((spec, "email", ["a@b.example.org"], ["a@b"], "Not a valid email address.") for spec in (STUDENTS, STAFF)),
        (STUDENTS, "grade", ["IT", "PR", "PK", "TK", "KG", "01", "12", "PS", "UG", "Other"], ["13", "1", "kg"],
         "Must be one of: IT"),
        (STUDENTS, "username", ["abcde", "a-_+.@"], ["ab cde", "öbcde"], "letters, digits and - _ + . @ are"),
        (STAFF, "username", ["abcde", "a-_+.b"], ["ab cde", "abc@d"], "letters, digits and - _ + . are"),
        *((spec, "username", ["x" * 5, "x" * 100], ["x" * 4, "x" * 101], "between 5 and 100")
          for spec in (STUDENTS, STAFF)),
        (STAFF, "role", ["teacher", "school_admin"], ["district_admin", "Teacher"], "Must be one of: teacher"),
        *((spec, "password", ["abcdefg1"], ["abcdef1"], "minimum length 8") for spec in (STUDENTS, STAFF)),
        *((spec, "password", ["abcdefg1"], ["abcdefg\n1"], "line breaks") for spec in (STUDENTS, STAFF)),
        (CLASSES, "className", ["x" * 200], ["x" * 201], "maximum length 200"),
        (CLASSES, "className", ["x"], ["x\ny"], "line breaks"),
        (CLASSES, "primaryTeacher", ["a@example.org"], ["a", "a@b"], "Not a valid email"),
        (CLASSES, "primaryTeacher", [address(300)], [address(301)], "maximum length 300"),
        (CLASSES, "grade", ["13", "01", "Other"], ["14", "01|02"], "Must be one of: IT"),
        (CLASSES, "subject", ["English Language Arts", "History", "Mathematics", "Science", "Other"], ["Math"],
         "Must be one of: English"),
    ],
)  # fmt: skip
def test_a_cell_is_taken_up_to_its_published_limit_and_not_past_it(
    spec: LayoutSpec, column: str, good: list[str], bad: list[str], told: str
) -> None:
    judged = spec.column(column)
    assert [text for text in good if judged.problems(text)] == []
    assert [text for text in bad if not any(told in message for message in judged.problems(text))] == []


@pytest.mark.parametrize("spec", [STUDENTS, STAFF, CLASSES], ids=lambda spec: spec.name)
def test_what_is_required_may_not_be_blank(spec: LayoutSpec) -> None:
    optional = {"students": {"middleName", "email"}, "staff": {"middleName"}, "classes": {"grade", "subject"}}
    assert {one.name for one in spec.columns if not one.required} == optional[spec.name]


def holds(rule: Rule, **cells: str) -> bool:
    columns = ", ".join(f"'{cell}' AS \"{name}\"" for name, cell in cells.items())
    [[found]] = duckdb.sql(f"SELECT {rule.predicate} FROM (SELECT {columns})").fetchall()
    return bool(found)


def test_a_student_user_name_is_no_address() -> None:
    [rule, _] = STUDENTS.rules
    assert [holds(rule, username=name) for name in ("ada01", "@ada01", "ada01@", "a@b@c", "a@b")] == [
        True,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("spec", [STUDENTS, STAFF], ids=lambda spec: spec.name)
def test_a_password_needs_a_small_letter_and_a_digit(spec: LayoutSpec) -> None:
    rule = spec.rules[-1]
    passwords = ("ABCDEFGa1", "ABCDEFG1", "abcdefgh")
    assert [holds(rule, password=one) for one in passwords] == [True, False, False]


def rows_in(year: Year, layout: str) -> list[dict[str, str]]:
    found = []
    for path in sorted(year.handed().glob(f"*-{layout}-*/*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file, strict=True)
    return found


def test_students_staff_and_classes_go_by_school_each_in_a_folder_of_its_own(
    begin: Callable[..., Year],
) -> None:
    year = begin()
    receipt = year.run()
    assert receipt.state == "held"
    assert [path.parent.name for path in sorted(year.handed().glob("*/*.csv"))] == [
        "01-students-0101",
        "02-students-0102",
        "03-staff-0101",
        "04-staff-0102",
        "05-classes-0101",
        "06-classes-0102",
    ]
    assert {path.name for path in year.handed().glob("*-students-*/*")} == {"great-minds-student-upload.csv"}
    assert rows_in(year, "classes")[0] == {
        "className": "Mathematics C1",
        "primaryTeacher": "t0101t@example.org",
        "grade": "04",
        "subject": "Mathematics",
    }
    assert [row["role"] for row in rows_in(year, "staff")] == ["teacher", "school_admin"] * 2
    [analysis] = year.trial.imports()
    assert [one["refused"] for one in analysis["files"].values()] == [0] * 6
    assert {one["status"] for one in analysis["files"].values()} == {"File processed."}


def test_a_school_of_more_than_a_thousand_has_several_files(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.students = 2 * MOST_ROWS + 2
    receipt = year.run()
    rows = [(one.layout, one.rows) for one in receipt.plan.files if one.layout == "students"]
    assert rows == [("students", 1_000), ("students", 1), ("students", 1_000), ("students", 1)]
    [analysis] = year.trial.imports()
    assert sum(one["refused"] for one in analysis["files"].values()) == 0


def test_only_new_people_and_classes_are_sent(begin: Callable[..., Year]) -> None:
    year = begin()
    year.run()
    year.trial.by_hand = True
    year.source.cells[0, "last_name"] = "Changed"
    assert year.run(later=timedelta(days=1)).state == "nothing new"
    year.source.students += 1
    year.source.sections.append(section("C3", "0101"))
    receipt = year.run(later=timedelta(days=1))
    assert [(one.layout, one.rows) for one in receipt.plan.files] == [("students", 1), ("classes", 1)]
    assert [row["studentId"] for row in rows_in(year, "students")] == ["S0004"]


def test_who_left_is_told_of_and_stays(begin: Callable[..., Year]) -> None:
    year = begin()
    year.run()
    year.trial.by_hand = True
    year.source.students -= 1
    receipt = year.run(later=timedelta(days=1))
    assert receipt.state == "nothing new"
    assert [
        one.sentence.partition(";")[0] for one in receipt.plan.findings if one.rule == "leavers stay"
    ] == ["1 of `students` are gone"]


def test_a_student_who_breaks_a_rule_stays_out(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.students = 9
    year.source.cells |= {
        (0, "school_id"): "",
        (1, "school_name"): "",
        (2, "grade"): "13",
        (3, "username"): "ada@example.org",
        (4, "username"): "zqx0005",
        (6, "email"): "zqx0007@example.org",
    }
    plan = year.planned()
    students = plan.layouts[0]
    # Who shares a user name or an address is rejected with the other, since nobody can know whose it is.
    assert dict(students.problems) == {"": 2, "grade": 1, "username": 3, "email": 2}
    assert (students.counts["staged"], students.counts["rejected"]) == (1, 8)


def test_the_inactive_and_staff_of_other_roles_are_left_out(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.cells[0, "status"] = "inactive"
    year.source.staff[1]["role"] = "aide"
    counts = year.planned().layouts
    assert [(one.counts["staged"], one.counts["filtered"]) for one in counts] == [(3, 1), (3, 1), (2, 0)]


def test_a_class_needs_a_teacher_among_the_staff(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.sections += [
        section("C3", "0101", primary_teacher_id="", primary_teacher_email=""),
        section("C4", "0101", primary_teacher_id="T0101p", primary_teacher_email="t0101p@example.org"),
        section("C5", "0101", primary_teacher_id="nobody", primary_teacher_email="nobody@example.org"),
    ]
    year.source.staff[2]["username"] = "bad"
    plan = year.planned()
    classes = plan.layouts[2]
    # C2's teacher is rejected; C3 has none; C4's is an administrator; C5's is in no staff file.
    assert (classes.counts["staged"], classes.counts["rejected"], classes.counts["filtered"]) == (1, 4, 0)
    assert set(classes.problems) <= {"primaryTeacher", "teacherId"}


def test_a_class_of_a_teacher_of_another_school_goes_with_a_warning(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.sections.append(
        section("C3", "0102", primary_teacher_id="T0101t", primary_teacher_email="t0101t@example.org")
    )
    plan = year.planned()
    [warned] = [one for one in plan.findings if one.rule == "primaryTeacher"]
    assert (warned.severity, warned.numbers) == ("warn", {"count": 1})
    assert "add the teacher to this one" in warned.sentence


def test_classes_of_terms_that_are_over_or_of_another_year_are_apart(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.sections += [
        section("C3", "0101", term_end_date="2001-06-01"),
        section("C4", "0101", term_start_date="2998-08-15"),
    ]
    receipt = year.run()
    classes = [dict(one.split) for one in receipt.plan.files if one.layout == "classes"]
    assert [(one["school_id"], one["term_start_date"]) for one in classes] == [
        ("0101", "2026-08-15"),
        ("0102", "2026-08-15"),
        ("0101", "2998-08-15"),
    ]
    assert "the school year that has 2998-08-15" in "\n".join(receipt.as_json()["steps"])


def test_a_class_of_several_grades_has_none_and_an_unknown_subject_stays_blank(
    begin: Callable[..., Year],
) -> None:
    year = begin()
    year.source.sections = [section("C1", "0101", grades="03|04", subjects="Basket weaving")]
    year.run()
    [row] = rows_in(year, "classes")
    assert (row["grade"], row["subject"]) == ("", "")


def test_passwords_are_the_same_again_with_the_same_key_and_others_with_another(
    begin: Callable[..., Year],
) -> None:
    first, other = begin(), begin()
    for year in (first, other):
        year.run()
    ours, theirs = ([row["password"] for row in rows_in(year, "students")] for year in (first, other))
    assert all(re.fullmatch("[a-z]{10}[0-9]{4}", one) for one in ours)
    assert len(set(ours)) == len(ours)
    assert not set(ours) & set(theirs)
    again = first.trial.twin.settings
    other.trial.twin.settings = {**other.trial.twin.settings, "password_key": again["password_key"]}
    other.trial.begin()
    with other.trial.opened() as context:
        waiting = context.ledger.deliveries.latest()[0]
    settle_not_arrived(other, waiting.id)
    other.run(later=timedelta(days=1))
    assert [row["password"] for row in rows_in(other, "students")] == ours


def settle_not_arrived(year: Year, delivery: str) -> None:
    from rosterbus.delivery.deciding import settle
    from rosterbus.ledger import Ledger

    with Ledger(year.trial.state) as ledger:
        settle(ledger, delivery, "not arrived", by="Ada", reason="nobody uploaded it")


def test_passwords_stand_in_the_files_alone(begin: Callable[..., Year], caplog: Any) -> None:
    year = begin()
    caplog.set_level("DEBUG")
    year.run()
    passwords = [row["password"].encode() for row in [*rows_in(year, "students"), *rows_in(year, "staff")]]
    told = "\n".join([caplog.text, *year.trial.words]).encode()
    kept = [path for path in year.trial.state.rglob("*") if path.is_file() and "files" not in path.parts]
    assert passwords
    assert [one for one in passwords if one in told] == []
    assert [path for path in kept for one in passwords if one in path.read_bytes()] == []
    for path in year.trial.state.rglob("*.parquet"):
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
        assert [one for one in passwords if one.decode() in str(rows)] == []


def test_without_a_key_the_pipeline_has_to_map_passwords(begin: Callable[..., Year]) -> None:
    year = begin()
    outcome = year.trial.run(overrides={"password_key": None})
    [failure] = outcome.failures
    assert "password" in str(failure.error)
    assert outcome.exit_code == 2
