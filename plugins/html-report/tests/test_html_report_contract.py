"""The conformance suite: what every plugin keeps."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestHtmlReport(ConnectorContract):
    kind = "report"
    connector = "html-report"
