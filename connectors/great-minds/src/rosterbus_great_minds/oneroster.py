"""The OneRoster 1.1 bulk package: the rows of each file; users and enrollments are made of two relations each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rosterbus.layouts import Column, Dialect, Layout, LayoutSpec, boolean, code, date, text, words
from rosterbus.settings import Values

from rosterbus_great_minds.published import (
    ADDITIONAL_ROLES,
    ADDITIONAL_ROLES_COLUMN,
    BINDING,
    CLASS_GRADES,
    ENROLLMENTS_CSV,
    LONGEST_ONEROSTER_ID,
    ONEROSTER,
    ONEROSTER_ID,
    USERS_CSV,
)
from rosterbus_great_minds.uploads import CURRENT, HAS_ROLE

CSV = Dialect(newline="\r\n")
BULK = "blank in a bulk package"
ROLES = {
    "teacher": "teacher",
    "principal": "administrator",
    "administrator": "administrator",
    "siteAdministrator": "administrator",
}


def _id(name: str, *, rule: str = ONEROSTER, **source: Any) -> Column:
    return text(
        name,
        required=True,
        longest=LONGEST_ONEROSTER_ID,
        pattern=ONEROSTER_ID,
        pattern_says="Only letters, digits and - _ . are allowed.",
        rule=rule,
        **source,
    )


class Orgs(
    Layout,
    file="orgs.csv",
    rows="schools",
    key="sourcedId",
    dialect=CSV,
    where="status <> 'inactive'",
    source=ONEROSTER,
):
    sourced_id = _id("sourcedId", direct="school_id")
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    name = text("name", direct="name", required=True, rule=BINDING)
    type = text("type", value="school", rule=BINDING)
    identifier = text("identifier", direct="school_number")
    parent = text("parentSourcedId", note="blank: the package names schools alone")


class StudentUsers(
    Layout,
    file="users.students.csv",
    rows="students",
    key="sourcedId",
    unique=("username",),
    references={"orgSourcedIds": "orgs"},
    dialect=CSV,
    where="status <> 'inactive'",
    source=USERS_CSV,
):
    sourced_id = _id("sourcedId", direct="student_id", rule=USERS_CSV)
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    enabled_user = boolean("enabledUser", value="true", required=True, rule=USERS_CSV)
    org_sourced_ids = text("orgSourcedIds", direct="school_id", required=True, rule=USERS_CSV)
    role = text("role", value="student", rule=BINDING)
    username = text("username", direct="username", required=True, rule=BINDING)
    user_ids = text("userIds")
    given_name = text("givenName", direct="first_name", required=True, rule=BINDING)
    family_name = text("familyName", direct="last_name", required=True, rule=BINDING)
    middle_name = text("middleName", direct="middle_name")
    identifier = text("identifier", direct="student_number")
    email = text("email", direct="email")
    sms = text("sms", note="not asked for, and so not sent")
    phone = text("phone", note="not asked for, and so not sent")
    agent_sourced_ids = text("agentSourcedIds", note="guardians are in no file")
    grades = code("grades", direct="grade", choices=CLASS_GRADES, rule=BINDING)
    password = text("password", sensitive=True, note="never sent in a package")


class StaffUsers(
    Layout,
    file="users.staff.csv",
    rows="staff",
    key="sourcedId",
    unique=("username",),
    references={"orgSourcedIds": "orgs"},
    dialect=CSV,
    where=f"status <> 'inactive' AND {HAS_ROLE}",
    source=USERS_CSV,
):
    sourced_id = _id("sourcedId", direct="staff_id", rule=USERS_CSV)
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    enabled_user = boolean("enabledUser", value="true", required=True, rule=USERS_CSV)
    org_sourced_ids = text("orgSourcedIds", direct="school_id", required=True, rule=USERS_CSV)
    role = code("role", match="role", codes=ROLES, required=True, rule=BINDING)
    username = text("username", direct="username", required=True, rule=BINDING)
    user_ids = text("userIds")
    given_name = text("givenName", direct="first_name", required=True, rule=BINDING)
    family_name = text("familyName", direct="last_name", required=True, rule=BINDING)
    middle_name = text("middleName", direct="middle_name")
    identifier = text("identifier", direct="staff_number")
    email = text("email", direct="email")
    sms = text("sms", note="not asked for, and so not sent")
    phone = text("phone", note="not asked for, and so not sent")
    agent_sourced_ids = text("agentSourcedIds")
    grades = text("grades")
    password = text("password", sensitive=True, note="never sent in a package")


class Classes(
    Layout,
    file="classes.csv",
    rows="sections",
    key="sourcedId",
    references={"schoolSourcedId": "orgs"},
    dialect=CSV,
    where=CURRENT,
    source=ONEROSTER,
):
    sourced_id = _id("sourcedId", direct="section_id")
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    title = text("title", direct="title", required=True, rule=BINDING)
    grades = words("grades", direct="grades", joiner=",", choices=CLASS_GRADES, rule=BINDING)
    course_sourced_id = text("courseSourcedId", direct="course_id", note="courses.csv is ignored")
    class_code = text("classCode", direct="section_code")
    class_type = text("classType", value="scheduled", rule=BINDING)
    location = text("location", direct="location")
    school_sourced_id = text("schoolSourcedId", direct="school_id", required=True, rule=BINDING)
    term_sourced_ids = words(
        "termSourcedIds", direct="term_ids", joiner=",", note="academicSessions.csv is ignored"
    )
    subjects = words("subjects", direct="subjects", joiner=",")
    subject_codes = text("subjectCodes")
    periods = text("periods", direct="period")


class StudentEnrollments(
    Layout,
    file="enrollments.students.csv",
    rows="enrollments",
    key="sourcedId",
    references={"classSourcedId": "classes", "schoolSourcedId": "orgs", "userSourcedId": "student_users"},
    dialect=CSV,
    where="status <> 'inactive'",
    source=ENROLLMENTS_CSV,
):
    sourced_id = _id("sourcedId", direct="enrollment_id", rule=ENROLLMENTS_CSV)
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    class_sourced_id = text("classSourcedId", direct="section_id", required=True, rule=ENROLLMENTS_CSV)
    school_sourced_id = text("schoolSourcedId", direct="school_id", required=True, rule=ENROLLMENTS_CSV)
    user_sourced_id = text("userSourcedId", direct="student_id", required=True, rule=ENROLLMENTS_CSV)
    role = text("role", value="student", required=True, rule=ENROLLMENTS_CSV)
    primary = boolean("primary", value="false", rule=BINDING)
    begin_date = date("beginDate", direct="begin_date", rule=BINDING)
    end_date = date("endDate", direct="end_date", rule=BINDING)


class TeacherEnrollments(
    Layout,
    file="enrollments.teachers.csv",
    rows="sections",
    key="sourcedId",
    references={"classSourcedId": "classes", "schoolSourcedId": "orgs", "userSourcedId": "staff_users"},
    dialect=CSV,
    where=f"{CURRENT} AND primary_teacher_id <> ''",
    source=ENROLLMENTS_CSV,
):
    sourced_id = _id(
        "sourcedId", transform="concat(section_id, '.', primary_teacher_id)", rule=ENROLLMENTS_CSV
    )
    status = text("status", note=BULK)
    date_last_modified = text("dateLastModified", note=BULK)
    class_sourced_id = text("classSourcedId", direct="section_id", required=True, rule=ENROLLMENTS_CSV)
    school_sourced_id = text("schoolSourcedId", direct="school_id", required=True, rule=ENROLLMENTS_CSV)
    user_sourced_id = text("userSourcedId", direct="primary_teacher_id", required=True, rule=ENROLLMENTS_CSV)
    role = text("role", value="teacher", required=True, rule=ENROLLMENTS_CSV)
    primary = boolean("primary", value="true", rule=BINDING)
    begin_date = text("beginDate")
    end_date = text("endDate")


USERS = (StudentUsers.spec, StaffUsers.spec)
ROLE_COLUMN = words(
    ADDITIONAL_ROLES_COLUMN, joiner=",", choices=ADDITIONAL_ROLES, rule=USERS_CSV, note="for staff alone"
)


def package_layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """The parts of the package in the order in which they are put together."""
    users = tuple(spec.with_columns(ROLE_COLUMN) if settings.additional_roles else spec for spec in USERS)
    rest = (Classes.spec, StudentEnrollments.spec, TeacherEnrollments.spec)
    parts = (Orgs.spec, *users, *rest)
    return tuple(replace(spec, absence=settings.missing) for spec in parts)


def member(file: str) -> str:
    """The file of the package that a part goes into: ``users.staff.csv`` into ``users.csv``."""
    return f"{file.partition('.')[0]}.csv"
