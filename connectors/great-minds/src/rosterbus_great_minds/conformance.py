"""What Great Minds declares to the conformance suite: uploads by a person, and OneRoster packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from rosterbus.testing import Ability, DestinationContract
from rosterbus.testing.trial import Vendor, vendor_of


class TestGreatMindsUploads(DestinationContract):
    """Files laid down for a person, who uploads them on the website."""

    connector = "great-minds"
    ability = Ability(
        by_hand=True,
        waived={
            "test_a_change_is_delivered_as_a_change": "uploads only create, so that a change is nothing new",
        },
    )

    @pytest.fixture
    def vendor(self, tmp_path: Path) -> Iterator[Vendor]:
        """A website on which nobody is yet: it would refuse whom an earlier test has created."""
        with vendor_of(self.connector, self.settings, tmp_path / "vendor") as vendor:
            yield vendor


class TestGreatMindsPackages(DestinationContract):
    """OneRoster packages over SFTP, worked off at night."""

    connector = "great-minds"
    settings: ClassVar[Mapping[str, Any]] = {"mode": "oneroster"}
