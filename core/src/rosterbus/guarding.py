"""Finds the lock that holds in a folder, and reads no more of its project than that takes: every command asks."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError
from rosterbus.gate import Guarded, enter
from rosterbus.lock import LOCK

PROJECT_FILE = "rosterbus.toml"
STATE = ".rosterbus"
MARKET = "market"
_LENIENT = {"refuse": False, "warn": True}


def find_project_file(start: Path) -> Path | None:
    """The project file of a folder, or of the nearest above it; raises ConfigError for a stranger's above it."""
    file = next((at / PROJECT_FILE for at in (start, *start.parents) if (at / PROJECT_FILE).is_file()), None)
    # A project file runs commands: one that somebody else left in a folder above may not.
    if file and file.parent != start and os.name == "posix" and file.stat().st_uid not in (0, os.getuid()):
        msg = (
            "the project file in a folder above belongs to another account; name the project folder to use it"
        )
        raise ConfigError(msg, file=file)
    return file


def guarded_in(start: Path) -> Guarded:
    """The lock of a folder as `load_project` has it, which says in its own words what is wrong with a file."""
    file = find_project_file(start)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
        return _guarded(values, file.parent if file else start)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        from rosterbus.project import load_project

        guarded = load_project(start).guarded
        enter(None)
        return guarded or _guarded({}, start)


def _guarded(values: Mapping[str, Any], folder: Path) -> Guarded:
    said = values.get("market", {})
    days = said.get("warn_after_days", Guarded.warn_after_days)
    if type(days) is not int or days < 1:
        raise ValueError("warn_after_days")
    state_dir = (folder / Path(values.get("state_dir", STATE)).expanduser()).resolve()
    return Guarded(folder / LOCK, state_dir / MARKET, _LENIENT[said.get("lock", "refuse")], days)
