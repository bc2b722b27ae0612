"""Students, guardians, the pairs of both, and staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rosterbus.engine import literal
from rosterbus.extracts import Relation

from rosterbus_oneroster.mapping.cells import Cell, Raw, boolean, elements, grade, status, word
from rosterbus_oneroster.mapping.relations import Query, relation
from rosterbus_oneroster.mapping.roles import GUARDIAN, MEMBER_OF_STAFF, STUDENT, Roles, Standing, schools

RACES = {
    "americanIndianOrAlaskaNative": "AmericanIndianOrAlaskaNative",
    "asian": "Asian",
    "blackOrAfricanAmerican": "BlackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander": "NativeHawaiianOrOtherPacificIslander",
    "white": "White",
    "demographicRaceTwoOrMoreRaces": "DemographicRaceTwoOrMoreRaces",
}
GENDERS = ("female", "male", "other", "unspecified")


def people(raw: Raw, roles: Roles) -> Iterator[Relation]:
    """The relations of people that the package has files for."""
    if "users" not in raw.tables:
        return
    students = _students(raw, roles)
    yield students
    yield _staff(raw, roles)
    yield _guardians(raw, roles)
    if raw.has("users", "agentSourcedIds"):
        yield _student_guardians(raw, roles, students)


def pairs(raw: Raw, roles: Roles) -> str:
    """Students and the agents they name, or who name them: both directions occur."""
    agents = raw.text("users", "agentSourcedIds", "{}")
    sides = []
    for alias, kind, order in (("s", STUDENT, "{me}, {other}"), ("g", GUARDIAN, "{other}, {me}")):
        listed = agents.format(alias)
        columns = order.format(me=f'{alias}."sourcedId"', other="agent.id")
        student, guardian = columns.split(", ")
        sides.append(
            f"SELECT {student} AS student_id, {guardian} AS guardian_id "
            f'FROM raw."users" AS {alias}, unnest({elements(listed)}) AS agent(id) '
            f"WHERE {listed} <> '' AND agent.id <> '' AND {roles.has(alias, kind)}"
        )
    return " UNION ".join(sides)


def is_guardian(raw: Raw, roles: Roles, alias: str) -> str:
    """Guardians by role, and whoever else a student names as agent, if that is no student."""
    by_role = roles.has(alias, GUARDIAN)
    if not raw.has("users", "agentSourcedIds"):
        return by_role
    named = f'{alias}."sourcedId" IN (SELECT guardian_id FROM pairs) AND NOT {roles.has(alias, STUDENT)}'
    return f"({by_role} OR ({named}))"


def _students(raw: Raw, roles: Roles) -> Relation:
    standing = roles.standing(STUDENT)
    rows, joins = {"users": "u", **standing.rows}, [standing.joins]
    common: dict[str, str] = {}
    carried = ["users"]
    if "orgs" in raw.tables:
        common["schools"] = schools(raw)
        joins.append(f'LEFT JOIN schools AS o ON o."sourcedId" = {standing.school_id.sql}')
        rows["orgs"] = "o"
    if "demographics" in raw.tables:
        joins.append(f'LEFT JOIN {raw.first("demographics")} AS d ON d."sourcedId" = u."sourcedId"')
        rows["demographics"] = "d"
        carried.append("demographics")
    query = Query(
        source=f'raw."users" AS u {" ".join(joins)}',
        rows=rows,
        where=f"{standing.where} AND {raw.kept('users', 'u')}",
        common={**common, **standing.common},
        carried=carried,
        members=("users", *standing.rows),
    )
    return relation(raw, "students", _student_cells(raw, standing), query)


def _student_cells(raw: Raw, standing: Standing) -> dict[str, Cell | None]:
    state = (
        f"CASE WHEN {standing.active} THEN 'enrolled' WHEN {standing.upcoming} THEN 'pre_enrolled' "
        "ELSE 'inactive' END"
    )
    return {
        "student_id": raw.cell("users", "sourcedId", "u"),
        "student_number": raw.cell("users", "identifier", "u"),
        **_names(raw),
        **_contact(raw),
        "preferred_first_name": raw.cell("users", "preferredGivenName", "u"),
        "username": raw.cell("users", "username", "u"),
        "grade": raw.cell("users", "grades", "u", grade),
        "status": Cell(status(standing.active), "users.status"),
        "enrollment_status": Cell(state, "users.status"),
        **_school(raw, standing),
        **_demographics(raw),
    }


def _demographics(raw: Raw) -> dict[str, Cell | None]:
    flags = [
        f"CASE WHEN lower({raw.text('demographics', column, 'd')}) = 'true' THEN {literal(race)} END"
        for column, race in RACES.items()
    ]
    known = any(raw.has("demographics", column) for column in RACES)
    races = f"array_to_string([{', '.join(flags)}], '|')"
    return {
        "birth_date": raw.cell("demographics", "birthDate", "d"),
        "gender": raw.cell("demographics", "sex", "d", lambda sql: word(sql, GENDERS)),
        "hispanic": raw.cell("demographics", "hispanicOrLatinoEthnicity", "d", boolean),
        "race": Cell(races, "demographics.demographicRaceTwoOrMoreRaces") if known else None,
    }


def _guardians(raw: Raw, roles: Roles) -> Relation:
    cells = {"guardian_id": raw.cell("users", "sourcedId", "u"), **_names(raw), **_contact(raw)}
    cells["status"] = Cell(status(raw.alive("users", "u")), "users.status")
    query = Query(
        source='raw."users" AS u',
        rows={"users": "u"},
        where=f"{is_guardian(raw, roles, 'u')} AND {raw.kept('users', 'u')}",
        common={"pairs": pairs(raw, roles)} if raw.has("users", "agentSourcedIds") else {},
        carried=["users"],
        members=("users", "roles"),
    )
    return relation(raw, "guardians", cells, query)


def _student_guardians(raw: Raw, roles: Roles, students: Relation) -> Relation:
    """One row for each pair; the lead is the guardian's row, where all but the student's own cells stand."""
    known = (
        "SELECT student_id, arg_min(school_id, _row) AS school_id, arg_min(status, _row) AS status "
        f"FROM ({students.sql}) GROUP BY student_id"
    )
    cells = {
        "student_id": Cell("p.student_id"),
        "guardian_id": Cell("p.guardian_id", "users.sourcedId"),
        "relationship": Cell(roles.kinship("u"), "users.role"),
        **_names(raw),
        **_contact(raw),
        "school_id": Cell("s.school_id"),
        "student_status": Cell("s.status"),
    }
    query = Query(
        source=f"pairs AS p JOIN known_students AS s ON s.student_id = p.student_id "
        f'JOIN {raw.first("users")} AS u ON u."sourcedId" = p.guardian_id',
        rows={"users": "u"},
        where=f"{is_guardian(raw, roles, 'u')} AND {raw.kept('users', 'u')}",
        common={"pairs": pairs(raw, roles), "known_students": known},
        carried=["users"],
        members=("users", "roles"),
    )
    return relation(raw, "student_guardians", cells, query)


def _staff(raw: Raw, roles: Roles) -> Relation:
    standing = roles.standing(MEMBER_OF_STAFF)
    rows, joins, common = {"users": "u", **standing.rows}, [standing.joins], {}
    if "orgs" in raw.tables:
        common["schools"] = schools(raw)
        joins.append(f'LEFT JOIN schools AS o ON o."sourcedId" = {standing.school_id.sql}')
        rows["orgs"] = "o"
    cells = {
        "staff_id": raw.cell("users", "sourcedId", "u"),
        "staff_number": raw.cell("users", "identifier", "u"),
        **_names(raw),
        "email": raw.cell("users", "email", "u"),
        "phone": raw.cell("users", "phone", "u"),
        "username": raw.cell("users", "username", "u"),
        "role": standing.role,
        "status": Cell(status(standing.active), "users.status"),
        **_school(raw, standing),
    }
    query = Query(
        source=f'raw."users" AS u {" ".join(joins)}',
        rows=rows,
        where=f"{standing.where} AND {raw.kept('users', 'u')}",
        common={**common, **standing.common},
        carried=["users"],
        members=("users", *standing.rows),
    )
    return relation(raw, "staff", cells, query)


def _names(raw: Raw) -> dict[str, Cell | None]:
    return {
        "first_name": raw.cell("users", "givenName", "u"),
        "middle_name": raw.cell("users", "middleName", "u"),
        "last_name": raw.cell("users", "familyName", "u"),
    }


def _contact(raw: Raw) -> dict[str, Cell | None]:
    return {
        "email": raw.cell("users", "email", "u"),
        "phone": raw.cell("users", "phone", "u"),
        "mobile_phone": raw.cell("users", "sms", "u"),
    }


def _school(raw: Raw, standing: Standing) -> Mapping[str, Cell | None]:
    return {
        "school_id": standing.school_id,
        "school_name": raw.cell("orgs", "name", "o"),
        "school_number": raw.cell("orgs", "identifier", "o"),
    }
