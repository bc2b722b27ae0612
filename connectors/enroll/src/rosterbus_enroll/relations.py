"""Roster relations of the registrations that exports have told of: SQL over whichever columns the district exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rosterbus.engine import literal, quoted
from rosterbus.extracts import Mapped, RawTable, Relation, Unused
from rosterbus.roster import vocabulary

from rosterbus_enroll.columns import chosen_columns
from rosterbus_enroll.pickup import TABLE
from rosterbus_enroll.published import APPROVED

FROM = f"FROM raw.{TABLE}"


def map_registrations(settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
    """`registrations`; `students` where a student is named; `school_enrollments` where a first day is, too."""
    there = tables[TABLE].columns
    cells = {column: quoted(header) for header, column in chosen_columns(settings).items() if header in there}
    relations = [_registrations(cells)]
    unused = []
    if "student_id" in cells:
        relations.append(_students(cells))
        unused += [
            Unused(TABLE, "without a student", f"coalesce({cells['student_id']}, '') = ''"),
            Unused(TABLE, "an earlier registration of the same student", "true"),
        ]
    if {"student_id", "school_id", "entry_date"} <= set(cells):
        relations.append(_school_enrollments(cells))
    return Mapped(relations, unused)


def _registrations(cells: Mapping[str, str]) -> Relation:
    """Whoever is exported is approved."""
    identity = cells.get("registration_id") or "concat_ws('|', {})".format(
        ", ".join(cells[name] for name in ("student_id", "school_year") if name in cells)
    )
    told = {"status": literal(APPROVED), **cells, "registration_id": identity}
    return Relation("registrations", f"SELECT _row, {_listed(told)} {FROM}", TABLE, _origins(cells))


def _students(cells: Mapping[str, str]) -> Relation:
    """One row for each student, of the latest registration; the columns that students have, and the district's own."""
    known = vocabulary().tables
    foreign = set(known["registrations"].columns) - set(known["students"].columns)
    told = {
        "status": literal("active"),
        **{column: sql for column, sql in cells.items() if column not in foreign and column != "status"},
    }
    latest = _latest(cells, ("student_id",))
    sql = f"SELECT _row, {_listed(told)} {FROM} WHERE coalesce({cells['student_id']}, '') <> '' {latest}"
    return Relation("students", sql, TABLE, _origins(cells))


def _school_enrollments(cells: Mapping[str, str]) -> Relation:
    key = ("student_id", "school_id", "entry_date")
    told = {"primary": literal("true")} | {
        name: cells[name] for name in (*key, "school_year", "grade") if name in cells
    }
    filled = " AND ".join(f"coalesce({cells[name]}, '') <> ''" for name in key[:2])
    sql = f"SELECT _row, {_listed(told)} {FROM} WHERE {filled} {_latest(cells, key)}"
    return Relation("school_enrollments", sql, TABLE, _origins(cells))


def _latest(cells: Mapping[str, str], key: tuple[str, ...]) -> str:
    year = f"{cells['school_year']} DESC NULLS LAST, " if "school_year" in cells else ""
    within = ", ".join(cells[name] for name in key)
    return f"QUALIFY row_number() OVER (PARTITION BY {within} ORDER BY {year}_row DESC) = 1"


def _listed(told: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} AS {quoted(column)}" for column, sql in told.items())


def _origins(cells: Mapping[str, str]) -> dict[str, str]:
    """In which column of the file each cell stands, as people wrote its header."""
    return {column: f"{TABLE}.{sql[1:-1].replace(chr(34) * 2, chr(34))}" for column, sql in cells.items()}
