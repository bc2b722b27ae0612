"""The conformance suite: what every plugin keeps."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestSFTP(ConnectorContract):
    kind = "transport"
    connector = "sftp"
