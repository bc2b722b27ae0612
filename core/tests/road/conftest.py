"""Puts the toy plugins on the path, as if they were installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "site"))

from mirror_kit import FedVillage
from nights_kit import Nights
from village_kit import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A new village with an empty vendor."""
    made = Village(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    return made


@pytest.fixture
def fed(tmp_path: Path) -> FedVillage:
    """A new village whose source gives what a test says, and sends students alone."""
    made = FedVillage(tmp_path)
    made.vendor.mkdir()
    made.export.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    made.pipeline(deliver="contacts = false")
    return made


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """A mirror without a pipeline around it."""
    return Nights(tmp_path / "mirror")
