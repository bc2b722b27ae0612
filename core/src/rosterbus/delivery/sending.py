"""One delivery from intent to proof. Whatever interrupts it, the ledger knows how far it can have come."""

from __future__ import annotations

import json

from rosterbus.context import RunContext
from rosterbus.deliveries import Done, Handed, Loaded, NotStarted, Partly, Reconciled, Unsure
from rosterbus.errors import ConnectorError, PluginError, RetriableError
from rosterbus.ledger.records import HANDED, STEPS, BaselineMove, DeliveryRecord
from rosterbus.ledger.store import canonical
from rosterbus.plan.staging import sha256
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart

CONTINUATIONS = 3
"""How often `load` may answer that a part is missing before the next run has to go on."""


def begin(context: RunContext, spec: DeliveryPart, plan: StoredPlan) -> DeliveryRecord:
    """Deliver a staged plan: fix the intent, send, confirm. The caller holds the target's lock."""
    _check_bytes(plan)
    record = context.ledger.deliveries.create(plan.id, destination=plan.connector, token=context.token)
    try:
        settings = context.settings(spec)
        delivery = context.delivery(plan, record, at=context.now)
        address = context.address(spec, delivery, settings)
        record = context.ledger.deliveries.fix_intent(record.id, address, token=context.token)
    except (ConnectorError, PluginError) as error:
        context.ledger.deliveries.fail(record.id, str(error), token=context.token)
        return context.ledger.deliveries.get(record.id)
    return send(context, spec, plan, record)


def send(context: RunContext, spec: DeliveryPart, plan: StoredPlan, record: DeliveryRecord) -> DeliveryRecord:
    """Call `load` until it answers with an end. The same bytes go to the same names, however often.

    Raises RetriableError where the vendor is away: the delivery stays open, and the next run goes on.
    """
    for _ in range(CONTINUATIONS):
        record = context.ledger.deliveries.attempt(record.id, token=context.token)
        try:
            answer = _loaded(context, spec, plan, record)
        except RetriableError:
            raise
        except (ConnectorError, PluginError) as error:
            return _ended_badly(
                context, record, error, may_have_arrived=_may_have_arrived(context, record, error)
            )
        if not isinstance(answer, Partly):
            return _ended(context, plan, record, answer)
        context.progress(f"{plan.delivery} took a part: {answer.what}")
    raise RetriableError(f"{plan.delivery} takes a part only, however often it is asked")


def resume(
    context: RunContext, spec: DeliveryPart, plan: StoredPlan, record: DeliveryRecord, *, stale: bool
) -> DeliveryRecord:
    """Find out what became of an interrupted delivery, and bring it to an end.

    One of which nothing can have arrived goes on with the same bytes, unless it is `stale`: then it fails, and a
    new plan takes its place. The caller holds the target's lock.
    """
    record = context.ledger.deliveries.claim(record.id, token=context.token)
    if record.state == "staged":
        context.ledger.deliveries.fail(record.id, "interrupted before anything was sent", token=context.token)
        return context.ledger.deliveries.get(record.id)
    target = context.address(spec, context.delivery(plan, record), context.settings(spec)).target
    if target != record.target:
        moved = ConnectorError(
            f"{spec.name} leads to {target} now, and this delivery was on its way to {record.target}"
        )
        return _ended_badly(context, record, moved, may_have_arrived=record.sent_at is not None)
    answer = _reconciled(context, spec, plan, record)
    if isinstance(answer, NotStarted) and stale:
        context.ledger.deliveries.fail(
            record.id, "nothing of it was sent, and it is too old now", token=context.token
        )
        return context.ledger.deliveries.get(record.id)
    if isinstance(answer, NotStarted | Partly):
        try:
            _check_bytes(plan)
        except ConnectorError as error:
            return _ended_badly(context, record, error, may_have_arrived=record.sent_at is not None)
        return send(context, spec, plan, record)
    return _ended(context, plan, record, answer)


def moves(plan: StoredPlan) -> list[BaselineMove]:
    """The baselines that the vendor holds once this plan has arrived."""
    return [
        BaselineMove(
            layout=layout.name,
            version=plan.id,
            path=plan.folder / layout.next_baseline,
            recipe=json.loads(layout.recipe),
            kind=layout.baseline_kind,
        )
        for layout in plan.layouts
        if layout.next_baseline
    ]


