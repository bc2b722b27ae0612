"""`rosterbus send`: compose connectors without a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.run import print_outcomes
from rosterbus.cli.shared_options import json_option, pipeline_run, project_options
from rosterbus.delivery.baselines import set_empty
from rosterbus.pipelines import run
from rosterbus.plan.planning import Order
from rosterbus.project import load_project, pipeline_from_arguments


@click.command("send")
@click.argument("source", metavar="SOURCE:LOCATION")
@click.argument("destinations", metavar="DEST:LOCATION...", nargs=-1, required=True)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting, as samegoal.transport.private_key.file=KEY.",
)
@click.option("--timezone", help="The time zone of days and file names; default: the project's.")
@click.option("--test", is_flag=True, help="Send what the vendor calls a test file.")
@click.option("--empty", is_flag=True, help="The vendor holds nothing yet: do not ask for a baseline.")
@json_option
@project_options
def command(
    source: str,
    destinations: Sequence[str],
    sets: Sequence[str],
    timezone: str | None,
    test: bool,
    empty: bool,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Send the roster of SOURCE to DEST, without a pipeline file. The ledger is the project's, or this folder's."""
    project = load_project(folder, environment=environment)
    pipeline = pipeline_from_arguments(project, source, destinations, sets=sets, timezone=timezone)
    with pipeline_run(project, pipeline, command="send", quiet=as_json) as context:
        for part in pipeline.deliveries if empty else ():
            if not context.ledger.baselines.current(pipeline.name, part.name):
                set_empty(context, part)
        outcome = run(context, pipeline.deliveries, Order(test))
    return print_outcomes([outcome], as_json=as_json)
