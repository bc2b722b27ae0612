"""The conformance suite: what every plugin keeps."""

from rosterbus_xlsx_report.conformance import TestXlsxReport

__all__ = ["TestXlsxReport"]
