"""The sieve: SQL that is true only for texts that the law accepts; all other cells go to marshmallow.

It may be false for valid text, never true for invalid text. Over a million cells, a length costs 10 ms and a
regular expression 60 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rosterbus.engine import literal
from rosterbus.layouts.law import CONTROL, ISO, in_words
from rosterbus.layouts.patterns import read_pattern

if TYPE_CHECKING:
    from rosterbus.layouts.columns import Column

_EMAIL = r"[A-Za-z0-9_+\-]+(\.[A-Za-z0-9_+\-]+)*@([A-Za-z0-9]+(-+[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}"
_NUMBER = r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?"


def surely_valid(column: Column, sql: str) -> str:
    """A predicate over the rendered text `sql`, never NULL."""
    predicate = " AND ".join(_SIEVES[column.kind](column, sql))
    if column.required:
        # What sorts from "!" on begins with no blank.
        return f"coalesce({sql} >= '!' AND {predicate}, false)"
    return f"CASE WHEN {sql} = '' THEN true ELSE coalesce({predicate}, false) END"


def _text(column: Column, sql: str) -> list[str]:
    if column.choices:
        return [_among(_accepted(column), sql)]
    return [*_lengths(column, sql), _characters(column, sql)]


def _email(column: Column, sql: str) -> list[str]:
    # Under 64 bytes, no label of the domain is longer than marshmallow allows.
    parts = [f"strlen({sql}) < 64", f"regexp_full_match({sql}, '{_EMAIL}')"]
    if column.choices:
        parts.append(_among(_accepted(column), sql))
    if column.pattern:
        parts.append(_characters(column, sql))
    return [*parts, *_lengths(column, sql)]


def _words(column: Column, sql: str) -> list[str]:
    joiner = literal(column.joiner)
    if column.choices:
        return [f"list_has_all([{_listed(_accepted(column))}], string_split({sql}, {joiner}))"]
    single = f"NOT contains({sql}, {joiner})"
    if column.pattern or (column.shortest or 0) > 1:
        return [single, *_lengths(column, sql), _characters(column, sql)]
    inner = f"contains({sql}, {literal(column.joiner * 2)})"
    gaps = f"{inner} OR starts_with({sql}, {joiner}) OR ends_with({sql}, {joiner})"
    return [f"NOT ({gaps})", *_lengths(column, sql), _characters(column, sql)]


def _date(column: Column, sql: str) -> list[str]:
    if column.format == ISO:
        return [f"strlen({sql}) = 10", f"CAST(TRY_CAST({sql} AS DATE) AS VARCHAR) = {sql}"]
    pattern = literal(column.format)
    moment = f"try_strptime({sql}, {pattern})"
    width = len(in_words(column.format))
    # Python writes years before 1000 with fewer digits.
    return [
        f"strlen({sql}) = {width}",
        f"strftime({moment}, {pattern}) = {sql}",
        f"{moment} >= TIMESTAMP '1000-01-01'",
    ]


def _boolean(column: Column, sql: str) -> list[str]:
    return [_among((column.true, column.false), sql)]


def _integer(column: Column, sql: str) -> list[str]:
    number = f"TRY_CAST({sql} AS BIGINT)"
    return [f"CAST({number} AS VARCHAR) = {sql}", *_bounds(column, number)]


def _decimal(column: Column, sql: str) -> list[str]:
    if column.places is None:
        return [
            f"regexp_full_match({sql}, '{_NUMBER}')",
            *_bounds(column, f"TRY_CAST({sql} AS DECIMAL(38, 9))"),
        ]
    number = f"TRY_CAST({sql} AS DECIMAL(18, {column.places}))"
    return [f"CAST({number} AS VARCHAR) = {sql}", *_bounds(column, number)]


_SIEVES: dict[str, Callable[[Column, str], list[str]]] = {
    "text": _text,
    "code": _text,
    "email": _email,
    "words": _words,
    "date": _date,
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
}


def _lengths(column: Column, sql: str) -> list[str]:
    # A text has at most as many characters as bytes, and bytes are cheaper to count.
    longest = [] if column.longest is None else [f"strlen({sql}) <= {column.longest}"]
    shortest = [] if column.shortest is None else [f"length({sql}) >= {column.shortest}"]
    return longest + shortest


def _characters(column: Column, sql: str) -> str:
    if column.pattern:
        pattern = read_pattern(column.pattern)
        matches = f"regexp_full_match({sql}, {literal(pattern.text)})"
        # Beyond printable ASCII, Python and RE2 do not agree on every pattern.
        return matches if pattern.printable else f"{matches} AND regexp_full_match({sql}, '[ -~]*')"
    breaks = r"\n\r" if column.single_line else ""
    return rf"NOT regexp_matches({sql}, '[{CONTROL}\x{{80}}-\x{{9f}}{breaks}]')"


def _bounds(column: Column, number: str) -> list[str]:
    least = [] if column.minimum is None else [f"{number} >= {column.minimum:f}"]
    most = [] if column.maximum is None else [f"{number} <= {column.maximum:f}"]
    return least + most


def _accepted(column: Column) -> list[str]:
    """The choices that the other limits leave, each of which the law has judged."""
    return [choice for choice in column.choices if not column.problems(choice)]


def _among(texts: Iterable[str], sql: str) -> str:
    listed = _listed(texts)
    return f"{sql} IN ({listed})" if listed else "false"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(literal(text) for text in texts)
