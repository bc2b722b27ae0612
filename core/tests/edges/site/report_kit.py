"""A village whose runs are reported to a format that keeps what it is given: the kit of the reports' tests."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rosterbus.context import RunContext
from rosterbus.hookspecs import hookimpl
from rosterbus.pipelines import Outcome, opened
from rosterbus.pipelines import run as run_pipeline
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from rosterbus.reporting import write_again
from rosterbus.reports import Run
from village_kit import Village


class Told:
    """The report format."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    @hookimpl
    def report(self, run: Run, folder: Path) -> list[Path]:
        self.runs.append(run)
        return [folder / "told.txt"]


@dataclass
class Reported:
    """The village and the format; every run answers with its outcome and what the format was given."""

    village: Village
    told: Told = field(default_factory=Told)

    def opened(self, command: str) -> AbstractContextManager[RunContext]:
        project = load_project(self.village.root)
        brought = {"report:told": self.told}
        pipeline = load_pipeline(project, "v")
        return opened(project, pipeline, command=command, now=self.village.now, brought=brought)

    def run(self, order: Order | None = None) -> tuple[Outcome, Run]:
        with self.opened("run") as context:
            outcome = run_pipeline(context, context.pipeline.deliveries, order)
        return outcome, self.told.runs[-1]

    def again(self, *plans: StoredPlan, values: bool = False) -> Run:
        with self.opened("report") as context:
            write_again(context, plans, ["told"], values=values)
        return self.told.runs[-1]
