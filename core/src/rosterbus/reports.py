"""What a report format is given: one run, its deliveries, and what was wrong with which row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rosterbus.findings import Finding, Problem


@dataclass(frozen=True)
class ReportedLayout:
    """One layout of a delivery. `lead` is the source's file that its rows come from.

    `problems` are those of its rows, and of the records of `lead` that could not become rows, in the order of
    the file. Every format walks them anew, so it is a collection or reads from disk, never a spent iterator.
    """

    name: str
    lead: str
    problems: Iterable[Problem]
    counts: Mapping[str, int] = field(default_factory=dict)
    """As the receipt has them: read, delivered, unchanged, filtered, rejected, held, new, changed, removed."""
    schools: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By school id, in its order, blank last: had, read, new, changed, removed, rejected (newly)."""
    grades: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """The same by grade in CEDS codes, in the order of the codes; empty where the relation has no grade."""
    columns: Mapping[str, int] = field(default_factory=dict)
    """Changed cells by the vendor's column."""
    completeness: str = ""
    proof: str = ""
    has_ids: bool = True
    """Whether its rows have an id: without one, the key of a problem is nothing that a person would look for."""


@dataclass(frozen=True)
class ReportedDelivery:
    """One delivery of the run, by its name in the pipeline; `findings` are what rules said of its plan."""

    name: str
    layouts: Sequence[ReportedLayout]
    plan: str = ""
    connector: str = ""
    verdict: str = ""
    because: str = ""
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Upload:
    """One line of the history: a file that was handed to a vendor. `completed` is aware; blanks are not known."""

    file: str
    status: str
    completed: datetime | None
    report: str
    delivery: str
    plan: str


@dataclass(frozen=True)
class Run:
    """One run of one pipeline. `started` is aware; `receipts` are as `run --json` prints them.

    `history` are the pipeline's last ten uploads, the newest first. `schools` gives names for school ids, as far as
    they are known. Only with `values` may a report show cell values; problems carry them then.
    """

    id: str
    pipeline: str
    started: datetime
    deliveries: Sequence[ReportedDelivery]
    receipts: Sequence[Mapping[str, Any]]
    history: Sequence[Upload] = ()
    schools: Mapping[str, str] = field(default_factory=dict)
    values: bool = False


@dataclass(frozen=True)
class SyncRow:
    """One line of a sync report: one error of one row. `sourced_id` is private; it is blank in a layout without ids."""

    row: int
    sourced_id: str
    column: str
    error: str


def sync_rows(layout: ReportedLayout) -> Iterator[SyncRow]:
    """The lines of one layout's sync report; an error in another file than `lead` names it at its end."""
    for problem in layout.problems:
        elsewhere = "" if problem.file == layout.lead else f" (in {problem.file})"
        key = problem.key if layout.has_ids else ""
        yield SyncRow(problem.row, key, problem.column, f"{problem.message}{elsewhere}")
