"""What every test of a destination stands on: its twin, a trial of its own, and how a run may end."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.pipelines import Outcome
from rosterbus.private import private_folder
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.trial import Trial, Vendor, vendor_of

ENDED_BADLY = {1, 2, 3, 75}
"""The exit codes of a run that delivered nothing: failed, wrongly set up, held, try again later."""
ENDS = {"confirmed", "held", "failed"}
"""The states of a delivery that no later run takes up again."""


class DestinationTrials(ConnectorContract):
    """A twin for the class, and a trial on it for each test."""

    kind: ClassVar[str] = "destination"

    @pytest.fixture(scope="class")
    @classmethod
    def vendor(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
        with vendor_of(cls.connector, cls.settings, tmp_path_factory.mktemp("vendor")) as vendor:
            yield vendor

    @pytest.fixture
    def trial(self, vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
        temporary = private_folder(tmp_path / "temporary")
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        for name in ("TMPDIR", "TEMP", "TMP"):
            monkeypatch.setenv(name, str(temporary))
        trial = vendor.trial(tmp_path / "project")
        trial.by_hand, trial.temporary = self.ability.by_hand, temporary
        yield trial
        vendor.after(trial)

    @property
    def ended(self) -> tuple[str, str]:
        """How a good delivery ends, and the count that its rows are in then."""
        return ("held", "held") if self.ability.by_hand else ("confirmed", "delivered")


def receipts(outcome: Outcome) -> list[Any]:
    """The receipts of a run in which nothing failed."""
    assert [str(one.error) for one in outcome.failures] == []
    return outcome.receipts


def told(outcome: Outcome) -> list[str]:
    """What a run says of everything that did not go well; a crash is no sentence."""
    sentences = [one.because for one in outcome.receipts if one.state != "confirmed"]
    sentences += [str(one.error) for one in outcome.failures]
    assert [one for one in sentences if not one or "report it" in one] == []
    return sentences


def ends_badly(trial: Trial, outcome: Outcome) -> None:
    """Nothing was delivered, and the run says why."""
    sentences = told(outcome)
    assert outcome.exit_code in ENDED_BADLY, sentences
    assert sentences, "the run does not say why nothing was delivered"
    assert trial.states().count("confirmed") == 0


def goes_on(trial: Trial, outcome: Outcome) -> None:
    """After whatever happened, this next run brought the delivery to its end: it is there once, or held."""
    arrived, held = len(trial.imports()), "held" in trial.states()
    assert arrived == 1 or (held and arrived <= 1), f"it arrived {arrived} times"
    assert set(trial.states()) <= ENDS, "the next run left a delivery open"
    assert told(outcome) is not None
