"""`rosterbus market show`: everything that the marketplace says of one connector."""

from __future__ import annotations

from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError, printable

from rosterbus_market.catalogue import Entry, Release
from rosterbus_market.choosing import find_entry
from rosterbus_market.options import folder_option, mirror_option
from rosterbus_market.planning import Source
from rosterbus_market.state import MarketState
from rosterbus_market.telling import shown_json, shown_lines
from rosterbus_market.verified import newest_known


@click.command("show")
@click.argument("name", metavar="NAME[==VERSION]")
@mirror_option
@json_option
@folder_option
def command(name: str, mirror: Path | None, as_json: bool, folder: Path | None) -> int:
    """Show what NAME sends, whither, by which rules, and who says that it keeps its promises."""
    state = MarketState.of(folder)
    with state.alone():
        catalogue, old = newest_known(state, Source.of(state, mirror).marketplace)
    if old:
        click.echo(old, err=True)
    short, _, version = name.partition("==")
    entry = find_entry(catalogue, short)
    release = _release(entry, version)
    if as_json:
        print_json(shown_json(entry, release))
    else:
        click.echo("\n".join(map(printable, shown_lines(entry, release))))
    return 0


def _release(entry: Entry, version: str) -> Release:
    if not version:
        return entry.newest or entry.releases[0]
    for release in entry.releases:
        if release.version == version:
            return release
    versions = [one.version for one in entry.releases]
    raise ConfigError(f"{entry.distribution} has no such version", found=f"`{version}`", allowed=versions)
