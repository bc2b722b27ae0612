"""What a delivery changes at the vendor: each rendered row compared with the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rosterbus.engine import literal, quoted, value
from rosterbus.errors import PluginError
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.baseline import LoadedBaseline, differences, stored_key
from rosterbus.plan.compilation import Recipe
from rosterbus.plan.relations import corrected, extract_relation
from rosterbus.plan.rendering import ACCEPTED, CHANGED, NEW, ORPHANED, REJECTED, SAME, Rendered

if TYPE_CHECKING:
    import duckdb


@dataclass
class SchoolCounts:
    """What happens to the rows of one school, or of one grade.

    `had` is what the vendor holds of it, `rejected` the newly rejected.
    """

    had: int = 0
    read: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0
    identifiers: int = 0


@dataclass
class Difference:
    """Counts of one layout. `changed` and `removed` are real: what only an edited mapping moves stands apart."""

    new: int = 0
    changed: int = 0
    same: int = 0
    removed: int = 0
    had: int = 0
    mapping_changed: int = 0
    mapping_removed: int = 0
    mapping_columns: tuple[str, ...] = ()
    recipe_failed: bool = False
    refused: int = 0
    """Of the new and the changed, those that the vendor refused as they are, which are no reason to send."""
    by_column: dict[str, int] = field(default_factory=dict)
    schools: dict[str, SchoolCounts] = field(default_factory=dict)
    grades: dict[str, SchoolCounts] = field(default_factory=dict)
    """By grade in CEDS codes, blank for all else; empty where the relation knows no grade."""

    @property
    def moves(self) -> int:
        """How many rows the vendor would get to see differently."""
        return self.new + self.changed + self.mapping_changed - self.refused


@dataclass(frozen=True)
class Former:
    """Today's roster rendered into `table` by the baseline's own recipe, which is another than today's."""

    table: str
    recipe: Recipe


def compare(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    recipe: Recipe,
    *,
    parent: Rendered | None,
    removals: bool = True,
) -> Difference:
    """Set `_change` of every row and fill ``work."changes <layout>"``: kind, key, school, columns, by the mapping.

    `parent` is the rendered layout whose sent rows decide which missing children the vendor deletes. Without
    `removals` (a file of one record) nothing that is missing counts as gone.
    """
    spec = rendered.layout.spec
    told = differences(loaded, spec, rendered.layout.compared, new="t", old="b")
    if loaded.baseline.path is not None:
        connection.execute(
            f"UPDATE {rendered.table} AS t SET _change = {_change(spec, told)} "
            f"FROM {loaded.table} AS b WHERE {stored_key(loaded.baseline, spec.key, of='t')} = b._key"
        )
    difference = Difference()
    former = _render_former(connection, rendered, loaded, recipe, difference)
    _collect_changes(connection, rendered, loaded, told, former=former)
    if removals and loaded.baseline.path is not None:
        _collect_removed(connection, rendered, loaded, former=former, parent=parent)
    _count(connection, rendered, loaded, difference)
    return difference


def changes_table(spec: LayoutSpec) -> str:
    """The table of everything that changes: `kind, _key, _school, _grade, columns, mapping, n`."""
    return f"work.{quoted(f'changes {spec.name}')}"


def _any(told: dict[str, str]) -> str:
    return f"({' OR '.join(told.values()) or 'false'})"


def _returned(spec: LayoutSpec) -> str:
    """Who comes back is told anew, unless the vendor never heard of the leaving."""
    return "false" if spec.absence == "kept" else "b._gone"


def _change(spec: LayoutSpec, told: dict[str, str]) -> str:
    """SQL for what becomes of a row that the vendor holds; one that takes new rows only sees no change of them."""
    if spec.sends == "new":
        return f"CASE WHEN {_returned(spec)} THEN {NEW} ELSE {SAME} END"
    return f"CASE WHEN {_returned(spec)} OR {_any(told)} THEN {CHANGED} ELSE {SAME} END"


