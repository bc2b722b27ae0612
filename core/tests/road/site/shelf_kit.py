"""A village whose vendor works off what it gets as its settings say: what a baseline has to agree with."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from rosterbus.pipelines import Outcome
from rosterbus.plan.planning import Order
from village_kit import Village

UNGUARDED = "removed = 1.0\nchanged = 1.0\nidentifiers = 1.0\nrejected = 1.0\nfloor = 100000"
Row = dict[str, str]


@dataclass
class Shelf:
    """The vendor's own records, by layout and key; who is in `away` was deactivated or sent as a leaver."""

    absence: str
    rows: dict[str, dict[tuple[str, ...], Row]] = field(default_factory=dict)
    away: set[tuple[str, ...]] = field(default_factory=set)

    def take(self, box: Path) -> None:
        """Work off one delivery, members first."""
        members = self._read(box / "members.csv", "Id")
        held = self.rows.setdefault("members", {})
        if self.absence == "deleted":
            held.clear()
        if self.absence == "deactivated":
            self.away |= held.keys() - members.keys()
        held.update(members)
        self.away -= members.keys()
        self.away |= {key for key, row in members.items() if row["State"] == "gone"}
        if (box / "contacts.csv").exists():
            contacts = self._read(box / "contacts.csv", "Student", "Contact")
            kept = {
                key: row
                for key, row in self.rows.get("contacts", {}).items()
                if key in contacts or (key[0],) not in members
            }
            self.rows["contacts"] = kept | contacts

    def _read(self, path: Path, *key: str) -> dict[tuple[str, ...], Row]:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found = {tuple(row[name] for name in key): row for row in rows}
        assert len(found) == len(rows), "a key came twice"
        return found


@dataclass
class ShelfVillage(Village):
    """A village that sends to a shelf; `shelf` is what the vendor made of it."""

    shelf: Shelf = field(default_factory=lambda: Shelf("kept"))

    def shelve(
        self, *, sends: str = "everyone", contacts: bool = False, extra: str = "", source: str = ""
    ) -> None:
        """Write the pipeline; `extra` belongs to the delivery, `source` stands before it."""
        (self.root / "pipelines").mkdir(exist_ok=True)
        text = (
            f'timezone = "America/Chicago"\n[source]\nconnector = "village"\nlocation = "export"\n{source}\n'
            f'[deliver.shelf]\nfolder = "{self.vendor.as_posix()}"\nabsence = "{self.shelf.absence}"\n'
            f'sends = "{sends}"\ncontacts = {str(contacts).lower()}\n{extra}\n[deliver.shelf.guards]\n{UNGUARDED}\n'
        )
        (self.root / "pipelines" / "v.toml").write_text(text, encoding="utf-8", newline="\n")

    def night(self, order: Order | None = None) -> Outcome:
        """One run, a day later; the vendor works off what came."""
        before = set(self.vendor.iterdir())
        outcome = self.run(hours=24, order=order)
        for box in sorted(set(self.vendor.iterdir()) - before):
            self.shelf.take(box)
        return outcome

    def believed(self, layout: str, baseline: Path) -> tuple[dict[str, Row], set[str]]:
        """The rows of a baseline by key, and the keys of those who are gone."""
        rows = duckdb.read_parquet(str(baseline)).project("* EXCLUDE (_school, _grade)")
        names = rows.columns[2:]
        found = rows.fetchall()
        return {row[0]: dict(zip(names, row[2:], strict=True)) for row in found}, {
            row[0] for row in found if row[1]
        }
