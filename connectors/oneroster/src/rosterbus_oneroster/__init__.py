"""Read a OneRoster 1.0, 1.1 or 1.2 CSV package: a zip, or a folder of loose files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosterbus.extracts import Extract, Mapped, Nothing, RawTable, SourceState, Unchanged
from rosterbus.hookspecs import hookimpl

from rosterbus_oneroster.extraction import extract_package
from rosterbus_oneroster.mapping import map_tables
from rosterbus_oneroster.settings import OneRosterSettings as Settings

__all__ = ["Settings", "extract", "map"]


@hookimpl
def extract(settings: Any, state: SourceState) -> Extract | Nothing | Unchanged:
    """Bring the package and describe its tables.

    A package of changes (delta) that was read before is `Unchanged`; one older than the last is held, and left unread.
    Raises ConnectorError for a package that is damaged, hostile, or no OneRoster.
    """
    return extract_package(settings, state)


@hookimpl
def map(settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
    """Give the SQL that makes roster relations of whichever files and columns the package has."""
    return map_tables(settings, tables)
