"""What HTTPS declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestHTTPS(ConnectorContract):
    """Uploads for others; it has no hooks of its own."""

    kind = "extension"
    connector = "https"
