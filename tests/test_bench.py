"""The benchmark's contestants do the same work: those that everybody has come to the same answers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[1] / "bench"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    script("prepare").main(str(folder), "1200")
    return folder


def test_all_readers_count_the_same_records(district):
    contestants = script("contestants")

    answers = [getattr(contestants, f"read_{name}")(district, 0) for name in ("rosterbus", "csv", "petl")]

    assert answers[0]["rejected"] > 0
    assert answers == [answers[0]] * 3


def test_every_nightly_job_writes_the_same_number_of_students(district):
    contestants = script("contestants")

    answers = [
        getattr(contestants, f"nightly_{name}")(district, 0) for name in ("rosterbus", "script", "checked")
    ]

    assert answers[0]["rows"] > 1000
    assert answers == [answers[0]] * 3
