"""Rejected rows: remembered by digest, so that a run can tell which ones are new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.engine import literal
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
        f"SELECT digest FROM ({_digests(rendered, secret)}) ORDER BY digest",
        rejected_file(folder, rendered.layout.spec.name),
    )


def problems_file(folder: Path, layout: str) -> Path:
    """The file of a plan's folder that lists the problems of a layout; of the extract itself, if `layout` is blank."""
    return folder / (f"problems.{layout}.parquet" if layout else "problems.parquet")


def keep_problems(connection: duckdb.DuckDBPyConnection, layout: str, folder: Path) -> None:
    """Keep a layout's problems, or those of the extract if `layout` is blank, in source order, for the reports."""
    if layout:
        rows = f'FROM work.problems WHERE layout = {literal(layout)} ORDER BY n, "column", message'
    else:
        rows = "FROM (SELECT *, '' AS key FROM extracted._problems)"
    copy(
        connection, f'SELECT file, "row", key, "column", kind, message {rows}', problems_file(folder, layout)
    )


def newly_rejected(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, known: Path | None, *, secret: str
) -> dict[str, int]:
    """How many rows of each school are rejected that were not in the plan that kept `known`."""
    before = f"SELECT digest FROM read_parquet({literal(str(known))})" if known else "SELECT '' WHERE false"
    counted = connection.execute(
        f"SELECT _school, count(*) FROM ({_digests(rendered, secret)}) WHERE digest NOT IN ({before}) GROUP BY 1"
    )
    return {school: int(count) for school, count in counted.fetchall()}


def problems_by_column(connection: duckdb.DuckDBPyConnection, layout: str) -> dict[str, int]:
    """How many cells of each column are wrong, the most first; a row without a column counts by its kind."""
    counted = connection.execute(
        'SELECT "column", count(*) AS c FROM work.problems WHERE layout = ? GROUP BY ALL ORDER BY c DESC, "column"',
        [layout],
    )
    return dict(counted.fetchall())


def _digests(rendered: Rendered, secret: str) -> str:
    named = f"{literal(secret)} || {key_text(rendered.key)}"
    digest = f"left(sha256({named}), 32) AS digest"
    return f"SELECT _school, {digest} FROM {rendered.table} WHERE _state = {REJECTED}"
