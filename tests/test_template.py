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
TOGETHER = [("both", transport) for transport in TRANSPORTS if transport != "https"]
"""Made of the very modules of two connectors that are certified apart; one of the five is certified whole."""
APART = [one for one in COMBINATIONS if one not in TOGETHER]
OWN = ("README.md", "pyproject.toml", "connector.toml", "conformance.py", "test_acme_contract.py", "index.md")
"""What is said of a connector as a whole."""
LOADING = (
    "test_it_is_found_and_loads_alone",
    "test_its_card_is_complete",
    "test_it_has_the_hooks_of_its_kind_and_the_commands_of_its_card",
    "test_importing_it_does_nothing_and_brings_nothing_heavy",
    "test_every_setting_says_what_it_is",
)
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


def checked(answers: dict[str, str], types: Path, into: Path) -> Path:
    """Generate a connector by the command, and find nothing wrong with its style and types."""
    say(into, "rosterbus", "new", "--no-input", *(f"{key}={answer}" for key, answer in answers.items()))
    folder = into / "rosterbus-acme"
    lint(folder)
    say(folder, "mypy", "--cache-dir", types)
    return folder


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(("kind", "transport"), APART)
def test_what_is_generated_builds_lints_types_and_is_certified_unedited(
    kind: str, transport: str, types: Path, tmp_path: Path
):
    folder = checked(answered(kind, transport), types, tmp_path)
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


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(("kind", "transport"), TOGETHER)
def test_a_connector_of_both_kinds_is_made_of_two_that_are_certified_and_loads_as_both(
    kind: str, transport: str, types: Path, tmp_path: Path
):
    folder = checked(answered(kind, transport), types, tmp_path)
    apart = {}
    for one in ("source", "destination"):
        place = tmp_path / one
        place.mkdir()
        single = render(complete(answered(one, transport)), place, layout={})
        apart |= {(one, name): text for name, text in files(single).items()}
    for name, text in files(folder).items():
        assert name.endswith(OWN) or text in (
            apart.get(("source", name)),
            apart.get(("destination", name)),
        ), name

    cases = [f"{one}:acme::{test}" for one in ("source", "destination") for test in LOADING]
    say(folder, "rosterbus", "certify", ".", *(word for case in cases for word in ("--case", case)))


def files(folder: Path) -> dict[str, str]:
    """What a person reads of a generated folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".py", ".toml", ".md", ".yml")
    }


@pytest.mark.parametrize("names", [SHORTEST, LONGEST], ids=["shortest", "longest"])
def test_what_is_generated_is_clean_whatever_it_is_called(names: dict[str, str], tmp_path: Path):
    for kind, transport in COMBINATIONS:
        into = tmp_path / f"{kind}-{transport}"
        into.mkdir()
        render(complete(answered(kind, transport, **names)), into, layout={})
    lint(tmp_path)
