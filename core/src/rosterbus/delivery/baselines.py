"""Says by hand what a vendor holds: nothing, what a plan staged, or what a file lists."""

from __future__ import annotations

from rosterbus.context import RunContext
from rosterbus.ledger.records import BaselineMove
from rosterbus.project import DeliveryPart
from rosterbus.runs import layouts_of


def set_empty(context: RunContext, part: DeliveryPart) -> list[str]:
    """The vendor holds nothing: everybody will be new. Answers with the layouts concerned."""
    version = f"empty:{context.now.isoformat()}"
    moves = [BaselineMove(spec.name, version, kind=part.baseline) for spec in layouts_of(context, part)]
    context.ledger.baselines.move(context.pipeline.name, part.name, moves)
    return [move.layout for move in moves]
