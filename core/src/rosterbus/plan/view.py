"""What rules see of a plan: counts, differences and questions, never a way to change anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rosterbus.deliveries import StagedFile
from rosterbus.engine import quoted, value
from rosterbus.extracts import Completeness
from rosterbus.findings import Finding
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.difference import Difference

if TYPE_CHECKING:
    import duckdb

    from rosterbus.plan.baseline import LoadedBaseline
    from rosterbus.plan.rendering import Rendered
    from rosterbus.project import Expect, Guards


@dataclass
class Counts:
    """One layout, in rows of its relation: ``read = staged + unchanged + filtered + rejected``.

    Once it ended, what was staged is *delivered* or *held*. `removed` and `leaver_rows` stand beside.
    """

    read: int = 0
    staged: int = 0
    unchanged: int = 0
    filtered: int = 0
    rejected: int = 0
    newly_rejected: int = 0
    opted_out: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0
    leaver_rows: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return self.read == self.staged + self.unchanged + self.filtered + self.rejected

    def as_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


@dataclass
class LayoutView:
    """One layout of a plan; `has_baseline` tells whether it is known what the vendor holds, and so what differs."""

    spec: LayoutSpec
    counts: Counts
    difference: Difference
    has_baseline: bool
    completeness: Completeness
    columns: tuple[str, ...]
    _connection: duckdb.DuckDBPyConnection = field(repr=False)
    _rendered: Rendered = field(repr=False)
    _loaded: LoadedBaseline = field(repr=False)

    def count(self, condition: str = "true", *, among: str = "sent") -> int:
        """Rows for which `condition` holds: SQL over the vendor's columns.

        `among` is ``sent`` (the rows of the file) or ``moved`` (those that are new or changed for the vendor).
        """
        from rosterbus.plan.rendering import SENT

        rows = self._rendered.sent if among == "sent" else SENT["changes"]
        return int(
            value(
                self._connection,
                f"SELECT count(*) FROM {self._rendered.table} WHERE {rows} AND ({condition})",
            )
        )

    def changed(self, column: str) -> int:
        """Rows that the vendor holds already and whose cell in `column` would change."""
        from rosterbus.plan.difference import changes_table

        sql = f"SELECT count(*) FROM {changes_table(self.spec)} WHERE kind = 'changed' AND list_contains(columns, ?)"
        return int(value(self._connection, sql, [column]))

    def filled(self) -> dict[str, tuple[int, int]]:
        """For each column how many cells are filled: as the vendor holds it, and now."""
        shared = [column for column in self.columns if column in self._loaded.columns]
        if not shared:
            return {}
        counted = ", ".join(f"count(*) FILTER ({quoted(column)} <> '')" for column in shared)
        then = self._connection.execute(
            f"SELECT {counted} FROM {self._loaded.table} WHERE NOT _gone"
        ).fetchone()
        now = self._connection.execute(f"SELECT {counted} FROM {self._rendered.table}").fetchone()
        return {column: (then[i], now[i]) for i, column in enumerate(shared)} if then and now else {}


@dataclass
class PlanView:
    """A whole plan. `now` is in the pipeline's time zone; `sent` are the times of live files to its target, of
    all pipelines, and `own_sent` those of this very delivery.

    At `apply` it is judged once more, for rules of time alone: then `layouts` and `files` are empty.
    """

    pipeline: str
    delivery: str
    connector: str
    target: str
    now: datetime
    test: bool
    layouts: Mapping[str, LayoutView]
    files: Sequence[StagedFile]
    sent: Sequence[datetime]
    own_sent: Sequence[datetime]
    guards: Guards
    expects: Sequence[Expect]
    extract_findings: Sequence[Finding] = ()
    unreadable: int = 0
    """Records of the extract that could not be read at all."""
    as_of: datetime | None = None
    last_as_of: datetime | None = None
    lost_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settings: Any = None

    @property
    def last_sent(self) -> datetime | None:
        """When a live file last went to this target."""
        return max(self.sent, default=None)
