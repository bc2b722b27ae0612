"""The conformance suite: mySciLEARN."""

from __future__ import annotations

from rosterbus.testing import DestinationContract


class TestSciLearn(DestinationContract):
    connector = "scilearn"
