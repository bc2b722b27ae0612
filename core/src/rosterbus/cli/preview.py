"""`rosterbus preview`: source value, mapping, mapped value and verdict, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click

from rosterbus.cli.shared_options import (
    chosen,
    deliver_option,
    json_option,
    open_pipeline,
    pipeline_run,
    print_json,
    project_options,
)
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.previewing import MOST, Preview, preview
from rosterbus.project import Pipeline, Project, load_project

WATCH_SECONDS = 1.0


@click.command("preview")
@click.argument("pipeline")
@deliver_option
@click.option(
    "--id", "ids", multiple=True, metavar="ID", help=f"Whose rows: up to {MOST} keys; default: the first row."
)
@click.option("--watch", is_flag=True, help="Show it again whenever a file of the project changes.")
@json_option
@project_options
def command(
    pipeline: str,
    deliver: Sequence[str],
    ids: Sequence[str],
    watch: bool,
    as_json: bool,
    folder: Path | None,
    environment: str,
) -> int:
    """Show how PIPELINE maps a few people, column by column. Reuses the last extract; sends nothing."""
    if len(ids) > MOST:
        raise ConfigError(
            "a preview shows few people", key="--id", found=str(len(ids)), allowed=f"up to {MOST}"
        )
    if watch and as_json:
        raise ConfigError(
            "a preview that goes on is no single document", key="--watch", allowed="without --json"
        )

    def show() -> None:
        project, read = open_pipeline(folder, environment, pipeline)
        _show(project, read, deliver, ids, as_json=as_json)

    if watch:
        _watch(load_project(folder, environment=environment).folder, Path(pipeline), show)
    else:
        show()
    return 0


def _watch(folder: Path, file: Path, show: Callable[[], None]) -> None:
    """Show it now and after each change, until Ctrl-C; what is wrong meanwhile is told, and does not end it."""
    with suppress(KeyboardInterrupt):
        while True:
            seen = _stamp(folder, file)
            click.clear()
            try:
                show()
            except RosterbusError as error:
                click.echo(f"rosterbus: {error}", err=True)
            while _stamp(folder, file) == seen:
                time.sleep(WATCH_SECONDS)


def _show(
    project: Project, pipeline: Pipeline, deliver: Sequence[str], ids: Sequence[str], *, as_json: bool
) -> None:
    with pipeline_run(project, pipeline, command="preview", quiet=True) as context:
        shown = preview(context, chosen(pipeline, deliver), ids)
    if as_json:
        print_json({"previews": [one.as_json() for one in shown]})
        return
    for one in shown:
        _print(one)


def _print(one: Preview) -> None:
    click.echo(f"{one.delivery} / {one.layout}   key {one.key}   {one.file} row {one.row}   {one.verdict}")
    widths = [max([len(cell[place]) for cell in one.table] + [6]) for place in range(3)]
    for source, mapping, column, text, problems in one.table:
        verdict = "; ".join(problems) if problems else "ok"
        cells = (
            f"{source:<{min(widths[0], 30)}}  {mapping:<{min(widths[1], 34)}}  {column:<{min(widths[2], 40)}}"
        )
        click.echo(f"  {cells}  {text!r}  {verdict}")


def _stamp(folder: Path, file: Path) -> list[tuple[str, int]]:
    """When each file of the project was changed last; editors take a file away for a moment to replace it."""
    watched = ("*.toml", "pipelines/*.toml", "codes/*.csv", "*.csv")
    stamps = []
    for path in [file, *(path for pattern in watched for path in folder.glob(pattern))]:
        with suppress(FileNotFoundError):
            stamps.append((str(path), path.stat().st_mtime_ns))
    return sorted(stamps)
