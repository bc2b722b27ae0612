"""The exact walk over delimited text: one record after the other, read strictly, each with its number."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TextIO

LONGEST_FIELD = 131_072
LONGEST_RECORD = 2_000_000
MARKED = "rosterbus.marked"


@dataclass(frozen=True)
class Fault:
    """Why a record is no row: a stable kind, and a sentence without any value."""

    kind: str
    message: str
    column: str = ""


class Record(NamedTuple):
    """One record: its number (header = 1, blank ones count), its cells, and what is wrong with it.

    `lines` is how many physical lines it took.
    """

    number: int
    cells: list[str]
    fault: Fault | None = None
    lines: int = 1


class RecordTooLongError(csv.Error):
    """A record that is longer than any real one; what is left of its line was passed over."""


def mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Stand in for every undecodable byte with a surrogate that no valid text holds."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARKED, mark_undecodable)


class Lines:
    """Physical lines with their line breaks, bounded in length; keeps those of the current record."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.record: list[str] = []
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_RECORD)
        if not line:
            raise StopIteration
        self.record.append(line)
        self.length += len(line)
        if self.length >= LONGEST_RECORD:
            self._pass_over(line)
            raise RecordTooLongError
        return line

    def begin_record(self) -> None:
        self.record, self.length = [], 0

    def _pass_over(self, line: str) -> None:
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LONGEST_RECORD)


class Records:
    """The records of a text that was opened with ``newline=""``, blank ones included (no cells).

    `endings` are the line breaks that ended a record, "" for an end of file without one. A malformed record
    is given with its fault, and the walk goes on with the next line.
    """

    def __init__(self, text: TextIO, *, delimiter: str, quote: str) -> None:
        self._lines = Lines(text)
        self._reader = csv.reader(
            self._lines,
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
        )
        self._number = 0
        self.endings: set[str] = set()

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        self._lines.begin_record()
        cells, fault = self._read()
        self._number += 1
        lines = self._lines.record
        if fault is None:
            self.endings.add(_ending(lines[-1]))
        return Record(self._number, cells, fault, len(lines))

    @property
    def text(self) -> str:
        """The current record as it stands in the file."""
        return "".join(self._lines.record)

    def _read(self) -> tuple[list[str], Fault | None]:
        try:
            cells = next(self._reader)
        except RecordTooLongError:
            return [], Fault("too-long", f"the record is longer than {LONGEST_RECORD:,} characters")
        except csv.Error as error:
            return [], self._explain(str(error))
        if self._lines.length > LONGEST_FIELD and max(map(len, cells)) > LONGEST_FIELD:
            return [], self._explain("field larger")
        return cells, None

    def _explain(self, error: str) -> Fault:
        if error.startswith("unexpected end"):
            return Fault("unclosed-quote", "a quote is opened and not closed before the end of the file")
        if error.startswith("field larger"):
            return Fault("too-long", f"a field is longer than {LONGEST_FIELD:,} characters")
        return Fault(
            "quote", "a quoted value goes on after its closing quote; a quote inside a value is doubled"
        )


def _ending(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1] if line.endswith(("\n", "\r")) else ""
