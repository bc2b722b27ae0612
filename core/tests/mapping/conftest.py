"""A locked engine like the one that mappings run in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb
import pytest
from rosterbus.mapping import (
    EXAMPLE_ROW,
    EXAMPLE_TODAY,
    compile_condition,
    compile_expression,
    guarded,
    install_functions,
)

Rows = Sequence[Mapping[str, str]]


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        install_functions(connection, today=EXAMPLE_TODAY)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


@pytest.fixture
def query(engine) -> Callable[[str, Rows], list[object]]:
    """Give the values of one SQL expression over rows of text, in their order."""

    def run(sql: str, rows: Rows) -> list[object]:
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in rows[0])
        marks = ", ".join("(" + ", ".join("?" for _ in row) + ")" for row in rows)
        values = [value for row in rows for value in row.values()]
        answer = engine.execute(f"SELECT {sql} FROM (VALUES {marks}) AS relation({names})", values)
        return [value for (value,) in answer.fetchall()]

    return run


@pytest.fixture
def evaluate(query) -> Callable[..., str]:
    """The value that an expression gives on one row; a failing one gives the sentinel."""

    def run(text: str, **cells: str) -> str:
        row = {**EXAMPLE_ROW, **cells}
        (value,) = query(guarded(compile_expression(text, columns=row).sql), [row])
        return value

    return run


@pytest.fixture
def holds(query) -> Callable[..., bool]:
    """Whether a condition holds on one row."""

    def run(text: str, **cells: str) -> bool:
        row = {**EXAMPLE_ROW, **cells}
        (value,) = query(compile_condition(text, columns=row).sql, [row])
        return value

    return run
