from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rosterbus.deliveries import Address
from rosterbus.ledger import BaselineMove, DeliveryRecord, Ledger, PlanRecord, Witness

TARGET = "s3://importer/springfield"


class SteppingClock:
    """A clock that moves by a second each time it is read, and as far as a test says."""

    def __init__(self) -> None:
        self.now = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Road:
    """Takes plans and deliveries as far along the road as a test needs."""

    ledger: Ledger
    clock: SteppingClock
    folder: Path
    run: int
    numbers: Iterator[int]

    def plan(self, **differently: Any) -> PlanRecord:
        number = next(self.numbers)
        folder = self.folder / f"plan-{number}"
        folder.mkdir()
        usual: dict[str, Any] = {
            "id": f"{number:08x}",
            "run": self.run,
            "pipeline": "springfield",
            "delivery": "handshake",
            "target": TARGET,
            "hash": f"sha256-of-plan-{number}",
            "created_at": self.clock(),
            "verdict": "go",
            "state": "staged",
            "folder": folder,
            "summary": {"students": {"new": 21}},
        }
        plan = PlanRecord(**usual | differently)
        self.ledger.plans.record(plan)
        return plan

    def address(self, plan: PlanRecord) -> Address:
        return Address(plan.target, (f"{plan.id}_users.csv",), f"{plan.id}.done")

    def delivery(self, until: str = "staged", **differently: Any) -> DeliveryRecord:
        plan = self.plan(**differently)
        steps: dict[str, Callable[[str], object]] = {
            "intent": lambda it: self.ledger.deliveries.fix_intent(it, self.address(plan), token=self.run),
            "sent": lambda it: self.ledger.deliveries.mark_sent(it, token=self.run),
            "held": lambda it: self.ledger.deliveries.hold(it, "nobody can know", token=self.run),
            "failed": lambda it: self.ledger.deliveries.fail(it, "nothing was sent", token=self.run),
            "confirmed": lambda it: self.ledger.confirmations.confirm(
                it, token=self.run, evidence={"etag": "e1"}, baselines=[BaselineMove("students", plan.id)]
            ),
        }
        roads = {"staged": [], "intent": ["intent"], "failed": ["failed"]}
        road = roads.get(until, ["intent", "sent"] if until == "sent" else ["intent", "sent", until])
        created = self.ledger.deliveries.create(plan.id, destination="handshake", token=self.run)
        for step in road:
            steps[step](created.id)
        return self.ledger.deliveries.get(created.id)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: SteppingClock) -> Iterator[Ledger]:
    with Ledger(tmp_path / "state", clock=clock) as opened:
        yield opened


@pytest.fixture
def road(ledger: Ledger, clock: SteppingClock, tmp_path: Path) -> Road:
    return Road(
        ledger, clock, tmp_path, ledger.runs.begin("springfield", "run springfield"), count(0x7F3A0001)
    )


@pytest.fixture
def witness() -> Witness:
    return Witness("Ada Example", "seen in the vendor's portal", "ada", "sis.example.org")
