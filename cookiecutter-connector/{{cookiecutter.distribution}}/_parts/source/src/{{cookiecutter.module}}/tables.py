"""What {{ cookiecutter.system }} knows, table by table, and what it means in the roster."""

from __future__ import annotations

from rosterbus.extracts import Counted, Mapped, Relation
from rosterbus.findings import Finding

ASSUMED = "TODO: assumed by the template; name the page that says it"

# TODO: tables, columns and codes are the template's own.
# Write what {{ cookiecutter.system }} documents, and where.
COLUMNS = {
    "schools": ("id", "number", "name"),
    "students": (
        "id", "number", "first_name", "last_name", "birth_date", "gender", "email", "grade", "school_id",
        "active",
    ),
    "enrollments": ("student_id", "school_id", "year", "entered", "left"),
    "guardians": ("id", "student_id", "relation", "first_name", "last_name", "email", "phone"),
}  # fmt: skip
KEYS = {
    "schools": ("id",),
    "students": ("id",),
    "enrollments": ("student_id", "school_id", "entered"),
    "guardians": ("id", "student_id"),
}
REFERENCES = (
    ("students", "school_id", "schools"),
    ("enrollments", "student_id", "students"),
    ("enrollments", "school_id", "schools"),
    ("guardians", "student_id", "students"),
)
"""Table, column, and the table whose id stands there."""


def _repeated(table: str) -> Counted:
    told = Finding("warn", "repeated id", f"rows of {table} have the id of another row")
    ids = ", ".join(KEYS[table])
    return Counted(told, f"SELECT count(*) - count(DISTINCT ({ids})) FROM raw.{table}", share_of=table)


def _dangling(table: str, column: str, of: str) -> Counted:
    told = Finding("warn", "dangling reference", f"rows of {table} have a {column} that is none of {of}")
    nobody = f"{column} <> '' AND {column} NOT IN (SELECT id FROM raw.{of})"
    return Counted(told, f"SELECT count(*) FROM raw.{table} WHERE {nobody}", share_of=table)


# Who stands there twice is joined once, so that nobody else is doubled; the plan names both rows.
_ONCE = "(SELECT * FROM raw.{} QUALIFY row_number() OVER (PARTITION BY id ORDER BY _row) = 1)"
SCHOOLS, STUDENTS = _ONCE.format("schools"), _ONCE.format("students")

MAPPED = Mapped(
    [
        Relation(
            "schools",
            """
            SELECT _row, id AS school_id, number AS school_number, name, 'active' AS status
            FROM raw.schools
            """,
            lead="schools",
        ),
        Relation(
            "students",
            f"""
            SELECT s._row, s.id AS student_id, s.number AS student_number,
                s.first_name, s.last_name, s.birth_date, s.email,
                CASE s.gender WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' ELSE s.gender END AS gender,
                CASE WHEN s.grade = 'K' THEN 'KG' WHEN length(s.grade) = 1 THEN '0' || s.grade
                    ELSE s.grade END AS grade,
                CASE s.active WHEN 'yes' THEN 'active' ELSE 'inactive' END AS status,
                s.school_id, c._row AS _row_schools, c.name AS school_name, c.number AS school_number
            FROM raw.students s LEFT JOIN {SCHOOLS} c ON c.id = s.school_id
            """,
            lead="students",
            origins={"school_name": "schools.name", "school_number": "schools.number"},
        ),
        Relation(
            "school_enrollments",
            """
            SELECT _row, student_id, school_id, year AS school_year, entered AS entry_date,
                "left" AS exit_date, 'enrolled' AS status, 'true' AS "primary"
            FROM raw.enrollments
            """,
            lead="enrollments",
        ),
        Relation(
            "student_guardians",
            f"""
            SELECT g._row, g.student_id, g.id AS guardian_id, g.relation AS relationship,
                g.first_name, g.last_name, g.email, g.phone, s.school_id, s._row AS _row_students,
                CASE s.active WHEN 'yes' THEN 'active' ELSE 'inactive' END AS student_status
            FROM raw.guardians g LEFT JOIN {STUDENTS} s ON s.id = g.student_id
            """,
            lead="guardians",
            origins={"school_id": "students.school_id", "student_status": "students.active"},
        ),
    ],
    counted=[
        *(_repeated(table) for table in COLUMNS),
        *(_dangling(table, column, of) for table, column, of in REFERENCES),
    ],
)
