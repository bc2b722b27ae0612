"""Tells people when a delivery's state changes: once, and again when it has recovered."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from rosterbus.context import OVERDUE, RunContext
from rosterbus.delivery.receipts import Receipt
from rosterbus.errors import RosterbusError
from rosterbus.notices import NOTIFIERS, Kind, Notice
from rosterbus.plugins import Plugins
from rosterbus.project import Notifier, validate_settings


@dataclass(frozen=True)
class Failure:
    """A delivery that could not even be planned, or whose target was busy."""

    delivery: str
    error: RosterbusError


def tell_people(context: RunContext, receipts: Sequence[Receipt], failures: Sequence[Failure]) -> None:
    """One message for each delivery whose state is another than people were told last.

    A notifier that fails is told on the progress line and never fails the run: the delivery is what counts.
    """
    for notice in [*map(_of_receipt, receipts), *(_of_failure(context, one) for one in failures)]:
        state = notice.kind if notice.sentence else "well"
        last = context.ledger.notices.last(context.pipeline.name, notice.delivery)
        known = last.state if last else "well"
        if known != state and _told(context, notice):
            context.ledger.notices.told(context.pipeline.name, notice.delivery, state)


def _of_receipt(receipt: Receipt) -> Notice:
    kinds: dict[str, Kind] = {"held": "held", "failed": "failed", "refused": "refused", "open": "failed"}
    kind = kinds.get(receipt.state)
    plan = receipt.plan
    counts = {name: plan.total(name) for name in ("read", "rejected", "new", "changed", "removed")}
    overdue = [finding.sentence for finding in plan.findings if finding.rule == OVERDUE]
    if kind is None and overdue:
        return Notice(
            "overdue", plan.pipeline, plan.delivery, overdue[0], counts, f"rosterbus status {plan.pipeline}"
        )
    if kind is None:
        return Notice("recovered", plan.pipeline, plan.delivery, "", counts)
    if kind == "held" and receipt.delivery is not None:
        command = f"rosterbus settle {receipt.delivery.id} --arrived | --not-arrived --by NAME --reason TEXT"
        return Notice("unsure", plan.pipeline, plan.delivery, receipt.because, counts, command)
    return Notice(kind, plan.pipeline, plan.delivery, receipt.because, counts, f"rosterbus diff {plan.id}")


def _of_failure(context: RunContext, failure: Failure) -> Notice:
    kind: Kind = "held" if failure.error.exit_code == 3 else "failed"
    return Notice(
        kind,
        context.pipeline.name,
        failure.delivery,
        str(failure.error),
        {},
        f"rosterbus status {context.pipeline.name}",
    )


def _told(context: RunContext, notice: Notice) -> bool:
    said = (
        notice
        if notice.sentence
        else Notice(
            "recovered", notice.pipeline, notice.delivery, "the delivery is well again", notice.counts
        )
    )
    ended = [
        _notified(context, notifier, said)
        for notifier in context.project.notifiers
        if said.kind in notifier.on
    ]
    return all(ended)


def _notified(context: RunContext, notifier: Notifier, notice: Notice) -> bool:
    try:
        if notifier.by in NOTIFIERS:
            module = importlib.import_module(NOTIFIERS[notifier.by])
            plugins = Plugins(core={f"notifier:{notifier.by}": module})
            name = f"notifier:{notifier.by}"
        else:
            plugins, name = Plugins([("extension", notifier.by)]), f"extension:{notifier.by}"
        settings = validate_settings(
            plugins[name].module.Settings, notifier.settings, context.project, notifier.key_path
        )
        plugins.call(name, "notify", step="telling people", notice=notice, settings=settings)
    except RosterbusError as error:
        context.progress(f"could not tell people by {notifier.by}: {error}")
        return False
    return True
