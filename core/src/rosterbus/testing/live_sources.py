"""What a source of a running system keeps: it is read whole, or it says why not, whatever its twin does wrong."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rosterbus.deliveries import Twin
from rosterbus.errors import RosterbusError
from rosterbus.extracts import Extract, Nothing
from rosterbus.rehearsing import start_twin
from rosterbus.testing.export import Cells, Export
from rosterbus.testing.nights import Nights
from rosterbus.testing.promises import needs
from rosterbus.testing.reading import (
    Read,
    ReadingContract,
    assert_nobody_vanished,
    assert_told,
    fault,
)
from rosterbus.testing.trial import exchanged_secrets, within

Roster = Mapping[str, list[Cells]]
UNSAFE = ("error midway", "changes midway", "lost column", "zero rows")
"""What must never be taken for people who left."""


class LiveContract(ReadingContract):
    """The tests of a source that asks an API or a database, which its twin stands in for."""

    @needs("live")
    def test_every_answer_of_the_source_twin_says_how_it_is_known(self, twin: Twin) -> None:
        known = {"published", "observed", "assumed"}
        assert twin.answers, "the twin says of no answer how it is known"
        assert [one for one in twin.answers if one.known not in known or not one.source] == []

    @needs("live", "paged")
    @pytest.mark.parametrize("name", ["short page", "clamped pages"])
    def test_a_page_with_fewer_rows_than_asked_for_is_not_the_last(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path, name: str
    ) -> None:
        with fault(twin, name):
            for found in self.answers(given, tmp_path / "fault", name):
                assert whole(found, read.all_rows()), f"a {name} was taken for the end"

    @needs("live")
    def test_an_error_midway_is_told_and_the_next_night_reads_everything(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path, nights: Nights
    ) -> None:
        with fault(twin, "error midway"):
            for found in self.answers(given, tmp_path / "fault", "an error midway"):
                assert whole(found, read.all_rows()), "an error midway was swallowed"
            nights.run()
        nights.run()
        undisturbed = self._begun(given, read, tmp_path / "undisturbed")
        undisturbed.run()
        assert nights.recipient.holds == undisturbed.recipient.holds

    @needs("live")
    def test_what_changes_while_it_is_read_is_never_mixed(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path
    ) -> None:
        with fault(twin, "changes midway"):
            [found] = map(kept, self.answers(given, tmp_path / "fault", "a change midway"))
            [after] = map(kept, self.answers(given, tmp_path / "after", "a second reading"))
        versions = [read.all_rows(), *([after] if isinstance(after, dict) else [])]
        assert found is None or found in versions, "two versions were mixed in silence"

    @needs("live")
    def test_a_repeated_id_of_a_live_system_is_told(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path
    ) -> None:
        with fault(twin, "repeated ids"):
            for found in self.answers(given, tmp_path / "fault", "a repeated id"):
                assert not isinstance(found, Export) or found.says_more_than(read), (
                    "of two rows with one id, one was dropped in silence"
                )

    @needs("live")
    def test_a_row_that_others_of_a_live_system_refer_to_is_missed(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path
    ) -> None:
        with fault(twin, "dangling references"):
            for found in self.answers(given, tmp_path / "fault", "a dangling reference"):
                assert not isinstance(found, Export) or found.says_more_than(read), (
                    "nobody is told of a row that is referred to and not there"
                )

    @needs("live")
    def test_a_lost_column_of_a_live_system_is_told(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path
    ) -> None:
        with fault(twin, "lost column"):
            for found in self.answers(given, tmp_path / "fault", "a lost column"):
                # The core asks about every raw column that was there the night before.
                told = isinstance(found, Export) and not read.headers <= found.headers
                assert not isinstance(found, Export) or told or found.says_more_than(read), (
                    "a column that is gone was filled in silence"
                )

    @needs("live")
    def test_no_rows_of_a_live_system_are_not_nothing(
        self, given: Mapping[str, Any], read: Export, twin: Twin, tmp_path: Path
    ) -> None:
        assert read.roster.rows
        with fault(twin, "zero rows"):
            for found in self.answers(given, tmp_path / "fault", "no rows"):
                assert not isinstance(found, Nothing), "no rows are not the same as no answer"
                assert not isinstance(found, Export) or not any(found.roster.rows.values())

    @needs("live")
    @pytest.mark.parametrize("name", UNSAFE)
    def test_trouble_at_a_live_system_removes_nobody(self, nights: Nights, twin: Twin, name: str) -> None:
        nights.run()
        people = nights.recipient.people
        assert any(people.values()), "the first night delivered nobody"
        with fault(twin, name):
            outcome = nights.run()
        assert_nobody_vanished(people, nights, name)
        # What is asked for its changes alone may never come across the trouble.
        came_across = len(nights.answers) == 1 or isinstance(nights.answers[-1], Extract)
        if name in ("lost column", "zero rows") and came_across:
            assert_told(outcome, name)

    @needs("live")
    def test_a_system_that_is_gone_is_told(self, read: Export, tmp_path: Path) -> None:
        assert read.roster.rows
        folder = tmp_path / "gone"
        twin = within(lambda: start_twin(self.connector, folder, self.settings, kind="source"), "starting")
        within(twin.stop, "stopping")
        settings = {**self.settings, **twin.settings}
        for found in self.answers(settings, tmp_path / "run-gone", "a system that is gone"):
            assert isinstance(found, RosterbusError), "a system that is gone was read"

    @needs("live", "credentials")
    def test_wrong_credentials_of_a_live_system_are_told(
        self, given: Mapping[str, Any], twin: Twin, tmp_path: Path
    ) -> None:
        wrong = exchanged_secrets(twin.settings, tmp_path)
        assert wrong, "the twin is open to everybody; give it a secret, as the system has"
        for found in self.answers({**given, **wrong}, tmp_path / "wrong", "a wrong credential"):
            assert isinstance(found, RosterbusError), "the credential is not looked at"


def whole(found: Read, rows: Roster) -> bool:
    """Whether a reading is an error, says that it is not whole, or is."""
    if not isinstance(found, Export):
        return isinstance(found, RosterbusError)
    partial = {"partial", "unknown"} & {one.completeness.level for one in found.extracted.tables.values()}
    return bool(partial) or found.all_rows() == rows


def kept(found: Read) -> Roster | None:
    """The rows of a reading of which nothing odd was said."""
    if not isinstance(found, Export) or found.told:
        return None
    return found.all_rows()
