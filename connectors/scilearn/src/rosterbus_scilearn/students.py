"""The update file of mySciLEARN: one row for each student, who is there already."""

from __future__ import annotations

from dataclasses import replace

from rosterbus.layouts import Dialect, Layout, LayoutSpec, Match, code, date, text
from rosterbus.settings import Values

from rosterbus_scilearn.published import ADDING, DATE, IMPORTING, TRANSFERRING, UPDATING

GRADES = {f"{number:02}": f"{number}" for number in range(1, 13)}
JOINED = f"{UPDATING} shows it; the spelling is taken from {IMPORTING}"


class Students(
    Layout,
    file="students.csv",
    rows="students",
    key="STUDENT_ID",
    unique=("USERNAME", ("FIRST_NAME", "LAST_NAME", "DOB")),
    identifiers="USERNAME",
    absence="kept",
    open=True,
    dialect=Dialect(newline="\r\n"),
    source=UPDATING,
):
    student_id = text(
        "STUDENT_ID",
        direct="student_number",
        required=True,
        single_line=True,
        rule=f"{ADDING}: unique in the district",
        note="by which mySciLEARN knows a student; whether it goes by another column too is not published",
    )
    username = text("USERNAME", direct="username", single_line=True, rule=f"{ADDING}: unique in the district")
    password = text(
        "PASSWORD",
        required=True,
        single_line=True,
        sensitive=True,
        note="mapped by the pipeline, or left out by `columns`; mySciLEARN makes no difference between capitals",
    )
    first_name = text("FIRST_NAME", direct="first_name", required=True, single_line=True, rule=JOINED)
    last_name = text("LAST_NAME", direct="last_name", required=True, single_line=True, rule=JOINED)
    dob = date(
        "DOB",
        direct="birth_date",
        format=DATE,
        required=True,
        rule=f"{IMPORTING}: MM/DD/YYYY; with both names unique in the district",
    )
    grade = code(
        "GRADE",
        match="grade",
        codes=GRADES,
        rule=f"{IMPORTING} shows 4",
        note="what comes before 1 and after 12 is not published: say it in `grades`",
    )
    school_id = text(
        "SCHOOL_ID",
        direct="school_number",
        single_line=True,
        rule=TRANSFERRING,
        note="the organization ID; another one moves the student to that school",
    )


def layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """The file as the district has it: its columns in their order, its grades, its encoding, and who is in it."""
    named = {column.name: column for column in Students.spec.columns}
    codes = {**GRADES, **settings.grades}
    named["GRADE"] = replace(
        named["GRADE"], source=Match("grade", codes), choices=tuple(dict.fromkeys(codes.values()))
    )
    spec = Students.spec
    chosen = set(settings.columns)
    return (
        replace(
            spec,
            columns=tuple(named[name] for name in settings.columns),
            unique=tuple(names for names in spec.unique if chosen.issuperset(names)),
            identifiers=tuple(name for name in spec.identifiers if name in chosen),
            dialect=replace(spec.dialect, encoding=settings.encoding),
            sends=settings.sends,
        ),
    )