def _loaded(context: RunContext, spec: DeliveryPart, plan: StoredPlan, record: DeliveryRecord) -> Loaded:
    answer: Loaded = context.plugins.call(
        f"destination:{spec.connector}",
        "load",
        step="sending",
        delivery=context.delivery(plan, record),
        settings=context.settings(spec),
    )
    refuse_odd(answer, Done, Handed, Partly, Unsure)
    return answer


def _reconciled(
    context: RunContext, spec: DeliveryPart, plan: StoredPlan, record: DeliveryRecord
) -> Reconciled:
    answer: Reconciled = context.plugins.call(
        f"destination:{spec.connector}",
        "reconcile",
        step="finding out what became of a delivery",
        delivery=context.delivery(plan, record),
        settings=context.settings(spec),
    )
    refuse_odd(answer, Done, NotStarted, Partly, Unsure)
    return answer


def refuse_odd(answer: object, *allowed: type) -> None:
    """Refuse what the ledger could not keep, while it is still known whose answer it is."""
    if not isinstance(answer, allowed):
        names = ", ".join(one.__name__ for one in allowed)
        raise PluginError(f"the connector answered {type(answer).__name__} where it may say {names}")
    evidence = getattr(answer, "evidence", None)
    if evidence is not None:
        try:
            canonical(dict(evidence))
        except (TypeError, ValueError) as error:
            msg = f"the connector gave evidence that is no JSON ({type(error).__name__}); report it to its maintainers"
            raise PluginError(msg) from error


def _ended(
    context: RunContext, plan: StoredPlan, record: DeliveryRecord, answer: Done | Handed | Unsure
) -> DeliveryRecord:
    ledger, token = context.ledger, context.token
    if isinstance(answer, Done):
        if ledger.deliveries.get(record.id).state == "intent":
            ledger.deliveries.mark_sent(record.id, token=token)
        ledger.confirmations.confirm(
            record.id, token=token, evidence=answer.evidence, outcome=answer.outcome, baselines=moves(plan)
        )
    elif isinstance(answer, Handed):
        _hand_over(context, record, answer)
    else:
        ledger.deliveries.hold(record.id, answer.why, token=token)
    return ledger.deliveries.get(record.id)


def _hand_over(context: RunContext, record: DeliveryRecord, answer: Handed) -> None:
    """Nothing of it counts as delivered until the person it waits for has said so, or the vendor's report has."""
    reason = f"handed over at {answer.where}; it waits for the person who uploads it"
    noted = context.ledger.deliveries.get(record.id).evidence
    evidence = {**noted, **answer.evidence, HANDED: answer.where, STEPS: list(answer.steps)}
    context.ledger.deliveries.hold(record.id, reason, token=context.token, evidence=evidence)


def _may_have_arrived(context: RunContext, before: DeliveryRecord, error: Exception) -> bool:
    """Whether a final error leaves open that the vendor has it; `before` is how the failed attempt began.

    A connector's own error speaks of this attempt alone: if an earlier one had been sent, its end stays unknown. A
    broken connector says nothing at all, so that only the ledger can tell.
    """
    if isinstance(error, ConnectorError):
        return before.sent_at is not None
    return context.ledger.deliveries.get(before.id).sent_at is not None


def _ended_badly(
    context: RunContext, record: DeliveryRecord, error: Exception, *, may_have_arrived: bool
) -> DeliveryRecord:
    if may_have_arrived:
        context.ledger.deliveries.hold(
            record.id, f"{error}; an earlier attempt may have arrived", token=context.token
        )
    else:
        context.ledger.deliveries.fail(record.id, str(error), token=context.token)
    return context.ledger.deliveries.get(record.id)


def _check_bytes(plan: StoredPlan) -> None:
    for file in plan.files:
        if not file.path.is_file() or sha256(file.path) != file.sha256:
            msg = f"the staged file {file.name} of plan {plan.id} was changed or is gone; plan again"
            raise ConnectorError(msg)
