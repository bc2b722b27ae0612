"""`rosterbus history`: the last uploads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan


@click.command("history")
@click.argument("pipeline", required=False)
@click.option("--most", default=10, show_default=True, help="How many uploads.")
@json_option
@project_options
def command(pipeline: str | None, most: int, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show the last uploads: file, status, completion date, report."""
    with open_ledger(folder, environment) as (_, ledger):
        rows = [
            row
            for record in ledger.deliveries.latest(most, pipeline=pipeline)
            for row in _rows(ledger, record)
        ]
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


def _ids(summary: Mapping[str, Any]) -> list[str]:
    return [receipt.get("id") for receipt in summary.get("receipts", ())]


def _rows(ledger: Ledger, record: DeliveryRecord) -> list[dict[str, Any]]:
    plan = StoredPlan.load(ledger.plans.get(record.plan).folder)
    told = [one for one in ledger.runs.latest(200) if record.id in _ids(one.summary)]
    report = ledger.state_dir / "runs" / str(told[-1].id if told else record.token) / "report"
    completed = record.confirmed_at or record.ended_at
    names = record.address.files if record.address else [file.name for file in plan.files]
    return [
        {
            "file": name,
            "status": f"{record.state}, {record.outcome}" + (" (test)" if record.test else ""),
            "completed": completed.isoformat(timespec="seconds") if completed else None,
            "report": str(report) if report.is_dir() else None,
            "pipeline": record.pipeline,
            "delivery": record.name,
            "plan": record.plan,
            "id": record.id,
        }
        for name in names
    ]
