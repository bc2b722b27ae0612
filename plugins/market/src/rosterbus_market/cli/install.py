"""`rosterbus market install`: examined, shown, agreed to, locked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError

from rosterbus_market.agreeing import Proposal, told
from rosterbus_market.environment import refuse_system_python
from rosterbus_market.installing import apply_lock, extra_plugins, install, uninstall
from rosterbus_market.locking import changes, former_lock
from rosterbus_market.options import folder_option, mirror_option, yes_option
from rosterbus_market.planning import Source, fetch_locked, propose
from rosterbus_market.repairing import complete_pending
from rosterbus_market.state import MarketState


@click.command("install")
@click.argument("names", nargs=-1, metavar="NAME[[EXTRA]][==VERSION]...")
@click.option("--locked", is_flag=True, help="Exactly what rosterbus.lock says, and no other plugin.")
@mirror_option
@yes_option
@json_option
@folder_option
def command(
    names: Sequence[str],
    locked: bool,
    mirror: Path | None,
    yes: bool,
    as_json: bool,
    folder: Path | None,
) -> int:
    """Install connectors with all that they need, after showing what they are, and lock every file of them."""
    if bool(names) == locked:
        raise ConfigError("name connectors, or say --locked", allowed="one of both")
    refuse_system_python()
    state = MarketState.of(folder)
    with state.alone():
        complete_pending(state)
        source = Source.of(state, mirror)
        if locked:
            proposal = _of_lock(state, source, yes=yes)
        else:
            proposal = propose(state, source, names)
            told(proposal, yes=yes)
            install(state, proposal.lock, dependencies=source.dependencies)
    _print(proposal, state, as_json=as_json)
    return 0


def _of_lock(state: MarketState, source: Source, *, yes: bool) -> Proposal:
    lock = former_lock(state)
    if lock is None:
        raise ConfigError("there is no lock to install from", file=state.lock)
    if lock.fingerprint != state.trust().fingerprint:
        msg = "the lock was made from another marketplace than the one that is trusted here"
        raise ConfigError(msg, found=lock.fingerprint, allowed=state.trust().fingerprint)
    proposal = fetch_locked(source, lock)
    told(proposal, yes=yes)
    apply_lock(state, lock, dependencies=source.dependencies)
    uninstall(extra_plugins(lock))
    return proposal


def _print(proposal: Proposal, state: MarketState, *, as_json: bool) -> None:
    changed = changes(proposal.former, proposal.lock)
    if as_json:
        print_json(
            {
                "lock": str(state.lock),
                "changed": {name: {"from": a, "to": b} for name, (a, b) in changed.items()},
            }
        )
        return
    wanted = [f"{one.name} {one.version}" for one in proposal.lock.packages if one.requested]
    click.echo(f"installed: {', '.join(wanted)}; every file of it is in {state.lock.name}")
