"""What a source of changes keeps: they are merged once, in order, and where some are missing it begins anew."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rosterbus.deliveries import Twin
from rosterbus.extracts import Changes, Extract
from rosterbus.testing.export import Export
from rosterbus.testing.nights import PLACES, Nights
from rosterbus.testing.promises import needs, slow
from rosterbus.testing.reading import (
    ReadingContract,
    assert_nobody_vanished,
    assert_told,
    fault,
)


class IncrementalContract(ReadingContract):
    """The tests of a source that answers with what changed since the last time."""

    @needs("incremental")
    def test_changes_are_merged_and_remove_nobody(
        self, nights: Nights, twin: Twin | None, tmp_path: Path
    ) -> None:
        nights.run()
        before = dict(nights.recipient.holds)
        people = nights.recipient.people
        self._change(twin, tmp_path)
        nights.run()
        assert gives_changes(nights), "it says it is incremental, and answers everything again"
        assert nights.recipient.people == people
        assert nights.recipient.holds != before, "the change did not arrive"

    @needs("incremental")
    def test_changes_are_given_once(self, nights: Nights, twin: Twin | None, tmp_path: Path) -> None:
        nights.run()
        self._change(twin, tmp_path)
        nights.run()
        held = dict(nights.recipient.holds)
        nights.run()
        assert nights.recipient.holds == held
        last = nights.answers[-1]
        assert not isinstance(last, Extract) or not gives_changes(nights), "what was read came once more"

    @slow
    @needs("incremental")
    @pytest.mark.parametrize("place", PLACES)
    def test_changes_of_a_killed_run_are_given_again(
        self, nights: Nights, twin: Twin | None, tmp_path: Path, place: str
    ) -> None:
        nights.run()
        before, state = dict(nights.recipient.holds), nights.state
        self._change(twin, tmp_path)
        nights.killed(PLACES[place])
        assert nights.state == state, "its state was moved by a run that did not come to its end"
        people = nights.recipient.people
        nights.run()
        assert nights.recipient.holds != before, "the changes of the run that was killed are lost"
        assert nights.recipient.people == people

    @needs("incremental")
    def test_changes_without_what_they_change_are_held_or_told(
        self, given: Mapping[str, Any], read: Export, twin: Twin | None, tmp_path: Path
    ) -> None:
        settings = {**given, **self._change(twin, tmp_path)}
        nights = Nights.begun(self.connector, tmp_path / "anew", settings, read.roster.columns)
        outcome = nights.run()
        if nights.answers and gives_changes(nights):
            assert_told(outcome, "that nothing is known which the changes could change")

    @needs("incremental", "live")
    def test_a_gap_in_the_changes_asks_for_everything(
        self, nights: Nights, twin: Twin, tmp_path: Path
    ) -> None:
        nights.run()
        people = nights.recipient.people
        self._change(twin, tmp_path)
        with fault(twin, "gap"):
            outcome = nights.run()
        asked_anew = len(nights.answers) > 1 and isinstance(nights.answers[-1], Extract)
        if not asked_anew or gives_changes(nights):
            assert_told(outcome, "the gap")
        assert_nobody_vanished(people, nights, "the gap")

    def _change(self, twin: Twin | None, folder: Path) -> Mapping[str, Any]:
        """Let the system give one person another name."""
        if twin is None:
            return self.change(folder / "export")
        assert "change" in twin.extras, "the twin of an incremental source needs `extras['change']`"
        twin.extras["change"]()
        return {}


def gives_changes(nights: Nights) -> bool:
    """Whether the last answer was changes."""
    last = nights.answers[-1]
    return isinstance(last, Extract) and any(isinstance(one, Changes) for one in last.tables.values())
