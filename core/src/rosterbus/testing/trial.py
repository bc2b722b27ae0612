"""A pipeline from the village to a vendor's twin, run as often as a test wants, at whatever hour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from rosterbus.context import RunContext
from rosterbus.deliveries import Twin
from rosterbus.delivery.baselines import set_empty
from rosterbus.delivery.deciding import settle
from rosterbus.ledger import Ledger
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.plan.planning import Order
from rosterbus.private import private_folder, write_private_text
from rosterbus.project import load_project
from rosterbus.project.documents import Document
from rosterbus.project.pipelines import read_pipeline
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference
from rosterbus.testing.village import VillageSource

SECONDS = 60
PAUSE = timedelta(days=200)
REFUSED = ("failed", "skipped", "refused")
"""What analyses call rows that the vendor did not take."""
T = TypeVar("T")
Meddle = Callable[[RunContext], None]


class KilledError(BaseException):
    """The process dies here; like a signal, no `except Exception` sees it."""


@dataclass
class Trial:
    """One twin, one project in `folder`, and the village that is delivered.

    `now` is the clock of the next run. `words` is all that was said while running.
    """

    connector: str
    folder: Path
    twin: Twin
    settings: Mapping[str, Any]
    source: VillageSource = field(default_factory=VillageSource)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    words: list[str] = field(default_factory=list)
    earlier: int = 0
    """How many imports the twin had seen before this trial."""
    by_hand: bool = False
    """Whether somebody uploads what is handed over, and says so before the next run."""

    @property
    def state(self) -> Path:
        """Where ledger, plans and reports are."""
        return self.folder / ".rosterbus"

    @contextmanager
    def opened(self, overrides: Mapping[str, Any] | None = None) -> Iterator[RunContext]:
        """A run; `overrides` are settings beside those that lead to the twin."""
        deliver = {self.connector: dict(self.settings)}
        values = {"timezone": "America/Chicago", "source": {"connector": "village"}, "deliver": deliver}
        project = load_project(self.folder)
        pipeline = read_pipeline(project, Document(values, self.folder), default_name="trial")
        twins = {self.connector: {**self.twin.settings, **(overrides or {})}}
        with opened(
            project,
            pipeline,
            command="test",
            now=self.now,
            twins=twins,
            progress=self.words.append,
            brought={"source:village": self.source},
        ) as context:
            yield context

    def begin(self) -> None:
        """The vendor holds nothing yet."""
        with self.opened() as context:
            set_empty(context, context.pipeline.deliveries[0])

    def run(
        self,
        *,
        later: timedelta = timedelta(),
        order: Order | None = None,
        meddle: Meddle = lambda _: None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Run the pipeline `later` than the last time; `meddle` may change the run before it begins."""
        self.pass_time(later)
        if self.by_hand:
            self._say_uploaded()
        with self.opened(overrides) as context:
            meddle(context)
            outcome = run(context, context.pipeline.deliveries, order)
        self.words.append(str(outcome.as_json()))
        return outcome

    def run_when_due(self) -> Outcome:
        """Run, and where it is too early for the vendor, once more when it is due."""
        outcome = self.run(later=timedelta(minutes=5))
        due = [one.plan.due for one in outcome.receipts if one.state == "not due" and one.plan.due]
        return self.run(later=max(due) - self.now + timedelta(minutes=1)) if due else outcome

    def killed(self, meddle: Meddle) -> None:
        """A run that dies where `meddle` says."""
        with suppress(KilledError):
            self.run(meddle=meddle)
            raise AssertionError("the run was over before it was killed")

    def imports(self) -> Sequence[Mapping[str, Any]]:
        """What the vendor made of all that arrived in this trial, the oldest first."""
        return within(self.twin.settle, "working off what arrived")[self.earlier :]

    def states(self) -> list[str]:
        """How every delivery ended, as the ledger has it."""
        with Ledger(self.state) as ledger:
            return [one.state for one in ledger.deliveries.latest()]

    def wrong_secrets(self) -> dict[str, Any]:
        """The twin's settings that are secrets, each with another content."""
        path = write_private_text(self.folder / "wrong-secret", "this-is-not-it")
        wrong = SecretReference("file", str(path), own=True)
        return {
            name: _exchanged(value, wrong)
            for name, value in self.twin.settings.items()
            if any(secrets_in(value))
        }

    def _say_uploaded(self) -> None:
        with Ledger(self.state, clock=lambda: self.now) as ledger:
            for waiting in [one for one in ledger.deliveries.latest() if one.waits]:
                settle(ledger, waiting.id, "arrived", by="the suite", reason="every file was uploaded")

    def pass_time(self, later: timedelta) -> None:
        """Move the clock of this trial, and the twin's where it has one."""
        self.now += later
        forward = self.twin.extras.get("forward")
        if forward and later:
            forward(later)


@dataclass
class Vendor:
    """A running twin that serves one trial after the other, each long after the one before."""

    connector: str
    settings: Mapping[str, Any]
    twin: Twin
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def trial(self, folder: Path) -> Trial:
        """A new project in `folder`, whose vendor is believed to hold nothing."""
        earlier = len(within(self.twin.settle, "working off what arrived"))
        trial = Trial(
            self.connector, private_folder(folder), self.twin, self.settings, now=self.now, earlier=earlier
        )
        write_private_text(trial.folder / "rosterbus.toml", "")
        trial.begin()
        return trial

    def after(self, trial: Trial) -> None:
        """Let so much time pass that no rule and no name of the last trial meets the next one."""
        trial.pass_time(PAUSE)
        self.now = trial.now


@contextmanager
def vendor_of(connector: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Vendor]:
    """The connector's twin, which is stopped at the end."""
    twin = within(lambda: start_twin(connector, private_folder(folder) / "twin", settings), "starting")
    try:
        yield Vendor(connector, settings, twin)
    finally:
        within(twin.stop, "stopping")


def secrets_in(value: Any) -> Iterator[SecretReference]:
    """The references to secrets in a setting, in however deep a table."""
    if isinstance(value, SecretReference):
        yield value
    elif isinstance(value, Mapping):
        for below in value.values():
            yield from secrets_in(below)


def _exchanged(value: Any, secret: SecretReference) -> Any:
    """The same setting with another secret in every place of one."""
    if isinstance(value, Mapping):
        return {name: _exchanged(below, secret) for name, below in value.items()}
    return secret if isinstance(value, SecretReference) else value


def rows_taken(analysis: Mapping[str, Any]) -> int:
    """How many rows one import had: `rows` of the analysis itself, or of each of its `files`."""
    return sum(int(one["rows"]) for one in _files(analysis))


def rows_refused(analysis: Mapping[str, Any]) -> int:
    """How many of them the vendor did not take."""
    return sum(int(one.get(name, 0)) for one in _files(analysis) for name in REFUSED)


def _files(analysis: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    files: Mapping[str, Mapping[str, Any]] = analysis.get("files", {"": analysis})
    return list(files.values())


def within(work: Callable[[], T], what: str) -> T:
    """Do something with a twin; it may take a minute and no longer."""
    answers: list[T] = []
    errors: list[BaseException] = []

    def try_it() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            errors.append(error)

    thread = threading.Thread(target=try_it, name=f"twin {what}", daemon=True)
    thread.start()
    thread.join(SECONDS)
    if errors:
        raise errors[0]
    assert answers, f"{what} took the twin more than {SECONDS} seconds"  # noqa: S101
    return answers[0]
