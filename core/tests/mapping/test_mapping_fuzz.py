"""Random expressions: either a ConfigError, or SQL that runs in the locked engine and touches nothing."""

from __future__ import annotations

from contextlib import suppress

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosterbus.errors import ConfigError
from rosterbus.mapping import (
    EXAMPLE_ROW,
    EXAMPLE_TODAY,
    FUNCTIONS,
    FunctionDoc,
    compile_condition,
    compile_expression,
    install_functions,
)

ROW = {"grade": "09", "first_name": 'Zoë\'s \\ "x"', "metadata.card_id": "", "born": "2011-03-09"}
LEXEMES = """
    SELECT FROM WHERE CASE WHEN THEN ELSE END AND OR NOT IN IS NULL LIKE BETWEEN CAST TRY_CAST AS INTEGER
    DATE VARCHAR DECIMAL(5,2) INTERVAL OVER COLLATE EXISTS DISTINCT ANY true now() random() current_date
    ( ) , . + - * / // % = <> < > || :: ' " '' '|' 'x' 'YYYY-MM-DD' 0 1 2.5 -- /* ; $1 ? # [ ] { } : -> => @ \\
"""
WORDS = [*ROW, *FUNCTIONS, *LEXEMES.split()]

columns = st.sampled_from(["grade", "first_name", "metadata.card_id", '"metadata.card_id"', "born"])
constants = st.one_of(
    st.sampled_from(
        ["YYYY-MM-DD", "MM/DD/YYYY", "%m/%d/%Y", "9999999999", "YYYY-YY", "g", ",", "", "[0-9]+", "09"]
    ),
    st.text(alphabet=st.characters(categories=["L", "P", "S", "N"]), max_size=6),
).map(lambda text: "'" + text.replace("'", "''") + "'")


def _any_of(kinds: dict[str, st.SearchStrategy[str]], doc: FunctionDoc) -> st.SearchStrategy[str]:
    """A call of the function with values of the kinds that it takes."""
    values = []
    for parameter in doc.parameters:
        value = kinds[parameter.kind]
        repeated = st.lists(value, min_size=1, max_size=4).map(", ".join)
        values.append(
            repeated if parameter.repeated else st.one_of(st.just(""), value) if parameter.optional else value
        )
    return st.tuples(*values).map(lambda chosen: f"{doc.name}({', '.join(filter(None, chosen))})")


def _kinds(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Strategies for expressions of each kind, at most `depth` calls within each other."""
    kinds = {
        "text": st.one_of(columns, constants),
        "number": st.one_of(st.integers(-5, 2000).map(str), st.just("2.5")),
        "date": st.sampled_from(["today()", "TRY_CAST(born AS DATE)", "DATE '2026-07-01'"]),
        "condition": st.sampled_from(["true", "grade = '09'", "first_name LIKE 'Z%'", "born IS NOT NULL"]),
        "constant": constants,
        "size": st.integers(0, 1000).map(str),
    }
    kinds["any"] = st.one_of(kinds["text"], kinds["number"], kinds["date"])
    if not depth:
        return kinds
    inner = _kinds(depth - 1)
    for kind in ("text", "number", "date", "condition"):
        calls = [_any_of(inner, doc) for doc in FUNCTIONS.values() if doc.gives == kind]
        kinds[kind] = st.one_of(kinds[kind], *calls, *_operators(kind, inner))
    kinds["any"] = st.one_of(kinds["text"], kinds["number"], kinds["date"], kinds["condition"])
    return kinds


def _operators(kind: str, inner: dict[str, st.SearchStrategy[str]]) -> list[st.SearchStrategy[str]]:
    def built(pattern: str, *parts: str) -> st.SearchStrategy[str]:
        return st.tuples(*(inner[part] for part in parts)).map(lambda chosen: pattern.format(*chosen))

    patterns = {
        "text": [
            ("({} || {})", "any", "any"),
            ("CASE WHEN {} THEN {} ELSE {} END", "condition", "any", "any"),
        ],
        "number": [
            ("({} + {})", "number", "number"),
            ("({} / {})", "number", "number"),
            ("({} % {})", "number", "number"),
            ("(-{})", "number"),
            ("CAST({} AS INTEGER)", "text"),
            ("TRY_CAST({} AS DECIMAL(9, 3))", "text"),
            ("({} - {})", "date", "date"),
        ],
        "date": [
            ("({} + {})", "date", "number"),
            ("CAST({} AS DATE)", "text"),
            ("CAST({} AS TIMESTAMP)", "text"),
        ],
        "condition": [
            ("({} AND NOT {})", "condition", "condition"),
            ("({} < {})", "text", "text"),
            ("({} BETWEEN {} AND {})", "number", "number", "number"),
            ("({} IN ({}, {}))", "date", "date", "date"),
            ("({} IS NULL)", "any"),
        ],
    }
    return [built(*pattern) for pattern in patterns[kind]]


grammar = _kinds(3)["any"]
soup = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)


@pytest.fixture(scope="module")
def locked():
    with duckdb.connect(":memory:") as connection:
        install_functions(connection, today=EXAMPLE_TODAY)
        names = ", ".join(f'? AS "{name}"' for name in ROW)
        connection.execute(f"CREATE TABLE relation AS SELECT {names}", list(ROW.values()))
        connection.execute(
            "INSERT INTO relation VALUES ('KG', '', 'chess|band', 'soon'), ('', '7', '(312) 555-0142', '')"
        )
        connection.execute("CREATE TABLE accounts AS SELECT 'hidden' AS secret")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def _run(locked: duckdb.DuckDBPyConnection, sql: str) -> list[object]:
    return [value for (value,) in locked.execute(f"SELECT {sql} FROM relation").fetchall()]


@settings(max_examples=300, deadline=None)
@given(st.one_of(grammar, soup, st.text(max_size=30)))
def test_what_compiles_runs_and_everything_else_is_a_config_error(locked, text):
    for compiled, kind in ((compile_expression, str), (compile_condition, bool)):
        with suppress(ConfigError):
            expression = compiled(text, columns=ROW)
            assert expression.columns <= set(ROW)
            assert expression.functions <= set(FUNCTIONS)
            values = _run(locked, expression.sql)
            assert all(isinstance(value, kind) for value in values)
            assert "hidden" not in str(values)
            assert _run(locked, expression.sql) == values


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([doc.example for doc in FUNCTIONS.values()]), st.data())
def test_a_damaged_example_raises_nothing_else(locked, example, data):
    start = data.draw(st.integers(0, len(example)))
    end = start + data.draw(st.integers(0, 3))
    damaged = example[:start] + data.draw(st.sampled_from(WORDS)) + example[end:]
    with suppress(ConfigError):
        compile_expression(damaged, columns=EXAMPLE_ROW)
