"""The conformance suite: what every plugin keeps."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestSyncReport(ConnectorContract):
    kind = "report"
    connector = "sync-report"
