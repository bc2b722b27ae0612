"""Great Minds' published rules on whole files and packages, read back from what was staged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rosterbus.deliveries import StagedFile
from rosterbus.findings import Finding, RuleDoc
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

from rosterbus_great_minds.package import members
from rosterbus_great_minds.published import (
    ADDITIONAL_ROLES_COLUMN,
    ARTICLE,
    CLASSES,
    MOST_BYTES,
    MOST_ROWS,
    ONEROSTER,
    PACKAGE,
    STAFF,
    STUDENTS,
    STUDENTS_FILE,
    TEMPLATES,
    USERS_CSV,
)

AGAIN = "run the pipeline again, which writes the files anew; if it stays so, report it to the connector's maintainers"
"""What is left to do where no setting and no mapping can have caused it."""
ONE_ID = "give each its own id below `map` in the pipeline, such as concat('T', staff_id)"

FILE_NAME = RuleDoc("file name", f"the student file is called {STUDENTS_FILE}", "refuse", STUDENTS, AGAIN)
HEADERS = RuleDoc(
    "template headers",
    "the headers are the template's, in its order, none taken away and none renamed",
    "refuse",
    f"{STUDENTS}; {STAFF}; {CLASSES}",
    AGAIN,
)
SIZE = RuleDoc(
    "file size",
    f"an upload is not empty and has at most {MOST_ROWS:,} rows and 2 MB",
    "refuse",
    f"{STUDENTS}; {STAFF}; {CLASSES}",
    AGAIN,
)
NO_TEST = RuleDoc(
    "test file",
    "Great Minds knows no test file: whatever is uploaded is created",
    "refuse",
    ARTICLE,
    "run without --test, or try it out on the twin: rosterbus rehearse PIPELINE",
)
SHARED = RuleDoc(
    "shared by student and staff",
    "an e-mail address is one account's on the whole platform, and a user name one's in the district",
    "warn",
    f"{STUDENTS}; {STAFF}",
    "find them in both files, and correct one of each pair in the student information system",
)
TEACHERS_FIRST = RuleDoc(
    "teachers first",
    "a class is refused until its teacher exists, so upload the staff files before the class files",
    "warn",
    CLASSES,
)
LEAVERS = RuleDoc(
    "leavers stay",
    "uploads only create: who left stays there until somebody takes them out",
    "warn",
    STUDENTS,
)
FOUR_FILES = RuleDoc(
    "required files",
    f"a package has {', '.join(PACKAGE)}",
    "refuse",
    ONEROSTER,
    "see in the plan why nothing is in them: rows that are rejected or filtered are counted there",
)
COLUMNS = RuleDoc(
    "package columns",
    f"every column of OneRoster 1.1 in its order, and {ADDITIONAL_ROLES_COLUMN} only as the last of users.csv",
    "refuse",
    f"{ONEROSTER}; {USERS_CSV}",
    AGAIN,
)
BULK_ONLY = RuleDoc(
    "bulk only",
    "status and dateLastModified are blank, since packages are bulk only",
    "refuse",
    ONEROSTER,
    "take the mapping of `status` and `dateLastModified` out of the pipeline",
)
UNIQUE_IDS = RuleDoc(
    "unique ids", "a sourcedId stands once in each file of the package", "refuse", USERS_CSV, ONE_ID
)
STUDENT_ROLES = RuleDoc(
    "additional roles",
    f"{ADDITIONAL_ROLES_COLUMN} is not for students",
    "refuse",
    USERS_CSV,
    f"take the mapping of {ADDITIONAL_ROLES_COLUMN} out of `student_users` in the pipeline",
)
RULES = (
    FILE_NAME,
    HEADERS,
    SIZE,
    NO_TEST,
    SHARED,
    TEACHERS_FIRST,
    LEAVERS,
    FOUR_FILES,
    COLUMNS,
    BULK_ONLY,
    UNIQUE_IDS,
    STUDENT_ROLES,
)


def judged(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """What Great Minds' rules say of a plan; none of them is a matter of time."""
    if not plan.layouts:
        return []
    found = (
        [*_package(plan.files)] if settings.mode == "oneroster" else [*_uploads(plan.files), *_leavers(plan)]
    )
    return [*found, NO_TEST.finding()] if plan.test else found


