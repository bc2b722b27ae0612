"""The conformance suite: what every plugin keeps."""

from rosterbus_new.conformance import TestNew

__all__ = ["TestNew"]
