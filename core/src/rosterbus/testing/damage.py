"""Ways in which a text file of an export is damaged; each takes its bytes and gives others."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

Damage = Callable[[bytes], bytes | None]
"""None takes the file away."""
Records = list[list[str]]
THORN = "þ"
"""A letter of names; its one byte in Windows-1252 is never a part of UTF-8."""
BOM = b"\xef\xbb\xbf"


def beheaded(content: bytes) -> bytes:
    """The header alone."""
    return content.partition(b"\n")[0] + b"\n"


def emptied(_: bytes) -> bytes:
    """Nothing, not even a header."""
    return b""


def lost(_: bytes) -> None:
    """The file is not there."""


def with_byte_order_mark(content: bytes) -> bytes:
    """As a spreadsheet saves it."""
    return BOM + content.removeprefix(BOM)


def in_windows_1252(content: bytes) -> bytes:
    """As Windows-1252 has it; the first letter below the header is a thorn."""
    header, newline, rows = content.removeprefix(BOM).decode("utf-8").partition("\n")
    text = header + newline + re.sub("[A-Za-z]", THORN, rows, count=1)
    return text.encode("windows-1252", "replace")


def with_thorn(content: bytes) -> bytes:
    """The same text in UTF-8."""
    return in_windows_1252(content).decode("windows-1252").encode("utf-8")


def edited(content: bytes, edit: Callable[[Records], Records], delimiter: str) -> bytes:
    """The same file after a change of its records, the header among them."""
    text = content.removeprefix(BOM).decode("utf-8")
    records = edit(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(records)
    return written.getvalue().encode("utf-8")


def cut_short(records: Records) -> Records:
    """The writer stopped in the middle: half of the rows are there, the last of them in part."""
    most = max(2, 1 + len(records) // 2)
    last = records[most - 1]
    return [*records[: most - 1], last[: max(1, len(last) // 2)]]


def most(records: Records, rows: int) -> Records:
    """The header, and so many rows."""
    return records[: 1 + rows]


def half(records: Records) -> Records:
    """The first half of the rows is there."""
    return most(records, len(records) // 2)


def without_first_row(records: Records) -> Records:
    """What others may refer to is gone."""
    return [*records[:1], *records[2:]]


def without_column(records: Records, place: int) -> Records:
    """The export has one column less."""
    place %= len(records[0])
    return [[*record[:place], *record[place + 1 :]] for record in records]


def without_header(records: Records, header: str) -> Records:
    """The column of this name is gone."""
    return without_column(records, records[0].index(header))


def with_repeated_id(records: Records, header: str) -> Records:
    """One more row has the id of the first, and its other cells from the second."""
    if len(records) < 3:
        return records
    place = records[0].index(header)
    again = [*records[2]]
    again[place] = records[1][place]
    return [*records, again]
