"""Rehearsals: a pipeline's own run against its vendors' twins, with a ledger that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from rosterbus.plugins import LoadedPlugin, Plugins, installed
from rosterbus.private import private_folder
from rosterbus.project import DeliveryPart, Pipeline, Project
from rosterbus.project.validation import fields_of
from rosterbus.secrets import sealed
from rosterbus.settings import Settings


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal came to: the run, and what each twin made of what it got, by delivery."""

    outcome: Outcome
    analyses: Mapping[str, Sequence[Mapping[str, Any]]]


def start_twin(
    connector: str, folder: Path, settings: Mapping[str, Any], *, kind: str = "destination"
) -> Twin:
    """Start the twin of one connector, a destination or a source; raises PluginError where it has none."""
    plugin = f"{kind}:{connector}"
    twin: Twin = Plugins([(kind, connector)]).call(
        plugin, "twin", step="starting the twin", folder=private_folder(folder), settings=settings
    )
    return twin


def kind_with_twin(connector: str) -> str:
    """Which of the plugins of this name stands behind `rosterbus twin`: the source only where nothing is sent."""
    kinds = {one.kind for one in installed() if one.name == connector}
    return "source" if "source" in kinds and "destination" not in kinds else "destination"


@contextmanager
def with_source_twin(pipeline: Pipeline, folder: Path, progress: Progress) -> Iterator[Pipeline]:
    """The pipeline as it asks its source's twin, where the source has one; else as it is.

    One that reads files, by a `transport`, is left as it is: the pipeline's own export tells more than a made-up one.
    """
    source = pipeline.source
    plugin = f"source:{source.connector}"
    plugins = Plugins([("source", source.connector)])
    if "transport" in _settings_of(plugins[plugin]) or not plugins.implements(plugin, "twin"):
        yield pipeline
        return
    progress(f"starting the twin of {source.connector}")
    twin = start_twin(source.connector, folder, source.settings, kind="source")
    try:
        yield replace(pipeline, source=replace(source, settings={**source.settings, **twin.settings}))
    finally:
        twin.stop()


def _settings_of(plugin: LoadedPlugin) -> Collection[str]:
    return fields_of(getattr(plugin.module, "Settings", Settings)())


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

    A source that asks a running system asks its twin instead; the files of one that is elsewhere are their last copy.
    """
    with tempfile.TemporaryDirectory(prefix="rosterbus-rehearsal-") as name:
        folder = private_folder(Path(name))
        pretended = replace(project, state_dir=folder / "state", notifiers=())
        with (
            sealed(),
            with_source_twin(pipeline, folder / "source", progress) as asked,
            twins_of(deliveries, folder / "twins", progress) as twins,
            Ledger(folder / "state") as ledger,
        ):
            settings = {name: twin.settings for name, twin in twins.items()}
            if asked is pipeline:
                _take_over_source(project, pipeline, ledger)
            extracts = project.state_dir / "extracts" / pipeline.name
            with opened(
                pretended,
                asked,
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
