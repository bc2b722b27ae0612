"""`rosterbus plan`: what would be sent, and whether it may go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.plan_text import next_line, plans_lines
from rosterbus.cli.shared_options import (
    chosen,
    deliver_option,
    json_option,
    open_pipeline,
    order_options,
    pipeline_run,
    print_json,
    project_options,
)
from rosterbus.delivery.receipts import VERDICT_EXITS, worst
from rosterbus.pipelines import look_after_all, undisturbed
from rosterbus.plan.planning import Order
from rosterbus.runs import plan_all


@click.command("plan")
@click.argument("pipeline")
@deliver_option
@order_options
@json_option
@project_options
def command(
    pipeline: str,
    deliver: Sequence[str],
    test: bool,
    only: str | None,
    without_removals: bool,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Show what PIPELINE would send, and whether it may go. Sends nothing."""
    project, read = open_pipeline(folder, environment, pipeline)
    with pipeline_run(project, read, command="plan", quiet=as_json) as context:
        parts = chosen(read, deliver)
        for part in parts:
            context.settings(part)  # what is missing there is told before an export is read for nothing
        for unseen in look_after_all(context, parts):
            context.progress(unseen)
        with undisturbed(context):
            plans = plan_all(context, parts, Order(test, only, without_removals))
    if isinstance(plans, str):
        print_json({"plans": [], "nothing": plans}) if as_json else click.echo(f"nothing new: {plans}")
        return 0
    if as_json:
        print_json({"plans": [plan.as_json() for plan in plans]})
    else:
        click.echo("\n".join(plans_lines(plans)))
        if line := next_line(plans):
            click.echo(line)
    return worst([VERDICT_EXITS[plan.verdict] for plan in plans])
