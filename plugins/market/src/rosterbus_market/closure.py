"""What the newest connectors need from elsewhere: resolved once, for every platform, each file with its hash."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from rosterbus.errors import ConfigError

from rosterbus_market.catalogue import Catalogue
from rosterbus_market.simple_index import INDEX

OLDEST_PYTHON = "3.11"
_SECONDS = 600
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


def resolve_closure(catalogue: Catalogue, site: Path) -> bytes:
    """Resolve all newest releases of `site` together, its own index before the one that uv is set up for.

    Raises ConfigError where they do not fit together, or where no index can be reached.
    """
    newest = [(entry.distribution, entry.newest) for entry in catalogue.entries if entry.newest]
    with tempfile.TemporaryDirectory() as scratch:
        asked, answer = Path(scratch) / "requirements.in", Path(scratch) / "closure.txt"
        asked.write_text("".join(f"{name}=={one.version}\n" for name, one in newest), encoding="utf-8")
        own = [entry.distribution for entry in catalogue.entries]
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are ours
                _command(asked, answer, site, own), capture_output=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise ConfigError(
                f"the closure was not resolved within {_SECONDS} seconds; `--no-closure`"
            ) from error
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", errors="backslashreplace").split())[-1500:]
            msg = (
                f"what the connectors need cannot be resolved; `--no-closure` leaves it to the client: {said}"
            )
            raise ConfigError(msg)
        content = answer.read_bytes()
    _check(content, own)
    return content


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


def _command(asked: Path, answer: Path, site: Path, own: Sequence[str]) -> list[str]:
    index = (site / INDEX).absolute().as_uri()
    options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    for name in own:
        options += ["--no-emit-package", name, "--refresh-package", name]
    where = ["--index", index, "--index-strategy", "first-index", "--python-version", OLDEST_PYTHON]
    return [uv.find_uv_bin(), "pip", "compile", "--quiet", *options, *where, "-o", str(answer), str(asked)]


def _check(content: bytes, own: Sequence[str]) -> None:
    foreign = [one.name for one in read_closure(content) if one.name.startswith("rosterbus")]
    if foreign:
        msg = "the closure would take a connector from another index; give its wheel to the marketplace"
        raise ConfigError(msg, found=", ".join(foreign), allowed=", ".join(own))


def _logical_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line
