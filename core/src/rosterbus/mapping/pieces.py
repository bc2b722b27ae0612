"""The unit that a mapping is compiled from: a piece of our own SQL whose kind and growth are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rosterbus.errors import ConfigError

Kind = Literal["text", "number", "date", "moment", "condition", "null"]


@dataclass(frozen=True)
class Piece:
    """`growth` bounds how many times longer than the longest cell or literal the text can become."""

    sql: str
    kind: Kind
    growth: int = 1
    constant: str | int | None = None


def quoted_text(text: str) -> str:
    """`text` as an SQL literal; refuses the two control characters that sentinels and the engine need."""
    if "\x00" in text or "\x01" in text:
        raise ConfigError("a text in a mapping cannot hold the control characters 0 and 1")
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def as_text(piece: Piece) -> str:
    """SQL of the piece as text; a date is written yyyy-mm-dd, a condition true or false."""
    return piece.sql if piece.kind in ("text", "null") else f"CAST({piece.sql} AS VARCHAR)"


def expect_condition(piece: Piece) -> str:
    """SQL of a condition; anything else is refused, because the engine would try to make one of it."""
    if piece.kind != "condition":
        raise ConfigError(
            "a condition is expected here",
            found=f"a {piece.kind}",
            allowed="a comparison such as status = 'active'",
        )
    return piece.sql


def expect_number(piece: Piece) -> str:
    """SQL of a number; text is refused, because `'07' + 1` would fail row by row."""
    if piece.kind != "number":
        raise ConfigError(
            "a number is expected here",
            found=f"a {piece.kind}",
            allowed="numbers, TRY_CAST(grade AS INTEGER), TRY_CAST(cumulative_gpa AS DECIMAL(5, 3))",
        )
    return piece.sql


def expect_date(piece: Piece) -> str:
    """SQL of a date, with or without a time."""
    if piece.kind not in ("date", "moment"):
        raise ConfigError(
            "a date is expected here",
            found=f"a {piece.kind}",
            allowed="today(), TRY_CAST(birth_date AS DATE), DATE '2026-07-01'",
        )
    return piece.sql
