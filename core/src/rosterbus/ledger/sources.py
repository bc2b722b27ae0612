"""What each pipeline knows of its source: the state and the mirror of the last extract that was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import ExtractRecord
from rosterbus.ledger.store import Store

TABLE = schema.extracts


class Sources:
    """The last accepted extract of each pipeline."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def accept(self, pipeline: str, *, state: Mapping[str, Any], mirror: Path | None = None) -> None:
        """Make this the last known extract: the source's own state, opaque JSON, and the mirror that goes with it.

        `mirror` is a folder below the state folder; neither is ever accepted without the other.
        """
        row = {
            "pipeline": pipeline,
            "accepted_at": self._clock(),
            "state": dict(state),
            "mirror": mirror,
        }
        with self._store.write() as connection:
            connection.execute(delete(TABLE).where(TABLE.c.pipeline == pipeline))
            connection.execute(insert(TABLE).values(**row))

    def current(self, pipeline: str) -> ExtractRecord | None:
        """The last accepted extract; None before the first."""
        with self._store.read() as connection:
            row = connection.execute(select(TABLE).where(TABLE.c.pipeline == pipeline)).one_or_none()
        return None if row is None else ExtractRecord(**row._mapping)
