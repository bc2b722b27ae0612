"""`rosterbus approve`: let a held plan go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.delivery.deciding import approve

MOST_HOURS = 24 * 366


@click.command("approve")
@click.argument("plan", default="last")
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why it is right.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True, max=MOST_HOURS),
    help="How long the approval is good for.",
)
@json_option
@project_options
def command(
    plan: str, by: str, reason: str, hours: float | None, as_json: bool, folder: Path | None, environment: str
) -> int:
    """Let the held PLAN go: exactly its files, on the baseline and mapping it was made on, until it expires."""
    with open_ledger(folder, environment) as (project, ledger):
        lasts = timedelta(hours=hours or project.approval_hours)
        approval = approve(project, ledger, plan, by=by, reason=reason, expires=datetime.now(UTC) + lasts)
    if as_json:
        print_json(
            {
                "plan": approval.plan,
                "hash": approval.plan_hash,
                "by": approval.by,
                "expires": approval.expires_at,
            }
        )
    else:
        click.echo(f"approved plan {approval.plan} until {approval.expires_at:%Y-%m-%d %H:%M} UTC")
        click.echo(f"next: rosterbus apply {approval.plan}")
    return 0
