"""What the XLSX report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ReportContract


class TestXlsxReport(ReportContract):
    """The workbook of a run."""

    connector = "xlsx-report"
