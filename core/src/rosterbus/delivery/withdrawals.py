"""Takes out of a baseline the rows that a vendor turned out not to hold as they were told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.engine import columns_of, literal, quoted
from rosterbus.plan.staging import copy
from rosterbus.private import private_folder

if TYPE_CHECKING:
    from rosterbus.context import RunContext
    from rosterbus.project import DeliveryPart


def fresh_path(context: RunContext, part: DeliveryPart, layout: str) -> Path:
    """Where a run keeps a baseline that no plan made; it makes one of each layout at most."""
    folder = private_folder(context.ledger.state_dir / "baselines")
    return folder / f"{context.pipeline.name}.{part.name}.{layout}.{context.token}.parquet"


def without_sent(told: Path, former: Path | None, into: Path) -> None:
    """Write the baseline `told` without all that is new or changed in it, and with those whom it told to be gone.

    `former` is the baseline before it; None where it was empty.
    """
    import duckdb

    with duckdb.connect() as connection:
        new = f"read_parquet({literal(str(told))})"
        if former is None:
            copy(connection, f"SELECT * FROM {new} WHERE false", into)
            return
        old = f"read_parquet({literal(str(former))})"
        known = columns_of(connection, f"(FROM {old})")
        held = {
            name: f"b.{quoted(name)}" if name in known else "''"
            for name in columns_of(connection, f"(FROM {new})")
        }
        same = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM {cell}" for name, cell in held.items())
        gone = "NOT b._gone AND (n._key IS NULL OR n._gone)"
        copy(
            connection,
            f"SELECT n.* FROM {new} n JOIN {old} b ON n._key = b._key WHERE {same} "
            f"UNION ALL SELECT {', '.join(held.values())} FROM {old} b LEFT JOIN {new} n ON n._key = b._key "
            f"WHERE {gone}",
            into,
        )
