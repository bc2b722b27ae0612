"""What a delivery changes at the vendor: each rendered row compared with the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rosterbus.engine import literal, quoted, value
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.baseline import LoadedBaseline, differences, stored_key
from rosterbus.plan.compilation import Recipe
from rosterbus.plan.relations import corrected, extract_relation
from rosterbus.plan.rendering import ACCEPTED, CHANGED, NEW, ORPHANED, REJECTED, SAME, Rendered

if TYPE_CHECKING:
    import duckdb


@dataclass
class SchoolCounts:
    """What happens to the rows of one school; `had` is what the vendor holds of it."""

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
    by_column: dict[str, int] = field(default_factory=dict)
    schools: dict[str, SchoolCounts] = field(default_factory=dict)

    @property
    def moves(self) -> int:
        """How many rows the vendor would get to see differently."""
        return self.new + self.changed + self.mapping_changed


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
            f"UPDATE {rendered.table} AS t SET _change = CASE WHEN {_any(told)} THEN {CHANGED} ELSE {SAME} END "
            f"FROM {loaded.table} AS b WHERE {stored_key(loaded.baseline, spec.key, of='t')} = b._key"
        )
    difference = Difference()
    old = _render_old(connection, rendered, loaded, recipe, difference)
    _collect_changes(connection, rendered, loaded, told, old=old)
    if removals and loaded.baseline.path is not None:
        _collect_removed(connection, rendered, loaded, old=old, parent=parent)
    _count(connection, rendered, loaded, difference)
    return difference


def changes_table(spec: LayoutSpec) -> str:
    """The table of everything that changes: `kind, _key, _school, columns, mapping, n`."""
    return f"work.{quoted(f'changes {spec.name}')}"


def _any(told: dict[str, str]) -> str:
    return f"({' OR '.join(told.values()) or 'false'})"


def _render_old(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    recipe: Recipe,
    difference: Difference,
) -> str | None:
    """Render today's roster by the recipe of the baseline, where that is another one than today's."""
    import duckdb

    before = loaded.baseline.recipe
    if before is None or before.digest == recipe.digest:
        return None
    name = f"old {rendered.layout.spec.name}"
    table = f"work.{quoted(name)}"
    source = f"extracted.{quoted(rendered.relation)}"
    try:
        if before.relation != recipe.relation:
            connection.execute("CREATE SCHEMA IF NOT EXISTS former")
            source = f"former.{quoted(rendered.layout.spec.name)}"
            _extract_former(connection, rendered, before)
        cells = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in before.columns.items())
        connection.execute(
            f"CREATE TABLE {table} AS SELECT {cells} FROM ({corrected(source, before.corrections)}) "
            f"WHERE {before.where or 'true'}"
        )
    except duckdb.Error:
        difference.recipe_failed = True
        return None
    difference.mapping_columns = _moved_columns(connection, rendered, before, recipe, table=table)
    return table


def _extract_former(connection: duckdb.DuckDBPyConnection, rendered: Rendered, before: Recipe) -> None:
    extract_relation(connection, rendered.relation, before.relation, before.reads, schema="former")
    if rendered.relation != rendered.layout.spec.name:
        connection.execute(
            f"ALTER TABLE former.{quoted(rendered.relation)} RENAME TO {quoted(rendered.layout.spec.name)}"
        )


def _moved_columns(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, before: Recipe, recipe: Recipe, *, table: str
) -> tuple[str, ...]:
    shared = [column for column in before.columns if column in recipe.columns]
    moved = [column for column in (*before.columns, *recipe.columns) if column not in shared]
    if tuple(before.key) == tuple(rendered.key):
        on = " AND ".join(f"o.{quoted(column)} = t.{quoted(column)}" for column in rendered.key)
        counts = ", ".join(f"count(*) FILTER (o.{quoted(c)} <> t.{quoted(c)})" for c in shared) or "0"
        row = connection.execute(f"SELECT {counts} FROM {table} o JOIN {rendered.table} t ON {on}").fetchone()
        moved += [column for column, count in zip(shared, row or (), strict=False) if count]
    edited = [column for column in shared if before.columns[column] != recipe.columns[column]]
    return tuple(dict.fromkeys([*moved, *(column for column in edited if column in rendered.key)]))


def _collect_changes(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    told: dict[str, str],
    *,
    old: str | None,
) -> None:
    spec, baseline = rendered.layout.spec, loaded.baseline
    named = ", ".join(f"CASE WHEN {sql} THEN {literal(column)} END" for column, sql in told.items())
    mapping = "false"
    if old is not None:
        columns = [
            column for column in rendered.layout.compared if column in (baseline.recipe or _none()).columns
        ]
        really = _any(differences(loaded, spec, columns, new="o", old="b"))
        mapping = (
            f"{stored_key(baseline, spec.key, of='t')} IN (SELECT b._key FROM {loaded.table} b JOIN {old} o "
            f"ON {stored_key(baseline, spec.key, of='o')} = b._key WHERE NOT {really})"
        )
    connection.execute(
        f"CREATE TABLE {changes_table(spec)} AS "
        f"SELECT 'changed' AS kind, b._key AS _key, t._school AS _school, "
        f"list_filter([{named}], lambda x: x IS NOT NULL) AS columns, {mapping} AS mapping, t._n AS n "
        f"FROM {rendered.table} t JOIN {loaded.table} b ON {stored_key(baseline, spec.key, of='t')} = b._key "
        f"WHERE t._state = {ACCEPTED} AND t._change = {CHANGED} "
        f"UNION ALL SELECT 'new', {stored_key(baseline, spec.key)}, _school, []::VARCHAR[], false, _n "
        f"FROM {rendered.table} WHERE _state = {ACCEPTED} AND _change = {NEW}"
    )


def _none() -> Recipe:
    return Recipe("", {}, {}, "", (), ())


def _collect_removed(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    loaded: LoadedBaseline,
    *,
    old: str | None,
    parent: Rendered | None,
) -> None:
    """Rows of the baseline that are gone. Where absence deletes, a rejected row counts as gone too."""
    spec, baseline = rendered.layout.spec, loaded.baseline
    deletes = spec.absence == "deleted"
    states = (ACCEPTED,) if deletes else (ACCEPTED, REJECTED, ORPHANED)
    key = stored_key(baseline, spec.key)
    present = f"SELECT {key} FROM {rendered.table} WHERE _state IN ({', '.join(map(str, states))})"
    condition = f"NOT b._gone AND b._key NOT IN ({present})"
    if parent is not None:
        column = next(name for name, layout in spec.references.items() if layout == parent.layout.spec.name)
        sent = f"SELECT {stored_key(baseline, parent.key)} FROM {parent.table} WHERE _state = {ACCEPTED}"
        condition += f" AND b.{quoted(column)} IN ({sent})"
    mapping = "false" if old is None else f"b._key IN (SELECT {key} FROM {old})"
    connection.execute(
        f"INSERT INTO {changes_table(spec)} SELECT 'removed', b._key, b._school, []::VARCHAR[], {mapping}, NULL "
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
    _count_schools(connection, rendered, loaded, difference)


def _count_schools(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, difference: Difference
) -> None:
    spec, changes = rendered.layout.spec, changes_table(rendered.layout.spec)
    identifiers = "[" + ", ".join(literal(name) for name in spec.identifiers) + "]::VARCHAR[]"
    questions = (
        ("had", f"SELECT _school, count(*) FROM {loaded.table} WHERE NOT _gone GROUP BY 1"),
        ("read", f"SELECT _school, count(*) FROM {rendered.table} GROUP BY 1"),
        ("rejected", f"SELECT _school, count(*) FROM {rendered.table} WHERE _state = {REJECTED} GROUP BY 1"),
        *(
            (
                kind,
                f"SELECT _school, count(*) FROM {changes} WHERE kind = '{kind}' AND NOT mapping GROUP BY 1",
            )
            for kind in ("new", "changed", "removed")
        ),
        (
            "identifiers",
            f"SELECT _school, count(*) FROM {changes} WHERE list_has_any(columns, {identifiers}) GROUP BY 1",
        ),
    )
    for name, sql in questions:
        for school, count in connection.execute(sql).fetchall():
            setattr(difference.schools.setdefault(school, SchoolCounts()), name, int(count))
