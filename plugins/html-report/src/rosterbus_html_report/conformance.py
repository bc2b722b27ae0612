"""What the HTML report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestHtmlReport(ConnectorContract):
    """The page of a run."""

    kind = "report"
    connector = "html-report"
