"""What arrived at the twin's server, under the names that deliveries have for it: of a package, each of its parts."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rosterbus.deliveries import Seen
from rosterbus_sftp.server import SFTPServer

from rosterbus_great_minds.oneroster import member

PARTS = (
    "orgs.csv",
    "users.students.csv",
    "users.staff.csv",
    "classes.csv",
    "enrollments.students.csv",
    "enrollments.teachers.csv",
)
STUDENT = "student"


class Arrivals:
    """Reads a server whose files lie in `folder`, and gives their names as they are within that."""

    def __init__(self, server: SFTPServer, folder: str) -> None:
        self._server, self._root = server, f"/{folder}/"

    def seen(self) -> Sequence[Seen]:
        """All that happened, the oldest first; after a whole package, its parts."""
        return [told for one in self._server.seen() for told in self._told(one)]

    def received(self, name: str) -> bytes:
        """A file, or behind a # the part that went into a package; KeyError where there is none."""
        path, _, part = name.partition("#")
        content = self._server.received(self._root + path)
        return _part(content, part) if part else content

    def _told(self, one: Seen) -> Iterator[Seen]:
        named = replace(one, name=one.name.removeprefix(self._root))
        yield named
        if named.name.endswith(".zip") and one.sha256:
            package = self._server.received(one.name)
            # A package that took another one's place since tells nothing of that one.
            if hashlib.sha256(package).hexdigest() == one.sha256:
                for part in PARTS:
                    yield from _of_part(named, package, part)


def _of_part(package: Seen, content: bytes, part: str) -> Iterator[Seen]:
    try:
        found = _part(content, part)
    except KeyError:
        return
    digest = hashlib.sha256(found).hexdigest()
    yield Seen(package.at, "held", f"{package.name}#{part}", len(found), digest)


def _part(package: bytes, part: str) -> bytes:
    """The rows of a part with their header; parts of one file are told apart by whether they are about students."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        whole = archive.read(member(part))
    if member(part) == part:
        return whole
    lines = list(io.StringIO(whole.decode("utf-8"), newline=""))
    reader = csv.reader(lines, strict=True)
    place, of_students = next(reader).index("role"), ".students." in part
    kept, read = lines[: reader.line_num], reader.line_num
    for row in reader:
        if (row[place] == STUDENT) == of_students:
            kept += lines[read : reader.line_num]
        read = reader.line_num
    return "".join(kept).encode("utf-8")
