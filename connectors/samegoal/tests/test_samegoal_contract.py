"""The conformance suite: SameGoal by epochs."""

from __future__ import annotations

from rosterbus.testing import DestinationContract


class TestSameGoal(DestinationContract):
    connector = "samegoal"
