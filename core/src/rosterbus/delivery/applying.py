"""Applies plans: what is open is finished first, and a plan goes only while everything it was judged on still holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rosterbus.context import RunContext
from rosterbus.deliveries import Done
from rosterbus.delivery.jobs import learn
from rosterbus.delivery.purging import purge_staged
from rosterbus.delivery.receipts import Receipt, State
from rosterbus.delivery.sending import begin, resume
from rosterbus.errors import ConnectorError, HeldError, PluginError, RetriableError
from rosterbus.plan.stored import StoredPlan
from rosterbus.plan.verdict import give_verdict
from rosterbus.project import DeliveryPart

STATES: dict[str, State] = {"confirmed": "confirmed", "held": "held", "failed": "failed"}


def apply(context: RunContext, plan: StoredPlan) -> list[Receipt]:
    """Deliver one plan if it may go; its receipt comes last, after those of what was finished before it.

    Holds and refusals come back as receipts; wrong use raises. Raises RetriableError where another process
    writes to the same target.
    """
    started = datetime.now(UTC)
    part = context.pipeline.delivery(plan.delivery)
    with context.ledger.lock(plan.target, plan.pipeline):
        finished = finish_open(context, part, plan.target)
        if any(one.state == "open" for one in finished):
            return finished
        stop = _stopped(context, part, plan)
        if stop is not None:
            state, because = stop
            return [*finished, Receipt(plan, None, state, because, started, datetime.now(UTC))]
        return [*finished, _attempted(context, part, plan, started)]


def finish_open(context: RunContext, part: DeliveryPart, target: str) -> list[Receipt]:
    """Bring every open delivery of a target to its end, until one still is not: its receipt is the last.

    A failed one has no receipt here, since a new plan takes its place. The caller holds the target's lock.
    """
    receipts: list[Receipt] = []
    for record in reversed(context.ledger.deliveries.open(target)):
        started = datetime.now(UTC)
        plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
        stale = context.now - plan.created > timedelta(hours=context.project.plan_hours)
        context.progress(f"finishing delivery {record.id}")
        try:
            ended = resume(context, part, plan, record, stale=stale)
        except RetriableError as error:
            open_still = context.ledger.deliveries.get(record.id)
            return [*receipts, Receipt(plan, open_still, "open", str(error), started, datetime.now(UTC))]
        if ended.state != "failed":
            receipts.append(
                Receipt(plan, ended, STATES[ended.state], ended.reason, started, datetime.now(UTC))
            )
    return receipts


def look_after(context: RunContext, part: DeliveryPart) -> str | None:
    """Ask whether the vendor has processed the last confirmed delivery since; the reason if that cannot be seen."""
    record = context.ledger.deliveries.last_confirmed(context.pipeline.name, part.name)
    if record is None or record.outcome not in ("unknown", "running") or record.handed:
        return None
    plan = StoredPlan.load(context.ledger.plans.get(record.plan).folder)
    try:
        answer = context.plugins.call(
            f"destination:{part.connector}",
            "reconcile",
            step="asking what became of the last delivery",
            delivery=context.delivery(plan, record),
            settings=context.settings(part),
        )
        news = isinstance(answer, Done) and {**record.evidence, **answer.evidence} != record.evidence
        if isinstance(answer, Done) and (news or answer.outcome != record.outcome):
            learn(context, part, record, answer)
    except (ConnectorError, PluginError) as error:
        return f"nobody can see whether delivery {record.id} was taken: {error}"
    return None


def _stopped(context: RunContext, part: DeliveryPart, plan: StoredPlan) -> tuple[State, str] | None:
    """Why a plan may not go now, or None. Judged at the last moment, under the target's lock."""
    record = context.ledger.plans.get(plan.id)
    if plan.verdict == "refused":
        return "refused", plan.because
    if plan.verdict == "nothing new":
        return "nothing new", plan.because
    if plan.verdict == "held" and not plan.files:
        return "held", plan.because
    if record.state != "staged":
        raise HeldError(f"plan {plan.id} is {record.state}; plan again: rosterbus plan {plan.pipeline}")
    _refuse_moved(context, part, plan)
    age = context.now - plan.created
    if age > timedelta(hours=context.project.plan_hours):
        context.ledger.plans.move(plan.id, "expired")
        purge_staged(plan.folder, delivered=False)
        raise HeldError(
            f"plan {plan.id} is {age.total_seconds() / 3600:.0f} hours old; plan again: rosterbus plan {plan.pipeline}"
        )
    if not plan.test and (unsettled := context.unsettled(part)):
        # It may have become so after this plan was made, and no approval of a plan says what became of it.
        return "held", "; ".join(f"{one.sentence}; run: {one.if_wrong}" for one in unsettled)
    if plan.verdict == "held":
        approval = context.ledger.approvals.valid(plan.hash, context.now)
        if approval is None:
            return "held", plan.because
    view = context.view(
        part,
        settings=context.settings(part),
        target=plan.target,
        layouts={},
        files=[],
        test=plan.test,
        extracted=None,
    )
    verdict = give_verdict(
        [one for one in context.judged(view, part) if one.severity == "not due"], moves=True
    )
    return ("not due", verdict.because) if verdict.verdict == "not due" else None


def _refuse_moved(context: RunContext, part: DeliveryPart, plan: StoredPlan) -> None:
    """A plan says what changes from a baseline; once that has moved, it says nothing any more."""
    if plan.test:
        return
    now = context.ledger.baselines.current(plan.pipeline, part.name)
    for layout in plan.layouts:
        version = now[layout.name].version if layout.name in now else None
        if version != layout.baseline:
            msg = (
                f"the baseline of {part.name} moved since plan {plan.id} was made (another plan was delivered); "
                f"plan again: rosterbus plan {plan.pipeline}"
            )
            raise HeldError(msg)


def _attempted(context: RunContext, part: DeliveryPart, plan: StoredPlan, started: datetime) -> Receipt:
    context.progress(f"delivering to {part.name}")
    try:
        record = begin(context, part, plan)
    except RetriableError as error:
        (record, *_) = context.ledger.deliveries.of_plan(plan.id)
        because = f"{error}; the next run goes on from here"
        return Receipt(plan, record, "open", because, started, datetime.now(UTC))
    return Receipt(plan, record, STATES[record.state], record.reason, started, datetime.now(UTC))
