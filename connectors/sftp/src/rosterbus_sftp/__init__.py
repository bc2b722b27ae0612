"""SFTP for every source and destination: one way to connect, to read, and to upload without harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rosterbus.errors import ConfigError
from rosterbus.hookspecs import hookimpl
from rosterbus.settings import Values

from rosterbus_sftp.connection import connect, test_connection
from rosterbus_sftp.remote import Remote
from rosterbus_sftp.settings import SFTPSettings, located, target

if TYPE_CHECKING:
    import click

Settings = SFTPSettings
"""What ``[source.transport]`` may say."""

__all__ = ["Remote", "SFTPSettings", "Settings", "connect", "located", "target", "test_connection"]


@hookimpl
def open(location: str, transport: Mapping[str, Any]) -> BinaryIO:
    """Open a remote file for reading; the connection is closed with it."""
    values = _one_file(location, transport)
    opening = ExitStack()
    try:
        remote = opening.enter_context(connect(values))
        return remote.open(values.folder, closing=opening.close)
    except BaseException:
        opening.close()
        raise


@hookimpl
def put(path: Path, location: str, transport: Mapping[str, Any]) -> Mapping[str, Any]:
    """Upload under a temporary name, then put it in the place of whatever has that name."""
    values = _one_file(location, transport)
    with connect(values) as remote:
        return remote.put(path, values.folder, replace=True)


@hookimpl
def list(location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """The files in a remote folder; none where the location is a file."""
    values = located(location, transport)
    with connect(values) as remote:
        if remote.exists(values.folder) and not remote.is_folder(values.folder):
            return []
        return sorted(remote.names(values.folder).items())


@hookimpl
def commands() -> Sequence[click.Command]:
    """`rosterbus pin`."""
    from rosterbus_sftp.pinning import pin

    return [pin]


def _one_file(location: str, transport: Mapping[str, Any]) -> Values:
    values = located(location, transport)
    if not values.folder or values.folder.endswith("/"):
        raise ConfigError("the location names no file", allowed="sftp://user@host:port/folder/file")
    return values
