"""The engine's databases leave nothing where others could read it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from rosterbus.engine import open_reader, value


def test_a_reader_that_runs_out_of_memory_spills_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with open_reader() as connection:
        connection.execute("SET memory_limit = '20MB'")
        with pytest.raises(duckdb.OutOfMemoryException):
            value(
                connection,
                "SELECT sum(r) FROM (SELECT range AS r FROM range(5_000_000) ORDER BY hash(range))",
            )
    assert list(tmp_path.iterdir()) == []
