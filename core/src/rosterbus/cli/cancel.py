"""`rosterbus cancel`: stop the vendor's job that works a delivery off."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rosterbus.cli.shared_options import (
    json_option,
    open_pipeline,
    pipeline_run,
    print_json,
    project_options,
)
from rosterbus.context import RunContext
from rosterbus.delivery.jobs import ask_job, cancel, cancelable
from rosterbus.errors import ConfigError
from rosterbus.ledger import Witness
from rosterbus.project import DeliveryPart, Pipeline


@click.command("cancel")
@click.argument("pipeline")
@click.option("--deliver", metavar="NAME", help="Which delivery, where the pipeline has several.")
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@project_options
def command(
    pipeline: str,
    deliver: str | None,
    by: str,
    reason: str,
    yes: bool,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Cancel the vendor's job that works the last delivery of PIPELINE off."""
    witness = Witness.from_here(by=by, reason=reason)
    project, read = open_pipeline(folder, environment, pipeline)
    part = _part(read, deliver)
    with pipeline_run(project, read, command="cancel", quiet=True) as context:
        record = cancelable(context, part)
        _ask(context, part, yes=yes)
        job = cancel(context, part, record, witness)
    told = {"delivery": record.id, "state": job.state, "outcome": job.outcome, "sentence": job.sentence}
    if as_json:
        print_json(told)
    else:
        click.echo(f"{job.sentence}\ndelivery {record.id}   at the vendor: {job.outcome}")
        if job.state != "completed" or job.outcome == "partly":
            click.echo(f"next: rosterbus run {read.name} tells again what may not have been worked off")
    return 0


def _part(pipeline: Pipeline, name: str | None) -> DeliveryPart:
    if name is None and len(pipeline.deliveries) > 1:
        names = [one.name for one in pipeline.deliveries]
        raise ConfigError("the pipeline has several deliveries", key="--deliver", allowed=names)
    return pipeline.deliveries[0] if name is None else pipeline.delivery(name)


def _ask(context: RunContext, part: DeliveryPart, *, yes: bool) -> None:
    """Say what the vendor says and what a cancel means, and let a person decide; raises ConfigError or Abort."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("canceling needs a person's word", key="--yes", found="no terminal to ask on")
    job = ask_job(context, part, cancelable(context, part), "status")
    click.echo(f"{context.pipeline.name} -> {part.name}: {job.sentence}")
    click.echo(
        "what the vendor has worked off already stays as it is; the rest is told again by the next run"
    )
    click.confirm("cancel it?", abort=True)
