"""`rosterbus market outdated`: what has a newer release, and what was withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import RefusedError, printable
from rosterbus.lock import Lock

from rosterbus_market.catalogue import Catalogue
from rosterbus_market.locking import former_lock
from rosterbus_market.options import folder_option, mirror_option
from rosterbus_market.planning import Source
from rosterbus_market.state import MarketState


@click.command("outdated")
@mirror_option
@json_option
@folder_option
def command(mirror: Path | None, as_json: bool, folder: Path | None) -> int:
    """Ask the marketplace what is newer than the lock, and what it has withdrawn since.

    Exit code 5 where something of the lock was withdrawn.
    """
    state = MarketState.of(folder)
    with state.alone():
        catalogue = Source.of(state, mirror).marketplace.refresh()
    lock = former_lock(state)
    rows = _rows(lock, catalogue) if lock else []
    if as_json:
        print_json({"connectors": rows})
    else:
        click.echo(
            "\n".join(printable(_line(row)) for row in rows) or "nothing of the marketplace is installed"
        )
    return RefusedError.exit_code if any(row["withdrawn"] for row in rows) else 0


def _rows(lock: Lock, catalogue: Catalogue) -> list[dict[str, Any]]:
    rows = []
    for one in lock.packages:
        entry = catalogue.entry(one.name)
        if one.origin != "marketplace":
            continue
        release = next((it for it in entry.releases if it.version == one.version), None) if entry else None
        withdrawn = release.withdrawn.reason if release and release.withdrawn else ""
        newest = entry.newest.version if entry and entry.newest else ""
        rows.append(
            {
                "name": one.name,
                "version": one.version,
                "newest": newest,
                "withdrawn": withdrawn,
                "there": bool(release),
            }
        )
    return rows


def _line(row: dict[str, Any]) -> str:
    if row["withdrawn"]:
        instead = f"; instead: {row['newest']}" if row["newest"] else ""
        return f"{row['name']} {row['version']} WITHDRAWN: {row['withdrawn']}{instead}"
    if not row["there"]:
        return f"{row['name']} {row['version']} is not in the marketplace any more"
    newer = "is the newest" if row["newest"] == row["version"] else f"-> {row['newest']}"
    return f"{row['name']} {row['version']} {newer}"
