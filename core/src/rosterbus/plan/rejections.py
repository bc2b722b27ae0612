"""Rejected rows: remembered by digest, so that a run can tell which ones are new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.engine import literal, value
from rosterbus.plan.rendering import REJECTED, Rendered, key_text
from rosterbus.plan.staging import copy

if TYPE_CHECKING:
    import duckdb


def rejected_file(folder: Path, layout: str) -> Path:
    """The file of a plan's folder that names a layout's rejected rows, by digest alone."""
    return folder / f"rejected.{layout}.parquet"


def keep_rejected(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, folder: Path, *, secret: str
) -> None:
    """Keep the digests of the rejected rows' keys."""
    copy(
        connection,
        f"{_digests(rendered, secret)} ORDER BY digest",
        rejected_file(folder, rendered.layout.spec.name),
    )


def problems_file(folder: Path, layout: str) -> Path:
    """The file of a plan's folder that lists the problems of a layout; of the extract itself, if `layout` is blank."""
    return folder / (f"problems.{layout}.parquet" if layout else "problems.parquet")


def keep_problems(connection: duckdb.DuckDBPyConnection, layout: str, folder: Path) -> None:
    """Keep a layout's problems, in source order, and those of the extract, for the reports."""
    columns = 'file, "row", key, "column", kind, message'
    rows = (
        f'SELECT {columns} FROM work.problems WHERE layout = {literal(layout)} ORDER BY n, "column", message'
    )
    copy(connection, rows, problems_file(folder, layout))
    of_extract = 'SELECT file, "row", \'\' AS key, "column", kind, message FROM extracted._problems'
    copy(connection, of_extract, problems_file(folder, ""))


def count_newly_rejected(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, known: Path | None, *, secret: str
) -> int:
    """How many rejected rows were not rejected in the plan that kept `known`."""
    digests = _digests(rendered, secret)
    if known is None:
        return int(value(connection, f"SELECT count(*) FROM ({digests})"))
    before = f"SELECT digest FROM read_parquet({literal(str(known))})"
    return int(value(connection, f"SELECT count(*) FROM ({digests}) WHERE digest NOT IN ({before})"))


def problems_by_column(connection: duckdb.DuckDBPyConnection, layout: str) -> dict[str, int]:
    """How many cells of each column are wrong, the most first; a row without a column counts by its kind."""
    counted = connection.execute(
        'SELECT "column", count(*) AS c FROM work.problems WHERE layout = ? GROUP BY ALL ORDER BY c DESC, "column"',
        [layout],
    )
    return dict(counted.fetchall())


def _digests(rendered: Rendered, secret: str) -> str:
    named = f"{literal(secret)} || {key_text(rendered.key)}"
    return f"SELECT left(sha256({named}), 32) AS digest FROM {rendered.table} WHERE _state = {REJECTED}"
