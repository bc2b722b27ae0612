"""`rosterbus market verify`: compare every installed file with the lock."""

from __future__ import annotations

from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError

from rosterbus_market.locking import former_lock
from rosterbus_market.options import folder_option, mirror_option
from rosterbus_market.repairing import complete_pending, repair, wrongs
from rosterbus_market.state import MarketState


@click.command("verify")
@click.option("--repair", "repairs", is_flag=True, help="Bring the environment back to the lock.")
@mirror_option
@json_option
@folder_option
def command(repairs: bool, mirror: Path | None, as_json: bool, folder: Path | None) -> int:
    """Hash every file of the lock's packages and say what differs; exit code 1 where something does."""
    state = MarketState.of(folder)
    with state.alone():
        if repairs:
            complete_pending(state)
        lock = former_lock(state)
        if lock is None:
            msg = "this project has no lock; run: rosterbus market install NAME"
            raise ConfigError(msg, file=state.lock)
        if repairs:
            repair(state, lock, mirror)
        found = wrongs(state, lock)
    if as_json:
        print_json({"differences": found})
    else:
        click.echo("\n".join(found) or f"this environment is the one of {state.lock.name}, file by file")
    return 1 if found else 0
