"""A village with a SIS, a vendor with a drop folder, and a project between them: the kit of the road's tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

from rosterbus.delivery.baselines import set_empty
from rosterbus.pipelines import Outcome, opened, run
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from rosterbus.runs import plan_all

STUDENTS = "id,first,last,mail,born,school,class"


@dataclass
class Village:
    """The project folder `root`, the export in `export`, the vendor's folder in `vendor`."""

    root: Path
    now: datetime = datetime(2026, 11, 20, 20, tzinfo=UTC)

    @property
    def export(self) -> Path:
        return self.root / "export"

    @property
    def vendor(self) -> Path:
        return self.root / "vendor"

    @property
    def boxes(self) -> list[Path]:
        """The vendor's boxes that ever had a marker, taken or not."""
        return sorted(mark.parent for mark in self.vendor.rglob("MARK"))

    def take(self) -> None:
        """Let the vendor take what has a marker; the same name twice is seen as two."""
        for mark in self.vendor.glob("*/MARK"):
            taken = self.vendor / "processed" / mark.parent.name
            taken.parent.mkdir(exist_ok=True)
            mark.parent.rename(taken.with_name(f"{taken.name}-again") if taken.exists() else taken)

    def fault(self, *faults: str) -> None:
        """How the vendor misbehaves in the next sendings."""
        (self.vendor / "fault").write_text("\n".join(faults), encoding="utf-8")

    def write(self, students: list[str], contacts: list[str] | None = None) -> None:
        self.export.mkdir(exist_ok=True)
        text = "\n".join([STUDENTS, *students, ""])
        (self.export / "students.csv").write_text(text, encoding="utf-8", newline="\n")
        if contacts is not None:
            text = "\n".join(["id,student,name,phone", *contacts, ""])
            (self.export / "contacts.csv").write_text(text, encoding="utf-8", newline="\n")

    def pipeline(self, extra: str = "", deliver: str = "", before: str = "") -> None:
        (self.root / "pipelines").mkdir(exist_ok=True)
        head = f'timezone = "America/Chicago"\n{dedent(before)}\n[source]\nconnector = "village"\nlocation = "export"\n'
        body = f'{dedent(extra)}\n[deliver.drop]\nfolder = "{self.vendor.as_posix()}"\n{dedent(deliver)}\n'
        (self.root / "pipelines" / "v.toml").write_text(head + body, encoding="utf-8", newline="\n")

    def run(self, *, hours: float = 0, order: Order | None = None) -> Outcome:
        self.now += timedelta(hours=hours)
        project = load_project(self.root)
        pipeline = load_pipeline(project, "v")
        with opened(project, pipeline, command="run", now=self.now) as context:
            return run(context, pipeline.deliveries, order)

    def plan(self, *, hours: float = 0, order: Order | None = None) -> StoredPlan:
        self.now += timedelta(hours=hours)
        project = load_project(self.root)
        pipeline = load_pipeline(project, "v")
        with opened(project, pipeline, command="plan", now=self.now) as context:
            plans = plan_all(context, pipeline.deliveries, order or Order())
        assert not isinstance(plans, str), plans
        return plans[0]

    def baseline_empty(self) -> None:
        project = load_project(self.root)
        pipeline = load_pipeline(project, "v")
        with opened(project, pipeline, command="baseline", now=self.now) as context:
            set_empty(context, pipeline.deliveries[0])


def student(
    number: int, *, school: str = "1", grade: str = "05", mail: str | None = None, born: str = "2015-03-04"
) -> str:
    address = f"s{number}@example.org" if mail is None else mail
    return f"{number},First{number},Last{number},{address},{born},{school},{grade}"
