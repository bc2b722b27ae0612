"""`rosterbus demo`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rosterbus.cli.receipt_text import analysis_lines, outcome_lines
from rosterbus.cli.shared_options import print_json, progress
from rosterbus.context import Progress
from rosterbus.delivery.baselines import set_empty
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.private import private_folder
from rosterbus.project import Pipeline, Project, load_pipeline, load_project
from rosterbus_oneroster.synthetic import District

from rosterbus_demo.handing import finish
from rosterbus_demo.project import PIPELINE, TWINS, VENDORS, prepare, write_export, write_project
from rosterbus_demo.twins import Twins

FOLDER = Path("rosterbus-demo")
Analyses = Mapping[str, Sequence[Mapping[str, Any]]]


@click.command("demo")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True,
              help="Where its project folder goes.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave the twins up, and say how to look into them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def demo(folder: Path, keep: bool, as_json: bool) -> int:
    """Deliver a made-up district to every vendor's twin: one OneRoster export, checked, mapped, delivered, proved."""
    with progress(quiet=as_json) as tell:
        prepare(folder)
        tell("writing a made-up district")
        district = write_export(folder)
        tell("starting the vendors' twins")
        with Twins(private_folder(folder.resolve() / TWINS), VENDORS) as twins:
            write_project(folder, twins.settings)
            project = load_project(folder)
            pipeline = load_pipeline(project, PIPELINE)
            outcome = _run(project, pipeline, tell)
            tell("letting the vendors work off what arrived")
            analyses = twins.settle()
            finish(project, pipeline, outcome, twins=twins.folder, tell=tell)
            pid = twins.keep() if keep else 0
    wrong = unexpected(outcome, analyses)
    if as_json:
        told = {**outcome.as_json(), "exit": 1 if wrong else 0, "run_exit": outcome.exit_code}
        kept = {"pid": pid, "reach": twins.reach} if keep else None
        print_json({**told, "twins": analyses, "kept": kept, "unexpected": wrong, "folder": str(folder)})
    else:
        for line in _story(
            folder, district, outcome, analyses=analyses, wrong=wrong, reach=twins.reach, pid=pid
        ):
            click.echo(line)
    return 1 if wrong else 0


def unexpected(outcome: Outcome, analyses: Analyses) -> list[str]:
    """What is not as it has to be; empty if every vendor has exactly what the receipts say."""
    wrong = [f"{failure.delivery}: {failure.error}" for failure in outcome.failures]
    wrong += [f"the source gave nothing: {outcome.nothing}"] if outcome.nothing else []
    for receipt in outcome.receipts:
        name = receipt.plan.delivery
        if receipt.state != "confirmed":
            wrong.append(f"{name}: {receipt.state} ({receipt.because})")
        if not receipt.balanced:
            wrong.append(f"{name}: the counts do not close")
        if len(analyses.get(name, ())) != 1:
            wrong.append(f"{name}: the vendor saw {len(analyses.get(name, ()))} deliveries instead of one")
    return wrong


def _run(project: Project, pipeline: Pipeline, tell: Progress) -> Outcome:
    with opened(project, pipeline, command="demo", progress=tell) as context:
        for part in pipeline.deliveries:
            set_empty(context, part)
        return run(context, pipeline.deliveries)


def _story(
    folder: Path,
    district: District,
    outcome: Outcome,
    *,
    analyses: Analyses,
    wrong: Sequence[str],
    reach: Mapping[str, Sequence[str]],
    pid: int,
) -> Iterator[str]:
    students = district.rows["users"]
    yield f"a made-up district: {students:,} users in {district.path}, {sum(district.planted.values())} flaws planted"
    yield ""
    yield from outcome_lines(outcome)
    for name, found in analyses.items():
        yield from analysis_lines(name, found)
    yield f"report: {outcome.report}"
    yield f"  look at {Path(outcome.report) / 'report.html'}"
    yield from (f"not as expected: {one}" for one in wrong)
    if pid:
        yield ""
        yield f"the twins are up until you end them: kill {pid}"
        for name, lines in reach.items():
            yield from (f"  {name}: {line}" for line in lines)
    yield ""
    yield f"next: cd {shlex.quote(str(folder))} && rosterbus plan {PIPELINE}"
