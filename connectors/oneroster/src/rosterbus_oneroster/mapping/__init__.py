"""From raw tables to roster relations: SQL over whichever files and columns a package has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosterbus.engine import literal
from rosterbus.extracts import Mapped, RawTable

from rosterbus_oneroster.mapping.accounts import counted, unused
from rosterbus_oneroster.mapping.cells import Raw
from rosterbus_oneroster.mapping.classes import classes
from rosterbus_oneroster.mapping.people import people
from rosterbus_oneroster.mapping.roles import roles_of

__all__ = ["map_tables"]


def map_tables(settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
    """The relations of a package, why rows are in none of them, and what is worth counting."""
    day = f"DATE {literal(settings.as_of)}" if settings.as_of else "rosterbus.today()"
    raw = Raw(tables, day=day, keeps_inactive=settings.include_inactive)
    roles = roles_of(raw)
    return Mapped(
        relations=(*classes(raw, roles), *people(raw, roles)),
        unused=tuple(unused(raw, roles)),
        counted=tuple(counted(raw, roles)),
    )
