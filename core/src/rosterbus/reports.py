"""What a report format is given: one run, its deliveries, and what was wrong with which row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rosterbus.findings import Problem


@dataclass(frozen=True)
class ReportedLayout:
    """One layout of a delivery. `lead` is the source's file that its rows come from.

    `problems` are those of its rows, and of the records of `lead` that could not become rows, in the order of
    the file. Every format walks them anew, so it is a collection or reads from disk, never a spent iterator.
    """

    name: str
    lead: str
    problems: Iterable[Problem]


@dataclass(frozen=True)
class ReportedDelivery:
    """One delivery of the run, by its name in the pipeline."""

    name: str
    layouts: Sequence[ReportedLayout]


@dataclass(frozen=True)
class Run:
    """One run of one pipeline. `started` is aware; `receipts` are as `run --json` prints them."""

    id: str
    pipeline: str
    started: datetime
    deliveries: Sequence[ReportedDelivery]
    receipts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class SyncRow:
    """One line of a sync report: one error of one row. `sourced_id` identifies a person and is private."""

    row: int
    sourced_id: str
    column: str
    error: str


def sync_rows(layout: ReportedLayout) -> Iterator[SyncRow]:
    """The lines of one layout's sync report; an error in another file than `lead` names it at its end."""
    for problem in layout.problems:
        elsewhere = "" if problem.file == layout.lead else f" (in {problem.file})"
        yield SyncRow(problem.row, problem.key, problem.column, f"{problem.message}{elsewhere}")
