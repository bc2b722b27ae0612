"""`rosterbus status`: every delivery on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.ledger import Ledger
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import Project, load_pipeline, pipeline_files


@click.command("status")
@click.argument("pipeline", required=False)
@json_option
@project_options
def command(pipeline: str | None, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show every delivery of PIPELINE, or of all: last confirmed, state, next due, held since."""
    with open_ledger(folder, environment) as (project, ledger):
        rows = list(_rows(project, ledger, [pipeline] if pipeline else list(pipeline_files(project))))
    if as_json:
        print_json({"deliveries": rows})
        return 0
    if not rows:
        click.echo("there is no pipeline here; rosterbus init writes one")
    for row in rows:
        click.echo(f"{row['pipeline']} -> {row['delivery']}")
        click.echo(
            f"  last confirmed  {row['last_confirmed'] or 'never'}   at the vendor: {row['outcome'] or '-'}"
        )
        click.echo(f"  now             {row['state']}" + (f"   since {row['since']}" if row["since"] else ""))
        if row["because"]:
            click.echo(f"  why             {row['because']}")
        if row["due"]:
            click.echo(f"  next due        {row['due']}")
    return 0


def _rows(project: Project, ledger: Ledger, names: list[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        pipeline = load_pipeline(project, name)
        for part in pipeline.deliveries:
            yield {
                "pipeline": pipeline.name,
                "delivery": part.name,
                **_state(ledger, pipeline.name, part.name),
            }


def _state(ledger: Ledger, pipeline: str, delivery: str) -> dict[str, Any]:
    confirmed = ledger.deliveries.last_confirmed(pipeline, delivery)
    latest = next(
        (one for one in ledger.deliveries.latest(200, pipeline=pipeline) if one.name == delivery), None
    )
    plan = next(
        (one for one in ledger.plans.latest(200, pipeline=pipeline) if one.delivery == delivery), None
    )
    told: dict[str, Any] = {
        "last_confirmed": confirmed.confirmed_at.isoformat(timespec="seconds")
        if confirmed and confirmed.confirmed_at
        else None,
        "outcome": confirmed.outcome if confirmed else None,
        "state": "nothing planned yet",
        "since": None,
        "because": "",
        "due": None,
        "plan": plan.id if plan else None,
        "id": latest.id if latest else None,
    }
    if latest and latest.state not in ("confirmed", "failed"):
        since = latest.sent_at or latest.intent_at or latest.created_at
        told |= {
            "state": f"delivery {latest.id} {latest.state}",
            "since": since.isoformat(timespec="seconds"),
            "because": latest.reason,
        }
    elif plan:
        stored = StoredPlan.load(plan.folder)
        told |= {"state": f"plan {plan.id} {stored.verdict}, {plan.state}", "because": stored.because}
        told |= {
            "since": plan.created_at.isoformat(timespec="seconds"),
            "due": stored.due.isoformat() if stored.due else None,
        }
        if latest and latest.state == "failed" and latest.plan == plan.id:
            told |= {"state": f"delivery {latest.id} failed", "because": latest.reason}
    return told