def _render_former(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    recipe: Recipe,
    difference: Difference,
) -> Former | None:
    """Render today's roster by the recipe of the baseline, where that is another one than today's."""
    import duckdb

    before = loaded.baseline.recipe
    if before is None or before == recipe:
        return None
    former = Former(f"work.{quoted(f'former {rendered.layout.spec.name}')}", before)
    source = f"extracted.{quoted(rendered.relation)}"
    try:
        if before.relation != recipe.relation:
            source = f"former.{quoted(rendered.layout.spec.name)}"
            extract_relation(connection, rendered.relation, before.relation, before.reads, into=source)
        cells = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in before.columns.items())
        connection.execute(
            f"CREATE TABLE {former.table} AS SELECT {cells} FROM ({corrected(source, before.corrections)}) "
            f"WHERE {before.where or 'true'}"
        )
    except (duckdb.Error, PluginError):
        difference.recipe_failed = True
        return None
    difference.mapping_columns = _moved_columns(connection, rendered, former, recipe)
    return former


def _moved_columns(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, former: Former, recipe: Recipe
) -> tuple[str, ...]:
    before = former.recipe
    shared = [column for column in before.columns if column in recipe.columns]
    moved = [column for column in (*before.columns, *recipe.columns) if column not in shared]
    if tuple(before.key) == tuple(rendered.key):
        on = " AND ".join(f"o.{quoted(column)} = t.{quoted(column)}" for column in rendered.key)
        counts = ", ".join(f"count(*) FILTER (o.{quoted(c)} <> t.{quoted(c)})" for c in shared) or "0"
        joined = f"{former.table} o JOIN {rendered.table} t ON {on}"
        row = connection.execute(f"SELECT {counts} FROM {joined}").fetchone()
        moved += [column for column, count in zip(shared, row or (), strict=False) if count]
    edited = [column for column in shared if before.columns[column] != recipe.columns[column]]
    return tuple(dict.fromkeys([*moved, *(column for column in edited if column in rendered.key)]))


def _collect_changes(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    told: dict[str, str],
    *,
    former: Former | None,
) -> None:
    spec, baseline = rendered.layout.spec, loaded.baseline
    named = ", ".join(f"CASE WHEN {sql} THEN {literal(column)} END" for column, sql in told.items())
    mapping = "false"
    if former is not None:
        by_mapping = _changed_by_mapping(loaded, spec, former)
        mapping = f"{stored_key(baseline, spec.key, of='t')} IN ({by_mapping})"
    connection.execute(
        f"CREATE TABLE {changes_table(spec)} AS "
        f"SELECT 'changed' AS kind, b._key AS _key, t._school AS _school, t._grade AS _grade, "
        f"list_filter([{named}], lambda x: x IS NOT NULL) AS columns, {mapping} AS mapping, t._n AS n "
        f"FROM {rendered.table} t JOIN {loaded.table} b ON {stored_key(baseline, spec.key, of='t')} = b._key "
        f"WHERE t._state = {ACCEPTED} AND t._change = {CHANGED} "
        f"UNION ALL SELECT 'new', {stored_key(baseline, spec.key)}, _school, _grade, []::VARCHAR[], false, _n "
        f"FROM {rendered.table} WHERE _state = {ACCEPTED} AND _change = {NEW}"
    )


def _changed_by_mapping(loaded: LoadedBaseline, spec: LayoutSpec, former: Former) -> str:
    """SQL for the keys of the rows that the former recipe would leave as the vendor holds them."""
    key = former.recipe.key
    held = [column for column in former.recipe.columns if column in loaded.columns]
    really = _any(differences(loaded, spec, held, new="o", old="b", key=key))
    return (
        f"SELECT b._key FROM {loaded.table} b JOIN {former.table} o "
        f"ON {stored_key(loaded.baseline, key, of='o')} = b._key WHERE NOT ({really} OR {_returned(spec)})"
    )


