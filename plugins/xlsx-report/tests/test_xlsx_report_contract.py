"""The conformance suite: what every plugin keeps."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestXlsxReport(ConnectorContract):
    kind = "report"
    connector = "xlsx-report"
