"""The conformance suite: SameGoal by epochs."""

from rosterbus_samegoal.conformance import TestSameGoal

__all__ = ["TestSameGoal"]
