"""`rosterbus market upgrade`: try a newer release beside the old one, and take it over when told."""

from __future__ import annotations

from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError, printable
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import Lock, canonical

from rosterbus_market.agreeing import told
from rosterbus_market.environment import refuse_system_python
from rosterbus_market.installing import install
from rosterbus_market.locking import changes, former_lock
from rosterbus_market.options import folder_option, mirror_option, yes_option
from rosterbus_market.planning import Source, propose
from rosterbus_market.repairing import complete_pending
from rosterbus_market.state import MarketState
from rosterbus_market.trying import forget_try, tried_lock, try_out


@click.command("upgrade")
@click.argument("wanted", metavar="NAME[==VERSION]")
@click.option(
    "--try", "tries", is_flag=True, help="Build it beside, plan the pipelines that use it, show what differs."
)
@click.option("--swap", "swaps", is_flag=True, help="Take over what was tried.")
@mirror_option
@yes_option
@json_option
@folder_option
def command(
    wanted: str, tries: bool, swaps: bool, mirror: Path | None, yes: bool, as_json: bool, folder: Path | None
) -> int:
    """Install the newest release of NAME, which is installed already; `rosterbus market rollback` goes back."""
    if tries and swaps:
        raise ConfigError("try it first, then swap", key="--try and --swap", allowed="one of both")
    refuse_system_python()
    state = MarketState.of(folder)
    with state.alone():
        complete_pending(state)
        former = former_lock(state)
        name = _installed(former, wanted)
        source, differences = Source.of(state, mirror), list[str]()
        if swaps:
            lock = tried_lock(state, name)
        else:
            proposal = propose(state, source, [wanted])
            lock = proposal.lock
            told(proposal, yes=yes)
        if tries:
            differences = try_out(state, proposal, name, source.dependencies)
        else:
            install(state, lock, dependencies=source.dependencies)
            forget_try(state, name)
    changed = changes(former, lock)
    if as_json:
        told_changes = {one: {"from": before, "to": after} for one, (before, after) in changed.items()}
        print_json({"tried": tries, "changed": told_changes, "differences": differences})
    elif tries:
        click.echo(
            "\n".join(map(printable, differences)) or "it declares the same and would send the same bytes"
        )
        click.echo(f"nothing was replaced; to take it over: rosterbus market upgrade {name} --swap")
    else:
        lines = [
            f"{one}: {before or 'not there'} -> {after or 'not there'}"
            for one, (before, after) in changed.items()
        ]
        click.echo("\n".join(lines) or f"{name} is the newest already")
    return 0


def _installed(former: Lock | None, wanted: str) -> str:
    short = canonical(wanted.partition("==")[0])
    names = [one.name for one in former.packages if one.origin == "marketplace"] if former else []
    for name in (short, f"{PROJECT}-{short}"):
        if name in names:
            return name
    raise ConfigError("the lock has no such connector", found=f"`{wanted}`", allowed=names or "none")
