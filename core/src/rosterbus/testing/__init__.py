"""The conformance suite: the first test of every connector.

    class TestExample(DestinationContract):
        connector = "example"
        ability = Ability(test_files=True)

A test class names its connector and inherits every test. What a connector can do is declared as data, and no test may
be overridden. Needs pytest: ``pip install rosterbus[testing]``.
"""

# ruff: noqa: E402 - pytest has to know of the modules with asserts before they are imported

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    import pytest
except ImportError as error:
    raise ImportError("the conformance suite needs pytest; run: pip install 'rosterbus[testing]'") from error

pytest.register_assert_rewrite(
    "rosterbus.testing.arriving",
    "rosterbus.testing.connectors",
    "rosterbus.testing.destinations",
    "rosterbus.testing.enduring",
    "rosterbus.testing.file_sources",
    "rosterbus.testing.incremental_sources",
    "rosterbus.testing.live_sources",
    "rosterbus.testing.reading",
    "rosterbus.testing.reports",
    "rosterbus.testing.rules",
    "rosterbus.testing.sources",
    "rosterbus.testing.trying",
)

from rosterbus.testing.ability import Ability
from rosterbus.testing.connectors import ConnectorContract

if TYPE_CHECKING:
    from rosterbus.testing.destinations import DestinationContract
    from rosterbus.testing.reports import ReportContract
    from rosterbus.testing.rules import RulesContract
    from rosterbus.testing.sources import SourceContract

__all__ = [
    "Ability",
    "ConnectorContract",
    "DestinationContract",
    "ReportContract",
    "RulesContract",
    "SourceContract",
]

_LATER = {
    "DestinationContract": "destinations",
    "ReportContract": "reports",
    "RulesContract": "rules",
    "SourceContract": "sources",
}


def __getattr__(name: str) -> Any:
    """Import what runs whole pipelines only for those whose tests do."""
    if module := _LATER.get(name):
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
