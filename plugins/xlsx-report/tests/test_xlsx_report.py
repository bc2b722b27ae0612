"""The workbook, read back by another library than the one that wrote it."""

from __future__ import annotations

import os
import stat
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rosterbus_xlsx_report
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from rosterbus.errors import ConfigError, PluginError
from rosterbus.findings import Finding, Problem
from rosterbus.plugins import Plugins
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run, Upload

COUNTS = {
    "read": 1204, "delivered": 1201, "unchanged": 0, "filtered": 1, "rejected": 2, "held": 0, "new": 21,
    "changed": 18, "removed": 3, "leaver_rows": 0,
}  # fmt: skip
SOME = {"had": 10, "read": 11, "new": 2, "changed": 1, "removed": 1, "rejected": 1}
STARTED = datetime(2026, 11, 20, 14, 5, tzinfo=ZoneInfo("America/Chicago"))
HOLD = Finding(
    "hold", "share removed", "9 of 10 rows are removed", "rosterbus", "students", "0123", "a page is missing",
    "nothing is sent", "mend the export", "rosterbus approve 7f3a0000",
)  # fmt: skip


def a_problem(**more: Any) -> Problem:
    said = {
        "file": "users.csv",
        "row": 7,
        "column": "Birth Date",
        "message": "Not a valid date.",
        "key": "00123",
    }
    return Problem(**{**said, **more})


def a_run(*problems: Problem, **more: Any) -> Run:
    layout = ReportedLayout(
        "students", "users.csv", problems, COUNTS, schools={"0123": SOME}, grades={"05": SOME},
        completeness="complete", proof="the manifest says so",
    )  # fmt: skip
    delivery = ReportedDelivery("samegoal", [layout], "7f3a0000", "samegoal", "go", "", [HOLD])
    receipt = {
        "plan": "7f3a0000", "delivery": "samegoal", "destination": "samegoal", "state": "confirmed",
        "outcome": "processed", "because": "", "target": "sftp://sftp.example.org/upload",
        "guarantee": "once for each plan", "counts": {"students": COUNTS}, "ended": "2026-11-20T20:06:00+00:00",
    }  # fmt: skip
    upload = Upload(
        "20261120-140500/students.csv", "processed with errors", datetime(2026, 11, 20, 20, 6, tzinfo=UTC),
        "report", "samegoal", "7f3a0000",
    )  # fmt: skip
    run = Run(
        "12", "springfield", STARTED, [delivery], [receipt], [upload], {"0123": "Springfield Elementary"}
    )
    return replace(run, **more)


def written(folder: Path, run: Run) -> Path:
    plugins = Plugins([("report", "xlsx-report")])
    [path] = plugins.call("report:xlsx-report", "report", step="reporting", run=run, folder=folder)
    assert path == folder / "report.xlsx"
    return path


