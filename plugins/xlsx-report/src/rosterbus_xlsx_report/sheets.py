"""What stands on the sheets: the run's counts, problems, findings, schools, grades and history, as plain tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rosterbus.reports import ReportedDelivery, ReportedLayout, Run

from rosterbus_xlsx_report.workbook import Row, Table

COUNTS = ("read", "delivered", "unchanged", "filtered", "rejected", "held", "new", "changed", "removed")
GROUPED = ("had", "read", "new", "changed", "removed", "rejected")
OF_DELIVERY = (("Delivery", 18), ("Layout", 16))


def tables(run: Run) -> Iterator[Table]:
    """The sheets in their order. Rows are made while they are written."""
    yield _summary(run)
    yield _problems(run)
    yield _findings(run)
    yield _schools(run)
    yield _grades(run)
    yield _history(run)


def _summary(run: Run) -> Table:
    columns = (
        ("Pipeline", 16),
        ("Run", 8),
        ("Started", 26),
        *OF_DELIVERY,
        ("State", 14),
        ("Outcome", 14),
        ("Because", 50),
        *((name.capitalize(), 11) for name in COUNTS),
        ("Verdict", 12),
        ("Completeness", 14),
        ("Proof", 30),
        ("Connector", 16),
        ("Target", 40),
        ("Guarantee", 40),
        ("Plan", 10),
        ("Ended", 26),
    )
    return Table("Summary", columns, _summary_rows(run))


def _summary_rows(run: Run) -> Iterator[Row]:
    told = {receipt["plan"]: receipt for receipt in run.receipts}
    for delivery, layout in _layouts(run):
        receipt = told.get(delivery.plan, {})
        rest = (layout.completeness, layout.proof, delivery.connector)
        names = (delivery.name, layout.name)
        because = receipt.get("because", delivery.because)
        yield _summary_row(
            run, receipt, names, layout.counts, because=because, verdict=delivery.verdict, rest=rest
        )
    plans = {delivery.plan for delivery in run.deliveries}
    for receipt in run.receipts:
        # A delivery that an earlier run had left open, and this one brought to its end.
        for name, counts in receipt["counts"].items() if receipt["plan"] not in plans else ():
            names = (receipt["delivery"], name)
            rest = ("", "", receipt["destination"])
            yield _summary_row(run, receipt, names, counts, because=receipt["because"], verdict="", rest=rest)


def _summary_row(
    run: Run,
    receipt: Mapping[str, Any],
    names: tuple[str, str],
    counts: Mapping[str, int],
    *,
    because: str,
    verdict: str,
    rest: tuple[str, str, str],
) -> Row:
    return (
        run.pipeline,
        run.id,
        _moment(run.started, run),
        *names,
        receipt.get("state", "not sent"),
        receipt.get("outcome", ""),
        because,
        *(counts.get(name, 0) for name in COUNTS),
        verdict,
        *rest,
        receipt.get("target", ""),
        receipt.get("guarantee", ""),
        receipt.get("plan", ""),
        _moment(datetime.fromisoformat(receipt["ended"]), run) if receipt else "",
    )


def _problems(run: Run) -> Table:
    columns = (
        *OF_DELIVERY,
        ("File", 24),
        ("Row", 10),
        ("sourcedId", 20),
        ("Column", 24),
        ("Error", 80),
        *([("Value", 40)] if run.values else []),
    )
    return Table("Problems", columns, _problem_rows(run))


def _problem_rows(run: Run) -> Iterator[Row]:
    for delivery, layout in _layouts(run):
        for one in layout.problems:
            key = one.key if layout.has_ids else ""
            value = (one.value or "",) if run.values else ()
            yield delivery.name, layout.name, one.file, one.row, key, one.column, one.message, *value


def _findings(run: Run) -> Table:
    columns = (
        ("Delivery", 18),
        ("Severity", 10),
        ("Rule", 24),
        ("Layout", 16),
        ("School", 12),
        ("Sentence", 80),
        ("Source", 30),
        ("Likely cause", 40),
        ("If you do nothing", 40),
        ("If it is wrong", 40),
        ("If it is right", 40),
        ("Due", 26),
    )
    rows = (
        (
            delivery.name,
            one.severity,
            one.rule,
            one.layout,
            one.school,
            one.sentence,
            one.source,
            one.cause,
            one.if_nothing,
            one.if_wrong,
            one.if_right,
            _moment(one.until, run),
        )
        for delivery in run.deliveries
        for one in delivery.findings
    )
    return Table("Findings", columns, rows)


def _schools(run: Run) -> Table:
    columns = (*OF_DELIVERY, ("School", 14), ("Name", 32), *((name.capitalize(), 11) for name in GROUPED))
    return Table("Schools", columns, _school_rows(run))


def _school_rows(run: Run) -> Iterator[Row]:
    for delivery, layout in _layouts(run):
        for school, counts in layout.schools.items():
            name = run.schools.get(school, "")
            yield delivery.name, layout.name, school, name, *(counts[one] for one in GROUPED)


def _grades(run: Run) -> Table:
    columns = (*OF_DELIVERY, ("Grade", 10), *((name.capitalize(), 11) for name in GROUPED))
    return Table("Grades", columns, _grade_rows(run))


def _grade_rows(run: Run) -> Iterator[Row]:
    for delivery, layout in _layouts(run):
        for grade, counts in layout.grades.items():
            yield delivery.name, layout.name, grade, *(counts[one] for one in GROUPED)


def _history(run: Run) -> Table:
    columns = (
        ("Uploaded file", 40),
        ("Sync status", 22),
        ("Completion date", 26),
        ("Sync report", 60),
        ("Delivery", 18),
        ("Plan", 10),
    )
    rows = (
        (one.file, one.status, _moment(one.completed, run), one.report, one.delivery, one.plan)
        for one in run.history
    )
    return Table("History", columns, rows)


def _layouts(run: Run) -> Iterator[tuple[ReportedDelivery, ReportedLayout]]:
    return ((delivery, layout) for delivery in run.deliveries for layout in delivery.layouts)


def _moment(moment: datetime | None, run: Run) -> str:
    """A moment in the run's own time zone, in a form that sorts."""
    return moment.astimezone(run.started.tzinfo).isoformat(" ", "seconds") if moment else ""
