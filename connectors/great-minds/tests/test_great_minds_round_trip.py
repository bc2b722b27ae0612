"""From the roster to the website and back: what was refused goes again once it is mended, and not before."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from great_minds_kit import Year, section
from rosterbus.delivery.deciding import settle
from rosterbus.errors import ConfigError
from rosterbus.ledger import Ledger

NIGHT = timedelta(days=1)


def says_uploaded(year: Year) -> None:
    with Ledger(year.trial.state) as ledger:
        waiting = ledger.deliveries.latest()[0]
        settle(ledger, waiting.id, "arrived", by="Ada", reason="all parts were uploaded")


def delivery(year: Year) -> tuple[str, str]:
    with Ledger(year.trial.state) as ledger:
        last = ledger.deliveries.latest()[0]
        return last.state, last.outcome


def test_whom_great_minds_refused_goes_again_once_mended(begin: Callable[..., Year]) -> None:
    year = begin(row_numbers="without header")
    year.source.students = 6
    year.vendor.website.emails.add("zqx0002@example.org")
    assert year.run().state == "held"
    [analysis] = year.trial.imports()
    assert {name: one["refused"] for name, one in analysis["files"].items() if one["refused"]} == {
        "01-students-0101": 1
    }
    imported = year.read_back(year.report("01-students-0101"))
    assert (imported.report.layout, imported.report.rows, imported.report.errors) == ("students", 1, 1)
    assert imported.waits == 5
    says_uploaded(year)
    assert delivery(year) == ("confirmed", "partly")

    again = year.run(later=NIGHT)
    assert (again.state, again.counts["students"]["rejected"]) == ("nothing new", 1)
    assert dict(again.plan.layouts[0].problems) == {"email": 1}
    year.source.cells[2, "email"] = "mended@example.org"
    mended = year.run(later=NIGHT)
    assert [(one.layout, one.rows) for one in mended.plan.files] == [("students", 1)]
    *_, second = year.trial.imports()
    assert second["files"] == {
        "01-students-0101": {
            "file": "great-minds-student-upload.csv",
            "rows": 1,
            "refused": 0,
            "status": "File processed.",
        }
    }
    says_uploaded(year)
    assert year.run(later=NIGHT).state == "nothing new"
    assert len(year.vendor.website.accounts) == 6 + 4


def test_a_class_that_was_refused_is_found_by_its_row_and_goes_again(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.sections.append(
        section("C3", "0102", primary_teacher_id="T0101t", primary_teacher_email="t0101t@example.org")
    )
    year.run()
    year.trial.imports()
    with year.report("06-classes-0102").open(encoding="utf-8", newline="") as file:
        assert [*csv.reader(file)] == [
            ["Row Number", "Column Name", "Error"],
            ["3", "primaryTeacher", "There is no such teacher at this school."],
        ]
    with pytest.raises(ConfigError, match="--of"):
        year.read_back(year.report("06-classes-0102"))
    assert year.read_back(year.report("06-classes-0102"), of="06-classes").report.rows == 1
    says_uploaded(year)
    year.source.sections[-1] = section("C3", "0102")
    again = year.run(later=NIGHT)
    assert [(one.layout, one.rows) for one in again.plan.files] == [("classes", 1)]
    year.trial.imports()
    assert sorted(name for _, name, _ in year.vendor.website.classes) == [
        f"Mathematics C{n}" for n in (1, 2, 3)
    ]


def test_reports_on_every_part_confirm_without_a_word_of_a_person(begin: Callable[..., Year]) -> None:
    year = begin()
    year.source.students, year.source.staff, year.source.sections = 2, [], []
    year.vendor.website.emails.update({"zqx0000@example.org", "zqx0001@example.org"})
    year.run()
    year.trial.imports()
    assert year.read_back(year.report("01-students-0101")).waits == 1
    assert year.read_back(year.report("02-students-0102")).waits == 0
    assert delivery(year) == ("failed", "not processed")
    again = year.run(later=NIGHT)
    assert (again.state, again.counts["students"]["rejected"]) == ("nothing new", 2)


def test_what_nobody_uploaded_is_not_taken_for_delivered(begin: Callable[..., Year]) -> None:
    year = begin()
    year.run()
    assert delivery(year) == ("held", "unknown")
    year.source.students += 1
    second = year.run(later=NIGHT)
    assert (second.state, second.counts["students"]["new"]) == ("held", 5)
    assert [one.rule for one in second.plan.holds] == ["unsettled delivery"]
    assert len(list(year.place.glob("2*"))) == 1


def test_a_report_on_a_package_takes_the_refused_out_of_what_is_believed(begin: Callable[..., Year]) -> None:
    year = begin(mode="oneroster", additional_roles=True)
    assert year.run().state == "confirmed"
    lines = ["rowNumber,sourceId,field,status,message", "3,S0001,email,Failure,Refused."]
    file = year.place / "users_sync_report.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    imported = year.read_back(file)
    assert (imported.report.layout, imported.report.rows, imported.delivery.outcome) == (
        "student_users",
        1,
        "partly",
    )
