"""A fresh engine, and a way to write and load one small file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rosterbus.extracts import Delimited
from rosterbus.reading import Loaded, load_table


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


@pytest.fixture
def load(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> Callable[..., Loaded]:
    """Write bytes (or text as UTF-8) to students.csv and load it as ``raw.students``."""

    def load_content(content: bytes | str, **settings: Any) -> Loaded:
        path = tmp_path / "students.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_table(engine, "students", Delimited(path, path.name, **settings))

    return load_content


@pytest.fixture
def rows(engine: duckdb.DuckDBPyConnection) -> Callable[[], list[tuple[Any, ...]]]:
    return lambda: engine.execute("SELECT * FROM raw.students").fetchall()


@pytest.fixture
def read_by_engine(engine: duckdb.DuckDBPyConnection) -> Callable[[], bool]:
    """Whether the fast lane read it: only the row lane has to keep row numbers."""

    def lane() -> bool:
        columns = [column[0] for column in engine.execute("FROM loaded.students LIMIT 0").description or ()]
        return "n" not in columns

    return lane
