"""A run that is killed anywhere leaves a source's state and its mirror in step, and the vendor gets every change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sweep_kit import swept

SWEEP = Path(__file__).with_name("mirror_sweep.py")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the sweep forks"),
    pytest.mark.timeout(600),
]


def sweep(folder: Path, *arguments: str) -> dict[str, Any]:
    return swept(SWEEP, folder, *arguments)


def test_a_run_killed_at_any_step_has_the_old_mirror_or_the_new_and_loses_no_change(tmp_path):
    told = sweep(tmp_path)
    assert told["broken"] == []
    steps = {"before a table of the mirror", "after a table of the mirror", "after the former mirror"}
    assert steps | {"before Sources.accept", "after Sources.accept", "before Plans.record"} <= set(
        told["killed"]
    )


@pytest.mark.parametrize(
    ("mutant", "noticed"),
    [
        ("state first", "the source's state is {'seen': 2}, and the mirror has 12 rows"),
        ("old goes first", "before Sources.accept: the mirror cannot be read"),
    ],
)
def test_the_sweep_notices_a_product_whose(tmp_path, mutant, noticed):
    assert noticed in "\n".join(sweep(tmp_path, mutant)["broken"])
