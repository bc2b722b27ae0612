"""What a person means by a prefix, a pipeline's name, or ``last``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, select

from rosterbus.errors import ConfigError
from rosterbus.ledger import schema
from rosterbus.ledger.records import DeliveryRecord, PlanRecord
from rosterbus.ledger.store import Store
from rosterbus.ledger.transitions import read_delivery, read_plan

LISTED = 10


def find_plan(store: Store, text: str) -> PlanRecord:
    """The one plan that is meant; a pipeline's name means the newest plan of its only delivery.

    Raises ConfigError, with what there is to choose from, if none or several are meant.
    """
    table = schema.plans
    query = select(table.c.id, table.c.id.label("one_of"), table.c.delivery.label("name"), *_shown(table))
    with store.read() as connection:
        return read_plan(connection, _find(connection, text, table, query=query))


def find_delivery(store: Store, text: str) -> DeliveryRecord:
    """The one delivery that is meant; a plan's prefix means the last try to deliver it.

    Raises ConfigError, with what there is to choose from, if none or several are meant.
    """
    table = schema.deliveries
    query = select(table.c.id, table.c.plan.label("one_of"), table.c.name, *_shown(table))
    with store.read() as connection:
        return read_delivery(connection, _find(connection, text, table, query=query))


def _shown(table: Table) -> tuple[Column[Any], ...]:
    return table.c.pipeline, table.c.state, table.c.created_at


def _find(connection: Connection, text: str, table: Table, *, query: Select[Any]) -> str:
    """The id that is meant; `query` gives each row's id, name, and what it is one of several of."""
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc())
    last = connection.execute(query.limit(LISTED)).all()
    meant = last[:1] if text == "last" else _meant(connection, text, table, query=query)
    if len(meant) == 1:
        return str(meant[0].id)
    what = "plan" if table is schema.plans else "delivery"
    wrong = f"more than one {what} is meant" if meant else f"there is no such {what}"
    raise ConfigError(
        wrong, found=text, allowed=[_listed(row) for row in (meant or last)[:LISTED]] or "none yet"
    )


def _meant(connection: Connection, text: str, table: Table, *, query: Select[Any]) -> Sequence[Row[Any]]:
    exact = connection.execute(query.where(table.c.id == text)).all()
    of_pipeline = connection.execute(query.where(table.c.pipeline == text)).all()
    by_prefix = connection.execute(query.where(table.c.id.startswith(text, autoescape=True))).all()
    return exact or _newest_of_each("name", of_pipeline) or _newest_of_each("one_of", by_prefix)


def _newest_of_each(column: str, newest_first: Sequence[Row[Any]]) -> list[Row[Any]]:
    newest: dict[str, Row[Any]] = {}
    for row in newest_first:
        newest.setdefault(row._mapping[column], row)
    return list(newest.values())


def _listed(row: Row[Any]) -> str:
    return f"{row.id} ({row.pipeline} -> {row.name}, {row.state}, {row.created_at:%Y-%m-%d %H:%M} UTC)"
