"""The places where a run can die around the step that cannot be taken back, and a watch over that step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn

from rosterbus.context import RunContext
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.testing.trial import KilledError


def before_sending(context: RunContext) -> None:
    """Die right before the ledger learns that the vendor may have it."""
    context.ledger.deliveries.mark_sent = _die  # type: ignore[method-assign]


def while_sending(context: RunContext) -> None:
    """Die right after the ledger has learnt it, before the connector goes on."""
    mark_sent = context.ledger.deliveries.mark_sent

    def marked(*arguments: Any, **named: Any) -> None:
        mark_sent(*arguments, **named)
        raise KilledError

    context.ledger.deliveries.mark_sent = marked  # type: ignore[method-assign]


def after_sending(context: RunContext) -> None:
    """Die when the connector has answered, before the ledger learns it."""
    context.ledger.confirmations.confirm = _die  # type: ignore[method-assign]
    context.ledger.deliveries.hold = _die  # type: ignore[method-assign]


PLACES: Mapping[str, Callable[[RunContext], None]] = MappingProxyType(
    {"before sending": before_sending, "while sending": while_sending, "after sending": after_sending}
)


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
