"""`rosterbus add`: one more destination for a pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus.cli.init import tell_started
from rosterbus.project import load_project
from rosterbus.starting import add_delivery


@click.command("add")
@click.argument("pipeline")
@click.argument("destination", metavar="DEST")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project folder; default: this one, or above.",
)
def command(pipeline: str, destination: str, folder: Path | None) -> int:
    """Append the destination DEST to PIPELINE, every setting explained; the rest of the file stays as it is."""
    tell_started(add_delivery(load_project(folder), pipeline, destination))
    click.echo(f"next: rosterbus check {pipeline}")
    return 0
