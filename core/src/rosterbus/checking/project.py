"""The project: its own settings, who is told, and who is told to nobody."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from rosterbus.checking.facts import Fact, reported, secret_facts
from rosterbus.errors import ConfigError
from rosterbus.notices import NOTIFIERS
from rosterbus.plugins import installed, load
from rosterbus.project import (
    Notifier,
    Project,
    load_pipeline,
    pipeline_files,
    read_optouts,
    validate_settings,
)

PROJECT = "project"


def project_facts(project: Project) -> Iterator[Fact]:
    """What is known of the project beside its pipelines."""
    environment = f", environment {project.environment}" if project.environment else ""
    file = project.file or f"{project.folder} (there is no rosterbus.toml; everything has its default)"
    yield Fact("ok", PROJECT, f"{file} is read{environment}")
    for notifier in project.notifiers:
        yield from reported(PROJECT, _notifier(project, notifier))
    yield from reported(PROJECT, _optouts(project))


def _notifier(project: Project, notifier: Notifier) -> Iterator[Fact]:
    known = NOTIFIERS.get(notifier.by)
    module = importlib.import_module(known) if known else load("extension", notifier.by).module
    values = validate_settings(module.Settings, notifier.settings, project, notifier.key_path)
    yield Fact("ok", PROJECT, f"people are told by {notifier.by} of: {', '.join(notifier.on)}")
    yield from secret_facts(PROJECT, values)


def _optouts(project: Project) -> Iterator[Fact]:
    if project.exclude is None:
        return
    optouts = read_optouts(project.exclude)
    parts = [part for name in pipeline_files(project) for part in load_pipeline(project, name).deliveries]
    known = {part.name for part in parts} | {part.connector for part in parts}
    known |= {one.name for one in installed() if one.kind == "destination"}
    if unknown := sorted({one.vendor for one in optouts} - known - {""}):
        wrong = "the opt-outs name a vendor that nothing is delivered to; a misspelt one would exclude nobody"
        raise ConfigError(wrong, file=project.exclude, found=repr(unknown[0]), allowed=sorted(known))
    yield Fact("ok", PROJECT, f"{len(optouts):,} opt-outs are read, every vendor in them is known")
