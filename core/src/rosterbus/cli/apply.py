"""`rosterbus apply`: deliver a plan."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus.cli.run import print_outcomes
from rosterbus.cli.shared_options import (
    json_option,
    open_ledger,
    open_pipeline,
    pipeline_run,
    project_options,
)
from rosterbus.pipelines import apply_plans
from rosterbus.plan.stored import StoredPlan


@click.command("apply")
@click.argument("plan", default="last")
@json_option
@project_options
def command(plan: str, as_json: bool, folder: Path | None, environment: str) -> int:
    """Deliver PLAN (a prefix of its id, a pipeline's name, or `last`), if everything it was judged on still holds."""
    with open_ledger(folder, environment) as (_, ledger):
        found = ledger.find_plan(plan)
    project, pipeline = open_pipeline(folder, environment, found.pipeline)
    with pipeline_run(project, pipeline, command="apply", quiet=as_json) as context:
        outcome = apply_plans(context, [StoredPlan.load(found.folder)])
    return print_outcomes([outcome], as_json=as_json)
