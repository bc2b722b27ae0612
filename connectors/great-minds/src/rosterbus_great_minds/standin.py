"""Great Minds on this machine: a website with somebody who uploads, or a server whose packages are taken overnight."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_text
from rosterbus.secrets import SecretReference
from rosterbus_sftp.server import SFTPServer

from rosterbus_great_minds.answers import ANSWERS
from rosterbus_great_minds.arrivals import Arrivals
from rosterbus_great_minds.overnight import sync
from rosterbus_great_minds.settings import is_remote
from rosterbus_great_minds.website import Upload, Website

USER, FOLDER = "district", "roster"
HANDED = re.compile(r"\d{8}-\d{6}")
PART = re.compile(r"\d+-(students|staff|classes)-?(.*)")
Analyses = list[Mapping[str, Any]]


def start(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start an SFTP server to hand the files over on; a folder of this machine where the settings name one."""
    packs = settings.get("mode") == "oneroster"
    key = folder / "password.key"
    if not key.exists():
        write_private_text(private_folder(folder) / key.name, secrets.token_urlsafe(32))
    own: dict[str, Any] = {"password_key": SecretReference("file", str(key), own=True)}
    server = None
    located = str(settings.get("location") or "")
    if packs or not located or is_remote(located):
        server = SFTPServer(folder / "server", users=(USER,))
        server.start()
        place = private_folder(server.home() / FOLDER)
        own |= _reached(server)
    else:
        place = private_folder(folder / "handover")
        own |= {"location": str(place), "transport": {}}
    reports = private_folder(folder / "reports")
    counts_header = settings.get("row_numbers", "with header") == "with header"
    vendor = Overnight(place, reports) if packs else Person(place, reports, header_rows=int(counts_header))
    return Twin(
        name="great-minds",
        settings=own,
        reach=[f"files: {place}", f"sync reports: {reports}", *([server.command()] if server else [])],
        stop=server.stop if server else lambda: None,
        settle=vendor.settle,
        answers=ANSWERS,
        folder=folder,
        extras={"vendor": vendor, "server": server, "place": place, "reports": reports},
        **(_shown(server) if server else {"received": lambda name: _read(place / name)}),
    )


def _reached(server: SFTPServer) -> dict[str, Any]:
    account = server.settings()
    transport = {name: account[name] for name in ("host_key", "private_key")}
    return {"location": server.url(f"/{FOLDER}"), "transport": transport}


def _shown(server: SFTPServer) -> dict[str, Any]:
    """What the conformance suite reads of a server; both ways of delivering end with a rename."""
    arrivals = Arrivals(server, FOLDER)
    here = f":{server.port}/"
    location = server.url(f"/{FOLDER}")
    return {
        "seen": arrivals.seen,
        "received": arrivals.received,
        "port": server.port,
        "through": lambda port: {"location": location.replace(here, f":{port}/")},
        "faults": server.wrongs(drop_renamed=rf"{HANDED.pattern}|.*\.zip"),
    }


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise KeyError(path.name)
    return path.read_bytes()


class Person:
    """Uploads every part of every folder that was handed over, once, in the order of the steps."""

    def __init__(self, place: Path, reports: Path, *, header_rows: int) -> None:
        self.website = Website()
        self.uploads: dict[str, Upload] = {}
        """By ``<folder>/<part>``."""
        self._place, self._reports, self._header_rows = place, reports, header_rows
        self._told: dict[str, Mapping[str, Any]] = {}
        self._one_at_a_time = threading.Lock()

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Upload what is there; what became of each folder so far, the oldest first."""
        with self._one_at_a_time:
            for folder in sorted(self._place.iterdir()):
                if HANDED.fullmatch(folder.name) and folder.name not in self._told:
                    parts = {
                        part.name: self._upload(part) for part in sorted(folder.iterdir()) if part.is_dir()
                    }
                    self._told[folder.name] = {"folder": folder.name, "files": parts}
            return list(self._told.values())

    def _upload(self, part: Path) -> Mapping[str, Any]:
        named = PART.fullmatch(part.name)
        [file] = part.iterdir()
        done = self.website.upload(
            named[2] if named else "", named[1] if named else "", file.name, file.read_bytes()
        )
        self.uploads[f"{part.parent.name}/{part.name}"] = done
        if done.errors:
            report = private_folder(self._reports / part.parent.name) / f"{part.name}.csv"
            write_private_text(report, done.report(self._header_rows))
        refused = done.rows - done.created
        return {"file": file.name, "rows": done.rows, "refused": refused, "status": done.status}


class Overnight:
    """Takes the newest package; one that was taken is not taken again."""

    def __init__(self, place: Path, reports: Path) -> None:
        self._place, self._reports = place, reports
        self._taken: set[str] = set()
        self._told: Analyses = []
        self._one_at_a_time = threading.Lock()

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Let a night pass; what became of each package so far, the oldest first."""
        with self._one_at_a_time:
            packages = sorted(
                self._place.glob("*.zip"), key=lambda path: (path.stat().st_mtime_ns, path.name)
            )
            if packages:
                self._take(packages[-1])
            return list(self._told)

    def _take(self, package: Path) -> None:
        identity = f"{package.name} {hashlib.sha256(package.read_bytes()).hexdigest()}"
        if identity in self._taken:
            return
        self._taken.add(identity)
        done = sync(package)
        refused = {name: len({row for row, *_ in errors}) for name, errors in done.errors.items()}
        files = {name: {"rows": rows, "refused": refused.get(name, 0)} for name, rows in done.rows.items()}
        self._told.append(
            {"package": package.name, "state": done.state, "because": done.because, "files": files}
        )
        for name in done.errors:
            report = private_folder(self._reports / package.stem) / name.replace(".csv", "_sync_report.csv")
            write_private_text(report, done.report(name))
