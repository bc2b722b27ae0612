"""Enroll and a district's SIS on this machine: the SFTP folder between them, and what each of them does with it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder
from rosterbus_sftp.server import SFTPServer

from rosterbus_enroll.answers import ANSWERS
from rosterbus_enroll.published import EXTENSION, FOLDER, SEPARATORS, TEXT_IDENTIFIERS
from rosterbus_enroll.service import SyncService
from rosterbus_enroll.settings import FILE_NAME

USER = "district"
Stamp = tuple[int, int, int]


def start(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the server over `folder`; started again there, it is the same one."""
    server = SFTPServer(private_folder(folder) / "server", users=(USER,))
    exports = private_folder(server.home() / FOLDER)
    separator = str(settings.get("separator", "comma"))
    identifier = str(settings.get("text_identifier", "double"))
    sis = InformationSystem(exports, separator, identifier)
    service = SyncService(
        exports,
        file_name=str(settings.get("file_name", FILE_NAME)),
        separator=separator,
        text_identifier=identifier,
    )
    server.start()
    return Twin(
        name="enroll",
        settings={**server.settings(), "folder": FOLDER},
        reach=[server.command(), f"exports: {exports}"],
        stop=server.stop,
        settle=sis.settle,
        answers=ANSWERS,
        folder=folder,
        extras={"server": server, "sis": sis, "service": service},
        seen=server.seen,
        received=server.received,
        port=server.port,
        through=server.through,
        faults=server.wrongs(drop_renamed=rf".*\{EXTENSION}"),
    )


class InformationSystem:
    """The district's SIS: whenever it looks, it reads every export that is not the one it read before.

    `students` is what it knows, by the first cell of each row.
    """

    def __init__(self, exports: Path, separator: str, text_identifier: str) -> None:
        self.students: dict[str, dict[str, str]] = {}
        self._exports = exports
        self._separator, self._identifier = SEPARATORS[separator], TEXT_IDENTIFIERS[text_identifier]
        self._seen: dict[Path, Stamp] = {}
        self._told: list[Mapping[str, Any]] = []

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Read what is new; the analyses of all looks so far that found anything, the oldest first."""
        stamps = {path: _stamp(path) for path in sorted(self._exports.rglob(f"*{EXTENSION}"))}
        fresh = [path for path, stamp in stamps.items() if self._seen.get(path) != stamp]
        self._seen = stamps
        if fresh:
            self._told.append(
                {"files": {path.relative_to(self._exports).as_posix(): self._read(path) for path in fresh}}
            )
        return list(self._told)

    def _read(self, path: Path) -> dict[str, int]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(
                file, delimiter=self._separator, quotechar=self._identifier, strict=True
            )
        whole = [row for row in rows if len(row) == len(header)]
        self.students |= {row[0]: dict(zip(header, row, strict=True)) for row in whole}
        return {"rows": len(rows), "refused": len(rows) - len(whole)}


def _stamp(path: Path) -> Stamp:
    """What another file of the same name, or the same one written over, has otherwise."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
