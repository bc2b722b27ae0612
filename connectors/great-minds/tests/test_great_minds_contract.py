"""The conformance suite: uploads by a person, and OneRoster packages."""

from rosterbus_great_minds.conformance import TestGreatMindsPackages, TestGreatMindsUploads

__all__ = ["TestGreatMindsPackages", "TestGreatMindsUploads"]
