"""`rosterbus check`: settings, credentials, connection, rules, this machine; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from rosterbus.checking import Fact, exit_code, machine_facts, pipeline_facts, project_facts
from rosterbus.cli.shared_options import json_option, print_json, project_options
from rosterbus.project import Project, load_project, pipeline_files

WORDS = {"ok": "ok", "warn": "warn", "fail": "FAIL"}


@click.command("check")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@json_option
@project_options
def command(pipelines: Sequence[str], as_json: bool, folder: Path | None, environment: str) -> int:
    """Check PIPELINE, or all of the project, and this machine, as far as nothing needs to be changed for it."""
    project = load_project(folder, environment=environment)
    facts = []
    for fact in _facts(project, pipelines):
        facts.append(fact)
        if not as_json:
            click.echo(f"{WORDS[fact.grade]:<4}  {fact.about}: {fact.sentence}")
    code = exit_code(facts)
    if as_json:
        print_json({"facts": [asdict(fact) for fact in facts], "exit": code})
    return code


def _facts(project: Project, names: Sequence[str]) -> Iterator[Fact]:
    yield from machine_facts(project.state_dir)
    yield from project_facts(project)
    meant = names or list(pipeline_files(project))
    if not meant:
        yield Fact("warn", "project", "there is no pipeline here; rosterbus init writes one")
    for name in meant:
        yield from pipeline_facts(project, name)
