"""Each rule of an export, where it holds and where it stops or warns; and the settings that are refused."""

from __future__ import annotations

import pytest
from rosterbus.cli.plan_text import remedy_lines
from rosterbus.errors import ConfigError
from rosterbus.plan.planning import Order
from rosterbus.project import validate_settings
from rosterbus.project.documents import Document
from rosterbus_enroll.destination import RULES, Settings
from rosterbus_enroll.settings import PickupSettings

ACCOUNT = {"host": "sftp.example.org", "username": "sis"}


@pytest.fixture
def synced(register, service, when):
    def synced(name, moment, **cells):
        if name not in service.registrations:
            register(name, **cells)
        service.sync(name, moment)

    return synced


def rules(plan):
    return {one.rule: one.severity for one in plan.findings if one.rule in {rule.name for rule in RULES}}


def test_a_test_file_is_refused_with_what_to_run_instead(office, synced, when):
    synced("R1", when(10))
    assert rules(office.plan(when(11))) == {}
    plan = office.plan(when(11), Order(test=True))
    assert (plan.verdict, rules(plan)) == ("refused", {"test file": "refuse"})
    assert any("rosterbus run PIPELINE --only ID" in told for told in remedy_lines(plan))


def test_a_school_year_in_two_spellings_is_refused(office, synced, when):
    synced("R1", when(10), school_year="2026-2027")
    synced("R2", when(10), school_year="2027-2028")
    assert rules(office.plan(when(11))) == {}
    synced("R3", when(10), school_year="2026-27")
    plan = office.plan(when(11))
    assert (plan.verdict, rules(plan)) == ("refused", {"one file a year": "refuse"})
    assert "begins in 2026 is written in several ways" in plan.because
    assert any("school_year = { transform" in told for told in remedy_lines(plan))


def test_a_spelling_is_mended_in_the_pipeline(office, synced, when):
    synced("R1", when(10), school_year="2026-2027")
    synced("R2", when(10), school_year="2026-27")
    mend = {"transform": "left(school_year, 4)"}
    office.values["source"] = {
        "connector": "synced",
        "map": {"registrations": {"columns": {"school_year": mend}}},
    }
    plan = office.plan(when(11))
    assert (plan.verdict, [file.rows for file in plan.files]) == ("go", [2])


def test_a_second_export_of_one_day_warns_that_it_overwrites_the_first(office, synced, when):
    synced("R1", when(10))
    office.run(when(13))
    synced("R2", when(14))
    plan = office.plan(when(21))
    assert (plan.verdict, rules(plan)) == ("go", {"overwrites the same day": "warn"})
    [told] = [one for one in plan.findings if "the export of 13:00 today will be overwritten" in one.sentence]
    assert "see that the SIS has read it" in told.if_wrong
    assert rules(office.plan(when(2, day=21))) == {}


def test_nothing_is_overwritten_before_the_sis_must_have_read_it(office, synced, when, read):
    office.values["deliver"]["enroll"] = {"pickup_hours": 12}
    synced("R1", when(10))
    assert office.run(when(13)).receipts[0].state == "confirmed"
    synced("R2", when(14))
    [receipt] = office.run(when(21)).receipts
    assert (receipt.state, receipt.plan.due) == ("not due", when(1, day=21))
    assert rules(receipt.plan) == {"not yet read": "not due"}
    assert "the SIS may not have read the export of 2026-11-20 13:00 yet" in receipt.because
    assert [row["Registration ID"] for row in read(office.exports / "registrations.csv")] == ["R1"]
    [receipt] = office.run(when(1, day=21)).receipts
    assert receipt.state == "confirmed"
    assert [row["Registration ID"] for row in read(office.exports / "registrations.csv")] == ["R2"]


def load(schema, tmp_path, **changes):
    return validate_settings(schema, changes, Document({}, tmp_path))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"file_name": "registrations.txt"},
            "`file_name`: only files with the extension csv are exported; write a name",
        ),
        ({"file_name": "a/b.csv"}, "`file_name`: layout `registrations`: `file` is 'a/b.csv'"),
        ({"separator": ","}, "`separator`: this word is not allowed here; found ','; allowed: comma, tab"),
        ({"text_identifier": "none"}, "allowed: double, single"),
        ({"columns": {"DOB": "birth date"}}, "`columns.DOB`: this is no roster column"),
        ({"columns": {"": "grade"}}, "`columns`: a header is blank"),
        ({"columns": {"Grade": "grade", "grade": "grade"}}, "two columns have the header 'grade'"),
        ({"rename": False}, "`rename`: there is no such setting here"),
        ({"pickup_hours": 0}, "`pickup_hours`: must be greater than or equal to 1; found 0"),
        ({"quoting": "some"}, "found 'some'; allowed: all, needed"),
        ({"line_end": "cr"}, "found 'cr'; allowed: crlf, lf"),
        ({"year_folders": "never"}, "found 'never'; allowed: when several, always"),
        ({"records": "people"}, "found 'people'; allowed: registrations, students"),
    ],
)
def test_an_export_file_that_cannot_be_is_refused_at_the_settings(tmp_path, changes, told):
    assert load(Settings, tmp_path, **ACCOUNT)
    with pytest.raises(ConfigError) as refused:
        load(Settings, tmp_path, **ACCOUNT, **changes)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": {"Name": "first_name"}}, "`columns`: none of them is registration_id or student_id"),
        (
            {"columns": {"A": "student_id", "B": "student_id"}},
            "`columns`: two headers are said to be student_id",
        ),
        ({"missed_hours": 0}, "`missed_hours`: must be greater than or equal to 1; found 0"),
        ({"separator": "space"}, "found 'space'; allowed: comma, tab"),
        ({"columns": {" ": "student_id"}}, "`columns`: a header is blank"),
        ({"key": ["Id"]}, "`key`: 'Id' is no header of `columns`"),
        ({"encoding": "ansi"}, "`encoding`: no such encoding: ansi"),
        (
            {"columns": {"A": "student_id"}, "year_folders": True},
            "`columns`: with `year_folders` a student can be in two files",
        ),
    ],
)
def test_a_pick_up_that_could_not_tell_who_is_who_is_refused(tmp_path, changes, told):
    place = {"location": "exports/registrations.csv"}
    assert load(PickupSettings, tmp_path, **place)
    with pytest.raises(ConfigError) as refused:
        load(PickupSettings, tmp_path, **place, **changes)
    assert told in str(refused.value)
