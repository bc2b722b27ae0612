"""`rosterbus market publish`: add a wheel to a marketplace, or publish what people signed elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from rosterbus_market.cli.publisher_options import (
    closure_option,
    keys_options,
    opened,
    place_of,
    stage_option,
    tell,
)
from rosterbus_market.countersigning import Differences, differences, examined_stage
from rosterbus_market.examining import Examined
from rosterbus_market.issuing import Place, finish
from rosterbus_market.options import yes_option
from rosterbus_market.publishing import Wheels, added, current, examine_all, publish


@click.command("publish")
@click.argument("what", metavar="WHEEL|STAGE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to", "site", type=click.Path(file_okay=False, path_type=Path), required=True, help="The marketplace."
)
@click.option("--core", is_flag=True, help="The wheel is rosterbus itself.")
@click.option(
    "--accept-name", "accepted", multiple=True, help="A name that resembles another and is right even so."
)
@closure_option
@stage_option
@yes_option
@keys_options
def command(
    what: Path,
    site: Path,
    core: bool,
    accepted: tuple[str, ...],
    no_closure: bool,
    stage: Path | None,
    yes: bool,
    folder: Path,
    passphrases: tuple[str, ...],
) -> int:
    """Add WHEEL to the marketplace `--to`; what others can see is shown first, and asked about.

    A version is published once: other bytes need another version. Instead of a wheel it takes a folder that was made
    with `--stage`, once enough people signed it.
    """
    place = place_of(site, opened(folder, passphrases), stage)
    if what.is_dir():
        return _finish(what, place, yes=yes)
    wheels = Wheels([] if core else [what], what if core else None, accepted)
    before = current(place)
    [examined] = examine_all(wheels, before)
    added(before, [examined])
    for line in preview(examined):
        click.echo(line)
    if not yes and not stage:
        click.confirm(f"publish it to {site}?", abort=True)
    tell(publish(wheels, place, closure=not no_closure), place)
    return 0


def preview(one: Examined) -> list[str]:
    """What the marketplace would say of a wheel, as lines."""
    if one.certificate:
        said = f"{one.certificate.standing}, {len(one.certificate.outcomes)} tests, run by its publisher"
    else:
        said = "no certificate lies beside it; `rosterbus certify` makes one"
    lines = {
        "release": f"{one.distribution} {one.version}, {one.size:,} bytes, sha256 {one.sha256}",
        "plugins": ", ".join(one.entry_points) or "the core",
        "needs": ", ".join(one.requires) or "nothing",
        "declares that it talks to": ", ".join(one.card.hosts) or "no host",
        "certificate": said,
        "changes": one.changes.splitlines()[0] if one.changes else "none told",
    }
    return [f"{key}: {value}" for key, value in lines.items()]


def told(found: Differences) -> list[str]:
    """The differences as lines."""
    parts = {"new": found.new, "changed": found.changed, "no longer there": found.gone}
    return [f"{key}: {line}" for key, lines in parts.items() for line in lines] or [
        "nothing changes but the date"
    ]


def _finish(stage: Path, place: Place, *, yes: bool) -> int:
    catalogue = examined_stage(stage, place.keys)
    there = place if (place.site / "metadata").is_dir() else None
    for line in told(differences(catalogue, there)):
        click.echo(line)
    if not yes:
        click.confirm(f"publish it to {place.site}?", abort=True)
    with place.keys.alone():
        tell(finish(stage, place, catalogue), place)
    return 0
