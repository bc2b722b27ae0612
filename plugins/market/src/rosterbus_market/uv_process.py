"""Runs uv, the program that resolves and installs, with nothing around that would change its choice."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uv
from rosterbus.errors import ConfigError

from rosterbus_market.environment import uv_environment

SECONDS = 600


def uv_said(process: subprocess.CompletedProcess[str]) -> str:
    """What uv had to say, on one line."""
    text = re.sub(r"^(error: |  [×╰─▶│ ]+)", "", process.stderr, flags=re.MULTILINE)
    return " ".join(text.split()).rstrip(".")


def run_uv(arguments: Sequence[str], *, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run uv for this interpreter, with nothing of the environment or of a project that would change its choice."""
    return subprocess.run(  # noqa: S603 - the program of a package that this one declares
        # Not a `uv.toml` of the folder for temporary files either, where every account may write.
        [_program(), "--no-config", *arguments],
        cwd=folder or tempfile.gettempdir(),
        env=dict(uv_environment()),
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=SECONDS,
        check=False,
    )


def _program() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError:
        found = shutil.which(
            "uv"
        )  # where the package was unpacked without its program, as some distributions do
        if found is None:
            raise ConfigError("uv is not here, which installs; run: pip install uv") from None
        return found
