"""Rows that are no text yet: each cell rendered plainly, or refused where no plain text stands for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from rosterbus.reading.records import Fault, Record


def records_of(rows: Iterable[Sequence[Any]]) -> Iterator[Record]:
    """The rows of an iterable as records, the first one being record 1."""
    for number, row in enumerate(rows, start=1):
        cells = [value if type(value) is str else plain_text(value) for value in row]
        texts = [cell for cell in cells if cell is not None]
        fault = None if len(texts) == len(cells) else _refuse(row)
        yield Record(number, texts, fault)


def plain_text(value: Any) -> str | None:
    """The text of a cell; None where there is none.

    None is blank, truth ``true`` or ``false``, dates and times ISO, numbers as Python writes them without an
    exponent's loss, and a list its texts joined by ``|``.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if isinstance(value, int | float):
        return str(value) if math.isfinite(value) else None
    if isinstance(value, date | time):
        return value.isoformat()
    return _joined(value) if isinstance(value, list | tuple) else None


def _joined(values: Sequence[Any]) -> str | None:
    texts = [plain_text(value) for value in values]
    known = [text for text in texts if text is not None]
    return "|".join(known) if len(known) == len(texts) and not any("|" in text for text in known) else None


def _refuse(row: Sequence[Any]) -> Fault:
    position, value = next((at, value) for at, value in enumerate(row, start=1) if plain_text(value) is None)
    return Fault(
        "not-text",
        f"column {position} holds a {type(value).__name__} that no plain text stands for; render it as text",
    )
