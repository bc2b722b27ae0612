"""Who has which role where: in users.csv up to version 1.1, in roles.csv since 1.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rosterbus.engine import literal

from rosterbus_oneroster.mapping.cells import Cell, Raw, elements, flag, status, within, word
from rosterbus_oneroster.standard import PARENTS, STAFF

STUDENT, GUARDIAN, MEMBER_OF_STAFF = "student", "guardian", "staff"
SCHOOL_TYPES = ("school", "college", "university")


@dataclass(frozen=True)
class Standing:
    """How one kind of people stands to its schools, one row for each row ``u`` of users.

    `school_id` is SQL of the main school, or of whatever organisation there is instead.
    """

    joins: str
    where: str
    school_id: Cell
    role: Cell
    active: str
    upcoming: str
    common: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Memberships:
    """One row for each person and organisation. ``u`` is the person, `org` the SQL of the organisation."""

    source: str
    where: str
    org: Cell
    role: Cell
    primary: Cell
    status: str
    begin: Cell | None
    end: Cell | None
    rows: Mapping[str, str]


class Roles(Protocol):
    """The two places where OneRoster keeps roles, asked alike."""

    def has(self, alias: str, kind: str) -> str:
        """The condition that a row of users, or of nobody else's, has a role of that kind."""

    def standing(self, kind: str) -> Standing:
        """How people of that kind stand to their schools."""

    def memberships(self, kind: str) -> Memberships:
        """All the organisations of people of that kind."""

    def kinship(self, alias: str) -> str:
        """The SQL of what a guardian is."""


def roles_of(raw: Raw) -> Roles:
    """The roles of a package, wherever it keeps them."""
    return RolesInFile(raw) if "roles" in raw.tables else RolesInUsers(raw)


def is_kind(role: str, kind: str) -> str:
    """The condition that the SQL `role` is a role of that kind."""
    folded = f"lower(trim({role}))"
    if kind == STUDENT:
        return f"{folded} = 'student'"
    if kind == GUARDIAN:
        return f"{folded} IN ({_listed(PARENTS)})"
    return f"({folded} IN ({_listed(STAFF)}) OR starts_with({folded}, 'ext:'))"


def schools(raw: Raw) -> str:
    """The organisations that are schools, one row for each, whatever else orgs.csv holds."""
    return f"SELECT * FROM {raw.first('orgs')} AS o WHERE {is_school(raw, 'o')}"


def is_school(raw: Raw, alias: str) -> str:
    """The condition that a row of orgs is a school, not a district or a department."""
    kind = f"replace(lower(trim({raw.text('orgs', 'type', alias)})), 'ext:', '')"
    return f"{kind} IN ({_listed(SCHOOL_TYPES)})"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(literal(one.lower()) for one in words)


@dataclass(frozen=True)
class RolesInUsers:
    """Versions 1.0 and 1.1: one role for each user, and a list of organisations, the main one first."""

    raw: Raw

    def has(self, alias: str, kind: str) -> str:
        return is_kind(self.raw.text("users", "role", alias), kind)

    def kinship(self, alias: str) -> str:
        role = f"lower(trim({self.raw.text('users', 'role', alias)}))"
        return f"CASE WHEN {role} IN ({_listed(PARENTS)}) THEN {role} ELSE 'other' END"

    def standing(self, kind: str) -> Standing:
        orgs = self.raw.text("users", "orgSourcedIds", "u")
        first = f"trim(split_part({orgs}, ',', 1))"
        common, joins = {}, ""
        if "orgs" in self.raw.tables and self.raw.has("users", "orgSourcedIds"):
            common = {
                "first_schools": "SELECT u._row, arg_min(listed.org, listed.place) AS org "
                f'FROM raw."users" AS u, unnest({elements(orgs)}) WITH ORDINALITY AS listed(org, place) '
                'JOIN schools ON schools."sourcedId" = listed.org '
                f"WHERE contains({orgs}, ',') GROUP BY u._row"
            }
            joins = "LEFT JOIN first_schools ON first_schools._row = u._row"
            first = f"coalesce(first_schools.org, {first})"
        alive = self.raw.alive("users", "u")
        return Standing(
            joins=joins,
            where=self.has("u", kind),
            school_id=Cell(first, "users.orgSourcedIds"),
            role=self._role(),
            active=alive,
            upcoming="false",
            common=common,
        )

    def memberships(self, kind: str) -> Memberships:
        listed = elements(self.raw.text("users", "orgSourcedIds", "u"))
        schools_only = kind == STUDENT and "orgs" in self.raw.tables
        join = 'JOIN schools ON schools."sourcedId" = one.org' if schools_only else ""
        each = (
            "SELECT u._row AS lead, one.org, min(one.place) AS place "
            f'FROM raw."users" AS u, unnest({listed}) WITH ORDINALITY AS one(org, place) {join} '
            f"WHERE one.org <> '' AND {self.has('u', kind)} GROUP BY ALL"
        )
        first = "SELECT lead, org, place = min(place) OVER (PARTITION BY lead) AS is_first FROM each_org"
        return Memberships(
            source=f'(WITH each_org AS ({each}) {first}) AS m JOIN raw."users" AS u ON u._row = m.lead',
            where=self.raw.kept("users", "u"),
            org=Cell("m.org", "users.orgSourcedIds"),
            role=self._role(),
            primary=Cell(flag("m.is_first"), "users.orgSourcedIds"),
            status=status(self.raw.alive("users", "u")),
            begin=None,
            end=None,
            rows={"users": "u"},
        )

    def _role(self) -> Cell:
        return Cell(word(self.raw.text("users", "role", "u"), STAFF), "users.role")


