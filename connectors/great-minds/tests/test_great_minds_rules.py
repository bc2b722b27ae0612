"""Each published rule on whole files holds for a good one, and a file that breaks it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from great_minds_kit import class_, staff, student
from rosterbus.deliveries import StagedFile
from rosterbus_great_minds import RULES, Settings, judge
from rosterbus_great_minds.published import ADDITIONAL_ROLES_COLUMN, PACKAGE, TEMPLATES

Stage = Callable[..., StagedFile]
UPLOAD = Settings().load({"location": "sftp://a@sftp.example.org/x"})
ONEROSTER = Settings().load({"location": "sftp://a@sftp.example.org/x", "mode": "oneroster"})


def found(
    files: list[StagedFile], settings: Any = UPLOAD, *, removed: int = 0, test: bool = False
) -> list[Any]:
    """Severity and name of each finding; their sources are the rules' own."""
    view = SimpleNamespace(difference=SimpleNamespace(removed=removed))
    told = judge(SimpleNamespace(layouts={"students": view}, files=files, test=test), settings)
    known = {rule.name: rule for rule in RULES}
    assert [
        one
        for one in told
        if (one.severity, one.source) != (known[one.rule].severity, known[one.rule].source)
    ] == []
    assert [one for one in told if not one.sentence or one.sentence.endswith(".")] == []
    assert [one.rule for one in told if one.severity == "refuse" and not one.if_wrong] == []
    return [(one.severity, one.rule) for one in told]


def test_good_uploads_break_no_rule(stage: Stage) -> None:
    assert found([stage("students", [student(n) for n in range(1_000)]), stage("staff", [staff(1)])]) == []
    assert found([stage("classes", [class_(1)])]) == []
    assert found([]) == []


def test_at_the_last_moment_there_is_nothing_left_to_judge(stage: Stage) -> None:
    assert judge(SimpleNamespace(layouts={}, files=[], test=True), UPLOAD) == []


def test_a_student_file_with_another_name_is_refused(stage: Stage) -> None:
    file = stage("students", [student(1)])
    assert found([replace(file, name="students.csv")]) == [("refuse", "file name")]


@pytest.mark.parametrize("layout", TEMPLATES)
def test_headers_that_are_renamed_exchanged_or_missing_are_refused(stage: Stage, layout: str) -> None:
    header = TEMPLATES[layout]
    row = {"students": student(1), "staff": staff(1), "classes": class_(1)}[layout]
    for wrong in (
        header[1:],
        (header[1], header[0], *header[2:]),
        (*header, "more"),
        (header[0].upper(), *header[1:]),
    ):
        cells = {name: row.get(name, "") for name in wrong}
        assert found([stage(layout, [cells], header=wrong)]) == [("refuse", "template headers")]


def test_a_file_that_is_empty_too_long_or_too_large_is_refused(stage: Stage) -> None:
    file = stage("students", [student(1)])
    for broken in (replace(file, rows=0), replace(file, rows=1_001), replace(file, bytes=2_000_001)):
        assert found([broken]) == [("refuse", "file size")]
    assert found([replace(file, rows=1_000, bytes=2_000_000)]) == []


def test_there_is_no_test_file(stage: Stage) -> None:
    assert found([stage("students", [student(1)])], test=True) == [("refuse", "test file")]


def test_an_address_or_a_name_that_a_student_and_staff_share_is_told_of(stage: Stage) -> None:
    shared = [
        stage("students", [student(1, email="A@example.org")]),
        stage("staff", [staff(1, email="a@example.org")]),
    ]
    assert found(shared) == [("warn", "shared by student and staff")]
    both = [stage("students", [student(1, username="t.ng01")]), stage("staff", [staff(1, username="t.ng01")])]
    assert found(both) == [("warn", "shared by student and staff")]
    assert found([stage("students", [student(1, email="")]), stage("staff", [staff(1, email="")])]) == []


def test_classes_beside_new_staff_come_with_the_order_in_which_to_upload(stage: Stage) -> None:
    assert found([stage("staff", [staff(1)]), stage("classes", [class_(1)])]) == [("warn", "teachers first")]


def test_leavers_are_told_of() -> None:
    assert found([], removed=3) == [("warn", "leavers stay")]
    assert found([], ONEROSTER, removed=3) == []


NAMES = {"orgs": "orgs.csv", "student_users": "users.students.csv", "staff_users": "users.staff.csv",
         "classes": "classes.csv", "student_enrollments": "enrollments.students.csv"}  # fmt: skip


@pytest.fixture
def package(stage: Stage) -> Callable[..., list[StagedFile]]:
    """One row in each part; `cells` are of the parts by layout."""

    def packing(*, header: tuple[str, ...] = (), **cells: dict[str, str]) -> list[StagedFile]:
        files = []
        for number, (layout, name) in enumerate(NAMES.items()):
            columns = PACKAGE[f"{name.partition('.')[0]}.csv"]
            if header and name.startswith("users"):
                columns = header
            role = {"student_users": "student", "staff_users": "teacher"}.get(layout, "")
            row = {
                **dict.fromkeys(columns, ""),
                "sourcedId": f"id{number}",
                "role": role,
                **cells.get(layout, {}),
            }
            files.append(stage(layout, [row], name=name, header=columns))
        return files

    return packing


def test_a_good_package_breaks_no_rule(package: Callable[..., list[StagedFile]]) -> None:
    assert found(package(), ONEROSTER) == []
    last = (*PACKAGE["users.csv"], ADDITIONAL_ROLES_COLUMN)
    assert found(package(header=last, staff_users={ADDITIONAL_ROLES_COLUMN: "teacher"}), ONEROSTER) == []
    assert found([], ONEROSTER) == []


def test_a_package_without_one_of_its_four_files_is_refused(package: Callable[..., list[StagedFile]]) -> None:
    for name in PACKAGE:
        files = [one for one in package() if not one.name.startswith(name.removesuffix(".csv"))]
        assert found(files, ONEROSTER) == [("refuse", "required files")]


def test_columns_that_are_missing_or_in_another_order_are_refused(
    package: Callable[..., list[StagedFile]],
) -> None:
    users = PACKAGE["users.csv"]
    for wrong in (users[:-1], (*users[:-2], users[-1], users[-2]), (ADDITIONAL_ROLES_COLUMN, *users)):
        assert found(package(header=wrong), ONEROSTER) == [("refuse", "package columns")]


@pytest.mark.parametrize("column", ["status", "dateLastModified"])
def test_what_only_a_delta_has_is_refused(package: Callable[..., list[StagedFile]], column: str) -> None:
    assert found(package(classes={column: "active"}), ONEROSTER) == [("refuse", "bulk only")]


def test_one_id_of_a_student_and_a_teacher_is_refused(package: Callable[..., list[StagedFile]]) -> None:
    assert found(package(staff_users={"sourcedId": "id1"}), ONEROSTER) == [("refuse", "unique ids")]


def test_an_additional_role_of_a_student_is_refused(package: Callable[..., list[StagedFile]]) -> None:
    last = (*PACKAGE["users.csv"], ADDITIONAL_ROLES_COLUMN)
    roles = {ADDITIONAL_ROLES_COLUMN: "school_admin"}
    assert found(package(header=last, student_users=roles), ONEROSTER) == [("refuse", "additional roles")]
