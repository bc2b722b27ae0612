"""Runs of the village to the suite's own vendor, for plugins that are no connectors: reports, and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rosterbus.context import RunContext
from rosterbus.deliveries import Delivery, Done
from rosterbus.delivery.baselines import set_empty
from rosterbus.errors import ConnectorError
from rosterbus.findings import Problem
from rosterbus.hookspecs import hookimpl
from rosterbus.pipelines import opened, run
from rosterbus.private import private_folder, write_private_text
from rosterbus.project import load_project
from rosterbus.project.documents import Document
from rosterbus.project.pipelines import read_pipeline
from rosterbus.reports import ReportedDelivery, Run
from rosterbus.roster import vocabulary
from rosterbus.testing.export import CLOCK
from rosterbus.testing.recipient import NAME, Recipient
from rosterbus.testing.trial import QUIET
from rosterbus.testing.village import VillageSource

PEOPLE = ("students", "student_guardians")
BROKEN = "broken"


class BrokenRecipient(Recipient):
    """One that takes nothing."""

    @hookimpl
    def load(self, delivery: Delivery, settings: Any) -> Done:  # noqa: ARG002 - the spec names them
        """Refuse everything."""
        raise ConnectorError("the recipient takes nothing today")


class Listener:
    """A report format that keeps the run that it is given."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    @hookimpl
    def report(self, run: Run, folder: Path) -> Sequence[Path]:  # noqa: ARG002 - the spec names them
        """Write nothing."""
        self.runs.append(run)
        return []


@dataclass
class Village:
    """A project in `folder` that delivers the village; `rules` are written into its pipeline as they are."""

    folder: Path
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: VillageSource = field(default_factory=VillageSource)

    def __post_init__(self) -> None:
        private_folder(self.folder)
        write_private_text(self.folder / "rosterbus.toml", "")
        columns = {name: list(vocabulary().tables[name].columns) for name in PEOPLE}
        self.brought: dict[str, object] = {
            **QUIET,
            "source:village": self.source,
            f"destination:{NAME}": Recipient(columns, everything=True),
            f"destination:{BROKEN}": BrokenRecipient(columns),
        }

    @contextmanager
    def opened(self, *deliveries: str) -> Iterator[RunContext]:
        """A run to one or several of the two vendors."""
        values: dict[str, Any] = {
            "timezone": "America/Chicago",
            "source": {"connector": "village"},
            "deliver": {name: {} for name in deliveries},
            "rules": self.rules,
        }
        project = load_project(self.folder)
        pipeline = read_pipeline(project, Document(values, self.folder), default_name="village")
        with opened(project, pipeline, command="test", now=CLOCK, brought=self.brought) as context:
            yield context

    def begin(self, delivery: str) -> None:
        """This vendor holds nothing yet."""
        with self.opened(delivery) as context:
            set_empty(context, context.pipeline.deliveries[0])


def made_run(folder: Path) -> Run:
    """A run of two deliveries, one of which is held and the other failed, as a report is given it."""
    village, listener = Village(folder), Listener()
    village.brought["report:listener"] = listener
    village.begin(BROKEN)
    with village.opened(NAME, BROKEN) as context:
        run(context, context.pipeline.deliveries)
    states = {one["state"] for one in listener.runs[0].receipts}
    assert states == {"held", "failed"}, states  # noqa: S101 - what this module promises
    return listener.runs[0]


def with_problems(run: Run, problems: Sequence[Problem], **changed: Any) -> Run:
    """The same run, with these problems in the first layout and none in the others."""
    layouts = [replace(layout, problems=()) for layout in run.deliveries[0].layouts]
    layouts[0] = replace(layouts[0], problems=problems)
    others = [
        replace(one, layouts=[replace(layout, problems=()) for layout in one.layouts])
        for one in run.deliveries[1:]
    ]
    first: ReportedDelivery = replace(run.deliveries[0], layouts=layouts)
    return replace(run, deliveries=[first, *others], **changed)
