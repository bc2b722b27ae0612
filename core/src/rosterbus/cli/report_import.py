"""`rosterbus report RUN --import FILE`: read a vendor's own report back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rosterbus.cli.shared_options import open_ledger, open_pipeline, pipeline_run, print_json
from rosterbus.delivery.vendor_reports import Imported, import_report


def import_all(
    run: str, files: Sequence[Path], of: str, *, as_json: bool, folder: Path | None, environment: str
) -> int:
    """Read reports on the delivery that RUN means, one after the other; each is kept before the next is read."""
    with open_ledger(folder, environment) as (_, ledger):
        record = ledger.find_delivery(run)
    project, pipeline = open_pipeline(folder, environment, record.pipeline)
    imported = []
    for file in files:
        with pipeline_run(project, pipeline, command="report --import", quiet=True) as context:
            part = pipeline.delivery(record.name)
            found = import_report(context, part, record, file=file, chosen=of)
            context.ledger.runs.end(context.token, 0, summary={"imported": found.as_json()})
        imported.append(found)
        if not as_json:
            click.echo("\n".join(_lines(file, found)))
    if as_json:
        print_json({"imported": [one.as_json() for one in imported]})
    return 0


def _lines(file: Path, found: Imported) -> Iterator[str]:
    delivery, report = found.delivery, found.report
    if found.again:
        yield f"{file.name} was imported before; nothing was changed"
    else:
        yield f"{file.name}   {report.layout}: {report.rows:,} rows refused, {report.errors:,} errors"
    yield f"delivery {delivery.id}   {delivery.state}, at the vendor: {delivery.outcome}"
    if found.waits:
        yield f"it waits for the reports on {found.waits} more of its files"
    elif report.errors:
        yield f"next: rosterbus report {delivery.plan} names the rows of the export; correct them there and run again"
