"""`rosterbus market rollback`: go back to what was installed before, without a network."""

from __future__ import annotations

from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError, RefusedError
from rosterbus.gate import withdrawn
from rosterbus.lock import Lock, read_lock

from rosterbus_market.agreeing import ask
from rosterbus_market.catalogue import CATALOGUE
from rosterbus_market.installing import install
from rosterbus_market.locking import changes, former_lock, history
from rosterbus_market.options import folder_option, yes_option
from rosterbus_market.repairing import complete_pending
from rosterbus_market.state import MarketState


@click.command("rollback")
@yes_option
@json_option
@folder_option
def command(yes: bool, as_json: bool, folder: Path | None) -> int:
    """Restore the lock before the last change, and the environment with it."""
    state = MarketState.of(folder)
    with state.alone():
        complete_pending(state)
        earlier = history(state)
        if not earlier:
            raise ConfigError("there is no earlier lock to go back to", file=state.folder / "history")
        lock = read_lock(earlier[-1])
        _refuse_withdrawn(state, lock)
        changed = changes(former_lock(state), lock)
        for name, (now, then) in changed.items():
            click.echo(f"{name}: {now or 'not there'} -> {then or 'not there'}", err=True)
        ask("go back to this?", yes=yes)
        install(state, lock, dependencies=state.dependencies, offline=True)
        for path in history(state)[len(earlier) - 1 :]:
            path.unlink()  # the one that is in force again, and the one that was given up
    if as_json:
        print_json({"changed": {name: {"from": now, "to": then} for name, (now, then) in changed.items()}})
    else:
        click.echo("the environment is as it was before")
    return 0


def _refuse_withdrawn(state: MarketState, lock: Lock) -> None:
    reasons = withdrawn(state.folder / CATALOGUE)
    for one in lock.packages:
        if reason := reasons.get((one.name, one.version)):
            raise RefusedError(f"{one.name} {one.version} was withdrawn since: {reason}")
