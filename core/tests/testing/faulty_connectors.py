"""The suite over connectors that keep every promise and over some that break one or several.

Run by `test_conformance_suite.py` in a process of its own: what fails there is what it looks at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rosterbus_depot
import rosterbus_register
from rosterbus import settings
from rosterbus.testing import Ability, DestinationContract, SourceContract


class SilentSettings(rosterbus_depot.Settings):
    door = settings.text("")


class Faulty:
    """Plants the faults of a class in both toys."""

    faults: tuple[str, ...] = ()

    @pytest.fixture(autouse=True)
    def _planted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for toy in (rosterbus_depot, rosterbus_register):
            monkeypatch.setattr(toy, "FAULTS", set(self.faults))
        if "setting without about" in self.faults:
            monkeypatch.setattr(rosterbus_depot, "Settings", SilentSettings)


class TestHonestDepot(Faulty, DestinationContract):
    connector = "depot"


class TestSeveralFaults(Faulty, DestinationContract):
    connector = "depot"
    ability = Ability(
        waived={
            "test_it_is_found_and_loads_alone": "it never did so far",
            "test_an_empty_roster_is_held": "no",
        }
    )
    faults = (
        "setting without about",
        "limit without a source",
        "test files are live",
        "address forgets",
        "tells a cell",
        "probe sends",
        "any password",
    )

    def test_every_answer_of_the_twin_says_how_it_is_known(self) -> None:
        """Overridden."""


class TestSendingMarkerFirst(Faulty, DestinationContract):
    connector = "depot"
    faults = ("marker first",)


class TestSendingNeverDeclared(Faulty, DestinationContract):
    connector = "depot"
    faults = ("never declared",)


class TestSendingBlindRetry(Faulty, DestinationContract):
    connector = "depot"
    faults = ("blind retry",)


class Register(Faulty, SourceContract):
    connector = "register"

    def export(self, folder: Path) -> dict[str, Any]:
        students = ["id,name,born", *(f"S{n},Name{n},2015-03-04" for n in range(10))]
        contacts = ["id,student,name", *(f"C{n},S{n // 2},Parent{n}" for n in range(20)), "C99,,Nobody"]
        for name, lines in (("students", students), ("contacts", contacts)):
            (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
        return {"location": folder.as_posix()}


class TestHonestRegister(Register):
    pass


class TestSeveralFaultsOfASource(Register):
    faults = ("multiplies", "no proof", "own dates", "loses", "guesses", "breaks", "never the same")
