"""What the sync report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ReportContract


class TestSyncReport(ReportContract):
    """One CSV line for each error."""

    connector = "sync-report"
