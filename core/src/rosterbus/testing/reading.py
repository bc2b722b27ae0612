"""How the suite reads a source: an export of files that is written for it, or the source's own twin."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.deliveries import Twin
from rosterbus.errors import PluginError, RosterbusError
from rosterbus.extracts import Nothing
from rosterbus.pipelines import Outcome
from rosterbus.rehearsing import start_twin
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.export import Answer, Export, read_export
from rosterbus.testing.nights import Nights
from rosterbus.testing.recipient import Cells
from rosterbus.testing.trial import within

Read = Export | Nothing | RosterbusError


class ReadingContract(ConnectorContract):
    """The fixtures of all tests of sources."""

    kind: ClassVar[str] = "source"

    def export(self, folder: Path) -> Mapping[str, Any]:
        """Write the export into `folder`, which is empty, and give the settings that lead there."""
        raise NotImplementedError(f"{type(self).__name__} says it reads files, and writes none in `export`")

    def change(self, folder: Path) -> Mapping[str, Any]:
        """Write into the folder of `export` what the system gives next: one person has another name."""
        raise NotImplementedError(f"{type(self).__name__} says it is incremental, and has no `change`")

    @pytest.fixture(scope="class")
    @classmethod
    def twin(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin | None]:
        """The twin of a live source, for all tests of the class."""
        if not cls.ability.live:
            yield None
            return
        folder = tmp_path_factory.mktemp("twin")
        twin = within(lambda: start_twin(cls.connector, folder, cls.settings, kind="source"), "starting")
        yield twin
        within(twin.stop, "stopping")

    @pytest.fixture
    def given(self, twin: Twin | None, tmp_path: Path) -> Mapping[str, Any]:
        """The settings that lead to the system."""
        if twin is not None:
            return {**self.settings, **twin.settings}
        (tmp_path / "export").mkdir()
        return {**self.settings, **self.export(tmp_path / "export")}

    @pytest.fixture
    def read(self, given: Mapping[str, Any], tmp_path: Path) -> Iterator[Export]:
        """The clean roster."""
        with self.reading(given, tmp_path / "run") as read:
            yield read

    @pytest.fixture
    def nights(self, given: Mapping[str, Any], read: Export, tmp_path: Path) -> Nights:
        """A pipeline from the source to a vendor who deletes whoever is missing."""
        return self._begun(given, read, tmp_path / "nights")

    def reading(self, settings: Mapping[str, Any], folder: Path) -> Any:
        """A block with the clean roster."""
        return _clean(self.connector, settings, folder)

    def answers(
        self,
        settings: Mapping[str, Any],
        folder: Path,
        what: str,
        *,
        saying: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> Iterator[Read]:
        """What the source makes of damage: a roster, nothing, or an error in one sentence; it is read in the loop."""
        try:
            with read_export(self.connector, settings, folder, saying=saying) as read:
                yield read
        except PluginError as error:
            pytest.fail(f"{what} breaks the connector: {error}")
        except RosterbusError as error:
            told = error
        else:
            return
        assert len(str(told).splitlines()) == 1, "an error is one sentence"
        yield told

    def _begun(self, given: Mapping[str, Any], read: Export, folder: Path) -> Nights:
        return Nights.begun(self.connector, folder, given, read.roster.columns)


def assert_delivered(outcome: Outcome) -> None:
    """Everything went, and nothing is to be said of it."""
    assert [str(one.error) for one in outcome.failures] == []
    assert [(one.state, one.because) for one in outcome.receipts if one.state != "confirmed"] == []
    assert outcome.receipts, f"nothing was delivered: {outcome.nothing}"


def assert_nobody_vanished(before: Mapping[str, set[Cells]], nights: Nights, what: str) -> None:
    """Whoever the vendor had it still has."""
    gone = {name: len(keys - nights.recipient.people[name]) for name, keys in before.items()}
    assert {name: count for name, count in gone.items() if count} == {}, f"{what} removed people in silence"


def assert_told(outcome: Outcome, what: str) -> None:
    """The run failed, or the plan has a finding or a row that could not be read."""
    told = [str(one.error) for one in outcome.failures]
    for plan in (one.plan for one in outcome.receipts):
        told += [one.sentence for one in plan.findings if one.severity != "pass"]
        told += [plan.because] if plan.verdict in ("held", "refused") else []
        told += [*(name for name, one in plan.raw.items() if one["rejected"])]
    assert any(told), f"{what} was told to nobody"


@contextmanager
def _clean(connector: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Export]:
    with read_export(connector, settings, folder) as read:
        assert isinstance(read, Export), "the system is not empty, and the source says it is"
        yield read


def fault(twin: Twin, name: str) -> AbstractContextManager[Any]:
    """A block within which the twin misbehaves."""
    assert name in twin.faults, f"the twin cannot do `{name}`; add it to its `faults`"
    return twin.faults[name]()
