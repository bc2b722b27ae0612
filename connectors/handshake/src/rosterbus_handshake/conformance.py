"""What Handshake declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import Ability, DestinationContract

from rosterbus_handshake.published import MOST_ROWS


class TestHandshake(DestinationContract):
    """Students put into Handshake's bucket."""

    connector = "handshake"
    ability = Ability(test_files=True, students=MOST_ROWS)
