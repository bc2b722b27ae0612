"""Enroll, a district's folder behind an SFTP server, and projects that write to it or read from it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rosterbus.deliveries import Twin
from rosterbus.delivery.baselines import set_empty
from rosterbus.extracts import Completeness, Extract, Mapped, Relation, Rows
from rosterbus.hookspecs import hookimpl
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_project
from rosterbus.project.documents import Document
from rosterbus.project.pipelines import read_pipeline
from rosterbus.roster import vocabulary
from rosterbus.runs import plan_all
from rosterbus.settings import Settings
from rosterbus_enroll.service import SyncService
from rosterbus_enroll.standin import start
from rosterbus_sftp.server import Faults

ZONE = ZoneInfo("America/Chicago")
CHILD = {
    "first_name": "Ada",
    "last_name": "Example",
    "birth_date": "2015-03-09",
    "grade": "05",
    "school_id": "0101",
    "school_name": "North",
    "school_year": "2026-2027",
}


def at(hour: int, *, day: int = 20) -> datetime:
    """A moment in November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=ZONE)


class SyncedRegistrations:
    """A source that gives each registration as it was when it was synced last, as `registrations` must be given."""

    Settings = Settings

    def __init__(self, service: SyncService) -> None:
        self.service = service

    @hookimpl
    def extract(self, settings: Any, state: Any) -> Extract:
        columns = list(vocabulary().tables["registrations"].columns)
        now = {**self.service.registrations, **self.service.synced}
        rows = [[cells.get(column, "") for column in columns] for cells in now.values()]
        whole = Completeness("complete", "every registration")
        return Extract({"registrations": Rows([columns, *rows], "registrations", whole)})

    @hookimpl
    def map(self, settings: Any, tables: Any) -> Mapped:
        students = (
            "SELECT _row, student_id, first_name, last_name, grade, 'active' AS status FROM raw.registrations"
        )
        return Mapped(
            [
                Relation("registrations", "SELECT * FROM raw.registrations", lead="registrations"),
                Relation("students", students, lead="registrations"),
            ]
        )


@dataclass
class Office:
    """A project that delivers to the twin; `values` is its pipeline, and `brought` stands for its source."""

    folder: Path
    twin: Twin
    values: dict[str, Any]
    brought: dict[str, object] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def exports(self) -> Path:
        """The folder that the SIS reads."""
        return self.twin.extras["server"].home() / "SISData" / "exports"

    def opened(self, now: datetime, command: str = "run") -> Any:
        project = load_project(self.folder)
        pipeline = read_pipeline(project, Document(self.values, self.folder), default_name="p")
        twins = {name: {**self.twin.settings, **self.overrides} for name in self.values["deliver"]}
        return opened(project, pipeline, command=command, now=now, brought=self.brought, twins=twins)

    def begin(self, now: datetime) -> None:
        """The SIS has nothing of ours."""
        with self.opened(now, "baseline") as context:
            for part in context.pipeline.deliveries:
                set_empty(context, part)

    def run(self, now: datetime, order: Order | None = None, meddle: Callable[[Any], None] = id) -> Outcome:
        with self.opened(now) as context:
            meddle(context)
            return run(context, context.pipeline.deliveries, order)

    def plan(self, now: datetime, order: Order | None = None) -> StoredPlan:
        """Plan and send nothing."""
        with self.opened(now, "plan") as context:
            [plan] = plan_all(context, context.pipeline.deliveries, order or Order())
        return plan


@pytest.fixture(scope="module")
def shared_twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    twin = start(tmp_path_factory.mktemp("twin"), {})
    yield twin
    twin.stop()


@pytest.fixture
def twin(shared_twin: Twin) -> Iterator[Twin]:
    """The running twin, whose folder is empty and whose server behaves."""
    yield shared_twin
    server = shared_twin.extras["server"]
    server.start()
    server.faults = Faults()
    server.written = 0
    server.operations.clear()
    for path in sorted(server.home().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture
def service(tmp_path: Path) -> SyncService:
    """Enroll, with an export folder of its own."""
    return SyncService(tmp_path / "enroll")


@pytest.fixture
def office(tmp_path: Path, twin: Twin, service: SyncService) -> Office:
    """A project that exports the registrations of Enroll."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "rosterbus.toml").touch()
    values = {"timezone": str(ZONE), "source": {"connector": "synced"}, "deliver": {"enroll": {}}}
    office = Office(folder, twin, values, {"source:synced": SyncedRegistrations(service)})
    office.begin(at(0, day=1))
    return office


@pytest.fixture
def register(service: SyncService) -> Callable[..., None]:
    """Registers children whose registrations are approved."""

    def register(*names: str, **cells: str) -> None:
        for name in names:
            service.register(name, **{**CHILD, "student_id": name.replace("R", "S"), **cells})
            service.approve(name)

    return register


def rows_of(path: Path, **dialect: Any) -> list[Mapping[str, str]]:
    """The rows of an export as its reader sees them."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True, **dialect))


@pytest.fixture
def read() -> Callable[..., list[Mapping[str, str]]]:
    return rows_of


@pytest.fixture
def when() -> Callable[..., datetime]:
    return at
