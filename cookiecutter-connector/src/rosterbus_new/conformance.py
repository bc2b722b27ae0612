"""What `rosterbus new` declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestNew(ConnectorContract):
    """The command `new`."""

    kind = "extension"
    connector = "new"
