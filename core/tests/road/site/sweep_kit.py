"""Starts a sweep of killed runs as a program of its own, since it forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 540


def swept(script: Path, folder: Path, *arguments: str) -> Any:
    """What a sweep told as JSON; its warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(folder), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        env={**os.environ, "PYTHONPATH": str(script.with_name("site"))},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