def _collect_removed(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    *,
    former: Former | None,
    parent: Rendered | None,
) -> None:
    """Rows of the baseline that are gone. Where the vendor acts on absence, a rejected row counts as gone too.

    It is the mapping that takes a row away if it still stands in the source, and would still be made by the former
    recipe; a row that was rejected is never put down to the mapping.
    """
    spec, baseline = rendered.layout.spec, loaded.baseline
    by_vendor = spec.absence in ("deleted", "deactivated")
    states = (ACCEPTED,) if by_vendor else (ACCEPTED, REJECTED, ORPHANED)
    key = stored_key(baseline, spec.key)
    present = f"SELECT {key} FROM {rendered.table} WHERE _state IN ({', '.join(map(str, states))})"
    condition = f"NOT b._gone AND b._key NOT IN ({present})"
    if parent is not None:
        column = next(name for name, layout in spec.references.items() if layout == parent.layout.spec.name)
        sent = f"SELECT {stored_key(baseline, parent.key)} FROM {parent.table} WHERE {parent.sent}"
        condition += f" AND b.{quoted(column)} IN ({sent})"
    mapping = "false"
    if former is not None:
        made = f"SELECT {stored_key(baseline, former.recipe.key)} FROM {former.table}"
        mapping = f"b._key IN ({made}) AND b._key NOT IN (SELECT {key} FROM {rendered.table})"
    connection.execute(
        f"INSERT INTO {changes_table(spec)} "
        f"SELECT 'removed', b._key, b._school, b._grade, []::VARCHAR[], {mapping}, NULL "
        f"FROM {loaded.table} b WHERE {condition} ORDER BY b._key"
    )


def _count(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, difference: Difference
) -> None:
    changes = changes_table(rendered.layout.spec)
    counted = connection.execute(f"SELECT kind, mapping, count(*) FROM {changes} GROUP BY ALL").fetchall()
    totals = {(kind, mapping): count for kind, mapping, count in counted}
    difference.new = totals.get(("new", False), 0)
    difference.changed, difference.mapping_changed = (totals.get(("changed", by), 0) for by in (False, True))
    difference.removed, difference.mapping_removed = (totals.get(("removed", by), 0) for by in (False, True))
    same = f"SELECT count(*) FROM {rendered.table} WHERE _state = {ACCEPTED} AND _change = {SAME}"
    difference.same = int(value(connection, same))
    difference.had = int(value(connection, f"SELECT count(*) FROM {loaded.table} WHERE NOT _gone"))
    by_column = (
        f"SELECT unnest(columns) AS c, count(*) FROM {changes} WHERE NOT mapping GROUP BY c ORDER BY c"
    )
    difference.by_column = dict(connection.execute(by_column).fetchall())
    difference.schools = _counted_by(connection, rendered, loaded, "_school")
    if rendered.graded:
        difference.grades = _counted_by(connection, rendered, loaded, "_grade")


def _counted_by(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, group: str
) -> dict[str, SchoolCounts]:
    spec, changes = rendered.layout.spec, changes_table(rendered.layout.spec)
    identifiers = "[" + ", ".join(literal(name) for name in spec.identifiers) + "]::VARCHAR[]"
    questions = (
        ("had", f"{loaded.table} WHERE NOT _gone"),
        ("read", rendered.table),
        *(
            (kind, f"{changes} WHERE kind = '{kind}' AND NOT mapping")
            for kind in ("new", "changed", "removed")
        ),
        ("identifiers", f"{changes} WHERE list_has_any(columns, {identifiers}) AND NOT mapping"),
    )
    counts: dict[str, SchoolCounts] = {}
    for name, rows in questions:
        for one, count in connection.execute(f"SELECT {group}, count(*) FROM {rows} GROUP BY 1").fetchall():
            setattr(counts.setdefault(one, SchoolCounts()), name, int(count))
    return counts
