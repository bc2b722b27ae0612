"""Receipts as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rosterbus.cli.plan_text import hold_lines, remedy_lines, size, unreadable_lines
from rosterbus.delivery.receipts import Receipt
from rosterbus.pipelines import Outcome

MOST_FILES = 4
"""How many files of one delivery are told one by one."""


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """Every receipt of a run, and every failure."""
    if outcome.nothing:
        yield f"{outcome.pipeline}: nothing new from the source ({outcome.nothing})"
    for receipt in outcome.receipts:
        yield from receipt_lines(receipt)
    for failure in outcome.failures:
        where = f"{outcome.pipeline} -> {failure.delivery}" if failure.delivery else outcome.pipeline
        yield f"{where}   {failure.state}"
        yield f"  {failure.error}"


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    """One receipt: state, counts that close, files, evidence."""
    plan, delivery = receipt.plan, receipt.delivery
    outcome = f", at the vendor: {delivery.outcome}" if delivery else ""
    yield f"{plan.pipeline} -> {plan.delivery}   {receipt.state}{outcome}   plan {plan.id}"
    if receipt.because:
        yield f"  why        {receipt.because}"
    if receipt.state == "refused":
        yield from remedy_lines(plan)
    if receipt.state == "not due" and plan.due:
        yield f"  due        {plan.due:%Y-%m-%d %H:%M}"
    for name, counts in receipt.counts.items():
        parts = " + ".join(
            f"{part} {counts[part]:,}" for part in ("delivered", "unchanged", "filtered", "rejected", "held")
        )
        yield f"  {name:<10} read {counts['read']:,} = {parts}"
        moved = ", ".join(
            f"{part} {counts[part]:,}"
            for part in ("new", "changed", "removed", "leaver_rows")
            if counts[part]
        )
        if moved:
            yield f"  {'':<10} {moved}"
    yield from unreadable_lines(plan)
    if delivery and delivery.refused:
        delivered = "delivered; " if receipt.state == "confirmed" else ""
        yield f"  refused    {delivered}{delivery.refused:,} rows of it refused by the vendor"
    if delivery and delivery.note:
        yield f"  note       {delivery.note}"
    yield from _files(receipt)
    if receipt.state == "held" and delivery is None and plan.verdict == "held":
        yield from hold_lines(plan)
    elif receipt.state == "held" and delivery:
        yield from (f"  step {number:<5} {step}" for number, step in enumerate(delivery.steps, 1))
        yield f"  settle     rosterbus settle {delivery.id} --arrived | --not-arrived --by NAME --reason TEXT"
        if delivery.waits:
            yield f"  or         rosterbus report {delivery.id} --import FILE, once the vendor has a report"


def _files(receipt: Receipt) -> Iterator[str]:
    """What went where; of a great many files the first, and the sum of the rest."""
    delivery, files = receipt.delivery, receipt.plan.files
    if delivery is None or delivery.address is None:
        return
    shown = len(files) if len(files) <= MOST_FILES + 1 else MOST_FILES
    for file, name in zip(files[:shown], delivery.address.files, strict=False):
        yield f"  file       {name}   {file.rows:,} rows   {size(file.bytes)}   sha256 {file.sha256[:12]}"
    if rest := files[shown:]:
        rows, length = sum(file.rows for file in rest), sum(file.bytes for file in rest)
        yield f"  and        {len(rest):,} more files   {rows:,} rows   {size(length)}"


def analysis_lines(name: str, analyses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a twin made of what it got."""
    if not analyses:
        yield f"  twin of {name}: nothing arrived"
    for analysis in analyses:
        there = {key: value for key, value in analysis.items() if not _is_nothing(value)}
        told = ", ".join(f"{key.replace('_', ' ')} {_plain(value)}" for key, value in there.items())
        yield f"  twin of {name}: {told}"


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Mapping | list | tuple) and not value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        there = ", ".join(f"{key} {_plain(one)}" for key, one in value.items() if not _is_nothing(one))
        return _summed(value) or f"({there})"
    if isinstance(value, list | tuple):
        return "; ".join(map(_plain, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _summed(files: Mapping[str, Any]) -> str:
    """A great many files as their number and the sums of what is counted of each; blank for anything else."""
    if len(files) <= MOST_FILES or not all(isinstance(one, Mapping) for one in files.values()):
        return ""
    totals: Counter[str] = Counter()
    for one in files.values():
        totals.update({key: count for key, count in one.items() if type(count) is int})
    return f"{len(files):,} (" + ", ".join(f"{key} {count:,}" for key, count in totals.items()) + ")"
