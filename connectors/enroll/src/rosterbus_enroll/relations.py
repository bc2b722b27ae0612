"""Roster relations of the registrations that exports have told of: SQL over whichever columns the district exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rosterbus.engine import literal, quoted
from rosterbus.extracts import Mapped, RawTable, Relation, Unused
from rosterbus.roster import vocabulary

from rosterbus_enroll.columns import chosen_columns
from rosterbus_enroll.pickup import TABLE
from rosterbus_enroll.published import APPROVED

Headers = Mapping[str, str]
"""The header of each roster column that the exports have."""


def map_registrations(settings: Any, tables: Mapping[str, RawTable]) -> Mapped:
    """`registrations`; `students` where a student is named; `school_enrollments` where a first day is, too."""
    there = tables[TABLE].columns
    headers = {column: header for header, column in chosen_columns(settings).items() if header in there}
    relations = [_registrations(headers)]
    unused = []
    if "student_id" in headers:
        relations.append(_students(headers))
        unused += [
            Unused(TABLE, "without a student", f"NOT {_filled(headers, ('student_id',))}"),
            Unused(TABLE, "an earlier registration of the same student", "true"),
        ]
    if {"student_id", "school_id", "entry_date"} <= set(headers):
        relations.append(_school_enrollments(headers))
    return Mapped(relations, unused)


def _registrations(headers: Headers) -> Relation:
    """Whoever is exported is approved."""
    parts = [quoted(headers[name]) for name in ("student_id", "school_year") if name in headers]
    told = {
        "registration_id": f"concat_ws('|', {', '.join(parts)})",
        "status": literal(APPROVED),
        **_direct(headers, headers),
    }
    return _relation("registrations", told, headers)


def _students(headers: Headers) -> Relation:
    """One row for each student, of the latest registration, with the columns that students have too."""
    tables = vocabulary().tables
    foreign = set(tables["registrations"].columns) - set(tables["students"].columns)
    own = [column for column in headers if column not in {*foreign, "status"}]
    told = {"status": literal("active"), **_direct(headers, own)}
    return _relation("students", told, headers, key=("student_id",), filled=("student_id",))


def _school_enrollments(headers: Headers) -> Relation:
    key = ("student_id", "school_id", "entry_date")
    shared = [column for column in (*key, "school_year", "grade") if column in headers]
    told = {"primary": literal("true"), **_direct(headers, shared)}
    return _relation("school_enrollments", told, headers, key=key, filled=key[:2])


def _relation(
    table: str,
    told: Mapping[str, str],
    headers: Headers,
    *,
    key: Sequence[str] = (),
    filled: Sequence[str] = (),
) -> Relation:
    """A relation of the `told` columns: of the rows whose `filled` columns are, the latest one of each `key`."""
    columns = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in told.items())
    sql = f"SELECT _row, {columns} FROM raw.{TABLE}"
    if filled:
        sql += f" WHERE {_filled(headers, filled)}"
    if key:
        within = ", ".join(quoted(headers[column]) for column in key)
        year = f"{quoted(headers['school_year'])} DESC NULLS LAST, " if "school_year" in headers else ""
        sql += f" QUALIFY row_number() OVER (PARTITION BY {within} ORDER BY {year}_row DESC) = 1"
    origins = {column: f"{TABLE}.{header}" for column, header in headers.items() if column in told}
    return Relation(table, sql, TABLE, origins)


def _direct(headers: Headers, columns: Sequence[str] | Headers) -> dict[str, str]:
    return {column: quoted(headers[column]) for column in columns}


def _filled(headers: Headers, columns: Sequence[str]) -> str:
    tests = (f"coalesce({quoted(headers[column])}, '') <> ''" for column in columns)
    return f"({' AND '.join(tests)})"
