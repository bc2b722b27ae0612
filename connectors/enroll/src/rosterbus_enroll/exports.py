"""One export over SFTP: every file whole under a name that no SIS reads, then each in the place of the one before."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rosterbus.deliveries import (
    Delivery,
    Done,
    Loaded,
    NotStarted,
    Partly,
    Reconciled,
    StagedFile,
    Unsure,
)
from rosterbus.errors import ConnectorError, NotThereError
from rosterbus_sftp import Remote

PART = ".part"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Placed:
    """One file and its name on the server."""

    file: StagedFile
    name: str

    @property
    def part(self) -> str:
        """The name under which it is uploaded; the next export writes over what was left there."""
        return f"{self.name}{PART}"


def send(remote: Remote, delivery: Delivery) -> Loaded:
    """Upload all, then put each in its place; what an earlier attempt has done stays as it is."""
    found = look(remote, delivery, ours=delivery.was_sent)
    if isinstance(found, Done | Unsure):
        return found
    left = [one for one in _placed(delivery) if not (delivery.was_sent and _is_in_place(remote, one))]
    evidence = [_upload(remote, delivery, one) for one in left]
    delivery.about_to_send()
    for one in left:
        remote.replace(one.part, one.name)
    return Done({"files": evidence})


def look(remote: Remote, delivery: Delivery, *, ours: bool) -> Reconciled:
    """What became of the files; they are believed to be in their places by us only if we had declared it."""
    placed = list(_placed(delivery))
    if not ours:
        begun = any(remote.exists(one.part) for one in placed)
        return Partly("files are there under the names that no SIS reads") if begun else NotStarted()
    waiting = [one.name for one in placed if _holds(remote, one.part, one.file)]
    there = [one.name for one in placed if _is_in_place(remote, one)]
    gone = [one.name for one in placed if one.name not in (*there, *waiting)]
    if delivery.state == "confirmed":
        return Done({"there": there, "gone": gone})
    if gone:
        return Unsure(
            f"{', '.join(gone)} was taken away or overwritten by somebody before it could be seen there"
        )
    if waiting:
        return Partly(f"{', '.join(waiting)} is uploaded and not yet in the place of the file before")
    return Done({"there": there})


def _placed(delivery: Delivery) -> Iterator[Placed]:
    for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
        yield Placed(file, name)


def _upload(remote: Remote, delivery: Delivery, one: Placed) -> dict[str, Any]:
    _make_folders(remote, posixpath.dirname(one.name))
    told = partial(delivery.progress, one.file.name)
    put = remote.put(
        one.file.path, one.part, rename=False, replace=True, sha256=one.file.sha256, progress=told
    )
    return {**put, "remote": one.name}


def _make_folders(remote: Remote, folder: str) -> None:
    if folder in ("", "/") or remote.is_folder(folder):
        return
    _make_folders(remote, posixpath.dirname(folder))
    remote.make_folder(folder)


def _is_in_place(remote: Remote, one: Placed) -> bool:
    """The file before may be the same byte for byte: while ours has its first name, it is not in its place."""
    return not _holds(remote, one.part, one.file) and _holds(remote, one.name, one.file)


def _holds(remote: Remote, name: str, file: StagedFile) -> bool:
    """Whether a remote file is this one; its size has to do where the server lets nobody read."""
    if remote.size(name) != file.bytes:
        return False
    try:
        with remote.open(name) as theirs:
            digest = hashlib.sha256()
            while block := theirs.read(CHUNK):
                digest.update(block)
        return digest.hexdigest() == file.sha256
    except NotThereError:
        return False
    except ConnectorError as error:
        if isinstance(error.__cause__, PermissionError):
            return True
        raise
