"""Schools, terms, courses, sections, and who belongs to them."""

from __future__ import annotations

from collections.abc import Iterator

from rosterbus.extracts import Relation

from rosterbus_oneroster.mapping.cells import Cell, Raw, as_list, elements, grade, status, word
from rosterbus_oneroster.mapping.relations import Query, relation
from rosterbus_oneroster.mapping.roles import (
    MEMBER_OF_STAFF,
    STUDENT,
    Memberships,
    Roles,
    is_kind,
    is_school,
    schools,
)

TERM_TYPES = ("schoolYear", "semester", "term", "gradingPeriod")


def classes(raw: Raw, roles: Roles) -> Iterator[Relation]:
    """The relations of schools and teaching that the package has files for."""
    if "orgs" in raw.tables:
        yield _schools(raw)
    if "academicSessions" in raw.tables:
        yield _terms(raw)
    if "courses" in raw.tables:
        yield _courses(raw)
    if "classes" in raw.tables:
        yield _sections(raw)
    if "enrollments" in raw.tables and "users" in raw.tables:
        yield _enrollments(raw, roles)
    if "users" in raw.tables:
        yield _school_enrollments(raw, roles.memberships(STUDENT))
        yield _staff_assignments(raw, roles.memberships(MEMBER_OF_STAFF))


def living(raw: Raw, table: str) -> str:
    """The ids of a table without those marked as going away."""
    return f'SELECT "sourcedId" FROM raw."{table}" AS one WHERE {raw.alive(table, "one")}'


def students_of(raw: Raw, roles: Roles) -> str:
    """The ids of the users who are students."""
    held = f"{roles.has('u', STUDENT)} AND {raw.kept('users', 'u')}"
    return f'SELECT u."sourcedId" FROM raw."users" AS u WHERE {held}'


def _schools(raw: Raw) -> Relation:
    cells = {
        "school_id": raw.cell("orgs", "sourcedId", "o"),
        "name": raw.cell("orgs", "name", "o"),
        "school_number": raw.cell("orgs", "identifier", "o"),
        "parent_id": raw.cell("orgs", "parentSourcedId", "o"),
        "status": Cell(status(raw.alive("orgs", "o")), "orgs.status"),
    }
    where = f"{is_school(raw, 'o')} AND {raw.kept('orgs', 'o')}"
    query = Query(source='raw."orgs" AS o', rows={"orgs": "o"}, where=where, carried=["orgs"])
    return relation(raw, "schools", cells, query)


def _terms(raw: Raw) -> Relation:
    cells = {
        "term_id": raw.cell("academicSessions", "sourcedId", "t"),
        "title": raw.cell("academicSessions", "title", "t"),
        "type": raw.cell("academicSessions", "type", "t", lambda sql: word(sql, TERM_TYPES)),
        "school_year": raw.cell("academicSessions", "schoolYear", "t"),
        "start_date": raw.cell("academicSessions", "startDate", "t"),
        "end_date": raw.cell("academicSessions", "endDate", "t"),
        "parent_id": raw.cell("academicSessions", "parentSourcedId", "t"),
    }
    query = Query(
        source='raw."academicSessions" AS t',
        rows={"academicSessions": "t"},
        where=raw.alive("academicSessions", "t"),
        carried=["academicSessions"],
    )
    return relation(raw, "terms", cells, query)


def _courses(raw: Raw) -> Relation:
    cells = {
        "course_id": raw.cell("courses", "sourcedId", "k"),
        "title": raw.cell("courses", "title", "k"),
        "course_code": raw.cell("courses", "courseCode", "k"),
        "school_id": raw.cell("courses", "orgSourcedId", "k"),
        "subjects": raw.cell("courses", "subjects", "k", as_list),
        "grades": raw.cell("courses", "grades", "k", lambda sql: as_list(sql, grade)),
    }
    query = Query(
        source='raw."courses" AS k',
        rows={"courses": "k"},
        where=raw.alive("courses", "k"),
        carried=["courses"],
    )
    return relation(raw, "courses", cells, query)


def _sections(raw: Raw) -> Relation:
    joins, rows, common = ['raw."classes" AS c'], {"classes": "c"}, {}
    if "orgs" in raw.tables:
        common["schools"] = schools(raw)
        joins.append('LEFT JOIN schools AS o ON o."sourcedId" = c."schoolSourcedId"')
        rows["orgs"] = "o"
    if "courses" in raw.tables and raw.has("classes", "courseSourcedId"):
        joins.append(f'LEFT JOIN {raw.first("courses")} AS k ON k."sourcedId" = c."courseSourcedId"')
        rows["courses"] = "k"
    if "academicSessions" in raw.tables and raw.has("classes", "termSourcedIds"):
        common["spans"] = _spans(raw)
        joins.append("LEFT JOIN spans AS t ON t.class_row = c._row")
        rows["academicSessions"] = "t"
    if "enrollments" in raw.tables:
        common["teachers"] = _teachers(raw)
        joins.append('LEFT JOIN teachers AS e ON e.section_id = c."sourcedId"')
        rows["enrollments"] = "e"
        if "users" in raw.tables:
            joins.append(f'LEFT JOIN {raw.first("users")} AS u ON u."sourcedId" = e.teacher_id')
            rows["users"] = "u"
    query = Query(
        source=" ".join(joins), rows=rows, where=raw.alive("classes", "c"), common=common, carried=["classes"]
    )
    return relation(raw, "sections", _section_cells(raw, rows), query)


