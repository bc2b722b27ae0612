"""A layout rendered row by row into the vendor's text, each cell judged by the law."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rosterbus.engine import columns_of, fetched, listed, literal, quoted, value
from rosterbus.findings import Rule
from rosterbus.mapping import FAILED, UNMATCHED
from rosterbus.plan.compilation import CompiledColumn, CompiledLayout
from rosterbus.plan.relations import Roster, opted_out

if TYPE_CHECKING:
    import duckdb

ACCEPTED, REJECTED, ORPHANED = 0, 1, 2
NEW, CHANGED, SAME = 0, 1, 2
PROBLEMS = (
    'CREATE TABLE work.problems (layout VARCHAR, n BIGINT, file VARCHAR, "row" BIGINT, key VARCHAR, '
    '"column" VARCHAR, kind VARCHAR, message VARCHAR)'
)


@dataclass(frozen=True)
class Rendered:
    """A rendered layout: the table ``work.<name>`` with the vendor's columns and, before them, the core's own.

    `_n` is the row of the relation, `_row` and `_row_*` rows of source files, `_school`, `_state` (accepted, rejected,
    orphaned: its parent is not in the file), `_suspect` (not surely valid), `_change` (new, changed, same).
    """

    layout: CompiledLayout
    table: str
    relation: str
    read: int
    filtered: int
    opted_out: int

    @property
    def key(self) -> tuple[str, ...]:
        """The vendor's columns that identify a row."""
        return self.layout.spec.key


def key_text(columns: Sequence[str], *, of: str = "") -> str:
    """SQL for the key as one text, for reports and crosswalks."""
    names = [f"{of}.{quoted(name)}" if of else quoted(name) for name in columns]
    return names[0] if len(names) == 1 else f"concat_ws('/', {', '.join(names)})"


def render_layout(
    connection: duckdb.DuckDBPyConnection,
    compiled: CompiledLayout,
    roster: Roster,
    *,
    name: str,
    vendors: Collection[str],
) -> Rendered:
    """Render all rows of the layout's relation into ``work.<name>`` in source order, and flag suspects."""
    spec = compiled.spec
    relation = f"roster.{quoted(spec.rows)}"
    out = opted_out(roster.columns[spec.rows], vendors)
    where = f"({compiled.where or 'true'})"
    rows = [column for column in columns_of(connection, relation) if column.startswith("_row")]
    school = quoted(spec.school) if spec.school in roster.columns[spec.rows] else "''"
    cells = ", ".join(f"{one.sql} AS {quoted(one.column.name)}" for one in compiled.columns)
    sieve = " AND ".join(f"({one.column.surely_valid(quoted(one.column.name))})" for one in compiled.columns)
    table = f"work.{quoted(name)}"
    connection.execute(
        f"CREATE TABLE {table} AS SELECT *, NOT coalesce({sieve}, false) AS _suspect, {NEW}::TINYINT AS _change FROM ("
        f"SELECT _n, {listed(rows)}, {school} AS _school, {ACCEPTED}::TINYINT AS _state, {cells} "
        f"FROM {relation} WHERE NOT ({out}) AND {where})"
    )
    excluded = int(value(connection, f"SELECT count(*) FROM {relation} WHERE {out}"))
    read = roster.rows[spec.rows]
    staged = int(value(connection, f"SELECT count(*) FROM {table}"))
    return Rendered(compiled, table, spec.rows, read, read - staged, excluded)


