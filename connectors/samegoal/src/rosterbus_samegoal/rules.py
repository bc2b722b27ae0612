"""The "common gotchas" of SameGoal's article as rules on a whole plan, and what it means to be missing there."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import StagedFile
from rosterbus.findings import Finding
from rosterbus.layouts import Skip
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

from rosterbus_samegoal.published import (
    ARTICLE,
    BULK_LOADER,
    COLUMNS,
    CSV_API,
    ENROLLMENT,
    GUARDIANS,
    RFC_4180,
    SFTP_ACCOUNT,
    STUDENTS,
)

IF_NOTHING = "SameGoal keeps what it has, and nothing of this plan is sent"
MEND = "mend the mapping of the pipeline and run it again; the new plan takes the place of this one"


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What SameGoal's rules say of a plan; none of them is a matter of time."""
    if not plan.layouts:
        return []
    found = [*_test(plan), *_unmapped(plan), *_leavers(plan), *_guardians(settings), *_mode(settings)]
    if plan.files:
        found += _names(plan.files)
    for file in plan.files:
        found += _contents(file)
    return found


def _refused(rule: str, sentence: str, source: str, **more: Any) -> Finding:
    return Finding("refuse", rule, sentence, source, if_nothing=IF_NOTHING, if_wrong=MEND, **more)


def _test(plan: PlanView) -> Iterator[Finding]:
    if plan.test:
        sentence = "SameGoal knows no test file: an epoch that is tried out by hand is loaded like any other"
        yield _refused("test file", sentence, ARTICLE)


def _names(files: Sequence[StagedFile]) -> Iterator[Finding]:
    names = [file.name for file in files]
    if strange := [name for name in names if name not in (STUDENTS, GUARDIANS)]:
        sentence = f"SameGoal ignores {', '.join(strange)}: the files are called {STUDENTS} and {GUARDIANS}"
        yield _refused("files misnamed", sentence, ARTICLE)
    if STUDENTS not in names:
        sentence = f"{STUDENTS} is not among the files, and guardians are loaded together with their students"
        yield _refused("guardians without students", sentence, BULK_LOADER)


def _contents(file: StagedFile) -> Iterator[Finding]:
    """Read the staged file back with another parser than the one that wrote it."""
    rule = "CSV file generation requirements"
    try:
        header, uneven = _measured(file.path)
    except (csv.Error, UnicodeDecodeError) as error:
        sentence = f"{file.name} cannot be read back as CSV in UTF-8 ({type(error).__name__})"
        yield _refused(rule, sentence, RFC_4180, layout=file.layout)
        return
    if uneven:
        sentence = f"{uneven} rows of {file.name} have another number of fields than the header"
        yield _refused(rule, sentence, RFC_4180, layout=file.layout, numbers={"rows": uneven})
    if file.name == STUDENTS:
        yield from _columns(header, file.layout)


def _columns(header: Sequence[str], layout: str) -> Iterator[Finding]:
    """Of students.csv alone: the columns of guardians.csv are not published."""
    if strange := [name for name in header if name not in COLUMNS]:
        sentence = f"{STUDENTS} has columns that SameGoal does not know: {', '.join(strange)}"
        yield _refused("misnamed column", sentence, ARTICLE, layout=layout)
    if missing := [name for name in COLUMNS if name not in header]:
        sentence = f"{STUDENTS} lacks the columns {', '.join(missing)}"
        yield _refused("file missing a column", sentence, ARTICLE, layout=layout)


def _unmapped(plan: PlanView) -> Iterator[Finding]:
    """A required column that is not mapped would have every row rejected, one by one."""
    for view in plan.layouts.values():
        skipped = [c.name for c in view.spec.columns if c.required and isinstance(c.source, Skip)]
        if skipped:
            sentence = f"{', '.join(skipped)} of {view.spec.file} is required and mapped to nothing"
            yield _refused("required column not mapped", sentence, CSV_API, layout=view.spec.name)


def _leavers(plan: PlanView) -> Iterator[Finding]:
    students = plan.layouts.get("students")
    removed = students.difference.removed if students else 0
    if removed:
        yield Finding(
            "warn",
            "leavers",
            f"{removed} students are no longer in the roster; SameGoal deletes nobody, so they stay there as they are",
            f"{BULK_LOADER}; {ENROLLMENT}",
            layout="students",
            if_wrong="let the source give leavers with an enrollment status such as transferred or graduated",
            numbers={"count": removed},
        )


def _guardians(settings: Values) -> Iterator[Finding]:
    if not settings.guardians:
        yield Finding(
            "warn",
            "students without guardians",
            f"`guardians = false` sends no {GUARDIANS}; SameGoal wants both loaded together and deletes guardians "
            "that are missing from a load, so ask it what becomes of those it has",
            BULK_LOADER,
        )


def _mode(settings: Values) -> Iterator[Finding]:
    if settings.mode == "auto":
        yield Finding(
            "warn",
            "no epoch of our own",
            '`mode = "auto"`: SameGoal may take one file before the other, and where a file went is not to be seen; '
            'write `mode = "epoch"` if the account can make folders',
            f"{ARTICLE}; {SFTP_ACCOUNT}",
        )


def _measured(path: Path) -> tuple[list[str], int]:
    """The header, and how many rows have another number of fields."""
    with path.open(encoding="utf-8", newline="") as file:
        records = csv.reader(file, strict=True)
        header = next(records, [])
        return header, sum(len(record) != len(header) for record in records)
