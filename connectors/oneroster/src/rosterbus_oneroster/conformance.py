"""What the OneRoster source declares to the conformance suite: a small package of loose files."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.testing import Ability, SourceContract

from rosterbus_oneroster.synthetic import write_district


class TestOneRoster(SourceContract):
    """A package of all OneRoster files, without an error in it."""

    connector = "oneroster"
    ability = Ability(encoding_setting="encoding", incremental=True)

    def export(self, folder: Path) -> Mapping[str, Any]:
        """A synthetic district's package, unpacked."""
        with tempfile.TemporaryDirectory() as aside:
            district = write_district(Path(aside), schools=2, students=12, bad_share=0)
            with zipfile.ZipFile(district.path) as package:
                package.extractall(folder)
        return {"location": folder.as_posix()}

    def change(self, folder: Path) -> Mapping[str, Any]:
        """A package of changes (delta), in which one user has another family name."""
        header, first, *_ = _records(folder / "users.csv")
        newer = {"familyName": "Newname", "dateLastModified": "2026-12-01T06:00:00.000Z"}
        changed = [newer.get(name, cell) for name, cell in zip(header, first, strict=True)]
        manifest = {
            name: "absent" if value == "bulk" else value for name, value in _records(folder / "manifest.csv")
        }
        for path in folder.iterdir():
            path.unlink()
        _write(folder / "manifest.csv", [*{**manifest, "file.users": "delta"}.items()])
        _write(folder / "users.csv", [header, changed])
        return {"location": folder.as_posix()}


def _records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _write(path: Path, records: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(records)
