"""Reads back who changes in a kept plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rosterbus.engine import fetched, open_reader
from rosterbus.errors import ConfigError
from rosterbus.plan.stored import StoredPlan


@dataclass(frozen=True)
class Change:
    """One row that a plan changes at the vendor. `cells`, column with old and new text, are personal data."""

    layout: str
    kind: str
    key: str
    school: str
    columns: tuple[str, ...]
    mapping: bool
    cells: tuple[tuple[str, str | None, str], ...]


def read_changes(plan: StoredPlan, layout: str = "") -> Iterator[Change]:
    """The changes of one layout, or of all; raises ConfigError where retention has taken them away."""
    for one in plan.layouts:
        file = plan.folder / f"changes.{one.name}.parquet"
        if layout not in ("", one.name) or (not plan.files and not file.is_file()):
            continue
        if not file.is_file():
            raise ConfigError("the rows of this plan are no longer kept", key=f"plan {plan.id}")
        with open_reader() as connection:
            rows = fetched(
                connection,
                "SELECT kind, key, school, columns, mapping, cells FROM read_parquet(?)",
                [str(file)],
            )
            for kind, key, school, columns, mapping, cells in rows:
                changed = tuple((cell["column"], cell["old"], cell["new"]) for cell in cells or ())
                yield Change(one.name, kind, key, school, tuple(columns or ()), mapping, changed)
