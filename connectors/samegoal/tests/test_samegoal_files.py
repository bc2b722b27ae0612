"""What SameGoal takes in a cell, and how the roster is put into its words."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from rosterbus.layouts import Transform, as_specs, describe
from rosterbus.mapping import compile_expression, guarded, install_functions, match_sql
from rosterbus.roster import vocabulary
from rosterbus_samegoal import Settings, layouts
from rosterbus_samegoal.published import ACTIVE, COLUMNS, GENDERS, INACTIVE, REQUIRED

ACCOUNT = {"host": "sftp.example.org", "username": "district"}
STATUSES = (*ACTIVE, *INACTIVE)
FREE = [
    name for name in COLUMNS if name not in {"Student Id", "Date of Birth", "Gender", "District Enrollment"}
]
RIGHT = {
    "Student Id": "0042",
    "Date of Birth": "03/09/2011",
    "Gender": "F",
    "District Enrollment": "ENROLLED",
}
STUDENTS, GUARDIANS = as_specs(layouts(Settings().load(ACCOUNT)))


def rendered(spec, column, **cells):
    """A roster row's cell as it is written into the file."""
    known = vocabulary().tables[spec.rows].columns
    connection = duckdb.connect()
    install_functions(connection, today=date(2026, 11, 20))
    source = spec.column(column).source
    if isinstance(source, Transform):
        sql = guarded(compile_expression(source.text, columns=known).sql)
    elif hasattr(source, "codes"):
        sql = match_sql(source.column, source.codes, source.unmatched)
    else:
        sql = source.column
    row = ", ".join(f"'{cells.get(name, '')}' AS {name}" for name in known)
    found = connection.execute(f"SELECT {spec.column(column).render(sql)} FROM (SELECT {row})").fetchone()
    connection.close()
    return found[0]


def test_students_csv_has_the_published_columns_in_their_order():
    assert tuple(column.name for column in STUDENTS.columns) == COLUMNS
    assert tuple(column.name for column in STUDENTS.columns if column.required) == REQUIRED


@pytest.mark.parametrize("spec", [STUDENTS, GUARDIANS], ids=lambda spec: spec.name)
def test_every_column_comes_from_the_roster_and_files_are_written_as_rfc_4180_says(spec):
    known = vocabulary().tables[spec.rows].columns
    for column in spec.columns:
        assert getattr(column.source, "column", "student_id") in known
        assert rendered(spec, column.name) == ""
    assert (spec.dialect.delimiter, spec.dialect.quote, spec.dialect.newline) == (",", '"', "\r\n")
    assert (spec.dialect.header, spec.dialect.bom, spec.dialect.encoding) == (True, False, "utf-8")


@pytest.mark.parametrize(
    ("column", "right", "wrong", "told"),
    [
        ("Student Id", "S1" * 10, "S1" * 10 + "x", "Longer than maximum length 20."),
        ("Student Id", "0042", "00-42", "letters and digits only"),
        ("Student Id", "0042", "é", "letters and digits only"),
        ("Date of Birth", "03/09/2011", "2011-03-09", "needed: yyyy-mm-dd, which is sent as mm/dd/yyyy"),
        ("Date of Birth", "02/29/2012", "02/29/2011", "Not a valid date"),
        *(("Gender", word, "X", f"Must be one of: {', '.join(GENDERS)}.") for word in GENDERS),
        *(("District Enrollment", word, word.lower(), "Must be one of: PRE_ENROLLED") for word in STATUSES),
        *((name, RIGHT.get(name, "North 1"), " ", "Missing data for required field.") for name in REQUIRED),
        *((name, 'Ng\nLi, "Jo" §', "bell\x07", "control characters") for name in FREE),
    ],
)
def test_a_cell_is_taken_as_published_and_one_that_breaks_the_rule_is_told(column, right, wrong, told):
    assert STUDENTS.column(column).problems(right) == ()
    [message] = STUDENTS.column(column).problems(wrong)
    assert told in message


def test_of_guardians_only_the_key_is_required_as_long_as_a_students():
    assert [one.name for one in GUARDIANS.columns if one.required] == ["Student Id", "Guardian Id"]
    assert GUARDIANS.column("Student Id").problems("1" * 20) == ()
    assert GUARDIANS.column("Student Id").problems("1" * 21) == ("Longer than maximum length 20.",)


def test_a_student_is_known_by_the_id_and_the_states_should_not_change():
    assert (STUDENTS.key, STUDENTS.identifiers) == (("Student Id",), ("Student Reporting Id",))


@pytest.mark.parametrize(
    ("column", "cells", "written"),
    [
        ("Date of Birth", {"birth_date": "2011-03-09"}, "03/09/2011"),
        ("Gender", {"gender": "female"}, "F"),
        ("Gender", {"gender": "male"}, "M"),
        ("District Enrollment", {"enrollment_status": "dropped_out", "status": "active"}, "DROPPED_OUT"),
        ("District Enrollment", {"status": "active"}, "ENROLLED"),
        ("District Enrollment", {"status": "inactive"}, "INACTIVE"),
        ("Race", {"race": "Asian|White"}, "Asian, White"),
        ("Building Reporting Id", {"school_state_id": "IL-7", "school_number": "7"}, "IL-7"),
        ("Building Reporting Id", {"school_number": "7"}, "7"),
        ("SIS Internal ID", {"student_id": "S1"}, "S1"),
    ],
)
def test_the_roster_is_put_into_the_words_of_samegoal(column, cells, written):
    assert rendered(STUDENTS, column, **cells) == written
    assert STUDENTS.column(column).problems(written) == ()


def test_every_enrollment_status_of_the_roster_has_a_preset():
    for status in vocabulary().codes["enrollment_status"].values:
        written = rendered(STUDENTS, "District Enrollment", enrollment_status=status)
        assert STUDENTS.column("District Enrollment").problems(written) == ()


@pytest.mark.parametrize(("column", "cell"), [("Gender", "other"), ("District Enrollment", "unheard of")])
def test_a_word_without_a_preset_is_a_problem_and_never_guessed(column, cell):
    written = rendered(STUDENTS, column, gender=cell, enrollment_status=cell)
    assert STUDENTS.column(column).problems(written) != ()


def test_nobody_is_deleted_but_guardians_of_a_student_who_is_sent():
    assert (STUDENTS.absence, GUARDIANS.absence, GUARDIANS.within) == ("kept", "deleted", "students")
    assert GUARDIANS.references == {"Student Id": "students"}


def test_the_guessed_headers_of_guardians_say_so_and_can_be_changed():
    assert GUARDIANS.open
    assert not STUDENTS.open
    assert all("is a guess" in row["note"] for row in describe(GUARDIANS))


def test_guardians_may_be_left_out():
    assert [spec.name for spec in layouts(Settings().load({**ACCOUNT, "guardians": False}))] == ["students"]
