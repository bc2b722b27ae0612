"""A destination that keeps every promise, unless `FAULTS` names one that it breaks.

The vendor is a depot of boxes behind a door. It takes every box that has a marker, or with ``marked = false`` each that
has a file.
"""

import re
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rosterbus import settings
from rosterbus.deliveries import Address, Done, NotStarted, Partly, Probe, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Dialect, Layout, text

PAGE = "https://depot.example.org/"
SECONDS = 10
FAULTS: set[str] = set()
EARLIER: dict[Path, bytes] = {}
HOARD: list[list[str]] = []


class Settings(settings.Settings):
    port = settings.number("The door.", required=True)
    identity = settings.text("What the depot says first.", required=True)
    password = settings.secret("What opens it.")
    marked = settings.flag("Whether a box has a marker.", default=True)


class Students(
    Layout,
    file="students.csv",
    rows="students",
    key="Id",
    absence="deleted",
    dialect=Dialect(newline="\r\n", quoting="all"),
    source=PAGE,
):
    student_id = text("Id", direct="student_id", required=True, longest=20)
    last_name = text("Last", direct="last_name", required=True)


class Anonymous(Layout, file="students.csv", rows="students", key="Id"):
    student_id = text("Id", direct="student_id", required=True, longest=20)
    last_name = text("Last", direct="last_name", required=True)


def layouts(settings):
    if "promises to keep" in FAULTS:
        return (replace(Students.spec, absence="kept"),)
    return (Anonymous,) if "limit without a source" in FAULTS else (Students,)


@hookimpl
def judge(plan, settings):
    if not plan.test or "test files are live" in FAULTS:
        return []
    return [Finding("refuse", "test file", "the depot knows no test file", PAGE)]


@hookimpl
def address(delivery, settings):
    number = 1
    while "address forgets" not in FAULTS and delivery.is_taken(
        f"{delivery.at:%Y%m%d-%H%M%S}-{number}/students.csv"
    ):
        number += 1
    box = f"{delivery.at:%Y%m%d-%H%M%S}-{number}"
    files = tuple(f"{box}/{one.name}" for one in delivery.files)
    return Address("depot", files, f"{box}/MARK" if settings.marked else None)


@hookimpl
def load(delivery, settings):
    try:
        return sent(delivery, settings)
    except RetriableError as error:
        if "away is done" in FAULTS:
            return Done({"told": "all"})
        if "lost is failed" in FAULTS:
            raise ConnectorError("it did not work") from error
        raise


def sent(delivery, settings):
    with opened(settings) as door:
        if "blind retry" not in FAULTS and delivery.was_sent:
            found = looked(door, delivery)
            if isinstance(found, Done | Unsure):
                return found
        if "marker first" in FAULTS:
            delivery.about_to_send()
            door.put(delivery.addressed.marker, b"")
        if "half a file" in FAULTS:
            delivery.about_to_send()
        for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
            delivery.progress(file.name, 0, file.bytes)
            content = changed(file.path.read_bytes(), file.path)
            if "half a file" in FAULTS:
                door.put(name, content[: len(content) // 2])
            direct = settings.marked or "half a file" in FAULTS
            door.put(name if direct else f"{name}.part", content)
        if not {"marker first", "never declared", "half a file"} & FAULTS:
            delivery.about_to_send()
        if settings.marked:
            door.put(delivery.addressed.marker, b"")
        elif "half a file" not in FAULTS:
            for name in delivery.addressed.files:
                door.ask("MOVE", f"{name}.part")
    told = delivery.files[0].path.read_text(encoding="utf-8") if "tells a cell" in FAULTS else "all"
    return Done({"told": told})


def changed(content, path):
    """The file as this connector sends it: untouched, or else as a fault has it."""
    if "drops odd letters" in FAULTS:
        return content.decode("utf-8").encode("ascii", "ignore")
    if "tames formulas" in FAULTS:
        return re.sub(rb'"([=+@-])', rb"\"'\1", content)
    if "stops at 100,000" in FAULTS:
        return b"".join(content.splitlines(keepends=True)[:100_001])
    if "keeps leavers" in FAULTS:
        known = EARLIER.setdefault(path.parents[2], content)
        return content + b"".join(line for line in known.splitlines(keepends=True) if line[:8] not in content)
    if "other newlines" in FAULTS:
        return content + b"\r\n"
    if "hoards rows" in FAULTS:
        HOARD.extend(line.split(",") for line in content.decode("utf-8").splitlines() * 4)
    if "litters" in FAULTS:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(content)
    if "open to all" in FAULTS:
        path.with_suffix(".sent").write_bytes(content)
        path.with_suffix(".sent").chmod(0o644)
    return content


@hookimpl
def reconcile(delivery, settings):
    if "blind retry" in FAULTS:
        return NotStarted()
    with opened(settings) as door:
        return looked(door, delivery)


def looked(door, delivery):
    names = [delivery.addressed.marker] if delivery.addressed.marker else delivery.addressed.files
    if all(door.ask("HAS", name) for name in names):
        return Done({"told": "all"}) if delivery.was_sent else Unsure("somebody else filled this box")
    return Partly("the box is not ready") if delivery.was_sent else NotStarted()


@hookimpl
def probe(settings):
    with opened(settings) as door:
        if "probe sends" in FAULTS:
            door.put("probe/students.csv", b"")
            door.put("probe/MARK", b"")
    return [Probe("depot", "proved", "the depot opens")]


@hookimpl
def twin(folder, settings):
    from rosterbus_depot.standin import start

    return start(folder, settings)


class Door:
    """A connection; every failure of it is an error that can be tried again."""

    def __init__(self, stream):
        self._stream = stream

    def hear(self):
        line = self._stream.readline()
        if line.endswith(b"\n") and line[:2] in (b"OK", b"NO", b"FU", b"DE"):
            return line.decode("ascii").split()
        if "believes in order" in FAULTS and line:
            raise ValueError("not a line of the depot")
        raise RetriableError("the connection to the depot was lost")

    def ask(self, verb, name, content=b""):
        self._stream.write(f"{verb} {name} {len(content)}\n".encode() + content)
        self._stream.flush()
        return self.hear()[0] == "OK"

    def put(self, name, content):
        if not self.ask("PUT", name, content) and "swallows a full disk" not in FAULTS:
            raise RetriableError("the depot is full")


@contextmanager
def opened(settings):
    """The way in; raises what an absent depot, a strange one and a wrong password mean."""
    try:
        with (
            socket.create_connection(("127.0.0.1", settings.port), timeout=SECONDS) as connection,
            connection.makefile("rwb") as stream,
        ):
            door = Door(stream)
            if door.hear()[1:] != [settings.identity] and "follows a stranger" not in FAULTS:
                raise ConnectorError("somebody else answers for the depot, who was told nothing")
            if not door.ask("OPEN", settings.password.reveal()) and "any password" not in FAULTS:
                raise ConnectorError("the depot does not know the password")
            yield door
    except OSError as error:
        raise RetriableError("the depot is away") from error
