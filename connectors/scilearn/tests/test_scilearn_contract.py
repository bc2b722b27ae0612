"""The conformance suite: mySciLEARN."""

from __future__ import annotations

from typing import ClassVar

from rosterbus.testing import DestinationContract
from rosterbus_scilearn.published import COLUMNS


class TestSciLearn(DestinationContract):
    connector = "scilearn"
    settings: ClassVar = {"columns": [name for name in COLUMNS if name != "PASSWORD"]}
