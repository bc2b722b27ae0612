"""What a person means by a prefix, a pipeline's name, or ``last``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, select

from rosterbus.errors import ConfigError
from rosterbus.ledger import schema
from rosterbus.ledger.records import DeliveryRecord, PlanRecord
from rosterbus.ledger.store import Store

LISTED = 10


def find_plan(store: Store, text: str) -> PlanRecord:
    """The one plan that is meant; a pipeline's name means the newest plan of its only delivery.

    Raises ConfigError, with what there is to choose from, if none or several are meant.
    """
    table = schema.plans
    return PlanRecord(**_find(store, text, table, name=table.c.delivery, one_of=table.c.id)._mapping)


def find_delivery(store: Store, text: str) -> DeliveryRecord:
    """The one delivery that is meant; a plan's prefix means the last try to deliver it.

    Raises ConfigError, with what there is to choose from, if none or several are meant.
    """
    table = schema.deliveries
    return DeliveryRecord(**_find(store, text, table, name=table.c.name, one_of=table.c.plan)._mapping)


def _find(store: Store, text: str, table: Table, *, name: Column[str], one_of: Column[str]) -> Row[Any]:
    what = "plan" if table is schema.plans else "delivery"
    if text == "last":
        meant = _newest_of_each(store, table, table.c.pipeline, name)[:1]
    else:
        meant = (
            _newest_of_each(store, table, table.c.id, where=table.c.id == text)
            or _newest_of_each(store, table, name, where=table.c.pipeline == text)
            or _newest_of_each(store, table, one_of, where=table.c.id.startswith(text, autoescape=True))
        )
    if len(meant) == 1:
        return meant[0]
    wrong = f"more than one {what} is meant" if meant else f"there is no such {what}"
    choice = meant or _newest_of_each(store, table, table.c.id)
    raise ConfigError(
        wrong, found=text, allowed=[_listed(row, name) for row in choice[:LISTED]] or "none yet"
    )


def _newest_of_each(
    store: Store, table: Table, *group: Column[str], where: ColumnElement[bool] | None = None
) -> list[Row[Any]]:
    """The newest row of every group, the newest group first."""
    query = select(table).order_by(table.c.created_at.desc(), table.c.id.desc())
    with store.read() as connection:
        rows = connection.execute(query if where is None else query.where(where)).all()
    newest: dict[tuple[Any, ...], Row[Any]] = {}
    for row in rows:
        newest.setdefault(tuple(row._mapping[column] for column in group), row)
    return list(newest.values())


def _listed(row: Row[Any], name: Column[str]) -> str:
    return (
        f"{row.id} ({row.pipeline} -> {row._mapping[name]}, {row.state}, {row.created_at:%Y-%m-%d %H:%M} UTC)"
    )
