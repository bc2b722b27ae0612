"""The lock of a project: which packages its environment has, file by file, and what a person agreed to.

`rosterbus.lock` is written by `rosterbus market` and read here, so that a run needs neither the marketplace nor the
plugin that knows of it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT

LOCK = "rosterbus.lock"
TOOL = "rosterbus-market"
"""The distribution that writes locks. No lock binds it: nobody could repair one otherwise."""
SCHEMA = 1
Origin = Literal["marketplace", "index", "core"]
"""Where a package is from: the marketplace, the index that its connectors need beside it, or here before it all."""
KEPT = ("METADATA", "entry_points.txt")
"""What of a wheel's own description is as good as code: what it asks for, and the modules that it has us import."""
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
"""How a version or the file of a wheel is written: nothing that a path or an installer's list would read otherwise."""
_VERSION = re.compile(r"^Version: (\S+)$", re.MULTILINE)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Agreed:
    """What a person was shown of a plugin and agreed to. `hosts` is what it declares, `on` a day in ISO."""

    hosts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    on: str = ""
    by: str = ""


@dataclass(frozen=True)
class LockedPackage:
    """One package of the closure. `files` are the SHA-256 of its wheels for all platforms, by file name.

    `marker` says on which machines it is needed, blank for all; `content` is what `content_of` gives for a wheel of
    the marketplace; `requested` is true of what was asked for by name, with which of its `extras`.
    """

    name: str
    version: str
    origin: Origin
    marker: str = ""
    requested: bool = False
    extras: tuple[str, ...] = ()
    content: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    agreed: Agreed = Agreed()


@dataclass(frozen=True)
class Lock:
    """What `rosterbus.lock` says. `fingerprint` is that of the marketplace's root, `core` the version of rosterbus."""

    location: str
    fingerprint: str
    core: str
    packages: tuple[LockedPackage, ...] = ()

    def versions(self, name: str) -> list[LockedPackage]:
        """The entries of one package: more than one where platforms need different versions."""
        return [one for one in self.packages if one.name == canonical(name)]


def canonical(name: str) -> str:
    """The one way to write the name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> Lock:
    """Read a lock; raises ConfigError with the file, the key, what was found and what is allowed."""
    try:
        seen = path.stat()
        return _read(path, seen.st_mtime_ns, seen.st_size)
    except OSError as error:
        raise ConfigError(f"the lock cannot be read: {error.strerror}", file=path) from error


def content_of(wheel: Path) -> str:
    """The SHA-256 over the code of a wheel: one line "path sha256" for each file of its packages, sorted.

    `METADATA` and `entry_points.txt` count as well. It is the same before and after an installation.
    """
    import zipfile  # not needed by any run

    with zipfile.ZipFile(wheel) as archive:
        names = [one.filename for one in archive.infolist() if not one.is_dir() and _counts(one.filename)]
        return _content((name, hashlib.sha256(archive.read(name)).hexdigest()) for name in names)


def installed_content(distribution: importlib.metadata.Distribution) -> str:
    """The same of what is installed, every file of its packages hashed as it lies there; blank where none is.

    A file that somebody laid beside the others counts, and so does one that is gone.
    """
    listed = _listed(distribution)
    own = {name for name in listed if _counts(name) and _is_description(name)}
    for package in sorted(packages_of(distribution)):
        folder = Path(str(distribution.locate_file(package)))
        inside = folder.rglob("*") if folder.is_dir() else [folder]
        parent = folder.parent
        own |= {one.relative_to(parent).as_posix() for one in inside if one.is_file()}
    counted = [name for name in own if _counts(name)]
    if not any(not _is_description(name) for name in counted):
        return ""
    return _content((name, _digest(Path(str(distribution.locate_file(name))))) for name in counted)


def packages_of(distribution: importlib.metadata.Distribution) -> set[str]:
    """The top-level packages and modules that a distribution lists as its own: what `installed_content` is about."""
    listed = _listed(distribution)
    return {PurePosixPath(name).parts[0] for name in listed} - _outside(listed)


def differences(lock: Lock) -> list[str]:
    """In what this environment is another one than the lock's, as sentences; empty where it is the same."""
    changed = [sentence for one in lock.packages if (sentence := changed_files(one))]
    return [*other_versions(lock), *changed, *_extra(lock)]


