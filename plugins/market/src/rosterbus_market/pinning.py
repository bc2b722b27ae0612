"""Resolves once what the newest connectors need from elsewhere: for every platform, each file with its hash."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rosterbus.errors import ConfigError

from rosterbus_market.catalogue import Catalogue
from rosterbus_market.closure import OLDEST_PYTHON, read_closure
from rosterbus_market.simple_index import INDEX
from rosterbus_market.uv_process import run_uv, uv_said


def resolve_closure(catalogue: Catalogue, site: Path) -> bytes:
    """Resolve all newest releases of `site` together, with their extras.

    Its own index comes before the one that uv is set up for. Raises ConfigError where they do not fit together, or
    where no index can be reached.
    """
    newest = [(entry.distribution, entry.newest) for entry in catalogue.entries if entry.newest]
    with tempfile.TemporaryDirectory() as scratch:
        asked, answer = Path(scratch) / "requirements.in", Path(scratch) / "closure.txt"
        lines = [f"{name}[{','.join(one.extras)}]=={one.version}\n" for name, one in newest]
        asked.write_text("".join(lines), encoding="utf-8")
        own = [entry.distribution for entry in catalogue.entries]
        process = run_uv(_command(asked, answer, site, own), folder=Path(scratch))
        if process.returncode:
            msg = "what the connectors need cannot be resolved; `--no-closure` leaves it to the client"
            raise ConfigError(f"{msg}: {uv_said(process)}")
        content = answer.read_bytes()
    _check(content, own)
    return content


def _command(asked: Path, answer: Path, site: Path, own: Sequence[str]) -> list[str]:
    index = (site / INDEX).absolute().as_uri()
    options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    for name in own:
        options += ["--no-emit-package", name, "--refresh-package", name]
    where = ["--index", index, "--index-strategy", "first-index", "--python-version", OLDEST_PYTHON]
    return ["pip", "compile", "--quiet", *options, *where, "-o", str(answer), str(asked)]


def _check(content: bytes, own: Sequence[str]) -> None:
    foreign = [one.name for one in read_closure(content) if one.name.startswith("rosterbus")]
    if foreign:
        msg = "the closure would take a connector from another index; give its wheel to the marketplace"
        raise ConfigError(msg, found=", ".join(foreign), allowed=", ".join(own))
