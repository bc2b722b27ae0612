"""Roster relations: the source's SQL run over the raw tables, with the pipeline's corrections and opt-outs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rosterbus.engine import columns_of, listed, literal, quoted, value
from rosterbus.errors import PluginError
from rosterbus.extracts import Completeness, Mapped, RawTable, Relation
from rosterbus.mapping.calls import CLOCK
from rosterbus.roster import vocabulary

if TYPE_CHECKING:
    import duckdb

    from rosterbus.plan.compilation import CompiledColumn

INTERNAL = "_"
"""Columns whose names begin so are the core's own; mappings cannot name them."""

LEVELS = ("unknown", "partial", "complete")


@dataclass(frozen=True)
class Roster:
    """The relations that a run needs, as the views ``roster.<name>`` over the tables ``extracted.<name>``."""

    relations: Mapping[str, Relation]
    columns: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]
    completeness: Mapping[str, Completeness]
    files: Mapping[str, str]
    """Raw table name to the file it came from."""

    def origin(self, table: str, column: str) -> tuple[str, str, str]:
        """Where a roster cell stands: the column that holds its row, the file, and the column in that file."""
        relation = self.relations[table]
        raw, _, name = relation.origins.get(column, relation.lead).partition(".")
        row = "_row" if raw == relation.lead else f"_row_{raw}"
        return row, self.files.get(raw, raw), name or column


def roster_columns(
    connection: duckdb.DuckDBPyConnection, mapped: Mapped, wanted: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The columns of each wanted relation: those that the source gives, and the rest of the vocabulary's, blank.

    Raises PluginError where the source's SQL cannot be understood.
    """
    relations = {relation.table: relation for relation in mapped.relations}
    columns = {}
    for table in sorted(wanted):
        _refuse_clock(connection, relations[table])
        given = _given(connection, table, relations[table].sql)
        known = vocabulary().tables[table].columns
        columns[table] = (*_public(given), *(column for column in known if column not in given))
    return columns


def build_roster(
    connection: duckdb.DuckDBPyConnection,
    mapped: Mapped,
    raw: Mapping[str, RawTable],
    needed: Mapping[str, Collection[str]],
) -> Roster:
    """Create ``extracted.<table>`` with its needed columns, in source order, and blanks as the empty text.

    Raises PluginError where the source's SQL fails or its joins repeat a key.
    """
    relations = {relation.table: relation for relation in mapped.relations if relation.table in needed}
    for table, relation in relations.items():
        into = f"extracted.{quoted(table)}"
        extract_relation(connection, table, relation.sql, needed[table], into=into)
        _refuse_multiplied(connection, relation)
    return Roster(
        relations=relations,
        columns={table: tuple(needed[table]) for table in relations},
        rows={
            table: int(value(connection, f'SELECT count(*) FROM extracted."{table}"')) for table in relations
        },
        completeness={table: _weakest(relation, raw) for table, relation in relations.items()},
        files={name: table.file for name, table in raw.items()},
    )


def extract_relation(
    connection: duckdb.DuckDBPyConnection, table: str, sql: str, needed: Collection[str], *, into: str
) -> None:
    """Run a source's SQL for a roster table: rows of files, and `needed` columns, those it lacks blank.

    Raises PluginError where it fails.
    """
    import duckdb

    given = _given(connection, table, sql)
    kept = [quoted(column) for column in given if column.startswith("_row")]
    kept += [
        f"coalesce({quoted(column)}, '') AS {quoted(column)}"
        if column in given
        else f"'' AS {quoted(column)}"
        for column in needed
    ]
    order = listed(vocabulary().tables[table].key)
    try:
        connection.execute(
            f"CREATE TABLE {into} AS SELECT {', '.join(kept)} FROM ({sql}) ORDER BY _row, {order}"
        )
    except duckdb.Error as error:
        raise _broken(table, error) from error


def create_views(
    connection: duckdb.DuckDBPyConnection,
    roster: Roster,
    corrections: Mapping[str, Mapping[str, CompiledColumn]],
) -> None:
    """Create ``roster.<table>``: the extracted relation with the pipeline's local corrections over it."""
    for table in roster.relations:
        written = {name: one.sql for name, one in corrections.get(table, {}).items()}
        select = corrected(f"extracted.{quoted(table)}", written)
        connection.execute(f"CREATE VIEW roster.{quoted(table)} AS {select}")


def corrected(table: str, corrections: Mapping[str, str]) -> str:
    """The SELECT that puts corrected columns over `table`; `_n` numbers the rows of the relation."""
    if not corrections:
        return f"SELECT rowid AS _n, * FROM {table}"
    replaced = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in corrections.items())
    return f"SELECT rowid AS _n, * REPLACE ({replaced}) FROM {table}"


