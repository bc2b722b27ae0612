"""Where one file of a split layout ends and the next begins: by the split columns first, then by the limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rosterbus.deliveries import StagedFile
from rosterbus.engine import fetched, literal, quoted
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.rendering import Rendered, split_cells

if TYPE_CHECKING:
    import duckdb


@dataclass
class Part:
    """One file to be: the sent rows from `first` to `last` (by `_n`) that hold these `values` in the split columns.

    `number` counts the parts of the same values, from 1. `bytes` is the most that its file can have.
    """

    values: tuple[str, ...]
    number: int
    first: int
    last: int
    rows: int
    bytes: int


def parts_of(connection: duckdb.DuckDBPyConnection, rendered: Rendered) -> list[Part]:
    """The fewest files that keep the limits, in the order in which their values first appear in the source.

    A row that is too long for any file has one of its own, which the limits then refuse.
    """
    spec = rendered.layout.spec
    shared = ", ".join(split_cells(spec).values())
    rows = fetched(
        connection,
        f"SELECT {shared}, _n, {_row_bytes(spec)} FROM {rendered.table} WHERE {rendered.sent} "
        f"ORDER BY min(_n) OVER (PARTITION BY {shared}), _n",
    )
    header = _header_bytes(spec)
    parts: list[Part] = []
    for *cells, n, size in rows:
        values = tuple(cells)
        last = parts[-1] if parts and parts[-1].values == values else None
        if last is None or _is_full(last, size, spec):
            parts.append(Part(values, last.number + 1 if last else 1, n, n, 1, header + size))
        else:
            last.last, last.rows, last.bytes = n, last.rows + 1, last.bytes + size
    return parts


def rows_of(rendered: Rendered, part: Part) -> str:
    """The condition for the rows of one part."""
    cells = split_cells(rendered.layout.spec).values()
    shared = "".join(f" AND {cell} = {literal(text)}" for cell, text in zip(cells, part.values, strict=True))
    return f"{rendered.sent}{shared} AND _n BETWEEN {part.first} AND {part.last}"


def places_of(rendered: Rendered, files: Sequence[tuple[int, StagedFile]]) -> str:
    """SQL for the sent rows with their `_file` (its place in the delivery) and `_file_row` in it (header = 1)."""
    shared = split_cells(rendered.layout.spec)
    before: dict[tuple[str, ...], int] = {}
    staged = []
    for place, file in files:
        values = tuple(file.split[name] for name in shared)
        first = before.get(values, 0) + 1
        before[values] = first - 1 + file.rows
        staged.append(f"({', '.join([f'{place}, {first}, {before[values]}', *map(literal, values)])})")
    if not staged:
        return f"SELECT 0 AS _file, 0 AS _file_row, * FROM {rendered.table} WHERE false"
    partition = f"PARTITION BY {', '.join(shared.values())} " if shared else ""
    number = f"row_number() OVER ({partition}ORDER BY _n) AS _at"
    numbered = f"SELECT *, {number} FROM {rendered.table} WHERE {rendered.sent}"
    same = "".join(f" AND t.{cell} = f.{cell}" for cell in shared.values())
    return (
        f"SELECT f._place AS _file, t._at - f._from + 2 AS _file_row, t.* FROM ({numbered}) t JOIN (VALUES "
        f"{', '.join(staged)}) f({', '.join(('_place', '_from', '_to', *shared.values()))}) "
        f"ON t._at BETWEEN f._from AND f._to{same}"
    )


def _is_full(part: Part, size: int, spec: LayoutSpec) -> bool:
    most_rows, most_bytes = (
        math.inf if most is None else most for most in (spec.limits.rows, spec.limits.bytes)
    )
    return part.rows >= most_rows or part.bytes + size > most_bytes


def _row_bytes(spec: LayoutSpec) -> str:
    """SQL for the most bytes that a row can take: as if every cell were quoted, and every quote doubled."""
    quote = literal(spec.dialect.quote)
    cells = [quoted(column.name) for column in spec.columns if column.written]
    doubled = (f"2 * strlen({cell}) - strlen(replace({cell}, {quote}, ''))" for cell in cells)
    # A chain of additions would nest as deep as there are columns, which the engine bears only so far.
    return f"list_sum([{', '.join(doubled)}, {_around(spec, len(cells))}])"


def _header_bytes(spec: LayoutSpec) -> int:
    if not spec.dialect.header:
        return 0
    names = [column.name for column in spec.columns if column.written]
    quotes = (name.replace(spec.dialect.quote, spec.dialect.quote * 2) for name in names)
    return sum(len(name.encode()) for name in quotes) + _around(spec, len(names))


def _around(spec: LayoutSpec, cells: int) -> int:
    """The bytes of a row beside its cells."""
    quotes, delimiters = 2 * len(spec.dialect.quote.encode()), len(spec.dialect.delimiter.encode())
    return cells * (quotes + delimiters) + len(spec.dialect.newline)
