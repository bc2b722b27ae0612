"""The conformance suite: Handshake's student file."""

from __future__ import annotations

from rosterbus.testing import Ability, DestinationContract


class TestHandshake(DestinationContract):
    connector = "handshake"
    ability = Ability(test_files=True)
