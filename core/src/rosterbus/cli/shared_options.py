"""Options and openings that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from rosterbus.context import Progress, RunContext
from rosterbus.ledger import Ledger
from rosterbus.pipelines import opened
from rosterbus.project import DeliveryPart, Pipeline, Project, load_pipeline, load_project

F = TypeVar("F", bound=Callable[..., Any])
CLEAR = "\r\x1b[K"


def project_options(function: F) -> F:
    """`--folder` and `--environment`: which project is meant."""
    function = click.option("--environment", default="", help="One of the project's [environments].")(
        function
    )
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The project folder; default: this one, or above.",
    )(function)


def json_option(function: F) -> F:
    """`--json`: the same for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def deliver_option(function: F) -> F:
    """`--deliver`: only some of the pipeline's deliveries."""
    return click.option(
        "--deliver", multiple=True, metavar="NAME", help="Only this delivery; may be repeated."
    )(function)


def order_options(function: F) -> F:
    """`--test`, `--only` and `--without-removals`: what is asked of a plan."""
    removals = click.option(
        "--without-removals", is_flag=True, help="Let nobody be removed, whoever is missing from the roster."
    )
    only = click.option("--only", metavar="KEY", help="One record alone.")
    test = click.option(
        "--test", is_flag=True, help="What the vendor calls a test file; it moves no baseline."
    )
    return test(only(removals(function)))


def print_json(value: Any) -> None:
    """Print one JSON document, in ASCII, so that it is one whatever the terminal's encoding."""
    click.echo(json.dumps(value, indent=1, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Tell on standard error what goes on: one line that changes on a terminal and goes at the end, lines in a log."""
    if quiet:
        yield lambda _: None
    elif not sys.stderr.isatty():
        yield lambda text: click.echo(text, err=True)
    else:
        try:
            yield lambda text: click.echo(f"{CLEAR}{text}", err=True, nl=False)
        finally:
            click.echo(CLEAR, err=True, nl=False)


@contextmanager
def pipeline_run(
    project: Project, pipeline: Pipeline, *, command: str, quiet: bool = False
) -> Iterator[RunContext]:
    """A run of a pipeline that tells its progress."""
    with progress(quiet=quiet) as tell, opened(project, pipeline, command=command, progress=tell) as context:
        yield context


def chosen(pipeline: Pipeline, names: Sequence[str]) -> list[DeliveryPart]:
    """The deliveries that are meant: those named, or all."""
    return [pipeline.delivery(name) for name in names] if names else list(pipeline.deliveries)


def open_pipeline(folder: Path | None, environment: str, name: str) -> tuple[Project, Pipeline]:
    """Read a project and one of its pipelines."""
    project = load_project(folder, environment=environment)
    return project, load_pipeline(project, name)


@contextmanager
def open_ledger(folder: Path | None, environment: str) -> Iterator[tuple[Project, Ledger]]:
    """The project's ledger."""
    project = load_project(folder, environment=environment)
    with Ledger(project.state_dir) as ledger:
        yield project, ledger
