"""What the marketplace declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestMarket(ConnectorContract):
    """The command `market`."""

    kind = "extension"
    connector = "market"
