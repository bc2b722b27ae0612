"""A district with staff and classes and its pipeline to a Great Minds twin; rows of upload files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rosterbus.context import RunContext
from rosterbus.delivery.vendor_reports import Imported, import_report
from rosterbus.testing.trial import Trial
from rosterbus.testing.village import Row, VillageSource
from rosterbus_sftp.server import SFTPServer

AT = datetime(2026, 11, 20, 21, 4, 5, tzinfo=ZoneInfo("America/Chicago"))


class District(VillageSource):
    """The village with a teacher and an administrator at each school, and one class; rows may be changed and added."""

    def __init__(self) -> None:
        super().__init__()
        self.students = 4
        self.staff = [
            _member(school, role) for school in ("0101", "0102") for role in ("teacher", "principal")
        ]
        self.sections = [section("C1", "0101"), section("C2", "0102")]
        self.enrollments = [
            {"enrollment_id": "E1", "section_id": "C1", "student_id": "S0000", "school_id": "0101", "role": "student",
             "status": "active"},
        ]  # fmt: skip

    def _rows(self, relation: str) -> Iterable[Row]:
        own = {"staff": self.staff, "sections": self.sections, "enrollments": self.enrollments}
        return own[relation] if relation in own else super()._rows(relation)


def _member(school: str, role: str) -> Row:
    identity = f"T{school}{role[0]}"
    return {
        "staff_id": identity,
        "first_name": "Ada",
        "last_name": "Ng",
        "email": f"{identity.lower()}@example.org",
        "username": f"{identity.lower()}.ng",
        "role": role,
        "status": "active",
        "school_id": school,
        "school_name": f"School {school}",
    }


def section(identity: str, school: str, **changes: str) -> Row:
    teacher = f"T{school}t"
    return {
        "section_id": identity,
        "title": f"Mathematics {identity}",
        "school_id": school,
        "school_name": f"School {school}",
        "term_start_date": "2026-08-15",
        "term_end_date": "2999-06-01",
        "grades": "04",
        "subjects": "Mathematics",
        "primary_teacher_id": teacher,
        "primary_teacher_email": f"{teacher.lower()}@example.org",
        **changes,
    }


@dataclass
class Year:
    """A district's nights: a trial, and the reports that Great Minds gives out."""

    trial: Trial
    source: District = field(default_factory=District)

    def __post_init__(self) -> None:
        self.trial.source = self.source

    @property
    def vendor(self) -> Any:
        return self.trial.twin.extras["vendor"]

    @property
    def place(self) -> Path:
        return Path(self.trial.twin.extras["place"])

    def run(self, **options: Any) -> Any:
        outcome = self.trial.run(**options)
        assert [str(one.error) for one in outcome.failures] == []
        [receipt] = outcome.receipts
        return receipt

    def report(self, part: str) -> Path:
        """The newest sync report on a part."""
        return sorted(self.trial.twin.extras["reports"].glob(f"*/{part}.csv"))[-1]

    def read_back(self, file: Path, *, of: str = "") -> Imported:
        """``rosterbus report last --import FILE --of NAME``."""
        with self.trial.opened() as context:
            record = context.ledger.deliveries.latest()[0]
            part = context.pipeline.delivery(record.name)
            return import_report(context, part, record, file=file, chosen=of)

    def handed(self) -> Path:
        """The newest folder that was handed over."""
        return sorted(path for path in self.place.iterdir() if not path.name.startswith("."))[-1]

    def planned(self, meddle: Callable[[RunContext], None] = lambda _: None) -> Any:
        return self.run(meddle=meddle).plan


def sftp_settings(server: SFTPServer, folder: str, **changes: Any) -> dict[str, Any]:
    account = server.settings()
    transport = {"host_key": account["host_key"], "private_key": account["private_key"], "timeout": 5}
    return {
        "location": server.url(folder),
        "transport": {**transport, **changes.pop("transport", {})},
        **changes,
    }


def student(number: int, **changes: str) -> dict[str, str]:
    plain = {
        "studentId": f"S{number}",
        "firstName": "Ada",
        "middleName": "",
        "lastName": "Ng",
        "email": f"s{number}@example.org",
        "grade": "04",
        "username": f"ada{number:03}",
        "password": "bcdfghjkmn2345",
    }
    return {**plain, **changes}


def staff(number: int, **changes: str) -> dict[str, str]:
    plain = student(number)
    del plain["grade"]
    own = {
        "staffId": f"T{number}",
        "email": f"t{number}@example.org",
        "role": "teacher",
        "username": f"ng.{number:03}",
    }
    del plain["studentId"]
    return {**plain, **own, **changes}


def class_(number: int, **changes: str) -> dict[str, str]:
    return {
        "className": f"Class {number}",
        "primaryTeacher": "t1@example.org",
        "grade": "",
        "subject": "",
        **changes,
    }


def csv_of(header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    lines = [",".join(header), *(",".join(row[name] for name in header) for row in rows)]
    return "".join(f"{line}\r\n" for line in lines).encode()
