"""A pipeline from the source under test to the suite's own vendor, run night after night in one project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rosterbus.context import RunContext
from rosterbus.delivery.baselines import set_empty
from rosterbus.extracts import Extract, Rows, SourceState
from rosterbus.ledger import Ledger
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.private import private_folder, write_private_text
from rosterbus.project import load_project
from rosterbus.project.documents import Document
from rosterbus.project.pipelines import read_pipeline
from rosterbus.testing.export import CLOCK, Answer
from rosterbus.testing.recipient import NAME, Recipient
from rosterbus.testing.trial import QUIET, KilledError

Meddle = Callable[[RunContext], None]
Change = Callable[[Answer], Answer]


@dataclass
class Nights:
    """One project in `folder`. `settings` are those of the source; `answers` what it said, night by night."""

    connector: str
    folder: Path
    settings: Mapping[str, Any]
    recipient: Recipient
    now: datetime = CLOCK
    answers: list[Answer] = field(default_factory=list)

    @classmethod
    def begun(
        cls, connector: str, folder: Path, settings: Mapping[str, Any], columns: Mapping[str, Sequence[str]]
    ) -> Nights:
        """A new project, whose vendor holds nothing."""
        nights = cls(connector, private_folder(folder), settings, Recipient(columns))
        write_private_text(folder / "rosterbus.toml", "")
        with nights._opened() as context:
            set_empty(context, context.pipeline.deliveries[0])
        return nights

    def run(self, *, later: timedelta = timedelta(hours=1), meddle: Meddle = lambda _: None) -> Outcome:
        """One night's run; `meddle` may change it before it begins."""
        self.now += later
        with self._opened() as context:
            watch_extract(context, before=lambda state: state, after=self._noted)
            meddle(context)
            return run(context, context.pipeline.deliveries)

    def killed(self, meddle: Meddle) -> None:
        """A night whose run dies where `meddle` says."""
        with suppress(KilledError):
            self.run(meddle=meddle)
            raise AssertionError("the run was over before it was killed")

    @property
    def state(self) -> Any:
        """What the ledger knows of the source: its state and its mirror."""
        with Ledger(self.folder / ".rosterbus") as ledger:
            last = ledger.sources.current("nights")
        return last and (dict(last.state), last.mirror)

    @contextmanager
    def _opened(self) -> Iterator[RunContext]:
        values = {
            "timezone": "America/Chicago",
            "source": {**self.settings, "connector": self.connector},
            "deliver": {NAME: {}},
        }
        project = load_project(self.folder)
        pipeline = read_pipeline(project, Document(values, self.folder), default_name="nights")
        brought = {f"destination:{NAME}": self.recipient, **QUIET}
        with opened(project, pipeline, command="test", now=self.now, brought=brought) as context:
            yield context

    def _noted(self, answer: Answer) -> Answer:
        self.answers.append(answer)
        return answer


def watch_extract(
    context: RunContext, *, before: Callable[[SourceState], SourceState], after: Change
) -> None:
    """Stand between the run and its source: change what it is given, and what it answers."""
    call = context.plugins.call

    def watched(plugin: str, hook: str, /, *, step: str, **arguments: Any) -> Any:
        if hook != "extract":
            return call(plugin, hook, step=step, **arguments)
        arguments["state"] = before(arguments["state"])
        return after(call(plugin, hook, step=step, **arguments))

    context.plugins.call = watched  # type: ignore[method-assign]


def _die(*_: Any, **__: Any) -> Any:
    raise KilledError


def _while_it_is_brought(context: RunContext) -> None:
    """After the first file was brought, and where none is, when the source has answered."""

    def fetching(state: SourceState) -> SourceState:
        fetch = state.fetch

        def brought(location: str, transport: Mapping[str, Any]) -> Path:
            fetch(location, transport)
            raise KilledError

        return replace(state, fetch=brought)

    watch_extract(context, before=fetching, after=_die)


def _among_its_rows(context: RunContext) -> None:
    """After the first rows of a table were taken, and where the engine reads files itself, before that."""

    def dying(rows: Any) -> Iterator[Any]:
        for number, row in enumerate(rows):
            if number == 2:
                raise KilledError
            yield row
        raise KilledError

    def answered(answer: Answer) -> Answer:
        lanes = [one for one in getattr(answer, "tables", {}).values() if isinstance(one, Rows)]
        if not isinstance(answer, Extract) or not lanes:
            raise KilledError
        tables = {
            name: replace(one, rows=dying(one.rows)) if isinstance(one, Rows) else one
            for name, one in answer.tables.items()
        }
        return replace(answer, tables=tables)

    watch_extract(context, before=lambda state: state, after=answered)


def _before_its_state_is_kept(context: RunContext) -> None:
    context.ledger.sources.accept = _die  # type: ignore[method-assign]


PLACES: Mapping[str, Meddle] = {
    "while its files are brought": _while_it_is_brought,
    "when it has answered": lambda context: watch_extract(context, before=lambda state: state, after=_die),
    "among its rows": _among_its_rows,
    "before its state is kept": _before_its_state_is_kept,
}
"""Where a run of a source can die before it knows where it stands."""
