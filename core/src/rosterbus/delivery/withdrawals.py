"""Takes out of a baseline the rows that a vendor turned out not to hold as they were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.delivery.sending import moves
from rosterbus.engine import columns_of, literal, open_reader, quoted
from rosterbus.plan.refusals import reports_of
from rosterbus.plan.staging import copy
from rosterbus.private import private_folder

if TYPE_CHECKING:
    from rosterbus.ledger import DeliveryRecord, Ledger
    from rosterbus.ledger.records import BaselineMove
    from rosterbus.plan.stored import StoredPlan

WITHOUT = "#"
"""Stands in a version before the run that took rows out of the baseline."""


def fresh_path(ledger: Ledger, plan: StoredPlan, *, layout: str, token: int) -> Path:
    """Where a run keeps a baseline that no plan made; it makes one of each layout at most."""
    folder = private_folder(ledger.state_dir / "baselines")
    return folder / f"{plan.pipeline}.{plan.delivery}.{layout}.{token}.parquet"


def arrived(ledger: Ledger, plan: StoredPlan, record: DeliveryRecord, *, token: int) -> list[BaselineMove]:
    """What the vendor holds once a delivery has arrived, but for the rows that its reports say it refused."""
    kept = reports_of(record)
    moved = []
    for move in moves(plan):
        refused = [one.path(ledger.state_dir, record.id) for one in kept if one.layout == move.layout]
        if refused and move.path:
            path = fresh_path(ledger, plan, layout=move.layout, token=token)
            without_refused(move.path, refused, path)
            moved.append(replace(move, version=reduced(move.version, token=token), path=path))
        else:
            moved.append(move)
    return moved


def is_of(plan: StoredPlan, version: str) -> bool:
    """Whether a baseline is what this plan made, with or without the rows that were refused since."""
    return version.partition(WITHOUT)[0] == plan.id


def reduced(version: str, *, token: int) -> str:
    """The version of a baseline that a run took rows out of."""
    return f"{version.partition(WITHOUT)[0]}{WITHOUT}{token}"


def without_refused(held: Path, refused: Sequence[Path], into: Path) -> None:
    """Write the baseline `held` without the rows that reports say to withdraw.

    A refused row of one who is gone tells that the vendor still holds that person.
    """
    files = ", ".join(literal(str(path)) for path in refused)
    withdrawn = f"(SELECT _key FROM read_parquet([{files}]) WHERE withdrawn)"
    with open_reader() as connection:
        copy(
            connection,
            f"SELECT * REPLACE (_gone AND _key NOT IN {withdrawn} AS _gone) FROM read_parquet({literal(str(held))}) "
            f"WHERE _gone OR _key NOT IN {withdrawn}",
            into,
        )


def without_sent(told: Path, former: Path | None, into: Path) -> None:
    """Write the baseline `told` without all that is new or changed in it, and with those whom it told to be gone.

    `former` is the baseline before it; None where it was empty.
    """
    with open_reader() as connection:
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
