"""What the ledger answers with: frozen rows, every moment aware and in UTC, never a cell value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rosterbus.deliveries import Address, Outcome

Verdict = Literal["go", "nothing new", "not due", "held", "refused"]
PlanState = Literal["planned", "staged", "superseded", "expired", "delivered", "ended"]
DeliveryState = Literal["staged", "intent", "sent", "confirmed", "held", "failed"]
Settled = Literal["arrived", "not arrived", "processed"]
Canceled = Literal["canceled"]
BaselineKind = Literal["values", "digests"]

OPEN: tuple[DeliveryState, ...] = ("staged", "intent", "sent")
UNSETTLED: tuple[DeliveryState, ...] = (*OPEN, "held")
UNDELIVERED: tuple[PlanState, ...] = ("planned", "staged")

HANDED, STEPS = "handed", "steps"
"""The evidence of a delivery that was handed over."""
REPORTS = "reports"
"""The evidence of one that the vendor reported on: what was kept of each report, in counts."""
NOTE = "note"
"""The evidence that a person should read, one sentence."""


@dataclass(frozen=True)
class RunRecord:
    """One run of one command over one pipeline. `id` counts up and is the fencing token of all it writes."""

    id: int
    pipeline: str
    command: str
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanRecord:
    """One plan. `delivery` is the name in the pipeline file; `hash` is what an approval binds to.

    `summary` holds counts and findings; `ended_at` is set in every state but ``planned`` and ``staged``.
    """

    id: str
    run: int
    pipeline: str
    delivery: str
    target: str
    hash: str
    created_at: datetime
    verdict: Verdict
    state: PlanState
    folder: Path
    test: bool = False
    summary: Mapping[str, Any] = field(default_factory=dict)
    ended_at: datetime | None = None


@dataclass(frozen=True)
class DeliveryRecord:
    """One plan on its way to one target.

    `token` is the run that wrote last, `sent_at` the latest moment from which the vendor may have had it, and
    `reason` says why it was held or failed.
    """

    id: str
    plan: str
    pipeline: str
    name: str
    destination: str
    target: str
    state: DeliveryState
    outcome: Outcome
    test: bool
    token: int
    attempts: int
    created_at: datetime
    address: Address | None = None
    intent_at: datetime | None = None
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def handed(self) -> str:
        """Where it lies for a person to take it on; blank where it was not handed over."""
        return str(self.evidence.get(HANDED, ""))

    @property
    def steps(self) -> Sequence[str]:
        """What that person does, in order."""
        return tuple(self.evidence.get(STEPS, ()))

    @property
    def note(self) -> str:
        """What a person should know of it; blank where there is nothing."""
        return str(self.evidence.get(NOTE, ""))

    @property
    def refused(self) -> int:
        """How many of its rows the vendor refused, as far as its reports were read."""
        return sum(int(report["rows"]) for report in self.evidence.get(REPORTS, ()))

    @property
    def waits(self) -> bool:
        """Whether it waits for the person it was handed over to."""
        return self.state == "held" and bool(self.handed)


@dataclass(frozen=True)
class BaselineMove:
    """The new baseline of one layout.

    `version` is a plan's id, ``empty:<moment>``, ``assumed:<plan>``, ``canceled:<plan>`` or ``file:<sha>``, with
    ``#<run>`` behind it where that run took rows out that the vendor had refused; `path` the Parquet file (None where
    nothing is held yet); `recipe` the compiled mapping that made it.
    """

    layout: str
    version: str
    path: Path | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    kind: BaselineKind = "values"


@dataclass(frozen=True)
class BaselineRecord:
    """What a vendor is believed to hold of one layout, since `moved_at`."""

    id: int
    pipeline: str
    delivery: str
    layout: str
    version: str
    path: Path | None
    recipe: Mapping[str, Any]
    kind: BaselineKind
    moved_at: datetime


@dataclass(frozen=True)
class ApprovalRecord:
    """A person's word that one plan, known by its hash, may go although it was held."""

    id: int
    plan: str
    plan_hash: str
    by: str
    reason: str
    account: str
    host: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class SettlementRecord:
    """What a person knew of a delivery when nobody else could, or that it was canceled."""

    id: int
    delivery: str
    settled: Settled | Canceled
    by: str
    reason: str
    account: str
    host: str
    settled_at: datetime


@dataclass(frozen=True)
class ExtractRecord:
    """The last accepted extract of a pipeline, with the source's opaque state.

    `mirror` is the folder of its raw tables, below the state folder; None where they are not kept.
    """

    pipeline: str
    accepted_at: datetime
    state: Mapping[str, Any]
    mirror: Path | None = None


@dataclass(frozen=True)
class NoticeRecord:
    """The state of a delivery that people were told of last."""

    pipeline: str
    delivery: str
    state: str
    told_at: datetime


@dataclass(frozen=True)
class EventRecord:
    """One line of the append-only record; `details` is JSON, `hash` covers it and all lines before."""

    seq: int
    at: datetime
    kind: str
    subject: str
    details: str
    hash: str


@dataclass(frozen=True)
class Purge:
    """What may go: folders of staged plans, files of former baselines, and runs whose reports are too old.

    `rows` counts the rows of the ledger itself that were deleted.
    """

    staged: tuple[Path, ...]
    baselines: tuple[Path, ...]
    runs: tuple[int, ...]
    rows: int
