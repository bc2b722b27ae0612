"""The order of the tests, where several processes share them."""

from __future__ import annotations

import pytest

LONG = (
    "test_conformance_suite.py",
    "test_source_suite.py",
    "test_interrupted.py",
    "test_mirror_interrupted.py",
)
"""Begun first, so that no process is left with one of them when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)
