"""Approvals: a person's word for one exact plan, until it expires; none is ever deleted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import ApprovalRecord
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import read_plan
from rosterbus.ledger.witness import Witness

TABLE = schema.approvals


class Approvals:
    """The approvals of a ledger."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def record(self, plan: str, witness: Witness, *, expires_at: datetime) -> ApprovalRecord:
        """Approve the plan as it is now, known by its hash; raises ConfigError for an unknown plan."""
        with self._store.write() as connection:
            plan_hash, at = read_plan(connection, plan).hash, self._clock()
            moments = {"created_at": at, "expires_at": expires_at}
            row: dict[str, Any] = {"plan": plan, "plan_hash": plan_hash, **moments, **asdict(witness)}
            recorded = connection.execute(insert(TABLE).values(**row).returning(TABLE)).one()
            details = {"hash": plan_hash, **asdict(witness)}
            append(connection, "approval", at=at, subject=plan, details=details)
            return ApprovalRecord(**recorded._mapping)

    def valid(self, plan_hash: str, now: datetime) -> ApprovalRecord | None:
        """The newest approval of exactly this content that has not expired."""
        found = self._select(TABLE.c.plan_hash == plan_hash, TABLE.c.expires_at > now)
        return next(iter(found), None)

    def of_plan(self, plan: str) -> list[ApprovalRecord]:
        """Every approval of one plan, expired or not, newest first."""
        return self._select(TABLE.c.plan == plan)

    def _select(self, *where: ColumnElement[bool]) -> list[ApprovalRecord]:
        with self._store.read() as connection:
            rows = connection.execute(select(TABLE).where(*where).order_by(TABLE.c.id.desc()))
            return [ApprovalRecord(**row._mapping) for row in rows]
