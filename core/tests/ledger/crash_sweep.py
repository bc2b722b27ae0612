"""Kills a delivery before each statement that it sends to the ledger, and looks at what is left.

Run as a program of its own, because it forks: `crash_sweep.py FOLDER [unguarded]`. Prints, as JSON, how many
walks were killed and every broken promise that was found. `unguarded` takes the transactions away, so that a
test can see that the sweep notices.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Address
from rosterbus.errors import ConfigError
from rosterbus.ledger import BaselineMove, DeliveryRecord, Ledger, PlanRecord, store
from sqlalchemy import event

PLAN, DELIVERY = "7f3a0001", "7f3a0001-1"
ADDRESS = Address("s3://importer/springfield", ("20261121_users.csv",), "done")


def walk(ledger: Ledger) -> None:
    """Deliver one plan, from wherever an earlier walk was killed."""
    run = ledger.runs.begin("springfield", "run springfield")
    if not ledger.plans.latest():
        plan = PlanRecord(
            PLAN,
            run,
            "springfield",
            "handshake",
            ADDRESS.target,
            "sha256",
            datetime.now(UTC),
            "go",
            "staged",
            Path("plan"),
        )
        ledger.plans.record(plan)
    if not ledger.deliveries.of_plan(PLAN):
        ledger.deliveries.create(PLAN, destination="handshake", token=run)
    if ledger.deliveries.claim(DELIVERY, token=run).state == "staged":
        ledger.deliveries.fix_intent(DELIVERY, ADDRESS, token=run)
    if ledger.deliveries.get(DELIVERY).state == "confirmed":
        return
    ledger.deliveries.attempt(DELIVERY, token=run)
    ledger.deliveries.mark_sent(DELIVERY, token=run)
    moves = [BaselineMove("students", PLAN), BaselineMove("sections", PLAN)]
    ledger.confirmations.confirm(DELIVERY, token=run, evidence={"etag": "e1"}, baselines=moves)


def opened(state: Path, guarded: bool) -> Ledger:
    ledger = Ledger(state)
    if not guarded:
        event.remove(ledger._store.engine, "begin", store._begin)
    return ledger


def die_before(ledger: Ledger, number: int) -> None:
    """Be killed, as by `kill -9`, before the statement or commit with this number."""
    left = count(number, -1)

    def step(*_: Any, **__: Any) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(ledger._store.engine, "before_cursor_execute", step)
    event.listen(ledger._store.engine, "commit", step)


def walk_until_killed(state: Path, number: int, guarded: bool) -> bool:
    child = os.fork()
    if child == 0:
        ledger = opened(state, guarded)
        die_before(ledger, number)
        walk(ledger)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0, "the walk failed by itself"
        return False
    assert os.WTERMSIG(status) == signal.SIGKILL
    return True


def broken(ledger: Ledger) -> Iterator[str]:
    """Every promise that the ledger breaks as it stands."""
    yield from ledger.verify_chain()
    try:
        delivery = ledger.deliveries.get(DELIVERY)
    except ConfigError:
        return
    yield from broken_by(ledger, delivery)


def broken_by(ledger: Ledger, delivery: DeliveryRecord) -> Iterator[str]:
    has_names = all(
        ledger.deliveries.is_taken(ADDRESS.target, name, "other") for name in (*ADDRESS.files, "done")
    )
    has_any = any(
        ledger.deliveries.is_taken(ADDRESS.target, name, "other") for name in (*ADDRESS.files, "done")
    )
    layouts = set(ledger.baselines.current("springfield", "handshake"))
    confirmed, addressed = delivery.state == "confirmed", delivery.state != "staged"
    said = [json.loads(line.details)["to"] for line in ledger.events.of(DELIVERY)]
    if (delivery.address == ADDRESS, has_names, has_any) != (addressed,) * 3:
        yield f"{delivery.state}, but address or names are otherwise"
    if (delivery.sent_at is not None) != (delivery.state in ("sent", "confirmed")):
        yield f"{delivery.state}, but the sent time is otherwise"
    if layouts != ({"students", "sections"} if confirmed else set()):
        yield f"{delivery.state}, but baselines of {sorted(layouts)} moved"
    if (ledger.plans.get(PLAN).state == "delivered") != confirmed:
        yield f"{delivery.state}, but the plan is otherwise"
    if not said or said[-1] != delivery.state:
        yield f"{delivery.state}, but the record says otherwise"


def sweep(folder: Path, guarded: bool) -> dict[str, Any]:
    found: list[str] = []
    for number in count():
        state = folder / f"state-{number}"
        if not walk_until_killed(state, number, guarded):
            return {"killed": number, "broken": found}
        with opened(state, guarded=True) as ledger:
            violations = list(broken(ledger))
            found += [f"killed before statement {number}: {sentence}" for sentence in violations]
            if guarded:
                walk(ledger)
                found += [f"finished after {number}: {sentence}" for sentence in broken(ledger)]
                assert ledger.deliveries.get(DELIVERY).state == "confirmed"
    raise AssertionError


if __name__ == "__main__":
    print(json.dumps(sweep(Path(sys.argv[1]), guarded="unguarded" not in sys.argv)))  # noqa: T201
