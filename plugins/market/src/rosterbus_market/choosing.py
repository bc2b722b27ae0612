"""Which release of a connector is meant, and whether it can run here: decided before anything is downloaded."""

from __future__ import annotations

import difflib
import platform
import re
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from rosterbus.errors import ConfigError, PluginError, RefusedError
from rosterbus.hookspecs import API_VERSION, PROJECT
from rosterbus.lock import canonical, installed_version

from rosterbus_market.catalogue import Catalogue, Entry, Release
from rosterbus_market.environment import core_packages

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*?"
_WANTED = re.compile(
    rf"(?P<name>{_NAME})(\[(?P<extras>{_NAME}(,{_NAME})*)\])?(==(?P<version>[A-Za-z0-9.!+]+))?"
)


def find_entry(catalogue: Catalogue, name: str) -> Entry:
    """One connector of the catalogue, with or without "rosterbus-"; raises ConfigError with names that resemble it."""
    entry = catalogue.entry(canonical(name))
    if entry is None:
        names = [one.distribution.removeprefix(f"{PROJECT}-") for one in catalogue.entries if not one.core]
        near = difflib.get_close_matches(canonical(name).removeprefix(f"{PROJECT}-"), names, n=3)
        msg = f"{catalogue.title or 'the marketplace'} has no such connector"
        raise ConfigError(msg, found=f"`{name}`", allowed=near or "what `rosterbus market search` finds")
    return entry


def choose(catalogue: Catalogue, wanted: str) -> tuple[Entry, Release]:
    """The release that ``NAME`` or ``NAME==VERSION`` means: the newest, where no version is named.

    Raises RefusedError for a withdrawn release, and PluginError for one that this core or Python cannot run.
    """
    asked = _asked(wanted)
    entry = find_entry(catalogue, asked["name"])
    if entry.core:
        raise ConfigError(
            f"{PROJECT} itself is installed by pip, and no connector may change it", found=f"`{wanted}`"
        )
    release = _release(entry, asked["version"])
    if release.withdrawn:
        what = f"{entry.distribution} {release.version} was withdrawn on {release.withdrawn.on}"
        raise RefusedError(f"{what}: {release.withdrawn.reason}{_instead(entry)}")
    if wrong := unfit(release):
        other = next((one for one in entry.releases if not one.withdrawn and not unfit(one)), None)
        instead = f"; this one can be had: {entry.distribution}=={other.version}" if other else ""
        raise PluginError(f"{entry.distribution} {release.version} {wrong}{instead}")
    return entry, release


def chosen_extras(release: Release, wanted: str) -> tuple[str, ...]:
    """The extras that ``NAME[EXTRA,...]`` asks for; raises ConfigError for one that the release does not have."""
    asked = {canonical(one) for one in (_asked(wanted)["extras"] or "").split(",") if one}
    there = {canonical(one): one for one in release.extras}
    if unknown := sorted(asked - set(there)):
        raise ConfigError(
            f"{release.wheel} has no such extra", found=f"`{unknown[0]}`", allowed=release.extras or "none"
        )
    return tuple(sorted(there[one] for one in asked))


def _asked(wanted: str) -> re.Match[str]:
    asked = _WANTED.fullmatch(wanted)
    if not asked:
        allowed = "NAME, NAME[EXTRA] or NAME==VERSION"
        raise ConfigError("this names no connector", found=f"`{wanted}`", allowed=allowed)
    return asked


def unfit(release: Release) -> str | None:
    """Why a release cannot run with this core and this Python; None where it can."""
    if release.api != API_VERSION:
        return f"needs connector API {release.api}, and this core speaks {API_VERSION}"
    core = installed_version(PROJECT) or "0"
    if release.core_floor and Version(core) < Version(release.core_floor):
        return f"needs {PROJECT} {release.core_floor} or newer, and here is {core}"
    python = platform.python_version()
    if release.requires_python and not SpecifierSet(release.requires_python).contains(
        python, prereleases=True
    ):
        return f"needs Python {release.requires_python}, and this one is {python}"
    return _unfit_beside_core(release.requires)


def _unfit_beside_core(requires: Iterable[str]) -> str | None:
    """What a release wants of the packages that the core stands on: they may not change."""
    held = core_packages()
    for line in requires:
        requirement = Requirement(line)
        name = canonical(requirement.name)
        if name not in held or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        if not requirement.specifier.contains(held[name].version, prereleases=True):
            there = f"{name} {held[name].version}, which {PROJECT} stands on"
            return f"needs {name}{requirement.specifier}, and here is {there}: no connector may change it"
    return None


def _release(entry: Entry, version: str | None) -> Release:
    if version is None:
        if entry.newest is None:
            reasons = entry.releases[0].withdrawn if entry.releases else None
            why = f": {reasons.reason}" if reasons else ""
            raise RefusedError(f"every release of {entry.distribution} was withdrawn{why}")
        return entry.newest
    try:
        found = [one for one in entry.releases if Version(one.version) == Version(version)]
    except InvalidVersion:
        found = []
    if not found:
        versions = [one.version for one in entry.releases]
        raise ConfigError(f"{entry.distribution} has no such version", found=f"`{version}`", allowed=versions)
    return found[0]


def _instead(entry: Entry) -> str:
    return f"; instead: {entry.distribution}=={entry.newest.version}" if entry.newest else ""
