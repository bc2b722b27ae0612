"""A test of the suite says what it promises and needs, and a class drops what does not apply to it."""

from __future__ import annotations

import pytest
from rosterbus.testing import Ability, DestinationContract, promises
from rosterbus.testing.promises import (
    harmless,
    is_harmless,
    is_slow,
    needs,
    promise_of,
    slow,
    why_not_applicable,
)

STRANGER = "test_a_stranger_at_the_address_learns_nothing"


def test_a_need_is_the_name_of_an_ability():
    with pytest.raises(ValueError, match="there is no ability magic"):
        needs("network", "magic")


def test_a_promise_is_the_first_line_of_the_docstring_or_the_name():
    def test_it_keeps_its_word():
        pass

    assert promise_of(test_it_keeps_its_word) == "it keeps its word"
    test_it_keeps_its_word.__doc__ = "It keeps its word, always.\n\nWhatever happens."
    assert promise_of(test_it_keeps_its_word) == "It keeps its word, always."


def test_slow_and_harmless_are_marks_of_a_test():
    def plain():
        pass

    assert (is_slow(plain), is_harmless(plain)) == (False, False)
    assert (is_slow(slow(plain)), is_harmless(harmless(plain))) == (True, True)


def test_what_does_not_apply_is_dropped_and_told_with_its_ability():
    class Offline(DestinationContract):
        connector = "nowhere"
        ability = Ability(identity=False)

    assert getattr(Offline, STRANGER) is None
    assert Offline.not_applicable == {STRANGER: "ability.identity = False"}
    assert why_not_applicable(Offline, promises.tests_of(Offline)[STRANGER]) == "ability.identity = False"
    assert getattr(DestinationContract, STRANGER) is not None


def test_every_test_of_a_destination_states_its_promise():
    tests = promises.tests_of(DestinationContract).values()
    assert [one.__name__ for one in tests if not (one.__doc__ or "").strip().endswith(".")] == []
