"""What a person does with a delivery that was handed over, done for the demo: upload it, and read the report back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rosterbus.context import Progress, RunContext
from rosterbus.delivery.deciding import settle
from rosterbus.delivery.receipts import Receipt
from rosterbus.delivery.vendor_reports import import_report
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.pipelines import Outcome, look_after_all, opened
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import Pipeline, Project
from rosterbus.reporting import formats, receipt_of, report_folder, write_again

REPORTS = "reports"
"""Where the twin of a vendor with reports of its own puts them, in its folder."""


def finish(project: Project, pipeline: Pipeline, outcome: Outcome, *, twins: Path, tell: Progress) -> None:
    """Read the reports that vendors' twins wrote, settle the rest, ask what became of all, and renew the receipts."""
    plans = [receipt.plan for receipt in outcome.receipts]
    with opened(project, pipeline, command="demo", progress=tell) as context:
        for receipt in outcome.receipts:
            if receipt.delivery and receipt.delivery.evidence.get("handed"):
                _read(
                    context,
                    receipt.delivery,
                    sorted((twins / receipt.plan.delivery / REPORTS).rglob("*.csv")),
                )
        look_after_all(context, pipeline.deliveries)
        outcome.receipts = _renewed(context, plans)
        write_again(context, plans, formats(context))
        outcome.report = str(report_folder(context))
        context.ledger.runs.end(context.token, 0, summary={"report": outcome.report})


def _read(context: RunContext, record: DeliveryRecord, reports: Sequence[Path]) -> None:
    part = context.pipeline.delivery(record.name)
    for report in reports:
        context.progress(f"reading {record.name}'s own report back")
        import_report(context, part, record, file=report, chosen=report.stem)
    if context.ledger.deliveries.get(record.id).state == "held":
        # There is no report on a file that was taken without an error; the person has seen it on the website.
        reason = "the website of the twin said so"
        settle(context.ledger, record.id, "processed", by="whoever uploads, in the demo", reason=reason)


def _renewed(context: RunContext, plans: Sequence[StoredPlan]) -> list[Receipt]:
    return [receipt for plan in plans if (receipt := receipt_of(context, plan))]
