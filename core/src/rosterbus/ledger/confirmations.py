"""The ends of a delivery that move a baseline: confirmed by evidence, or settled by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from rosterbus.deliveries import Outcome
from rosterbus.errors import ConfigError
from rosterbus.ledger import schema
from rosterbus.ledger.baselines import insert_moves
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.deliveries import write_outcome
from rosterbus.ledger.records import (
    BaselineMove,
    Canceled,
    DeliveryRecord,
    DeliveryState,
    Settled,
    SettlementRecord,
)
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import move_delivery, move_plan, read_delivery, read_fenced, read_plan
from rosterbus.ledger.witness import Witness

SETTLED_FROM: Mapping[Settled, tuple[DeliveryState, ...]] = {
    "arrived": ("held",),
    "not arrived": ("held",),
    "processed": ("held", "intent", "sent", "confirmed"),
}


class Confirmations:
    """Confirms and settles the deliveries of a ledger; fenced by `token` as all their writers are."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def confirm(
        self,
        delivery: str,
        *,
        token: int,
        evidence: Mapping[str, Any],
        outcome: Outcome = "unknown",
        baselines: Sequence[BaselineMove] = (),
    ) -> None:
        """Write at once that the vendor has it: state, evidence, outcome, plan delivered, baselines moved.

        A test delivery moves no baseline. Raises IllegalTransitionError unless it was sent or held.
        """
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            values: dict[str, Any] = {"evidence": {**found.evidence, **evidence}}
            values |= {} if outcome == "unknown" else {"outcome": outcome}
            confirm_within(connection, found, token=token, at=self._clock(), baselines=baselines, **values)

    def settle(
        self,
        delivery: str,
        settled: Settled,
        witness: Witness,
        *,
        token: int,
        baselines: Sequence[BaselineMove] = (),
    ) -> SettlementRecord:
        """Write what a person knows of a held delivery: ``arrived`` confirms it, ``not arrived`` fails it.

        ``processed`` sets the outcome, is also taken in intent, sent and confirmed, and confirms what was not
        confirmed yet, since what was processed has arrived. `baselines` move where it is confirmed. Raises
        ConfigError where the state leaves nothing to settle.
        """
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            if found.state not in SETTLED_FROM[settled]:
                msg = f"delivery {delivery} cannot be settled as {settled} in the state that it is in"
                raise ConfigError(msg, found=found.state, allowed=SETTLED_FROM[settled])
            if settled == "not arrived":
                self._fail(connection, found, witness, token=token)
            elif found.state == "confirmed":
                write_outcome(connection, found, "processed", token=token, at=self._clock(), evidence={})
            else:
                values = {"outcome": "processed"} if settled == "processed" else {}
                arrived = self._as_arrivable(connection, found, witness, token=token)
                confirm_within(
                    connection, arrived, token=token, at=self._clock(), baselines=baselines, **values
                )
            return record_settlement(connection, found, settled, witness, at=self._clock())

    def settlements(self, delivery: str) -> list[SettlementRecord]:
        """What people said of one delivery, oldest first."""
        table = schema.settlements
        query = select(table).where(table.c.delivery == delivery).order_by(table.c.id)
        with self._store.read() as connection:
            return [SettlementRecord(**row._mapping) for row in connection.execute(query)]

    def _as_arrivable(
        self, connection: Connection, found: DeliveryRecord, witness: Witness, *, token: int
    ) -> DeliveryRecord:
        """A person may know of an arrival of which nothing was noted: what is in intent is held first."""
        if found.state != "intent":
            return found
        move_delivery(connection, found, "held", token=token, at=self._clock(), reason=witness.reason)
        return read_delivery(connection, found.id)

    def _fail(self, connection: Connection, found: DeliveryRecord, witness: Witness, *, token: int) -> None:
        at = self._clock()
        move_delivery(connection, found, "failed", token=token, at=at, reason=witness.reason, ended_at=at)


def confirm_within(
    connection: Connection,
    found: DeliveryRecord,
    *,
    token: int,
    at: datetime,
    baselines: Sequence[BaselineMove],
    **values: Any,
) -> None:
    """Confirm a delivery, with other `values` if any, within the caller's transaction."""
    # What was handed over by hand was never marked as sent, but the vendor's time rules count it.
    values |= {"sent_at": found.sent_at or found.intent_at or at, "confirmed_at": at, "ended_at": at}
    move_delivery(connection, found, "confirmed", token=token, at=at, **values)
    move_plan(connection, read_plan(connection, found.plan), "delivered", at=at)
    if not found.test:
        insert_moves(connection, found.pipeline, found.name, moves=baselines, at=at)


def record_settlement(
    connection: Connection,
    found: DeliveryRecord,
    settled: Settled | Canceled,
    witness: Witness,
    *,
    at: datetime,
) -> SettlementRecord:
    """Write what a person said of a delivery, and the line about it, within the caller's transaction."""
    row = {"delivery": found.id, "settled": settled, "settled_at": at, **asdict(witness)}
    query = insert(schema.settlements).values(**row).returning(schema.settlements)
    recorded = SettlementRecord(**connection.execute(query).one()._mapping)
    kind = "settlement" if settled != "canceled" else "cancel"
    append(connection, kind, at=at, subject=found.id, details={"settled": settled, **asdict(witness)})
    return recorded
