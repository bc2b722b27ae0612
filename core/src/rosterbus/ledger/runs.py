"""Runs: what was started, when, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update

from rosterbus.errors import ConfigError
from rosterbus.ledger import schema
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import RunRecord
from rosterbus.ledger.store import Store


class Runs:
    """The runs of a ledger. A run's id is the fencing token of everything it writes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def begin(self, pipeline: str, command: str) -> int:
        """Note that a run starts now, and give its id, which is greater than every one before."""
        row = {"pipeline": pipeline, "command": command, "started_at": self._clock(), "summary": {}}
        with self._store.write() as connection:
            query = insert(schema.runs).values(**row).returning(schema.runs.c.id)
            return int(connection.execute(query).scalar_one())

    def end(self, run: int, exit_code: int, *, summary: Mapping[str, Any]) -> None:
        """Note how it ended; `summary` is JSON with counts only. Raises ConfigError for an unknown run."""
        values = {"ended_at": self._clock(), "exit_code": exit_code, "summary": summary}
        with self._store.write() as connection:
            ended = connection.execute(update(schema.runs).where(schema.runs.c.id == run).values(**values))
            if not ended.rowcount:
                raise ConfigError("the ledger knows no such run", found=str(run))

    def get(self, run: int) -> RunRecord:
        """The run with this id; raises ConfigError if there is none."""
        with self._store.read() as connection:
            row = connection.execute(select(schema.runs).where(schema.runs.c.id == run)).one_or_none()
        if row is None:
            raise ConfigError("the ledger knows no such run", found=str(run))
        return RunRecord(**row._mapping)

    def latest(self, most: int = 10, *, pipeline: str | None = None) -> list[RunRecord]:
        """The last runs, newest first, of one pipeline or of all."""
        table = schema.runs
        query = select(table).order_by(table.c.id.desc()).limit(most)
        if pipeline is not None:
            query = query.where(table.c.pipeline == pipeline)
        with self._store.read() as connection:
            return [RunRecord(**row._mapping) for row in connection.execute(query)]
