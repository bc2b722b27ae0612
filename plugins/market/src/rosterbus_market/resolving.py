"""Finds with uv what belongs together: the connectors that are wanted and all that they need, for every platform.

Nothing that is unverified has a say in it. uv is given an index of its own, written here from the verified catalogue
and from what the core stands on, and it comes first, so that none of these names is ever looked for elsewhere. What
comes from elsewhere must have a SHA-256 that the marketplace signed.
"""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import platform
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from rosterbus.errors import PluginError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import Lock, LockedPackage, canonical

from rosterbus_market.catalogue import Catalogue, Entry, Release, extras_in
from rosterbus_market.choosing import unfit
from rosterbus_market.closure import read_closure
from rosterbus_market.downloading import file_name
from rosterbus_market.environment import core_packages, needs
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.uv_process import run_uv, uv_said


@dataclass(frozen=True)
class Vouched:
    """What may be installed: the catalogue's wheels, what its closure names, and what was agreed to before."""

    catalogue: Catalogue
    closure: bytes
    former: Lock | None = None
    dependencies: Path | None = None
    """A folder of wheels to take everything else from, so that no index is asked."""

    def hashes(self) -> dict[tuple[str, str], set[str]]:
        """The SHA-256 that a package from elsewhere may have, by name and version."""
        found: dict[tuple[str, str], set[str]] = {}
        for pinned in read_closure(self.closure):
            found.setdefault((canonical(pinned.name), pinned.version), set()).update(pinned.hashes)
        for one in self.former.packages if self.former else ():
            if one.origin == "index":
                found.setdefault((one.name, one.version), set()).update(one.files.values())
        return found


