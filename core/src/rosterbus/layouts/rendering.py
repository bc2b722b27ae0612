"""SQL that renders roster text as the vendor's; what it cannot render is left for the law to reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosterbus.engine import literal
from rosterbus.layouts.law import ISO, UNRENDERED
from rosterbus.layouts.sources import Direct

if TYPE_CHECKING:
    from rosterbus.layouts.columns import Column

_MARK = f"chr({ord(UNRENDERED)})"


def render(column: Column, sql: str) -> str:
    """SQL for the vendor's text; `sql` is the roster text, or what a match or transformation made of it."""
    rendered = _of_kind(column, sql)
    if rendered == sql or not column.also:
        return rendered
    also = ", ".join(literal(text) for text in column.also)
    return f"CASE WHEN {sql} IN ({also}) THEN {sql} ELSE {rendered} END"


def _of_kind(column: Column, sql: str) -> str:
    if column.kind == "date" and column.format != ISO:
        return _date(column, sql)
    if column.kind == "boolean" and (column.true, column.false) != ("true", "false"):
        true, false = literal(column.true), literal(column.false)
        return f"CASE {sql} WHEN 'true' THEN {true} WHEN 'false' THEN {false} ELSE {sql} END"
    if column.kind == "decimal" and column.places is not None:
        return _decimal(sql, column.places)
    if column.kind == "words" and column.joiner != "|":
        return _words(column, sql)
    return sql


def _date(column: Column, sql: str) -> str:
    """A roster date is ISO. Any other text is kept for the law only where somebody wrote it on purpose.

    Nobody knows which day a roster's 03/04/2026 is, and the vendor would take it.
    """
    day = f"TRY_CAST({sql} AS DATE)"
    written = f"strftime({day}, {literal(column.format)})"
    blank = f"WHEN {sql} = '' THEN ''" if isinstance(column.source, Direct) else ""
    other = f"{_MARK} || {sql}" if isinstance(column.source, Direct) else sql
    return f"CASE {blank} WHEN CAST({day} AS VARCHAR) = {sql} THEN {written} ELSE {other} END"


def _decimal(sql: str, places: int) -> str:
    """Fill up decimals and drop needless zeros; never round."""
    plain = rf"-?[0-9]{{1,18}}(\.[0-9]{{0,{places}}}0*)?"
    number = f"TRY_CAST({sql} AS DECIMAL(38, {places}))"
    return f"CASE WHEN regexp_full_match({sql}, '{plain}') THEN CAST({number} AS VARCHAR) ELSE {sql} END"


def _words(column: Column, sql: str) -> str:
    """Join by the vendor's joiner, unless an entry contains it: nobody could tell it from two entries."""
    joiner = literal(column.joiner)
    torn = f"contains({sql}, {joiner})"
    if not isinstance(column.source, Direct):
        torn += f" AND contains({sql}, '|')"
    return f"CASE WHEN {torn} THEN {_MARK} || {sql} ELSE replace({sql}, '|', {joiner}) END"
