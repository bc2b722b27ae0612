"""Reading a delimited file: the engine where it is faithful, the row lane for everything else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rosterbus.errors import ConfigError
from rosterbus.extracts import Delimited
from rosterbus.reading.border import Border
from rosterbus.reading.filled import PLACE, Filled, fill_by_rows, take_header
from rosterbus.reading.header import Header, read_header, require_key
from rosterbus.reading.oddities import about_encoding, about_line_ends
from rosterbus.reading.parallel import Start, read_parallel, suits_engine
from rosterbus.reading.records import MARKED, Records
from rosterbus.reading.survey import find_encoding, survey

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def fill_from_file(connection: DuckDBPyConnection, inner: str, table: Delimited) -> Filled:
    """Read the file into the new table `inner`."""
    _check_dialect(table)
    encoding = find_encoding(table.path, table.encoding)
    with table.path.open(encoding=encoding.codec, errors=MARKED, newline="") as text:
        records = Records(text, delimiter=table.delimiter, quote=table.quote)
        first = take_header(records, file=table.file, encoding=encoding.name)
        header = read_header(first.cells, file=table.file, rename=table.rename, drop=table.drop)
        require_key(header, table.key, file=table.file)
        filled = None
        if encoding.name == "utf-8":
            quotes = records.text.count(table.quote) if table.quote else 0
            start = Start(encoding.mark + len(records.text.encode()), quotes)
            filled = _fill_in_parallel(connection, inner, table, header=header, start=start)
        if filled is None:
            border = Border(table.file, header, encoding.name)
            filled = fill_by_rows(connection, inner, border, records=records)
            odd = about_line_ends(table.file, records.endings)
            filled = replace(filled, findings=(*odd, *filled.findings))
    return replace(filled, findings=(*about_encoding(table.file, encoding), *filled.findings))


def _check_dialect(table: Delimited) -> None:
    """Raise ConfigError where the delimiter is not one character, or the quote more than one."""
    dialect = (
        ("delimiter", table.delimiter, "one character"),
        ("quote", table.quote, "one character, or none"),
    )
    for key, found, allowed in dialect:
        if len(found) > 1 or (key == "delimiter" and not found) or found in ("\r", "\n", "\0"):
            raise ConfigError(f"cannot read {table.file}", key=key, found=repr(found), allowed=allowed)
    if table.delimiter == table.quote:
        raise ConfigError(
            f"cannot read {table.file}",
            key="quote",
            found=repr(table.quote),
            allowed="another than the delimiter",
        )


def _fill_in_parallel(
    connection: DuckDBPyConnection, inner: str, table: Delimited, *, header: Header, start: Start
) -> Filled | None:
    surveyed = survey(table.path, quote=table.quote)
    if not suits_engine(table, surveyed, header):
        return None
    rows = read_parallel(connection, inner, table, header=header, surveyed=surveyed, start=start)
    if rows is None:
        return None
    endings = ["\n"] if surveyed.trailing else ["\n", ""]
    return Filled(header, PLACE, rows, findings=tuple(about_line_ends(table.file, endings)))
