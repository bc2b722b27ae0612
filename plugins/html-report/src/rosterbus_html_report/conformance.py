"""What the HTML report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ReportContract


class TestHtmlReport(ReportContract):
    """The page of a run."""

    connector = "html-report"