def sheets(folder: Path, run: Run) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(written(folder, run))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def rows(table: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    header, *lines = table
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_each_question_has_its_sheet(tmp_path: Path):
    book = sheets(tmp_path, a_run(a_problem()))

    assert list(book) == ["Summary", "Problems", "Findings", "Schools", "Grades", "History"]


def test_the_summary_has_the_counts_and_what_became_of_the_delivery(tmp_path: Path):
    [row] = rows(sheets(tmp_path, a_run())["Summary"])

    assert {name: row[name.capitalize()] for name in COUNTS if name != "leaver_rows"} == {
        name: count for name, count in COUNTS.items() if name != "leaver_rows"
    }
    assert (row["Pipeline"], row["Run"], row["Delivery"], row["Layout"]) == (
        "springfield", "12", "samegoal", "students",
    )  # fmt: skip
    assert (row["State"], row["Outcome"], row["Verdict"], row["Plan"]) == (
        "confirmed", "processed", "go", "7f3a0000",
    )  # fmt: skip
    assert row["Guarantee"] == "once for each plan"
    assert row["Proof"] == "the manifest says so"


def test_moments_are_told_in_the_time_zone_of_the_run(tmp_path: Path):
    book = sheets(tmp_path, a_run())
    [row], [upload] = rows(book["Summary"]), rows(book["History"])

    assert (row["Started"], row["Ended"]) == ("2026-11-20 14:05:00-06:00", "2026-11-20 14:06:00-06:00")
    assert upload["Completion date"] == "2026-11-20 14:06:00-06:00"


def test_a_plan_that_was_not_tried_is_told_as_not_sent(tmp_path: Path):
    [row] = rows(sheets(tmp_path, a_run(receipts=[]))["Summary"])

    assert (row["State"], row["Ended"]) == ("not sent", None)


def test_a_delivery_of_an_earlier_plan_that_this_run_ended_is_in_the_summary(tmp_path: Path):
    run = a_run()
    earlier = {**run.receipts[0], "plan": "11110000", "counts": {"students": {**COUNTS, "read": 1}}}
    told = rows(sheets(tmp_path, replace(run, receipts=[earlier, *run.receipts]))["Summary"])

    assert [(row["Delivery"], row["Read"], row["Plan"]) for row in told] == [
        ("samegoal", 1204, "7f3a0000"),
        ("samegoal", 1, "11110000"),
    ]


def test_each_problem_is_one_row_with_its_place(tmp_path: Path):
    problems = sheets(tmp_path, a_run(a_problem(), a_problem(column="Gender", message="Must be F or M.")))

    assert problems["Problems"] == [
        ("Delivery", "Layout", "File", "Row", "sourcedId", "Column", "Error"),
        ("samegoal", "students", "users.csv", 7, "00123", "Birth Date", "Not a valid date."),
        ("samegoal", "students", "users.csv", 7, "00123", "Gender", "Must be F or M."),
    ]


def test_findings_come_with_source_and_a_hold_in_its_fixed_parts(tmp_path: Path):
    [row] = rows(sheets(tmp_path, a_run())["Findings"])

    assert (row["Severity"], row["Rule"], row["School"], row["Source"]) == (
        "hold", "share removed", "0123", "rosterbus",
    )  # fmt: skip
    assert [row[part] for part in ("Likely cause", "If you do nothing", "If it is wrong", "If it is right")] == [
        HOLD.cause, HOLD.if_nothing, HOLD.if_wrong, HOLD.if_right,
    ]  # fmt: skip


def test_schools_have_names_and_grades_have_codes(tmp_path: Path):
    book = sheets(tmp_path, a_run())
    [school], [grade] = rows(book["Schools"]), rows(book["Grades"])

    assert (school["School"], school["Name"], school["Had"]) == ("0123", "Springfield Elementary", 10)
    assert (grade["Grade"], grade["Read"], grade["Rejected"]) == ("05", 11, 1)


def test_the_history_names_file_status_and_report(tmp_path: Path):
    [row] = rows(sheets(tmp_path, a_run())["History"])

    assert (row["Uploaded file"], row["Sync status"], row["Sync report"]) == (
        "20261120-140500/students.csv", "processed with errors", "report",
    )  # fmt: skip


def test_cells_of_the_roster_are_shown_only_where_they_were_asked_for(tmp_path: Path):
    problem = a_problem(value="31/02/2015")
    [quiet] = rows(sheets(tmp_path, a_run(problem))["Problems"])
    [told] = rows(sheets(tmp_path, a_run(problem, values=True))["Problems"])

    assert "31/02/2015" not in quiet.values()
    assert told["Value"] == "31/02/2015"


def test_a_row_of_a_layout_without_ids_has_none(tmp_path: Path):
    run = a_run(a_problem())
    [delivery] = run.deliveries
    layout = replace(delivery.layouts[0], has_ids=False)
    [row] = rows(sheets(tmp_path, replace(run, deliveries=[replace(delivery, layouts=[layout])]))["Problems"])

    assert row["sourcedId"] is None


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "=HYPERLINK(\"https://example.org\")", "{=1}", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", " =1",
        "00123", "1e5", "2026-11-20", "TRUE", "https://example.org", "mailto:a@example.org", "Zoë 🎒", "two\nlines",
        "  spaces  ", "_x0041_", "a\x01b", "<b>&\"'", "\u202eabc", "\uffff",
    ],
)  # fmt: skip
def test_a_text_stays_exactly_that_text(tmp_path: Path, text: str):
    path = written(tmp_path, a_run(a_problem(key=text, column=text, message=text, value=text), values=True))
    sheet = load_workbook(path)["Problems"]
    cells = [sheet.cell(2, column) for column in (5, 6, 7, 8)]

    assert [unescape(cell.value) for cell in cells] == [text] * 4
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert not any(cell.hyperlink for cell in cells)


