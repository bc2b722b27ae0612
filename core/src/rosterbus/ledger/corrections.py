"""What is learnt of a delivery after it reached the vendor: outcome and baseline move together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rosterbus.deliveries import Outcome
from rosterbus.ledger.baselines import insert_moves
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.confirmations import confirm_within, record_settlement
from rosterbus.ledger.deliveries import write_outcome, write_reason
from rosterbus.ledger.records import BaselineMove, SettlementRecord
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import move_delivery, read_delivery, read_fenced
from rosterbus.ledger.witness import Witness


class Corrections:
    """Corrects the deliveries of a ledger; fenced by `token` as all their writers are."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def cancel(
        self,
        delivery: str,
        witness: Witness,
        *,
        token: int,
        outcome: Outcome,
        evidence: Mapping[str, Any],
        undone: bool,
        baselines: Sequence[BaselineMove] = (),
    ) -> SettlementRecord:
        """Write that a person canceled the vendor's job, and what became of it.

        Where some of it was left `undone`, `baselines` move, and a delivery that was not confirmed yet has failed.
        """
        with self._store.write() as connection:
            found, at = read_fenced(connection, delivery, token), self._clock()
            write_outcome(connection, found, outcome, token=token, at=at, evidence=evidence)
            if undone and found.state != "confirmed":
                reason = f"canceled by {witness.by}: {witness.reason}"
                found = read_delivery(connection, delivery)
                move_delivery(connection, found, "failed", token=token, at=at, reason=reason, ended_at=at)
            insert_moves(connection, found.pipeline, found.name, moves=baselines, at=at)
            return record_settlement(connection, found, "canceled", witness, at=at)

    def learn(
        self,
        delivery: str,
        *,
        token: int,
        outcome: Outcome,
        evidence: Mapping[str, Any],
        baselines: Sequence[BaselineMove],
    ) -> None:
        """Write what became of a confirmed delivery at the vendor, and the baselines without what it left undone."""
        with self._store.write() as connection:
            found, at = read_fenced(connection, delivery, token), self._clock()
            write_outcome(connection, found, outcome, token=token, at=at, evidence=evidence)
            insert_moves(connection, found.pipeline, found.name, moves=baselines, at=at)

    def report(
        self,
        delivery: str,
        *,
        token: int,
        outcome: Outcome,
        evidence: Mapping[str, Any],
        told: Mapping[str, Any],
        becomes: Literal["", "confirmed", "failed"] = "",
        reason: str = "",
        baselines: Sequence[BaselineMove] = (),
    ) -> None:
        """Write what the vendor's own report said: outcome, evidence, and the baselines without what it refused.

        A held delivery `becomes` what the report proves, or stays held for `reason`. `told` are the report's counts.
        """
        with self._store.write() as connection:
            found, at = read_fenced(connection, delivery, token), self._clock()
            append(connection, "feedback", at=at, subject=delivery, details=told)
            write_outcome(connection, found, outcome, token=token, at=at, evidence=evidence)
            if becomes == "confirmed":
                found = read_delivery(connection, delivery)
                confirm_within(connection, found, token=token, at=at, baselines=baselines)
            elif becomes == "failed":
                move_delivery(connection, found, "failed", token=token, at=at, reason=reason, ended_at=at)
            elif reason:
                write_reason(connection, found, reason)
            else:
                insert_moves(connection, found.pipeline, found.name, moves=baselines, at=at)
