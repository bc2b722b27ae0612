"""The row lane: rows that Python holds, handed to the engine in batches and split into columns there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 10_000


def append_rows(
    connection: DuckDBPyConnection, table: str, rows: Iterable[tuple[int, Sequence[str]]], *, width: int
) -> int:
    """Create `table` with the row number `n` and the columns `c0`, `c1`..., and count its rows.

    The cells of a row travel as one text, which takes a quarter of the time that single cells take.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE arriving (n BIGINT, cells VARCHAR, separator VARCHAR)")
    total, remaining = 0, iter(rows)
    while batch := list(islice(remaining, BATCH)):
        numbers = [number for number, _ in batch]
        texts, separator = _joined([cells for _, cells in batch])
        connection.execute(
            "INSERT INTO temp.arriving SELECT unnest($1::BIGINT[]), unnest($2::VARCHAR[]), $3",
            [numbers, texts, separator],
        )
        total += len(batch)
    columns = ", ".join(f"cells[{place + 1}] AS c{place}" for place in range(width))
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT n, {columns} "
        "FROM (SELECT n, string_split(cells, separator) AS cells FROM temp.arriving)"
    )
    connection.execute("DROP TABLE temp.arriving")
    return total


def _joined(batch: list[Sequence[str]]) -> tuple[list[str], str]:
    """Join the cells of each row by a character that stands in none of them."""
    for separator in _separators():
        texts = [separator.join(cells) for cells in batch]
        if all(text.count(separator) == len(cells) - 1 for text, cells in zip(texts, batch, strict=True)):
            return texts, separator
    raise AssertionError("ten thousand rows hold every character there is")


def _separators() -> Iterator[str]:
    yield "\x1f"
    yield from map(chr, range(1, 0xD800))
