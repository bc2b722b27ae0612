"""What the OneRoster source declares to the conformance suite: a small package of loose files."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rosterbus.testing import SourceContract

from rosterbus_oneroster.synthetic import write_district


class TestOneRoster(SourceContract):
    """A package of all OneRoster files, without an error in it."""

    connector = "oneroster"

    def export(self, folder: Path) -> Mapping[str, Any]:
        """A synthetic district's package, unpacked."""
        with tempfile.TemporaryDirectory() as aside:
            district = write_district(Path(aside), schools=2, students=12, bad_share=0)
            with zipfile.ZipFile(district.path) as package:
                package.extractall(folder)
        return {"location": folder.as_posix()}
