"""`rosterbus diff`: who is new, changed or removed in a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, open_ledger, print_json, project_options
from rosterbus.plan.changes import Change, read_changes
from rosterbus.plan.stored import StoredPlan

MARKS = {"new": "+", "changed": "~", "removed": "-"}


@click.command("diff")
@click.argument("plan", default="last")
@click.option("--values", is_flag=True, help="Show old and new cells; they are personal data.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Rows of each layout and kind.",
)
@json_option
@project_options
def command(plan: str, values: bool, most: int, as_json: bool, folder: Path | None, environment: str) -> int:
    """Show who is new, changed or removed in PLAN; cells only on request."""
    with open_ledger(folder, environment) as (_, ledger):
        stored = StoredPlan.load(ledger.find_plan(plan).folder)
    if as_json:
        print_json({"plan": stored.id, "changes": [_told(one, values) for one in read_changes(stored)]})
        return 0
    click.echo(f"{stored.pipeline} -> {stored.delivery}   {stored.verdict}   plan {stored.id}")
    for layout in stored.layouts:
        counts = layout.counts
        click.echo(
            f"{layout.name}: new {counts['new']:,}, changed {counts['changed']:,}, removed {counts['removed']:,}"
        )
        for line in _lines(stored, layout.name, values=values, most=most):
            click.echo(line)
    return 0


def _lines(plan: StoredPlan, layout: str, *, values: bool, most: int) -> Iterator[str]:
    shown: dict[str, int] = {}
    for change in read_changes(plan, layout):
        shown[change.kind] = shown.get(change.kind, 0) + 1
        if shown[change.kind] > most:
            continue
        why = f"  {', '.join(change.columns)}" if change.columns else ""
        mapping = "  (by the mapping)" if change.mapping else ""
        yield f"  {MARKS[change.kind]} {change.key or 'somebody (the baseline keeps digests only)'}{why}{mapping}"
        for column, old, new in change.cells if values else ():
            yield f"      {column}: {old!r} -> {new!r}"
    for kind, count in shown.items():
        if count > most:
            yield f"  {MARKS[kind]} and {count - most:,} more {kind}; --most shows them"


def _told(change: Change, values: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "layout": change.layout,
        "kind": change.kind,
        "key": change.key,
        "school": change.school,
        "columns": change.columns,
        "by_mapping": change.mapping,
    }
    if values:
        told["cells"] = [{"column": column, "old": old, "new": new} for column, old, new in change.cells]
    return told
