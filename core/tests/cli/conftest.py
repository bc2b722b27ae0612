"""The command line as a person uses it, in a project of the toy plugins."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "road" / "site"))

from rosterbus.cli import command_line as run
from village_kit import Village, student

CARD = """
title = "A vendor"
kind = "destination"
system = "A vendor"
guarantee = "once"
absence = "kept"
maturity = "draft"
"""


@dataclass
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Rosterbus = Callable[..., Ran]
Install = Callable[..., None]


@pytest.fixture
def rosterbus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Rosterbus]:
    """A function that runs one command line in the project folder."""
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o022)

    def ran(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    yield ran
    os.umask(umask)


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A project with a village's export of 30 students, and a vendor with an empty folder."""
    made = Village(tmp_path)
    made.vendor.mkdir()
    made.write([student(number) for number in range(1, 31)])
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    return made


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that installs a plugin `name` with this code, version 1.4; a destination unless said otherwise."""
    site = tmp_path_factory.mktemp("site")
    monkeypatch.syspath_prepend(str(site))
    modules = []

    def write(name: str, code: str, *, group: str = "rosterbus.v1.destinations") -> None:
        module = f"rosterbus_{name}_on_the_command_line"
        info = site / f"rosterbus_{name}-1.4.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: rosterbus-{name}\nVersion: 1.4\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n", encoding="utf-8")
        (site / module).mkdir()
        (site / module / "__init__.py").write_text(code, encoding="utf-8")
        (site / module / "connector.toml").write_text(
            CARD.replace('kind = "destination"', f'kind = "{group.rpartition(".")[2].removesuffix("s")}"'),
            encoding="utf-8",
        )
        importlib.invalidate_caches()
        modules.append(module)

    yield write
    for module in modules:
        sys.modules.pop(module, None)
