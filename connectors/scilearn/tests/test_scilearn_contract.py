"""The conformance suite: mySciLEARN."""

from rosterbus_scilearn.conformance import TestSciLearn

__all__ = ["TestSciLearn"]
