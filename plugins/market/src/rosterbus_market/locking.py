"""Writes the lock of a project, and keeps the earlier ones under their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomli_w
from rosterbus.lock import SCHEMA, Lock, LockedPackage, read_lock
from rosterbus.private import private_folder, write_private_text

from rosterbus_market.state import MarketState

HEAD = "# Written by `rosterbus market`. Keep it with the project: it says what may run here.\n"


def lock_text(lock: Lock) -> str:
    """The lock as it is written, the same text for the same lock."""
    values = {
        "schema": SCHEMA,
        "core": lock.core,
        "marketplace": {"location": lock.location, "fingerprint": lock.fingerprint},
        "package": [_written(one) for one in sorted(lock.packages, key=lambda one: (one.name, one.version))],
    }
    return HEAD + "\n" + tomli_w.dumps(values, multiline_strings=False)


def write_lock(lock: Lock, path: Path) -> None:
    """Write a lock whole, or leave what was there."""
    write_private_text(path, lock_text(lock))


def former_lock(state: MarketState) -> Lock | None:
    """The lock that is in force; None where the project has none yet."""
    return read_lock(state.lock) if state.lock.is_file() else None


def put_in_force(state: MarketState) -> None:
    """Let the pending lock be the project's, and number the one before."""
    if state.lock.is_file():
        folder = private_folder(state.folder / "history")
        number = max((int(path.stem) for path in folder.glob("*.lock")), default=0) + 1
        write_private_text(folder / f"{number:04}.lock", state.lock.read_text(encoding="utf-8"))
    write_private_text(state.lock, state.pending.read_text(encoding="utf-8"))
    state.pending.unlink()


def history(state: MarketState) -> list[Path]:
    """The earlier locks, the last one last."""
    return sorted((state.folder / "history").glob("*.lock"), key=lambda path: int(path.stem))


def changes(former: Lock | None, lock: Lock) -> dict[str, tuple[str, str]]:
    """What a new lock changes: versions before and after by name, blank where there is none."""
    before, after = _versions(former.packages if former else ()), _versions(lock.packages)
    return {
        name: (before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _versions(packages: Sequence[LockedPackage]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in packages:
        found.setdefault(one.name, []).append(one.version)
    return {name: " or ".join(sorted(versions)) for name, versions in found.items()}


def _written(package: LockedPackage) -> dict[str, Any]:
    """A package without what is blank."""
    values = asdict(package)
    values["agreed"] = {key: one for key, one in values["agreed"].items() if one} if package.agreed.on else {}
    values["files"] = dict(sorted(package.files.items()))
    return {key: one for key, one in values.items() if one}
