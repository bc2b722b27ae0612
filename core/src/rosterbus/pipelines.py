"""Runs pipelines from start to receipt: the one road that the command line and the Python API both take."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.context import Progress, RunContext
from rosterbus.delivery.applying import apply, finish_open, look_after
from rosterbus.delivery.purging import purge_old
from rosterbus.delivery.receipts import Receipt, worst
from rosterbus.errors import RosterbusError
from rosterbus.fetching import CORE_TRANSPORTS
from rosterbus.ledger import Ledger
from rosterbus.notifying import Failure, tell_people
from rosterbus.plan.guards import Guards
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import Plugins, installed
from rosterbus.project import DeliveryPart, Pipeline, Project
from rosterbus.refusing import refuse_reaching
from rosterbus.reporting import write_reports
from rosterbus.runs import accept, plan_one, reading


@dataclass
class Outcome:
    """What a run came to. `nothing` is why the source had nothing to give, if so."""

    pipeline: str
    run: int
    receipts: list[Receipt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    nothing: str = ""
    report: str = ""
    """The folder of its reports, if any format is installed."""

    @property
    def exit_code(self) -> int:
        """The worst of all."""
        return worst(
            [*(one.exit_code for one in self.receipts), *(one.error.exit_code for one in self.failures)]
        )

    def as_json(self) -> dict[str, Any]:
        """The outcome for machines."""
        failures = [
            {"delivery": one.delivery, "state": "failed", "because": str(one.error)} for one in self.failures
        ]
        return {
            "pipeline": self.pipeline,
            "run": self.run,
            "receipts": [one.as_json() for one in self.receipts],
            "failures": failures,
            "nothing": self.nothing,
            "report": self.report,
            "exit": self.exit_code,
        }


@contextmanager
def opened(
    project: Project,
    pipeline: Pipeline,
    *,
    command: str,
    progress: Progress = lambda _: None,
    now: datetime | None = None,
    ledger: Ledger | None = None,
    twins: Mapping[str, Mapping[str, Any]] | None = None,
    extracts: Path | None = None,
) -> Iterator[RunContext]:
    """A run of one pipeline: its ledger, its plugins, its clock. The run is noted in the ledger, its end too."""
    refuse_reaching(pipeline)
    moment = (now or datetime.now(UTC)).astimezone(pipeline.timezone)
    own = ledger or (Ledger(project.state_dir, clock=lambda: moment) if now else Ledger(project.state_dir))
    named = [("source", pipeline.source.connector)]
    named += [("destination", part.connector) for part in pipeline.deliveries]
    named += [(one.kind, one.name) for one in installed() if one.kind == "report" and not one.problem]
    try:
        plugins = Plugins(named, core={**CORE_TRANSPORTS, "rule:guards": Guards()})
        token = own.runs.begin(pipeline.name, command)
        context = RunContext(project, pipeline, own, plugins, moment, token, progress, twins or {}, extracts)
        yield context
    finally:
        if ledger is None:
            own.close()


def run(context: RunContext, deliveries: Sequence[DeliveryPart], order: Order | None = None) -> Outcome:
    """Finish what is open, plan, and apply what may go."""
    outcome = Outcome(context.pipeline.name, context.token)
    with context.ledger.lock(f"pipeline:{context.pipeline.name}", context.pipeline.name):
        _run(context, deliveries, order or Order(), outcome)
    close(context, outcome)
    return outcome


def _run(context: RunContext, deliveries: Sequence[DeliveryPart], order: Order, outcome: Outcome) -> None:
    ready = [part for part in deliveries if _finished(context, part, outcome)]
    for plan in _planned(context, ready, order, outcome) if ready else ():
        _applied(context, plan, outcome)


def apply_plans(context: RunContext, plans: Sequence[StoredPlan]) -> Outcome:
    """Apply plans that were made before."""
    outcome = Outcome(context.pipeline.name, context.token)
    for plan in plans:
        _applied(context, plan, outcome)
    close(context, outcome)
    return outcome


def look_after_all(context: RunContext, deliveries: Sequence[DeliveryPart]) -> list[str]:
    """Ask what became of the last delivery to each vendor; answers with what could not be seen."""
    return [sentence for part in deliveries if (sentence := look_after(context, part))]


def close(context: RunContext, outcome: Outcome) -> None:
    """Write reports, tell people, note how the run ended, and take away what retention says."""
    plans = {one.plan.delivery: one.plan for one in outcome.receipts}
    with _alone("reports", outcome):
        outcome.report = write_reports(context, list(plans.values()), outcome.receipts)
    tell_people(context, outcome.receipts, outcome.failures)
    context.ledger.runs.end(context.token, outcome.exit_code, summary=_summary(outcome))
    purge_old(context.ledger, context.project.retention, context.now)


def _finished(context: RunContext, part: DeliveryPart, outcome: Outcome) -> bool:
    """Finish what an earlier run left open for this delivery; False where that is not possible now."""
    targets = {
        one.target
        for one in context.ledger.deliveries.open()
        if (one.pipeline, one.name) == (context.pipeline.name, part.name)
    }
    with _alone(part.name, outcome):
        for target in sorted(targets):
            with context.ledger.lock(target, context.pipeline.name):
                finished = finish_open(context, part, target)
            outcome.receipts += finished
            if any(one.state == "open" for one in finished):
                return False
        if unseen := look_after(context, part):
            context.progress(unseen)
        return True
    return False


def _planned(
    context: RunContext, deliveries: Sequence[DeliveryPart], order: Order, outcome: Outcome
) -> list[StoredPlan]:
    with reading(context, deliveries) as read:
        if isinstance(read, str):
            outcome.nothing = read
            return []
        plans = []
        for part in deliveries:
            context.progress(f"planning {part.name}")
            with _alone(part.name, outcome):
                plans.append(plan_one(context, read, part, order))
        if plans:
            accept(context, read.extracted)
        return plans


def _applied(context: RunContext, plan: StoredPlan, outcome: Outcome) -> None:
    with _alone(plan.delivery, outcome):
        outcome.receipts += apply(context, plan)


@contextmanager
def _alone(delivery: str, outcome: Outcome) -> Iterator[None]:
    """Keep what goes wrong with one delivery from the others."""
    try:
        yield
    except RosterbusError as error:
        outcome.failures.append(Failure(delivery, error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other deliveries still have to go
        # The text of a foreign exception may quote a cell, so only its type and place are told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        outcome.failures.append(
            Failure(
                delivery, RosterbusError(f"rosterbus itself failed: {what}; report it to its maintainers")
            )
        )


def _summary(outcome: Outcome) -> dict[str, Any]:
    told = outcome.as_json()
    return {
        "receipts": [
            {
                key: one[key]
                for key in ("delivery", "plan", "id", "state", "because", "files", "counts", "ended")
            }
            for one in told["receipts"]
        ],
        "failures": told["failures"],
        "nothing": outcome.nothing,
    }
