"""The export file as the district set it up: separator, text identifier, columns, mapping types, and who is in it."""

from __future__ import annotations

import csv

import pytest
from rosterbus.errors import ConfigError
from rosterbus.plan.planning import Order
from rosterbus_enroll.columns import DEFAULT
from rosterbus_enroll.published import SEPARATORS, TEXT_IDENTIFIERS

CHOSEN = {"Student": "student_id", "Name": "first_name", "DOB": "birth_date", "Grade": "grade"}


@pytest.fixture
def synced(register, service, when):
    """Registers, approves and syncs."""

    def synced(*names, **cells):
        register(*names, **cells)
        for name in names:
            service.sync(name, when(10))

    return synced


@pytest.fixture
def text(office, when):
    """The text of the one file, with these settings and this map; nothing is sent."""

    def text(mapped=None, **settings):
        mapping = {"map": {"registrations": {"columns": mapped}}} if mapped else {}
        office.values["deliver"]["enroll"] = {**settings, **mapping}
        office.begin(when(20))
        plan = office.plan(when(21))
        assert plan.verdict == "go", plan.because
        [file] = plan.files
        return file.path.read_bytes().decode("utf-8")

    return text


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("identifier", TEXT_IDENTIFIERS)
def test_every_separator_and_text_identifier_is_read_back_the_same(synced, text, separator, identifier):
    odd = 'O\'Neil, "Ada"; of|the\nhouse'
    synced("R1", first_name=odd)
    written = text(separator=separator, text_identifier=identifier)
    told = csv.reader(
        written.splitlines(keepends=True),
        delimiter=SEPARATORS[separator],
        quotechar=TEXT_IDENTIFIERS[identifier],
        strict=True,
    )
    header, row = told
    assert (header, row[2]) == (list(DEFAULT), odd)
    every = TEXT_IDENTIFIERS[identifier]
    assert written.startswith(f"{every}Registration ID{every}{SEPARATORS[separator]}{every}Student ID{every}")


def test_columns_are_the_districts_own_in_its_order(synced, text):
    synced("R1")
    assert text(columns=CHOSEN, quoting="needed", line_end="lf") == (
        "Student,Name,DOB,Grade\nS1,Ada,2015-03-09,05\n"
    )


def test_lines_end_as_the_settings_say_and_blanks_stand_in_quotes_where_all_do(synced, text):
    synced("R1", grade="")
    assert text(columns=CHOSEN) == ('"Student","Name","DOB","Grade"\r\n"S1","Ada","2015-03-09",""\r\n')


def test_the_four_mapping_types_and_a_column_more(synced, text):
    synced("R1", gender="female")
    mapped = {
        "Name": {"skip": True},  # do not map: it is not in the file
        "DOB": {"transform": "format_date(birth_date, 'YYYY-MM-DD', 'MM/DD/YYYY')"},
        "Grade": {"match": "grade", "codes": {"05": "5"}, "unmatched": "reject"},
        "Student": {"rename": "Student Number"},
        "Sex": {"match": "gender", "codes": {"female": "F", "male": "M"}},
        "Source": {"value": "Enroll"},
        "City": "city",  # direct
    }
    assert text(mapped, columns=CHOSEN, quoting="needed", line_end="lf") == (
        "Student Number,DOB,Grade,Sex,Source,City\nS1,03/09/2015,5,F,Enroll,\n"
    )


def test_a_file_without_a_column_is_refused(synced, text):
    synced("R1")
    with pytest.raises(ConfigError, match="none of its columns is written"):
        text({"Name": {"skip": True}}, columns={"Name": "first_name"})


def test_nothing_but_the_columns_is_in_the_file(synced, text):
    synced("R1")
    written = text(columns={"Name": "first_name"})
    assert written == '"Name"\r\n"Ada"\r\n'


@pytest.mark.parametrize(
    ("cells", "why"),
    [({"status": "In Processing"}, "not approved"), ({"synced_at": ""}, "never synced")],
    ids=["status", "sync"],
)
def test_what_is_not_approved_or_never_synced_is_not_exported(office, service, synced, when, cells, why):
    synced("R1", "R2")
    service.synced["R2"].update(cells)
    plan = office.plan(when(21))
    assert plan.layouts[0].counts["filtered"] == 1, why
    assert [file.rows for file in plan.files] == [1]


def test_students_stand_in_for_registrations_where_the_source_has_none(office, synced, text, when):
    synced("R1", "R2")
    columns = {"Student": "student_id", "Name": "first_name"}
    assert text(records="students", columns=columns) == ('"Student","Name"\r\n"S1","Ada"\r\n"S2","Ada"\r\n')
    [told] = [one for one in office.plan(when(21)).findings if one.rule == "students for registrations"]
    assert (told.severity, "whoever is active and changed is exported" in told.sentence) == ("warn", True)


def test_the_default_columns_of_students_are_those_that_students_have(synced, text):
    synced("R1")
    header = text(records="students", quoting="needed").splitlines()[0].split(",")
    assert ("Student ID" in header, "Registration ID" in header, "Guardian Email" in header) == (
        True,
        False,
        False,
    )


def test_a_test_record_is_an_export_of_one_registration(office, synced, read, when):
    synced("R1", "R2", "R3")
    assert office.run(when(21), Order(only="R2")).exit_code == 0
    [row] = read(office.exports / "registrations.csv")
    assert row["Registration ID"] == "R2"
    assert office.run(when(22)).exit_code == 0
    assert [row["Registration ID"] for row in read(office.exports / "registrations.csv")] == ["R1", "R3"]


def test_a_row_with_a_control_character_or_an_odd_year_is_told_and_left_out(office, synced, when):
    synced("R1")
    synced("R2", school_year="next year")
    synced("R3", school_year="")
    synced("R4", last_name="bell\x07")
    plan = office.plan(when(21))
    assert [file.rows for file in plan.files] == [1]
    assert plan.layouts[0].counts["rejected"] == 3
    assert dict(plan.layouts[0].problems) == {"(school year)": 1, "": 1, "Last Name": 1}


@pytest.mark.parametrize(
    ("years", "folders", "places"),
    [
        (["2026-2027"], "when several", ["registrations.csv"]),
        (["2026-2027"], "always", ["2026/registrations.csv"]),
        (["2025", "2026-27"], "when several", ["2025/registrations.csv", "2026/registrations.csv"]),
    ],
)
def test_where_a_file_goes_is_told_by_its_start_year(office, synced, when, years, folders, places):
    for number, year in enumerate(years):
        synced(f"R{number}", school_year=year)
    office.values["deliver"]["enroll"] = {"year_folders": folders}
    assert list(office.plan(when(21)).remote) == [f"SISData/exports/{place}" for place in places]
