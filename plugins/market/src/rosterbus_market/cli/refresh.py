"""`rosterbus market refresh`: sign the newest state again before it expires."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus_market.cli.publisher_options import keys_options, opened, place_of
from rosterbus_market.renewing import expiries, refresh


@click.command("refresh")
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--targets", is_flag=True, help="Sign the list of files anew as well, with people's keys.")
@keys_options
def command(site: Path, targets: bool, folder: Path, passphrases: tuple[str, ...]) -> int:
    """Say with the machine's keys that SITE is its newest state, from now on for some days.

    A client refuses a marketplace that nobody has signed lately, since it could be an old copy. So let a scheduler run
    this each day. Every file is compared with what people signed before; a changed one is never signed.
    """
    place = place_of(site, opened(folder, passphrases))
    refresh(place, targets=targets)
    for role, until in expiries(site).items():
        click.echo(f"{role}: signed until {until:%Y-%m-%d %H:%M} UTC")
    return 0
