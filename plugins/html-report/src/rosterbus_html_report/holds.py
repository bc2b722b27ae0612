"""A hold in its fixed parts, with the commands that end it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rosterbus.findings import Finding
from rosterbus.reports import ReportedDelivery

MOST_SENTENCES = 5
APPROVE = "somebody who knows approves exactly this plan, by name and with a reason"
_COMMAND = re.compile(r"(rosterbus (?:[^,]|,(?! ))+)(?:, (.*))?", re.DOTALL)
_EITHER = re.compile(r"(.* )(--\S+) \| (--\S+)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Way:
    """What a person can do: a sentence, commands, or both."""

    sentence: str
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Hold:
    """Why something waits, and where each decision leads."""

    rule: str
    layout: str
    why: Sequence[str]
    more: Sequence[str]
    source: str
    cause: str
    if_nothing: str
    if_wrong: Way
    if_right: Way


def holds_of(delivery: ReportedDelivery, pipeline: str) -> Iterator[Hold]:
    """The holds of a plan; what one rule says of a layout and of its schools stands together."""
    together: dict[tuple[str, str], list[Finding]] = {}
    for finding in delivery.findings:
        if finding.severity == "hold":
            together.setdefault((finding.rule, finding.layout), []).append(finding)
    approve = (
        f"rosterbus approve {delivery.plan} --by NAME --reason TEXT",
        f"rosterbus apply {delivery.plan}",
    )
    again = f"rosterbus run {pipeline} --deliver {delivery.name}"
    for (rule, layout), found in together.items():
        first, sentences = found[0], [one.sentence for one in found]
        yield Hold(
            rule,
            layout,
            sentences[:MOST_SENTENCES],
            sentences[MOST_SENTENCES:],
            first.source,
            first.cause or "the rule does not say",
            first.if_nothing or "nothing of this plan is sent, and the vendor keeps what it has",
            _and_again(advice(first.if_wrong or "mend the source and run again"), again),
            advice(first.if_right) if first.if_right else Way(APPROVE, approve),
        )


def settle(receipt: Mapping[str, Any]) -> Way | None:
    """How to end a delivery of which nobody can know, or that a person takes on."""
    if receipt.get("state") != "held" or not receipt.get("id"):
        return None
    told = f"rosterbus settle {receipt['id']}"
    known = [f"{told} --{what} --by NAME --reason TEXT" for what in ("arrived", "not-arrived")]
    if not receipt.get("steps"):
        return Way("Say what you know of it, by name and with a reason:", known)
    read = f"rosterbus report {receipt['id']} --import FILE"
    return Way("Then say so, or bring the vendor's own report once there is one:", [*known, read])


def _and_again(way: Way, command: str) -> Way:
    return way if way.commands else Way(way.sentence, [command])


def advice(told: str) -> Way:
    """A finding's own words: a command and its condition, or a sentence."""
    command = _COMMAND.fullmatch(told)
    if command is None:
        return Way(told)
    return Way(command[2] or "", [one for line in command[1].split(" && ") for one in _alternatives(line)])


def _alternatives(command: str) -> list[str]:
    """A command that offers two options as the two commands that a person can copy."""
    found = _EITHER.fullmatch(command)
    return [command] if found is None else [f"{found[1]}{option}{found[4]}" for option in found.group(2, 3)]
