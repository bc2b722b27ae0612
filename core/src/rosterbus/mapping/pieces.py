"""The unit that a mapping is compiled from: a piece of our own SQL whose kind and growth are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rosterbus.errors import ConfigError

Kind = Literal["text", "number", "date", "moment", "condition", "null"]


@dataclass(frozen=True)
class Piece:
    """SQL that ends no query, whatever stands in the row: where it has no value, it is NULL.

    `fails` is the condition under which that is a failure of the cell, empty if never. (A failing expression
    under TRY would not do: the engine moves what two expressions have in common out of both.)
    `growth` bounds how many times longer than the longest cell or literal the text can become.
    """

    sql: str
    kind: Kind
    growth: int = 1
    constant: str | int | None = None
    fails: str = ""

    def after(self, *parts: Piece) -> Piece:
        """The piece that fails where one of its parts fails, too."""
        return replace(self, fails=any_fails(*parts, self))


def any_fails(*pieces: Piece) -> str:
    """SQL that is true where one of the pieces fails, empty if none ever does."""
    conditions = dict.fromkeys(piece.fails for piece in pieces if piece.fails)
    return f"({' OR '.join(conditions)})" if len(conditions) > 1 else "".join(conditions)


def strict(sql: str, kind: Kind, *, given: str, growth: int = 1) -> Piece:
    """A piece that must have a value where `given` holds."""
    return Piece(sql, kind, growth, fails=f"({given} AND {sql} IS NULL)")


def computed(sql: str, kind: Kind, parts: Sequence[Piece]) -> Piece:
    """A piece that must have a value where all its parts have one, although `sql` may overflow."""
    growth = sum(part.growth for part in parts)
    return strict(
        f"TRY({sql})", kind, given=" AND ".join(f"{part.sql} IS NOT NULL" for part in parts), growth=growth
    )


def choose(choices: Sequence[tuple[Piece, Piece]], otherwise: Piece) -> Piece:
    """The value of the first condition that is true; what is not chosen cannot fail."""
    values = [value for _, value in choices] + [otherwise]
    kinds = {value.kind for value in values} - {"null"}
    kind: Kind = kinds.pop() if len(kinds) == 1 else "text"
    results = [as_text(value) if kind == "text" else value.sql for value in values]
    tests = [expect_condition(test) for test, _ in choices]
    whens = " ".join(f"WHEN {test} THEN {result}" for test, result in zip(tests, results[:-1], strict=True))
    fails = ""
    if any_fails(*values, *(test for test, _ in choices)):
        steps = (
            f"WHEN {test.fails or 'false'} THEN true WHEN {test.sql} THEN {value.fails or 'false'}"
            for test, value in choices
        )
        fails = f"(CASE {' '.join(steps)} ELSE {otherwise.fails or 'false'} END)"
    sql = f"(CASE {whens} ELSE {results[-1]} END)"
    return Piece(sql, kind, max(value.growth for value in values), fails=fails)


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
    return piece.sql if piece.kind == "text" else f"CAST({piece.sql} AS VARCHAR)"


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