def other_versions(lock: Lock) -> list[str]:
    """The packages of the closure that are missing, or have another version; cheap, no file is read."""
    sentences = []
    for name in dict.fromkeys([PROJECT, *(one.name for one in lock.packages)]):
        there, locked = installed_version(name), lock.versions(name)
        versions = [one.version for one in locked] or [lock.core]
        if there is None and not all(one.marker for one in locked):
            sentences.append(f"{name} {versions[0]} is in the lock and is not installed")
        elif there is not None and there not in versions:
            sentences.append(f"{name} is installed as {there}, and the lock has {' or '.join(versions)}")
    return sentences


def changed_files(package: LockedPackage) -> str | None:
    """What is wrong with the installed files of a package of the marketplace; None where they are the lock's."""
    if not package.content or installed_version(package.name) != package.version:
        return None
    found = installed_content(importlib.metadata.distribution(package.name))
    if found == package.content:
        return None
    if not found:
        return f"{package.name} {package.version} runs from a folder, not from the wheel that the lock names"
    return f"the installed files of {package.name} {package.version} are not those that the lock names"


def installed_version(name: str) -> str | None:
    """The version of a distribution that is installed."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    # Each run asks for the whole closure, and to parse all that METADATA says takes ten times as long.
    said = _VERSION.search(distribution.read_text("METADATA") or "")
    return said[1] if said else distribution.version


def _extra(lock: Lock) -> list[str]:
    groups = importlib.metadata.entry_points()
    points = [
        one for name in groups.groups if name.startswith(f"{PROJECT}.") for one in groups.select(group=name)
    ]
    there = sorted(
        {(canonical(one.dist.name), one.dist.version) for one in points if one.dist and one.dist.name}
    )
    return [
        f"{name} {version} is installed and is not in the lock"
        for name, version in there
        if name != TOOL and not lock.versions(name)
    ]


def _listed(distribution: importlib.metadata.Distribution) -> list[str]:
    return [one.as_posix() for one in distribution.files or ()]


def _is_description(name: str) -> bool:
    return PurePosixPath(name).parts[0].endswith(".dist-info")


def _counts(name: str) -> bool:
    path = PurePosixPath(name)
    if _is_description(name):
        return len(path.parts) == 2 and path.name in KEPT
    return "__pycache__" not in path.parts


def _outside(listed: Iterable[str]) -> set[str]:
    """The first parts of listed names that are no package: descriptions, and what lies beside the environment."""
    parts = {PurePosixPath(name).parts[0] for name in listed}
    return {one for one in parts if one.endswith((".dist-info", ".pth")) or one in ("..", "/", "__pycache__")}


def _content(files: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"{name} {sha256}\n" for name, sha256 in sorted(files))
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def _digest(path: Path) -> str:
    """The SHA-256 of a file, or a word that is none where the file is gone."""
    if not path.is_file():
        return "gone"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> Lock:  # noqa: ARG001 - a lock that was written anew is read anew
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"the lock is not TOML in UTF-8: {error}", file=path) from error
    if values.get("schema") != SCHEMA:
        msg = "the lock has another schema; a newer rosterbus may read it"
        raise ConfigError(msg, file=path, key="schema", found=repr(values.get("schema")), allowed=str(SCHEMA))
    try:
        packages = tuple(_packages(values))
        place = values["marketplace"]
        return Lock(_text(place["location"]), _text(place["fingerprint"]), _text(values["core"]), packages)
    except (KeyError, TypeError, AttributeError) as error:
        msg = (
            "the lock lacks something or has it in another shape; take it away, and install what it had anew"
        )
        raise ConfigError(msg, file=path, found=f"{type(error).__name__}: {error}") from error


def _packages(values: Mapping[str, Any]) -> Iterator[LockedPackage]:
    for one in values.get("package", []):
        if one["origin"] not in get_args(Origin):
            raise TypeError(f"origin {one['origin']!r}")
        agreed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in one.get("agreed", {}).items()
        }
        known = {
            **one,
            "name": canonical(_written(one["name"], _NAME)),
            "version": _written(one["version"], _PLAIN),
            "marker": _line(one.get("marker", "")),
            "extras": tuple(_written(extra, _NAME) for extra in one.get("extras", ())),
            "files": {
                _written(name, _PLAIN): _written(sha256, _SHA256)
                for name, sha256 in one.get("files", {}).items()
            },
            "agreed": Agreed(**agreed),
        }
        yield LockedPackage(**known)


def _written(value: Any, shape: re.Pattern[str]) -> str:
    """A text that is written as its kind is: it will stand in a path, or in a line for an installer."""
    if not shape.fullmatch(_text(value)):
        raise TypeError(f"{value!r}")
    return str(value)


def _line(value: Any) -> str:
    if not _text(value).isprintable():
        raise TypeError(f"{value!r}")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return value
