"""`rosterbus market mirror`: a full copy of the marketplace that works and verifies without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rosterbus_market.downloading import PLATFORMS, Machines
from rosterbus_market.mirroring import DEPENDENCIES, Origin, mirror
from rosterbus_market.options import folder_option
from rosterbus_market.state import MarketState


@click.command("mirror")
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--no-dependencies", is_flag=True, help="The marketplace alone, without what its connectors need."
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    type=click.Choice(list(PLATFORMS)),
    help="For which machines packages from elsewhere are brought; by default for this one.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    type=click.IntRange(min=11, max=99),
    metavar="MINOR",
    help="With `--platform`: for which Python 3, such as 12; by default for this one's.",
)
@folder_option
def command(
    directory: Path,
    no_dependencies: bool,
    platforms: tuple[str, ...],
    pythons: tuple[int, ...],
    folder: Path | None,
) -> int:
    """Copy the trusted marketplace into DIR, every file verified on its way.

    The copy is signed by the same people: whoever trusts the origin's fingerprint trusts the copy by it, on a machine
    without any network. Run it again to bring what is new, or to go on after an interruption.
    """
    state = MarketState.of(folder)
    trust = state.trust()
    machines = Machines(platforms, pythons or (sys.version_info.minor,))
    done = mirror(
        Origin(trust.location, state.root.read_bytes(), state.metadata),
        directory,
        machines=None if no_dependencies else machines,
        told=lambda line: click.echo(line, err=True),
    )
    click.echo(
        f"{directory} is a whole copy of {trust.location}: {done.files} signed files, {done.brought} brought now"
    )
    if not no_dependencies:
        click.echo(f"{done.dependencies} packages from elsewhere are in {directory / DEPENDENCIES}")
    click.echo(f"next, in a project without network: rosterbus market trust {directory}")
    return 0
