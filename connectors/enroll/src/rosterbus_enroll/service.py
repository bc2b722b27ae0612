"""Enroll's own side of the twin: registrations that people change, approve and sync, and exports of what was synced."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rosterbus.private import private_folder, write_private_bytes

from rosterbus_enroll.columns import DEFAULT
from rosterbus_enroll.published import APPROVED, SEPARATORS, TEXT_IDENTIFIERS
from rosterbus_enroll.settings import FILE_NAME

IN_PROCESSING = "In Processing"
Cells = dict[str, str]


class NotApprovedError(Exception):
    """The button "Sync to SIS" is grayed out."""


@dataclass
class SyncService:
    """Writes exports into `folder`; every moment is an argument.

    `registrations` are as people see them in Enroll, by id; `synced` as they were at their last sync, with the time in
    `synced_at`. `columns` are header and cell name, in the file's order.
    """

    folder: Path
    columns: Mapping[str, str] = field(default_factory=lambda: DEFAULT)
    file_name: str = FILE_NAME
    separator: str = "comma"
    text_identifier: str = "double"
    encoding: str = "utf-8"
    registrations: dict[str, Cells] = field(default_factory=dict)
    synced: dict[str, Cells] = field(default_factory=dict)
    exported_at: datetime | None = None

    def register(self, registration: str, **cells: str) -> None:
        """A family hands a registration in; it waits for its approval."""
        self.registrations[registration] = {
            "registration_id": registration,
            "status": IN_PROCESSING,
            **cells,
        }

    def approve(self, registration: str) -> None:
        """Somebody at the school approves it."""
        self.change(registration, status=APPROVED)

    def change(self, registration: str, **cells: str) -> None:
        """Change fields in Enroll; no export knows of it before the next sync."""
        self.registrations[registration].update(cells)

    def sync(self, registration: str, at: datetime) -> None:
        """Sync to SIS. Raises NotApprovedError where the registration is not approved."""
        now = self.registrations[registration]
        if now["status"] != APPROVED:
            raise NotApprovedError(now["status"])
        self.synced[registration] = {**now, "synced_at": at.isoformat()}

    def export(self, at: datetime) -> Sequence[Path]:
        """Write what was synced since the last export; the files that were written, none where nothing was."""
        fresh = [cells for cells in self.synced.values() if self._is_fresh(cells)]
        self.exported_at = at
        years = sorted({_start_year(cells) for cells in fresh})
        return [
            self._write(
                self.folder / year if len(years) > 1 else self.folder,
                [cells for cells in fresh if _start_year(cells) == year],
            )
            for year in years
        ]

    def _is_fresh(self, cells: Cells) -> bool:
        return self.exported_at is None or datetime.fromisoformat(cells["synced_at"]) > self.exported_at

    def _write(self, folder: Path, rows: Sequence[Cells]) -> Path:
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=SEPARATORS[self.separator],
            quotechar=TEXT_IDENTIFIERS[self.text_identifier],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow(self.columns)
        writer.writerows([cells.get(name, "") for name in self.columns.values()] for cells in rows)
        return write_private_bytes(
            private_folder(folder) / self.file_name, text.getvalue().encode(self.encoding)
        )


def _start_year(cells: Cells) -> str:
    return cells.get("school_year", "")[:4]
