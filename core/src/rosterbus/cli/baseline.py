"""`rosterbus baseline`: say what a vendor holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.cli.shared_options import chosen, deliver_option, open_pipeline, pipeline_run, project_options
from rosterbus.delivery.baselines import set_assumed, set_empty, set_from_file
from rosterbus.errors import ConfigError
from rosterbus.pipelines import undisturbed


@click.command("baseline")
@click.argument("pipeline")
@deliver_option
@click.option("--empty", is_flag=True, help="The vendor holds nothing: everybody will be new.")
@click.option("--assume-delivered", is_flag=True, help="The vendor holds today's roster already.")
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The vendor holds what this file of its own layout lists.",
)
@click.option("--layout", default="", help="With --from: the layout of the file, if there are several.")
@project_options
def command(
    pipeline: str,
    deliver: Sequence[str],
    empty: bool,
    assume_delivered: bool,
    file: Path | None,
    layout: str,
    folder: Path | None,
    environment: str,
) -> int:
    """Say what the vendors of PIPELINE hold, so that a plan can tell what changes."""
    if empty + assume_delivered + (file is not None) != 1:
        raise ConfigError(
            "say what the vendor holds", allowed="--empty, --assume-delivered or --from FILE, one of them"
        )
    project, read = open_pipeline(folder, environment, pipeline)
    parts = chosen(read, deliver)
    if file is not None and len(parts) != 1:
        raise ConfigError(
            "a file is of one vendor", key="--deliver", allowed=[part.name for part in read.deliveries]
        )
    with pipeline_run(project, read, command="baseline") as context, undisturbed(context):
        for part in parts:
            if file is not None:
                names = set_from_file(context, part, file, layout=layout)
            else:
                names = set_empty(context, part) if empty else set_assumed(context, part)
            click.echo(f"{read.name} -> {part.name}: the baseline of {', '.join(names)} is set")
    return 0
