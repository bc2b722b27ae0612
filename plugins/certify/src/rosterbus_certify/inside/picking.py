"""Which of the collected tests are the suite's own, which were asked for, and what was done to get around them."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import rosterbus.testing
from rosterbus.testing import ConnectorContract
from rosterbus.testing.promises import is_harmless, is_slow, promise_of, tests_of, why_not_applicable

SUITE = "rosterbus.testing."
GUARDS = ("test_no_test_of_the_contract_is_overridden", "test_a_waiver_names_a_test_and_gives_its_reason")
"""Tests of the declaration itself, which nobody can waive."""
WORDS = 3
"""A reason has no less."""
MANY = 15
"""So many tests a slow one takes the time of."""


class Choice:
    """`chosen` are the tests to run, `share` those of them that fall to this process, of one or of several.

    `names` are what each of the suite's tests is called, by pytest's own name for it.
    A test is called ``kind:name::test[case]``; where several classes are about one plugin, with the class in between.
    """

    def __init__(self, items: Sequence[pytest.Item], request: Mapping[str, Any]) -> None:
        self.request = request
        collected = [one for one in items if isinstance(one, pytest.Function)]
        self.classes = _classes(collected)
        of = {one: name for name, one in self.classes.items()}
        suite = [one for one in collected if one.cls in of and _is_of_suite(one.function)]
        self.strangers = len(items) - len(suite)
        if request["against"]:
            suite = [one for one in suite if _sends_nothing(one.function)]
        self.names = {one.nodeid: f"{of[one.cls]}::{one.name}" for one in suite}
        self.late = [one for one in suite if request["fast"] and is_slow(one.function)]
        running = [one for one in suite if one not in self.late]
        self.chosen = [one for one in running if self._is_wanted(self.names[one.nodeid])]
        self.share = _dealt(self.chosen, request["shares"])[request["share"]]
        self.waivers = {one.nodeid: _waiver_of(one) for one in suite}
        self.tests = {self.names[one.nodeid]: one for one in suite}

    def as_json(self) -> dict[str, Any]:
        """Every test that there is with its promise, those that do not apply, and what is wrong with the whole."""
        return {
            "tests": {name: promise_of(one.function) for name, one in self.tests.items()},
            "chosen": [self.names[one.nodeid] for one in self.chosen],
            "share": [self.names[one.nodeid] for one in self.share],
            "slow": len(self.late),
            "strangers": self.strangers,
            "not applicable": list(self._not_applicable()),
            "evaded": [*self._evaded(), *self._uncovered()],
            "unknown": [
                one
                for one in self.request["cases"]
                if not any(_is_case(name, one) for name in self.names.values())
            ],
        }

    def _has(self, case: str) -> bool:
        return any(_is_case(name, case) for name in self.tests)

    def _is_wanted(self, name: str) -> bool:
        cases = self.request["cases"]
        return not cases or any(_is_case(name, one) for one in cases)

    def _not_applicable(self) -> Iterator[dict[str, str]]:
        for name, one in self.classes.items():
            for test, function in tests_of(one).items():
                if self.request["against"] and not _sends_nothing(function):
                    continue
                if why := why_not_applicable(one, function):
                    yield {"test": f"{name}::{test}", "promise": promise_of(function), "reason": why}

    def _evaded(self) -> Iterator[dict[str, str]]:
        """Tests of the suite that a class has replaced or taken away."""
        collected = {(one.cls, one.originalname) for one in self.tests.values()}
        for name, one in self.classes.items():
            for test, function in _promised(one).items():
                if why_not_applicable(one, function) or (one, test) in collected:
                    continue
                if self.request["against"] and not _sends_nothing(function):
                    continue
                where = f"{one.__module__}.{one.__qualname__}"
                why = f"{where} does not let the suite's own test run; declare in `ability` what differs"
                yield {"test": f"{name}::{test}", "promise": promise_of(function), "reason": why}

    def _uncovered(self) -> Iterator[dict[str, str]]:
        """Plugins of the wheel that no class is about, and classes that are about other plugins or too few promises."""
        promise = "every plugin of a wheel meets the suite of its kind"
        covered = {f"{one.kind}:{one.connector}": one for one in self.classes.values()}
        for plugin in self.request["plugins"]:
            if plugin not in covered and not self.request["against"]:
                why = f"no test class of {self.request['module']} is about {plugin}"
                yield {"test": f"{plugin}::", "promise": promise, "reason": why}
        for plugin, one in covered.items():
            contract = _contract_of(one.kind)
            if plugin not in self.request["plugins"]:
                why = f"{one.__qualname__} is about {plugin}, which is not in the wheel"
                yield {"test": f"{plugin}::", "promise": promise, "reason": why}
            elif not issubclass(one, contract):
                why = f"{one.__qualname__} is a {one.kind}'s and no {contract.__name__}"
                yield {"test": f"{plugin}::", "promise": promise, "reason": why}


def _dealt(tests: Sequence[pytest.Function], shares: int) -> list[list[pytest.Function]]:
    """So many shares of about the same time, the same ones every time, each in the order of the tests."""
    loads, of = [0] * shares, {}
    for one in sorted(tests, key=lambda test: not is_slow(test.function)):
        of[one] = loads.index(min(loads))
        loads[of[one]] += MANY if is_slow(one.function) else 1
    return [[one for one in tests if of[one] == share] for share in range(shares)]


def _classes(items: Sequence[pytest.Function]) -> dict[str, Any]:
    """The test classes, by the name that their tests have in a certificate."""
    ours = dict.fromkeys(one.cls for one in items if one.cls and issubclass(one.cls, ConnectorContract))
    of: dict[str, list[type[ConnectorContract]]] = defaultdict(list)
    for one in ours:
        of[f"{one.kind}:{one.connector}"].append(one)
    return {
        plugin if len(classes) == 1 else f"{plugin}::{one.__qualname__}": one
        for plugin, classes in of.items()
        for one in classes
    }


def _waiver_of(test: pytest.Function) -> str:
    """The reason why this test may fail, blank where there is none that counts."""
    reason = str(test.cls.ability.waived.get(test.originalname, ""))
    return reason if test.originalname not in GUARDS and len(reason.split()) >= WORDS else ""


def _is_of_suite(function: Any) -> bool:
    code = inspect.unwrap(function).__code__
    return Path(code.co_filename).is_relative_to(Path(rosterbus.testing.__file__).parent)


def _sends_nothing(function: Any) -> bool:
    """Whether it may be run against a vendor's own system: what every plugin keeps is seen without any."""
    return is_harmless(function) or function.__module__ == ConnectorContract.__module__


def _promised(contract: type[Any]) -> dict[str, Any]:
    """The tests that the suite gives a class, as the suite has them."""
    found: dict[str, Any] = {}
    for one in reversed(contract.__mro__):
        if one.__module__.startswith(SUITE):
            found |= {
                name: test for name, test in vars(one).items() if name.startswith("test_") and callable(test)
            }
    return found


def _contract_of(kind: str) -> type[Any]:
    return getattr(sys.modules["rosterbus.testing"], f"{kind.title()}Contract", ConnectorContract)


def _is_case(name: str, case: str) -> bool:
    return case in (name, name.partition("[")[0])
