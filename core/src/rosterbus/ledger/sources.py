"""What each pipeline knows of its source: the last accepted extracts, the newest in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import ExtractRecord
from rosterbus.ledger.store import Store

KEPT = 5
TABLE = schema.extracts


class Sources:
    """The accepted extracts of a ledger, the last `KEPT` of each pipeline."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def accept(
        self,
        pipeline: str,
        *,
        state: Mapping[str, Any],
        as_of: datetime | None,
        headers: Mapping[str, str],
        counts: Mapping[str, int],
        mirror: Path | None = None,
    ) -> None:
        """Make this extract the last known one: state, fingerprints, counts and mirror change together.

        `headers` and `counts` are by raw table; `mirror` is a folder written and synced before.
        """
        row = {"pipeline": pipeline, "accepted_at": self._clock(), "as_of": as_of, "mirror": mirror}
        row |= {"state": dict(state), "headers": dict(headers), "counts": dict(counts)}
        newest = (
            select(TABLE.c.id).where(TABLE.c.pipeline == pipeline).order_by(TABLE.c.id.desc()).limit(KEPT)
        )
        with self._store.write() as connection:
            connection.execute(insert(TABLE).values(**row))
            kept = connection.execute(newest).scalars().all()
            connection.execute(delete(TABLE).where(TABLE.c.pipeline == pipeline, TABLE.c.id.not_in(kept)))

    def current(self, pipeline: str) -> ExtractRecord | None:
        """The last accepted extract."""
        return next(iter(self.history(pipeline)), None)

    def history(self, pipeline: str) -> list[ExtractRecord]:
        """The last accepted extracts, newest first."""
        query = select(TABLE).where(TABLE.c.pipeline == pipeline).order_by(TABLE.c.id.desc())
        with self._store.read() as connection:
            return [ExtractRecord(**row._mapping) for row in connection.execute(query)]
