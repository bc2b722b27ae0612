"""The places where a run can die, and a watch over the step that cannot be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn

from rosterbus.context import RunContext
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.testing.trial import KilledError

Place = Callable[[RunContext], None]


def _before(*steps: str) -> Place:
    """Die when the first of these steps of the ledger is to be noted."""

    def meddle(context: RunContext) -> None:
        for step in steps:
            setattr(_owner(context, step), step, _die)

    return meddle


def _after(*steps: str) -> Place:
    """Die right after the first of these steps of the ledger was noted."""

    def meddle(context: RunContext) -> None:
        for step in steps:
            whole = getattr(_owner(context, step), step)
            setattr(_owner(context, step), step, partial(_do_and_die, whole))

    return meddle


def _owner(context: RunContext, step: str) -> object:
    return context.ledger.confirmations if step == "confirm" else context.ledger.deliveries


def _do_and_die(whole: Callable[..., Any], *arguments: Any, **named: Any) -> NoReturn:
    whole(*arguments, **named)
    raise KilledError


ENDS = ("confirm", "hold")
PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "once created": _after("create"),
        "once addressed": _after("fix_intent"),
        "before sending": _before("mark_sent"),
        "while sending": _after("mark_sent"),
        "after sending": _before(*ENDS),
        "once ended": _after(*ENDS),
    }
)
"""Every change of a delivery's state, and how a run dies there.

``before sending`` is right before the ledger learns that the vendor may have it, ``while sending`` right after, and
``after sending`` once the connector has answered.
"""


@dataclass
class Watch:
    """What `look` gave whenever `load` told of its progress, until it declared that it sends; and whether it did."""

    look: Callable[[], int]
    before: list[int] = field(default_factory=list)
    declared: bool = False

    def over(self, context: RunContext) -> None:
        """Look at the vendor during each sending of this run."""
        deliver = context.delivery

        def watched(*arguments: Any, **more: Any) -> Delivery:
            delivery = deliver(*arguments, **more)
            mark_sent = delivery.mark_sent

            def declare(*evidence: Any) -> None:
                self._see()
                mark_sent(*evidence)
                self.declared = True

            delivery.mark_sent, delivery.progress = declare, self._see
            return delivery

        context.delivery = watched  # type: ignore[method-assign]

    def _see(self, *_: Any) -> None:
        seen = self.look()
        if not self.declared:
            self.before.append(seen)


def unsent(context: RunContext, files: Sequence[StagedFile], taken: Collection[str]) -> Delivery:
    """A delivery before anything happened; to declare that it is sent is an error."""
    return Delivery(
        id="trial-1",
        plan="trial",
        pipeline=context.pipeline.name,
        name=context.pipeline.deliveries[0].name,
        files=files,
        at=context.now,
        test=False,
        is_taken=lambda name: name in taken,
        mark_sent=_die,
        progress=lambda *_: None,
        keep=_die,
    )


def _die(*_: Any, **__: Any) -> NoReturn:
    raise KilledError
