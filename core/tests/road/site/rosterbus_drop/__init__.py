"""A destination that takes files in a folder and reads them when a marker appears, for the core's own tests.

What the vendor takes it moves to `processed`. A file `fault` in the folder makes it misbehave, each line once:
`away`, `refuse`, `broken`, `babble` (it tells all that it knows), the same after `sent, `, `half`, `sent, half`,
`lose answer`, `unsure`, `odd answer`, `odd evidence`.

A file `job.json` says what the vendor tells of its job; a report is a CSV file of `file,row,key,column,error`; one
whose only errors are `all` says that nothing was processed.
"""

import csv
import json
import shutil
from datetime import timedelta
from pathlib import Path

from rosterbus import settings
from rosterbus.deliveries import (
    Address,
    Done,
    Feedback,
    Handed,
    Job,
    NotStarted,
    Partly,
    Probe,
    Unsure,
    VendorError,
)
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.findings import Finding, Rule
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, date, email, text


class Settings(settings.Settings):
    folder = settings.text("The vendor's folder.", required=True)
    password = settings.secret("The password.")
    hours = settings.number("How many hours must lie between two files.", default=0)
    contacts = settings.flag("Whether contacts are sent.", default=True)
    by_hand = settings.flag("Whether a person takes the files on.", default=False)


class Students(
    Layout,
    file="students.csv",
    rows="students",
    key="Id",
    unique=(("Mail",),),
    identifiers=("Mail",),
    open=True,
    rules=(Rule('"First" <> "Last"', ("First", "Last"), "First and last name are the same.", "the vendor"),),
):
    student_id = text("Id", direct="student_id", required=True, longest=20)
    first_name = text("First", direct="first_name", required=True)
    last_name = text("Last", direct="last_name", required=True)
    mail = email("Mail", direct="email")
    born = date("Born", direct="birth_date", format="%m/%d/%Y")
    grade = text("Grade", direct="grade")


class Contacts(
    Layout,
    file="contacts.csv",
    rows="student_guardians",
    key=("Student", "Contact"),
    absence="deleted",
    within="students",
    references={"Student": "students"},
):
    student = text("Student", direct="student_id", required=True)
    contact = text("Contact", direct="guardian_id", required=True)
    name = text("Name", direct="last_name", required=True)
    phone = text("Phone", direct="phone", pattern="[0-9]*", pattern_says="Only digits are allowed.")


def layouts(settings):
    return (Students, Contacts) if settings.contacts else (Students,)


@hookimpl
def judge(plan, settings):
    if plan.last_sent and settings.hours and plan.now - plan.last_sent < timedelta(hours=settings.hours):
        until = plan.last_sent + timedelta(hours=settings.hours)
        return [
            Finding(
                "not due",
                "pace",
                f"the next file is due {until:%Y-%m-%d %H:%M}",
                "the vendor's page",
                until=until,
            )
        ]
    return []


@hookimpl
def address(delivery, settings):
    number = 1
    while delivery.is_taken(f"{delivery.at:%Y%m%d}-{number}/MARK"):
        number += 1
    box = f"{delivery.at:%Y%m%d}-{number}"
    return Address(
        f"drop://{settings.folder}", tuple(f"{box}/{file.name}" for file in delivery.files), f"{box}/MARK"
    )


@hookimpl
def load(delivery, settings):
    root = Path(settings.folder)
    fault = _fault(root)
    secret = settings.password.reveal() if settings.password else ""
    known = f"{secret} {delivery.files[0].path.read_text(encoding='utf-8')}"
    _misbehave(fault, known)
    for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        step(f"before {file.name}")
        shutil.copyfile(file.path, root / name)
        step(f"after {file.name}")
        if fault == "half":
            return Partly("the second file is missing")
    delivery.about_to_send()
    if settings.by_hand:
        return Handed(
            str(root), ("Open the vendor's page.", "Upload each file."), {"files": len(delivery.files)}
        )
    _misbehave(fault.removeprefix("sent, "), known)
    if fault == "sent, half":
        return Partly("the marker is missing")
    step("before the marker")
    (root / delivery.addressed.marker).write_text("", encoding="utf-8")
    step("after the marker")
    if fault == "lose answer":
        raise RetriableError("the answer was lost")
    if fault == "unsure":
        return Unsure("the vendor does not say")
    if fault == "odd answer":
        return "delivered"
    return Done({"files": {1, 2} if fault == "odd evidence" else len(delivery.files)})


@hookimpl
def reconcile(delivery, settings):
    root = Path(settings.folder)
    step("before looking")
    marker = delivery.addressed.marker
    if (root / "processed" / marker).exists():
        return Done({"marker": marker}, "processed")
    if (root / marker).exists():
        return Done({"marker": marker}, look())
    if (root / delivery.addressed.files[0]).exists():
        return Partly("no marker yet")
    return Unsure("nothing is there") if delivery.was_sent else NotStarted()


@hookimpl
def job(delivery, settings, order):
    path = Path(settings.folder) / "job.json"
    if not path.exists():
        return Job("none", "unknown", "no job is known")
    said = json.loads(path.read_text(encoding="utf-8"))
    if "away" in said:
        raise RetriableError("the folder is away")
    if order == "cancel":
        said = {**said, **said.get("after", {"state": "canceled", "outcome": "partly"})}
        path.write_text(json.dumps(said), encoding="utf-8")
    return Job(said["state"], said["outcome"], f"the job is {said['state']}", {"job": 7})


@hookimpl
def feedback(file, delivery, settings, chosen):
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames != ["file", "row", "key", "column", "error"]:
            raise ConfigError("this is no report of the vendor", file=file)
        errors = [
            VendorError(
                row["column"],
                row["error"],
                int(row["row"]) if row["row"] else None,
                row["key"],
                int(row["file"]) if row["file"] else None,
            )
            for row in reader
        ]
    places = [place for place, name in enumerate(delivery.addressed.files) if chosen in name]
    layout = delivery.files[places[0]].layout
    return Feedback(
        layout,
        errors,
        [place for place in places if delivery.files[place].layout == layout],
        _outcome(errors),
    )


def _outcome(errors):
    if errors and {error.message for error in errors} == {"all"}:
        return "not processed"
    return "partly" if errors else "processed"


@hookimpl
def probe(settings):
    ok = Path(settings.folder).is_dir()
    return [
        Probe(
            "folder",
            "proved" if ok else "failed",
            "the folder can be reached" if ok else "there is no folder",
        )
    ]


def look():
    """What the vendor shows of a file that it has not taken."""
    return "unknown"


def step(name):
    """Where a test may interrupt the vendor's side of a delivery."""


def _misbehave(fault, known):
    if fault == "away":
        raise RetriableError("the folder is away")
    if fault == "refuse":
        raise ConnectorError("the folder is closed")
    if fault == "broken":
        raise ZeroDivisionError(known)
    if fault == "babble":
        raise ConnectorError(known)


def _fault(root):
    """The first line of the file; it is used up by that."""
    path = root / "fault"
    if not path.exists():
        return ""
    fault, *later = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(later), encoding="utf-8") if later else path.unlink()
    return fault
