"""A wheel as a zip file, read byte by byte: every byte of it belongs to a file that its directory names.

The programs that unpack wheels disagree about odd zip files, so that a wheel could show one content to whoever
examines it and another to whoever installs it. Only the plain form, about which all agree, is let through.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from rosterbus_market.refusals import WheelRefusedError

LARGEST_WHEEL = 64_000_000
LARGEST_CONTENT = 256_000_000
MOST_FILES = 5_000
MOST_INFLATED = 200
"""How many times larger a file of more than `SMALL` bytes may be than its packed form."""
SMALL = 1_000_000

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_DESCRIBED_AFTER = 0x0008
_METHODS = {0: "stored", 8: "deflated"}
_RENAMING = (0x0001, 0x7075)
"""Extra fields that give a file another size or name: zip64 and Unicode path."""
_NAME = re.compile(r"[A-Za-z0-9_+.@=,()\[\]{}~!#$%^&'; -]+(?:/[A-Za-z0-9_+.@=,()\[\]{}~!#$%^&'; -]+)*")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class _Entry:
    """One line of the central directory. `flags` to `size` stand in the file's own header too."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int


@dataclass(frozen=True)
class Archive:
    """A wheel whose zip structure is plain. `sha256` is of the whole file, `digests` of each file in it."""

    wheel: str
    sha256: str
    size: int
    digests: Mapping[str, bytes]
    sizes: Mapping[str, int]
    _data: bytes = field(repr=False)
    _places: Mapping[str, tuple[_Entry, int]] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Every file, in the order of the archive."""
        return list(self.digests)

    def read(self, name: str) -> bytes:
        """The content of one file; raises KeyError where there is none."""
        entry, start = self._places[name]
        return _inflated(self.wheel, entry, self._data[start : start + entry.packed])


def open_archive(path: Path) -> Archive:
    """Read a wheel once and check its zip structure; raises WheelRefusedError for the first thing that is wrong."""
    try:
        length = path.stat().st_size
        if length > LARGEST_WHEEL:
            _refuse(path.name, "it is too large", f"{length:,} bytes", f"{LARGEST_WHEEL:,}")
        data = path.read_bytes()
    except OSError as error:
        raise WheelRefusedError(path.name, f"it cannot be read: {error.strerror}") from error
    entries, directory = _directory(path.name, data)
    _check_names(path.name, entries)
    _check_sizes(path.name, entries)
    places = {entry.name: (entry, start) for entry, start in _tiled(path.name, data, entries, directory)}
    digests = {
        name: hashlib.sha256(_inflated(path.name, entry, data[start : start + entry.packed])).digest()
        for name, (entry, start) in places.items()
    }
    sizes = {entry.name: entry.size for entry in entries}
    return Archive(path.name, hashlib.sha256(data).hexdigest(), len(data), digests, sizes, data, places)


def _refuse(wheel: str, wrong: str, found: str | None = None, allowed: str | None = None) -> NoReturn:
    raise WheelRefusedError(wheel, wrong, found=found, allowed=allowed)


def _directory(wheel: str, data: bytes) -> tuple[list[_Entry], int]:
    """The central directory and where it starts; it must end where the last 22 bytes of the file begin."""
    if data[:4] != b"PK\x03\x04":
        what = "data stands before its first file" if b"PK\x03\x04" in data else "it is no zip file"
        _refuse(wheel, what, f"first bytes {data[:4]!r}", "a zip file from its first byte on")
    end = len(data) - _END.size
    if end < 0 or data[end : end + 4] != b"PK\x05\x06":
        what = "it is cut short, or data stands behind its directory"
        _refuse(wheel, what, f"last bytes {data[-4:]!r}", "a zip file to its last byte, without a comment")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, end)
    if disk or first_disk or here != count or comment:
        _refuse(wheel, "it is a zip file in parts or with a comment", allowed="one part, no comment")
    if start + size != end or count == 0xFFFF:
        _refuse(wheel, "its directory is not where it says", f"{start} + {size} bytes", f"up to byte {end}")
    if count > MOST_FILES:
        _refuse(wheel, "it has too many files", f"{count:,}", f"{MOST_FILES:,}")
    entries, position = [], start
    for _ in range(count):
        entry, position = _entry(wheel, data, position, end)
        entries.append(entry)
    if position != end:
        _refuse(wheel, "its directory has more bytes than files", f"{end - position} bytes more")
    return entries, start


def _entry(wheel: str, data: bytes, position: int, end: int) -> tuple[_Entry, int]:
    if position + _CENTRAL.size > end or data[position : position + 4] != b"PK\x01\x02":
        _refuse(wheel, "its directory is broken", f"byte {position}")
    values = _CENTRAL.unpack_from(data, position)
    flags, method, crc, packed, size = values[3], values[4], values[7], values[8], values[9]
    name_length, extra_length, comment_length = values[10:13]
    position += _CENTRAL.size
    raw = data[position : position + name_length]
    name = _name(wheel, raw)
    extra = data[position + name_length : position + name_length + extra_length]
    _check_extra(wheel, name, extra)
    if comment_length or values[13]:
        _refuse(wheel, f"`{name}` has a comment or lies on another disk")
    if flags & _ENCRYPTED:
        _refuse(wheel, f"`{name}` is encrypted", allowed="files that can be read")
    if method not in _METHODS:
        _refuse(wheel, f"`{name}` is packed in a way that not all can read", str(method), "stored, deflated")
    entry = _Entry(name, raw, flags, method, crc, packed, size, values[15] >> 16, values[16])
    return entry, position + name_length + extra_length


def _name(wheel: str, raw: bytes) -> str:
    """The name of a file, which must be one that every file system writes in the same way."""
    shown = repr(raw.decode("utf-8", errors="backslashreplace"))
    if b"\0" in raw:
        _refuse(wheel, "a file name has a NUL, behind which some programs do not read", shown)
    if b"\\" in raw:
        _refuse(wheel, "a file name has a backslash, which is a folder on some systems", shown)
    if not raw.isascii():
        _refuse(
            wheel,
            "a file name has letters that may look like others",
            ascii(raw.decode("utf-8", "replace")),
            "ASCII",
        )
    name = raw.decode("ascii")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        _refuse(wheel, "a file name is an absolute path", shown, "a path inside the wheel")
    parts = name.split("/")
    if ".." in parts or "." in parts:
        _refuse(wheel, "a file name leads out of its folder", shown, "a path inside the wheel")
    if name.endswith("/"):
        _refuse(wheel, "it has an entry for a folder", shown, "files alone")
    odd = any(part != part.strip(" ") or part.endswith(".") or _DEVICE.match(part) for part in parts)
    if odd or not _NAME.fullmatch(name):
        _refuse(wheel, "a file name is not the same on every system", shown, "letters, digits and `_ - . +`")
    return name


def _check_extra(wheel: str, name: str, extra: bytes) -> None:
    position = 0
    while position < len(extra):
        kind, length = struct.unpack_from("<2H", extra.ljust(position + 4, b"\0"), position)
        position += 4 + length
        if kind in _RENAMING or position > len(extra):
            _refuse(wheel, f"`{name}` has an extra field that gives it another name or size", f"{kind:#06x}")


def _check_names(wheel: str, entries: list[_Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        twin = seen.get(entry.name.casefold())
        if twin == entry.name:
            _refuse(wheel, "two files have the same name", f"`{entry.name}`")
        if twin is not None:
            what = "two files differ in upper and lower case only, which are one on some systems"
            _refuse(wheel, what, f"`{twin}` and `{entry.name}`")
        seen[entry.name.casefold()] = entry.name
        if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG):
            _refuse(wheel, f"`{entry.name}` is no plain file", f"mode {entry.mode:o}", "no links, no devices")
    for entry in entries:
        for folder in _folders(entry.name.casefold()):
            if folder in seen:
                _refuse(wheel, "a file is a folder too", f"`{seen[folder]}` and `{entry.name}`")


def _folders(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[: depth + 1]) for depth in range(len(parts)))


def _check_sizes(wheel: str, entries: list[_Entry]) -> None:
    if (total := sum(entry.size for entry in entries)) > LARGEST_CONTENT:
        _refuse(wheel, "its content is too large", f"{total:,} bytes", f"{LARGEST_CONTENT:,}")
    for entry in entries:
        if entry.size > SMALL and entry.size > MOST_INFLATED * entry.packed:
            what = f"`{entry.name}` grows too much when it is unpacked"
            _refuse(wheel, what, f"{entry.packed:,} to {entry.size:,} bytes", f"{MOST_INFLATED} times")


def _tiled(wheel: str, data: bytes, entries: list[_Entry], directory: int) -> Iterator[tuple[_Entry, int]]:
    """Every file with where its content starts; together they fill all up to the directory, once."""
    position = 0
    for entry in sorted(entries, key=lambda one: one.offset):
        if entry.offset != position:
            what = (
                "files overlap" if entry.offset < position else "data that no file owns stands between files"
            )
            _refuse(wheel, what, f"`{entry.name}` at byte {entry.offset}", f"byte {position}")
        start = _content_start(wheel, data, entry)
        position = start + entry.packed
        if entry.flags & _DESCRIBED_AFTER:
            position = _described(wheel, data, entry, position)
        if position > directory:
            _refuse(wheel, "files overlap", f"`{entry.name}` reaches into the directory")
        yield entry, start
    if position != directory:
        _refuse(wheel, "data that no file owns stands before its directory", f"{directory - position} bytes")


def _content_start(wheel: str, data: bytes, entry: _Entry) -> int:
    """Check the file's own header against the directory's line about it."""
    if data[entry.offset : entry.offset + 4] != b"PK\x03\x04":
        _refuse(wheel, f"`{entry.name}` is not where the directory says", f"byte {entry.offset}")
    header = _LOCAL.unpack_from(data, entry.offset)
    flags, method, crc, packed, size, name_length, extra_length = (*header[2:4], *header[6:])
    names = entry.offset + _LOCAL.size
    own = data[names : names + name_length]
    if own != entry.raw_name:
        found = f"`{own.decode('ascii', errors='backslashreplace')}`"
        _refuse(
            wheel, "a file has another name in its own header than in the directory", found, f"`{entry.name}`"
        )
    _check_extra(wheel, entry.name, data[names + name_length : names + name_length + extra_length])
    later = entry.flags & _DESCRIBED_AFTER and (crc, packed, size) == (0, 0, 0)
    said = (flags, method, crc, packed, size)
    listed = (entry.flags, entry.method, entry.crc, entry.packed, entry.size)
    if said[:2] != listed[:2] or not (later or said == listed):
        _refuse(
            wheel, f"`{entry.name}` says something else of itself than the directory", str(said), str(listed)
        )
    return int(names + name_length + extra_length)


def _described(wheel: str, data: bytes, entry: _Entry, position: int) -> int:
    """Where the descriptor behind a file ends, which repeats what the directory says."""
    expected = struct.pack("<3L", entry.crc, entry.packed, entry.size)
    for length, mark in ((16, b"PK\x07\x08"), (12, b"")):
        if data[position : position + length] == mark + expected:
            return position + length
    raise WheelRefusedError(wheel, f"`{entry.name}` says something else behind itself than the directory")


def _inflated(wheel: str, entry: _Entry, packed: bytes) -> bytes:
    """The content of one file, never more bytes than the directory says."""
    content = packed
    if entry.method:
        reader = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = reader.decompress(packed, entry.size + 1)
        except zlib.error as error:
            raise WheelRefusedError(wheel, f"`{entry.name}` cannot be unpacked: {error}") from error
        if not reader.eof and len(content) <= entry.size:
            _refuse(wheel, f"`{entry.name}` is cut short")
        if reader.unused_data:
            _refuse(wheel, f"data stands behind the content of `{entry.name}`")
    if len(content) != entry.size:
        _refuse(wheel, f"`{entry.name}` has another size than it says", allowed=f"{entry.size:,} bytes")
    if zlib.crc32(content) != entry.crc:
        _refuse(wheel, f"`{entry.name}` has another checksum than it says")
    return content
