"""`rosterbus history`: the last uploads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.delivery.purging import REPORT
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline

MOST_RUNS = 200
"""How far back the runs are searched for the one that reported on a delivery."""


@click.command("history")
@click.argument("pipeline", required=False)
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="How many uploads.")
@json_option
@project_options
def command(pipeline: str | None, most: int, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show the last uploads: file, status, completion date, report."""
    with open_ledger(folder, environment) as (project, ledger):
        if pipeline and not ledger.plans.latest(1, pipeline=pipeline):
            load_pipeline(project, pipeline)  # that nothing happened yet is said of a pipeline that is there
        rows = list(_rows(ledger, ledger.deliveries.latest(most, pipeline=pipeline)))
    if as_json:
        print_json({"uploads": rows})
        return 0
    if not rows:
        click.echo("nothing was uploaded yet")
    for row in rows:
        click.echo(
            f"{row['completed'] or '-':<20}  {row['status']:<22}  {row['pipeline']} -> {row['delivery']}  {row['file']}"
        )
        click.echo(f"{'':<20}  plan {row['plan']}   report {row['report'] or '-'}")
    return 0


def _rows(ledger: Ledger, records: Sequence[DeliveryRecord]) -> Iterator[dict[str, Any]]:
    told = {
        receipt["id"]: run.id
        for run in ledger.runs.latest(MOST_RUNS)
        for receipt in run.summary.get("receipts", ())
    }
    for record in records:
        report = ledger.state_dir / "runs" / str(told.get(record.id, record.token)) / REPORT
        completed = record.confirmed_at or record.ended_at
        for name in _names(ledger, record):
            yield {
                "file": name,
                "status": f"{record.state}, {record.outcome}" + (" (test)" if record.test else ""),
                "completed": completed.isoformat(timespec="seconds") if completed else None,
                "report": str(report) if report.is_dir() else None,
                "pipeline": record.pipeline,
                "delivery": record.name,
                "plan": record.plan,
                "id": record.id,
            }


def _names(ledger: Ledger, record: DeliveryRecord) -> Sequence[str]:
    """The remote names of its files, or their own where none were fixed yet."""
    if record.address:
        return record.address.files
    return [file.name for file in StoredPlan.load(ledger.plans.get(record.plan).folder).files]
