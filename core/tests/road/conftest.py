"""Puts the toy plugins on the path, as if they were installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "site"))

from village_kit import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A new village with an empty vendor."""
    made = Village(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    return made
