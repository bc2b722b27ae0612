"""Completes what was interrupted, and brings an environment back to its lock."""

from __future__ import annotations

from rosterbus.lock import read_lock

from rosterbus_market.installing import apply_lock
from rosterbus_market.locking import former_lock, put_in_force
from rosterbus_market.state import MarketState


def complete_pending(state: MarketState) -> bool:
    """Finish the installation that an interruption left; a person agreed to it then. False where there is none."""
    if not state.pending.is_file():
        return False
    lock = read_lock(state.pending)
    apply_lock(state, lock, former=former_lock(state))
    put_in_force(state)
    return True