def test_no_sheet_holds_a_formula(tmp_path: Path):
    hostile = "=cmd|' /C calc'!A0"
    problem = a_problem(file=hostile, key=hostile, column=hostile, message=hostile, value=hostile)
    upload = Upload(hostile, hostile, None, hostile, hostile, hostile)
    run = a_run(problem, values=True, history=[upload], schools={"0123": hostile}, pipeline=hostile)
    path = written(tmp_path, run)

    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert not [name for name, content in parts.items() if b"<f>" in content or b"<f " in content]
    assert not [name for name in parts if "externalLink" in name]


def test_the_header_stays_in_sight_and_can_be_filtered(tmp_path: Path):
    book = load_workbook(written(tmp_path, a_run(a_problem(), a_problem())))

    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert book["Problems"].auto_filter.ref == "A1:G3"
    assert book["Problems"].column_dimensions["G"].width > 50


def test_what_is_more_than_a_sheet_holds_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rosterbus_xlsx_report.workbook.MOST_ROWS", 4)
    problems = [a_problem(row=row) for row in range(2, 9)]
    book = sheets(tmp_path, a_run(*problems))

    assert [title for title in book if title.startswith("Problems")] == [
        "Problems",
        "Problems 2",
        "Problems 3",
    ]
    assert [len(book[title]) for title in ("Problems", "Problems 2", "Problems 3")] == [4, 4, 2]
    told = [row["Row"] for title in book if title.startswith("Problems") for row in rows(book[title])]
    assert told == list(range(2, 9))


def test_a_full_sheet_is_followed_by_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rosterbus_xlsx_report.workbook.MOST_ROWS", 4)

    assert "Problems 2" not in sheets(tmp_path, a_run(*[a_problem()] * 3))


@pytest.mark.parametrize("letter", ["x", "🎒"])
def test_a_text_too_long_for_a_cell_goes_on_below(tmp_path: Path, letter: str):
    long = letter * 40_000
    [first, *more] = rows(sheets(tmp_path, a_run(a_problem(value=long), values=True))["Problems"])

    assert "".join(row["Value"] for row in (first, *more)) == long
    assert (first["Row"], {row["Row"] for row in more}) == (7, {None})
    assert max(len(row["Value"].encode("utf-16-le")) // 2 for row in (first, *more)) <= 32_767


@pytest.mark.skipif(os.name != "posix", reason="file modes mean something on POSIX alone")
def test_everything_is_private_while_it_is_written(tmp_path: Path):
    modes: dict[str, int] = {}

    class Watched:
        def __iter__(self) -> Iterator[Problem]:
            yield a_problem()
            for path in tmp_path.rglob("*"):
                modes[path.name] = stat.S_IMODE(path.stat().st_mode)
            yield a_problem()

    run = a_run()
    layout = replace(run.deliveries[0].layouts[0], problems=Watched())
    umask = os.umask(0)
    try:
        path = written(tmp_path, replace(run, deliveries=[replace(run.deliveries[0], layouts=[layout])]))
    finally:
        os.umask(umask)

    assert len(modes) > 2
    assert all(mode & 0o077 == 0 for mode in modes.values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_fails_half_way_leaves_nothing(tmp_path: Path):
    class Gone:
        def __iter__(self) -> Iterator[Problem]:
            yield a_problem()
            raise ConfigError("the problems of this plan are no longer kept")

    run = a_run()
    layout = replace(run.deliveries[0].layouts[0], problems=Gone())
    with pytest.raises((ConfigError, PluginError), match="no longer kept"):
        written(tmp_path, replace(run, deliveries=[replace(run.deliveries[0], layouts=[layout])]))
    assert list(tmp_path.iterdir()) == []


def test_many_problems_take_no_more_memory_than_a_few(tmp_path: Path):
    run = a_run()

    def peak(many: int) -> int:
        class Many:
            def __iter__(self) -> Iterator[Problem]:
                return (a_problem(row=row, key=f"s{row}") for row in range(many))

        layout = replace(run.deliveries[0].layouts[0], problems=Many())
        tracemalloc.start()
        written(tmp_path, replace(run, deliveries=[replace(run.deliveries[0], layouts=[layout])]))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(8_000) - peak(1_000) < 100_000


def test_the_hook_needs_nothing_but_the_run(tmp_path: Path):
    empty = Run("1", "springfield", STARTED, [], [])

    assert rosterbus_xlsx_report.report(empty, tmp_path) == [tmp_path / "report.xlsx"]
