"""What became of a run and of each of its deliveries, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rosterbus.findings import Finding
from rosterbus.reports import ReportedDelivery, ReportedLayout, Run

from rosterbus_html_report.holds import Hold, Way, holds_of, settle
from rosterbus_html_report.problems import Part
from rosterbus_html_report.wording import counted, listed


@dataclass(frozen=True)
class State:
    """What became of a delivery: a word and a sign for its badge, and how the page's first sentence says it."""

    word: str
    tone: Literal["good", "calm", "wait", "bad"]
    sign: str
    phrase: str


STATES = {
    "confirmed": State("Delivered", "good", "✓", "Delivered"),
    "nothing new": State("Nothing new", "calm", "=", "Nothing new"),
    "not due": State("Not due yet", "calm", "◷", "Not due yet"),
    "held": State("Held", "wait", "‖", "Held until a person decides"),
    "handed": State("Handed over", "wait", "→", "Waiting for a person's upload"),
    "open": State("Not finished", "wait", "…", "Not finished"),
    "refused": State("Refused", "bad", "✕", "Refused by a rule"),
    "failed": State("Failed", "bad", "✕", "Failed"),
    "go": State("Planned", "calm", "○", "Planned"),
}
"""By the state of a receipt; of a plan without one, by its verdict."""
OUTCOMES = {
    "running": "the vendor is working on it",
    "processed": "the vendor has worked it off",
    "partly": "the vendor has worked it off in part",
    "not processed": "the vendor did not take it",
}
SEVERITIES = {
    "refuse": ("Refused", "bad"),
    "hold": ("Was held", "wait"),
    "not due": ("Not due", "calm"),
    "warn": ("Warning", "wait"),
    "pass": ("Passed", "good"),
}


@dataclass(frozen=True)
class LayoutCard:
    """One layout with its counts; `part` are its problems."""

    layout: ReportedLayout
    counts: Mapping[str, int]
    part: Part


@dataclass(frozen=True)
class Card:
    """One delivery, its plan and its receipt; the receipt is empty where the run has none."""

    place: int
    delivery: ReportedDelivery
    receipt: Mapping[str, Any]
    state: State
    layouts: Sequence[LayoutCard]
    holds: Sequence[Hold]
    settle: Way | None

    @property
    def anchor(self) -> str:
        """Where a link to it leads."""
        return f"delivery-{self.place}"

    @property
    def because(self) -> str:
        """The sentence that explains its state; a hold has its own parts instead."""
        return "" if self.holds else str(self.receipt.get("because") or self.delivery.because)

    @property
    def outcome(self) -> str:
        """What is known of the vendor's own processing."""
        return OUTCOMES.get(str(self.receipt.get("outcome", "")), "")

    @property
    def note(self) -> str:
        """What the connector tells of the delivery, such as where the vendor's results come."""
        return str(self.evidence.get("note", ""))

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What proves the delivery; the steps of a person stand elsewhere."""
        evidence: Mapping[str, Any] = self.receipt.get("evidence", {})
        return {name: one for name, one in evidence.items() if name != "steps"}

    @property
    def findings(self) -> list[Finding]:
        """What rules said that is no open hold, the gravest first; what merely passed is apart."""
        order = ("refuse", "hold", "not due", "warn")
        told = [
            one
            for one in self.delivery.findings
            if one.severity in order and not (self.holds and one.severity == "hold")
        ]
        return sorted(told, key=lambda one: order.index(one.severity))

    @property
    def passed(self) -> list[Finding]:
        """The rules that it passed."""
        return [one for one in self.delivery.findings if one.severity == "pass"]

    @property
    def unreadable(self) -> list[tuple[str, int]]:
        """Records of the export that nobody could read, by file."""
        raw = self.receipt.get("raw", {}).values()
        return [(table["file"], table["rejected"]) for table in raw if table["rejected"]]


def cards(run: Run, parts: Sequence[Part]) -> list[Card]:
    """One card for each delivery; what was finished from an earlier run has its receipt alone."""
    receipts = {str(receipt["plan"]): receipt for receipt in run.receipts}
    known = {delivery.plan for delivery in run.deliveries}
    earlier = [
        ReportedDelivery(receipt["delivery"], (), plan, receipt["destination"])
        for plan, receipt in receipts.items()
        if plan not in known
    ]
    left = iter(parts)
    return [
        _card(place, delivery, receipts.get(delivery.plan, {}), run.pipeline, left)
        for place, delivery in enumerate([*run.deliveries, *earlier])
    ]


def outcome_sentences(told: Sequence[Card], parts: Sequence[Part]) -> Iterator[str]:
    """What became of the run."""
    together: dict[str, list[str]] = {}
    for card in told:
        together.setdefault(card.state.phrase, []).append(card.delivery.name)
    if not together:
        yield "Nothing was planned."
    yield from (f"{phrase}: {listed(names)}." for phrase, names in together.items())
    problems = sum(part.total for part in parts)
    yield (
        f"{counted(problems, 'problem')} in the rows of the export." if problems else "No row has a problem."
    )


def _card(
    place: int,
    delivery: ReportedDelivery,
    receipt: Mapping[str, Any],
    pipeline: str,
    parts: Iterator[Part],
) -> Card:
    name = str(receipt.get("state") or delivery.verdict)
    state = "handed" if receipt.get("steps") and name == "held" else name
    counts = receipt.get("counts", {})
    waits_for_approval = name == "held" and not receipt.get("id")
    return Card(
        place,
        delivery,
        receipt,
        STATES.get(state, State(name.capitalize() or "Unknown", "calm", "·", name.capitalize() or "Unknown")),
        [
            LayoutCard(layout, layout.counts or counts.get(layout.name, {}), part)
            for layout, part in zip(delivery.layouts, parts, strict=False)
        ],
        list(holds_of(delivery, pipeline)) if waits_for_approval else [],
        settle(receipt),
    )
