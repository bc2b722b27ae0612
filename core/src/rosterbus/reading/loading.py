"""Loading a table of an extract: read by the lane that suits it, with its rows numbered as in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rosterbus.extracts import Delimited, RawTable, Rows, Table
from rosterbus.findings import Finding, Problem
from rosterbus.reading.border import Border
from rosterbus.reading.delimited import fill_from_file
from rosterbus.reading.filled import PLACE, Filled, fill_by_rows, take_header
from rosterbus.reading.header import read_header, require_key
from rosterbus.reading.oddities import header_only
from rosterbus.reading.rendering import records_of
from rosterbus.reading.streaming import read_stream

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Loaded:
    """A raw table in the engine, and what became of every record that was read.

    `read` are the records without the header and without blank ones: `raw.rows` accepted and `rejected`.
    `problems` are one or more for each rejected record, in the order of the file. `changes` are the counts of a change
    set that was merged into the table, if one was.
    """

    raw: RawTable
    read: int
    rejected: int
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    changes: Mapping[str, int] | None = None


def load_table(
    connection: DuckDBPyConnection, name: str, table: Table, *, key: Sequence[str] | None = None
) -> Loaded:
    """Bring a table into the engine as the view ``raw."<name>"``, replacing one of that name.

    The view has `_row` BIGINT, the row number in the file (header = row 1; blank and malformed ones count, a
    quoted line break does not start a row), and then the columns in file order, all VARCHAR, blank = ''.
    The cells stand in the schema ``loaded``; nothing outside the engine is read afterwards. A row with a blank cell
    in a column of `key` (the table's own, unless given) is rejected.

    Raises ConnectorError where there is no header, it cannot be read or lacks the key column, or a column of
    a stream is no text; ConfigError where the declared encoding or dialect is impossible; OSError where the
    file cannot be opened.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw; CREATE SCHEMA IF NOT EXISTS loaded")
    inner = f"loaded.{_quoted(name)}"
    filled = _fill(connection, inner, table)
    keys = tuple(key) if key is not None else (table.key,) if table.key else ()
    for one in keys:
        require_key(filled.header, one, file=table.file)
    keyless = _without_key(connection, inner, filled, file=table.file, keys=keys)
    _create_view(connection, name, filled, keys=keys if keyless else ())
    raw = RawTable(name, table.file, filled.header.names, filled.rows - len(keyless), table.completeness)
    rejected = filled.rejected + len(keyless)
    problems = sorted((*filled.problems, *keyless), key=lambda problem: problem.row)
    findings = (*filled.header.findings, *filled.findings)
    if not raw.rows and not rejected:
        findings = (*findings, header_only(table.file))
    return Loaded(raw, raw.rows + rejected, rejected, tuple(problems), findings)


def _fill(connection: DuckDBPyConnection, inner: str, table: Table) -> Filled:
    if isinstance(table, Delimited):
        return fill_from_file(connection, inner, table)
    if isinstance(table, Rows):
        records = records_of(table.rows)
        header = read_header(take_header(records, file=table.file).cells, file=table.file)
        require_key(header, table.key, file=table.file)
        return fill_by_rows(connection, inner, Border(table.file, header), records=records)
    header, rows = read_stream(connection, inner, table.stream, file=table.file)
    require_key(header, table.key, file=table.file)
    return Filled(header, PLACE, rows)


def _without_key(
    connection: DuckDBPyConnection, inner: str, filled: Filled, *, file: str, keys: tuple[str, ...]
) -> list[Problem]:
    if not keys:
        return []
    first = "".join(f" WHEN NOT {_has_key(filled, (key,))} THEN {place}" for place, key in enumerate(keys))
    found = connection.execute(
        f"SELECT {filled.number}, CASE{first} END FROM {inner} WHERE NOT {_has_key(filled, keys)} ORDER BY 1"
    ).fetchall()
    sentence = "the key is blank, so nobody can say whose row it is"
    return [Problem(file, row, keys[place], sentence, kind="no-key") for row, place in found]


def _create_view(connection: DuckDBPyConnection, name: str, filled: Filled, *, keys: tuple[str, ...]) -> None:
    columns = ", ".join(f"c{place} AS {_quoted(column)}" for place, column in enumerate(filled.header.names))
    rows = f" WHERE {_has_key(filled, keys)}" if keys else ""
    connection.execute(
        f"CREATE OR REPLACE VIEW raw.{_quoted(name)} AS "
        f"SELECT CAST({filled.number} AS BIGINT) AS _row, {columns} FROM loaded.{_quoted(name)}{rows}"
    )


def _has_key(filled: Filled, keys: tuple[str, ...]) -> str:
    places = [filled.header.names.index(key) for key in keys]
    return "(" + " AND ".join(rf"trim(c{place}, E' \t\r\n') <> ''" for place in places) + ")"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
