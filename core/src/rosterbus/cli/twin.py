"""`rosterbus twin`: a vendor's stand-in on your own machine."""

from __future__ import annotations

import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from rosterbus.rehearsing import kind_with_twin, start_twin


@click.command("twin")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where its files lie; default: a folder that goes when it stops.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=threading.TIMEOUT_MAX),
    help="Stop after this long; default: on Ctrl-C.",
)
def command(name: str, folder: Path | None, seconds: float | None) -> int:
    """Start the twin of the connector NAME, and tell how to reach it."""
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rosterbus-twin-")))
        twin = start_twin(name, place, {}, kind=kind_with_twin(name))
        stack.callback(twin.stop)
        click.echo(f"the twin of {name} is up; its files lie in {place}")
        for line in twin.reach:
            click.echo(f"  {line}")
        for answer in twin.answers:
            click.echo(f"  {answer.known:<10} {answer.behaviour} ({answer.source})")
        with suppress(KeyboardInterrupt):
            click.echo("stop it with Ctrl-C")
            threading.Event().wait(seconds)
    return 0
