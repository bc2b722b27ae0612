"""`rosterbus rehearse`: the whole pipeline against twins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.receipt_text import analysis_lines, outcome_lines
from rosterbus.cli.shared_options import (
    chosen,
    deliver_option,
    json_option,
    open_pipeline,
    print_json,
    progress,
    project_options,
)
from rosterbus.rehearsing import rehearse


@click.command("rehearse")
@click.argument("pipeline")
@deliver_option
@json_option
@project_options
def command(
    pipeline: str, deliver: Sequence[str], as_json: bool, folder: Path | None, environment: str
) -> int:
    """Run PIPELINE against its vendors' twins on this machine, and show what they made of it."""
    project, read = open_pipeline(folder, environment, pipeline)
    with progress(quiet=as_json) as tell:
        rehearsal = rehearse(project, read, chosen(read, deliver), tell)
    if as_json:
        print_json({**rehearsal.outcome.as_json(), "twins": rehearsal.analyses})
        return rehearsal.outcome.exit_code
    click.echo("\n".join(outcome_lines(rehearsal.outcome)))
    for name, analyses in rehearsal.analyses.items():
        click.echo("\n".join(analysis_lines(name, analyses)))
    click.echo("this was a rehearsal: nothing left this machine, and nothing of it is kept")
    return rehearsal.outcome.exit_code
