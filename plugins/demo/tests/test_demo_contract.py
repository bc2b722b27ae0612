"""The conformance suite: what every plugin keeps."""

from rosterbus_demo.conformance import TestDemo

__all__ = ["TestDemo"]
