"""A layout rendered row by row into the vendor's text, each cell judged by the law."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rosterbus.engine import columns_of, fetched, listed, literal, quoted, value
from rosterbus.findings import Rule
from rosterbus.layouts import LayoutSpec
from rosterbus.mapping import FAILED, UNMATCHED, install_secret
from rosterbus.plan.compilation import CompiledColumn, CompiledLayout
from rosterbus.plan.relations import Roster, opted_out
from rosterbus.roster import vocabulary

if TYPE_CHECKING:
    import duckdb

ACCEPTED, REJECTED, ORPHANED = 0, 1, 2
NEW, CHANGED, SAME = 0, 1, 2
SENT = {
    "everyone": f"_state = {ACCEPTED}",
    "changes": f"_state = {ACCEPTED} AND _change IN ({NEW}, {CHANGED})",
    "new": f"_state = {ACCEPTED} AND _change = {NEW}",
}
BATCH = 2000
GRADE = "grade"
"""The roster column, and the code set of the vocabulary, by which rows are counted beside their school."""
PROBLEMS = (
    'CREATE TABLE work.problems (layout VARCHAR, n BIGINT, file VARCHAR, "row" BIGINT, key VARCHAR, '
    '"column" VARCHAR, kind VARCHAR, message VARCHAR)'
)


@dataclass(frozen=True)
class Rendered:
    """A rendered layout: the table ``work.<name>`` with the vendor's columns and, before them, the core's own.

    `_n` is the row of the relation, `_row` and `_row_*` rows of source files, `_school`, `_grade` (in CEDS codes, else
    blank), `_split_*` (what decides the file, in the order of the layout's `split`), `_state` (accepted, rejected,
    orphaned: its parent is not in the file), `_suspect` (not surely valid), `_change` (new, changed, same).
    """

    layout: CompiledLayout
    table: str
    relation: str
    read: int
    filtered: int
    opted_out: int
    graded: bool
    """Whether its relation knows the grade of a row."""

    @property
    def key(self) -> tuple[str, ...]:
        """The vendor's columns that identify a row."""
        return self.layout.spec.key

    @property
    def sent(self) -> str:
        """The condition for rows that go into the file."""
        return SENT[self.layout.spec.sends]


def key_text(columns: Sequence[str], *, of: str = "") -> str:
    """SQL for the key as one text: other keys give other texts, although a cell may hold the separator."""
    return joined_key([f"{of}.{quoted(name)}" if of else quoted(name) for name in columns])


def joined_key(cells: Sequence[str]) -> str:
    """The same for cells that are SQL themselves."""
    if len(cells) == 1:
        return cells[0]
    escaped = (f"replace(replace({cell}, '\\', '\\\\'), '/', '\\/')" for cell in cells)
    return " || '/' || ".join(escaped)


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
    out = opted_out(connection, spec.rows, roster.columns[spec.rows], vendors)
    where = f"({compiled.where or 'true'})"
    rows = [column for column in columns_of(connection, relation) if column.startswith("_row")]
    known = roster.columns[spec.rows]
    school = quoted(spec.school) if spec.school in known else "''"
    own = [f"{school} AS _school", f"{_grade(known)} AS _grade", f"{ACCEPTED}::TINYINT AS _state"]
    own += [f"{quoted(name)} AS {cell}" for name, cell in split_cells(spec).items()]
    cells = ", ".join(f"{one.sql} AS {quoted(one.column.name)}" for one in compiled.columns)
    sieve = " AND ".join(f"({_surely_valid(spec, one)})" for one in compiled.columns)
    table = f"work.{quoted(name)}"
    secrets = install_secrets(connection, compiled)
    # A plain filter keeps the source's order; asking another table who opted out, or for a secret, need not.
    order = "" if out == "false" and not secrets else " ORDER BY _n"
    connection.execute(
        f"CREATE TABLE {table} AS SELECT *, NOT coalesce({sieve}, false) AS _suspect, {NEW}::TINYINT AS _change FROM ("
        f"SELECT _n, {listed(rows)}, {', '.join(own)}, {cells} "
        f"FROM {relation} WHERE NOT ({out}) AND {where}{order})"
    )
    excluded = int(value(connection, f"SELECT count(*) FROM {relation} WHERE {out}"))
    read = roster.rows[spec.rows]
    staged = int(value(connection, f"SELECT count(*) FROM {table}"))
    return Rendered(compiled, table, spec.rows, read, read - staged, excluded, graded=GRADE in known)


def install_secrets(connection: duckdb.DuckDBPyConnection, compiled: CompiledLayout) -> int:
    """Give the engine the secrets that the layout's passwords are made with; how many there are."""
    secrets = {column.secret for column in compiled.columns if column.secret is not None}
    for secret in secrets:
        install_secret(connection, secret)
    return len(secrets)


def split_cells(spec: LayoutSpec) -> dict[str, str]:
    """For each roster column that decides the file of a row its column in the rendered table, ready for SQL."""
    return {name: f"_split_{place}" for place, name in enumerate(spec.split)}


def _grade(columns: Collection[str]) -> str:
    """SQL for the grade that a row is counted under: a code, since plans hold counts and no cell that is anything."""
    if GRADE not in columns:
        return "''"
    codes = ", ".join(literal(code) for code in vocabulary().codes[GRADE].values)
    return f"CASE WHEN {GRADE} IN ({codes}) THEN {GRADE} ELSE '' END"


