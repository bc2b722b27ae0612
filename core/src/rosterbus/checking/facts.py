"""One fact of a check, and what all of them come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.secrets import SecretReference

Grade = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Fact:
    """What was found out about one thing; `code` is the exit code of a failure: 2 for a setting, else 1."""

    grade: Grade
    about: str
    sentence: str
    code: int = 0


def exit_code(facts: Iterable[Fact]) -> int:
    """2 where a setting is wrong, 1 where something else failed, 0 otherwise."""
    return max((fact.code for fact in facts), default=0)


def reported(about: str, facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts as they come, and at their end the error that stopped them as one more."""
    try:
        yield from facts
    except RosterbusError as error:
        yield Fact("fail", about, str(error), 2 if isinstance(error, ConfigError) else 1)


def secret_facts(about: str, values: Any) -> Iterator[Fact]:
    """Whether every secret that settings refer to is there. What it is, is forgotten at once."""
    for name, reference in _references(values):
        yield from reported(about, _revealed(about, name, reference))


def _revealed(about: str, name: str, reference: SecretReference) -> Iterator[Fact]:
    reference.reveal()
    yield Fact("ok", about, f"the secret `{name}` is there ({reference})")


def _references(values: Any, at: str = "") -> Iterator[tuple[str, SecretReference]]:
    if isinstance(values, SecretReference):
        yield at, values
    elif isinstance(values, Mapping):
        for name, value in values.items():
            yield from _references(value, f"{at}.{name}" if at else name)
