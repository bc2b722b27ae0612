"""`rosterbus preview`: source value, mapping, mapped value and verdict, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from rosterbus.project import Pipeline, Project

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
    while True:
        project, read = open_pipeline(folder, environment, pipeline)
        seen = _stamp(project)
        try:
            _show(project, read, deliver, ids, as_json=as_json)
        except RosterbusError as error:
            if not watch:
                raise
            click.echo(f"rosterbus: {error}", err=True)
        if not watch:
            return 0
        while _stamp(project) == seen:
            time.sleep(WATCH_SECONDS)
        click.clear()


def _show(
    project: Project, pipeline: Pipeline, deliver: Sequence[str], ids: Sequence[str], *, as_json: bool
) -> None:
    with pipeline_run(project, pipeline, command="preview", quiet=True) as context:
        shown = preview(context, chosen(pipeline, deliver), ids)
        context.ledger.runs.end(context.token, 0, summary={})
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


def _stamp(project: Project) -> list[tuple[str, int]]:
    files = [
        *project.folder.glob("*.toml"),
        *project.folder.glob("pipelines/*.toml"),
        *project.folder.glob("codes/*.csv"),
    ]
    return sorted((str(path), path.stat().st_mtime_ns) for path in files)
