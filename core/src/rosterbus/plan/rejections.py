"""Rejected rows: what is wrong with them for the reports, and their digests, by which a run knows the new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.engine import literal, quoted
from rosterbus.layouts import Keyed
from rosterbus.layouts.law import UNRENDERED
from rosterbus.mapping import FAILED, UNMATCHED
from rosterbus.mirror import located
from rosterbus.plan.compilation import CompiledColumn, CompiledLayout
from rosterbus.plan.rendering import REJECTED, Rendered, key_text
from rosterbus.plan.staging import copy
from rosterbus.roster import vocabulary

if TYPE_CHECKING:
    import duckdb

PEOPLE = frozenset({"student_id", "staff_id", "guardian_id"})
"""The roster columns by which a relation is about people."""


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


def keep_problems(connection: duckdb.DuckDBPyConnection, rendered: Rendered, folder: Path) -> None:
    """Keep a layout's problems in source order for the reports, each with the text of its cell."""
    layout = rendered.layout
    # A report reads the cells only where somebody asks for them; they go with all else in the folder that names people.
    copy(
        connection,
        f'SELECT p.file, p."row", p.key, p."column", p.kind, p.message, {_value(layout)} AS value '
        f"FROM ({located('FROM work.problems', file='file', row='row')}) p LEFT JOIN {rendered.table} t ON t._n = p.n "
        f"LEFT JOIN extracted.{quoted(rendered.relation)} r ON r.rowid = p.n "
        f'WHERE p.layout = {literal(layout.spec.name)} ORDER BY p.n, p."column", p.message',
        problems_file(folder, layout.spec.name),
    )


def keep_extract_problems(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep the problems of the extract itself, in the order of its files: records that could not become rows."""
    copy(
        connection,
        'SELECT file, "row", \'\' AS key, "column", kind, message, NULL::VARCHAR AS value FROM extracted._problems',
        problems_file(folder, ""),
    )


def has_ids(layout: CompiledLayout) -> bool:
    """Whether a report can name its rows: they are about people, or the file itself holds an id of the roster's."""
    table = vocabulary().tables[layout.spec.rows]
    key = [layout.column(name) for name in layout.spec.key]
    held = all(one.column.written for one in key) and any(one.reads & set(table.key) for one in key)
    return held or bool(PEOPLE & set(table.columns))


def newly_rejected(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    known: Path | None,
    *,
    secret: str,
    by: str = "_school",
) -> dict[str, int]:
    """How many rows are rejected that were not in the plan that kept `known`: of each school, or `by` ``_grade``."""
    before = f"SELECT digest FROM read_parquet({literal(str(known))})" if known else "SELECT '' WHERE false"
    counted = connection.execute(
        f"SELECT {by}, count(*) FROM ({_digests(rendered, secret)}) WHERE digest NOT IN ({before}) GROUP BY 1"
    )
    return {one: int(count) for one, count in counted.fetchall()}


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
    return f"SELECT _school, _grade, {digest} FROM {rendered.table} WHERE _state = {REJECTED}"


def _value(layout: CompiledLayout) -> str:
    """SQL for the text of the cell that a problem is about; NULL for a whole row, and for what is shown to nobody."""
    shown = [
        one for one in layout.columns if not (one.column.sensitive or isinstance(one.column.source, Keyed))
    ]
    cases = "".join(f" WHEN {literal(one.column.name)} THEN {_text(one)}" for one in shown)
    return f'CASE p."column"{cases} END' if cases else "NULL::VARCHAR"


def _text(one: CompiledColumn) -> str:
    """The vendor's text; where none could be made, the source's cells that it would have been made of."""
    cell = f"t.{quoted(one.column.name)}"
    reads = sorted(one.reads)
    if len(reads) == 1:
        made_of = f"r.{quoted(reads[0])}"
    else:
        made_of = " || ', ' || ".join(f"{literal(f'{name}=')} || r.{quoted(name)}" for name in reads) or "''"
    return (
        f"CASE WHEN {cell} IN ({literal(FAILED)}, {literal(UNMATCHED)}) THEN {made_of} "
        f"WHEN starts_with({cell}, {literal(UNRENDERED)}) THEN substr({cell}, 2) ELSE {cell} END"
    )
