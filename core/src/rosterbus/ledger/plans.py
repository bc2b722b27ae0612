"""Plans: recorded once, superseded by a newer one of the same delivery until something is under way."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import UNDELIVERED, UNSETTLED, PlanRecord, PlanState
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import IllegalTransitionError, move_plan, read_plan

TABLE = schema.plans


class Plans:
    """The plans of a ledger."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def new_id(self) -> str:
        """Eight hexadecimal digits that no plan has yet."""
        with self._store.read() as connection:
            while True:
                plan = secrets.token_hex(4)
                if connection.execute(select(TABLE.c.id).where(TABLE.c.id == plan)).first() is None:
                    return plan

    def record(self, plan: PlanRecord) -> tuple[PlanRecord, ...]:
        """Write a new plan, and answer with those it supersedes.

        These are the undelivered plans of the same pipeline and delivery, test or live as this one is, except
        those with a delivery that is open or held.
        """
        with self._store.write() as connection:
            older = _superseded_by(connection, plan)
            for found in older:
                move_plan(connection, found, "superseded", at=self._clock())
            connection.execute(insert(TABLE).values(**_columns(plan)))
            details = {"hash": plan.hash, "verdict": plan.verdict, "to": plan.state, "run": plan.run}
            append(connection, "plan", at=self._clock(), subject=plan.id, details=details)
        return older

    def move(self, plan: str, to: PlanState) -> None:
        """Stage, expire or end a plan.

        Raises IllegalTransitionError, also where the plan has a delivery that is open or held; ``delivered``
        comes with the confirmation alone.
        """
        with self._store.write() as connection:
            found = read_plan(connection, plan)
            if to == "delivered" or (to != "staged" and _is_under_way(connection, plan)):
                msg = f"plan {plan} cannot become {to}: its delivery decides that"
                raise IllegalTransitionError(msg)
            move_plan(connection, found, to, at=self._clock())

    def get(self, plan: str) -> PlanRecord:
        """The plan with exactly this id; raises ConfigError if there is none."""
        with self._store.read() as connection:
            return read_plan(connection, plan)

    def undelivered(self, pipeline: str | None = None) -> list[PlanRecord]:
        """The plans that still may be applied, newest first."""
        return self._newest_first(select(TABLE).where(TABLE.c.state.in_(UNDELIVERED)), pipeline)

    def of_run(self, run: int) -> list[PlanRecord]:
        """The plans that one run made, newest first."""
        return self._newest_first(select(TABLE).where(TABLE.c.run == run))

    def latest(
        self, most: int = 10, *, pipeline: str | None = None, delivery: str | None = None
    ) -> list[PlanRecord]:
        """The last plans in whatever state, of all, of one pipeline or of one of its deliveries, newest first."""
        query = select(TABLE).limit(most)
        return self._newest_first(
            query if delivery is None else query.where(TABLE.c.delivery == delivery), pipeline
        )

    def _newest_first(self, query: Select[Any], pipeline: str | None = None) -> list[PlanRecord]:
        if pipeline is not None:
            query = query.where(TABLE.c.pipeline == pipeline)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(TABLE.c.created_at.desc(), TABLE.c.id))
            return [PlanRecord(**row._mapping) for row in rows]


def _columns(plan: PlanRecord) -> dict[str, Any]:
    ended_at = None if plan.state in UNDELIVERED else plan.ended_at or plan.created_at
    return asdict(plan) | {"summary": dict(plan.summary), "ended_at": ended_at}


def _superseded_by(connection: Connection, plan: PlanRecord) -> tuple[PlanRecord, ...]:
    same = (TABLE.c.pipeline == plan.pipeline, TABLE.c.delivery == plan.delivery, TABLE.c.test == plan.test)
    query = select(TABLE).where(*same, TABLE.c.state.in_(UNDELIVERED), TABLE.c.id.not_in(_under_way()))
    return tuple(PlanRecord(**row._mapping) for row in connection.execute(query.order_by(TABLE.c.created_at)))


def _under_way() -> Select[tuple[str]]:
    return select(schema.deliveries.c.plan).where(schema.deliveries.c.state.in_(UNSETTLED))


def _is_under_way(connection: Connection, plan: str) -> bool:
    return connection.execute(_under_way().where(schema.deliveries.c.plan == plan)).first() is not None
