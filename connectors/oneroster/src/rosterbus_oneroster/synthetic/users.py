"""The users of a made-up district: staff, then students, each family's guardians after its first child."""

from __future__ import annotations

from collections.abc import Iterator

from rosterbus_oneroster.standard import FILES
from rosterbus_oneroster.synthetic import persons
from rosterbus_oneroster.synthetic.blueprint import Blueprint, school_id, student_id, teacher_id
from rosterbus_oneroster.synthetic.flaws import SPOIL
from rosterbus_oneroster.synthetic.package import TableWriter
from rosterbus_oneroster.synthetic.persons import draw

EXTENSIONS = (
    "state_id", "auth_identifier", "card_id", "class_level", "education_level", "cumulative_gpa", "majors",
    "primary_major", "colleges", "campus", "graduation_year", "athlete", "first_generation", "home_language",
    "language", "street", "city", "state", "zip",
)  # fmt: skip
ONLY_12 = ("userMasterIdentifier", "resourceSourcedIds", "preferredGivenName", "preferredMiddleName",
           "preferredFamilyName", "primaryOrgSourcedId", "pronouns")  # fmt: skip
USERS = tuple(column for column in FILES["users"].columns if column not in ONLY_12)
USER_COLUMNS = (*USERS, *(f"metadata.{name}" for name in EXTENSIONS))
SECOND_SCHOOL_EVERY = 53
DISABLED_EVERY = 97
GUARDIANS_LIST_EVERY = 10
"""In every tenth family the guardians name the children, and not the children the guardians."""


def write_users(table: TableWriter, plan: Blueprint) -> int:
    """Write staff, students and guardians; answers how many students are leavers."""
    leavers, family = 0, -1
    for row in _staff(plan):
        table.write([row.get(column, "") for column in USER_COLUMNS])
    for student in plan.numbers():
        _write_student(table, plan, student)
        leavers += plan.is_leaver(student)
        if persons.family_of(student) != family:
            family = persons.family_of(student)
            for row in _guardians(plan, family):
                table.write([row.get(column, "") for column in USER_COLUMNS])
    return leavers


def _write_student(table: TableWriter, plan: Blueprint, student: int) -> None:
    row, kind = _student(plan, student), plan.flaws.kind(student)
    if kind == "blank line":
        table.blank_line()
        table.planted(kind)
    if kind == "repeated username" and student:
        row["username"] = _username(plan, student - 1)
    if kind in SPOIL:
        SPOIL[kind](row)
    record = [row.get(column, "") for column in USER_COLUMNS]
    if kind == "too many columns":
        record.append("surplus")
    if kind == "too few columns":
        del record[-3:]
    table.write(record)
    if kind == "repeated id":
        table.write([(row | {"givenName": "Other"}).get(column, "") for column in USER_COLUMNS])
    if kind in SPOIL or kind in {"repeated username", "too many columns", "too few columns", "repeated id"}:
        table.planted(kind)


def _username(plan: Blueprint, student: int) -> str:
    return f"{persons.student_name(plan.seed, student).plain.replace('.', '')[:12]}{student + 1:07}"


def _student(plan: Blueprint, student: int) -> dict[str, str]:
    name, family = persons.student_name(plan.seed, student), persons.family_of(student)
    school = student % plan.schools
    schools = [school_id(school)]
    if student % SECOND_SCHOOL_EVERY == 0 and plan.schools > 1:
        schools.append(school_id((school + 1) % plan.schools))
    leaver = plan.is_leaver(student)
    agents = "" if _guardians_list(family) else ",".join(_guardian_ids(plan, family))
    return {
        "sourcedId": student_id(student),
        "status": "tobedeleted" if leaver else "",
        "dateLastModified": f"{plan.as_of}T03:00:00.000Z" if leaver else "",
        "enabledUser": "false" if student % DISABLED_EVERY == 5 else "true",
        "orgSourcedIds": ",".join(schools),
        "role": "student",
        "username": _username(plan, student),
        "userIds": f"{{LDAP:{student + 1}}}",
        "givenName": name.first,
        "familyName": name.last,
        "middleName": name.middle,
        "identifier": f"{student + 1:08}",
        "email": f"{name.plain}{student + 1}@students.example.edu",
        "sms": _phone(student),
        "agentSourcedIds": agents,
        "grades": plan.grade(student),
        **_university(plan, student),
        **_address(plan, family),
    }


