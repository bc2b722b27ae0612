"""What the sync report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestSyncReport(ConnectorContract):
    """One CSV line for each error."""

    kind = "report"
    connector = "sync-report"
