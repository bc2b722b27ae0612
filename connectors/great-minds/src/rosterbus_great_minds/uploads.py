"""The three upload files, column by column as their templates; each creates and never changes."""

from __future__ import annotations

from dataclasses import replace

from rosterbus.findings import Rule
from rosterbus.layouts import Dialect, Keyed, Layout, LayoutSpec, Limits, code, email, text
from rosterbus.settings import Values

from rosterbus_great_minds.published import (
    CLASS_GRADES,
    CLASSES,
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
    STAFF,
    STAFF_ROLES,
    STAFF_USERNAME,
    STUDENT_GRADES,
    STUDENT_USERNAME,
    STUDENTS,
    STUDENTS_FILE,
    SUBJECTS,
)

CSV = Dialect(newline="\r\n")
LIMITS = Limits(rows=MOST_ROWS, bytes=MOST_BYTES)
BY_SCHOOL = ("school_id", "school_name")
"""Who uploads a file chooses its school first, by the name."""
PLAIN = "Only letters A to Z and digits are allowed."
PLAIN_EMAIL = "Not an e-mail address of letters, digits and - _ + . alone."
ROLES = {
    "teacher": "teacher",
    "principal": "school_admin",
    "administrator": "school_admin",
    "siteAdministrator": "school_admin",
}
HAS_ROLE = f"role IN ({', '.join(map(repr, ROLES))})"
CURRENT = "(term_end_date = '' OR TRY_CAST(term_end_date AS DATE) > today())"


def _strong(source: str) -> Rule:
    return Rule(
        "regexp_matches(\"password\", '[a-z]') AND regexp_matches(\"password\", '[0-9]')",
        ("password",),
        "a password needs at least one lower-case letter and one digit",
        source,
    )


class Students(
    Layout,
    file=STUDENTS_FILE,
    rows="students",
    key="studentId",
    absence="kept",
    sends="new",
    unique=("email", "username"),
    split=BY_SCHOOL,
    limits=LIMITS,
    dialect=CSV,
    where="status <> 'inactive'",
    rules=(
        Rule(
            "NOT regexp_full_match(\"username\", '[^@]+@[^@]+')",
            ("username",),
            "a username must not be an e-mail address; map another column to it",
            STUDENTS,
        ),
        _strong(STUDENTS),
    ),
    source=STUDENTS,
):
    student_id = text(
        "studentId",
        direct="student_id",
        required=True,
        pattern=ID,
        pattern_says=PLAIN,
        rule=STUDENTS,
        note="unique in the district; never change or reuse it",
    )
    first_name = text(
        "firstName", direct="first_name", required=True, longest=LONGEST_NAME, single_line=True, rule=STUDENTS
    )
    middle_name = text(
        "middleName", direct="middle_name", longest=LONGEST_NAME, single_line=True, rule=STUDENTS
    )
    last_name = text(
        "lastName", direct="last_name", required=True, longest=LONGEST_NAME, single_line=True, rule=STUDENTS
    )
    email = email(
        "email",
        direct="email",
        pattern=EMAIL,
        pattern_says=PLAIN_EMAIL,
        rule=STUDENTS,
        note="unique on the whole platform",
    )
    grade = code("grade", direct="grade", choices=STUDENT_GRADES, required=True, rule=STUDENTS)
    username = text(
        "username",
        direct="username",
        required=True,
        shortest=SHORTEST_USERNAME,
        longest=LONGEST_USERNAME,
        pattern=STUDENT_USERNAME,
        pattern_says="Only letters, digits and - _ + . @ are allowed.",
        rule=STUDENTS,
        note="unique in the district",
    )
    password = text(
        "password",
        keyed="student_id",
        secret=None,
        required=True,
        shortest=SHORTEST_PASSWORD,
        single_line=True,
        sensitive=True,
        rule=STUDENTS,
    )


