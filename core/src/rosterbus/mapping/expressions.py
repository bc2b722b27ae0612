"""Compiles what a pipeline author writes into SQL that is safe to run over every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rosterbus.errors import ConfigError
from rosterbus.mapping.codes import FAILED
from rosterbus.mapping.pieces import Piece, as_text, expect_condition
from rosterbus.mapping.rendering import Renderer
from rosterbus.mapping.screening import screen
from rosterbus.mapping.syntax import bind, parse


@dataclass(frozen=True)
class Expression:
    """A compiled mapping.

    `sql` stands in a SELECT over the relation and is never NULL: text, FAILED where the cell cannot be made, or
    a boolean for a condition. It calls what `install_functions` creates. `columns` are those it reads. A column
    that `uses_clock` changes without the roster changing, so it stays out of comparisons.
    """

    sql: str
    columns: frozenset[str]
    functions: frozenset[str]
    uses_clock: bool


def compile_expression(text: str, *, columns: Collection[str], where: str = "") -> Expression:
    """Compile one scalar expression over `columns`, all of them text, to SQL that gives text.

    `where` names the place in the pipeline file. Raises ConfigError, before anything runs, for whatever is
    not on the allow-lists of functions, operators, casts and columns.
    """
    with _at(where):
        renderer = Renderer(columns)
        piece = _render(text, renderer)
        sql = f"coalesce(CAST({as_text(piece)} AS VARCHAR), '')"
        if piece.fails:
            sql = f"(CASE WHEN {piece.fails} THEN '{FAILED}' ELSE {sql} END)"
        return _expression(sql, renderer, columns)


def compile_condition(text: str, *, columns: Collection[str], where: str = "") -> Expression:
    """The same for a condition (``status = 'active'``); what is neither true nor false counts as false.

    Every row must be decided, so calls that fail a cell are refused here.
    """
    with _at(where):
        renderer = Renderer(columns)
        sql = f"coalesce({expect_condition(_render(text, renderer))}, false)"
        if renderer.strict:
            raise ConfigError(
                "a condition must be decided in every row, and this may fail",
                found=", ".join(sorted(renderer.strict)),
                allowed="TRY_CAST, try_strptime and everything that cannot fail",
            )
        return _expression(sql, renderer, columns)


def guarded(sql: str) -> str:
    """SQL as text, FAILED in the rows where the engine can give no value, instead of ending the query.

    `sql` must never be NULL otherwise.
    """
    return f"coalesce(TRY(CAST(({sql}) AS VARCHAR)), '{FAILED}')"


def _render(text: str, renderer: Renderer) -> Piece:
    screen(text)
    return renderer.render(parse(text))


def _expression(sql: str, renderer: Renderer, columns: Collection[str]) -> Expression:
    bind(sql, columns)
    return Expression(
        sql, frozenset(renderer.columns_read), frozenset(renderer.functions), renderer.uses_clock
    )


@contextmanager
def _at(where: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        error.key = where or None
        raise
