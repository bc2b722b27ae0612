"""A run that is killed anywhere is finished by the next one: delivered once, or held, and never half read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sweep_kit import swept

SWEEP = Path(__file__).with_name("interruption_sweep.py")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the sweep forks"),
    pytest.mark.timeout(600),
]


def sweep(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """The stories of a sweep, each of at least one run that died of signal 9."""
    return swept(SWEEP, folder, *arguments)


def broken(stories: list[dict[str, Any]]) -> list[str]:
    return [one for story in stories for one in story["broken"]]


def test_a_run_killed_at_any_step_is_delivered_once_and_the_baseline_is_right_afterwards(tmp_path):
    stories = sweep(tmp_path, "early")
    assert broken(stories) == []
    assert not any(story["held"] for story in stories)
    killed = {story["killed"][0] for story in stories}
    steps = ["Runs.begin", "Plans.record", "Sources.accept", "Deliveries.create", "Deliveries.fix_intent"]
    steps += ["Deliveries.attempt", "students.csv", "contacts.csv", "Deliveries.mark_sent", "the marker"]
    steps += ["Confirmations.confirm", "Runs.end"]
    assert {f"{when} {step}" for when in ("before", "after") for step in steps} <= killed


def test_so_is_one_whose_vendor_has_not_looked_yet(tmp_path):
    stories = sweep(tmp_path, "late")
    assert broken(stories) == []
    assert not any(story["held"] for story in stories)
    assert len(stories) >= 6


def test_so_is_one_whose_recovery_is_killed_too(tmp_path):
    stories = sweep(tmp_path, "twice")
    assert broken(stories) == []
    assert len(stories) >= 12
    assert all(len(story["killed"]) == 2 for story in stories)


@pytest.mark.parametrize(
    ("mutant", "place", "noticed"),
    [
        ("marker first", "before contacts.csv", "has a marker and holds {'students.csv': 13}"),
        ("no reconcile", "after the marker", "the vendor got ['20261120-1', '20261120-1-again']"),
        ("forgetful", "after the marker", "the vendor got ['20261120-1', '20261120-2']"),
        ("confirmed before load", "after Confirmations.confirm", "the vendor got []"),
    ],
)
def test_the_sweep_notices_a_product_that_is(tmp_path, mutant, place, noticed):
    assert noticed in "\n".join(broken(sweep(tmp_path, "early", mutant, place)))
