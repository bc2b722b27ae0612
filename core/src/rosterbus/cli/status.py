"""`rosterbus status`: every delivery on one screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.delivery.jobs import told_by_vendors
from rosterbus.errors import ConfigError
from rosterbus.ledger import Ledger
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import Pipeline, Project, load_pipeline, pipeline_files


@click.command("status")
@click.argument("pipeline", required=False)
@click.option("--offline", is_flag=True, help="Ask no vendor; tell what is known here.")
@json_option
@project_options
def command(pipeline: str | None, offline: bool, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show every delivery of PIPELINE, or of all: last confirmed, state, next due, held since.

    A vendor whose end of the last delivery is not known yet is asked, where it can be; asking changes nothing there.
    """
    with open_ledger(folder, environment) as (project, ledger):
        readable, broken = _pipelines(project, [pipeline] if pipeline else list(pipeline_files(project)))
        rows = list(_rows(project, ledger, readable, offline=offline))
    code = ConfigError.exit_code if broken else 0
    if as_json:
        print_json({"deliveries": rows, "broken": [str(error) for error in broken]})
        return code
    if not rows and not broken:
        click.echo("there is no pipeline here; rosterbus init writes one")
    for row in rows:
        click.echo(f"{row['pipeline']} -> {row['delivery']}")
        click.echo(
            f"  last confirmed  {row['last_confirmed'] or 'never'}   at the vendor: {row['outcome'] or '-'}"
        )
        click.echo(f"  now             {row['state']}" + (f"   since {row['since']}" if row["since"] else ""))
        if row["because"]:
            click.echo(f"  why             {row['because']}")
        if row["job"]:
            click.echo(f"  vendor says     {row['job']}")
        if row["refused"]:
            click.echo(f"  refused         {row['refused']:,} rows of the last confirmed, by the vendor")
        if row["note"] not in ("", row["job"]):
            click.echo(f"  note            {row['note']}")
        if row["due"]:
            click.echo(f"  next due        {row['due']}")
        if row["next"]:
            click.echo(f"  next            {row['next']}")
    for error in broken:
        click.echo(f"rosterbus: {error}", err=True)
    return code


def _pipelines(project: Project, names: list[str]) -> tuple[list[Pipeline], list[ConfigError]]:
    """Those that can be read, and what is wrong with the others: one broken file hides no other pipeline."""
    readable, broken = [], []
    for name in names:
        try:
            readable.append(load_pipeline(project, name))
        except ConfigError as error:
            if len(names) == 1:
                raise
            broken.append(error)
    return readable, broken


def _rows(
    project: Project, ledger: Ledger, pipelines: Iterable[Pipeline], *, offline: bool
) -> Iterator[dict[str, Any]]:
    for pipeline in pipelines:
        told = {} if offline else told_by_vendors(project, pipeline, ledger)
        for part in pipeline.deliveries:
            yield {
                "pipeline": pipeline.name,
                "delivery": part.name,
                **_state(ledger, pipeline.name, part.name),
                "job": told.get(part.name, ""),
            }


def _state(ledger: Ledger, pipeline: str, delivery: str) -> dict[str, Any]:
    confirmed = ledger.deliveries.last_confirmed(pipeline, delivery)
    latest = next(iter(ledger.deliveries.latest(1, pipeline=pipeline, delivery=delivery)), None)
    plan = next(iter(ledger.plans.latest(1, pipeline=pipeline, delivery=delivery)), None)
    told: dict[str, Any] = {
        "last_confirmed": confirmed.confirmed_at.isoformat(timespec="seconds")
        if confirmed and confirmed.confirmed_at
        else None,
        "outcome": confirmed.outcome if confirmed else None,
        "refused": confirmed.refused if confirmed else 0,
        "note": confirmed.note if confirmed else "",
        "state": "nothing planned yet",
        "since": None,
        "because": "",
        "due": None,
        "next": "",
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
        if latest.state == "held":
            told["next"] = f"rosterbus settle {latest.id} --arrived | --not-arrived --by NAME --reason TEXT"
    elif plan:
        stored = StoredPlan.load(plan.folder)
        told |= {"state": f"plan {plan.id} {stored.verdict}, {plan.state}", "because": stored.because}
        told |= {
            "since": plan.created_at.isoformat(timespec="seconds"),
            "due": stored.due.isoformat() if stored.due else None,
        }
        if stored.verdict == "held":
            told["next"] = f"rosterbus diff {plan.id} shows who changes, rosterbus plan {pipeline} what to do"
        if latest and latest.state == "failed" and latest.plan == plan.id:
            told |= {"state": f"delivery {latest.id} failed", "because": latest.reason}
    return told
