"""Brings an export from wherever it is into a private folder, and keeps the last one for previews."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO

from rosterbus.errors import ConnectorError, NoCopyError, RetriableError, RosterbusError
from rosterbus.plugins import Plugins
from rosterbus.private import open_private, private_folder
from rosterbus.transports import FileTransport, HttpsTransport, local_path, scheme_of

CHUNK = 1 << 20
CORE_TRANSPORTS = {"transport:file": FileTransport(), "transport:https": HttpsTransport()}
FILE, FOLDER = "file", "folder"
"""What a copy holds, by the name of the folder within it: one file, or the files of a folder."""


class Fetcher:
    """Fetches for one pipeline. With `reuse`, nothing is fetched from elsewhere: the last copy is taken."""

    def __init__(self, folder: Path, *, start: Path, reuse: bool = False) -> None:
        self._folder, self._start, self._reuse = folder, start, reuse

    def __call__(self, location: str, transport: Mapping[str, Any]) -> Path:
        """The local path of what is at `location`: a file or a folder. Local files are read where they are.

        The last copy stays until a whole new one is there. Raises ConnectorError where the export cannot be brought
        here (NotThereError where there is none), and NoCopyError where there is no copy to reuse.
        """
        scheme = scheme_of(location)
        if scheme == "file":
            return self._start / local_path(location)
        name = hashlib.sha256(location.encode()).hexdigest()[:16]
        if not self._reuse:
            self._fetch(name, scheme, location, transport)
        return self._last(name, scheme)

    def _fetch(self, name: str, scheme: str, location: str, transport: Mapping[str, Any]) -> None:
        folder = private_folder(self._folder)
        for unfinished in folder.glob(f".{name}.*"):
            shutil.rmtree(unfinished)
        fresh = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))
        try:
            _bring(scheme, location, transport, fresh)
            former = self._copies(name)
            fresh.rename(folder / f"{name}.{_number(former[-1]) + 1 if former else 1}")
        except BaseException:
            shutil.rmtree(fresh)
            raise
        for one in former:
            shutil.rmtree(one)

    def _copies(self, name: str) -> list[Path]:
        """The whole copies, oldest first; more than one only after an interruption."""
        return sorted(self._folder.glob(f"{name}.*"), key=_number)

    def _last(self, name: str, scheme: str) -> Path:
        copies = self._copies(name)
        if not copies:
            msg = "there is no copy of the export here yet; run `rosterbus plan` once, or name a local file as location"
            raise NoCopyError(msg, key="location", found=scheme)
        single = copies[-1] / FILE
        return next(single.iterdir()) if single.is_dir() else copies[-1] / FOLDER


def _number(copy: Path) -> int:
    return int(copy.suffix[1:])


def _bring(scheme: str, location: str, transport: Mapping[str, Any], into: Path) -> None:
    plugin = f"transport:{scheme}"
    core = plugin in CORE_TRANSPORTS
    plugins = Plugins([] if core else [("transport", scheme)], core=CORE_TRANSPORTS)

    def opened(place: str) -> BinaryIO:
        source: BinaryIO = plugins.call(
            plugin, "open", step="reading the export", location=place, transport=transport
        )
        return source

    listed = plugins.call(plugin, "list", step="listing the export", location=location, transport=transport)
    if not listed:
        _copy(opened(location), private_folder(into / FILE) / _name_in(location))
        return
    folder = private_folder(into / FOLDER)
    for name, size in listed:
        _refuse_odd(name)
        count = _copy(opened(f"{location.rstrip('/')}/{name}"), folder / name)
        if count != size:
            raise RetriableError(
                f"a file of the export changed while it was read: {size:,} bytes, then {count:,}"
            )


def _copy(source: BinaryIO, path: Path) -> int:
    """Copy to a new private file; answers with its size."""
    with source:
        try:
            with open_private(path, "xb") as copy:
                while chunk := _read(source):
                    copy.write(chunk)
                return copy.tell()
        except FileExistsError as error:
            raise ConnectorError(
                "two names in the export's folder are the same here; rename one there"
            ) from error
        except OSError as error:
            raise RosterbusError(f"the copy of the export cannot be written: {error.strerror}") from error


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(CHUNK)
    except RosterbusError:
        raise
    except Exception as error:
        # Whatever the transport's library calls it; its text may quote what it read.
        raise RetriableError(f"the export broke off while it was read: {type(error).__name__}") from error


def _name_in(location: str) -> str:
    name = PurePosixPath(location.partition("?")[0]).name or "export"
    _refuse_odd(name)
    return name


def _refuse_odd(name: str) -> None:
    """A name from elsewhere must be the name of a file here, and nothing else."""
    plain = name == PurePosixPath(name).name == PureWindowsPath(name).name
    if not plain or name in ("", "..") or not name.isprintable():
        raise ConnectorError("the export has a file whose name leads elsewhere; rename it there")
