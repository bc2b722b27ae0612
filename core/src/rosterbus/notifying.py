"""Tells people when a delivery's state changes: once, and again when it has recovered."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rosterbus.context import OVERDUE, UNSETTLED, RunContext
from rosterbus.delivery.receipts import Receipt
from rosterbus.errors import HeldError, PluginError, RosterbusError
from rosterbus.notices import NOTIFIERS, Kind, Notice
from rosterbus.plugins import Plugins
from rosterbus.project import Notifier, validate_settings

WELL: Kind = "recovered"
"""What a delivery without trouble is told as, and known as where nobody was told of anything."""
TROUBLE: Mapping[str, Kind] = {"held": "held", "failed": "failed", "refused": "refused", "open": "failed"}


@dataclass(frozen=True)
class Failure:
    """A delivery that could not even be planned, or whose target was busy; blank for the whole pipeline."""

    delivery: str
    error: RosterbusError

    @property
    def state(self) -> Literal["held", "failed"]:
        """Whether a person has to decide, or to mend something."""
        return "held" if isinstance(self.error, HeldError) else "failed"

    def as_json(self) -> dict[str, Any]:
        """The failure for machines."""
        return {
            "delivery": self.delivery,
            "state": self.state,
            "because": str(self.error),
            "exit": self.error.exit_code,
        }


def tell_people(context: RunContext, receipts: Sequence[Receipt], failures: Sequence[Failure]) -> None:
    """One message for each delivery whose state is another than people were told last.

    A notifier that fails is told on the progress line and never fails the run: the delivery is what counts. The next
    run tells all of them again.
    """
    told = [_of_receipt(context, one) for one in receipts]
    for notice in [*told, *(_of_failure(context, one) for one in failures)]:
        last = context.ledger.notices.last(notice.pipeline, notice.delivery)
        if notice.kind != (last.state if last else WELL) and _told(context, notice):
            context.ledger.notices.told(notice.pipeline, notice.delivery, notice.kind)


def _of_receipt(context: RunContext, receipt: Receipt) -> Notice:
    plan = receipt.plan
    counts = {name: plan.total(name) for name in ("read", "rejected", "new", "changed", "removed")}
    kind, sentence, command = _state(receipt)
    if kind == "held" and {finding.rule for finding in plan.holds} == {UNSETTLED}:
        # What holds it is the delivery before, of which people were told.
        held = context.ledger.deliveries.held(plan.pipeline)
        kind = "waiting" if any(one.waits for one in held if one.name == plan.delivery) else "unsure"
    return Notice(kind, plan.pipeline, plan.delivery, sentence, counts, command)


def _state(receipt: Receipt) -> tuple[Kind, str, str]:
    """What to tell of a receipt: the kind of notice, a sentence, and the next command if there is one."""
    plan = receipt.plan
    if receipt.state == "held" and receipt.delivery is not None:
        command = f"rosterbus settle {receipt.delivery.id} --arrived | --not-arrived --by NAME --reason TEXT"
        return "waiting" if receipt.delivery.waits else "unsure", receipt.because, command
    if receipt.state in TROUBLE:
        return TROUBLE[receipt.state], receipt.because, f"rosterbus diff {plan.id}"
    overdue = [finding.sentence for finding in plan.findings if finding.rule == OVERDUE]
    if overdue:
        return "overdue", overdue[0], f"rosterbus status {plan.pipeline}"
    return WELL, "the delivery is well again", ""


def _of_failure(context: RunContext, failure: Failure) -> Notice:
    pipeline = context.pipeline.name
    return Notice(
        failure.state,
        pipeline,
        failure.delivery,
        str(failure.error),
        command=f"rosterbus status {pipeline}",
    )


def _told(context: RunContext, notice: Notice) -> bool:
    """Whether everybody who wants to know of it was told."""
    concerned = [notifier for notifier in context.project.notifiers if notice.kind in notifier.on]
    told = [_notified(context, notifier, notice) for notifier in concerned]
    return all(told)


def _notified(context: RunContext, notifier: Notifier, notice: Notice) -> bool:
    try:
        plugins, name = _plugin(notifier.by)
        if not hasattr(plugins[name].module, "Settings"):
            raise PluginError(f"{plugins[name]} has no Settings; ask its maintainers for them")
        settings = validate_settings(
            plugins[name].module.Settings, notifier.settings, context.project, notifier.key_path
        )
        plugins.call(name, "notify", step="telling people", notice=notice, settings=settings)
    except RosterbusError as error:
        context.progress(f"could not tell people by {notifier.by}: {error}")
        return False
    return True


def _plugin(by: str) -> tuple[Plugins, str]:
    if by in NOTIFIERS:
        name = f"notifier:{by}"
        return Plugins(core={name: importlib.import_module(NOTIFIERS[by])}), name
    return Plugins([("extension", by)]), f"extension:{by}"
