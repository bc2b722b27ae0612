"""Brings an environment to what a lock says: wheels alone, every file by its SHA-256, nothing that the lock lacks."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from packaging.markers import Marker
from rosterbus.errors import ConfigError, PluginError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import TOOL, Lock, LockedPackage, changed_files, content_of, installed_version

from rosterbus_market.environment import needed_by_others, plugins, refuse_system_python
from rosterbus_market.locking import former_lock, put_in_force, write_lock
from rosterbus_market.state import MarketState
from rosterbus_market.uv_process import run_uv, uv_said


def install(
    state: MarketState, lock: Lock, *, dependencies: Path | None = None, offline: bool = False
) -> None:
    """Make this environment the one of `lock`, and `lock` the project's.

    The lock is pending meanwhile, so that what is interrupted can be completed. Its marketplace wheels must be in the
    store. `dependencies` is a folder of wheels to take everything else from; `offline` takes it from uv's cache.
    """
    refuse_system_python()
    _refuse_other_core(lock)
    write_lock(lock, state.pending)
    apply_lock(state, lock, former=former_lock(state), dependencies=dependencies, offline=offline)
    put_in_force(state)


def apply_lock(
    state: MarketState,
    lock: Lock,
    *,
    former: Lock | None = None,
    dependencies: Path | None = None,
    offline: bool = False,
) -> None:
    """Install what `lock` has and is not there as it says, and take out what only `former` had."""
    wanted = [one for one in lock.packages if one.origin != "core" and _is_for_here(one)]
    wrong = [one for one in wanted if is_wrong(one)]
    _install(state, wrong, dependencies=dependencies, offline=offline)
    names = {one.name for one in lock.packages}
    left = {one.name for one in former.packages if one.origin != "core"} - names if former else set()
    uninstall(left)
    importlib.invalidate_caches()
    if still := [one for one in wanted if is_wrong(one)]:
        msg = f"{still[0].name} {still[0].version} is not as the lock has it after its installation"
        raise PluginError(f"{msg}; something else changes this environment")


def uninstall(names: Collection[str]) -> list[str]:
    """Take packages out that nothing else here asks for; answers with those that went."""
    there = {name for name in names if installed_version(name) is not None} - {PROJECT}
    held = needed_by_others(there)
    plugs = plugins()
    going = sorted(name for name in there if name in plugs or name not in held)
    if going:
        _uv("pip", "uninstall", "--python", sys.executable, *going, what=", ".join(going))
        importlib.invalidate_caches()
    return going


def requirements(state: MarketState, packages: Iterable[LockedPackage]) -> str:
    """The lines that have uv install exactly these packages, each with the SHA-256 that its file may have."""
    return "".join(_requirement(state, one) for one in packages)


def leaving_with(lock: Lock, name: str) -> set[str]:
    """What goes when a connector goes: itself, and what is of the lock and nothing that stays asks for.

    Raises ConfigError where another connector needs it.
    """
    going, candidates = (
        {name},
        {one.name for one in lock.packages if one.origin != "core" and not one.requested},
    )
    if name in needed_by_others(going):
        raise ConfigError("another connector needs it; remove that one first", found=f"`{name}`")
    while orphans := candidates - going - needed_by_others(going) - _not_here(lock):
        going |= orphans
    return going


def _not_here(lock: Lock) -> set[str]:
    """What only other machines need: nothing here tells whether they still do."""
    return {one.name for one in lock.packages} - {one.name for one in for_here(lock.packages)}


def extra_plugins(lock: Lock) -> list[str]:
    """The plugins that are installed and that the lock does not have."""
    return sorted(name for name in plugins() if not lock.versions(name) and name != TOOL)


def is_wrong(package: LockedPackage) -> bool:
    """Whether a package is missing here, has another version, or other files than the lock names."""
    there = installed_version(package.name)
    return there != package.version or changed_files(package) is not None or bool(damaged(package.name))


def damaged(name: str) -> list[str]:
    """The files of an installed package that are gone or not as its RECORD says."""
    import base64
    import hashlib

    found = []
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        if file.hash is None or file.hash.mode != "sha256":
            continue
        path = Path(str(distribution.locate_file(file)))
        content = path.read_bytes() if path.is_file() else b""
        seen = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
        if not path.is_file() or seen != file.hash.value:
            found.append(file.as_posix())
    return found


def _install(
    state: MarketState, packages: Sequence[LockedPackage], *, dependencies: Path | None, offline: bool
) -> None:
    places = ["--no-index", "--find-links", str(dependencies)] if dependencies else []
    away = ["--offline"] if offline or dependencies else []
    ours = [one for one in packages if one.origin == "marketplace"]
    # uv's cache is not asked for what lies in the store: its files may be links to others that somebody changed.
    _install_from(state, ours, "--no-cache", "--offline", "--no-index")
    _install_from(state, [one for one in packages if one not in ours], *places, *away)


def _install_from(state: MarketState, packages: Sequence[LockedPackage], *options: str) -> None:
    if not packages:
        return
    file = state.folder / "install.txt"
    file.write_text(requirements(state, packages), encoding="utf-8", newline="\n")
    again = [word for one in packages for word in ("--reinstall-package", one.name)]
    _uv(
        *("pip", "install", "--python", sys.executable, "--requirement", str(file), "--require-hashes"),
        *("--no-deps", "--only-binary", ":all:", "--index-strategy", "first-index", "--link-mode", "copy"),
        *(*again, *options),
        what=", ".join(f"{one.name} {one.version}" for one in packages),
    )
    file.unlink()


def _requirement(state: MarketState, package: LockedPackage) -> str:
    if package.origin == "marketplace":
        [(name, sha256)] = package.files.items()
        wheel = state.wheel(sha256, name)
        if not wheel.is_file():
            raise PluginError(
                f"the wheel {name} is not in the store of this project; run: rosterbus market install --locked"
            )
        if content_of(wheel) != package.content:
            raise PluginError(
                f"the wheel {name} in the store is not the one of the lock; delete {wheel.parent}"
            )
        return f"{package.name} @ {wheel.resolve().as_uri()} --hash=sha256:{sha256}\n"
    hashes = " ".join(f"--hash=sha256:{one}" for one in sorted(set(package.files.values())))
    return f"{package.name}=={package.version} {hashes}\n"


def _uv(*arguments: str, what: str) -> None:
    process = run_uv(arguments)
    if process.returncode:
        raise PluginError(f"uv could not change the environment ({what}): {uv_said(process)}")


def _is_for_here(package: LockedPackage) -> bool:
    return not package.marker or Marker(package.marker).evaluate({"extra": ""})


def _refuse_other_core(lock: Lock) -> None:
    here = installed_version(PROJECT)
    if here != lock.core:
        msg = f"the lock was made for {PROJECT} {lock.core}"
        raise ConfigError(msg, found=here or "none", allowed=f"pip install {PROJECT}=={lock.core}")


def for_here(packages: Iterable[LockedPackage]) -> list[LockedPackage]:
    """Those of the packages that are needed on this machine."""
    return [one for one in packages if _is_for_here(one)]
