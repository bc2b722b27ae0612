"""The files of a made-up district, each record a pure function of the blueprint and a number."""

from __future__ import annotations

from collections.abc import Iterator

from rosterbus_oneroster.standard import FILES
from rosterbus_oneroster.synthetic import persons
from rosterbus_oneroster.synthetic.blueprint import (
    GRADES,
    STAGES,
    Blueprint,
    class_id,
    school_id,
    student_id,
    teacher_id,
)
from rosterbus_oneroster.synthetic.package import PackageWriter, TableWriter
from rosterbus_oneroster.synthetic.persons import draw
from rosterbus_oneroster.synthetic.users import USER_COLUMNS, write_users

STAGE_NAMES = ("Elementary School", "Middle School", "High School")
SUBJECTS = ("English", "Mathematics", "Science", "Social Studies")
GRADEBOOK = ("categories", "classResources", "courseResources", "lineItems", "resources", "results")


def write_tables(package: PackageWriter, plan: Blueprint) -> int:
    """Write every file of the package; answers how many students are leavers."""
    for name, records in (
        ("orgs", _orgs(plan)),
        ("academicSessions", _sessions(plan)),
        ("courses", _courses()),
        ("classes", _classes(plan)),
    ):
        package.whole(name, FILES[name].columns, records)
    with package.table("users", USER_COLUMNS) as table:
        leavers = write_users(table, plan)
    with package.table("demographics", FILES["demographics"].columns) as table:
        _write_demographics(table, plan)
    with package.table("enrollments", FILES["enrollments"].columns) as table:
        _write_enrollments(table, plan)
    package.whole("manifest", ("propertyName", "value"), _manifest())
    return leavers


def _orgs(plan: Blueprint) -> Iterator[list[str]]:
    yield ["DISTRICT", "", "", "Springfield Unified", "district", "1700000", ""]
    for school in range(plan.schools):
        last = persons.LAST_NAMES[draw(plan.seed, school, 7) % len(persons.LAST_NAMES)].partition(",")[0]
        name = f"{last} {STAGE_NAMES[plan.stage(school)]}"
        yield [school_id(school), "", "", name, "school", f"{school + 1:04}", "DISTRICT"]


def _sessions(plan: Blueprint) -> Iterator[list[str]]:
    year, begin, middle, end = plan.year, f"{plan.year - 1}-08-15", f"{plan.year}-01-10", f"{plan.year}-06-12"
    yield ["YEAR", "", "", f"{year - 1}-{year}", "schoolYear", begin, end, "", str(year)]
    yield ["FALL", "", "", "Fall", "semester", begin, middle, "YEAR", str(year)]
    yield ["SPRING", "", "", "Spring", "semester", middle, end, "YEAR", str(year)]


def _courses() -> Iterator[list[str]]:
    for stage, grades in enumerate(STAGES):
        for place, subject in enumerate(SUBJECTS):
            title, listed = f"{subject}, {STAGE_NAMES[stage]}", ",".join(grades)
            yield [
                f"K{stage}{place}", "", "", "YEAR", title, f"{stage}{place}00", listed, "DISTRICT", subject, "",
            ]  # fmt: skip


def _classes(plan: Blueprint) -> Iterator[list[str]]:
    for school in range(plan.schools):
        stage = plan.stage(school)
        for place, subject in enumerate(SUBJECTS):
            for section in range(plan.sections):
                code = f"{stage}{place}00-{section + 1}"
                yield [
                    class_id(school, place, section), "", "", f"{subject} {section + 1}",
                    ",".join(STAGES[stage]), f"K{stage}{place}", code, "scheduled", f"Room {section + 101}",
                    school_id(school), "FALL,SPRING", subject, "", str(place + 1),
                ]  # fmt: skip


def _write_demographics(table: TableWriter, plan: Blueprint) -> None:
    for student in plan.numbers():
        bits, kind, grade = draw(plan.seed, student, 11), plan.flaws.kind(student), plan.grade(student)
        year = plan.year - 6 - GRADES.index(grade)
        born = f"{year}-{bits % 12 + 1:02}-{(bits >> 8) % 28 + 1:02}"
        if kind == "impossible birth date":
            born = f"{year}-02-30"
        if kind == "birth date written otherwise":
            born = f"{bits % 12 + 1}/{(bits >> 8) % 28 + 1}/{year}"
        races = ["true" if (bits >> 16) % 5 == place else "false" for place in range(5)]
        sex = ("female", "male")[bits >> 32 & 1]
        hispanic = ("TRUE", "false", "false")[(bits >> 28) % 3]
        table.write([student_id(student), "", "", born, sex, *races, "false", hispanic, "US", "IL", "", ""])
        if "birth date" in kind:
            table.planted(kind)


def _write_enrollments(table: TableWriter, plan: Blueprint) -> None:
    year = plan.year
    begin, end = f"{year - 1}-08-15", f"{year}-06-12"
    for school in range(plan.schools):
        for place in range(len(SUBJECTS)):
            for section in range(plan.sections):
                identity = class_id(school, place, section)
                who = [identity, school_id(school), teacher_id(school, section)]
                table.write([f"T{identity}", "", "", *who, "teacher", "true", begin, end])
    for student in plan.numbers():
        school, bits = student % plan.schools, draw(plan.seed, student, 12)
        dangling = plan.flaws.kind(student) == "dangling enrollment"
        for place in range(len(SUBJECTS)):
            identity = class_id(school, place, (bits >> place * 8) % plan.sections)
            user = "SNOBODY" if dangling and place == 0 else student_id(student)
            who = [f"E{student + 1:07}{place}", "", "", identity, school_id(school), user]
            table.write([*who, "student", "", begin, end])
            if user == "SNOBODY":
                table.planted("dangling enrollment")


def _manifest() -> Iterator[list[str]]:
    yield ["manifest.version", "1.0"]
    yield ["oneroster.version", "1.1"]
    for name in FILES:
        if name != "roles":
            yield [f"file.{name}", "bulk"]
    for name in GRADEBOOK:
        yield [f"file.{name}", "absent"]
    yield ["source.systemName", "rosterbus synthetic district"]
