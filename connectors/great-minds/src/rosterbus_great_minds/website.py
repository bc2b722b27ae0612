"""The website's self-serve upload, played: it checks a whole file, then creates row by row and tells of errors."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rosterbus_great_minds.published import (
    CLASS_GRADES,
    EMAIL,
    ID,
    LONGEST_CLASS,
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_USERNAME,
    MOST_BYTES,
    MOST_ROWS,
    SHORTEST_PASSWORD,
    SHORTEST_USERNAME,
    STAFF_ROLES,
    STAFF_USERNAME,
    STUDENT_GRADES,
    STUDENT_USERNAME,
    STUDENTS_FILE,
    SUBJECTS,
    TEMPLATES,
)

Row = Mapping[str, str]
Error = tuple[str, str]
REPORT_HEADER = ("Row Number", "sourcedId", "Column Name", "Error")
CLASS_REPORT_HEADER = ("Row Number", "Column Name", "Error")
WITH_ERRORS, PROCESSED, REFUSED = "File processed with errors.", "File processed.", "Remove File"


@dataclass(frozen=True)
class Account:
    """Somebody on the platform; `school` is where the upload was made."""

    id: str
    username: str
    email: str
    role: str
    school: str


@dataclass
class Upload:
    """What became of one file. `errors` are row of data (from 1), id, column and sentence."""

    kind: str
    rows: int = 0
    created: int = 0
    refused_because: str = ""
    errors: list[tuple[int, str, str, str]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What the banner says."""
        if self.refused_because:
            return REFUSED
        return WITH_ERRORS if self.errors else PROCESSED

    def report(self, header_rows: int) -> str:
        """The sync report; its row numbers count the header where `header_rows` is 1."""
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        of_classes = self.kind == "classes"
        lines.writerow(CLASS_REPORT_HEADER if of_classes else REPORT_HEADER)
        for row, key, column, sentence in self.errors:
            lines.writerow([row + header_rows, *([] if of_classes else [key]), column, sentence])
        return text.getvalue()


class Website:
    """All accounts and classes of one district with its usernames, and the e-mail addresses of the whole platform."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.classes: list[tuple[str, str, str]] = []
        """School, name and teacher of each; the same twice where the same was uploaded twice."""
        self.emails: set[str] = set()
        self.usernames: set[str] = set()

    def upload(self, school: str, kind: str, name: str, content: bytes) -> Upload:
        """Take one file into one of the website's lists."""
        done = Upload(kind)
        try:
            rows = self._validated(kind, name, content)
        except ValueError as error:
            done.refused_because = str(error)
            done.rows = max(content.count(b"\n") - 1, 0)
            return done
        done.rows = len(rows)
        for number, row in enumerate(rows, start=1):
            errors = [*CHECKS[kind](row), *self._taken(school, kind, row)]
            if errors:
                done.errors += [(number, _key(row), column, sentence) for column, sentence in errors]
            else:
                self._create(school, kind, row)
                done.created += 1
        return done

    def _validated(self, kind: str, name: str, content: bytes) -> Sequence[Row]:
        """The rows of a file that passes the upload dialog; ValueError says why it does not."""
        if not name.endswith(".csv") or (kind == "students" and name != STUDENTS_FILE):
            raise ValueError("the file is not named as the template")
        if len(content) > MOST_BYTES:
            raise ValueError("the file is larger than 2 MB")
        records = [*csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)]
        if len(records) < 2:
            raise ValueError("the file is empty")
        if len(records) - 1 > MOST_ROWS:
            raise ValueError(f"the file has more than {MOST_ROWS:,} rows")
        header, *rows = records
        if tuple(header) != TEMPLATES[kind]:
            raise ValueError("the headers are not those of the template")
        if any(len(row) != len(header) for row in rows):
            raise ValueError("a row has another number of cells than the header")
        return [dict(zip(header, row, strict=True)) for row in rows]

    def _taken(self, school: str, kind: str, row: Row) -> Iterator[Error]:
        if kind == "classes":
            teachers = (
                one for one in self.accounts.values() if one.role == "teacher" and one.school == school
            )
            if row["primaryTeacher"].lower() not in {one.email for one in teachers}:
                yield "primaryTeacher", "There is no such teacher at this school."
            return
        if _key(row) in self.accounts:
            yield next(iter(row)), "This ID exists already."
        if row["email"] and row["email"].lower() in self.emails:
            yield "email", "This email is used on the platform already."
        if row["username"].lower() in self.usernames:
            yield "username", "This username is used in the district already."

    def _create(self, school: str, kind: str, row: Row) -> None:
        if kind == "classes":
            self.classes.append((school, row["className"], row["primaryTeacher"]))
            return
        email = row["email"].lower()
        account = Account(_key(row), row["username"].lower(), email, row.get("role", "student"), school)
        self.accounts[account.id] = account
        self.usernames.add(account.username)
        self.emails |= {email} if email else set()


def _key(row: Row) -> str:
    return row.get("studentId") or row.get("staffId") or ""


def _person(row: Row) -> Iterator[Error]:
    for column in ("firstName", "lastName"):
        if not row[column]:
            yield column, "This column is required."
    for column in ("firstName", "middleName", "lastName"):
        if len(row[column]) > LONGEST_NAME:
            yield column, f"Longer than {LONGEST_NAME} characters."
    if row["email"] and not re.fullmatch(EMAIL, row["email"]):
        yield "email", "Not a valid email."
    if not SHORTEST_USERNAME <= len(row["username"]) <= LONGEST_USERNAME:
        yield "username", f"Not {SHORTEST_USERNAME} to {LONGEST_USERNAME} characters."
    password = row["password"]
    if len(password) < SHORTEST_PASSWORD or not (
        re.search("[a-z]", password) and re.search("[0-9]", password)
    ):
        yield "password", "Too weak."


def _student(row: Row) -> Iterator[Error]:
    yield from _person(row)
    if not re.fullmatch(ID, row["studentId"]):
        yield "studentId", "Only letters and digits."
    if row["grade"] not in STUDENT_GRADES:
        yield "grade", "Not a grade."
    if not re.fullmatch(STUDENT_USERNAME, row["username"]) or re.fullmatch("[^@]+@[^@]+", row["username"]):
        yield "username", "Not a valid username."


def _staff(row: Row) -> Iterator[Error]:
    yield from _person(row)
    if not re.fullmatch(ID, row["staffId"]):
        yield "staffId", "Only letters and digits."
    if not row["email"]:
        yield "email", "This column is required."
    if row["role"] not in STAFF_ROLES:
        yield "role", "Not a role."
    if not re.fullmatch(STAFF_USERNAME, row["username"]):
        yield "username", "Not a valid username."


def _class(row: Row) -> Iterator[Error]:
    if not 1 <= len(row["className"]) <= LONGEST_CLASS:
        yield "className", f"Not 1 to {LONGEST_CLASS} characters."
    if len(row["primaryTeacher"]) > LONGEST_EMAIL:
        yield "primaryTeacher", f"Longer than {LONGEST_EMAIL} characters."
    if row["grade"] and row["grade"] not in CLASS_GRADES:
        yield "grade", "Not a grade."
    if row["subject"] and row["subject"] not in SUBJECTS:
        yield "subject", "Not a subject."


CHECKS: Mapping[str, Callable[[Row], Iterator[Error]]] = {
    "students": _student,
    "staff": _staff,
    "classes": _class,
}
