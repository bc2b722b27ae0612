"""Rehearsals: a pipeline's own run against its vendors' twins, with a ledger that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rosterbus.context import Progress
from rosterbus.deliveries import Twin
from rosterbus.delivery.baselines import set_empty
from rosterbus.ledger import Ledger
from rosterbus.ledger.ledger import FILE as LEDGER
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.plugins import Plugins
from rosterbus.private import private_folder
from rosterbus.project import DeliveryPart, Pipeline, Project
from rosterbus.secrets import sealed


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal came to: the run, and what each twin made of what it got, by delivery."""

    outcome: Outcome
    analyses: Mapping[str, Sequence[Mapping[str, Any]]]


def start_twin(connector: str, folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the twin of one connector; raises PluginError where it has none."""
    plugin = f"destination:{connector}"
    twin: Twin = Plugins([("destination", connector)]).call(
        plugin, "twin", step="starting the twin", folder=private_folder(folder), settings=settings
    )
    return twin


@contextmanager
def twins_of(
    deliveries: Sequence[DeliveryPart], folder: Path, progress: Progress
) -> Iterator[dict[str, Twin]]:
    """A twin for each delivery, stopped at the end of the block whatever happens."""
    with ExitStack() as stack:
        started = {}
        for part in deliveries:
            progress(f"starting the twin of {part.connector}")
            twin = start_twin(part.connector, folder / part.name, part.settings)
            stack.callback(twin.stop)
            started[part.name] = twin
        yield started


def rehearse(
    project: Project, pipeline: Pipeline, deliveries: Sequence[DeliveryPart], progress: Progress
) -> Rehearsal:
    """Run the pipeline against twins. No credential is read, and nothing outside this machine is reached.

    A source that is elsewhere is replaced by its last copy here.
    """
    with tempfile.TemporaryDirectory(prefix="rosterbus-rehearsal-") as name:
        folder = private_folder(Path(name))
        pretended = replace(project, state_dir=folder / "state", notifiers=())
        with (
            sealed(),
            twins_of(deliveries, folder / "twins", progress) as twins,
            Ledger(folder / "state") as ledger,
        ):
            settings = {name: twin.settings for name, twin in twins.items()}
            _take_over_source(project, pipeline, ledger)
            extracts = project.state_dir / "extracts" / pipeline.name
            with opened(
                pretended,
                pipeline,
                command="rehearse",
                progress=progress,
                ledger=ledger,
                twins=settings,
                extracts=extracts,
            ) as context:
                for part in deliveries:
                    set_empty(context, part)
                outcome = run(context, deliveries)
            outcome.report = ""  # its folder goes with the ledger
            return Rehearsal(outcome, {name: list(twin.settle()) for name, twin in twins.items()})


def _take_over_source(project: Project, pipeline: Pipeline, ledger: Ledger) -> None:
    """Let the rehearsal begin where the pipeline stands: its source's state, and the mirror where it lies."""
    if not (project.state_dir / LEDGER).is_file():
        return
    with Ledger(project.state_dir) as own:
        last = own.sources.current(pipeline.name)
    if last is not None:
        mirror = project.state_dir.resolve() / last.mirror if last.mirror else None
        ledger.sources.accept(pipeline.name, state=last.state, mirror=mirror)
