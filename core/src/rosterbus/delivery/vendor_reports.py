"""Reads a vendor's own report back: each error joined to the row that caused it, outcome and baseline moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rosterbus.context import RunContext
from rosterbus.deliveries import Feedback, Outcome
from rosterbus.delivery.refused_rows import keep_refused_rows
from rosterbus.delivery.sending import refuse_odd
from rosterbus.delivery.withdrawals import arrived, fresh_path, reduced, without_refused
from rosterbus.errors import ConfigError, PluginError
from rosterbus.ledger import DeliveryRecord
from rosterbus.ledger.records import REPORTS, BaselineMove
from rosterbus.plan.refusals import KeptReport, reports_of
from rosterbus.plan.staging import sha256
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart

REPORTED = ("held", "confirmed")
"""The states in which a vendor can have reported on a delivery, and no run goes on with it."""


@dataclass(frozen=True)
class Imported:
    """What became of one report. `again` tells that it was read before, and that nothing was changed now.

    `waits` counts the files of a held delivery that no report is about yet.
    """

    delivery: DeliveryRecord
    report: KeptReport
    again: bool
    waits: int

    def as_json(self) -> dict[str, Any]:
        """Counts and states for machines."""
        delivery, report = self.delivery, self.report
        return {
            "delivery": delivery.id,
            "layout": report.layout,
            "rows": report.rows,
            "errors": report.errors,
            "state": delivery.state,
            "outcome": delivery.outcome,
            "again": self.again,
            "waits": self.waits,
        }


def import_report(
    context: RunContext, part: DeliveryPart, record: DeliveryRecord, *, file: Path, chosen: str
) -> Imported:
    """Read `file`, the vendor's report on a delivery; `chosen` says which uploaded file it is about.

    Raises ConfigError where it is no report, or on another delivery, and RetriableError where a run goes on.
    """
    plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
    with context.ledger.lock(plan.target, plan.pipeline):
        record = context.ledger.deliveries.claim(record.id, token=context.token)
        _refuse_state(record)
        digest = _digest(file)
        known = reports_of(record)
        for report in known:
            if report.sha256 == digest:
                return Imported(record, report, again=True, waits=_waits(plan, record, known))
        feedback = _asked(context, part, plan, record, file=file, chosen=chosen)
        report = KeptReport(feedback.layout, digest, tuple(feedback.files), feedback.outcome)
        report = keep_refused_rows(context, plan, record, report, errors=feedback.errors)
        _learn(context, plan, record, [*known, report])
    record = context.ledger.deliveries.get(record.id)
    return Imported(record, report, again=False, waits=_waits(plan, record, [*known, report]))


def _refuse_state(record: DeliveryRecord) -> None:
    if record.state not in REPORTED:
        advice = "finish it first: rosterbus run" if record.state != "failed" else "name another run"
        msg = f"delivery {record.id} is {record.state}, and no vendor can have reported on it; {advice}"
        raise ConfigError(msg)


def _digest(file: Path) -> str:
    try:
        return sha256(file)
    except OSError as error:
        raise ConfigError(f"the report cannot be read: {error.strerror}", file=file) from error


def _asked(
    context: RunContext,
    part: DeliveryPart,
    plan: StoredPlan,
    record: DeliveryRecord,
    *,
    file: Path,
    chosen: str,
) -> Feedback:
    plugin = f"destination:{part.connector}"
    if not context.plugins.implements(plugin, "feedback"):
        raise ConfigError(f"`{part.connector}` cannot read reports of its vendor", key="--import")
    feedback: Feedback = context.plugins.call(
        plugin,
        "feedback",
        step="reading the vendor's report",
        file=file,
        delivery=context.delivery(plan, record),
        settings=context.settings(part),
        chosen=chosen,
    )
    refuse_odd(feedback, Feedback)
    own = {place for place, staged in enumerate(plan.files) if staged.layout == feedback.layout}
    if not feedback.files or not set(feedback.files) <= own:
        msg = (
            f"{context.plugins[plugin]} says that the report is about files which the delivery does not have"
        )
        raise PluginError(msg)
    return feedback


def _learn(
    context: RunContext, plan: StoredPlan, record: DeliveryRecord, reports: Sequence[KeptReport]
) -> None:
    """Write what the last of these reports tells, all at once."""
    last = reports[-1]
    told = {REPORTS: [one.as_json() for one in reports]}
    outcome = _outcome(plan, record, reports)
    becomes: Literal["", "confirmed", "failed"] = ""
    reason = ""
    baselines: list[BaselineMove] = []
    if record.state == "confirmed":
        baselines = _withdrawn(context, plan, record, last)
    elif missing := _waits(plan, record, reports):
        reason = f"{record.reason.partition(';')[0]}; it waits for {missing} of {len(plan.files)} files"
    elif outcome == "not processed":
        becomes, reason = "failed", "the vendor processed nothing of it"
    else:
        becomes = "confirmed"
        # The ledger learns of this report in the same transaction.
        known = replace(record, evidence={**record.evidence, **told})
        baselines = arrived(context.ledger, plan, known, token=context.token)
    context.ledger.corrections.report(
        record.id,
        token=context.token,
        outcome=outcome,
        evidence=told,
        told=last.as_json(),
        becomes=becomes,
        reason=reason,
        baselines=baselines,
    )


def _waits(plan: StoredPlan, record: DeliveryRecord, reports: Sequence[KeptReport]) -> int:
    """How many files of a held delivery no report is about."""
    if record.state != "held":
        return 0
    return len(set(range(len(plan.files))) - {place for one in reports for place in one.files})


def _outcome(plan: StoredPlan, record: DeliveryRecord, reports: Sequence[KeptReport]) -> Outcome:
    """What all reports make of a delivery; until each file was reported on, no more than that it is in part."""
    of_files = {place: one.outcome for one in reports for place in one.files}
    if any(one.errors and one.outcome != "not processed" for one in reports):
        return "partly"
    if len(of_files) < len(plan.files):
        return record.outcome
    return next(iter(of_files.values())) if len(set(of_files.values())) == 1 else "partly"


def _withdrawn(
    context: RunContext, plan: StoredPlan, record: DeliveryRecord, report: KeptReport
) -> list[BaselineMove]:
    """The baseline in force without the rows that a report withdraws, if there are any."""
    now = context.ledger.baselines.current(plan.pipeline, plan.delivery).get(report.layout)
    if now is None or now.path is None or not report.withdrawn:
        return []
    path = fresh_path(context.ledger, plan, layout=report.layout, token=context.token)
    without_refused(now.path, [report.path(context.ledger.state_dir, record.id)], path)
    version = reduced(now.version, token=context.token)
    return [BaselineMove(report.layout, version, path, recipe=now.recipe, kind=now.kind)]