def _university(plan: Blueprint, student: int) -> dict[str, str]:
    """The columns that a university's vendor asks for, filled for the upper grades."""
    grade, bits = plan.grade(student), draw(plan.seed, student, 8)
    common = {
        "metadata.state_id": f"{draw(plan.seed, student, 10) % 10**10:010}",
        "metadata.auth_identifier": f"sso{student + 1:07}",
        "metadata.home_language": persons.LANGUAGES[(bits >> 40) % len(persons.LANGUAGES)],
    }
    if grade not in persons.LEVELS:
        return common
    majors = [persons.MAJORS[bits % len(persons.MAJORS)], persons.MAJORS[(bits >> 8) % len(persons.MAJORS)]]
    return common | {
        "metadata.card_id": f"{bits % 10**9:09}",
        "metadata.class_level": persons.LEVELS[grade],
        "metadata.education_level": "Bachelors",
        "metadata.cumulative_gpa": f"{1.5 + (bits >> 16) % 251 / 100:.2f}",
        "metadata.majors": ",".join(dict.fromkeys(majors)),
        "metadata.primary_major": majors[0],
        "metadata.colleges": persons.COLLEGES[(bits >> 24) % len(persons.COLLEGES)],
        "metadata.campus": persons.CAMPUSES[(bits >> 32) % len(persons.CAMPUSES)],
        "metadata.graduation_year": str(plan.year + 12 - int(grade)),
        "metadata.athlete": ("TRUE", "false", "false")[(bits >> 48) % 3],
        "metadata.first_generation": ("true", "false")[(bits >> 50) % 2],
    }


def _staff(plan: Blueprint) -> Iterator[dict[str, str]]:
    for school in range(plan.schools):
        people = [(f"A{school + 1:04}", "administrator")]
        people += [(teacher_id(school, section), "teacher") for section in range(plan.sections)]
        for place, (identity, role) in enumerate(people):
            name = persons.adult_name(plan.seed, -1 - school * 10_000 - place)
            yield {
                "sourcedId": identity,
                "enabledUser": "true",
                "orgSourcedIds": school_id(school),
                "role": role,
                "username": identity.lower(),
                "givenName": name.first,
                "familyName": name.last,
                "identifier": f"{school:03}{place:05}",
                "email": f"{name.plain}.{identity.lower()}@staff.example.edu",
            }


def _guardians(plan: Blueprint, family: int) -> Iterator[dict[str, str]]:
    children = [one for one in persons.children_of(family, plan.students) if one not in plan.without]
    last = persons.student_name(plan.seed, children[0]).last
    for place, identity in enumerate(_guardian_ids(plan, family)):
        number = family * 3 + place
        name = persons.adult_name(plan.seed, number, last if place == 0 else None)
        yield {
            "sourcedId": identity,
            "enabledUser": "true",
            "orgSourcedIds": school_id(children[0] % plan.schools),
            "role": ("parent", "guardian", "relative")[place],
            "username": identity.lower(),
            "givenName": name.first,
            "familyName": name.last,
            "email": f"{name.plain}{number}@families.example.org",
            "phone": _phone(number + 40),
            "agentSourcedIds": ",".join(student_id(one) for one in children)
            if _guardians_list(family)
            else "",
            "metadata.language": persons.LANGUAGES[number % len(persons.LANGUAGES)],
            **_address(plan, family),
        }


def _guardians_list(family: int) -> bool:
    return family % GUARDIANS_LIST_EVERY == GUARDIANS_LIST_EVERY - 1


def _guardian_ids(plan: Blueprint, family: int) -> list[str]:
    return [f"G{family + 1:07}{place}" for place in range(1, persons.guardians_in(plan.seed, family) + 1)]


def _address(plan: Blueprint, family: int) -> dict[str, str]:
    names = ("metadata.street", "metadata.city", "metadata.state", "metadata.zip")
    return dict(zip(names, persons.family_address(plan.seed, family), strict=True))


def _phone(number: int) -> str:
    """A number of the range that no telephone company gives out."""
    return f"(217) 555-01{number % 100:02}"
