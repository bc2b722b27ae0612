"""One extract of a run: the source's tables loaded into the engine, mapped to roster relations, and accounted for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rosterbus.engine import columns_of, literal, quoted, value
from rosterbus.extracts import Extract, Mapped, RawTable
from rosterbus.findings import Finding, Problem
from rosterbus.mapping import install_functions
from rosterbus.plan.relations import Roster
from rosterbus.reading import Loaded, load_table

if TYPE_CHECKING:
    import duckdb

USED = ""
"""Stands among the reasons why rows of a raw table are not used for those that are."""


@dataclass
class Extracted:
    """What one extract gave. `raw` is its balance by table: ``read = used + unused (by reason) + rejected``."""

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, RawTable]
    loaded: Mapping[str, Loaded]
    findings: list[Finding]
    problems: list[Problem]
    state: Mapping[str, Any]
    as_of: datetime | None
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def unreadable(self) -> int:
        """Records that could not be read at all, in all tables."""
        return sum(loaded.rejected for loaded in self.loaded.values())


def load_extract(connection: duckdb.DuckDBPyConnection, extract: Extract, *, clock: datetime) -> Extracted:
    """Load every table of an extract into ``raw.<name>``; the engine is not locked yet."""
    install_functions(connection, today=clock.date())
    loaded = {name: load_table(connection, name, table) for name, table in extract.tables.items()}
    findings = [*extract.findings, *(one for table in loaded.values() for one in table.findings)]
    problems = [*extract.problems, *(one for table in loaded.values() for one in table.problems)]
    tables = {name: table.raw for name, table in loaded.items()}
    return Extracted(connection, tables, loaded, findings, problems, extract.state, extract.as_of)


def account_for_raw(extracted: Extracted, mapped: Mapped, roster: Roster) -> None:
    """Fill the balance of every raw table: which rows became part of the roster, and why the others did not."""
    for name, loaded in extracted.loaded.items():
        used = _used(extracted.connection, name, roster)
        reasons = [(one.reason, one.where) for one in mapped.unused if one.table == name]
        counts = _fates(extracted.connection, name, used, reasons)
        extracted.raw[name] = {
            "file": loaded.raw.file,
            "read": loaded.read,
            "used": counts.pop(USED, 0),
            "unused": counts,
            "rejected": loaded.rejected,
        }


def _used(connection: duckdb.DuckDBPyConnection, name: str, roster: Roster) -> str:
    """SQL for the rows of a raw table that some relation's row, or one of its cells, came from."""
    parts = []
    for table, relation in roster.relations.items():
        there = columns_of(connection, f"extracted.{quoted(table)}")
        rows = ["_row"] if relation.lead == name else []
        rows += [f"_row_{name}"] if f"_row_{name}" in there else []
        parts += [f"SELECT {quoted(row)} AS r FROM extracted.{quoted(table)}" for row in rows]
    return " UNION ".join(parts) or "SELECT NULL::BIGINT AS r WHERE false"


def _fates(
    connection: duckdb.DuckDBPyConnection, name: str, used: str, reasons: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """How many rows of a raw table were used, under `USED`, and how many were not, by the reason."""
    cases = "".join(f" WHEN {where} THEN {literal(reason)}" for reason, where in reasons)
    fate = (
        f"CASE WHEN _row IN (SELECT r FROM ({used}) WHERE r IS NOT NULL) THEN {literal(USED)}{cases} "
        "ELSE 'no layout needs it' END"
    )
    counts = connection.execute(
        f"SELECT {fate} AS fate, count(*) FROM raw.{quoted(name)} GROUP BY fate ORDER BY fate"
    )
    return {reason: int(count) for reason, count in counts.fetchall()}


def counted(extracted: Extracted, mapped: Mapped) -> list[Finding]:
    """The findings of a source whose count over raw tables is not zero, with the number of rows."""
    found = []
    for one in mapped.counted:
        if count := int(value(extracted.connection, one.sql) or 0):
            of = {"of": extracted.tables[one.share_of].rows} if one.share_of else {}
            sentence = f"{one.finding.sentence} ({count:,})"
            found.append(replace(one.finding, sentence=sentence, numbers={"rows": count, **of}))
    return found


def lost_columns(
    tables: Mapping[str, RawTable], headers: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """Columns of the last accepted extract that are gone, by raw table."""
    lost = {
        name: tuple(column for column in headers[name] if column not in table.columns)
        for name, table in tables.items()
        if name in headers
    }
    return {name: columns for name, columns in lost.items() if columns}


def store_problems(connection: duckdb.DuckDBPyConnection, problems: Sequence[Problem]) -> None:
    """Keep the problems of the extract itself, which belong to no layout, in ``extracted._problems``."""
    connection.execute(
        'CREATE TABLE extracted._problems (file VARCHAR, "row" BIGINT, "column" VARCHAR, kind VARCHAR, message VARCHAR)'
    )
    for start in range(0, len(problems), 2000):
        batch = problems[start : start + 2000]
        marks = ", ".join("(?, ?, ?, ?, ?)" for _ in batch)
        cells = [cell for one in batch for cell in (one.file, one.row, one.column, one.kind, one.message)]
        connection.execute(f"INSERT INTO extracted._problems VALUES {marks}", cells)
