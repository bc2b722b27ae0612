"""`rosterbus market withdraw`: name a release that must not be used any more."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus_market.cli.publisher_options import (
    keys_options,
    opened,
    place_of,
    stage_option,
    tell,
)
from rosterbus_market.options import yes_option
from rosterbus_market.publishing import current, released, withdraw


@click.command("withdraw")
@click.argument("release", metavar="NAME==VERSION")
@click.option(
    "--to", "site", type=click.Path(file_okay=False, path_type=Path), required=True, help="The marketplace."
)
@click.option("--reason", required=True, help="Why; everybody who has it installed reads this sentence.")
@stage_option
@yes_option
@keys_options
def command(
    release: str,
    site: Path,
    reason: str,
    stage: Path | None,
    yes: bool,
    folder: Path,
    passphrases: tuple[str, ...],
) -> int:
    """Withdraw NAME==VERSION: it is named with the reason, and whoever sees that refuses to run it from then on.

    The file stays where it is, so that people can see what it was. A withdrawal cannot be taken back: publish a new
    version instead.
    """
    name, equals, version = release.partition("==")
    if not equals:
        raise click.UsageError("name one version: NAME==VERSION")
    place = place_of(site, opened(folder, passphrases), stage)
    found = released(current(place), name, version)
    click.echo(
        f"{found.wheel}, published {found.published}; every run that has it installed will stop, saying:"
    )
    click.echo(f"  {reason}")
    if not yes and not stage:
        click.confirm("withdraw it? nobody can take that back", abort=True)
    tell(withdraw(name, version, place, reason=reason), place)
    return 0