@dataclass(frozen=True)
class RolesInFile:
    """Version 1.2: a row for each role of each user at each organisation, with its dates."""

    raw: Raw

    def has(self, alias: str, kind: str) -> str:
        held = f'SELECT "userSourcedId" FROM raw."roles" WHERE {is_kind("role", kind)}'
        return f"{within(alias, 'sourcedId')} IN ({held})"

    def kinship(self, alias: str) -> str:
        held = (
            'SELECT lower(trim(arg_min("role", _row))) FROM raw."roles" AS kin '
            f'WHERE kin."userSourcedId" = {alias}."sourcedId" AND {is_kind("role", GUARDIAN)}'
        )
        return f"coalesce(({held}), 'other')"

    def standing(self, kind: str) -> Standing:
        order = f"NOT {self._current('r')}, {self._secondary('r')}, r._row"
        chosen = (
            f'SELECT r.* FROM raw."roles" AS r JOIN {self.raw.first("users")} AS u '
            f'ON u."sourcedId" = r."userSourcedId" WHERE {is_kind("r.role", kind)} '
            f'QUALIFY row_number() OVER (PARTITION BY r."userSourcedId" ORDER BY {order}) = 1'
        )
        alive = f"{self.raw.alive('users', 'u')} AND {self.raw.alive('roles', 'r')}"
        begun = self.raw.begun("roles", "beginDate", "r")
        return Standing(
            joins='JOIN chosen_roles AS r ON r."userSourcedId" = u."sourcedId"',
            where="true",
            school_id=Cell('r."orgSourcedId"', "roles.orgSourcedId"),
            role=self._role(),
            active=f"{self.raw.alive('users', 'u')} AND {self._current('r')}",
            upcoming=f"{alive} AND NOT {begun}",
            common={"chosen_roles": chosen},
            rows={"roles": "r"},
        )

    def memberships(self, kind: str) -> Memberships:
        same = 'r."userSourcedId", r."orgSourcedId"'
        same += f", {self.raw.text('roles', 'beginDate', 'r') if kind == STUDENT else self._role().sql}"
        order = f"NOT {self._current('r')}, {self.raw.text('roles', 'beginDate', 'r')} DESC, r._row"
        chosen = (
            f'SELECT r.* FROM raw."roles" AS r '
            f"WHERE {is_kind('r.role', kind)} AND {self.raw.kept('roles', 'r')} "
            f"QUALIFY row_number() OVER (PARTITION BY {same} ORDER BY {order}) = 1"
        )
        return Memberships(
            source=f"({chosen}) AS r JOIN {self.raw.first('users')} AS u "
            'ON u."sourcedId" = r."userSourcedId"',
            where=self.raw.kept("users", "u"),
            org=Cell('r."orgSourcedId"', "roles.orgSourcedId"),
            role=self._role(),
            primary=Cell(flag(f"NOT {self._secondary('r')}"), "roles.roleType"),
            status=status(f"{self.raw.alive('users', 'u')} AND {self._current('r')}"),
            begin=self.raw.cell("roles", "beginDate", "r"),
            end=self.raw.cell("roles", "endDate", "r"),
            rows={"roles": "r", "users": "u"},
        )

    def _current(self, alias: str) -> str:
        begun = self.raw.begun("roles", "beginDate", alias)
        ended = self.raw.ended("roles", "endDate", alias)
        return f"({self.raw.alive('roles', alias)} AND {begun} AND NOT {ended})"

    def _secondary(self, alias: str) -> str:
        """Whether a role is not the main one; the user's own primary organisation decides first."""
        declared = self.raw.text("users", "primaryOrgSourcedId", "u")
        kind = f"lower({self.raw.text('roles', 'roleType', alias)}) <> 'primary'"
        return f"(CASE WHEN {declared} = '' THEN {kind} ELSE {alias}.\"orgSourcedId\" <> {declared} END)"

    def _role(self) -> Cell:
        return Cell(word('r."role"', STAFF), "roles.role")
