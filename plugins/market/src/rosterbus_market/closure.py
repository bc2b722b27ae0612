"""The closure of a marketplace: every package from elsewhere, at one version, with the hashes of its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from rosterbus.errors import ConfigError

OLDEST_PYTHON = "3.11"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """One package of the closure: its requirement with the version and marker, and the SHA-256 of its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return next(iter(self.requirement.specifier)).version


def read_closure(content: bytes) -> list[Pinned]:
    """The packages of a closure; raises ConfigError for a line that is no pinned package with hashes."""
    pinned = []
    for line in _logical_lines(content.decode("utf-8")):
        written, _, hashes = line.partition("--hash=")
        found = tuple(_HASH.findall(f"--hash={hashes}"))
        try:
            requirement = Requirement(written.strip())
        except InvalidRequirement as error:
            raise ConfigError("the closure has a line that is no package", found=repr(line[:80])) from error
        pins = [one for one in requirement.specifier if one.operator == "=="]
        if len(pins) != 1 or len(requirement.specifier) != 1 or not found or requirement.url:
            raise ConfigError(
                "the closure has a package without one version and hashes", found=repr(line[:80])
            )
        pinned.append(Pinned(requirement, found))
    return pinned


def _logical_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line
