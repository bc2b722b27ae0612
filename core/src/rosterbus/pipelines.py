"""Runs pipelines from start to receipt: the one road that the command line and the Python API both take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.context import Progress, RunContext
from rosterbus.delivery.applying import apply, finish_open, look_after
from rosterbus.delivery.purging import purge_old, purge_working
from rosterbus.delivery.receipts import Receipt, worst
from rosterbus.errors import RosterbusError, unforeseen
from rosterbus.fetching import CORE_TRANSPORTS
from rosterbus.gate import environment_warnings
from rosterbus.ledger import Ledger
from rosterbus.notifying import Failure, tell_people
from rosterbus.plan.guards import Guards
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import Plugins, installed
from rosterbus.project import DeliveryPart, Pipeline, Project
from rosterbus.refusing import refuse_reaching
from rosterbus.reporting import write_reports
from rosterbus.rulings import settings_of_rules
from rosterbus.runs import accept, plan_one, reading


@dataclass
class Outcome:
    """What a run came to. `nothing` is why the source had nothing new to give, if so."""

    pipeline: str
    run: int | None = None
    """The run's id in the ledger, if it came so far."""
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
        failures = [{"pipeline": self.pipeline, **one.as_json()} for one in self.failures]
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
    brought: Mapping[str, object] | None = None,
) -> Iterator[RunContext]:
    """A run of one pipeline: its ledger, its plugins, its clock. The run is noted in the ledger, its end too.

    `brought` are plugins that need no entry point, by their full name ("source:toy").
    """
    refuse_reaching(pipeline)
    for sentence in environment_warnings():
        progress(sentence)
    moment = (now or datetime.now(UTC)).astimezone(pipeline.timezone)
    own = ledger or (Ledger(project.state_dir, clock=lambda: moment) if now else Ledger(project.state_dir))
    named = [("source", pipeline.source.connector)]
    named += [("destination", part.connector) for part in pipeline.deliveries]
    named += [("extension", part.name) for part in pipeline.rules]
    named += [(one.kind, one.name) for one in installed() if one.kind == "report" and not one.problem]
    try:
        core = {**CORE_TRANSPORTS, "rule:guards": Guards(), **(brought or {})}
        plugins = Plugins([one for one in named if ":".join(one) not in core], core=core)
        rules = settings_of_rules(pipeline, plugins)
        token = own.runs.begin(pipeline.name, command)
        with _noted(own, token):
            yield RunContext(
                project, pipeline, own, plugins, moment, token, progress, twins or {}, extracts, rules
            )
    finally:
        if ledger is None:
            own.close()


@contextmanager
def _noted(ledger: Ledger, token: int) -> Iterator[None]:
    """Note how a run ended that did not say so itself, and take away what it worked with."""
    code = RosterbusError.exit_code
    try:
        yield
        code = 0
    except RosterbusError as error:
        code = error.exit_code
        raise
    finally:
        purge_working(ledger.state_dir / "runs" / str(token))
        if ledger.runs.get(token).ended_at is None:
            ledger.runs.end(token, code, summary={})


def undisturbed(context: RunContext) -> AbstractContextManager[None]:
    """Nobody else reads or plans this pipeline within the block; raises RetriableError where somebody does."""
    return context.ledger.lock(f"pipeline:{context.pipeline.name}", context.pipeline.name)


def run(context: RunContext, deliveries: Sequence[DeliveryPart], order: Order | None = None) -> Outcome:
    """Finish what is open, plan, and apply what may go."""
    outcome = Outcome(context.pipeline.name, context.token)
    with undisturbed(context):
        _run(context, deliveries, order or Order(), outcome)
    close(context, outcome)
    return outcome


def _run(context: RunContext, deliveries: Sequence[DeliveryPart], order: Order, outcome: Outcome) -> None:
    ready = [part for part in deliveries if _finished(context, part, outcome)]
    plans: list[StoredPlan] = []
    # Where no vendor can be told of them today, changes are kept all the same: tomorrow they may be gone.
    changing = (last := context.ledger.sources.current(context.pipeline.name)) and last.mirror
    with _alone([part.name for part in ready or deliveries], outcome):
        plans = _planned(context, ready, order, outcome) if ready or changing else []
    for plan in plans:
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
    with _alone(["reports"], outcome):
        outcome.report = write_reports(context, list(plans.values()), outcome.receipts)
    with _alone(["notices"], outcome):
        tell_people(context, outcome.receipts, outcome.failures)
    context.ledger.runs.end(context.token, outcome.exit_code, summary=_summary(outcome))
    purge_old(context)


def _finished(context: RunContext, part: DeliveryPart, outcome: Outcome) -> bool:
    """Finish what an earlier run left open for this delivery; False where that is not possible now."""
    targets = {
        one.target
        for one in context.ledger.deliveries.open()
        if (one.pipeline, one.name) == (context.pipeline.name, part.name)
    }
    with _alone([part.name], outcome):
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
        outcome.nothing = read.extracted.nothing
        plans = []
        for part in deliveries:
            context.progress(f"planning {part.name}")
            with _alone([part.name], outcome):
                plans.append(plan_one(context, read, part, order))
        if plans:
            accept(context, read.extracted)
        return plans


def _applied(context: RunContext, plan: StoredPlan, outcome: Outcome) -> None:
    with _alone([plan.delivery], outcome):
        outcome.receipts += apply(context, plan)


@contextmanager
def _alone(deliveries: Sequence[str], outcome: Outcome) -> Iterator[None]:
    """Keep what goes wrong with these deliveries from the others, and from what has to be done after them."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the other deliveries still have to go
        foreseen = error if isinstance(error, RosterbusError) else unforeseen(error)
        outcome.failures += [Failure(delivery, foreseen) for delivery in deliveries]


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
