"""The twin's side of an update: a table of students, and one job at a time that changes it row by row."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from rosterbus.private import private_folder, write_private_bytes, write_private_text

from rosterbus_scilearn.published import COLUMNS, DATE
from rosterbus_scilearn.settings import KEY

Row = Mapping[str, str]
State = Literal["none", "running", "completed", "canceled"]
NAMES = ("FIRST_NAME", "LAST_NAME")


@dataclass
class Update:
    """One job with the file in `upload`, which is read once the job gets to it.

    `wrong` are rows that were not updated, by their number (header = row 1) with column and reason.
    """

    number: int
    file: str
    upload: Path
    begun: float
    status: Literal["running", "completed", "canceled"] = "running"
    done: int = 0
    updated: int = 0
    wrong: dict[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the file; none where it cannot be read."""
        return self._read[0]

    @property
    def because(self) -> str:
        """Why the file cannot be read, or blank."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[list[Row], str]:
        return _read(self.upload.read_bytes())

    def as_json(self) -> dict[str, Any]:
        """Counts and reasons, without a cell of the file."""
        reasons = Counter(f"{column}: {reason}" for column, reason in self.wrong.values())
        told = {
            "job": self.number,
            "file": self.file,
            "status": self.status,
            "because": self.because,
            "rows": len(self.rows),
            "updated": self.updated,
            "failed": len(self.wrong) + (len(self.rows) if self.because else 0),
            "left": 0 if self.because else len(self.rows) - self.done,
            "reasons": dict(reasons),
        }
        return {name: value for name, value in told.items() if value not in ("", {})}


class BusyError(Exception):
    """An update is running, and there is one at a time."""


class Jobs:
    """What mySciLEARN holds, in `students` by their id, and the updates that were started, the oldest first.

    `before` is what the status was before the last start. `pace` is how many seconds a student takes; None lets nothing
    happen before `work` or `settle` is called. While not `strict`, whoever was never sent counts as imported before.
    Students, uploads and mails are kept privately in `folder`.
    """

    def __init__(self, folder: Path) -> None:
        self.pace: float | None = 0.0
        self.strict = False
        self.updates: list[Update] = []
        self.before: State = "none"
        self._held = folder / "held.json"
        self._mails = private_folder(folder / "mail")
        self._uploads = private_folder(folder / "uploads")
        self.students: dict[str, dict[str, str]] = (
            json.loads(self._held.read_text(encoding="utf-8")) if self._held.exists() else {}
        )
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """What the status of the last update is now."""
        with self._lock:
            self._pass_time()
            return self.updates[-1].status if self.updates else "none"

    def start(self, file: str, content: bytes) -> Update:
        """Begin an update with a file; raises BusyError."""
        with self._lock:
            before = self.state
            if before == "running":
                raise BusyError
            self.before = before
            number = len(self.updates) + 1
            upload = write_private_bytes(self._uploads / f"{number:03}.csv", content)
            self.updates.append(Update(number, file, upload, time.monotonic()))
            return self.updates[-1]

    def work(self, students: int | None = None) -> None:
        """Update so many students of the running job, or all that are left."""
        with self._lock:
            if not self.updates or self.updates[-1].status != "running":
                return
            update = self.updates[-1]
            last = len(update.rows) if students is None else min(update.done + students, len(update.rows))
            seen = _seen(update.rows[: update.done])
            usernames = {held["USERNAME"]: key for key, held in self.students.items() if "USERNAME" in held}
            for number in range(update.done, last):
                self._take(update, number, seen, usernames)
            update.done = last
            if last == len(update.rows):
                self._end("completed")

    def cancel(self) -> bool:
        """End the running job; who was updated stays updated. False where none is running."""
        with self._lock:
            if self.state != "running":
                return False
            self._end("canceled")
            return True

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Work off what is running, and tell of every update so far."""
        with self._lock:
            self.work()
            return [update.as_json() for update in self.updates]

    def _pass_time(self) -> None:
        if self.pace is None or not self.updates:
            return
        update = self.updates[-1]
        if not self.pace:
            self.work()
            return
        due = (time.monotonic() - update.begun) / self.pace
        if due > update.done:
            self.work(int(due) - update.done)

    def _take(
        self, update: Update, number: int, seen: set[tuple[str, ...]], usernames: dict[str, str]
    ) -> None:
        row = update.rows[number]
        wrong = next(self._wrong_with(row, seen, usernames), None)
        seen |= _identities(row)
        if wrong:
            update.wrong[number + 2] = wrong
            return
        update.updated += 1
        held = self.students.setdefault(row[KEY], {})
        usernames.pop(held.get("USERNAME", ""), None)
        # A blank leaves what is there; nobody publishes whether it does.
        held |= {name: cell for name, cell in row.items() if cell}
        if "USERNAME" in held:
            usernames[held["USERNAME"]] = row[KEY]

    def _wrong_with(
        self, row: Row, seen: set[tuple[str, ...]], usernames: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        student = row[KEY]
        if not student:
            yield KEY, "missing"
        elif self.strict and student not in self.students:
            yield KEY, "no such student"
        yield from ((name, "missing") for name in NAMES if name in row and not row[name].strip())
        if row.get("DOB") and not _is_date(row["DOB"]):
            yield "DOB", "not MM/DD/YYYY"
        if twice := sorted(identity[0] for identity in _identities(row) & seen):
            yield twice[0], "not unique in the file"
        username = row.get("USERNAME")
        if username and usernames.get(username, student) != student:
            yield "USERNAME", "not unique in the district"

    def _end(self, status: Literal["completed", "canceled"]) -> None:
        update = self.updates[-1]
        update.status = status
        write_private_text(self._held, json.dumps(self.students, ensure_ascii=False, indent=1))
        write_private_text(self._mails / f"{update.number:03}.txt", _mail(update))


def _read(content: bytes) -> tuple[list[Row], str]:
    """The rows of a file, or none and why the whole file was not taken."""
    try:
        records = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        return [], f"not CSV in UTF-8 ({type(error).__name__})"
    header, rows = (records[0], records[1:]) if records else ([], [])
    if KEY not in header or not set(header) & set(COLUMNS):
        return [], f"the first line is no header with {KEY}"
    if any(len(row) != len(header) for row in rows):
        return [], "rows have another number of fields than the header"
    return [dict(zip(header, row, strict=True)) for row in rows], ""


def _identities(row: Row) -> set[tuple[str, ...]]:
    """What may be there once, each with the column that is blamed."""
    found = {(name, row[name]) for name in (KEY, "USERNAME") if row.get(name)}
    person = tuple(row.get(name, "") for name in (*NAMES, "DOB"))
    return found | ({("LAST_NAME", *person)} if all(person) else set())


def _seen(rows: Sequence[Row]) -> set[tuple[str, ...]]:
    return set().union(*map(_identities, rows))


def _is_date(text: str) -> bool:
    try:
        return datetime.strptime(text, DATE).strftime(DATE) == text
    except ValueError:
        return False


def _mail(update: Update) -> str:
    told = update.as_json()
    lines = [f"Subject: student update {update.status}", "", f"file: {update.file}", update.because]
    lines += [f"{name}: {told[name]}" for name in ("rows", "updated", "failed", "left")]
    lines += [f"row {row}: {column}: {reason}" for row, (column, reason) in sorted(update.wrong.items())]
    return "\n".join(line for line in lines if line or line == lines[1]) + "\n"
