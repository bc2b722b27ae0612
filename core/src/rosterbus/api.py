"""Pipelines from Python, the same road as the command line takes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rosterbus.gate import enter
from rosterbus.pipelines import Outcome, opened
from rosterbus.pipelines import run as run_pipeline
from rosterbus.plan.planning import Order
from rosterbus.project import load_pipeline, load_project


def run(
    path: str | Path,
    *,
    deliver: Sequence[str] = (),
    test: bool = False,
    only: str | None = None,
    environment: str = "",
) -> Outcome:
    """Finish what is open of the pipeline in the file `path`, then plan and apply.

    Answers with `receipts`, `failures` and an `exit_code` as the command line has it; raises ConfigError for what is
    wrong with the project, PluginError for a connector that cannot be used, and RetriableError where another run of
    the pipeline goes on. On POSIX new files of the process are private meanwhile.
    """
    file = Path(path).resolve()
    before = os.umask(0o077)
    try:
        project = load_project(file.parent, environment=environment)
        pipeline = load_pipeline(project, file)
        parts = [pipeline.delivery(name) for name in deliver] or list(pipeline.deliveries)
        with opened(project, pipeline, command="run") as context:
            return run_pipeline(context, parts, Order(test, only))
    finally:
        enter(None)
        os.umask(before)
