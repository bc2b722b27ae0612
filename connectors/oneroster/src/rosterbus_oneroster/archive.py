"""A zip is unpacked into a private folder, or refused: nothing in it is believed before it is counted."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from rosterbus.errors import ConnectorError
from rosterbus.private import open_private, private_folder

MOST_MEMBERS = 64
MOST_RATIO = 200
RATIO_COUNTS_FROM = 1 << 20
CHUNK = 1 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")
ENCRYPTED = 0x1
LOCAL_HEADER = 30
NO_TIME = 1980
"""The year of a member whose packer recorded no time."""


@dataclass(frozen=True)
class Member:
    """One file of a package: its name without any enclosing folder, where it lies, and when it was made."""

    name: str
    path: Path
    made: datetime | None


@dataclass(frozen=True)
class Unpacked:
    """What a package holds. `folder` is the enclosing folder within the zip, blank where there is none."""

    members: tuple[Member, ...]
    left: tuple[str, ...]
    folder: str = ""


def unpack(
    archive: Path, folder: Path, *, wanted: Collection[str], most_bytes: int, clock: datetime
) -> Unpacked:
    """Write the members whose lower-case names are `wanted` into `folder`, as private files; name the rest.

    Raises ConnectorError for an archive that is damaged, hostile or no zip; nothing of it may be used then.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            infos = [info for info in package.infolist() if not info.is_dir()]
            _refuse_hostile(package.infolist(), archive.stat().st_size)
            enclosing = _enclosing(infos)
            chosen = [info for info in infos if _bare(info, enclosing).lower() in wanted]
            members = tuple(_write_all(package, chosen, private_folder(folder), enclosing, most_bytes, clock))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        msg = f"{archive.name} is no zip that can be read; export it again"
        raise ConnectorError(msg) from error
    left = tuple(_bare(info, enclosing) for info in infos if info not in chosen)
    return Unpacked(members, left, enclosing)


def _refuse_hostile(infos: list[zipfile.ZipInfo], size: int) -> None:
    if len(infos) > MOST_MEMBERS:
        raise _refused(f"holds {len(infos)} members, and a OneRoster package at most {MOST_MEMBERS}")
    folded: set[str] = set()
    for info in infos:
        _refuse_member(info)
        if info.filename.lower() in folded:
            raise _refused(f"holds the name {info.filename!r} twice (a difference in case does not count)")
        folded.add(info.filename.lower())
    _refuse_overlaps(infos, size)


def _refuse_member(info: zipfile.ZipInfo) -> None:
    # orig_filename is what the archive says, before zipfile cuts it at a NUL or turns separators
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    parts = PurePosixPath(name).parts
    if not name or name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
        raise _refused(f"has a member that would leave its folder: {name!r}")
    if not name.isprintable():
        raise _refused(f"has a member whose name cannot be printed: {name!r}")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(f"has a member that is a link or a device: {name!r}")
    if info.flag_bits & ENCRYPTED:
        raise _refused(f"has an encrypted member: {name!r}; export it without a password")
    if name.lower().endswith(ARCHIVES):
        raise _refused(f"has an archive within the archive: {name!r}")
    if info.compress_type not in METHODS:
        raise _refused(f"has a member that is packed otherwise than by DEFLATE: {name!r}")


def _refuse_overlaps(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Members that share bytes make a small archive unpack without end."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    ends = [info.header_offset for info in ordered[1:]] + [size]
    for info, end in zip(ordered, ends, strict=True):
        if info.header_offset + LOCAL_HEADER + len(info.orig_filename) + info.compress_size > end:
            raise _refused(f"has members that overlap: {info.filename!r}")


def _write_all(
    package: zipfile.ZipFile,
    infos: list[zipfile.ZipInfo],
    folder: Path,
    enclosing: str,
    most_bytes: int,
    clock: datetime,
) -> Iterator[Member]:
    left = most_bytes
    for info in infos:
        path = folder / _bare(info, enclosing)
        with package.open(info) as packed, open_private(path, "xb") as file:
            written = 0
            while chunk := packed.read(CHUNK):
                written += len(chunk)
                if written > left:
                    raise _refused(
                        f"unpacks to more than {most_bytes:,} bytes; raise `most_unpacked` if that is right"
                    )
                if written > max(RATIO_COUNTS_FROM, MOST_RATIO * info.compress_size):
                    raise _refused(
                        f"has a member that unpacks to more than {MOST_RATIO} times its size: {path.name!r}"
                    )
                file.write(chunk)
        left -= written
        yield Member(path.name, path, _made(info, clock))


def _made(info: zipfile.ZipInfo, clock: datetime) -> datetime | None:
    if info.date_time[0] == NO_TIME:
        return None
    try:
        return datetime(*info.date_time, tzinfo=clock.tzinfo)
    except ValueError:
        return None


def _enclosing(infos: list[zipfile.ZipInfo]) -> str:
    """The one folder that everything lies in, blank if there is none; a Mac's shadow folder counts not."""
    tops = {PurePosixPath(info.filename).parts[0] for info in infos if not _is_shadow(info)}
    flat = any("/" not in info.filename for info in infos)
    return tops.pop() if len(tops) == 1 and not flat else ""


def _is_shadow(info: zipfile.ZipInfo) -> bool:
    return info.filename.startswith("__MACOSX/")


def _bare(info: zipfile.ZipInfo, enclosing: str) -> str:
    return info.filename.removeprefix(f"{enclosing}/") if enclosing else info.filename


def _refused(what: str) -> ConnectorError:
    advice = "" if ";" in what else "; ask whoever makes the export for a plain zip of CSV files"
    return ConnectorError(f"the zip is refused: it {what}{advice}")
