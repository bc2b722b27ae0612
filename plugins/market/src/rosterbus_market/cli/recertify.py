"""`rosterbus market recertify`: the suite of every connector again, also against a coming core."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError

from rosterbus_market.catalogue import PACKAGES, Catalogue, Entry, Release
from rosterbus_market.choosing import find_entry
from rosterbus_market.cli.publisher_options import opened, place_of, tell
from rosterbus_market.issuing import Place
from rosterbus_market.options import folder_option
from rosterbus_market.passphrases import ALLOWED
from rosterbus_market.planning import Source
from rosterbus_market.publishing import attest, current
from rosterbus_market.recertifying import CERTIFY, Outcome, Wheels, recertify
from rosterbus_market.state import MarketState

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("recertify")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--core", type=FILE, required=True, metavar="WHEEL", help="The core to run with.")
@click.option("--certify", type=FILE, metavar="WHEEL", help="The suite's runner; default: the marketplace's.")
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    help="The marketplace of these keys, which attests what it saw; default: the trusted one, which does not.",
)
@click.option("--keys", type=click.Path(file_okay=False, path_type=Path), help="Its keys, with --site.")
@click.option(
    "--passphrase", "passphrases", multiple=True, metavar="WHERE", help=f"Where a passphrase is: {ALLOWED}."
)
@json_option
@folder_option
def command(
    names: Sequence[str],
    core: Path,
    certify: Path | None,
    site: Path | None,
    keys: Path | None,
    passphrases: tuple[str, ...],
    as_json: bool,
    folder: Path | None,
) -> int:
    """Run the conformance suite of the newest release of every connector, or of NAMES, each in a fresh environment.

    With --site it is attested as re-run by this marketplace. Exit code 1 where a connector does not hold.
    """
    if bool(site) != bool(keys):
        raise ConfigError("--site and --keys belong together", allowed="both or none")
    place = place_of(site, opened(keys, passphrases)) if site and keys else None
    catalogue, paths = _of_site(place) if place else _of_trusted(folder)
    if certify:
        paths[CERTIFY] = certify
    chosen = [find_entry(catalogue, one) for one in names] or [
        one for one in catalogue.entries if not one.core
    ]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="rosterbus-recertify-") as scratch:
        for entry in chosen:
            if entry.newest is None:
                continue
            click.echo(f"running the suite of {entry.distribution} {entry.newest.version}", err=True)
            before, at = entry.newest.certificate, Path(scratch) / entry.distribution
            outcomes.append(recertify(entry.distribution, before, Wheels(core, paths), at))
    if as_json:
        print_json({"connectors": [one.as_json() for one in outcomes]})
    else:
        click.echo("\n".join(_lines(outcomes)))
    for one in outcomes:
        if place and one.certificate:
            issued = attest(one.certificate, place)
            if not as_json:
                tell(issued, place)
    return 0 if all(one.fine for one in outcomes) else 1


def _of_site(place: Place) -> tuple[Catalogue, dict[str, Path]]:
    catalogue = current(place)
    paths = {
        entry.distribution: place.site / PACKAGES / release.wheel for entry, release in _newest(catalogue)
    }
    return catalogue, paths


def _of_trusted(project: Path | None) -> tuple[Catalogue, dict[str, Path]]:
    state = MarketState.of(project)
    with state.alone():
        market = Source.of(state, None).marketplace
        catalogue = market.refresh()
        return catalogue, {entry.distribution: market.wheel(release) for entry, release in _newest(catalogue)}


def _newest(catalogue: Catalogue) -> list[tuple[Entry, Release]]:
    found = [(entry, entry.newest) for entry in catalogue.entries if entry.newest and not entry.core]
    if not found:
        raise ConfigError("the marketplace has no connector")
    return [(entry, release) for entry, release in found if release]


def _lines(outcomes: Sequence[Outcome]) -> list[str]:
    width = max((len(one.distribution) for one in outcomes), default=0)
    lines = []
    for one in outcomes:
        why = f": {one.error}" if one.error else f": {', '.join(one.failed)}" if one.failed else ""
        lines.append(f"{one.distribution:<{width}}  {one.version}  {one.before} -> {one.standing}{why}")
    return lines
