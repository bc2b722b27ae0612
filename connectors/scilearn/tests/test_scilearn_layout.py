"""The update file: its columns as the district has them, and what keeps a row out of it."""

from __future__ import annotations

import pytest
from rosterbus.layouts import Match, Skip
from rosterbus_scilearn import Settings, layouts
from rosterbus_scilearn.published import COLUMNS

ACCOUNT = {"server": "ondemand4", "login": "manager@example.org", "password": {"env": "SCILEARN_PASSWORD"}}


REQUIRED = {"STUDENT_ID", "PASSWORD", "FIRST_NAME", "LAST_NAME", "DOB"}
GOOD = {"DOB": "12/21/2001"}


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
    ("column", "good", "bad", "told"),
    [
        ("DOB", "12/21/2001", "1/5/2002", "needed: yyyy-mm-dd, which is sent as mm/dd/yyyy"),
        ("DOB", "01/05/2002", "02/30/2002", "Not a valid date"),
        *(("GRADE", f"{grade}", f"{grade:02}x", "Must be one of: 1, 2, 3") for grade in range(1, 13)),
        ("GRADE", "", "KG", "Must be one of: 1, 2, 3"),
        *((name, "x", "a\nb", "line breaks") for name in COLUMNS if name not in {"DOB", "GRADE"}),
        *((name, GOOD.get(name, "x"), " ", "Missing data") for name in sorted(REQUIRED)),
    ],
)
def test_a_cell_has_the_published_form_and_another_is_told(column, good, bad, told):
    assert spec_of().column(column).problems(good) == ()
    [message] = spec_of().column(column).problems(bad)
    assert told in message


def test_only_who_a_student_is_and_a_password_that_is_sent_cannot_be_blank():
    spec = spec_of()
    assert {one.name for one in spec.columns if one.required} == REQUIRED
    assert (spec.key, spec.identifiers) == (("STUDENT_ID",), ("USERNAME",))


def test_a_grade_that_is_not_published_is_said_by_the_district():
    source = spec_of(grades={"KG": "K", "PK": "PreK"}).column("GRADE").source
    assert isinstance(source, Match)
    assert (source.codes["KG"], source.codes["PK"], source.codes["04"]) == ("K", "PreK", "4")
    assert source.unmatched == "reject"
    assert spec_of(grades={"KG": "K"}).column("GRADE").problems("K") == ()
