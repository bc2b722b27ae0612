"""The conformance suite: exports of registrations, exports of students, and exports that are picked up."""

from __future__ import annotations

from rosterbus.testing import DestinationContract


class TestEnroll(DestinationContract):
    connector = "enroll"
