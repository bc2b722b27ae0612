"""The Arrow lane: a stream of columns, cast to text by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rosterbus.errors import ConnectorError
from rosterbus.reading.header import Header, read_header

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NO_TEXT = frozenset({"array", "blob", "list", "map", "struct", "union"})


def read_stream(connection: DuckDBPyConnection, table: str, stream: Any, *, file: str) -> tuple[Header, int]:
    """Read an Arrow stream into `table` (columns `c0`, `c1`..., in its order); a null is blank.

    Gives its header and its number of rows.

    Raises ConnectorError where a column is binary or nested.
    """
    # The capsule is taken once, because a stream may be a reader that gives its rows a single time.
    relation = connection.from_arrow(stream.__arrow_c_stream__())
    header = read_header(relation.columns, file=file)
    for position, kind in enumerate(relation.types, start=1):
        if kind.id in NO_TEXT:
            raise ConnectorError(
                f"{file}: column {position} is of type {kind.id}, which no plain text stands for; "
                "give it as text, a list joined by |"
            )
    arriving = relation.project(", ".join(f"#{position + 1} AS a{position}" for position in header.kept))
    cells = ", ".join(
        f"coalesce(CAST(a{position} AS VARCHAR), '') AS c{position}" for position in header.kept
    )
    arriving.query("arriving", f"CREATE OR REPLACE TABLE {table} AS SELECT {cells} FROM arriving")
    counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return header, counted[0] if counted else 0
