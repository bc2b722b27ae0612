"""The folder tree of a server: looking, making folders, marking, and uploading; nothing is ever deleted."""

from __future__ import annotations

import io
import posixpath
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rosterbus.deliveries import Delivery
from rosterbus.errors import ConnectorError
from rosterbus.settings import Values

from rosterbus_sftp.failures import FAILURES, failed
from rosterbus_sftp.settings import server
from rosterbus_sftp.upload import Progress, Source, put_in_place, upload

REQUEST = 32 * 1024
READ_AHEAD = 1024 * 1024
Reading = Callable[[], AbstractContextManager[None]]


def _unseen(*_: object) -> None:
    """Nobody wants to know."""


class Remote:
    """An open connection. Paths are the server's own, with slashes; every failure is an error of rosterbus.

    `client` is the `paramiko.SFTPClient` beneath, to be used within `doing`.
    """

    def __init__(self, client: Any, values: Values) -> None:
        self.client = client
        self.server = server(values)
        self._values = values

    def names(self, folder: str) -> dict[str, int]:
        """The files in a folder with their sizes in bytes; folders are left out."""
        with self.doing("listing", folder):
            entries = self.client.listdir_attr(folder or ".")
        return {entry.filename: int(entry.st_size or 0) for entry in entries if not _is_folder(entry)}

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, sorted."""
        with self.doing("listing", folder):
            entries = self.client.listdir_attr(folder or ".")
        return sorted(entry.filename for entry in entries if _is_folder(entry))

    def size(self, path: str) -> int | None:
        """The size of a file in bytes, or None where there is nothing of that name."""
        found = self._stat(path)
        return None if found is None else int(found.st_size or 0)

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of this name."""
        return self._stat(path) is not None

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of this name."""
        found = self._stat(path)
        return found is not None and _is_folder(found)

    def open(self, path: str, *, closing: Callable[[], object] = _unseen) -> BinaryIO:
        """Open a file for reading; it can be sought in. `closing` is called when it is closed."""
        reading = partial(self.doing, "reading", path)
        with reading():
            handle = self.client.open(path, "rb", bufsize=0)
            size = int(handle.stat().st_size)
        return io.BufferedReader(_RemoteFile(handle, size, reading, closing), READ_AHEAD)

    def read(self, path: str) -> bytes:
        """A whole file that is known to be small."""
        with self.open(path) as file:
            return file.read()

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there; the one above it must be."""
        if self.is_folder(path):
            return
        with self.doing("making the folder", path):
            self.client.mkdir(path)

    def mark(self, path: str) -> None:
        """Create an empty marker; an empty file of that name is taken for it, any other is an error."""
        found = self.size(path)
        if found is None:
            with self.doing("creating", path):
                self.client.open(path, "wx").close()
        elif found:
            raise ConnectorError(
                f"{path} on {self.server} is no marker: it holds {found} bytes; it was left alone"
            )

    def put(
        self,
        local: Path,
        remote: str,
        *,
        rename: bool | None = None,
        replace: bool = False,
        sha256: str = "",
        progress: Progress = _unseen,
    ) -> dict[str, Any]:
        """Upload a file, or finish doing so; doing it again changes nothing.

        It goes to ``<remote>.part`` and is renamed when whole, or straight to its name with ``rename=False``;
        by default as the setting `rename` says. What lies there from an interrupted upload is read back, and
        what equals the file is kept. A file of that name with other content is an error unless `replace`.
        `sha256`, in hex, is what the local file must still be. `progress` is told bytes there, bytes in all.

        Answers with `remote`, `bytes`, `sha256`, and `verified`: ``content`` where it was read back, ``size``
        where the server lets nobody read.
        """
        rename = bool(self._values.rename) if rename is None else rename
        source = Source.of(local, sha256)
        return upload(self, source, remote, rename=rename, replace=replace, progress=progress)

    def put_all(self, delivery: Delivery, *, rename: bool | None = None) -> dict[str, Any]:
        """Upload every staged file to its fixed name; the folder right above it is made where it is missing.

        Answers with ``{"files": [...]}``, one entry for each as `put` gives it.
        """
        evidence = []
        for file, remote in zip(delivery.files, delivery.addressed.files, strict=True):
            if folder := posixpath.dirname(remote):
                self.make_folder(folder)
            told = partial(delivery.progress, file.name)
            evidence.append(self.put(file.path, remote, rename=rename, sha256=file.sha256, progress=told))
        return {"files": evidence}

    def rename(self, path: str, name: str) -> None:
        """Give a file or a folder another name, in one step; a ConnectorError where something has that name."""
        with self.doing("renaming", path):
            self.client.rename(path, name)

    def replace(self, part: str, name: str) -> None:
        """Give a file that is whole another name, in one step and in the place of whatever has it.

        A reader sees the file before or this one, and never a half. Raises ConnectorError where the server cannot
        replace a file.
        """
        put_in_place(self, part, name)

    @contextmanager
    def doing(self, what: str, path: str) -> Iterator[None]:
        """Turn every failure of the connection within into an error that names `what` was done to `path`."""
        try:
            yield
        except FAILURES as error:
            raise failed(error, self._values, alive=self.alive, doing=what, path=path) from error

    @property
    def alive(self) -> bool:
        """Whether the connection still stands."""
        channel = self.client.get_channel()
        return not channel.closed and channel.get_transport().is_active()

    def _stat(self, path: str) -> Any:
        with self.doing("looking for", path):
            try:
                return self.client.stat(path or ".")
            except FileNotFoundError:
                return None


def _is_folder(entry: Any) -> bool:
    return stat.S_ISDIR(entry.st_mode or 0)


class _RemoteFile(io.RawIOBase):
    """A remote file as Python reads files; each read asks for all its blocks at once."""

    def __init__(self, handle: Any, size: int, reading: Reading, closing: Callable[[], object]) -> None:
        self._handle, self._size, self._reading, self._closing = handle, size, reading, closing
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        blocks = [(at, min(REQUEST, end - at)) for at in range(self._at, end, REQUEST)]
        with self._reading():
            data = b"".join(self._handle.readv(blocks)) if blocks else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if self.closed:
            return
        try:
            with self._reading():
                self._handle.close()
        finally:
            self._closing()
            super().close()
