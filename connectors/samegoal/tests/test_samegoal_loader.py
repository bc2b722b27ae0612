"""The vendor's side of the twin, told apart from ours: it loads what the published rules let in."""

from __future__ import annotations

import json
import stat

import pytest
from rosterbus_samegoal.loader import Loader
from rosterbus_samegoal.published import COLUMNS

GOOD = {
    "Student Id": "S1",
    "Last Name": "Ng",
    "First Name": "Ada",
    "Date of Birth": "03/09/2011",
    "Gender": "F",
    "District Enrollment": "ENROLLED",
    "Building": "North High",
    "Building Reporting Id": "0123",
}
GUARDIAN = ("Student Id", "Guardian Id", "Phone")


def student(**changes):
    row = {**GOOD, **{name.replace("_", " "): text for name, text in changes.items()}}
    return tuple(row.get(column, "") for column in COLUMNS)


@pytest.fixture
def loader(tmp_path):
    return Loader(tmp_path)


@pytest.fixture
def take(loader, tmp_path, write_csv):
    """Loads an epoch of these rows."""

    def run(students=None, guardians=None, header=COLUMNS):
        epoch = tmp_path / f"20261120-{len(list(tmp_path.iterdir())):06}"
        epoch.mkdir()
        if students is not None:
            write_csv("students.csv", header, *students, folder=epoch)
        if guardians is not None:
            write_csv("guardians.csv", GUARDIAN, *guardians, folder=epoch)
        return loader.take(epoch)

    return run


def test_students_are_added_changed_and_never_deleted(take, loader):
    assert take([student(), student(Student_Id="S2")])["files"]["students.csv"]["added"] == 2
    told = take([student(Grade="10")])["files"]["students.csv"]
    assert (told["added"], told["updated"], told["deleted"]) == (0, 1, 0)
    assert set(loader.students) == {"S1", "S2"}


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("Student Id", "S-1", "not letters and digits, at most 20"),
        ("Student Id", "S" * 21, "not letters and digits, at most 20"),
        ("Last Name", " ", "missing"),
        ("Building Reporting Id", "", "missing"),
        ("Date of Birth", "2011-02-30", "not a date in one of the four forms"),
        ("Date of Birth", "09.03.2011", "not a date in one of the four forms"),
        ("Gender", "FEMALE", "not a preset"),
        ("District Enrollment", "active", "not a preset"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_alone(take, loader, column, text, reason):
    told = take([student(**{column.replace(" ", "_"): text}), student(Student_Id="S2")])
    assert told["files"]["students.csv"]["reasons"] == {f"{column}: {reason}": 1}
    assert told["refused_rows"]["students.csv"] == [{"row": 2, "column": column, "reason": reason}]
    assert set(loader.students) == {"S2"}


@pytest.mark.parametrize("day", ["03/09/2011", "03-09-2011", "2011/03/09", "2011-03-09"])
def test_four_forms_of_a_date_are_taken(take, day):
    assert take([student(Date_of_Birth=day)])["files"]["students.csv"]["refused"] == 0


def test_the_second_row_of_a_student_is_refused(take):
    assert take([student(), student()])["files"]["students.csv"]["reasons"] == {"Student Id: not unique": 1}


def test_historical_idle_does_not_go_back_to_enrolled(take, loader):
    take([student(District_Enrollment="HISTORICAL_IDLE")])
    take([student()])
    assert loader.students["S1"]["District Enrollment"] == "HISTORICAL_IDLE"


def test_a_file_without_a_column_is_refused_whole(take, loader):
    told = take([student()[:-1]], header=COLUMNS[:-1])
    assert told["status"] == "not loaded"
    assert told["files"]["students.csv"]["because"] == ["missing column: SIS Internal ID"]
    assert loader.students == {}


def test_uneven_rows_are_refused_whole(take):
    told = take([student(), ("S2", "Ng")])
    assert told["files"]["students.csv"]["because"] == [
        "1 rows have another number of fields than the header"
    ]


def test_guardians_that_are_missing_are_deleted_for_students_of_this_load_alone(take, loader):
    take([student(), student(Student_Id="S2")], [("S1", "G1", "1"), ("S1", "G2", "2"), ("S2", "G3", "3")])
    told = take([student()], [("S1", "G2", "4")])["files"]["guardians.csv"]
    assert (told["added"], told["updated"], told["deleted"]) == (0, 1, 1)
    assert {one: len(rows) for one, rows in loader.guardians.items()} == {"S1": 1, "S2": 1}


def test_a_guardian_whose_student_is_not_loaded_is_refused(take, loader):
    told = take([student(Gender="?")], [("S1", "G1", "1")])["files"]["guardians.csv"]
    assert told["reasons"] == {"Student Id: not in students.csv": 1}
    assert loader.guardians == {}


def test_without_guardians_csv_none_is_deleted(take, loader):
    take([student()], [("S1", "G1", "1")])
    take([student()])
    assert len(loader.guardians["S1"]) == 1


def test_what_is_held_is_private_and_still_there_after_a_restart(take, loader, tmp_path):
    take([student()], [("S1", "G1", "1")])
    assert stat.S_IMODE((tmp_path / "held.json").stat().st_mode) == 0o600
    again = Loader(tmp_path)
    assert (again.students, again.guardians) == (loader.students, loader.guardians)


def test_an_analysis_holds_no_cell(take):
    told = json.dumps(
        take([student(Last_Name="", First_Name="Zyx4711", Gender="Qwv")], [("Uts", "G1", "Rqp")])
    )
    assert not any(cell in told for cell in ("Zyx4711", "Qwv", "Uts", "Rqp"))
