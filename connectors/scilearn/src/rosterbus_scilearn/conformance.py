"""What mySciLEARN declares to the conformance suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rosterbus.testing import DestinationContract

from rosterbus_scilearn.published import COLUMNS


class TestSciLearn(DestinationContract):
    """One update of the students, by a district that leaves passwords alone."""

    connector = "scilearn"
    settings: ClassVar[Mapping[str, Any]] = {"columns": [name for name in COLUMNS if name != "PASSWORD"]}
