"""What people are told of: one message for each change of state, with counts and never a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["held", "failed", "refused", "unsure", "waiting", "overdue", "recovered"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NOTIFIERS = {name: f"rosterbus.notices.{name}" for name in ("mail", "webhook", "command")}
"""The notifiers that the core brings itself: the module of each, imported only when it is used."""


@dataclass(frozen=True)
class Notice:
    """One change of state. `sentence` says what happened and `command` what to run next, if anything.

    `counts` are whole numbers by name; raises TypeError for anything else, so that no cell gets into a
    message.
    """

    kind: Kind
    pipeline: str
    delivery: str
    sentence: str
    counts: Mapping[str, int] = field(default_factory=dict)
    command: str = ""

    def __post_init__(self) -> None:
        if not all(type(count) is int for count in self.counts.values()):
            msg = "a notice carries counts only"
            raise TypeError(msg)

    @property
    def subject(self) -> str:
        """The line that stands above the message."""
        where = f"{self.pipeline} -> {self.delivery}" if self.delivery else self.pipeline
        return f"rosterbus: {where}: {self.kind}"

    @property
    def text(self) -> str:
        """The message as a person reads it."""
        counts = ", ".join(f"{name} {count:,}" for name, count in self.counts.items())
        next_step = f"next: {self.command}" if self.command else ""
        return "\n".join(part for part in (self.sentence, counts, next_step) if part) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The notice for machines; `text` is what chat services show."""
        return {**asdict(self), "text": f"{self.subject}\n{self.text}"}
