"""Compiles operators, comparisons and casts, and refuses those between values of different kinds."""

from __future__ import annotations

from collections.abc import Sequence

from rosterbus.errors import ConfigError
from rosterbus.mapping.pieces import (
    Kind,
    Piece,
    any_fails,
    as_text,
    computed,
    expect_condition,
    expect_number,
    quoted_text,
    strict,
)

LARGEST_PATTERN = 200
CAST_TYPES = ("VARCHAR", "DATE", "TIMESTAMP", "INTEGER", "BIGINT", "DECIMAL(digits, decimals)")

_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_LIKES = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
_SUMS = ("+", "-", "*", "/", "//", "%")
_CASTS: dict[str, tuple[str, Kind]] = {
    "BIGINT": ("BIGINT", "number"),
    "DATE": ("DATE", "date"),
    "DECIMAL": ("DECIMAL", "number"),
    "INT": ("INTEGER", "number"),
    "INTEGER": ("INTEGER", "number"),
    "STRING": ("VARCHAR", "text"),
    "TEXT": ("VARCHAR", "text"),
    "TIMESTAMP": ("TIMESTAMP", "moment"),
    "VARCHAR": ("VARCHAR", "text"),
}
_WRITTEN_DATE = r"^\s*\d{4}-\d{1,2}-\d{1,2}"
# the engine would read 2 out of '1.5', 1000 out of '1e3' and the last of all days out of 'infinity'
_WRITTEN = {
    "BIGINT": r"^\s*[+-]?\d+\s*$",
    "DATE": rf"{_WRITTEN_DATE}(?:[T ].*)?$",
    "DECIMAL": r"^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$",
    "INTEGER": r"^\s*[+-]?\d+\s*$",
    "TIMESTAMP": rf"{_WRITTEN_DATE}(?:[T ].*)?$",
}


def compute(sign: str, pieces: Sequence[Piece]) -> Piece:
    """The operator `sign` on one piece or two. Raises ConfigError for an unknown operator or wrong kinds."""
    if sign == "||":
        sql = f"({' || '.join(map(as_text, pieces))})"
        return Piece(sql, "text", sum(piece.growth for piece in pieces)).after(*pieces)
    if sign in _LIKES:
        return _like(_LIKES[sign], *pieces)
    if sign in ("+", "-") and len(pieces) == 2 and pieces[0].kind == "date":
        return _date_sum(sign, *pieces)
    if sign not in _SUMS:
        raise ConfigError(
            "this operator cannot be used in a mapping", found=sign, allowed=["||", *_SUMS, "LIKE"]
        )
    *first, last = map(expect_number, pieces)
    if sign == "/":
        last = f"nullif({last}, 0)"  # or the result would be the text "inf"
    return computed(f"{''.join(first)} {sign} {last}", "number", pieces).after(*pieces)


def _like(word: str, text: Piece, pattern: Piece) -> Piece:
    if not isinstance(pattern.constant, str) or len(pattern.constant) > LARGEST_PATTERN:
        wrong = f"the pattern of {word} is a text, written out in single quotes"
        raise ConfigError(wrong, allowed=f"at most {LARGEST_PATTERN} characters")
    return Piece(f"({as_text(text)} {word} {pattern.sql})", "condition").after(text)


def _date_sum(sign: str, day: Piece, other: Piece) -> Piece:
    if sign == "-" and other.kind == "date":
        return computed(f"{day.sql} - {other.sql}", "number", [day, other]).after(day, other)
    sql = f"{day.sql} {sign} CAST({expect_number(other)} AS INTEGER)"
    return computed(sql, "date", [day, other]).after(day, other)


def compare(comparison: str, left: Piece, right: Piece) -> Piece:
    """Two pieces of the same kind compared."""
    if comparison not in _COMPARISONS:
        raise ConfigError("this comparison cannot be used in a mapping", allowed=_COMPARISONS.values())
    _expect_comparable([left, right])
    return Piece(f"({left.sql} {_COMPARISONS[comparison]} {right.sql})", "condition").after(left, right)


def between(value: Piece, lower: Piece, upper: Piece) -> Piece:
    """`value` within two bounds of its kind, both included."""
    _expect_comparable([value, lower, upper])
    sql = f"({value.sql} BETWEEN {lower.sql} AND {upper.sql})"
    return Piece(sql, "condition").after(value, lower, upper)


def connect(word: str, conditions: Sequence[Piece]) -> Piece:
    """Conditions connected by AND or OR; a failing one does no harm where the others decide."""
    sql = f"({f' {word} '.join(map(expect_condition, conditions))})"
    fails = any_fails(*conditions)
    return Piece(sql, "condition", fails=f"({fails} AND {sql} IS NULL)" if fails else "")


def apply(operator: str, pieces: Sequence[Piece]) -> Piece:
    """NOT, IS NULL (which is true of a blank text as well) and IN."""
    first, *rest = pieces
    if operator == "OPERATOR_NOT":
        return Piece(f"(NOT {expect_condition(first)})", "condition").after(first)
    if operator in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        value = f"nullif({first.sql}, '')" if first.kind == "text" else first.sql
        word = operator.removeprefix("OPERATOR_").replace("_", " ")
        return Piece(f"({value} {word})", "condition").after(first)
    if operator == "COMPARE_IN":
        _expect_comparable(pieces)
        sql = f"({first.sql} IN ({', '.join(piece.sql for piece in rest)}))"
        return Piece(sql, "condition").after(*pieces)
    raise ConfigError("this operator cannot be used in a mapping", found=operator.lower())


def _expect_comparable(pieces: Sequence[Piece]) -> None:
    """Refuse to compare values of two kinds, of which the engine would silently convert one."""
    kinds = {"date" if piece.kind == "moment" else piece.kind for piece in pieces}
    if "null" in kinds:
        raise ConfigError("nothing equals NULL; compare with '' or write IS NULL", found="NULL")
    if len(kinds) > 1 or "condition" in kinds:
        raise ConfigError(
            "only values of one kind can be compared; a column is a text",
            found=" with ".join(piece.kind for piece in pieces),
            allowed="grade = '09', TRY_CAST(grade AS INTEGER) > 8, TRY_CAST(birth_date AS DATE) < today()",
        )


def cast(piece: Piece, type_name: str, modifiers: Sequence[str | int | None], *, lenient: bool) -> Piece:
    """The piece as another type; what cannot be read as one fails, or is blank if `lenient`."""
    type_sql, kind = _CASTS.get(type_name, ("", piece.kind))
    if type_sql == "DECIMAL" and len(modifiers) == 2:
        type_sql = f"DECIMAL({modifiers[0]}, {modifiers[1]})"
    elif not type_sql or type_sql == "DECIMAL" or modifiers:
        raise ConfigError("a value cannot be cast to this", found=type_name, allowed=CAST_TYPES)
    if kind == "text":
        return Piece(as_text(piece), "text", piece.growth).after(piece)
    value = piece.sql
    if piece.kind == "text":
        value = f"regexp_extract({value}, {quoted_text(_WRITTEN[_CASTS[type_name][0]])})"
    elif piece.kind != kind and {piece.kind, kind} != {"date", "moment"}:
        raise ConfigError(f"a {piece.kind} cannot be cast to this", found=type_name)
    sql = f"TRY_CAST({value} AS {type_sql})"
    if lenient or piece.kind in ("date", "moment"):
        return Piece(sql, kind).after(piece)
    return strict(sql, kind, given=f"{piece.sql} IS NOT NULL").after(piece)
