"""SchoolMint Enroll as a source: picks up the exports of its Sync Service, which hold only the last changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosterbus.extracts import Extract, Mapped, Nothing, RawTable, SourceState, Unchanged
from rosterbus.hookspecs import hookimpl

from rosterbus_enroll.pickup import RULES, pick_up
from rosterbus_enroll.relations import map_registrations
from rosterbus_enroll.settings import PickupSettings as Settings

__all__ = ["RULES", "Settings", "extract", "map"]


@hookimpl
def extract(settings: Any, state: SourceState) -> Extract | Unchanged | Nothing:
    """Pick up what is there and was not there before; no file is no news.

    Raises RetriableError while a file is being written, and ConnectorError for one that is no such export.
    """
    return pick_up(settings, state)


@hookimpl
def map(settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
    """Registrations, their students, and where and from when these are to attend."""
    return map_registrations(settings, tables)
