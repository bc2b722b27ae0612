"""The engine: one DuckDB database for each run, with a memory limit, spill, and a lock against the outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosterbus.private import private_folder

if TYPE_CHECKING:
    import duckdb

FETCH = 10_000


@contextmanager
def open_engine(folder: Path, *, memory: str = "1GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh database in memory that spills into `folder` (private). Closed at the end of the block."""
    import duckdb

    spill = private_folder(folder / "spill")
    connection = duckdb.connect(":memory:", config={"memory_limit": memory, "temp_directory": str(spill)})
    try:
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        for schema in ("raw", "extracted", "roster", "work", "baseline"):
            connection.execute(f"CREATE SCHEMA {schema}")
        yield connection
    finally:
        connection.close()


@contextmanager
def open_reader() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for questions about files that are kept, to create nothing. Closed at the end of the block.

    It never spills: by default that would be into whatever folder somebody happens to be in.
    """
    with _reader().cursor() as connection:
        yield connection


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    """One database for the life of this process, since to open one takes longer than most questions do.

    It keeps nothing of what was read: files are purged, and others take their places.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    return duckdb.connect(":memory:", config=config)


def lock_engine(connection: duckdb.DuckDBPyConnection, folders: Iterable[Path]) -> None:
    """From here on the engine reaches nothing but `folders`, and no statement can undo that."""
    allowed = ", ".join(literal(f"{folder.resolve()}/") for folder in folders)
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quoted(name: str) -> str:
    """An identifier, safe to stand in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal, safe to stand in SQL."""
    return "'" + text.replace("'", "''") + "'"


def listed(names: Iterable[str], *, of: str = "") -> str:
    """Identifiers joined by commas, each of the table alias `of` if given."""
    return ", ".join(f"{of}.{quoted(name)}" if of else quoted(name) for name in names)


def value(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> Any:
    """The one value that `sql` gives."""
    row = connection.execute(sql, parameters).fetchone()
    return None if row is None else row[0]


def fetched(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None
) -> Iterator[tuple[Any, ...]]:
    """The rows that `sql` gives, a batch at a time, on a cursor of their own."""
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    while rows := cursor.fetchmany(FETCH):
        yield from rows


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, ...]:
    """The column names of a table or view, in order; `table` is already quoted."""
    return tuple(row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall())
