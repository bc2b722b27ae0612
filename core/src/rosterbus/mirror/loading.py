"""Tables that come out of the mirror: as they were kept, or with a change set merged into them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rosterbus.engine import columns_of, literal, quoted, value
from rosterbus.errors import HeldError, PluginError
from rosterbus.extracts import UNKNOWN, Changes, Delimited, RawTable, Table
from rosterbus.mirror.kept import MirrorTable, Told
from rosterbus.mirror.merging import COUNTS, merge
from rosterbus.reading import Loaded, load_table
from rosterbus.reading.oddities import HEADER_ONLY

if TYPE_CHECKING:
    import duckdb


def load_kept(connection: duckdb.DuckDBPyConnection, table: MirrorTable) -> Loaded:
    """Bring a table of the mirror into the engine as ``mirror.<name>`` and ``raw.<name>``."""
    name = quoted(table.name)
    connection.execute(f"CREATE TABLE mirror.{name} AS FROM read_parquet({literal(str(table.path))})")
    return _shown(connection, table)


def load_changes(
    connection: duckdb.DuckDBPyConnection, name: str, changes: Changes, base: MirrorTable | None
) -> tuple[Loaded, MirrorTable]:
    """Merge a change set into a table of the mirror; answers with it, and how it is to be kept.

    Raises HeldError where there is nothing that it could be merged into.
    """
    _refuse(name, changes, base)
    if base is not None:
        load_kept(connection, base)
    counts, told = Counter(dict.fromkeys(COUNTS, 0)), Told()
    arriving = f"{name} arriving"
    for table in changes.tables:
        _drop(connection, name, table)
        loaded = load_table(connection, arriving, table, key=changes.key)
        counts.update(merge(connection, name, arriving, changes=changes, file=table.file))
        # Without a row it says that nothing changed, which is no reason to look at it.
        findings = tuple(one for one in loaded.findings if one.rule != HEADER_ONLY)
        told += Told(loaded.rejected, loaded.problems, findings)
        connection.execute(f"DROP VIEW raw.{quoted(arriving)}; DROP TABLE loaded.{quoted(arriving)}")
    merged = MirrorTable(
        name,
        changes.tables[-1].file,
        changes.completeness or (base.completeness if base else UNKNOWN),
        base.base if base else Told(),
        told,
        rows=f"FROM mirror.{quoted(name)} ORDER BY _row.number",
    )
    return replace(_shown(connection, merged), changes=dict(counts)), merged


def _drop(connection: duckdb.DuckDBPyConnection, name: str, table: Table) -> None:
    """What may enter the engine no longer leaves the mirror too."""
    unwanted = table.drop if isinstance(table, Delimited) else frozenset()
    for column in unwanted:
        connection.execute(
            f"ALTER TABLE IF EXISTS mirror.{quoted(name)} DROP COLUMN IF EXISTS {quoted(column)}"
        )


def _refuse(name: str, changes: Changes, base: MirrorTable | None) -> None:
    if not changes.tables or not changes.key or (changes.former and len(changes.key) > 1):
        msg = f"the source's change set for `{name}` needs a table and a key, and a key of one column to change it"
        raise PluginError(msg)
    if base is None and not changes.from_nothing:
        raise HeldError(
            f"the source gives only changes of `{name}` ({changes.tables[0].file}), and nothing is known that they "
            "could change; give a full extract first: start one in the source's system, and run this again before "
            "the next changes"
        )


def _shown(connection: duckdb.DuckDBPyConnection, table: MirrorTable) -> Loaded:
    """The view ``raw.<name>`` over ``mirror.<name>``, and what is known of it."""
    name, told = quoted(table.name), table.told
    connection.execute(
        f"CREATE OR REPLACE VIEW raw.{name} AS SELECT _row.number AS _row, * EXCLUDE (_row) FROM mirror.{name}"
    )
    rows = int(value(connection, f"SELECT count(*) FROM mirror.{name}"))
    columns = columns_of(connection, f"mirror.{name}")[1:]
    raw = RawTable(table.name, table.file, columns, rows, table.completeness)
    return Loaded(raw, rows + told.rejected, told.rejected, told.problems, told.findings)
