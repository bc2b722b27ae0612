"""Deliveries on their way: staged, addressed, sent, held or failed, each step one durable transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from rosterbus.deliveries import Address, Outcome
from rosterbus.errors import ConnectorError
from rosterbus.ledger import schema
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import OPEN, UNSETTLED, DeliveryRecord, PlanRecord
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import (
    IllegalTransitionError,
    move_delivery,
    read_delivery,
    read_fenced,
    read_plan,
)

TABLE = schema.deliveries
NAMES = schema.remote_names
PLANS = schema.plans


class Deliveries:
    """The deliveries of a ledger.

    Each writing method takes the writer's `token`, the id of its run. A newer token takes the delivery over;
    an older one gets a RetriableError from then on. A step that cannot follow raises IllegalTransitionError,
    and an unknown id ConfigError.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def create(self, plan: str, *, destination: str, token: int) -> DeliveryRecord:
        """Begin the delivery of a staged plan; its id is the plan's with the number of the try."""
        with self._store.write() as connection:
            found = read_plan(connection, plan)
            number = _next_number(connection, found)
            row = _first_row(found, number, at=self._clock()) | {"destination": destination, "token": token}
            connection.execute(insert(TABLE).values(**row))
            details = {"to": "staged", "run": token, "plan": plan, "target": found.target}
            append(connection, "delivery", at=self._clock(), subject=row["id"], details=details)
            return read_delivery(connection, row["id"])

    def claim(self, delivery: str, *, token: int) -> DeliveryRecord:
        """Take the delivery over for this run: no earlier run can write it any more."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            connection.execute(update(TABLE).where(TABLE.c.id == found.id).values(token=token))
            return read_delivery(connection, delivery)

    def is_taken(self, target: str, name: str, plan: str) -> bool:
        """Whether a remote name on this target belongs to another plan."""
        query = select(NAMES.c.plan).where(
            NAMES.c.target == target, NAMES.c.name == name, NAMES.c.plan != plan
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def fix_intent(self, delivery: str, address: Address, *, token: int) -> DeliveryRecord:
        """Fix everything that the vendor will see, before the first byte: address, names and state at once.

        Raises ConnectorError where a name belongs to another plan, where a name is given twice, or where the
        target is not the one that was planned (and locked).
        """
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            _reserve(connection, found, address)
            at = self._clock()
            move_delivery(connection, found, "intent", token=token, at=at, address=address, intent_at=at)
            return read_delivery(connection, delivery)

    def attempt(self, delivery: str, *, token: int) -> DeliveryRecord:
        """Count one call of `load`; asked right before it, it stops a run that was overtaken."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            if found.state not in ("intent", "sent"):
                msg = f"delivery {delivery} is {found.state}; only one in intent or sent is loaded"
                raise IllegalTransitionError(msg)
            values = {"attempts": found.attempts + 1, "token": token}
            connection.execute(update(TABLE).where(TABLE.c.id == found.id).values(**values))
            return read_delivery(connection, delivery)

    def mark_sent(self, delivery: str, evidence: Mapping[str, Any] | None = None, *, token: int) -> None:
        """Note that from now on the vendor may have it; again for each repetition of the same bytes."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            at = self._clock()
            noted = {"evidence": {**found.evidence, **evidence}} if evidence else {}
            move_delivery(connection, found, "sent", token=token, at=at, sent_at=at, **noted)

    def hold(
        self, delivery: str, reason: str, *, token: int, evidence: Mapping[str, Any] | None = None
    ) -> None:
        """Leave it to a person; `reason` is one sentence without a cell value."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            kept = found.evidence if evidence is None else evidence
            move_delivery(
                connection, found, "held", token=token, at=self._clock(), reason=reason, evidence=kept
            )

    def fail(self, delivery: str, reason: str, *, token: int) -> None:
        """End it: nothing of it reached the vendor. `reason` is one sentence without a cell value."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            at = self._clock()
            move_delivery(connection, found, "failed", token=token, at=at, reason=reason, ended_at=at)

    def set_outcome(
        self, delivery: str, outcome: Outcome, *, token: int, evidence: Mapping[str, Any]
    ) -> None:
        """Note what the vendor's own processing came to; `evidence` is added to what is there."""
        with self._store.write() as connection:
            found = read_fenced(connection, delivery, token)
            if found.state not in ("sent", "held", "confirmed"):
                msg = f"delivery {delivery} is {found.state}; the vendor cannot have processed it"
                raise IllegalTransitionError(msg)
            write_outcome(connection, found, outcome, token=token, at=self._clock(), evidence=evidence)

    def get(self, delivery: str) -> DeliveryRecord:
        """The delivery with exactly this id; raises ConfigError if there is none."""
        with self._store.read() as connection:
            return read_delivery(connection, delivery)

    def of_plan(self, plan: str) -> list[DeliveryRecord]:
        """The deliveries of one plan, newest first."""
        return self._select(TABLE.c.plan == plan)

    def open(self, target: str | None = None) -> list[DeliveryRecord]:
        """The deliveries of one target, or of all, that are staged, in intent or sent, newest first."""
        return self._select(TABLE.c.state.in_(OPEN), *_only(TABLE.c.target, target))

    def held(self, pipeline: str | None = None) -> list[DeliveryRecord]:
        """The deliveries that wait for a person, newest first."""
        return self._select(TABLE.c.state == "held", *_only(TABLE.c.pipeline, pipeline))

    def latest(
        self, most: int = 10, *, pipeline: str | None = None, delivery: str | None = None
    ) -> list[DeliveryRecord]:
        """The last ones in whatever state, of all, of one pipeline or of one of its deliveries, newest first."""
        return self._select(*_only(TABLE.c.pipeline, pipeline), *_only(TABLE.c.name, delivery), most=most)

    def last_live(self, pipeline: str, delivery: str) -> DeliveryRecord | None:
        """The last live delivery of this name, in whatever state, but for those that surely never left."""
        left = (TABLE.c.state != "failed") | TABLE.c.sent_at.is_not(None)
        return next(iter(self._select(*_live(pipeline, delivery), left, most=1)), None)

    def live(self, pipeline: str, delivery: str, *, since: datetime) -> list[DeliveryRecord]:
        """The live deliveries of this name that were begun since then, in whatever state, the oldest first."""
        return self._select(*_live(pipeline, delivery), TABLE.c.created_at >= since)[::-1]

    def last_confirmed(self, pipeline: str, delivery: str) -> DeliveryRecord | None:
        """The live delivery of this name that was confirmed last."""
        confirmed = self._select(*_live(pipeline, delivery), TABLE.c.state == "confirmed")
        return max(confirmed, key=lambda row: row.confirmed_at or row.created_at, default=None)

    def sent_times(
        self, target: str, *, live: bool = True, pipeline: str | None = None, delivery: str | None = None
    ) -> list[datetime]:
        """When live (or else test) deliveries went to this target, across all pipelines or of one, newest first.

        Counted is what was sent or confirmed, and what was held after it had been sent.
        """
        states = TABLE.c.state.in_(("sent", "held", "confirmed"))
        query = select(TABLE.c.sent_at).where(TABLE.c.target == target, TABLE.c.test.is_(not live), states)
        query = query.where(*_only(TABLE.c.pipeline, pipeline), *_only(TABLE.c.name, delivery))
        query = query.where(TABLE.c.sent_at.is_not(None)).order_by(TABLE.c.sent_at.desc())
        with self._store.read() as connection:
            return list(connection.execute(query).scalars())

    def last_sent(self, target: str, *, live: bool = True) -> datetime | None:
        """The newest of `sent_times`."""
        return next(iter(self.sent_times(target, live=live)), None)

    def _select(self, *where: ColumnElement[bool], most: int | None = None) -> list[DeliveryRecord]:
        query = select(TABLE).where(*where).order_by(TABLE.c.created_at.desc(), TABLE.c.id.desc()).limit(most)
        with self._store.read() as connection:
            return [DeliveryRecord(**row._mapping) for row in connection.execute(query)]


