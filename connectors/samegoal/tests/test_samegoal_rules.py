"""The common gotchas of SameGoal's article: each is a rule, and the file that breaks it is stopped."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from rosterbus.layouts import Skip
from rosterbus.plan.difference import Difference
from rosterbus_samegoal import RULES, Settings, judge, layouts
from rosterbus_samegoal.published import COLUMNS

ACCOUNT = {"host": "sftp.example.org", "username": "district"}


def plan_of(files, *, settings, test=False, removed=0, skipped=()):
    """What a rule sees of a plan."""
    views = {}
    for spec in layouts(settings):
        columns = tuple(c.with_source(Skip()) if c.name in skipped else c for c in spec.columns)
        gone = Difference(removed=removed if spec.name == "students" else 0)
        views[spec.name] = SimpleNamespace(spec=replace(spec, columns=columns), difference=gone)
    return SimpleNamespace(layouts=views, files=files, test=test)


@pytest.fixture
def found():
    def findings(files, *, settings=None, **changes):
        values = Settings().load({**ACCOUNT, **(settings or {})})
        told = judge(plan_of(files, settings=values, **changes), values)
        known = {rule.name: rule for rule in RULES}
        assert all(
            (one.severity, one.source) == (known[one.rule].severity, known[one.rule].source) for one in told
        )
        assert [one.rule for one in told if one.severity == "refuse" and not one.if_wrong] == []
        return [(one.severity, one.rule) for one in told]

    return findings


def test_good_files_break_no_rule(found, staged):
    assert found(staged) == []
    assert found([]) == []


def test_at_the_last_moment_there_is_nothing_left_to_judge(staged):
    settings = Settings().load({**ACCOUNT, "mode": "auto"})
    assert judge(SimpleNamespace(layouts={}, files=[], test=False), settings) == []


def test_a_misnamed_file_is_refused(found, staged):
    students, guardians = staged
    assert found([replace(students, name="Students.csv"), guardians]) == [
        ("refuse", "files misnamed"),
        ("refuse", "guardians without students"),
    ]


def test_guardians_do_not_go_without_students(found, staged):
    assert found(staged[1:]) == [("refuse", "guardians without students")]


def test_a_file_that_misses_a_column_is_refused(found, write_csv, as_staged):
    path = write_csv("students.csv", COLUMNS[:-1])
    assert found([as_staged(path)]) == [("refuse", "file missing a column")]


def test_a_misnamed_column_is_refused(found, write_csv, as_staged):
    path = write_csv("students.csv", ("Student ID", *COLUMNS[1:]))
    assert found([as_staged(path)]) == [
        ("refuse", "misnamed column"),
        ("refuse", "file missing a column"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        (",".join(COLUMNS) + "\r\nS1,Ng\r\n").encode(),
        (",".join(COLUMNS) + '\r\n"S1').encode(),
        (",".join(COLUMNS) + "\r\nN\xfa\xf1ez" + "," * 19 + "\r\n").encode("latin-1"),
        ";".join(COLUMNS).encode() + b"\r\n",
    ],
    ids=["another number of fields", "a quote that stays open", "not UTF-8", "another delimiter"],
)
def test_a_file_that_does_not_meet_the_csv_requirements_is_refused(found, tmp_path, as_staged, content):
    path = tmp_path / "students.csv"
    path.write_bytes(content)
    told = found([as_staged(path)])
    assert {severity for severity, _ in told} == {"refuse"}
    assert content.count(b";") or ("refuse", "CSV file generation requirements") in told


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (COLUMNS[:-1], "students.csv lacks the columns SIS Internal ID"),
        ((*COLUMNS, "Homeroom"), "does not know: Homeroom; allowed: Student Id, Last Name"),
    ],
)
def test_a_wrong_header_is_told_by_its_columns(write_csv, as_staged, header, told):
    settings = Settings().load(ACCOUNT)
    [one] = judge(plan_of([as_staged(write_csv("students.csv", header))], settings=settings), settings)
    assert told in one.sentence


def test_uneven_rows_of_guardians_are_counted(write_csv, as_staged, staged):
    path = write_csv("guardians.csv", ("Student Id", "Guardian Id"), ("S1",), ("S2", "G2", "more"))
    settings = Settings().load(ACCOUNT)
    (told,) = judge(plan_of([staged[0], as_staged(path)], settings=settings), settings)
    assert told.numbers == {"count": 2}


def test_a_required_column_that_is_not_mapped_is_refused_once(found, staged):
    assert found(staged, skipped={"Gender"}) == [("refuse", "required column not mapped")]
    settings = Settings().load(ACCOUNT)
    [told] = judge(plan_of(staged, settings=settings, skipped={"Gender", "Building"}), settings)
    assert told.sentence == (
        "SameGoal requires Gender, Building of students.csv, and the pipeline does not map it"
    )
    assert found(staged, skipped={"Grade"}) == []


def test_there_is_no_test_file(found, staged):
    assert found(staged, test=True) == [("refuse", "test file")]


def test_leavers_are_told_because_samegoal_keeps_them(found, staged):
    assert found(staged, removed=3) == [("warn", "leavers")]


def test_students_without_guardians_are_warned_of(found, staged):
    assert found(staged[:1], settings={"guardians": False}) == [("warn", "students without guardians")]


def test_the_way_without_folders_is_warned_of(found, staged):
    assert found(staged, settings={"mode": "auto"}) == [("warn", "no epoch of our own")]
