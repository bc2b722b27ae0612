"""The gate before every plugin: where a project has a lock, what is not in it is listed and never imported."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from rosterbus.errors import ConfigError, PluginError
from rosterbus.lock import (
    LOCK,
    TOOL,
    Lock,
    canonical,
    changed_files,
    other_versions,
    packages_of,
    read_lock,
)

CATALOGUE, CHECKED = "catalogue.json", "checked.json"
"""The last verified catalogue, and the moment when the marketplace was last asked, in the market's folder."""


@dataclass(frozen=True)
class Guarded:
    """Where the lock of a project is, and how strictly it is taken. `market` is the folder of what is known of the
    marketplace; `lenient` tells of what differs instead of refusing it."""

    lock: Path
    market: Path
    lenient: bool = False
    warn_after_days: int = 14


@dataclass(frozen=True)
class Gate:
    """What may be imported: what the lock names, as the lock names it, unless it was withdrawn since."""

    guarded: Guarded
    lock: Lock
    withdrawn: Mapping[tuple[str, str], str]
    asked: datetime | None

    def refusal(self, distribution: str, version: str) -> str | None:
        """Why no plugin of a distribution may be imported, as far as names and versions tell; None if it may."""
        name = canonical(distribution)
        if reason := self.withdrawn.get((name, version)):
            upgrade = "pip install --upgrade" if name == TOOL else "rosterbus market upgrade"
            return f"the marketplace withdrew {name} {version}: {reason}; run: {upgrade} {name}"
        if not self.binds(name):
            return None
        locked = self.lock.versions(name)
        if not locked:
            return f"{name} is not in {LOCK}; run: rosterbus market install {name}"
        if version not in [one.version for one in locked]:
            versions = " or ".join(one.version for one in locked)
            return f"{LOCK} has {name} {versions}; run: rosterbus market verify --repair"
        if not all(one.content for one in locked if one.version == version):
            return f"{LOCK} does not say which code of {name} was agreed to; run: rosterbus market install {name}"
        return None

    def binds(self, distribution: str) -> bool:
        """Whether the files of a distribution have to be those of the lock."""
        return not self.guarded.lenient and canonical(distribution) != TOOL

    def examine(self, distribution: str, version: str, folder: Path) -> str | None:
        """The same after hashing every file of the distribution; `folder` is what would be imported."""
        if refused := self.refusal(distribution, version):
            return refused
        name = canonical(distribution)
        if self.binds(name) and (
            wrong := next((wrong for one in self.lock.versions(name) if (wrong := changed_files(one))), None)
        ):
            return f"{wrong}; run: rosterbus market verify --repair"
        if self.guarded.lenient:
            return None
        there = importlib.metadata.distribution(name)
        own = packages_of(there) if self.binds(name) else {TOOL.replace("-", "_")}
        if folder.name not in own:
            return f"`{folder.name}` is no package of {name}, whose files alone were agreed to; take it out"
        if self.binds(name) and folder.resolve() != Path(str(there.locate_file(folder.name))).resolve():
            return f"`{folder.name}` would be imported from {folder.parent}, which is not {name}; take it off the path"
        return None

    def warnings(self) -> list[str]:
        """What a run has to tell of its environment; raises PluginError where it may not go on."""
        differing = other_versions(self.lock)
        if self.guarded.lenient:
            changed = [sentence for one in self.lock.packages if (sentence := changed_files(one))]
            return [*differing, *changed, *self._age()]
        if differing:
            more = f" (the first of {len(differing)} differences)" if len(differing) > 1 else ""
            raise PluginError(
                f"this environment is not the one of {LOCK}: {differing[0]}{more}; "
                "run: rosterbus market verify --repair"
            )
        return self._age()

    def _age(self) -> list[str]:
        if self.asked is None:
            return ["it is not known here what the marketplace has withdrawn; run: rosterbus market outdated"]
        age = datetime.now(UTC) - self.asked
        if age <= timedelta(days=self.guarded.warn_after_days):
            return []
        return [
            f"the marketplace was last asked {age.days} days ago what it has withdrawn; "
            "run: rosterbus market outdated"
        ]


_entered: ContextVar[Guarded | None] = ContextVar("rosterbus_gate", default=None)


def enter(guarded: Guarded | None) -> None:
    """From now on the plugins of this thread are those of one project; None: of the folder it works in."""
    _entered.set(guarded)


def current_gate() -> Gate | None:
    """The gate of the project in hand: the one that was read last, else that of the current folder.

    None where it has no lock. Raises ConfigError for a lock or a project file that cannot be read.
    """
    guarded = _entered.get()
    if guarded is None and _has_lock(Path.cwd()):
        from rosterbus.guarding import guarded_in

        guarded = guarded_in(Path.cwd().resolve())
    if guarded is None or not guarded.lock.is_file():
        return None
    catalogue = guarded.market / CATALOGUE
    asked = _asked(guarded.market) if catalogue.is_file() else None
    return Gate(guarded, read_lock(guarded.lock), withdrawn(catalogue), asked)


def environment_warnings() -> list[str]:
    """What a run has to tell of its environment; raises PluginError where it is not the one of the project's lock."""
    gate = current_gate()
    return gate.warnings() if gate else []


def withdrawn(catalogue: Path) -> Mapping[tuple[str, str], str]:
    """The releases that a verified catalogue names as withdrawn, by name and version, with the reasons."""
    try:
        seen = catalogue.stat()
    except FileNotFoundError:
        return {}
    return _withdrawn(catalogue, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=4)
def _withdrawn(catalogue: Path, changed: int, size: int) -> Mapping[tuple[str, str], str]:  # noqa: ARG001
    try:
        entries = json.loads(catalogue.read_text(encoding="utf-8"))["entries"]
        return {
            (canonical(entry["distribution"]), one["version"]): f"{one['withdrawn']['reason']}"
            for entry in entries
            for one in entry["releases"]
            if one["withdrawn"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = "the last verified catalogue cannot be read; run: rosterbus market outdated"
        raise ConfigError(msg, file=catalogue, found=type(error).__name__) from error


def _asked(market: Path) -> datetime | None:
    path = market / CHECKED
    if not path.is_file():
        return None
    try:
        return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = "when the marketplace was last asked cannot be read; run: rosterbus market outdated"
        raise ConfigError(msg, file=path, found=type(error).__name__) from error


def _has_lock(start: Path) -> bool:
    """Whether there may be a lock for this folder: beside the nearest project file, or in the folder itself."""
    folders: Sequence[Path] = (start, *start.parents)
    return any((folder / LOCK).is_file() for folder in folders)
