"""The sync report, read as a person's spreadsheet would read it."""

from __future__ import annotations

import csv
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rosterbus_sync_report
from rosterbus.findings import Problem
from rosterbus.plugins import Plugins
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run


def a_problem(
    row: int = 7, column: str = "Birth Date", message: str = "Not a valid date.", **more: str
) -> Problem:
    return Problem(more.pop("file", "users.csv"), row, column, message, **more)


def written(folder: Path, *problems: Problem, has_ids: bool = True) -> list[list[str]]:
    layout = ReportedLayout("students", "users.csv", problems, has_ids=has_ids)
    run = Run("1", "springfield", datetime.now(UTC), [ReportedDelivery("samegoal", [layout])], [])
    plugins = Plugins(core={"report:sync-report": rosterbus_sync_report})
    [path] = plugins.call("report:sync-report", "report", step="reporting", run=run, folder=folder)
    assert path == folder / "samegoal-students.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_header_is_exactly_that_of_a_sync_report(tmp_path: Path):
    assert written(tmp_path) == [["Row Number", "sourcedId", "Column Name", "Error"]]
    assert (tmp_path / "samegoal-students.csv").read_bytes() == b"Row Number,sourcedId,Column Name,Error\n"


def test_each_error_is_one_line(tmp_path: Path):
    rows = written(
        tmp_path, a_problem(key="s7"), a_problem(column="Gender", message="Must be one of: F, M.", key="s7")
    )

    assert rows[1:] == [
        ["7", "s7", "Birth Date", "Not a valid date."],
        ["7", "s7", "Gender", "Must be one of: F, M."],
    ]


def test_a_layout_without_ids_has_no_column_for_them(tmp_path: Path):
    rows = written(tmp_path, a_problem(key="3217", column="className"), has_ids=False)

    assert rows == [["Row Number", "Column Name", "Error"], ["7", "className", "Not a valid date."]]


def test_an_error_that_the_vendor_found_stands_among_the_others(tmp_path: Path):
    said = "refused by the vendor on 2026-11-20: The e-mail is taken."
    rows = written(
        tmp_path, a_problem(key="s7"), a_problem(column="email", message=said, kind="vendor", key="s7")
    )

    assert [row[2:] for row in rows[1:]] == [["Birth Date", "Not a valid date."], ["email", said]]


def test_a_cell_is_never_shown_even_where_it_was_asked_for(tmp_path: Path):
    problem = replace(a_problem(key="s7"), value="31/02/2015")

    assert "31/02/2015" not in str(written(tmp_path, problem))


def test_an_error_of_a_joined_file_names_that_file(tmp_path: Path):
    rows = written(tmp_path, a_problem(row=31, file="demographics.csv"))

    assert rows[1] == ["31", "", "Birth Date", "Not a valid date. (in demographics.csv)"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n=", " =", "＝", "＠"])
def test_no_cell_is_taken_for_a_formula(tmp_path: Path, start: str):
    hostile = f"{start}HYPERLINK(1)"

    row = written(tmp_path, a_problem(column=hostile, message=hostile, key=hostile))[1]

    assert [cell[0] for cell in row[1:]] == ["'", "'", "'"]


def test_a_line_break_in_an_id_does_not_start_a_line(tmp_path: Path):
    written(tmp_path, a_problem(key="s\n7"))

    assert len((tmp_path / "samegoal-students.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_names_keep_their_letters(tmp_path: Path):
    assert written(tmp_path, a_problem(message="not a letter: Zoë"))[1][3] == "not a letter: Zoë"


@pytest.mark.skipif(os.name != "posix", reason="file modes mean something on POSIX alone")
def test_the_report_is_private(tmp_path: Path):
    written(tmp_path)

    assert stat.S_IMODE((tmp_path / "samegoal-students.csv").stat().st_mode) == 0o600


def test_every_layout_of_every_delivery_has_a_report(tmp_path: Path):
    layouts = [ReportedLayout(name, "users.csv", []) for name in ("students", "guardians")]
    deliveries = [ReportedDelivery("one", layouts), ReportedDelivery("two", layouts[:1])]

    paths = rosterbus_sync_report.report(Run("1", "springfield", datetime.now(UTC), deliveries, []), tmp_path)

    assert [path.name for path in paths] == ["one-students.csv", "one-guardians.csv", "two-students.csv"]