def _section_cells(raw: Raw, rows: dict[str, str]) -> dict[str, Cell | None]:
    return {
        "section_id": raw.cell("classes", "sourcedId", "c"),
        "title": raw.cell("classes", "title", "c"),
        "section_code": raw.cell("classes", "classCode", "c"),
        "course_id": raw.cell("classes", "courseSourcedId", "c"),
        "course_title": raw.cell("courses", "title", "k") if "courses" in rows else None,
        "school_id": raw.cell("classes", "schoolSourcedId", "c"),
        "school_name": raw.cell("orgs", "name", "o"),
        "term_ids": raw.cell("classes", "termSourcedIds", "c", as_list),
        "term_start_date": Cell("t.begins", "academicSessions.startDate")
        if "academicSessions" in rows
        else None,
        "term_end_date": Cell("t.ends", "academicSessions.endDate") if "academicSessions" in rows else None,
        "period": raw.cell("classes", "periods", "c"),
        "location": raw.cell("classes", "location", "c"),
        "grades": raw.cell("classes", "grades", "c", lambda sql: as_list(sql, grade)),
        "subjects": raw.cell("classes", "subjects", "c", as_list),
        "primary_teacher_id": Cell("e.teacher_id", "enrollments.userSourcedId")
        if "enrollments" in rows
        else None,
        "primary_teacher_email": raw.cell("users", "email", "u") if "users" in rows else None,
    }


def _spans(raw: Raw) -> str:
    """From the first day of a class's earliest term to the end of its latest; `_row` is the earliest's."""
    listed = elements(raw.text("classes", "termSourcedIds", "c"))
    return (
        "SELECT c._row AS class_row, min(nullif(t.\"startDate\", '')) AS begins, "
        'max(nullif(t."endDate", \'\')) AS ends, arg_min(t._row, (t."startDate", t._row)) AS _row '
        f'FROM raw."classes" AS c, unnest({listed}) AS one(id) '
        f'JOIN {raw.first("academicSessions")} AS t ON t."sourcedId" = one.id GROUP BY c._row'
    )


def _teachers(raw: Raw) -> str:
    """One teacher for each class: who teaches now, before others, and of these the primary one."""
    current = (
        f"{raw.begun('enrollments', 'beginDate', 'e')} AND NOT {raw.ended('enrollments', 'endDate', 'e')}"
    )
    order = f"(NOT ({current}), lower({raw.text('enrollments', 'primary', 'e')}) <> 'true', e._row)"
    return (
        f'SELECT e."classSourcedId" AS section_id, arg_min(e."userSourcedId", {order}) AS teacher_id, '
        f'arg_min(e._row, {order}) AS _row FROM raw."enrollments" AS e '
        f"WHERE lower(trim(e.\"role\")) = 'teacher' AND {raw.alive('enrollments', 'e')} GROUP BY ALL"
    )


def _enrollments(raw: Raw, roles: Roles) -> Relation:
    begun = raw.begun("enrollments", "beginDate", "e")
    ended = raw.ended("enrollments", "endDate", "e")
    cells = {
        "enrollment_id": raw.cell("enrollments", "sourcedId", "e"),
        "section_id": raw.cell("enrollments", "classSourcedId", "e"),
        "student_id": raw.cell("enrollments", "userSourcedId", "e"),
        "school_id": raw.cell("enrollments", "schoolSourcedId", "e"),
        "role": Cell("'student'", "enrollments.role"),
        "begin_date": raw.cell("enrollments", "beginDate", "e"),
        "end_date": raw.cell("enrollments", "endDate", "e"),
        "status": Cell(
            status(f"{raw.alive('enrollments', 'e')} AND {begun} AND NOT {ended}"), "enrollments.status"
        ),
    }
    where = f"{is_kind('e.role', STUDENT)} AND {raw.kept('enrollments', 'e')}"
    where += f' AND e."userSourcedId" IN ({students_of(raw, roles)})'
    if "classes" in raw.tables:
        where += f' AND e."classSourcedId" IN ({living(raw, "classes")})'
    query = Query(
        source='raw."enrollments" AS e',
        rows={"enrollments": "e"},
        where=where,
        carried=["enrollments"],
        members=("enrollments", "classes", "users", "roles"),
    )
    return relation(raw, "enrollments", cells, query)


def _school_enrollments(raw: Raw, held: Memberships) -> Relation:
    cells = {
        "student_id": Cell('u."sourcedId"', "users.sourcedId"),
        "school_id": held.org,
        "entry_date": held.begin,
        "exit_date": held.end,
        "status": Cell(held.status, f"{next(iter(held.rows))}.status"),
        "primary": held.primary,
        "grade": raw.cell("users", "grades", "u", grade),
    }
    return relation(raw, "school_enrollments", cells, _held(raw, held))


def _staff_assignments(raw: Raw, held: Memberships) -> Relation:
    cells = {
        "staff_id": Cell('u."sourcedId"', "users.sourcedId"),
        "school_id": held.org,
        "role": held.role,
        "begin_date": held.begin,
        "end_date": held.end,
        "primary": held.primary,
    }
    return relation(raw, "staff_assignments", cells, _held(raw, held))


def _held(raw: Raw, held: Memberships) -> Query:
    common = {"schools": schools(raw)} if "orgs" in raw.tables else {}
    return Query(
        source=held.source,
        rows=held.rows,
        where=held.where,
        common=common,
        members=tuple(dict.fromkeys(("users", "orgs", *held.rows))),
    )
