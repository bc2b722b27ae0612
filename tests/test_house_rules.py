"""Rules that hold for every file: sizes, names, who may import whom, and no trace of one machine."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for kind in ("core", "connectors/*", "plugins/*", "cookiecutter-connector")
    for path in ROOT.glob(f"{kind}/src/**/*.py")
)
TESTS = sorted(
    path
    for kind in ("core/", "connectors/*/", "plugins/*/", "cookiecutter-connector/", "")
    for path in ROOT.glob(f"{kind}tests/**/*.py")
)
VAGUE = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
A_MACHINE = re.compile(
    r"artifactory|nexus/repository|://(?!127\.0\.0\.1)\S+/simple/|registry = \"|files\.[a-z]+\.org"
    r"|index-url[ =]+https?://(?!127\.|localhost)|(?<![\w.])/(?:work|root)/|/home/[a-z]|/Users/[A-Za-z]"
)


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_core_imports_no_connector_and_no_plugin():
    core = [path for path in SOURCES if path.is_relative_to(ROOT / "core")]

    assert core
    assert [
        shown(path) for path in core if any(name.startswith("rosterbus_") for name in imported(path))
    ] == []


def test_a_distribution_imports_only_the_distributions_that_it_declares():
    undeclared = []
    for path in SOURCES:
        folder = next(parent for parent in path.parents if (parent / "pyproject.toml").is_file())
        said = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        declared = {re.split(r"[\[>=]", line)[0].replace("-", "_") for line in said["dependencies"]}
        declared.add(said["name"].replace("-", "_"))
        ours = {name for name in imported(path) if name.startswith("rosterbus")}
        undeclared += [f"{shown(path)}: {name}" for name in sorted(ours - declared)]
    assert undeclared == []


def test_no_database_is_opened_that_would_spill_into_the_working_folder():
    assert [shown(path) for path in SOURCES if "duckdb.connect()" in path.read_text(encoding="utf-8")] == []


def test_no_file_is_too_long():
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in (*SOURCES, *TESTS)}

    assert {name: length for name, length in lengths.items() if length > 450} == {}


def test_no_function_is_too_long():
    long = [
        f"{shown(path)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= 55
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing():
    assert [shown(path) for path in SOURCES if VAGUE & set(path.stem.split("_"))] == []


def test_every_module_says_in_its_docstring_what_it_is():
    silent = [
        shown(path)
        for path in SOURCES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_test_files_have_names_of_their_own_and_no_packages():
    # A folder named site holds what is installed for a test: little distributions with packages of their own.
    own = [path for path in TESTS if path.name != "conftest.py" and "site" not in path.parts]
    names = Counter(path.name for path in own)

    assert [name for name, times in names.items() if times > 1] == []
    assert "__init__.py" not in names


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="needs git and a checkout"
)
def test_no_tracked_file_names_a_registry_or_one_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, timeout=60)
    paths = [ROOT / name for name in listed.stdout.decode("utf-8").split("\0") if name]
    traces = []
    for path in paths:
        if path.is_file() and path != Path(__file__):
            text = path.read_bytes().decode("utf-8", errors="ignore")
            traces += [f"{shown(path)}: {match.group()}" for match in A_MACHINE.finditer(text)]
    assert traces == []
