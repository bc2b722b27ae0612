"""The engine's own parser and binder, used on a private connection that can reach nothing."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from rosterbus.errors import ConfigError
from rosterbus.mapping.pieces import quoted_name

if TYPE_CHECKING:
    import duckdb

Node = dict[str, Any]
SCHEMA = "rosterbus"


def install_functions(connection: duckdb.DuckDBPyConnection, *, today: date) -> None:
    """Create what compiled expressions call: ``rosterbus.today()``, the one day of the whole run.

    Everything else compiles to the engine's own functions. May be called again with another day.
    """
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    connection.execute(f"CREATE OR REPLACE MACRO {SCHEMA}.today() AS DATE '{today.isoformat()}'")


def parse(text: str) -> Node:
    """The syntax tree of one expression. Raises ConfigError unless `text` is exactly one expression."""
    select = _parse_select(f"SELECT ({text}\n)")
    if _without_expression(select) != _without_expression(_parse_select("SELECT (1\n)")):
        raise ConfigError("a mapping is one expression and nothing around it")
    (expression,) = select["select_list"]
    return dict(expression)


def prove(sql: str) -> Any:
    """The value of SQL without columns, so that a wrong constant is an error of the mapping."""
    return _ask(f"SELECT {sql}")[0][0]


def bind(sql: str, columns: Collection[str]) -> None:
    """Let the engine resolve types and functions of `sql` over text columns, without computing anything."""
    names = ", ".join(f"'' AS {quoted_name(column)}" for column in sorted(columns)) or "''"
    _ask(f"DESCRIBE SELECT {sql} FROM (SELECT {names})")


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    install_functions(connection, today=date(2000, 1, 1))
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _ask(sql: str, *values: str) -> list[Any]:
    import duckdb

    with _connection().cursor() as cursor:
        try:
            return cursor.execute(sql, list(values)).fetchall()
        except (duckdb.Error, UnicodeDecodeError) as error:  # its messages may cut a letter in two
            raise ConfigError("the engine cannot compile this", found=_first_line(str(error))) from error


def _parse_select(sql: str) -> Node:
    parsed = json.loads(_ask("SELECT json_serialize_sql(?)", sql)[0][0])
    if parsed["error"]:
        raise ConfigError("this is not an SQL expression", found=_first_line(parsed["error_message"]))
    statements = parsed["statements"]
    if len(statements) != 1 or statements[0]["named_param_map"]:
        raise ConfigError("a mapping is one expression without parameters")
    return dict(statements[0]["node"])


def _without_expression(select: Node) -> Node:
    return {**select, "select_list": len(select.get("select_list", []))}


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0].strip()
