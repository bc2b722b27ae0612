"""Why a raw row is in no relation, and what is worth counting in those that are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rosterbus.engine import quoted
from rosterbus.extracts import Counted, Unused
from rosterbus.findings import Finding

from rosterbus_oneroster.mapping.cells import Raw
from rosterbus_oneroster.mapping.classes import living, students_of
from rosterbus_oneroster.mapping.people import pairs
from rosterbus_oneroster.mapping.roles import GUARDIAN, MEMBER_OF_STAFF, STUDENT, Roles, is_kind, is_school
from rosterbus_oneroster.standard import SOURCE

GOING = "marked tobedeleted or inactive"
NAMELESS_ROLE = "a role that is neither student, guardian nor staff"
DANGLING = "dangling reference"
REFERENCES = (
    ("classes", "courseSourcedId", "courses"),
    ("classes", "schoolSourcedId", "orgs"),
    ("enrollments", "classSourcedId", "classes"),
    ("enrollments", "userSourcedId", "users"),
    ("roles", "userSourcedId", "users"),
    ("roles", "orgSourcedId", "orgs"),
    ("demographics", "sourcedId", "users"),
)
DATES = (
    ("enrollments", "beginDate"),
    ("enrollments", "endDate"),
    ("roles", "beginDate"),
    ("roles", "endDate"),
)


def unused(raw: Raw, roles: Roles) -> Iterator[Unused]:
    """The reasons, in the order in which they are asked."""
    for table in ("academicSessions", "courses", "classes"):
        if table in raw.tables:
            yield _going(raw, table)
    if "orgs" in raw.tables:
        yield Unused("orgs", "not a school", f"NOT ({is_school(raw, '')})")
        yield _going(raw, "orgs")
    if "users" in raw.tables:
        yield from _unused_users(raw, roles)
    if "roles" in raw.tables:
        yield from _unused_roles(raw)
    if "enrollments" in raw.tables and "users" in raw.tables:
        yield from _unused_enrollments(raw, roles)
    if "demographics" in raw.tables:
        yield from _unused_demographics(raw, roles)


def counted(raw: Raw, roles: Roles) -> Iterator[Counted]:
    """What stays in the roster and may be wrong all the same."""
    for table in raw.tables:
        yield _count(
            "repeated ids",
            f"{raw.tables[table].file} has rows whose sourcedId stood in an earlier row",
            f'SELECT count(*) - count(DISTINCT "sourcedId") FROM raw."{table}"',
        )
    if raw.has("users", "agentSourcedIds"):
        yield _count(
            "orphans",
            "pairs of a student and an agent name somebody whom users.csv does not have",
            f"SELECT count(*) FROM ({pairs(raw, roles)}) WHERE student_id NOT IN ({_ids('users')}) "
            f"OR guardian_id NOT IN ({_ids('users')})",
        )
    for table, column, target in REFERENCES:
        if raw.has(table, column) and target in raw.tables:
            mine, other = raw.tables[table].file, raw.tables[target].file
            sentence = f"rows of {mine} have a {column} that {other} does not have"
            sql = _rows(table, column, f"{quoted(column)} NOT IN ({_ids(target)})")
            yield replace(_count("orphans", sentence, sql), share_of=table)
    for table, column in DATES:
        if raw.has(table, column):
            sentence = f"rows of {raw.tables[table].file} have a {column} that is no date; it sets no bound"
            odd = f"TRY_CAST({quoted(column)} AS DATE) IS NULL"
            yield _count("unreadable dates", sentence, _rows(table, column, odd))


def _unused_users(raw: Raw, roles: Roles) -> Iterator[Unused]:
    if not raw.keeps_inactive:
        yield _going(raw, "users")
    if "roles" in raw.tables:
        yield Unused(
            "users", "no row in roles.csv", '"sourcedId" NOT IN (SELECT "userSourcedId" FROM raw."roles")'
        )
    else:
        yield Unused("users", "no role", f"trim({raw.text('users', 'role', '')}) = ''")
    kinds = " OR ".join(roles.has("", kind) for kind in (STUDENT, GUARDIAN, MEMBER_OF_STAFF))
    yield Unused("users", NAMELESS_ROLE, f"NOT ({kinds})")


def _unused_roles(raw: Raw) -> Iterator[Unused]:
    yield Unused("roles", f"{DANGLING}: no such user", f'"userSourcedId" NOT IN ({_ids("users")})')
    yield Unused("roles", "the role of a guardian, who belongs to no school", is_kind("role", GUARDIAN))
    kinds = f"{is_kind('role', STUDENT)} OR {is_kind('role', MEMBER_OF_STAFF)}"
    yield Unused("roles", NAMELESS_ROLE, f"NOT ({kinds})")
    if not raw.keeps_inactive:
        yield _going(raw, "roles")
    yield Unused("roles", "the same role as another row, which is newer or stands first", "true")


def _unused_enrollments(raw: Raw, roles: Roles) -> Iterator[Unused]:
    yield Unused("enrollments", f"{DANGLING}: no such user", f'"userSourcedId" NOT IN ({_ids("users")})')
    if "classes" in raw.tables:
        yield Unused(
            "enrollments", f"{DANGLING}: no such class", f'"classSourcedId" NOT IN ({_ids("classes")})'
        )
    yield Unused("enrollments", "not in the role of a student", f"NOT ({is_kind('role', STUDENT)})")
    yield Unused(
        "enrollments", "of a user who is no student", f'"userSourcedId" NOT IN ({students_of(raw, roles)})'
    )
    if "classes" in raw.tables:
        gone = f'"classSourcedId" NOT IN ({living(raw, "classes")})'
        yield Unused("enrollments", f"in a class that is {GOING}", gone)
    if not raw.keeps_inactive:
        yield _going(raw, "enrollments")


def _unused_demographics(raw: Raw, roles: Roles) -> Iterator[Unused]:
    if "users" in raw.tables:
        yield Unused("demographics", f"{DANGLING}: no such user", f'"sourcedId" NOT IN ({_ids("users")})')
        yield Unused(
            "demographics", "of a user who is no student", f'"sourcedId" NOT IN ({students_of(raw, roles)})'
        )
    yield Unused("demographics", "a later row of the same user", "true")


def _going(raw: Raw, table: str) -> Unused:
    return Unused(table, GOING, f"NOT ({raw.alive(table, '')})")


def _rows(table: str, column: str, condition: str) -> str:
    """The SQL that counts the rows whose cell is not blank and fulfils a condition."""
    return f"SELECT count(*) FROM raw.{quoted(table)} WHERE {quoted(column)} <> '' AND {condition}"


def _ids(table: str) -> str:
    return f'SELECT "sourcedId" FROM raw."{table}"'


def _count(rule: str, sentence: str, sql: str) -> Counted:
    return Counted(Finding("warn", rule, sentence, source=SOURCE), sql)
