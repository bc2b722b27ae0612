"""The conformance suite: registrations written as exports, and exports picked up."""

from rosterbus_enroll.conformance import TestEnroll, TestEnrollSource

__all__ = ["TestEnroll", "TestEnrollSource"]
