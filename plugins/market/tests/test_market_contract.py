"""The conformance suite: what every plugin keeps."""

from rosterbus_market.conformance import TestMarket

__all__ = ["TestMarket"]
