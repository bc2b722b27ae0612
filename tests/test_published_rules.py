"""Every rule that an installed connector publishes is tested beside it."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from rosterbus.findings import RuleDoc

CONNECTORS = Path(__file__).parents[1] / "connectors"
RULES: dict[str, tuple[str, RuleDoc]] = {
    f"{one.name}: {rule.name}": (one.name, rule)
    for group in ("rosterbus.v1.destinations", "rosterbus.v1.sources")
    for one in entry_points(group=group)
    if (CONNECTORS / one.name).is_dir()
    for rule in getattr(importlib.import_module(one.value), "RULES", ())
}


def test_the_rules_of_every_vendor_are_known() -> None:
    vendors = {"handshake", "samegoal", "scilearn", "enroll", "great-minds"}
    assert vendors <= {connector for connector, _ in RULES.values()}


@pytest.mark.parametrize("which", RULES)
def test_a_published_rule_is_told_by_name_in_the_tests_of_its_connector(which: str) -> None:
    connector, rule = RULES[which]
    tests = [
        path.read_text(encoding="utf-8") for path in (CONNECTORS / connector / "tests").glob("test_*.py")
    ]
    assert any(f'"{rule.name}"' in text for text in tests)
