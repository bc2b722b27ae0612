"""What Enroll declares to the conformance suite: registrations written as exports, and exports picked up."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.testing import Ability, DestinationContract, SourceContract

from rosterbus_enroll.columns import DEFAULT

COLUMNS = {**DEFAULT, "School ID": "school_id", "First Day": "entry_date"}


class TestEnroll(DestinationContract):
    """Registrations written as an export."""

    connector = "enroll"


class TestEnrollSource(SourceContract):
    """An export picked up from a folder."""

    connector = "enroll"
    ability = Ability(encoding_setting="encoding", incremental=True, proves_unchanged=True)

    def export(self, folder: Path) -> Mapping[str, Any]:
        """Twelve registrations, one student of which is registered for two years."""
        rows = [[_cell(column, number) for column in COLUMNS.values()] for number in range(12)]
        return _written(folder, rows)

    def change(self, folder: Path) -> Mapping[str, Any]:
        """The next export, which holds one registration alone: its student has another name."""
        newer = {"last_name": "Newname"}
        return _written(folder, [[newer.get(column, _cell(column, 3)) for column in COLUMNS.values()]])


def _written(folder: Path, rows: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """An export of these rows, and the settings that lead there."""
    path = folder / "registrations.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return {"location": path.as_posix(), "columns": COLUMNS}


def _cell(column: str, number: int) -> str:
    """One student in two years, the others in one."""
    told = {
        "student_id": f"S{number % 11}",
        "registration_id": f"R{number}",
        "school_year": f"{2025 + number // 11}-{2026 + number // 11}",
        "entry_date": f"{2025 + number // 11}-08-15",
        "birth_date": "2015-03-09",
        "email": f"s{number}@example.org",
    }
    return told.get(column, f"{column} {number}")
