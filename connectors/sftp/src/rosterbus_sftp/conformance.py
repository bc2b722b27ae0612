"""What SFTP declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestSFTP(ConnectorContract):
    """Reading over SFTP."""

    kind = "transport"
    connector = "sftp"
