"""Makes the lock that an environment is to have: chosen, resolved, fetched, examined, and nothing run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rosterbus.errors import PluginError, RefusedError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import Lock, LockedPackage, canonical, installed_version

from rosterbus_market.agreeing import Proposal, agreed_to
from rosterbus_market.catalogue import Catalogue, Release
from rosterbus_market.choosing import choose, chosen_extras
from rosterbus_market.comparing import refuse_other_words
from rosterbus_market.environment import core_packages, plugins
from rosterbus_market.examining import Surroundings, examine
from rosterbus_market.locking import former_lock
from rosterbus_market.resolving import Vouched, resolve
from rosterbus_market.state import MarketState, dependencies_of
from rosterbus_market.verified import Marketplace


@dataclass(frozen=True)
class Source:
    """Where an installation comes from: a marketplace, and a folder of other wheels where no index may be asked."""

    marketplace: Marketplace
    dependencies: Path | None = None

    @classmethod
    def of(cls, state: MarketState, mirror: Path | None) -> Source:
        """The trusted marketplace, or a mirror of it, which is verified by the same root."""
        trusted = state.trust()
        if mirror is None:
            return cls(Marketplace(state, trusted.location), state.dependencies)
        return cls(Marketplace(state, str(mirror)), dependencies_of(str(mirror)) or mirror)


def propose(
    state: MarketState, source: Source, wanted: Sequence[str], *, without: Collection[str] = ()
) -> Proposal:
    """The proposal to have `wanted`, ``NAME``, ``NAME[EXTRA]`` or ``NAME==VERSION``, beside what there was before.

    Raises a RosterbusError with a sentence of its own for everything that speaks against it.
    """
    catalogue, former = source.marketplace.refresh(), former_lock(state)
    chosen, extras = {}, _extras(former)
    for one in wanted:
        entry, release = choose(catalogue, one)
        chosen[entry.distribution] = release
        had = set(extras.get(entry.distribution, ())) & set(release.extras)
        extras[entry.distribution] = tuple(sorted(had | set(chosen_extras(release, one))))
    roots = {**_roots(former, catalogue, {*chosen, *without}), **chosen}
    vouched = Vouched(catalogue, state.closure.read_bytes(), former, source.dependencies)
    packages = resolve(roots, vouched, extras) if roots else []
    releases = {one.name: _release(catalogue, one) for one in packages if one.origin == "marketplace"}
    locked = [
        agreed_to(_examined(one, releases[one.name], source, catalogue), releases[one.name], former)
        if one.name in releases
        else one
        for one in packages
    ]
    trusted = state.trust()
    core = installed_version(PROJECT) or ""
    lock = Lock(trusted.location, trusted.fingerprint, core, tuple(locked))
    return Proposal(lock, former, releases, [name for name in plugins() if not lock.versions(name)])


def fetch_locked(source: Source, lock: Lock) -> Proposal:
    """The proposal to have exactly what a lock says: each wheel fetched where it is not in the store, and examined."""
    catalogue = source.marketplace.refresh()
    releases = {one.name: _release(catalogue, one) for one in lock.packages if one.origin == "marketplace"}
    for one in lock.packages:
        if one.name in releases:
            if releases[one.name].withdrawn:
                raise RefusedError(
                    f"{one.name} {one.version} is in the lock and was withdrawn: {_reason(releases[one.name])}"
                )
            if dict(one.files) != {releases[one.name].wheel: releases[one.name].sha256}:
                wrong = f"the lock names another file for {one.name} {one.version} than the marketplace"
                raise PluginError(f"{wrong}; one of the two was changed: ask who wrote the lock")
            examined = _examined(one, releases[one.name], source, catalogue)
            if examined.content != one.content:
                raise PluginError(
                    f"the lock names other code for {one.name} {one.version} than its wheel has"
                )
    return Proposal(lock, None, releases, [name for name in plugins() if not lock.versions(name)])


def _extras(former: Lock | None) -> dict[str, tuple[str, ...]]:
    """The extras that were asked for before, by distribution."""
    return {one.name: one.extras for one in former.packages if one.requested} if former else {}


def _roots(former: Lock | None, catalogue: Catalogue, others: Collection[str]) -> Mapping[str, Release]:
    """What was asked for before, at the release that was agreed to."""
    kept = [one for one in former.packages if one.requested and one.name not in others] if former else []
    found = {}
    for one in kept:
        release = _release(catalogue, one)
        if release.withdrawn:
            msg = f"{one.name} {one.version} is installed and was withdrawn: {_reason(release)}"
            raise RefusedError(f"{msg}; first run: rosterbus market upgrade {one.name}, or remove it")
        found[one.name] = release
    return found


def _release(catalogue: Catalogue, package: LockedPackage) -> Release:
    entry = catalogue.entry(package.name)
    for release in entry.releases if entry else ():
        if release.version == package.version:
            return release
    msg = f"the marketplace does not have {package.name} {package.version} any more, which the lock names"
    raise PluginError(f"{msg}; run: rosterbus market upgrade {package.name}, or remove it")


def _examined(
    package: LockedPackage, release: Release, source: Source, catalogue: Catalogue
) -> LockedPackage:
    """The package with the content of its wheel, which was fetched and examined."""
    wheel = source.marketplace.wheel(release)
    known = {canonical(entry.distribution) for entry in catalogue.entries}
    pins = {name: one.version for name, one in core_packages().items()}
    # Its people may have names that are alike; a name that could be taken for one from elsewhere here is another thing.
    around = Surroundings(known=known, alike={*plugins()} - known, pins=pins)
    examined = examine(wheel, around)
    refuse_other_words(release, examined)
    return replace(package, content=examined.content)


def _reason(release: Release) -> str:
    return release.withdrawn.reason if release.withdrawn else ""
