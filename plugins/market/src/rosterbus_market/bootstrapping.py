"""The list by which rosterbus itself is installed from a copy, on a machine that has nothing but Python."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import TOOL, canonical

from rosterbus_market.catalogue import Catalogue
from rosterbus_market.closure import read_closure
from rosterbus_market.state import DEPENDENCIES

BOOTSTRAP = "bootstrap.txt"
HEAD = f"# {PROJECT}, {TOOL}, and all that they need: every file by its SHA-256, for `pip install --require-hashes`\n"


def bootstrap(catalogue: Catalogue, closure: bytes, mirror: Path) -> str:
    """The lines for pip and uv; blank where the marketplace does not have both, or the copy lacks what they need."""
    own = {
        entry.distribution: entry.newest
        for entry in catalogue.entries
        if entry.newest and entry.distribution in (PROJECT, TOOL)
    }
    if len(own) != 2 or not (mirror / DEPENDENCIES).is_dir():
        return ""
    requires = {name: [Requirement(line) for line in one.requires] for name, one in own.items()}
    requires |= _requires_of(mirror / DEPENDENCIES)
    wanted = _reached(requires)
    lines = [f"{name}=={one.version} --hash=sha256:{one.sha256}" for name, one in sorted(own.items())]
    for pinned in read_closure(closure):
        if canonical(pinned.name) in wanted:
            lines.append(f"{pinned.requirement} {' '.join(f'--hash=sha256:{one}' for one in pinned.hashes)}")
    return HEAD + "".join(f"{line}\n" for line in lines)


def _reached(requires: Mapping[str, list[Requirement]]) -> set[str]:
    """The packages that the core and its market need on any machine, without extras."""
    found: set[str] = set()
    waiting = [PROJECT, TOOL]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [
                canonical(one.name) for one in requires.get(name, ()) if "extra" not in str(one.marker)
            ]
    return found


def _requires_of(folder: Path) -> dict[str, list[Requirement]]:
    """What the packages of a folder ask for, as their wheels say; nothing of them is run."""
    return {
        canonical(parse_wheel_filename(path.name)[0]): list(_requirements(path))
        for path in folder.glob("*.whl")
    }


def _requirements(wheel: Path) -> Iterator[Requirement]:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [
            one for one in archive.namelist() if one.count("/") == 1 and one.endswith(".dist-info/METADATA")
        ]
        metadata = BytesParser().parsebytes(archive.read(name), headersonly=True)
    yield from (Requirement(line) for line in metadata.get_all("Requires-Dist", ()))
