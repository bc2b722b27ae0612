"""Building a marketplace of wheels, adding a release to it, and withdrawing one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version
from rosterbus.certificates import Certificate
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT

from rosterbus_market.catalogue import (
    CLOSURE,
    PACKAGES,
    Attestation,
    Catalogue,
    Entry,
    Release,
    Withdrawal,
)
from rosterbus_market.examining import Examined, Surroundings, examine
from rosterbus_market.issuing import Contents, Issued, Place, issue
from rosterbus_market.refusals import WheelRefusedError
from rosterbus_market.signing import METADATA, verified
from rosterbus_market.swapping import recovered

TITLE = "Connectors for rosterbus"


@dataclass(frozen=True)
class Wheels:
    """What is to be published: wheels, the core's among them by its own name, and names that a person accepted."""

    paths: Sequence[Path]
    core: Path | None = None
    accepted: Collection[str] = ()


def build(wheels: Wheels, place: Place, *, title: str = "", closure: bool = True) -> Issued:
    """Make the marketplace of these wheels. One that is there already gives the days and withdrawals it knows."""
    with place.keys.alone():
        before = current(place) if (recovered(place.site) / METADATA).is_dir() else None
        examined = examine_all(wheels, before)
        catalogue = assembled(examined, before, title=title or (before.title if before else TITLE))
        paths = {one.path.name: one.path for one in examined}
        return issue(_contents(catalogue, paths, place, closure=closure), place)


def publish(wheels: Wheels, place: Place, *, closure: bool = True) -> Issued:
    """Add releases to the marketplace; everything else of it stays."""
    with place.keys.alone():
        before = current(place)
        examined = examine_all(wheels, before)
        catalogue = added(before, examined)
        paths = {one.path.name: one.path for one in examined}
        return issue(_contents(catalogue, paths, place, closure=closure), place)


def withdraw(name: str, version: str, place: Place, *, reason: str) -> Issued:
    """Name a release as withdrawn; its file stays, so that people can see what it was."""
    if not reason.strip():
        raise ConfigError("people need to know why", key="--reason", found="nothing")
    with place.keys.alone():
        before = current(place)
        release = released(before, name, version)
        if release.withdrawn:
            when, why = release.withdrawn.on, release.withdrawn.reason
            raise ConfigError(f"{name} {version} was withdrawn on {when} already: {why}")
        changed = replace(release, withdrawn=Withdrawal(reason.strip(), today()))
        return _changed(before, release, changed, place)


def attest(certificate: Certificate, place: Place) -> Issued:
    """Add a certificate that this marketplace made itself; it takes the place of its earlier one of that release."""
    with place.keys.alone():
        before = current(place)
        release = released(before, certificate.distribution, certificate.version)
        if certificate.sha256 != release.sha256:
            wrong = "the certificate is of another wheel"
            raise ConfigError(wrong, found=certificate.sha256, allowed=release.sha256)
        kept = tuple(one for one in release.attestations if one.ran != "marketplace")
        changed = replace(release, attestations=(*kept, Attestation(certificate, "marketplace", today())))
        return _changed(before, release, changed, place)


def current(place: Place) -> Catalogue:
    """The marketplace as it is, verified by its own keys: nobody signs what somebody else put there."""
    recovered(place.site)
    return verified(place.site, place.keys.root_of_issue, at_least=place.keys.issue.versions)


def examine_all(wheels: Wheels, before: Catalogue | None) -> list[Examined]:
    """Examine wheels that come together: they may need each other, and none may look like another."""
    offered = [*wheels.paths, *([wheels.core] if wheels.core else [])]
    for path in offered:
        if not path.is_file():
            raise ConfigError("there is no such wheel", file=path)
    names = [canonicalize_name(path.name.partition("-")[0]) for path in offered]
    published = {entry.distribution for entry in before.entries} if before else set()
    core_requires = _core_requires(wheels.core, before)
    examined = []
    for path, name in zip(offered, names, strict=True):
        is_core = path == wheels.core
        around = Surroundings(
            known={*published, *names},
            accepted={*wheels.accepted, *published},
            alike={*published, *names} - {name},
            core_requires=core_requires,
        )
        examined.append(examine(path, around, core=is_core))
    return examined


