"""A wheel, read as a zip file: unpacked with every name checked, and not a line of it run."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PathDistribution
from pathlib import Path, PurePosixPath

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from rosterbus.errors import ConfigError
from rosterbus.hookspecs import API_VERSION, PROJECT
from rosterbus.private import open_private, private_folder

MOST_FILES = 10_000
MOST_BYTES = 500_000_000
_GROUP = re.compile(rf"{PROJECT}\.v{API_VERSION}\.(?P<kind>\w+)s")


@dataclass(frozen=True)
class Wheel:
    """What a wheel says of itself. `plugins` are "kind:name"; `package` is the one that they are all in."""

    path: Path
    sha256: str
    distribution: str
    version: str
    package: str
    plugins: tuple[str, ...]
    unpacked: Path


def open_wheel(path: Path, into: Path) -> Wheel:
    """Unpack a wheel into the folder `into`, which is made; raises ConfigError for what no connector's wheel has."""
    name, version = _name_of(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, path, private_folder(into))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ConfigError(
            f"the wheel is no readable zip file ({error}); build it again", file=path
        ) from error
    except OSError as error:
        raise ConfigError(f"the wheel cannot be read: {error.strerror or error}", file=path) from error
    own = _metadata_of(path, into)
    said = canonicalize_name(own.metadata["Name"] or "")
    if (said, own.version) != (name, version):
        raise ConfigError(
            "the wheel's file name and its metadata disagree",
            file=path,
            found=f"{said} {own.version}",
            allowed=f"{name} {version}",
        )
    package, plugins = _plugins_of(path, own)
    _refuse_strangers(path, into, package)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel(path, digest, own.metadata["Name"], version, package, plugins, into)


def _name_of(path: Path) -> tuple[str, str]:
    if not path.is_file():
        raise ConfigError("there is no such wheel", file=path)
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise ConfigError(f"the file has not the name of a wheel: {error}", file=path) from error
    return name, str(version)


def _unpack(archive: zipfile.ZipFile, path: Path, into: Path) -> None:
    members = archive.infolist()
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES:
        raise ConfigError(
            f"the wheel is larger than a connector can be: {len(members):,} files",
            file=path,
            allowed=f"{MOST_FILES:,} files and {MOST_BYTES:,} bytes",
        )
    seen: set[str] = set()
    for member in members:
        name = member.filename
        parts = PurePosixPath(name).parts
        odd = (
            not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name
        )
        if odd or stat.S_ISLNK(member.external_attr >> 16) or name.lower() in seen:
            raise ConfigError("the wheel has a member that no wheel needs", file=path, found=repr(name))
        seen.add(name.lower())
        if not member.is_dir():
            _write(archive, member, into / name)


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path) -> None:
    private_folder(to.parent)
    with archive.open(member) as packed, open_private(to, "xb") as file:
        # `file_size` is what the archive says; no more than that is ever read.
        left = member.file_size
        while left and (piece := packed.read(min(left, 1 << 20))):
            file.write(piece)
            left -= len(piece)


def _metadata_of(path: Path, folder: Path) -> PathDistribution:
    found = sorted(folder.glob("*.dist-info"))
    if len(found) != 1 or not (found[0] / "METADATA").is_file():
        raise ConfigError("the wheel has not one folder of metadata", file=path, found=str(len(found)))
    return PathDistribution(found[0])


def _plugins_of(path: Path, own: PathDistribution) -> tuple[str, tuple[str, ...]]:
    points = [
        (shape["kind"], point) for point in own.entry_points if (shape := _GROUP.fullmatch(point.group))
    ]
    if not points:
        raise ConfigError(
            f"the wheel has no plugin to certify: it gives no entry point of connector API {API_VERSION}",
            file=path,
            allowed=f"a group such as {PROJECT}.v{API_VERSION}.destinations",
        )
    packages = sorted({point.value.partition(":")[0].partition(".")[0] for _, point in points})
    if len(packages) > 1:
        raise ConfigError(
            "the entry points lead to several packages", file=path, found=", ".join(packages), allowed="one"
        )
    return packages[0], tuple(sorted(f"{kind}:{point.name}" for kind, point in points))


def _refuse_strangers(path: Path, folder: Path, package: str) -> None:
    """A module beside its own package would shadow somebody's in the process that judges it."""
    strangers = sorted(one.name for one in _beside(folder, package))
    if strangers:
        raise ConfigError(
            "the wheel brings more than its own package", file=path, found=strangers[0], allowed=package
        )


def _beside(folder: Path, package: str) -> Iterator[Path]:
    for one in folder.iterdir():
        if one.name != package and one.suffix != ".dist-info":
            yield one
