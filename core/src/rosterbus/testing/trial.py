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
from rosterbus.deliveries import Address, Seen, Twin
from rosterbus.delivery.baselines import set_empty
from rosterbus.delivery.deciding import approve, settle
from rosterbus.hookspecs import hookimpl
from rosterbus.ledger import Ledger
from rosterbus.pipelines import Outcome, apply_plans, opened, run
from rosterbus.plan.planning import Order
from rosterbus.plugins import installed
from rosterbus.private import private_folder, write_private_text
from rosterbus.project import load_project
from rosterbus.project.documents import Document
from rosterbus.project.pipelines import read_pipeline
from rosterbus.rehearsing import start_twin
from rosterbus.reports import Run
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


class Quiet:
    """Stands for each report format that happens to be installed: a trial is the same in every environment."""

    @hookimpl
    def report(self, run: Run, folder: Path) -> Sequence[Path]:  # noqa: ARG002 - the spec names them
        """Write nothing."""
        return ()


QUIET = {one.plugin: Quiet() for one in installed() if one.kind == "report"}


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
    way: Mapping[str, Any] = field(default_factory=dict)
    """Settings that lead to the twin over another way than its own."""
    before: int = 0
    """How many events the twin had seen before this trial."""
    temporary: Path | None = None
    """Where temporary files are made while this trial lasts."""
    hooks: list[str] = field(default_factory=list)
    """The connector's hooks that were called, by the time of their last call."""

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
        twins = {self.connector: {**self.twin.settings, **self.way, **(overrides or {})}}
        with opened(
            project,
            pipeline,
            command="test",
            now=self.now,
            twins=twins,
            progress=self.words.append,
            brought={"source:village": self.source, **QUIET},
        ) as context:
            self._listen(context)
            yield context

    def _listen(self, context: RunContext) -> None:
        """Remember which hooks of the connector are called."""
        call = context.plugins.call

        def heard(plugin: str, hook: str, /, **arguments: Any) -> Any:
            if plugin == f"destination:{self.connector}":
                self.hooks = [*(one for one in self.hooks if one != hook), hook]
            return call(plugin, hook, **arguments)

        context.plugins.call = heard  # type: ignore[method-assign]

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

    def run_and_approve(self) -> Outcome:
        """Run when due, and let go what was planned well and is held."""
        outcome = self.run_when_due()
        held = [one.plan for one in outcome.receipts if one.state == "held" and one.plan.verdict == "held"]
        if not held:
            return outcome
        with self.opened() as context:
            for plan in held:
                tomorrow = self.now + timedelta(days=1)
                approve(
                    context.project,
                    context.ledger,
                    plan.id,
                    by="the suite",
                    reason="so it is",
                    expires=tomorrow,
                )
            return apply_plans(context, held)

    def run_when_due(self) -> Outcome:
        """Run, and where it is too early for the vendor, once more when it is due."""
        outcome = self.run(later=timedelta(minutes=5))
        due = [one.plan.due for one in outcome.receipts if one.state == "not due" and one.plan.due]
        return self.run(later=max(due) - self.now + timedelta(minutes=1)) if due else outcome

    def killed(self, meddle: Meddle, *, later: timedelta = timedelta()) -> None:
        """A run that dies where `meddle` says."""
        with suppress(KilledError):
            self.run(later=later, meddle=meddle)
            raise AssertionError("the run was over before it was killed")

    def imports(self) -> Sequence[Mapping[str, Any]]:
        """What the vendor made of all that arrived in this trial, the oldest first."""
        return within(self.twin.settle, "working off what arrived")[self.earlier :]

    def seen(self) -> Sequence[Seen]:
        """What the twin saw in this trial, the oldest first."""
        return self.twin.seen()[self.before :] if self.twin.seen else ()

    def address(self) -> Address:
        """Where the last delivery went."""
        with Ledger(self.state) as ledger:
            address = ledger.deliveries.latest()[0].address
        assert address is not None, "the delivery has no address"  # noqa: S101 - this is a test suite
        return address

    def received(self, name: str) -> bytes:
        """The bytes that arrived under a remote name."""
        assert self.twin.received, "the twin does not give back what arrived"  # noqa: S101
        try:
            return self.twin.received(name)
        except KeyError:
            raise AssertionError(f"nothing arrived under the name {name}") from None

    def states(self) -> list[str]:
        """How every delivery ended, as the ledger has it."""
        with Ledger(self.state) as ledger:
            return [one.state for one in ledger.deliveries.latest()]

    def wrong_secrets(self) -> dict[str, Any]:
        """The twin's settings that are secrets, each with another content."""
        return exchanged_secrets(self.twin.settings, self.folder)

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
        trial.before = len(self.twin.seen()) if self.twin.seen else 0
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


def exchanged_secrets(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The settings that are secrets, each with another content; a file for that lies in `folder`."""
    path = write_private_text(folder / "wrong-secret", "this-is-not-it")
    wrong = SecretReference("file", str(path), own=True)
    return {name: _exchanged(value, wrong) for name, value in settings.items() if any(secrets_in(value))}


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
