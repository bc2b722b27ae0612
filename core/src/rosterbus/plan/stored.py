"""A plan as it is kept: one JSON file without cell values, beside the private files of its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rosterbus.deliveries import StagedFile
from rosterbus.findings import Finding
from rosterbus.private import write_private_text

Verdict = Literal["go", "nothing new", "not due", "held", "refused"]
FILE = "plan.json"
FILES = "files"
"""The folder of the staged files, below the plan's."""


@dataclass(frozen=True)
class StoredLayout:
    """What a plan knows of one layout. `next_baseline` becomes the baseline once the plan is confirmed."""

    name: str
    lead: str
    """The source's file that its rows come from."""
    counts: Mapping[str, int]
    completeness: str
    proof: str
    baseline: str | None
    baseline_kind: Literal["values", "digests"]
    next_baseline: str | None
    recipe: str
    difference: Mapping[str, Any]
    problems: Mapping[str, int]
    """Rejected cells by the vendor's column."""
    has_ids: bool = True
    """Whether its rows have an id of their own, by which a report can name them."""


@dataclass(frozen=True)
class StoredPlan:
    """A plan, from its verdict to its end. Times are aware; `folder` is private."""

    id: str
    pipeline: str
    delivery: str
    connector: str
    guarantee: str
    target: str
    created: datetime
    test: bool
    whole: bool
    """False where it is about one record alone."""
    verdict: Verdict
    due: datetime | None
    because: str
    hash: str
    folder: Path
    files: tuple[StagedFile, ...]
    remote: tuple[str, ...]
    layouts: tuple[StoredLayout, ...]
    findings: tuple[Finding, ...]
    raw: Mapping[str, Any]
    headers: Mapping[str, Sequence[str]]
    """The columns of every raw table."""
    newly_unreadable: int
    """How many more records of the export cannot be read than in the last plan that came to its end."""
    as_of: datetime | None

    @property
    def holds(self) -> list[Finding]:
        """The findings that hold it."""
        return [finding for finding in self.findings if finding.severity == "hold"]

    def total(self, name: str) -> int:
        """One count, over all layouts."""
        return sum(layout.counts.get(name, 0) for layout in self.layouts)

    @property
    def unreadable(self) -> int:
        """Records of the export that cannot be read at all, in all raw tables."""
        return sum(table["rejected"] for table in self.raw.values())

    @property
    def newly_rejected(self) -> int:
        """Rows and records that were lost to a mistake in the export, and were not before."""
        return self.total("newly_rejected") + self.newly_unreadable

    def as_json(self) -> dict[str, Any]:
        """The plan for machines and for the plan's own file; paths are told relative to its folder."""
        told: dict[str, Any] = json.loads(json.dumps(asdict(self), default=_plain))
        told["files"] = [
            {**file, "path": one.path.relative_to(self.folder).as_posix()}
            for file, one in zip(told["files"], self.files, strict=True)
        ]
        return told

    def save(self) -> None:
        """Write ``plan.json`` into the plan's folder."""
        write_private_text(self.folder / FILE, json.dumps(self.as_json(), ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, folder: Path) -> StoredPlan:
        """Read what `save` wrote."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        told["folder"] = folder
        told["files"] = tuple(StagedFile(**{**file, "path": folder / file["path"]}) for file in told["files"])
        told["layouts"] = tuple(StoredLayout(**layout) for layout in told["layouts"])
        told["findings"] = tuple(_finding(finding) for finding in told["findings"])
        told["remote"] = tuple(told["remote"])
        for name in ("created", "due", "as_of"):
            told[name] = datetime.fromisoformat(told[name]) if told[name] else None
        return cls(**{one.name: told[one.name] for one in fields(cls)})


def content_hash(
    files: Sequence[StagedFile],
    baselines: Mapping[str, str | None],
    recipes: Mapping[str, str],
    *,
    target: str,
    test: bool,
) -> str:
    """What an approval binds to: the bytes, what the vendor is believed to hold, the mapping, and the target."""
    content = {
        "files": [[file.name, file.sha256, dict(file.split), file.number] for file in files],
        "baselines": dict(baselines),
        "recipes": dict(recipes),
        "target": target,
        "test": test,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(one: Any) -> Any:
    if isinstance(one, datetime):
        return one.isoformat()
    if isinstance(one, Path):
        return str(one)
    msg = f"{type(one).__name__} does not belong in a plan"
    raise TypeError(msg)


def _finding(told: dict[str, Any]) -> Finding:
    until = datetime.fromisoformat(told["until"]) if told.get("until") else None
    return Finding(**{**told, "until": until})
