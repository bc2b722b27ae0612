from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SWEEP = Path(__file__).with_name("crash_sweep.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the sweep forks")


def sweep(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(SWEEP), str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_delivery_killed_before_any_statement_is_in_a_legal_state_and_can_be_finished(tmp_path):
    result = sweep(tmp_path)
    assert result["broken"] == []
    assert result["killed"] > 50


def test_the_sweep_notices_when_the_transactions_are_taken_away(tmp_path):
    found = "\n".join(sweep(tmp_path, "unguarded")["broken"])
    assert "address or names are otherwise" in found
    assert "baselines of ['sections', 'students'] moved" in found or "the plan is otherwise" in found
    assert "the record says otherwise" in found
