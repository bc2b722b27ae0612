"""A village whose SIS gives whatever a test says: whole tables, change sets, or nothing new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import rosterbus_village
from rosterbus import rehearsing
from rosterbus.context import RunContext
from rosterbus.extracts import Changes, Completeness, Extract, Nothing, Rows, Unchanged
from rosterbus.hookspecs import hookimpl
from rosterbus.ledger import Ledger
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart, load_pipeline, load_project
from rosterbus.rehearsing import Rehearsal
from rosterbus.runs import plan_all
from village_kit import STUDENTS, Village

WHOLE = Completeness("complete", "the village says so")
Answer = Extract | Nothing | Unchanged


def whole(*students: str, file: str = "students.csv", **more: Any) -> Extract:
    """A full extract that is mirrored."""
    return Extract({"students": rows(*students, file=file, completeness=WHOLE)}, **{"mirrored": True, **more})


def rows(*students: str, file: str, header: str = STUDENTS, completeness: Completeness = WHOLE) -> Rows:
    return Rows([header.split(","), *(one.split(",") for one in students)], file, completeness, key="id")


def changes(
    *students: str,
    file: str = "changes.csv",
    header: str = STUDENTS,
    how: dict[str, Any] | None = None,
    **more: Any,
) -> Extract:
    """A change set of one table; `how` is about the changes, `more` about the extract."""
    table = Rows([header.split(","), *(one.split(",") for one in students)], file)
    return Extract({"students": Changes([table], ("id",), **(how or {}))}, **more)


@dataclass(eq=False)
class Feed:
    """The source: it gives `answer`, and keeps what it was told of the last time."""

    answer: Answer
    previous: list[dict[str, Any]] = field(default_factory=list)
    Settings = rosterbus_village.Settings

    @hookimpl
    def extract(self, settings: Any, state: Any) -> Answer:
        self.previous.append(dict(state.previous))
        return self.answer

    @hookimpl
    def map(self, settings: Any, tables: Any) -> Any:
        return rosterbus_village.map(settings, tables)


@dataclass
class FedVillage(Village):
    """A village with a feed."""

    feed: Feed = field(default_factory=lambda: Feed(Nothing("nobody gave anything yet")))

    def night(self, answer: Answer, *, order: Order | None = None, days: int = 1) -> Outcome:
        """One run, a day later."""
        self.feed.answer = answer
        self.now += timedelta(days=days)
        with self.opened("run") as (context, parts):
            return run(context, parts, order)

    def planned(self, answer: Answer, *, days: int = 1) -> StoredPlan:
        self.feed.answer = answer
        self.now += timedelta(days=days)
        with self.opened("plan") as (context, parts):
            plans = plan_all(context, parts, Order())
        assert not isinstance(plans, str), plans
        return plans[0]

    @contextmanager
    def opened(self, command: str) -> Iterator[tuple[RunContext, Sequence[DeliveryPart]]]:
        project = load_project(self.root)
        pipeline = load_pipeline(project, "v")
        brought = {"source:village": self.feed}
        with opened(project, pipeline, command=command, now=self.now, brought=brought) as context:
            yield context, pipeline.deliveries

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / ".rosterbus")

    @property
    def home(self) -> Path:
        return self.root / ".rosterbus" / "mirror" / "v"

    def rehearsed(self, answer: Answer) -> Rehearsal:
        """A rehearsal of the pipeline, which opens it by itself."""
        self.feed.answer = answer
        project = load_project(self.root)
        brought = partial(opened, brought={"source:village": self.feed})
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(rehearsing, "opened", brought)
            pipeline = load_pipeline(project, "v")
            return rehearsing.rehearse(project, pipeline, pipeline.deliveries, lambda _: None)

    def parquet(self, path: Path, columns: str) -> list[tuple[Any, ...]]:
        return duckdb.sql(f"SELECT {columns} FROM '{path}'").fetchall()

    def state(self) -> Any:
        """What the ledger knows of the source."""
        with self.ledger as ledger:
            return ledger.sources.current("v")

    def mirrored(self, table: str = "students") -> list[tuple[Any, ...]]:
        """The rows of the mirror: number, file, row, and the cells."""
        folder = self.root / ".rosterbus" / self.state().mirror
        (path,) = folder.glob(f"*.{table}.parquet")
        found = duckdb.sql(f"SELECT _row.number, _row.file, _row.row, * EXCLUDE (_row) FROM '{path}'")
        return found.fetchall()

    def sent(self) -> list[list[str]]:
        """The lines of the students' file of every box, oldest first, without the header."""
        files = [box / "students.csv" for box in self.boxes]
        return [one.read_text(encoding="utf-8").splitlines()[1:] for one in files]


def shown(outcome: Outcome) -> SimpleNamespace:
    """The one receipt of a run."""
    (receipt,) = outcome.receipts
    return SimpleNamespace(**receipt.as_json())
