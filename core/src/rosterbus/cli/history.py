"""`rosterbus history`: the last uploads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.project import load_pipeline
from rosterbus.reports import Upload
from rosterbus.uploads import MOST_UPLOADS, last_uploads


@click.command("history")
@click.argument("pipeline", required=False)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=MOST_UPLOADS,
    show_default=True,
    help="How many uploads, each with all of its files.",
)
@json_option
@project_options
def command(pipeline: str | None, most: int, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show the last uploads: file, status, completion date, report."""
    with open_ledger(folder, environment) as (project, ledger):
        if pipeline and not ledger.plans.latest(1, pipeline=pipeline):
            load_pipeline(project, pipeline)  # that nothing happened yet is said of a pipeline that is there
        rows = [_row(record, upload) for record, upload in last_uploads(ledger, most, pipeline=pipeline)]
    if as_json:
        print_json({"uploads": rows})
        return 0
    if not rows:
        click.echo("nothing was uploaded yet")
    for _, files in groupby(rows, key=lambda row: row["id"]):
        _print(list(files))
    return 0


def _print(files: Sequence[dict[str, Any]]) -> None:
    """One delivery, with all of its files."""
    one = files[0]
    click.echo(f"{one['completed'] or '-':<25}  {one['status']:<22}  {one['pipeline']} -> {one['delivery']}")
    for row in files:
        click.echo(f"  file    {row['file']}")
    click.echo(f"  report  {one['report'] or '-'}   plan {one['plan']}")


def _row(record: DeliveryRecord, upload: Upload) -> dict[str, Any]:
    return {
        "file": upload.file,
        "status": upload.status,
        "completed": upload.completed.isoformat(timespec="seconds") if upload.completed else None,
        "report": upload.report or None,
        "pipeline": record.pipeline,
        "delivery": upload.delivery,
        "plan": upload.plan,
        "id": record.id,
        "state": record.state,
        "outcome": record.outcome,
        "test": record.test,
    }
