"""mySciLEARN on loopback: one server for all tests, with a table of students and faults of each test's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.settings import Values
from rosterbus.testing.trial import Trial, Vendor, vendor_of
from rosterbus_scilearn import Settings, address
from rosterbus_scilearn.jobs import Jobs
from rosterbus_scilearn.published import COLUMNS
from rosterbus_scilearn.standin import Faults, Server

AT = datetime(2026, 11, 20, 21, 4, 5, tzinfo=ZoneInfo("America/Chicago"))
HEADER = "STUDENT_ID,USERNAME,FIRST_NAME,LAST_NAME,DOB,GRADE,SCHOOL_ID"


def row(number: int) -> str:
    return f"7{number:04},u{number},First{number},Last{number},03/09/2011,4,0101"


def table(students: int) -> bytes:
    return "".join(f"{line}\r\n" for line in [HEADER, *map(row, range(students))]).encode()


NO_PASSWORD = [name for name in COLUMNS if name != "PASSWORD"]
"""The columns of a district that leaves passwords alone."""


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("scilearn")
    with Server(folder, Jobs(folder)) as server:
        yield server


@pytest.fixture
def server(running: Server, tmp_path: Path) -> Server:
    """The server, whose jobs wait until they are told to go on."""
    running.jobs, running.faults = Jobs(tmp_path / "vendor"), Faults()
    running.jobs.pace = None
    running.asked.clear()
    running.uploaded = 0
    return running


@pytest.fixture
def jobs(server: Server) -> Jobs:
    return server.jobs


@pytest.fixture
def load_settings(server: Server) -> Callable[..., Values]:
    """Settings that lead to the server, with changes; nobody waits."""
    return lambda **changes: Settings().load(
        {**server.settings(), "look_seconds": 0, "timeout": 5, **changes}
    )


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[bytes], StagedFile]:
    def stage(content: bytes) -> StagedFile:
        path = tmp_path / "students.csv"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return StagedFile("students.csv", "students", path, content.count(b"\n") - 1, len(content), digest)

    return stage


class Kept(Delivery):
    """A delivery whose ledger is its own memory; `answers` are those that were kept."""

    answers: dict[str, bytes]

    def next_night(self) -> Kept:
        """As a later run is handed it."""
        return remembered(self, state="sent" if self.was_sent else self.state)

    def confirmed(self, evidence: Mapping[str, Any]) -> Kept:
        """As a later run is handed it once it was confirmed."""
        return remembered(self, state="confirmed", was_sent=True, evidence={**self.evidence, **evidence})


def remembered(delivery: Kept | None, **changes: Any) -> Kept:
    """A new object for the same delivery, with its ledger."""
    facts = {name: getattr(delivery, name) for name in Delivery.__dataclass_fields__} if delivery else {}
    kept = Kept(**{**facts, **changes})
    kept.answers = delivery.answers if delivery else {}

    def mark_sent(evidence: Mapping[str, Any]) -> None:
        kept.was_sent, kept.evidence = True, {**kept.evidence, **evidence}

    kept.mark_sent = mark_sent
    kept.keep = lambda name, content: kept.answers.__setitem__(name, content)
    return kept


@pytest.fixture
def deliver(staged: Callable[[bytes], StagedFile]) -> Callable[..., Kept]:
    """A delivery of so many students, with its address."""

    def make(settings: Values, *, students: int = 3, content: bytes = b"", **changes: Any) -> Kept:
        facts = {
            "id": "d1",
            "plan": "p1",
            "pipeline": "springfield",
            "name": "scilearn",
            "files": [staged(content or table(students))],
            "at": AT,
            "test": False,
            "is_taken": lambda name: False,
            "mark_sent": lambda *_: None,
            "progress": lambda *_: None,
            "keep": lambda *_: None,
            "state": "intent",
        }
        delivery = remembered(None, **{**facts, **changes})
        delivery.address = address(delivery, settings)
        return delivery

    return make


@pytest.fixture(scope="session")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    with vendor_of("scilearn", {"columns": NO_PASSWORD}, tmp_path_factory.mktemp("vendor")) as vendor:
        yield vendor


@pytest.fixture
def trial(vendor: Vendor, tmp_path: Path) -> Iterator[Trial]:
    trial = vendor.trial(tmp_path / "project")
    yield trial
    server = vendor.twin.extras["server"]
    server.faults, server.jobs.pace = Faults(), 0.0
    server.asked.clear()
    vendor.after(trial)
