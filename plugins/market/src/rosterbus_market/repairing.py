"""Completes what was interrupted, and brings an environment back to its lock."""

from __future__ import annotations

from pathlib import Path

from rosterbus.lock import Lock, content_of, differences, installed_version, read_lock

from rosterbus_market.installing import apply_lock, damaged, for_here
from rosterbus_market.locking import former_lock, put_in_force
from rosterbus_market.planning import Source, fetch_locked
from rosterbus_market.state import MarketState


def complete_pending(state: MarketState) -> bool:
    """Finish the installation that an interruption left; a person agreed to it then. False where there is none."""
    if not state.pending.is_file():
        return False
    apply_lock(state, read_lock(state.pending), former=former_lock(state), dependencies=state.dependencies)
    put_in_force(state)
    return True


def repair(state: MarketState, lock: Lock, mirror: Path | None) -> None:
    """Install again what differs from the lock; the marketplace is asked only for wheels that the store lacks."""
    dependencies = state.dependencies
    if mirror is not None or not _has_wheels(state, lock):
        source = Source.of(state, mirror)
        fetch_locked(source, lock)
        dependencies = source.dependencies
    apply_lock(state, lock, dependencies=dependencies)


def wrongs(state: MarketState, lock: Lock) -> list[str]:
    """In what the environment differs from the lock, every file counted."""
    found = differences(lock)
    if state.pending.is_file():
        found.insert(0, "an installation was interrupted; run: rosterbus market verify --repair")
    told = {one.partition(" ")[0] for one in found}
    for one in for_here(lock.packages):
        there = installed_version(one.name)
        if there is None and one.name not in told:
            found.append(f"{one.name} {one.version} is in the lock and is not installed")
        elif there == one.version:
            found += [
                f"{one.name} {one.version}: {file} is not as it was installed" for file in damaged(one.name)
            ]
    return found


def _has_wheels(state: MarketState, lock: Lock) -> bool:
    for one in lock.packages:
        if one.origin == "marketplace":
            wheels = [state.wheel(sha256, name) for name, sha256 in one.files.items()]
            if not all(wheel.is_file() and content_of(wheel) == one.content for wheel in wheels):
                return False
    return True
