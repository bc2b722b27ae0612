"""What SameGoal declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import DestinationContract


class TestSameGoal(DestinationContract):
    """Epochs of files, each ended by its marker."""

    connector = "samegoal"
