"""Whatever happens on the way, a delivery arrives once or is held, and a sentence tells what happened."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.context import RunContext
from rosterbus.errors import HeldError, RetriableError
from rosterbus.pipelines import Outcome
from rosterbus.testing import dying
from rosterbus.testing.promises import needs
from rosterbus.testing.trial import Trial, Vendor, rows_refused, vendor_of, within
from rosterbus.testing.trying import DestinationTrials, ends_badly, goes_on, receipts, told
from rosterbus.testing.wire import FAIR, WEATHERS, Wire

SOON = timedelta(minutes=5)
HELLO = {"connect", "connected"}
"""What a stranger may hear: that somebody is there."""


class FaultTests(DestinationTrials):
    """The tests in which something goes wrong."""

    _sends: ClassVar[int]

    @needs("credentials")
    def test_wrong_credentials_are_told_and_nothing_arrives(self, trial: Trial) -> None:
        """A vendor that does not know the credentials gets nothing, and the next run with the right ones goes on."""
        wrong = trial.wrong_secrets()
        assert wrong, "the twin is open to everybody; give it a secret, as the vendor has"
        ends_badly(trial, trial.run(overrides=wrong))
        assert list(trial.imports()) == []
        trial.run_when_due()
        assert len(trial.imports()) == 1, "the next run, whose credentials were right, did not go on"

    @needs("identity")
    def test_a_stranger_at_the_address_learns_nothing(self, trial: Trial) -> None:
        """Somebody else at the vendor's address is told nothing at all, and not one byte of student data."""
        with fault(trial, "stranger")() as heard:
            outcome = trial.run()
            assert [verb for verb in heard() if verb not in HELLO] == []
        ends_badly(trial, outcome)
        assert list(trial.imports()) == []
        goes_on(trial, trial.run_when_due())

    def test_a_server_that_is_gone_is_told(self, tmp_path: Path) -> None:
        """A vendor who is away is told, and nothing counts as delivered."""
        with vendor_of(self.connector, self.settings, tmp_path) as vendor:
            trial = vendor.trial(tmp_path / "project")
            trial.twin.stop()
            ends_badly(trial, trial.run())

    def test_a_full_disk_at_the_vendor_is_told(self, trial: Trial) -> None:
        """A vendor without room for the file has not got it, whatever the end of the upload looked like."""
        with fault(trial, "disk full")():
            outcome = trial.run()
        ends_badly(trial, outcome)
        assert list(trial.imports()) == []
        goes_on(trial, trial.run(later=SOON))

    @needs("network")
    def test_a_lost_answer_makes_nothing_arrive_twice(self, trial: Trial) -> None:
        """Where the vendor took everything and its answer was lost, it is there once, and the next run finds out."""
        with fault(trial, "answer lost")():
            outcome = trial.run()
        assert told(outcome) or outcome.exit_code == 0
        trial.imports()
        goes_on(trial, trial.run(later=SOON))

    @pytest.fixture
    def sends(self, vendor: Vendor, tmp_path: Path) -> int:
        """The bytes that this connector sends for a delivery of the village, counted once for the class."""
        cls = type(self)
        if "_sends" not in vars(cls):
            trial = vendor.trial(tmp_path / "measured")
            with wired(trial) as wire:
                trial.run()
                cls._sends = wire.sent
            trial.imports()
            vendor.after(trial)
        return cls._sends

    @needs("network")
    @pytest.mark.parametrize("weather", WEATHERS)
    def test_a_bad_network_ends_in_a_sentence_and_the_next_run_goes_on(
        self, sends: int, trial: Trial, weather: str
    ) -> None:
        """Over a slow wire it arrives; over one that breaks or garbles, the run says so, and the next one goes on."""
        with wired(trial) as wire:
            wire.change(WEATHERS[weather], sends)
            outcome: Outcome = within(trial.run, "a run over a bad network")
            assert told(outcome) or outcome.exit_code == 0
            if weather == "slow":
                assert [one.state for one in receipts(outcome)] == [self.ended[0]]
            trial.imports()
            wire.change(FAIR)
            goes_on(trial, within(partial(trial.run, later=SOON), "the next run"))

    @pytest.mark.parametrize(
        ("place", "taken"), [*((place, True) for place in dying.PLACES), ("after sending", False)]
    )
    def test_a_run_that_is_killed_is_finished_once_or_held(
        self, trial: Trial, place: str, taken: bool
    ) -> None:
        """A run that is killed, wherever that is, is finished by the next one: it arrives once, or is held."""
        trial.killed(lambda context: dying.PLACES[place](context))
        # Whether the vendor takes what is there before the next run, or is slower than that.
        before = len(trial.imports()) if taken else 0
        outcome = trial.run(later=SOON)
        arrived, held = len(trial.imports()), "held" in trial.states()
        assert arrived >= before
        assert held == (outcome.exit_code == HeldError.exit_code)
        assert sum(map(rows_refused, trial.imports())) == 0
        goes_on(trial, outcome)

    def test_a_recovery_that_is_killed_is_finished_once_or_held(self, trial: Trial) -> None:
        """A run that dies while it finishes what a dead one left makes nothing worse."""
        for place in ("while sending", "after sending"):
            trial.killed(dying.PLACES[place], later=SOON)
            trial.imports()
        goes_on(trial, trial.run(later=SOON))

    def test_a_second_run_at_the_same_time_sends_nothing(self, trial: Trial) -> None:
        """Of two runs at once, one delivers, and the other says who is at it."""
        refused = []

        def beside(context: RunContext) -> None:
            mark_sent = context.ledger.deliveries.mark_sent

            def run_another_first(*arguments: Any, **named: Any) -> None:
                with pytest.raises(RetriableError, match="is being written to by") as caught:
                    trial.run()
                refused.append(caught)
                mark_sent(*arguments, **named)

            context.ledger.deliveries.mark_sent = run_another_first  # type: ignore[method-assign]

        [receipt] = receipts(trial.run(meddle=beside))
        assert (receipt.state, len(refused), len(trial.imports())) == (self.ended[0], 1, 1)


def fault(trial: Trial, name: str) -> Callable[[], AbstractContextManager[Any]]:
    """What the twin can do wrong by this name."""
    known = trial.twin.faults
    assert name in known, f"the twin cannot play `{name}`; give it to `Twin.faults`"
    return known[name]


def wired(trial: Trial) -> Wire:
    """A wire to the twin, over which all runs of this trial go."""
    twin = trial.twin
    assert twin.port is not None, "the twin does not say at which port it listens"
    assert twin.through is not None, "the twin does not say how it is reached over another port"
    wire = Wire(twin.port)
    trial.way = twin.through(wire.port)
    return wire
