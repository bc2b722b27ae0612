"""The update file: its columns as the district has them, and what keeps a row out of it."""

from __future__ import annotations

import pytest
from rosterbus.layouts import Match, Skip
from rosterbus_scilearn import Settings, layouts
from rosterbus_scilearn.published import COLUMNS

ACCOUNT = {"server": "ondemand4", "login": "manager@example.org", "password": {"env": "SCILEARN_PASSWORD"}}


def spec_of(**settings):
    (spec,) = layouts(Settings().load({**ACCOUNT, **settings}))
    return spec


def headers(spec):
    return [column.name for column in spec.columns]


def test_the_file_has_the_eight_columns_of_the_vendors_example_and_only_the_password_wants_a_decision():
    spec = spec_of()
    assert headers(spec) == list(COLUMNS)
    assert [column.name for column in spec.columns if isinstance(column.source, Skip)] == ["PASSWORD"]
    assert (spec.key, spec.absence, spec.sends, spec.open) == (("STUDENT_ID",), "kept", "everyone", True)
    assert spec.dialect.newline == "\r\n"


def test_the_district_chooses_columns_and_their_order():
    spec = spec_of(columns=["LAST_NAME", "STUDENT_ID", "DOB"], sends="changes", encoding="windows-1252")
    assert headers(spec) == ["LAST_NAME", "STUDENT_ID", "DOB"]
    assert (spec.unique, spec.identifiers) == ((), ())
    assert (spec.sends, spec.dialect.encoding) == ("changes", "windows-1252")


def test_a_password_is_shown_to_nobody_and_never_blank():
    spec = spec_of()
    password = spec.column("PASSWORD")
    assert headers(spec) == list(COLUMNS)
    assert (password.required, password.sensitive, password.source) == (True, True, Skip())


def test_names_and_birth_date_and_user_name_are_there_once():
    assert spec_of().unique == (("USERNAME",), ("FIRST_NAME", "LAST_NAME", "DOB"))


@pytest.mark.parametrize(
    ("column", "text", "good"),
    [
        ("DOB", "12/21/2001", True),
        ("DOB", "01/05/2002", True),
        ("DOB", "1/5/2002", False),
        ("DOB", "2002-01-05", False),
        ("DOB", "02/30/2002", False),
        ("GRADE", "4", True),
        ("GRADE", "04", False),
        ("GRADE", "KG", False),
    ],
)
def test_dates_and_grades_have_the_published_form(column, text, good):
    assert (spec_of().column(column).problems(text) == ()) is good


@pytest.mark.parametrize("column", ["STUDENT_ID", "FIRST_NAME", "LAST_NAME", "DOB"])
def test_who_a_student_is_cannot_be_blank(column):
    assert spec_of().column(column).required


def test_a_grade_that_is_not_published_is_said_by_the_district():
    source = spec_of(grades={"KG": "K", "PK": "PreK"}).column("GRADE").source
    assert isinstance(source, Match)
    assert (source.codes["KG"], source.codes["PK"], source.codes["04"]) == ("K", "PreK", "4")
    assert source.unmatched == "reject"
    assert spec_of(grades={"KG": "K"}).column("GRADE").problems("K") == ()
