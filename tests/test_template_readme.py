"""The README of what the template makes: its commands, typed one after the other, end in another environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

uv = pytest.importorskip("uv").find_uv_bin()

ROOT = Path(__file__).parents[1]
OURS = ("core", "connectors/oneroster", "plugins/certify", "plugins/market", "cookiecutter-connector")
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWERS = {"rosterbus market trust": "--fingerprint {fingerprint}", "rosterbus market install": "--yes"}
"""What a person would say, as an option."""
REJECTED = 4
"""The exit code of a run that delivered, and had to leave some rows out."""
SECONDS = 600


def typed(line: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Type a line in a shell, and answer with all that it says."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode in (0, REJECTED if "rehearse" in line else 0), f"{line}\n{done.stdout}"
    return done.stdout


def commands(readme: Path) -> Iterator[str]:
    for block in BLOCK.findall(readme.read_text(encoding="utf-8")):
        yield from filter(None, block.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="the lines are those of a POSIX shell")
@pytest.mark.timeout(SECONDS)
def test_the_commands_of_the_readme_lead_from_nothing_to_an_installed_connector(tmp_path: Path):
    wheels = tmp_path / "own"
    for folder in OURS:
        typed(f"{uv} build --quiet --wheel --out-dir {wheels} {ROOT / folder}", tmp_path, os.environ)
    # Instead of the index on which rosterbus is published; everything else comes from there.
    found = {"UV_FIND_LINKS": str(wheels), "PIP_FIND_LINKS": str(wheels)}
    path = f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, **found, "PATH": path}
    # What would lead any of the commands into the environment of this process.
    for name in ("VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_CONSTRAINT", "PYTHONPATH"):
        variables.pop(name, None)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = "uv pip install --quiet --python .venv rosterbus rosterbus-market rosterbus-new"
    typed(f"uv venv --quiet --python {sys.executable} .venv && {install}", elsewhere, variables)
    assert (elsewhere / ".venv/bin/rosterbus").is_file()
    there = {**variables, "PATH": f"{elsewhere / '.venv' / 'bin'}{os.pathsep}{path}"}
    new = "rosterbus new --no-input name=acme kind=destination transport=folder --into .."
    typed(new, elsewhere, there)

    said: dict[str, str] = {}
    for line in commands(tmp_path / "rosterbus-acme" / "README.md"):
        here = line.startswith("uv ")
        answers = next((more for words, more in ANSWERS.items() if line.startswith(words)), "")
        fingerprint = next(iter(re.findall(r"\b[0-9a-f]{64}\b", "".join(said.values()))), "")
        said[line] = typed(
            f"{line} {answers.format(fingerprint=fingerprint)}",
            tmp_path / "rosterbus-acme" if here else elsewhere,
            variables if here else there,
        )
    assert "draft: dist/rosterbus_acme-0.1.0" in said["uv run rosterbus certify ."]
    assert "rosterbus-acme 0.1.0" in said["rosterbus market install acme oneroster"]
    assert "confirmed" in said["rosterbus rehearse try"]
    assert "destination `acme`" in said["rosterbus describe acme"]
