"""Rows that refer to rows of another layout: who must come along, and who must stay behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rosterbus.engine import quoted, value
from rosterbus.plan.relations import Roster
from rosterbus.plan.rendering import ACCEPTED, ORPHANED, REJECTED, Rendered, add_problems, reject

if TYPE_CHECKING:
    import duckdb


def keep_families(
    connection: duckdb.DuckDBPyConnection, layouts: Mapping[str, Rendered], roster: Roster
) -> None:
    """Settle references between the layouts of one delivery until nothing moves any more.

    A child of a rejected parent is rejected; a child whose parent is in no file is orphaned (left out); one that
    leaves the reference blank has no parent to wait for. Where the
    vendor deletes the missing children of a sent parent, a rejected child takes its parent along, so that the
    vendor never mistakes a typing error for a child that is gone.
    """
    moved = True
    while moved:
        before = _states(connection, layouts)
        for child in layouts.values():
            for column, parent in child.layout.spec.references.items():
                if parent in layouts:
                    _hold_back_children(connection, child, layouts[parent], roster, column=column)
                    _hold_back_parents(connection, child, layouts[parent], roster, column=column)
        moved = before != _states(connection, layouts)


def _hold_back_children(
    connection: duckdb.DuckDBPyConnection, child: Rendered, parent: Rendered, roster: Roster, *, column: str
) -> None:
    key, mine = quoted(parent.key[0]), quoted(column)
    rejected = f"{mine} IN (SELECT {key} FROM {parent.table} WHERE _state = {REJECTED})"
    message = f"'The row of `{parent.layout.spec.name}` that it belongs to was rejected.'"
    where = f"_state = {ACCEPTED} AND {rejected}"
    add_problems(connection, child, roster, column=column, kind="'family'", message=message, where=where)
    reject(connection, child)
    connection.execute(
        f"UPDATE {child.table} SET _state = {ORPHANED} WHERE _state = {ACCEPTED} AND {mine} <> '' "
        f"AND {mine} NOT IN (SELECT {key} FROM {parent.table} WHERE _state = {ACCEPTED})"
    )


def _hold_back_parents(
    connection: duckdb.DuckDBPyConnection, child: Rendered, parent: Rendered, roster: Roster, *, column: str
) -> None:
    spec = child.layout.spec
    if spec.absence != "deleted" or spec.within != parent.layout.spec.name:
        return
    key, mine = parent.key[0], quoted(column)
    spoiled = f"SELECT {mine} FROM {child.table} WHERE _state = {REJECTED}"
    message = (
        f"'One of its rows in `{spec.name}` was rejected; sent without it, the vendor would delete that row.'"
    )
    where = f"_state = {ACCEPTED} AND {quoted(key)} IN ({spoiled})"
    add_problems(connection, parent, roster, column=key, kind="'family'", message=message, where=where)
    reject(connection, parent)


def _states(connection: duckdb.DuckDBPyConnection, layouts: Mapping[str, Rendered]) -> list[int]:
    return [int(value(connection, f"SELECT sum(_state) FROM {one.table}") or 0) for one in layouts.values()]
