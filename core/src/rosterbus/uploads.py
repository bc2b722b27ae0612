"""The last uploads: which file went to which vendor, what became of it, and where the report about it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rosterbus.deliveries import Outcome
from rosterbus.delivery.purging import REPORT
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan
from rosterbus.reports import Upload

MOST_UPLOADS = 10
MOST_RUNS = 200
"""How far back a pipeline's runs are searched for the one that reported on a delivery."""

AT_THE_VENDOR: Mapping[Outcome, str] = {
    "unknown": "uploaded",
    "running": "processing",
    "processed": "processed",
    "partly": "processed with errors",
    "not processed": "not processed",
}


def last_uploads(
    ledger: Ledger, most: int = MOST_UPLOADS, *, pipeline: str | None = None
) -> Iterator[tuple[DeliveryRecord, Upload]]:
    """The last deliveries of one pipeline, or of all, the newest first, one line for each file of each."""
    records = ledger.deliveries.latest(most, pipeline=pipeline)
    runs = {run: name for one in {one.pipeline for one in records} for run, name in _told(ledger, one)}
    for record in records:
        folder = ledger.state_dir / "runs" / str(runs.get(record.id, record.token)) / REPORT
        for name in _names(ledger, record):
            yield (
                record,
                Upload(
                    file=name,
                    status=_status(record),
                    completed=record.confirmed_at or record.ended_at,
                    report=str(folder) if folder.is_dir() else "",
                    delivery=record.name,
                    plan=record.plan,
                ),
            )


def _told(ledger: Ledger, pipeline: str) -> Iterator[tuple[str, int]]:
    """Each delivery with the run in which it ended; of several that tell of it the last one counts, which is newest."""
    for run in reversed(ledger.runs.latest(MOST_RUNS, pipeline=pipeline)):
        for receipt in run.summary.get("receipts", ()):
            if receipt["state"] != "open":
                yield receipt["id"], run.id


def _status(record: DeliveryRecord) -> str:
    """What became of it, in the words that vendors use for their own uploads where they have one."""
    if record.state == "confirmed":
        said = AT_THE_VENDOR[record.outcome]
    elif record.waits:
        said = "handed over"
    else:
        said = record.state if record.state in ("held", "failed") else "in progress"
    return f"{said} (test)" if record.test else said


def _names(ledger: Ledger, record: DeliveryRecord) -> Sequence[str]:
    """The remote names of its files, or their own where none were fixed yet."""
    if record.address:
        return record.address.files
    return [file.name for file in StoredPlan.load(ledger.plans.get(record.plan).folder).files]
