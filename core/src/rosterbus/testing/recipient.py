"""A vendor of the suite's own, who takes every relation and deletes whoever is missing from it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from rosterbus import settings
from rosterbus.deliveries import Address, Delivery, Done, NotStarted
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import LayoutSpec
from rosterbus.layouts.columns import Column, Kind
from rosterbus.layouts.sources import Direct
from rosterbus.roster import RosterTable, vocabulary

NAME = "recipient"
TOLD = ("first_name", "last_name", "name", "title", "school_id")
Cells = tuple[str, ...]


class Recipient:
    """A destination of one layout for each relation: its key, and what tells that a person has another name.

    With `everything` it has all columns of the vocabulary, its mail and days in their own kinds.
    `holds` is what it has by now: by layout, the rows by their keys. It is given to a run as it stands.
    """

    Settings = settings.Settings

    def __init__(self, columns: Mapping[str, Sequence[str]], *, everything: bool = False) -> None:
        self._specs = tuple(_spec(table, names, everything) for table, names in sorted(columns.items()))
        self.holds: dict[str, dict[Cells, Cells]] = {spec.name: {} for spec in self._specs}
        self._taken: set[str] = set()

    def layouts(self, settings: Any) -> tuple[LayoutSpec, ...]:  # noqa: ARG002 - a function of the settings
        """All layouts, whatever the settings."""
        return self._specs

    @property
    def people(self) -> dict[str, set[Cells]]:
        """The keys that it has, by layout."""
        return {name: set(rows) for name, rows in self.holds.items()}

    @hookimpl
    def address(self, delivery: Delivery, settings: Any) -> Address:  # noqa: ARG002 - the spec names them
        """A shelf for each plan."""
        return Address(NAME, tuple(f"{delivery.plan}/{file.name}" for file in delivery.files))

    @hookimpl
    def load(self, delivery: Delivery, settings: Any) -> Done:  # noqa: ARG002
        """Take every file in the place of the one before."""
        delivery.about_to_send()
        for file in delivery.files:
            spec = next(one for one in self._specs if one.name == file.layout)
            with file.path.open(encoding="utf-8", newline="") as lines:
                header, *rows = csv.reader(lines)
            places = [header.index(name) for name in spec.key]
            self.holds[spec.name] = {tuple(row[place] for place in places): tuple(row) for row in rows}
        self._taken.add(delivery.id)
        return Done({"files": len(delivery.files)})

    @hookimpl
    def reconcile(self, delivery: Delivery, settings: Any) -> Done | NotStarted:  # noqa: ARG002
        """It knows what it took."""
        return Done({"files": len(delivery.files)}) if delivery.id in self._taken else NotStarted()


def _spec(table: str, columns: Sequence[str], everything: bool) -> LayoutSpec:
    known = vocabulary().tables[table]
    wanted = known.columns if everything else (*known.key, *TOLD)
    names = [name for name in columns if name in wanted]
    return LayoutSpec(
        name=table,
        file=f"{table}.csv",
        rows=table,
        key=known.key,
        columns=tuple(
            Column(name, name, _kind(name, known) if everything else "text", source=Direct(name))
            for name in names
        ),
        absence="deleted",
        source="the conformance suite",
    )


def _kind(name: str, table: RosterTable) -> Kind:
    """The kind that a vendor would give a column of the vocabulary."""
    if name == "email":
        return "email"
    return "date" if table.columns[name].type == "date" else "text"
