"""Real little distributions, installed into a folder on the path of this interpreter."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

CARD = """
title = "A vendor"
kind = "destination"
system = "A vendor"
pages = ["https://vendor.example.org/"]
hosts = ["{host}"]
guarantee = "once"
absence = "kept"
commands = {}
maturity = "draft"
maintainers = []
"""
GOOD = """
from rosterbus.hookspecs import hookimpl

@hookimpl
def probe(settings):
    return [settings]
"""

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that installs one distribution `rosterbus-<name>` with one module and one entry point."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules: list[str] = []

    def write(
        name: str,
        code: str = GOOD,
        *,
        card: str | None = CARD,
        group: str = "rosterbus.v1.destinations",
        points_to: str | None = None,
        entry: str | None = None,
        version: str = "1.4",
    ) -> str:
        distribution, module = f"rosterbus-{name}", f"rosterbus_{name}_in_{abs(hash(site))}"
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        point = f"[{group}]\n{entry or name} = {points_to or module}\n"
        (info / "entry_points.txt").write_text(point, encoding="utf-8")
        package = site / module
        package.mkdir()
        (package / "__init__.py").write_text(dedent(code), encoding="utf-8")
        if card is not None:
            (package / "connector.toml").write_text(card, encoding="utf-8")
        importlib.invalidate_caches()
        modules.append(module)
        return module

    yield write
    for module in modules:
        sys.modules.pop(module, None)
