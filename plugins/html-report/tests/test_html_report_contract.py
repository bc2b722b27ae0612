"""The conformance suite: what every plugin keeps."""

from rosterbus_html_report.conformance import TestHtmlReport

__all__ = ["TestHtmlReport"]
