"""A table that stands in the engine, before its rows are numbered and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rosterbus.errors import ConnectorError
from rosterbus.findings import Finding, Problem
from rosterbus.reading.appending import append_rows
from rosterbus.reading.border import Border, explain_undecodable, is_decoded
from rosterbus.reading.header import Header
from rosterbus.reading.records import Record

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLACE = "rowid + 2"
"""The row number where every record of the file became a row: its place after the header."""


@dataclass(frozen=True)
class Filled:
    """A table with the columns `c0`, `c1`...; `number` is the SQL of a row's number in the file."""

    header: Header
    number: str
    rows: int
    rejected: int = 0
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()


def fill_by_rows(
    connection: DuckDBPyConnection, inner: str, border: Border, *, records: Iterator[Record]
) -> Filled:
    """Append the records that can be read to the new table `inner`."""
    rows = append_rows(connection, inner, border.rows(records), width=len(border.header.names))
    return Filled(border.header, "n", rows, border.rejected, tuple(border.problems), tuple(border.findings()))


def take_header(records: Iterator[Record], *, file: str, encoding: str = "utf-8") -> Record:
    """The first record that is not blank; raises ConnectorError where there is none or it cannot be read."""
    first = next((record for record in records if record.cells or record.fault), None)
    if first is None:
        raise ConnectorError(f"{file}: the file is empty, without even a header; ask for the export again")
    fault = first.fault.message if first.fault else None
    text = "".join(first.cells)
    if not is_decoded(text):
        fault = explain_undecodable(text, encoding)
    elif "\0" in text:
        fault = 'it holds NUL characters; declare encoding = "utf-16" if that is what the export is'
    if fault:
        raise ConnectorError(f"{file}, row {first.number}: the header cannot be read: {fault}")
    return first
