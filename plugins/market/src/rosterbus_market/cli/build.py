"""`rosterbus market build`: make a marketplace of wheels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import canonical

from rosterbus_market.cli.publisher_options import (
    closure_option,
    keys_options,
    opened,
    place_of,
    stage_option,
    tell,
)
from rosterbus_market.publishing import Wheels, build

_WHEEL = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("build")
@click.argument("wheels", nargs=-1, type=_WHEEL)
@click.option(
    "--out", "site", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where it goes."
)
@click.option(
    "--core",
    type=_WHEEL,
    help="The wheel of rosterbus itself, so that it can be installed from here too; by default the one of that name.",
)
@click.option("--title", default="", help="What people call this marketplace.")
@click.option(
    "--location",
    default="",
    help="The address that clients will use, in the line that people copy.",
)
@click.option(
    "--accept-name", "accepted", multiple=True, help="A name that resembles another and is right even so."
)
@closure_option
@stage_option
@keys_options
def command(
    wheels: tuple[Path, ...],
    site: Path,
    core: Path | None,
    title: str,
    location: str,
    accepted: tuple[str, ...],
    no_closure: bool,
    stage: Path | None,
    folder: Path,
    passphrases: tuple[str, ...],
) -> int:
    """Make a marketplace of WHEELS: a folder that any web server, bucket or file share can hold.

    Every wheel is examined as a zip file, and nothing of it is run. The certificate of a wheel lies beside it, as
    `rosterbus certify` writes it. The folder is signed by the people whose keys are in `--keys`, and takes the place of
    an older one only when it is whole. Of an older one, versions that were withdrawn stay named so, and others whose
    wheels are not given are offered no more; `market publish` adds to it.
    """
    if not wheels and not core:
        raise click.UsageError("name at least one wheel")
    others, core = _apart(wheels, core)
    place = place_of(site, opened(folder, passphrases), stage, location)
    tell(build(Wheels(others, core, accepted), place, title=title, closure=not no_closure), place)
    return 0


def _apart(wheels: Sequence[Path], core: Path | None) -> tuple[list[Path], Path | None]:
    """The wheels without the core's, and the core's: the one that is named so, or has its name."""
    named = [one for one in wheels if canonical(one.name.partition("-")[0]) == PROJECT]
    cores = {one.resolve(): one for one in [*named, *([core] if core else [])]}
    if len(cores) > 1:
        raise click.UsageError(
            f"one wheel of {PROJECT} itself can be given: {', '.join(map(str, cores.values()))}"
        )
    return [one for one in wheels if one.resolve() not in cores], next(iter(cores.values()), None)
