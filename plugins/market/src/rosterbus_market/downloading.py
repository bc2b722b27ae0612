"""Brings the packages of a closure: the files that it names by hash, for chosen machines, from where uv finds them."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag, sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from rosterbus.errors import ConfigError, ConnectorError, RetriableError

from rosterbus_market.closure import OLDEST_PYTHON, Pinned, read_closure
from rosterbus_market.fetching import AT_MOST
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.uv_process import run_uv, uv_said

PLATFORMS = {
    "linux-x86_64": r"(?:many)?linux[0-9_a-z]*_x86_64",
    "linux-aarch64": r"(?:many)?linux[0-9_a-z]*_aarch64",
    "macos-arm64": r"macosx_\d+_\d+_(?:arm64|universal2)",
    "macos-x86_64": r"macosx_\d+_\d+_(?:x86_64|universal2|intel)",
    "windows-amd64": r"win_amd64",
    "windows-arm64": r"win_arm64",
}
"""Kinds of machines, each with the platform tags of its wheels."""
_INTERPRETER = re.compile(r"(py|cp)3(\d*)")
_CHUNK = 1 << 16
_SECONDS = 60
_LARGEST = 2_000_000_000
"""Bytes of one package; no honest one comes near."""


@dataclass(frozen=True)
class Machines:
    """For which machines files are wanted. Without `platforms` for this one; `pythons` are minor versions of 3."""

    platforms: Sequence[str] = ()
    pythons: Sequence[int] = ()

    def wants(self, tags: frozenset[Tag]) -> bool:
        """Whether a wheel with these tags can be installed on one of them."""
        if not self.platforms:
            return not tags.isdisjoint(sys_tags())
        return any(self._runs(tag) and self._fits(tag) for tag in tags)

    def _runs(self, tag: Tag) -> bool:
        shape = _INTERPRETER.fullmatch(tag.interpreter)
        if not shape:
            return False
        minor = int(shape[2] or 0)
        if tag.abi in ("none", "abi3"):
            return any(minor <= python for python in self.pythons)
        return minor in self.pythons and tag.abi == f"cp3{minor}"

    def _fits(self, tag: Tag) -> bool:
        return tag.platform == "any" or any(
            re.fullmatch(PLATFORMS[platform], tag.platform) for platform in self.platforms
        )


@dataclass(frozen=True)
class Offered:
    """One file that an index has of a package."""

    name: str
    url: str
    sha256: str


def download_closure(
    closure: bytes,
    folder: Path,
    machines: Machines,
    *,
    told: Callable[[str], None],
    near: Path | None = None,
) -> list[tuple[Pinned, list[Path]]]:
    """Bring the wheels of a closure into `folder`; what is there already is not brought again.

    They are from where uv finds them, or from the folder `near` alone.

    Raises SiteRefusedError for a file that is not the one that the closure names, and ConfigError where a package has
    no wheel for this machine.
    """
    pinned = read_closure(closure)
    offered = _offered(closure) if near is None else _lying_in(near)
    brought = []
    for number, one in enumerate(pinned, 1):
        told(f"{number} of {len(pinned)}: {one.name} {one.version}")
        wanted = [file for file in offered.get((one.name, one.version), []) if _wanted(file, one, machines)]
        if not wanted and not machines.platforms and _needed_here(one):
            msg = f"{one.name} {one.version} has no wheel for this machine that the closure names"
            raise ConfigError(
                f"{msg}; name others with `--platform`, or leave them out with `--no-dependencies`"
            )
        brought.append((one, [_bring(file, folder) for file in wanted]))
    return brought


def _offered(closure: bytes) -> dict[tuple[str, str], list[Offered]]:
    """Every wheel that uv's indexes have of the closure's packages."""
    with tempfile.TemporaryDirectory(prefix="rosterbus-market-") as name:
        folder = Path(name)
        (folder / "closure.txt").write_bytes(closure)
        output = folder / "pylock.toml"
        process = run_uv(
            [
                *("pip", "compile", "closure.txt", "--universal", "--no-deps", "--only-binary", ":all:"),
                *("--format", "pylock.toml", "--output-file", str(output), "--no-header", "--quiet"),
                *("--python-version", OLDEST_PYTHON),
            ],
            folder=folder,
        )
        if process.returncode:
            msg = f"the packages of the closure cannot be found: {uv_said(process)}"
            raise ConnectorError(f"{msg}; `--no-dependencies` copies the marketplace alone")
        answer = tomllib.loads(output.read_text(encoding="utf-8"))
        return {
            (one["name"], one["version"]): [_file(wheel, folder) for wheel in one.get("wheels", [])]
            for one in answer.get("packages", [])
        }


def _lying_in(folder: Path) -> dict[tuple[str, str], list[Offered]]:
    """Every wheel of a folder."""
    found: dict[tuple[str, str], list[Offered]] = {}
    for path in sorted(folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        offered = Offered(path.name, path.resolve().as_uri(), _sha256(path))
        found.setdefault((name, str(version)), []).append(offered)
    return found


def _file(wheel: Mapping[str, Any], folder: Path) -> Offered:
    url = wheel["url"] if "url" in wheel else (folder / wheel["path"]).resolve().as_uri()
    return Offered(file_name(urlsplit(url).path), url, wheel["hashes"]["sha256"])


def file_name(place: str) -> str:
    """The last part of a path as an index wrote it, which leads nowhere else when it is a file name here."""
    return unquote(place).replace("\\", "/").rpartition("/")[2]


def _wanted(file: Offered, one: Pinned, machines: Machines) -> bool:
    try:
        _, _, _, tags = parse_wheel_filename(file.name)
    except InvalidWheelFilename:
        return False
    return file.sha256 in one.hashes and machines.wants(tags)


def _needed_here(one: Pinned) -> bool:
    return one.requirement.marker is None or one.requirement.marker.evaluate()


def _bring(file: Offered, folder: Path) -> Path:
    path = folder / file.name
    if path.is_file() and _sha256(path) == file.sha256:
        return path
    unfinished = path.with_name(f".{path.name}")
    try:
        with unfinished.open("wb") as kept:
            for chunk in _chunks(file.url):
                kept.write(chunk)
    except (OSError, HTTPException) as error:
        unfinished.unlink(missing_ok=True)
        reason = getattr(error, "reason", None) or type(error).__name__
        raise RetriableError(
            f"{file.name} was not brought whole ({reason}); the same command goes on from here"
        ) from error
    if _sha256(unfinished) != file.sha256:
        unfinished.unlink()
        raise SiteRefusedError(f"the index gives another file as {file.name} than the closure names")
    unfinished.replace(path)
    return path


def _chunks(url: str) -> Iterator[bytes]:
    if urlsplit(url).scheme not in ("https", "http", "file"):
        raise ConfigError("a package is read over HTTPS or from a folder", found=f"`{urlsplit(url).scheme}`")
    until, size = time.monotonic() + AT_MOST, 0
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the hash decides, whatever the way
        while chunk := answer.read1(_CHUNK):
            yield chunk
            size += len(chunk)
            if size > _LARGEST or time.monotonic() > until:
                raise OSError(f"more than {_LARGEST:,} bytes or {AT_MOST} seconds")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
