"""Where the rows of a mirror last came from, so that a problem names the file and row of the source's own cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rosterbus.engine import literal, quoted
from rosterbus.reading import Loaded

if TYPE_CHECKING:
    import duckdb

NOWHERE = "SELECT '' AS label, 0 AS number, '' AS file, 0 AS row WHERE false"


def label_rows(
    connection: duckdb.DuckDBPyConnection, loaded: Mapping[str, Loaded], mirrored: Collection[str]
) -> dict[str, Loaded]:
    """Name each table after its file, a name of its own where rows of a mirror came from several files.

    Creates ``mirror._origins``: for those the `label`, the `number` in the mirror, and the `file` and `row`.
    """
    labelled, origins = dict(loaded), [NOWHERE]
    for name in mirrored:
        one = loaded[name]
        single = _single_file(connection, name)
        others = {other.raw.file for key, other in loaded.items() if key != name}
        label = single or (one.raw.file if one.raw.file not in others else f"{one.raw.file} ({name})")
        labelled[name] = replace(one, raw=replace(one.raw, file=label))
        if single is None:
            origins.append(
                f"SELECT {literal(label)}, _row.number, _row.file, _row.row FROM mirror.{quoted(name)}"
            )
    connection.execute(f"CREATE VIEW mirror._origins AS {' UNION ALL '.join(origins)}")
    return labelled


def located(sql: str, *, file: str, row: str) -> str:
    """`sql` with the columns `file` and `row` as the source knows them; its order is lost."""
    here = f"o.label = s.{quoted(file)} AND o.number = s.{quoted(row)}"
    told = ", ".join(
        f"coalesce(o.{known}, s.{quoted(column)}) AS {quoted(column)}"
        for known, column in (("file", file), ("row", row))
    )
    return f"SELECT s.* REPLACE ({told}) FROM ({sql}) AS s LEFT JOIN mirror._origins AS o ON {here}"


def _single_file(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """The one file in which the mirror's own numbers are the rows; None where there is no such file."""
    sql = (
        f"SELECT min(_row.file), max(_row.file), bool_and(_row.number = _row.row) FROM mirror.{quoted(name)}"
    )
    first, last, same = connection.execute(sql).fetchone() or (None, None, None)
    return str(first) if same and first == last else None
