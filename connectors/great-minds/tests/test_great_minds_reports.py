"""A sync report in any published shape is joined to the file and the row that it is about, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from great_minds_kit import class_, staff, student
from rosterbus.deliveries import Delivery, StagedFile, VendorError
from rosterbus.errors import ConfigError
from rosterbus_great_minds import Settings, feedback
from rosterbus_great_minds.published import PACKAGE

UPLOAD = Settings().load({"location": "sftp://a@sftp.example.org/x"})
WITHOUT = Settings().load({"location": "sftp://a@sftp.example.org/x", "row_numbers": "without header"})
ONEROSTER = Settings().load({"location": "sftp://a@sftp.example.org/x", "mode": "oneroster"})
SELF_SERVE = "Row Number,sourcedId,Column Name,Error"
OF_CLASSES = "Row Number,Column Name,Error"


@pytest.fixture
def delivery(stage: Callable[..., StagedFile], deliver: Callable[..., Delivery]) -> Delivery:
    files = [
        stage("students", [student(1), student(2)]),
        stage("students", [student(3), student(4), student(5)], school="0102"),
        stage("staff", [staff(1)]),
        stage("classes", [class_(1), class_(2)]),
        stage("classes", [class_(3)], school="0102"),
    ]
    return deliver(UPLOAD, files)


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, encoding: str = "utf-8", newline: str = "\r\n") -> Path:
        path = tmp_path / "sync_report.csv"
        path.write_bytes("".join(f"{line}{newline}" for line in lines).encode(encoding))
        return path

    return write


Report = Callable[..., Path]


def read(file: Path, delivery: Delivery, settings: Any = UPLOAD, *, of: str = "") -> Any:
    return feedback(file=file, delivery=delivery, settings=settings, chosen=of)


def test_every_error_is_joined_to_its_row_several_of_one_row_too(report: Report, delivery: Delivery) -> None:
    told = read(
        report(SELF_SERVE, "3,S4,email,Taken.", '3,S4,username,"Taken, too."', "4,S5,grade,None."), delivery
    )
    assert (told.layout, list(told.files), told.outcome) == ("students", [1], "partly")
    assert told.errors == [
        VendorError("email", "Taken.", 3, "S4", 1),
        VendorError("username", "Taken, too.", 3, "S4", 1),
        VendorError("grade", "None.", 4, "S5", 1),
    ]


def test_staff_are_found_by_their_ids(report: Report, delivery: Delivery) -> None:
    told = read(report(SELF_SERVE, "2,T1,email,Taken."), delivery)
    assert (told.layout, list(told.files), told.outcome) == ("staff", [2], "not processed")


def test_a_report_of_classes_goes_by_rows_and_has_to_be_named(report: Report, delivery: Delivery) -> None:
    file = report(OF_CLASSES, "3,primaryTeacher,No such teacher.")
    with pytest.raises(ConfigError, match="nobody can tell which uploaded file") as refused:
        read(file, delivery)
    assert "04-classes-0101" in str(refused.value)
    assert "05-classes-0102" in str(refused.value)
    told = read(file, delivery, of="04-classes")
    assert told.errors == [VendorError("primaryTeacher", "No such teacher.", 3, "", 3)]
    assert (told.layout, told.outcome) == ("classes", "partly")
    without = read(
        report(OF_CLASSES, "2,primaryTeacher,No such teacher."), delivery, WITHOUT, of="04-classes"
    )
    assert [one.row for one in without.errors] == [3]


@pytest.mark.parametrize(
    "header",
    [
        "row number,SOURCEDID,column name,error",
        " RowNumber , sourced Id,ColumnName,Error",
        "\ufeff" + SELF_SERVE,
    ],
)
def test_headers_are_known_in_any_case_and_with_any_blanks(
    report: Report, delivery: Delivery, header: str
) -> None:
    assert len(read(report(header, "2,S1,email,Taken.", newline="\n"), delivery).errors) == 1


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("SourcedId,Field,Status,Error Message", "S4,email,Failure,Taken."),
        ("Clever ID,sis_id,field,status,message", "abc,S4,email,Failure,Taken."),
        ("rowNumber,sourceId,field,status,message", "3,S4,email,Failure,Taken."),
    ],
)
def test_the_other_published_shapes_are_read(
    report: Report, delivery: Delivery, header: str, line: str
) -> None:
    [error] = read(report(header, line), delivery).errors
    assert error == VendorError("email", "Taken.", 3, "S4", 1)


def test_ids_show_how_rows_are_counted_and_a_setting_that_says_otherwise_is_refused(
    report: Report, delivery: Delivery
) -> None:
    without = report(SELF_SERVE, "2,S4,email,Taken.")
    with pytest.raises(ConfigError, match="rows are counted otherwise") as refused:
        read(without, delivery)
    assert "`row_numbers`" in str(refused.value)
    assert "'without header'" in str(refused.value)
    assert [one.row for one in read(without, delivery, WITHOUT).errors] == [3]
    with pytest.raises(ConfigError, match="'with header'"):
        read(report(SELF_SERVE, "3,S4,email,Taken."), delivery, WITHOUT)


def test_in_a_file_that_was_sorted_before_the_upload_the_ids_decide(
    report: Report, delivery: Delivery
) -> None:
    told = read(report(SELF_SERVE, "4,S3,email,Taken.", "2,S5,email,Taken."), delivery)
    assert [(one.row, one.key) for one in told.errors] == [(2, "S3"), (4, "S5")]


def test_a_report_without_an_error_says_that_all_was_processed(report: Report, delivery: Delivery) -> None:
    told = read(report(SELF_SERVE), delivery, of="01-students")
    assert (told.outcome, list(told.files), list(told.errors)) == ("processed", [0], [])


@pytest.mark.parametrize(
    ("lines", "of", "said"),
    [
        (["first,last", "Ada,Ng"], "", "no sync report of Great Minds"),
        ([], "", "no CSV in UTF-8"),
        ([SELF_SERVE, "2,S1,email"], "", "3 cells instead of 4"),
        ([SELF_SERVE, "two,S1,email,Taken."], "", "no number"),
        ([SELF_SERVE, ",,email,Taken."], "", "neither a row number nor an id"),
        ([SELF_SERVE, "2,S1,email,Taken.", "2,S3,email,Taken."], "", "not all ids of the report are in one"),
        ([SELF_SERVE, "2,S99,email,Taken."], "", "not all ids of the report are in one"),
        ([SELF_SERVE, "2,S1,email,Taken."], "02-students", "not all ids of the report are in one"),
        (
            [SELF_SERVE, "2,S1,email,Taken."],
            "99-students",
            "no uploaded file of this delivery has such a name",
        ),
        ([OF_CLASSES, "4,className,Too long."], "04-classes", "about no row of"),
        ([OF_CLASSES, "1,className,Too long."], "04-classes", "about no row of"),
    ],
)
def test_what_cannot_be_joined_is_refused_and_no_cell_is_repeated(
    report: Report, delivery: Delivery, lines: list[str], of: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read(report(*lines), delivery, of=of)
    assert said in str(refused.value)
    assert not {"Ada", "Taken", "S99"} & set(str(refused.value).replace(".", " ").split())


def test_a_report_in_another_encoding_is_refused(report: Report, delivery: Delivery) -> None:
    with pytest.raises(ConfigError, match="no CSV in UTF-8"):
        read(report(SELF_SERVE, "2,S1,email,Ungültig.", encoding="windows-1252"), delivery)


def test_a_file_that_is_kept_no_longer_is_told(report: Report, delivery: Delivery) -> None:
    delivery.files[0].path.unlink()
    with pytest.raises(ConfigError, match="kept no longer"):
        read(report(SELF_SERVE, "2,S1,email,Taken."), delivery)


def test_a_report_on_users_is_read_once_for_each_of_its_parts(
    stage: Callable[..., StagedFile], deliver: Callable[..., Delivery], report: Report
) -> None:
    users = PACKAGE["users.csv"]

    def part(layout: str, name: str, *ids: str) -> StagedFile:
        rows = [{**dict.fromkeys(users, ""), "sourcedId": one} for one in ids]
        return stage(layout, rows, name=name, header=users)

    parts = [
        part("student_users", "users.students.csv", "S1", "S2"),
        part("staff_users", "users.staff.csv", "T1", "T2"),
    ]
    delivery = deliver(ONEROSTER, parts)
    both = report(
        "rowNumber,sourceId,field,status,message", "3,S2,email,Failure,No.", "5,T2,email,Failure,No."
    )
    with pytest.raises(ConfigError, match=r"users\.students\.csv.*users\.staff\.csv"):
        read(both, delivery, ONEROSTER)
    [of_students] = read(both, delivery, ONEROSTER, of="users.students").errors
    [of_staff] = read(both, delivery, ONEROSTER, of="users.staff").errors
    assert of_students == VendorError("email", "No.", 3, "S2", 0)
    assert of_staff == VendorError("email", "No.", 3, "T2", 1)
    unknown = report("rowNumber,sourceId,field,status,message", "3,X9,email,Failure,No.")
    with pytest.raises(ConfigError, match="not all ids"):
        read(unknown, delivery, ONEROSTER, of="users.students")
