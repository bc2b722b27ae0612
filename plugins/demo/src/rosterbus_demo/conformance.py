"""What the demo declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestDemo(ConnectorContract):
    """The command `demo`."""

    kind = "extension"
    connector = "demo"
