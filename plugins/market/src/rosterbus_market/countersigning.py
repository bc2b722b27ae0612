"""What a person sees before signing what another prepared: examined anew, and compared with what is published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rosterbus_market.catalogue import PACKAGES, Catalogue, Entry, Release
from rosterbus_market.examining import Surroundings, examine
from rosterbus_market.issuing import Place
from rosterbus_market.key_folder import KeyFolder
from rosterbus_market.publishing import current
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.signing import Signed, add_signatures, verified


@dataclass(frozen=True)
class Differences:
    """What a stage has that a marketplace has not: each a line for people. All of it, where there is none yet."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def examined_stage(stage: Path, keys: KeyFolder) -> Catalogue:
    """The catalogue of a stage, after its files were checked and every wheel was examined on this machine.

    Raises SiteRefusedError where the catalogue says of a wheel what the wheel does not say of itself.
    """
    catalogue = verified(stage, keys.root.signed, staged=True)
    names = {entry.distribution for entry in catalogue.entries}
    core = next((entry for entry in catalogue.entries if entry.core), None)
    requires = core.releases[0].requires if core else None
    around = Surroundings(known=names, accepted=names, core_requires=requires)
    for entry in catalogue.entries:
        for release in entry.releases:
            _compare(stage / PACKAGES / release.wheel, entry, release, around)
    return catalogue


def sign_stage(stage: Path, keys: KeyFolder) -> Signed:
    """Add the signatures of the people whose keys are at hand."""
    return add_signatures(stage, keys)


def differences(stage: Catalogue, place: Place | None) -> Differences:
    """What signing the stage would change of the marketplace at `place`."""
    before = _by_name(current(place)) if place else {}
    after = _by_name(stage)
    changed = [name for name in after if name in before and after[name] != before[name]]
    return Differences(
        tuple(f"{name} ({after[name].sha256[:12]})" for name in after if name not in before),
        tuple(f"{name}{_what(after[name])}" for name in changed),
        tuple(name for name in before if name not in after),
    )


def _what(release: Release) -> str:
    return f" withdrawn: {release.withdrawn.reason}" if release.withdrawn else ""


def _by_name(catalogue: Catalogue) -> dict[str, Release]:
    return {
        f"{entry.distribution} {one.version}": one for entry in catalogue.entries for one in entry.releases
    }


def _compare(wheel: Path, entry: Entry, release: Release, around: Surroundings) -> None:
    examined = examine(wheel, around, core=entry.core)
    by_publisher = [one.certificate for one in release.attestations if one.ran == "publisher"]
    seen = examined.release(published=release.published, attestations=release.attestations)
    certificates = [examined.certificate] if examined.certificate else []
    same = replace(seen, withdrawn=release.withdrawn) == _plain(release) and certificates == by_publisher
    if not same or examined.distribution != entry.distribution:
        raise SiteRefusedError(f"the catalogue says of {release.wheel} what the wheel does not say of itself")


def _plain(release: Release) -> Release:
    """A release as examining makes it: what JSON has as lists, as tuples."""
    return replace(release, requires=tuple(release.requires), entry_points=dict(release.entry_points))
