"""The conformance suite: a small OneRoster package of loose files."""

from rosterbus_oneroster.conformance import TestOneRoster

__all__ = ["TestOneRoster"]
