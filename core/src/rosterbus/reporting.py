"""Hands a run to every installed report format, and reads a plan's problems back for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rosterbus.context import RunContext
from rosterbus.delivery.applying import STATES
from rosterbus.delivery.purging import REPORT
from rosterbus.delivery.receipts import Receipt
from rosterbus.delivery.refused_rows import refused_rows
from rosterbus.engine import fetched, literal, open_reader
from rosterbus.errors import ConfigError
from rosterbus.findings import Problem
from rosterbus.plan.refusals import reports_of
from rosterbus.plan.rejections import problems_file
from rosterbus.plan.schools import read_schools
from rosterbus.plan.stored import StoredLayout, StoredPlan
from rosterbus.private import private_folder
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run
from rosterbus.roster import vocabulary
from rosterbus.uploads import last_uploads

COUNTED = ("had", "read", "new", "changed", "removed", "rejected")
"""What is told of each school and each grade."""


@dataclass(frozen=True)
class StoredProblems:
    """The problems of one layout of a kept plan, read from disk each time they are walked; with cells, if `values`."""

    plan: StoredPlan
    layout: StoredLayout
    values: bool = False
    refused: Sequence[Path] = ()
    """What the vendor's own reports said of its delivery."""

    def __iter__(self) -> Iterator[Problem]:
        """Those of its rows, of its file's records, and the vendor's; ConfigError where they are kept no longer."""
        yield from self._read(problems_file(self.plan.folder, self.layout.name), "true")
        yield from self._read(problems_file(self.plan.folder, ""), f"file = {literal(self.layout.lead)}")
        yield from refused_rows(self.refused, self.layout)

    def _read(self, file: Path, where: str) -> Iterator[Problem]:
        if not file.is_file():
            raise ConfigError("the problems of this plan are no longer kept", key=f"plan {self.plan.id}")
        cell = "value" if self.values else "NULL"
        with open_reader() as connection:
            sql = (
                f'SELECT file, "row", "column", message, kind, key, {cell} FROM read_parquet(?) WHERE {where}'
            )
            for source, row, column, message, kind, key, value in fetched(connection, sql, [str(file)]):
                yield Problem(source, row, column, message, kind, key, self.layout.name, value)


def formats(context: RunContext) -> list[str]:
    """The report formats that are installed, by their short names."""
    return [name.partition(":")[2] for name in context.plugins.names if name.startswith("report:")]


def report_folder(context: RunContext) -> Path:
    """Where a run's reports are written; private."""
    return private_folder(context.folder / REPORT)


def write_reports(context: RunContext, plans: Sequence[StoredPlan], receipts: Sequence[Receipt]) -> str:
    """Write this run in every installed format; answers with the folder, or nothing if there is no format."""
    chosen = formats(context)
    if not chosen or not plans:
        return ""
    folder = report_folder(context)
    run = _run(context, plans, receipts, run=context.token, started=context.now)
    _write(context, run, folder, chosen)
    return str(folder)


def write_again(
    context: RunContext, plans: Sequence[StoredPlan], chosen: Sequence[str], *, values: bool = False
) -> list[Path]:
    """Write the run that made `plans`, as it stands now, in the `chosen` formats; answers with the files.

    Only with `values` are cells shown, by formats that can. Raises ConfigError where retention took the rows away.
    """
    _refuse_purged(context, plans)
    places = {part.name: place for place, part in enumerate(context.pipeline.deliveries)}
    plans = sorted(plans, key=lambda plan: (places.get(plan.delivery, len(places)), plan.delivery))
    of = context.ledger.runs.get(context.ledger.plans.get(plans[0].id).run)
    receipts = [receipt for plan in plans if (receipt := receipt_of(context, plan))]
    started = of.started_at.astimezone(context.now.tzinfo)
    run = _run(context, plans, receipts, run=of.id, started=started, values=values)
    return _write(context, run, report_folder(context), chosen)


def _write(context: RunContext, run: Run, folder: Path, chosen: Sequence[str]) -> list[Path]:
    return [
        path
        for name in chosen
        for path in context.plugins.call(
            f"report:{name}", "report", step="writing a report", run=run, folder=folder
        )
    ]