def apply_law(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster, rules: Iterable[Rule]
) -> list[tuple[Rule, int]]:
    """Judge suspect cells by marshmallow, then rules, keys and unique sets; bad rows become `REJECTED`.

    Every problem is kept in ``work.problems``. Answers with the warnings among the rules and their counts.
    """
    for compiled in rendered.layout.columns:
        _judge_column(connection, rendered, roster, compiled)
    _judge_split(connection, rendered, roster)
    reject(connection, rendered)
    warnings = [_apply_rule(connection, rendered, roster, rule) for rule in rules]
    reject(connection, rendered)
    _judge_unique(connection, rendered, roster, rendered.key, kind="duplicate-key", among="true")
    reject(connection, rendered)
    for columns in rendered.layout.spec.unique:
        present = " AND ".join(f"{quoted(column)} <> ''" for column in columns)
        among = f"_state = {ACCEPTED} AND {present}"
        _judge_unique(connection, rendered, roster, columns, kind="duplicate", among=among)
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
    return location_of(rendered, roster, sorted(rendered.layout.column(column).reads) if column else [])


def location_of(rendered: Rendered, roster: Roster, reads: Iterable[str]) -> tuple[str, str]:
    """The same for what is made of the roster columns `reads`."""
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
    """Hand each distinct suspect text of one column to the law, once, however many there are."""
    cell = quoted(compiled.column.name)
    spec = rendered.layout.spec
    suspects = f"_suspect AND NOT coalesce({_surely_valid(spec, compiled)}, false)"
    distinct = f"SELECT DISTINCT {cell} FROM {rendered.table} WHERE {suspects}"
    texts = (text for (text,) in fetched(connection, distinct))
    connection.execute("CREATE OR REPLACE TABLE work.verdicts (text VARCHAR, kind VARCHAR, message VARCHAR)")
    found = 0
    while batch := list(islice(texts, BATCH)):
        verdicts = [verdict for text in batch for verdict in _verdicts(spec, compiled, text)]
        if verdicts:
            parts = [list(part) for part in zip(*verdicts, strict=True)]
            connection.execute("INSERT INTO work.verdicts SELECT unnest(?), unnest(?), unnest(?)", parts)
        found += len(verdicts)
    if not found:
        return
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


def _judge_split(connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster) -> None:
    """Reject the rows of which nobody can tell the file."""
    layout = rendered.layout.spec.name
    for name, cell in split_cells(rendered.layout.spec).items():
        row, file = location_of(rendered, roster, [name])
        wrong = f"CASE {cell} WHEN '' THEN 'is blank' WHEN {literal(FAILED)} THEN 'failed' ELSE 'has no match' END"
        said = literal(f"Nobody can tell which file it belongs to: `{name}` ")
        connection.execute(
            f"INSERT INTO work.problems SELECT {literal(layout)}, _n, {literal(file)}, {row}, "
            f"{key_text(rendered.key)}, '', 'split', {said} || {wrong} || '.' FROM {rendered.table} "
            f"WHERE {cell} IN ('', {literal(FAILED)}, {literal(UNMATCHED)}) ORDER BY _n"
        )


def _surely_valid(spec: LayoutSpec, compiled: CompiledColumn) -> str:
    """SQL that is true only where a cell is lawful, and can be written in the file's encoding."""
    cell = quoted(compiled.column.name)
    sure = compiled.column.surely_valid(cell)
    return sure if spec.dialect.writes_all else f"{sure} AND regexp_full_match({cell}, '[\\x01-\\x7F]*')"


def _verdicts(spec: LayoutSpec, compiled: CompiledColumn, text: str) -> list[tuple[str, str, str]]:
    if text == UNMATCHED:
        matched = f"; codes that match: {compiled.unmatched}" if len(compiled.unmatched) < 300 else ""
        return [(text, "unmatched", f"The code has no match in the mapping{matched}.")]
    if text == FAILED:
        return [(text, "failed", "The transformation failed for this value.")]
    told = list(compiled.column.problems(text))
    if compiled.column.written and not spec.dialect.writes(text):
        told.append(f"Has characters that the file's encoding, {spec.dialect.encoding}, cannot hold.")
    return [(text, "invalid", message) for message in told]


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
    among: str,
) -> None:
    """Every copy of a repeated value is rejected, naming the rows of all: nobody can know which one is right."""
    cells = listed(columns)
    row, file = location(rendered, roster, columns[0])
    said = literal(
        f"{' + '.join(f'`{column}`' for column in columns)} must be unique; it is repeated in rows "
    )
    repeated = f"SELECT {cells} FROM {rendered.table} WHERE {among} GROUP BY {cells} HAVING count(*) > 1"
    # Where rows of a mirror came from several files, each is named with its own.
    origins = "SELECT label AS _label, number AS _number, row || ' of ' || file AS _told FROM mirror._origins"
    places = (
        f"SELECT {cells}, {{'at': {row}, 'told': coalesce(_told, ({row})::VARCHAR)}} AS _place "
        f"FROM {rendered.table} JOIN ({repeated}) USING ({cells}) "
        f"LEFT JOIN ({origins}) ON _label = {literal(file)} AND _number = {row} WHERE {among}"
    )
    connection.execute(
        f"INSERT INTO work.problems SELECT {literal(rendered.layout.spec.name)}, _n, {literal(file)}, {row}, "
        f"{key_text(rendered.key)}, {literal(columns[0])}, {literal(kind)}, {said} || _copies FROM {rendered.table} "
        f"JOIN (SELECT {cells}, array_to_string(list_transform(min(_place, 10), lambda x: x.told), ', ') || "
        f"CASE WHEN count(*) > 10 THEN ' and more' ELSE '' END AS _copies FROM ({places}) GROUP BY {cells}) "
        f"USING ({cells}) WHERE {among} ORDER BY _n"
    )
