"""The catalogue: everything that a marketplace says of its connectors, as one JSON file of a versioned schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rosterbus.cards import ConnectorCard
from rosterbus.certificates import Certificate
from rosterbus.errors import ConfigError

from rosterbus_market.catalogue_shape import check_shape

SCHEMA = 1
CATALOGUE = "catalogue.json"
CLOSURE = "closure.txt"
"""Every package from elsewhere that the connectors need, at one version, with the hashes of its files for all
platforms, as `uv pip compile --universal --generate-hashes` writes it."""
PACKAGES = "packages"
"""The folder of wheels and their certificates."""
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True)
class Attestation:
    """A certificate as the catalogue has it: whole, and who ran it. `ran` is ``publisher`` or ``marketplace``."""

    certificate: Certificate
    ran: str
    on: str
    """The day that it was taken in or run, ISO."""


@dataclass(frozen=True)
class Withdrawal:
    """Why a release must not be used any more, and since which day (ISO)."""

    reason: str
    on: str


@dataclass(frozen=True)
class Release:
    """One version of a distribution. All of it is read from the wheel, without running anything of it.

    `wheel` is its file name in `PACKAGES`, `size` in bytes, `api` the connector API of its entry points,
    `core_floor` the lowest core it asks for, `entry_points` "kind:name" with the module each names, `requires` its
    requirements as PEP 508 has them, `content` what `content_of` of the core's lock gives for its files.
    `changes` is what its changelog says of this version, blank where it ships none.
    """

    version: str
    wheel: str
    sha256: str
    size: int
    published: str
    api: int
    core_floor: str
    requires_python: str
    requires: Sequence[str]
    entry_points: Mapping[str, str]
    card: ConnectorCard
    content: str
    description: str = ""
    changes: str = ""
    attestations: Sequence[Attestation] = ()
    withdrawn: Withdrawal | None = None

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of what can be asked for beside it, as ``NAME[EXTRA]``, sorted."""
        return extras_in(self.requires)

    @property
    def certificate(self) -> Certificate | None:
        """The certificate to show: the marketplace's own run before the publisher's."""
        found = sorted(self.attestations, key=lambda one: one.ran != "marketplace")
        return found[0].certificate if found else None


@dataclass(frozen=True)
class Entry:
    """One distribution with its releases, the newest first. `core` is true of rosterbus itself."""

    distribution: str
    releases: Sequence[Release]
    core: bool = False

    @property
    def newest(self) -> Release | None:
        """The newest release that is not withdrawn."""
        return next((one for one in self.releases if one.withdrawn is None), None)


@dataclass(frozen=True)
class Catalogue:
    """What a marketplace offers. `built` is the moment it was made, ISO with its zone."""

    title: str
    built: str
    entries: Sequence[Entry] = field(default_factory=tuple)

    def entry(self, name: str) -> Entry | None:
        """The distribution called `name`, with or without "rosterbus-"."""
        names = {name, f"rosterbus-{name}"}
        return next((one for one in self.entries if one.distribution in names), None)

    def as_json(self) -> dict[str, Any]:
        """The catalogue as it is written."""
        return {"schema": SCHEMA, **asdict(self)}


def extras_in(requires: Iterable[str]) -> tuple[str, ...]:
    """The extras that requirements speak of, sorted."""
    return tuple(sorted({name for line in requires for name in _EXTRA.findall(line)}))


def write_catalogue(catalogue: Catalogue, path: Path) -> None:
    """Write it as sorted JSON in UTF-8, the same bytes for the same catalogue."""
    text = json.dumps(catalogue.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def parse_catalogue(content: bytes) -> Catalogue:
    """Read a catalogue that was verified before; raises ConfigError for another schema or what none may say."""
    try:
        values = json.loads(content.decode("utf-8"))
        json.dumps(values, ensure_ascii=False).encode(
            "utf-8"
        )  # half a letter can be written in JSON, and not here
    except (ValueError, RecursionError) as error:
        raise ConfigError("the catalogue is not JSON in UTF-8", found=type(error).__name__) from error
    if not isinstance(values, dict):
        raise ConfigError("the catalogue is no table", found=type(values).__name__)
    if values.get("schema") != SCHEMA:
        raise ConfigError(
            "the catalogue has another schema; a newer rosterbus-market may read it",
            key="schema",
            found=repr(values.get("schema")),
            allowed=str(SCHEMA),
        )
    check_shape(values)
    return Catalogue(values["title"], values["built"], tuple(_entry(one) for one in values["entries"]))


def _entry(values: Mapping[str, Any]) -> Entry:
    return Entry(values["distribution"], tuple(_release(one) for one in values["releases"]), values["core"])


def _release(values: Mapping[str, Any]) -> Release:
    withdrawn = values["withdrawn"]
    card: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in values["card"].items()
    }
    known = {one.name: values[one.name] for one in fields(Release)}
    return Release(
        **{
            **known,
            "card": ConnectorCard(**card),
            "attestations": tuple(_attestation(one) for one in values["attestations"]),
            "withdrawn": Withdrawal(**withdrawn) if withdrawn else None,
        }
    )


def _attestation(values: Mapping[str, Any]) -> Attestation:
    from rosterbus.certificates import SCHEMA as CERTIFICATES
    from rosterbus.certificates import parse_certificate

    certificate = parse_certificate({"schema": CERTIFICATES, **values["certificate"]})
    return Attestation(certificate, values["ran"], values["on"])