def assembled(examined: Sequence[Examined], before: Catalogue | None, *, title: str) -> Catalogue:
    """The catalogue of exactly these wheels, and of what was withdrawn before."""
    releases: dict[str, list[Release]] = defaultdict(list)
    cores = {one.distribution for one in examined if one.core}
    for entry in before.entries if before else ():
        releases[entry.distribution] += [one for one in entry.releases if one.withdrawn]
        cores |= {entry.distribution} if entry.core else set()
    for one in examined:
        _add(releases[one.distribution], one, before.entry(one.distribution) if before else None)
    return Catalogue(title, _now(), _entries(releases, cores))


def added(before: Catalogue, examined: Sequence[Examined]) -> Catalogue:
    """The catalogue with these wheels too."""
    releases = {entry.distribution: list(entry.releases) for entry in before.entries}
    cores = {entry.distribution for entry in before.entries if entry.core}
    cores |= {one.distribution for one in examined if one.core}
    for one in examined:
        there = next((old for old in releases.get(one.distribution, []) if old.version == one.version), None)
        if there and there.sha256 == one.sha256 and one.certificate is None:
            raise ConfigError(f"{one.distribution} {one.version} is published already, with these bytes")
        _add(releases.setdefault(one.distribution, []), one, before.entry(one.distribution))
    return Catalogue(before.title, _now(), _entries(releases, cores))


def released(catalogue: Catalogue, name: str, version: str) -> Release:
    """One release; raises ConfigError with what there is."""
    entry = catalogue.entry(canonicalize_name(name))
    if entry is None:
        there = [one.distribution for one in catalogue.entries]
        raise ConfigError("the marketplace has no such connector", found=f"`{name}`", allowed=there)
    for release in entry.releases:
        if release.version == version:
            return release
    raise ConfigError(
        f"the marketplace has no such version of {entry.distribution}",
        found=f"`{version}`",
        allowed=[one.version for one in entry.releases],
    )


def today() -> str:
    """The day, ISO, in UTC."""
    return datetime.now(UTC).date().isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _core_requires(core: Path | None, before: Catalogue | None) -> Sequence[str] | None:
    """What the core asks for that this marketplace is for; None for the installed one."""
    if core:
        return examine(core, core=True).requires
    entry = next((one for one in before.entries if one.core), None) if before else None
    return entry.newest.requires if entry and entry.newest else None


def _add(releases: list[Release], one: Examined, known: Entry | None) -> None:
    """Add a release, or renew it where the same bytes come again; the same version never has two contents."""
    old = next(
        (release for release in (known.releases if known else ()) if release.version == one.version), None
    )
    if old and old.sha256 != one.sha256:
        wrong = (
            f"{one.distribution} {one.version} is published already, with other bytes; give it a new version"
        )
        raise WheelRefusedError(one.path.name, wrong, found=one.sha256, allowed=old.sha256)
    if any(release.version == one.version and release != old for release in releases):
        raise WheelRefusedError(one.path.name, "two wheels of one version were given")
    by_marketplace = [said for said in old.attestations if said.ran == "marketplace"] if old else []
    by_publisher = [said for said in old.attestations if said.ran == "publisher"] if old else []
    if one.certificate:
        same = next((said for said in by_publisher if said.certificate == one.certificate), None)
        by_publisher = [same or Attestation(one.certificate, "publisher", today())]
    fresh = one.release(
        published=old.published if old else today(), attestations=(*by_publisher, *by_marketplace)
    )
    releases[:] = [release for release in releases if release.version != one.version]
    releases.append(replace(fresh, withdrawn=old.withdrawn if old else None))


def _entries(releases: Mapping[str, Sequence[Release]], cores: Collection[str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(name, _newest_first(found), core=name in cores and name == PROJECT)
        for name, found in sorted(releases.items())
        if found
    )


def _newest_first(releases: Sequence[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, key=lambda one: Version(one.version), reverse=True))


def _contents(catalogue: Catalogue, paths: Mapping[str, Path], place: Place, *, closure: bool) -> Contents:
    packages = place.site / PACKAGES
    wheels = {one.wheel: packages / one.wheel for entry in catalogue.entries for one in entry.releases}
    kept = place.site / CLOSURE
    old = kept.read_bytes() if kept.is_file() else b""
    return Contents(catalogue, {**wheels, **paths}, None if closure else old)


def _changed(before: Catalogue, old: Release, new: Release, place: Place) -> Issued:
    entries = tuple(
        replace(entry, releases=tuple(new if one is old else one for one in entry.releases))
        for entry in before.entries
    )
    catalogue = replace(before, entries=entries, built=_now())
    return issue(_contents(catalogue, {}, place, closure=False), place)