def apply_law(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster, rules: Iterable[Rule]
) -> list[tuple[Rule, int]]:
    """Judge suspect cells by marshmallow, then rules, keys and unique sets; bad rows become `REJECTED`.

    Every problem is kept in ``work.problems``. Answers with the warnings among the rules and their counts.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS work.verdicts (text VARCHAR, kind VARCHAR, message VARCHAR)"
    )
    for compiled in rendered.layout.columns:
        _judge_column(connection, rendered, roster, compiled)
    reject(connection, rendered)
    warnings = [_apply_rule(connection, rendered, roster, rule) for rule in rules]
    reject(connection, rendered)
    _judge_unique(connection, rendered, roster, rendered.key, kind="duplicate-key", states="true")
    reject(connection, rendered)
    for columns in rendered.layout.spec.unique:
        _judge_unique(connection, rendered, roster, columns, kind="duplicate", states=f"_state = {ACCEPTED}")
    reject(connection, rendered)
    return [warning for warning in warnings if warning is not None]


def reject(connection: duckdb.DuckDBPyConnection, rendered: Rendered) -> None:
    """Rows with a problem become `REJECTED`."""
    connection.execute(
        f"UPDATE {rendered.table} SET _state = {REJECTED} WHERE _state <> {REJECTED} AND _n IN "
        f"(SELECT n FROM work.problems WHERE layout = ?)",
        [rendered.layout.spec.name],
    )


def location(rendered: Rendered, roster: Roster, column: str) -> tuple[str, str]:
    """SQL for the source row of a cell of the vendor's `column`, and the name of its file.

    A column made of several cells is located at the first that is not in the lead table, else in the lead row.
    """
    reads = sorted(rendered.layout.column(column).reads) if column else []
    places = [roster.origin(rendered.relation, name)[:2] for name in reads]
    joined = [place for place in places if place[0] != "_row"]
    lead = ("_row", roster.files.get(roster.relations[rendered.relation].lead, ""))
    row, file = joined[0] if joined else lead
    if row == "_row":
        return row, file
    return f"coalesce({quoted(row)}, _row)", file


def add_problems(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    roster: Roster,
    *,
    column: str,
    kind: str,
    message: str,
    where: str,
    joined: str = "",
) -> None:
    """Keep a problem for each row of the layout for which `where` holds; `kind` and `message` are SQL."""
    row, file = location(rendered, roster, column)
    connection.execute(
        f"INSERT INTO work.problems SELECT {literal(rendered.layout.spec.name)}, _n, {literal(file)}, {row}, "
        f"{key_text(rendered.key)}, {literal(column)}, {kind}, {message} "
        f"FROM {rendered.table} {joined} WHERE {where} ORDER BY _n"
    )


def _judge_column(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster, compiled: CompiledColumn
) -> None:
    """Hand each distinct suspect text of one column to the law, once."""
    cell = quoted(compiled.column.name)
    suspects = f"_suspect AND NOT coalesce({compiled.column.surely_valid(cell)}, false)"
    texts = fetched(connection, f"SELECT DISTINCT {cell} FROM {rendered.table} WHERE {suspects}")
    verdicts = [verdict for (text,) in texts for verdict in _verdicts(compiled, text)]
    if not verdicts:
        return
    connection.execute("DELETE FROM work.verdicts")
    for start in range(0, len(verdicts), 2000):
        batch = verdicts[start : start + 2000]
        marks = ", ".join("(?, ?, ?)" for _ in batch)
        connection.execute(
            f"INSERT INTO work.verdicts VALUES {marks}", [part for verdict in batch for part in verdict]
        )
    add_problems(
        connection,
        rendered,
        roster,
        column=compiled.column.name,
        kind="v.kind",
        message="v.message",
        where="_suspect",
        joined=f"JOIN work.verdicts v ON {cell} = v.text",
    )


def _verdicts(compiled: CompiledColumn, text: str) -> list[tuple[str, str, str]]:
    if text == UNMATCHED:
        matched = f"; codes that match: {compiled.unmatched}" if len(compiled.unmatched) < 300 else ""
        return [(text, "unmatched", f"The code has no match in the mapping{matched}.")]
    if text == FAILED:
        return [(text, "failed", "The transformation failed for this value.")]
    return [(text, "invalid", message) for message in compiled.column.problems(text)]


def _apply_rule(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster, rule: Rule
) -> tuple[Rule, int] | None:
    broken = f"_state = {ACCEPTED} AND NOT coalesce(({rule.predicate}), false)"
    if rule.severity == "warn":
        count = int(value(connection, f"SELECT count(*) FROM {rendered.table} WHERE {broken}"))
        return (rule, count) if count else None
    column = rule.columns[0] if rule.columns else ""
    message = literal(f"{rule.sentence} ({rule.source})")
    add_problems(connection, rendered, roster, column=column, kind="'rule'", message=message, where=broken)
    return None


def _judge_unique(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    roster: Roster,
    columns: Sequence[str],
    *,
    kind: str,
    states: str,
) -> None:
    """Every copy of a repeated value is rejected, naming the rows of all: nobody can know which one is right."""
    cells = listed(columns)
    present = " AND ".join(f"{quoted(column)} <> ''" for column in columns)
    row, file = location(rendered, roster, columns[0])
    said = literal(
        f"{' + '.join(f'`{column}`' for column in columns)} must be unique; it is repeated in rows "
    )
    connection.execute(
        f"INSERT INTO work.problems SELECT {literal(rendered.layout.spec.name)}, _n, {literal(file)}, _at, "
        f"_name, {literal(columns[0])}, {literal(kind)}, {said} || "
        f"array_to_string(list_sort(list(_at) OVER same)[:10], ', ') || "
        f"CASE WHEN count(*) OVER same > 10 THEN ' and more' ELSE '' END "
        f"FROM (SELECT *, {row} AS _at, {key_text(rendered.key)} AS _name FROM {rendered.table} "
        f"WHERE {states} AND ({cells}) IN (SELECT ({cells}) FROM {rendered.table} WHERE {states} AND {present} "
        f"GROUP BY {cells} HAVING count(*) > 1)) WINDOW same AS (PARTITION BY {cells}) ORDER BY _n"
    )