def _run(
    context: RunContext,
    plans: Sequence[StoredPlan],
    receipts: Sequence[Receipt],
    *,
    run: int,
    started: datetime,
    values: bool = False,
) -> Run:
    given = {receipt.plan.id: receipt for receipt in receipts}
    return Run(
        id=str(run),
        pipeline=context.pipeline.name,
        started=started,
        deliveries=[_delivery(context, plan, given.get(plan.id), values=values) for plan in plans],
        receipts=[receipt.as_json() for receipt in receipts],
        history=[upload for _, upload in last_uploads(context.ledger, pipeline=context.pipeline.name)],
        schools={school: name for plan in plans for school, name in read_schools(plan.folder).items()},
        values=values,
    )


def _delivery(
    context: RunContext, plan: StoredPlan, receipt: Receipt | None, *, values: bool
) -> ReportedDelivery:
    # A plan that was not even tried has no receipt: what is staged of it has not been delivered.
    counts = (receipt or Receipt(plan, None, "open", "", plan.created, plan.created)).counts
    return ReportedDelivery(
        name=plan.delivery,
        layouts=[
            _layout(
                layout,
                counts[layout.name],
                StoredProblems(plan, layout, values, _refused(context, plan, layout)),
            )
            for layout in plan.layouts
        ],
        plan=plan.id,
        connector=plan.connector,
        verdict=plan.verdict,
        because=plan.because,
        findings=plan.findings,
    )


def _refused(context: RunContext, plan: StoredPlan, layout: StoredLayout) -> list[Path]:
    ledger = context.ledger
    reports = (
        (one, record.id) for record in ledger.deliveries.of_plan(plan.id) for one in reports_of(record)
    )
    paths = [one.path(ledger.state_dir, delivery) for one, delivery in reports if one.layout == layout.name]
    return [path for path in paths if path.is_file()]


def _layout(layout: StoredLayout, counts: Mapping[str, int], problems: StoredProblems) -> ReportedLayout:
    return ReportedLayout(
        name=layout.name,
        lead=layout.lead,
        problems=problems,
        counts=counts,
        schools=_groups(layout.difference["schools"]),
        grades=_groups(layout.difference.get("grades", {}), vocabulary().codes["grade"].values),
        columns=layout.difference["by_column"],
        completeness=layout.completeness,
        proof=layout.proof,
        has_ids=layout.has_ids,
    )


def _groups(counted: Mapping[str, Mapping[str, Any]], order: Sequence[str] = ()) -> dict[str, dict[str, int]]:
    """Counts by group: those of `order` first, then the others by name, and at last those of no group."""
    places = {group: place for place, group in enumerate(order)}
    groups = sorted(counted, key=lambda group: (group == "", places.get(group, len(places)), group))
    return {group: {name: counted[group][name] for name in COUNTED} for group in groups}


def receipt_of(context: RunContext, plan: StoredPlan) -> Receipt | None:
    """What the ledger knows of a plan by now; None where it might go and nobody tried."""
    tried = context.ledger.deliveries.of_plan(plan.id)
    if tried:
        last = tried[0]
        ended = last.confirmed_at or last.ended_at or last.sent_at or last.created_at
        # What was held once and arrived after all needs no reason any more.
        because = "" if last.state == "confirmed" else last.reason
        return Receipt(plan, last, STATES.get(last.state, "open"), because, last.created_at, ended)
    if plan.verdict == "go":
        return None
    return Receipt(plan, None, plan.verdict, plan.because, plan.created, plan.created)


def _refuse_purged(context: RunContext, plans: Sequence[StoredPlan]) -> None:
    """Refuse before anything is written: half a report would look like a whole one."""
    for plan in plans:
        names = ["", *(layout.name for layout in plan.layouts)]
        if not all(problems_file(plan.folder, name).is_file() for name in names):
            record = context.ledger.plans.get(plan.id)
            day = (record.ended_at or record.created_at).astimezone(context.now.tzinfo).date()
            msg = (
                f"the problems of plan {plan.id} are no longer kept: it was {record.state} on {day}, and what names "
                f"people stays {context.project.retention.staged_days} days at most; for the report of then: "
                f"rosterbus history {plan.pipeline}"
            )
            raise ConfigError(msg)
