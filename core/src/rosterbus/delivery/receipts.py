"""Receipts: what became of one plan, in counts that close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan

State = Literal["confirmed", "held", "failed", "open", "nothing new", "not due", "refused"]

EXITS: dict[str, int] = {
    "confirmed": 0,
    "nothing new": 0,
    "not due": 0,
    "held": 3,
    "failed": 1,
    "refused": 5,
    "open": 75,
}
VERDICT_EXITS: dict[str, int] = {"go": 0, "nothing new": 0, "not due": 0, "held": 3, "refused": 5}
WORST_FIRST = (2, 1, 5, 3, 75, 4, 0)
NEWLY_REJECTED = 4
SHOWN = (
    "read",
    "delivered",
    "unchanged",
    "filtered",
    "rejected",
    "held",
    "new",
    "changed",
    "removed",
    "leaver_rows",
)


@dataclass(frozen=True)
class Receipt:
    """What a run tells of one delivery. `because` is the sentence that explains any state but confirmed."""

    plan: StoredPlan
    delivery: DeliveryRecord | None
    state: State
    because: str
    started: datetime
    ended: datetime

    @property
    def exit_code(self) -> int:
        """What the command line would end with, if this were the only delivery."""
        if self.state in ("confirmed", "nothing new") and not self.plan.test and self.plan.newly_rejected:
            return NEWLY_REJECTED
        return EXITS[self.state]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """By layout: ``read = delivered + unchanged + filtered + rejected + held``."""
        return {layout.name: self._closed(dict(layout.counts)) for layout in self.plan.layouts}

    @property
    def balanced(self) -> bool:
        """Whether every row read is accounted for, in every layout and in every raw table."""
        parts = ("delivered", "unchanged", "filtered", "rejected", "held")
        layouts = all(one["read"] == sum(one[part] for part in parts) for one in self.counts.values())
        raw = (
            one["read"] == one["used"] + sum(one["unused"].values()) + one["rejected"]
            for one in self.plan.raw.values()
        )
        return layouts and all(raw)

    def as_json(self) -> dict[str, Any]:
        """The receipt for machines."""
        delivery = self.delivery
        remote = delivery.address.files if delivery and delivery.address else self.plan.remote
        names = [*remote, *("" for _ in self.plan.files)]
        return {
            "pipeline": self.plan.pipeline,
            "delivery": self.plan.delivery,
            "destination": self.plan.connector,
            "target": self.plan.target,
            "plan": self.plan.id,
            "id": delivery.id if delivery else None,
            "test": self.plan.test,
            "state": self.state,
            "because": self.because,
            "due": self.plan.due.isoformat() if self.plan.due else None,
            "outcome": delivery.outcome if delivery else "unknown",
            "refused": delivery.refused if delivery else 0,
            "guarantee": self.plan.guarantee,
            "files": [
                {
                    "name": file.name,
                    "rows": file.rows,
                    "bytes": file.bytes,
                    "sha256": file.sha256,
                    "remote": name,
                }
                for file, name in zip(self.plan.files, names, strict=False)
            ],
            "counts": self.counts,
            "raw": self.plan.raw,
            "balanced": self.balanced,
            "evidence": dict(delivery.evidence) if delivery else {},
            "steps": list(delivery.steps) if delivery and delivery.waits else [],
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat(),
        }

    def _closed(self, counts: dict[str, int]) -> dict[str, int]:
        """Staged rows are delivered once confirmed, and held until then."""
        ended = "delivered" if self.state == "confirmed" else "held"
        return {name: counts.get("staged", 0) if name == ended else counts.get(name, 0) for name in SHOWN}


def worst(codes: list[int]) -> int:
    """The exit code of several deliveries."""
    return min(codes, key=WORST_FIRST.index, default=0)
