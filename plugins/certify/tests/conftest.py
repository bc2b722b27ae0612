"""Small distributions that are made for one test, and the command that certifies them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from rosterbus.cli import command_line

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "rosterbus-toy"
version = "1.0"
requires-python = ">=3.11"
dependencies = [{requires}]

[project.entry-points."rosterbus.v1.extensions"]
toy = "rosterbus_toy"

[tool.hatch.build.targets.wheel]
packages = ["src/rosterbus_toy"]
"""
CONFORMANCE = """
import os
import time

import pytest
from rosterbus.testing import Ability, ConnectorContract


class TestToy(ConnectorContract):
    kind = "extension"
    connector = "toy"
"""
METADATA = "Metadata-Version: 2.4\nName: rosterbus-toy\nVersion: 1.0\n"
POINTS = "[rosterbus.v1.extensions]\ntoy = rosterbus_toy\n"
CARD = 'title = "{title}"\nkind = "extension"\nsystem = ""\nmaturity = "draft"\n'


@dataclass(frozen=True)
class Toy:
    """A distribution's folder; `write` changes one file of its package."""

    folder: Path
    requires: str = ""

    @property
    def package(self) -> Path:
        return self.folder / "src" / "rosterbus_toy"

    def write(self, name: str, text: str) -> None:
        (self.package / name).write_text(text, encoding="utf-8", newline="\n")

    def wheel(self) -> Path:
        """The wheel of the package as it stands, without the seconds that a build back end takes."""
        path = self.folder / "built" / "rosterbus_toy-1.0-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        required = "".join(f"Requires-Dist: {one}\n" for one in json.loads(f"[{self.requires}]"))
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(self.package.iterdir()):
                archive.write(file, f"rosterbus_toy/{file.name}")
            archive.writestr("rosterbus_toy-1.0.dist-info/METADATA", METADATA + required)
            archive.writestr("rosterbus_toy-1.0.dist-info/entry_points.txt", POINTS)
        return path

    def spoil(self) -> None:
        """Break one promise: the card says no title any more."""
        self.write("connector.toml", CARD.format(title=""))

    def declare(self, more: str) -> None:
        """Add lines to the test class."""
        lines = [f"    {line}".rstrip() for line in more.strip("\n").splitlines()]
        self.write("conformance.py", CONFORMANCE + "\n" + "\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def make_toy():
    def make(folder, requires="", title="A toy"):
        made = Toy(folder, requires)
        made.package.mkdir(parents=True)
        text = PROJECT.format(requires=requires)
        (made.folder / "pyproject.toml").write_text(text, encoding="utf-8", newline="\n")
        made.write("__init__.py", '"""A toy."""\n')
        made.write("connector.toml", CARD.format(title=title))
        made.write("conformance.py", CONFORMANCE)
        return made

    return make


@pytest.fixture
def toy(tmp_path, make_toy):
    def make(requires="", name="toy", title="A toy"):
        return make_toy(tmp_path / name, requires, title)

    return make


@pytest.fixture
def certify(capsys):
    """Run `rosterbus certify --json`: the exit code, and what it printed."""

    def run(*arguments):
        code = command_line(["certify", *map(str, arguments), "--json"])
        told = json.loads(capsys.readouterr().out)
        assert told["exit"] == code
        return code, told

    return run