class Staff(
    Layout,
    file="great-minds-staff-upload.csv",
    rows="staff",
    key="staffId",
    absence="kept",
    sends="new",
    unique=("email", "username"),
    split=BY_SCHOOL,
    limits=LIMITS,
    dialect=CSV,
    where=f"status <> 'inactive' AND {HAS_ROLE}",
    rules=(_strong(STAFF),),
    source=STAFF,
):
    staff_id = text(
        "staffId",
        direct="staff_id",
        required=True,
        pattern=ID,
        pattern_says=PLAIN,
        rule=STAFF,
        note="unique in the district; never change or reuse it",
    )
    first_name = text(
        "firstName", direct="first_name", required=True, longest=LONGEST_NAME, single_line=True, rule=STAFF
    )
    middle_name = text("middleName", direct="middle_name", longest=LONGEST_NAME, single_line=True, rule=STAFF)
    last_name = text(
        "lastName", direct="last_name", required=True, longest=LONGEST_NAME, single_line=True, rule=STAFF
    )
    email = email(
        "email",
        direct="email",
        required=True,
        pattern=EMAIL,
        pattern_says=PLAIN_EMAIL,
        rule=STAFF,
        note="unique on the whole platform",
    )
    role = code("role", match="role", codes=ROLES, choices=STAFF_ROLES, required=True, rule=STAFF)
    username = text(
        "username",
        direct="username",
        required=True,
        shortest=SHORTEST_USERNAME,
        longest=LONGEST_USERNAME,
        pattern=STAFF_USERNAME,
        pattern_says="Only letters, digits and - _ + . are allowed.",
        rule=STAFF,
        note="unique in the district",
    )
    password = text(
        "password",
        keyed="staff_id",
        secret=None,
        required=True,
        shortest=SHORTEST_PASSWORD,
        single_line=True,
        sensitive=True,
        rule=STAFF,
    )


class Classes(
    Layout,
    file="great-minds-class-upload.csv",
    rows="sections",
    key="sectionId",
    absence="kept",
    sends="new",
    references={"teacherId": "staff"},
    # Who uploads chooses the year as well, and terms that begin on one day are of one year.
    split=(*BY_SCHOOL, "term_start_date"),
    limits=LIMITS,
    dialect=CSV,
    where=CURRENT,
    rules=(
        # Layouts are rendered in their order, so that the staff of this very plan can be asked.
        Rule(
            'EXISTS (SELECT 1 FROM work.staff WHERE "staffId" = "teacherId" AND "role" = \'teacher\')',
            ("primaryTeacher",),
            "the primary teacher must be among the staff with the role teacher, in a row that is not rejected",
            CLASSES,
        ),
        Rule(
            'EXISTS (SELECT 1 FROM work.staff WHERE "staffId" = "teacherId" AND staff._school = classes._school)',
            ("primaryTeacher",),
            "the primary teacher belongs to another school; add the teacher to this one before the upload",
            CLASSES,
            severity="warn",
        ),
    ),
    source=CLASSES,
):
    class_name = text(
        "className", direct="title", required=True, longest=LONGEST_CLASS, single_line=True, rule=CLASSES
    )
    primary_teacher = email(
        "primaryTeacher", direct="primary_teacher_email", required=True, longest=LONGEST_EMAIL, rule=CLASSES
    )
    grade = code(
        "grade",
        transform="if_then_else(contains(grades, '|'), '', grades)",
        choices=CLASS_GRADES,
        rule=CLASSES,
        note="blank for a class of several grades",
    )
    subject = code(
        "subject",
        match="subjects",
        codes={subject: subject for subject in SUBJECTS},
        unmatched="blank",
        rule=CLASSES,
        note="map the source's own subjects with a code list",
    )
    section_id = text(
        "sectionId",
        direct="section_id",
        required=True,
        written=False,
        rule=CLASSES,
        note="not in the file: by it no class is sent twice, since a second upload would make a second class",
    )
    teacher_id = text(
        "teacherId",
        direct="primary_teacher_id",
        required=True,
        written=False,
        note="not in the file: who it is among the staff",
    )


def upload_layouts(settings: Values) -> tuple[LayoutSpec, ...]:
    """Students, staff, classes: the order in which they have to be uploaded."""
    students, staff = (
        spec.with_columns(spec.column("password").with_source(Keyed(person, settings.password_key)))
        for spec, person in ((Students.spec, "student_id"), (Staff.spec, "staff_id"))
    )
    return (
        students,
        replace(staff, file=settings.staff_file),
        replace(Classes.spec, file=settings.classes_file),
    )
