"""What people were told of last, so that one message goes out for each change of state."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from rosterbus.ledger import schema
from rosterbus.ledger.clock import Clock
from rosterbus.ledger.records import NoticeRecord
from rosterbus.ledger.store import Store

TABLE = schema.notices


class Notices:
    """The states that people were told of, by pipeline and delivery."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def last(self, pipeline: str, delivery: str) -> NoticeRecord | None:
        """What was told last; None if nothing ever was."""
        same = (TABLE.c.pipeline == pipeline, TABLE.c.delivery == delivery)
        with self._store.read() as connection:
            row = connection.execute(select(TABLE).where(*same)).one_or_none()
        return None if row is None else NoticeRecord(**row._mapping)

    def told(self, pipeline: str, delivery: str, state: str) -> None:
        """Note that people know of this state; asked after the message went out, so that none is lost."""
        same = (TABLE.c.pipeline == pipeline, TABLE.c.delivery == delivery)
        row = {"pipeline": pipeline, "delivery": delivery, "state": state, "told_at": self._clock()}
        with self._store.write() as connection:
            connection.execute(delete(TABLE).where(*same))
            connection.execute(insert(TABLE).values(**row))
