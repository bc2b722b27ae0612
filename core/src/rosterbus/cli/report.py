"""`rosterbus report`: write the reports of a run."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus.cli.shared_options import (
    json_option,
    open_ledger,
    open_pipeline,
    pipeline_run,
    print_json,
    project_options,
)
from rosterbus.errors import ConfigError
from rosterbus.plan.stored import StoredPlan
from rosterbus.reporting import write_reports


@click.command("report")
@click.argument("run", default="last")
@click.option(
    "--format", "chosen", default="", metavar="F", help="One format; default: all that are installed."
)
@json_option
@project_options
def command(run: str, chosen: str, as_json: bool, folder: Path | None, environment: str) -> int:
    """Write the reports of RUN: a plan's id or a prefix of it, a pipeline's name, or `last`."""
    with open_ledger(folder, environment) as (_, ledger):
        # A run reports all its deliveries together, so that a pipeline's name means one run.
        newest = ledger.plans.latest(1, pipeline=run)
        record = newest[0] if newest else ledger.find_plan(run)
        plans = [one for one in ledger.plans.latest(500, pipeline=record.pipeline) if one.run == record.run]
    project, pipeline = open_pipeline(folder, environment, record.pipeline)
    with pipeline_run(project, pipeline, command="report", quiet=True) as context:
        formats = [name for name in context.plugins.names if name.startswith("report:")]
        if not formats or (chosen and f"report:{chosen}" not in formats):
            allowed = [
                name.partition(":")[2] for name in formats
            ] or "none is installed; pip install rosterbus-sync-report"
            raise ConfigError(
                "there is no such report format", key="--format", found=chosen or "none", allowed=allowed
            )
        written = write_reports(context, [StoredPlan.load(one.folder) for one in plans], [], only=chosen)
        context.ledger.runs.end(context.token, 0, summary={"report": written})
    files = sorted(str(path) for path in Path(written).iterdir())
    print_json({"report": written, "files": files}) if as_json else click.echo("\n".join(files))
    return 0
