"""Where files are handed over: a folder on this machine or on an SFTP server, seen the same way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rosterbus.deliveries import Probe, StagedFile
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.private import private_folder, write_private_bytes
from rosterbus.settings import Values
from rosterbus_sftp import Remote, connect, target

from rosterbus_great_minds.settings import is_remote, local, remote

Progress = Callable[[int, int], None]


class Place(Protocol):
    """A folder that rosterbus writes to; names in it are relative and have slashes."""

    @property
    def where(self) -> str:
        """The folder as a person finds it."""

    def exists(self, name: str) -> bool:
        """Whether there is a file or a folder of this name."""

    def make_folder(self, name: str) -> None:
        """Make a folder unless it is there."""

    def put(self, file: StagedFile, name: str, progress: Progress) -> None:
        """Write a whole file; what is whole already is left alone. ConnectorError where it is not as planned."""

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, in the place of what has its name."""

    def rename(self, name: str, to: str) -> None:
        """Give a folder another name, in one step."""


@contextmanager
def opened(values: Values) -> Iterator[Place]:
    """The place that the settings name. Raises ConnectorError where it cannot be reached or written to."""
    if not is_remote(values.location):
        yield LocalPlace(local(values))
        return
    account = remote(values)
    with connect(account) as server:
        if account.folder:
            server.make_folder(account.folder)
        yield RemotePlace(server, account)


def identity(values: Values) -> str:
    """What is written to, without secrets."""
    if is_remote(values.location):
        account = remote(values)
        return target(account, account.folder)
    return local(values).as_uri()


def probed(folder: Path) -> Probe:
    """Whether a folder on this machine is there, or can be made, and may be written to."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        told = "is there" if nearest == folder else f"will be made in {nearest}"
        return Probe("folder", "proved", f"{folder} {told}")
    return Probe(
        "folder", "failed", f"{nearest} is no folder that may be written to; choose another `location`"
    )


class LocalPlace:
    """A folder here; every file in it is its owner's alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def where(self) -> str:
        return str(self._root)

    def exists(self, name: str) -> bool:
        with self._doing("looked for", name):
            return (self._root / name).exists()

    def make_folder(self, name: str) -> None:
        # The folder that the settings name may be there with rights of its own; what is in it is private.
        try:
            private_folder(self._root / name)
        except ConfigError as error:
            raise RetriableError(f"{error}; the next run goes on from there") from error

    def put(self, file: StagedFile, name: str, progress: Progress) -> None:
        with self._doing("written", name):
            content = file.path.read_bytes()
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise ConnectorError(f"{file.name} is no longer the file that was planned; plan again")
            path = self._root / name
            if not (path.is_file() and path.read_bytes() == content):
                write_private_bytes(path, content)
        progress(file.bytes, file.bytes)

    def write(self, name: str, content: bytes) -> None:
        with self._doing("written", name):
            write_private_bytes(self._root / name, content)

    def rename(self, name: str, to: str) -> None:
        with self._doing("renamed", name):
            (self._root / name).rename(self._root / to)

    @contextmanager
    def _doing(self, what: str, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RetriableError(
                f"{self._root / name} cannot be {what}: {error.strerror}; see that its disk is there, is not full "
                "and may be written to; the next run goes on from there"
            ) from error


class RemotePlace:
    """A folder on an SFTP server."""

    def __init__(self, server: Remote, account: Values) -> None:
        self._server, self._account = server, account
        self._root = account.folder.rstrip("/")

    @property
    def where(self) -> str:
        return target(self._account, self._account.folder)

    def exists(self, name: str) -> bool:
        return self._server.exists(self._path(name))

    def make_folder(self, name: str) -> None:
        self._server.make_folder(self._path(name))

    def put(self, file: StagedFile, name: str, progress: Progress) -> None:
        self._server.put(file.path, self._path(name), sha256=file.sha256, progress=progress)

    def write(self, name: str, content: bytes) -> None:
        path = self._path(name)
        with self._server.doing("writing", path), self._server.client.open(path, "wb") as file:
            file.write(content)

    def rename(self, name: str, to: str) -> None:
        self._server.rename(self._path(name), self._path(to))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._account.folder else name
