"""The fast lane: the engine's parallel reader, believed only where every byte is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rosterbus.extracts import Delimited
from rosterbus.reading.header import Header
from rosterbus.reading.survey import Survey

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A record beyond it goes to the row lane, which knows why it is refused.
LONGEST_RECORD = 131_072
PATTERNS = frozenset("*?[")


@dataclass(frozen=True)
class Start:
    """What the header takes: its bytes with the byte-order mark, and how many of them are quotes."""

    bytes: int
    quotes: int


def suits_engine(table: Delimited, surveyed: Survey, header: Header) -> bool:
    """Whether the engine may try: sound UTF-8 with one kind of line break.

    The engine makes one value of two that a space parts (``"a" "b"``). In a file of one column a blank line
    cannot be told from a blank cell, and a path with the characters of a pattern would be taken for one.
    """
    return (
        surveyed.sound
        and surveyed.newline > 0
        and not surveyed.spaced
        and header.width > 1
        and (table.delimiter + table.quote).isascii()
        and not PATTERNS & set(str(table.path.absolute()))
    )


def read_parallel(
    connection: DuckDBPyConnection,
    inner: str,
    table: Delimited,
    *,
    header: Header,
    surveyed: Survey,
    start: Start,
) -> int | None:
    """Read the file into the new table `inner` (columns `c0`, `c1`..., in file order) and count its rows.

    None where the engine passed over, cut or trimmed anything: the bytes of the cells, delimiters, quotes and
    line breaks do not add up to those of the file. Where they do, every record is a row, and its
    place is its number.
    """
    connection.execute(*_reading(inner, table, header))
    counted = connection.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM {inner}").fetchone()
    rows, cells = counted if counted else (0, 0)
    if not rows:
        return None
    found = cells + surveyed.quotes - start.quotes + rows * (header.width - 1) + (rows - 1) * surveyed.newline
    return rows if found == surveyed.size - start.bytes - surveyed.trailing else None


def _reading(inner: str, table: Delimited, header: Header) -> tuple[str, dict[str, object]]:
    every = [f"c{position}" for position in range(header.width)]
    kept = ", ".join(f"{every[position]} AS c{place}" for place, position in enumerate(header.kept))
    # Cells without their quotes: the quotes of the file are counted apart, doubled and enclosing ones alike.
    cells = f"concat({', '.join(every)})"
    size = f"strlen(replace({cells}, $quote, ''))" if table.quote else f"strlen({cells})"
    parameters: dict[str, object] = {
        "path": str(table.path.absolute()),
        "columns": dict.fromkeys(every, "VARCHAR"),
        "every": every,
        "delimiter": table.delimiter,
        "longest": LONGEST_RECORD,
        "quote": table.quote,
    }
    return (
        f"CREATE OR REPLACE TABLE {inner} AS SELECT {kept}, {size} AS size FROM read_csv($path, "
        "columns=$columns, force_not_null=$every, auto_detect=false, header=true, "
        "delim=$delimiter, quote=$quote, escape=$quote, comment='', strict_mode=true, null_padding=false, "
        "ignore_errors=true, max_line_size=$longest, encoding='utf-8', "
        "compression='none', hive_partitioning=false)",
        parameters,
    )
