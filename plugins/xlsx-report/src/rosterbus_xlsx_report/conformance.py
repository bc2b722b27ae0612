"""What the XLSX report declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestXlsxReport(ConnectorContract):
    """The workbook of a run."""

    kind = "report"
    connector = "xlsx-report"
