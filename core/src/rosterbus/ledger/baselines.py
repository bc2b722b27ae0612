"""Baselines: which version of each layout the vendor is believed to hold, and all the versions before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.chain import append
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import BaselineMove, BaselineRecord
from rosterbus.ledger.store import Store

TABLE = schema.baselines


class Baselines:
    """The baselines of a ledger; a confirmation moves them too, in its own transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def current(self, pipeline: str, delivery: str) -> dict[str, BaselineRecord]:
        """The baselines in force, by layout; empty where nobody ever set one."""
        same = (TABLE.c.pipeline == pipeline, TABLE.c.delivery == delivery)
        return {row.layout: row for row in self._select(*same, TABLE.c.id.in_(newest_ids()))}

    def history(self, pipeline: str, delivery: str) -> list[BaselineRecord]:
        """Every baseline there was, newest first."""
        return self._select(TABLE.c.pipeline == pipeline, TABLE.c.delivery == delivery)

    def files(self) -> set[str]:
        """The names of all files that a baseline points to, in force or not."""
        with self._store.read() as connection:
            paths = connection.execute(select(TABLE.c.path).where(TABLE.c.path.is_not(None))).scalars()
            return {path.name for path in paths if path is not None}

    def move(self, pipeline: str, delivery: str, moves: Sequence[BaselineMove]) -> None:
        """Set the baselines of some layouts by hand, all of them or none."""
        with self._store.write() as connection:
            insert_moves(connection, pipeline, delivery, moves=moves, at=self._clock())

    def _select(self, *where: ColumnElement[bool]) -> list[BaselineRecord]:
        with self._store.read() as connection:
            rows = connection.execute(select(TABLE).where(*where).order_by(TABLE.c.id.desc()))
            return [BaselineRecord(**row._mapping) for row in rows]


def newest_ids() -> ColumnElement[int]:
    """The rows in force: the last one of each pipeline, delivery and layout."""
    newest = select(func.max(TABLE.c.id)).group_by(TABLE.c.pipeline, TABLE.c.delivery, TABLE.c.layout)
    return newest.scalar_subquery()


def insert_moves(
    connection: Connection, pipeline: str, delivery: str, *, moves: Sequence[BaselineMove], at: datetime
) -> None:
    """Write new baselines, and a line for each, within the caller's transaction."""
    for move in moves:
        row: dict[str, Any] = {
            "layout": move.layout,
            "version": move.version,
            "path": move.path,
            "kind": move.kind,
        }
        row |= {"pipeline": pipeline, "delivery": delivery, "recipe": dict(move.recipe), "moved_at": at}
        connection.execute(insert(TABLE).values(**row))
        details = {"delivery": delivery, "layout": move.layout, "version": move.version}
        append(connection, "baseline", at=at, subject=pipeline, details=details)
