"""What every report format keeps: private files in its folder, nothing left out, and nothing that a program runs."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from rosterbus.findings import Problem
from rosterbus.plugins import Plugins
from rosterbus.private import private_folder
from rosterbus.reports import Run
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.papers import Paper, read_paper
from rosterbus.testing.rehearsed import made_run, with_problems
from rosterbus.testing.texts import FORMULAS, SCRIPTS

TAGS = ("<zqtag onload=zq()>", '"><zqtag>', "</script><zqtag>", "<!--zq", "&lt;zq&gt;", "]]><zqtag/>")
SECRET = "Zqxcell"  # noqa: S105 - what stands for a cell
COUNTS = (1, 7, 29, 137)
"""How often each wrong column is reported."""
FIRST = 20_002
"""The first row with a problem, so that no row's number is also a count."""


class ReportContract(ConnectorContract):
    """The tests of a report format, over runs that the suite makes."""

    kind: ClassVar[str] = "report"

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, tmp_path_factory: pytest.TempPathFactory) -> Run:
        """A run of which one delivery is held and another failed."""
        return made_run(tmp_path_factory.mktemp("made") / "project")

    def test_files_are_written_into_the_folder_alone_and_are_private(self, run: Run, tmp_path: Path) -> None:
        """Every file lies in the folder that was given, and nobody else can read it"""
        written = self._written(run, tmp_path / "report")
        assert written, "nothing was written"
        assert {path.parent for path in written} == {tmp_path / "report"}
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(written)
        if os.name == "posix":
            assert [path.name for path in written if path.stat().st_mode & 0o077] == []

    def test_the_same_run_gives_the_same_bytes(self, run: Run, tmp_path: Path) -> None:
        first, second = (self._written(run, tmp_path / name) for name in ("first", "second"))
        assert [path.name for path in first] == [path.name for path in second]
        differing = [
            one.name
            for one, other in zip(first, second, strict=True)
            if one.read_bytes() != other.read_bytes()
        ]
        assert differing == []

    def test_what_was_held_and_what_failed_is_written_without_an_error(
        self, run: Run, tmp_path: Path
    ) -> None:
        """A run of deliveries that were held and that failed has its report"""
        assert all(path.stat().st_size for path in self._written(run, tmp_path / "report"))

    def test_every_problem_is_told_or_counted(self, run: Run, tmp_path: Path) -> None:
        problems = [
            problem(row, f"Column{place}", f"Message{place} is wrong.")
            for place, count in enumerate(COUNTS)
            for row in range(FIRST, FIRST + count)
        ]
        papers = self._papers(with_problems(run, problems), tmp_path)
        missing = {
            f"Message{place}": count
            for place, count in enumerate(COUNTS)
            if not is_counted(papers, f"Message{place} is wrong", count)
        }
        assert missing == {}, "problems are left out"

    def test_a_run_without_a_problem_has_its_report(self, run: Run, tmp_path: Path) -> None:
        assert self._written(with_problems(run, []), tmp_path / "report")

    def test_a_run_without_a_delivery_is_no_error(self, run: Run, tmp_path: Path) -> None:
        self._written(replace(run, deliveries=[], receipts=[]), tmp_path / "report")

    def test_ten_thousand_problems_are_told_or_counted(self, run: Run, tmp_path: Path) -> None:
        problems = [problem(row, "Column", "Message is wrong.") for row in range(FIRST, FIRST + 10_000)]
        papers = self._papers(with_problems(run, problems), tmp_path)
        assert is_counted(papers, "Message is wrong", 10_000)

    def test_no_cell_begins_a_formula(self, run: Run, tmp_path: Path) -> None:
        """A spreadsheet computes nothing of a report"""
        problems = [
            Problem(f"{trick}.csv", row, trick, f"{trick} is wrong.", key=trick)
            for row, trick in enumerate(FORMULAS, start=2)
        ]
        tricky = with_problems(run, problems, schools={"0101": FORMULAS[0], "0102": FORMULAS[1]})
        papers = self._papers(tricky, tmp_path)
        assert {name: paper.formulas for name, paper in papers.items() if paper.formulas} == {}
        assert {name: paper.wrong for name, paper in papers.items() if paper.wrong} == {}

    def test_no_text_becomes_a_part_of_the_page(self, run: Run, tmp_path: Path) -> None:
        """A page loads nothing from elsewhere, and no name or message of a run becomes a tag of it"""
        problems = [
            Problem("students.csv", row, tag, f"{tag} is wrong.", key=tag)
            for row, tag in enumerate(TAGS, start=2)
        ]
        tagged = with_problems(run, problems, schools={"0101": TAGS[0], "0102": TAGS[1]})
        papers = self._papers(tagged, tmp_path)
        assert {name: paper.wrong for name, paper in papers.items() if paper.wrong} == {}

    def test_names_in_every_script_survive(self, run: Run, tmp_path: Path) -> None:
        problems = [
            Problem("students.csv", row, name, "Wrong.", key=f"S{row}")
            for row, name in enumerate(SCRIPTS, start=2)
        ]
        told = self._told(with_problems(run, problems), tmp_path)
        assert [name for name in SCRIPTS if name not in told.text] == []

    def test_cells_are_shown_only_where_somebody_asked(self, run: Run, tmp_path: Path) -> None:
        problems = [
            Problem("students.csv", 2, "Column", "Wrong.", key="S2", value=SECRET),
            Problem("students.csv", 3, "Column", "Wrong.", key="S3", value=SECRET),
        ]
        assert SECRET not in self._told(with_problems(run, problems, values=False), tmp_path).text

    def _written(self, run: Run, folder: Path) -> Sequence[Path]:
        plugins = Plugins([("report", self.connector)])
        written: Sequence[Path] = plugins.call(
            f"report:{self.connector}",
            "report",
            step="writing a report",
            run=run,
            folder=private_folder(folder),
        )
        return written

    def _papers(self, run: Run, folder: Path) -> dict[str, Paper]:
        return {path.name: read_paper(path) for path in self._written(run, folder / "report")}

    def _told(self, run: Run, folder: Path) -> Paper:
        return Paper([text for paper in self._papers(run, folder).values() for text in paper.texts])


def problem(row: int, column: str, message: str) -> Problem:
    """One problem of one cell."""
    return Problem("students.csv", row, column, message, key=f"S{row}")


def is_counted(papers: Mapping[str, Paper], message: str, count: int) -> bool:
    """Whether a message stands in one of the files as often as it should, or with the number of times."""
    number = re.compile(rf"(?<![\d,.])({count}|{count:,})(?![\d,.])")
    for paper in papers.values():
        times = sum(message in text for text in paper.texts)
        if times >= count or (times and any(number.search(text) for text in paper.texts)):
            return True
    return False
