"""The header of a vendor's own file or template: CSV, TSV, Excel, or a text with one column's name in each line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
DELIMITERS = (",", "\t", ";", "|")
SAMPLES = 50
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class VendorColumn:
    """One column: its header as the vendor writes it, and the cells of the first rows, blank ones left out."""

    header: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class VendorFile:
    """What a file says of its form; `name` is that of the file to send."""

    name: str
    columns: tuple[VendorColumn, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    bom: bool = False


def read_vendor_file(path: Path) -> VendorFile:
    """Read header and first rows. Raises ConfigError with the place of what is wrong, and never with a cell."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        found = suffix or "no suffix"
        raise ConfigError("no header is read from such a file", file=path, found=found, allowed=SUFFIXES)
    if suffix == ".xlsx":
        return VendorFile(f"{path.stem}.csv", _columns(path, _sheet(path)))
    text, encoding, bom = _text(path)
    if suffix == ".txt" and (names := _list(text)):
        return VendorFile(f"{path.stem}.csv", _columns(path, [names]))
    try:
        delimiter, rows = _rows(text)
    except csv.Error as error:
        raise ConfigError(f"the file cannot be taken apart into cells: {error}", file=path) from error
    return VendorFile(path.name, _columns(path, rows), delimiter, encoding, bom)


def _text(path: Path) -> tuple[str, str, bool]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}", file=path) from error
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        allowed = "UTF-8, or UTF-16 with its mark; save it so and try again"
        raise ConfigError(
            "the file is not written as it should be", file=path, line=line, allowed=allowed
        ) from error
    return text, encoding.removesuffix("-sig"), encoding == "utf-8-sig"


def _list(text: str) -> list[str]:
    """The lines of a text in which none is separated; of any other, none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [] if any(delimiter in line for line in lines for delimiter in DELIMITERS) else lines


def _rows(text: str) -> tuple[str, Rows]:
    """The delimiter that takes the first line apart into most columns, and the first rows."""

    def taken_apart(delimiter: str) -> Iterator[list[str]]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return (row for row in rows if any(map(str.strip, row)))

    delimiter = max(DELIMITERS, key=lambda one: len(next(taken_apart(one), [])))
    return delimiter, list(islice(taken_apart(delimiter), SAMPLES + 1))


def _sheet(path: Path) -> Rows:
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError as error:
        what = "Excel files need openpyxl; run: pip install 'rosterbus-new[xlsx]'; or save it as CSV"
        raise ConfigError(what, file=path) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise ConfigError(
            f"this is no Excel file that can be read ({type(error).__name__})", file=path
        ) from error
    rows = (["" if cell is None else _written(cell) for cell in row] for row in book.worksheets[0].values)
    found = list(islice((row for row in rows if any(row)), SAMPLES + 1))
    book.close()
    return _without_empty_end(found)


def _written(cell: Any) -> str:
    """A cell as text, a day as ISO writes it."""
    return cell.date().isoformat() if hasattr(cell, "date") else str(cell)


def _without_empty_end(rows: Rows) -> Rows:
    """Excel counts columns that only had a format once."""
    width = max((number for row in rows for number, cell in enumerate(row, start=1) if cell), default=0)
    return [row[:width] for row in rows]


def _columns(path: Path, rows: Rows) -> tuple[VendorColumn, ...]:
    if not rows:
        raise ConfigError("the file is empty; a header is needed", file=path)
    header, *samples = rows
    if wrong := next(_wrong(header), None):
        raise ConfigError(wrong, file=path)
    return tuple(
        VendorColumn(
            name.strip(), tuple(row[place] for row in samples if place < len(row) and row[place].strip())
        )
        for place, name in enumerate(header)
    )


def _wrong(header: Sequence[str]) -> Iterator[str]:
    if len(header) == 1:
        yield "only one column was found, and a layout needs a key and something to tell; separate them by , ; | or tab"
    seen: dict[str, int] = {}
    for place, name in enumerate((name.strip() for name in header), start=1):
        if not name:
            yield f"column {place} has no header; give it one, or take the column away"
        if _UNPRINTABLE.search(name):
            yield f"the header of column {place} has a line break or another control character; write it in one line"
        if name.startswith("_"):
            yield f"the header of column {place} begins with an underscore, which rosterbus keeps for itself"
        if name.lower() in seen:
            yield f"columns {seen[name.lower()]} and {place} have the same header (case does not count)"
        seen[name.lower()] = place