def write_outcome(
    connection: Connection,
    found: DeliveryRecord,
    outcome: Outcome,
    *,
    token: int,
    at: datetime,
    evidence: Mapping[str, Any],
) -> None:
    """Write the outcome beside the state, and the line about it."""
    values = {"outcome": outcome, "token": token, "evidence": {**found.evidence, **evidence}}
    connection.execute(update(TABLE).where(TABLE.c.id == found.id).values(**values))
    details = {"from": found.outcome, "to": outcome, "run": token}
    append(connection, "outcome", at=at, subject=found.id, details=details)


def write_reason(connection: Connection, found: DeliveryRecord, reason: str) -> None:
    """Write anew why it is held, within the caller's transaction."""
    connection.execute(update(TABLE).where(TABLE.c.id == found.id).values(reason=reason))


def _live(pipeline: str, delivery: str) -> tuple[ColumnElement[bool], ...]:
    return (TABLE.c.pipeline == pipeline, TABLE.c.name == delivery, TABLE.c.test.is_(False))


def _only(column: ColumnElement[str], value: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if value is None else (column == value,)


def _next_number(connection: Connection, plan: PlanRecord) -> int:
    if plan.state != "staged":
        msg = f"plan {plan.id} is {plan.state}; only a staged plan is delivered"
        raise IllegalTransitionError(msg)
    under_way = (TABLE.c.plan == plan.id, TABLE.c.state.in_(UNSETTLED))
    if (found := connection.execute(select(TABLE.c.id).where(*under_way)).scalar()) is not None:
        msg = f"plan {plan.id} has a delivery already, {found}, which has not ended"
        raise IllegalTransitionError(msg)
    number = connection.execute(select(func.count()).where(TABLE.c.plan == plan.id)).scalar_one()
    return int(number) + 1


def _first_row(plan: PlanRecord, number: int, *, at: datetime) -> dict[str, Any]:
    copied = {"pipeline": plan.pipeline, "name": plan.delivery, "target": plan.target, "test": plan.test}
    fresh = {"state": "staged", "outcome": "unknown", "attempts": 0, "reason": "", "evidence": {}}
    return {"id": f"{plan.id}-{number}", "plan": plan.id, "created_at": at, **copied, **fresh}


def _reserve(connection: Connection, found: DeliveryRecord, address: Address) -> None:
    if address.target != found.target:
        msg = (
            f"the connector addressed another target than it planned: {address.target} and not {found.target}"
        )
        raise ConnectorError(msg)
    names = address.names
    if len(set(names)) < len(names):
        raise ConnectorError("the connector gave the same remote name to two files of one delivery")
    if address.overwrites:
        own = select(PLANS.c.id).where(PLANS.c.pipeline == found.pipeline, PLANS.c.delivery == found.name)
        former = (NAMES.c.target == found.target, NAMES.c.name.in_(names), NAMES.c.plan.in_(own))
        connection.execute(delete(NAMES).where(*former))
    taken = select(NAMES.c.name, NAMES.c.plan).where(NAMES.c.target == found.target, NAMES.c.name.in_(names))
    owners = {row.name: row.plan for row in connection.execute(taken)}
    for name in names:
        if owners.setdefault(name, "") not in ("", found.plan):
            msg = f"the remote name {name} on {found.target} already belongs to plan {owners[name]}"
            raise ConnectorError(msg)
    fresh = [{"target": found.target, "name": name, "plan": found.plan} for name in names if not owners[name]]
    if fresh:
        connection.execute(insert(NAMES), fresh)
