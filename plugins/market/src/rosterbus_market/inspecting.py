"""Looks at one environment from within: what its connectors declare, and what a project's pipelines would send.

It is run as a process of the environment that is looked at, ``python -m rosterbus_market.inspecting REQUEST ANSWER``.
Nothing real moves: it works on a copy of the state, fetches nothing, and can read no credential.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rosterbus.describing import describe_plugin, find_plugins
from rosterbus.errors import RosterbusError, unforeseen
from rosterbus.gate import Guarded, enter
from rosterbus.ledger import Ledger
from rosterbus.ledger.ledger import FILE as LEDGER
from rosterbus.pipelines import opened, undisturbed
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.private import private_folder, write_private_text
from rosterbus.project import Project, load_pipeline, load_project
from rosterbus.runs import plan_all
from rosterbus.secrets import sealed

LEFT_OUT = ("market", "extracts", LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm")


@dataclass(frozen=True)
class Request:
    """What to look at: a project with the lock that holds here, plugins as "kind:name", pipelines, one moment."""

    project: str
    lock: str
    plugins: Sequence[str]
    pipelines: Sequence[str]
    now: str


def main(arguments: Sequence[str]) -> None:
    """Answer one request."""
    request = Request(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    if os.name == "posix":
        os.umask(0o077)
    write_private_text(Path(arguments[1]), json.dumps(inspect(request), indent=1))


def inspect(request: Request) -> dict[str, Any]:
    """What each plugin declares, and what each pipeline would send; an error stands in its place as a sentence."""
    project = load_project(Path(request.project))
    market = project.guarded.market if project.guarded else Path()
    enter(Guarded(Path(request.lock), market))
    with sealed():
        return {
            "plugins": {name: _told(_declared, name) for name in request.plugins},
            "pipelines": {
                name: _told(_planned, project, name, datetime.fromisoformat(request.now))
                for name in request.pipelines
            },
        }


def _told(what: Any, *arguments: Any) -> Any:
    try:
        return what(*arguments)
    except Exception as error:  # noqa: BLE001 - a connector that is tried may fail in any way, and that is the answer
        return {"error": str(error if isinstance(error, RosterbusError) else unforeseen(error))}


def _declared(plugin: str) -> dict[str, Any]:
    kind, _, name = plugin.partition(":")
    [one] = find_plugins(name, kind=kind)
    return describe_plugin(one)


def _planned(project: Project, name: str, now: datetime) -> dict[str, Any]:
    pipeline = load_pipeline(project, name)
    with tempfile.TemporaryDirectory(prefix="rosterbus-try-") as folder:
        state = _copy_state(project.state_dir, Path(folder) / "state")
        pretended = replace(project, state_dir=state, notifiers=())
        extracts = project.state_dir / "extracts" / pipeline.name
        with (
            Ledger(state) as ledger,
            opened(pretended, pipeline, command="plan", now=now, ledger=ledger, extracts=extracts) as context,
            undisturbed(context),
        ):
            plans = plan_all(context, pipeline.deliveries, Order())
        if isinstance(plans, str):
            return {"error": f"the source gives nothing new: {plans}"}
        return {plan.delivery: _summary(plan) for plan in plans}


def _copy_state(state: Path, copy: Path) -> Path:
    """A private copy of what is known of the past; the ledger as it is at one moment."""
    private_folder(copy)
    if state.is_dir():
        shutil.copytree(state, copy, ignore=shutil.ignore_patterns(*LEFT_OUT, "*.lock"), dirs_exist_ok=True)
    if (state / LEDGER).is_file():
        with (
            closing(sqlite3.connect(f"{(state / LEDGER).resolve().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(copy / LEDGER)) as new,
        ):
            old.backup(new)
    return copy


def _summary(plan: StoredPlan) -> Mapping[str, Any]:
    """What of a plan is compared; no cell value is in it."""
    files = {}
    for one in plan.files:
        split = "".join(f" {value}" for value in one.split.values())
        files[f"{one.name}{split}{f' {one.number}' if one.number > 1 else ''}"] = {
            "sha256": one.sha256,
            "bytes": one.bytes,
            "rows": one.rows,
        }
    return {
        "verdict": plan.verdict,
        "because": plan.because,
        "target": plan.target,
        "files": files,
        "findings": sorted(f"{one.severity}: {one.sentence}" for one in plan.findings),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
