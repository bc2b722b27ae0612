"""Hands a run to every installed report format, and reads a plan's problems back for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rosterbus.context import RunContext
from rosterbus.delivery.purging import REPORT
from rosterbus.delivery.receipts import Receipt
from rosterbus.engine import fetched, literal
from rosterbus.errors import ConfigError
from rosterbus.findings import Problem
from rosterbus.plan.rejections import problems_file
from rosterbus.plan.stored import StoredLayout, StoredPlan
from rosterbus.private import private_folder
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run


@dataclass(frozen=True)
class StoredProblems:
    """The problems of one layout of a kept plan, read from disk each time they are walked."""

    plan: StoredPlan
    layout: StoredLayout

    def __iter__(self) -> Iterator[Problem]:
        """Those of its rows, then those of the records of its file; ConfigError where retention took them away."""
        yield from self._read(problems_file(self.plan.folder, self.layout.name), "true")
        yield from self._read(problems_file(self.plan.folder, ""), f"file = {literal(self.layout.lead)}")

    def _read(self, file: Path, where: str) -> Iterator[Problem]:
        import duckdb

        if not file.is_file():
            raise ConfigError("the problems of this plan are no longer kept", key=f"plan {self.plan.id}")
        with duckdb.connect() as connection:
            sql = f'SELECT file, "row", "column", message, kind, key FROM read_parquet(?) WHERE {where}'
            for source, row, column, message, kind, key in fetched(connection, sql, [str(file)]):
                yield Problem(source, row, column, message, kind, key, self.layout.name)


def write_reports(
    context: RunContext, plans: Sequence[StoredPlan], receipts: Sequence[Receipt], *, only: str = ""
) -> str:
    """Write every installed format; answers with the folder, or nothing if there is no format."""
    formats = [
        name
        for name in context.plugins.names
        if name.startswith("report:") and only in ("", name.partition(":")[2])
    ]
    if not formats or not plans:
        return ""
    folder = report_folder(context)
    run = Run(
        id=str(context.token),
        pipeline=context.pipeline.name,
        started=context.now,
        deliveries=[
            ReportedDelivery(
                plan.delivery,
                [
                    ReportedLayout(layout.name, layout.lead, StoredProblems(plan, layout))
                    for layout in plan.layouts
                ],
            )
            for plan in plans
        ],
        receipts=[receipt.as_json() for receipt in receipts],
    )
    for name in formats:
        context.plugins.call(name, "report", step="writing a report", run=run, folder=folder)
    return str(folder)


def report_folder(context: RunContext) -> Path:
    """Where a run's reports are written; private."""
    return private_folder(context.folder / REPORT)
