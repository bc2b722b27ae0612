"""Merges one table of a change set into a table of the mirror, by key and in the order of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosterbus.engine import columns_of, literal, quoted, value
from rosterbus.errors import ConnectorError, PluginError
from rosterbus.extracts import Changes

if TYPE_CHECKING:
    import duckdb

COUNTS = ("upserted", "deleted", "renamed", "repeated", "older")
"""What is counted of a change set: ``read = upserted + deleted + repeated + older + rejected``, `renamed` beside."""
# No column of a file is called `_row`, so all that is said of a row stands within it.
ARRIVING = "mirror._arriving"


def merge(
    connection: duckdb.DuckDBPyConnection, name: str, arriving: str, *, changes: Changes, file: str
) -> dict[str, int]:
    """Merge ``raw.<arriving>``, read from `file`, into ``mirror.<name>``; answers with the `COUNTS`.

    Of the rows with the same key the last one wins. Raises ConnectorError where the mirror has no such key, and
    PluginError where the source's SQL fails.
    """
    into, new = f"mirror.{quoted(name)}", f"raw.{quoted(arriving)}"
    _widen(connection, name, new, key=changes.key)
    read = int(value(connection, f"SELECT count(*) FROM {new}"))
    renamed = _rename(connection, into, new, changes) if changes.former else 0
    _take_last(connection, name, new, changes)
    winners = int(value(connection, f"SELECT count(*) FROM {ARRIVING}"))
    older = _pass_over_older(connection, into, changes) if changes.newer else 0
    deleted = _delete(connection, into, changes)
    _upsert(connection, into, changes, file)
    connection.execute(f"DROP TABLE {ARRIVING}")
    upserted = winners - older - deleted
    numbers = (upserted, deleted, renamed, read - winners, older)
    return dict(zip(COUNTS, numbers, strict=True))


def _widen(connection: duckdb.DuckDBPyConnection, name: str, new: str, *, key: tuple[str, ...]) -> None:
    """Give the mirror the columns of the change set that it lacks, blank in the rows that are there."""
    into = f"mirror.{quoted(name)}"
    if not value(
        connection,
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mirror' AND table_name = ?",
        [name],
    ):
        origin = "{'number': 0::BIGINT, 'file': '', 'row': 0::BIGINT} AS _row"
        connection.execute(f"CREATE TABLE {into} AS SELECT {origin}, * EXCLUDE (_row) FROM {new} LIMIT 0")
        return
    known = {column.lower() for column in columns_of(connection, into)}
    if absent := [column for column in key if column.lower() not in known]:
        msg = f"the last full `{name}` has no column `{absent[0]}`, by which its changes are known"
        raise ConnectorError(f"{msg}; give a full extract that has it")
    for column in columns_of(connection, new):
        if column.lower() not in known:
            connection.execute(f"ALTER TABLE {into} ADD COLUMN {quoted(column)} VARCHAR DEFAULT ''")


def _rename(connection: duckdb.DuckDBPyConnection, into: str, new: str, changes: Changes) -> int:
    """Give rows of the mirror their new keys, one key change after the other; answers with how many there were.

    Where somebody has the new key already, both are one person now, and the row that has the key stays.
    """
    key, former = quoted(changes.key[0]), quoted(changes.former)
    renames = connection.execute(
        f"SELECT {former}, {key} FROM {new} WHERE {former} NOT IN ('', {key}) ORDER BY _row"
    ).fetchall()
    concerned = sorted({key for pair in renames for key in pair})
    holds: dict[str, int] = dict(
        connection.execute(
            f"SELECT {key}, _row.number FROM {into} WHERE {key} IN (SELECT unnest(?::VARCHAR[]))", [concerned]
        ).fetchall()
    )
    gone = []
    for old, fresh in renames:
        moved = holds.pop(old, None)
        if moved is not None and fresh in holds:
            gone.append(moved)
        elif moved is not None:
            holds[fresh] = moved
    connection.execute(f"DELETE FROM {into} WHERE _row.number IN (SELECT unnest(?::BIGINT[]))", [gone])
    connection.execute(
        f"UPDATE {into} AS m SET {key} = r.fresh "
        "FROM (SELECT unnest(?::BIGINT[]) AS number, unnest(?::VARCHAR[]) AS fresh) r "
        "WHERE m._row.number = r.number",
        [list(holds.values()), list(holds)],
    )
    return len(renames)


def _take_last(connection: duckdb.DuckDBPyConnection, name: str, new: str, changes: Changes) -> None:
    """Create `ARRIVING`: the last row of each key, the newest where the rows say how new they are."""
    import duckdb

    said = f"coalesce(({changes.deleted or 'false'}), false), 'made': ({changes.newer or 'NULL::INTEGER'})"
    rows = f"SELECT {{'row': _row, 'moved': false, 'deleted': {said}}} AS _row, * EXCLUDE (_row) FROM {new}"
    if changes.former:
        # What a key was before the change belongs to the new key; only what comes after it is somebody else's.
        key, former = quoted(changes.key[0]), quoted(changes.former)
        rows += (
            f" UNION ALL SELECT {{'row': _row, 'moved': true, 'deleted': {said}}} AS _row, "
            f"* EXCLUDE (_row) REPLACE ({former} AS {key}) FROM {new} WHERE {former} NOT IN ('', {key})"
        )
    keys = ", ".join(quoted(column) for column in changes.key)
    last = f"row_number() OVER (PARTITION BY {keys} ORDER BY _row.made DESC NULLS LAST, _row.row DESC) = 1"
    try:
        connection.execute(f"CREATE TABLE {ARRIVING} AS SELECT * FROM ({rows}) QUALIFY {last}")
    except duckdb.Error as error:
        msg = f"the source's SQL for the changes of `{name}` fails: {type(error).__name__}"
        raise PluginError(msg) from error
    connection.execute(f"DELETE FROM {ARRIVING} WHERE _row.moved")


def _pass_over_older(connection: duckdb.DuckDBPyConnection, into: str, changes: Changes) -> int:
    """Leave out rows that are older than what the mirror has of their key; answers with how many there were."""
    keys = ", ".join(quoted(column) for column in changes.key)
    held = f"(SELECT {keys}, ({changes.newer}) AS _row FROM {into})"
    return _changed(
        connection,
        f"DELETE FROM {ARRIVING} AS e USING {held} AS m WHERE {_same(changes)} AND e._row.made < m._row",
    )


def _delete(connection: duckdb.DuckDBPyConnection, into: str, changes: Changes) -> int:
    """Take deleted keys out of the mirror; answers with how many the change set names."""
    connection.execute(
        f"DELETE FROM {into} AS m USING {ARRIVING} AS e WHERE {_same(changes)} AND e._row.deleted"
    )
    return _changed(connection, f"DELETE FROM {ARRIVING} WHERE _row.deleted")


def _upsert(connection: duckdb.DuckDBPyConnection, into: str, changes: Changes, file: str) -> None:
    """Put the cells over those of the same key, and new keys at the end, in the order of the file."""
    given = columns_of(connection, ARRIVING)[1:]
    known = {column.lower() for column in given}
    blank = [column for column in columns_of(connection, into)[1:] if column.lower() not in known]
    from_ = f"'file': {literal(file)}, 'row': e._row.row}}"
    cells = ", ".join(f"{quoted(column)} = e.{quoted(column)}" for column in given)
    here = f"SELECT 1 FROM {into} AS m WHERE {_same(changes)}"
    last = int(value(connection, f"SELECT coalesce(max(_row.number), 1) FROM {into}"))
    connection.execute(
        f"CREATE OR REPLACE TABLE mirror._new AS SELECT e.* FROM {ARRIVING} AS e WHERE NOT EXISTS ({here})"
    )
    connection.execute(
        f"UPDATE {into} AS m SET _row = {{'number': m._row.number, {from_}, {cells} "
        f"FROM {ARRIVING} AS e WHERE {_same(changes)}"
    )
    blanks = "".join(f", '' AS {quoted(column)}" for column in blank)
    number = f"{last} + row_number() OVER (ORDER BY e._row.row)"
    connection.execute(
        f"INSERT INTO {into} BY NAME SELECT {{'number': {number}, {from_} AS _row, e.* EXCLUDE (_row){blanks} "
        "FROM mirror._new AS e ORDER BY e._row.row"
    )
    connection.execute("DROP TABLE mirror._new")


def _same(changes: Changes) -> str:
    return " AND ".join(f"m.{quoted(column)} = e.{quoted(column)}" for column in changes.key)


def _changed(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Run a statement that changes rows; answers with how many."""
    return int(value(connection, sql))