def store_optouts(connection: duckdb.DuckDBPyConnection, optouts: Iterable[tuple[str, str]]) -> None:
    """Keep who opted out, by student id and vendor (blank: every vendor), as ``roster._optouts``."""
    connection.execute("CREATE TABLE roster._optouts (student_id VARCHAR, vendor VARCHAR)")
    rows = list(optouts)
    if rows:
        connection.executemany("INSERT INTO roster._optouts VALUES (?, ?)", rows)


def opted_out(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Collection[str], vendors: Collection[str]
) -> str:
    """The condition that a row's student opted out of one of `vendors` (or of all); false where nobody can have.

    A student is known by the id of the source as well as by one that a pipeline's correction makes of it.
    """
    if "student_id" not in columns or not value(connection, "SELECT count(*) FROM roster._optouts"):
        return "false"
    names = ", ".join(literal(name) for name in ("", *sorted(vendors)))
    out = f"(SELECT student_id FROM roster._optouts WHERE vendor IN ({names}))"
    source = f"SELECT rowid FROM extracted.{quoted(table)} WHERE student_id IN {out}"
    return f"student_id IN {out} OR _n IN ({source})"


def _public(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if not column.startswith(INTERNAL))


def _given(connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> tuple[str, ...]:
    import duckdb

    try:
        given = columns_of(connection, f"({sql})")
    except duckdb.Error as error:
        raise _broken(table, error) from error
    if "rowid" in (name.lower() for name in given):
        msg = f"the source's SQL for `{table}` gives a column `rowid`, which the engine keeps for itself; rename it"
        raise PluginError(msg)
    return given


def _refuse_clock(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """A source that asks the engine for the time could not be planned again with the same outcome."""
    tree = json.loads(value(connection, "SELECT json_serialize_sql(?)", [relation.sql]))
    if asked := sorted(set(_names(tree)) & {*CLOCK, "today"}):
        msg = f"the source's SQL for `{relation.table}` asks the engine's own clock (`{asked[0]}`)"
        raise PluginError(f"{msg}; the day of the run is rosterbus.today()")


def _names(node: Any) -> Iterator[str]:
    """The functions without a schema that an SQL tree calls; the engine reads some that take nothing as columns."""
    if isinstance(node, dict):
        if not node.get("schema"):
            yield str(node.get("function_name", "")).lower()
        names = [str(name).lower() for name in node.get("column_names", ())]
        if len(names) == 1 and names[0].startswith(("current_", "local")):
            yield names[0]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _names(child)


def _broken(table: str, error: Exception) -> PluginError:
    return PluginError(f"the source's SQL for `{table}` fails in the step map: {type(error).__name__}")


def _refuse_multiplied(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    key = vocabulary().tables[relation.table].key
    repeated = value(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM extracted.{quoted(relation.table)} "
        f"GROUP BY _row, {listed(key)} HAVING count(*) > 1)",
    )
    if repeated:
        msg = f"the source's SQL for `{relation.table}` repeats {repeated} rows: a join in the step map multiplies them"
        raise PluginError(msg)


def _weakest(relation: Relation, raw: Mapping[str, RawTable]) -> Completeness:
    members = relation.members or (relation.lead,)
    known = [raw[name].completeness for name in members if name in raw]
    return min(known, key=lambda one: LEVELS.index(one.level), default=Completeness("unknown", "no table"))
