"""The engine's databases leave nothing where others could read it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from rosterbus import engine
from rosterbus.engine import open_reader, value


def test_a_reader_that_runs_out_of_memory_spills_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    monkeypatch.chdir(tmp_path)
    with open_reader() as connection:
        connection.execute("SET memory_limit = '20MB'")
        request.addfinalizer(engine._reader.cache_clear)
        with pytest.raises(duckdb.OutOfMemoryException):
            value(
                connection,
                "SELECT sum(r) FROM (SELECT range AS r FROM range(5_000_000) ORDER BY hash(range))",
            )
    assert list(tmp_path.iterdir()) == []


def test_a_reader_keeps_nothing_of_what_it_read(tmp_path: Path):
    path = tmp_path / "kept.parquet"
    with open_reader() as connection:
        connection.execute(f"COPY (SELECT range AS n FROM range(10)) TO '{path}'")
        assert value(connection, "SELECT sum(n) FROM read_parquet(?)", [str(path)]) == 45
    with open_reader() as connection:
        assert value(connection, "SELECT count(*) FROM duckdb_external_file_cache()") == 0
