"""The append-only, hash-chained record of everything that changed what is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from rosterbus.ledger import schema
from rosterbus.ledger.records import EventRecord
from rosterbus.ledger.store import Store, canonical

PURGED = "purged"


class Events:
    """Reads the record; lines are appended by the ledger's other parts, within their own transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, subject: str) -> list[EventRecord]:
        """Every line about one plan, delivery or pipeline, oldest first."""
        table = schema.events
        with self._store.read() as connection:
            rows = connection.execute(select(table).where(table.c.subject == subject).order_by(table.c.seq))
            return [EventRecord(**row._mapping) for row in rows]

    def verify(self) -> tuple[str, ...]:
        """One sentence for each place where a line was altered or deleted; empty if the record is whole."""
        with self._store.read() as connection:
            return tuple(_breaks(connection))


def append(
    connection: Connection, kind: str, *, at: datetime, subject: str, details: Mapping[str, Any]
) -> None:
    """Add one line. `details` are JSON and never hold a cell value."""
    head = connection.execute(select(schema.chain).with_for_update()).one()
    seq, text = head.head_seq + 1, canonical(details)
    line = EventRecord(seq, at, kind, subject, text, "")
    digest = _digest(head.head_hash, line)
    connection.execute(
        insert(schema.events).values(seq=seq, at=at, kind=kind, subject=subject, details=text, hash=digest)
    )
    connection.execute(update(schema.chain).values(head_seq=seq, head_hash=digest))


def cut(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Delete the lines older than `before` from the start of the record, and note where the cut is."""
    table = schema.events
    kept = connection.execute(select(func.min(table.c.seq)).where(table.c.at >= before)).scalar()
    reach = connection.execute(select(schema.chain.c.head_seq)).scalar_one() if kept is None else kept - 1
    last = connection.execute(select(table).where(table.c.seq == reach)).one_or_none()
    if last is None:
        return 0
    deleted = connection.execute(delete(table).where(table.c.seq <= reach)).rowcount
    connection.execute(update(schema.chain).values(cut_seq=last.seq, cut_hash=last.hash))
    append(connection, PURGED, at=at, subject="ledger", details={"cut": last.seq, "hash": last.hash})
    return deleted


def _digest(previous: str, line: EventRecord) -> str:
    row = canonical([line.seq, line.at.astimezone(UTC).isoformat(), line.kind, line.subject, line.details])
    return hashlib.sha256(f"{previous}{row}".encode()).hexdigest()


def _breaks(connection: Connection) -> Iterator[str]:
    ends = connection.execute(select(schema.chain)).one()
    expected, previous, noted = ends.cut_seq + 1, ends.cut_hash, (0, "")
    for row in connection.execute(select(schema.events).order_by(schema.events.c.seq)):
        line = EventRecord(**row._mapping)
        if line.seq != expected:
            yield f"line {expected} of the record is missing: the next one is {line.seq}"
        elif _digest(previous, line) != line.hash:
            yield f"line {line.seq} of the record was altered"
        elif line.kind == PURGED:
            details = json.loads(line.details)
            noted = details["cut"], details["hash"]
        expected, previous = line.seq + 1, line.hash
    if (expected - 1, previous) != (ends.head_seq, ends.head_hash):
        yield f"the record ends at line {expected - 1}; line {ends.head_seq} was written last"
    if noted != (ends.cut_seq, ends.cut_hash):
        yield f"the record was cut at line {ends.cut_seq} by no purge"
