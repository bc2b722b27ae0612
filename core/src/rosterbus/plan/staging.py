"""The files of a plan, as they will be sent, and what is kept beside them: crosswalk, problems, next baseline."""

from __future__ import annotations

import codecs
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.deliveries import StagedFile
from rosterbus.engine import literal, quoted, value
from rosterbus.mirror import located
from rosterbus.plan.baseline import LoadedBaseline, stored_cell, stored_key
from rosterbus.plan.difference import changes_table
from rosterbus.plan.parts import parts_of, places_of, rows_of
from rosterbus.plan.relations import Roster
from rosterbus.plan.rendering import ACCEPTED, NEW, Rendered, key_text
from rosterbus.private import open_private, private_folder

if TYPE_CHECKING:
    import duckdb

    from rosterbus.layouts import Dialect, LayoutSpec

CHUNK = 1 << 20


@dataclass(frozen=True)
class Staged:
    """One layout's files and how many of their rows are leavers, who have no row in the roster."""

    files: tuple[StagedFile, ...]
    leaver_rows: int


def stage(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, folder: Path
) -> Staged:
    """Write the layout's file into `folder` (private), in source order, leavers last; the same bytes every time.

    Of one that is split each part has the file name in a folder of its own, and there may be none.
    """
    spec = rendered.layout.spec
    if spec.split:
        return Staged(_stage_parts(connection, rendered, folder), 0)
    path = folder / spec.file
    columns = _written(spec)
    rows = f"SELECT {_cells(columns, spec.dialect)} FROM {rendered.table} WHERE {rendered.sent}"
    leavers = 0
    if spec.absence == "explicit" and loaded.baseline.path is not None:
        leavers = _create_leavers(connection, rendered, loaded)
        rows += f" UNION ALL SELECT {_cells(columns, spec.dialect)} FROM {_leavers(rendered)}"
    _write(connection, rows, path, spec.dialect)
    count = int(value(connection, f"SELECT count(*) FROM {rendered.table} WHERE {rendered.sent}"))
    file = StagedFile(spec.file, spec.name, path, count + leavers, path.stat().st_size, sha256(path))
    return Staged((file,), leavers)


def _stage_parts(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, folder: Path
) -> tuple[StagedFile, ...]:
    spec = rendered.layout.spec
    cells = _cells(_written(spec), spec.dialect)
    files = []
    for place, part in enumerate(parts_of(connection, rendered), start=1):
        path = private_folder(folder / f"{spec.name}-{place}") / spec.file
        rows = f"SELECT {cells} FROM {rendered.table} WHERE {rows_of(rendered, part)}"
        _write(connection, rows, path, spec.dialect)
        split = dict(zip(spec.split, part.values, strict=True))
        size = path.stat().st_size
        files.append(
            StagedFile(spec.file, spec.name, path, part.rows, size, sha256(path), split, part.number)
        )
    return tuple(files)


def sha256(path: Path) -> str:
    """The file's SHA-256, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def keep_crosswalk(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    roster: Roster,
    folder: Path,
    *,
    files: Sequence[tuple[int, StagedFile]],
) -> None:
    """Keep, for each row of the layout's files, where it came from: source file and row, key.

    `files` are the layout's own with their places in the delivery. A row is known by `file` (that place) and
    `file_row` (header = 1).
    """
    lead = roster.files.get(roster.relations[rendered.relation].lead, "")
    rows = (
        f"SELECT _file AS file, _file_row AS file_row, {literal(lead)} AS source_file, "
        f"_row AS source_row, {key_text(rendered.key)} AS key FROM ({places_of(rendered, files)})"
    )
    copy(
        connection,
        f"{located(rows, file='source_file', row='source_row')} ORDER BY file, file_row",
        folder / f"crosswalk.{rendered.layout.spec.name}.parquet",
    )


def keep_changes(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, folder: Path
) -> None:
    """Keep who is new, changed or removed: `kind, key, school, columns, mapping`, and old and new cells of changes.

    Of sensitive columns it is told that they changed, and no cell. With a baseline of digests nobody can be named who
    is gone, and old cells are not known.
    """
    spec = rendered.layout.spec
    values = loaded.baseline.kind == "values"
    cells = ", ".join(
        f"CASE WHEN list_contains(c.columns, {literal(column)}) THEN {{'column': {literal(column)}, "
        f"'old': {f'b.{quoted(column)}' if values and column in loaded.columns else 'NULL::VARCHAR'}, "
        f"'new': t.{quoted(column)}}} END"
        for column in rendered.layout.compared
        if not rendered.layout.column(column).column.sensitive
    )
    none = '[]::STRUCT("column" VARCHAR, old VARCHAR, "new" VARCHAR)[]'
    cells = f"list_filter([{cells}], lambda x: x IS NOT NULL)" if cells else none
    removed = "c._key" if values else "''"
    copy(
        connection,
        f"SELECT c.kind, CASE WHEN c.kind = 'removed' THEN {removed} ELSE {key_text(rendered.key, of='t')} END AS key, "
        f"c._school AS school, c.columns, c.mapping, {cells} AS cells "
        f"FROM {changes_table(spec)} c LEFT JOIN {rendered.table} t ON c.n = t._n "
        f"LEFT JOIN {loaded.table} b ON c._key = b._key ORDER BY c.kind, key",
        folder / f"changes.{spec.name}.parquet",
    )


def keep_next_baseline(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, folder: Path
) -> Path:
    """Write the baseline as it will be once this plan is confirmed; confirming then only moves a pointer."""
    spec, baseline = rendered.layout.spec, loaded.baseline
    cells = ", ".join(_present(rendered, loaded, column) for column in rendered.layout.compared)
    key = stored_key(baseline, spec.key, of="t")
    rows = f"SELECT {key} AS _key, t._school, t._grade, false AS _gone, {cells} FROM {rendered.table} t"
    if spec.sends == "new":
        rows += f" LEFT JOIN {loaded.table} b ON {key} = b._key"
    rows += f" WHERE t._state = {ACCEPTED}"
    if baseline.path is not None:
        rows += f" UNION ALL {_absent(rendered, loaded)}"
    path = folder / f"baseline.{spec.name}.parquet"
    copy(connection, rows, path)
    return path


def copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write what `sql` gives to a private Parquet file."""
    with open_private(path, "wb"):
        pass
    connection.execute(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, USE_TMP_FILE false)")


