"""`rosterbus market remove`: take a connector out of the environment and the lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import canonical

from rosterbus_market.installing import install, leaving_with
from rosterbus_market.locking import former_lock
from rosterbus_market.options import folder_option
from rosterbus_market.repairing import complete_pending
from rosterbus_market.state import MarketState


@click.command("remove")
@click.argument("name")
@json_option
@folder_option
def command(name: str, as_json: bool, folder: Path | None) -> int:
    """Uninstall NAME, and what nothing else needs; needs no network."""
    state = MarketState.of(folder)
    with state.alone():
        complete_pending(state)
        lock = former_lock(state)
        names = [one.name for one in lock.packages if one.origin == "marketplace"] if lock else []
        known = next((one for one in (canonical(name), f"{PROJECT}-{canonical(name)}") if one in names), None)
        if lock is None or known is None:
            raise ConfigError("the lock has no such connector", found=f"`{name}`", allowed=names or "none")
        going = leaving_with(lock, known)
        kept = tuple(one for one in lock.packages if one.name not in going)
        install(state, replace(lock, packages=kept), offline=True)
    if as_json:
        print_json({"removed": sorted(going)})
    else:
        click.echo(f"removed: {', '.join(sorted(going))}")
    return 0
