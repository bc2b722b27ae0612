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

FILE_NAME = RuleDoc("file name", f"the student file is called {STUDENTS_FILE}", "refuse", STUDENTS)
HEADERS = RuleDoc(
    "template headers",
    "the headers are the template's, in its order, none taken away and none renamed",
    "refuse",
    f"{STUDENTS}; {STAFF}; {CLASSES}",
)
SIZE = RuleDoc(
    "file size",
    f"an upload is not empty and has at most {MOST_ROWS:,} rows and 2 MB",
    "refuse",
    f"{STUDENTS}; {STAFF}; {CLASSES}",
)
NO_TEST = RuleDoc(
    "test file", "Great Minds knows no test file: whatever is uploaded is created", "refuse", ARTICLE
)
SHARED = RuleDoc(
    "shared by student and staff",
    "an e-mail address is one account's on the whole platform, and a user name one's in the district",
    "warn",
    f"{STUDENTS}; {STAFF}",
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
FOUR_FILES = RuleDoc("required files", f"a package has {', '.join(PACKAGE)}", "refuse", ONEROSTER)
COLUMNS = RuleDoc(
    "package columns",
    f"every column of OneRoster 1.1 in its order, and {ADDITIONAL_ROLES_COLUMN} only as the last of users.csv",
    "refuse",
    f"{ONEROSTER}; {USERS_CSV}",
)
BULK_ONLY = RuleDoc(
    "bulk only", "status and dateLastModified are blank, since packages are bulk only", "refuse", ONEROSTER
)
UNIQUE_IDS = RuleDoc("unique ids", "a sourcedId stands once in each file of the package", "refuse", USERS_CSV)
STUDENT_ROLES = RuleDoc(
    "additional roles", f"{ADDITIONAL_ROLES_COLUMN} is not for students", "refuse", USERS_CSV
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
    return [*found, _found(NO_TEST)] if plan.test else found


def _found(rule: RuleDoc, sentence: str = "", *, layout: str = "", count: int | None = None) -> Finding:
    refused = rule.severity == "refuse"
    return Finding(
        rule.severity,
        rule.name,
        sentence or rule.sentence,
        rule.source,
        layout=layout,
        if_nothing="nothing of this plan is handed over" if refused else "",
        if_wrong="mend the mapping and run the pipeline again" if refused else "",
        numbers={} if count is None else {"count": count},
    )


def _uploads(files: Sequence[StagedFile]) -> Iterator[Finding]:
    for file in files:
        if file.layout == "students" and file.name != STUDENTS_FILE:
            yield _found(FILE_NAME, f"{FILE_NAME.sentence}, and not {file.name}", layout=file.layout)
        if not 1 <= file.rows <= MOST_ROWS or file.bytes > MOST_BYTES:
            sentence = f"{SIZE.sentence}; {file.name} has {file.rows:,} rows and {file.bytes:,} bytes"
            yield _found(SIZE, sentence, layout=file.layout)
        if tuple(_header(file)) != TEMPLATES.get(file.layout):
            yield _found(HEADERS, f"{file.name}: {HEADERS.sentence}", layout=file.layout)
    if {"staff", "classes"} <= {file.layout for file in files}:
        yield _found(TEACHERS_FIRST, layout="classes")
    for column in ("email", "username"):
        shared = _cells(files, "students", column) & _cells(files, "staff", column)
        if shared:
            sentence = (
                f"{SHARED.sentence}: {len(shared)} in `{column}` of both files, one of which will be refused"
            )
            yield _found(SHARED, sentence, layout="students", count=len(shared))


def _leavers(plan: PlanView) -> Iterator[Finding]:
    for name, view in plan.layouts.items():
        if gone := view.difference.removed:
            yield _found(LEAVERS, f"{gone} of `{name}` are gone; {LEAVERS.sentence}", layout=name, count=gone)


def _package(files: Sequence[StagedFile]) -> Iterator[Finding]:
    if not files:
        return
    found = members(files)
    if missing := [name for name in PACKAGE if name not in found]:
        yield _found(FOUR_FILES, f"{FOUR_FILES.sentence}; it lacks {', '.join(missing)}")
    for name, parts in found.items():
        yield from _member(name, parts)


def _member(name: str, parts: Sequence[StagedFile]) -> Iterator[Finding]:
    known = PACKAGE.get(name, ())
    additional = (*known, ADDITIONAL_ROLES_COLUMN) if name == "users.csv" else known
    headers = {tuple(_header(part)) for part in parts}
    if len(headers) > 1 or not headers <= {known, additional}:
        yield _found(COLUMNS, f"{name}: {COLUMNS.sentence}", layout=parts[0].layout)
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
            yield _found(rule, sentence, layout=parts[0].layout, count=count)


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
