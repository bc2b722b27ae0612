"""The conformance suite: what every plugin keeps."""

from rosterbus_sync_report.conformance import TestSyncReport

__all__ = ["TestSyncReport"]
