"""What Enroll declares to the conformance suite: registrations written as exports, and exports picked up."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosterbus.testing import DestinationContract, SourceContract

from rosterbus_enroll.columns import DEFAULT


class TestEnroll(DestinationContract):
    """Registrations written as an export."""

    connector = "enroll"


class TestEnrollSource(SourceContract):
    """An export picked up from a folder."""

    connector = "enroll"

    def export(self, folder: Path) -> Mapping[str, Any]:
        """Twelve registrations, one student of which is registered for two years."""
        columns = {**DEFAULT, "School ID": "school_id", "First Day": "entry_date"}
        with (folder / "registrations.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([_cell(column, number) for column in columns.values()] for number in range(12))
        return {"location": (folder / "registrations.csv").as_posix(), "columns": columns}


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
