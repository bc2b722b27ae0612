"""A vendor's own report on what the village sent, as a person brings it, and what is known afterwards."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rosterbus.cli import command_line
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.plan.stored import StoredPlan
from village_kit import Village

UNGUARDED = "[deliver.drop.guards]\nchanged = 1.0\nidentifiers = 1.0\nremoved = 1.0"
Error = tuple[str, str, str, str, str]


def report(village: Village, *errors: Error, name: str = "report.csv") -> Path:
    path = village.root / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "row", "key", "column", "error"), *errors])
    return path


def by_row(row: int, column: str = "Mail", error: str = "is used already") -> Error:
    return ("", str(row), "", column, error)


def imported(
    village: Village, path: Path, capsys: pytest.CaptureFixture[str], *options: str, run: str = "v"
) -> dict[str, Any]:
    given = ("report", run, "--import", str(path), "--json", "--folder", str(village.root), *options)
    assert command_line(given) == 0
    [told] = json.loads(capsys.readouterr().out)["imported"]
    return dict(told)


def refused(village: Village, path: Path, capsys: pytest.CaptureFixture[str], run: str = "v") -> str:
    assert command_line(["report", run, "--import", str(path), "--folder", str(village.root)]) == 2
    return capsys.readouterr().err


def delivery(village: Village, place: int = 0) -> DeliveryRecord:
    with Ledger(village.root / ".rosterbus") as ledger:
        return ledger.deliveries.latest()[place]


def believed(village: Village, layout: str = "students") -> list[str]:
    with Ledger(village.root / ".rosterbus") as ledger:
        baseline = ledger.baselines.current("v", "drop")[layout]
    assert baseline.path is not None
    return sorted(key for (key,) in duckdb.read_parquet(str(baseline.path)).project("_key").fetchall())


def problems(plan: StoredPlan, layout: str = "students") -> list[tuple[Any, ...]]:
    rows = duckdb.read_parquet(str(plan.folder / f"problems.{layout}.parquet"))
    return rows.project('kind, file, "row", key, "column", message').fetchall()


def files_of(village: Village) -> list[list[str]]:
    """The ids in each file that the vendor got, the oldest first."""
    texts = [(box / "students.csv").read_text(encoding="utf-8") for box in village.boxes]
    return [[line.partition(",")[0] for line in text.splitlines()[1:]] for text in texts]


def moved(outcome: Any, layout: str = "students") -> dict[str, int]:
    [receipt] = outcome.receipts
    assert receipt.balanced
    return {name: count for name, count in receipt.counts[layout].items() if count and name != "read"}
