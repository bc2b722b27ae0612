"""What the template makes keeps every promise before anybody has touched it: every kind over every transport."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from itertools import product
from pathlib import Path

import pytest
from rosterbus.certificates import certificate_of, read_certificate
from rosterbus_new.answers import KINDS, TRANSPORTS, WITHOUT_TRANSPORT, complete
from rosterbus_new.rendering import render

COMBINATIONS = [
    *product((kind for kind in KINDS if kind not in WITHOUT_TRANSPORT), TRANSPORTS),
    *((kind, "") for kind in WITHOUT_TRANSPORT),
]
LONGEST = {"name": "a" * 40, "system": "Anne d'Arc & Söhne (SIS), 2.0 + 789 1234"}
SHORTEST = {"name": "a", "system": "A"}
SECONDS = 600


@pytest.fixture(scope="session")
def types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy has read once, the core above all, it need not read again."""
    return tmp_path_factory.mktemp("types")


def answered(kind: str, transport: str, **more: str) -> dict[str, str]:
    return {"name": "acme", "kind": kind, **({"transport": transport} if transport else {}), **more}


def say(folder: Path, *words: str | Path, before: Path | None = None) -> None:
    """Run a command of this environment, with the packages of `before` in front, and show what it does not like."""
    command, *rest = words
    done = subprocess.run(
        [Path(sys.executable).with_name(str(command)), *rest],
        cwd=folder,
        env={**os.environ, **({"PYTHONPATH": str(before)} if before else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout


def lint(folder: Path) -> None:
    say(folder, "ruff", "check", "--no-cache", ".")
    say(folder, "ruff", "format", "--no-cache", "--diff", ".")


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(("kind", "transport"), COMBINATIONS)
def test_what_is_generated_builds_lints_types_and_is_certified_unedited(
    kind: str, transport: str, types: Path, tmp_path: Path
):
    words = [f"{key}={answer}" for key, answer in answered(kind, transport).items()]
    say(tmp_path, "rosterbus", "new", "--no-input", *words)
    folder = tmp_path / "rosterbus-acme"
    lint(folder)
    say(folder, "mypy", "--cache-dir", types)
    say(folder, "rosterbus", "certify", ".")

    [wheel] = (folder / "dist").glob("*.whl")
    certificate = read_certificate(certificate_of(wheel))
    assert {one.outcome for one in certificate.outcomes} <= {"passed", "not applicable"}
    # Only a report says nothing of a system that somebody would have to look up.
    assert certificate.standing == ("certified" if kind == "report" else "draft")
    if own := [path for path in (folder / "tests").glob("test_*.py") if "contract" not in path.name]:
        with zipfile.ZipFile(wheel) as package:
            package.extractall(tmp_path / "installed")
        say(folder, "pytest", "-p", "no:cacheprovider", *own, before=tmp_path / "installed")


@pytest.mark.parametrize("names", [SHORTEST, LONGEST], ids=["shortest", "longest"])
def test_what_is_generated_is_clean_whatever_it_is_called(names: dict[str, str], tmp_path: Path):
    for kind, transport in COMBINATIONS:
        into = tmp_path / f"{kind}-{transport}"
        into.mkdir()
        render(complete(answered(kind, transport, **names)), into, layout={})
    lint(tmp_path)
