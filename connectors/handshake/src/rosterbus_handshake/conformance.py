"""What Handshake declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import Ability, DestinationContract


class TestHandshake(DestinationContract):
    """Students put into Handshake's bucket."""

    connector = "handshake"
    ability = Ability(test_files=True)