def _present(rendered: Rendered, loaded: LoadedBaseline, column: str) -> str:
    """A cell of one who is in the roster; a vendor that takes new rows only still holds what it once got."""
    spec = rendered.layout.spec
    cell = stored_cell(loaded.baseline, spec, column, of="t")
    if spec.sends == "new":
        cell = f"CASE WHEN t._change = {NEW} THEN {cell} ELSE {_held(loaded, column)} END"
    return f"{cell} AS {quoted(column)}"


def _absent(rendered: Rendered, loaded: LoadedBaseline) -> str:
    """The rows that the vendor holds of those who are not in the roster, or were rejected."""
    spec, baseline = rendered.layout.spec, loaded.baseline
    removed = f"b._key IN (SELECT _key FROM {changes_table(spec)} WHERE kind = 'removed')"
    cells = ", ".join(
        f"CASE WHEN {removed} THEN {literal(spec.leaver[column])} ELSE {_held(loaded, column)} END AS {quoted(column)}"
        if column in spec.leaver
        else f"{_held(loaded, column)} AS {quoted(column)}"
        for column in rendered.layout.compared
    )
    present = f"SELECT {stored_key(baseline, spec.key)} FROM {rendered.table} WHERE _state = {ACCEPTED}"
    kept = f"NOT ({removed})" if spec.absence == "deleted" else "true"
    return (
        f"SELECT b._key, b._school, b._grade, b._gone OR {removed}, {cells} FROM {loaded.table} b "
        f"WHERE b._key NOT IN ({present}) AND {kept}"
    )


def _held(loaded: LoadedBaseline, column: str) -> str:
    return f"b.{quoted(column)}" if column in loaded.columns else "''"


def _leavers(rendered: Rendered) -> str:
    return f"work.{quoted(f'leavers {rendered.layout.spec.name}')}"


def _create_leavers(connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline) -> int:
    spec = rendered.layout.spec
    cells = (
        f"{literal(spec.leaver[c.name]) if c.name in spec.leaver else _held(loaded, c.name)} AS {quoted(c.name)}"
        for c in spec.columns
        if c.written
    )
    removed = f"SELECT _key FROM {changes_table(spec)} WHERE kind = 'removed'"
    connection.execute(
        f"CREATE TABLE {_leavers(rendered)} AS SELECT {', '.join(cells)} FROM {loaded.table} b "
        f"WHERE b._key IN ({removed}) ORDER BY b._key"
    )
    return int(value(connection, f"SELECT count(*) FROM {_leavers(rendered)}"))


def _written(spec: LayoutSpec) -> list[str]:
    return [column.name for column in spec.columns if column.written]


def _cells(columns: list[str], dialect: Dialect) -> str:
    """Blank cells are written as nothing at all; the engine would write an empty text as a pair of quotes."""
    if dialect.quoting == "all":
        return ", ".join(quoted(column) for column in columns)
    return ", ".join(f"nullif({quoted(column)}, '') AS {quoted(column)}" for column in columns)


def _write(connection: duckdb.DuckDBPyConnection, rows: str, path: Path, dialect: Dialect) -> None:
    with open_private(path, "wb"):
        pass
    options = [
        "FORMAT csv",
        f"HEADER {str(dialect.header).lower()}",
        f"DELIMITER {literal(dialect.delimiter)}",
        f"QUOTE {literal(dialect.quote)}",
        f"ESCAPE {literal(dialect.quote)}",
        f"NEW_LINE {literal(dialect.newline.replace(chr(13), chr(92) + 'r').replace(chr(10), chr(92) + 'n'))}",
        "USE_TMP_FILE false",
    ]
    if dialect.quoting == "all":
        options.append("FORCE_QUOTE *")
    connection.execute(f"COPY ({rows}) TO {literal(str(path))} ({', '.join(options)})")
    if dialect.bom or codecs.lookup(dialect.encoding).name != "utf-8":
        _encode(path, dialect)


def _encode(path: Path, dialect: Dialect) -> None:
    """Write a file of the engine, which knows UTF-8 alone, over in the vendor's encoding; nothing in it is lost."""
    unfinished = path.with_name(f".{path.name}")
    marks_itself = codecs.lookup(dialect.encoding).name in ("utf-8-sig", "utf-16", "utf-32")
    with (
        path.open(encoding="utf-8", newline="") as plain,
        open_private(unfinished, "w", encoding=dialect.encoding, newline="") as file,
    ):
        file.write("\ufeff" if dialect.bom and not marks_itself else "")
        shutil.copyfileobj(plain, file, CHUNK)
    unfinished.replace(path)
