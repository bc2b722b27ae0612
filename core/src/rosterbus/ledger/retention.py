"""What has been kept for long enough: answered for files, done for the ledger's own rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from rosterbus.ledger import schema
from rosterbus.ledger.baselines import newest_ids
from rosterbus.ledger.chain import cut
from rosterbus.ledger.records import UNDELIVERED, Purge
from rosterbus.ledger.store import Store

DAYS_IN_A_YEAR = 365.25


def purge(store: Store, now: datetime, *, staged_days: int, report_days: int, ledger_years: int) -> Purge:
    """Delete the rows older than `ledger_years`, and answer with the files that may go and are still there.

    Approvals and remote names stay for ever; what has not ended stays, however old.
    """
    staged, reported = now - timedelta(days=staged_days), now - timedelta(days=report_days)
    with store.write() as connection:
        rows = _delete_rows(connection, before=now - timedelta(days=ledger_years * DAYS_IN_A_YEAR), at=now)
        return Purge(
            staged=_there(_ended_folders(connection, staged)),
            baselines=_there(_former_baselines(connection, staged)),
            runs=_old_runs(connection, reported),
            rows=rows,
        )


def _delete_rows(connection: Connection, *, before: datetime, at: datetime) -> int:
    deliveries, plans, runs, baselines = schema.deliveries, schema.plans, schema.runs, schema.baselines
    old: list[tuple[Table, ColumnElement[bool]]] = [
        (deliveries, deliveries.c.ended_at < before),
        (schema.settlements, schema.settlements.c.settled_at < before),
        (plans, plans.c.ended_at < before),
        (runs, (runs.c.started_at < before) & runs.c.id.not_in(select(plans.c.run))),
        (baselines, (baselines.c.moved_at < before) & baselines.c.id.not_in(newest_ids())),
    ]
    deleted = sum(connection.execute(delete(table).where(where)).rowcount for table, where in old)
    return deleted + cut(connection, before=before, at=at)


def _ended_folders(connection: Connection, before: datetime) -> set[Path]:
    table = schema.plans
    ended = table.c.state.not_in(UNDELIVERED) & (table.c.ended_at < before)
    return set(connection.execute(select(table.c.folder).where(ended)).scalars())


def _former_baselines(connection: Connection, before: datetime) -> set[Path]:
    """Files of baselines that were replaced before that moment, and that no other baseline still needs."""
    replaced_at: dict[tuple[str, str, str], datetime] = {}
    former: set[Path] = set()
    needed: set[Path] = set()
    for row in connection.execute(select(schema.baselines).order_by(schema.baselines.c.id.desc())):
        key = (row.pipeline, row.delivery, row.layout)
        is_former = key in replaced_at and replaced_at[key] < before
        if row.path is not None:
            (former if is_former else needed).add(row.path)
        replaced_at[key] = row.moved_at
    return former - needed


def _old_runs(connection: Connection, before: datetime) -> tuple[int, ...]:
    table = schema.runs
    ended = func.coalesce(table.c.ended_at, table.c.started_at)
    return tuple(connection.execute(select(table.c.id).where(ended < before).order_by(table.c.id)).scalars())


def _there(paths: set[Path]) -> tuple[Path, ...]:
    return tuple(sorted(path for path in paths if path.exists()))
