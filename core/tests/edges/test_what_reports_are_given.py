"""What a report format is given of a run: counts as on the receipt, names, history, and cells only on request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import rosterbus_drop
from rosterbus.errors import ConfigError
from rosterbus.findings import Problem
from rosterbus.layouts import Layout, as_spec, text
from rosterbus.plan.compilation import compile_layout
from rosterbus.plan.rejections import has_ids
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import LayoutMap
from rosterbus.reports import ReportedLayout, sync_rows
from rosterbus.roster import vocabulary
from village_kit import student

SUM = ("delivered", "unchanged", "filtered", "rejected", "held")


class Classes(Layout, file="classes.csv", rows="sections", key="Id", open=True):
    section_id = text("Id", direct="section_id", required=True)
    name = text("Name", direct="title", required=True)


def test_a_report_is_given_the_counts_of_the_receipt(site, village):
    village.write([student(1), student(2, mail="broken"), student(3)])
    outcome, told = site.run()
    [receipt], [delivery] = outcome.receipts, told.deliveries
    [layout] = delivery.layouts

    assert told.receipts == [receipt.as_json()]
    assert layout.counts == receipt.counts["students"]
    assert layout.counts["read"] == sum(layout.counts[name] for name in SUM) == 3
    assert (delivery.name, delivery.connector, delivery.verdict) == ("drop", "drop", "go")
    assert delivery.plan == receipt.plan.id
    assert (layout.completeness, layout.proof) == ("complete", "the village says so")
    assert (told.pipeline, told.started, told.values) == ("v", village.now, False)


def test_changes_are_told_by_school_by_grade_and_by_column(site, village):
    village.write([student(1, school="1"), student(2, school="2", grade="06"), student(3, school="2")])
    site.run()
    village.write([student(1, school="1", mail="new@example.org"), student(2, school="2", grade="06")])
    village.now = village.now.replace(day=21)
    [layout] = site.run()[1].deliveries[0].layouts

    assert layout.schools["1"] == {"had": 1, "read": 1, "new": 0, "changed": 1, "removed": 0, "rejected": 0}
    assert layout.schools["2"]["removed"] == 1
    assert layout.grades["05"] == {"had": 2, "read": 1, "new": 0, "changed": 1, "removed": 1, "rejected": 0}
    assert layout.columns == {"Mail": 1}


def test_schools_come_in_the_order_of_their_ids_and_grades_in_that_of_their_codes(site, village):
    village.write(
        [
            student(number, school=school, grade=grade)
            for number, (school, grade) in enumerate(
                [("3", "12"), ("", "no grade"), ("10", "01"), ("2", "PK")]
            )
        ]
    )
    [layout] = site.run()[1].deliveries[0].layouts

    assert list(layout.schools) == ["10", "2", "3", ""]
    assert list(layout.grades) == ["PK", "01", "12", ""]


def test_schools_have_names_where_the_source_gives_them(site, village):
    assert site.run()[1].schools == {}
    (village.export / "schools.csv").write_text("id,name\n1,Springfield\n2,\n", encoding="utf-8")
    outcome, told = site.run()

    assert told.schools == {"1": "Springfield"}
    assert outcome.receipts[0].balanced
    assert site.again(outcome.receipts[0].plan).schools == {"1": "Springfield"}


def test_school_names_that_cannot_be_read_stop_no_delivery(site, village):
    (village.export / "schools.csv").write_text("id,title\n1,Springfield\n", encoding="utf-8")
    outcome, told = site.run()

    assert outcome.receipts[0].state == "confirmed"
    assert [one.severity for one in told.deliveries[0].findings if one.rule == "school names"] == ["warn"]


def test_a_hold_is_given_in_its_fixed_parts(site, village):
    site.run()
    village.write([student(number) for number in range(1, 4)])
    village.now = village.now.replace(day=21)
    outcome, told = site.run()
    [delivery] = told.deliveries
    hold = next(one for one in delivery.findings if one.severity == "hold")

    assert (outcome.receipts[0].state, delivery.verdict) == ("held", "held")
    assert hold.sentence in delivery.because
    assert all((hold.cause, hold.if_nothing, hold.if_wrong))
    [layout] = delivery.layouts
    assert layout.counts["held"] == 3


def test_reports_written_again_have_the_receipts_of_the_ledger(site, village):
    outcome, first = site.run()
    village.now = village.now.replace(day=21)
    again = site.again(outcome.receipts[0].plan)

    assert (again.id, again.started) == (first.id, first.started)
    assert [one["state"] for one in again.receipts] == ["confirmed"]
    assert again.receipts[0]["evidence"] == first.receipts[0]["evidence"] != {}
    assert again.deliveries[0].layouts[0].counts == first.deliveries[0].layouts[0].counts


def test_a_plan_that_was_not_tried_has_no_receipt_and_delivered_nothing(site, village):
    told = site.again(village.plan())

    assert told.receipts == []
    assert told.deliveries[0].layouts[0].counts["held"] == 30


def test_a_refusal_by_verdict_is_told_as_its_receipt_was(site, village):
    site.run()
    told = site.again(village.plan(hours=1))

    assert [one["state"] for one in told.receipts] == ["nothing new"]


def test_deliveries_come_in_the_order_of_the_pipeline(site, village):
    village.pipeline(
        deliver=f'contacts = false\n[deliver.a_later]\nconnector = "drop"\nfolder = "{village.vendor.as_posix()}/a"\n'
        "contacts = false"
    )
    (village.vendor / "a").mkdir()
    outcome, _ = site.run()
    plans = [one.plan for one in outcome.receipts]

    assert [one.name for one in site.again(*reversed(plans)).deliveries] == ["drop", "a_later"]


def test_a_report_has_the_upload_that_it_is_about(site, village):
    outcome, told = site.run()
    [upload] = told.history

    assert (upload.file, upload.delivery, upload.plan) == (
        "20261120-1/students.csv",
        "drop",
        outcome.receipts[0].plan.id,
    )
    assert (upload.status, upload.completed) == ("uploaded", village.now)
    assert upload.report == outcome.report


def test_cells_are_given_only_on_request(site, village):
    village.write([student(1, mail="broken"), "2,short", student(3, born="never")])
    plan = site.run()[0].receipts[0].plan

    assert [one.value for one in site.again(plan).deliveries[0].layouts[0].problems] == [None] * 3
    told = site.again(plan, values=True)
    assert told.values
    assert [(one.column, one.value) for one in told.deliveries[0].layouts[0].problems] == [
        ("Mail", "broken"),
        ("Born", "never"),
        ("", None),
    ]


def test_where_no_text_could_be_made_the_cells_of_the_source_are_given(site, village):
    village.write([student(1, grade="05"), student(2, grade="K-1")])
    village.pipeline(
        deliver="""
        contacts = false
        [deliver.drop.map.students.columns]
        Grade = { match = "grade", codes = { "05" = "five" }, unmatched = "reject" }
        First = { transform = "format_date(first_name || last_name, '%Y-%m-%d', '%d.%m.%Y')" }
        """
    )
    told = site.again(village.plan(), values=True)

    assert [(one.row, one.column, one.value) for one in told.deliveries[0].layouts[0].problems] == [
        (2, "First", "first_name=First1, last_name=Last1"),
        (3, "First", "first_name=First2, last_name=Last2"),
        (3, "Grade", "K-1"),
    ]


def test_a_cell_of_a_sensitive_column_is_given_to_nobody(site, village, monkeypatch):
    spec = as_spec(rosterbus_drop.Students)
    hidden = spec.with_columns(replace(spec.column("Mail"), sensitive=True))
    monkeypatch.setattr(rosterbus_drop, "layouts", lambda settings: (hidden,))
    village.write([student(1, mail="broken", born="never")])
    plan = village.plan()

    assert [
        (one.column, one.value) for one in site.again(plan, values=True).deliveries[0].layouts[0].problems
    ] == [("Born", "never"), ("Mail", None)]
    assert b"broken" not in (plan.folder / "problems.students.parquet").read_bytes()


def test_problems_that_were_taken_away_are_refused_with_the_day_and_nothing_is_written(site, village):
    old = village.plan()
    village.write([student(1)])
    village.now = village.now.replace(day=21)
    new = village.plan()
    told = len(site.told.runs)

    with pytest.raises(
        ConfigError, match=r"no longer kept: it was superseded on 2026-11-21.*rosterbus history v"
    ):
        site.again(new, old)
    assert len(site.told.runs) == told


def with_key(layout, *, written):
    """The layout with its key in the file or out of it."""
    spec = as_spec(layout)
    return spec.with_columns(replace(spec.column("Id"), written=written))


def compiled(spec):
    known = vocabulary().tables[spec.rows].columns
    return compile_layout(spec, LayoutMap(), known, folder=Path(), complain=None)


@pytest.mark.parametrize("written", [True, False])
def test_a_person_is_named_whether_or_not_the_file_has_the_id(site, village, monkeypatch, written):
    monkeypatch.setattr(
        rosterbus_drop, "layouts", lambda settings: (with_key(rosterbus_drop.Students, written=written),)
    )
    village.write([student(7, mail="broken")])

    [layout] = site.again(village.plan()).deliveries[0].layouts
    assert [row.sourced_id for row in sync_rows(layout)] == ["7"]


def test_a_class_has_an_id_only_where_its_key_is_in_the_file_and_is_the_rosters_own():
    named = replace(as_spec(Classes), key=("Name",))

    assert has_ids(compiled(with_key(Classes, written=True)))
    assert not has_ids(compiled(with_key(Classes, written=False)))
    assert not has_ids(compiled(named))


def test_a_row_without_an_id_is_reported_by_its_place_alone():
    layout = ReportedLayout(
        "classes", "classes.csv", [Problem("classes.csv", 3, "Name", "Too long.", key="s1")]
    )

    assert [row.sourced_id for row in sync_rows(layout)] == ["s1"]
    assert [row.sourced_id for row in sync_rows(replace(layout, has_ids=False))] == [""]


def test_a_plan_kept_before_layouts_told_of_ids_can_be_read(village):
    plan = village.plan()
    text = (plan.folder / "plan.json").read_text(encoding="utf-8")
    (plan.folder / "plan.json").write_text(
        text.replace('"has_ids": true', '"lead": "users.csv"'), encoding="utf-8"
    )

    assert StoredPlan.load(plan.folder).layouts[0].has_ids
