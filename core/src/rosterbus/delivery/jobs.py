"""Asks vendors about the jobs that work deliveries off, and cancels one where a person says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rosterbus.context import RunContext
from rosterbus.deliveries import Done, Job, Outcome
from rosterbus.delivery.sending import moves, refuse_odd
from rosterbus.delivery.withdrawals import fresh_path, is_of, without_sent
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.ledger import DeliveryRecord, Ledger, Witness
from rosterbus.ledger.records import BaselineMove
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import Plugins
from rosterbus.project import DeliveryPart, Pipeline, Project
from rosterbus.refusing import refuse_reaching

REACHED = ("sent", "held", "confirmed")
"""The states in which a vendor may have a job."""
UNDECIDED: tuple[Outcome, ...] = ("unknown", "running")


def told_by_vendors(project: Project, pipeline: Pipeline, ledger: Ledger) -> dict[str, str]:
    """What each vendor says of the job of the last delivery, by the delivery's name, where its end is not known.

    A changed outcome is kept. Nothing is ever canceled or confirmed by asking, and a vendor who cannot be asked is a
    sentence too.
    """
    told = {}
    for part in pipeline.deliveries:
        record = ledger.deliveries.last_live(pipeline.name, part.name)
        if record and record.state in REACHED and record.outcome in UNDECIDED:
            try:
                sentence = _told(project, pipeline, part, ledger=ledger, record=record)
            except RosterbusError as error:
                sentence = f"the vendor could not be asked: {error}"
            if sentence:
                told[part.name] = sentence
    return told


def _told(
    project: Project, pipeline: Pipeline, part: DeliveryPart, *, ledger: Ledger, record: DeliveryRecord
) -> str:
    plugins = Plugins([("destination", part.connector)])
    if not plugins.implements(f"destination:{part.connector}", "job"):
        return ""
    refuse_reaching(pipeline)
    # Whoever asks is no run of its own: it speaks as the run that wrote last, and keeps still once another one has.
    now = datetime.now(UTC).astimezone(pipeline.timezone)
    context = RunContext(project, pipeline, ledger, plugins, now, record.token, progress=lambda _: None)
    job = ask_job(context, part, record, "status")
    if record.state == "confirmed" and _left_some(job):
        return f"{job.sentence}; the next run tells again what may not have been worked off"
    if job.outcome != record.outcome or {**record.evidence, **job.evidence} != record.evidence:
        ledger.deliveries.set_outcome(record.id, job.outcome, token=record.token, evidence=job.evidence)
    return job.sentence


def ask_job(
    context: RunContext, part: DeliveryPart, record: DeliveryRecord, order: Literal["status", "cancel"]
) -> Job:
    """What the vendor says of the job of a delivery, or of its canceling; raises ConnectorError or PluginError."""
    plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
    step = "asking about the vendor's job" if order == "status" else "canceling the vendor's job"
    job: Job = context.plugins.call(
        f"destination:{part.connector}",
        "job",
        step=step,
        delivery=context.delivery(plan, record),
        settings=context.settings(part),
        order=order,
    )
    refuse_odd(job, Job)
    return job


def cancelable(context: RunContext, part: DeliveryPart) -> DeliveryRecord:
    """The delivery whose job a person may cancel; raises ConfigError where there is none, or no way to do it."""
    if not context.plugins.implements(f"destination:{part.connector}", "job"):
        able = [one.name for one in context.pipeline.deliveries if _can_cancel(context, one)]
        msg = f"the vendor of `{part.name}` has no job that can be canceled"
        raise ConfigError(msg, key="--deliver", found=part.name, allowed=able or "none of this pipeline")
    record = context.ledger.deliveries.last_live(context.pipeline.name, part.name)
    if record is None or record.state not in REACHED or record.outcome not in UNDECIDED:
        found = f"delivery {record.id} {record.state}, {record.outcome}" if record else "no delivery"
        msg = f"there is nothing to cancel at `{part.name}`"
        allowed = "a delivery that reached the vendor and is not worked off yet"
        raise ConfigError(msg, found=found, allowed=allowed)
    return record


def cancel(context: RunContext, part: DeliveryPart, record: DeliveryRecord, witness: Witness) -> Job:
    """Cancel the vendor's job of a delivery, and note who wanted it.

    Nobody knows how far a canceled job came: what the delivery had told is taken out of the baseline, so that the next
    run tells it again. Where the job had ended before, its outcome is noted and the baseline stays.
    """
    plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
    with context.ledger.lock(plan.target, plan.pipeline):
        record = context.ledger.deliveries.claim(record.id, token=context.token)
        withdrawn = _withdrawn(context, part, plan)
        job = ask_job(context, part, record, "cancel")
        # A job that still runs was asked to stop, and may do so at any student.
        undone = job.state in ("canceled", "running") or job.outcome in ("partly", "not processed")
        context.ledger.corrections.cancel(
            record.id,
            witness,
            token=context.token,
            outcome=job.outcome,
            evidence=job.evidence,
            undone=undone,
            baselines=withdrawn if undone else [],
        )
    return job


def learn(context: RunContext, part: DeliveryPart, record: DeliveryRecord, answer: Done) -> None:
    """Note what became of a confirmed delivery since.

    Where its job was canceled at the vendor, or nothing was processed, what it had told is taken out of the baseline.
    """
    told = replace(record, evidence={**record.evidence, **answer.evidence})
    undone = answer.outcome == "not processed" or (
        answer.outcome == "partly"
        and _can_cancel(context, part)
        and _left_some(ask_job(context, part, told, "status"))
    )
    plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
    context.ledger.corrections.learn(
        record.id,
        token=context.token,
        outcome=answer.outcome,
        evidence=answer.evidence,
        baselines=_withdrawn(context, part, plan) if undone else [],
    )


def _left_some(job: Job) -> bool:
    """Whether the vendor will never work all of it off; of a job that may be another's the outcome is unknown."""
    return job.outcome == "not processed" or (job.state == "canceled" and job.outcome == "partly")


def _can_cancel(context: RunContext, part: DeliveryPart) -> bool:
    return context.plugins.implements(f"destination:{part.connector}", "job")


def _withdrawn(context: RunContext, part: DeliveryPart, plan: StoredPlan) -> list[BaselineMove]:
    """The baselines without what this plan told; those that were set by hand since stay as they are."""
    current = context.ledger.baselines.current(plan.pipeline, part.name)
    withdrawn = []
    before = context.ledger.baselines.history(plan.pipeline, part.name)
    versions = {one.name: one.baseline for one in plan.layouts}
    for move in moves(plan):
        version = versions[move.layout]
        now = current.get(move.layout)
        if move.path and now and (is_of(plan, now.version) or now.version == version):
            former = next(
                (one for one in before if (one.layout, one.version) == (move.layout, version)), None
            )
            # Rows of another kind cannot be compared: then all of them are told again.
            held = former.path if former and former.kind == move.kind else None
            told = now.path if now.path and is_of(plan, now.version) else move.path
            _refuse_lost(told, held)
            path = fresh_path(context.ledger, plan, layout=move.layout, token=context.token)
            without_sent(told, held, path)
            withdrawn.append(replace(move, version=f"canceled:{plan.id}", path=path))
    return withdrawn


def _refuse_lost(*paths: Path | None) -> None:
    for path in paths:
        if path is not None and not path.is_file():
            msg = "what the vendor held is no longer kept; say with `rosterbus baseline` what it holds"
            raise ConfigError(msg, file=path)
