"""The "common gotchas" of SameGoal's article as rules on a whole plan, and what it means to be missing there."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from rosterbus.deliveries import StagedFile
from rosterbus.findings import Finding, RuleDoc
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

AGAIN = "run the pipeline again, which writes the files anew; if it stays so, report it to the connector's maintainers"
"""What is left to do where no setting and no mapping can have caused it."""

MISNAMED_FILE = RuleDoc(
    "files misnamed",
    f"SameGoal ignores what is not called {STUDENTS} or {GUARDIANS}",
    "refuse",
    ARTICLE,
    AGAIN,
)
MISSING_COLUMN = RuleDoc(
    "file missing a column",
    f"{STUDENTS} has all {len(COLUMNS)} columns, blank or not",
    "refuse",
    ARTICLE,
    AGAIN,
)
MISNAMED_COLUMN = RuleDoc(
    "misnamed column", f"the headers of {STUDENTS} are those that are published", "refuse", ARTICLE, AGAIN
)
CSV_REQUIREMENTS = RuleDoc(
    "CSV file generation requirements",
    "files are read back as CSV in UTF-8, every row with as many fields as the header",
    "refuse",
    RFC_4180,
    AGAIN,
)
UNMAPPED = RuleDoc(
    "required column not mapped",
    "a required column is never left out of the mapping",
    "refuse",
    CSV_API,
    "map it to a column of the roster below `map` in the pipeline, or take its `skip` away",
)
TOGETHER = RuleDoc(
    "guardians without students",
    "guardians are loaded together with their students",
    "refuse",
    BULK_LOADER,
    "see in the plan why no student is in a file: rejected or filtered ones are counted there",
)
NO_TEST = RuleDoc(
    "test file",
    "SameGoal knows no test file: an epoch that is tried out by hand is loaded like any other",
    "refuse",
    ARTICLE,
    "run without --test, or try it out on the twin: rosterbus rehearse PIPELINE",
)
NO_GUARDIANS = RuleDoc(
    "students without guardians",
    f"`guardians = false` sends no {GUARDIANS}; SameGoal wants both loaded together and deletes guardians that "
    "are missing from a load, so ask it what becomes of those it has",
    "warn",
    BULK_LOADER,
)
LEAVERS = RuleDoc(
    "leavers",
    "SameGoal deletes no student, so that one who is no longer in the roster stays there as active as before",
    "warn",
    f"{BULK_LOADER}; {ENROLLMENT}",
)
NO_EPOCH = RuleDoc(
    "no epoch of our own",
    '`mode = "auto"`: SameGoal may take one file before the other, and nobody can see where a file went; '
    'write `mode = "epoch"` if the account can make folders',
    "warn",
    f"{ARTICLE}; {SFTP_ACCOUNT}",
)
RULES = (
    MISNAMED_FILE,
    MISSING_COLUMN,
    MISNAMED_COLUMN,
    CSV_REQUIREMENTS,
    UNMAPPED,
    TOGETHER,
    NO_TEST,
    NO_GUARDIANS,
    LEAVERS,
    NO_EPOCH,
)


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What SameGoal's rules say of a plan; none of them is a matter of time."""
    if not plan.layouts:
        return []
    found = [*_unmapped(plan), *_leavers(plan), *_names(plan.files)]
    for file in plan.files:
        found += _contents(file)
    broken = (
        (plan.test, NO_TEST),
        (not settings.guardians, NO_GUARDIANS),
        (settings.mode == "auto", NO_EPOCH),
    )
    return [*found, *(rule.finding() for is_broken, rule in broken if is_broken)]


def _names(files: Sequence[StagedFile]) -> Iterator[Finding]:
    names = [file.name for file in files]
    if strange := [name for name in names if name not in (STUDENTS, GUARDIANS)]:
        yield MISNAMED_FILE.finding(f"{MISNAMED_FILE.sentence}: {', '.join(strange)}")
    if names and STUDENTS not in names:
        yield TOGETHER.finding(f"{TOGETHER.sentence}, and {STUDENTS} is not among the files")


def _contents(file: StagedFile) -> Iterator[Finding]:
    """Read the staged file back with another parser than the one that wrote it."""
    try:
        header, uneven = _measured(file.path)
    except (csv.Error, UnicodeDecodeError) as error:
        sentence = f"{file.name} cannot be read back as CSV in UTF-8 ({type(error).__name__})"
        yield CSV_REQUIREMENTS.finding(sentence, layout=file.layout)
        return
    if uneven:
        sentence = f"{uneven} rows of {file.name} have another number of fields than the header"
        yield CSV_REQUIREMENTS.finding(sentence, layout=file.layout, count=uneven)
    if file.name == STUDENTS:
        yield from _columns(header, file.layout)


def _columns(header: Sequence[str], layout: str) -> Iterator[Finding]:
    """Of students.csv alone: the columns of guardians.csv are not published."""
    if strange := [name for name in header if name not in COLUMNS]:
        sentence = f"{STUDENTS} has columns that SameGoal does not know: {', '.join(strange)}"
        sentence += f"; allowed: {', '.join(COLUMNS)}"
        yield MISNAMED_COLUMN.finding(sentence, layout=layout)
    if missing := [name for name in COLUMNS if name not in header]:
        yield MISSING_COLUMN.finding(f"{STUDENTS} lacks the columns {', '.join(missing)}", layout=layout)


def _unmapped(plan: PlanView) -> Iterator[Finding]:
    """Every row would be rejected, one by one, without the one reason that they all share."""
    for view in plan.layouts.values():
        if skipped := [
            one.name for one in view.spec.columns if one.required and isinstance(one.source, Skip)
        ]:
            sentence = f"SameGoal requires {', '.join(skipped)} of {view.spec.file}, and the pipeline does not map it"
            yield UNMAPPED.finding(sentence, layout=view.spec.name)


def _leavers(plan: PlanView) -> Iterator[Finding]:
    students = plan.layouts.get("students")
    if students and (gone := students.difference.removed):
        sentence = (
            f"{gone} students are no longer in the roster and stay at SameGoal, which deletes no student"
        )
        yield LEAVERS.finding(sentence, layout="students", count=gone)


def _measured(path: Path) -> tuple[list[str], int]:
    """The header, and how many rows have another number of fields."""
    with path.open(encoding="utf-8", newline="") as file:
        records = csv.reader(file, strict=True)
        header = next(records, [])
        return header, sum(len(record) != len(header) for record in records)
