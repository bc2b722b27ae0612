"""Ways to break the product that the sweep of interrupted runs must notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import rosterbus_drop
from rosterbus import pipelines
from rosterbus.context import RunContext
from rosterbus.deliveries import Delivery, NotStarted
from rosterbus.delivery import applying, sending
from rosterbus.hookspecs import hookimpl
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart


def marker_first() -> None:
    """The vendor is told that the files are there before they are."""
    honest = rosterbus_drop.load

    @hookimpl
    def load(delivery: Delivery, settings: Any) -> Any:
        marker = Path(settings.folder) / str(delivery.addressed.marker)
        marker.parent.mkdir(parents=True, exist_ok=True)
        delivery.about_to_send()
        marker.write_text("", encoding="utf-8")
        return honest(delivery, settings)

    rosterbus_drop.load = load


def no_reconcile() -> None:
    """What is open is sent again without a look."""
    sending._reconciled = lambda *_: NotStarted()


def forgetful() -> None:
    """What is open is not looked for at all."""
    applying.finish_open = pipelines.finish_open = lambda *_: []


def confirmed_before_load() -> None:
    """The ledger believes in a delivery before it is made."""

    def send(
        context: RunContext, spec: DeliveryPart, plan: StoredPlan, record: DeliveryRecord
    ) -> DeliveryRecord:
        context.ledger.deliveries.mark_sent(record.id, token=context.token)
        context.ledger.confirmations.confirm(
            record.id, token=context.token, evidence={}, baselines=sending.moves(plan)
        )
        delivery = context.delivery(plan, record)
        delivery.mark_sent = lambda: None
        context.plugins.call(
            f"destination:{spec.connector}",
            "load",
            step="sending",
            delivery=delivery,
            settings=context.settings(spec),
        )
        return context.ledger.deliveries.get(record.id)

    sending.send = send


MUTANTS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {
        "none": lambda: None,
        "marker first": marker_first,
        "no reconcile": no_reconcile,
        "forgetful": forgetful,
        "confirmed before load": confirmed_before_load,
    }
)
