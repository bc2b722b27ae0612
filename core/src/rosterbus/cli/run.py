"""`rosterbus run`: finish what is open, then plan and apply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.receipt_text import outcome_lines
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
from rosterbus.delivery.receipts import worst
from rosterbus.errors import RosterbusError
from rosterbus.notifying import Failure
from rosterbus.pipelines import Outcome, run
from rosterbus.plan.planning import Order


@click.command("run")
@click.argument("pipelines", nargs=-1, required=True)
@deliver_option
@order_options
@json_option
@project_options
def command(
    pipelines: Sequence[str],
    deliver: Sequence[str],
    test: bool,
    only: str | None,
    without_removals: bool,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Finish what is open of PIPELINES, then plan and apply."""
    outcomes = []
    for name in pipelines:
        try:
            project, read = open_pipeline(folder, environment, name)
            with pipeline_run(project, read, command="run", quiet=as_json) as context:
                outcomes.append(run(context, chosen(read, deliver), Order(test, only, without_removals)))
        except RosterbusError as error:
            if len(pipelines) == 1:
                raise
            outcomes.append(Outcome(name, failures=[Failure("", error)]))
    return print_outcomes(outcomes, as_json=as_json)


def print_outcomes(outcomes: Sequence[Outcome], *, as_json: bool) -> int:
    """Print what runs came to, and answer with the exit code."""
    code = worst([one.exit_code for one in outcomes])
    if as_json:
        told = [one.as_json() for one in outcomes]
        receipts = [receipt for one in told for receipt in one["receipts"]]
        failures = [failure for one in told for failure in one["failures"]]
        reports = [one.report for one in outcomes]
        print_json(
            {
                "receipts": receipts,
                "failures": failures,
                "report": reports[0] if len(reports) == 1 else reports,
                "exit": code,
            }
        )
        return code
    for one in outcomes:
        click.echo("\n".join(outcome_lines(one)))
        if one.report:
            click.echo(f"report: {one.report}")
    return code