def resolve(
    wanted: Mapping[str, Release],
    vouched: Vouched,
    extras: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[LockedPackage]:
    """The closure of `wanted`, releases by distribution, with some of their `extras`.

    Raises PluginError where none was vouched for.
    """
    held = core_packages()
    with tempfile.TemporaryDirectory(prefix="rosterbus-market-") as name:
        folder = Path(name)
        index = _write_index(folder / "index", vouched.catalogue, held)
        roots = "".join(f"{_with(name, extras)}=={one.version}\n" for name, one in sorted(wanted.items()))
        (folder / "wanted.txt").write_text(roots, encoding="utf-8")
        (folder / "constraints.txt").write_text(_constraints(vouched, held), encoding="utf-8")
        answer = _compile(folder, index, vouched.dependencies, ", ".join(roots.split()))
    locked = [_locked(one, vouched, held, wanted) for one in answer["packages"]]
    return [replace(one, extras=tuple(extras.get(one.name, ()))) if one.requested else one for one in locked]


def _with(name: str, extras: Mapping[str, Sequence[str]]) -> str:
    return f"{name}[{','.join(extras[name])}]" if extras.get(name) else name


def _compile(folder: Path, index: str, dependencies: Path | None, roots: str) -> dict[str, Any]:
    elsewhere = ["--index", index]
    if dependencies is not None:
        elsewhere = ["--default-index", index, "--find-links", str(dependencies), "--offline"]
    output, python = folder / "pylock.toml", ".".join(platform.python_version_tuple()[:2])
    process = run_uv(
        [
            *("pip", "compile", "wanted.txt", "--constraints", "constraints.txt"),
            *("--universal", "--only-binary", ":all:", "--index-strategy", "first-index"),
            *("--format", "pylock.toml", "--output-file", str(output), "--no-header", "--quiet"),
            *("--python", sys.executable, "--python-version", python, *elsewhere),
        ],
        folder=folder,
    )
    if process.returncode:
        raise PluginError(f"{roots} cannot be installed with what was vouched for: {uv_said(process)}")
    return tomllib.loads(output.read_text(encoding="utf-8"))


def _constraints(vouched: Vouched, held: Collection[str]) -> str:
    """One version for each package from elsewhere: the closure's, else the one that was agreed to before."""
    pins = [(canonical(one.name), str(one.requirement)) for one in read_closure(vouched.closure)]
    named = {name for name, _ in pins}
    for one in vouched.former.packages if vouched.former else ():
        if one.origin == "index" and one.name not in named:
            pins.append((one.name, f"{one.name}=={one.version}{f' ; {one.marker}' if one.marker else ''}"))
    return "".join(f"{line}\n" for name, line in pins if name not in held)


def _locked(
    found: Mapping[str, Any],
    vouched: Vouched,
    held: Mapping[str, importlib.metadata.Distribution],
    wanted: Mapping[str, Release],
) -> LockedPackage:
    name, version = canonical(found["name"]), found["version"]
    package = LockedPackage(name, version, "index", found.get("marker", ""), name in wanted)
    if name in held:
        return replace(package, origin="core")
    entry = vouched.catalogue.entry(name)
    if entry is not None:
        release = next(one for one in entry.releases if one.version == version)
        return replace(package, origin="marketplace", files={release.wheel: release.sha256})
    if name == PROJECT or name.startswith(f"{PROJECT}-"):
        wrong = f"{name} is asked for, which is not in the marketplace; a package of that name elsewhere is not ours"
        raise PluginError(f"{wrong}; ask the marketplace's maintainers for it")
    return replace(package, files=_vouched_files(name, version, found, vouched))


def _vouched_files(name: str, version: str, found: Mapping[str, Any], vouched: Vouched) -> dict[str, str]:
    allowed = vouched.hashes().get((name, version))
    if not allowed:
        wrong = f"a connector asks for {name} {version}, which the marketplace's signed closure does not have"
        raise SiteRefusedError(f"{wrong}; ask its maintainers to build it again")
    files = {_file_name(one): one["hashes"]["sha256"] for one in found.get("wheels", [])}
    same = {file: sha256 for file, sha256 in files.items() if sha256 in allowed}
    if not same:
        wrong = f"the package index offers other files as {name} {version} than the marketplace's signed closure names"
        raise SiteRefusedError(f"{wrong}; see which index uv is set to")
    return same


def _file_name(wheel: Mapping[str, Any]) -> str:
    return file_name(str(wheel.get("name") or wheel.get("path") or urlsplit(wheel["url"]).path))


def _write_index(
    folder: Path, catalogue: Catalogue, held: Mapping[str, importlib.metadata.Distribution]
) -> str:
    """An index of empty wheels that have nothing but their requirements; answers with its URL."""
    for name, distribution in held.items():
        there = [str(one) for one in needs(distribution) if canonical(one.name) in held]
        requires = [*there, *_of_extras(distribution)]
        # uv takes files of one SHA-256 for one file, whatever they are called.
        sha256 = hashlib.sha256(f"{name} {distribution.version}".encode()).hexdigest()
        _write_project(folder, name, [(distribution.version, requires, "", sha256)])
    for entry in catalogue.entries:
        if canonical(entry.distribution) not in held:
            _write_project(folder, entry.distribution, list(_installable(entry)))
    return folder.resolve().as_uri()


def _installable(entry: Entry) -> Iterator[tuple[str, Sequence[str], str, str]]:
    for one in entry.releases:
        if not one.withdrawn and not unfit(one):
            yield one.version, one.requires, one.requires_python, one.sha256


def _of_extras(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker and "extra" in str(requirement.marker):
            yield line


def _write_project(folder: Path, name: str, releases: Sequence[tuple[str, Sequence[str], str, str]]) -> None:
    project = folder / canonical(name)
    project.mkdir(parents=True)
    links = []
    for version, requires, python, sha256 in releases:
        stem = f"{canonical(name).replace('-', '_')}-{version}"
        wheel = f"{stem}-py3-none-any.whl"
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
        lines += [f"Requires-Python: {python}\n"] if python else []
        lines += [f"Provides-Extra: {one}\n" for one in extras_in(requires)]
        lines += [f"Requires-Dist: {one}\n" for one in requires]
        with zipfile.ZipFile(project / wheel, "w") as archive:
            archive.writestr(f"{stem}.dist-info/METADATA", "".join(lines) + "\n")
        needs_python = f' data-requires-python="{html.escape(python)}"' if python else ""
        links.append(f'<a href="{wheel}#sha256={sha256}"{needs_python}>{wheel}</a>')
    page = "<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>"
    (project / "index.html").write_text(page, encoding="utf-8")
