"""Which state may follow which, and who may still say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select, update

from rosterbus.errors import ConfigError, RetriableError, RosterbusError
from rosterbus.ledger import schema
from rosterbus.ledger.chain import append
from rosterbus.ledger.records import DeliveryRecord, DeliveryState, PlanRecord, PlanState

# `sent` to itself is a repeated send of the same bytes to the same names.
DELIVERY_STATES: Mapping[DeliveryState, frozenset[DeliveryState]] = MappingProxyType(
    {
        "staged": frozenset({"intent", "held", "failed"}),
        "intent": frozenset({"sent", "held", "failed"}),
        "sent": frozenset({"sent", "confirmed", "held", "failed"}),
        "held": frozenset({"confirmed", "failed"}),
        "confirmed": frozenset(),
        "failed": frozenset(),
    }
)
PLAN_STATES: Mapping[PlanState, frozenset[PlanState]] = MappingProxyType(
    {
        "planned": frozenset({"staged", "superseded", "expired", "ended"}),
        "staged": frozenset({"superseded", "expired", "delivered", "ended"}),
        "superseded": frozenset(),
        "expired": frozenset(),
        "delivered": frozenset(),
        "ended": frozenset(),
    }
)


class IllegalTransitionError(RosterbusError):
    """A delivery or plan was about to enter a state that cannot follow the one it is in."""


def read_plan(connection: Connection, plan: str) -> PlanRecord:
    """The plan with exactly this id; raises ConfigError if there is none."""
    row = connection.execute(
        select(schema.plans).where(schema.plans.c.id == plan).with_for_update()
    ).one_or_none()
    if row is None:
        raise ConfigError("the ledger knows no such plan", found=plan)
    return PlanRecord(**row._mapping)


def read_delivery(connection: Connection, delivery: str) -> DeliveryRecord:
    """The delivery with exactly this id; raises ConfigError if there is none."""
    table = schema.deliveries
    row = connection.execute(select(table).where(table.c.id == delivery).with_for_update()).one_or_none()
    if row is None:
        raise ConfigError("the ledger knows no such delivery", found=delivery)
    return DeliveryRecord(**row._mapping)


def read_fenced(connection: Connection, delivery: str, token: int) -> DeliveryRecord:
    """The delivery, for a writer with this token; raises RetriableError if a newer run has taken it."""
    found = read_delivery(connection, delivery)
    if token < found.token:
        msg = (
            f"delivery {delivery} was taken over by run {found.token}; run {token} may not write it any more"
        )
        raise RetriableError(msg)
    return found


def move_delivery(
    connection: Connection,
    found: DeliveryRecord,
    to: DeliveryState,
    *,
    token: int,
    at: datetime,
    **values: Any,
) -> None:
    """Write the new state with `values`, and the line about it; raises IllegalTransitionError."""
    if to not in DELIVERY_STATES[found.state]:
        msg = f"delivery {found.id} is {found.state} and cannot become {to}"
        raise IllegalTransitionError(msg)
    table = schema.deliveries
    values |= {"state": to, "token": token}
    connection.execute(update(table).where(table.c.id == found.id).values(**values))
    details: dict[str, Any] = {
        "from": found.state,
        "to": to,
        "run": token,
        "plan": found.plan,
        "target": found.target,
    }
    details |= {name: values[name] for name in ("reason", "outcome", "evidence") if name in values}
    details |= {"address": asdict(values["address"])} if "address" in values else {}
    append(connection, "delivery", at=at, subject=found.id, details=details)


def move_plan(connection: Connection, found: PlanRecord, to: PlanState, *, at: datetime) -> None:
    """Write the new state and the line about it; raises IllegalTransitionError."""
    if to not in PLAN_STATES[found.state]:
        msg = f"plan {found.id} is {found.state} and cannot become {to}"
        raise IllegalTransitionError(msg)
    ended_at = None if to == "staged" else at
    table = schema.plans
    connection.execute(update(table).where(table.c.id == found.id).values(state=to, ended_at=ended_at))
    append(connection, "plan", at=at, subject=found.id, details={"from": found.state, "to": to})
