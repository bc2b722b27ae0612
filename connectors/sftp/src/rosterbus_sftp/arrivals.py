"""What arrived at a server of a twin: every event in its order, and a copy of every file as it was written."""

from __future__ import annotations

import hashlib
import posixpath
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rosterbus.deliveries import Seen
from rosterbus.private import open_private, private_folder

NOTHING = hashlib.sha256().hexdigest()


@dataclass
class Writing:
    """A file that a client writes to, and its copy, which nobody moves away."""

    name: str
    path: Path
    copy: BinaryIO

    def write(self, offset: int, data: bytes) -> None:
        """Write a block to the copy too."""
        self.copy.seek(offset)
        self.copy.write(data)


@dataclass
class Arrivals:
    """Keeps copies in `folder` under the remote name that a file has last, whoever takes the file away."""

    folder: Path
    seen: list[Seen] = field(default_factory=list)
    _copies: dict[str, Path] = field(default_factory=dict)
    _count: int = 0

    def note(self, what: str, name: str = "", *, size: int = 0, sha256: str = "") -> None:
        """Write down what happened."""
        self.seen.append(Seen(datetime.now(UTC), what, name and named(name), size, sha256))

    def begin(self, name: str, found: Path | None) -> Writing:
        """Somebody opens a file to write it; `found` is what lies there already and stays."""
        self._count += 1
        path = private_folder(self.folder) / str(self._count)
        copy = open_private(path, "wb")
        if found is None:
            self.note("created", name, sha256=NOTHING)
        else:
            with found.open("rb") as before:
                shutil.copyfileobj(before, copy)
        self._copies[named(name)] = path
        return Writing(named(name), path, copy)

    def end(self, writing: Writing) -> None:
        """The file was closed, whether or not it is whole."""
        writing.copy.close()
        self.note(
            "wrote", writing.name, size=writing.path.stat().st_size, sha256=self._sha256_of(writing.path)
        )

    def rename(self, name: str, new: str) -> None:
        """A file, or a folder with all that arrived in it, has another name now."""
        old, new = named(name), named(new)
        moved = {
            new + known[len(old) :]: known
            for known in self._copies
            if known == old or known.startswith(f"{old}/")
        }
        if new not in moved:
            self.note("renamed", new)
        for now, before in moved.items():
            path = self._copies[now] = self._copies.pop(before)
            self.note("renamed", now, size=path.stat().st_size, sha256=self._sha256_of(path))

    def received(self, name: str) -> bytes:
        """The bytes that were written under a name; KeyError where none were."""
        return self._copies[named(name)].read_bytes()

    def _sha256_of(self, path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def named(path: str) -> str:
    """A path as it is from the root of the user's disk, however it was spelt."""
    return posixpath.normpath(f"/{path.lstrip('/')}")
