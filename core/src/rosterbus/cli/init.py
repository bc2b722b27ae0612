"""`rosterbus init`: a project and pipeline file that runs, every setting explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from rosterbus.errors import ConfigError
from rosterbus.starting import Started, Wanted, default_name, start_project


@click.command("init")
@click.option("--from", "source", metavar="SOURCE", help="The source: rosterbus connectors lists them.")
@click.option("--to", "destinations", metavar="DEST", multiple=True, help="A destination; may be repeated.")
@click.option(
    "--sample",
    type=click.Path(path_type=Path, exists=True),
    help="An export to begin with; it becomes the source's location.",
)
@click.option("--name", help="The pipeline's name; default: the folder's.")
@click.option("--timezone", help="The schools' time zone; default: this machine's.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=".", help="The project folder."
)
def command(
    source: str | None,
    destinations: Sequence[str],
    sample: Path | None,
    name: str | None,
    timezone: str | None,
    folder: Path,
) -> int:
    """Write a project folder, and with --from and --to a pipeline. Nothing is ever overwritten."""
    if bool(source) != bool(destinations) or (not source and (sample or name)):
        raise ConfigError("a pipeline needs a source and a destination", allowed="--from SOURCE --to DEST")
    wanted = None
    if source:
        destinations = tuple(dict.fromkeys(destinations))
        wanted = Wanted(name or default_name(folder), source, destinations, sample, timezone)
    tell_started(start_project(folder, wanted))
    if wanted and not timezone:
        click.echo("look at timezone: it is this machine's or the project's, and has to be the schools'")
    after = f"check {wanted.name}" if wanted else "init --from SOURCE --to DEST"
    at = "" if folder == Path() else f" --folder {folder}"
    click.echo(f"next: rosterbus {after}{at}")
    return 0


def tell_started(started: Started) -> None:
    """Print what was written, what was kept, and what is left to do."""
    for word, files in (("wrote", started.written), ("kept", started.kept)):
        for file in files:
            click.echo(f"{word:<8}{file}")
    for setting in started.to_fill:
        click.echo(f"fill in {setting}")
