"""One file on its way up: continue, verify, rename, in that order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosterbus.errors import ConnectorError, RetriableError

from rosterbus_sftp.failures import FAILURES

if TYPE_CHECKING:
    from rosterbus_sftp.remote import Remote

REQUEST = 32 * 1024
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Source:
    """The local file as it was measured before anything was sent."""

    path: Path
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path, expected: str) -> Source:
        """Measure a file; raises ConnectorError where its digest is not the `expected` one, if any."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if expected and digest != expected:
            raise ConnectorError(
                f"{path.name} is no longer the file that was planned (its SHA-256 differs); plan again"
            )
        return cls(path, size, digest)


def upload(
    remote: Remote, source: Source, name: str, *, rename: bool, replace: bool, progress: Progress
) -> dict[str, Any]:
    """Bring a file to its name. See `Remote.put` for what is promised."""
    there = remote.size(name)
    if there is not None:
        equal = _begins_like(remote, name, there, source)
        if there == source.size and equal is not False:
            progress(source.size, source.size)
            return _evidence(name, source, equal)
        if not replace and (rename or equal is False):
            raise _taken(remote, name)
    part = f"{name}.part" if rename else name
    _send(remote, source, part, progress)
    verified = _verify(remote, part, source)
    if rename:
        _rename(remote, part, name, replace=replace)
    return _evidence(name, source, verified)


def put_in_place(remote: Remote, part: str, name: str) -> None:
    """Give `part` the name `name`. See `Remote.replace` for what is promised."""
    _rename(remote, part, name, replace=True)


def _send(remote: Remote, source: Source, part: str, progress: Progress) -> None:
    there = remote.size(part)
    kept = there if there and _begins_like(remote, part, there, source) else 0
    progress(kept, source.size)
    if kept and kept == source.size:
        return
    with remote.doing("writing", part):
        handle = remote.client.open(part, "r+b" if kept else "wb", bufsize=0)
    try:
        with source.path.open("rb") as file:
            file.seek(kept)
            handle.seek(kept)
            while block := file.read(REQUEST):
                # paramiko forgets what it has not yet heard of pipelined writes: the last one waits for all.
                handle.set_pipelined(file.tell() < source.size)
                with remote.doing("writing", part):
                    handle.write(block)
                progress(file.tell(), source.size)
    finally:
        with remote.doing("writing", part):
            handle.close()


def _begins_like(remote: Remote, name: str, there: int, source: Source) -> bool | None:
    """Whether a remote file of `there` bytes begins the source; None where reading it is forbidden."""
    if there > source.size:
        return False
    try:
        with remote.doing("reading", name):
            remote.client.open(name, "rb").close()
    except ConnectorError as error:
        if isinstance(error.__cause__, PermissionError):
            return None
        raise
    with remote.open(name) as theirs, source.path.open("rb") as ours:
        compared = 0
        while block := theirs.read(REQUEST * 32):
            if block != ours.read(len(block)):
                return False
            compared += len(block)
    return compared == there


def _verify(remote: Remote, part: str, source: Source) -> bool | None:
    there = remote.size(part)
    if there != source.size:
        found = "nothing" if there is None else f"{there} of {source.size} bytes"
        raise RetriableError(
            f"{remote.server} says that it took {part}, but holds {found}; the next run goes on from there"
        )
    equal = _begins_like(remote, part, there, source)
    if equal is False:
        raise RetriableError(
            f"{part} came back from {remote.server} with other content; the next run sends it again"
        )
    return equal


def _rename(remote: Remote, part: str, name: str, *, replace: bool) -> None:
    """Plain rename never replaces, ``posix-rename`` may: it comes first only where that is wanted."""
    renames = [remote.client.rename, remote.client.posix_rename]
    for rename in reversed(renames) if replace else renames:
        try:
            rename(part, name)
        except FAILURES:
            with remote.doing("renaming", part):
                if not remote.alive:
                    raise
            if remote.exists(name) and not replace:
                raise _taken(remote, name) from None
        else:
            return
    raise ConnectorError(
        f"{remote.server} does not let {part} be renamed to {name}"
        + ("; it cannot replace a file" if replace else "; write `rename = false`")
    )


def _taken(remote: Remote, name: str) -> ConnectorError:
    return ConnectorError(f"{name} on {remote.server} exists already with other content; it was left alone")


def _evidence(name: str, source: Source, equal: bool | None) -> dict[str, Any]:
    verified = "content" if equal else "size"
    return {"remote": name, "bytes": source.size, "sha256": source.sha256, "verified": verified}
