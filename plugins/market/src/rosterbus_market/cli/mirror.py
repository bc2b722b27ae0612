"""`rosterbus market mirror`: a full copy of the marketplace that works and verifies without a network."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import click

from rosterbus_market.bootstrapping import BOOTSTRAP
from rosterbus_market.downloading import PLATFORMS, Machines
from rosterbus_market.mirroring import Origin, mirror
from rosterbus_market.options import folder_option
from rosterbus_market.state import DEPENDENCIES, MarketState


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
        Origin(trust.location, state.root.read_bytes(), state.metadata, state.dependencies),
        directory,
        machines=None if no_dependencies else machines,
        told=lambda line: click.echo(line, err=True),
    )
    click.echo(
        f"{directory} is a whole copy of {trust.location}: {done.files} signed files, {done.brought} brought now"
    )
    if not no_dependencies:
        click.echo(f"{done.dependencies} packages from elsewhere are in {directory / DEPENDENCIES}")
    if (directory / BOOTSTRAP).is_file():
        sha256 = hashlib.sha256((directory / BOOTSTRAP).read_bytes()).hexdigest()
        click.echo(f"rosterbus itself can be installed from it; sha256 of {directory / BOOTSTRAP}: {sha256}")
    click.echo(
        f"next, in a project without network: rosterbus market trust {directory} --fingerprint {trust.fingerprint}"
    )
    return 0
