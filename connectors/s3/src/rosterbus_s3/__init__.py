"""S3 for every source and destination: conditional, checksummed puts that are never repeated unasked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from rosterbus.errors import ConfigError
from rosterbus.hookspecs import hookimpl
from rosterbus.settings import Values

from rosterbus_s3.failures import StoreAwayError
from rosterbus_s3.settings import S3Settings, located, target
from rosterbus_s3.store import Put, Store, connect, test_connection

Settings = S3Settings
"""What ``[source.transport]`` may say."""

__all__ = [
    "Put",
    "S3Settings",
    "Settings",
    "Store",
    "StoreAwayError",
    "connect",
    "located",
    "target",
    "test_connection",
]
READ_ATTEMPTS = 3


@hookimpl
def open(location: str, transport: Mapping[str, Any]) -> BinaryIO:
    """Open an object for reading; the connection is closed with it."""
    values = _one_file(location, transport)
    opening = ExitStack()
    try:
        store = opening.enter_context(connect(values, attempts=READ_ATTEMPTS))
        return store.open(values.folder, closing=opening.close)
    except BaseException:
        opening.close()
        raise


@hookimpl
def put(path: Path, location: str, transport: Mapping[str, Any]) -> Mapping[str, Any]:
    """Store a file in one request, in the place of whatever has that key."""
    values = _one_file(location, transport)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with connect(values) as store:
        return asdict(store.put_once(path, values.folder, sha256=sha256, conditional=False))


@hookimpl
def list(location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """The objects right in a folder; none where the location is an object."""
    values = located(location, transport)
    with connect(values, attempts=READ_ATTEMPTS) as store:
        return sorted(store.names(values.folder).items())


def _one_file(location: str, transport: Mapping[str, Any]) -> Values:
    values = located(location, transport)
    if not values.folder or values.folder.endswith("/"):
        raise ConfigError("the location names no file", allowed="s3://bucket/folder/file")
    return values
