"""`rosterbus report`: write the reports of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.report_import import import_all
from rosterbus.cli.shared_options import (
    json_option,
    open_ledger,
    open_pipeline,
    pipeline_run,
    print_json,
    project_options,
)
from rosterbus.context import RunContext
from rosterbus.errors import ConfigError
from rosterbus.plan.stored import StoredPlan
from rosterbus.reporting import formats, report_folder, write_again


@click.command("report")
@click.argument("run", default="last")
@click.option(
    "--format", "chosen", default="", metavar="F", help="One format; default: all that are installed."
)
@click.option(
    "--values",
    is_flag=True,
    help="Show the cells of problems, in formats that can; they are personal data, kept as long as reports are.",
)
@click.option(
    "--import",
    "vendors",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Read the vendor's own report on the delivery RUN back, before; may be repeated.",
)
@click.option(
    "--of", metavar="NAME", help="Which uploaded file it is about: its name there, or a part of it."
)
@json_option
@project_options
def command(
    run: str,
    chosen: str,
    values: bool,
    vendors: Sequence[Path],
    of: str | None,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Write the reports of RUN: a plan's id or a prefix of it, a pipeline's name, or `last`.

    With `--import` RUN may also be a delivery's id; the vendor's report is joined to the rows that caused its errors,
    and nothing else is written.
    """
    if vendors:
        return import_all(run, vendors, of or "", as_json=as_json, folder=folder, environment=environment)
    with open_ledger(folder, environment) as (_, ledger):
        # A run reports all its deliveries together, so that a pipeline's name means one run.
        newest = ledger.plans.latest(1, pipeline=run)
        record = newest[0] if newest else ledger.find_plan(run)
        plans = ledger.plans.of_run(record.run)
    project, pipeline = open_pipeline(folder, environment, record.pipeline)
    with pipeline_run(project, pipeline, command="report", quiet=True) as context:
        wanted = _formats(context, chosen)
        files = write_again(context, [StoredPlan.load(one.folder) for one in plans], wanted, values=values)
        written = str(report_folder(context))
        context.ledger.runs.end(context.token, 0, summary={"report": written})
    names = sorted(str(path) for path in files)
    print_json({"report": written, "files": names}) if as_json else click.echo("\n".join(names))
    return 0


def _formats(context: RunContext, chosen: str) -> list[str]:
    """The formats that are meant; raises ConfigError with those that are installed where this one is not."""
    known = formats(context)
    if not known or (chosen and chosen not in known):
        allowed = known or "none is installed; pip install rosterbus-sync-report"
        raise ConfigError(
            "there is no such report format", key="--format", found=chosen or "none", allowed=allowed
        )
    return [chosen] if chosen else known
