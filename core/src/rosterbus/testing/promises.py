"""What each test of the suite promises, what it needs of a connector, and which tests a connector never meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from rosterbus.testing.ability import Ability

Test = TypeVar("Test", bound=Callable[..., object])


class Contract(Protocol):
    """A test class of the suite."""

    ability: Ability


def needs(*abilities: str) -> Callable[[Test], Test]:
    """Only a connector that has all of these abilities is put to the test."""
    unknown = [name for name in abilities if name not in Ability.__dataclass_fields__]
    if unknown:
        raise ValueError(f"there is no ability {unknown[0]}")

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = abilities
        return test

    return mark


def slow(test: Test) -> Test:
    """`rosterbus certify --fast` leaves the test out."""
    test.__dict__["slow"] = True
    return test


def harmless(test: Test) -> Test:
    """The test sends nothing, and may be run against a vendor's own system."""
    test.__dict__["harmless"] = True
    return test


def is_slow(test: Callable[..., object]) -> bool:
    """Whether a test takes more than some seconds."""
    return bool(getattr(test, "slow", False))


def is_harmless(test: Callable[..., object]) -> bool:
    """Whether a test sends nothing to anybody."""
    return bool(getattr(test, "harmless", False))


def promise_of(test: Callable[..., object]) -> str:
    """The promise that a test proves, one sentence: the first line of its docstring, or else its name."""
    told = (test.__doc__ or "").strip().partition("\n")[0]
    return told or test.__name__.removeprefix("test_").replace("_", " ")


def tests_of(contract: type[Any]) -> Mapping[str, Callable[..., object]]:
    """All tests that a class of the suite has or inherits, by name, with those that do not apply to it."""
    found: dict[str, Callable[..., object]] = {}
    for one in reversed(contract.__mro__):
        found |= {
            name: test for name, test in vars(one).items() if name.startswith("test_") and callable(test)
        }
    return found


def why_not_applicable(contract: type[Contract], test: Callable[..., object]) -> str:
    """The ability for want of which a test says nothing about a connector, ``ability.network = False``; or blank."""
    for name in getattr(test, "needs", ()):
        found = getattr(contract.ability, name)
        if not found:
            return f"ability.{name} = {found!r}"
    return ""


def drop_not_applicable(contract: type[Any]) -> dict[str, str]:
    """Take the tests that do not apply out of a class, so that they are not collected: their names, and why."""
    dropped = {name: why_not_applicable(contract, test) for name, test in tests_of(contract).items()}
    dropped = {name: reason for name, reason in dropped.items() if reason}
    for name in dropped:
        setattr(contract, name, None)
    return dropped
