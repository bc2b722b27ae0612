"""Examining a wheel before anything of it can run: it is read as a zip file only, never imported or unpacked."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rosterbus.cards import CARD, KINDS, ConnectorCard, parse_card
from rosterbus.certificates import Certificate, certificate_of
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import content_of

from rosterbus_market.catalogue import Attestation, Release
from rosterbus_market.examining.archive import Archive, open_archive
from rosterbus_market.examining.changelog import changes_of
from rosterbus_market.examining.identity import (
    Identity,
    check_readable,
    check_wheel_file,
    identify,
    read_metadata,
)
from rosterbus_market.examining.members import check_members
from rosterbus_market.examining.names import look_alike
from rosterbus_market.examining.points import Points, read_points
from rosterbus_market.examining.record import check_record
from rosterbus_market.examining.requirements import check_requirements
from rosterbus_market.examining.testimony import read_testimony
from rosterbus_market.refusals import WheelRefusedError

__all__ = ["Examined", "Surroundings", "examine"]

CHANGELOG = "CHANGELOG.md"
LARGEST_CARD = 64_000
"""Bytes; all of it is shown to people."""


@dataclass(frozen=True)
class Surroundings:
    """What a wheel is compared with.

    `known` are the distributions that the marketplace has or that are installed, `alike` those with which the wheel's
    name is compared (by default the known ones, unless it is one of them), and `accepted` names that a person looked
    at and does not take for another's. `core_requires` is what the core asks for (by default the installed
    one), `pins` the versions that the environment holds fast, by normalised name.
    """

    known: Collection[str] = ()
    alike: Collection[str] | None = None
    accepted: Collection[str] = ()
    core_requires: Sequence[str] | None = None
    pins: Mapping[str, str] | None = None

    @property
    def of_core(self) -> Sequence[str]:
        """What the core asks for, without its extras."""
        lines = self.core_requires
        if lines is None:
            lines = importlib.metadata.requires(PROJECT) or []
        return [line for line in lines if "extra ==" not in line]


@dataclass(frozen=True)
class Examined:
    """A wheel that passed: everything that a catalogue says of it, and the bytes of its METADATA."""

    path: Path
    distribution: str
    version: str
    sha256: str
    size: int
    api: int
    core_floor: str
    requires_python: str
    requires: Sequence[str]
    entry_points: Mapping[str, str]
    card: ConnectorCard
    content: str
    description: str
    changes: str
    certificate: Certificate | None
    metadata: bytes
    core: bool

    def release(self, *, published: str, attestations: Iterable[Attestation] = ()) -> Release:
        """Its line in the catalogue."""
        return Release(
            version=self.version,
            wheel=self.path.name,
            sha256=self.sha256,
            size=self.size,
            published=published,
            api=self.api,
            core_floor=self.core_floor,
            requires_python=self.requires_python,
            requires=tuple(self.requires),
            entry_points=dict(self.entry_points),
            card=self.card,
            content=self.content,
            description=self.description,
            changes=self.changes,
            attestations=tuple(attestations),
        )


def examine(wheel: Path, surroundings: Surroundings | None = None, *, core: bool = False) -> Examined:
    """Read a wheel and the certificate beside it, and answer with all that a catalogue needs.

    `core` is true of the one wheel that a marketplace's people named as rosterbus itself. Raises WheelRefusedError with
    the wheel's name, what is wrong, what was found and what is allowed.
    """
    around = surroundings or Surroundings()
    identity = identify(wheel.name, core=core)
    _check_look_alike(wheel.name, identity, around)
    archive = open_archive(wheel)
    check_members(archive, package=identity.package, info=identity.info)
    check_record(archive, info=identity.info)
    check_wheel_file(archive, identity)
    metadata = read_metadata(archive, identity)
    points = read_points(archive, identity, known=around.known, core=core)
    requires = [str(one) for one in metadata.requires_dist or []]
    known = {*around.known, identity.distribution}
    return Examined(
        path=wheel,
        distribution=identity.distribution,
        version=identity.version,
        sha256=archive.sha256,
        size=archive.size,
        api=points.api,
        core_floor=identity.version
        if core
        else check_requirements(
            wheel.name,
            metadata.requires_dist or [],
            known=known,
            core_requires=around.of_core,
            pins=around.pins or {},
        ),
        requires_python=str(metadata.requires_python or ""),
        requires=requires,
        entry_points=points.modules,
        card=_core_card() if core else _card(archive, identity, points),
        content=content_of(wheel),
        description=metadata.summary or "",
        changes=changes_of(archive, f"{identity.package}/{CHANGELOG}", version=identity.version),
        certificate=_certificate(wheel, archive, identity, points),
        metadata=archive.read(f"{identity.info}/METADATA"),
        core=core,
    )


def _check_look_alike(wheel: str, identity: Identity, around: Surroundings) -> None:
    if identity.distribution in around.accepted or identity.distribution == PROJECT:
        return
    if other := look_alike(identity.distribution, around.known if around.alike is None else around.alike):
        what = f"its name could be taken for `{other}`"
        raise WheelRefusedError(
            wheel, what, found=f"`{identity.distribution}`", allowed="a name that nobody mixes up"
        )


def _core_card() -> ConnectorCard:
    return ConnectorCard(title=PROJECT, kind=(), system="", maturity="")


def _card(archive: Archive, identity: Identity, points: Points) -> ConnectorCard:
    """What the wheel's connector.toml says, in agreement with its entry points."""
    path = f"{identity.package}/{CARD}"
    if path not in archive.digests:
        raise WheelRefusedError(archive.wheel, f"it has no `{path}`, which says what it is")
    if archive.sizes[path] > LARGEST_CARD:
        found, allowed = f"{archive.sizes[path]:,} bytes", f"{LARGEST_CARD:,}"
        raise WheelRefusedError(archive.wheel, f"`{path}` is too large", found=found, allowed=allowed)
    try:
        text = archive.read(path).decode("utf-8")
        card = parse_card(text, file=f"{archive.wheel}/{path}")
    except UnicodeDecodeError as error:
        raise WheelRefusedError(archive.wheel, f"`{path}` is no text in UTF-8") from error
    except ConfigError as error:
        raise WheelRefusedError(archive.wheel, str(error)) from error
    kinds = sorted({name.partition(":")[0] for name in points.modules}, key=KINDS.index)
    if sorted(card.kind, key=KINDS.index) != kinds:
        wrong = f"`{path}` names other kinds than its entry points"
        raise WheelRefusedError(archive.wheel, wrong, found=", ".join(card.kind), allowed=", ".join(kinds))
    _check_card_texts(archive.wheel, path, card)
    return card


def _check_card_texts(wheel: str, path: str, card: ConnectorCard) -> None:
    from rosterbus.cli import COMMANDS

    for key, value in vars(card).items():
        texts = (
            [value] if isinstance(value, str) else [*value, *(value.values() if key == "commands" else ())]
        )
        for text in texts:
            check_readable(wheel, f"`{path}`, `{key}`", text)
    for page in card.pages:
        if not page.startswith(("https://", "http://")):
            raise WheelRefusedError(
                wheel, f"`{path}`, `pages`: no address of a page", found=f"`{page}`", allowed="https://"
            )
    if taken := sorted(set(card.commands) & set(COMMANDS)):
        raise WheelRefusedError(wheel, f"`{path}` announces a command of the core", found=f"`{taken[0]}`")


def _certificate(wheel: Path, archive: Archive, identity: Identity, points: Points) -> Certificate | None:
    path = certificate_of(wheel)
    if not path.exists():
        return None
    return read_testimony(
        path,
        wheel=wheel.name,
        sha256=archive.sha256,
        distribution=identity.distribution,
        version=identity.version,
        api=points.api,
        plugins=points.modules,
    )