def _uploads(files: Sequence[StagedFile]) -> Iterator[Finding]:
    for file in files:
        if file.layout == "students" and file.name != STUDENTS_FILE:
            yield FILE_NAME.finding(f"{FILE_NAME.sentence}, and not {file.name}", layout=file.layout)
        if not 1 <= file.rows <= MOST_ROWS or file.bytes > MOST_BYTES:
            sentence = f"{SIZE.sentence}; {file.name} has {file.rows:,} rows and {file.bytes:,} bytes"
            yield SIZE.finding(sentence, layout=file.layout)
        if tuple(_header(file)) != TEMPLATES.get(file.layout):
            yield HEADERS.finding(f"{file.name}: {HEADERS.sentence}", layout=file.layout)
    if {"staff", "classes"} <= {file.layout for file in files}:
        yield TEACHERS_FIRST.finding(layout="classes")
    for column in ("email", "username"):
        shared = _cells(files, "students", column) & _cells(files, "staff", column)
        if shared:
            sentence = (
                f"{SHARED.sentence}: {len(shared)} in `{column}` of both files, one of which will be refused"
            )
            yield SHARED.finding(sentence, layout="students", count=len(shared))


def _leavers(plan: PlanView) -> Iterator[Finding]:
    for name, view in plan.layouts.items():
        if gone := view.difference.removed:
            yield LEAVERS.finding(f"{gone} of `{name}` are gone; {LEAVERS.sentence}", layout=name, count=gone)


def _package(files: Sequence[StagedFile]) -> Iterator[Finding]:
    if not files:
        return
    found = members(files)
    if missing := [name for name in PACKAGE if name not in found]:
        yield FOUR_FILES.finding(f"{FOUR_FILES.sentence}; it lacks {', '.join(missing)}")
    for name, parts in found.items():
        yield from _member(name, parts)


def _member(name: str, parts: Sequence[StagedFile]) -> Iterator[Finding]:
    known = PACKAGE.get(name, ())
    additional = (*known, ADDITIONAL_ROLES_COLUMN) if name == "users.csv" else known
    headers = {tuple(_header(part)) for part in parts}
    if len(headers) > 1 or not headers <= {known, additional}:
        yield COLUMNS.finding(f"{name}: {COLUMNS.sentence}", layout=parts[0].layout)
        return
    ids: set[str] = set()
    repeated = dated = roled = 0
    for part in parts:
        for row in _rows(part):
            repeated += row["sourcedId"] in ids
            ids.add(row["sourcedId"])
            dated += bool(row["status"] or row["dateLastModified"])
            roled += row.get("role") == "student" and bool(row.get(ADDITIONAL_ROLES_COLUMN))
    for rule, count in ((UNIQUE_IDS, repeated), (BULK_ONLY, dated), (STUDENT_ROLES, roled)):
        if count:
            sentence = f"{name}: {rule.sentence} ({count} rows break it)"
            yield rule.finding(sentence, layout=parts[0].layout, count=count)


def _header(file: StagedFile) -> list[str]:
    with file.path.open(encoding="utf-8", newline="") as text:
        return next(csv.reader(text, strict=True), [])


def _rows(file: StagedFile) -> Iterator[Mapping[str, str]]:
    with file.path.open(encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text, strict=True)


def _cells(files: Iterable[StagedFile], layout: str, column: str) -> set[str]:
    """What the files of a layout have in a column, small letters, blanks left out."""
    rows = (row for file in files if file.layout == layout for row in _rows(file))
    return {row[column].lower() for row in rows if row.get(column)}
