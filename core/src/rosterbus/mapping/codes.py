"""Code lists: read from CSV files, and compiled to SQL that exchanges one code for another."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from rosterbus.errors import ConfigError
from rosterbus.mapping.pieces import quoted_text

Unmatched = Literal["reject", "blank", "keep"] | Mapping[str, str]
"""What becomes of a code that is not in the list; a mapping is ``{"default": "X"}``."""

FAILED = "\x01failed"
"""What a cell holds whose transformation failed."""

UNMATCHED = "\x01unmatched"
"""What a cell holds whose code is not in the list."""


def read_codes(path: Path) -> dict[str, str]:
    """Read a UTF-8 CSV file with the header ``from,to`` or ``from,to,note`` as a mapping of codes.

    Raises ConfigError, with the line, for another header, a row of another width, a code that stands twice,
    or anything unreadable. Empty lines are passed over; values are taken as they are, spaces included.
    """
    codes: dict[str, str] = {}
    lines: dict[str, int] = {}
    width = 0
    for line, row in _rows(path):
        if not width:
            _check_header(path, line, row)
            width = len(row)
        elif len(row) != width:
            raise ConfigError(
                "the row has another number of columns than the header",
                file=path,
                line=line,
                found=str(len(row)),
                allowed=str(width),
            )
        elif row[0] in codes:
            first = f"`{row[0]}` here and in line {lines[row[0]]}"
            raise ConfigError("a code stands twice in the column `from`", file=path, line=line, found=first)
        else:
            codes[row[0]], lines[row[0]] = row[1], line
    if not width:
        raise ConfigError("the code list has no header", file=path, found="nothing", allowed="from,to,note")
    return codes


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they end on, without empty lines."""
    reader = csv.reader(_text(path).splitlines(keepends=True), strict=True)
    try:
        for row in reader:
            if any("\x00" in cell or "\x01" in cell for cell in row):
                raise ConfigError("a cell holds a control character", file=path, line=reader.line_num)
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise ConfigError(
            f"the code list cannot be read: {error}", file=path, line=reader.line_num
        ) from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the code list cannot be read: {error.strerror}", file=path) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("the code list is not UTF-8; save it as UTF-8", file=path, line=line) from error


def _check_header(path: Path, line: int, row: list[str]) -> None:
    if row not in (["from", "to"], ["from", "to", "note"]):
        raise ConfigError(
            "the header of a code list is another one",
            file=path,
            line=line,
            found=",".join(row),
            allowed="from,to,note",
        )


def lookup_sql(value_sql: str, codes: Mapping[str, str]) -> str:
    """SQL of the code's value, NULL if there is none; a blank stays blank. `value_sql` stands in it once."""
    pairs = {"": "", **codes}
    entries = ", ".join(f"{quoted_text(code)}: {quoted_text(value)}" for code, value in pairs.items())
    return f"MAP {{{entries}}}[{value_sql}]"


def match_sql(value_sql: str, codes: Mapping[str, str], unmatched: Unmatched) -> str:
    """SQL that exchanges the text of `value_sql`, never NULL, for its value in `codes`.

    A blank stays blank unless '' is among the codes. A code that is not there gives UNMATCHED for ``reject``,
    blank for ``blank``, itself for ``keep``, or the default. Raises ConfigError for any other `unmatched`.
    """
    return f"coalesce({lookup_sql(value_sql, codes)}, {_otherwise(value_sql, unmatched)})"


def _otherwise(value_sql: str, unmatched: Unmatched) -> str:
    if unmatched == "reject":
        return f"'{UNMATCHED}'"
    if unmatched == "blank":
        return "''"
    if unmatched == "keep":
        return value_sql
    if (
        isinstance(unmatched, Mapping)
        and set(unmatched) == {"default"}
        and isinstance(unmatched["default"], str)
    ):
        return quoted_text(unmatched["default"])
    raise ConfigError(
        "this is no way to treat an unmatched code",
        key="unmatched",
        found=repr(unmatched),
        allowed='"reject", "blank", "keep", { default = "X" }',
    )
