"""A destination whose settings say what absence means there and who is sent, for the core's own tests."""

import shutil
from dataclasses import replace
from pathlib import Path

from rosterbus import settings
from rosterbus.deliveries import Address, Done, NotStarted
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, email, text
from rosterbus_drop import feedback

__all__ = ["feedback"]


class Settings(settings.Settings):
    folder = settings.text("The vendor's folder.", required=True)
    absence = settings.text("What absence of a member means.", default="kept")
    sends = settings.text("Which members are sent.", default="everyone")
    contacts = settings.flag("Whether contacts are sent.", default=False)


class Members(Layout, file="members.csv", rows="students", key="Id", identifiers="Mail", open=True):
    member_id = text("Id", direct="student_id", required=True)
    first_name = text("First", direct="first_name")
    mail = email("Mail", direct="email")
    grade = text('The "Grade", or class', direct="grade")
    state = text("State", transform="'here'")


class Contacts(
    Layout,
    file="contacts.csv",
    rows="student_guardians",
    key=("Student", "Contact"),
    absence="deleted",
    within="members",
    references={"Student": "members"},
):
    student = text("Student", direct="student_id", required=True)
    contact = text("Contact", direct="guardian_id", required=True)
    phone = text("Phone", direct="phone", pattern="[0-9]*", pattern_says="Only digits are allowed.")


def layouts(settings):
    leaver = {"State": "gone"} if settings.absence == "explicit" else {}
    members = replace(Members.spec, absence=settings.absence, sends=settings.sends, leaver=leaver)
    return (members, Contacts) if settings.contacts else (members,)


@hookimpl
def address(delivery, settings):
    box = f"{delivery.at:%Y%m%d-%H}"
    return Address(f"shelf://{settings.folder}", tuple(f"{box}/{file.name}" for file in delivery.files))


@hookimpl
def load(delivery, settings):
    delivery.about_to_send()
    for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
        (Path(settings.folder) / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(file.path, Path(settings.folder) / name)
    return Done({"files": len(delivery.files)})


@hookimpl
def reconcile(delivery, settings):
    return NotStarted()
