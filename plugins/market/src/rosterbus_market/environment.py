"""The environment of Python that connectors are installed into: what is there, and what may not change."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ParserError
from pathlib import Path

from packaging.requirements import Requirement
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import TOOL, canonical

_KEPT = {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_HTTP_TIMEOUT"}
_KEPT |= {"UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_CONCURRENT_DOWNLOADS", "UV_LINK_MODE"}
_CREDENTIAL = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")


def core_packages() -> dict[str, importlib.metadata.Distribution]:
    """The core and everything that it needs, by name: what an installation may never change."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [PROJECT]
    while waiting:
        name = canonical(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [one.name for one in needs(found[name])]
    return found


def needs(distribution: importlib.metadata.Distribution) -> Iterator[Requirement]:
    """What a distribution asks for on this machine, without its extras."""
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def needed_by_others(leaving: set[str]) -> set[str]:
    """The packages that anything asks for that stays when `leaving` goes, extras included."""
    staying = [one for one in importlib.metadata.distributions() if canonical(one.name) not in leaving]
    return {canonical(Requirement(line).name) for one in staying for line in one.requires or ()}


def plugins() -> dict[str, str]:
    """The distributions with plugins that are installed, and their versions; the marketplace's tool is none."""
    points = importlib.metadata.entry_points()
    groups = [group for group in points.groups if group.startswith(f"{PROJECT}.")]
    found = {
        canonical(one.dist.name): one.dist.version
        for group in groups
        for one in points.select(group=group)
        if one.dist
    }
    found.pop(TOOL, None)
    return found


def refuse_system_python() -> None:
    """Raise ConfigError where the interpreter belongs to the system, in its own words."""
    if sys.prefix != sys.base_prefix:
        return
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if marker.is_file():
        raise ConfigError(
            "this Python is managed by the system, and connectors are not installed into it; make an environment "
            f"with `python -m venv` and install rosterbus there{_said(marker)}",
            file=marker,
        )


def uv_environment() -> Mapping[str, str]:
    """The environment variables for uv: where the package index is and how to reach it, and no choice of packages."""
    own = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in own and (not name.startswith("UV_") or name in _KEPT or _CREDENTIAL.fullmatch(name))
    }


def _said(marker: Path) -> str:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(marker, encoding="utf-8")
        said = parser["externally-managed"]["Error"]
    except (ParserError, KeyError, UnicodeDecodeError):
        return ""
    return f" (it says: {' '.join(said.split())})"
