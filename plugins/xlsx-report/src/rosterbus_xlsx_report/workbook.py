"""A private workbook of plain tables, written row by row in bounded memory, where every text stays a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count, islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from rosterbus.private import open_private
from xlsxwriter import Workbook  # type: ignore[import-untyped]

MOST_ROWS = 1_048_576
"""Rows of a sheet, its header among them."""
MOST_TEXT = 32_767 // 2
"""Characters of a cell: it holds 32,767 units of UTF-16, and a character may take two."""

Cell = str | int
Row = Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """One table. `columns` are headers and how many characters wide each is; a blank text is an empty cell."""

    title: str
    columns: Sequence[tuple[str, int]]
    rows: Iterable[Row]


class Book:
    """An open workbook."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._header = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#DDE6F0"})
        self._number = workbook.add_format({"num_format": "#,##0"})
        # As after an apostrophe that somebody typed: the text stays a text even when its cell is edited.
        self._text = workbook.add_format({"quote_prefix": True})

    def write(self, table: Table) -> None:
        """Write a table; what is more than one sheet holds goes on in further ones, each with the header."""
        rows = chain.from_iterable(map(_pieces, table.rows))
        for number in count(1):
            title = table.title if number == 1 else f"{table.title} {number}"
            self._write_sheet(title, table.columns, islice(rows, MOST_ROWS - 1))
            following = next(rows, None)
            if following is None:
                return
            rows = chain([following], rows)

    def _write_sheet(self, title: str, columns: Sequence[tuple[str, int]], rows: Iterable[Row]) -> None:
        sheet = self._workbook.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for place, (header, width) in enumerate(columns):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, header, self._header)
        last = 0
        for last, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(last, place, cell, self._number)
                elif cell:
                    sheet.write_string(last, place, cell, self._text)
        sheet.autofilter(0, 0, last, len(columns) - 1)


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """A workbook at `path`, whole at the end of the block; if the block fails, there is none.

    What is written on the way lies in a private folder beside it.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with (
            open_private(path, "wb") as file,
            TemporaryDirectory(dir=path.parent) as spill,
            Workbook(file, {**options, "tmpdir": spill}) as workbook,
        ):
            workbook.use_zip64()
            yield Book(workbook)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _pieces(row: Row) -> Iterator[Row]:
    """The row, and below it what is too long for its cells."""
    if all(isinstance(cell, int) or len(cell) <= MOST_TEXT for cell in row):
        yield row
        return
    cells = [_cut(cell) if isinstance(cell, str) else [cell] for cell in row]
    yield from zip_longest(*cells, fillvalue="")


def _cut(text: str) -> list[Cell]:
    return [text[start : start + MOST_TEXT] for start in range(0, len(text), MOST_TEXT)]
