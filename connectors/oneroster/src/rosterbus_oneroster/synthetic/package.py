"""A zip of CSV files, written one record at a time."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from rosterbus.private import open_private

from rosterbus_oneroster.synthetic.flaws import Flaw

HOUR = 3
"""Exports are made at night."""

LINE = "\r\n"


class PackageWriter:
    """Writes a package; counts the records of each file and remembers where flaws were planted."""

    def __init__(self, path: Path, *, made: date) -> None:
        self.rows: dict[str, int] = {}
        self.flaws: list[Flaw] = []
        self._made = (made.year, made.month, made.day, HOUR, 0, 0)
        self._file = open_private(path, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=3)

    def __enter__(self) -> PackageWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._file.close()

    @contextmanager
    def table(self, name: str, columns: Sequence[str]) -> Iterator[TableWriter]:
        """Open one file for writing, its header written."""
        info = zipfile.ZipInfo(f"{name}.csv", self._made)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with (
            self._zip.open(info, "w", force_zip64=True) as member,
            io.TextIOWrapper(member, encoding="utf-8", errors="surrogateescape", newline="") as text,
        ):
            table = TableWriter(text, info.filename, self.flaws)
            table.write(columns)
            yield table
        self.rows[name] = table.row - 1 - table.blanks

    def whole(self, name: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """Write one file at once."""
        with self.table(name, columns) as table:
            for record in records:
                table.write(record)


class TableWriter:
    """One file being written. `row` is the number of the last record (header = row 1)."""

    def __init__(self, text: io.TextIOWrapper, file: str, flaws: list[Flaw]) -> None:
        self.row = self.blanks = 0
        self._text, self._file, self._flaws = text, file, flaws
        self._writer = csv.writer(text, lineterminator=LINE)

    def write(self, record: Sequence[Any]) -> None:
        """Write one record, whatever its length."""
        self._writer.writerow(record)
        self.row += 1

    def blank_line(self) -> None:
        """Write a line without anything in it, which counts as a row but not as a record."""
        self._text.write(LINE)
        self.row += 1
        self.blanks += 1

    def planted(self, kind: str) -> None:
        """Remember that the last row has a flaw."""
        self._flaws.append(Flaw(kind, self._file, self.row))
